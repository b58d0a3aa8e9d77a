// What waits, as the queue keeps it: items of one change set that need the same keys are one strand, because whatever
// stops one of them stops all; the strands of a change set are its line; the lines of a workspace share the workspace's part
// of a pool. Moving a strand to another place moves all its items at once.

import { FairShare, Flow } from './fair_share.ts';
import { Heap } from './heap.ts';
import type { Gate, Room } from './parking.ts';

/** Somebody waits for it; a change set catches up; nobody is in a hurry. */
export type Priority = 'interactive' | 'replay' | 'background';

/** The most urgent first. */
export const priorities: readonly Priority[] = ['interactive', 'replay', 'background'];

const order: Readonly<Record<Priority, number>> = { interactive: 0, replay: 1, background: 2 };

export interface WaitingItem {
  readonly id: string;
  readonly workspace: string;
  readonly changeSet: string;
  /** Strict within the change set. */
  readonly priority: Priority;
  /** Runners that may take it, by label; fairness is kept within a pool. */
  readonly pool: string;
  /** Part of its cost: a share is one of time and cpus. Over 0. */
  readonly cpus: number;
  /** Concurrency keys. */
  readonly keys: readonly string[];
  /** Larger goes first within its change set and priority (the longest remaining path); default 0. */
  readonly rank?: number;
}

/** An item in the queue. */
export class Entry<T extends WaitingItem> {
  heapIndex = -1;
  readonly item: T;
  /** Order of coming. */
  readonly sequence: number;
  readonly strand: Strand<T>;

  constructor(item: T, sequence: number, strand: Strand<T>) {
    this.item = item;
    this.sequence = sequence;
    this.strand = strand;
  }
}

function compareEntries<T extends WaitingItem>(a: Entry<T>, b: Entry<T>): number {
  return (
    order[a.item.priority] - order[b.item.priority] ||
    (b.item.rank ?? 0) - (a.item.rank ?? 0) ||
    a.sequence - b.sequence
  );
}

/** Stands in its line while it is ready, in a room while a key keeps it waiting. */
export class Strand<T extends WaitingItem> {
  heapIndex = -1;
  readonly line: Line<T>;
  readonly signature: string;
  readonly gates: readonly Gate<T>[];
  readonly entries = new Heap<Entry<T>>(compareEntries);
  /** Where it waits; undefined: it is ready. */
  room: Room<T> | undefined;
  /** It is ready on behalf of all that wait in this room. */
  candidateOf: Room<T> | undefined;

  constructor(line: Line<T>, signature: string, gates: readonly Gate<T>[]) {
    this.line = line;
    this.signature = signature;
    this.gates = gates;
  }
}

/** Strands are never empty while they are compared. */
export function compareStrands<T extends WaitingItem>(a: Strand<T>, b: Strand<T>): number {
  return compareEntries(a.entries.first!, b.entries.first!);
}

/** A change set's part of one workspace's part of a pool. */
export class Line<T extends WaitingItem> extends Flow {
  readonly workspace: WorkspaceShare<T>;
  readonly ready = new Heap<Strand<T>>(compareStrands);
  readonly strands = new Map<string, Strand<T>>();
  /** Ready strands that stand for a room. */
  readonly candidates = new Set<Strand<T>>();

  constructor(workspace: WorkspaceShare<T>, name: string, order: number) {
    super(name, order);
    this.workspace = workspace;
  }
}

/** A workspace's part of a pool. */
export class WorkspaceShare<T extends WaitingItem> extends Flow {
  readonly pool: Pool<T>;
  /** Anybody may open change sets: a new one has no credit. */
  readonly lines: FairShare<Line<T>> = new FairShare<Line<T>>(0, (name, order) => new Line(this, name, order));

  constructor(pool: Pool<T>, name: string, order: number) {
    super(name, order);
    this.pool = pool;
  }
}

export class Pool<T extends WaitingItem> {
  readonly name: string;
  readonly workspaces: FairShare<WorkspaceShare<T>>;

  constructor(name: string, creditMs: number) {
    this.name = name;
    this.workspaces = new FairShare(creditMs, (of, order) => new WorkspaceShare(this, of, order));
  }

  /** Whose turn it is. */
  get first(): Strand<T> | undefined {
    return this.workspaces.first?.lines.first?.ready.first;
  }
}

/** Puts a strand into its line; the line and the workspace have something ready from here on. */
export function makeReady<T extends WaitingItem>(strand: Strand<T>): void {
  const { line } = strand;
  line.ready.add(strand);
  line.workspace.lines.enter(line);
  line.workspace.pool.workspaces.enter(line.workspace);
}

export function takeFromLine<T extends WaitingItem>(strand: Strand<T>): void {
  const { line } = strand;
  line.ready.remove(strand);
  if (line.ready.size > 0) return;
  const { workspace } = line;
  workspace.lines.leave(line);
  if (workspace.lines.first === undefined) workspace.pool.workspaces.leave(workspace);
}
