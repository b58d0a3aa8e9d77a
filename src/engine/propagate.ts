// Keeps the computed values of the change sets in use up to date, between everything else: after each step of a change set
// what may be another is marked, and worked through in short portions, those touched last first. Results of functions come
// back in their own time and are one more portion. Nothing here is needed after a crash: what was computed is a
// checkpoint, and what was not is found again by comparing it with the present state.

import type { ChangeSetId, ComponentId, Digest, Hash } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { invariant } from '../base/result.ts';
import type { Call, ComponentValue, Evaluated, Results } from '../builtins/assemble.ts';
import { hasBindings } from '../graph/bound.ts';
import { secretUseText } from '../graph/secret_use.ts';
import type { Source } from '../model/expr.ts';
import { splitAddress } from '../model/keys.ts';
import type { Path } from '../model/path.ts';
import { wishOf } from '../model/wish.ts';
import type { Observer } from '../ports/observer.ts';
import { Derived, type Kept } from '../propagation/derived.ts';
import { Propagation, type PropagationOptions } from '../propagation/propagation.ts';
import { keyOfCall, type WantedCall } from '../propagation/wanted.ts';
import { ChunkMissing } from '../snapshot/chunk_space.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { atMost } from './at_most.ts';
import type { Branch } from './branch.ts';
import type { FunctionCalls } from './function_calls.ts';
import { laterTurn } from './turn.ts';

/** What propagation needs of its workspace. */
export interface PropagationHost {
  readonly calls: FunctionCalls;
  /** Whether a function of that text has effects. */
  readonly hasEffects: (call: Call) => boolean;
  /** Runs pure code that may need chunks; see `Workspace.read`. */
  readonly read: <T>(body: () => T) => Promise<T>;
  readonly observer: Observer;
  /** Head's branch, when it has been read. */
  readonly head: () => Branch | undefined;
  /** Told when values have been computed that a checkpoint could keep. */
  readonly unsaved: () => void;
  /** Told after each portion of work how many values of a change set are known to be pending. */
  readonly progressed: (changeSet: ChangeSetId, pending: number) => void;
}

/** Values moved into the persistent map at once: each may be in a leaf of its own that has to be read. */
const foldedAtOnce = 48;

/** A value that is at hand; undefined: it has to be evaluated. Call it in `read`. */
export type KeptValues = (at: Source) => Evaluated | undefined;

/**
 * What a read needs is not computed and its turn is over: others go first, then it is taken again and goes on from there. So no
 * read, however much it has computed for it, holds up an edit for long. See `Workspace.read`.
 */
export class TurnOver extends Error {
  constructor() {
    super('the turn of a read is over: let others go and take it again');
    this.name = 'TurnOver';
  }
}

interface Line {
  readonly branch: Branch;
  readonly values: Propagation;
  /** Vertices looked at so far for reads that are still under way, by address. */
  readonly lookedAt: Map<string, number>;
}

export class PropagationWork {
  readonly #host: PropagationHost;
  /** The same for all lines: what a call gives does not depend on who asks first. */
  readonly #options: PropagationOptions;
  readonly #lines = new Map<ChangeSetId, Line>();
  /** Those again whose branch was read anew while somebody still works with it: so that neither begins over and over. */
  readonly #begun = new WeakMap<Branch, Line>();
  /** Branches that have moved and whose values have not followed yet. */
  readonly #moved = new Map<ChangeSetId, Branch>();
  #running: Promise<void> | undefined;
  /** Called when something more has been computed. */
  #progress: (() => void)[] = [];
  /** What ended the work; told to who asks next. */
  #failure: unknown;
  #stopped = false;
  /** Called when a line has become quiet, or is let go of. */
  readonly #whenQuiet = new Map<ChangeSetId, (() => void)[]>();

  constructor(host: PropagationHost) {
    this.#host = host;
    this.#options = {
      callsMax: limits.callsWaitingMax,
      recall: (key) => host.calls.recall(key),
      scopeOf: (call, address, state) => {
        if (!host.hasEffects(call)) return '';
        const { component, path } = splitAddress(address);
        const secrets = secretUseText(state, component);
        const wish = wishOf(state, component, path);
        const scope = secrets === '' ? address : address + behindAddress + secrets;
        return wish === '' ? scope : scope + behindSecrets + wish;
      },
    };
  }

  /** The values of a branch as it stands; what is not computed is marked. Call it in `read`. */
  of(branch: Branch): Propagation {
    const { values } = this.#line(branch);
    const until = performance.now() + limits.propagationSliceMs;
    while (!values.spread(spreadAtOnce)) if (performance.now() > until) throw new TurnOver();
    return values;
  }

  /** The same, before what is behind its edits is marked. */
  #line(branch: Branch): Line {
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
    const { id } = branch.row;
    this.#moved.delete(id);
    const known = this.#begun.get(branch);
    if (known !== undefined) {
      this.#moveTo(known, branch);
      return known;
    }
    const line = { branch, values: this.#start(branch), lookedAt: new Map<string, number>() };
    this.#begun.set(branch, line);
    this.#lines.set(id, line);
    if (line.values.busy) this.#run();
    return line;
  }

  #forget(line: Line): void {
    this.#begun.delete(line.branch);
    if (this.#lines.get(line.branch.row.id) === line) this.#lines.delete(line.branch.row.id);
  }

  /** A branch has moved: its values follow, when they are in use. */
  moved(branch: Branch): void {
    // One that moves again keeps its place: else those that move all the time would go before it for ever.
    this.#moved.set(branch.row.id, branch);
    this.#run();
  }

  /** Lets go of a branch that is not in use any more. */
  release(id: ChangeSetId): void {
    this.#moved.delete(id);
    const line = this.#lines.get(id);
    if (line !== undefined) this.#forget(line);
    this.#tellQuiet(id);
  }

  /** Computes what a component shows before anything else, as far as that can be done at once. */
  settle(branch: Branch, at: Source): Propagation {
    const values = this.of(branch);
    values.demand(at);
    return this.#worked(branch, at.component + at.path, () => values.isSettled(at));
  }

  /** The values of a branch after as much work as one read may cause. Call it in `read`. */
  advanced(branch: Branch): Propagation {
    this.of(branch);
    return this.#worked(branch, '', () => false);
  }

  #worked(branch: Branch, address: string, isDone: () => boolean): Propagation {
    const { values, lookedAt } = this.#line(branch);
    const until = performance.now() + limits.propagationSliceMs;
    for (let n = lookedAt.get(address) ?? 0; n < limits.valuesPerReadMax && !isDone(); ) {
      if (performance.now() > until) {
        lookedAt.set(address, n);
        throw new TurnOver();
      }
      const done = values.step(256);
      if (done === 0) break;
      n += done;
    }
    lookedAt.delete(address);
    this.#ask(branch, values);
    if (values.busy) this.#run();
    return values;
  }

  /** What pure functions gave, as far as it is at hand, for evaluating a state that is no branch's present one. */
  resultsOn(digest: Digest): Results {
    return (call) => this.#host.calls.recall(keyOfCall(digest, call)) ?? { state: 'pending' };
  }

  /** A component as it stands, computed first as far as that can be done at once. Call it in `read`. */
  view(branch: Branch, component: ComponentId): ComponentValue {
    const values = this.settle(branch, { component, path: '' as Path });
    const view = values.view(component);
    invariant(view !== undefined, `component ${component} or its schema is not in the state`);
    return view;
  }

  /** Resolves when nothing of a branch is pending, or after `mostMs`. */
  async quiet(branch: Branch, mostMs: number): Promise<void> {
    const values = await this.#host.read(() => this.of(branch));
    if (values.quiet) return;
    const { id } = branch.row;
    const waiting = this.#whenQuiet.get(id) ?? [];
    this.#whenQuiet.set(id, waiting);
    const quiet = new Promise<void>((done) => waiting.push(done));
    this.#run();
    await atMost(quiet, mostMs);
  }

  /** Resolves when all that an address is made of is settled, or after `mostMs`. */
  async settled(branch: Branch, at: Source, mostMs: number): Promise<void> {
    const until = performance.now() + mostMs;
    for (;;) {
      const isSettled = await this.#host.read(() => this.settle(branch, at).isSettled(at));
      const leftMs = until - performance.now();
      if (isSettled || leftMs <= 0 || this.#stopped) return;
      await atMost(new Promise<void>((more) => this.#progress.push(more)), leftMs);
    }
  }

  /** Puts the computed values of branches that are quiet below their roots, in short portions. */
  async fold(branches: readonly Branch[]): Promise<void> {
    for (const branch of branches) {
      // Where chunks of them are not at hand those are read first.
      const more = (): number => this.#presentOf(branch)?.fold(foldedAtOnce) ?? 0;
      while ((await this.#host.read(more)) > 0) await laterTurn();
    }
  }

  /**
   * Root of the values of a branch as it is in this turn, when all of them are computed; what has come since they were put below it
   * is put there now, unless it is much. Call it in `read`.
   */
  foldedRoot(branch: Branch): Hash | undefined {
    const values = this.#presentOf(branch);
    return values !== undefined && values.unsaved <= foldedAtOnce ? values.checkpoint() : undefined;
  }

  /**
   * Reads values of a branch that are computed and kept, when all of those in use for it are and it stands at `state`; of one
   * that is not kept, undefined. They are what evaluating the state gives, without what they are made of being evaluated.
   */
  keptOf(branch: Branch, state: Snapshot): KeptValues | undefined {
    const values = this.#presentOf(branch);
    if (values === undefined || values.state !== state) return undefined;
    return (at) => (values.isSettled(at) ? values.read(at) : undefined);
  }

  /** Grows whenever one of the values that `keptOf` reads may have become another; undefined where it reads none. */
  revisionOf(branch: Branch, state: Snapshot): number | undefined {
    return this.keptOf(branch, state) === undefined ? undefined : this.#valuesOf(branch)?.runs;
  }

  /** Roots that the values in use are read from: their own, and those of the states that they are of, behind their branches. */
  roots(): Hash[] {
    return [...this.#lines.values()].flatMap(({ values }) => [values.foldedRoot, ...values.state.tops()]);
  }

  /** All values in use: those below a root, and those in memory alone. */
  inUse(): { readonly root: Hash; readonly unfolded: readonly Kept[] }[] {
    return [...this.#lines.values()].map(({ values }) => ({ root: values.foldedRoot, unfolded: values.unfolded() }));
  }

  /** Has a branch computed values that are in memory alone? */
  hasUnsaved(branch: Branch): boolean {
    const values = this.#valuesOf(branch);
    return values?.quiet === true && values.unsaved > 0;
  }

  /** Those in use for a branch when all of them are computed, and of its present state. */
  #presentOf(branch: Branch): Propagation | undefined {
    const values = this.#valuesOf(branch);
    return values !== undefined && isAt(values, branch) ? values : undefined;
  }

  /** Those in use for a branch; of one that was read again since, none. */
  #valuesOf(branch: Branch): Propagation | undefined {
    const line = this.#lines.get(branch.row.id);
    return line?.branch === branch ? line.values : undefined;
  }

  /** Resolves when nothing is left that could be done now; results that are awaited are not waited for. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.idle();
  }

  /** Forgets what calls gave that is not a value's any more. */
  forgetAnswers(): void {
    for (const { values } of this.#lines.values()) values.forgetAnswers();
  }

  /** Values that are known not to be settled, over all lines in use. */
  get backlog(): number {
    let n = 0;
    for (const { values } of this.#lines.values()) n += values.marked;
    return n;
  }

  /** Change sets of which values are pending, and how many. */
  *pending(): Generator<[ChangeSetId, number]> {
    for (const [id, { values }] of this.#lines) if (values.marked > 0) yield [id, values.marked];
  }

  #follow(branch: Branch): void {
    // Only functions have to run without being asked; what the engine itself computes can wait until it is read.
    if (this.#lines.has(branch.row.id) || hasBindings(branch.snapshot)) this.#line(branch);
    else this.#moved.delete(branch.row.id);
  }

  #moveTo(line: Line, branch: Branch): void {
    try {
      line.values.moveTo(branch.snapshot);
    } catch (e) {
      // A chunk was not at hand in the middle of it: with the chunk it is begun anew.
      this.#forget(line);
      throw e;
    }
    // Touched last, worked on first.
    this.#lines.delete(branch.row.id);
    this.#lines.set(branch.row.id, line);
    if (line.values.busy) this.#run();
    else if (line.values.quiet) this.#tellQuiet(branch.row.id);
  }

  /** From Head's values where they are at hand: a change set differs from Head by its own edits. */
  #start(branch: Branch): Propagation {
    const head = this.#host.head();
    if (head !== undefined && head.row.id !== branch.row.id && branch.derived === undefined) {
      const values = this.of(head).fork();
      values.moveTo(branch.snapshot);
      return values;
    }
    const { derived } = branch;
    if (derived === undefined)
      return new Propagation(branch.snapshot, undefined, this.#options, hasBindings(branch.snapshot));
    const values = new Propagation(derived.state, Derived.open(derived.state.space, derived.root), this.#options);
    values.moveTo(branch.snapshot);
    return values;
  }

  #run(): void {
    if (this.#stopped || this.#running !== undefined) return;
    const work = this.#host.observer
      .span('propagate', {}, () => this.#work())
      .catch((e: unknown) => {
        this.#failure = e;
      });
    this.#running = work;
    void work.then(() => this.#ended(work));
  }

  #ended(work: Promise<void>): void {
    if (this.#running === work) this.#running = undefined;
  }

  async #work(): Promise<void> {
    for (;;) {
      // Edits and reads that wait go first.
      await laterTurn();
      if (this.#stopped) return;
      const moved = this.#moved.values().next().value;
      // Besides a portion of work, not in its place: where edits come with every turn nothing would ever be computed.
      if (moved !== undefined) await this.#host.read(() => this.#follow(moved));
      const line = [...this.#lines.values()].findLast((l) => l.values.busy);
      if (line !== undefined) await this.#portion(line);
      else if (this.#moved.size === 0) {
        // At once: who has more to do from here on starts the work anew.
        this.#running = undefined;
        return;
      }
    }
  }

  async #portion(line: Line): Promise<void> {
    const { branch, values } = line;
    const until = performance.now() + limits.propagationSliceMs;
    try {
      do {
        if (values.step(16) === 0 && !values.busy) break;
      } while (performance.now() < until);
    } catch (e) {
      if (!(e instanceof ChunkMissing)) {
        this.#forget(line);
        throw e;
      }
      // A chunk was not at hand: it is fetched, and the step taken again.
      await this.#host.read(() => values.step(16));
    }
    this.#ask(branch, values);
    if (values.quiet) {
      this.#tellQuiet(branch.row.id);
      if (values.unsaved > 0) this.#host.unsaved();
    }
    this.#host.progressed(branch.row.id, values.marked);
    this.#tellProgress();
  }

  #tellProgress(): void {
    const waiting = this.#progress;
    this.#progress = [];
    for (const done of waiting) done();
  }

  #ask(branch: Branch, values: Propagation): void {
    for (const wanted of values.takeWanted()) this.#askOne(branch, values, wanted);
  }

  #askOne(branch: Branch, values: Propagation, { key, call, at, scope }: WantedCall): void {
    const deliver = (gave: Evaluated): void => {
      if (!values.wants(key)) return;
      try {
        values.deliver(key, gave);
      } catch (e) {
        this.#lines.delete(branch.row.id);
        this.#failure = e;
        this.#tellProgress();
        return;
      }
      if (this.#lines.get(branch.row.id)?.values === values) this.#run();
    };
    // The secrets of the state that the call was made in: its result is known by them.
    const [place = '', wish] = scope.split(behindSecrets);
    const secrets = place.slice(at.component.length + at.path.length + behindAddress.length);
    const { id: changeSet, createdBy: actor } = branch.row;
    this.#host.calls.ask({ key, call, at, secrets, isWished: wish !== undefined, changeSet, actor, deliver });
  }

  #tellQuiet(id: ChangeSetId): void {
    const waiting = this.#whenQuiet.get(id);
    this.#whenQuiet.delete(id);
    for (const done of waiting ?? []) done();
  }
}

/** Vertices marked before a read looks whether its turn is over. */
const spreadAtOnce = 1_024;

function isAt(values: Propagation, branch: Branch): boolean {
  return values.quiet && values.state === branch.snapshot;
}

/** Between the address in a call's scope and the secrets. */
const behindAddress = '\n';
/** Between the secrets and the wish by which the value was asked for anew; in neither. */
const behindSecrets = '\u0000';
