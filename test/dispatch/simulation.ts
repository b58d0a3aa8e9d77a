// Runs in simulated time: arrivals, a fair queue and a number of cpus. Every step is made at the time of an event, so that
// figures are exact and the same in every run.

import type { FairQueue } from '../../src/dispatch/fair_queue.ts';
import { RunnerLoad } from '../../src/dispatch/runner_load.ts';
import type { WaitingItem } from '../../src/dispatch/strand.ts';

export interface SimulatedItem extends WaitingItem {
  readonly tookMs: number;
}

export interface Ran {
  readonly item: SimulatedItem;
  readonly askedAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export interface Arrival {
  readonly atMs: number;
  readonly item: SimulatedItem;
}

export function item(id: string, more: Partial<SimulatedItem> = {}): SimulatedItem {
  const plain = { workspace: 'w', changeSet: 'c', priority: 'background', pool: 'p', cpus: 1, keys: [] } as const;
  return { id, tookMs: 10, ...plain, ...more };
}

export interface SimulationOptions {
  readonly queue: FairQueue<SimulatedItem>;
  readonly cpus: number;
  /** In order of time. */
  readonly arrivals: readonly Arrival[];
  readonly untilMs?: number;
  /** Told of each start, after it. */
  readonly started?: (item: SimulatedItem, nowMs: number) => void;
}

/** What ended by `untilMs`, in order of the ends. */
export function simulate({ queue, cpus, arrivals, untilMs = Infinity, started }: SimulationOptions): Ran[] {
  const load = new RunnerLoad({ cpus, memoryBytes: 1 });
  const need = (i: SimulatedItem) => ({ cpus: i.cpus, memoryBytes: 0 });
  const asked = new Map<string, number>();
  const ends = new Schedule<Ran>((run) => run.endedAtMs);
  const out: Ran[] = [];
  let next = 0;
  for (;;) {
    const nowMs = Math.min(
      arrivals[next]?.atMs ?? Infinity,
      ends.first?.endedAtMs ?? Infinity,
      queue.nextAtMs() ?? Infinity,
    );
    if (nowMs === Infinity || nowMs > untilMs) return out;
    while (ends.first !== undefined && ends.first.endedAtMs <= nowMs) {
      const run = ends.shift();
      load.free(need(run.item));
      queue.ended(run.item.id, run.item.tookMs, nowMs);
      out.push(run);
    }
    for (let a = arrivals[next]; a !== undefined && a.atMs <= nowMs; a = arrivals[++next]) {
      asked.set(a.item.id, nowMs);
      queue.push(a.item, nowMs);
    }
    for (;;) {
      const one = queue.take('p', nowMs, (i) => load.has(need(i)));
      if (one === undefined) break;
      load.take(need(one));
      ends.add({ item: one, askedAtMs: asked.get(one.id)!, startedAtMs: nowMs, endedAtMs: nowMs + one.tookMs });
      started?.(one, nowMs);
    }
  }
}

/** Few members, in order, found by bisection: another structure than the one under test. */
class Schedule<T> {
  readonly #members: T[] = [];
  readonly #at: (member: T) => number;

  constructor(at: (member: T) => number) {
    this.#at = at;
  }

  get first(): T | undefined {
    return this.#members[0];
  }

  add(member: T): void {
    let [low, high] = [0, this.#members.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at(this.#members[middle]!) <= this.#at(member)) low = middle + 1;
      else high = middle;
    }
    this.#members.splice(low, 0, member);
  }

  shift(): T {
    return this.#members.shift()!;
  }
}

/** The value below which `share` of the figures lie. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** Numbers from 0 to below 1 (mulberry32, public domain by Tommy Ettinger). */
export function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
