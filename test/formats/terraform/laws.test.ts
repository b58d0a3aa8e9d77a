// Laws over generated input: any text is a refusal or a plan, a plan loses nothing, and what is secret is nowhere in it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { planImport } from '../../../src/formats/terraform/import.ts';
import type { StateModel } from '../../../src/formats/terraform/model.ts';
import { parseState } from '../../../src/formats/terraform/parse.ts';
import { runs } from '../../support/model_world.ts';
import { type Given, importTwice, lostLeaves, Scene, stateOf } from './scene.ts';

const keys = [
  'id',
  'arn',
  'name',
  'tags',
  'a',
  'b',
  'c',
  '$source',
  '__proto__',
  'a/b',
  '~',
  '@x',
  '',
  'x\ny',
  'password',
];
const key = fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 3 }));
const scalar: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom('id-1', 'id-2', 'arn:1', '', 'x'.repeat(1_100), 0, -1, 1.5, true, false, null),
  fc.string({ maxLength: 4 }),
);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ) as fc.Arbitrary<Json>,
}));
const attributes = fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;

const types = ['aws_vpc', 'aws_subnet', 'aws_iam_role', 'x_a', 'x_b', 'no name'];
const resources: fc.Arbitrary<Given[]> = fc.uniqueArray(
  fc.record({
    type: fc.constantFrom(...types),
    name: fc.constantFrom('p', 'q'),
    module: fc.constantFrom('', 'module.m', 'module.m["k"]'),
    mode: fc.constantFrom('managed', 'managed', 'managed', 'data'),
    provider: fc.constant('provider["p"]'),
    instances: fc.uniqueArray(
      fc.record({
        index_key: fc.constantFrom(null, 0, 1, 'k'),
        provider: fc.constantFrom('other', 'p'),
        attributes,
        dependencies: fc.array(
          fc
            .tuple(fc.constantFrom('', 'module.m.'), fc.constantFrom(...types), fc.constantFrom('p', 'q'))
            .map(([module, type, name]) => `${module}${type}.${name}`),
          { maxLength: 4 },
        ),
      }),
      { maxLength: 3, selector: (i) => JSON.stringify(i.index_key) },
    ),
  }),
  { maxLength: 5, selector: (r) => `${r.module} ${r.type} ${r.name}` },
) as fc.Arbitrary<Given[]>;

test('any state gives a plan that loses nothing and that a second import finds done', () => {
  fc.assert(
    fc.property(resources, (given) => {
      const text = stateOf(given);
      expect(lostLeaves(text, importTwice(text))).toEqual([]);
    }),
    { numRuns: runs(150) },
  );
});

test('one state after another leads to what the last one says', () => {
  fc.assert(
    fc.property(fc.array(resources, { minLength: 2, maxLength: 3 }), (states) => {
      const scene = new Scene();
      for (const given of states) {
        const text = stateOf(given);
        const plan = scene.import(text);
        expect(scene.steps(text)).toEqual({ requests: [], reality: [] });
        const shown = (m: StateModel) => m.components.map((c) => [c.id, c.domain]).sort();
        expect(shown(scene.read()!)).toEqual(shown(plan));
      }
    }),
    { numRuns: runs(60) },
  );
});

const secret = 'do-not-keep-this-anywhere';

/** The attributes with a secret put in somewhere, and the path to it. */
function planted(json: JsonObject, steps: readonly number[]): { json: Json; path: unknown[] } {
  const put = (at: Json, [step, ...more]: readonly number[], path: unknown[]): { json: Json; path: unknown[] } => {
    if (step !== undefined && Array.isArray(at) && at.length > 0) {
      const i = step % at.length;
      const below = put(at[i] as Json, more, [...path, { type: 'index', value: { value: i, type: 'number' } }]);
      return { json: at.map((item: Json, n) => (n === i ? below.json : item)), path: below.path };
    }
    if (
      step !== undefined &&
      at !== null &&
      typeof at === 'object' &&
      !Array.isArray(at) &&
      Object.keys(at).length > 0
    ) {
      const name = Object.keys(at)[step % Object.keys(at).length]!;
      const below = put((at as JsonObject)[name]!, more, [...path, { type: 'get_attr', value: name }]);
      const members = Object.entries(at).map(([k, v]): [string, Json] => [k, k === name ? below.json : v]);
      return { json: Object.fromEntries(members), path: below.path };
    }
    return { json: secret, path };
  };
  return put(json, steps, []);
}

test('what is marked is in no component, payload or note, wherever it stands', () => {
  fc.assert(
    fc.property(attributes, fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), (given, steps) => {
      const { json, path } = planted({ only: 'x', ...given }, steps);
      const text = stateOf([{ type: 'x_a', name: 'p', attributes: json as JsonObject, sensitive_attributes: [path] }]);
      expect(text).toContain(secret);
      const plan = importTwice(text);
      expect(JSON.stringify(plan)).not.toContain(secret);
      expect(lostLeaves(text, plan)).toEqual([]);
    }),
    { numRuns: runs(200) },
  );
});

const form = fc.constantFrom(
  'version',
  'format_version',
  'resources',
  'values',
  'root_module',
  'child_modules',
  'address',
);
const near = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<Json>(4, '1.0', 'managed', 'data', 'x', null, true),
    fc.array(tie('json'), { maxLength: 2 }),
    fc.dictionary(
      fc.oneof(form, fc.constantFrom('instances', 'mode', 'type', 'name', 'attributes', 'sensitive_values', 'outputs')),
      tie('json'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ) as fc.Arbitrary<Json>,
})).json;

/** Any text is answered; what was read loses nothing. */
function answered(text: string): void {
  const parsed = parseState(text);
  if (!parsed.ok) {
    expect(parsed.refusal.code).toMatch(/^(request_malformed|value_not_storable)$/);
    expect(parsed.refusal.hint).not.toBe('');
    return;
  }
  const plan = planImport({ file: parsed.value, name: 'n', specOf: () => undefined, newId: () => '0' as never });
  expect(lostLeaves(text, plan)).toEqual([]);
}

test('any JSON is a refusal or a plan that loses nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        near,
        fc.json().map((text) => JSON.parse(text) as Json),
      ),
      fc.nat(2),
      (json, which) => {
        const object = typeof json === 'object' && json !== null && !Array.isArray(json) ? json : { outputs: json };
        const head = [{}, { version: 4 }, { format_version: '1.0' }][which]!;
        answered(JSON.stringify({ ...object, ...head }));
        answered(JSON.stringify({ ...head, values: { root_module: json }, resources: json }));
        answered(JSON.stringify(json));
      },
    ),
    { numRuns: runs(500) },
  );
});

test('any text is answered', () => {
  fc.assert(fc.property(fc.string({ maxLength: 30, unit: 'binary' }), answered), { numRuns: runs(200) });
  const text = stateOf([{ type: 'x', name: 'y', attributes: { id: 'a', n: 12 } }]);
  for (let cut = 0; cut < text.length; cut++) answered(text.slice(0, cut));
});
