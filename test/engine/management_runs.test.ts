// Around the run of a management function: who may, where it runs, how it fails, what a dry run shows, what it is given.

import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { refusalCodes } from '../../src/base/codes.ts';
import type { Json } from '../../src/base/json.ts';
import type { Page } from '../../src/engine/component.ts';
import type { TestReply } from '../../src/engine/function_test.ts';
import type { ManagementReply } from '../../src/engine/management.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { anyResult } from '../formats/management/random_results.ts';
import { runs as runsOfTest, thingSpec } from '../support/model_world.ts';
import { functionHouse } from './function_house.ts';
import type { House, Params } from './house.ts';
import { bind, secretHouse, secretOf, setSecret, thing, withSchemas } from './secret_house.ts';

const open: House[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

/** A house with `a` of schema Box in a change set, and functions bound to Box by name, the bodies of their `main`. */
async function withBodies(bodies: Readonly<Record<string, string>>): Promise<{ house: House; changeSet: string }> {
  const house = await functionHouse();
  open.push(house);
  const changeSet = await house.withBox();
  await house.create(changeSet, 'a', { '/domain/text': 'hello' });
  for (const [name, body] of Object.entries(bodies))
    await house.submit(
      changeSet,
      {
        kind: 'function.create',
        name,
        functionKind: 'management',
        text: `async function main(input) {\n${body}\n}`,
      },
      { kind: 'binding.attach', function: name, schema: 'Box' },
    );
  return { house, changeSet };
}

const run = (house: House, changeSet: string, fn: string, more: Params = {}) =>
  house.call<ManagementReply>('management.run', { changeSet, component: 'a', function: fn, ...more });
const refused = (house: House, changeSet: string, fn: string, more: Params = {}) =>
  house.refused('management.run', { changeSet, component: 'a', function: fn, ...more });
const runs = async (house: House) => (await house.call<Page<RunRecord>>('run.list', {})).items;

const creates = "return { status: 'ok', message: 'made', ops: { create: { b: {} } } };";

describe('[EN106] a management function', () => {
  test('is refused on Head, without the right to edit, and unbound, before it runs', async () => {
    const { house, changeSet } = await withBodies({ make: creates });
    await house.submit(
      changeSet,
      { kind: 'function.create', name: 'loose', functionKind: 'management', text: 'const main = () => ({});' },
      { kind: 'function.create', name: 'other', functionKind: 'attribute', text: 'const main = () => 1;' },
    );
    await house.call('change_set.apply', { changeSet });
    const second = await house.open('second');
    expect(await refused(house, 'HEAD', 'make')).toMatchObject({
      code: 'head_is_read_only',
      hint: expect.stringContaining('open a change set'),
    });
    expect(await refused(house, changeSet, 'make')).toMatchObject({ code: 'change_set_not_open' });
    const viewer = { id: 'vera', role: 'viewer' } as const;
    const ask = { changeSet: second, component: 'a', function: 'make' };
    expect(await house.refused('management.run', ask, viewer)).toMatchObject({ code: 'access_denied' });
    expect(await refused(house, second, 'loose')).toMatchObject({ code: 'binding_not_found' });
    expect(await refused(house, second, 'other')).toMatchObject({
      code: 'binding_not_found',
      got: 'a function of kind attribute',
    });
    expect(await refused(house, second, 'none')).toMatchObject({ code: 'function_not_found' });
    expect(await refused(house, second, 'make', { component: 'b' })).toMatchObject({ code: 'component_not_found' });
    expect(await refused(house, second, 'make', { view: 'nowhere' })).toMatchObject({ code: 'view_not_found' });
    expect(await refused(house, second, 'make', { dryRun: 'yes' })).toMatchObject({ code: 'request_malformed' });
    expect(await runs(house)).toEqual([]);
  });

  test('runs in the tier of its effects, and its log is answered', async () => {
    const { house, changeSet } = await withBodies({
      pure: "console.log('one'); return { status: 'ok' };",
      effects:
        "// @commands node\nconst { stdout } = await siExec.waitUntilEnd('node', ['-e', 'console.log(6 * 7)']);\nreturn { status: 'ok', ops: { update: { self: { attributes: { '/domain/text': stdout.trim() } } } } };",
    });
    expect(await run(house, changeSet, 'pure')).toMatchObject({ log: ['one'], steps: [], mutations: [] });
    await run(house, changeSet, 'effects');
    expect(await house.value(changeSet, 'a')).toMatchObject({ text: '42' });
    expect((await runs(house)).map((r) => [r.functionName, r.tier])).toEqual([
      ['effects', 'process'],
      ['pure', 'isolate'],
    ]);
  });

  test('[EN101] that throws, says that it cannot, takes too long, or is ended, changes nothing', async () => {
    const { house, changeSet } = await withBodies({
      throws: "console.log('before');\nthrow new RangeError('too far');",
      cannot: "return { status: 'error', message: 'no room', ops: { create: { b: {} } } };",
      endless: 'for (;;);',
      waits: "await new Promise((done) => setTimeout(done, 20_000));\nreturn { status: 'ok' };",
    });
    const before = await house.everything();
    expect(await refused(house, changeSet, 'throws')).toMatchObject({
      code: 'function_failed',
      got: expect.stringMatching(/^threw: .*too far \(line 3, column \d+\)$/s),
      data: { log: ['before'], run: expect.any(String) },
    });
    expect(await refused(house, changeSet, 'cannot')).toMatchObject({
      code: 'function_failed',
      got: 'status error: no room',
    });
    expect(await refused(house, changeSet, 'endless')).toMatchObject({
      code: 'function_failed',
      got: expect.stringMatching(/^timed_out/),
    });
    const waiting = house.attempt('management.run', { changeSet, component: 'a', function: 'waits' });
    let [item] = await runs(house);
    while (item?.functionName !== 'waits' || item.status !== 'running') {
      await new Promise((done) => setTimeout(done, 20));
      [item] = await runs(house);
    }
    // [EN103] the same function on the same component is not run beside itself.
    expect(await refused(house, changeSet, 'waits')).toMatchObject({ code: 'already_running' });
    await house.call('run.kill', { run: item.id });
    expect(await waiting).toMatchObject({ ok: false, refusal: { code: 'function_failed' } });
    expect(await house.everything()).toBe(before);
    expect((await runs(house)).map((r) => r.status)).toEqual(['cancelled', 'timed-out', 'succeeded', 'failed']);
  });

  test('[EN105] a dry run says what it would edit, and what would refuse it, and edits nothing', async () => {
    const { house, changeSet } = await withBodies({
      make: creates,
      wrong: "return { status: 'ok', ops: { update: { self: { attributes: { '/domain/none': 1 } } } } };",
    });
    const before = await house.everything();
    const reply = await run(house, changeSet, 'make', { dryRun: true, idempotencyKey: 'k' });
    expect(reply).toMatchObject({
      dryRun: true,
      message: 'made',
      created: [{ name: 'b' }],
      mutations: [{ kind: 'component.create', name: 'b' }, { kind: 'component.manage' }],
      steps: [{ kind: 'component.create' }, { kind: 'component.manage' }],
    });
    expect(reply.version).toBe(reply.readAt);
    expect(await refused(house, changeSet, 'wrong', { dryRun: true })).toMatchObject({
      code: 'path_not_found',
      path: '/ops/update/self/attributes/~1domain~1none: /domain/none',
    });
    expect(await house.everything()).toBe(before);
    // What it showed can be submitted as it is.
    const done = await house.submit(changeSet, ...(reply.mutations as unknown as Json[]));
    expect(done.steps[0]).toMatchObject({ subject: reply.created[0]!.component });
  });
});

test('[EN106] a function with effects gets the secrets of its component; a result that holds one is refused and not kept', async () => {
  const { house } = await secretHouse();
  open.push(house);
  const changeSet = await withSchemas(house);
  await setSecret(house, changeSet, 'db', { password: 'correct-horse-battery' });
  await thing(house, changeSet, 'a', { '/secrets/first': secretOf('db') });
  const uses = (name: string, told: string): Promise<void> =>
    bind(house, changeSet, {
      name,
      functionKind: 'management',
      text: `// @effects
        function main() {
          const p = requestStorage.getItem('password');
          return { status: 'ok', ops: { update: { self: { attributes: { '/domain/told': ${told} } } } } };
        }`,
    });
  await uses('leaks', 'p');
  await uses('counts', 'p.length + " characters"');
  const before = await house.everything();
  expect(await refused(house, changeSet, 'leaks')).toMatchObject({ code: 'secret_value_not_allowed', path: 'result' });
  expect(await house.everything()).toBe(before);
  const kept = (await runs(house))[0]!;
  expect(kept).toMatchObject({ functionName: 'leaks', tainted: true, management: { result: expect.any(String) } });
  expect(JSON.stringify(kept)).not.toContain('correct-horse');
  await run(house, changeSet, 'counts');
  expect(await house.value(changeSet, 'a')).toMatchObject({ told: '21 characters' });
});

describe('[EN104] what it is given', () => {
  test('is the component, those that it manages and the view, in a test as in a run', async () => {
    const { house, changeSet } = await withBodies({
      make: "return { status: 'ok', ops: { create: { b: { attributes: { '/domain/text': { $source: { component: 'self', path: '/domain/text' } } }, geometry: { x: 1, y: 2 } } } } };",
      echo: "return { status: 'ok', message: JSON.stringify(input) };",
    });
    const made = await run(house, changeSet, 'make');
    const b = made.created[0]!.component;
    const expected = {
      currentView: 'DEFAULT',
      thisComponent: {
        kind: 'Box',
        properties: { si: { name: 'a' }, domain: { text: 'hello', size: 3 } },
        geometry: {},
        sources: {},
      },
      components: {
        [b]: {
          kind: 'Box',
          properties: { si: { name: 'b' }, domain: { text: 'hello' } },
          geometry: { DEFAULT: { x: 1, y: 2 } },
          sources: { '/domain/text': { component: made.component, path: '/domain/text' } },
        },
      },
    };
    expect(JSON.parse((await run(house, changeSet, 'echo')).message!)).toMatchObject(expected);
    const tested = await house.call<TestReply>('function.test', { changeSet, function: 'echo', component: 'a' });
    expect(tested.input).toMatchObject(expected);
  });

  test('and given back as it was, is no edit: what follows something goes on following', async () => {
    const { house, changeSet } = await withBodies({
      make: "return { status: 'ok', ops: { create: { b: { attributes: { '/domain/text': { $source: { component: 'self', path: '/domain/text' } } } } } } };",
      back: `const [id] = Object.keys(input.components);
        const { properties } = input.components[id];
        return { status: 'ok', ops: { update: {
          self: { properties: { ...input.thisComponent.properties, qualification: { none: true } } },
          [id]: { properties: { ...properties, domain: { ...properties.domain, size: 9 } } } } } };`,
    });
    const { created } = await run(house, changeSet, 'make');
    const reply = await run(house, changeSet, 'back');
    expect(reply.mutations).toEqual([
      {
        kind: 'attribute.set',
        component: created[0]!.component,
        path: '/domain/size',
        value: { $source: { value: 9 } },
      },
    ]);
    expect(reply.leftOut).toEqual([
      { path: '/ops/update/self/properties/qualification', why: expect.stringContaining('provider') },
    ]);
    await house.set(changeSet, 'a', '/domain/text', 'other');
    expect(await house.value(changeSet, 'b')).toMatchObject({ text: 'other', size: 9 });
  });

  test('C18 validation before and after: what a function sets is held against the schema when it has run', async () => {
    const { house, changeSet } = await withBodies({});
    const text = { kind: 'string' } as const;
    const Host = {
      ...text,
      required: true,
      validation: { type: 'string', rules: [{ name: 'min', args: { limit: 5 } }] },
    };
    await house.submit(
      changeSet,
      {
        kind: 'schema.create',
        name: 'Host',
        spec: { format: 1, domain: { kind: 'object', properties: { Host, Short: text } } },
      },
      {
        kind: 'function.create',
        name: 'rename',
        functionKind: 'management',
        text: `function main({ thisComponent: { properties: { domain } } }) {
          const Host = domain.Host === 'www' ? 'www.example.org' : domain.Host ? null : 'www';
          return { status: 'ok', ops: { update: { self: { properties: { domain: { Host } } } } } };
        }`,
      },
      { kind: 'binding.attach', function: 'rename', schema: 'Host' },
      { kind: 'component.create', schema: 'Host', name: 'h' },
    );
    const states: string[] = [];
    for (let n = 0; n < 4; n++) {
      const { value } = await house.call<{ value: { qualification: { validation: { result: string } } } }>(
        'component.get',
        { changeSet, component: 'h', waitMs: 20_000 },
      );
      states.push(`${(await house.value(changeSet, 'h'))?.['Host']}: ${value.qualification.validation.result}`);
      await run(house, changeSet, 'rename', { component: 'h' });
    }
    expect(states).toEqual(['undefined: failure', 'www: failure', 'www.example.org: success', 'undefined: failure']);
  });
});

test('[EN107] whatever it returns, it is carried out whole, or refused with a code and nothing is changed', async () => {
  const house = await functionHouse();
  open.push(house);
  const changeSet = await house.open();
  await house.submit(
    changeSet,
    { kind: 'schema.create', name: 'Thing', spec: thingSpec as unknown as Json },
    { kind: 'secret.put', name: 'db', definition: 'Login', key: 'k1' },
    ...['a', 'one', 'two'].map((name): Json => ({ kind: 'component.create', schema: 'Thing', name })),
    ...['one', 'two'].map((managed): Json => ({ kind: 'component.manage', component: 'a', managed })),
    {
      kind: 'function.create',
      name: 'any',
      functionKind: 'management',
      text: 'const main = ({ thisComponent }) => JSON.parse(thisComponent.properties.si.metadata);',
    },
    { kind: 'binding.attach', function: 'any', schema: 'Thing' },
  );
  const a = (await house.call<{ id: string }>('component.get', { changeSet, component: 'a' })).id;
  const seen = { refused: 0, carriedOut: 0 };
  for (const result of fc.sample(anyResult, { numRuns: runsOfTest(60), seed: 7 })) {
    // Without its component there would be no next one.
    if (/"erase":\["(self|one","self)/.test(JSON.stringify(result))) continue;
    await house.set(changeSet, a, '/si/metadata', JSON.stringify(result));
    const before = await house.row(changeSet);
    const done = await house.attempt<ManagementReply>('management.run', { changeSet, component: a, function: 'any' });
    const after = await house.row(changeSet);
    if (done.ok) {
      seen.carriedOut++;
      expect(done.value.steps).toHaveLength(done.value.mutations.length);
      continue;
    }
    seen.refused++;
    expect(Object.hasOwn(refusalCodes, done.refusal.code)).toBe(true);
    expect(after).toEqual(before);
  }
  expect(Math.min(seen.refused, seen.carriedOut)).toBeGreaterThan(5);
  await house.sound();
});
