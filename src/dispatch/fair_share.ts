// Start-time fair queueing between the flows of one level (Goyal, Vin, Cheng: "Start-time Fair Queuing", SIGCOMM 1996).
// A flow that has something ready has a start tag; the least goes first, and the virtual time is the tag of what went
// last. What a flow used moves its tag on by cost / weight. Who was idle begins at the virtual time: idleness is not
// saved up, except for `credit`, so that a flow which used less than its share lately is served before those that flood.
// A cost is a guess when something starts and is corrected when it ends. Levels are nested by their owner.

import { Heap } from './heap.ts';

export class Flow {
  heapIndex = -1;
  readonly name: string;
  /** Breaks ties: the flow that was made first. */
  readonly order: number;
  /** Tag of what goes next, while something is ready. */
  start = 0;
  /** Where what it has used so far ends in virtual time. */
  finish = Number.NEGATIVE_INFINITY;
  /** The least tag it may have since it became ready last. */
  floor = 0;
  /** Waiting and under way; a flow without any may be forgotten. */
  load = 0;
  underWay = 0;
  /** What became of idle time while something was still under way, whose cost was only guessed. */
  forgiven = 0;
  /** Times that it became ready. */
  turns = 0;
  /** What one of its runs takes, learned from those that ended; undefined: none has. */
  expectedMs: number | undefined;

  constructor(name: string, order: number) {
    this.name = name;
    this.order = order;
  }

  /** Of the last runs, each an eighth of what is left by the ones after it. */
  learn(tookMs: number): void {
    this.expectedMs = this.expectedMs === undefined ? tookMs : this.expectedMs + (tookMs - this.expectedMs) / 8;
  }
}

/** What was charged at a start, to be corrected at the end. */
export interface Charge {
  readonly cost: number;
  readonly turn: number;
}

export class FairShare<F extends Flow> {
  readonly #credit: number;
  readonly #make: (name: string, order: number) => F;
  readonly #flows = new Map<string, F>();
  readonly #ready = new Heap<F>((a, b) => a.start - b.start || a.order - b.order);
  #virtual = 0;
  #busy = 0;
  #made = 0;
  #sweepAt = 64;

  constructor(credit: number, make: (name: string, order: number) => F) {
    this.#credit = credit;
    this.#make = make;
  }

  /** Whose turn it is. */
  get first(): F | undefined {
    return this.#ready.first;
  }

  /** Nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.#busy === 0;
  }

  /** Flows that have something ready or under way. Looks at all of them. */
  get engaged(): number {
    let count = 0;
    for (const { heapIndex, underWay } of this.#flows.values()) if (heapIndex >= 0 || underWay > 0) count++;
    return count;
  }

  /** Flows remembered. */
  get size(): number {
    return this.#flows.size;
  }

  find(name: string): F | undefined {
    return this.#flows.get(name);
  }

  flow(name: string): F {
    const known = this.#flows.get(name);
    if (known !== undefined) return known;
    if (this.#flows.size >= this.#sweepAt) this.#sweep();
    const made = this.#make(name, this.#made++);
    this.#flows.set(name, made);
    return made;
  }

  /** One more that waits. Balanced by `drop`, when it has ended or is taken away. */
  hold(flow: F): void {
    if (flow.load++ === 0) this.#busy++;
  }

  /** When nothing waits and nothing is under way, what was used is forgotten: nobody was kept waiting by it. */
  drop(flow: F): void {
    if (--flow.load > 0 || --this.#busy > 0) return;
    this.#flows.clear();
  }

  /** It has something ready. */
  enter(flow: F): void {
    if (flow.heapIndex >= 0) return;
    flow.floor = this.#virtual - this.#credit;
    flow.forgiven = flow.underWay === 0 ? 0 : flow.forgiven + Math.max(0, flow.floor - flow.finish);
    flow.turns++;
    flow.finish = Math.max(flow.floor, flow.finish);
    flow.start = flow.finish;
    this.#ready.add(flow);
  }

  /** It has nothing ready any more. */
  leave(flow: F): void {
    if (flow.heapIndex >= 0) this.#ready.remove(flow);
  }

  /** Something of a ready flow starts, whose cost is thought to be this (over the flow's weight). */
  charge(flow: F, cost: number): Charge {
    this.#virtual = Math.max(this.#virtual, flow.start);
    flow.finish = flow.start + cost;
    flow.start = flow.finish;
    flow.underWay++;
    this.#ready.moved(flow);
    return { cost, turn: flow.turns };
  }

  /** It has ended and cost this. What the flow did not ask for while its cost was unknown is set off against the rest. */
  settle(flow: F, charge: Charge, cost: number): void {
    flow.underWay--;
    let more = cost - charge.cost;
    if (more > 0 && charge.turn < flow.turns) {
      const set = Math.min(more, flow.forgiven);
      flow.forgiven -= set;
      more -= set;
    }
    flow.finish += more;
    if (flow.heapIndex < 0) return;
    flow.start = Math.max(flow.floor, flow.finish);
    this.#ready.moved(flow);
  }

  /** Forgets who would begin where a new one does. Rare enough to cost nothing by flow. */
  #sweep(): void {
    for (const [name, flow] of this.#flows) {
      if (flow.load === 0 && flow.finish <= this.#virtual - this.#credit) this.#flows.delete(name);
    }
    this.#sweepAt = Math.max(64, 2 * this.#flows.size);
  }
}
