// Actions while somebody watches: each step is told as it happens, once and in order. A server tells its steps by its stream of
// events; whoever can't be followed is asked again and again, and so is a server whose stream can't be had any more.

import { setTimeout } from 'node:timers/promises';
import type { Page } from '../../engine/component.ts';
import type { EventsRead } from '../../engine/operations_event.ts';
import type { ActionRecord, MovedAction } from '../../model/action.ts';
import { exitCodes } from './exit.ts';
import { untilInterrupted } from './foreground.ts';
import { note } from './output.ts';
import type { Params, Session } from './program.ts';
import { type ActionSeen, actionLine } from './render_action.ts';
import { poolHint } from './render_run.ts';

/** How long one question waits for more: where it is all that tells, and where a stream does. */
const askedWaitMs = 500;
const followedWaitMs = 10_000;

/** What carrying out came to so far. */
interface Ran {
  readonly quiet: boolean;
  readonly open: readonly ActionSeen[];
}

/** Which actions are told of: those named, those that the apply of a change set asked for; else all. */
interface ToldOf {
  readonly ids?: readonly string[];
  readonly changeSet?: string;
}

/** What was told of actions, so that nothing is told twice, or after what came later. */
class Steps {
  readonly told = new Map<string, ActionSeen>();
  readonly #s: Session;
  readonly #isAsked: (a: MovedAction) => boolean;
  readonly #isShown: boolean;

  constructor(s: Session, isAsked: (a: MovedAction) => boolean, isShown = true) {
    this.#s = s;
    this.#isAsked = isAsked;
    this.#isShown = isShown;
  }

  /** As somebody was answered. */
  tell(action: ActionSeen): void {
    const before = this.told.get(action.id);
    if (!this.#isAsked(action) || (before !== undefined && before.revision > action.revision)) return;
    this.told.set(action.id, action);
    const isSame = before?.status === action.status && before.waitsForPool === action.waitsForPool;
    if (this.#isShown && !isSame) this.#s.write([action], () => [actionLine(action)]);
  }

  /** As an event says. What it leaves out stays as it was known. */
  async hear(moved: MovedAction): Promise<void> {
    if (!this.#isAsked(moved)) return;
    const known = this.told.get(moved.id) ?? (await this.#s.call<ActionSeen>('action.get', { action: moved.id }));
    const before = this.told.get(moved.id);
    if (before !== undefined && (before.revision >= moved.revision || before.status === moved.status)) return;
    const { waitsForPool: _, ...left } = known;
    this.tell({ ...left, ...moved });
  }
}

interface Watch {
  /** False: not yet or not any more, and questions have to tell the steps. */
  isLive(): boolean;
  close(): Promise<void>;
}

/** Has `steps` hear what a server tells from `after` on. */
async function watch(s: Session, steps: Steps, after: number | undefined): Promise<Watch> {
  const stop = new AbortController();
  let isLive = false;
  const opened = (): void => {
    isLive = true;
  };
  const of = { kinds: 'action', signal: stop.signal, opened };
  const stream = after === undefined ? undefined : await s.follow({ ...of, after });
  const hearing = async (): Promise<void> => {
    try {
      for await (const { data } of stream ?? []) await steps.hear(data as unknown as MovedAction);
    } catch (e) {
      if (!stop.signal.aborted) note(`${e instanceof Error ? e.message : String(e)}\nAsking again and again instead.`);
    } finally {
      isLive = false;
    }
  };
  const heard = hearing();
  return {
    isLive: () => isLive,
    close: () => {
      stop.abort();
      return heard;
    },
  };
}

/** Where the stream of events is now; undefined: whoever is asked can't be followed, or lets nobody follow. */
async function positionOf(s: Session): Promise<number | undefined> {
  if (!(await s.canFollow())) return undefined;
  const read = await s.attempt<EventsRead>('events.read', { limit: 0 });
  return read.ok ? read.value.position : undefined;
}

/**
 * Stays until nothing more can be done; says each step of those asked for, or of all. Ends with an error when one of them has
 * failed.
 */
export async function carryOut(s: Session, { ids, changeSet }: ToldOf = {}): Promise<number> {
  const isAsked = (a: MovedAction): boolean =>
    ids !== undefined ? ids.includes(a.id) : changeSet === undefined || a.origins.includes(changeSet as never);
  // Behind an answer of its own, an object would follow an object.
  const steps = new Steps(s, isAsked, !s.json || changeSet === undefined);
  const after = await positionOf(s);
  // Before it is taken up: what is done at once would be gone by the first look. A stream tells only what comes.
  if (ids === undefined && changeSet === undefined)
    for (const action of await allOf(s, { status: 'queued' })) steps.tell(action);
  else if (changeSet !== undefined && after !== undefined)
    for (const action of await allOf(s, { changeSet })) steps.tell(action);
  const watching = await watch(s, steps, after);
  try {
    for (let isQuiet = false; !isQuiet; ) {
      const ran = await s.call<Ran>('action.run', { waitMs: watching.isLive() ? followedWaitMs : askedWaitMs });
      isQuiet = ran.quiet;
      for (const action of ran.open) steps.tell(action);
      const isOpen = (id: string): boolean => ran.open.some((a) => a.id === id);
      for (const id of new Set([...steps.told.keys(), ...(ids ?? [])]))
        if (!isOpen(id) && !isOver(steps.told.get(id)))
          steps.tell(await s.call<ActionSeen>('action.get', { action: id }));
    }
  } finally {
    await watching.close();
  }
  // What was over before anybody looked.
  if (changeSet !== undefined) for (const action of await allOf(s, { changeSet })) steps.tell(action);
  const told = [...steps.told.values()];
  if (told.length === 0 && !s.json) s.write([], () => ['Nothing is queued.']);
  const pools = new Set(told.flatMap((a) => (a.waitsForPool === undefined ? [] : [a.waitsForPool])));
  if (!s.json) for (const pool of pools) note(poolHint(pool, 'take what waits away with `headwater action cancel`'));
  return told.some((a) => a.status === 'failed' || a.status === 'interrupted') ? exitCodes.error : exitCodes.ok;
}

/** Until somebody interrupts it, or nobody reads any more. */
export async function stay(s: Session): Promise<number> {
  let isOver = false;
  const over = untilInterrupted().then(() => {
    isOver = true;
  });
  const steps = new Steps(s, () => true);
  const watching = await watch(s, steps, await positionOf(s));
  // Kept for a round after they have ended: an event may come late.
  let fading: readonly string[] = [];
  try {
    while (!isOver) {
      const { open } = await s.call<Ran>('action.run', { waitMs: 0 });
      const ids = new Set<string>(open.map((a) => a.id));
      const ended = [...steps.told.keys()].filter((id) => !ids.has(id));
      const last = await Promise.all(ended.map((id) => s.call<ActionSeen>('action.get', { action: id })));
      for (const action of [...open, ...last]) steps.tell(action);
      for (const id of fading) if (!ids.has(id)) steps.told.delete(id);
      fading = ended;
      const next = new AbortController();
      const waitMs = watching.isLive() ? followedWaitMs : askedWaitMs;
      await Promise.race([over, setTimeout(waitMs, undefined, next).catch(() => undefined)]);
      next.abort();
    }
  } finally {
    await watching.close();
  }
  return exitCodes.ok;
}

async function allOf(s: Session, of: Params): Promise<ActionSeen[]> {
  const out: ActionSeen[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Page<ActionSeen> = await s.call('action.list', { ...of, ...(cursor == null ? {} : { cursor }) });
    out.push(...page.items);
    cursor = page.nextCursor;
  }
  return out.reverse();
}

const isOver = (action: ActionRecord | undefined): boolean =>
  action?.status === 'succeeded' || action?.status === 'cancelled';
