// Compiling what binds functions to schemas. What a function reads and where its result goes are looked up in the schema
// when it is bound, and no value may come to depend on itself by it: not through other functions, not through what
// components of the schema follow.

import type { BindingId, ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { must, RefusalError } from '../base/result.ts';
import { type Bound, boundOf, boundsAt, boundsOf, boundsOfVariant } from '../graph/bound.ts';
import { type BoundType, findCycleOfBound, findCycleOn, typesOf } from '../graph/bound_cycle.ts';
import {
  actionFunctionKinds,
  type BindingArgument,
  type BindingRecord,
  type FunctionRecord,
} from '../model/function.ts';
import { index, indexUser } from '../model/keys.ts';
import {
  findRecord,
  findSchema,
  findVariant,
  resolveFunction,
  resolveSchema,
  schemaOfVariant,
} from '../model/lookup.ts';
import {
  childPath,
  lastSegment,
  overlaps,
  type Path,
  parsePointer,
  segmentsOf,
  validationPath,
} from '../model/path.ts';
import { type Located, locate } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { cycleRefusal, shownCycle } from './cell.ts';
import { type About, type Compilation, malformed, type NounRequest } from './compile.ts';
import { newId } from './compile_component.ts';
import { fail } from './compile_noun.ts';

type Attach = Extract<NounRequest, { kind: 'binding.attach' }>;
type Target = BindingRecord['target'];

export function attach(c: Compilation, r: Attach): About {
  const fn = must(resolveFunction(c.draft, r.function));
  const record = findRecord<FunctionRecord>(c.draft, 'functions', fn)!;
  if ((r.schema === undefined) === (r.variant === undefined))
    malformed('schema', 'exactly one of schema and variant', { schema: r.schema, variant: r.variant });
  const target: Target =
    r.schema === undefined
      ? { variant: must(schemaOfVariant(c.draft, r.variant!)).variant }
      : { schema: must(resolveSchema(c.draft, r.schema)) };
  if (r.action !== undefined && !actionFunctionKinds.includes(r.action))
    malformed('action', actionFunctionKinds.join(', '), r.action);
  if ((record.kind === 'action') !== (r.action !== undefined))
    malformed('action', 'an action kind exactly for functions of kind action', r.action);
  freeForFunction(c.draft, target, record, r.action);
  const binding = newId<BindingId>(c, r.id);
  addBinding(c, binding, {
    function: fn,
    target,
    arguments: r.arguments ?? [],
    output: r.output ?? null,
    action: r.action ?? null,
  });
  return { subject: binding };
}

/** Kinds of which a schema variant has at most one; manual actions and qualifications may be many. */
export function freeForFunction(
  reader: Reader,
  target: Target,
  fn: Pick<FunctionRecord, 'name' | 'kind'>,
  action: Attach['action'],
): void {
  if (fn.kind === 'policy') {
    fail('kind_mismatch', {
      path: 'function',
      expected: 'a function of a kind that a schema has',
      got: 'a plan policy, which is about whole plans',
      hint: 'bind it to the workspace: headwater plan-policy bind NAME',
    });
  }
  if (fn.kind === 'qualification' && fn.name === lastSegment(validationPath).key) {
    fail('name_taken', {
      path: 'function',
      expected: 'another name: validation is the engine’s own qualification',
      got: JSON.stringify(fn.name),
      hint: 'rename the function',
    });
  }
  for (const { record: other, fn: otherFn } of bindingsOf(reader, target.variant ?? target.schema!)) {
    if (otherFn.name === fn.name) {
      fail('name_taken', {
        path: 'function',
        expected: 'a function name that is free on this schema',
        got: JSON.stringify(fn.name),
        hint: 'rename the function, or detach the other',
      });
    }
    if (action !== undefined && action !== 'manual' && other.action === action) {
      fail('already_exists', {
        path: 'action',
        expected: `one ${action} action on a schema`,
        got: `${otherFn.name} already`,
        hint: 'detach that one first',
      });
    }
  }
}

export interface BindingHere {
  readonly id: BindingId;
  readonly record: BindingRecord;
  readonly fn: FunctionRecord;
}

/** Bindings on a variant or, as overlays, on a schema. */
export function bindingsOf(reader: Reader, target: string): BindingHere[] {
  const out: BindingHere[] = [];
  for (const [key] of reader.scan('index', index.bindingsOf(target))) {
    const id = indexUser(key) as BindingId;
    const record = findRecord<BindingRecord>(reader, 'bindings', id);
    const fn = record && findRecord<FunctionRecord>(reader, 'functions', record.function);
    if (fn !== undefined) out.push({ id, record: record!, fn });
  }
  return out;
}

/** Adds a binding once its paths are found in the schema; paths are stored as the engine writes them. */
export function addBinding(c: Compilation, id: BindingId, given: BindingRecord): void {
  const fn = findRecord<FunctionRecord>(c.draft, 'functions', given.function)!;
  const types = typesNow(c.draft, given.target);
  const args = given.arguments.map((a) => placedArgument(types, a, fn));
  const output = placedOutput(c.draft, types, given, fn);
  const record = { function: given.function, target: given.target, arguments: args, output, action: given.action };
  c.emit({ kind: 'record.create', noun: 'binding', key: id, record: record as unknown as { [name: string]: Json } });
  const bound = boundOf(id, { ...given, arguments: args, output }, fn);
  if (bound !== undefined) withoutCycle(c.draft, types, bound);
}

/** Takes a binding away. Throws when a function whose place it had would then give a value that depends on itself. */
export function removeBinding(c: Compilation, id: BindingId): void {
  const record = findRecord<BindingRecord>(c.draft, 'bindings', id);
  const name = record && findRecord<FunctionRecord>(c.draft, 'functions', record.function)?.name;
  c.emit({ kind: 'record.remove', noun: 'binding', key: id });
  if (record?.target.schema === undefined) return;
  for (const type of typesNow(c.draft, record.target))
    for (const own of bindingsOf(c.draft, type.variant)) {
      const bound = own.fn.name === name ? boundOf(own.id, own.record, own.fn) : undefined;
      if (bound !== undefined) withoutCycle(c.draft, [type], bound);
    }
}

interface Type extends BoundType {
  /** Components get it now, or after the next apply. */
  readonly current: boolean;
}

function typesNow(reader: Reader, target: Target): Type[] {
  return typesOf(reader, target).map((type) => {
    const { schema, variant } = type;
    const isWork = !findVariant(reader, schema, variant)!.locked;
    const isDefault = findSchema(reader, schema)?.defaultVariant === variant;
    return { ...type, current: target.variant !== undefined || isWork || isDefault };
  });
}

function placedArgument(types: readonly Type[], given: BindingArgument, fn: FunctionRecord): BindingArgument {
  const has = Number(given.path !== undefined) + Number(given.value !== undefined);
  if (typeof given.name !== 'string' || has !== 1)
    malformed('arguments', 'a name and exactly one of path and value', given);
  if (given.path === undefined) return given;
  const { path, located } = placed(types, given.path, `arguments/${given.name}`);
  if (fn.kind === 'attribute' && (located.secret || path === '/secrets')) {
    fail('secret_value_not_allowed', {
      path: `arguments/${given.name}`,
      expected: 'a value that is no secret',
      got: given.path,
      hint: 'a value made of a secret would show it; let an authentication function use it',
    });
  }
  return { name: given.name, path };
}

/** A pointer as a path, found in the variants that count now; lists have no elements that are known beforehand. */
function placed(types: readonly Type[], pointer: string, at: string): { path: Path; located: Located } {
  const segments = must(parsePointer(pointer));
  const path = segments.reduce<Path>(childPath, '' as Path);
  for (const { spec, current } of types) {
    const located = current ? locate(spec, segmentsOf(path)) : undefined;
    if (located !== undefined) return { path, located };
  }
  return fail('path_not_found', {
    path: at,
    expected: 'a property of the schema, lists only as a whole',
    got: JSON.stringify(pointer),
    hint: 'compare the path with `headwater schema describe`',
  });
}

function placedOutput(reader: Reader, types: readonly Type[], given: BindingRecord, fn: FunctionRecord): Path | null {
  if (fn.kind !== 'attribute') {
    if (given.output !== null) malformed('output', 'an output only for attribute functions', given.output);
    return null;
  }
  if (given.output === null) malformed('output', 'the pointer that the result goes to', null);
  const { path, located } = placed(types, given.output!, 'output');
  if (located.secret || path === '/secrets' || path.startsWith('/secrets/')) {
    fail('secret_value_not_allowed', {
      path: 'output',
      expected: 'a property that is no secret',
      got: path,
      hint: 'secrets are references, made by people',
    });
  }
  // Every component has a name of its own, and the rest under /si is the engine's or an annotation.
  if (located.readOnly || !(path === '/si/color' || path === '/domain' || path.startsWith('/domain/'))) {
    fail('read_only', {
      path: 'output',
      expected: 'a property below /domain that people may set, or /si/color',
      got: path,
      hint: 'let the result go elsewhere',
    });
  }
  for (const other of otherOutputs(reader, types, given, fn)) {
    if (!overlaps(other.record.output!, path)) continue;
    fail('already_exists', {
      path: 'output',
      expected: 'a property that no other function gives',
      got: `${path}, and ${other.fn.name} gives ${other.record.output}`,
      hint: 'detach that one first, or use another output',
    });
  }
  return path;
}

/** Attribute functions whose outputs stand on components beside this one's; an overlay takes the place of one of its name. */
function otherOutputs(reader: Reader, types: readonly Type[], given: BindingRecord, fn: FunctionRecord): BindingHere[] {
  const targets = new Set<string>([given.target.variant ?? given.target.schema!]);
  for (const { schema, variant } of types) targets.add(schema).add(variant);
  return [...targets].flatMap((target) =>
    bindingsOf(reader, target).filter(
      (b) =>
        b.fn.kind === 'attribute' &&
        b.record.output !== null &&
        !(b.fn.name === fn.name && (b.record.target.schema === undefined) !== (given.target.schema === undefined)),
    ),
  );
}

/** Throws when a value of some component would depend on itself by a function that is bound. */
function withoutCycle(reader: Reader, types: readonly Type[], bound: Bound): void {
  const cycle = findCycleOfBound(reader, bound, types);
  if (cycle === undefined) return;
  const isOfVariant = types.some((t) => (t.variant as string) === cycle[0]!.component);
  const shown = isOfVariant ? cycle.map((a) => a.path) : shownCycle(reader, cycle);
  throw new RefusalError(cycleRefusal('output', cycle, shown).refusal);
}

/** Throws when a component of another variant than before has a value that depends on itself by its functions. */
export function upgradedWithoutCycle(reader: Reader, component: ComponentId): void {
  const record = findRecord<{ schema: SchemaId; variant: VariantId }>(reader, 'components', component)!;
  for (const bound of boundsOfVariant(reader, record)) {
    const cycle = findCycleOn(reader, component, bound);
    if (cycle !== undefined) throw new RefusalError(cycleRefusal('variant', cycle, shownCycle(reader, cycle)).refusal);
  }
}

/** The same where what stood over a function's output has been taken away. */
export function uncoveredWithoutCycle(reader: Reader, component: ComponentId, path: Path): void {
  for (const bound of boundsAt(boundsOf(reader, component), path)) {
    const cycle = findCycleOn(reader, component, bound);
    if (cycle !== undefined) throw new RefusalError(cycleRefusal(path, cycle, shownCycle(reader, cycle)).refusal);
  }
}
