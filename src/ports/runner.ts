// Where user code runs. The engine hands over compiled code, the text of its input and its limits; what comes back is a
// report, never an exception about user code. Two adapters: an isolate for functions that only compute, a process for
// functions with effects.
//
// Contract
// - User code is hostile. It gets its input and the names of its kind, nothing of the engine, of the machine or of another
//   run; nothing it leaves behind is there for the next call. Whatever it does, `run` resolves, and the engine goes on.
// - `run` may be called any number of times at once. The adapter takes as many as it has room for (`capacity`) and keeps the
//   others waiting in the order in which they came; it batches as it likes. `started` is called when user code is about to
//   begin, once an attempt.
// - Several runners may share a tier, and a pool of it (`pool`, a label). `tier`, `pool` never change; `capacity` may, and
//   counts from then on. Which runner a call goes to is decided in front of them, and a call is given to one runner only.
// - Time runs from `started`. A run over a limit of its own is ended and reported with the code of that limit; it never
//   takes another run with it, except that one which shared its worker is tried again elsewhere, once, unseen by the caller.
// - Log lines arrive in order, with no gaps, before the report resolves. Lines are cut at 16 KiB; a log over its bound ends the run
//   with `output_too_large`.
// - `input` and `value` are JSON texts; the adapter neither trusts nor canonicalises `value` further than that it parses.
// - Code is known by its hash: the same hash always comes with the same text, and may be kept prepared.
// - What authentication functions leave for the others (items, variables, files) is told by `left` before it can be read, and all
//   of it before `authenticated`. Lines that they wrote may arrive later.
// - Secrets are on the request only, in the process tier only, and are gone from memory and disk when the run has ended.
// Faults (thrown): `runner_unavailable` when the tier cannot work at all on this machine, with what is missing.

import type { Hash, RunId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { MemberReach } from '../dispatch/network_reach.ts';
import type { Priority } from '../dispatch/strand.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunFailureCode, RunLimits, RunLogLine, Tier } from '../model/run.ts';

/** Code ready to run: a script that declares `main`, as the compiler port gives it. */
export interface RunCode {
  readonly hash: Hash;
  readonly script: string;
}

/** An authentication function to run first, in the same process, with its decrypted secret. */
export interface Authentication {
  readonly name: string;
  readonly code: RunCode;
  /** The secret's content; the argument of `main`. */
  readonly secret: Json;
  /** Items and variables that it stores whose values are no secrets (`@plain`). */
  readonly plain?: readonly string[];
}

/** What a function of the process tier may reach. Nothing that is not listed. */
export interface Allowances {
  /**
   * Hosts (`api.example.com`, `*.example.com`, `127.0.0.1:8080`) and sockets (`unix:/run/x.sock`); empty: no network. As a function
   * declares it, also members of its secrets (`$Endpoint`, `$Host:$Port`), which are resolved before a runner gets them.
   */
  readonly network: readonly string[];
  /** Commands that `siExec` may start, by name. */
  readonly commands: readonly string[];
}

/** Whose turn a run takes in the queue in front of the runners. */
export interface Turn {
  readonly workspace: string;
  readonly changeSet: string;
  readonly priority: Priority;
}

/** A turn that was had before, under an id of its own: the run goes to the runner that has room for it since. */
export interface HeldTurn {
  readonly held: string;
  /** What it was had with: the queue in front of the runners says so to the runner. */
  readonly priority?: Priority;
}

export interface RunRequest {
  readonly id: RunId;
  /**
   * For the queue in front of the runners; absent: it goes past the queue, to a runner that is there. A runner heeds of it the
   * priority at most.
   */
  readonly turn?: Turn | HeldTurn;
  /** Whose run it is: what it brings down keeps the same text of others from nothing. Default '', for all that say none. */
  readonly workspace?: string;
  readonly kind: FunctionKind;
  readonly tier: Tier;
  /** The runners that may take it, by label; for the queue in front of them. Default `default`. */
  readonly pool?: string;
  /** Name for stack traces and messages. */
  readonly name: string;
  readonly code: RunCode;
  /** JSON text: the only argument of `main`. */
  readonly input: string;
  readonly limits: RunLimits;
  /** Process tier only, in the order to run them; the first that fails ends the run with `authentication_failed`. */
  readonly authentication?: readonly Authentication[];
  /** Process tier only; default: nothing. */
  readonly allow?: Allowances;
  /** What members of secrets let it reach besides; no message says what they are. Default: nothing. */
  readonly members?: readonly MemberReach[];
}

export type RunOutcome =
  /** `value`: JSON text; undefined when the function returned nothing. `parsed`: the same as a value, where it is at hand. */
  | { readonly ok: true; readonly value: string | undefined; readonly parsed?: Json }
  /** `at`: where in the function's text, as written, lines and columns from 1. */
  | {
      readonly ok: false;
      readonly code: RunFailureCode;
      readonly message: string;
      readonly at?: { readonly line: number; readonly column: number };
    };

export interface RunReport {
  readonly outcome: RunOutcome;
  /** Wall time from `started` to the end. */
  readonly tookMs: number;
  readonly peakMemoryBytes: number | null;
  readonly exit: string | null;
  /** Which worker or process, for people. */
  readonly runner: string;
}

/** Of a run that was ended while it waited. */
export const endedBeforeItBegan: RunReport = {
  outcome: { ok: false, code: 'killed', message: 'ended on request before it began' },
  tookMs: 0,
  peakMemoryBytes: null,
  exit: null,
  runner: '',
};

/** Told while a run is under way. */
export interface RunListener {
  started(atMs: number): void;
  log(line: RunLogLine): void;
  /** Texts that an authentication function has left behind, before anything else can have read them. */
  left?(texts: readonly string[]): void;
  /** The authentication functions have ended, and all that they left was told; not called where there were none, or one failed. */
  authenticated?(): void;
}

export interface Runner {
  readonly tier: Tier;
  /** Its label; absent: `default`. */
  readonly pool?: string;
  /** Runs at once, and their memory together; what is over it waits. */
  readonly capacity: { readonly cpus: number; readonly memoryBytes: number };
  /**
   * Part of the capacity that this engine may use, over 0, 1 at most: others at the same runner have the rest. It may change, as
   * the capacity may. A run alone is always begun, however large. Default 1.
   */
  readonly share?: number;
  /** What holds user code in on this machine, and what does not hold here, for people and `doctor`. */
  readonly confinement: { readonly holds: readonly string[]; readonly missing: readonly string[] };
  run(request: RunRequest, listener: RunListener): Promise<RunReport>;
  /** Ends a run, waiting or under way; it reports `killed`. False when there is none of that id. */
  kill(id: RunId): boolean;
  /** Ends everything; later calls of `run` throw `runner_unavailable`. */
  close(): Promise<void>;
}

/** What an engine wants a pool for, at a moment. */
export interface PoolDemand {
  /** That have something under way, or waiting for nothing but room. */
  readonly workspaces: number;
  /** Does anything wait for nothing but room? */
  readonly isWaiting: boolean;
  /** What is under way, as a part of the capacity of the pool's runners. Over 1 where the capacity has become less. */
  readonly used: number;
}

/**
 * Runners that come and go while the engine works. `served` is told all that there are, whenever they are others than before or
 * one has another capacity or share; the same runner is the same object. Nothing is told any more once what is answered was
 * called. Who is told closes those that are not there any more, when their runs have ended, and all of them in the end.
 * `demand` is asked now and then where several engines share the runners, to settle their shares. Default: nothing is wanted.
 */
export type RunnerChanges = (
  served: (runners: readonly Runner[]) => void,
  demand?: (of: { readonly tier: Tier; readonly pool: string }) => PoolDemand,
) => () => void;
