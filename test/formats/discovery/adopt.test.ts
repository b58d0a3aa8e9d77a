// What a resource reports as what is declared: whatever it reports, what is taken fits its schema and differs from reality in
// nothing, so that no plan has anything to do; and what is not taken is told.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differences } from '../../../src/actions/drift.ts';
import type { ComponentId } from '../../../src/base/ids.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { must } from '../../../src/base/result.ts';
import { adopt } from '../../../src/formats/discovery/adopt.ts';
import { planDiscovery } from '../../../src/formats/discovery/plan.ts';
import { matchPattern } from '../../../src/model/pattern.ts';
import { parseVariantSpec, type VariantSpec } from '../../../src/model/schema.ts';

const text = { kind: 'string' };
const spec: VariantSpec = must(
  parseVariantSpec({
    format: 1,
    domain: {
      kind: 'object',
      properties: {
        text,
        code: { ...text, pattern: '^[a-z]+$', maxLength: 4 },
        mode: { ...text, enum: ['ON', 'OFF'], default: 'OFF' },
        size: { kind: 'integer', default: 3, minimum: 0 },
        part: { kind: 'number' },
        flag: { kind: 'boolean' },
        doc: { kind: 'json' },
        open: { kind: 'any' },
        map: { kind: 'map', values: text },
        list: { kind: 'array', items: { kind: 'integer' } },
        tree: { kind: 'ref', to: 'Tree' },
        trees: { kind: 'array', items: { kind: 'ref', to: 'Tree' } },
        given: { ...text, readOnly: true },
        told: { ...text, writeOnly: true },
      },
    },
    resourceValue: { kind: 'object', properties: { id: text, parts: { kind: 'any' } } },
    secrets: { kind: 'object', properties: {} },
    definitions: {
      Tree: {
        kind: 'object',
        properties: {
          name: text,
          depth: { kind: 'integer', default: 1 },
          given: { ...text, readOnly: true },
          below: { kind: 'ref', to: 'Tree' },
        },
      },
    },
  }),
);
const taken = (payload: Json) => {
  const { values, untaken } = adopt(spec, payload, matchPattern);
  return { values: Object.fromEntries(values) as JsonObject, untaken: untaken.map((u) => u.path) };
};

describe('what is taken of a payload', () => {
  test.each<[string, JsonObject, JsonObject, string[]]>([
    ['a default is not declared', { size: 3, mode: 'OFF', text: '' }, { text: '' }, []],
    ['a listed name in other capitals is the listed one', { mode: 'on' }, { mode: 'ON' }, []],
    ['what is null is not set', { text: null, tree: { name: null } }, {}, []],
    ['what only the provider sets is no news', { id: 'i', parts: [1], given: 'g', tree: { given: 'x' } }, {}, []],
    [
      'another kind, pattern or bound is told',
      { text: 1, code: 'A', size: -1, flag: 'yes' },
      {},
      ['/text', '/code', '/size', '/flag'],
    ],
    ['what is never read back is told', { told: 'hunter2' }, {}, ['/told']],
    [
      'what the schema has not is told',
      { other: 1, tree: { other: 1, name: 'n' } },
      { tree: { name: 'n' } },
      ['/other', '/tree/other'],
    ],
    [
      'a document is its text',
      { doc: { b: 1, a: [2] }, open: { b: 1 } },
      { doc: '{"a":[2],"b":1}', open: { b: 1 } },
      [],
    ],
    ['a list is taken as a whole or not', { list: [1, 'x'] }, {}, ['/list/1', '/list']],
    ['and so is a map', { map: { a: 'b', c: 1 } }, {}, ['/map/c', '/map']],
    [
      'elements keep their place',
      { list: [3, 3], trees: [{ depth: 1 }, { name: 'n' }] },
      { list: [3, 3], trees: [{}, { name: 'n' }] },
      [],
    ],
    ['an object of defaults alone is not declared, an empty one is', { tree: { depth: 1 }, map: {} }, { map: {} }, []],
  ])('%s', (_, payload, values, untaken) => {
    expect(taken(payload)).toEqual({ values, untaken });
  });

  test('what is no object is told as a whole', () => {
    expect(taken([1])).toEqual({ values: {}, untaken: [''] });
    expect(taken(null)).toEqual({ values: {}, untaken: [] });
  });

  test('whatever it is, differs from reality in nothing', () => {
    const scalar = fc.oneof(
      fc.constantFrom<Json>('', 'ON', 'off', 'abc', 'zzzzz', 3, 1, -1, 2.5, true, null),
      fc.string({ maxLength: 3 }),
    );
    const any = fc.letrec<{ json: Json }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        scalar,
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('name', 'depth', 'below', 'given', 'a', '$source', '/'), tie('json'), {
          maxKeys: 3,
        }),
      ),
    })).json;
    const names = [...Object.keys(spec.domain.properties!), 'id', 'other', '__proto__'];
    const payloads = fc.dictionary(fc.constantFrom(...names), any, { maxKeys: 8 });
    let declared = 0;
    fc.assert(
      fc.property(payloads, (payload) => {
        const { values } = adopt(spec, payload, matchPattern);
        declared += values.size;
        const inputs = Object.fromEntries(values) as Json;
        expect(differences({ spec, inputs, payload, isUnsent: true })).toEqual([]);
        expect(JSON.stringify(inputs)).not.toContain('"told"');
      }),
      { numRuns: 2_000 },
    );
    expect(declared).toBeGreaterThan(1_000);
  });
});

test('links go to one component, without circles, whatever the order', () => {
  const link = { ...spec, domain: { kind: 'object', properties: { to: text, also: text } } } as VariantSpec;
  const resources = ['node-1', 'node-2', 'node-3'].map((resourceId, i) => ({
    resourceId,
    name: '',
    payload: { id: resourceId, to: `node-${((i + 1) % 3) + 1}`, also: 'node-1' },
  }));
  const plan = (of: typeof resources) => {
    let n = 0;
    const newId = () => String(++n).padStart(26, '0') as ComponentId;
    return planDiscovery({ schema: 'Node', spec: link, resources: of, known: [], newId, matches: matchPattern });
  };
  const told = plan(resources);
  expect(plan(resources)).toEqual(told);
  // node-1 -> node-2 -> node-3, and nothing back to node-1: neither by `to` nor by `also`.
  expect(told.components.map((c) => c.links.map((l) => l.path))).toEqual([['/domain/to'], ['/domain/to'], []]);
  expect(told.untaken.map((u) => [u.resourceId, u.path])).toEqual([
    ['node-2', '/domain/also'],
    ['node-3', '/domain/to'],
    ['node-3', '/domain/also'],
  ]);
  expect(plan(resources.toReversed()).subscriptions).toBeGreaterThan(0);
});
