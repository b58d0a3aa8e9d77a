// What is read of a state, what is refused, and what never gets into the model.

import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/base/json.ts';
import { must, type Refusal } from '../../../src/base/result.ts';
import { withoutKeys } from '../../../src/formats/terraform/address.ts';
import { parseState } from '../../../src/formats/terraform/parse.ts';
import { domainOf, importTwice, lostLeaves, stateOf } from './scene.ts';

function refusalOf(text: string): Refusal {
  const parsed = parseState(text);
  if (parsed.ok) throw new Error('was read');
  return parsed.refusal;
}

function show(root: JsonObject, more: JsonObject = {}): string {
  return JSON.stringify({ format_version: '1.0', terraform_version: '1.9.0', values: { root_module: root, ...more } });
}

const thing = { mode: 'managed', type: 'a_b', name: 'x' };

describe('what is refused, with a code, a place and what to do', () => {
  test.each([
    ['no JSON', 'resource "aws_vpc" "a" {}', '', 'terraform state pull'],
    ['a text cut short', '{"version": 4, "resources": [', '', 'whole output'],
    ['an empty text', ' ', '', 'whole output'],
    ['a list', '[]', '', 'whole file'],
    ['version 3', '{"version": 3, "modules": []}', '/version', 'Terraform 0.12 or newer'],
    ['version 5', '{"version": 5}', '/version', 'terraform show -json'],
    ['a version as text', '{"version": "4"}', '/version', 'terraform show -json'],
    ['anything else', '{}', '/version', 'terraform show -json'],
    ['a plan', '{"format_version": "1.2", "planned_values": {}}', '', 'without the name of a plan'],
    ['an encrypted state', '{"encrypted_data": "x", "serial": 1}', '/encrypted_data', 'tofu state pull'],
    ['another format of show', '{"format_version": "2.0", "values": {}}', '/format_version', 'version 1'],
    ['resources that are no list', '{"version": 4, "resources": {}}', '/resources', 'terraform'],
    ['a resource that is none', '{"version": 4, "resources": [1]}', '/resources/0', 'terraform'],
    [
      'no type',
      '{"version": 4, "resources": [{"mode": "managed", "instances": [{}]}]}',
      '/resources/0/type',
      'terraform',
    ],
    [
      'an index of another kind',
      stateOf([{ type: 'a', name: 'b', instances: [{ index_key: true }] }]),
      '/resources/0/instances/0/index_key',
      'terraform',
    ],
    [
      'attributes that are none',
      stateOf([{ type: 'a', name: 'b', attributes: 'x' as unknown as JsonObject }]),
      '/resources/0/instances/0/attributes',
      'terraform',
    ],
    [
      'a dependency that is no text',
      stateOf([{ type: 'a', name: 'b', dependencies: [1 as unknown as string] }]),
      '/resources/0/instances/0/dependencies/0',
      'terraform',
    ],
    [
      'an address twice',
      stateOf([
        { type: 'a', name: 'b' },
        { type: 'a', name: 'b' },
      ]),
      '/resources/1/instances/0',
      'out of the state',
    ],
    [
      'a child module without address',
      show({ child_modules: [{}] }),
      '/values/root_module/child_modules/0/address',
      'terraform',
    ],
  ])('%s', (_, text, path, hint) => {
    const refusal = refusalOf(text);
    expect(refusal).toMatchObject({ code: 'request_malformed', path });
    expect(refusal.expected).not.toBe('');
    expect(refusal.got).not.toBe('');
    expect(refusal.hint).toContain(hint);
  });

  test('a refusal shows no value of the file', () => {
    for (const attributes of ['hunter2', ['hunter2'], 7])
      expect(
        JSON.stringify(refusalOf(stateOf([{ type: 'a', name: 'b', attributes: attributes as never }]))),
      ).not.toContain('hunter2');
    expect(JSON.stringify(refusalOf('{"password": "hunter2", }'))).not.toContain('hunter2');
    expect(JSON.stringify(refusalOf('{"version": "hunter2"}'))).not.toContain('hunter2');
  });

  test('values that cannot be stored', () => {
    expect(refusalOf(`{"version": 4, "lineage": "\\ud800"}`).code).toBe('value_not_storable');
    expect(refusalOf(`${'['.repeat(200)}${']'.repeat(200)}`).code).toBe('value_not_storable');
    expect(refusalOf(`${'['.repeat(200_000)}${']'.repeat(200_000)}`).code).toMatch(
      /request_malformed|value_not_storable/,
    );
  });
});

describe('instances', () => {
  test('addresses have modules, count and for_each keys, dependencies none of them', () => {
    const file = must(
      parseState(
        stateOf([
          {
            ...thing,
            module: 'module.m["a.b[0]"].module.n[1]',
            instances: [
              { index_key: 0, attributes: {} },
              { index_key: 'k"]\\', attributes: {} },
            ],
          },
        ]),
      ),
    );
    expect(file.instances.map((i) => i.address)).toEqual([
      'module.m["a.b[0]"].module.n[1].a_b.x[0]',
      'module.m["a.b[0]"].module.n[1].a_b.x["k\\"]\\\\"]',
    ]);
    expect(new Set(file.instances.map((i) => i.config))).toEqual(new Set(['module.m.module.n.a_b.x']));
    for (const { address, config } of file.instances) expect(withoutKeys(address)).toBe(config);
  });

  test('both forms of one state say the same', () => {
    const attributes = { id: 'i-1', size: 3, tags: { a: 'b' } };
    const state = must(
      parseState(
        stateOf([{ ...thing, module: 'module.m', instances: [{ index_key: 'k', attributes, dependencies: ['c.d'] }] }]),
      ),
    );
    const resource = { ...thing, index: 'k', values: attributes, depends_on: ['c.d'] };
    const shown = must(parseState(show({ child_modules: [{ address: 'module.m', resources: [resource] }] })));
    const essence = (file: typeof state) =>
      file.instances.map(({ address, config, module, key, attributes, needs }) => [
        address,
        config,
        module,
        key,
        attributes,
        needs,
      ]);
    expect(essence(shown)).toEqual(essence(state));
  });

  test('an early release prints no keys in addresses, and no state is an empty one', () => {
    const early = show({ resources: [{ ...thing, address: 'a_b.x', index: 0, values: {} }] });
    expect(must(parseState(early)).instances[0]!.address).toBe('a_b.x[0]');
    expect(must(parseState('{"format_version": "1.0"}')).instances).toEqual([]);
  });

  test('data sources, deposed objects, private data and resources without instances are told', () => {
    const text = stateOf([
      { ...thing, mode: 'data', attributes: { id: 'only-read' } },
      {
        ...thing,
        instances: [
          { deposed: 'abcd', attributes: { id: 'old' } },
          { attributes: { id: 'new' }, private: 'eyJ' },
        ],
      },
      { ...thing, name: 'none', instances: [] },
      { ...thing, mode: 'ephemeral', name: 'e' },
    ]);
    const file = must(parseState(text));
    expect(file.instances.map((i) => i.attributes['id'])).toEqual(['new']);
    expect(file.dataSources).toBe(1);
    expect(file.notes.map((n) => n.path)).toEqual([
      '/resources/0',
      '/resources/1/instances/0',
      '/resources/1/instances/1/private',
      '/resources/2',
      '/resources/3',
    ]);
    expect(lostLeaves(text, importTwice(text))).toEqual([]);
  });

  test('members of one name at two places are both kept', () => {
    const state = stateOf([{ ...thing, provider: 'outer', instances: [{ attributes: {}, provider: 'inner' }] }]);
    expect(lostLeaves(state, importTwice(state))).toEqual([]);
    const shown = JSON.stringify({ format_version: '1.0', more: 'outer', values: { more: 'inner' } });
    expect(lostLeaves(shown, importTwice(shown))).toEqual([]);
  });

  test('numbers that no double holds are kept as text', () => {
    const text = stateOf([{ ...thing, attributes: { id: 'x', big: 1, s: '123456789012345678901' } }]).replace(
      '"big":1',
      '"big":12345678901234567890,"far":[1e400, 7]',
    );
    const file = must(parseState(text));
    expect(file.instances[0]!.attributes).toEqual({
      id: 'x',
      big: '12345678901234567890',
      far: ['1e400', 7],
      s: '123456789012345678901',
    });
    expect(file.notes.map((n) => n.path)).toEqual([
      '/resources/0/instances/0/attributes/big',
      '/resources/0/instances/0/attributes/far/0',
    ]);
  });
});

describe('secrets', () => {
  const secret = 'hunter2-hunter2';
  const attr = (value: string) => ({ type: 'get_attr', value });
  const index = (value: unknown, type = 'number') => ({ type: 'index', value: { value, type } });

  function shownOf(attributes: JsonObject, paths: unknown): unknown {
    const text = stateOf([{ ...thing, attributes, sensitive_attributes: paths }]);
    const plan = importTwice(text);
    expect(JSON.stringify(plan)).not.toContain(secret);
    expect(lostLeaves(text, plan)).toEqual([]);
    expect(plan.report.secrets).toBeGreaterThan(0);
    return domainOf(plan, 'a_b.x');
  }

  test('marked parts are left out, and nothing else', () => {
    expect(shownOf({ a: secret, b: 'seen' }, [[attr('a')]])).toEqual({ b: 'seen' });
    expect(shownOf({ a: { p: secret, q: 'seen' } }, [[attr('a'), index('p', 'string')]])).toEqual({ a: { q: 'seen' } });
    expect(shownOf({ a: [{ p: secret, q: 'seen' }] }, [[attr('a'), index(0), attr('p')]])).toEqual({
      a: [{ q: 'seen' }],
    });
  });

  test('a list with a marked element goes as a whole, and so does what a path cannot be followed into', () => {
    expect(shownOf({ a: ['seen', secret], b: 1 }, [[attr('a'), index(1)]])).toEqual({ b: 1 });
    expect(shownOf({ a: [{ p: secret }], b: 1 }, [[attr('a'), index({ p: secret }, 'object'), attr('p')]])).toEqual({
      b: 1,
    });
    expect(shownOf({ a: secret, b: 'c' }, [[{ type: 'new', value: null }]])).toEqual({});
    expect(shownOf({ a: secret, b: 'c' }, ['a'])).toEqual({});
    expect(shownOf({ a: secret }, [[attr('a'), attr('deeper')]])).toEqual({});
    expect(shownOf({ a: { p: secret, q: secret } }, [[attr('a'), attr('p')], [attr('a')]])).toEqual({});
    expect(shownOf({ a: { p: secret, q: secret } }, [[attr('a')], [attr('a'), attr('p')]])).toEqual({});
  });

  test('what show marks is left out', () => {
    const values = { id: secret, a: secret, list: [{ p: secret, q: 'seen' }], all: secret };
    const text = show({
      resources: [{ ...thing, values, sensitive_values: { id: true, a: true, list: [{ p: true }], all: 'yes' } }],
    });
    const plan = importTwice(text);
    expect(JSON.stringify(plan)).not.toContain(secret);
    expect(domainOf(plan, 'a_b.x')).toEqual({ list: [{ q: 'seen' }] });
    expect(plan.reality[0]!.resourceId).toBeNull();
    expect(lostLeaves(text, plan)).toEqual([]);
    expect(
      JSON.stringify(importTwice(show({ resources: [{ ...thing, values, sensitive_values: true }] }))),
    ).not.toContain(secret);
  });

  test.each([
    'password',
    'master_password',
    'secret',
    'client_secret',
    'private_key_pem',
    'secret_string',
    'auth_token',
    'DB_PASSWORD',
    'primary_access_key',
    'connection_string',
    'api_key',
  ])('%s is left out though no state file of its time marks it', (name) => {
    expect(shownOf({ [name]: secret, deep: [{ [name]: secret }], n: 1 }, [])).toEqual({ deep: [{}], n: 1 });
  });

  test('what only sounds like a secret, is empty or is no text stays', () => {
    const attributes = {
      password_policy: 'p',
      secret_arn: 'q',
      password: '',
      token: null,
      manage_password: true,
      key_name: 'k',
      hash_key: 'h',
    };
    expect(must(parseState(stateOf([{ ...thing, attributes }]))).instances[0]!.attributes).toEqual(attributes);
  });

  test('outputs marked as sensitive keep their name only', () => {
    const outputs = {
      shown: { value: 'seen', type: 'string' },
      hidden: { value: secret, type: 'string', sensitive: true },
      inner: { value: { password: secret }, type: ['object', { password: 'string' }] },
    };
    for (const text of [stateOf([], { outputs }), show({}, { outputs })]) {
      const plan = importTwice(text);
      expect(JSON.stringify(plan)).not.toContain(secret);
      expect(domainOf(plan, 'infra')['Outputs']).toMatchObject({
        shown: { value: 'seen', type: 'string' },
        hidden: { sensitive: true },
      });
      expect(lostLeaves(text, plan)).toEqual([]);
    }
  });
});
