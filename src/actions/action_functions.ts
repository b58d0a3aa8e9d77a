// The functions that carry actions out, bound to components by their variant or, as overlays, by its schema; those of a
// catalogue's schemas may stand once for all of them. Bindings of kind action give no value, so they are no vertices of the
// value graph and are read here. What lists the resources of a schema is bound in the same way and does nothing to any
// component: it is none of a component's action functions.

import type { BindingId, FunctionId, Hash, SchemaId, VariantId } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { hasBindings } from '../graph/bound.ts';
import type { ComponentRecord } from '../model/component.ts';
import {
  type ActionFunctionKind,
  type ActionKind,
  actionKinds,
  type BindingRecord,
  type FunctionRecord,
} from '../model/function.ts';
import { index, indexUser } from '../model/keys.ts';
import { findRecord, findSchema } from '../model/lookup.ts';
import { schemaOfAll } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';

export interface ActionFunction {
  readonly kind: ActionKind;
  /** Of a manual one the function's name; '' for the others, of which a component has one each. */
  readonly name: string;
  readonly binding: BindingId;
  readonly function: FunctionId;
  /** Blob of the function's text. */
  readonly text: Hash;
}

type BoundFunction = Omit<ActionFunction, 'kind'> & { readonly kind: ActionFunctionKind };

type Typed = Pick<ComponentRecord, 'schema' | 'variant'>;

/**
 * The action functions of a component, in the order of the kinds and then by name. An overlay takes the place of the
 * variant's of the same kind, of a manual one of the same name; both take the place of those that stand for the catalogue.
 */
export function actionFunctionsOf(reader: Reader, typed: Typed): readonly ActionFunction[] {
  const effective = new Map<string, ActionFunction>();
  // Of several in one place, which only a merge may leave, the last counts.
  for (const target of targetsOf(reader, typed))
    for (const fn of actionFunctionsOn(reader, target)) if (isDone(fn)) effective.set(`${fn.kind}/${fn.name}`, fn);
  return [...effective.values()].sort(
    (a, b) => actionKinds.indexOf(a.kind) - actionKinds.indexOf(b.kind) || compareText(a.name, b.name),
  );
}

/** Where a component's functions may be bound, the last counting most: for all of its catalogue, on its variant, on its schema. */
function targetsOf(reader: Reader, { schema, variant }: Typed): string[] {
  const record = findSchema(reader, schema);
  const name = record && schemaOfAll(record);
  const forAll = name === undefined ? [] : [...reader.scan('index', index.schemasNamed(name))];
  const targets = forAll.flatMap(([key]) => {
    const all = indexUser(key) as SchemaId;
    return [findSchema(reader, all)?.defaultVariant ?? all, all];
  });
  return [...targets, variant, schema];
}

/** `name`: of a manual one its function's; '' for the others. */
export function actionFunctionOf(
  reader: Reader,
  typed: Typed,
  kind: ActionKind,
  name: string,
): ActionFunction | undefined {
  return actionFunctionsOf(reader, typed).find((f) => f.kind === kind && f.name === name);
}

const isDone = (fn: BoundFunction): fn is ActionFunction => fn.kind !== 'list';

/** What lists the resources of a schema, for this variant of it. */
export function listFunctionOf(reader: Reader, typed: Typed): BoundFunction | undefined {
  const all = targetsOf(reader, typed).flatMap((target) => actionFunctionsOn(reader, target));
  return all.findLast((f) => f.kind === 'list');
}

function actionFunctionsOn(reader: Reader, target: string): BoundFunction[] {
  const out: BoundFunction[] = [];
  for (const [key] of reader.scan('index', index.bindingsOf(target))) {
    const binding = indexUser(key) as BindingId;
    const record = findRecord<BindingRecord>(reader, 'bindings', binding);
    const fn = record && findRecord<FunctionRecord>(reader, 'functions', record.function);
    if (!record?.action || fn?.kind !== 'action') continue;
    const name = record.action === 'manual' ? fn.name : '';
    out.push({ kind: record.action, name, binding, function: record.function, text: fn.text });
  }
  return out;
}

/** The action functions of the variants that are asked for, each variant's read once: of a state that does not change. */
export class ActionTable {
  readonly #reader: Reader;
  readonly #byVariant = new Map<
    VariantId,
    { readonly schema: string; readonly functions: readonly ActionFunction[] }
  >();
  #hasAny: boolean | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  of(typed: Typed): readonly ActionFunction[] {
    this.#hasAny ??= hasBindings(this.#reader);
    if (!this.#hasAny) return [];
    let known = this.#byVariant.get(typed.variant);
    // A variant of two schemas has the overlays of each.
    if (known?.schema !== typed.schema) {
      known = { schema: typed.schema, functions: actionFunctionsOf(this.#reader, typed) };
      this.#byVariant.set(typed.variant, known);
    }
    return known.functions;
  }
}
