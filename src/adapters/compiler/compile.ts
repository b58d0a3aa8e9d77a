// Text of a function to a script: parse, take the types out, find what it refers to, say where it has to run. Pure: the same
// text and kind give the same script.

import { limits } from '../../base/limits.ts';
import { defaultPool } from '../../dispatch/pool_label.ts';
import { builderScript } from '../../formats/asset/builders.ts';
import type { FunctionKind } from '../../model/function.ts';
import type { Tier } from '../../model/run.ts';
import type { CompiledFunction, DefinedFunction, Diagnostic } from '../../ports/compiler.ts';
import { blankTypes, type Refused } from './blank.ts';
import { blankFunctions, findDefinition, namesOfDefinition, textOfFunction } from './definition.ts';
import { type Directives, directivesOf } from './directives.ts';
import { Edits } from './edits.ts';
import { declaresEffects, effectOf, kindsWithEffects, namesWithEffects } from './effects.ts';
import { escapeSpelling } from './escape.ts';
import { blankModules, exportsMain } from './modules.ts';
import { findNames, type Names } from './scope.ts';
import { diagnosticAt, type Node, parseText, type Syntax, tooDeep } from './syntax.ts';

export type Compiled = Omit<CompiledFunction, 'hash'>;

/** The script, or everything that is wrong, in order of the text: at least one. */
export function compileText(
  text: string,
  kind: FunctionKind,
  effects: ReadonlySet<string> = everyEffect,
): Compiled | readonly Diagnostic[] {
  try {
    const syntax = parseText(text);
    return 'severity' in syntax ? [syntax] : compileSyntax(syntax, kind, effects);
  } catch (e) {
    // The tree is walked by recursion: nesting that gets past the parser ends here.
    if (e instanceof RangeError) return [tooDeep(text)];
    throw e;
  }
}

/** The functions that a definition made by `defineSchema` holds; undefined: it is written otherwise, or does not parse. */
export function functionsOfDefinition(text: string): readonly DefinedFunction[] | undefined {
  try {
    const syntax = parseText(text);
    const definition = 'severity' in syntax ? undefined : findDefinition(syntax.program);
    if ('severity' in syntax || definition === undefined) return undefined;
    return definition.functions.map((fn) => {
      const { line, column } = diagnosticAt(text, fn.member.start, 0, '', '');
      return { kind: fn.kind, name: fn.name, text: textOfFunction(syntax, definition, fn), line, column };
    });
  } catch (e) {
    if (e instanceof RangeError) return undefined;
    throw e;
  }
}

/** For an isolate that has nothing besides the language. */
const everyEffect = namesWithEffects([]);

function compileSyntax(
  syntax: Syntax,
  kind: FunctionKind,
  withEffects: ReadonlySet<string>,
): Compiled | readonly Diagnostic[] {
  const { text, program } = syntax;
  const edits = new Edits(text);
  const names = findNames(program);
  const hasMain = names.declared.has('main');
  const definition = kind === 'schema-definition' ? findDefinition(program) : undefined;
  if (definition !== undefined) blankFunctions(definition, text, edits);
  const refused = [
    ...(definition?.refused ?? []),
    ...blankModules(program, edits, hasMain),
    ...blankTypes(text, program, edits),
    ...escapeSpelling(syntax, edits),
    ...names.moduleOnly.map(ofModule),
    ...names.free.filter((r) => r.name === 'eval').map(({ node }) => ({ node, what: '`eval`; call a function' })),
  ];
  if (refused.length > 0) return refused.map((r) => diagnosticOf(text, r)).sort(inOrder);
  if (!hasMain && !exportsMain(program)) {
    return [diagnosticAt(text, 0, 0, 'no_main', 'There is no function named `main`.')];
  }
  const hashbang = /^#!.*/.exec(text);
  if (hashbang !== null) edits.blank(0, hashbang[0].length);
  // What the functions of a definition use is theirs.
  const used = definition === undefined ? names.free : namesOfDefinition(definition, program, names.free);
  const effects = [...new Set(used.map((r) => effectOf(r, withEffects)).filter((e) => e !== undefined))];
  const comments = definition === undefined ? syntax.comments : [];
  const directives = directivesOf(text, comments);
  const { network, commands, plain, keys, pool = defaultPool } = directives;
  const declared =
    network.length + commands.length > 0 || pool !== defaultPool || comments.some((c) => declaresEffects(c.value));
  const tier = effects.length > 0 || declared || kindsWithEffects.includes(kind) ? 'process' : 'isolate';
  const wrong = [...directives.wrong, ...overTier(text, directives, tier), ...withoutPool(text, directives, kind)];
  if (wrong.length > 0) return wrong;
  return {
    script: edits.apply() + builders(names, kind),
    tier,
    effects,
    ...(network.length + commands.length > 0 ? { allow: { network, commands } } : {}),
    ...(plain.length > 0 ? { plain } : {}),
    ...(keys.length > 0 ? { keys } : {}),
    ...(pool === defaultPool ? {} : { pool }),
    ...(comments.some((c) => /^\s*@idempotent\s*$/.test(c.value)) ? { idempotent: true as const } : {}),
    ...(Object.keys(directives.limits).length > 0 ? { limits: directives.limits } : {}),
  };
}

/** What nobody would get: said here, and not cut silently. */
function overTier(text: string, { limits: { memoryBytes = 0 } }: Directives, tier: Tier): Diagnostic[] {
  if (tier === 'process' || memoryBytes <= limits.isolateMemoryBytes) return [];
  const message = `A pure function gets at most ${limits.isolateMemoryBytes / 1024 / 1024}MiB; \`@memory\` asks for more.`;
  return [diagnosticAt(text, text.indexOf('@memory'), 0, 'directive_invalid', message)];
}

/** It would count for nothing: an authentication function runs in the process of the function behind it. */
function withoutPool(text: string, { pool }: Directives, kind: FunctionKind): Diagnostic[] {
  if (kind !== 'authentication' || pool === undefined) return [];
  const message = 'An authentication function runs where the function behind it does; `@pool` belongs to that one.';
  return [diagnosticAt(text, text.indexOf('@pool'), 0, 'directive_invalid', message)];
}

/** Behind a schema definition stand the builders it names; its own lines stay where they are. */
function builders(names: Names, kind: FunctionKind): string {
  if (kind !== 'schema-definition') return '';
  const script = builderScript(new Set(names.free.map((r) => r.name)));
  return script === '' ? '' : `\n${script}`;
}

function ofModule(node: Node): Refused {
  switch (node.type) {
    case 'ImportExpression':
      return { node, what: 'a dynamic import; what a function may use is a global name' };
    case 'MetaProperty':
      return { node, what: '`import.meta`; a function has no place of its own' };
    default:
      return { node, what: '`await` outside of a function; await inside of `main`' };
  }
}

function diagnosticOf(text: string, { node, what }: Refused): Diagnostic {
  const code = /import|CommonJS/.test(what) ? 'import_refused' : 'unsupported_syntax';
  return diagnosticAt(text, node.start, node.end - node.start, code, `A function cannot have ${what}.`);
}

function inOrder(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column;
}
