// Server-sent events over `fetch`, as an iterator that comes again by itself: whoever iterates is told each durable event
// once and in order, through lost connections and restarts of the server. It ends by an error when the server says that
// nothing more can be told, and when whoever iterates stops.

import { HeadwaterError } from './errors.ts';
import { type Sending, send, wait, waitMs } from './sending.ts';

export interface HeadwaterEvent {
  /** `mutation`, `apply`, `action`, … as docs/events.md lists them; `missed`: passing ones were left out. */
  readonly kind: string;
  /** Where to go on from; undefined: the event passes, and is not told again. */
  readonly position: number | undefined;
  /** By kind: ids, names, a sentence for people. */
  readonly data: Readonly<Record<string, unknown>>;
}

interface Frame {
  readonly event: string;
  readonly data: string;
  /** Said by this frame or one before it. */
  readonly id: string | undefined;
}

/** Frames of a stream as they come. Ends where the stream ends, within a frame or not. */
async function* framesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [rest, id]: [string, string | undefined] = ['', undefined];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        const lines = rest.slice(0, end).split('\n');
        rest = rest.slice(end + 2);
        const field = (name: string) =>
          lines.filter((l) => l.startsWith(`${name}:`)).map((l) => l.slice(name.length + 1).replace(/^ /, ''));
        id = field('id').at(-1) ?? id;
        yield { event: field('event').at(-1) ?? '', data: field('data').join('\n'), id };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

const isLost = (e: unknown): boolean => !(e instanceof HeadwaterError);

/** Events behind `after`, or from now on. `headers` as of any request. */
export async function* follow(
  url: string,
  headers: Readonly<Record<string, string>>,
  { after, ...sending }: Sending & { readonly after?: number | undefined },
): AsyncGenerator<HeadwaterEvent> {
  let position = after;
  for (let losses = 0; ; losses++) {
    if (losses > 0) await wait(waitMs(losses, sending), sending.signal);
    const from = position === undefined ? {} : { 'last-event-id': String(position) };
    const init = { headers: { ...headers, ...from, accept: 'text/event-stream' } };
    const body = await send(url, init, { ...sending, read: async (answer) => answer.body! });
    try {
      for await (const { event, data, id } of framesOf(body)) {
        losses = 0;
        if (id !== undefined) position = Number(id);
        if (event === '') continue;
        const told = JSON.parse(data);
        if (event === 'end' && told.reason === 'server_closing') break;
        if (event === 'end' || event === 'gap') throw ended(event, told);
        yield { kind: event, position: told.position, data: told };
      }
    } catch (e) {
      sending.signal?.throwIfAborted();
      if (!isLost(e)) throw e;
    }
  }
}

function ended(event: 'end' | 'gap', told: { readonly reason?: string; readonly hint?: string }): HeadwaterError {
  const reason = event === 'gap' ? 'events_gone' : (told.reason ?? 'unknown_answer');
  const hint = told.hint ?? '';
  return new HeadwaterError({
    message: `${reason}: nothing more is told${hint === '' ? '' : `; ${hint}`}`,
    status: 200,
    reason,
    retryable: false,
    errors: [{ path: 'after', expected: 'events that are kept, and may be read', got: reason, hint }],
    data: told,
  });
}
