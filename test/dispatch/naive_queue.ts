// The rules of the fair queue written down naively: lists that are gone through, sums that are made anew. The keys are
// exact; the order is exact where there are no keys.

import type { KeyLimits } from '../../src/dispatch/key_gate.ts';
import type { Priority } from '../../src/dispatch/strand.ts';
import type { SimulatedItem } from './simulation.ts';

const priorities: readonly Priority[] = ['interactive', 'replay', 'background'];

/** A bucket that is filled up to the millisecond: `level` in milliseconds of its interval. */
class Bucket {
  readonly #intervalMs: number;
  readonly #mostMs: number;
  #levelMs: number;
  #atMs = 0;

  constructor(perSecond: number, burst: number) {
    this.#intervalMs = 1_000 / perSecond;
    this.#mostMs = burst * this.#intervalMs;
    this.#levelMs = this.#mostMs;
  }

  #fill(nowMs: number): void {
    this.#levelMs = Math.min(this.#mostMs, this.#levelMs + nowMs - this.#atMs);
    this.#atMs = nowMs;
  }

  has(nowMs: number): boolean {
    if (nowMs < this.#atMs) return false;
    this.#fill(nowMs);
    return this.#levelMs >= this.#intervalMs;
  }

  take(nowMs: number): void {
    this.#fill(nowMs);
    this.#levelMs -= this.#intervalMs;
  }

  emptyUntil(untilMs: number): void {
    if (untilMs < this.#atMs) return;
    this.#fill(untilMs);
    this.#levelMs = Math.min(this.#levelMs, this.#intervalMs);
  }
}

export class NaiveKeys {
  readonly #limitsOf: (key: string) => KeyLimits;
  readonly #buckets = new Map<string, Bucket>();
  readonly underWay: SimulatedItem[] = [];
  /** Keys that are held, until when. */
  readonly held = new Map<string, number>();

  constructor(limitsOf: (key: string) => KeyLimits) {
    this.#limitsOf = limitsOf;
  }

  #bucket(key: string): Bucket | undefined {
    const { perSecond, burst = 1 } = this.#limitsOf(key);
    if (perSecond === undefined) return undefined;
    const known = this.#buckets.get(key) ?? new Bucket(perSecond, burst);
    this.#buckets.set(key, known);
    return known;
  }

  isOpen(key: string, nowMs: number): boolean {
    const { atOnceMax = Infinity } = this.#limitsOf(key);
    const using = this.underWay.filter((item) => item.keys.includes(key)).length;
    return using < atOnceMax && nowMs >= (this.held.get(key) ?? 0) && (this.#bucket(key)?.has(nowMs) ?? true);
  }

  mayStart(item: SimulatedItem, nowMs: number): boolean {
    return item.keys.every((key) => this.isOpen(key, nowMs));
  }

  start(item: SimulatedItem, nowMs: number): void {
    this.underWay.push(item);
    for (const key of new Set(item.keys)) this.#bucket(key)?.take(nowMs);
  }

  retryAfter(key: string, ms: number, nowMs: number): void {
    this.#bucket(key)?.emptyUntil(nowMs + ms);
  }
}

/** Which of two items of one change set goes first; `order`: that of coming. */
export function goesFirst(a: SimulatedItem, b: SimulatedItem, order: readonly SimulatedItem[]): number {
  return (
    priorities.indexOf(a.priority) - priorities.indexOf(b.priority) ||
    (b.rank ?? 0) - (a.rank ?? 0) ||
    order.indexOf(a) - order.indexOf(b)
  );
}

interface Tags {
  readonly name: string;
  start: number;
  finish: number;
}

/** Start tags of one level, when every run takes what was thought and everything is pushed before the first is taken. */
class NaiveLevel {
  readonly #tags: Tags[] = [];

  /** The name that goes next, of those that have something waiting. */
  next(names: readonly string[]): string {
    const has = this.#tags.filter(({ name }) => names.includes(name));
    return has.reduce((a, b) => (b.start < a.start ? b : a)).name;
  }

  enter(name: string): void {
    if (!this.#tags.some((t) => t.name === name)) this.#tags.push({ name, start: 0, finish: 0 });
  }

  charge(name: string, cost: number): void {
    const tags = this.#tags.find((t) => t.name === name)!;
    tags.finish = tags.start + cost;
    tags.start = tags.finish;
  }
}

/** The order in which items without keys start one after another, each taking 1 ms. */
export function naiveOrder(items: readonly SimulatedItem[], weightOf: (w: string, c?: string) => number): string[] {
  const waiting = [...items];
  const workspaces = new NaiveLevel();
  const lines = new Map<string, NaiveLevel>();
  for (const { workspace, changeSet } of items) {
    workspaces.enter(workspace);
    if (!lines.has(workspace)) lines.set(workspace, new NaiveLevel());
    lines.get(workspace)!.enter(changeSet);
  }
  const out: string[] = [];
  while (waiting.length > 0) {
    const workspace = workspaces.next(waiting.map((i) => i.workspace));
    const its = waiting.filter((i) => i.workspace === workspace);
    const changeSet = lines.get(workspace)!.next(its.map((i) => i.changeSet));
    const [first] = its.filter((i) => i.changeSet === changeSet).sort((a, b) => goesFirst(a, b, items));
    workspaces.charge(workspace, first!.cpus / weightOf(workspace));
    lines.get(workspace)!.charge(changeSet, first!.cpus / weightOf(workspace, changeSet));
    waiting.splice(waiting.indexOf(first!), 1);
    out.push(first!.id);
  }
  return out;
}
