// Scenes about views, schemas, functions, bindings and secrets, and reverts; see scenes.ts.

import type { SchemaId } from '../../src/base/ids.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import type { Noun } from '../../src/mutation/nouns.ts';
import type { Request } from '../../src/mutation/request.ts';
import { openSpec, thingSpec, thingSpec2 } from '../support/model_world.ts';
import { drawsFrom, type Edit } from './edits.ts';
import { chance, shuffled } from './numbers.ts';
import { ask, either, raw, type Scene, type Stage, set, sharedId, variantsOf } from './stage.ts';

const views: Readonly<Record<string, Scene>> = {
  'view-removed': (s) => {
    const view = s.one(s.keys('views'));
    const remove = chance(s.next, 70) ? removeView(s, view) : ask({ kind: 'view.remove', view });
    const [c] = s.some(1) as [string];
    const use = s.one<Request>([
      { kind: 'view.add_component', view, component: c },
      { kind: 'view.set_approvers', view, rule: { approvers: ['zoe'], minimum: 1 } },
      { kind: 'component.create', schema: 'Thing', name: 'in', views: [view] },
    ]);
    return either(s, remove, ask(use));
  },
  'only-view': (s) => {
    const twice = s.components.filter((c) => viewsWith(s, c).length === 2);
    const c = s.one(twice.length > 0 ? twice : s.components);
    const [a, b] = viewsWith(s, c);
    if (a === undefined || b === undefined) {
      const view = s.one(s.keys('views'));
      return {
        mine: ask({ kind: 'view.add_component', view, component: c }, out(view, c)),
        theirs: ask(...viewsWith(s, c).map((v) => out(v, c))),
      };
    }
    return either(s, ask(out(a, c)), ask(out(b, c)));
  },
  'view-names': (s) => {
    const name = s.one(['new', 'fresh', 'Net']);
    const make = (): Request =>
      chance(s.next, 50) ? { kind: 'view.create', name } : { kind: 'view.rename', view: s.one(s.keys('views')), name };
    return { mine: ask(make()), theirs: ask(make()) };
  },
  'view-create-create': (s) => {
    const same = sharedId(s.next);
    const make = (): Request => ({ kind: 'view.create', id: same, name: s.one(['va', 'vb']) });
    return { mine: ask(make()), theirs: ask(make()) };
  },
  'record-field': (s) => {
    const view = s.one(s.keys('views'));
    const [c] = s.some(1) as [string];
    const make = s.one<() => Request>([
      () => ({ kind: 'view.rename', view, name: s.one(['n1', 'n2', 'n3']) }),
      () => ({
        kind: 'view.set_geometry',
        view,
        component: c,
        geometry: { x: s.next() % 3, y: 1, width: null, height: null },
      }),
      () => ({ kind: 'function.set_metadata', function: 'long', description: s.one(['d1', 'd2', 'd3']) }),
      () => ({
        kind: 'view.set_approvers',
        view,
        rule: { approvers: s.one([['ann'], ['bob']]), minimum: 1 + (s.next() % 3) },
      }),
    ]);
    return { mine: ask(make()), theirs: ask(make()) };
  },
  'record-remove-set': (s) => {
    const [c] = s.some(1) as [string];
    const placed = s.keys('views', 53).map((k) => [k.slice(0, 26), k.slice(27)] as const);
    const [view, component] = placed.length > 0 ? s.one(placed) : (['', c] as const);
    const [remove, edit] = s.one<[Request, Request]>([
      [out(view, component), { kind: 'view.set_geometry', view, component, geometry: { x: 1, y: 7 } as never }],
      [
        { kind: 'view.set_approvers', view, rule: null },
        { kind: 'view.set_approvers', view, rule: { approvers: ['zoe'], minimum: 2 } },
      ],
      [
        { kind: 'secret.remove', secret: 'spare' },
        { kind: 'secret.rename', secret: 'spare', name: 'kept' },
      ],
      [
        { kind: 'view.remove', view: 'Empty' },
        { kind: 'view.rename', view: 'Empty', name: 'Full' },
      ],
    ]);
    return either(s, ask(remove), ask(edit));
  },
  'approvers-edit': (s) => {
    const placed = s.keys('views', 53).map((k) => [k.slice(0, 26), k.slice(27)] as const);
    if (placed.length === 0) return { mine: [], theirs: [] };
    const [view, component] = s.one(placed);
    return {
      mine: ask(set(component, '/domain/text', 'seen')),
      theirs: ask({ kind: 'view.set_approvers', view, rule: { approvers: ['zoe'], minimum: 3 } }),
    };
  },
};

const out = (view: string, component: string): Request => ({ kind: 'view.remove_component', view, component });

const viewsWith = (s: Stage, component: string): string[] =>
  [...s.state.scan('index', `view:${component}\u0000`)].map(([k]) => k.slice(-26));

/** Takes what is only there out first. */
function removeView(s: Stage, view: string) {
  const inside = [...s.state.scan('views', `${view}/`)].map(([k]) => k.slice(27));
  const elsewhere = s.keys('views').find((v) => v !== view)!;
  return ask(...inside.map((component): Request => ({ kind: 'view.add_component', view: elsewhere, component })), {
    kind: 'view.remove',
    view,
  });
}

const schemas: Readonly<Record<string, Scene>> = {
  'schema-value': (s) => {
    const unlocked = s
      .keys('schemas', 53)
      .filter((k) => !(JSON.parse(s.state.get('schemas', k)!) as { locked: boolean }).locked)
      .map((k) => k.slice(27));
    const used = s.components.filter((c) => unlocked.includes(variantOf(s, c)));
    if (used.length === 0) return { mine: [], theirs: [] };
    const c = s.one(used);
    const edit: Request = {
      kind: 'schema.edit_variant',
      variant: variantOf(s, c),
      spec: s.one([thingSpec2, openSpec]),
    };
    return either(s, ask(edit), ask(s.one([set(c, '/domain/text', 'kept'), set(c, '/domain/count', 9)])));
  },
  'default-variant': (s) => {
    const schema = s.named('schemas', s.one(['Cat', 'Thing'])) ?? '';
    const some = s.keys('schemas', 53).filter((k) => k.startsWith(schema));
    const choose = (): Request => ({ kind: 'schema.set_default', schema, variant: s.one(some).slice(27) });
    return some.length === 0 ? { mine: [], theirs: [] } : { mine: ask(choose()), theirs: ask(choose()) };
  },
  'unlocked-variants': (s) => {
    const schema = s.named('schemas', s.one(['Cat', 'Cat', 'Thing'])) ?? '';
    const some = s.keys('schemas', 53).filter((k) => k.startsWith(schema));
    if (some.length === 0) return { mine: [], theirs: [] };
    const same = sharedId(s.next);
    const unlock = (): Request => ({
      kind: 'schema.unlock_variant',
      variant: s.one(some).slice(27),
      ...(chance(s.next, 20) ? { id: same as never } : {}),
    });
    const lock = some.map((k): Request => ({ kind: 'schema.lock_variant', variant: k.slice(27) }));
    return { mine: ask(...lock, unlock()), theirs: ask(...lock, unlock()) };
  },
  installs: (s) => {
    const install = (): Request => ({
      kind: 'schema.install',
      name: s.one(['Dog', 'Dog', 'Cat']),
      category: s.one(['Zoo', 'Pets']),
      origin: 'aws',
      spec: s.one([openSpec, thingSpec]),
    });
    return { mine: ask(install()), theirs: ask(install()) };
  },
  'schema-names': (s) => {
    const same = chance(s.next, 40) ? { id: sharedId(s.next) as SchemaId } : {};
    const make = (): Request => ({
      kind: 'schema.create',
      name: s.one(['S', 'T']),
      spec: s.one([openSpec, thingSpec]),
      ...same,
    });
    return { mine: ask(make()), theirs: ask(make()) };
  },
  'used-removed': (s) => {
    const unused = s.keys('schemas', 53).filter((k) => !s.components.some((c) => variantOf(s, c) === k.slice(27)));
    if (unused.length === 0) return { mine: [], theirs: [] };
    const key = s.one(unused);
    const variant = key.slice(27);
    const [c] = s.some(1) as [string];
    const use = s.one<Request>([
      { kind: 'component.create', schema: key.slice(0, 26), variant: variant as never, name: 'of it' },
      { kind: 'component.upgrade', component: c, variant: variant as never },
      { kind: 'binding.attach', function: 'long', variant },
    ]);
    const lockedOff: Mutation = { kind: 'record.set', noun: 'variant', key, field: 'locked', value: false };
    return either(s, raw(lockedOff, removal('variant', key)), ask(use));
  },
};

const variantOf = (s: Stage, component: string): string =>
  (JSON.parse(s.state.get('components', component)!) as { variant: string }).variant;

const removal = (noun: Noun, key: string): Mutation => ({ kind: 'record.remove', noun, key });

const functions: Readonly<Record<string, Scene>> = {
  'text-text': (s) => {
    const fn = s.one(['long', 'long', 'check', 'make2']);
    const id = s.named('functions', fn);
    const record = id && (JSON.parse(s.state.get('functions', id)!) as { text: never });
    const before = record ? s.state.blob(record.text) : '';
    const edit = (): Request => ({ kind: 'function.edit_text', function: id ?? fn, text: edited(s, before) });
    return { mine: ask(...(chance(s.next, 30) ? [edit()] : []), edit()), theirs: ask(edit()) };
  },
  'exclusive-action': (s) => {
    const [f, g] = shuffled(s.next, ['make', 'make2', 'make3']) as [string, string];
    const schema = s.one(['Open', 'Ruled', 'Thing2']);
    const action = s.one(['create', 'destroy', 'update'] as const);
    const variant = variantsOf(s, schema)[0];
    const on = chance(s.next, 70) || variant === undefined ? { schema } : { variant };
    const attach = (fn: string): Request => ({ kind: 'binding.attach', function: fn, action, ...on });
    return { mine: ask(attach(f)), theirs: ask(attach(g)) };
  },
  'function-names': (s) => {
    const make = (n: number): Request[] => {
      const fn = sharedId(s.next).slice(0, 25) + n;
      return [
        { kind: 'function.create', id: fn, name: 'twin', functionKind: 'qualification', text: 't' },
        { kind: 'binding.attach', function: fn, schema: 'Open' },
      ];
    };
    return { mine: ask(...make(3)), theirs: ask(...make(4)) };
  },
  'function-removed': (s) => {
    const fn = s.named('functions', 'long') ?? '';
    const use = s.one<Request>([
      { kind: 'binding.attach', function: fn, schema: 'Open' },
      { kind: 'function.edit_text', function: fn, text: 'another\n' },
      { kind: 'function.set_metadata', function: fn, description: 'still' },
    ]);
    return either(s, raw(removal('function', fn)), ask(use));
  },
  /** Written, edited, taken away and made again: what a text is an edit of is another one each time. */
  'function-remade': (s) => {
    const [fn, other] = ['long', 'check'].map((name) => s.named('functions', name) ?? '') as [string, string];
    const [record, another] = [fn, other].map((f) => JSON.parse(s.state.get('functions', f) ?? 'null'));
    if (record === null) return { mine: [], theirs: [] };
    const before = s.state.blob(record.text);
    const edit = (): Edit[] => ask({ kind: 'function.edit_text', function: fn, text: edited(s, before) });
    const edits: readonly (() => Edit[])[] = [
      edit,
      edit,
      () => ask({ kind: 'function.set_metadata', function: fn, description: s.one(['d1', 'd2']) }),
      () => raw({ kind: 'record.set', noun: 'function', key: fn, field: 'text', value: (another ?? record).text }),
    ];
    const some = (of: readonly (() => Edit[])[]): Edit[] =>
      Array.from({ length: 1 + (s.next() % 3) }, () => s.one(of)()).flat();
    return {
      mine: some([...edits, () => ask({ kind: 'binding.attach', function: fn, schema: 'Open' })]),
      theirs: some([
        ...edits,
        () => raw(removal('function', fn)),
        () => raw({ kind: 'record.create', noun: 'function', key: fn, record }),
      ]),
    };
  },
  'function-followed': (s) => {
    const fn = s.named('functions', 'fold') ?? '';
    const [c, d] = s.some(2, 'Thing') as [string, string];
    const through = { $source: { component: d, path: '/domain/text', function: fn } };
    const use = s.one<Request>([
      set(c, '/domain/text', through),
      set(c, '/domain/labels', { a: through, b: 'b' }),
      { kind: 'component.create', schema: 'Thing', name: 'made', attributes: { '/domain/text': through as never } },
    ]);
    return either(s, raw(removal('function', fn)), ask(use));
  },
  'function-cycle': (s) => {
    const fn = s.named('functions', 'derive') ?? '';
    const [c, d] = s.some(2, 'Thing') as [string, string];
    const bound: Request = {
      kind: 'binding.attach',
      function: fn,
      ...(chance(s.next, 60) ? { schema: 'Thing' } : { variant: variantOf(s, c) }),
      arguments: [{ name: 'v', path: s.one(['/domain/short', '/domain/labels']) }],
      output: s.one(['/domain/box/inner/name', '/domain/code']),
    };
    const at = s.one(['/domain/short', '/domain/labels/k']);
    const back = (from: string): Request => set(c, at, { $source: { component: from, path: bound.output! } });
    const follow = s.one<Request[]>([
      [back(c)],
      [back(d), set(d, at, { $source: { component: c, path: bound.output! } })],
    ]);
    return either(s, ask(bound), ask(...follow));
  },
  bindings: (s) => {
    const same = sharedId(s.next);
    const attach = (): Request => ({
      kind: 'binding.attach',
      id: same,
      function: s.one(['long', 'check']),
      schema: s.one(['Ruled', 'Thing2']),
    });
    return { mine: ask(attach()), theirs: ask(attach()) };
  },
};

function edited(s: Stage, before: string): string {
  const lines = before.split('\n');
  const at = s.next() % lines.length;
  const line = s.one(['new', `${lines[at]}!`, `${lines[at]}\nmore`, '']);
  return [...lines.slice(0, at), line, ...lines.slice(at + 1)].join('\n');
}

const secrets: Readonly<Record<string, Scene>> = {
  'secret-removed': (s) => {
    const [c] = s.some(1, 'Thing') as [string];
    const secret = s.one(['ssh', 'spare']);
    return either(s, ask({ kind: 'secret.remove', secret }), ask(set(c, '/secrets/login', { $source: { secret } })));
  },
  'secret-replaced': (s) => {
    const put = (): Request => ({
      kind: 'secret.put',
      secret: 'spare',
      name: s.one(['spare', 'spare', 'other']),
      definition: 'Key',
      key: s.one(['k5', 'k6', 'k7']),
    });
    return { mine: ask(put()), theirs: ask(put()) };
  },
  'secret-names': (s) => {
    const same = chance(s.next, 40) ? { id: sharedId(s.next) } : {};
    const put = (): Request => ({
      kind: 'secret.put',
      name: s.one(['n', 'm']),
      definition: 'Key',
      key: s.one(['k', 'l']),
      ...same,
    });
    return { mine: ask(put()), theirs: ask(put()) };
  },
};

const reverts: Readonly<Record<string, Scene>> = {
  // What is taken back was done just before; Head has done more to the same things since, often of the same kind.
  revert: (s) => {
    const history = drawsFrom(s.next, 1 + (s.next() % 3));
    return { history, mine: [], theirs: [] };
  },
  'revert-value': (s) => {
    const [c] = s.some(1, 'Thing') as [string];
    const path = s.one(['/domain/text', '/domain/labels/k', '/domain/count', '/domain/names']);
    const value = () => (path === '/domain/names' ? [s.one(['p', 'q'])] : s.one(['a', 'b', 'c', 4, 5]));
    return { history: ask(set(c, path, value())), mine: [], theirs: ask(set(c, path, value())) };
  },
  'revert-create': (s) => {
    const same = sharedId(s.next);
    const history = ask({ kind: 'component.create', id: same as never, schema: 'Thing', name: 'new' });
    const use = s.one<Request>([
      set(same, '/domain/text', 'x'),
      { kind: 'depends_on.add', component: s.components[0]!, on: same },
      set(s.components[0]!, '/domain/text', { $source: { component: same, path: '/si/name' } }),
      { kind: 'component.delete', component: same },
    ]);
    return { history, mine: [], theirs: chance(s.next, 80) ? ask(use) : [] };
  },
};

export const nounScenes: Readonly<Record<string, Scene>> = {
  ...views,
  ...schemas,
  ...functions,
  ...secrets,
  ...reverts,
};
