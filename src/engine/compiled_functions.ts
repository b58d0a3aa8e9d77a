// Functions compiled for their calls, kept by their text: whether a call has effects, with which limits it runs, and what it
// gives when it cannot run at all. Most calls are of a function that was called before, so this is looked up and not waited for.

import type { Hash } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault, ok, type Result, refusalText } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import { failureOfRun } from '../dispatch/result.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunLimits, Tier } from '../model/run.ts';
import type { CompiledFunction, Compiler } from '../ports/compiler.ts';
import type { RunCode, Runner, RunnerChanges } from '../ports/runner.ts';

/** What functions need; without a compiler and a runner of its tier a function gives an error that says so. */
export interface FunctionHost {
  readonly compiler?: Compiler;
  readonly runners?: readonly Runner[];
  /** Tiers that others may serve later, though no runner does now. Default: those of `runners`. */
  readonly tiers?: readonly Tier[];
  /** How others are told; default: these are all, as long as the engine works. */
  readonly changes?: RunnerChanges;
}

/** A function as it is run. */
export interface Runnable {
  readonly compiled: CompiledFunction;
  readonly code: RunCode;
  readonly limits: RunLimits;
}

/** What a call gives. `isKept`: the same call would give the same again. */
export interface Answer {
  readonly gave: Evaluated;
  readonly isKept: boolean;
}

export class CompiledFunctions {
  readonly #host: FunctionHost;
  readonly #textOf: (hash: Hash) => Promise<string>;
  readonly #kept = new Map<Hash, Map<FunctionKind, Runnable | Answer>>();

  /** `textOf`: text of a function by its blob. */
  constructor(host: FunctionHost, textOf: (hash: Hash) => Promise<string>) {
    this.#host = host;
    this.#textOf = textOf;
  }

  get compiler(): Compiler | undefined {
    return this.#host.compiler;
  }

  runnerOf(tier: Tier): Runner | undefined {
    return this.#host.runners?.find((r) => r.tier === tier);
  }

  /** The function of a call, when it was compiled for an earlier one. */
  find({ text, kind }: Pick<Call, 'text' | 'kind'>): Runnable | Answer | undefined {
    return this.#kept.get(text)?.get(kind);
  }

  /** Never rejects. */
  async prepare(call: Pick<Call, 'text' | 'kind'>): Promise<Runnable | Answer> {
    try {
      return this.find(call) ?? this.#compile(call, await this.#textOf(call.text));
    } catch (e) {
      return { gave: failureOfRun('not_compiled', messageOf(e)), isKept: false };
    }
  }

  /** The function of a call with another text. Refuses what the compiler refuses. Fault `runner_unavailable`. */
  async prepareText({ text, kind }: Call, source: string | undefined): Promise<Result<Runnable>> {
    const { compiler } = this.#host;
    if (compiler === undefined) throw new Fault('runner_unavailable', unavailableText('functions'));
    const compiled = compiler.compile(source ?? (await this.#textOf(text)), kind);
    return compiled.ok ? ok(runnable(compiled.value)) : compiled;
  }

  /** Has the function effects, so that its result is that of one value at one moment? `text`: its text, when it is not known. */
  hasEffects(call: Call, text: () => string): boolean {
    if (this.#host.compiler === undefined) return false;
    const found = this.find(call) ?? this.#compile(call, text());
    return isWithEffects(found);
  }

  #compile({ text: hash, kind }: Pick<Call, 'text' | 'kind'>, text: string): Runnable | Answer {
    const { compiler } = this.#host;
    if (compiler === undefined) return unavailable('functions');
    const done = compiler.compile(text, kind);
    const made = done.ok
      ? runnable(done.value)
      : { gave: failureOfRun('not_compiled', refusalText(done.refusal)), isKept: true };
    if (this.#kept.size >= limits.patternsKeptMax) this.#kept.clear();
    const kinds = this.#kept.get(hash) ?? new Map<FunctionKind, Runnable | Answer>();
    this.#kept.set(hash, kinds.set(kind, made));
    return made;
  }
}

/** Does a run of it reach the world, so that it is its asker's alone? */
export const isWithEffects = (fn: Runnable | Answer): boolean => 'compiled' in fn && fn.compiled.tier === 'process';

function runnable(compiled: CompiledFunction): Runnable {
  const { hash, script } = compiled;
  return { compiled, code: { hash, script }, limits: limitsOf(compiled) };
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

export const unavailableText = (what: string): string => `${what} cannot run here: no runner is configured`;

/** What a call gives where nothing can run it. */
export function unavailable(what: string): Answer {
  const message = unavailableText(what);
  return { gave: { state: 'error', code: 'runner_unavailable', message }, isKept: false };
}

export const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
