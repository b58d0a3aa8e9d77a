// The functions that stand in a schema definition, on the variant that it makes: each is a function of its own, bound where the
// definition says. Those that are so already stay; a text becomes another in place where nothing else has the function;
// what an earlier text had and this one has not is taken off. What people bound beside them is left alone.

import type { BindingId, FunctionId, VariantId } from '../base/ids.ts';
import { canonical, isObject, type Json } from '../base/json.ts';
import { actionFunctionKinds, type FunctionKind, functionKinds } from '../model/function.ts';
import { index } from '../model/keys.ts';
import { childPath, type Path, parsePointer } from '../model/path.ts';
import { type Compilation, malformed, mustName, type NounRequest } from './compile.ts';
import { addBinding, type BindingHere, bindingsOf, freeForFunction } from './compile_binding.ts';
import { mustText } from './compile_noun.ts';
import { diffText } from './text.ts';

type FunctionOfDefinition = NonNullable<Extract<NounRequest, { kind: 'schema.define' }>['functions']>[number];

/** Refuses `request_malformed`, `limit_exceeded`. */
export function mustFunctions(given: readonly FunctionOfDefinition[]): readonly FunctionOfDefinition[] {
  const names = new Set<string>();
  for (const f of given) {
    const name = mustName(f.name, 'functions/name');
    if (names.has(name)) malformed('functions', 'functions with names of their own', name);
    names.add(name);
    if (
      !functionKinds.includes(f.functionKind) ||
      f.functionKind === 'schema-definition' ||
      f.functionKind === 'policy'
    )
      malformed('functions/functionKind', 'a kind of function that a schema has', f.functionKind);
    if ((f.functionKind === 'action') !== (f.action !== undefined && actionFunctionKinds.includes(f.action)))
      malformed('functions/action', 'an action kind exactly for functions of kind action', f.action);
    const { output, arguments: args = [] } = f as { readonly output?: Json; readonly arguments?: Json };
    if (!Array.isArray(args) || !args.every(isArgument))
      malformed('functions/arguments', 'a list of {name, path} or {name, value}', args);
    if (output !== undefined && typeof output !== 'string')
      malformed('functions/output', 'a pointer to where the result goes', output);
    mustText(f.text);
  }
  return given;
}

const isArgument = (x: Json): boolean =>
  isObject(x) && typeof x['name'] === 'string' && (x['path'] === undefined || typeof x['path'] === 'string');

/** Has the variant these functions, with these texts, where they are to be, and none that is to go? */
export function hasFunctions(
  c: Compilation,
  variant: VariantId,
  wanted: readonly FunctionOfDefinition[],
  gone: readonly string[],
): boolean {
  const here = bindingsOf(c.draft, variant);
  if (here.some((b) => isGone(b, wanted, gone))) return false;
  return wanted.every((w) =>
    here.some((b) => b.fn.name === w.name && isBoundAs(b, w) && c.draft.blob(b.fn.text) === w.text),
  );
}

/** Makes it so. `gone`: names of functions that an earlier text of the definition had. */
export function bindFunctions(
  c: Compilation,
  variant: VariantId,
  wanted: readonly FunctionOfDefinition[],
  gone: readonly string[],
): void {
  const here = bindingsOf(c.draft, variant);
  for (const b of here) if (isGone(b, wanted, gone)) takeOff(c, b);
  const missing: { readonly want: FunctionOfDefinition; readonly fn: FunctionId | undefined }[] = [];
  for (const want of wanted) {
    const now = here.find((b) => b.fn.name === want.name);
    if (now === undefined) {
      missing.push({ want, fn: undefined });
      continue;
    }
    const isSame = c.draft.blob(now.fn.text) === want.text && now.fn.kind === want.functionKind;
    const isOurs = !now.fn.locked && now.fn.kind === want.functionKind && isBoundOnce(c, now);
    if (!isSame && isOurs) {
      const changes = diffText(c.draft.blob(now.fn.text), want.text);
      const to = c.draft.putBlob(want.text);
      c.emit({ kind: 'text.edit', function: now.record.function, changes, from: now.fn.text, to });
    }
    const keeps = isSame || isOurs;
    if (keeps && isBoundAs(now, want)) continue;
    if (keeps) c.emit({ kind: 'record.remove', noun: 'binding', key: now.id });
    else takeOff(c, now);
    missing.push({ want, fn: keeps ? now.record.function : undefined });
  }
  // Only now: an output may be one that another function gave.
  for (const { want, fn } of missing) {
    const id = fn ?? newFunction(c, want.name, want.functionKind, want.text);
    const target = { variant };
    freeForFunction(c.draft, target, { name: want.name, kind: want.functionKind }, want.action);
    addBinding(c, c.ids.ulid<BindingId>(), { function: id, target, ...placeOf(want) });
  }
}

export function newFunction(c: Compilation, name: string, kind: FunctionKind, text: string): FunctionId {
  const id = c.ids.ulid<FunctionId>();
  const record = { name, displayName: name, description: '', kind, text: c.draft.putBlob(text), locked: false };
  c.emit({ kind: 'record.create', noun: 'function', key: id, record });
  return id;
}

const isGone = ({ fn }: BindingHere, wanted: readonly FunctionOfDefinition[], gone: readonly string[]): boolean =>
  fn.kind !== 'schema-definition' && gone.includes(fn.name) && !wanted.some((w) => w.name === fn.name);

const placeOf = (want: FunctionOfDefinition) => ({
  arguments: want.arguments ?? [],
  output: want.output ?? null,
  action: want.action ?? null,
});

/** The binding goes, and its function with it when nobody else has that and no lock keeps it. */
function takeOff(c: Compilation, b: BindingHere): void {
  const isLast = !b.fn.locked && isBoundOnce(c, b);
  c.emit({ kind: 'record.remove', noun: 'binding', key: b.id });
  if (isLast) c.emit({ kind: 'record.remove', noun: 'function', key: b.record.function });
}

function isBoundOnce(c: Compilation, b: BindingHere): boolean {
  for (const _ of c.draft.scan('index', index.callersOf(b.record.function))) return false;
  return [...c.draft.scan('index', index.bindingsOf(b.record.function))].length === 1;
}

function isBoundAs({ fn, record }: BindingHere, want: FunctionOfDefinition): boolean {
  const { arguments: args, output, action } = placeOf(want);
  const placed = args.map((a) => (a.path === undefined ? a : { name: a.name, path: asPath(a.path) }));
  const now = { arguments: record.arguments, output: record.output, action: record.action };
  const wanted = { arguments: placed, output: output === null ? null : asPath(output), action };
  return fn.kind === want.functionKind && canonical(now as unknown as Json) === canonical(wanted as unknown as Json);
}

/** As it is stored once it is bound; what is no pointer is refused then. */
function asPath(pointer: string): string {
  const segments = parsePointer(pointer);
  return segments.ok ? segments.value.reduce<Path>(childPath, '' as Path) : pointer;
}
