// Components as wholes, and every other noun: what is allowed, what is refused, what goes with what.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import { cellText } from '../../src/model/cell.ts';
import { cellKey } from '../../src/model/keys.ts';
import { declaredResourceId, hasResource } from '../../src/model/lookup.ts';
import { wellKnown } from '../../src/model/path.ts';
import type { Category } from '../../src/model/state.ts';
import { writeCell } from '../../src/mutation/cell.ts';
import { apply, invert, type Mutation, validate } from '../../src/mutation/mutation.ts';
import type { Input, Request } from '../../src/mutation/request.ts';
import { applyText, diffText, invertText } from '../../src/mutation/text.ts';
import { runs, smallWorld, thingSpec, thingSpec2, type World } from '../support/model_world.ts';

const from = (component: string, path: string): Input => ({ $source: { component, path } });
const domain = (world: World, c: string): Record<string, Json> =>
  (new Evaluation(world.snapshot).view(c as ComponentId).value as { domain: Record<string, Json> }).domain;
const keys = (world: World, category: Category, prefix = ''): string[] =>
  [...world.snapshot.scan(category, prefix)].map(([k]) => k);
const record = (world: World, category: Category, key: string): Record<string, Json> =>
  JSON.parse(world.snapshot.get(category, key)!) as Record<string, Json>;
const root = (world: World): string => world.snapshot.roots().intent;
const idNamed = (world: World, index: string): string => keys(world, 'index', `${index}\u0000`)[0]!.slice(-26);
const code = (world: World, ...requests: Request[]): string => world.refused(...requests).code;
/** The variants of a schema, by whether they are locked. */
const variants = (world: World, schema: string, locked: boolean): string[] =>
  [...world.snapshot.scan('schemas', `${idNamed(world, `schema:${schema}`)}/`)]
    .filter(([, t]) => (JSON.parse(t) as { locked: boolean }).locked === locked)
    .map(([k]) => k.slice(27));

describe('components', () => {
  test('[EN820] an empty resource id is refused, and one of before names no resource', () => {
    const world = smallWorld();
    const c = world.create('c');
    expect(code(world, { kind: 'component.set_resource_id', component: c, resourceId: '' })).toBe('out_of_bounds');
    expect(
      code(world, { kind: 'component.create', schema: 'Thing', name: 'd', attributes: { '/si/resourceId': '' } }),
    ).toBe('out_of_bounds');
    const old = world.snapshot.edit();
    writeCell(old, c as ComponentId, wellKnown.resourceId, cellText({ v: '' }));
    world.snapshot = old.finish();
    expect(declaredResourceId(world.snapshot, c as ComponentId)).toBeUndefined();
    expect(hasResource(world.snapshot, c as ComponentId)).toBe(false);
    world.do({ kind: 'component.set_resource_id', component: c, resourceId: null });
    expect(world.snapshot.get('cells', cellKey(c as ComponentId, wellKnown.resourceId))).toBeUndefined();
  });

  test('[MU22] delete marks, edits are refused meanwhile, restore brings everything back', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/text': 't', '/domain/names': ['a'] });
    const before = root(world);
    world.do({ kind: 'component.delete', component: c });
    expect(world.do({ kind: 'component.delete', component: c })[0]!.mutations).toEqual([]);
    expect(code(world, { kind: 'attribute.set', component: c, path: '/domain/text', value: 'u' })).toBe(
      'component_marked',
    );
    expect(code(world, { kind: 'list.insert', component: c, path: '/domain/names', value: 'u' })).toBe(
      'component_marked',
    );
    // Neither by its path.
    expect(code(world, { kind: 'attribute.unset', component: c, path: '/deleted_at' })).toBe('read_only');
    expect(code(world, { kind: 'attribute.set', component: c, path: '/deleted_at', value: false })).toBe('read_only');
    world.do({ kind: 'component.restore', component: c });
    expect(root(world)).toBe(before);
    expect(code(world, { kind: 'component.restore', component: c })).toBe('component_not_marked');
  });

  test('[MU22] one that was taken out of its views while it was marked is restored in the default one', () => {
    const world = smallWorld();
    const c = world.create('c');
    const before = root(world);
    world.do(
      { kind: 'component.delete', component: c },
      { kind: 'view.remove_component', view: 'All', component: c },
      { kind: 'component.restore', component: c },
    );
    expect(root(world)).toBe(before);
  });

  test('[MU22] a protected component is not marked; the flags are switches', () => {
    const world = smallWorld();
    const c = world.create('c');
    const before = root(world);
    world.do(
      { kind: 'component.protect', component: c, on: true },
      { kind: 'component.retain', component: c, on: true },
    );
    expect(code(world, { kind: 'component.delete', component: c })).toBe('component_protected');
    expect(code(world, { kind: 'attribute.set', component: c, path: '/deleted_at', value: true })).toBe('read_only');
    world.do({ kind: 'component.ignore_changes', component: c, path: '/domain/text', on: true });
    for (const kind of ['component.protect', 'component.retain'] as const) world.do({ kind, component: c, on: false });
    world.do({ kind: 'component.ignore_changes', component: c, path: '/domain/text', on: false });
    expect(root(world)).toBe(before);
  });

  test('[MU23] erase unsets followers, takes every reference, and its inverse restores all; C8, A33', () => {
    const world = smallWorld();
    const a = world.create('a', {
      '/domain/text': 'x',
      '/domain/short': 'yy',
      '/secrets/login': { $source: { secret: 'db' } },
    });
    world.follow(a, '/domain/labels/own', a, '/domain/text');
    const b = world.create('b', {
      '/domain/text': from(a, '/domain/text'),
      '/domain/names': ['k', from(a, '/domain/short')],
      '/domain/labels': {
        two: { $source: { call: 'concat', args: [from(a, '/domain/text'), from(a, '/domain/short')] } },
      },
    });
    world.do(
      { kind: 'depends_on.add', component: b, on: a },
      { kind: 'component.manage', component: b, managed: a },
      { kind: 'component.manage', component: a, managed: world.create('m') },
      { kind: 'action.hold', component: a, action: 'create' },
      { kind: 'component.protect', component: a, on: true },
      { kind: 'view.create', name: 'V' },
      { kind: 'view.set_geometry', view: 'V', component: a, geometry: { x: 1, y: 2, width: null, height: null } },
    );
    const before = world.snapshot;
    const [step] = world.do({ kind: 'component.erase', component: a });
    expect(step!.sentence).toBe('erase a, and unset 3 values that follow it');
    const everything = (['cells', 'components', 'views', 'overrides', 'index'] as const).flatMap((category) =>
      [...world.snapshot.scan(category, '')].map(([k, t]) => k + t),
    );
    expect(everything.filter((text) => text.includes(a))).toEqual([]);
    expect(domain(world, b)['names']).toEqual(['k']);
    expect(domain(world, b)).not.toHaveProperty('text');
    const inverses: Mutation[] = [];
    let here = before;
    for (const m of step!.mutations) {
      inverses.push(invert(here, m));
      const draft = here.edit();
      apply(draft, m);
      here = draft.finish();
    }
    const draft = here.edit();
    for (const m of inverses.reverse()) apply(draft, m);
    expect(draft.finish().roots().intent).toBe(before.roots().intent);
  });

  test('[MU24] a duplicate has the values, not the identity; what followed itself still does', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': 'x', '/domain/names': ['p', 'q'], '/si/resourceId': 'i-1' });
    const b = world.create('b');
    world.follow(a, '/domain/labels/own', a, '/domain/text');
    world.follow(a, '/domain/labels/other', b, '/si/name');
    world.do(
      { kind: 'component.protect', component: a, on: true },
      { kind: 'depends_on.add', component: a, on: b },
      { kind: 'component.manage', component: a, managed: b },
      { kind: 'view.create', name: 'V' },
      { kind: 'view.add_component', view: 'V', component: a },
    );
    const copy = world.do({ kind: 'component.duplicate', component: a })[0]!.subject;
    world.set(copy, '/domain/text', 'changed');
    expect(domain(world, copy)).toMatchObject({
      text: 'changed',
      names: ['p', 'q'],
      labels: { own: 'changed', other: 'b' },
    });
    expect(domain(world, a)).toMatchObject({ text: 'x', labels: { own: 'x' } });
    expect((new Evaluation(world.snapshot).view(copy as ComponentId).value as { si: Json }).si).toEqual({
      name: 'a copy',
      enabled: true,
    });
    expect(keys(world, 'components', copy).map((k) => k.slice(26))).toEqual(['', `/depends/${b}`]);
    expect(keys(world, 'index', `view:${copy}`).length).toBe(2);
    const named = world.do({ kind: 'component.duplicate', component: a, name: 'n' })[0]!.subject;
    expect(world.do({ kind: 'component.rename', component: 'n', name: 'm' })[0]!.subject).toBe(named);
    expect(code(world, { kind: 'component.duplicate', component: a, id: b })).toBe('already_exists');
  });

  test('[MU25] an upgrade keeps what fits and the edges, and shows members in the order of the schema; A30, A34', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': 'gone', '/domain/names': ['p'], '/domain/box/height': 2 });
    const b = world.create('b');
    world.do({ kind: 'component.manage', component: b, managed: a }, { kind: 'depends_on.add', component: a, on: b });
    const [old] = variants(world, 'Thing', false);
    world.do({ kind: 'schema.lock_variant', variant: old! });
    const next = world.do({ kind: 'schema.unlock_variant', variant: old! })[0]!.subject;
    world.do(
      { kind: 'schema.edit_variant', variant: next, spec: thingSpec2 },
      { kind: 'schema.set_default', schema: 'Thing', variant: next },
    );
    expect(domain(world, a)['text']).toBe('gone');
    // To the one in work, whether or not it is the default one by now.
    world.do(
      { kind: 'schema.set_default', schema: 'Thing', variant: old as never },
      { kind: 'component.upgrade', component: a },
    );
    const shown = domain(world, a);
    expect(shown).toMatchObject({ fresh: 'new', names: ['p'], box: { width: 10, height: 2 } });
    expect(shown).not.toHaveProperty('text');
    const order = Object.keys(thingSpec2.domain.properties!);
    expect(Object.keys(shown)).toEqual(order.filter((n) => n in shown));
    expect(keys(world, 'components', a).length).toBe(2);
    expect(keys(world, 'index', `manages:${a}`).length).toBe(1);
    expect(code(world, { kind: 'component.upgrade', component: a })).toBe('already_newest');
    expect(code(world, { kind: 'component.upgrade', component: a, variant: 'nope' as never })).toBe('schema_not_found');
    // What does not fit is still stored, and shows again where it fits.
    world.do({ kind: 'component.upgrade', component: a, variant: old as never });
    expect(domain(world, a)['text']).toBe('gone');
  });

  test('[MU26] loops of order and of management are refused and shown', () => {
    const world = smallWorld();
    const [a, b, c] = ['a', 'b', 'c'].map((n) => world.create(n)) as unknown as [string, string, string];
    for (const [add, part] of [
      ['depends_on.add', 'on'],
      ['component.manage', 'managed'],
    ] as const) {
      const edge = (x: string, y: string): Request => ({ kind: add, component: x, [part]: y }) as unknown as Request;
      world.do(edge(a, b), edge(b, c), edge(a, c));
      const refusal = world.refused(edge(c, a));
      expect(refusal).toMatchObject({ code: 'order_cycle' });
      expect(refusal.got).toMatch(/^the loop "c" -> "a" -> ("b" -> )?"c"$/);
      expect(code(world, edge(a, a))).toBe('order_cycle');
    }
    world.do({ kind: 'depends_on.remove', component: b, on: c }, { kind: 'depends_on.remove', component: a, on: c });
    world.do({ kind: 'depends_on.add', component: c, on: a });
    expect(world.do({ kind: 'depends_on.remove', component: a, on: 'c' })[0]!.mutations).toEqual([]);
  });

  test('[MU6] a batch is carried out whole or not at all', () => {
    const world = smallWorld();
    const before = root(world);
    const refusal = world.refused(
      { kind: 'component.create', schema: 'Thing', name: 'a' },
      { kind: 'component.create', schema: 'Thing', name: 'b', attributes: { '/domain/text': from('a', '/si/name') } },
      { kind: 'component.create', schema: 'Nope', name: 'c' },
    );
    expect(refusal.code).toBe('schema_not_found');
    expect(root(world)).toBe(before);
    expect(code(world, { kind: 'component.delete', component: 'a' })).toBe('component_not_found');
  });
});

describe('views', () => {
  test('[MU27] names are unique, geometry and approvers are kept, the default view stays; A32', () => {
    const world = smallWorld();
    const c = world.create('c');
    const view = world.do({ kind: 'view.create', name: 'V' })[0]!.subject;
    expect(code(world, { kind: 'view.create', name: 'V' })).toBe('name_taken');
    expect(code(world, { kind: 'view.rename', view, name: 'All' })).toBe('name_taken');
    world.do({ kind: 'view.rename', view, name: 'V' }, { kind: 'view.rename', view, name: 'W' });
    world.do({ kind: 'view.remove', view: 'W' });
    expect(code(world, { kind: 'view.remove', view: 'All' })).toBe('in_use');
    const empty = smallWorld();
    expect(code(empty, { kind: 'view.remove', view: 'All' })).toBe('in_use');
    // Components elsewhere too: fine. Components only here: refused, unless they are deleted.
    world.do({ kind: 'view.create', name: 'V' }, { kind: 'view.add_component', view: 'V', component: c });
    world.do({ kind: 'view.set_approvers', view: 'V', rule: { approvers: ['b', 'a', 'b'], minimum: 1 } });
    expect(record(world, 'views', keys(world, 'views').find((k) => k.endsWith('!approvers'))!)).toEqual({
      approvers: ['a', 'b'],
      minimum: 1,
    });
    const only = world.do({ kind: 'component.create', schema: 'Thing', name: 'only', views: ['V'] })[0]!.subject;
    expect(world.refused({ kind: 'view.remove', view: 'V' }).got).toContain(only);
    world.do({ kind: 'component.delete', component: only }, { kind: 'view.remove', view: 'V' });
    expect(keys(world, 'index', 'viewname:').length).toBe(1);
    expect(keys(world, 'views').some((k) => k.endsWith('!approvers'))).toBe(false);
  });

  test('[MU27] geometry and approvers that are none are refused', () => {
    const world = smallWorld();
    const c = world.create('c');
    for (const geometry of [{ x: 1 }, { x: 'a', y: 1 }, { x: 1, y: 1, width: -1, height: 1 }, {}]) {
      expect(code(world, { kind: 'view.set_geometry', view: 'All', component: c, geometry: geometry as never })).toBe(
        'request_malformed',
      );
    }
    for (const rule of [
      { approvers: [], minimum: 1 },
      { approvers: ['a'], minimum: 0 },
      { approvers: [1], minimum: 1 },
      {},
    ]) {
      expect(code(world, { kind: 'view.set_approvers', view: 'All', rule: rule as never })).toBe('request_malformed');
    }
  });
});

describe('schemas', () => {
  test('[MU28] a locked variant is copied, with its bindings, once; A26, A28', () => {
    const world = smallWorld();
    world.do({ kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: thingSpec });
    const [locked] = variants(world, 'Cat', true);
    world.do({ kind: 'binding.attach', function: 'check', variant: locked! });
    expect(code(world, { kind: 'schema.edit_variant', variant: locked!, spec: thingSpec2 })).toBe('locked');
    const copy = world.do({ kind: 'schema.unlock_variant', variant: locked! })[0]!.subject;
    expect(copy).not.toBe(locked);
    expect(world.do({ kind: 'schema.unlock_variant', variant: locked! })[0]!).toMatchObject({
      subject: copy,
      mutations: [],
    });
    expect(world.do({ kind: 'schema.unlock_variant', variant: copy })[0]!).toMatchObject({
      subject: copy,
      mutations: [],
    });
    expect(keys(world, 'index', `binding:${copy}`).length).toBe(1);
    world.do({ kind: 'schema.edit_variant', variant: copy, spec: thingSpec2, name: 'next' });
    expect(keys(world, 'index', `binding:${copy}`).length).toBe(1);
    const [thing] = variants(world, 'Thing', false);
    world.do({ kind: 'schema.lock_variant', variant: thing! });
    expect(code(world, { kind: 'schema.unlock_variant', variant: thing!, id: copy as never })).toBe('already_exists');
  });

  test('[MU28] installing again is the same as once; another document is another variant and the default', () => {
    const world = smallWorld();
    const install = (spec = thingSpec): Request => ({
      kind: 'schema.install',
      name: 'Cat',
      category: 'Zoo',
      origin: 'aws',
      spec,
    });
    const first = world.do(install())[0]!;
    expect(world.do(install())[0]!).toMatchObject({ subject: first.subject, mutations: [] });
    const other = smallWorld(2);
    expect(other.do(install())[0]!.subject).toBe(first.subject);
    world.do(install(thingSpec2));
    expect(variants(world, 'Cat', true).length).toBe(2);
    const c = world.create('c', {}, 'Cat');
    expect(domain(world, c)['fresh']).toBe('new');
  });

  test('[MU28] a variant that is locked or in use is not removed; A27', () => {
    const world = smallWorld();
    const schema = idNamed(world, 'schema:Thing');
    const [free] = variants(world, 'Thing', false);
    const removal: Mutation = { kind: 'record.remove', noun: 'variant', key: `${schema}/${free}` };
    expect(validate(world.snapshot, removal).ok).toBe(true);
    world.create('c');
    expect(validate(world.snapshot, removal)).toMatchObject({ refusal: { code: 'in_use' } });
    world.do({ kind: 'component.erase', component: 'c' }, { kind: 'schema.lock_variant', variant: free! });
    expect(validate(world.snapshot, removal)).toMatchObject({ refusal: { code: 'locked' } });
    expect(validate(world.snapshot, { kind: 'record.remove', noun: 'schema', key: schema })).toMatchObject({
      refusal: { code: 'in_use' },
    });
  });

  test('[MU28] names and ids are unique, documents are checked', () => {
    const world = smallWorld();
    expect(code(world, { kind: 'schema.create', name: 'Thing', spec: thingSpec })).toBe('name_taken');
    expect(
      code(world, { kind: 'schema.create', name: 'X', spec: { format: 1, domain: { kind: 'nope' } } as never }),
    ).toBe('property_tree_invalid');
    expect(code(world, { kind: 'schema.create', name: 'X', spec: {} as never })).toBe('request_malformed');
    world.do({ kind: 'schema.create', name: 'Bare', spec: { format: 1 } as never });
    expect(domain(world, world.create('bare', {}, 'Bare'))).toBeUndefined();
    expect(
      code(world, { kind: 'schema.set_default', schema: 'Thing', variant: variants(world, 'Open', false)[0]! }),
    ).toBe('request_malformed');
    expect(
      code(world, {
        kind: 'component.create',
        schema: 'Thing',
        name: 'c',
        variant: variants(world, 'Open', false)[0] as never,
      }),
    ).toBe('schema_not_found');
  });
});

describe('functions and bindings', () => {
  const withFunctions = (): World => {
    const world = smallWorld();
    for (const [name, kind] of [
      ['make', 'action'],
      ['also', 'action'],
      ['other', 'action'],
    ] as const) {
      world.do({ kind: 'function.create', name, functionKind: kind, text: `${name}();` });
    }
    return world;
  };

  test('[MU29] one name and one exclusive action a schema, any number of manual ones; A22, A23, A25', () => {
    const world = withFunctions();
    const twin = world.do({ kind: 'function.create', name: 'make', functionKind: 'action', text: 'x' })[0]!.subject;
    const make = keys(world, 'index', 'function:make')
      .map((k) => k.slice(-26))
      .find((k) => k !== twin)!;
    const [thing] = variants(world, 'Thing', false);
    const binding = world.do({ kind: 'binding.attach', function: make, variant: thing!, action: 'create' })[0]!.subject;
    expect(code(world, { kind: 'binding.attach', function: twin, variant: thing!, action: 'manual' })).toBe(
      'name_taken',
    );
    world.do({ kind: 'binding.attach', function: twin, variant: variants(world, 'Open', false)[0]!, action: 'create' });
    expect(code(world, { kind: 'binding.attach', function: 'also', variant: thing!, action: 'create' })).toBe(
      'already_exists',
    );
    world.do(
      { kind: 'binding.attach', function: 'also', variant: thing!, action: 'manual' },
      { kind: 'binding.attach', function: 'other', variant: thing!, action: 'manual' },
    );
    // On the schema itself it is an overlay, and after a detach it may come back.
    world.do(
      { kind: 'binding.detach', binding },
      { kind: 'binding.attach', function: make, schema: 'Thing', action: 'create' },
      { kind: 'binding.attach', function: make, variant: thing!, action: 'create' },
    );
    expect(code(world, { kind: 'binding.detach', binding })).toBe('binding_not_found');
    expect(
      code(world, { kind: 'binding.attach', function: make, variant: thing!, schema: 'Thing', action: 'create' }),
    ).toBe('request_malformed');
    expect(code(world, { kind: 'binding.attach', function: 'check', variant: thing!, action: 'create' })).toBe(
      'request_malformed',
    );
    expect(
      code(world, { kind: 'binding.attach', function: 'check', variant: thing!, arguments: [{ name: 'a' } as never] }),
    ).toBe('request_malformed');
    expect(validate(world.snapshot, { kind: 'record.remove', noun: 'function', key: make })).toMatchObject({
      refusal: { code: 'in_use' },
    });
  });

  test('[MU29] a locked function is not edited, but for an overlay; unlocking makes a copy; A24', () => {
    const world = withFunctions();
    const edit = (fn: string): Request => ({ kind: 'function.edit_text', function: fn, text: 'changed' });
    world.do({ kind: 'function.lock', function: 'make' });
    expect(code(world, edit('make'))).toBe('locked');
    expect(code(world, { kind: 'function.set_metadata', function: 'make', displayName: 'x' })).toBe('locked');
    const make = idNamed(world, 'function:make');
    const copy = world.do({ kind: 'function.unlock', function: make })[0]!.subject;
    expect(world.do({ kind: 'function.unlock', function: make })[0]!).toMatchObject({ subject: copy, mutations: [] });
    world.do(edit(copy));
    // A function of that name with another text need not be a copy of this one.
    expect(world.do({ kind: 'function.unlock', function: make })[0]!.subject).not.toBe(copy);
    world.do({ kind: 'binding.attach', function: make, schema: 'Thing', action: 'create' });
    world.do(edit(make), { kind: 'function.set_metadata', function: make, displayName: 'Make' });
    world.do({ kind: 'binding.attach', function: make, variant: variants(world, 'Open', false)[0]!, action: 'create' });
    expect(code(world, { kind: 'function.edit_text', function: make, text: 'again' })).toBe('locked');
  });

  test('[MU29] text goes from any to any by its change, and back', () => {
    const part = fc.constantFrom('a', 'b', '\n', '😀', '😁', '🤔', 'é', '');
    const text = fc.array(part, { maxLength: 8 }).map((p) => p.join(''));
    fc.assert(
      fc.property(text, text, (a, b) => {
        const changes = diffText(a, b);
        expect(applyText(a, changes)).toBe(b);
        expect(applyText(b, invertText(changes))).toBe(a);
        for (const c of changes) expect([c.removed, c.inserted].every((s) => !/\p{Surrogate}/u.test(s))).toBe(true);
      }),
      { numRuns: runs(1000) },
    );
    const pieces = fc.array(fc.tuple(text, text, text), { maxLength: 4 });
    fc.assert(
      fc.property(pieces, (parts) => {
        let before = '';
        let after = '';
        const changes = parts.map(([same, removed, inserted]) => {
          before += same;
          after += same + inserted;
          const change = { at: before.length, removed, inserted };
          before += removed;
          return change;
        });
        expect(applyText(before, changes)).toBe(after);
        expect(applyText(after, invertText(changes))).toBe(before);
      }),
      { numRuns: runs(300) },
    );
    expect(applyText('abc', [{ at: 1, removed: 'x', inserted: '' }])).toBeUndefined();
    expect(applyText('abc', [{ at: -1, removed: '', inserted: 'x' }])).toBeUndefined();
    expect(
      applyText('abc', [
        { at: 2, removed: 'c', inserted: '' },
        { at: 0, removed: 'a', inserted: '' },
      ]),
    ).toBeUndefined();
  });
});

describe('secrets and overrides', () => {
  test('[MU30] content changes the key, metadata does not; names are unique; in use it stays; A35', () => {
    const world = smallWorld();
    const id = idNamed(world, 'secretname:db');
    world.do({ kind: 'secret.put', secret: 'db', name: 'db', definition: 'Login', description: 'd', key: 'k1' });
    expect(record(world, 'secrets', id)).toEqual({ name: 'db', definition: 'Login', description: 'd', key: 'k1' });
    world.do({ kind: 'secret.put', secret: 'db', name: 'db2', definition: 'Login', key: 'k2' });
    expect(record(world, 'secrets', id)).toEqual({ name: 'db2', definition: 'Login', description: 'd', key: 'k2' });
    expect(code(world, { kind: 'secret.put', name: 'db2', definition: 'Login', key: 'k' })).toBe('name_taken');
    world.do({ kind: 'secret.rename', secret: 'db2', name: 'db' });
    const a = world.create('a', { '/secrets/login': { $source: { secret: 'db' } } });
    const copy = world.do({ kind: 'component.duplicate', component: a })[0]!.subject;
    expect(world.refused({ kind: 'secret.remove', secret: 'db' })).toMatchObject({
      code: 'in_use',
      got: expect.stringContaining('"a"'),
    });
    world.do({ kind: 'attribute.unset', component: a, path: '/secrets/login' });
    expect(code(world, { kind: 'secret.remove', secret: 'db' })).toBe('in_use');
    world.do({ kind: 'component.erase', component: copy }, { kind: 'secret.remove', secret: 'db' });
    expect(code(world, { kind: 'secret.remove', secret: 'db' })).toBe('secret_not_found');
  });

  test('[MU53] asked for again while it is not done it is the same wish; once it is done it is another', () => {
    const world = smallWorld();
    const c = world.create('c');
    const add = { kind: 'action.add', component: c, action: 'update' } as const;
    const wish = () => record(world, 'overrides', `${c}/update/`)!['wish'];
    world.do(add);
    const first = wish();
    expect(first).toMatch(/^[0-9A-Z]{26}$/);
    expect(world.do(add)[0]!.mutations).toEqual([]);
    const draft = world.snapshot.edit();
    const answered = { resourceId: 'r', status: 'ok', payload: null, answered: { update: first! } };
    draft.put('resources', c, JSON.stringify(answered));
    world.snapshot = draft.finish();
    world.do(add);
    expect(wish()).not.toBe(first);
    // What an earlier release wrote has none, and goes on asking.
    const old = world.snapshot.edit();
    old.put('overrides', `${c}/update/`, JSON.stringify({ action: 'update', mode: 'skip', name: '' }));
    world.snapshot = old.finish();
    world.do(add);
    expect(record(world, 'overrides', `${c}/update/`)).toMatchObject({ mode: 'add', wish: expect.stringMatching(/./) });
  });

  test('[MU31] one override a component and action, of one mode', () => {
    const world = smallWorld();
    const c = world.create('c');
    world.do(
      { kind: 'action.skip', component: c, action: 'create' },
      { kind: 'action.hold', component: c, action: 'create' },
    );
    world.do(
      { kind: 'action.add', component: c, action: 'manual', name: 'reboot' },
      { kind: 'action.add', component: c, action: 'manual', name: 'drain' },
    );
    expect(keys(world, 'overrides').map((k) => k.slice(26))).toEqual(['/create/', '/manual/drain', '/manual/reboot']);
    expect(record(world, 'overrides', `${c}/create/`)).toEqual({
      mode: 'hold',
      action: 'create',
      name: '',
      wish: '',
    });
    world.do({ kind: 'action.remove', component: c, action: 'create' });
    expect(code(world, { kind: 'action.remove', component: c, action: 'create' })).toBe('action_not_found');
    expect(code(world, { kind: 'action.add', component: c, action: 'manual' })).toBe('request_malformed');
    expect(code(world, { kind: 'action.add', component: c, action: 'create', name: 'x' })).toBe('request_malformed');
    expect(code(world, { kind: 'action.add', component: c, action: 'explode' as never })).toBe('request_malformed');
  });
});
