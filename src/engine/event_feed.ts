// Following a workspace in this process. One reader looks what commits have left behind and hands it to everybody who waits;
// nothing is read for a stream that is at the end, and nothing is handed out before it is durable. Who is slow is bounded: its
// few waiting events are let go of, and it reads what is durable from the store, in its own time. What only passes is told to
// whoever keeps up; a stream that did not is told that it missed some.

import type { ChangeSetId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type EventFilter, eventOfRow, passes, type WorkspaceEvent } from './event_shape.ts';
import { laterTurn } from './turn.ts';
import type { Workspace } from './workspace.ts';

/** Rows read at once. */
const pageRows = 500;

export class EventFeed {
  readonly #w: Workspace;
  readonly #streams = new Set<EventStream>();
  /** Of streams at the end: who waits for everything, and by change set. */
  readonly #atEnd = new Map<ChangeSetId | '', Set<EventStream>>();
  /** Positions up to here have been handed out. */
  #position = 0;
  #reading: Promise<void> | undefined;
  #isStale = false;
  /** Commits since anything was removed. */
  #sincePruned = 0;
  #isClosed = false;

  constructor(w: Workspace) {
    this.#w = w;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** A commit is durable. Costs nothing where nobody follows. */
  landed(): void {
    if (++this.#sincePruned >= limits.eventsPrunedEvery) this.#prune();
    if (this.#streams.size === 0) return;
    this.#isStale = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
  }

  /** Something that passes: handed to those who keep up. `event` is made only where somebody may want it. */
  passing(changeSet: ChangeSetId | undefined, event: () => WorkspaceEvent): void {
    const own = changeSet === undefined ? undefined : this.#atEnd.get(changeSet);
    const all = this.#atEnd.get('');
    if (own === undefined && all === undefined) return;
    this.#hand(event());
  }

  /** Does anybody follow at the end who could want it? */
  isFollowed(changeSet: ChangeSetId): boolean {
    return this.#atEnd.has('') || this.#atEnd.has(changeSet);
  }

  /**
   * Follows from behind `after`, or (undefined) from now on. Close it. Refuses `events_gone` where what came behind `after` is
   * not there any more, or never was.
   */
  async follow(filter: EventFilter, after?: number): Promise<Result<EventStream>> {
    const { last, removedUpTo } = await this.#w.store.readEvents(this.#w.id, Number.MAX_SAFE_INTEGER, 0);
    const there = stillThere(after, { last, removedUpTo });
    if (!there.ok) return there;
    if (this.#streams.size === 0) this.#position = last;
    const stream = new EventStream(this.#w, filter, after ?? last, {
      position: () => this.#position,
      atEnd: (s) => this.#join(s),
      leave: (s) => this.#leave(s),
    });
    this.#streams.add(stream);
    if (this.#isClosed) stream.close();
    // What landed between the look and now is read like any other.
    this.landed();
    return ok(stream);
  }

  /** Somebody may not be let in any more: streams look again. */
  accessChanged(): void {
    for (const stream of this.#streams) {
      stream.mustLookAgain = true;
      stream.nudge();
    }
  }

  /** Ends every stream. */
  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#streams]) stream.close();
  }

  async #read(): Promise<void> {
    // What else lands in this turn goes with it, and the writer's answer goes first.
    await laterTurn();
    while (this.#isStale && this.#streams.size > 0) {
      this.#isStale = false;
      try {
        for (;;) {
          const { rows } = await this.#w.store.readEvents(this.#w.id, this.#position, pageRows);
          for (const row of rows) {
            this.#position = row.position;
            this.#hand(eventOfRow(row, this.#w.row.head));
          }
          if (rows.length < pageRows) break;
          await laterTurn();
        }
      } catch (e) {
        for (const stream of [...this.#streams]) stream.fail(e);
      }
      // Writers that come one after another share a look: they are not held up by those who follow.
      if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, limits.eventsToldEveryMs));
    }
  }

  #hand(event: WorkspaceEvent): void {
    for (const changeSet of ['' as const, ...new Set(event.changeSets)])
      for (const stream of this.#atEnd.get(changeSet) ?? []) stream.hand(event);
  }

  #join(stream: EventStream): void {
    const key = stream.filter.changeSet ?? '';
    const streams = this.#atEnd.get(key) ?? new Set();
    this.#atEnd.set(key, streams.add(stream));
  }

  #leave(stream: EventStream): void {
    const key = stream.filter.changeSet ?? '';
    const streams = this.#atEnd.get(key);
    streams?.delete(stream);
    if (streams?.size === 0) this.#atEnd.delete(key);
    if (stream.isClosed) this.#streams.delete(stream);
  }

  #prune(): void {
    this.#sincePruned = 0;
    // Nothing is lost by one that fails; the next comes in its time.
    this.#w.store.pruneEvents(this.#w.id, limits.eventsKeptMax).catch(() => {});
  }
}

/** Is all that came behind a position still there? Refuses `events_gone`. */
export function stillThere(
  after: number | undefined,
  { last, removedUpTo }: { readonly last: number; readonly removedUpTo: number },
): Result<void> {
  if (after === undefined || (after >= removedUpTo && after <= last) || (after === 0 && removedUpTo === 0))
    return ok(undefined);
  const isAhead = after > last;
  return refuse('events_gone', {
    path: 'after',
    expected: `a position from ${removedUpTo} to ${last}`,
    got: String(after),
    hint: isAhead
      ? `read the state anew and follow from ${last}: the store was put back to an earlier one`
      : `read the state anew and follow from ${last}: events are kept for a while only`,
  });
}

interface Feed {
  position(): number;
  atEnd(stream: EventStream): void;
  leave(stream: EventStream): void;
}

/** What a stream has to tell at once. */
export interface Taken {
  readonly events: readonly WorkspaceEvent[];
  /** Pass it as `after` to go on from here. */
  readonly position: number;
  /** Passing events were left out before these: read again what they were about. */
  readonly missedPassing: boolean;
}

export class EventStream {
  readonly filter: EventFilter;
  readonly #w: Workspace;
  readonly #feed: Feed;
  /** Everything up to here was taken, or is not for this stream. */
  #cursor: number;
  #waiting: WorkspaceEvent[] = [];
  #isAtEnd = false;
  #missed = false;
  #failure: unknown;
  #wake: (() => void) | undefined;
  isClosed = false;
  /** Who follows may have lost the right to; whoever hands on what it takes looks, and sets it back. */
  mustLookAgain = false;

  /** Use `EventFeed.follow`. */
  constructor(w: Workspace, filter: EventFilter, after: number, feed: Feed) {
    this.#w = w;
    this.filter = filter;
    this.#cursor = after;
    this.#feed = feed;
  }

  get position(): number {
    return this.#cursor;
  }

  /**
   * What there is, at once; else what comes, or nothing after `mostMs` or when the stream was closed. Not twice at the same
   * time. Throws what the store threw; refuses (thrown) nothing: a stream that reads from the store may find `removedUpTo` past
   * it, which is `gone`.
   */
  async take(mostMs: number): Promise<Taken | 'gone'> {
    if (!this.#isAtEnd && !this.isClosed) {
      const read = await this.#readOn();
      if (read !== undefined) return read;
    }
    if (this.#isQuiet() && !this.mustLookAgain) await this.#more(mostMs);
    if (this.#failure !== undefined) throw this.#failure;
    // Fallen behind while it waited.
    if (!this.#isAtEnd && !this.isClosed) return this.take(mostMs);
    const events = this.#waiting;
    this.#waiting = [];
    if (this.#isAtEnd) this.#cursor = Math.max(this.#cursor, this.#feed.position());
    const missedPassing = this.#missed;
    this.#missed = false;
    return { events, position: this.#cursor, missedPassing };
  }

  /** By the feed: something new. */
  hand(event: WorkspaceEvent): void {
    if (event.position !== undefined && event.position <= this.#cursor) return;
    if (!passes(this.filter, event)) return;
    if (this.#waiting.length >= limits.eventsWaitingMax) {
      this.#fallBehind();
    } else this.#waiting.push(event);
    this.#wake?.();
  }

  /** By the feed: it cannot read. */
  fail(e: unknown): void {
    this.#failure = e;
    this.#wake?.();
  }

  close(): void {
    this.isClosed = true;
    this.#isAtEnd = false;
    this.#feed.leave(this);
    this.#wake?.();
  }

  /** Wakes whoever waits, with nothing. */
  nudge(): void {
    this.#wake?.();
  }

  #isQuiet(): boolean {
    return this.#waiting.length === 0 && !this.#missed && !this.isClosed && this.#failure === undefined;
  }

  /** A page from the store; undefined: it is at the end now. */
  async #readOn(): Promise<Taken | 'gone' | undefined> {
    for (;;) {
      const page = await this.#w.store.readEvents(this.#w.id, this.#cursor, pageRows);
      if (this.#cursor < page.removedUpTo) return 'gone';
      const events = page.rows.map((row) => eventOfRow(row, this.#w.row.head)).filter((e) => passes(this.filter, e));
      this.#cursor = page.rows.at(-1)?.position ?? this.#cursor;
      if (page.rows.length < pageRows && this.#cursor >= this.#feed.position() && !this.isClosed) {
        this.#isAtEnd = true;
        this.#feed.atEnd(this);
      }
      if (events.length > 0) {
        const missedPassing = this.#missed;
        this.#missed = false;
        return { events, position: this.#cursor, missedPassing };
      }
      if (this.#isAtEnd || this.isClosed) return undefined;
      await laterTurn();
    }
  }

  #fallBehind(): void {
    // What is durable of them is read again; the cursor is still before the first.
    this.#waiting = [];
    this.#missed = true;
    this.#isAtEnd = false;
    this.#feed.leave(this);
  }

  #more(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), mostMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
