// Cycles through a function bound to a schema: those that the functions of a variant close among themselves, which are there
// for every component whatever it holds, and those that go through what some component follows. A step of the first kind is an
// address at the variant, of the second one at the component.

import type { BindingId, ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import { hasConstraints } from '../model/constraints.ts';
import type { Source } from '../model/expr.ts';
import type { BindingRecord, FunctionRecord } from '../model/function.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import { findRecord, findVariant, specOf } from '../model/lookup.ts';
import { overlaps, type Path, validationPath, wellKnown } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { type Bound, BoundTable, boundOf, boundsOfVariant, isDeclaredOver } from './bound.ts';
import { findCycle, findLoop } from './cycle.ts';

/** A variant that a binding counts for. */
export interface BoundType {
  readonly schema: SchemaId;
  readonly variant: VariantId;
  readonly spec: VariantSpec;
}

export function typesOf(reader: Reader, target: BindingRecord['target']): BoundType[] {
  const out: BoundType[] = [];
  const add = (schema: SchemaId, variant: VariantId): void => {
    const record = findVariant(reader, schema, variant);
    if (record !== undefined) out.push({ schema, variant, spec: specOf(reader, record.spec) });
  };
  if (target.variant !== undefined) {
    for (const [key] of reader.scan('index', index.schemasOfVariant(target.variant)))
      add(indexUser(key) as SchemaId, target.variant);
  } else {
    for (const [key] of reader.scan('schemas', `${target.schema}/`))
      add(target.schema, key.slice(idLength + 1) as VariantId);
  }
  return out;
}

/** A cycle through what is bound, its output first and last, each step computed from the next; undefined: there is none. */
export function findCycleOfBound(reader: Reader, bound: Bound, types: readonly BoundType[]): Source[] | undefined {
  const table = new BoundTable(reader);
  for (const type of types) {
    const { variant } = type;
    const own = loopOf(table.of(type), bound.output, type.spec);
    if (own !== undefined) return own.map((path) => ({ component: variant as string as ComponentId, path }));
    for (const [key] of reader.scan('index', index.componentsOf(variant))) {
      const found = findCycleOn(reader, indexUser(key) as ComponentId, bound, table);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The same of a binding that is in the state, where no overlay of its name has taken its place. */
export function findCycleOfBinding(reader: Reader, id: BindingId): Source[] | undefined {
  const record = findRecord<BindingRecord>(reader, 'bindings', id);
  const fn = record && findRecord<FunctionRecord>(reader, 'functions', record.function);
  const bound = record && fn && boundOf(id, record, fn);
  if (record === undefined || bound === undefined) return undefined;
  const inForce = typesOf(reader, record.target).filter((type) =>
    boundsOfVariant(reader, type).some((b) => b.binding === id),
  );
  return findCycleOfBound(reader, bound, inForce);
}

/** A cycle through the function on one component, where it is in force. One that is marked may be restored: it counts. */
export function findCycleOn(
  reader: Reader,
  component: ComponentId,
  bound: Bound,
  table?: BoundTable,
): Source[] | undefined {
  // What no cell follows is on no cycle but those that its schema's functions close by themselves.
  if (!isFollowed(reader, component)) return undefined;
  if (isDeclaredOver(reader, component, bound.output)) return undefined;
  const sources = bound.arguments.flatMap(({ path }) => (path === undefined ? [] : [{ component, path }]));
  return findCycle(reader, { component, path: bound.output }, sources, table);
}

function isFollowed(reader: Reader, component: ComponentId): boolean {
  for (const _ of reader.scan('index', index.subscribersOf(component))) return true;
  return false;
}

/** Outputs on a loop through the one at `start`, that one first and last. */
function loopOf(bounds: readonly Bound[], start: Path, spec: VariantSpec): Path[] | undefined {
  const outputs: Path[] = bounds.map((b) => b.output);
  if (hasConstraints(spec) && !outputs.includes(validationPath)) outputs.push(validationPath);
  const readsOf = (output: Path): Path[] => {
    const bound = bounds.find((b) => b.output === output);
    if (bound === undefined) return [wellKnown.domain];
    return bound.arguments.flatMap(({ path }) => (path === undefined ? [] : [path]));
  };
  const next = (output: string): string[] => {
    const reads = readsOf(output as Path);
    return outputs.filter((o) => reads.some((r) => overlaps(r, o)));
  };
  return findLoop(start, next) as Path[] | undefined;
}
