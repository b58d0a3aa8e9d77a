// One call of a function run where it belongs, with its record from the moment it is handed to its runner. A function that
// only computes goes straight to its runner; one with effects gets the secrets of its component first, and nothing comes out
// of it before it was redacted.

import type { ChangeSetId, Hash, RunId, WorkspaceId } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { refusalText } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import { keptInput } from '../dispatch/kept_input.ts';
import { reachOf } from '../dispatch/network_reach.ts';
import { defaultPool } from '../dispatch/pool_label.ts';
import { failureOfRun, resultOfRun } from '../dispatch/result.ts';
import type { Source } from '../model/expr.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunEvent, RunFailureCode, RunRecord } from '../model/run.ts';
import type { Compiler } from '../ports/compiler.ts';
import type { Observer } from '../ports/observer.ts';
import type { Allowances, HeldTurn, RunListener, Runner, RunOutcome, RunReport, RunRequest } from '../ports/runner.ts';
import type { World } from '../ports/world.ts';
import { messageOf, type Runnable } from './compiled_functions.ts';
import { type AskedCredentials, type CredentialsOutcome, noCredentials } from './credentials.ts';
import { type GuardedReport, runGuarded } from './guarded_run.ts';
import type { LiveRuns } from './live_runs.ts';
import type { RunRecorder } from './record_runs.ts';
import type { SealedValues } from './sealed_values.ts';

/** A call to be made, and for whom. */
export interface RunOf {
  readonly call: Call;
  readonly at: Source;
  /** The secrets that it is made with (`secretUseText`); absent: those of its component in the change set as it is now. */
  readonly secrets?: string;
  readonly changeSet: ChangeSetId;
  readonly actor: string;
}

/** A call that somebody makes himself: to try a function, or to carry out what a management function says. */
export interface TestCall extends RunOf {
  /** In place of the function's text: one that is not saved. */
  readonly source?: string;
  /** The version that the argument was read at; its result is to be carried out, so that it is no test. */
  readonly readAt?: number;
}

/** What a run gave; `report` is the runner's own, with the place of a failure. */
export interface Tested {
  readonly gave: Evaluated;
  readonly record: RunRecord;
  readonly report: RunReport;
}

export type CredentialsOf = (compiler: Compiler, asked: AskedCredentials) => Promise<CredentialsOutcome>;

export interface RunCallOptions {
  readonly workspace: WorkspaceId;
  readonly world: World;
  readonly observer: Observer;
  readonly live: LiveRuns;
  readonly recorder: RunRecorder;
  readonly compiler: () => Compiler | undefined;
  /** What a function with effects gets to run with a component's secrets. */
  readonly credentials: CredentialsOf;
  readonly sealed: SealedValues;
}

/** Kinds whose results are values that other functions may get; of the others nothing is kept that holds a secret. */
const sealedKinds: readonly FunctionKind[] = ['attribute', 'transformation', 'code-generation'];

/**
 * How a run comes to its runner: it waits for its turn there; it has had it, under that id, and what it is about to do was written
 * down since; or it goes past the queue.
 */
export type Admission = 'queued' | 'past' | HeldTurn;

/** A run on its way. */
export interface Run {
  readonly id: RunId;
  readonly of: TestCall;
  readonly fn: Runnable;
  readonly runner: Runner;
  readonly isTest: boolean;
  /** Default: queued. */
  readonly admission?: Admission;
  /** By which its result is known; undefined: nobody asks for it again. */
  readonly key?: Hash;
}

export class CallRuns {
  readonly #options: RunCallOptions;
  /** Of the argument that was hashed last: several functions of one component get the same. */
  #input: { readonly text: string; readonly hash: Hash } = { text: '', hash: '' as Hash };
  #isStopping = false;
  /** Runs that have ended. */
  ended = 0;

  constructor(options: RunCallOptions) {
    this.#options = options;
  }

  /** The engine ends: what is cut off by that is not recorded. */
  stop(): void {
    this.#isStopping = true;
  }

  newId(): RunId {
    return this.#options.world.ids.ulid<RunId>();
  }

  /** Never rejects: what went wrong is what the run gave. */
  run(run: Run): Promise<Tested> {
    const { call } = run.of;
    const attributes = { run: run.id, function: call.name, kind: call.kind, tier: run.fn.compiled.tier };
    return this.#options.observer.span('run', attributes, () => this.#run(run));
  }

  async #run(run: Run): Promise<Tested> {
    const { live } = this.#options;
    live.add(this.#queued(run), run.runner);
    let guarded: GuardedReport;
    try {
      guarded =
        run.fn.compiled.tier === 'isolate'
          ? { report: await run.runner.run(this.#request(run), this.#listener(run)), tainted: false }
          : await this.#withEffects(run);
    } catch (e) {
      guarded = notStarted(run, 'runner_lost', messageOf(e));
    }
    return this.#end(run, guarded);
  }

  #end(run: Run, { report, tainted }: GuardedReport): Tested {
    const { id, of, isTest } = run;
    const { live, recorder, world } = this.#options;
    this.ended++;
    const { outcome } = report;
    const gave = outcome.ok
      ? resultOfRun(of.call.kind, outcome.value, outcome.parsed)
      : failureOfRun(outcome.code, failureText(outcome));
    const text = outcome.ok ? outcome.value : undefined;
    // Whatever the runner did not say, what has given something has begun.
    if (live.statusOf(id) === 'dispatched') live.move(id, 'start', {});
    const kept = text !== undefined && text.length <= limits.runResultCharsMax ? text : null;
    // A pure call that the engine's end cut off never was: it is made again when its value is needed.
    const isCutOff =
      this.#isStopping && !isTest && run.fn.compiled.tier === 'isolate' && !outcome.ok && outcome.code === 'killed';
    const record = live.move(id, endOf(outcome, gave), {
      outputHash: text === undefined ? null : world.digest(text),
      runner: report.runner,
      endedAtMs: world.clock.nowMs(),
      peakMemoryBytes: report.peakMemoryBytes,
      exit: report.exit,
      failure: gave.state === 'error' ? { code: gave.code as RunFailureCode, message: gave.message } : null,
      ...(isTest ? resultKept(of, kept) : {}),
      ...(tainted ? { tainted } : {}),
      ...answerKept(run, outcome, tainted),
    });
    const { startedAtMs, endedAtMs } = record;
    if (startedAtMs !== null && endedAtMs !== null)
      this.#options.observer.ran(record.tier, outcome.ok ? 'ok' : outcome.code, endedAtMs - startedAtMs);
    if (isCutOff) live.written(id);
    else recorder.record(record);
    return { gave, record, report };
  }

  /** The record of a run that is handed to its runner, which has it wait until there is room. */
  #queued({ id, of, fn, isTest }: Run): RunRecord {
    const { call } = of;
    const { digest, clock } = this.#options.world;
    // What an authentication function is given on trial is a secret, of which nobody is to try guesses either.
    const isSecret = call.kind === 'authentication';
    const shown = isSecret ? '' : call.input;
    if (this.#input.text !== shown) this.#input = { text: shown, hash: digest(shown) };
    return {
      id,
      changeSet: of.changeSet,
      component: of.at.component,
      function: call.function,
      functionName: call.name,
      kind: call.kind,
      output: of.at.path,
      codeHash: fn.compiled.hash,
      inputHash: this.#input.hash,
      outputHash: null,
      status: 'dispatched',
      tier: fn.compiled.tier,
      ...poolOf(fn),
      actor: of.actor,
      limits: fn.limits,
      credentials: [],
      network: [],
      commands: [],
      attempts: 1,
      runner: '',
      queuedAtMs: clock.nowMs(),
      startedAtMs: null,
      endedAtMs: null,
      peakMemoryBytes: null,
      exit: null,
      failure: null,
      input: isSecret ? null : keptInput(digest, call.input),
      test: null,
      ...(isTest ? resultKept(of, null) : {}),
    };
  }

  #request({ id, of, fn, isTest, admission = 'queued' }: Run): RunRequest {
    const { kind, name, input } = of.call;
    const where = { tier: fn.compiled.tier, ...poolOf(fn) };
    const { workspace } = this.#options;
    const request = { id, workspace, kind, ...where, name, code: fn.code, input, limits: fn.limits };
    if (admission === 'past') return request;
    if (admission !== 'queued') return { ...request, turn: admission };
    // Somebody waits for what he tries out; values are computed as they come.
    const priority = isTest ? 'interactive' : 'replay';
    return { ...request, turn: { workspace, changeSet: of.changeSet, priority } };
  }

  #listener({ id, fn }: Run): RunListener {
    const { live, recorder } = this.#options;
    return {
      started: (startedAtMs) => {
        // A second attempt is still the same run.
        if (live.statusOf(id) !== 'dispatched') return;
        const record = live.move(id, 'start', { startedAtMs });
        // What has effects has begun: that is known also when this process ends before it does.
        if (fn.compiled.tier === 'process') recorder.record({ ...record });
      },
      log: (line) => recorder.log(id, line),
    };
  }

  /**
   * Only functions with effects get contents of secrets: those of the component that they run for, with what was made with them,
   * or those that they are to be given without one.
   */
  async #withEffects(run: Run): Promise<GuardedReport> {
    const { live, sealed, compiler } = this.#options;
    const { of, fn, isTest } = run;
    const { call, at, changeSet } = of;
    const { component } = at;
    const isGiven = component !== '' || of.secrets !== undefined;
    const given = isGiven
      ? await this.#options.credentials(compiler()!, { changeSet, component, secrets: of.secrets })
      : { ok: true as const, credentials: noCredentials };
    if (!given.ok) return notStarted(run, 'authentication_failed', given.message);
    const { authentication, opened: secrets } = given.credentials;
    const words = united(given.credentials.allow, fn.compiled.allow);
    // What the functions say, not what it is in this run: that is in the secrets.
    live.note(run.id, { credentials: given.credentials.given, ...words });
    const reach = reachOf(words.network, secrets);
    if (!reach.ok) return notStarted(run, 'authentication_failed', reach.message);
    const opened = component === '' ? undefined : await sealed.open(call.input);
    if (opened?.ok === false) return notStarted(run, 'authentication_failed', refusalText(opened.refusal));
    // Ended while all of that was being fetched; from here on its runner knows it.
    if (live.isUnwanted(run.id)) return notStarted(run, 'killed', 'ended on request before it began');
    const request = this.#request(run);
    const isSealed = !isTest && sealedKinds.includes(call.kind);
    return runGuarded(
      run.runner,
      {
        ...request,
        input: opened?.value.input ?? request.input,
        authentication,
        allow: { ...words, network: reach.listed },
        members: reach.members,
      },
      this.#listener(run),
      {
        contents: [
          // On trial it is given a secret as its argument.
          ...(call.kind === 'authentication' ? [JSON.parse(call.input) as Json] : []),
          ...secrets.map((s) => s.hidden),
          ...(opened?.value.contents ?? []),
          ...reach.members.flatMap((m) => (isHidden(m.word, secrets) ? m.entry.replace(/^unix:/, '') : [])),
        ],
        ...(isSealed ? { seal: (content, hidden) => sealed.seal(at, content, hidden) } : {}),
      },
    );
  }
}

const poolOf = ({ compiled: { pool = defaultPool } }: Runnable): Pick<RunRecord, 'pool'> =>
  pool === defaultPool ? {} : { pool };

/** Does the word (`$Host`, `$Host:$Port`) name a member that must not come out of the run? */
function isHidden(word: string, secrets: readonly { readonly hidden: Json }[]): boolean {
  const member = word.slice(1).split(':')[0]!;
  return secrets.some(({ hidden }) => isObject(hidden) && Object.hasOwn(hidden, member));
}

function notStarted({ runner }: Run, code: RunFailureCode, message: string): GuardedReport {
  const outcome: RunOutcome = { ok: false, code, message };
  return { report: { outcome, tookMs: 0, peakMemoryBytes: null, exit: null, runner: runner.tier }, tainted: false };
}

/** What a value must not lose with this process before it is saved: what only computes is made again, what failed is tried again. */
function answerKept({ fn, key }: Run, outcome: RunOutcome, tainted: boolean): Pick<RunRecord, 'answer'> {
  if (key === undefined || fn.compiled.tier === 'isolate' || !outcome.ok || tainted) return {};
  const result = outcome.value ?? null;
  return (result?.length ?? 0) > limits.runResultCharsMax ? {} : { answer: { key, result } };
}

/** Where the result of a call that somebody made himself is kept. */
function resultKept({ readAt }: TestCall, result: string | null): Pick<RunRecord, 'test' | 'management'> {
  return readAt === undefined ? { test: { result } } : { test: null, management: { readAt, result } };
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

/** What the functions of one process reach together: they share it. */
function united(a: Allowances, b: Allowances | undefined): Allowances {
  return {
    network: [...new Set([...a.network, ...(b?.network ?? [])])],
    commands: [...new Set([...a.commands, ...(b?.commands ?? [])])],
  };
}
