// A component with what stands around it: whether it could be upgraded, who manages it and whom it manages, the functions
// that run on it, and what an author writes to declare the same. What a client shows on one page.

import { actionFunctionsOf } from '../actions/action_functions.ts';
import type { BindingId, ComponentId, FunctionId, VariantId } from '../base/ids.ts';
import { isObject, type Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Cell } from '../model/cell.ts';
import type { ComponentRecord } from '../model/component.ts';
import type { Expr } from '../model/expr.ts';
import type { ActionKind, FunctionKind, FunctionRecord } from '../model/function.ts';
import { index, indexUser, managesKey } from '../model/keys.ts';
import {
  findComponent,
  findRecord,
  isAbsent,
  nameOf,
  reportedOf,
  resolveComponent,
  resourceIdOf,
  variantInWork,
} from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Reader } from '../model/state.ts';
import type { ViewRecord } from '../model/view.ts';
import { bindingsOf } from '../mutation/compile_binding.ts';
import { pointerAt } from '../mutation/tree.ts';
import { type ComponentView, readComponent } from './component.ts';
import type { State } from './operation.ts';

export interface NamedComponent {
  readonly id: ComponentId;
  readonly name: string;
}

export interface FunctionHere {
  readonly binding: BindingId;
  readonly function: FunctionId;
  readonly name: string;
  readonly kind: FunctionKind;
  /** Of action functions. */
  readonly action: ActionKind | null;
}

export interface ComponentDetail extends ComponentView {
  /** There is a newer variant, or one in work. */
  readonly upgradable: boolean;
  /** Marked, without a resource, and not on Head: only its id is left, for a restore. */
  readonly isGone: boolean;
  readonly isOnHead: boolean;
  readonly manages: readonly NamedComponent[];
  readonly managedBy: readonly NamedComponent[];
  readonly inViews: readonly { readonly id: string; readonly name: string; readonly isDefault: boolean }[];
  /** Those of kind action, management and qualification. */
  readonly functions: readonly FunctionHere[];
}

type ViewOf = Parameters<typeof readComponent>[4];

/** Call it in `read`; `head`: the state of Head. Refuses `component_not_found`, `ambiguous_name`. */
export function componentDetail(s: State, name: string, viewOf: ViewOf, head: Reader): Result<ComponentDetail> {
  const { snapshot } = s;
  const view = readComponent(snapshot, s.row, s.version, name, viewOf, (cell) => inputOf(snapshot, cell));
  if (!view.ok) return view;
  const { id } = view.value;
  const record = findComponent(snapshot, id)!;
  const newest = variantInWork(snapshot, record.schema);
  return ok({
    ...view.value,
    upgradable: newest !== undefined && newest !== record.variant,
    isGone: isGone(snapshot, id, head),
    isOnHead: findComponent(head, id) !== undefined && !isAbsent(head, id),
    manages: managedBy(snapshot, id),
    managedBy: managersOf(snapshot, id),
    inViews: view.value.views.map((v) => ({
      ...v,
      isDefault: findRecord<ViewRecord>(snapshot, 'views', v.id)?.isDefault === true,
    })),
    functions: functionsOn(snapshot, record),
  });
}

/** Absent in a state, and on Head as well. */
export function isGone(state: Reader, id: ComponentId, head: Reader): boolean {
  return isAbsent(state, id) && (findComponent(head, id) === undefined || isAbsent(head, id));
}

export function managedBy(state: Reader, id: ComponentId): NamedComponent[] {
  const prefix = managesKey(id, '' as ComponentId);
  return [...state.scan('components', prefix)].map(([key]) => named(state, key.slice(prefix.length)));
}

function managersOf(state: Reader, id: ComponentId): NamedComponent[] {
  return [...state.scan('index', index.managersOf(id))].map(([key]) => named(state, indexUser(key)));
}

const named = (state: Reader, id: string): NamedComponent => ({
  id: id as ComponentId,
  name: nameOf(state, id as ComponentId),
});

/** The functions that run on components of a type; an overlay before the variant's. */
export function functionsOn(state: Reader, typed: Pick<ComponentRecord, 'schema' | 'variant'>): FunctionHere[] {
  const out: FunctionHere[] = actionFunctionsOf(state, typed).map((f) => ({
    binding: f.binding,
    function: f.function,
    name: findRecord<FunctionRecord>(state, 'functions', f.function)?.name ?? f.name,
    kind: 'action' as const,
    action: f.kind,
  }));
  for (const target of [typed.schema, typed.variant as VariantId])
    for (const { id, record, fn } of bindingsOf(state, target))
      if (fn.kind === 'management' || fn.kind === 'qualification')
        out.push({ binding: id, function: record.function, name: fn.name, kind: fn.kind, action: null });
  return out;
}

/** What an author writes for a cell. */
function inputOf(state: Reader, cell: Cell): Json {
  if ('x' in cell) return { $source: sourceOf(state, cell.x) };
  if ('k' in cell) return { $source: { secret: findRecord<SecretRecord>(state, 'secrets', cell.k)?.name ?? cell.k } };
  if ('u' in cell) return { $source: null };
  if ('c' in cell) return cell.c === 'array' ? [] : {};
  const value = 'v' in cell ? cell.v : (JSON.parse(state.blob(cell.b)) as Json);
  return holdsSource(value) ? { $source: { value } } : value;
}

function sourceOf(state: Reader, expr: Expr): Json {
  const plain = (e: Expr | undefined) =>
    e !== undefined && 's' in e ? { component: e.s[0], path: pointerAt(state, e.s[0], e.s[1]) } : undefined;
  const source = plain(expr);
  if (source !== undefined) return source;
  if ('f' in expr && expr.f.length === 2) {
    const of = plain(expr.f[1] as Expr);
    const fn = findRecord<FunctionRecord>(state, 'functions', expr.f[0]);
    if (of !== undefined) return fn === undefined ? { ...of, func: expr.f[0] } : { ...of, function: expr.f[0] };
  }
  return { expression: expr as unknown as Json };
}

/** A literal that would be taken for something else. */
function holdsSource(value: Json): boolean {
  if (Array.isArray(value)) return value.some(holdsSource);
  return isObject(value) && (Object.hasOwn(value, '$source') || Object.values(value).some((v) => holdsSource(v!)));
}

export interface ResourceView {
  readonly component: ComponentId;
  readonly resourceId: string;
  /** null: nobody has looked yet. */
  readonly record: ResourceRecord | null;
}

/** Refuses `resource_not_found` where there is none, and what names refuse. */
export function resourceOfComponent(state: Reader, name: string): Result<ResourceView> {
  const id = resolveComponent(state, name);
  if (!id.ok) return id;
  const resourceId = resourceIdOf(state, id.value);
  if (resourceId === undefined) {
    return refuse('resource_not_found', {
      path: 'component',
      expected: 'a component that has a resource',
      got: `${nameOf(state, id.value) || id.value}, which has none`,
      hint: 'apply the change set that creates it, or import the resource',
    });
  }
  const record = reportedOf(state, id.value) ?? null;
  return ok({ component: id.value, resourceId, record });
}
