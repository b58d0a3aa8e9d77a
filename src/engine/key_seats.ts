// What this engine has, asks and waits for of the seats that concurrency keys have over all engines of a store (src/ports/shared_keys.ts).
// One exchange with the store is under way at a time and takes along whatever has come up meanwhile, so that what is given up counts
// before what is asked. Nothing is asked while nothing with a key is there. While the store is away nothing with a key begins; what is
// under way goes on, and its seats are named anew when it is back.

import { limits } from '../base/limits.ts';
import type { KeyUse } from '../dispatch/key_use.ts';
import type { KeySeat, SharedKeys, ToldKey } from '../ports/shared_keys.ts';

/** undefined: granted, until it is given back; else which key is to be held until when, by `performance.now()`; see `KeyGate.hold`. */
export type SeatAnswer = { readonly key: string; readonly untilMs: number } | undefined;

export interface KeySeatsHost {
  /** These need not be held any more. */
  opened(keys: readonly string[]): void;
  /** Hears of the first fault after all went well; it is tried again. */
  failed(e: unknown): void;
}

interface Asked extends KeySeat {
  readonly answer: (answer: SeatAnswer) => void;
  /** Nobody waits for the answer any more. */
  isLeft: boolean;
}

interface Stopped {
  readonly use: KeyUse;
  /** All keys of the request. */
  readonly of: readonly string[];
  readonly sinceMs: number;
}

interface Told {
  readonly use: KeyUse;
  readonly untilMs: number;
}

/** Seats are named so often in the time in which they lapse. */
const signsPerHold = 6;

export class KeySeats {
  readonly #shared: SharedKeys;
  readonly #host: KeySeatsHost;
  readonly #holdMs: number;
  #seats = 0;
  readonly #held = new Map<number, readonly KeyUse[]>();
  /** What waits here, by key. */
  readonly #waits = new Map<string, number>();
  /** Keys at which the store knows a turn of this engine. */
  readonly #turns = new Set<string>();
  /** Keys that only another's end or turn opens, and the request that was stopped. */
  readonly #stopped = new Map<string, Stopped>();
  #asked: Asked[] = [];
  /** Asked by the exchange that is under way. */
  #underWay: readonly Asked[] = [];
  #given: number[] = [];
  #told: Told[] = [];
  #withdrawn = new Set<string>();
  #exchange: Promise<void> | undefined;
  #renewAtMs = 0;
  #lookAtMs = 0;
  #awayUntilMs = Number.NEGATIVE_INFINITY;
  /** What the store has under this engine's name may be another than what is held. */
  #isUnsure = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `holdMs`: what is not named for so long lapses. */
  constructor(shared: SharedKeys, host: KeySeatsHost, holdMs: number = limits.keyHoldMs) {
    this.#shared = shared;
    this.#host = host;
    this.#holdMs = holdMs;
  }

  /** Something with these keys waits from now on, until `begun`. */
  waits(keys: readonly string[]): void {
    for (const key of keys) this.#waits.set(key, (this.#waits.get(key) ?? 0) + 1);
  }

  /** It waits no more. */
  begun(keys: readonly string[]): void {
    const free: string[] = [];
    for (const key of keys) {
      const left = this.#waits.get(key)! - 1;
      if (left > 0) this.#waits.set(key, left);
      else {
        this.#waits.delete(key);
        if (this.#stopped.delete(key)) free.push(key);
        if (this.#turns.delete(key)) this.#withdrawn.add(key);
      }
    }
    if (free.length > 0) this.#host.opened(free);
    if (this.#withdrawn.size > 0) this.#soon();
  }

  /** Asks for a seat; answers its number; each key once. `answer` is never called before this has ended. */
  ask(keys: readonly KeyUse[], answer: (answer: SeatAnswer) => void): number {
    const seat = ++this.#seats;
    this.#asked.push({ seat, keys, answer, isLeft: false });
    this.#soon();
    return seat;
  }

  /** Gives a seat up, or the question for one. */
  give(seat: number): void {
    if (this.#held.delete(seat)) this.#given.push(seat);
    else this.#leave(seat);
    this.#soon();
  }

  retryAfter(use: KeyUse, ms: number): void {
    this.#told.push({ use, untilMs: performance.now() + ms });
    this.#soon();
  }

  /** Exchanges nothing more; resolves when nothing is under way. What is held lapses, unless the store is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#exchange;
  }

  #leave(seat: number): void {
    for (const asked of [...this.#asked, ...this.#underWay]) if (asked.seat === seat) asked.isLeft = true;
  }

  /** What else comes up in this turn of the loop goes along. */
  #soon(): void {
    queueMicrotask(() => this.#go());
  }

  #go(): void {
    if (this.#exchange !== undefined || this.#isClosed) return;
    const nowMs = performance.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (nowMs < this.#awayUntilMs) this.#refuse(this.#asked.splice(0), this.#awayUntilMs);
    const dueMs = Math.max(this.#dueMs(), this.#awayUntilMs);
    if (dueMs > nowMs) {
      if (dueMs === Number.POSITIVE_INFINITY) return;
      this.#timer = setTimeout(() => this.#go(), Math.ceil(dueMs - nowMs));
      this.#timer.unref();
      return;
    }
    this.#exchange = this.#once(nowMs).finally(() => {
      this.#exchange = undefined;
      this.#go();
    });
  }

  /** When there is something to exchange. */
  #dueMs(): number {
    if (this.#asked.length + this.#given.length + this.#told.length + this.#withdrawn.size > 0 || this.#isUnsure)
      return Number.NEGATIVE_INFINITY;
    const lookMs = this.#stopped.size > 0 ? this.#lookAtMs : Number.POSITIVE_INFINITY;
    return Math.min(lookMs, this.#held.size > 0 ? this.#renewAtMs : Number.POSITIVE_INFINITY);
  }

  #untilLookMs(nowMs: number): number {
    let sinceMs = Number.NEGATIVE_INFINITY;
    for (const stopped of this.#stopped.values()) sinceMs = Math.max(sinceMs, stopped.sinceMs);
    return Math.min(limits.keyLookedAtMsMax, Math.max(limits.keyLookedAtMsMin, (nowMs - sinceMs) / 10));
  }

  async #once(nowMs: number): Promise<void> {
    const asked = this.#asked.filter((a) => !a.isLeft);
    const [given, told, withdrawn] = [this.#given, this.#told, this.#withdrawn];
    this.#asked = [];
    this.#given = [];
    this.#told = [];
    this.#withdrawn = new Set();
    this.#underWay = asked;
    const stopped = [...this.#stopped.values()];
    const isRenewed = this.#isUnsure || nowMs >= this.#renewAtMs;
    const holding = [...this.#held].map(([seat, keys]) => ({ seat, keys }));
    // What has asked keeps room that others could have meanwhile.
    const late = setTimeout(() => this.#refuse(asked, performance.now() + limits.keyRetryMs), limits.keyAnsweredMs);
    try {
      const answers = await this.#shared.exchange({
        holdMs: this.#holdMs,
        turnMs: limits.keyTurnMs,
        agedMs: limits.keyAgedMs,
        lastSeat: this.#seats,
        given,
        ...(isRenewed ? { holding } : {}),
        told: told.map(({ use, untilMs }): ToldKey => ({ ...use, ms: Math.max(0, untilMs - performance.now()) })),
        asked: asked.map(({ seat, keys }) => ({ seat, keys })),
        stopped: stopped.map((s) => s.use),
        waiting: [...new Set(stopped.flatMap((s) => s.of))],
        withdrawn: [...withdrawn],
      });
      clearTimeout(late);
      const endMs = performance.now();
      this.#isUnsure = false;
      this.#awayUntilMs = Number.NEGATIVE_INFINITY;
      if (isRenewed) this.#renewAtMs = nowMs + this.#holdMs / signsPerHold;
      const open = answers.open.filter((key) => this.#stopped.delete(key));
      for (const [i, stop] of answers.asked.entries()) this.#answered(asked[i]!, stop, endMs);
      this.#lookAtMs = endMs + this.#untilLookMs(endMs);
      if (open.length > 0) this.#host.opened(open);
    } catch (e) {
      clearTimeout(late);
      // What was given up is not named with the next one.
      this.#told = [...told, ...this.#told];
      for (const key of withdrawn) if (!this.#waits.has(key)) this.#withdrawn.add(key);
      this.#isUnsure = true;
      if (this.#awayUntilMs === Number.NEGATIVE_INFINITY) this.#host.failed(e);
      this.#awayUntilMs = performance.now() + limits.keyRetryMs;
      this.#refuse(asked, this.#awayUntilMs);
    } finally {
      this.#underWay = [];
    }
  }

  #answered(
    { seat, keys, answer, isLeft }: Asked,
    stop: { readonly key: string; readonly waitMs: number | null } | undefined,
    nowMs: number,
  ): void {
    if (stop === undefined) {
      for (const { key } of keys) this.#turns.delete(key);
      if (isLeft) {
        this.#given.push(seat);
        return;
      }
      this.#held.set(seat, keys);
      answer(undefined);
      return;
    }
    for (const { key } of keys) {
      if (this.#waits.has(key)) this.#turns.add(key);
      else this.#withdrawn.add(key);
    }
    if (isLeft) return;
    const { key, waitMs } = stop;
    const untilMs = waitMs === null ? Number.POSITIVE_INFINITY : nowMs + waitMs;
    if (waitMs !== null) this.#stopped.delete(key);
    else {
      const [use, of] = [keys.find((k) => k.key === key)!, keys.map((k) => k.key)];
      this.#stopped.set(key, { use, of, sinceMs: nowMs });
    }
    answer({ key, untilMs });
  }

  /** Nothing is known of these: they are to ask again. */
  #refuse(asked: readonly Asked[], untilMs: number): void {
    for (const one of asked) {
      if (one.isLeft) continue;
      one.isLeft = true;
      one.answer({ key: one.keys[0]!.key, untilMs });
    }
  }
}
