// What a concurrency key lets through: so many under way at once, so many starts a second, and nothing before the time
// that a provider named (Retry-After). The rate is a token bucket, kept as the time at which it would be full again (the
// generic cell rate algorithm, ITU-T I.371): one number, compared and moved, never summed up. Time is an argument. Where others
// let through by the same key a gate is also held, by whoever asks them.

import { invariant } from '../base/result.ts';

export interface KeyLimits {
  /** Runs under way at once; 0 stops the key; undefined: any number. */
  readonly atOnceMax?: number | undefined;
  /** Starts a second in the long run; undefined: any number. */
  readonly perSecond?: number | undefined;
  /** Starts at once after a rest; at least 1, the default. Says nothing without `perSecond`. */
  readonly burst?: number | undefined;
}

export class KeyGate {
  readonly key: string;
  #atOnceMax = Number.POSITIVE_INFINITY;
  #intervalMs = 0;
  #burst = 1;
  /** When the bucket is full. */
  #fullAtMs = Number.NEGATIVE_INFINITY;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #underWay = 0;

  constructor(key: string, limits: KeyLimits) {
    this.key = key;
    this.setLimits(limits);
  }

  setLimits({ atOnceMax, perSecond, burst }: KeyLimits): void {
    invariant(atOnceMax === undefined || atOnceMax >= 0, 'a limit below 0');
    invariant(perSecond === undefined || perSecond > 0, 'a rate that lets nothing through');
    invariant(burst === undefined || burst >= 1, 'a bucket that holds less than one');
    this.#atOnceMax = atOnceMax ?? Number.POSITIVE_INFINITY;
    this.#intervalMs = perSecond === undefined ? 0 : 1_000 / perSecond;
    this.#burst = perSecond === undefined ? 1 : (burst ?? 1);
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** As many under way as may be, or held: the end of one opens it, or who holds it, not time. */
  get isFull(): boolean {
    return this.#underWay >= this.#atOnceMax || this.#heldUntilMs === Number.POSITIVE_INFINITY;
  }

  /** From when on the rate lets one through. */
  get opensAtMs(): number {
    return Math.max(this.#heldUntilMs, this.#fullAtMs - (this.#burst - 1) * this.#intervalMs);
  }

  isOpen(nowMs: number): boolean {
    return !this.isFull && nowMs >= this.opensAtMs;
  }

  /** Nothing about it has to be remembered. That it is held is known to who holds it. */
  isAtRest(nowMs: number): boolean {
    return this.#underWay === 0 && this.#fullAtMs <= nowMs;
  }

  start(nowMs: number): void {
    this.#underWay++;
    this.#fullAtMs = Math.max(nowMs, this.#fullAtMs) + this.#intervalMs;
  }

  end(): void {
    invariant(this.#underWay > 0, 'more ended than had started');
    this.#underWay--;
  }

  /** It has not started after all. Of a gate without a rate: one start of many cannot be taken out of a bucket. */
  undo(): void {
    invariant(this.#intervalMs === 0, 'a start that a rate has counted');
    this.end();
  }

  /** Nothing before that time, whatever its limits let through; infinity: before it is said anew, minus infinity: not held. */
  hold(untilMs: number): void {
    this.#heldUntilMs = untilMs;
  }

  /** Nothing before `ms` from now, then one, then by the rate. Never opens a gate sooner than it would have. */
  retryAfter(ms: number, nowMs: number): void {
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs + ms + (this.#burst - 1) * this.#intervalMs);
  }
}
