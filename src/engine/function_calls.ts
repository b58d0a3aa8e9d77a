// Calls of users' functions: looked up among earlier results, else compiled, run where they belong, recorded and remembered.
// A call is its function's text and its input, so one run serves every value and every change set that asks for it at once;
// a function with effects is run for each value that asks, and nothing but that value gets its result.

import type { Hash, RunId, WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { RecentCache } from '../base/recent_cache.ts';
import { Fault, ok, type Result } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import type { DeclaredKey } from '../dispatch/key_use.ts';
import { defaultPool } from '../dispatch/pool_label.ts';
import { failureOfRun, isFinal, rememberedResult } from '../dispatch/result.ts';
import type { RunFailureCode, RunLimits, RunRecord, Tier } from '../model/run.ts';
import type { Compiler } from '../ports/compiler.ts';
import type { Observer } from '../ports/observer.ts';
import type { RunStore } from '../ports/run_store.ts';
import type { World } from '../ports/world.ts';
import {
  type Answer,
  CompiledFunctions,
  type FunctionHost,
  isWithEffects,
  messageOf,
  type Runnable,
  unavailable,
  unavailableText,
} from './compiled_functions.ts';
import { noRunnerText } from './dispatcher.ts';
import { EarlierResults } from './earlier_results.ts';
import { LiveRuns } from './live_runs.ts';
import { type LoggedLine, RunRecorder } from './record_runs.ts';
import {
  type Admission,
  CallRuns,
  type CredentialsOf,
  type Run,
  type RunOf,
  type TestCall,
  type Tested,
} from './run_call.ts';
import type { SealedValues } from './sealed_values.ts';
import type { PoolOf } from './served_pools.ts';

/** Who wants a call, and where its result goes. */
export interface Asked extends RunOf {
  readonly key: Hash;
  /** Somebody has asked for it anew: what it gives answers that wish, wherever the wish gets to. */
  readonly isWished: boolean;
  /** Must not throw. */
  readonly deliver: (gave: Evaluated) => void;
}

/** What a run takes of its runner. */
export interface Needed {
  readonly tier: Tier;
  readonly pool: string;
  readonly need: RunLimits;
  readonly keys: readonly DeclaredKey[];
}

/** A run that can be started. */
export interface ToRun {
  readonly run: RunId;
  readonly needed: Needed;
  readonly start: () => Promise<Tested>;
}

export interface CallStatistics {
  /** Calls that are looked up or run. */
  readonly running: number;
  readonly ran: number;
  readonly recalled: number;
  /** Entries of the memo that were no results: their calls were run, and what that gave took their place. */
  readonly unreadable: number;
  readonly remembered: number;
}

/** Hexadecimal digits of a memo key that tell the runtime. */
const versionChars = 16;

export class FunctionCalls {
  readonly #workspace: WorkspaceId;
  readonly #store: RunStore;
  readonly #world: World;
  readonly #serves: (of: PoolOf) => boolean;
  readonly #functions: CompiledFunctions;
  readonly #runs: CallRuns;
  readonly #earlier: EarlierResults;
  /** Results by call. */
  readonly #recent = new RecentCache<Hash, Evaluated>(limits.memoEntriesInMemoryMax);
  /** Calls that are looked up or run, with all who wait for them. */
  readonly #flights = new Map<Hash, Asked['deliver'][]>();
  /** Runs under way, and those whose end is not written yet. */
  readonly live = new LiveRuns();
  readonly #recorder: RunRecorder;
  /** Asked for in this turn, looked up together. */
  #asked: Asked[] = [];
  #version: { readonly of: string | undefined; readonly tag: string } = { of: '', tag: '' };
  #recalled = 0;
  #unreadable = 0;

  constructor(options: {
    readonly workspace: WorkspaceId;
    readonly store: RunStore;
    readonly world: World;
    readonly observer: Observer;
    readonly host: FunctionHost;
    /** Text of a function by its blob. */
    readonly textOf: (hash: Hash) => Promise<string>;
    readonly credentials: CredentialsOf;
    readonly sealed: SealedValues;
    /** Is there a runner for it? */
    readonly serves: (of: PoolOf) => boolean;
    readonly wrote?: (runs: number) => void;
    readonly recorded?: (records: readonly RunRecord[], log: readonly LoggedLine[]) => void;
  }) {
    const { workspace, store, world, observer, credentials, sealed } = options;
    const { wrote = () => {}, recorded = () => {} } = options;
    this.#workspace = workspace;
    this.#store = store;
    this.#serves = options.serves;
    this.#world = world;
    const { live } = this;
    this.#recorder = new RunRecorder({ workspace, store, live, wrote, recorded });
    this.#functions = new CompiledFunctions(options.host, options.textOf);
    const compiler = (): Compiler | undefined => this.#functions.compiler;
    this.#runs = new CallRuns({
      workspace,
      world,
      observer,
      live,
      recorder: this.#recorder,
      compiler,
      credentials,
      sealed,
    });
    this.#earlier = new EarlierResults(workspace, store, this.#runs.newId());
  }

  /** What an earlier call gave, when it is at hand. */
  recall(key: Hash): Evaluated | undefined {
    return this.#recent.get(key) ?? (this.compiler === undefined ? unavailable('functions').gave : undefined);
  }

  /** Has the function effects, so that its result is that of one value at one moment? `text`: its text, when it is not known. */
  hasEffects(call: Call, text: () => string): boolean {
    return this.#functions.hasEffects(call, text);
  }

  /** Finds out what a call gives and tells `deliver`, in a later turn. */
  ask(asked: Asked): void {
    const flight = this.#flights.get(asked.key);
    if (flight !== undefined) {
      flight.push(asked.deliver);
      return;
    }
    this.#flights.set(asked.key, [asked.deliver]);
    if (this.#asked.push(asked) === 1) queueMicrotask(() => void this.#lookUp());
  }

  /**
   * Runs a call now, whatever earlier ones gave, and keeps nothing of it but its record. Answers the run's id at once. `mayWait`:
   * also where nothing serves its pool. Fault `runner_unavailable`. Refuses what the compiler refuses.
   */
  async test(
    call: TestCall,
    mayWait: boolean,
  ): Promise<Result<{ readonly run: RunId; readonly ended: Promise<Tested> }>> {
    const fn = await this.#functions.prepareText(call.call, call.source);
    if (!fn.ok) return fn;
    if (!mayWait) this.#mustServe(fn.value);
    const { tier } = fn.value.compiled;
    const runner = this.#functions.runnerOf(tier);
    if (runner === undefined) throw new Fault('runner_unavailable', unavailableText(`functions of the ${tier} tier`));
    const id = this.#runs.newId();
    const ended = this.#runs.run({ id, of: call, fn: fn.value, runner, isTest: true }).then(async (tested) => {
      await this.live.untilWritten(id);
      return tested;
    });
    return ok({ run: id, ended });
  }

  /**
   * A run to be started later, under an id that is known before: of a function that acts on the world, so that what is about to
   * happen can be written down first. Refuses what the compiler refuses. Fault `runner_unavailable`.
   */
  async toRun(of: RunOf, admission: Admission): Promise<Result<ToRun>> {
    const fn = await this.#functions.prepareText(of.call, undefined);
    if (!fn.ok) return fn;
    if (admission === 'queued') this.#mustServe(fn.value);
    const { tier } = fn.value.compiled;
    const runner = this.#functions.runnerOf(tier);
    if (runner === undefined) throw new Fault('runner_unavailable', unavailableText(`functions of the ${tier} tier`));
    const id = this.#runs.newId();
    return ok({
      run: id,
      needed: neededBy(fn.value),
      start: () => this.#runs.run({ id, of, fn: fn.value, runner, isTest: false, admission }),
    });
  }

  /** What a run of it needs; undefined: it does not compile, or nothing can run it. */
  async needOf(call: Omit<Call, 'input'>): Promise<Needed | undefined> {
    const fn = await this.#functions.prepare(call);
    if (!('compiled' in fn) || this.#functions.runnerOf(fn.compiled.tier) === undefined) return undefined;
    return neededBy(fn);
  }

  /** May it be called again with the same idempotency key? It says so, or only computes. */
  async isIdempotent(call: Omit<Call, 'input'>): Promise<boolean> {
    const fn = await this.#functions.prepare(call);
    return 'compiled' in fn && (fn.compiled.idempotent === true || !isWithEffects(fn));
  }

  /** Can calling it change anything outside? Also true of one of which that cannot be told. */
  async actsOutside(call: Omit<Call, 'input'>): Promise<boolean> {
    const fn = await this.#functions.prepare(call);
    return !('compiled' in fn) || isWithEffects(fn);
  }

  /** The engine ends: what is cut off by that is not recorded. */
  stop(): void {
    this.#runs.stop();
  }

  /** Ends a run, waiting or under way. False when it is not. */
  kill(run: RunId): boolean {
    return this.live.kill(run);
  }

  /** Resolves when every run that has ended is recorded. Throws what the store threw. */
  flushed(): Promise<void> {
    return this.#recorder.flushed();
  }

  get compiler(): Compiler | undefined {
    return this.#functions.compiler;
  }

  get statistics(): CallStatistics {
    return {
      running: this.#flights.size,
      ran: this.#runs.ended,
      recalled: this.#recalled,
      unreadable: this.#unreadable,
      remembered: this.#recent.size,
    };
  }

  forget(): void {
    this.#recent.clear();
  }

  /** For callers who wait for the end and tell nobody what they wait for. */
  #mustServe(fn: Runnable): void {
    const needed = neededBy(fn);
    if (this.#serves(needed)) return;
    const hint = `define it with \`headwater pool set ${needed.pool} --cpus N --memory MIB\``;
    throw new Fault('runner_unavailable', `${noRunnerText(needed.pool)}; ${hint}`);
  }

  async #lookUp(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    const memoKeys = asked.map((a) => this.#memoKey(a.key));
    const found = await this.#readMemo(memoKeys);
    for (const [i, a] of asked.entries()) {
      const memoKey = memoKeys[i]!;
      const text = found.get(memoKey);
      const gave = text === undefined ? undefined : rememberedResult(a.call.kind, text);
      if (text !== undefined && gave === undefined) this.#unreadable++;
      if (gave === undefined) void this.#runAndTell(a, memoKey);
      else {
        this.#recalled++;
        this.#land(a.key, gave, true);
      }
    }
  }

  /** Without the memo everything can still be computed. */
  async #readMemo(keys: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    try {
      return await this.#store.readMemo(this.#workspace, keys);
    } catch {
      return new Map();
    }
  }

  /**
   * The memo is kept by runtime too: another compiler or other libraries may give another result. A quarter of the key is the
   * runtime's: what is left of the call's is still beyond any chance.
   */
  #memoKey(key: Hash): Hash {
    if (this.#version.of !== this.compiler?.version) {
      const of = this.compiler?.version;
      this.#version = { of, tag: this.#world.digest(of ?? '').slice(0, versionChars) };
    }
    return (this.#version.tag + key.slice(versionChars)) as Hash;
  }

  /** What the memo had for the key, and could not be read, is replaced. Never rejects: who waits is told what went wrong. */
  async #runAndTell(asked: Asked, memoKey: Hash): Promise<void> {
    let ran: Answer;
    try {
      const fn = this.#functions.find(asked.call) ?? (await this.#functions.prepare(asked.call));
      // What only computes is not waited for: there are thousands of them a second.
      const earlier = isWithEffects(fn) ? await this.#findEarlier(asked) : undefined;
      const run = earlier ?? this.#runOf(asked, fn);
      ran = 'gave' in run ? run : madeBy(run, (await this.#runs.run(run)).gave);
      if (ran.isKept) this.#recorder.remember({ key: memoKey, text: JSON.stringify(ran.gave) });
    } catch (e) {
      ran = { gave: failureOfRun('runner_lost', messageOf(e)), isKept: false };
    }
    this.#land(asked.key, ran.gave, ran.isKept || (asked.isWished && ran.gave.state !== 'error'));
  }

  #land(key: Hash, gave: Evaluated, remember: boolean): void {
    if (remember) this.#recent.set(key, gave);
    const flight = this.#flights.get(key);
    this.#flights.delete(key);
    for (const deliver of flight ?? []) deliver(gave);
  }

  #runOf(asked: Asked, fn: Runnable | Answer): Run | Answer {
    if ('gave' in fn) return fn;
    const runner = this.#functions.runnerOf(fn.compiled.tier);
    if (runner === undefined) return unavailable(`functions of the ${fn.compiled.tier} tier`);
    return { id: this.#runs.newId(), of: asked, fn, runner, isTest: false, key: asked.key };
  }

  /** What an earlier process recorded of the call of a function with effects. */
  async #findEarlier(asked: Asked): Promise<Answer | undefined> {
    const gave = await this.#earlier.find(asked);
    return gave && { gave, isKept: false };
  }
}

function madeBy({ fn }: Run, gave: Evaluated): Answer {
  const isFixed = gave.state !== 'error' || isFinal(gave.code as RunFailureCode);
  return { gave, isKept: isFixed && fn.compiled.tier === 'isolate' };
}

function neededBy({ compiled, limits: need }: Runnable): Needed {
  const { tier, pool = defaultPool, keys = [] } = compiled;
  return { tier, pool, need, keys };
}
