// Calls of users' functions: looked up among earlier results, else compiled, run where they belong, recorded and remembered.
// A call is its function's text and its input, so one run serves every value and every change set that asks for it at once;
// a function with effects is run for each value that asks, and nothing but that value gets its result.

import type { ChangeSetId, Hash, RunId, WorkspaceId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Fault, refusalText } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import { failureOfRun, isFinal, resultOfRun } from '../dispatch/result.ts';
import type { Source } from '../model/expr.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunLimits, RunLogLine, RunRecord, RunStatus } from '../model/run.ts';
import type { CompiledFunction, Compiler } from '../ports/compiler.ts';
import type { MemoRow, RunStore } from '../ports/run_store.ts';
import type { Allowances, Runner, RunOutcome, RunReport } from '../ports/runner.ts';
import type { World } from '../ports/world.ts';
import { type AskedCredentials, type CredentialsOutcome, noCredentials } from './credentials.ts';
import { runGuarded } from './guarded_run.ts';

/** What functions need; without a compiler and a runner of its tier a function gives an error that says so. */
export interface FunctionHost {
  readonly compiler?: Compiler;
  readonly runners?: readonly Runner[];
}

/** Has a function of that text effects, so that its result is that of one value at one moment? */
export function hasEffects(host: FunctionHost, kind: FunctionKind, text: string): boolean {
  const compiled = host.compiler?.compile(text, kind);
  return compiled?.ok === true && compiled.value.tier === 'process';
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
  readonly deliver: (gave: Evaluated) => void;
}

export interface CallStatistics {
  readonly running: number;
  readonly ran: number;
  readonly recalled: number;
  readonly remembered: number;
}

type CredentialsOf = (compiler: Compiler, asked: AskedCredentials) => Promise<CredentialsOutcome>;

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
  /** Results by call, those asked for last at the end. */
  readonly #recent = new Map<Hash, Evaluated>();
  readonly #flights = new Map<Hash, Flight>();
  readonly #running = new Map<RunId, Runner>();
  /** Asked for in this turn, looked up together. */
  #asked: Asked[] = [];
  #records: RunRecord[] = [];
  #log: { run: RunId; line: RunLogLine }[] = [];
  #memo: MemoRow[] = [];
  #writing: Promise<void> | undefined;
  #failed: unknown;
  #ran = 0;
  #recalled = 0;

  constructor(options: {
    readonly workspace: WorkspaceId;
    readonly store: RunStore;
    readonly world: World;
    readonly host: FunctionHost;
    /** Text of a function by its blob. */
    readonly textOf: (hash: Hash) => Promise<string>;
    /** What a function with effects gets to run with a component's secrets. */
    readonly credentials: CredentialsOf;
  }) {
    this.#workspace = options.workspace;
    this.#store = options.store;
    this.#world = options.world;
    this.#host = options.host;
    this.#textOf = options.textOf;
    this.#credentials = options.credentials;
  }

  /** What an earlier call gave, when it is at hand. */
  recall(key: Hash): Evaluated | undefined {
    const gave = this.#recent.get(key);
    if (gave === undefined) return this.#host.compiler === undefined ? unavailable('functions').gave : undefined;
    this.#recent.delete(key);
    this.#recent.set(key, gave);
    return gave;
  }

  /** Finds out what a call gives and tells `deliver`, in a later turn. */
  ask(asked: Asked): void {
    const flight = this.#flights.get(asked.key);
    if (flight !== undefined) {
      flight.deliver.push(asked.deliver);
      return;
    }
    this.#flights.set(asked.key, { first: asked, deliver: [asked.deliver] });
    if (this.#asked.push(asked) === 1) queueMicrotask(() => this.#lookUp());
  }

  /** Runs a call now, whatever earlier ones gave, and keeps nothing of it but its record. */
  async test(asked: Omit<Asked, 'deliver'>): Promise<{ gave: Evaluated; run: RunId | undefined }> {
    const { gave, run } = await this.#run(asked as Asked);
    await this.flushed();
    return { gave, run };
  }

  /** Ends a run that is under way. False when it is not. */
  kill(run: RunId): boolean {
    return this.#running.get(run)?.kill(run) ?? false;
  }

  /** Resolves when every run that has ended is recorded. Throws what the store threw. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#failed === undefined) return;
    const failed = this.#failed;
    this.#failed = undefined;
    throw failed;
  }

  get statistics(): CallStatistics {
    return { running: this.#flights.size, ran: this.#ran, recalled: this.#recalled, remembered: this.#recent.size };
  }

  forget(): void {
    this.#recent.clear();
  }

  #lookUp(): void {
    const asked = this.#asked;
    this.#asked = [];
    const run = (a: Asked): void => {
      void this.#runAndTell(a);
    };
    this.#store
      .readMemo(
        this.#workspace,
        asked.map((a) => this.#memoKey(a.key)),
      )
      .then(
        (found) => {
          for (const a of asked) {
            const text = found.get(this.#memoKey(a.key));
            if (text === undefined) run(a);
            else {
              this.#recalled++;
              this.#land(a.key, JSON.parse(text) as Evaluated, true);
            }
          }
        },
        // Without the memo everything can still be computed.
        () => asked.forEach(run),
      );
  }

  /** The memo is kept by runtime too: another compiler or other libraries may give another result. */
  #memoKey(key: Hash): Hash {
    return this.#world.digest(`${this.#host.compiler?.version ?? ''}\n${key}`);
  }

  async #runAndTell(asked: Asked): Promise<void> {
    const { gave, isKept, pure } = await this.#run(asked);
    if (isKept && pure) this.#memo.push({ key: this.#memoKey(asked.key), text: canonical(gave as unknown as Json) });
    this.#write();
    this.#land(asked.key, gave, isKept && pure);
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

  async #run(asked: Asked): Promise<{ gave: Evaluated; isKept: boolean; pure: boolean; run?: RunId | undefined }> {
    const { call } = asked;
    const { compiler, runners = [] } = this.#host;
    if (compiler === undefined) return unavailable('functions');
    let compiled: CompiledFunction;
    try {
      const done = compiler.compile(await this.#textOf(call.text), call.kind);
      if (!done.ok) {
        return { gave: failureOfRun('not_compiled', refusalText(done.refusal)), isKept: true, pure: true };
      }
      compiled = done.value;
    } catch (e) {
      return { gave: failureOfRun('not_compiled', messageOf(e)), isKept: false, pure: true };
    }
    const runner = runners.find((r) => r.tier === compiled.tier);
    if (runner === undefined) return unavailable(`functions of the ${compiled.tier} tier`);
    const id = this.#world.ids.ulid<RunId>();
    const { report, tainted, startedAtMs, queuedAtMs } = await this.#runOn(runner, id, asked, compiled);
    this.#ran++;
    const { outcome } = report;
    // Members in the order in which the memo has them, so that it makes no difference whether it ran or was remembered.
    const gave = outcome.ok
      ? inCanonicalOrder(resultOfRun(call.kind, outcome.value))
      : failureOfRun(outcome.code, failureText(outcome));
    const failure =
      gave.state === 'error'
        ? { code: gave.code as NonNullable<RunRecord['failure']>['code'], message: gave.message }
        : null;
    this.#records.push({
      id,
      changeSet: asked.changeSet,
      component: asked.at.component,
      function: call.function,
      functionName: call.name,
      kind: call.kind,
      output: asked.at.path,
      codeHash: compiled.hash,
      inputHash: this.#world.digest(call.input),
      outputHash: outcome.ok && outcome.value !== undefined ? this.#world.digest(outcome.value) : null,
      status: statusOf(outcome, gave),
      tier: compiled.tier,
      actor: asked.actor,
      attempts: 1,
      runner: report.runner,
      queuedAtMs,
      startedAtMs,
      endedAtMs: this.#world.clock.nowMs(),
      peakMemoryBytes: report.peakMemoryBytes,
      exit: report.exit,
      failure,
      ...(tainted ? { tainted } : {}),
    });
    this.#write();
    const isKept = gave.state !== 'error' || isFinal(gave.code as Parameters<typeof isFinal>[0]);
    return { gave, isKept, pure: compiled.tier === 'isolate', run: id };
  }

  async #runOn(
    runner: Runner,
    id: RunId,
    asked: Asked,
    compiled: CompiledFunction,
  ): Promise<{ report: RunReport; tainted: boolean; startedAtMs: number | null; queuedAtMs: number }> {
    const queuedAtMs = this.#world.clock.nowMs();
    let startedAtMs: number | null = null;
    const ended = (outcome: RunOutcome) => ({
      report: { outcome, tookMs: 0, peakMemoryBytes: null, exit: null, runner: runner.tier },
      tainted: false,
      startedAtMs,
      queuedAtMs,
    });
    this.#running.set(id, runner);
    try {
      const given = await this.#given(asked, compiled);
      if (!given.ok) return ended({ ok: false, code: 'authentication_failed', message: given.message });
      const { authentication, contents, allow } = given.credentials;
      const { report, tainted } = await runGuarded(
        runner,
        {
          id,
          kind: asked.call.kind,
          tier: compiled.tier,
          name: asked.call.name,
          code: { hash: compiled.hash, script: compiled.script },
          input: asked.call.input,
          limits: limitsOf(compiled),
          ...(compiled.tier === 'process' ? { authentication, allow: united(allow, compiled.allow) } : {}),
        },
        {
          started: (atMs) => {
            startedAtMs = atMs;
          },
          log: (line) => {
            this.#log.push({ run: id, line });
            this.#write();
          },
        },
        contents,
      );
      return { report, tainted, startedAtMs, queuedAtMs };
    } catch (e) {
      return ended({ ok: false, code: 'runner_lost', message: messageOf(e) });
    } finally {
      this.#running.delete(id);
    }
  }

  /** The secrets for a call: only functions with effects, which run for a component, get any. */
  async #given({ changeSet, at, secrets }: Asked, compiled: CompiledFunction): Promise<CredentialsOutcome> {
    const compiler = this.#host.compiler!;
    if (compiled.tier !== 'process' || (at.component as string) === '') return { ok: true, credentials: noCredentials };
    return this.#credentials(compiler, { changeSet, component: at.component, secrets });
  }

  /** Writes what has come together since the last write; one write at a time, so that much shares one sync. */
  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    // What else ends in this turn goes with it.
    await new Promise<void>((done) => setImmediate(done));
    while (this.#records.length + this.#log.length + this.#memo.length > 0) {
      const [records, log, memo] = [this.#records, this.#log, this.#memo];
      this.#records = [];
      this.#log = [];
      this.#memo = [];
      try {
        if (log.length > 0) await this.#store.appendLog(this.#workspace, log);
        if (records.length > 0) await this.#store.putRuns(this.#workspace, records);
        if (memo.length > 0) await this.#store.writeMemo(this.#workspace, memo, limits.memoBytesMax);
      } catch (e) {
        // Told to whoever asks for the records next; the values themselves can be computed again.
        this.#failed = e;
        return;
      }
    }
  }
}

function unavailable(what: string): { gave: Evaluated; isKept: boolean; pure: boolean } {
  const message = `${what} cannot run here: no runner is configured`;
  return { gave: { state: 'error', code: 'runner_unavailable', message }, isKept: false, pure: true };
}

function inCanonicalOrder(gave: Evaluated): Evaluated {
  return gave.state === 'value' ? { state: 'value', value: JSON.parse(canonical(gave.value)) as Json } : gave;
}

function statusOf(outcome: RunOutcome, gave: Evaluated): RunStatus {
  if (outcome.ok) return gave.state === 'error' ? 'failed' : 'succeeded';
  if (outcome.code === 'timed_out') return 'timed-out';
  if (outcome.code === 'killed') return 'cancelled';
  return outcome.code === 'runner_lost' ? 'lost' : 'failed';
}

function failureText(outcome: Extract<RunOutcome, { ok: false }>): string {
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

/** What the functions of one process reach together: they share it. */
function united(a: Allowances, b: Allowances | undefined): Allowances {
  return {
    network: [...new Set([...a.network, ...(b?.network ?? [])])],
    commands: [...new Set([...a.commands, ...(b?.commands ?? [])])],
  };
}

const messageOf = (e: unknown): string => (e instanceof Fault || e instanceof Error ? e.message : String(e));
