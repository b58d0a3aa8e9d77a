// Examples of the rules about views, schemas, functions, bindings and secrets.

import type { Json } from '../../src/base/json.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import type { Request } from '../../src/mutation/request.ts';
import { derive, fold, key, loose, make, make2, net, old, one, two, variantOf } from '../laws/pool.ts';
import { openSpec, thingSpec2 } from '../support/model_world.ts';
import { type Example, start } from './example.ts';

const json = (category: 'views' | 'functions' | 'secrets' | 'schemas', k: string, changes: Json = {}): Json => ({
  ...(JSON.parse(start.get(category, k)!) as object),
  ...(changes as object),
});
const schemaOf = (name: string): string => {
  const variant = variantOf(start, name);
  return [...start.scan('schemas', '')]
    .map(([k]) => k)
    .find((k) => k.endsWith(`/${variant}`))!
    .slice(0, 26);
};
const variantKeyOf = (name: string): string => `${schemaOf(name)}/${variantOf(start, name)}`;
const all = [...start.scan('views', '')].find(([, text]) => text.includes('"isDefault":true'))![0];
const textOf = (text: string): string => start.edit().putBlob(text);
const removal = (noun: 'function' | 'variant', k: string): Mutation => ({ kind: 'record.remove', noun, key: k });
const put = (k: string): Request => ({ kind: 'secret.put', secret: 'spare', name: 'spare', definition: 'Key', key: k });
const geometry = (x: number): Json => ({ x, y: 1, width: null, height: null });
const place = (x: number): Request =>
  ({ kind: 'view.set_geometry', view: old, component: one, geometry: geometry(x) }) as Request;
const use: Request = { kind: 'binding.attach', function: loose, schema: 'Open' };
const fresh = '0000000000000000000000NEW1';
const fresh2 = '0000000000000000000000NEW2';

/** A function that gives `short` from the labels, and a label that follows `short`. */
const derived = (id: string): Request => ({
  kind: 'binding.attach',
  id,
  function: derive,
  schema: 'Thing',
  arguments: [{ name: 'k', path: '/domain/labels' }],
  output: '/domain/short',
});
const labelled: Request = {
  kind: 'attribute.subscribe',
  component: one,
  path: '/domain/labels/k',
  source: { component: one, path: '/domain/short' },
};

export const nounExamples: readonly Example[] = [
  {
    rule: 'record-field',
    mine: [{ kind: 'view.rename', view: net, name: 'network' }],
    theirs: [{ kind: 'view.rename', view: net, name: 'nets' }],
    fact: ['views', net],
    now: { isDefault: false, name: 'network' },
    line: {
      outcome: 'overridden',
      mine: 'record.set',
      theirs: 'record.set',
      instead: { isDefault: false, name: 'nets' },
    },
  },
  {
    rule: 'record-create-create',
    mine: [place(1)],
    theirs: [place(2)],
    fact: ['views', `${old}/${one}`],
    now: { geometry: geometry(1) },
    line: {
      outcome: 'transformed',
      mine: 'record.create',
      theirs: 'record.create',
      instead: { geometry: geometry(2) },
    },
  },
  {
    rule: 'record-remove-set',
    mine: [{ kind: 'view.rename', view: old, name: 'mine' }],
    theirs: [{ kind: 'view.remove', view: old }],
    fact: ['views', old],
    now: null,
    line: {
      outcome: 'dropped',
      mine: 'record.set',
      theirs: 'record.remove',
      instead: { isDefault: false, name: 'mine' },
    },
  },
  {
    rule: 'view-removed',
    mine: [
      { kind: 'view.add_component', view: old, component: one },
      { kind: 'view.remove_component', view: net, component: one },
      { kind: 'view.remove_component', view: 'All', component: one },
    ],
    theirs: [{ kind: 'view.remove', view: old }],
    fact: ['views', `${all}/${one}`],
    now: { geometry: null },
    line: { outcome: 'repaired', mine: 'record.create', theirs: 'record.remove', instead: { geometry: null } },
  },
  {
    rule: 'only-view',
    mine: [{ kind: 'view.remove_component', view: 'All', component: one }],
    theirs: [{ kind: 'view.remove_component', view: net, component: one }],
    fact: ['views', `${all}/${one}`],
    now: { geometry: null },
    line: { outcome: 'repaired', mine: 'record.remove', theirs: 'record.remove', instead: null },
  },
  {
    rule: 'approvers-edit',
    mine: [{ kind: 'component.rename', component: one, name: 'mine' }],
    theirs: [{ kind: 'view.set_approvers', view: net, rule: { approvers: ['ann'], minimum: 2 } }],
    fact: ['views', `${net}!approvers`],
    now: { approvers: ['ann'], minimum: 2 },
    line: { outcome: 'noted', mine: 'cell.set', theirs: 'record.set', instead: { approvers: ['ann'], minimum: 2 } },
  },
  {
    rule: 'override-override',
    mine: [{ kind: 'action.skip', component: one, action: 'create' }],
    theirs: [{ kind: 'action.add', component: one, action: 'create' }],
    fact: ['overrides', `${one}/create/`],
    now: { action: 'create', mode: 'skip', name: '', wish: '000000000000C0000000000001' },
    line: {
      outcome: 'overridden',
      mine: 'record.set',
      theirs: 'record.set',
      instead: { action: 'create', mode: 'add', name: '', wish: '000000000000C0000000000001' },
    },
  },
  {
    rule: 'name-taken',
    mine: [{ kind: 'view.create', id: fresh, name: 'new' }],
    theirs: [{ kind: 'view.create', id: fresh2, name: 'new' }],
    fact: ['views', fresh],
    now: { isDefault: false, name: 'new 2' },
    line: { outcome: 'repaired', mine: 'record.create', instead: { isDefault: false, name: 'new' } },
  },
];

export const schemaExamples: readonly Example[] = [
  {
    rule: 'schema-value',
    mine: [{ kind: 'attribute.set', component: one, path: '/domain/text', value: 'mine' }],
    theirs: [{ kind: 'schema.edit_variant', variant: variantOf(start, 'Thing'), spec: thingSpec2 }],
    fact: ['schemas', variantKeyOf('Thing')],
    now: json('schemas', variantKeyOf('Thing'), {
      spec: (JSON.parse(start.get('schemas', variantKeyOf('Thing2'))!) as { spec: string }).spec,
    }),
    line: {
      outcome: 'parked',
      mine: 'cell.set',
      theirs: 'record.set',
      instead: json('schemas', variantKeyOf('Thing')),
    },
  },
  {
    rule: 'used-removed',
    mine: [use],
    theirs: [removal('function', loose)],
    fact: ['functions', loose],
    now: json('functions', loose),
    line: { outcome: 'repaired', mine: 'record.create', theirs: 'record.remove', instead: null },
  },
  {
    rule: 'default-variant',
    before: [
      { kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: { ...openSpec, docs: '2' } },
      { kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: { ...openSpec, docs: '3' } },
    ],
    mine: [{ kind: 'schema.set_default', schema: schemaOf('Cat'), variant: variantOf(start, 'Cat') }],
    theirs: [
      { kind: 'record.set', noun: 'schema', key: schemaOf('Cat'), field: 'defaultVariant', value: null } as Mutation,
    ],
    fact: ['schemas', schemaOf('Cat')],
    now: json('schemas', schemaOf('Cat')),
    line: {
      outcome: 'overridden',
      mine: 'record.set',
      theirs: 'record.set',
      instead: json('schemas', schemaOf('Cat'), { defaultVariant: null }),
    },
  },
  {
    rule: 'unlocked-variants',
    mine: [{ kind: 'schema.unlock_variant', id: fresh as never, variant: variantOf(start, 'Cat') }],
    theirs: [{ kind: 'schema.unlock_variant', id: fresh2 as never, variant: variantOf(start, 'Cat') }],
    fact: ['schemas', `${schemaOf('Cat')}/${fresh2}`],
    now: json('schemas', variantKeyOf('Cat'), { locked: true, name: 'v2' }),
    line: {
      outcome: 'repaired',
      mine: 'record.create',
      theirs: 'record.create',
      instead: json('schemas', variantKeyOf('Cat'), { locked: false, name: 'v2' }),
    },
  },
  {
    rule: 'text-text',
    mine: [{ kind: 'function.edit_text', function: make2, text: 'a();\nb();\nMINE();\n' }],
    theirs: [{ kind: 'function.edit_text', function: make2, text: 'THEIRS();\nb();\nc();\n' }],
    fact: ['functions', make2],
    now: json('functions', make2, { text: textOf('THEIRS();\nb();\nMINE();\n') }),
    line: {
      outcome: 'transformed',
      mine: 'text.edit',
      theirs: 'text.edit',
      instead: json('functions', make2, { text: textOf('THEIRS();\nb();\nc();\n') }),
    },
  },
  {
    rule: 'used-removed',
    mine: [
      {
        kind: 'attribute.subscribe',
        component: one,
        path: '/domain/short',
        source: { component: two, path: '/domain/text', function: fold },
      },
    ],
    theirs: [removal('function', fold)],
    fact: ['functions', fold],
    now: json('functions', fold),
    line: { outcome: 'repaired', mine: 'cell.set', theirs: 'record.remove', instead: null },
  },
  {
    rule: 'value-cycle',
    mine: [derived(fresh)],
    theirs: [labelled],
    fact: ['bindings', fresh],
    now: null,
    line: {
      outcome: 'dropped',
      mine: 'record.create',
      theirs: 'cell.set',
      instead: {
        action: null,
        arguments: [{ name: 'k', path: '/domain/labels' }],
        function: derive,
        output: '/domain/short',
        target: { schema: schemaOf('Thing') },
      },
    },
  },
  {
    rule: 'value-cycle',
    mine: [labelled],
    theirs: [derived(fresh)],
    fact: ['cells', `${one}/domain/labels/k`],
    now: { v: 'v' },
    line: {
      outcome: 'dropped',
      mine: 'cell.set',
      theirs: 'record.create',
      instead: { x: { s: [one, '/domain/short'] } },
    },
  },
  {
    rule: 'exclusive-action',
    mine: [{ kind: 'binding.attach', id: fresh, function: make2, schema: 'Ruled', action: 'update' }],
    theirs: [{ kind: 'binding.attach', id: fresh2, function: make, schema: 'Ruled', action: 'update' }],
    fact: ['bindings', fresh2],
    now: null,
    line: {
      outcome: 'repaired',
      mine: 'record.create',
      theirs: 'record.create',
      instead: { action: 'update', arguments: [], function: make, output: null, target: { schema: schemaOf('Ruled') } },
    },
  },
  {
    rule: 'secret-removed',
    mine: [{ kind: 'attribute.set', component: two, path: '/secrets/login', value: { $source: { secret: 'spare' } } }],
    theirs: [{ kind: 'secret.remove', secret: 'spare' }],
    fact: ['cells', `${two}/secrets/login`],
    now: null,
    line: { outcome: 'repaired', mine: 'cell.set', theirs: 'record.remove', instead: { k: key } },
  },
  {
    rule: 'secret-replaced',
    mine: [put('k2')],
    theirs: [put('k3')],
    fact: ['secrets', key],
    now: json('secrets', key, { key: 'k2' }),
    line: {
      outcome: 'overridden',
      mine: 'record.set',
      theirs: 'record.set',
      instead: json('secrets', key, { key: 'k3' }),
    },
  },
];
