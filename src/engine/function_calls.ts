// Calls of users' functions: looked up among earlier results, else compiled, run where they belong, recorded and remembered.
// A call is its function's text and its input, so one run serves every value and every change set that asks for it at once;
// a function with effects is run for each value that asks, and nothing but that value gets its result.

import type { ChangeSetId, Hash, RunId, WorkspaceId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Fault, type Result, refusalText } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import { keptInput } from '../dispatch/kept_input.ts';
import { failureOfRun, isFinal, rememberedResult, resultOfRun } from '../dispatch/result.ts';
import type { Source } from '../model/expr.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunEvent, RunLimits, RunRecord, Tier } from '../model/run.ts';
import type { CompiledFunction, Compiler } from '../ports/compiler.ts';
import type { RunStore } from '../ports/run_store.ts';
import type { Allowances, Runner, RunOutcome, RunReport } from '../ports/runner.ts';
import type { World } from '../ports/world.ts';
import { type AskedCredentials, type CredentialsOutcome, noCredentials } from './credentials.ts';
import { type GuardedReport, runGuarded } from './guarded_run.ts';
import { LiveRuns } from './live_runs.ts';
import { RunRecorder } from './record_runs.ts';
import type { SealedValues } from './sealed_values.ts';

/** What functions need; without a compiler and a runner of its tier a function gives an error that says so. */
export interface FunctionHost {
  readonly compiler?: Compiler;
  readonly runners?: readonly Runner[];
}

/** Who wants a call, and where its result goes. */
export interface Asked {
  readonly key: Hash;
  readonly call: Call;
  readonly at: Source;
  /** The secrets that it is made with (`secretUseText`); absent: those of its component in the change set as it is now. */
  readonly secrets?: string;
  readonly changeSet: ChangeSetId;
  readonly actor: string;
  /** Must not throw. */
  readonly deliver: (gave: Evaluated) => void;
}

/** A call that somebody makes himself: to try a function, or to carry out what a management function says. */
export interface TestCall extends Omit<Asked, 'key' | 'deliver'> {
  /** In place of the function's text: one that is not saved. */
  readonly source?: string;
  /** The version that the argument was read at; its result is to be carried out, so that it is no test. */
  readonly readAt?: number;
}

/** What a test run gave; `report` is the runner's own, with the place of a failure. */
export interface Tested {
  readonly gave: Evaluated;
  readonly record: RunRecord;
  readonly report: RunReport;
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

type CredentialsOf = (compiler: Compiler, asked: AskedCredentials) => Promise<CredentialsOutcome>;

/** Kinds whose results are values that other functions may get; of the others nothing is kept that holds a secret. */
const sealedKinds: readonly FunctionKind[] = ['attribute', 'transformation', 'code-generation'];

interface Flight {
  readonly first: Asked;
  readonly deliver: ((gave: Evaluated) => void)[];
}

export class FunctionCalls {
  readonly #workspace: WorkspaceId;
  readonly #store: RunStore;
  readonly #world: World;
  readonly #host: FunctionHost;
  readonly #textOf: (hash: Hash) => Promise<string>;
  readonly #credentials: CredentialsOf;
  readonly #sealed: SealedValues;
  /** Whether functions have effects, by kind and text. */
  readonly #effects = new Map<string, boolean>();
  /** Results by call, those asked for last at the end. */
  readonly #recent = new Map<Hash, Evaluated>();
  readonly #flights = new Map<Hash, Flight>();
  /** Runs under way, and those whose end is not written yet. */
  readonly live = new LiveRuns();
  readonly #recorder: RunRecorder;
  /** Asked for in this turn, looked up together. */
  #asked: Asked[] = [];
  #isStopping = false;
  #ran = 0;
  #recalled = 0;
  #unreadable = 0;

  constructor(options: {
    readonly workspace: WorkspaceId;
    readonly store: RunStore;
    readonly world: World;
    readonly host: FunctionHost;
    /** Text of a function by its blob. */
    readonly textOf: (hash: Hash) => Promise<string>;
    /** What a function with effects gets to run with a component's secrets. */
    readonly credentials: CredentialsOf;
    readonly sealed: SealedValues;
    readonly wrote?: (runs: number) => void;
  }) {
    this.#credentials = options.credentials;
    this.#sealed = options.sealed;
    const { workspace, store, wrote = () => {} } = options;
    this.#recorder = new RunRecorder({ workspace, store, live: this.live, wrote });
    this.#workspace = options.workspace;
    this.#store = options.store;
    this.#world = options.world;
    this.#host = options.host;
    this.#textOf = options.textOf;
  }

  /** What an earlier call gave, when it is at hand. */
  recall(key: Hash): Evaluated | undefined {
    const gave = this.#recent.get(key);
    if (gave === undefined) return this.#host.compiler === undefined ? unavailable('functions').gave : undefined;
    this.#recent.delete(key);
    this.#recent.set(key, gave);
    return gave;
  }

  /** Has the function effects, so that its result is that of one value at one moment? `text`: its text, when it is not known. */
  hasEffects({ kind, text: hash }: Call, text: () => string): boolean {
    const key = `${kind} ${hash}`;
    let has = this.#effects.get(key);
    if (has === undefined) {
      const compiled = this.#host.compiler?.compile(text(), kind);
      has = compiled?.ok === true && compiled.value.tier === 'process';
      if (this.#effects.size >= limits.patternsKeptMax) this.#effects.clear();
      this.#effects.set(key, has);
    }
    return has;
  }

  /** Finds out what a call gives and tells `deliver`, in a later turn. */
  ask(asked: Asked): void {
    const flight = this.#flights.get(asked.key);
    if (flight !== undefined) {
      flight.deliver.push(asked.deliver);
      return;
    }
    this.#flights.set(asked.key, { first: asked, deliver: [asked.deliver] });
    if (this.#asked.push(asked) === 1) queueMicrotask(() => void this.#lookUp());
  }

  /**
   * Runs a call now, whatever earlier ones gave, and keeps nothing of it but its record. Answers the run's id at once.
   * Fault `runner_unavailable`. Refuses what the compiler refuses.
   */
  async test(call: TestCall): Promise<Result<{ readonly run: RunId; readonly ended: Promise<Tested> }>> {
    const { compiler } = this.#host;
    if (compiler === undefined) throw new Fault('runner_unavailable', unavailableText('functions'));
    const compiled = compiler.compile(call.source ?? (await this.#textOf(call.call.text)), call.call.kind);
    if (!compiled.ok) return compiled;
    const runner = this.#runnerOf(compiled.value.tier);
    if (runner === undefined)
      throw new Fault('runner_unavailable', unavailableText(`functions of the ${compiled.value.tier} tier`));
    const run = this.#world.ids.ulid<RunId>();
    const ended = this.#runOn(runner, run, call, compiled.value, true).then(async (tested) => {
      await this.live.untilWritten(run);
      return tested;
    });
    return { ok: true, value: { run, ended } };
  }

  /** The engine ends: what is cut off by that is not recorded. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Ends a run, waiting or under way. False when it is not. */
  kill(run: RunId): boolean {
    return this.live.kill(run);
  }

  /** Resolves when every run that has ended is recorded. Throws what the store threw. */
  flushed(): Promise<void> {
    return this.#recorder.flushed();
  }

  get runners(): readonly Runner[] {
    return this.#host.runners ?? [];
  }

  get compiler(): Compiler | undefined {
    return this.#host.compiler;
  }

  get statistics(): CallStatistics {
    return {
      running: this.#flights.size,
      ran: this.#ran,
      recalled: this.#recalled,
      unreadable: this.#unreadable,
      remembered: this.#recent.size,
    };
  }

  forget(): void {
    this.#recent.clear();
  }

  async #lookUp(): Promise<void> {
    const asked = this.#asked.map((a) => ({ ...a, memoKey: this.#memoKey(a.key) }));
    this.#asked = [];
    const found = await this.#readMemo(asked.map((a) => a.memoKey));
    for (const a of asked) {
      const text = found.get(a.memoKey);
      const gave = text === undefined ? undefined : rememberedResult(a.call.kind, text);
      if (text !== undefined && gave === undefined) this.#unreadable++;
      if (gave === undefined) void this.#runAndTell(a, a.memoKey);
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

  /** The memo is kept by runtime too: another compiler or other libraries may give another result. */
  #memoKey(key: Hash): Hash {
    return this.#world.digest(`${this.#host.compiler?.version ?? ''}\n${key}`);
  }

  /** What the memo had for the key, and could not be read, is replaced. Never rejects: who waits is told what went wrong. */
  async #runAndTell(asked: Asked, memoKey: Hash): Promise<void> {
    let ran: { readonly gave: Evaluated; readonly isKept: boolean };
    try {
      ran = await this.#run(asked);
      if (ran.isKept) this.#recorder.remember({ key: memoKey, text: canonical(ran.gave as unknown as Json) });
    } catch (e) {
      ran = { gave: failureOfRun('runner_lost', messageOf(e)), isKept: false };
    }
    this.#land(asked.key, ran.gave, ran.isKept);
  }

  #land(key: Hash, gave: Evaluated, remember: boolean): void {
    if (remember) {
      this.#recent.set(key, gave);
      if (this.#recent.size > limits.memoEntriesInMemoryMax) this.#recent.delete(this.#recent.keys().next().value!);
    }
    const flight = this.#flights.get(key);
    this.#flights.delete(key);
    for (const deliver of flight?.deliver ?? []) deliver(gave);
  }

  /** `isKept`: the same call would give the same again, so that this is remembered. */
  async #run(asked: Asked): Promise<{ gave: Evaluated; isKept: boolean }> {
    const { call } = asked;
    const { compiler } = this.#host;
    if (compiler === undefined) return unavailable('functions');
    let compiled: CompiledFunction;
    try {
      const done = compiler.compile(await this.#textOf(call.text), call.kind);
      if (!done.ok) {
        return { gave: failureOfRun('not_compiled', refusalText(done.refusal)), isKept: true };
      }
      compiled = done.value;
    } catch (e) {
      return { gave: failureOfRun('not_compiled', messageOf(e)), isKept: false };
    }
    const runner = this.#runnerOf(compiled.tier);
    if (runner === undefined) return unavailable(`functions of the ${compiled.tier} tier`);
    const { gave } = await this.#runOn(runner, this.#world.ids.ulid<RunId>(), asked, compiled, false);
    const isFixed = gave.state !== 'error' || isFinal(gave.code as Parameters<typeof isFinal>[0]);
    return { gave, isKept: isFixed && compiled.tier === 'isolate' };
  }

  #runnerOf(tier: Tier): Runner | undefined {
    return this.#host.runners?.find((r) => r.tier === tier);
  }

  async #runOn(
    runner: Runner,
    id: RunId,
    asked: TestCall,
    compiled: CompiledFunction,
    isTest: boolean,
  ): Promise<Tested> {
    this.live.add(this.#queued(id, asked, compiled, isTest), runner);
    const { report, tainted } = await this.#reportOf(runner, id, { asked, compiled, isTest });
    this.#ran++;
    const { outcome } = report;
    // Members in the order in which the memo has them, so that it makes no difference whether it ran or was remembered.
    const gave = outcome.ok
      ? inCanonicalOrder(resultOfRun(asked.call.kind, outcome.value))
      : failureOfRun(outcome.code, failureText(outcome));
    const failure =
      gave.state === 'error'
        ? { code: gave.code as NonNullable<RunRecord['failure']>['code'], message: gave.message }
        : null;
    const text = outcome.ok ? outcome.value : undefined;
    // Whatever the runner did not say, what has given something has begun.
    if (this.live.find(id)?.status === 'dispatched') this.live.move(id, 'start', {});
    const kept = text !== undefined && text.length <= limits.runResultCharsMax ? text : null;
    // A pure call that the engine's end cut off never was: it is made again when its value is needed.
    const isCutOff =
      this.#isStopping && !isTest && compiled.tier === 'isolate' && !outcome.ok && outcome.code === 'killed';
    const record = this.live.move(id, endOf(outcome, gave), {
      outputHash: text === undefined ? null : this.#world.digest(text),
      runner: report.runner,
      endedAtMs: this.#world.clock.nowMs(),
      peakMemoryBytes: report.peakMemoryBytes,
      exit: report.exit,
      failure,
      ...(isTest ? resultKept(asked, kept) : {}),
      ...(tainted ? { tainted } : {}),
    });
    if (isCutOff) this.live.written(id);
    else this.#recorder.record(record);
    return { gave, record, report };
  }

  /** The record of a run that is handed to its runner, which has it wait until there is room. */
  #queued(id: RunId, asked: TestCall, compiled: CompiledFunction, isTest: boolean): RunRecord {
    const { call } = asked;
    const { digest } = this.#world;
    return {
      id,
      changeSet: asked.changeSet,
      component: asked.at.component,
      function: call.function,
      functionName: call.name,
      kind: call.kind,
      output: asked.at.path,
      codeHash: compiled.hash,
      inputHash: digest(call.input),
      outputHash: null,
      status: 'dispatched',
      tier: compiled.tier,
      actor: asked.actor,
      limits: limitsOf(compiled),
      credentials: [],
      network: [],
      commands: [],
      attempts: 1,
      runner: '',
      queuedAtMs: this.#world.clock.nowMs(),
      startedAtMs: null,
      endedAtMs: null,
      peakMemoryBytes: null,
      exit: null,
      failure: null,
      input: keptInput(digest, call.input),
      test: null,
      ...(isTest ? resultKept(asked, null) : {}),
    };
  }

  async #reportOf(
    runner: Runner,
    id: RunId,
    {
      asked,
      compiled,
      isTest,
    }: { readonly asked: TestCall; readonly compiled: CompiledFunction; readonly isTest: boolean },
  ): Promise<GuardedReport> {
    const { call, at } = asked;
    const ended = (outcome: RunOutcome): GuardedReport => ({
      report: { outcome, tookMs: 0, peakMemoryBytes: null, exit: null, runner: runner.tier },
      tainted: false,
    });
    try {
      const given = await this.#given(asked, compiled);
      if (!given.ok) return ended({ ok: false, code: 'authentication_failed', message: given.message });
      const { authentication, contents } = given.credentials;
      const allow = united(given.credentials.allow, compiled.allow);
      if (compiled.tier === 'process') this.live.note(id, { credentials: given.credentials.given, ...allow });
      const opened = takesSecrets(compiled, at) ? await this.#sealed.open(call.input) : undefined;
      if (opened?.ok === false)
        return ended({ ok: false, code: 'authentication_failed', message: refusalText(opened.refusal) });
      const isSealed = !isTest && sealedKinds.includes(call.kind);
      return await runGuarded(
        runner,
        {
          id,
          kind: call.kind,
          tier: compiled.tier,
          name: call.name,
          code: { hash: compiled.hash, script: compiled.script },
          input: opened?.value.input ?? call.input,
          limits: limitsOf(compiled),
          ...(compiled.tier === 'process' ? { authentication, allow } : {}),
        },
        {
          started: (startedAtMs) => {
            // A second attempt is still the same run.
            if (this.live.find(id)?.status !== 'dispatched') return;
            const record = this.live.move(id, 'start', { startedAtMs });
            // What has effects has begun: that is known also when this process ends before it does.
            if (compiled.tier === 'process') this.#recorder.record(record);
          },
          log: (line) => this.#recorder.log(id, line),
        },
        {
          contents: [...contents, ...(opened?.value.contents ?? [])],
          ...(isSealed ? { seal: (content) => this.#sealed.seal(at, content) } : {}),
        },
      );
    } catch (e) {
      return ended({ ok: false, code: 'runner_lost', message: messageOf(e) });
    }
  }

  /** The secrets for a call: only functions with effects, which run for a component, get any. */
  async #given({ changeSet, at, secrets }: TestCall, compiled: CompiledFunction): Promise<CredentialsOutcome> {
    const compiler = this.#host.compiler!;
    if (!takesSecrets(compiled, at)) return { ok: true, credentials: noCredentials };
    return this.#credentials(compiler, { changeSet, component: at.component, secrets });
  }
}

/** Where the result of a call that somebody made himself is kept. */
function resultKept({ readAt }: TestCall, result: string | null): Pick<RunRecord, 'test' | 'management'> {
  return readAt === undefined ? { test: { result } } : { test: null, management: { readAt, result } };
}

/** Only functions with effects, which run for a component, get contents of secrets and what was made with them. */
function takesSecrets({ tier }: CompiledFunction, at: Source): boolean {
  return tier === 'process' && (at.component as string) !== '';
}

const unavailableText = (what: string): string => `${what} cannot run here: no runner is configured`;

function unavailable(what: string): { gave: Evaluated; isKept: boolean } {
  const message = unavailableText(what);
  return { gave: { state: 'error', code: 'runner_unavailable', message }, isKept: false };
}

function inCanonicalOrder(gave: Evaluated): Evaluated {
  return gave.state === 'value' ? { state: 'value', value: JSON.parse(canonical(gave.value)) as Json } : gave;
}

function endOf(outcome: RunOutcome, gave: Evaluated): RunEvent {
  if (outcome.ok) return gave.state === 'error' ? 'fail' : 'succeed';
  if (outcome.code === 'timed_out') return 'time-out';
  if (outcome.code === 'killed') return 'cancel';
  return outcome.code === 'runner_lost' ? 'lose' : 'fail';
}

/** The message of a failure, with its place. */
export function failureText(outcome: Extract<RunOutcome, { ok: false }>): string {
  return outcome.at === undefined
    ? outcome.message
    : `${outcome.message} (line ${outcome.at.line}, column ${outcome.at.column})`;
}

function limitsOf({ tier, limits: declared }: CompiledFunction): RunLimits {
  const isIsolate = tier === 'isolate';
  return {
    timeMs: isIsolate ? limits.isolateRunMs : limits.processRunMs,
    memoryBytes: isIsolate ? limits.isolateRunBytes : limits.processRunBytes,
    cpus: 1,
    outputBytes: limits.runOutputBytesMax,
    ...declared,
  };
}

const messageOf = (e: unknown): string => (e instanceof Fault || e instanceof Error ? e.message : String(e));

/** What the functions of one process reach together: they share it. */
function united(a: Allowances, b: Allowances | undefined): Allowances {
  return {
    network: [...new Set([...a.network, ...(b?.network ?? [])])],
    commands: [...new Set([...a.commands, ...(b?.commands ?? [])])],
  };
}
