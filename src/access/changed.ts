// What a pending change changes, as approvals and budgets count it: components, views, schemas and functions, each with
// the mutations that concern it. Read off the mutations, so the cost is that of the edits, whatever the model's size;
// an edit that is taken back by another still counts, one that was undone is not there.

import type { ComponentId, FunctionId, SchemaId, SecretId, ViewId } from '../base/ids.ts';
import { unreachable } from '../base/result.ts';
import { componentsBehind, slotsOf } from '../graph/secret_use.ts';
import type { BindingRecord } from '../model/function.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation, RecordMutation } from '../mutation/mutation.ts';

/** Edits of one author; the engine's own repairs are edits too. */
export interface Edit {
  readonly author: string;
  readonly mutations: readonly Mutation[];
}

/** A change set beside Head, caught up: `present` is Head with the edits. */
export interface Pending {
  readonly head: Reader;
  readonly present: Reader;
  readonly edits: readonly Edit[];
}

/** One thing that is changed. */
export interface Part {
  /** Ids of what was changed of it: its own, those of a schema's variants and bindings. */
  readonly entities: Set<string>;
  /** Which mutations concern it, as places in `Changed.mutations`, ascending. */
  readonly at: number[];
}

export interface Changed {
  /** All edits in order. */
  readonly mutations: readonly Mutation[];
  readonly components: ReadonlyMap<ComponentId, Part>;
  readonly views: ReadonlyMap<ViewId, Part>;
  readonly schemas: ReadonlyMap<SchemaId, Part>;
  readonly functions: ReadonlyMap<FunctionId, Part>;
}

/** Fields of a secret that who uses it depends on. */
const usesOfSecret: ReadonlySet<string> = new Set(['key', 'definition']);

export function changedBy(pending: Pending): Changed {
  const mutations = pending.edits.flatMap((e) => e.mutations);
  const bindings = new BindingTargets(pending.head, mutations);
  const components = new Map<ComponentId, Part>();
  const views = new Map<ViewId, Part>();
  const schemas = new Map<SchemaId, Part>();
  const functions = new Map<FunctionId, Part>();
  for (const [at, m] of mutations.entries()) {
    switch (m.kind) {
      case 'component.create':
      case 'component.erase':
      case 'component.mark':
      case 'component.unmark':
      case 'component.retype':
      case 'cell.set':
      case 'cell.unset':
      case 'element.insert':
      case 'element.move':
      case 'element.remove':
        note(components, m.component, m.component, at);
        break;
      case 'text.edit':
        note(functions, m.function as FunctionId, m.function, at);
        break;
      case 'record.create':
      case 'record.remove':
      case 'record.set':
        noteRecord(m, at);
        break;
      default:
        unreachable(m);
    }
  }
  return { mutations, components, views, schemas, functions };

  function noteRecord(m: RecordMutation, at: number): void {
    const first = m.key.slice(0, idLength);
    switch (m.noun) {
      case 'depends':
      case 'flag':
      case 'ignored':
      case 'manages':
      case 'override':
        note(components, first as ComponentId, first, at);
        return;
      case 'approvers':
      case 'view':
        note(views, first as ViewId, first, at);
        return;
      case 'placement':
        note(views, first as ViewId, first, at);
        // Where a component stands on one map is nothing that its other views need to be asked about.
        if (m.kind !== 'record.set') {
          const component = m.key.slice(idLength + 1);
          note(components, component as ComponentId, component, at);
        }
        return;
      case 'schema':
        note(schemas, first as SchemaId, first, at);
        return;
      case 'variant':
        note(schemas, first as SchemaId, m.key.slice(idLength + 1), at);
        return;
      case 'binding':
        for (const schema of bindings.schemasOf(m)) note(schemas, schema, m.key, at);
        return;
      case 'function':
        note(functions, m.key as FunctionId, m.key, at);
        return;
      // It does nothing until a component names it; then that uses another content, or is authenticated otherwise. One in use is not removed.
      case 'secret':
        if (m.kind !== 'record.set' || !usesOfSecret.has(m.field)) return;
        for (const reader of [pending.head, pending.present])
          for (const id of componentsBehind(reader, slotsOf(reader, m.key as SecretId)))
            note(components, id, m.key, at);
        return;
      // A list of schemas that are edited.
      case 'module':
        return;
      default:
        unreachable(m.noun);
    }
  }
}

function note<K>(parts: Map<K, Part>, id: K, entity: string, at: number): void {
  const part = parts.get(id);
  if (part === undefined) {
    parts.set(id, { entities: new Set([entity]), at: [at] });
    return;
  }
  part.entities.add(entity);
  if (part.at.at(-1) !== at) part.at.push(at);
}

/** Which schemas a binding is on: what it was on, and what it is put on. Anything not on Head is made by the edits. */
class BindingTargets {
  readonly #head: Reader;
  readonly #created = new Map<string, BindingRecord>();
  readonly #schemaOfVariant = new Map<string, SchemaId>();

  constructor(head: Reader, mutations: readonly Mutation[]) {
    this.#head = head;
    for (const m of mutations) {
      if (m.kind !== 'record.create') continue;
      if (m.noun === 'binding') this.#created.set(m.key, m.record as unknown as BindingRecord);
      if (m.noun === 'variant')
        this.#schemaOfVariant.set(m.key.slice(idLength + 1), m.key.slice(0, idLength) as SchemaId);
    }
  }

  schemasOf(m: RecordMutation): Set<SchemaId> {
    const targets: (BindingRecord['target'] | undefined)[] = [
      findRecord<BindingRecord>(this.#head, 'bindings', m.key)?.target,
      this.#created.get(m.key)?.target,
    ];
    if (m.kind === 'record.set' && m.field === 'target') targets.push(m.value as unknown as BindingRecord['target']);
    return new Set(targets.flatMap((t) => (t === undefined ? [] : [this.#schemaOf(t)])));
  }

  #schemaOf(target: BindingRecord['target']): SchemaId {
    if (target.schema !== undefined) return target.schema;
    for (const [key] of this.#head.scan('index', index.schemasOfVariant(target.variant)))
      return indexUser(key) as SchemaId;
    // A variant that is nowhere: somebody approves it under its own id rather than nobody.
    return this.#schemaOfVariant.get(target.variant) ?? (target.variant as string as SchemaId);
  }
}

/** The views that a component is in, on Head or in the change set. */
export function viewsOf(pending: Pick<Pending, 'head' | 'present'>, component: ComponentId): Set<ViewId> {
  const out = new Set<ViewId>();
  for (const reader of [pending.head, pending.present])
    for (const [key] of reader.scan('index', index.viewsOf(component))) out.add(indexUser(key) as ViewId);
  return out;
}
