// The compiler port: scripts from a bounded cache by the hash of their text, types checked by a thread that starts with the
// first question about types and is used again.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Hash } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { Fault, ok, type Result, refuse } from '../../base/result.ts';
import type { FunctionKind } from '../../model/function.ts';
import type { CompiledFunction, Compiler, Diagnostic } from '../../ports/compiler.ts';
import { CheckThread } from './check_thread.ts';
import { compileText, functionsOfDefinition } from './compile.ts';
import { declarationsOf } from './declarations.ts';
import { namesWithEffects } from './effects.ts';

/**
 * 1: types blanked in place, effects by free names. 2: allowances and limits from comments. 3: `path` leads
 * to the process tier, which has it. Counted up when the same text gives
 * another script, tier, allowance or limit. (A definition made by `defineSchema` gave none before there was that name.)
 */
const compilerVersion = 3;

/** Libraries whose release a result may depend on. */
const libraries = ['lodash', 'joi', 'yaml', 'smol-toml', 'fast-json-patch', 'ses'];

export interface CompilerOptions {
  /** UTF-16 units of texts and scripts kept. */
  readonly cacheCharsMax?: number;
  /** After this long without an answer the thread that checks types is ended. */
  readonly checkTimeMs?: number;
  /** Names that only compute and that the isolate has besides the language, such as `URL`; default: none. */
  readonly isolateNames?: readonly string[];
}

export function openCompiler(options: CompilerOptions = {}): Compiler {
  const isolateNames = [...(options.isolateNames ?? [])].sort();
  const version = versionOf(isolateNames);
  const effects = namesWithEffects(isolateNames);
  const cache = new Cache(options.cacheCharsMax ?? limits.compiledCharsMax);
  const thread = new CheckThread(options.checkTimeMs ?? limits.checkTimeMs);
  return {
    version,
    compile: (text, kind) => {
      const hash = createHash('sha256').update(`${version}\n${kind}\n${text}`).digest('hex') as Hash;
      const known = cache.get(hash);
      if (known !== undefined) return known;
      const result = compiled(text, kind, hash, effects);
      cache.set(hash, result, text.length);
      return result;
    },
    functionsOf: functionsOfDefinition,
    check: (request) => thread.check(request),
    complete: (request, line, column) => thread.complete(request, line, column),
    declarations: declarationsOf,
    close: () => thread.close(),
  };
}

function compiled(
  text: string,
  kind: FunctionKind,
  hash: Hash,
  effects: ReadonlySet<string>,
): Result<CompiledFunction> {
  if (text.length > limits.functionTextCharsMax) {
    return refuse('limit_exceeded', {
      path: 'text',
      expected: `at most ${limits.functionTextCharsMax} characters`,
      got: `${text.length}`,
      hint: 'split the function',
    });
  }
  const result = compiling(text, kind, effects);
  return 'script' in result ? ok({ hash, ...result }) : refused(result);
}

function compiling(text: string, kind: FunctionKind, effects: ReadonlySet<string>) {
  try {
    return compileText(text, kind, effects);
  } catch (cause) {
    throw new Fault('compiler_failed', (cause as Error).message, { kind }, { cause });
  }
}

function refused(diagnostics: readonly Diagnostic[]): Result<never> {
  const first = diagnostics[0]!;
  return refuse('function_invalid', {
    path: `text:${first.line}:${first.column}`,
    expected: 'the text of a function that compiles, with a function named main',
    got: `${first.code}: ${first.message}`,
    hint: diagnostics.length > 1 ? `correct it; ${diagnostics.length - 1} more behind it` : 'correct it at that place',
    data: { diagnostics },
  });
}

/** Results by hash, those used longest ago dropped first. */
class Cache {
  readonly #max: number;
  readonly #results = new Map<Hash, { readonly result: Result<CompiledFunction>; readonly chars: number }>();
  #chars = 0;

  constructor(charsMax: number) {
    this.#max = charsMax;
  }

  get(hash: Hash): Result<CompiledFunction> | undefined {
    const found = this.#results.get(hash);
    if (found === undefined) return undefined;
    this.#results.delete(hash);
    this.#results.set(hash, found);
    return found.result;
  }

  set(hash: Hash, result: Result<CompiledFunction>, chars: number): void {
    this.#results.set(hash, { result, chars: chars + 256 });
    this.#chars += chars + 256;
    for (const [oldest, { chars: freed }] of this.#results) {
      if (this.#chars <= this.#max) return;
      this.#results.delete(oldest);
      this.#chars -= freed;
    }
  }
}

/** Compiler, language engine, libraries and further names of the isolate, as one line. */
function versionOf(isolateNames: readonly string[]): string {
  const require = createRequire(import.meta.url);
  const releases = libraries.map((name) => `${name}@${releaseOf(require.resolve(name), name)}`);
  return [`compiler@${compilerVersion}`, `v8@${process.versions.v8}`, ...releases, ...isolateNames].join(' ');
}

/** The release of a package, from the manifest above its entry. */
function releaseOf(entry: string, name: string): string {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name: found, version } = JSON.parse(readFileSync(manifest, 'utf8'));
    if (found === name) return version;
  }
  throw new Fault('compiler_failed', `the package ${name} has no manifest above ${entry}`);
}
