// The evaluator on examples, and against a second one on random worlds.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import { canonical, type Json } from '../../src/base/json.ts';
import { type Evaluated, Evaluation } from '../../src/builtins/evaluate.ts';
import type { Path } from '../../src/model/path.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import { apply } from '../../src/mutation/mutation.ts';
import { componentsOf, draw, requestOf } from '../mutation/random_requests.ts';
import { runs, smallWorld, thingSpec, type World } from '../support/model_world.ts';
import { Oracle } from './oracle.ts';

const view = (world: World, component: string): Record<string, Json> =>
  new Evaluation(world.snapshot).view(component as ComponentId).value as Record<string, Json>;
const domain = (world: World, component: string): Record<string, Json> =>
  view(world, component)['domain'] as Record<string, Json>;
const at = (world: World, component: string, path: string): Evaluated =>
  new Evaluation(world.snapshot).valueAt({ component: component as ComponentId, path: path as Path });
const value = (world: World, component: string, path: string): Json | undefined => {
  const found = at(world, component, path);
  return found.state === 'value' ? found.value : undefined;
};
const from = (component: string, path: string, func?: string): Json => ({
  $source: func === undefined ? { component, path } : { component, path, func },
});

describe('random worlds', () => {
  test('[EV1] every value is what a plain recursive reading gives, whole components included', {
    timeout: 120_000,
  }, () => {
    let values = 0;
    let followed = 0;
    const kinds = [
      'component.create',
      'attribute.set',
      'attribute.subscribe',
      'attribute.unset',
      'list.insert',
      'list.remove',
      'list.move',
      'map.put',
      'map.remove',
      'component.delete',
      'component.erase',
      'component.restore',
      'component.set_resource_id',
    ] as const;
    const step = fc
      .tuple(draw, fc.constantFrom(...kinds, 'attribute.set', 'attribute.subscribe', 'attribute.subscribe'))
      .map(([d, kind]) => ({ ...d, kind, spoil: 99 }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
        const world = smallWorld();
        world.lawful = false;
        const one = world.create('one', {
          '/domain/text': 'a',
          '/domain/names': ['a', 'b'],
          '/domain/labels': { k: 'v' },
        });
        world.create('two', {
          '/domain/text': from(one, '/domain/text'),
          '/domain/names': [from(one, '/si/name', 'toText')],
        });
        world.create(
          'three',
          { '/domain/free': from(one, '/domain'), '/domain/k': { a: [from(one, '/domain/names')] } },
          'Open',
        );
        for (const s of steps) {
          const done = world.attempt([requestOf(world, s)]);
          if (done.ok) world.snapshot = done.value.snapshot;
        }
        // Some cells below elements that are gone, as concurrent edits leave them.
        const gone = [...world.snapshot.scan('cells', '')]
          .map(([k]) => k)
          .filter((k) => k.endsWith('#'))
          .slice(0, 1);
        const draft = world.snapshot.edit();
        for (const key of gone) draft.remove('cells', key);
        world.snapshot = draft.finish();

        const evaluation = new Evaluation(world.snapshot);
        const oracle = new Oracle(world.snapshot);
        const same = (component: string, path: string): void => {
          const found = evaluation.valueAt({ component: component as ComponentId, path: path as Path });
          const mine = found.state === 'error' ? 'error' : found.state === 'value' ? found.value : undefined;
          const wanted = oracle.valueAt(component, path);
          expect(mine === undefined ? 'none' : canonical(mine), `${component}${path}`).toBe(
            wanted === undefined ? 'none' : canonical(wanted),
          );
          values++;
        };
        for (const [key, text] of world.snapshot.scan('cells', '')) {
          if (key.endsWith('#')) continue;
          if (text.startsWith('{"x"')) followed++;
          same(key.slice(0, 26), key.slice(26));
        }
        for (const c of componentsOf(world.snapshot)) {
          same(c, '/domain');
          same(c, '/si');
          same(c, '/secrets');
          const whole = at(world, c, '/domain');
          if (whole.state === 'value') expect(canonical(domain(world, c))).toBe(canonical(whole.value));
        }
        const all = new Evaluation(world.snapshot);
        expect(all.computed).toBeLessThanOrEqual(all.all().size);
      }),
      { numRuns: runs(150), seed: 7 },
    );
    expect(values).toBeGreaterThan(2000);
    expect(followed).toBeGreaterThan(300);
  });
});

describe('defaults', () => {
  test('[EV2] show in schema order, before and after values are set; A13, A30', () => {
    const world = smallWorld();
    const c = world.create('c');
    const names = Object.keys(thingSpec.domain.properties!);
    const inOrder = (): string[] => Object.keys(domain(world, c));
    expect(domain(world, c)).toMatchObject({
      colour: 'red',
      count: 3,
      sizes: [1, 2, 3],
      presets: { a: 'x', b: 'y' },
      box: { width: 10, inner: { depth: 1 } },
    });
    expect(inOrder()).toEqual(names.filter((n) => inOrder().includes(n)));
    world.set(c, '/domain/ratio', 1.5);
    world.set(c, '/domain/text', 't');
    world.set(c, '/domain/box/inner/name', 'n');
    expect(inOrder()).toEqual(names.filter((n) => inOrder().includes(n)));
    expect(domain(world, c)['box']).toEqual({ width: 10, inner: { depth: 1, name: 'n' } });
    expect(Object.keys(view(world, c))).toEqual(['si', 'domain', 'qualification']);
    expect(domain(world, c)['text']).toBe('t');
  });

  test('[EV2] what is declared to have no value shows none', () => {
    const world = smallWorld();
    const c = world.create('c');
    world.do({ kind: 'attribute.unset', component: c, path: '/domain/count' });
    expect(domain(world, c)).not.toHaveProperty('count');
    expect(at(world, c, '/domain/count')).toEqual({ state: 'none' });
  });

  test('[EV8] of a recursive type end one level below what is declared', () => {
    const world = smallWorld();
    const c = world.create('c');
    expect(domain(world, c)['tree']).toEqual({ label: 'leaf' });
    world.set(c, '/domain/tree/next/label', 'x');
    expect(domain(world, c)['tree']).toEqual({ label: 'leaf', next: { label: 'x', next: { label: 'leaf' } } });
  });

  test('[EV8] of types that refer to each other in rings do not loop', () => {
    const world = smallWorld();
    const ring: VariantSpec = {
      format: 1,
      domain: { kind: 'ref', to: 'A' } as never,
      resourceValue: { kind: 'object' },
      secrets: { kind: 'object' },
      definitions: {
        A: {
          kind: 'object',
          properties: {
            v: { kind: 'integer', default: 1 },
            b: { kind: 'ref', to: 'B' },
            self: { kind: 'ref', to: 'A' },
          },
        },
        B: {
          kind: 'object',
          properties: { w: { kind: 'integer', default: 2 }, a: { kind: 'ref', to: 'A' }, c: { kind: 'ref', to: 'C' } },
        },
        C: { kind: 'ref', to: 'D' },
        D: { kind: 'ref', to: 'C' },
      },
    };
    world.do({
      kind: 'schema.create',
      name: 'Ring',
      spec: { ...ring, domain: { kind: 'object', properties: { a: { kind: 'ref', to: 'A' } } } },
    });
    const c = world.create('c', {}, 'Ring');
    expect(domain(world, c)).toEqual({ a: { v: 1, b: { w: 2 } } });
  });
});

describe('following', () => {
  test('[EV9] a change, a rename and an unset come through; C1, C2, C3', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': '1', '/domain/count': 5 });
    const b = world.create('b', { '/domain/text': from(a, '/domain/text'), '/domain/count': from(a, '/domain/count') });
    world.set(b, '/domain/labels/self', from(b, '/si/name'));
    expect(domain(world, b)).toMatchObject({ text: '1', count: 5, labels: { self: 'b' } });
    world.set(a, '/domain/text', '2');
    world.do({ kind: 'component.rename', component: b, name: 'bb' });
    expect(domain(world, b)).toMatchObject({ text: '2', count: 5, labels: { self: 'bb' } });
    world.do({ kind: 'attribute.unset', component: a, path: '/domain/text' });
    expect(domain(world, b)).not.toHaveProperty('text');
    // The source shows its default again, and so does what follows it.
    world.do({ kind: 'attribute.unset', component: a, path: '/domain/count' });
    expect(domain(world, b)['count']).toBe(3);
  });

  test('[EV9] two items that follow in one list come in the order they were made; C5', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': 'x' });
    const b = world.create('b', { '/domain/text': 'y' });
    const c = world.create('c');
    world.set(c, '/domain/names/-', from(b, '/domain/text'));
    world.set(c, '/domain/names/-', from(a, '/domain/text'));
    expect(domain(world, c)['names']).toEqual(['y', 'x']);
    world.set(a, '/domain/text', 'z');
    expect(domain(world, c)['names']).toEqual(['y', 'z']);
  });

  test('[EV3] an element takes no place while it follows nothing, and holds it while it was never set', () => {
    const world = smallWorld();
    const a = world.create('a');
    const c = world.create('c', {
      '/domain/names': [from(a, '/domain/text'), 'k', { $source: null }, from(a, '/si/name')],
    });
    expect(domain(world, c)['names']).toEqual(['k', null, 'a']);
    world.set(a, '/domain/text', 'now');
    expect(domain(world, c)['names']).toEqual(['now', 'k', null, 'a']);
  });

  test('[EV4] a source that is deleted, erased or gone leaves no value and is named; C8', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': 'x', '/domain/names': ['p', 'q'] });
    const b = world.create('b', {
      '/domain/text': from(a, '/domain/text'),
      '/domain/short': from(a, '/domain/names/1'),
    });
    world.do({ kind: 'list.remove', component: a, path: '/domain/names', index: 1 });
    expect(at(world, b, '/domain/short')).toMatchObject({
      state: 'none',
      why: expect.stringContaining('list element'),
    });
    world.do({ kind: 'component.delete', component: a });
    expect(at(world, b, '/domain/text')).toMatchObject({
      state: 'none',
      why: expect.stringContaining('source a is deleted'),
    });
    world.do({ kind: 'component.restore', component: a });
    expect(value(world, b, '/domain/text')).toBe('x');
    const [step] = world.do({ kind: 'component.erase', component: a });
    expect(step!.sentence).toContain('unset 2 values that follow it');
    expect(at(world, b, '/domain/text')).toEqual({ state: 'none' });
    expect(domain(world, b)).not.toHaveProperty('text');
    // Gone without an erase, as a merge may leave it.
    world.set(b, '/domain/text', from(b, '/domain/labels/z'));
    const draft = world.snapshot.edit();
    apply(draft, {
      kind: 'cell.set',
      component: b,
      path: '/domain/text' as Path,
      cell: { x: { s: [a, '/domain/text' as Path] } },
    });
    world.snapshot = draft.finish();
    expect(at(world, b, '/domain/text')).toMatchObject({ state: 'none', why: expect.stringContaining(a) });
  });

  test('[EV4] a deleted source that still has a resource keeps its values', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': 'x', '/si/resourceId': 'i-1' });
    const b = world.create('b', { '/domain/text': from(a, '/domain/text') });
    world.do({ kind: 'component.delete', component: a });
    expect(value(world, b, '/domain/text')).toBe('x');
  });

  test('[EV5] a function over no value gives what it says, and follows later; C7', () => {
    const world = smallWorld();
    const a = world.create('a');
    const b = world.create('b', {
      '/domain/text': { $source: { call: 'coalesce', args: [from(a, '/domain/text'), 'none yet'] } },
      '/domain/count': from(a, '/domain/names', 'length'),
    });
    expect(domain(world, b)['text']).toBe('none yet');
    world.set(a, '/domain/text', 'here');
    expect(domain(world, b)['text']).toBe('here');
    expect(domain(world, b)).not.toHaveProperty('count');
    world.set(a, '/domain/names', ['x', 'y']);
    expect(domain(world, b)['count']).toBe(2);
  });

  test('[EV6] an error stays with what reads it', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': 'x' });
    const b = world.create('b', { '/domain/count': from(a, '/domain/text', 'toInteger'), '/domain/text': 'fine' });
    const c = world.create('c', {
      '/domain/free': from(b, '/domain/count'),
      '/domain/names': [from(b, '/domain/text')],
    });
    expect(at(world, c, '/domain/free')).toMatchObject({ state: 'error', code: 'not_convertible' });
    expect(at(world, b, '/domain')).toMatchObject({ state: 'error', code: 'not_convertible' });
    const shown = new Evaluation(world.snapshot).view(c);
    expect((shown.value as { domain: Json }).domain).toMatchObject({ names: ['fine'] });
    expect(shown.problems).toMatchObject([{ path: '/domain/free', code: 'not_convertible' }]);
    world.set(a, '/domain/text', '7');
    expect(value(world, c, '/domain/free')).toBe(7);
  });

  test('[EV6] a cycle that is there all the same is an error of its cells, not a hang', () => {
    const world = smallWorld();
    const a = world.create('a');
    const draft = world.snapshot.edit();
    for (const [path, of] of [
      ['/domain/text', '/domain/short'],
      ['/domain/short', '/domain/text'],
    ] as [Path, Path][]) {
      apply(draft, { kind: 'cell.set', component: a, path, cell: { x: { s: [a, of] } } });
    }
    world.snapshot = draft.finish();
    expect(at(world, a, '/domain/text')).toMatchObject({ state: 'error', code: 'value_cycle' });
  });

  test('[EV1] parts of what a whole follows, and wholes of parts that follow', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/labels': { k: 'v' }, '/domain/rules': [{ port: 1 }, { port: 2 }] });
    const b = world.create('b', { '/domain/labels': from(a, '/domain/labels') });
    const c = world.create('c', {
      '/domain/text': from(b, '/domain/labels/k'),
      '/domain/rules': [{ port: from(a, '/domain/rules/1/port') }],
    });
    expect(domain(world, c)).toMatchObject({ text: 'v', rules: [{ port: 2 }] });
    world.do({ kind: 'list.move', component: a, path: '/domain/rules', from: 1, to: 0 });
    expect(domain(world, c)['rules']).toEqual([{ port: 2 }]);
    world.set(a, '/domain/labels/k', 'w');
    expect(domain(world, c)['text']).toBe('w');
  });
});

test('[EV7] a chain of 20,000 is computed without recursion, each cell once', { timeout: 60_000 }, () => {
  const world = smallWorld();
  world.lawful = false;
  const c = world.create('c', { '/domain/v0': 'start' }, 'Open');
  const draft = world.snapshot.edit();
  const n = 20_000;
  for (let i = 1; i <= n; i++) {
    apply(draft, {
      kind: 'cell.set',
      component: c,
      path: `/domain/v${i}` as Path,
      cell: { x: { s: [c, `/domain/v${i - 1}` as Path] } },
    });
  }
  world.snapshot = draft.finish();
  const evaluation = new Evaluation(world.snapshot);
  expect(evaluation.valueAt({ component: c, path: `/domain/v${n}` as Path })).toEqual({
    state: 'value',
    value: 'start',
  });
  expect(evaluation.computed).toBe(n);
  expect(evaluation.all().size).toBe(n);
  expect(evaluation.computed).toBe(n);
  // Closing the whole chain is noticed.
  const refused = world.refused({
    kind: 'attribute.set',
    component: c,
    path: '/domain/v0',
    value: from(c, `/domain/v${n}`),
  });
  expect(refused.code).toBe('value_cycle');
});
