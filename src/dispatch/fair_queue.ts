// The queue of runs that wait to start, for functions and actions alike: which one is next. Workspaces share a pool, change
// sets share their workspace's part, by weight, in time and cpus used (`fair_share`); inside a change set the order is
// priority, rank, coming. An item whose key is closed waits apart (`parking`). What is next and has no room on its runner
// is waited for: nothing overtakes it, so that large runs start at all. A pool's fairness is its own; keys are common to all.
// Pure: time is an argument and never goes back; the same calls give the same answers. Every call costs O(log n), besides
// moving a strand once for each time that a key stops it.

import { limits } from '../base/limits.ts';
import { invariant } from '../base/result.ts';
import type { Charge } from './fair_share.ts';
import type { KeyLimits } from './key_gate.ts';
import { Parking } from './parking.ts';
import { Entry, type Line, makeReady, Pool, Strand, takeFromLine, type WaitingItem } from './strand.ts';

export interface FairQueueOptions {
  /** Asked when a key comes into use; default: no limits. */
  readonly limitsOf?: (key: string) => KeyLimits;
  /** Over 0; without a change set: of the workspace. Asked at every start and end; default 1. */
  readonly weightOf?: (workspace: string, changeSet?: string) => number;
  /** See `limits.shareCreditMs`. */
  readonly creditMs?: number;
}

/** Started, until `ended`. */
/** Started, until `ended` or given back. */
interface UnderWay<T extends WaitingItem> {
  readonly item: T;
  readonly sequence: number;
  readonly strand: Strand<T>;
  readonly ofWorkspace: Charge;
  readonly ofLine: Charge;
}

/** What a run costs before any of its change set or workspace has ended, and what it costs at least, in ms of a cpu. */
const firstGuessMs = 1;
const leastMs = 0.1;

export class FairQueue<T extends WaitingItem = WaitingItem> {
  readonly #weightOf: (workspace: string, changeSet?: string) => number;
  readonly #creditMs: number;
  readonly #parking: Parking<T>;
  readonly #pools = new Map<string, Pool<T>>();
  readonly #waiting = new Map<string, Entry<T>>();
  readonly #underWay = new Map<string, UnderWay<T>>();
  readonly #byWorkspace = new Map<string, number>();
  #pushed = 0;

  constructor({ limitsOf, weightOf, creditMs }: FairQueueOptions = {}) {
    this.#weightOf = weightOf ?? (() => 1);
    this.#creditMs = creditMs ?? limits.shareCreditMs;
    this.#parking = new Parking(limitsOf ?? (() => ({})));
  }

  /** Items waiting. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Items started and not ended. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Does it wait? */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Items of a workspace waiting. */
  waitingOf(workspace: string): number {
    return this.#byWorkspace.get(workspace) ?? 0;
  }

  /** What a pool is wanted for: workspaces that have something ready or under way, and whether anything is ready. */
  demandOf(pool: string): { readonly workspaces: number; readonly isWaiting: boolean } {
    const of = this.#pools.get(pool);
    return { workspaces: of?.workspaces.engaged ?? 0, isWaiting: of?.first !== undefined };
  }

  /** Runs under way that name the key. */
  underWayOf(key: string): number {
    return this.#parking.find(key)?.underWay ?? 0;
  }

  /** Ids are free again when their item was removed or has ended. */
  push(item: T, nowMs: number): void {
    const { id, workspace, changeSet, pool, cpus } = item;
    invariant(!this.#waiting.has(id) && !this.#underWay.has(id), `${id} is in the queue already`);
    invariant(cpus > 0, `${id} declares ${cpus} cpus`);
    this.#parking.sweep(nowMs);
    const share = this.#pool(pool).workspaces.flow(workspace);
    const line = share.lines.flow(changeSet);
    share.pool.workspaces.hold(share);
    share.lines.hold(line);
    const strand = this.#strand(line, item.keys);
    for (const gate of strand.gates) gate.items++;
    this.#list(new Entry(item, this.#pushed++, strand), nowMs);
  }

  /**
   * Starts what is next in a pool; undefined: nothing may start now, or what is next has no room (`fits`). To be asked again
   * when something was pushed or has ended, and at `nextAtMs`. The caller says `ended` for each item it was given.
   */
  take(pool: string, nowMs: number, fits: (item: T) => boolean = () => true): T | undefined {
    this.#parking.advance(nowMs);
    const of = this.#pools.get(pool);
    for (let strand = of?.first; strand !== undefined; strand = of?.first) {
      const closed = strand.gates.find((gate) => !gate.isOpen(nowMs));
      if (closed === undefined) {
        const entry = strand.entries.first!;
        return fits(entry.item) ? this.#start(entry, nowMs) : undefined;
      }
      this.#parking.park(strand, closed, nowMs);
    }
    return undefined;
  }

  /** When time lets something start that a key keeps waiting; undefined: only a push or an end will. After a `take` that gave nothing. */
  nextAtMs(): number | undefined {
    return this.#parking.opensAtMs;
  }

  /** It has ended, however, after so long. False: it was not under way. */
  ended(id: string, tookMs: number, nowMs: number): boolean {
    const run = this.#underWay.get(id);
    if (run === undefined) return false;
    this.#underWay.delete(id);
    const { item, strand } = run;
    const { line } = strand;
    const { workspace } = line;
    const used = Math.max(tookMs, leastMs);
    line.learn(used);
    workspace.learn(used);
    workspace.pool.workspaces.settle(workspace, run.ofWorkspace, this.#cost(item, used, 'workspace'));
    workspace.lines.settle(line, run.ofLine, this.#cost(item, used, 'line'));
    for (const gate of strand.gates) {
      gate.items--;
      gate.end();
    }
    for (const candidate of [...line.candidates]) this.#parking.chooseAgain(candidate, nowMs);
    for (const gate of strand.gates) this.#parking.hear(gate, nowMs);
    this.#drop(line);
    return true;
  }

  /** What was taken waits again, where it stood, and has used nothing. Its keys have no rates (`limitsOf`). */
  giveBack(id: string, nowMs: number): void {
    const run = this.#underWay.get(id);
    invariant(run !== undefined, `${id} is not under way`);
    this.#underWay.delete(id);
    const { item } = run;
    const { line } = run.strand;
    const { workspace } = line;
    workspace.pool.workspaces.settle(workspace, run.ofWorkspace, 0);
    workspace.lines.settle(line, run.ofLine, 0);
    for (const gate of run.strand.gates) gate.undo();
    this.#list(new Entry(item, run.sequence, this.#strand(line, item.keys)), nowMs);
    for (const candidate of [...line.candidates]) this.#parking.chooseAgain(candidate, nowMs);
    for (const gate of run.strand.gates) this.#parking.hear(gate, nowMs);
  }

  /** Takes a waiting item away; undefined: it does not wait. */
  remove(id: string, nowMs: number): T | undefined {
    const entry = this.#waiting.get(id);
    if (entry === undefined) return undefined;
    const { strand, item } = entry;
    this.#unlist(entry);
    for (const gate of strand.gates) gate.items--;
    if (strand.entries.size === 0) this.#end(strand, nowMs);
    else this.#moved(strand);
    this.#drop(strand.line);
    return item;
  }

  /** Of what has started more may be under way than a lower limit lets through; nothing starts until it is met. */
  setLimits(key: string, of: KeyLimits, nowMs: number): void {
    const gate = this.#parking.gate(key);
    gate.isSet = true;
    this.#parking.change(gate, nowMs, () => gate.setLimits(of));
  }

  /** Nothing with this key before that time, whatever its limits let through; see `KeyGate.hold`. */
  hold(key: string, untilMs: number, nowMs: number): void {
    const gate = this.#parking.find(key);
    if (gate !== undefined) this.#parking.change(gate, nowMs, () => gate.hold(untilMs));
  }

  /** A provider asked for time: nothing with this key before, one then, and on by its rate. */
  retryAfter(key: string, ms: number, nowMs: number): void {
    const gate = this.#parking.gate(key);
    this.#parking.change(gate, nowMs, () => gate.retryAfter(ms, nowMs));
  }

  #start(entry: Entry<T>, nowMs: number): T {
    const { item, strand } = entry;
    const { line } = strand;
    const { workspace } = line;
    this.#unlist(entry);
    const guess = line.expectedMs ?? workspace.expectedMs ?? firstGuessMs;
    const ofWorkspace = workspace.pool.workspaces.charge(workspace, this.#cost(item, guess, 'workspace'));
    const ofLine = workspace.lines.charge(line, this.#cost(item, guess, 'line'));
    this.#underWay.set(item.id, { item, sequence: entry.sequence, strand, ofWorkspace, ofLine });
    for (const gate of strand.gates) gate.start(nowMs);
    if (strand.entries.size === 0) this.#end(strand, nowMs);
    else {
      this.#moved(strand);
      this.#parking.chooseAgain(strand, nowMs);
    }
    return item;
  }

  #cost(item: T, ms: number, of: 'workspace' | 'line'): number {
    const { workspace, changeSet, cpus } = item;
    return (ms * cpus) / (of === 'line' ? this.#weightOf(workspace, changeSet) : this.#weightOf(workspace));
  }

  #pool(name: string): Pool<T> {
    let pool = this.#pools.get(name);
    if (pool === undefined) {
      pool = new Pool(name, this.#creditMs);
      this.#pools.set(name, pool);
    }
    return pool;
  }

  #strand(line: Line<T>, keys: readonly string[]): Strand<T> {
    const distinct = [...new Set(keys)].sort();
    const signature = JSON.stringify(distinct);
    let strand = line.strands.get(signature);
    if (strand === undefined) {
      const gates = distinct.map((key) => this.#parking.gate(key));
      strand = new Strand(line, signature, gates);
      line.strands.set(signature, strand);
    }
    return strand;
  }

  #list(entry: Entry<T>, nowMs: number): void {
    const { item, strand } = entry;
    strand.entries.add(entry);
    this.#waiting.set(item.id, entry);
    this.#byWorkspace.set(item.workspace, this.waitingOf(item.workspace) + 1);
    if (strand.entries.size === 1) makeReady(strand);
    else this.#moved(strand);
    // It may be more urgent than what its change set has been heard with.
    const candidate = strand.room?.candidate;
    if (candidate?.line === strand.line) this.#parking.chooseAgain(candidate, nowMs);
  }

  /** Takes an entry out of everything but the places of its strand. */
  #unlist(entry: Entry<T>): void {
    const { item, strand } = entry;
    strand.entries.remove(entry);
    this.#waiting.delete(item.id);
    const left = this.waitingOf(item.workspace) - 1;
    if (left > 0) this.#byWorkspace.set(item.workspace, left);
    else this.#byWorkspace.delete(item.workspace);
  }

  /** What stands first in a strand may be another. */
  #moved(strand: Strand<T>): void {
    if (strand.room === undefined) strand.line.ready.moved(strand);
    else strand.room.moved(strand);
  }

  /** Nothing of a strand waits any more. */
  #end(strand: Strand<T>, nowMs: number): void {
    strand.line.strands.delete(strand.signature);
    if (strand.room === undefined) takeFromLine(strand);
    else this.#parking.remove(strand);
    this.#parking.resign(strand, nowMs);
  }

  #drop(line: Line<T>): void {
    const { workspace } = line;
    const { pool } = workspace;
    workspace.lines.drop(line);
    pool.workspaces.drop(workspace);
    if (pool.workspaces.isIdle) this.#pools.delete(pool.name);
  }
}
