// The engine's own qualification: what it says of values as they are computed, when it is computed, and what it stops.

import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import type { Path } from '../../src/model/path.ts';
import type { VariantSpec } from '../../src/model/schema.ts';
import { Propagation } from '../../src/propagation/propagation.ts';
import { smallWorld, type World } from '../support/model_world.ts';
import { expectAsFromScratch, settle } from './worlds.ts';

const spec: VariantSpec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: {
      Host: { kind: 'string', required: true, format: 'hostname' },
      Port: { kind: 'integer', required: true, default: 80, maximum: 65535 },
      Names: {
        kind: 'array',
        minItems: 1,
        maxItems: 3,
        uniqueItems: true,
        items: { kind: 'string', pattern: '^[a-z]+$' },
      },
      Mail: { kind: 'string', validation: { type: 'string', rules: [{ name: 'email' }] } },
      Size: { kind: 'string', enum: ['s', 'm'] },
      Inner: { kind: 'object', properties: { A: { kind: 'string', required: true }, B: { kind: 'string' } } },
    },
  },
  resourceValue: { kind: 'object', properties: { Arn: { kind: 'string' } } },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
};
const plain: VariantSpec = { ...spec, domain: { kind: 'object', properties: { Any: { kind: 'any' } } } };

const at = '/qualification/validation' as Path;

function made(): { world: World; open: ComponentId } {
  const world = smallWorld();
  world.lawful = false;
  world.do({ kind: 'schema.create', name: 'Web', spec }, { kind: 'schema.create', name: 'Plain', spec: plain });
  return { world, open: world.create('open', {}, 'Plain') };
}

/** What it says, the same by both evaluators. */
function said(world: World, component: ComponentId): Json | undefined {
  const p = new Propagation(world.snapshot);
  settle(p);
  const values = [new Evaluation(world.snapshot).valueAt({ component, path: at }), p.read({ component, path: at })];
  expect(values[1]).toEqual(values[0]);
  expectAsFromScratch(p, world.snapshot);
  return values[0]!.state === 'value' ? values[0]!.value : undefined;
}

const result = (world: World, component: ComponentId) => (said(world, component) as { result: string }).result;
const findings = (world: World, component: ComponentId) =>
  ((said(world, component) as { findings?: { path: string; message: string }[] }).findings ?? []).map(
    (f) => `${f.path} ${f.message}`,
  );

describe('a validation', () => {
  test('[C16] fails for what is required and unset, and not for what has a default', () => {
    const { world } = made();
    const web = world.create('web', {}, 'Web');
    expect(findings(world, web)).toEqual(['/domain/Host is required']);
    world.do({ kind: 'attribute.set', component: web, path: '/domain/Host', value: 'a.example' });
    expect(result(world, web)).toBe('success');
    world.do({ kind: 'attribute.unset', component: web, path: '/domain/Port' });
    expect(findings(world, web)).toEqual(['/domain/Port is required']);
  });

  test('[C16] names every path that does not fit, and succeeds when it is corrected', () => {
    const { world } = made();
    const web = world.create(
      'web',
      { '/domain/Host': 'not a host', '/domain/Mail': 'nobody', '/domain/Names': ['a', 'a'], '/domain/Inner/B': 'b' },
      'Web',
    );
    expect(findings(world, web)).toEqual([
      '/domain/Host must be a valid hostname',
      '/domain/Names/1 is there twice',
      '/domain/Mail Mail must be a valid email',
      '/domain/Inner/A is required',
    ]);
    expect(said(world, web)).toMatchObject({
      result: 'failure',
      message: expect.stringMatching(/^\/domain\/Host: must be a valid hostname; \/domain\/Names\/1: /),
    });
    world.do(
      { kind: 'attribute.set', component: web, path: '/domain/Host', value: 'a.example' },
      { kind: 'attribute.set', component: web, path: '/domain/Mail', value: 'a@b.example' },
      { kind: 'attribute.set', component: web, path: '/domain/Names', value: ['a'] },
      { kind: 'attribute.unset', component: web, path: '/domain/Inner' },
    );
    expect(said(world, web)).toEqual({ result: 'success' });
  });

  test('looks at values that come from elsewhere, also where no edit could set them', () => {
    const { world, open } = made();
    world.do({ kind: 'attribute.set', component: open, path: '/domain/Any', value: { size: 'xl', port: 99999 } });
    const web = world.create(
      'web',
      {
        '/domain/Host': 'a.example',
        '/domain/Size': { $source: { component: open, path: '/domain/Any/size' } },
        '/domain/Port': { $source: { component: open, path: '/domain/Any/port' } },
      },
      'Web',
    );
    expect(findings(world, web)).toEqual([
      '/domain/Port must be at most 65535',
      '/domain/Size must be one of "s", "m"',
    ]);
  });

  test('[C17] leaves out what follows something without a value until that arrives', () => {
    const { world, open } = made();
    const web = world.create(
      'web',
      {
        '/domain/Host': { $source: { component: open, path: '/domain/Any/host' } },
        '/domain/Mail': { $source: { component: open, path: '/resource_value/Arn' } },
        '/domain/Names': [
          { $source: { component: open, path: '/domain/Any/a' } },
          { $source: { component: open, path: '/domain/Any/b' } },
        ],
      },
      'Web',
    );
    expect(said(world, web)).toEqual({ result: 'success' });
    world.do({ kind: 'attribute.set', component: open, path: '/domain/Any', value: { host: 'a b', a: 'a', b: 'a' } });
    expect(findings(world, web)).toEqual(['/domain/Host must be a valid hostname', '/domain/Names/1 is there twice']);
  });

  test('fails for an error of a value, and says of the others what there is to say', () => {
    const { world, open } = made();
    world.do({ kind: 'attribute.set', component: open, path: '/domain/Any', value: { a: 1 } });
    const web = world.create(
      'web',
      {
        '/domain/Host': {
          $source: { call: 'select', args: [0, { $source: { component: open, path: '/domain/Any' } }] },
        },
      },
      'Web',
    );
    world.do({ kind: 'attribute.set', component: web, path: '/domain/Mail', value: 'nobody' });
    expect(findings(world, web)).toEqual([
      expect.stringMatching(/^\/domain\/Host has an error: expected a list/),
      '/domain/Mail Mail must be a valid email',
    ]);
  });

  test('is there only where a schema has constraints, and goes with its component', () => {
    const { world, open } = made();
    expect(said(world, open)).toBeUndefined();
    const web = world.create('web', {}, 'Web');
    const watch = world.create('watch', { '/domain/Any': { $source: { component: web, path: at } } }, 'Plain');
    expect(said(world, web)).toMatchObject({ result: 'failure' });
    world.do({ kind: 'component.delete', component: web });
    said(world, web);
    expect(new Evaluation(world.snapshot).valueAt({ component: watch, path: '/domain/Any' as Path }).state).toBe(
      'none',
    );
  });
});

describe('the vertex of a validation', () => {
  const watched = () => {
    const { world, open } = made();
    const web = world.create('web', { '/domain/Host': 'a.example' }, 'Web');
    const ran: string[] = [];
    return { world, open, web, ran, options: { ran: (a: string) => void ran.push(a) } };
  };

  test('is not computed and not kept while nothing reads it, whatever is edited', () => {
    const { world, web, ran, options } = watched();
    const p = new Propagation(world.snapshot, undefined, options);
    settle(p);
    for (const value of ['b c', 'd.example']) {
      world.do({ kind: 'attribute.set', component: web, path: '/domain/Host', value });
      p.moveTo(world.snapshot);
      expect(p.pending).toBe(0);
    }
    expect(ran).toEqual([]);
    expect(p.read({ component: web, path: at })).toMatchObject({ value: { result: 'success' } });
    expect(p.view(web)).toEqual(new Evaluation(world.snapshot).view(web));
    expect(p.isSettled({ component: web, path: at })).toBe(true);
    expect(p.freshness({ component: web, path: at })).toEqual({ state: 'fresh' });
    expect([ran, [...p.values().keys()]]).toEqual([[], []]);
  });

  test('is computed once an edit where something reads it, and stops there when it says the same', () => {
    const { world, web, ran, options } = watched();
    const watch = world.create(
      'watch',
      { '/domain/Any': { $source: { component: web, path: `${at}/result` } } },
      'Plain',
    );
    const p = new Propagation(world.snapshot, undefined, options);
    const edited = (value: string): string[] => {
      ran.length = 0;
      world.do({ kind: 'attribute.set', component: web, path: '/domain/Host', value });
      p.moveTo(world.snapshot);
      settle(p);
      expectAsFromScratch(p, world.snapshot);
      return [...ran].sort();
    };
    settle(p);
    const any = `${watch}/domain/Any`;
    expect(edited('b.example')).toEqual([web + at]);
    expect(edited('b c')).toEqual([web + at, any]);
    expect(edited('c d')).toEqual([web + at]);
    // Nothing reads it any more: it is not kept.
    world.do({ kind: 'attribute.unset', component: watch, path: '/domain/Any' });
    expect(edited('d.example')).toEqual([]);
    expect([...p.values().keys()]).toEqual([]);
    // It is read again: what it was is of no use.
    world.do({
      kind: 'attribute.subscribe',
      component: watch,
      path: '/domain/Any',
      source: { component: web, path: at },
    });
    expect(edited('e f')).toEqual([web + at, any]);
    expect(p.read({ component: watch, path: '/domain/Any' as Path })).toMatchObject({ value: { result: 'failure' } });
  });

  test('several edits between two looks give one result', () => {
    const { world, web, ran, options } = watched();
    world.create('watch', { '/domain/Any': { $source: { component: web, path: at } } }, 'Plain');
    const p = new Propagation(world.snapshot, undefined, options);
    settle(p);
    ran.length = 0;
    for (const value of ['b c', 'd e', 'f.example', 'g h']) {
      world.do({ kind: 'attribute.set', component: web, path: '/domain/Host', value });
      p.moveTo(world.snapshot);
    }
    settle(p);
    expect(ran.filter((a) => a === web + at)).toHaveLength(1);
  });

  test('is on the cycle when a value is made of the validation of its own component', () => {
    const { world, web } = watched();
    const refused = world.attempt([
      {
        kind: 'attribute.subscribe',
        component: web,
        path: '/domain/Mail',
        source: { component: web, path: `${at}/result` },
      },
    ]);
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'value_cycle' } });
  });
});
