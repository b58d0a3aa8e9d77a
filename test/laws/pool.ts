// The pool of the exhaustive laws: edits of every kind and every noun on one small state, each valid by itself. Every
// edit is tried against every other, so they are about the same few components, views, schemas and functions.

import { canonical, type Json } from '../../src/base/json.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import type { Noun } from '../../src/mutation/nouns.ts';
import type { Request } from '../../src/mutation/request.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { openSpec, smallWorld, thingSpec, thingSpec2 } from '../support/model_world.ts';
import type { Edit } from './edits.ts';
import { ruledSpec } from './start_states.ts';

export const one = '0000000000000000000000NE01';
export const two = '0000000000000000000000NE02';
export const marked = '0000000000000000000000NE03';
export const ruled = '0000000000000000000000NE04';
const fresh = '0000000000000000000000NEW1';
export const net = '0000000000000000000000V1EW';
export const old = '0000000000000000000000V1E2';
export const make = '0000000000000000000000FN01';
export const make2 = '0000000000000000000000FN02';
export const loose = '0000000000000000000000FN03';
export const fold = '0000000000000000000000FN04';
export const derive = '0000000000000000000000FN05';
const bound = '0000000000000000000000B1ND';
export const key = '0000000000000000000000KEY1';

/** The state: two things that know each other, a marked one, one with merge rules; a view, functions, a secret. */
export function smallState(): Snapshot {
  const world = smallWorld();
  const create = (id: string, name: string, schema: string, attributes: Record<string, Json>): Request =>
    ({ kind: 'component.create', id, name, schema, attributes }) as Request;
  world.do(
    { kind: 'schema.create', name: 'Thing2', spec: thingSpec2 },
    { kind: 'schema.create', name: 'Ruled', spec: ruledSpec },
    { kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: openSpec },
    { kind: 'view.create', id: net, name: 'Net' },
    { kind: 'view.create', id: old, name: 'Old' },
    { kind: 'view.set_approvers', view: net, rule: { approvers: ['ann'], minimum: 1 } },
    { kind: 'secret.put', id: key, name: 'spare', definition: 'Key', key: 'k1' },
    { kind: 'function.create', id: make, name: 'make', functionKind: 'action', text: 'make();\n' },
    { kind: 'function.create', id: make2, name: 'make2', functionKind: 'action', text: 'a();\nb();\nc();\n' },
    { kind: 'function.create', id: loose, name: 'loose', functionKind: 'qualification', text: 'x\n' },
    { kind: 'function.create', id: fold, name: 'fold', functionKind: 'transformation', text: 'x\n' },
    { kind: 'function.create', id: derive, name: 'derive', functionKind: 'attribute', text: 'x\n' },
    { kind: 'binding.attach', id: bound, function: make, schema: 'Thing', action: 'create' },
    create(one, 'one', 'Thing', {
      '/domain/text': 'hello',
      '/domain/names': ['a', 'b'],
      '/domain/rules': [{ port: 1, tags: ['t'] }],
      '/domain/labels': { k: 'v' },
    }),
    create(two, 'two', 'Thing', { '/domain/text': { $source: { component: one, path: '/domain/text' } } }),
    create(marked, 'marked', 'Thing', {}),
    create(ruled, 'ruled', 'Ruled', { '/domain/most': 5, '/domain/list': ['a'], '/domain/once': 'x' }),
    { kind: 'view.add_component', view: net, component: one },
    { kind: 'depends_on.add', component: two, on: one },
    { kind: 'component.manage', component: one, managed: two },
    { kind: 'component.protect', component: two, on: true },
    { kind: 'component.ignore_changes', component: one, path: '/domain/count', on: true },
    { kind: 'action.hold', component: one, action: 'create' },
    { kind: 'component.delete', component: marked },
  );
  return world.snapshot;
}

/** The one variant of a schema, by the schema's name. */
export function variantOf(state: Snapshot, schema: string): string {
  const keys = [...state.scan('schemas', '')];
  const [id] = keys.find(([k, record]) => k.length === 26 && record.includes(`"name":"${schema}"`))!;
  return keys.find(([k]) => k.startsWith(`${id}/`))![0].slice(27);
}

const set = (component: string, path: string, value: Json): Request => ({
  kind: 'attribute.set',
  component,
  path,
  value,
});
const from = (component: string, path: string): Json => ({ $source: { component, path } });

function values(): Request[] {
  const texts = ['/domain/text', '/domain/labels/k', '/domain/names/0', '/domain/rules/0/port', '/domain/count'];
  return [
    ...texts.flatMap((path) => [
      set(one, path, path === '/domain/count' || path.endsWith('port') ? 7 : 'x'),
      { kind: 'attribute.unset', component: one, path } as const,
    ]),
    set(one, '/domain/text', 'y'),
    set(two, '/domain/text', 'x'),
    set(one, '/domain/text', from(marked, '/domain/text')),
    set(one, '/domain/text', from(two, '/si/name')),
    set(two, '/domain/labels/k', from(one, '/domain/labels/k')),
    set(one, '/domain/labels/k', from(two, '/domain/labels/k')),
    set(one, '/domain/short', { $source: { component: two, path: '/domain/pack/b', function: fold } } as Json),
    set(one, '/domain/labels', from(two, '/domain/labels')),
    set(one, '/domain/labels', {}),
    set(one, '/domain/labels', { l: 'w' }),
    set(one, '/domain/free', 1),
    set(one, '/domain/free', { a: 1 }),
    set(one, '/domain/free', ['a']),
    set(one, '/domain/names', ['b', 'a', 'c']),
    set(one, '/domain/names', []),
    set(one, '/domain/names', from(two, '/domain/names')),
    set(one, '/domain/rules', [{ port: 2 }]),
    set(one, '/secrets/login', { $source: { secret: 'spare' } }),
    set(one, '/si/resourceId', 'i-1'),
    set(two, '/si/resourceId', 'i-1'),
    ...(['most', 'least'] as const).flatMap((p) => [3, 8].map((n) => set(ruled, `/domain/${p}`, n))),
    ...['once', 'look', 'mine'].flatMap((p) => ['p', 'q'].map((v) => set(ruled, `/domain/${p}`, v))),
    set(ruled, '/domain/list/-', 'b'),
    set(ruled, '/domain/open', 7),
    { kind: 'list.insert', component: one, path: '/domain/names', index: 0, value: 'n' },
    { kind: 'list.insert', component: one, path: '/domain/names', index: 2, value: 'n' },
    { kind: 'list.insert', component: one, path: '/domain/rules/0/tags', index: 0, value: 'u' },
    { kind: 'list.move', component: one, path: '/domain/names', from: 0, to: 1 },
    { kind: 'list.move', component: one, path: '/domain/names', from: 1, to: 0 },
    { kind: 'list.remove', component: one, path: '/domain/names', index: 0 },
    { kind: 'list.remove', component: one, path: '/domain/rules', index: 0 },
    { kind: 'map.remove', component: one, path: '/domain/labels', key: 'k' },
  ];
}

function lives(): Request[] {
  const create = (schema: string, attributes: Record<string, Json>): Request =>
    ({ kind: 'component.create', id: fresh, schema, name: 'fresh', attributes }) as Request;
  return [
    create('Thing', {}),
    create('Thing', { '/domain/text': from(one, '/domain/text'), '/domain/names': ['a'] }),
    create('Cat', { '/domain/a': 1 }),
    { kind: 'component.duplicate', component: one, name: 'copy' },
    ...[one, two, marked].map((component): Request => ({ kind: 'component.erase', component })),
    { kind: 'component.delete', component: one },
    { kind: 'component.restore', component: marked },
    { kind: 'component.rename', component: one, name: 'uno' },
    { kind: 'component.protect', component: one, on: true },
    { kind: 'component.protect', component: two, on: false },
    { kind: 'component.retain', component: one, on: true },
    { kind: 'component.ignore_changes', component: one, path: '/domain/text', on: true },
    { kind: 'component.ignore_changes', component: one, path: '/domain/count', on: false },
    { kind: 'component.manage', component: two, managed: marked },
    { kind: 'component.manage', component: marked, managed: one },
    { kind: 'component.unmanage', component: one, managed: two },
    { kind: 'depends_on.add', component: one, on: marked },
    { kind: 'depends_on.add', component: marked, on: two },
    { kind: 'depends_on.remove', component: two, on: one },
    { kind: 'action.skip', component: one, action: 'create' },
    { kind: 'action.skip', component: one, action: 'update' },
    { kind: 'action.add', component: one, action: 'update' },
    { kind: 'action.remove', component: one, action: 'create' },
  ];
}

function nouns(state: Snapshot): Request[] {
  const of = (schema: string): string => variantOf(state, schema);
  return [
    { kind: 'view.create', name: 'New' },
    { kind: 'view.create', id: fresh, name: 'Fresh' },
    { kind: 'view.rename', view: net, name: 'New' },
    { kind: 'view.rename', view: old, name: 'Older' },
    { kind: 'view.remove', view: net },
    { kind: 'view.remove', view: old },
    { kind: 'view.add_component', view: old, component: one },
    { kind: 'view.add_component', view: net, component: two },
    { kind: 'view.remove_component', view: net, component: one },
    { kind: 'view.remove_component', view: 'All', component: one },
    { kind: 'view.set_geometry', view: net, component: one, geometry: { x: 1, y: 2, width: null, height: null } },
    { kind: 'view.set_geometry', view: net, component: one, geometry: { x: 3, y: 2, width: null, height: null } },
    { kind: 'view.set_approvers', view: net, rule: { approvers: ['zoe'], minimum: 2 } },
    { kind: 'view.set_approvers', view: old, rule: { approvers: ['zoe'], minimum: 2 } },
    { kind: 'view.set_approvers', view: net, rule: null },
    { kind: 'schema.create', name: 'New', spec: openSpec },
    { kind: 'schema.create', id: fresh as never, name: 'Fresh', spec: openSpec },
    { kind: 'schema.install', name: 'Dog', category: 'Zoo', origin: 'aws', spec: openSpec },
    { kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: thingSpec },
    { kind: 'schema.edit_variant', variant: of('Thing'), spec: thingSpec2 },
    { kind: 'schema.edit_variant', variant: of('Thing'), spec: thingSpec, name: 'named' },
    { kind: 'schema.lock_variant', variant: of('Thing') },
    { kind: 'schema.unlock_variant', variant: of('Cat') },
    { kind: 'component.upgrade', component: one, variant: of('Thing2') as never },
    { kind: 'component.upgrade', component: one, variant: of('Ruled') as never },
    { kind: 'component.upgrade', component: two, variant: of('Cat') as never },
    { kind: 'function.create', name: 'new', functionKind: 'action', text: 'n' },
    { kind: 'function.create', id: fresh, name: 'fresh', functionKind: 'qualification', text: 'n' },
    { kind: 'function.edit_text', function: make2, text: 'a();\nB();\nc();\n' },
    { kind: 'function.edit_text', function: make2, text: 'a();\nb();\nc();\nd();\n' },
    { kind: 'function.edit_text', function: loose, text: 'y\n' },
    { kind: 'function.set_metadata', function: make2, name: 'make' },
    { kind: 'function.set_metadata', function: loose, description: 'd' },
    { kind: 'function.lock', function: make2 },
    { kind: 'binding.attach', function: make2, schema: 'Thing', action: 'update' },
    { kind: 'binding.attach', function: make, schema: 'Ruled', action: 'update' },
    { kind: 'binding.attach', function: make2, schema: 'Ruled', action: 'update' },
    { kind: 'binding.attach', id: fresh, function: loose, schema: 'Open' },
    { kind: 'binding.attach', function: loose, variant: of('Cat') },
    {
      kind: 'binding.attach',
      function: derive,
      schema: 'Thing',
      arguments: [{ name: 'short', path: '/domain/short' }],
      output: '/domain/pack/b',
    },
    { kind: 'binding.detach', binding: bound },
    { kind: 'secret.put', name: 'new', definition: 'Key', key: 'k' },
    { kind: 'secret.put', secret: 'spare', name: 'spare', definition: 'Key', key: 'k2' },
    { kind: 'secret.put', secret: 'spare', name: 'spare', definition: 'Key', key: 'k3' },
    { kind: 'secret.rename', secret: 'spare', name: 'new' },
    { kind: 'secret.remove', secret: 'spare' },
  ];
}

/** What no request does: modules, and removing schemas, variants, functions, as a revert does. */
function raw(state: Snapshot): Mutation[] {
  const variants = [...state.scan('schemas', '')].map(([k]) => k).filter((k) => k.length > 26);
  const remove = (noun: Noun, k: string): Mutation => ({ kind: 'record.remove', noun, key: k });
  const module = (version: string): Mutation => ({
    kind: 'record.create',
    noun: 'module',
    key: 'm',
    record: { version, schemas: [] },
  });
  return [
    module('1'),
    module('2'),
    remove('function', loose),
    remove('function', fold),
    remove('variant', variants.find((k) => state.get('schemas', k.slice(0, 26))!.includes('"Thing2"'))!),
    { kind: 'record.set', noun: 'schema', key: variants[0]!.slice(0, 26), field: 'category', value: 'Other' },
    { kind: 'record.set', noun: 'schema', key: variants[0]!.slice(0, 26), field: 'defaultVariant', value: null },
  ];
}

/** Every edit of the pool, in a fixed order, each once. */
export function poolOf(state: Snapshot): Edit[] {
  const edits: Edit[] = [
    ...[...values(), ...lives(), ...nouns(state)].map((request) => ({ request })),
    ...raw(state).map((mutation) => ({ mutation })),
  ];
  return [...new Map(edits.map((e) => [canonical(JSON.parse(JSON.stringify(e)) as Json), e])).values()];
}
