// Versions of schemas and of functions: when a definition edits a variant and when it makes another, what an unlocked copy
// of a function takes over, and which locked functions may be edited.

import { describe, expect, test } from 'vitest';
import type { ComponentId, FunctionId, VariantId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import type { BindingRecord, FunctionRecord } from '../../src/model/function.ts';
import { index } from '../../src/model/keys.ts';
import type { SchemaRecord, VariantRecord, VariantSpec } from '../../src/model/schema.ts';
import { apply } from '../../src/mutation/mutation.ts';
import { smallWorld, type World } from '../support/model_world.ts';

const text = { kind: 'string' } as const;
const specOf = (...names: readonly string[]): VariantSpec => ({
  format: 1,
  domain: { kind: 'object', properties: Object.fromEntries(names.map((n) => [n, text])) },
  resourceValue: { kind: 'object', properties: {} },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
});

const define = (spec: VariantSpec, source = `// ${Object.keys(spec.domain.properties!).join()}`) => ({
  kind: 'schema.define' as const,
  name: 'Car',
  spec,
  text: source,
});

const idOf = (world: World, prefix: string): string => [...world.snapshot.scan('index', prefix)][0]![0].slice(-26);

interface Variant extends VariantRecord {
  readonly id: VariantId;
  /** Names of the functions that it has. */
  readonly functions: readonly string[];
}

/** The variants of a schema in order of their names, and the name of the default one. */
function variantsOf(world: World, name = 'Car'): { readonly all: readonly Variant[]; readonly default: string } {
  const id = idOf(world, index.schemasNamed(name));
  const { defaultVariant } = JSON.parse(world.snapshot.get('schemas', id)!) as SchemaRecord;
  const all = [...world.snapshot.scan('schemas', `${id}/`)].map(([key, t]) => {
    const variant = key.slice(27) as VariantId;
    const functions = [...world.snapshot.scan('index', index.bindingsOf(variant))].map(([k]) => {
      const binding = JSON.parse(world.snapshot.get('bindings', k.slice(-26))!) as BindingRecord;
      return functionAt(world, binding.function).name;
    });
    return { id: variant, ...(JSON.parse(t) as VariantRecord), functions: functions.sort() };
  });
  all.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { all, default: all.find((v) => v.id === defaultVariant)!.name };
}

const functionAt = (world: World, id: string) => JSON.parse(world.snapshot.get('functions', id)!) as FunctionRecord;
const summary = (world: World) => variantsOf(world).all.map((v) => `${v.name} ${v.locked ? 'locked' : 'unlocked'}`);
const domain = (world: World, c: ComponentId): Json =>
  (new Evaluation(world.snapshot).view(c).value as { domain: Json }).domain;
const variantOf = (world: World, c: ComponentId): string =>
  (JSON.parse(world.snapshot.get('components', c)!) as { variant: string }).variant;

function made(): World {
  const world = smallWorld();
  world.do(define(specOf('brand')));
  world.do({ kind: 'function.create', name: 'loud', functionKind: 'attribute', text: 'function main() {}' });
  return world;
}

describe('[MU50] a definition', () => {
  test('A26: edits a variant without components in place, and makes another where there are some; bindings stay', () => {
    const world = made();
    const [first] = variantsOf(world).all;
    world.do(define(specOf('brand', 'model', 'shown')));
    expect(variantsOf(world).all.map((v) => v.id)).toEqual([first!.id]);
    world.do({
      kind: 'binding.attach',
      function: 'loud',
      variant: first!.id,
      arguments: [{ name: 'v', path: '/domain/brand' }],
      output: '/domain/shown',
    });
    const car = world.create('car', { '/domain/brand': 'Fiat', '/domain/model': '500' }, 'Car');
    world.do(define(specOf('brand', 'shown', 'seats')));
    expect(summary(world)).toEqual(['v1 locked', 'v2 unlocked']);
    const { all, default: standing } = variantsOf(world);
    expect(standing).toBe('v2');
    expect(all.map((v) => v.functions)).toEqual([
      ['Car definition', 'loud'],
      ['Car definition', 'loud'],
    ]);
    // The component is as it was, and can be edited as before.
    expect(variantOf(world, car)).toBe(first!.id);
    world.do({ kind: 'attribute.set', component: car, path: '/domain/model', value: 'Panda' });
    expect(domain(world, car)).toMatchObject({ brand: 'Fiat', model: 'Panda' });
    expect(variantOf(world, world.create('other', {}, 'Car'))).toBe(all[1]!.id);
    // Upgraded, it keeps what fits; what does not shows again where there is a place for it.
    world.do({ kind: 'component.upgrade', component: car });
    expect([variantOf(world, car), domain(world, car)]).toMatchObject([all[1]!.id, { brand: 'Fiat' }]);
    expect(domain(world, car)).not.toHaveProperty('model');
    world.do({ kind: 'component.upgrade', component: car, variant: first!.id });
    expect(domain(world, car)).toMatchObject({ brand: 'Fiat', model: 'Panda' });
  });

  test('is refused where the default variant is not there, as a merge can leave it', () => {
    const world = made();
    const [first] = variantsOf(world).all;
    const draft = world.snapshot.edit();
    const [key, value] = [idOf(world, index.schemasNamed('Car')), world.ids.ulid()];
    apply(draft, { kind: 'record.set', noun: 'schema', key, field: 'defaultVariant', value });
    world.snapshot = draft.finish();
    expect(world.refused(define(specOf('brand', 'model')))).toMatchObject({ code: 'schema_not_found', path: 'name' });
    world.do({ kind: 'schema.set_default', schema: 'Car', variant: first!.id });
    world.do(define(specOf('brand', 'model')));
    expect(summary(world)).toEqual(['v1 unlocked']);
  });

  test('A26: goes on editing the new variant in place until a component is on it', () => {
    const world = made();
    const car = world.create('car', {}, 'Car');
    for (const names of [['a'], ['a', 'b'], ['c']]) world.do(define(specOf(...names)));
    expect(summary(world)).toEqual(['v1 locked', 'v2 unlocked']);
    world.do({ kind: 'component.upgrade', component: car });
    world.do(define(specOf('d')));
    expect(summary(world)).toEqual(['v1 locked', 'v2 locked', 'v3 unlocked']);
  });

  test('with the same properties stays the variant, whatever is on it', () => {
    const world = made();
    world.create('car', {}, 'Car');
    const [first] = variantsOf(world).all;
    world.do(define(specOf('brand'), 'another text'));
    expect(variantsOf(world).all.map((v) => v.id)).toEqual([first!.id]);
    const fn = idOf(world, index.functionsNamed('Car definition'));
    expect(world.snapshot.blob(functionAt(world, fn).text)).toBe('another text');
  });

  test('A28: unlocking gives the variant in work, before and after it was replaced', () => {
    const world = made();
    const [first] = variantsOf(world).all;
    const unlock = (variant: string) => world.do({ kind: 'schema.unlock_variant', variant })[0]!.subject;
    expect(unlock(first!.id)).toBe(first!.id);
    world.create('car', {}, 'Car');
    world.do(define(specOf('seats')));
    expect(unlock(first!.id)).toBe(variantsOf(world).all[1]!.id);
  });
});

describe('[MU51] an unlocked copy of a function', () => {
  test('takes its place on the unlocked variant, where it reads and gives the same, and not on the locked one', () => {
    const world = made();
    world.do(define(specOf('brand', 'shown')));
    const [first] = variantsOf(world).all;
    world.do({
      kind: 'binding.attach',
      function: 'loud',
      variant: first!.id,
      arguments: [{ name: 'v', path: '/domain/brand' }],
      output: '/domain/shown',
    });
    const loud = idOf(world, index.functionsNamed('loud'));
    world.do({ kind: 'function.lock', function: loud }, { kind: 'schema.lock_variant', variant: first!.id });
    const work = world.do({ kind: 'schema.unlock_variant', variant: first!.id })[0]!.subject;
    const copy = world.do({ kind: 'function.unlock', function: loud })[0]!.subject;
    const bound = (variant: string) =>
      [...world.snapshot.scan('index', index.bindingsOf(variant))]
        .map(([k]) => JSON.parse(world.snapshot.get('bindings', k.slice(-26))!) as BindingRecord)
        .filter((b) => b.output !== null);
    expect(bound(first!.id)).toMatchObject([{ function: loud }]);
    expect(bound(work)).toMatchObject([
      { function: copy, arguments: [{ name: 'v', path: '/domain/brand' }], output: '/domain/shown' },
    ]);
    world.do({ kind: 'function.edit_text', function: copy, text: 'function main() { return 1; }' });
    expect(world.snapshot.blob(functionAt(world, loud).text)).toBe('function main() {}');
  });

  test('has the bindings that follow from the ids which were given to the copies', () => {
    const base = made();
    base.do(define(specOf('brand', 'shown')));
    const { id: variant } = variantsOf(base).all[0]!;
    base.do({ kind: 'binding.attach', function: 'loud', variant, output: '/domain/shown' });
    const loud = idOf(base, index.functionsNamed('loud'));
    base.do({ kind: 'function.lock', function: loud }, { kind: 'schema.lock_variant', variant });
    const ids = base.fork(7);
    const [v, f] = [ids.ids.ulid<VariantId>(), ids.ids.ulid<FunctionId>()];
    const roots = [8, 9].map((seed) => {
      const world = base.fork(seed);
      world.do({ kind: 'schema.unlock_variant', variant, id: v }, { kind: 'function.unlock', function: loud, id: f });
      expect([...world.snapshot.scan('index', index.bindingsOf(v))].length).toBeGreaterThan(0);
      return world.snapshot.roots().intent;
    });
    expect(roots[0]).toBe(roots[1]);
  });
});

describe('[MU52] a locked function', () => {
  const edit = { kind: 'function.edit_text', function: 'tidy', text: 'changed' } as const;

  test('that only values are followed through is edited; A24', () => {
    const world = smallWorld();
    world.do({ kind: 'function.create', name: 'tidy', functionKind: 'transformation', text: 'function main() {}' });
    world.do({ kind: 'function.lock', function: 'tidy' });
    expect(world.refused(edit).code).toBe('locked');
    const a = world.create('a', { '/domain/text': 't' });
    world.create('b', { '/domain/text': { $source: { component: a, path: '/domain/text', function: 'tidy' } } });
    world.do(edit, { kind: 'function.set_metadata', function: 'tidy', displayName: 'Tidy' });
    const { text: hash, displayName, locked } = functionAt(world, idOf(world, index.functionsNamed('tidy')));
    expect([world.snapshot.blob(hash), displayName, locked]).toEqual(['changed', 'Tidy', true]);
  });

  test('that a variant has as well is not', () => {
    const world = made();
    world.do(define(specOf('brand', 'shown')));
    world.do({
      kind: 'binding.attach',
      function: 'loud',
      variant: variantsOf(world).all[0]!.id,
      arguments: [{ name: 'input', path: '/domain/brand' }],
      output: '/domain/shown',
    });
    world.do({ kind: 'function.lock', function: 'loud' });
    const a = world.create('a', { '/domain/text': 't' });
    world.create('b', { '/domain/text': { $source: { component: a, path: '/domain/text', function: 'loud' } } });
    expect(world.refused({ ...edit, function: 'loud' }).code).toBe('locked');
  });
});
