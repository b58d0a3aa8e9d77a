// The computed values of one change set, kept up to date: a step to another state marks what may be another, and only where
// an input really is another something runs. Marking goes from what changed to everything behind it; settling goes the
// other way: a vertex is looked at when all it reads is settled, runs only when one of these changed, and an equal result
// ends the wave there. This is the two-colour marking of Reactively and Salsa's early cut-off, with results that
// may come later: a vertex that needs the result of a user's function asks for the call and waits, and nothing behind it runs.
//
// Pure: time does not pass here. Work comes in portions, so that whoever drives it can do other things between; a step
// to another state may come between any two portions.

import type { ComponentId, Digest, Hash } from '../base/ids.ts';
import { type Json, sameJson } from '../base/json.ts';
import {
  type Known as AskedOf,
  Assembly,
  type Call,
  type Evaluated,
  none,
  rooted,
  type ViewProblem,
} from '../builtins/assemble.ts';
import type { Bound } from '../graph/bound.ts';
import { membersOfCycle } from '../graph/cycle.ts';
import type { Source } from '../model/expr.ts';
import { idLength, splitAddress } from '../model/keys.ts';
import type { Path } from '../model/path.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type CellChange, changesBetween } from './changes.ts';
import { type Answered, Derived, type Kept, sameEvaluated } from './derived.ts';
import { isOpen, Known } from './known.ts';

/** A call that something waits for. */
export interface WantedCall {
  /** Of the function's text and the input together. */
  readonly key: Hash;
  readonly call: Call;
  /** The vertex that asked first. */
  readonly at: Source;
  /** What else the result depends on; see `PropagationOptions.scopeOf`. */
  readonly scope: string;
}

interface Spreading {
  readonly from: Marked | undefined;
  users: readonly string[] | undefined;
  next: number;
  readonly dirty: boolean;
  /** The vertex on whose way down it was marked: that one knows. */
  readonly except: string;
}

export interface PropagationOptions {
  /** What earlier calls gave, when that is at hand; undefined: the call has to run. */
  readonly recall?: (key: Hash, call: Call) => Evaluated | undefined;
  /**
   * What the result of a call depends on besides text and input: of a function with effects, who asks and with which secrets
   * of the state. Default: nothing.
   */
  readonly scopeOf?: (call: Call, address: string, state: Snapshot) => string;
  /** Told of every vertex that is computed, with the calls it needs included; for tests and statistics. */
  readonly ran?: (address: string) => void;
}

/** How a value stands. `root`: the vertex that is the reason, where it is another. */
export type Freshness =
  | { readonly state: 'fresh' | 'awaiting' }
  | { readonly state: 'pending'; readonly waits: readonly string[] }
  | { readonly state: 'error'; readonly code: string; readonly message: string }
  | { readonly state: 'blocked-by'; readonly root: string; readonly code: string; readonly message: string };

/** A vertex that may be another than it was. */
interface Marked {
  readonly address: string;
  readonly component: ComponentId;
  readonly path: Path;
  /** Something it reads has changed, or it itself. */
  dirty: boolean;
  /** As of which structure `users` and `reads` are. */
  structure: number;
  /** Who reads it. */
  users: readonly string[];
  /** What it reads, and how many of these are known to be settled. */
  reads: readonly string[] | undefined;
  settled: number;
  /** On the way down from a vertex that reads it. */
  open: boolean;
  /** The call it waits for. */
  waits: Hash | undefined;
  /** The vertex whose call it waits for in the end. */
  behind: string | undefined;
  /** Those that cannot go on without it. */
  held: string[] | undefined;
}

/** Answers at hand for vertices that are still to be computed; what was used is kept with the vertex. */
const answersMax = 65_536;
/** Keys read at once when looking for vertices without a value. */
const scannedMax = 1_000;

export class Propagation {
  readonly #known: Known;
  readonly #derived: Derived;
  readonly #asked: AskedOf;
  readonly #assembly: Assembly;
  readonly #options: PropagationOptions;
  readonly #marked = new Map<string, Marked>();
  /** Whose users are still to be marked; nothing is computed before all are. */
  readonly #spreading: Spreading[] = [];
  #urgent: string[] = [];
  #queue: string[] = [];
  #stack: string[] = [];
  readonly #waiting = new Map<Hash, { readonly wanted: WantedCall; readonly by: Set<string> }>();
  #wanted: WantedCall[] = [];
  readonly #answers = new Map<Hash, Evaluated>();
  /** Key of `cells` up to which vertices without a value have been looked for; undefined: all have. */
  #unseen: { cells: string; components: string } | undefined;
  /** While a vertex is computed: it, and the calls it made. */
  #computing:
    | { readonly kept: Kept | undefined; readonly calls: Answered[]; missing: WantedCall | undefined; at: Marked }
    | undefined;
  /** Vertices computed since this was made. */
  runs = 0;

  /**
   * `derived`: what was computed of `state`; undefined: nothing was. What has no value yet is computed when something it reads
   * changes or when it is demanded, and with `all` also without being asked.
   */
  constructor(state: Snapshot, derived?: Derived, options: PropagationOptions = {}, all = derived === undefined) {
    this.#known = new Known(state);
    this.#derived = derived ?? new Derived(state.space);
    this.#unseen = all ? { cells: '', components: '' } : undefined;
    this.#options = options;
    this.#asked = {
      facts: (component) => this.#known.component(component).facts,
      result: (component, path) => this.#resultAt(component + path),
      functionOf: (id) => this.#known.functionOf(id),
    };
    this.#assembly = new Assembly(this.#asked, (call) => this.#answerOf(call));
  }

  get state(): Snapshot {
    return this.#known.state;
  }

  /** Nothing is left to do and nothing is waited for. */
  get quiet(): boolean {
    return this.#marked.size === 0 && this.#spreading.length === 0 && this.#unseen === undefined;
  }

  /** There is work that can be done now. */
  get busy(): boolean {
    return this.#spreading.length > 0 || this.#queue.length > 0 || this.#stack.length > 0 || this.#unseen !== undefined;
  }

  /** Vertices that are not settled. */
  get pending(): number {
    this.#spreadAll();
    return this.#marked.size;
  }

  /** May the vertex at an address be another than it was? */
  isMarked(address: string): boolean {
    this.#spreadAll();
    return this.#marked.has(address);
  }

  /** Addresses of some that are not settled, in the order in which they were marked. */
  pendingAddresses(most: number): string[] {
    this.#spreadAll();
    const out: string[] = [];
    for (const address of this.#marked.keys()) {
      if (out.length >= most) break;
      out.push(address);
    }
    return out;
  }

  /** The same values for another change set that stands at the same state; what is not settled here is not there either. */
  fork(options: PropagationOptions = this.#options): Propagation {
    this.#spreadAll();
    const other = new Propagation(this.state, this.#derived.fork(), options, false);
    other.#unseen = this.#unseen && { ...this.#unseen };
    for (const { address, dirty } of this.#marked.values()) other.#mark(address, dirty);
    return other;
  }

  /** Goes on to another state: marks what may be another. O(what lies between, and what is behind it). */
  moveTo(next: Snapshot): void {
    const before = this.state;
    if (next === before) return;
    const changes = changesBetween(before, next);
    const { structure } = this.#known;
    const boundsOf = (id: ComponentId): readonly Bound[] => this.#known.component(id).facts?.bounds ?? [];
    const bounds = new Map([...changes.components, ...changes.rebound].map((id) => [id, boundsOf(id)]));
    this.#known.moveTo(next, changes);
    if (this.#known.structure !== structure) this.#unwind();
    for (const change of changes.cells) this.#markCell(change);
    for (const id of changes.components) {
      // Its own cells follow what they followed; functions are in force only where it is not absent.
      for (const { output } of [...bounds.get(id)!, ...boundsOf(id)]) this.#markOutput(id, output);
      this.#spreadTo(this.#known.component(id).allUsers());
    }
    for (const id of changes.rebound)
      for (const output of otherOutputs(bounds.get(id)!, boundsOf(id))) this.#markOutput(id, output);
    for (const address of changes.callers) this.#mark(address, true);
    // Where the secrets make no difference to a call, nothing runs.
    for (const id of changes.secrets)
      for (const { output } of this.#known.component(id).facts?.bounds ?? []) this.#mark(id + output, true);
    for (const id of changes.resources) {
      for (const path of ['/resource', '/resource_value', '/si/resourceId'] as Path[])
        this.#spreadTo(this.#known.component(id).usersAt(path));
    }
  }

  /** Marks what a change of one cell may make another: its own vertex, who reads it, functions that it stands over. */
  #markCell({ component, path, element, before, after }: CellChange): void {
    if (before?.startsWith('{"x":') || after?.startsWith('{"x":')) this.#mark(component + path, true);
    const known = this.#known.component(component);
    if (known.hasBounds) for (const output of known.outputsAt(path)) this.#markOutput(component, output);
    const isMove = element && before !== undefined && after !== undefined;
    // Neither a list's order nor that a container is there changes what is inside.
    const users = isMove
      ? known.usersAbove(path, false)
      : !element && isOpen(before) && isOpen(after)
        ? known.usersAbove(path, true)
        : known.usersAt(path);
    this.#spreadTo(users);
  }

  /** Marks a bound function's vertex. Where it is not in force any more, nobody finds it below what they read. */
  #markOutput(component: ComponentId, output: Path): void {
    const known = this.#known.component(component);
    this.#mark(component + output, true);
    if (known.boundAt(output) !== undefined || !this.#derived.has(component + output)) return;
    this.#spreadTo(known.usersAt(output));
  }

  /** Vertices that were on the way down go back to the queue, deepest first: the way may not be one any more. */
  #unwind(): void {
    if (this.#stack.length === 0) return;
    for (const address of this.#stack) {
      const marked = this.#marked.get(address);
      if (marked !== undefined) marked.open = false;
    }
    this.#queue = [...this.#stack.reverse(), ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#stack = [];
  }

  /** Works on at most `most` vertices; looking for those without a value counts by keys. Answers how many it looked at. */
  step(most: number): number {
    let done = 0;
    while (done < most) {
      // What was marked on the way has its users marked before anything else is computed.
      if (this.#spreading.length > 0) {
        done += this.#spread(most - done);
        continue;
      }
      const top = this.#stack.at(-1) ?? this.#next();
      if (top === undefined) {
        if (this.#unseen === undefined) break;
        done += this.#lookForMore(this.#unseen, Math.min(most - done, scannedMax));
        continue;
      }
      done++;
      this.#visit(top);
    }
    return done;
  }

  /** Has what an address is made of computed first. */
  demand(at: Source): void {
    this.#spreadAll();
    const known = this.#known.component(at.component);
    for (const path of known.verticesAt(at.path)) {
      const address = at.component + path;
      if (this.#derived.has(address) && !this.#marked.has(address)) continue;
      this.#mark(address, false);
      this.#urgent.push(address);
    }
  }

  /** Is all that an address is made of settled? */
  isSettled(at: Source): boolean {
    this.#spreadAll();
    const known = this.#known.component(at.component);
    return known.verticesAt(at.path).every((path) => {
      const address = at.component + path;
      return this.#derived.has(address) && !this.#marked.has(address);
    });
  }

  /**
   * Calls asked for since this was last called that are still waited for, each once. One that nothing waited for any more
   * and that is asked for again comes again, also when it is under way.
   */
  takeWanted(): readonly WantedCall[] {
    const out = this.#wanted.filter((wanted) => this.#waiting.get(wanted.key)?.wanted === wanted);
    this.#wanted = [];
    return out;
  }

  /** Is anything still waiting for the call? */
  wants(key: Hash): boolean {
    return this.#waiting.has(key);
  }

  /** What a call gave. Whoever waits for it goes on; one whose inputs have moved meanwhile asks for another call. */
  deliver(key: Hash, gave: Evaluated): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    this.#waiting.delete(key);
    this.#answers.set(key, gave);
    if (this.#answers.size > answersMax) this.#answers.delete(this.#answers.keys().next().value!);
    for (const address of waiting.by) {
      const marked = this.#marked.get(address);
      if (marked?.waits !== key) continue;
      marked.waits = undefined;
      this.#queue.push(address);
    }
  }

  /** Forgets what calls gave that no vertex has any more. */
  forgetAnswers(): void {
    this.#answers.clear();
  }

  /** Runs the call of a vertex again although its inputs are the same: for what failed for a reason outside. */
  again(address: string): void {
    const kept = this.#derived.get(address);
    if (kept === undefined) return;
    for (const { key } of kept.calls ?? []) this.#answers.delete(key);
    this.#derived.set(address, { is: kept.is });
    this.#mark(address, true);
  }

  /** The value at an address as it stands. Where something it is made of is not settled: `pending`, with the value before. */
  read(at: Source): Evaluated {
    this.#spreadAll();
    return this.#assembly.read(at);
  }

  /** A whole component as it stands, with what is not fresh; undefined: it is not in the state. */
  view(component: ComponentId): { value: Json; problems: readonly ViewProblem[] } | undefined {
    this.#spreadAll();
    const { facts } = this.#known.component(component);
    return facts?.spec === undefined ? undefined : this.#assembly.view(facts);
  }

  freshness(at: Source): Freshness {
    this.#spreadAll();
    let awaits = false;
    const known = this.#known.component(at.component);
    for (const path of known.verticesAt(at.path)) {
      const address = at.component + path;
      const marked = this.#marked.get(address);
      if (marked !== undefined) return { state: 'pending', waits: this.#rootsOf(marked) };
      const kept = this.#derived.get(address)?.is;
      if (kept === undefined) return { state: 'pending', waits: [address] };
      if (kept.state === 'error') {
        const { code, message, root } = kept;
        return root === undefined ? { state: 'error', code, message } : { state: 'blocked-by', root, code, message };
      }
      awaits ||= kept.state !== 'pending' && kept.awaits === true;
    }
    if (awaits) return { state: 'awaiting' };
    const read = this.#assembly.read(at);
    return read.state === 'none' && read.awaits ? { state: 'awaiting' } : { state: 'fresh' };
  }

  /** What is kept of one vertex, for explaining. */
  keptAt(address: string): Kept | undefined {
    return this.#derived.get(address);
  }

  /** Calls of functions that a vertex makes as things stand, as far as it gets, with what each gave; for explaining. Runs nothing. */
  callsAt(
    address: string,
  ): readonly { readonly key: Hash; readonly call: Call; readonly gave: Evaluated | undefined }[] {
    this.#spreadAll();
    const { component, path } = splitAddress(address);
    const known = this.#known.component(component);
    const kept = this.#derived.get(address)?.calls ?? [];
    const made: { key: Hash; call: Call; gave: Evaluated | undefined }[] = [];
    const asking = new Assembly(this.#asked, (call) => {
      const key = keyOfCall(this.state.space.digest, call, this.#options.scopeOf?.(call, address, this.state) ?? '');
      const gave = kept.find((c) => c.key === key)?.gave ?? this.#answers.get(key) ?? this.#options.recall?.(key, call);
      made.push({ key, call, gave });
      return gave ?? { state: 'pending' };
    });
    const { facts } = known;
    const cell = facts?.cellAt(path);
    const bound = cell === undefined ? known.boundAt(path) : undefined;
    if (facts !== undefined && !facts.absent && bound !== undefined) asking.ofBound(facts, bound);
    else if (cell !== undefined && 'x' in cell) asking.ofExpr(cell.x);
    return made;
  }

  /** Addresses of the vertices that the value at an address is made of. */
  verticesAt({ component, path }: Source): string[] {
    return this.#known
      .component(component)
      .verticesAt(path)
      .map((vertex) => component + vertex);
  }

  /** Writes what was computed into the persistent map: its root. Only when all is settled. */
  checkpoint(): Hash | undefined {
    return this.quiet ? this.#derived.checkpoint() : undefined;
  }

  /** Moves some of what was computed into the persistent map, so that `checkpoint` has less to do. Answers what is left. */
  fold(most: number): number {
    return this.#derived.fold(most);
  }

  /** Root of what was folded, whose chunks are needed as long as this is used. */
  get foldedRoot(): Hash {
    return this.#derived.root;
  }

  /** Values in memory that the last checkpoint does not have. */
  get unsaved(): number {
    return this.#derived.recent;
  }

  /** Every settled value by address, in order. */
  values(): Map<string, Evaluated> {
    const out = new Map<string, Evaluated>();
    for (const [address, { is }] of this.#derived.entries()) out.set(address, is);
    return out;
  }

  #mark(address: string, dirty: boolean): void {
    const known = this.#marked.get(address);
    if (known === undefined) this.#add(address, dirty);
    else this.#again(known, dirty);
  }

  /** Marks what is behind what was marked, `most` vertices of it. Answers how many. */
  #spread(most: number): number {
    let done = 0;
    for (let top = this.#spreading.at(-1); top !== undefined && done < most; top = this.#spreading.at(-1)) {
      top.users ??= this.#usersOf(top.from!);
      const user = top.users[top.next++];
      if (user === undefined) {
        this.#spreading.pop();
        continue;
      }
      done++;
      if (user !== top.except) this.#mark(user, top.dirty);
    }
    return done;
  }

  /** Readers of something that is another, to be marked. */
  #spreadTo(users: readonly string[]): void {
    if (users.length > 0) this.#spreading.push({ from: undefined, users, next: 0, dirty: true, except: '' });
  }

  /** Everything behind what was marked is marked from here on. */
  #spreadAll(): void {
    this.#spread(Number.POSITIVE_INFINITY);
  }

  #add(address: string, dirty: boolean, except = ''): Marked {
    const marked: Marked = {
      address,
      component: address.slice(0, idLength) as ComponentId,
      path: address.slice(idLength) as Path,
      dirty,
      structure: -1,
      users: [],
      reads: undefined,
      settled: 0,
      open: false,
      waits: undefined,
      behind: undefined,
      held: undefined,
    };
    this.#marked.set(address, marked);
    this.#queue.push(address);
    this.#spreading.push({ from: marked, users: undefined, next: 0, dirty: false, except });
    return marked;
  }

  /** Who reads it, by what the structure is now. */
  #usersOf(marked: Marked): readonly string[] {
    this.#sameStructure(marked);
    return marked.users;
  }

  #sameStructure(marked: Marked): void {
    if (marked.structure === this.#known.structure) return;
    // Read before anything is noted: a chunk may not be at hand.
    const users = this.#known.component(marked.component).usersAt(marked.path);
    marked.structure = this.#known.structure;
    marked.users = users;
    marked.reads = undefined;
    marked.settled = 0;
  }

  /** Something it reads has been marked after it was looked at, or it itself is another. */
  #again(marked: Marked, dirty: boolean): void {
    marked.settled = 0;
    if (!dirty) return;
    marked.dirty = true;
    if (marked.waits === undefined && marked.behind === undefined) return;
    if (marked.waits !== undefined) this.#stopWaiting(marked);
    marked.behind = undefined;
    this.#queue.push(marked.address);
  }

  #stopWaiting(marked: Marked): void {
    const waiting = this.#waiting.get(marked.waits!);
    waiting?.by.delete(marked.address);
    if (waiting?.by.size === 0) this.#waiting.delete(marked.waits!);
    marked.waits = undefined;
  }

  /** The next that can be worked on: what was demanded first, then the queue. */
  #next(): string | undefined {
    for (let address = this.#urgent.pop(); address !== undefined; address = this.#urgent.pop())
      if (this.#open(address)) return address;
    while (this.#head < this.#queue.length) {
      const address = this.#queue[this.#head++]!;
      if (this.#open(address)) return address;
    }
    this.#queue = [];
    this.#head = 0;
    return undefined;
  }

  /** Begins the way down from a vertex, unless it waits or is on one. */
  #open(address: string): boolean {
    const marked = this.#marked.get(address);
    if (marked === undefined || marked.waits !== undefined || marked.behind !== undefined || marked.open) return false;
    marked.open = true;
    this.#stack.push(address);
    return true;
  }

  #head = 0;

  #visit(address: string): void {
    const marked = this.#marked.get(address);
    if (marked === undefined || marked.waits !== undefined) {
      this.#stack.pop();
      return;
    }
    this.#sameStructure(marked);
    marked.reads ??= this.#known.component(marked.component).readsOf(marked.path);
    for (; marked.settled < marked.reads.length; marked.settled++) {
      const read = marked.reads[marked.settled]!;
      let below = this.#marked.get(read);
      if (below === undefined) {
        if (this.#derived.has(read)) continue;
        below = this.#markRead(marked, read);
      }
      if (below.open) {
        this.#giveUp(read);
        return;
      }
      // What cannot go on is kept with the vertex whose call it waits for in the end, however long the way there.
      const root = below.waits === undefined ? below.behind : read;
      const holder = root === undefined ? undefined : this.#marked.get(root);
      if (holder?.waits !== undefined) {
        holder.held ??= [];
        holder.held.push(address);
        marked.behind = holder.address;
        this.#leave(marked);
        return;
      }
      // What held it does not wait any more, and may not even be below it since an edit: the way down tells.
      below.behind = undefined;
      below.open = true;
      this.#stack.push(read);
      return;
    }
    this.#leave(marked);
    try {
      this.#compute(marked);
    } catch (e) {
      // Something it reads is not at hand: it is looked at again when that has been fetched.
      if (this.#marked.get(address) === marked && !marked.open) {
        marked.open = true;
        this.#stack.push(address);
      }
      throw e;
    }
  }

  /** Edits that would close a cycle are refused; one that is there all the same is an error of every vertex on it. */
  #giveUp(vertex: string): void {
    const readsOf = (address: string): readonly string[] => {
      const { component, path } = splitAddress(address);
      return this.#known.component(component).readsOf(path);
    };
    for (const member of membersOfCycle(vertex, readsOf)) {
      if (!this.#marked.has(member)) this.#mark(member, true);
      const marked = this.#marked.get(member)!;
      if (marked.waits !== undefined) this.#stopWaiting(marked);
      this.#settle(marked, { is: { state: 'error', code: 'value_cycle', message: `${member} depends on itself` } });
    }
  }

  /** Marks something read that has no value yet. */
  #markRead(by: Marked, read: string): Marked {
    return this.#add(read, true, by.address);
  }

  #leave(marked: Marked): void {
    marked.open = false;
    this.#stack.pop();
  }

  #compute(marked: Marked): void {
    // Whatever may have to be fetched is read before anything is decided.
    this.#usersOf(marked);
    const { address } = marked;
    const kept = this.#derived.get(address);
    // What was on a cycle may not be any more, although what it reads is the same.
    if (!marked.dirty && kept !== undefined && !isOnCycle(kept.is)) {
      this.#clear(marked, false);
      return;
    }
    const { facts } = this.#known.component(marked.component);
    const cell = facts?.cellAt(marked.path);
    const bound = cell === undefined ? this.#known.component(marked.component).boundAt(marked.path) : undefined;
    if (facts === undefined || (bound === undefined && (cell === undefined || !('x' in cell)))) {
      // Who read it was told when it went.
      this.#derived.delete(address);
      this.#clear(marked, false);
      return;
    }
    const computing = { kept, calls: [] as Answered[], missing: undefined as WantedCall | undefined, at: marked };
    this.#computing = computing;
    let is: Evaluated;
    if (bound === undefined) is = this.#assembly.ofExpr((cell as { x: Parameters<Assembly['ofExpr']>[0] }).x);
    else is = facts.absent ? none : this.#assembly.ofBound(facts, bound);
    this.#computing = undefined;
    if (computing.missing !== undefined) {
      this.#wait(marked, computing.missing);
      return;
    }
    // What could not be evaluated keeps its calls: when it can be again and its inputs are the same, nothing runs.
    const isHeld = is.state === 'error' ? is.root !== undefined : is.state === 'none' && (is.awaits || facts.absent);
    const isRun = (call: Answered): boolean => !kept?.calls?.some((k) => k.key === call.key);
    // A function whose inputs are the same has not run.
    if (computing.calls.length > 0 ? computing.calls.some(isRun) : bound === undefined && !isHeld) {
      this.runs++;
      this.#options.ran?.(address);
    }
    const calls = [...computing.calls];
    if (isHeld) for (const call of kept?.calls ?? []) if (!calls.some((c) => c.key === call.key)) calls.push(call);
    this.#settle(marked, calls.length === 0 ? { is } : { is, calls });
  }

  #wait(marked: Marked, wanted: WantedCall): void {
    const { key } = wanted;
    marked.waits = key;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.by.add(marked.address);
      return;
    }
    this.#waiting.set(key, { wanted, by: new Set([marked.address]) });
    this.#wanted.push(wanted);
  }

  /** Keeps a result, and says to who reads it whether it is another. */
  #settle(marked: Marked, result: Kept): void {
    const kept = this.#derived.get(marked.address);
    let { is } = result;
    if (is.state === 'error') {
      // What was there before is its own, not that of what it reads.
      const { last: _, ...bare } = is;
      const last = kept && lastOf(kept.is);
      is = last === undefined ? bare : { ...bare, last };
    }
    const changed = kept === undefined || !sameEvaluated(kept.is, is);
    if (changed || !sameCalls(kept.calls, result.calls)) this.#derived.set(marked.address, { ...result, is });
    this.#clear(marked, changed);
  }

  /** It is settled: those that read it are looked at if it changed, those that waited for it go on. */
  #clear(marked: Marked, changed: boolean): void {
    this.#marked.delete(marked.address);
    if (marked.open) {
      // It was settled from outside while on the way down; its own turn finds nothing left to do.
      marked.open = false;
    }
    if (changed) {
      for (const user of this.#usersOf(marked)) {
        const there = this.#marked.get(user);
        if (there === undefined) this.#mark(user, true);
        else {
          there.dirty = true;
          // It waits for a call with what it read before.
          if (there.waits !== undefined) {
            this.#stopWaiting(there);
            this.#queue.push(user);
          }
        }
      }
    }
    for (const address of marked.held ?? []) {
      const there = this.#marked.get(address);
      if (there?.behind !== marked.address) continue;
      there.behind = undefined;
      this.#queue.push(address);
    }
  }

  /** What a call gave, while a vertex is computed. */
  #answerOf(call: Call): Evaluated {
    const computing = this.#computing;
    const scope =
      computing === undefined ? '' : (this.#options.scopeOf?.(call, computing.at.address, this.state) ?? '');
    const key = keyOfCall(this.state.space.digest, call, scope);
    const gave =
      computing?.kept?.calls?.find((c) => c.key === key)?.gave ??
      this.#answers.get(key) ??
      this.#options.recall?.(key, call);
    if (computing === undefined) return gave ?? { state: 'pending' };
    if (gave === undefined) {
      const { component, path } = computing.at;
      computing.missing ??= { key, call, at: { component, path }, scope };
      return { state: 'pending' };
    }
    computing.calls.push({ key, gave });
    return gave;
  }

  /** What a vertex is for who reads it. */
  #resultAt(address: string): Evaluated {
    const kept = this.#derived.get(address);
    if (this.#marked.has(address) || kept === undefined) {
      const last = kept && lastOf(kept.is);
      return last === undefined ? { state: 'pending' } : { state: 'pending', last };
    }
    return rooted(kept.is, address);
  }

  /** Marks vertices that have no value yet, found among the next `most` keys. Answers how many keys it read. */
  #lookForMore(unseen: { cells: string; components: string }, most: number): number {
    let n = 0;
    const found: string[] = [];
    for (const [key, text] of this.state.scan('cells', '', unseen.cells)) {
      if (n >= most) break;
      n++;
      unseen.cells = key;
      if (text.startsWith('{"x":') && !this.#derived.has(key)) found.push(key);
    }
    if (n < most) {
      for (const [key] of this.state.scan('components', '', unseen.components)) {
        if (n >= most) break;
        n++;
        unseen.components = key;
        if (key.length !== idLength) continue;
        for (const { output } of this.#known.component(key as ComponentId).facts?.bounds ?? [])
          if (!this.#derived.has(key + output)) found.push(key + output);
      }
      if (n < most) this.#unseen = undefined;
    }
    for (const address of found) this.#mark(address, true);
    return n;
  }

  /** The few vertices that a marked one waits for in the end: calls under way, or itself. */
  #rootsOf(marked: Marked): string[] {
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

/** What names a call: equal keys, equal results. `scope`: see `PropagationOptions.scopeOf`. */
export function keyOfCall(digest: Digest, { kind, text, input }: Call, scope = ''): Hash {
  return digest(`${kind}\n${text}\n${scope}\n${input}`);
}

/** Outputs at which another function stands than before, or the same with other text or arguments, or none any more. */
function otherOutputs(before: readonly Bound[], after: readonly Bound[]): Set<Path> {
  const textOf = (bounds: readonly Bound[], output: Path): string => {
    const b = bounds.find((x) => x.output === output);
    return b === undefined ? '' : JSON.stringify([b.kind, b.text, b.arguments]);
  };
  const out = new Set<Path>();
  for (const { output } of [...before, ...after]) if (textOf(before, output) !== textOf(after, output)) out.add(output);
  return out;
}

function isOnCycle(is: Evaluated): boolean {
  return is.state === 'error' && is.code === 'value_cycle' && is.root === undefined;
}

function lastOf(is: Evaluated): Json | undefined {
  if (is.state === 'value') return is.value;
  return is.state === 'error' || is.state === 'pending' ? is.last : undefined;
}

function sameCalls(a: readonly Answered[] | undefined, b: readonly Answered[] | undefined): boolean {
  if (a === b) return true;
  if (a?.length !== b?.length) return false;
  return a!.every(
    (x, i) => x.key === b![i]!.key && sameJson(x.gave as unknown as Json, b![i]!.gave as unknown as Json),
  );
}

/** Component and path of an address, for people. */
export const addressOf = splitAddress;
