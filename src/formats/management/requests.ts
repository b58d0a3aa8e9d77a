// A management function's result as edits: requests in the order in which they hold together, each with the place in the
// result that it comes from. Nothing is carried out here; the requests are compiled and validated as anybody's.

import type { ComponentId, SchemaId, VariantId } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import { attempt, type Result, refuse } from '../../base/result.ts';
import { type ActionKind, actionKinds } from '../../model/function.ts';
import { overrideKey } from '../../model/keys.ts';
import { findComponent, findRecord, findSchema, resolveSchema, specOfComponent } from '../../model/lookup.ts';
import { isWithin } from '../../model/path.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Reader } from '../../model/state.ts';
import { bindingsOf } from '../../mutation/compile_binding.ts';
import type { Input, Request } from '../../mutation/request.ts';
import type { ActionOperation, CreateOperation, ManagementResult, UpdateOperation } from './operations.ts';
import { Placeholders } from './placeholders.ts';
import { editsOfProperties, type ValueEdit } from './properties.ts';
import { below, fail, type LeftOut } from './reading.ts';
import { Views } from './views.ts';

/** What a result is read against: all of it as it was when the function's argument was read. */
export interface ManagementScope {
  readonly state: Reader;
  /** The component that the function ran on. */
  readonly component: ComponentId;
  /** Those that it manages. */
  readonly managed: readonly ComponentId[];
  /** Name of the view that it was run in. */
  readonly view: string;
  /** The trees that the function was given of them. */
  readonly seen: ReadonlyMap<ComponentId, Json>;
  /** The variant of a new component of a schema that is not in the state; undefined: there is none of that name. */
  readonly catalogued: (schema: string) => VariantSpec | undefined;
  readonly newId: () => ComponentId;
}

/** A request and where in the result it comes from. */
export interface AskedEdit {
  readonly request: Request;
  readonly from: string;
  /** Of a request with several values: where each comes from, by its pointer into the component. */
  readonly parts?: ReadonlyMap<string, string>;
}

export interface CreatedComponent {
  /** What the result calls it. */
  readonly name: string;
  readonly component: ComponentId;
}

export interface ManagementBatch {
  readonly edits: readonly AskedEdit[];
  readonly created: readonly CreatedComponent[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * The edits that a result asks for. Refuses `component_not_found`, `ambiguous_name`, `schema_not_found`, `view_not_found`,
 * `action_not_found` and `operations_invalid`, each with the place in the result.
 */
export function batchOf(scope: ManagementScope, result: ManagementResult): Result<ManagementBatch> {
  return attempt(() => new Translation(scope, result).batch());
}

/** The place in the result that a refusal of a request is about; `path`: what the refusal names. */
export function placeInResult({ from, parts }: AskedEdit, path: string): string {
  const part = [...(parts ?? [])].find(([pointer]) => isWithin(path, pointer));
  return part === undefined ? from : part[1];
}

interface NewComponent extends CreatedComponent {
  readonly operation: CreateOperation;
  readonly schema: string;
  readonly spec: VariantSpec;
}

class Translation {
  readonly #scope: ManagementScope;
  readonly #result: ManagementResult;
  readonly #names: Placeholders;
  readonly #views: Views;
  readonly #new = new Map<ComponentId, NewComponent>();
  readonly #edits: AskedEdit[] = [];
  readonly #leftOut: LeftOut[];

  constructor(scope: ManagementScope, result: ManagementResult) {
    this.#scope = scope;
    this.#result = result;
    this.#names = new Placeholders(scope.state, scope.component, scope.managed);
    this.#views = new Views(scope, result.operations.views);
    this.#leftOut = [...result.leftOut];
  }

  batch(): ManagementBatch {
    const { create, update, erase, actions, remove, views } = this.#result.operations;
    for (const operation of create) this.#name(operation);
    for (const [i, name] of erase.entries()) {
      const from = `/ops/erase/${i}`;
      this.#ask({ kind: 'component.erase', component: this.#names.own(name, from) }, from);
    }
    for (const [i, name] of this.#result.operations.delete.entries()) {
      const from = `/ops/delete/${i}`;
      this.#ask({ kind: 'component.delete', component: this.#names.own(name, from) }, from);
    }
    for (const [i, name] of views.create.entries())
      if (!this.#views.exists(name)) this.#ask({ kind: 'view.create', name }, `/ops/views/create/${i}`);
    // First all that is new, so that it does not matter in which order values follow each other.
    const later = [...this.#new.values()].map((made) => this.#create(made));
    for (const [i, made] of [...this.#new.values()].entries()) this.#setAll(made.component, later[i]!);
    for (const operation of update) this.#update(operation);
    for (const { component, operation } of this.#new.values()) {
      const managed = { kind: 'component.manage', component: this.#scope.component, managed: component } as const;
      this.#ask(managed, operation.at);
    }
    for (const { name, at, components } of remove) {
      const view = this.#views.mustExist(name, at);
      for (const [i, placed] of components.entries()) {
        const from = `${at}/${i}`;
        this.#ask({ kind: 'view.remove_component', view, component: this.#names.own(placed, from) }, from);
      }
    }
    for (const [i, name] of views.remove.entries()) {
      const from = `/ops/views/remove/${i}`;
      if (this.#views.exists(name)) this.#ask({ kind: 'view.remove', view: name }, from);
      else this.#leftOut.push({ path: from, why: 'is no view' });
    }
    for (const operation of actions) this.#decide(operation);
    const created = [...this.#new.values()].map(({ name, component }) => ({ name, component }));
    return { edits: this.#edits, created, leftOut: this.#leftOut };
  }

  #ask(request: Request, from: string, parts?: AskedEdit['parts']): void {
    this.#edits.push({ request, from, ...(parts === undefined ? {} : { parts }) });
  }

  #name(operation: CreateOperation): void {
    const { name, at } = operation;
    const component = this.#scope.newId();
    this.#names.create(name, component, at);
    this.#new.set(component, { name, component, operation, ...this.#typeOf(operation) });
  }

  #typeOf({ kind, at }: CreateOperation): { schema: string; spec: VariantSpec } {
    const { state, component, catalogued } = this.#scope;
    const schema = kind ?? findComponent(state, component)!.schema;
    const found = resolveSchema(state, schema, `${at}/kind`);
    if (!found.ok) {
      const spec = found.refusal.code === 'schema_not_found' ? catalogued(schema) : undefined;
      return spec === undefined ? fail(found) : { schema, spec };
    }
    const variant = findSchema(state, found.value)?.defaultVariant;
    const spec = variant && specOfComponent(state, { schema: found.value, variant });
    if (spec) return { schema: found.value, spec };
    return noType(`${at}/kind`, 'a schema with a default variant', schema);
  }

  /**
   * Creates a component with its values as far as they follow nothing that comes after it. Answers the others, in order: a
   * value that appends to a list is not to overtake the one before it.
   */
  #create({ name, component, schema, spec, operation }: NewComponent): readonly ValueEdit[] {
    const { at, geometry } = operation;
    const { edits, firstLater } = this.#valuesOfNew(component, spec, operation);
    const now = edits.slice(0, firstLater);
    const placings = this.#views.placingsOf(geometry, at);
    this.#ask(
      {
        kind: 'component.create',
        schema,
        name,
        id: component,
        ...(placings === undefined ? {} : { views: placings.map((p) => p.view) }),
        ...(now.length === 0 ? {} : { attributes: Object.fromEntries(now.map((e) => [e.path, e.value])) }),
      },
      at,
      new Map(now.map((e) => [e.path, e.from])),
    );
    for (const { view, geometry, from } of placings ?? [])
      if (geometry !== null) this.#ask({ kind: 'view.set_geometry', view, component, geometry }, from);
    return edits.slice(firstLater);
  }

  #valuesOfNew(
    component: ComponentId,
    spec: VariantSpec,
    operation: CreateOperation,
  ): { edits: readonly ValueEdit[]; firstLater: number } {
    const order = this.#names.orderOf(component)!;
    const paths = new Set<string>();
    const edits: ValueEdit[] = [];
    let firstLater = 0;
    for (const { edit, refers } of this.#values(operation, { spec, seen: undefined })) {
      const isNow = [...refers].every((id) => this.#names.orderOf(id)! <= order) && !paths.has(edit.path);
      if (isNow && firstLater === edits.length) firstLater++;
      paths.add(edit.path);
      edits.push(edit);
    }
    return { edits, firstLater };
  }

  /** What an operation sets, in order: its properties, then its attributes. */
  #values(
    { properties, attributes, at }: Pick<CreateOperation, 'properties' | 'attributes' | 'at'>,
    { spec, seen }: { spec: VariantSpec; seen: Json | undefined },
  ): { readonly edit: ValueEdit; readonly refers: ReadonlySet<ComponentId> }[] {
    const given = { spec, seen, at: `${at}/properties` };
    const edits = properties === undefined ? [] : editsOfProperties(properties, given, this.#leftOut);
    const out = edits.map((edit) => ({ edit, refers: new Set<ComponentId>() }));
    for (const [path, value] of Object.entries(attributes ?? {})) {
      const from = below(`${at}/attributes`, path);
      const refers = new Set<ComponentId>();
      out.push({ edit: { path, value: this.#names.resolve(value, from, refers) as Input, from }, refers });
    }
    return out;
  }

  #setAll(component: ComponentId, edits: readonly ValueEdit[]): void {
    for (const { path, value, from } of edits) this.#ask({ kind: 'attribute.set', component, path, value }, from);
  }

  #update(operation: UpdateOperation): void {
    const { state, seen } = this.#scope;
    const component = this.#names.own(operation.name, operation.at);
    const made = this.#new.get(component);
    const spec = made?.spec ?? specOfComponent(state, findComponent(state, component)!);
    if (spec === undefined) noType(operation.at, 'a component whose schema variant is in this change set', component);
    const edits = this.#values(operation, { spec, seen: seen.get(component) }).map((v) => v.edit);
    this.#setAll(component, edits);
    for (const placing of operation.geometry) {
      const view = this.#views.mustExist(placing.name, placing.at);
      const geometry = this.#views.moved(view, component, placing.position);
      this.#ask({ kind: 'view.set_geometry', view, component, geometry }, placing.at);
    }
  }

  /** Actions are decisions about the plan: `add` asks for one, `remove` takes that back, or leaves a planned one out. */
  #decide(operation: ActionOperation): void {
    const component = this.#names.own(operation.name, operation.at);
    for (const [i, text] of operation.remove.entries()) {
      const from = `${operation.at}/remove/${i}`;
      const action = this.#actionOf(component, text, from);
      const key = overrideKey(component, action.action, action.name ?? '');
      const isAdded = findRecord<{ mode: string }>(this.#scope.state, 'overrides', key)?.mode === 'add';
      if (isAdded) this.#ask({ kind: 'action.remove', component, ...action }, from);
      else if (action.action !== 'manual') this.#ask({ kind: 'action.skip', component, ...action }, from);
      else this.#leftOut.push({ path: from, why: 'is not to be done anyway' });
    }
    for (const [i, text] of operation.add.entries()) {
      const from = `${operation.at}/add/${i}`;
      this.#ask({ kind: 'action.add', component, ...this.#actionOf(component, text, from) }, from);
    }
  }

  #actionOf(component: ComponentId, text: string, at: string): { action: ActionKind; name?: string } {
    const kind = text.toLowerCase();
    const known = actionKinds.find((k) => k === kind && k !== 'manual');
    if (known !== undefined) return { action: known };
    const named = this.#manualActionsOf(component);
    if (named.includes(text)) return { action: 'manual', name: text };
    const all = [...actionKinds.filter((k) => k !== 'manual'), ...named];
    return fail(
      refuse('action_not_found', {
        path: at,
        expected: `one of ${all.slice(0, 20).join(', ')}`,
        got: JSON.stringify(text),
        hint: 'attach a function of that name to the schema as a manual action',
      }),
    );
  }

  #manualActionsOf(component: ComponentId): string[] {
    const { state } = this.#scope;
    const made = this.#new.get(component);
    const schema = made === undefined ? findComponent(state, component)!.schema : resolveOrNone(state, made.schema);
    if (schema === undefined) return [];
    const variant: VariantId | null | undefined =
      made === undefined ? findComponent(state, component)!.variant : findSchema(state, schema)?.defaultVariant;
    const targets = variant ? [schema, variant] : [schema];
    return targets.flatMap((t) =>
      bindingsOf(state, t)
        .filter((b) => b.record.action === 'manual')
        .map((b) => b.fn.name),
    );
  }
}

function resolveOrNone(state: Reader, schema: string): SchemaId | undefined {
  const found = resolveSchema(state, schema);
  return found.ok ? found.value : undefined;
}

function noType(path: string, expected: string, got: string): never {
  return fail(
    refuse('schema_not_found', {
      path,
      expected,
      got: JSON.stringify(got),
      hint: 'restore the variant, or choose another',
    }),
  );
}
