// Where strands wait for a key. A strand that a closed gate stops is parked in a room of that gate, one room for each
// workspace of each pool, and not looked at again until the gate opens. Then one strand of each room that has none is made
// ready, the candidate of the room: of the change set that has used least. It competes for its turn as everything does; when it
// is served or parked elsewhere the room offers the next. So an open gate is always represented, no workspace's waiting is
// hidden behind another's, and a start moves one strand by room, however many wait.

import type { Flow } from './fair_share.ts';
import { Heap } from './heap.ts';
import { KeyGate, type KeyLimits } from './key_gate.ts';
import { compareStrands, type Line, makeReady, type Strand, takeFromLine, type WaitingItem } from './strand.ts';

/** A key in use. */
export class Gate<T extends WaitingItem> extends KeyGate {
  /** Place among the gates that time will open. */
  heapIndex = -1;
  /** Items that name it, waiting and under way. */
  items = 0;
  /** Its limits were set, not asked for: they would be lost with it. */
  isSet = false;
  /** By the workspace's part of a pool. */
  readonly rooms = new Map<Line<T>['workspace'], Room<T>>();
  /** Rooms without a candidate. */
  readonly unheard = new Set<Room<T>>();
}

/** Strands of one change set that wait in one room. */
class Bench<T extends WaitingItem> {
  heapIndex = -1;
  readonly line: Line<T>;
  readonly strands = new Heap<Strand<T>>(compareStrands);
  /** The tag of the line when it was looked at last; it only grows, but for corrections. */
  tag: number;

  constructor(line: Line<T>) {
    this.line = line;
    this.tag = tagOf(line);
  }
}

function tagOf(line: Flow): number {
  return Math.max(line.floor, line.finish);
}

export class Room<T extends WaitingItem> {
  readonly gate: Gate<T>;
  readonly workspace: Line<T>['workspace'];
  candidate: Strand<T> | undefined;
  readonly #benches = new Heap<Bench<T>>((a, b) => a.tag - b.tag || a.line.order - b.line.order);
  readonly #byLine = new Map<Line<T>, Bench<T>>();

  constructor(gate: Gate<T>, workspace: Line<T>['workspace']) {
    this.gate = gate;
    this.workspace = workspace;
  }

  get isEmpty(): boolean {
    return this.#benches.size === 0;
  }

  add(strand: Strand<T>): void {
    let bench = this.#byLine.get(strand.line);
    if (bench === undefined) {
      bench = new Bench(strand.line);
      this.#byLine.set(strand.line, bench);
      this.#benches.add(bench);
    }
    bench.strands.add(strand);
    strand.room = this;
  }

  remove(strand: Strand<T>): void {
    const bench = this.#byLine.get(strand.line)!;
    bench.strands.remove(strand);
    strand.room = undefined;
    if (bench.strands.size > 0) return;
    this.#benches.remove(bench);
    this.#byLine.delete(strand.line);
  }

  /** What stands first in the strand is another. */
  moved(strand: Strand<T>): void {
    this.#byLine.get(strand.line)!.strands.moved(strand);
  }

  /** Of the change set that has used least. Tags are read again only where they decide. */
  get next(): Strand<T> | undefined {
    for (;;) {
      const bench = this.#benches.first;
      if (bench === undefined) return undefined;
      const tag = tagOf(bench.line);
      if (tag <= bench.tag) return bench.strands.first;
      bench.tag = tag;
      this.#benches.moved(bench);
    }
  }
}

export class Parking<T extends WaitingItem> {
  readonly #limitsOf: (key: string) => KeyLimits;
  readonly #gates = new Map<string, Gate<T>>();
  /** Gates that somebody waits for and that time will open. */
  readonly #timed = new Heap<Gate<T>>((a, b) => a.opensAtMs - b.opensAtMs || (a.key < b.key ? -1 : 1));
  #sweepAt = 256;

  constructor(limitsOf: (key: string) => KeyLimits) {
    this.#limitsOf = limitsOf;
  }

  /** When time opens the next gate that somebody waits for. */
  get opensAtMs(): number | undefined {
    return this.#timed.first?.opensAtMs;
  }

  /** Gates remembered. */
  get size(): number {
    return this.#gates.size;
  }

  find(key: string): Gate<T> | undefined {
    return this.#gates.get(key);
  }

  gate(key: string): Gate<T> {
    const known = this.#gates.get(key);
    if (known !== undefined) return known;
    const made = new Gate<T>(key, this.#limitsOf(key));
    this.#gates.set(key, made);
    return made;
  }

  /** Opens what time has opened. */
  advance(nowMs: number): void {
    for (let gate = this.#timed.first; gate !== undefined && gate.opensAtMs <= nowMs; gate = this.#timed.first) {
      this.#timed.remove(gate);
      this.hear(gate, nowMs);
    }
  }

  /** A ready strand that `gate` stops, or that was chosen too soon. The candidate goes with it: the room will choose anew. */
  park(strand: Strand<T>, gate: Gate<T>, nowMs: number): void {
    const { workspace } = strand.line;
    let room = gate.rooms.get(workspace);
    if (room === undefined) {
      room = new Room(gate, workspace);
      gate.rooms.set(workspace, room);
    }
    takeFromLine(strand);
    room.add(strand);
    if (room.candidate !== undefined && room.candidate !== strand) {
      const other = room.candidate;
      takeFromLine(other);
      room.add(other);
      this.resign(other, nowMs);
    }
    if (room.candidate === undefined) gate.unheard.add(room);
    this.resign(strand, nowMs);
    this.hear(gate, nowMs);
  }

  /** Takes a parked strand away for good. */
  remove(strand: Strand<T>): void {
    const room = strand.room!;
    room.remove(strand);
    this.#close(room);
  }

  /** A candidate was served, or something else speaks for others of its room: the room chooses again. */
  chooseAgain(strand: Strand<T>, nowMs: number): void {
    const room = strand.candidateOf;
    if (room !== undefined && !room.isEmpty) this.park(strand, room.gate, nowMs);
  }

  /** The strand no longer stands for its room. */
  resign(strand: Strand<T>, nowMs: number): void {
    const room = strand.candidateOf;
    if (room === undefined) return;
    strand.candidateOf = undefined;
    strand.line.candidates.delete(strand);
    room.candidate = undefined;
    if (!room.isEmpty) room.gate.unheard.add(room);
    this.#close(room);
    this.hear(room.gate, nowMs);
  }

  /** Changes what the gate lets through. */
  change(gate: Gate<T>, nowMs: number, body: () => void): void {
    if (gate.heapIndex >= 0) this.#timed.remove(gate);
    body();
    this.hear(gate, nowMs);
  }

  /** Something about the gate has changed: if it is open, every room of it is represented. */
  hear(gate: Gate<T>, nowMs: number): void {
    if (gate.heapIndex >= 0) this.#timed.remove(gate);
    if (gate.unheard.size === 0 || gate.isFull) return;
    if (!gate.isOpen(nowMs)) {
      this.#timed.add(gate);
      return;
    }
    for (const room of gate.unheard) {
      const strand = room.next!;
      room.remove(strand);
      room.candidate = strand;
      strand.candidateOf = room;
      strand.line.candidates.add(strand);
      makeReady(strand);
    }
    gate.unheard.clear();
  }

  #close(room: Room<T>): void {
    if (!room.isEmpty) return;
    room.gate.unheard.delete(room);
    if (room.candidate === undefined) room.gate.rooms.delete(room.workspace);
  }

  /** Forgets, now and then, gates that nobody names and that would let through what a new one does. */
  sweep(nowMs: number): void {
    if (this.#gates.size < this.#sweepAt) return;
    for (const [key, gate] of this.#gates) {
      if (gate.items === 0 && !gate.isSet && gate.isAtRest(nowMs)) this.#gates.delete(key);
    }
    this.#sweepAt = Math.max(256, 2 * this.#gates.size);
  }
}
