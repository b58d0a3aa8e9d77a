// Functions bound to components, as vertices of the value graph: where each takes its arguments from and where its result
// goes. A variant's bindings count for all its components, a schema's (overlays) for those of every variant; of two with one
// function name the schema's counts. What is declared at, above or below an output takes the function's place there.

import type { BindingId, ComponentId, FunctionId, Hash, SchemaId, VariantId } from '../base/ids.ts';
import { compareText, type Json } from '../base/json.ts';
import { isContainer } from '../model/cell.ts';
import type { ComponentRecord } from '../model/component.ts';
import { type BindingRecord, type FunctionKind, type FunctionRecord, isValueKind } from '../model/function.ts';
import { cellKey, index, indexUser } from '../model/keys.ts';
import { findComponent, findRecord } from '../model/lookup.ts';
import { ancestorsOf, childPath, overlaps, type Path } from '../model/path.ts';
import type { Reader } from '../model/state.ts';

export interface BoundArgument {
  readonly name: string;
  /** What stands before it in the canonical text of all of them. */
  readonly label: string;
  /** Where it is read; undefined: `value` is given. */
  readonly path: Path | undefined;
  readonly value: Json | undefined;
}

/** One function whose result is a value of every component of its target. */
export interface Bound {
  readonly binding: BindingId;
  readonly function: FunctionId;
  readonly name: string;
  readonly kind: FunctionKind;
  /** Blob of the function's text. */
  readonly text: Hash;
  /** In canonical order, each name once. */
  readonly arguments: readonly BoundArgument[];
  readonly output: Path;
}

function argument(name: string, path: Path | undefined, value: Json | undefined): BoundArgument {
  return { name, label: `${JSON.stringify(name)}:`, path, value };
}

/** Of two with one name the last counts. */
function inOrder(given: readonly BoundArgument[]): readonly BoundArgument[] {
  return [...new Map(given.map((a) => [a.name, a])).values()].sort((a, b) => compareText(a.name, b.name));
}

const read = (name: string, path: string): BoundArgument => argument(name, path as Path, undefined);

/** What functions of these kinds get without asking: the component. A code generation does not get its own result. */
const whole = [read('domain', '/domain'), read('resource', '/resource'), read('deleted_at', '/deleted_at')];

/** The binding as a vertex; undefined for kinds whose result is no value of a component. */
export function boundOf(
  binding: BindingId,
  record: Pick<BindingRecord, 'function' | 'arguments' | 'output'>,
  fn: FunctionRecord,
): Bound | undefined {
  if (!isValueKind(fn.kind)) return undefined;
  const given = record.arguments.map((a) => argument(a.name, a.path as Path | undefined, a.value));
  const isCode = fn.kind === 'code-generation';
  const root = (isCode ? '/code' : '/qualification') as Path;
  const output = fn.kind === 'attribute' ? (record.output as Path | null) : childPath(root, fn.name);
  if (output === null) return undefined;
  const args = fn.kind === 'attribute' || given.length > 0 ? given : isCode ? whole : [...whole, read('code', '/code')];
  return {
    binding,
    function: record.function,
    name: fn.name,
    kind: fn.kind,
    text: fn.text,
    arguments: inOrder(args),
    output,
  };
}

/** Does the state have any binding? Most have none, and then nothing below needs asking. */
export function hasBindings(reader: Reader): boolean {
  for (const _ of reader.scan('bindings', '')) return true;
  return false;
}

/** Every vertex that components of the variant have by their bindings, in order of the output. */
export function boundsOfVariant(reader: Reader, of: Pick<ComponentRecord, 'schema' | 'variant'>): readonly Bound[] {
  const own = boundsOn(reader, of.variant);
  const overlays = boundsOn(reader, of.schema);
  const isReplaced = (b: Bound): boolean => overlays.some((o) => o.kind === b.kind && o.name === b.name);
  // Of several that give one output, which only a merge may leave, one counts.
  const byOutput = new Map<Path, Bound>();
  for (const b of [...own.filter((o) => !isReplaced(o)), ...overlays]) byOutput.set(b.output, b);
  return [...byOutput.values()].sort((a, b) => (a.output < b.output ? -1 : a.output > b.output ? 1 : 0));
}

function boundsOn(reader: Reader, target: string): Bound[] {
  const out: Bound[] = [];
  for (const [key] of reader.scan('index', index.bindingsOf(target))) {
    const id = indexUser(key) as BindingId;
    const record = findRecord<BindingRecord>(reader, 'bindings', id);
    const fn = record && findRecord<FunctionRecord>(reader, 'functions', record.function);
    const bound = record && fn && boundOf(id, record, fn);
    if (bound !== undefined) out.push(bound);
  }
  return out;
}

/** Is something declared where the function's result would stand? */
export function isDeclaredOver(reader: Reader, component: ComponentId, output: Path): boolean {
  for (const path of [output, ...ancestorsOf(output)]) {
    const text = reader.get('cells', cellKey(component, path));
    if (text !== undefined && (path === output || !isContainer(text))) return true;
  }
  for (const _ of reader.scan('cells', `${component}${output}/`)) return true;
  return false;
}

/** The vertices of a component that are in force, those of them that are `wanted`. */
export function boundsOf(
  reader: Reader,
  component: ComponentId,
  table: BoundTable = new BoundTable(reader),
  wanted: (bound: Bound) => boolean = () => true,
): readonly Bound[] {
  const record = table.isEmpty ? undefined : findComponent(reader, component);
  return record === undefined ? [] : table.inForce(component, record, wanted);
}

/** Bound functions of the variants that are asked for, each variant's read once: of a state that does not change meanwhile. */
export class BoundTable {
  readonly #reader: Reader;
  readonly #byVariant = new Map<VariantId, { readonly schema: SchemaId; readonly bounds: readonly Bound[] }>();
  #hasAny: boolean | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Has the state no binding at all? */
  get isEmpty(): boolean {
    this.#hasAny ??= hasBindings(this.#reader);
    return !this.#hasAny;
  }

  /** As `boundsOfVariant`; the same list as long as it is. */
  of({ schema, variant }: Pick<ComponentRecord, 'schema' | 'variant'>): readonly Bound[] {
    if (this.isEmpty) return [];
    let known = this.#byVariant.get(variant);
    // A variant of two schemas has the overlays of each.
    if (known?.schema !== schema) {
      known = { schema, bounds: boundsOfVariant(this.#reader, { schema, variant }) };
      this.#byVariant.set(variant, known);
    }
    return known.bounds;
  }

  inForce(
    component: ComponentId,
    record: Pick<ComponentRecord, 'schema' | 'variant'>,
    wanted: (bound: Bound) => boolean = () => true,
  ): readonly Bound[] {
    const all = this.of(record);
    const inForce = all.filter((b) => wanted(b) && !isDeclaredOver(this.#reader, component, b.output));
    return inForce.length === all.length ? all : inForce;
  }

  /** The state's bindings, functions or variants are others. */
  forget(): void {
    this.#byVariant.clear();
    this.#hasAny = undefined;
  }
}

/** Those of which the value at a path is made. */
export function boundsAt(bounds: readonly Bound[], path: Path): readonly Bound[] {
  return bounds.length === 0 ? bounds : bounds.filter((b) => overlaps(b.output, path));
}

/** Those that read a path. */
export function boundsReading(bounds: readonly Bound[], path: Path): readonly Bound[] {
  return bounds.length === 0 ? bounds : bounds.filter((b) => readsAt(b, path));
}

export function readsAt(bound: Bound, path: Path): boolean {
  return bound.arguments.some((a) => a.path !== undefined && overlaps(a.path, path));
}
