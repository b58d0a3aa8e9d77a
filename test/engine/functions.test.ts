// Looking at functions, checking their text and trying them: nothing of the state is changed by any of it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { Page } from '../../src/engine/component.ts';
import type { TestReply } from '../../src/engine/function_test.ts';
import type { Checked, Declarations, FunctionLine, FunctionView } from '../../src/engine/functions.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { functionHouse, withWeb } from './function_house.ts';
import type { House, Params } from './house.ts';

let house: House;
let changeSet: string;

beforeAll(async () => {
  house = await functionHouse();
  changeSet = await withWeb(house);
});
afterAll(() => house.close());

/** Tries a function; the state is afterwards what it was. */
async function tried(ask: Params): Promise<TestReply> {
  const before = await house.everything();
  const reply = await house.call<TestReply>('function.test', { changeSet, ...ask });
  expect(await house.everything()).toBe(before);
  return reply;
}

describe('trying a function', () => {
  test('[EN83] on a real component: value, log, timing and the run', async () => {
    const reply = await tried({ function: 'url', component: 'web' });
    expect(reply).toMatchObject({
      status: 'succeeded',
      input: { host: 'example.org', port: 80 },
      outcome: { ok: true, value: 'http://example.org:80' },
      log: [{ seq: 1, stream: 'output', text: 'making example.org' }],
      tier: 'isolate',
      without: [],
    });
    expect(reply.tookMs).toBeGreaterThanOrEqual(0);
    const run = await house.call<RunRecord>('run.get', { run: reply.run });
    expect(run).toMatchObject({ actor: 'ada', changeSet, output: '', test: { result: '"http://example.org:80"' } });
  });

  test('[EN83] D14 a text that is not saved runs in the place of the one that is', async () => {
    const text = 'const main = ({ host, port }) => [port, host];';
    expect(await tried({ function: 'url', component: 'web', text })).toMatchObject({
      outcome: { ok: true, value: [80, 'example.org'] },
    });
    const { text: saved } = await house.call<FunctionView>('function.get', { changeSet, function: 'url' });
    expect(saved).not.toBe(text);
  });

  test('[EN84] a failure has line and column of the text as written', async () => {
    const text = "function main() {\n  console.error('before');\n  throw new RangeError('too far');\n}";
    expect(await tried({ function: 'portOk', component: 'web', text })).toMatchObject({
      status: 'failed',
      outcome: { ok: false, code: 'threw', message: expect.stringMatching(/too far$/), line: 3, column: 9 },
      log: [{ stream: 'error', text: 'before' }],
    });
  });

  test('a result of the wrong shape for the kind is a failure', async () => {
    const reply = await tried({ function: 'conf', component: 'web', text: 'const main = () => 7;' });
    expect(reply.outcome).toMatchObject({ ok: false, code: 'result_invalid' });
  });

  test('[EN84] a text that does not compile is refused with every place', async () => {
    const refusal = await house.refused('function.test', {
      changeSet,
      function: 'url',
      component: 'web',
      text: 'function main() {\n  return (;\n}',
    });
    expect(refusal).toMatchObject({ code: 'function_invalid', path: 'text:2:11' });
    expect(refusal.data).toMatchObject({ diagnostics: [{ line: 2, column: 11 }] });
  });

  const kinds: [kind: string, ask: Params, text: string, value: Json][] = [
    [
      'attribute',
      { arguments: [{ name: 'p', path: '/domain/Port' }], component: 'web' },
      'const main = ({ p }) => p + 1;',
      81,
    ],
    ['transformation', { component: 'web', path: '/domain/Host' }, 'const main = ({ input }) => input.length;', 11],
    [
      'code-generation',
      { component: 'web' },
      "const main = (c) => ({ format: 'json', code: JSON.stringify(c.domain.Host) });",
      { format: 'json', code: '"example.org"' },
    ],
    [
      'qualification',
      { component: 'web' },
      "const main = (c) => ({ result: c.code ? 'success' : 'failure' });",
      { result: 'success' },
    ],
    [
      'management',
      { component: 'web' },
      "const main = ({ thisComponent }) => ({ status: 'ok', message: thisComponent.properties.si.name });",
      { status: 'ok', message: 'web' },
    ],
    [
      'action',
      { component: 'web' },
      "const main = (c) => ({ status: 'ok', payload: c.properties.domain.Host });",
      { status: 'ok', payload: 'example.org' },
    ],
    ['authentication', { input: { token: 't' } }, 'const main = (secret) => secret.token;', 't'],
    [
      'schema-definition',
      {},
      'function main() { return new AssetBuilder().build(); }',
      expect.anything() as unknown as Json,
    ],
  ];
  test.each(kinds)('of kind %s', async (kind, ask, text, value) => {
    const reply = await tried({ kind, text, ...ask });
    expect(reply.outcome).toEqual({ ok: true, value });
  });

  test('on an input that is given', async () => {
    expect(await tried({ function: 'url', input: { host: 'h', port: 1 } })).toMatchObject({
      outcome: { ok: true, value: 'http://h:1' },
    });
  });

  test('what has no value is given as null, and named with the reason', async () => {
    const reply = await tried({
      text: 'const main = (i) => Object.keys(i).length;',
      kind: 'attribute',
      component: 'web',
      arguments: [
        { name: 'note', path: '/domain/Note' },
        { name: 'address', path: '/resource_value/Address' },
        { name: 'fixed', value: 5 },
      ],
    });
    expect(reply.input).toEqual({ address: null, fixed: 5, note: null });
    expect(reply.without.map((w) => w.name)).toEqual(['address', 'note']);
    expect(reply.without[0]!.why).toMatch(/not been reported/);
  });

  test('without waiting it goes on by itself, and its record has the result', async () => {
    const text =
      "async function main() { await new Promise((r) => setTimeout(r, 50)); console.log('late'); return { status: 'ok' }; }";
    const reply = await tried({ kind: 'action', text, input: {}, waitMs: 0 });
    expect(reply.outcome).toBeUndefined();
    const { run } = reply;
    await house.call('run.log', { run, waitMs: 60_000 });
    const record = () => house.call<RunRecord>('run.get', { run });
    await expect.poll(async () => (await record()).status, { timeout: 30_000 }).toBe('succeeded');
    expect((await record()).test).toEqual({ result: '{"status":"ok"}' });
  });

  test('what is missing or too much in the request is refused', async () => {
    const codes: [Params, string][] = [
      [{ function: 'url' }, 'request_malformed'],
      [{ function: 'url', component: 'web', input: {} }, 'request_malformed'],
      [{ component: 'web' }, 'request_malformed'],
      [{ text: 'function main() {}', component: 'web' }, 'request_malformed'],
      [{ function: 'nothing', component: 'web' }, 'function_not_found'],
      [{ function: 'url', component: 'nobody' }, 'component_not_found'],
      [{ kind: 'attribute', text: 'function main() {}', component: 'web' }, 'binding_not_found'],
      [
        { kind: 'transformation', text: 'function main() {}', component: 'web', path: '/domain/Nope' },
        'path_not_found',
      ],
    ];
    for (const [ask, code] of codes)
      expect([ask, (await house.refused('function.test', { changeSet, ...ask })).code]).toEqual([ask, code]);
  });
});

describe('looking at functions', () => {
  test('the list has kinds and schemas, by page and by kind', async () => {
    const list = (ask: Params) => house.call<Page<FunctionLine>>('function.list', { changeSet, ...ask });
    const all = await list({});
    expect(all.items.map((f) => [f.name, f.kind, f.schemas])).toEqual([
      ['conf', 'code-generation', ['Web']],
      ['portOk', 'qualification', ['Web']],
      ['url', 'attribute', ['Web']],
    ]);
    const first = await list({ limit: 2 });
    const rest = await list({ limit: 2, cursor: first.nextCursor! });
    expect([...first.items, ...rest.items]).toEqual(all.items);
    expect(rest.nextCursor).toBeNull();
    expect((await list({ kind: 'attribute' })).items.map((f) => f.name)).toEqual(['url']);
  });

  test('one has its text, where it is bound and where it runs', async () => {
    expect(await house.call('function.get', { changeSet, function: 'url' })).toMatchObject({
      kind: 'attribute',
      locked: false,
      text: expect.stringContaining('making'),
      bound: [
        {
          schema: { name: 'Web' },
          variant: null,
          output: '/domain/Url',
          arguments: [{ name: 'host' }, { name: 'port' }],
        },
      ],
      runs: { tier: 'isolate', effects: [] },
    });
  });

  test('a check knows the types of the schema it is bound to', async () => {
    const text = 'function main({ host, port }) {\n  return port.toFixed() + host!.toUperCase();\n}';
    const checked = await house.call<Checked>('function.check', { changeSet, function: 'url', text });
    expect(checked.ok).toBe(false);
    expect(checked.diagnostics).toMatchObject([{ severity: 'error', line: 2, column: 33, code: 'TS2551' }]);
    const right = 'const main = ({ port }) => port.toFixed();';
    expect(await house.call('function.check', { changeSet, function: 'url', text: right })).toMatchObject({
      ok: true,
      tier: 'isolate',
      diagnostics: [],
    });
    const quick = await house.call<Checked>('function.check', { changeSet, function: 'url', text, quick: true });
    expect(quick).toMatchObject({ ok: true, diagnostics: [] });
  });

  test('a text with effects is told to run in a process, and which names are the reason', async () => {
    const text = "async function main() { await fetch('https://example.org'); return null; }";
    const ask = { changeSet, kind: 'attribute', text, quick: true };
    expect(await house.call('function.check', ask)).toMatchObject({ tier: 'process', effects: ['fetch'] });
  });

  test('declarations have the properties of the schema', async () => {
    const ask = { changeSet, kind: 'qualification', schema: 'Web' };
    const found = await house.call<Declarations>('function.declarations', ask);
    expect(found.schema).toBe('Web');
    expect(found.text).toMatch(/interface Domain \{[^}]*Port: number;/);
    const bound = await house.call<Declarations>('function.declarations', { changeSet, function: 'url' });
    expect(bound.text).toMatch(/interface Input \{[^}]*host\?: string;[^}]*port: number;/);
  });
});
