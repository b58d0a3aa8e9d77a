// The computed values of one change set, kept up to date: a step to another state marks what may be another, and only where
// an input really is another something runs. Marking goes from what changed to everything behind it; settling goes the
// other way: a vertex is looked at when all it reads is settled, runs only when one of these changed, and an equal result
// ends the wave there. This is the two-colour marking of Reactively and Salsa's early cut-off, with results that
// may come later: a vertex that needs the result of a user's function asks for the call and waits, and nothing behind it runs.
//
// Pure: time does not pass here. Work comes in portions, so that whoever drives it can do other things between; a step
// to another state may come between any two portions.

import type { ComponentId, Hash } from '../base/ids.ts';
import {
  type Known as AskedOf,
  Assembly,
  type Call,
  type ComponentValue,
  type Evaluated,
  type Facts,
  none,
  resultOfBound,
  rooted,
} from '../builtins/assemble.ts';
import { cycleMessages, membersOfCycle } from '../graph/cycle.ts';
import type { Source } from '../model/expr.ts';
import { splitAddress } from '../model/keys.ts';
import { type Path, validationPath, wellKnown } from '../model/path.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type CallOptions, Calls, type Computed } from './calls.ts';
import { type Answered, Derived, isOnCycle, type Kept, lastOf, sameCalls, sameEvaluated } from './derived.ts';
import { Frontier, type Marked } from './frontier.ts';
import { Known, type Vertex } from './known.ts';
import { moveMarks } from './marks.ts';
import { Unseen } from './unseen.ts';
import type { WantedCall } from './wanted.ts';

export interface PropagationOptions extends CallOptions {
  /** Calls waited for at once before nothing more is begun but what is asked for or was waited for. Default: no bound. */
  readonly callsMax?: number;
  /** Told of every vertex that is computed, with the calls it needs included; for tests and statistics. */
  readonly ran?: (address: string) => void;
}

/** How a value stands. `root`: the vertex that is the reason, where it is another. */
export type Freshness =
  | { readonly state: 'fresh' | 'awaiting' }
  | { readonly state: 'pending'; readonly waits: readonly string[] }
  | { readonly state: 'error'; readonly code: string; readonly message: string }
  | { readonly state: 'blocked-by'; readonly root: string; readonly code: string; readonly message: string };

export class Propagation {
  readonly #known: Known;
  readonly #derived: Derived;
  readonly #asked: AskedOf;
  readonly #assembly: Assembly;
  readonly #options: PropagationOptions;
  readonly #frontier: Frontier;
  readonly #calls: Calls;
  /** Key of `cells` up to which vertices without a value have been looked for; undefined: all have. */
  #unseen: Unseen | undefined;
  /** Vertices computed since this was made. */
  runs = 0;

  /**
   * `derived`: what was computed of `state`; undefined: nothing was. What has no value yet is computed when something it reads
   * changes or when it is demanded, and with `all` also without being asked.
   */
  constructor(state: Snapshot, derived?: Derived, options: PropagationOptions = {}, all = derived === undefined) {
    this.#known = new Known(state);
    this.#frontier = new Frontier(this.#known, options.callsMax);
    this.#derived = derived ?? new Derived(state.space);
    this.#unseen = all ? new Unseen(this.#known, this.#derived) : undefined;
    this.#options = options;
    this.#asked = {
      facts: (component) => this.#known.component(component).facts,
      result: (component, path) => this.#resultAt(component + path),
      functionOf: (id) => this.#known.functionOf(id),
      stamp: () => this.#frontier.stamp,
    };
    this.#calls = new Calls(options, () => this.#known.state);
    this.#assembly = new Assembly(this.#asked, this.#calls.make);
  }

  get state(): Snapshot {
    return this.#known.state;
  }

  /** Nothing is left to do and nothing is waited for. */
  get quiet(): boolean {
    return this.#frontier.size === 0 && !this.#frontier.isSpreading && this.#unseen === undefined;
  }

  /** There is work that can be done now. */
  get busy(): boolean {
    return this.#frontier.busy || this.#unseen !== undefined;
  }

  /** Vertices that are not settled. */
  get pending(): number {
    this.#frontier.spreadAll();
    return this.#frontier.size;
  }

  /** Those of them that are marked by now. */
  get marked(): number {
    return this.#frontier.size;
  }

  /**
   * Marks what is behind what was marked, at most `most` vertices of it; true when nothing is left to mark. Whoever asks for a
   * value before that has all the rest marked at once.
   */
  spread(most: number): boolean {
    this.#frontier.spread(most);
    return !this.#frontier.isSpreading;
  }

  /** Is there a vertex at an address that is not settled, whether it was looked at yet or not? */
  isPending(address: string): boolean {
    this.#frontier.spreadAll();
    if (this.#frontier.has(address)) return true;
    if (this.#derived.has(address)) return false;
    const { component, path } = splitAddress(address);
    const known = this.#known.component(component);
    if (!known.isThere || known.vertexAt(path) === undefined) return false;
    return path !== validationPath || known.keepsValidation;
  }

  /** Addresses of all that are not settled, in the order in which they were marked. Not to be kept over a change. */
  *pendingAddresses(): Generator<string, void, void> {
    this.#frontier.spreadAll();
    for (const { address } of this.#frontier.all()) yield address;
  }

  /** The same values for another change set that stands at the same state; what is not settled here is not there either. */
  fork(options: PropagationOptions = this.#options): Propagation {
    this.#frontier.spreadAll();
    const other = new Propagation(this.state, this.#derived.fork(), options, false);
    other.#unseen = this.#unseen && new Unseen(other.#known, other.#derived, this.#unseen);
    for (const { address, dirty, isFirst } of this.#frontier.all()) {
      if (isFirst) other.#frontier.markFirst(address);
      else other.#frontier.mark(address, dirty);
    }
    return other;
  }

  /** Goes on to another state: marks what may be another. O(what lies between, and what is behind it). */
  moveTo(next: Snapshot): void {
    if (next !== this.state) moveMarks({ known: this.#known, frontier: this.#frontier, derived: this.#derived }, next);
  }

  #lookForMore(unseen: Unseen, most: number): number {
    const { found, read } = unseen.next(most);
    // Marked ones stay as they are: whoever changed them found who reads them.
    for (const address of found) if (!this.#frontier.has(address)) this.#frontier.markFirst(address);
    if (unseen.isDone) this.#unseen = undefined;
    return read;
  }

  /** Works on at most `most` vertices; looking for those without a value counts by keys. Answers how many it looked at. */
  step(most: number): number {
    let done = 0;
    while (done < most) {
      // What was marked on the way has its users marked before anything else is computed.
      if (this.#frontier.isSpreading) {
        done += this.#frontier.spread(most - done);
        continue;
      }
      const top = this.#frontier.top();
      if (top === undefined) {
        if (this.#unseen === undefined) break;
        done += this.#lookForMore(this.#unseen, most - done);
        continue;
      }
      done++;
      this.#visit(top);
    }
    return done;
  }

  /** Has what an address is made of computed first. */
  demand(at: Source): void {
    this.#frontier.spreadAll();
    for (const path of this.#settledFor(at)) {
      const address = at.component + path;
      if (this.#derived.has(address) && !this.#frontier.has(address)) continue;
      this.#frontier.first(address);
    }
  }

  /** Is all that an address is made of settled? */
  isSettled(at: Source): boolean {
    this.#frontier.spreadAll();
    return this.#settledFor(at).every((path) => {
      const address = at.component + path;
      return this.#derived.has(address) && !this.#frontier.has(address);
    });
  }

  /** Vertices that have to be settled for an address: a validation that is not kept is made when it is read. */
  #settledFor({ component, path }: Source): readonly Path[] {
    const known = this.#known.component(component);
    const vertices = known.verticesAt(path);
    if (!vertices.includes(validationPath) || known.keepsValidation) return vertices;
    const others = vertices.filter((v) => v !== validationPath);
    return [...others, ...known.verticesAt(wellKnown.domain).filter((v) => !others.includes(v))];
  }

  /**
   * Calls asked for since this was last called that are still waited for, each once. One that nothing waited for any more
   * and that is asked for again comes again, also when it is under way.
   */
  takeWanted(): readonly WantedCall[] {
    return this.#frontier.takeWanted();
  }

  /** Is anything still waiting for the call? */
  wants(key: Hash): boolean {
    return this.#frontier.wants(key);
  }

  /** What a call gave. Whoever waits for it goes on; one whose inputs have moved meanwhile asks for another call. */
  deliver(key: Hash, gave: Evaluated): void {
    const wanted = this.#frontier.answered(key);
    if (wanted !== undefined) this.#calls.answered(wanted, gave);
  }

  /** Forgets what calls gave that no vertex has any more. */
  forgetAnswers(): void {
    this.#calls.forgetAll();
  }

  /** Runs the call of a vertex again although its inputs are the same: for what failed for a reason outside. */
  again(address: string): void {
    const kept = this.#derived.get(address);
    if (kept === undefined) return;
    for (const { key } of kept.calls ?? []) this.#calls.forget(key);
    this.#derived.set(address, { is: kept.is });
    this.#frontier.mark(address, true);
    this.#frontier.get(address)!.kept = undefined;
  }

  /** The value at an address as it stands. Where something it is made of is not settled: `pending`, with the value before. */
  read(at: Source): Evaluated {
    this.#frontier.spreadAll();
    return this.#assembly.read(at);
  }

  /** A whole component as it stands, with what is not fresh; undefined: it is not in the state. */
  view(component: ComponentId): ComponentValue | undefined {
    this.#frontier.spreadAll();
    const { facts } = this.#known.component(component);
    return facts?.spec === undefined ? undefined : this.#assembly.view(facts);
  }

  freshness(at: Source): Freshness {
    this.#frontier.spreadAll();
    let awaits = false;
    for (const path of this.#settledFor(at)) {
      const address = at.component + path;
      const marked = this.#frontier.get(address);
      if (marked !== undefined) return { state: 'pending', waits: this.#frontier.rootsOf(marked) };
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
    this.#frontier.spreadAll();
    const { component, path } = splitAddress(address);
    const known = this.#known.component(component);
    const kept = this.#derived.get(address);
    const made: { key: Hash; call: Call; gave: Evaluated | undefined }[] = [];
    const asking = new Assembly(this.#asked, (call) => {
      const { key, gave } = this.#calls.lookUp(call, address, kept);
      made.push({ key, call, gave });
      return gave ?? { state: 'pending' };
    });
    const vertex = known.vertexAt(path);
    if (vertex !== undefined && vertex !== 'validation') this.#evaluate(asking, known.facts!, vertex, path);
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

  /** Root of what was folded, whose chunks are needed as long as this is used; `unfolded`: what is not below it. */
  get foldedRoot(): Hash {
    return this.#derived.root;
  }

  unfolded(): readonly Kept[] {
    return this.#derived.inMemory();
  }

  /** Values in memory that the last checkpoint does not have. */
  get unsaved(): number {
    return this.#derived.recent;
  }

  /** Every settled value by address, in order. */
  values(): Map<string, Evaluated> {
    return new Map([...this.#derived.entries()].map(([address, { is }]) => [address, is]));
  }

  #visit(address: string): void {
    const marked = this.#frontier.get(address);
    if (marked === undefined || marked.waits !== undefined) {
      this.#frontier.drop();
      return;
    }
    this.#frontier.sameStructure(marked);
    marked.reads ??= this.#known.component(marked.component).readsOf(marked.path);
    for (; marked.settled < marked.reads.length; marked.settled++) {
      const read = marked.reads[marked.settled]!;
      let below = this.#frontier.get(read);
      if (below === undefined) {
        if (this.#derived.has(read)) continue;
        below = this.#frontier.markFirst(read);
      }
      if (below.open) {
        this.#giveUp(read);
        return;
      }
      // What cannot go on is kept with the vertex whose call it waits for in the end, however long the way there.
      const root = below.waits === undefined ? below.behind : read;
      const holder = root === undefined ? undefined : this.#frontier.get(root);
      if (holder?.waits !== undefined) {
        this.#frontier.hold(marked, holder);
        return;
      }
      // What held it does not wait any more, and may not even be below it since an edit: the way down tells.
      below.behind = undefined;
      this.#frontier.down(below);
      return;
    }
    this.#frontier.leave(marked);
    try {
      this.#compute(marked);
    } catch (e) {
      // Something it reads is not at hand: it is looked at again when that has been fetched.
      if (this.#frontier.get(address) === marked && !marked.open) this.#frontier.down(marked);
      throw e;
    }
  }

  /** Edits that would close a cycle are refused; one that is there all the same is an error of every vertex on it. */
  #giveUp(vertex: string): void {
    const readsOf = (address: string): readonly string[] => {
      const { component, path } = splitAddress(address);
      return this.#known.component(component).readsOf(path);
    };
    for (const [member, message] of cycleMessages(membersOfCycle(vertex, readsOf), readsOf)) {
      if (!this.#frontier.has(member)) this.#frontier.mark(member, true);
      const marked = this.#frontier.get(member)!;
      if (marked.waits !== undefined) this.#frontier.stopWaiting(marked);
      this.#settle(marked, { is: { state: 'error', code: 'value_cycle', message } }, this.#derived.get(member));
      // Settled before it came to the rest of what it reads, which is read all the same.
      for (const read of readsOf(member))
        if (!this.#frontier.has(read) && !this.#derived.has(read)) this.#frontier.markFirst(read);
    }
  }

  #compute(marked: Marked): void {
    // Whatever may have to be fetched is read before anything is decided.
    if (!marked.isFirst) this.#frontier.usersOf(marked);
    const { address } = marked;
    marked.kept ??= this.#derived.get(address);
    const { kept } = marked;
    // What was on a cycle may not be any more, although what it reads is the same.
    if (!marked.dirty && kept !== undefined && !isOnCycle(kept.is)) {
      this.#frontier.clear(marked, false);
      return;
    }
    const known = this.#known.component(marked.component);
    const vertex = known.vertexAt(marked.path);
    if (vertex === undefined || (vertex === 'validation' && !known.keepsValidation)) {
      // Who read it was told when it went.
      this.#derived.delete(address);
      this.#frontier.clear(marked, false);
      return;
    }
    const facts = known.facts!;
    const answered = this.#answered(marked, facts, vertex);
    const { is, calls, missing } =
      answered ?? this.#calls.computing(marked, kept, () => this.#evaluate(this.#assembly, facts, vertex, marked.path));
    if (missing !== undefined) {
      this.#frontier.wait(marked, missing);
      return;
    }
    // What could not be evaluated keeps its calls: when it can be again and its inputs are the same, nothing runs.
    const isHeld = is.state === 'error' ? is.root !== undefined : is.state === 'none' && (is.awaits || facts.absent);
    const isRun = (call: Answered): boolean => !kept?.calls?.some((k) => k.key === call.key);
    const isBound = vertex !== 'validation' && 'bound' in vertex;
    // A function whose inputs are the same has not run.
    if (calls.length > 0 ? calls.some(isRun) : !isBound && !isHeld) {
      this.runs++;
      this.#options.ran?.(address);
    }
    if (isHeld) for (const call of kept?.calls ?? []) if (!calls.some((c) => c.key === call.key)) calls.push(call);
    this.#settle(marked, calls.length === 0 ? { is } : { is, calls }, kept);
    this.#calls.used(calls);
  }

  /** A bound function that waited for its call, whose argument is the same since: nothing is put together once more. */
  #answered({ asked }: Marked, facts: Facts, vertex: Vertex): Computed | undefined {
    if (asked === undefined || vertex === 'validation' || !('bound' in vertex)) return undefined;
    const gave = this.#calls.answerOf(asked);
    if (gave === undefined) return undefined;
    return { is: resultOfBound(facts, vertex.bound, gave), calls: [{ key: asked, gave }], missing: undefined };
  }

  #evaluate(by: Assembly, facts: Facts, vertex: Vertex, path: Path): Evaluated {
    if (vertex === 'validation') return by.ofValidation(facts);
    if ('expr' in vertex) return by.ofExpr(vertex.expr, facts, path);
    return facts.absent ? none : by.ofBound(facts, vertex.bound);
  }

  /** Keeps a result, and says to who reads it whether it is another. `kept`: what is kept of it, which is read only once. */
  #settle(marked: Marked, result: Kept, kept: Kept | undefined): void {
    let { is } = result;
    if (is.state === 'error') {
      // What was there before is its own, not that of what it reads.
      const { last: _, ...bare } = is;
      const last = kept && lastOf(kept.is);
      is = last === undefined ? bare : { ...bare, last };
    }
    const changed = kept === undefined || !sameEvaluated(kept.is, is);
    if (changed || !sameCalls(kept.calls, result.calls)) this.#derived.set(marked.address, { ...result, is });
    this.#frontier.clear(marked, changed);
  }

  /** What a vertex is for who reads it. */
  #resultAt(address: string): Evaluated {
    const kept = this.#derived.get(address);
    if (kept === undefined && address.endsWith(validationPath) && !this.#frontier.has(address)) {
      const { facts, keepsValidation } = this.#known.component(splitAddress(address).component);
      if (facts?.validated && !keepsValidation) return rooted(this.#assembly.ofValidation(facts), address);
    }
    if (this.#frontier.has(address) || kept === undefined) {
      const last = kept && lastOf(kept.is);
      return last === undefined ? { state: 'pending' } : { state: 'pending', last };
    }
    return rooted(kept.is, address);
  }
}
