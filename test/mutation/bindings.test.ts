// Functions bound to schemas, and functions that values are followed through: what is looked up when they are, and that no value
// comes to depend on itself by them.

import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import type { BindingRecord } from '../../src/model/function.ts';
import { index } from '../../src/model/keys.ts';
import type { Path } from '../../src/model/path.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import { exprSummary } from '../../src/mutation/cell.ts';
import { validate } from '../../src/mutation/mutation.ts';
import { smallWorld, type World } from '../support/model_world.ts';

const text = { kind: 'string' } as const;
const spec: VariantSpec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: {
      a: text,
      b: text,
      c: text,
      box: { kind: 'object', properties: { d: text, e: text } },
      list: { kind: 'array', items: text },
      'x/y': text,
      given: { kind: 'string', readOnly: true },
      password: { kind: 'string', secret: true },
    },
  },
  resourceValue: { kind: 'object', properties: { arn: text } },
  secrets: { kind: 'object', properties: { login: { kind: 'string', secret: true } } },
  definitions: {},
};

function made(): World {
  const world = smallWorld();
  world.do({ kind: 'schema.create', name: 'Box', spec });
  for (const [name, functionKind] of [
    ['f', 'attribute'],
    ['g', 'attribute'],
    ['h', 'attribute'],
    ['render', 'code-generation'],
    ['judge', 'qualification'],
    ['act', 'action'],
    ['tidy', 'transformation'],
  ] as const)
    world.do({ kind: 'function.create', name, functionKind, text: `function main() { /* ${name} */ }` });
  return world;
}

const attach = (
  fn: string,
  from: string | undefined,
  output: string | undefined,
  target: object = { schema: 'Box' },
) => ({
  kind: 'binding.attach' as const,
  function: fn,
  ...target,
  ...(from === undefined ? {} : { arguments: [{ name: 'v', path: from }] }),
  ...(output === undefined ? {} : { output }),
});

const code = (world: World, ...requests: unknown[]): string => {
  const r = world.refused(...requests);
  return `${r.code} ${r.path}`;
};

const variantOf = (world: World, schema: string, locked = false): string => {
  const id = [...world.snapshot.scan('index', index.schemasNamed(schema))][0]![0].slice(-26);
  const all = [...world.snapshot.scan('schemas', `${id}/`)];
  return all.find(([, t]) => (JSON.parse(t) as { locked: boolean }).locked === locked)![0].slice(27);
};

describe('[MU32] a function is bound', () => {
  test('where what it reads and gives is in the schema, and its paths are kept as the engine writes them', () => {
    const world = made();
    world.do(attach('f', '/root/domain/box', '/domain/x~1y'));
    const [[, record]] = [...world.snapshot.scan('bindings', '')].slice(-1) as [[string, string]];
    const { arguments: args, output } = JSON.parse(record) as BindingRecord;
    expect([args, output]).toEqual([[{ name: 'v', path: '/domain/box' }], '/domain/x~1y']);
  });

  test.each<[string, string | undefined, string | undefined, string]>([
    ['f', '/domain/none', '/domain/b', 'path_not_found arguments/v'],
    ['f', 'domain/a', '/domain/b', 'path_invalid domain/a'],
    ['f', '/domain/list/0', '/domain/b', 'path_not_found arguments/v'],
    ['f', '/secrets/login', '/domain/b', 'secret_value_not_allowed arguments/v'],
    ['f', '/domain/password', '/domain/b', 'secret_value_not_allowed arguments/v'],
    ['f', '/domain/a', undefined, 'request_malformed output'],
    ['f', '/domain/a', '/domain/none', 'path_not_found output'],
    ['f', '/domain/a', '/domain/given', 'read_only output'],
    ['f', '/domain/a', '/resource_value/arn', 'read_only output'],
    ['f', '/domain/a', '/code', 'read_only output'],
    ['f', '/domain/a', '/si/name', 'read_only output'],
    ['f', '/domain/a', '/secrets/login', 'secret_value_not_allowed output'],
    ['f', '/domain/a', '/domain/password', 'secret_value_not_allowed output'],
    ['judge', '/domain/none', undefined, 'path_not_found arguments/v'],
    ['judge', '/domain/a', '/domain/b', 'request_malformed output'],
  ])('and not otherwise: %s from %s to %s is %s', (fn, from, output, wanted) => {
    expect(code(made(), attach(fn, from, output))).toBe(wanted);
  });

  test('to a place that no other function gives, on this variant or over all', () => {
    const world = made();
    world.do(attach('f', '/domain/a', '/domain/box/d'));
    const variant = variantOf(world, 'Box');
    for (const output of ['/domain/box/d', '/domain/box'])
      for (const target of [{ schema: 'Box' }, { variant }])
        expect(code(world, attach('g', '/domain/a', output, target))).toBe('already_exists output');
    world.do(attach('g', '/domain/a', '/domain/box/e'));
    // One of its own name over all variants takes its place.
    world.do({ kind: 'function.create', name: 'h2', functionKind: 'attribute', text: 'x' });
    world.do({ kind: 'function.set_metadata', function: 'h2', name: 'other' });
    world.do(attach('h', '/domain/a', '/domain/b', { variant }));
    world.do(attach('h', '/domain/c', '/domain/b'));
  });

  test('under a name that is not the engine’s own', () => {
    const world = made();
    world.do({ kind: 'function.create', name: 'validation', functionKind: 'qualification', text: 'x' });
    expect(code(world, attach('validation', undefined, undefined))).toBe('name_taken function');
  });

  test('of a variant that is in work, when a schema has several', () => {
    const world = made();
    const old = variantOf(world, 'Box');
    world.do({ kind: 'schema.lock_variant', variant: old });
    const work = world.do({ kind: 'schema.unlock_variant', variant: old })[0]!.subject;
    const { properties } = spec.domain;
    world.do({
      kind: 'schema.edit_variant',
      variant: work,
      spec: { ...spec, domain: { kind: 'object', properties: { ...properties, fresh: text } } },
    });
    world.do(attach('f', '/domain/fresh', '/domain/b'));
    expect(code(world, attach('g', '/domain/fresh', '/domain/c', { variant: old }))).toBe('path_not_found arguments/v');
  });
});

describe('[MU33] a cycle through functions is refused with its whole path', () => {
  const cycleOf = (world: World, ...requests: unknown[]): string => {
    const r = world.refused(...requests);
    expect(r.code).toBe('value_cycle');
    return r.got;
  };

  test('[A21] of one that reads what it gives', () => {
    const world = made();
    expect(cycleOf(world, attach('f', '/domain/box', '/domain/box/d'))).toBe(
      'the cycle /domain/box/d <- /domain/box/d',
    );
    expect(cycleOf(world, attach('render', '/code', undefined))).toBe('the cycle /code/render <- /code/render');
  });

  test('of several on one schema', () => {
    const world = made();
    world.do(attach('f', '/domain/a', '/domain/b'), attach('g', '/domain/b', '/domain/c'));
    expect(cycleOf(world, attach('h', '/domain/c', '/domain/a'))).toBe(
      'the cycle /domain/a <- /domain/c <- /domain/b <- /domain/a',
    );
    expect(cycleOf(world, attach('h', '/domain', '/domain/box/d'))).toContain('/domain/box/d <- /domain/box/d');
  });

  test('through what components of the schema follow', () => {
    const world = made();
    const one = world.create('one', {}, 'Box');
    const two = world.create('two', { '/domain/a': { $source: { component: one, path: '/domain/b' } } }, 'Box');
    world.set(one, '/domain/a', { $source: { component: two, path: '/domain/a' } });
    expect(cycleOf(world, attach('f', '/domain/a', '/domain/b'))).toBe(
      'the cycle one/domain/b <- one/domain/a <- two/domain/a <- one/domain/b',
    );
    // Where something is declared over it the function is not in force.
    world.set(one, '/domain/b', 'mine');
    world.do(attach('f', '/domain/a', '/domain/b'));
    expect(cycleOf(world, { kind: 'attribute.unset', component: one, path: '/domain/b' })).toContain(
      'one/domain/b <- ',
    );
  });

  test('of one whose place an overlay of its name had, when that is detached', () => {
    const world = made();
    const variant = variantOf(world, 'Box');
    world.do(attach('f', '/domain/a', '/domain/b', { variant }));
    const overlay = world.do(attach('f', '/domain/a', '/domain/c'))[0]!.subject;
    const one = world.create('one', {}, 'Box');
    world.set(one, '/domain/a', { $source: { component: one, path: '/domain/b' } });
    expect(cycleOf(world, { kind: 'binding.detach', binding: overlay })).toBe(
      'the cycle one/domain/b <- one/domain/a <- one/domain/b',
    );
  });

  test('on a component that is marked, too, for it may be restored', () => {
    const world = made();
    const one = world.create('one', {}, 'Box');
    world.set(one, '/domain/a', { $source: { component: one, path: '/domain/b' } });
    world.do({ kind: 'component.delete', component: one });
    expect(cycleOf(world, attach('f', '/domain/a', '/domain/b'))).toBe(
      'the cycle one/domain/b <- one/domain/a <- one/domain/b',
    );
  });

  test('of a subscription that is made when they are bound already', () => {
    const world = made();
    world.do(attach('f', '/domain/a', '/domain/b'));
    const one = world.create('one', {}, 'Box');
    const two = world.create('two', { '/domain/a': { $source: { component: one, path: '/domain/b' } } }, 'Box');
    expect(
      cycleOf(world, {
        kind: 'attribute.subscribe',
        component: one,
        path: '/domain/a',
        source: { component: two, path: '/domain/a' },
      }),
    ).toMatch(/^the cycle one\/domain\/a <- two\/domain\/a <- one\/domain\/b <- one\/domain\/a$/);
  });

  test('of a component that is upgraded to where they are bound', () => {
    const world = made();
    const old = variantOf(world, 'Box');
    const one = world.create('one', {}, 'Box');
    world.set(one, '/domain/a', { $source: { component: one, path: '/domain/b' } });
    world.do({ kind: 'schema.lock_variant', variant: old });
    const variant = world.do({ kind: 'schema.unlock_variant', variant: old })[0]!.subject;
    world.do(attach('f', '/domain/a', '/domain/b', { variant }));
    expect(cycleOf(world, { kind: 'component.upgrade', component: one, variant })).toBe(
      'the cycle one/domain/b <- one/domain/a <- one/domain/b',
    );
  });

  test('and one that is there all the same is an error of its values, which says the same whoever looks', () => {
    const world = made();
    world.lawful = false;
    const [one, two, three] = ['one', 'two', 'three'].map((n) => world.create(n, {}, 'Box'));
    world.follow(one!, '/domain/a', two!, '/domain/a');
    world.follow(two!, '/domain/a', three!, '/domain/a');
    const draft = world.snapshot.edit();
    draft.put('cells', `${three}/domain/a`, JSON.stringify({ x: { s: [one, '/domain/a'] } }));
    const broken = draft.finish();
    const is = (c: string) =>
      new Evaluation(broken).valueAt({ component: c as ComponentId, path: '/domain/a' as Path });
    expect(is(two!)).toMatchObject({
      code: 'value_cycle',
      message: expect.stringContaining(
        `it depends on itself: ${two}/domain/a <- ${three}/domain/a <- ${one}/domain/a <- ${two}/domain/a`,
      ),
    });
  });
});

describe('[MU34] a value is followed through a function', () => {
  const through = (fn: unknown, component: string): Json =>
    ({ $source: { component, path: '/domain/a', function: fn } }) as unknown as Json;
  const idOf = (world: World, fn: string): string =>
    [...world.snapshot.scan('index', index.functionsNamed(fn))][0]![0].slice(-26);

  test('by its name or id, as a source or as a call, and it is read back so that it can be written again', () => {
    const world = made();
    const one = world.create('one', {}, 'Box');
    const id = idOf(world, 'tidy');
    const forms: Json[] = [
      through('tidy', one),
      through(id, one),
      { $source: { call: 'tidy', args: [{ $source: { component: one, path: '/domain/a' } }] } },
      { $source: { call: id, args: [{ $source: { component: one, path: '/domain/a' } }] } },
      { $source: { expression: { f: [id, { s: [one, '/domain/a'] }] } } },
    ];
    for (const [i, form] of forms.entries()) {
      const c = world.create(`c${i}`, { '/domain/b': form }, 'Box');
      expect(world.snapshot.get('cells', `${c}/domain/b`)).toBe(`{"x":{"f":["${id}",{"s":["${one}","/domain/a"]}]}}`);
      expect(world.snapshot.get('index', index.caller(id, c, '/domain/b' as Path))).toBe('{}');
      world.do({ kind: 'attribute.unset', component: c, path: '/domain/b' });
      expect([...world.snapshot.scan('index', index.callersOf(id))]).toEqual([]);
    }
    expect(exprSummary(world.snapshot, { f: [id, { s: [one, '/domain/a' as Path] }] })).toBe('tidy(one/domain/a)');
  });

  test('of a kind that gives a value, that is there, and with something to transform', () => {
    const world = made();
    const one = world.create('one', {}, 'Box');
    const two = world.create('two', {}, 'Box');
    const set = (value: Json) => ({ kind: 'attribute.set', component: two, path: '/domain/b', value });
    expect(code(world, set(through('judge', one)))).toBe('function_not_found /domain/b');
    expect(code(world, set(through('none', one)))).toMatch(/^function_not_found /);
    expect(code(world, set({ $source: { call: one, args: [1] } }))).toBe('function_not_found /domain/b');
    expect(code(world, set({ $source: { call: 'tidy', args: [] } }))).toBe('request_malformed /domain/b');
    world.do({ kind: 'function.create', name: 'tidy', functionKind: 'transformation', text: 'x' });
    expect(code(world, set(through('tidy', one)))).toMatch(/^ambiguous_name /);
    expect(code(world, set({ $source: { call: 'tidy', args: [1] } }))).toMatch(/^ambiguous_name /);
  });

  test('which stays as long as it is used', () => {
    const world = made();
    const one = world.create('one', {}, 'Box');
    const two = world.create('two', { '/domain/b': through('tidy', one) }, 'Box');
    const removal = { kind: 'record.remove', noun: 'function', key: idOf(world, 'tidy') } as const;
    expect(validate(world.snapshot, removal)).toMatchObject({
      refusal: { code: 'in_use', got: 'used by "two"', data: { users: [`${two}/domain/b`] } },
    });
    world.do({ kind: 'attribute.unset', component: two, path: '/domain/b' });
    expect(validate(world.snapshot, removal).ok).toBe(true);
  });
});
