// Server-sent events: how an event is written, and a stream that goes on until its other end, the server or the right to
// follow is gone. What is written waits in no queue here: the next is made when the last was taken, and who takes nothing
// for long is cut off, to come again from where they were.

import { Readable } from 'node:stream';
import { isObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { RefusalError } from '../../base/result.ts';
import type { EventStream } from '../../engine/event_feed.ts';
import type { WorkspaceEvent } from '../../engine/event_shape.ts';
import type { RunLog } from '../../engine/runs.ts';
import { stillGood } from '../../engine/tokens.ts';
import { isEnded } from '../../model/run.ts';
import { Answer, type RouteCall } from './route.ts';

export const eventStreamType = 'text/event-stream';
/** How long a client waits before it comes again. */
const retryMs = 1_000;

/** One text for all streams that tell the event. */
const frames = new WeakMap<WorkspaceEvent, string>();

function frameOf(event: WorkspaceEvent): string {
  let frame = frames.get(event);
  if (frame === undefined) {
    const { position, kind, changeSets, data } = event;
    const what = isObject(data) ? data : {};
    const text = JSON.stringify({ ...(position === undefined ? {} : { position }), changeSets, ...what });
    frame = `${position === undefined ? '' : `id: ${position}\n`}event: ${kind}\ndata: ${text}\n\n`;
    frames.set(event, frame);
  }
  return frame;
}

/** About the stream itself. */
const signalFrame = (name: 'missed' | 'gap' | 'end', data: { readonly [key: string]: string | number }): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** An answer made of texts as they come. Ends when the client or the server goes, and when nobody takes what is written. */
export function streamed(call: Pick<RouteCall<never, never>, 'signal'>, texts: AsyncGenerator<string>): Answer {
  const watched = async function* (): AsyncGenerator<string> {
    for await (const text of texts) {
      const late = setTimeout(() => body.destroy(), limits.eventDrainMs);
      late.unref();
      yield text;
      clearTimeout(late);
    }
  };
  const body: Readable = Readable.from(watched());
  // Whoever reads is told by the end of the stream.
  body.on('error', () => {});
  call.signal.addEventListener('abort', () => body.destroy(), { once: true });
  return new Answer(200, body, {
    'content-type': eventStreamType,
    'cache-control': 'no-store',
    // A server that closes waits for connections that are kept; this one is not.
    connection: 'close',
    'x-accel-buffering': 'no',
  });
}

type Call = Pick<RouteCall<unknown, unknown>, 'engine' | 'bearer' | 'operation' | 'signal' | 'closing'>;

/** Tells `first`, then what the stream has. `changeSet` is looked up again whenever it is looked whether the caller may go on. */
export async function* told(call: Call, stream: EventStream, first: readonly WorkspaceEvent[]): AsyncGenerator<string> {
  const stop = (): void => stream.close();
  for (const signal of [call.signal, call.closing]) signal.addEventListener('abort', stop, { once: true });
  try {
    yield `retry: ${retryMs}\n\n${first.map(frameOf).join('')}${cursor(stream.position)}`;
    for (let lookedAtMs = performance.now(); ; ) {
      const taken = await stream.take(waitMs(call));
      if (taken === 'gone') {
        yield signalFrame('gap', { after: stream.position, hint: 'read the state anew, then follow from now on' });
        return;
      }
      if (stream.mustLookAgain || performance.now() - lookedAtMs >= limits.eventHeartbeatMs || isExpired(call)) {
        stream.mustLookAgain = false;
        lookedAtMs = performance.now();
        const why = await notAllowed(call);
        if (why !== undefined) {
          yield signalFrame('end', { reason: why });
          return;
        }
      }
      const missed = taken.missedPassing
        ? signalFrame('missed', { hint: 'runs, their logs and pending values: look at them again' })
        : '';
      const text = missed + taken.events.map(frameOf).join('');
      if (stream.isClosed) {
        if (!call.signal.aborted) yield `${text}${signalFrame('end', { reason: 'server_closing' })}`;
        return;
      }
      // A client that filters much goes on from here, too.
      yield text === '' ? `: here\n${cursor(taken.position)}` : text;
    }
  } finally {
    for (const signal of [call.signal, call.closing]) signal.removeEventListener('abort', stop);
    stream.close();
  }
}

/** Sets what a client comes again with, without telling it anything. */
const cursor = (position: number): string => `id: ${position}\n\n`;

function waitMs({ bearer }: Call): number {
  const { expiresAtMs } = bearer.token;
  const leftMs = expiresAtMs === null ? Number.POSITIVE_INFINITY : expiresAtMs - bearer.home.world.clock.nowMs();
  return Math.max(1, Math.min(limits.eventHeartbeatMs, leftMs));
}

function isExpired({ bearer }: Call): boolean {
  const { expiresAtMs } = bearer.token;
  return expiresAtMs !== null && expiresAtMs <= bearer.home.world.clock.nowMs();
}

/** Why the caller may not follow any more; undefined: they may. */
async function notAllowed({ engine, bearer, operation }: Call): Promise<string | undefined> {
  const good = await stillGood(engine, bearer);
  if (!good.ok) return good.refusal.code;
  try {
    await operation('events.read', { limit: 0 });
    return undefined;
  } catch (e) {
    if (e instanceof RefusalError) return e.refusal.code;
    throw e;
  }
}

/** Of the header that a client comes again with. */
export function lastIdOf({ headers }: Pick<RouteCall<unknown, unknown>, 'headers'>): number | undefined {
  const last = headers['last-event-id'];
  return typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : undefined;
}

/** The log of a run from a first look on, until it has ended. */
export async function* logLines(
  call: Pick<RouteCall<unknown, unknown>, 'engine' | 'bearer' | 'operation' | 'signal' | 'closing'>,
  first: RunLog,
): AsyncGenerator<string> {
  for (let log = first; ; ) {
    yield log.lines.map((l) => `id: ${l.seq}\nevent: run_log\ndata: ${JSON.stringify(l)}\n\n`).join('') || ': here\n\n';
    if (log.complete || call.signal.aborted || call.closing.aborted) {
      const reason = log.complete && isEnded(log.status) ? log.status : 'server_closing';
      yield signalFrame('end', { reason, status: log.status });
      return;
    }
    const { run, after } = log;
    // What the caller may read is asked with every look; whether the token is good any more is not.
    const good = await stillGood(call.engine, call.bearer);
    if (!good.ok) {
      yield signalFrame('end', { reason: good.refusal.code, status: log.status });
      return;
    }
    log = await call.operation<RunLog>('run.log', { run, after, waitMs: limits.runLogPollMs });
  }
}
