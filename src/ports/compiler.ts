// Turning the text of a function into something to run, and saying what is wrong with it.
//
// Contract
// - `compile` is a pure function of the text: the same text gives the same script on every machine of one `version`. It takes
//   well under a millisecond and does not look at types. Lines of the script are lines of the text.
// - Patterns of text that a runner refuses by spelling alone (`import(`, `<!--` in a string) are escaped.
// - `check` looks at types, against declarations that `declarationsOf` makes from schemas; it may take long and runs beside the engine.
// Faults: `compiler_failed` when the compiler itself breaks.

import type { Hash } from '../base/ids.ts';
import type { Result } from '../base/result.ts';
import type { DeclaredKey } from '../dispatch/key_use.ts';
import type { FunctionKind } from '../model/function.ts';
import type { RunLimits, Tier } from '../model/run.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Allowances } from './runner.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** From 1, in the text as written. */
  readonly line: number;
  readonly column: number;
  /** Length in UTF-16 units; 0 when it is a point. */
  readonly length: number;
  readonly message: string;
  /** `TS2339`, or a code of ours (`no_main`). */
  readonly code: string;
}

export interface CompiledFunction {
  /** Of text, kind and `version` together: what a result depends on besides its input. */
  readonly hash: Hash;
  readonly script: string;
  /** Where it has to run: `process` when it refers to a name with effects, says so, or is of a kind that has effects. */
  readonly tier: Tier;
  /** Names with effects it refers to (`fetch`, `siExec`, …), in the order of the text. */
  readonly effects: readonly string[];
  /** What it declares to reach (`@network`, `@commands` in a line comment); absent: nothing. Only in the process tier. */
  readonly allow?: Allowances;
  /** What it declares to store that is no secret (`@plain`); says something of authentication functions only. */
  readonly plain?: readonly string[];
  /** Concurrency keys (`@key`) of an action function. */
  readonly keys?: readonly DeclaredKey[];
  /** The pool that its calls belong to (`@pool`); absent: `default`. Any other makes it one of the process tier. */
  readonly pool?: string;
  /** It declares that calling it again with the same idempotency key does nothing more (`@idempotent`). */
  readonly idempotent?: true;
  /** What it declares to take (`@timeout`, `@memory`, `@cpus`); what is absent is the tier's default. */
  readonly limits?: Partial<Pick<RunLimits, 'timeMs' | 'memoryBytes' | 'cpus'>>;
}

/** A function that stands in a schema definition, as a text of its own. */
export interface DefinedFunction {
  readonly kind: FunctionKind;
  readonly name: string;
  /** With the declarations of the definition's text that it uses; the same whatever else becomes of that text. */
  readonly text: string;
  /** Where it stands in the definition. */
  readonly line: number;
  readonly column: number;
}

export interface CheckRequest {
  readonly text: string;
  readonly kind: FunctionKind;
  /** The type of `main`'s argument comes from it; undefined: an open type. */
  readonly spec?: VariantSpec;
  /** attribute and transformation functions: the names of the arguments and where they come from. */
  readonly arguments?: readonly { readonly name: string; readonly path?: string }[];
}

export interface Completion {
  readonly name: string;
  /** `property`, `function`, … */
  readonly kind: string;
  readonly docs?: string;
}

export interface Compiler {
  /** Part of every hash: compiler, names and runtime a function depends on. */
  readonly version: string;
  /** Refuses `function_invalid` with the first diagnostic's place in `path` (`text:LINE:COLUMN`). */
  compile(text: string, kind: FunctionKind): Result<CompiledFunction>;
  /** The functions of a definition made by `defineSchema`, which compiles; undefined: it is made otherwise, and has none. */
  functionsOf(text: string): readonly DefinedFunction[] | undefined;
  /** Every diagnostic, in order of the text. */
  check(request: CheckRequest): Promise<readonly Diagnostic[]>;
  /** What an editor offers at a place, lines and columns from 1. */
  complete(request: CheckRequest, line: number, column: number): Promise<readonly Completion[]>;
  /** The declarations that `check` uses, as the text of a `.d.ts`, for editors. */
  declarations(request: Omit<CheckRequest, 'text'>): string;
  close(): Promise<void>;
}
