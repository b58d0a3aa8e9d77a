// The vertices that may be another than they were, and the order in which they are looked at: who reads what was marked is
// marked with it, nothing is looked at before that is done, and what waits for a call or stands behind one that does is
// left alone until the call has been answered. Knows nothing of values.

import type { ComponentId, Hash } from '../base/ids.ts';
import { Line } from '../base/line.ts';
import { idLength } from '../model/keys.ts';
import type { Path } from '../model/path.ts';
import type { Kept } from './derived.ts';
import type { Known, KnownComponent } from './known.ts';
import type { WantedCall } from './wanted.ts';

/** Vertices that have to be told something, one after the other. */
interface Spreading {
  /** Finds them, once all readers of the component are known. */
  readonly find: { readonly component: ComponentId; readonly users: () => readonly string[] } | undefined;
  users: readonly string[] | undefined;
  next: number;
  readonly tell: (user: string) => void;
}

/** A call, and who waits for it: mostly one. */
interface Waiting {
  readonly wanted: WantedCall;
  by: string | undefined;
  more: Set<string> | undefined;
}

function whoWaits({ by, more }: Waiting): readonly string[] {
  return by === undefined ? [...(more ?? [])] : more === undefined ? [by] : [by, ...more];
}

/** Up to so many are told at once. */
const toldAtOnce = 64;

/** A vertex that may be another than it was. */
export interface Marked {
  readonly address: string;
  readonly component: ComponentId;
  readonly path: Path;
  /** Something it reads has changed, or it itself. */
  dirty: boolean;
  /**
   * It has no value yet and is computed because that is asked for, nothing that it reads being another. Whoever has a value and
   * reads it would have had it computed before, so nobody has to be told.
   */
  isFirst: boolean;
  /** As of which structure `users` and `reads` are. */
  structure: number;
  /** Who reads it. */
  users: readonly string[] | undefined;
  /** What it reads, and how many of these are known to be settled. */
  reads: readonly string[] | undefined;
  settled: number;
  /** On the way down from a vertex that reads it. */
  open: boolean;
  /** The call it waits for. */
  waits: Hash | undefined;
  /** The call it waited for last, as long as it would make the same: nothing that it reads is another since. */
  asked: Hash | undefined;
  /** The vertex whose call it waits for in the end. */
  behind: string | undefined;
  /** What is kept of it, once that was looked up: it stays as long as it is marked. */
  kept: Kept | undefined;
  /** Those that cannot go on without it. */
  held: string[] | undefined;
}

export class Frontier {
  readonly #known: Known;
  readonly #marked = new Map<string, Marked>();
  /** Nothing is looked at before all have been told. */
  readonly #spreading: Spreading[] = [];
  #urgent: string[] = [];
  /** Those that can go on: what they waited for is there. Finishing what was begun keeps what is under way small. */
  readonly #ready = new Line<string>();
  readonly #queue = new Line<string>();
  #stack: string[] = [];
  readonly #waiting = new Map<Hash, Waiting>();
  #wanted: WantedCall[] = [];

  /** Grows whenever what has a value may read as another: it is marked first, and as long as it is it reads as pending. */
  stamp = 0;

  /** Calls waited for at once before no more of the queue is begun. */
  readonly #callsMax: number;

  constructor(known: Known, callsMax = Number.POSITIVE_INFINITY) {
    this.#known = known;
    this.#callsMax = callsMax;
  }

  get size(): number {
    return this.#marked.size;
  }

  /** Are there users still to be marked? */
  get isSpreading(): boolean {
    return this.#spreading.length > 0;
  }

  /** Is there something to look at, or to mark? */
  get busy(): boolean {
    if (this.#spreading.length + this.#stack.length + this.#urgent.length + this.#ready.length > 0) return true;
    return this.#queue.length > 0 && this.#waiting.size < this.#callsMax;
  }

  get(address: string): Marked | undefined {
    return this.#marked.get(address);
  }

  has(address: string): boolean {
    return this.#marked.has(address);
  }

  /** In the order in which they were marked. */
  all(): Iterable<Marked> {
    return this.#marked.values();
  }

  /** The one to look at now. */
  top(): string | undefined {
    return this.#stack.at(-1) ?? this.#next();
  }

  /** Looked at before others; what is not marked has no value yet. */
  first(address: string): void {
    if (!this.#marked.has(address)) this.markFirst(address);
    this.#urgent.push(address);
  }

  /** It is looked at next: what the top reads, before the top. */
  down(marked: Marked): void {
    marked.open = true;
    this.#stack.push(marked.address);
  }

  /** The top cannot go on before a vertex that waits for a call. */
  hold(marked: Marked, holder: Marked): void {
    holder.held ??= [];
    holder.held.push(marked.address);
    marked.behind = holder.address;
    this.leave(marked);
  }

  /** The top is none any more. */
  drop(): void {
    this.#stack.pop();
  }

  wants(key: Hash): boolean {
    return this.#waiting.has(key);
  }

  /** A call was answered: who waits for it is looked at again. Answers the call; undefined when nobody does. */
  answered(key: Hash): WantedCall | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(key);
    for (const address of whoWaits(waiting)) {
      const marked = this.#marked.get(address);
      if (marked?.waits !== key) continue;
      marked.waits = undefined;
      this.#ready.push(address);
    }
    return waiting.wanted;
  }

  /** Vertices that were on the way down go back to the queue, deepest first: the way may not be one any more. */
  unwind(): void {
    if (this.#stack.length === 0) return;
    for (const address of this.#stack) {
      const marked = this.#marked.get(address);
      if (marked !== undefined) marked.open = false;
    }
    this.#queue.unshift(this.#stack.reverse());
    this.#stack = [];
  }

  mark(address: string, dirty: boolean): void {
    const known = this.#marked.get(address);
    if (known === undefined) this.#add(address, dirty, false);
    else this.#again(known, dirty);
  }

  /** Marks what is behind what was marked, `most` vertices of it; readers to be found first count, too. Answers how many. */
  spread(most: number): number {
    let done = 0;
    for (let top = this.#spreading.at(-1); top !== undefined && done < most; top = this.#spreading.at(-1)) {
      if (top.users === undefined) {
        const { component, users } = top.find!;
        const readers = this.#known.readersOf(component);
        done += readers.load(most - done);
        if (!readers.isLoaded) continue;
        top.users = users();
        if (done >= most) continue;
      }
      const user = top.users[top.next++];
      if (user === undefined) {
        this.#spreading.pop();
        continue;
      }
      done++;
      top.tell(user);
    }
    return done;
  }

  /** Readers of something of a component that is another, to be marked. */
  spreadTo(component: ComponentId, users: (known: KnownComponent) => readonly string[]): void {
    const find = { component, users: () => users(this.#known.component(component)) };
    this.#spreading.push({ find, users: undefined, next: 0, tell: this.#markDirty });
  }

  readonly #markDirty = (user: string): void => this.mark(user, true);
  readonly #markUsers = (user: string): void => this.mark(user, false);

  /** Everything behind what was marked is marked from here on. */
  spreadAll(): void {
    this.spread(Number.POSITIVE_INFINITY);
  }

  #add(address: string, dirty: boolean, isFirst: boolean): Marked {
    const marked: Marked = {
      address,
      component: address.slice(0, idLength) as ComponentId,
      path: address.slice(idLength) as Path,
      dirty,
      isFirst,
      structure: -1,
      users: undefined,
      reads: undefined,
      settled: 0,
      open: false,
      waits: undefined,
      asked: undefined,
      behind: undefined,
      kept: undefined,
      held: undefined,
    };
    this.#marked.set(address, marked);
    this.stamp++;
    this.#queue.push(address);
    if (!isFirst) this.#spreadFrom(marked);
    return marked;
  }

  #spreadFrom(marked: Marked): void {
    const find = { component: marked.component, users: () => this.usersOf(marked) };
    this.#spreading.push({ find, users: undefined, next: 0, tell: this.#markUsers });
  }

  /** Who reads it, by what the structure is now. */
  usersOf(marked: Marked): readonly string[] {
    this.sameStructure(marked);
    marked.users ??= this.#known.component(marked.component).usersAt(marked.path);
    return marked.users;
  }

  sameStructure(marked: Marked): void {
    if (marked.structure === this.#known.structure) return;
    marked.structure = this.#known.structure;
    marked.users = undefined;
    marked.reads = undefined;
    marked.settled = 0;
  }

  /** Something it reads has been marked after it was looked at, or it itself is another. */
  #again(marked: Marked, dirty: boolean): void {
    marked.settled = 0;
    if (!dirty) return;
    marked.dirty = true;
    marked.asked = undefined;
    if (marked.waits === undefined && marked.behind === undefined) return;
    if (marked.waits !== undefined) this.stopWaiting(marked);
    marked.behind = undefined;
    this.#queue.push(marked.address);
  }

  stopWaiting(marked: Marked): void {
    const waiting = this.#waiting.get(marked.waits!);
    if (waiting?.by === marked.address) waiting.by = undefined;
    waiting?.more?.delete(marked.address);
    if (waiting !== undefined && whoWaits(waiting).length === 0) this.#waiting.delete(marked.waits!);
    marked.waits = undefined;
  }

  /** The next that can be worked on: what was demanded first, then the queue. */
  #next(): string | undefined {
    for (let address = this.#urgent.pop(); address !== undefined; address = this.#urgent.pop())
      if (this.#open(address)) return address;
    for (let address = this.#ready.shift(); address !== undefined; address = this.#ready.shift())
      if (this.#open(address)) return address;
    while (this.#waiting.size < this.#callsMax) {
      const address = this.#queue.shift();
      if (address === undefined) return undefined;
      if (this.#open(address)) return address;
    }
    return undefined;
  }

  /** Begins the way down from a vertex, unless it waits or is on one. */
  #open(address: string): boolean {
    const marked = this.#marked.get(address);
    if (marked === undefined || marked.waits !== undefined || marked.behind !== undefined || marked.open) return false;
    this.down(marked);
    return true;
  }

  /** Marks something that has no value yet and is not marked. */
  markFirst(address: string): Marked {
    return this.#add(address, true, true);
  }

  leave(marked: Marked): void {
    marked.open = false;
    this.#stack.pop();
  }

  wait(marked: Marked, wanted: WantedCall): void {
    const { key } = wanted;
    marked.waits = key;
    marked.asked = key;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.more ??= new Set();
      waiting.more.add(marked.address);
      return;
    }
    this.#waiting.set(key, { wanted, by: marked.address, more: undefined });
    this.#wanted.push(wanted);
  }

  /** It is settled: those that read it are looked at if it changed, those that waited for it go on. */
  clear(marked: Marked, changed: boolean): void {
    this.#marked.delete(marked.address);
    // One that was settled from outside while on the way down: its own turn finds nothing left to do.
    marked.open = false;
    if (changed && !marked.isFirst) this.#tellAll(this.usersOf(marked), this.#tellChanged);
    if (marked.held === undefined) return;
    this.#tellAll(marked.held, (address) => {
      const there = this.#marked.get(address);
      if (there?.behind !== marked.address) return;
      there.behind = undefined;
      this.#ready.push(address);
    });
  }

  /** A few at once, many in portions. */
  #tellAll(users: readonly string[], tell: (user: string) => void): void {
    if (users.length <= toldAtOnce) for (const user of users) tell(user);
    else this.#spreading.push({ find: undefined, users, next: 0, tell });
  }

  /** Something that it reads has been settled and is another. */
  readonly #tellChanged = (user: string): void => {
    const there = this.#marked.get(user);
    if (there === undefined) {
      this.mark(user, true);
      return;
    }
    there.dirty = true;
    there.asked = undefined;
    // It waits for a call with what it read before.
    if (there.waits === undefined) return;
    this.stopWaiting(there);
    this.#queue.push(user);
  };

  /** See `Propagation.takeWanted`. */
  takeWanted(): readonly WantedCall[] {
    const out = this.#wanted.filter((wanted) => this.#waiting.get(wanted.key)?.wanted === wanted);
    this.#wanted = [];
    return out;
  }

  /** The few vertices that a marked one waits for in the end: calls under way, or itself. */
  rootsOf(marked: Marked): string[] {
    const out: string[] = [];
    const seen = new Set<string>();
    const todo = [marked];
    for (let at = todo.pop(); at !== undefined && out.length < 8; at = todo.pop()) {
      if (seen.has(at.address)) continue;
      seen.add(at.address);
      const below = this.#known
        .component(at.component)
        .readsOf(at.path)
        .flatMap((a) => this.#marked.get(a) ?? []);
      if (below.length === 0 || at.waits !== undefined) out.push(at.address);
      else todo.push(...below);
    }
    return out;
  }
}
