// Repairs of what may be there only once: names, exclusive actions, unlocked variants, resources. Which of two gives way
// follows from who made it, so that it does not matter which side is looked at first. Of two that the change set has itself,
// because one came late or shows again, it is the one whose edit stands behind the other's.

import type { ComponentId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { BindingRecord, FunctionRecord } from '../model/function.ts';
import { cellKey, idLength, index, indexUser } from '../model/keys.ts';
import { claimingResource, findRecord, isMarked } from '../model/lookup.ts';
import { movedFromOf, takersOf } from '../model/moved.ts';
import { wellKnown } from '../model/path.ts';
import type { VariantRecord } from '../model/schema.ts';
import type { Category } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { nouns } from '../mutation/nouns.ts';
import type { Merging } from './merging.ts';
import type { Say } from './repair.ts';
import { componentOf } from './side.ts';

/** Items whose content may clash with Head's, when Head has such at all. */
export function contents(m: Merging): number[] {
  const { pending, theirs } = m.input;
  // A noun that was put back may clash too.
  const isPutBack = m.repairs.some((r) => r.kind === 'record.create');
  if (m.incremental && !isPutBack && (theirs === undefined || theirs.contents.length === 0)) return [];
  const from = pending.items.length;
  return [...pending.side.contents, ...m.extra.contents.map((at) => at + from)];
}

export function settleContent(m: Merging, at: number, say: Say): void {
  const { m: mutation, placed: standing } = m.item(at);
  if (standing?.length === 0) return;
  if (mutation.kind === 'cell.set' || mutation.kind === 'component.create') {
    movedOnce(m, at, mutation.component, say);
    return;
  }
  if (mutation.kind !== 'record.create' && mutation.kind !== 'record.set') return;
  const { noun, key } = mutation;
  const now = findRecord<JsonObject>(m.draft, nouns[noun].category, key);
  if (now === undefined) return;
  switch (noun) {
    case 'binding':
      oneBindingOfAKind(m, at, key, now as unknown as BindingRecord, say);
      return;
    case 'variant':
      oneUnlocked(m, at, key, now as unknown as VariantRecord, say);
      return;
    case 'view':
      freeName(m, at, 'view', key, index.viewsNamed(String(now['name'])), say);
      return;
    case 'schema':
      freeName(m, at, 'schema', key, index.schemasNamed(String(now['name'])), say);
      return;
    case 'secret':
      freeName(m, at, 'secret', key, index.secretsNamed(String(now['name'])), say);
      return;
    case 'function':
      freeFunctionName(m, at, key, say);
      return;
    default:
      return;
  }
}

/** Is the noun one that the change set created, not one of Head's that was put back? */
function isOwn(m: Merging, category: Category, key: string): boolean {
  return (
    m.input.head.get(category, key) === undefined && !m.repairs.some((r) => r.kind === 'record.create' && r.key === key)
  );
}

/** Position of the last item of a unit that wrote something and stands; -1: none did. */
function writtenAt(m: Merging, unit: string, wrote: (mutation: Mutation) => boolean): number {
  return m.positions(unit).findLast((at) => m.item(at).placed?.length !== 0 && wrote(m.item(at).m)) ?? -1;
}

const isBinding = (mutation: Mutation): boolean => 'noun' in mutation && mutation.noun === 'binding';

/** Writes a noun, or one field of it. */
const writes =
  (key: string, field: string) =>
  (mutation: Mutation): boolean =>
    'key' in mutation &&
    mutation.key === key &&
    (mutation.kind === 'record.create' || (mutation.kind === 'record.set' && mutation.field === field));

const takesOver = (mutation: Mutation): boolean =>
  mutation.kind === 'component.create' || (mutation.kind === 'cell.set' && mutation.path === wellKnown.movedFrom);

function oneBindingOfAKind(m: Merging, at: number, key: string, own: BindingRecord, say: Say): void {
  if (own.action === null || own.action === 'manual' || !isOwn(m, 'bindings', key)) {
    freeFunctionName(m, at, own.function, say);
    return;
  }
  const target = own.target.variant ?? own.target.schema!;
  for (const [k] of [...m.draft.scan('index', index.bindingsOf(target))]) {
    const other = indexUser(k);
    const record = findRecord<BindingRecord>(m.draft, 'bindings', other);
    if (other === key || record?.action !== own.action) continue;
    const areBothOwn = isOwn(m, 'bindings', other);
    if (areBothOwn && writtenAt(m, other, isBinding) > writtenAt(m, key, isBinding)) continue;
    const [gone, subject] = areBothOwn || m.item(at).role === 'head' ? [key, other] : [other, key];
    const mutations: Mutation[] = [{ kind: 'record.remove', noun: 'binding', key: gone }];
    say({ rule: 'exclusive-action', subject, path: gone, at, about: other, mutations });
  }
  freeFunctionName(m, at, own.function, say);
}

function oneUnlocked(m: Merging, at: number, key: string, own: VariantRecord, say: Say): void {
  if (own.locked || !isOwn(m, 'schemas', key)) return;
  const schema = key.slice(0, idLength);
  for (const [other, text] of [...m.draft.scan('schemas', `${schema}/`)]) {
    if (other === key || (JSON.parse(text) as VariantRecord).locked) continue;
    const areBothOwn = isOwn(m, 'schemas', other);
    if (areBothOwn && writtenAt(m, schema, writes(other, 'locked')) > writtenAt(m, schema, writes(key, 'locked')))
      continue;
    const gone = areBothOwn || m.item(at).role === 'head' ? key : other;
    const mutations: Mutation[] = [{ kind: 'record.set', noun: 'variant', key: gone, field: 'locked', value: true }];
    say({ rule: 'unlocked-variants', subject: schema, path: gone, at, about: schema, mutations });
  }
}

function freeName(
  m: Merging,
  at: number,
  noun: 'view' | 'schema' | 'secret',
  key: string,
  prefix: string,
  say: Say,
): void {
  const taken = [...m.draft.scan('index', prefix)].map(([k]) => indexUser(k)).filter((k) => k !== key);
  const isHeads = (k: string): boolean => m.input.head.get(nouns[noun].category, k) !== undefined;
  if (!taken.some((k) => isHeads(k) || writtenAt(m, k, writes(k, 'name')) < writtenAt(m, key, writes(key, 'name'))))
    return;
  const name = String(findRecord<JsonObject>(m.draft, nouns[noun].category, key)!['name']);
  const prefixOf = { view: index.viewsNamed, schema: index.schemasNamed, secret: index.secretsNamed }[noun];
  const free = firstFree(name, (n) => [...m.draft.scan('index', prefixOf(n))].length === 0);
  const mutations: Mutation[] = [{ kind: 'record.set', noun, key, field: 'name', value: free }];
  say({ rule: 'name-taken', subject: key, path: 'name', at, about: taken[0]!, mutations });
}

/** On one schema functions have names of their own. */
function freeFunctionName(m: Merging, at: number, fn: string, say: Say): void {
  const own = findRecord<FunctionRecord>(m.draft, 'functions', fn);
  if (own === undefined) return;
  for (const [k] of [...m.draft.scan('index', index.bindingsOf(fn))]) {
    const binding = findRecord<BindingRecord>(m.draft, 'bindings', indexUser(k));
    if (binding === undefined || binding.function !== fn) continue;
    const target = binding.target.variant ?? binding.target.schema!;
    const names = new Map<string, string>();
    for (const [other] of m.draft.scan('index', index.bindingsOf(target))) {
      const id = findRecord<BindingRecord>(m.draft, 'bindings', indexUser(other))?.function;
      const name = id === undefined ? undefined : findRecord<FunctionRecord>(m.draft, 'functions', id)?.name;
      if (id !== undefined && name !== undefined && id !== fn) names.set(name, id);
    }
    const clash = names.get(own.name);
    if (clash === undefined) continue;
    // Of the two, the change set's own function is renamed; when both are, the author was refused at once.
    const renamed = isOwn(m, 'functions', fn) || !isOwn(m, 'functions', clash) ? fn : clash;
    const record = findRecord<FunctionRecord>(m.draft, 'functions', renamed)!;
    const free = firstFree(record.name, (n) => n !== own.name && !names.has(n));
    const mutations: Mutation[] = [{ kind: 'record.set', noun: 'function', key: renamed, field: 'name', value: free }];
    say({ rule: 'name-taken', subject: renamed, path: 'name', at, about: clash, mutations });
    return;
  }
}

function firstFree(name: string, isFree: (name: string) => boolean): string {
  for (let n = 2; ; n++) if (isFree(`${name} ${n}`)) return `${name} ${n}`;
}

/** A resource has moved to one component: where Head has said to which, the change set's takes nothing over. */
function movedOnce(m: Merging, at: number, component: ComponentId, say: Say): void {
  const path = wellKnown.movedFrom;
  const own = m.draft.get('cells', cellKey(component, path));
  const key = movedFromOf(own);
  if (key === undefined || m.input.head.get('cells', cellKey(component, path)) === own) return;
  const other = takersOf(m.draft, key).find(
    (taker) =>
      taker !== component &&
      (takersOf(m.input.head, key).includes(taker) ||
        writtenAt(m, taker, takesOver) < writtenAt(m, component, takesOver)),
  );
  if (other === undefined) return;
  // The id that was declared of it went with it on both sides.
  const idAt = (c: ComponentId) => m.draft.get('cells', cellKey(c, wellKnown.resourceId));
  const isSameId = idAt(component) !== undefined && idAt(component) === idAt(other);
  const paths = [path, ...(isSameId ? [wellKnown.resourceId] : [])];
  const mutations = paths.map((p): Mutation => ({ kind: 'cell.unset', component, path: p }));
  say({ rule: 'moved-twice', subject: component, path, at, about: other, mutations });
}

/** Components that items gave a resource id that another component, not marked, has too. */
export function sharedResources(m: Merging): { at: number; component: ComponentId; others: string[] }[] {
  const out: { at: number; component: ComponentId; others: string[] }[] = [];
  for (const at of contents(m)) {
    const mutation = m.item(at).m;
    const component = componentOf(mutation);
    if (component === undefined || (mutation.kind !== 'cell.set' && mutation.kind !== 'component.create')) continue;
    if (isMarked(m.draft, component)) continue;
    const others = claimingResource(m.draft, component);
    if (others.length > 0) out.push({ at, component, others });
  }
  return out;
}
