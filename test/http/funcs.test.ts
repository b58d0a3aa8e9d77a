// Functions, their runs, and functions that are started and asked about later, over the wire.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webMutations } from '../engine/function_house.ts';
import { type Answered, HttpHouse } from './house.ts';

const nowhere = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

describe('functions over HTTP', () => {
  let house: HttpHouse;
  let changeSet: string;
  let at: string;
  beforeAll(async () => {
    house = await HttpHouse.open();
    const opened = await house.must('POST', '~/change-sets', { body: { changeSetName: 'web' } });
    changeSet = opened.changeSet.id;
    at = `~/change-sets/${changeSet}`;
    await house.call('submit', { changeSet, mutations: webMutations as never });
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  const root = async (): Promise<string> =>
    (await house.call<{ intentRoot: string }>('change_set.get', { changeSet })).intentRoot;
  const idOf = async (component: string): Promise<string> =>
    (await house.call<{ id: string }>('component.get', { changeSet, component })).id;

  async function refused(ask: () => Promise<Answered>, status: number, reason: string): Promise<Answered['body']> {
    const before = await root();
    const answer = await ask();
    expect({ status: answer.status, reason: answer.body.reason }).toEqual({ status, reason });
    expect(await root()).toBe(before);
    return answer.body;
  }

  /** Asks until the state is one of these. */
  async function until(path: string, states: readonly string[]): Promise<Answered['body']> {
    for (let n = 0; n < 400; n++) {
      const body = await house.must('GET', path);
      if (states.includes(body.state)) return body;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`${path} comes to none of ${states.join(', ')}`);
  }
  const ended = ['success', 'failure', 'completed'];

  test('[EN721] a review has what functions give, and how much of it is left out', async () => {
    await house.call('component.get', { changeSet, component: 'web', waitMs: 20_000 });
    const { results } = await house.must('GET', `${at}/review`);
    expect({ leftOut: results.leftOut, isCut: results.isCut }).toEqual({ leftOut: 0, isCut: false });
    expect(
      results.changed.find(
        (c: { path: string; componentName: string }) => c.componentName === 'web' && c.path === '/domain/Url',
      ),
    ).toEqual({
      componentId: expect.any(String),
      componentName: 'web',
      schemaName: 'Web',
      function: { id: expect.any(String), name: 'url' },
      kind: 'attribute',
      path: '/domain/Url',
      diffStatus: 'Added',
      was: null,
      is: { state: 'value', value: 'http://example.org:80' },
    });
  });

  test('[EN551] a function is listed, read, checked, tried and changed; a trial and a check change nothing', async () => {
    const made = await house.must('POST', `${at}/funcs/transformation`, {
      body: {
        name: 'upper',
        code: 'function main({ input }) {\n  return String(input).toUpperCase();\n}',
        displayName: 'Upper',
      },
    });
    const one = `${at}/funcs/${made.funcId}`;
    expect(await house.must('GET', one)).toMatchObject({
      name: 'upper',
      displayName: 'Upper',
      kind: 'Transformation',
      isLocked: false,
    });
    const before = await root();
    const tried = await house.must('POST', `${at}/funcs/test`, {
      body: { function: made.funcId, component: 'web', path: '/domain/Host' },
    });
    expect(tried).toMatchObject({ status: 'succeeded', outcome: { ok: true, value: 'EXAMPLE.ORG' } });
    const unsaved = {
      kind: 'qualification',
      code: "function main(c) {\n  console.log('port', c.domain.Port);\n  return { result: 'failure', message: 'no' };\n}",
    };
    const other = await house.must('POST', `${at}/funcs/test`, { body: { ...unsaved, component: 'web' } });
    expect(other.outcome.value).toEqual({ result: 'failure', message: 'no' });
    expect(other.log.map((l: { text: string }) => l.text)).toEqual(['port 80']);
    const checked = await house.must('POST', `${at}/funcs/check`, {
      body: {
        kind: 'qualification',
        schema: 'Web',
        code: 'function main(c: Input): Output {\n  return { result: c.domain.Prot };\n}',
      },
    });
    expect(checked.ok).toBe(false);
    expect(checked.diagnostics[0]).toMatchObject({ line: 2, severity: 'error' });
    expect((await house.must('GET', `${one}/types?schema=Web`)).text).toContain('main');
    expect(await root()).toBe(before);
    const code = 'function main({ input }) {\n  return String(input).toLowerCase();\n}';
    expect(await house.must('PUT', one, { body: { code, displayName: null, description: 'Makes it small.' } })).toEqual(
      { success: true },
    );
    expect(await house.must('GET', one)).toMatchObject({ code, displayName: 'Upper', description: 'Makes it small.' });
    const { funcs } = await house.must('GET', `${at}/funcs?kind=transformation`);
    expect(funcs).toMatchObject([{ id: made.funcId, name: 'upper', kind: 'Transformation', schemas: [] }]);
    const first = await house.must('GET', `${at}/funcs?limit=2`);
    const rest = await house.must('GET', `${at}/funcs?limit=2&cursor=${encodeURIComponent(first.nextCursor)}`);
    expect([...first.funcs, ...rest.funcs].map((f: { name: string }) => f.name)).toEqual([
      'conf',
      'portOk',
      'upper',
      'url',
    ]);
    await refused(() => house.ask('GET', `${at}/funcs/${nowhere}`), 404, 'function_not_found');
    await refused(() => house.ask('PUT', `${at}/funcs/${nowhere}`, { body: { code } }), 404, 'function_not_found');
    await refused(() => house.ask('PUT', one, { body: {} }), 422, 'request_malformed');
    await refused(
      () => house.ask('POST', `${at}/funcs/transformation`, { body: { name: 'x' } }),
      422,
      'request_malformed',
    );
    const head = await house.ask('PUT', one.replace(changeSet, 'HEAD'), { body: { code } });
    expect(head.body.reason).toMatch(/head_is_read_only|function_not_found/);
  });

  test('[EN552] a locked function is refused another text and unlocked once on a variant, whatever becomes of the copy', async () => {
    const open = async (name: string) =>
      (await house.must('POST', '~/change-sets', { body: { changeSetName: name } })).changeSet.id;
    const first = await open('first');
    const define =
      "function main() {\n  return new AssetBuilder().addProp(new PropBuilder().setName('a').setKind('string').build()).build();\n}";
    const schema = await house.must('POST', `~/change-sets/${first}/schemas`, {
      body: { name: 'Acme::Lock', code: define },
    });
    const code = "function main() {\n  return { result: 'success' };\n}";
    const funcs = `schemas/${schema.schemaId}/variant/${schema.defaultVariantId}/funcs/qualification`;
    const own = await house.must('POST', `~/change-sets/${first}/${funcs}`, {
      body: { name: 'own', code, skipOverlay: true },
    });
    await house.call('change_set.apply', { changeSet: first });
    const next = await open('next');
    const there = `~/change-sets/${next}`;
    const locked = await house.must('GET', `${there}/funcs/${own.funcId}`);
    expect(locked.isLocked).toBe(true);
    const put = await house.ask('PUT', `${there}/funcs/${own.funcId}`, { body: { code: `${code}//` } });
    expect({ status: put.status, reason: put.body.reason }).toEqual({ status: 412, reason: 'locked' });
    const unlock = (func: string, schemaVariantId: string) =>
      house.ask('POST', `${there}/funcs/${func}/unlock`, { body: { schemaVariantId } });
    expect((await unlock(own.funcId, schema.defaultVariantId)).body.reason).toBe('locked');
    const { unlockedVariantId } = await house.must('POST', `${there}/schemas/${schema.schemaId}/unlock`);
    const { status, body } = await unlock(own.funcId, unlockedVariantId);
    expect(status).toBe(200);
    expect(body.unlockedFuncId).not.toBe(own.funcId);
    await house.must('PUT', `${there}/funcs/${body.unlockedFuncId}`, { body: { code: `${code}// other` } });
    expect((await unlock(own.funcId, unlockedVariantId)).body).toEqual(body);
    expect((await unlock(body.unlockedFuncId, unlockedVariantId)).body).toEqual(body);
    const variant = await house.must('GET', `${there}/schemas/${schema.schemaId}/variant/${unlockedVariantId}`);
    expect(variant.variantFuncIds).toEqual([body.unlockedFuncId]);
    expect((await unlock(nowhere, unlockedVariantId)).status).toBe(404);
    expect((await unlock(own.funcId, nowhere)).status).toBe(404);
    const stranger = await house.must('POST', `${there}/funcs/transformation`, {
      body: { name: 's', code: 'function main() {}' },
    });
    await house.call('submit', { changeSet: next, mutations: [{ kind: 'function.lock', function: stranger.funcId }] });
    expect((await unlock(stranger.funcId, unlockedVariantId)).body.reason).toBe('binding_not_found');
  });

  test('[EN553] a run is told with its log, its function, its argument and what it gave', async () => {
    const tried = await house.must('POST', `${at}/funcs/test`, { body: { function: 'url', component: 'web' } });
    const { funcRun } = await house.must('GET', `${at}/funcs/runs/${tried.run}`);
    expect(funcRun).toMatchObject({
      id: tried.run,
      state: 'Success',
      actor: 'ada',
      componentName: 'web',
      schemaName: 'Web',
      functionName: 'url',
      functionKind: 'Attribute',
      backendKind: 'JsAttribute',
      functionArgs: { host: 'example.org', port: 80 },
      resultValue: 'http://example.org:80',
      actionId: null,
      logs: { finalized: true, logs: [{ stream: 'stdout', level: 'info', message: 'making example.org' }] },
    });
    expect(Buffer.from(funcRun.functionCodeBase64, 'base64').toString()).toContain('function main({ host, port }');
    const broken = await house.must('POST', `${at}/funcs/test`, {
      body: { function: 'portOk', component: 'web', code: "function main() { throw new Error('oops'); }" },
    });
    const failed = await house.must('GET', `${at}/funcs/runs/${broken.run}`);
    expect(failed.funcRun).toMatchObject({ state: 'Failure', functionCodeBase64: '', resultValue: null });
    expect(failed.funcRun.failure.message).toContain('oops');
    await refused(() => house.ask('GET', `${at}/funcs/runs/${nowhere}`), 404, 'run_not_found');
  });

  test('[EN554] D15 a debug function runs beside its request on what its component is; its result, failure and log are there later', async () => {
    const componentId = await idOf('web');
    const exec = (more: object) =>
      house.ask('POST', `${at}/debug-funcs`, {
        body: { componentId, name: 'look', handler: 'main', code: '', ...more },
      });
    const before = await root();
    const code =
      "async function look({ component, debugInput }) {\n  console.log('at', component.domain.Host);\n  await new Promise((r) => setTimeout(r, 300));\n  return { host: component.properties.domain.Host, debugInput };\n}";
    const started = await exec({ code, handler: 'look', debugInput: { a: [1] } });
    expect(started.status).toBe(200);
    const ticket = `${at}/debug-funcs/${started.body.debugFuncJobStateId}`;
    expect(['pending', 'executing']).toContain((await house.must('GET', ticket)).state);
    const done = await until(ticket, ended);
    expect(done).toMatchObject({
      state: 'success',
      failure: null,
      result: { host: 'example.org', debugInput: { a: [1] } },
    });
    const { funcRun } = await house.must('GET', `${at}/funcs/runs/${done.funcRunId}`);
    expect(funcRun).toMatchObject({ functionName: 'look', state: 'Success', componentId });
    expect(funcRun.logs.logs.map((l: { message: string }) => l.message)).toEqual(['at example.org']);
    const bad = await exec({ code: "function main() {\n  throw new Error('broken');\n}" });
    const failed = await until(`${at}/debug-funcs/${bad.body.debugFuncJobStateId}`, ended);
    expect(failed).toMatchObject({ state: 'failure', result: null });
    expect(failed.failure).toContain('broken');
    const effects = await exec({
      code: "async function main() {\n  return (await siExec.waitUntilEnd('echo', ['hi'])).stdout;\n}\n// @commands echo",
    });
    expect(await until(`${at}/debug-funcs/${effects.body.debugFuncJobStateId}`, ended)).toMatchObject({
      state: 'success',
      result: 'hi',
    });
    expect(await root()).toBe(before);
    const compile = await refused(() => exec({ code: 'function main() { return +; }' }), 422, 'function_invalid');
    expect(compile.errors[0].path).toMatch(/^text:1:/);
    await refused(() => exec({ code, handler: 'a b' }), 422, 'request_malformed');
    await refused(() => exec({ code, componentId: nowhere }), 404, 'component_not_found');
    await refused(() => house.ask('GET', `${at}/debug-funcs/${nowhere}`), 404, 'run_not_found');
    const head = await house.ask('POST', '~/change-sets/HEAD/debug-funcs', {
      body: { componentId, name: 'x', handler: 'main', code },
    });
    expect({ status: head.status, reason: head.body.reason }).toEqual({ status: 400, reason: 'head_is_read_only' });
  });

  test('[EN555] D16 a management function is pending, executes, and ends well or with the reason; meanwhile no second one begins', async () => {
    const manage = async (name: string, text: string) =>
      house.call('submit', {
        changeSet,
        mutations: [
          { kind: 'function.create', name, functionKind: 'management', text },
          { kind: 'binding.attach', function: name, schema: 'Web' },
        ],
      });
    await manage(
      'rename',
      "async function main({ thisComponent }) {\n  await new Promise((r) => setTimeout(r, 1_500));\n  return { status: 'ok', ops: { update: { self: { properties: { domain: { Note: 'managed' } } } } } };\n}",
    );
    const start = (fn: string) =>
      house.call<{ ticket: string }>('management.start', { changeSet, component: 'web', function: fn });
    const { ticket } = await start('rename');
    const path = `${at}/management-funcs/${ticket}`;
    const running = await until(path, ['executing']);
    expect(running.funcRunId).toMatch(/^[0-9A-Z]{26}$/);
    await expect(start('rename')).rejects.toMatchObject({ refusal: { code: 'already_running' } });
    const seen = new Set(['executing']);
    for (let body = running; !ended.includes(body.state); body = await house.must('GET', path)) seen.add(body.state);
    expect(await house.must('GET', path)).toMatchObject({ state: 'success', funcRunId: running.funcRunId });
    expect([...seen].every((s) => ['executing', 'operating'].includes(s))).toBe(true);
    const { value } = await house.call<{ value: { domain: { Note: string } } }>('component.get', {
      changeSet,
      component: 'web',
    });
    expect(value.domain.Note).toBe('managed');
    await manage('fails', "function main() {\n  return { status: 'error', message: 'out of order' };\n}");
    const before = await root();
    const failed = await until(`${at}/management-funcs/${(await start('fails')).ticket}`, ended);
    expect(failed.state).toBe('failure');
    expect(failed.failure).toContain('out of order');
    expect(await root()).toBe(before);
    await refused(() => house.ask('GET', `${at}/management-funcs/${nowhere}`), 404, 'run_not_found');
    await expect(start('none')).rejects.toMatchObject({ refusal: { code: 'function_not_found' } });
  });

  test('[EN556] runs are listed by what they are of, page by page, followed line by line, and ended', async () => {
    const text =
      "async function main() {\n  for (let n = 1; n < 400; n++) {\n    console.log('line', n);\n    await new Promise((r) => setTimeout(r, 50));\n  }\n}";
    const tried = await house.must('POST', `${at}/funcs/test`, {
      body: { kind: 'attribute', code: text, input: {}, waitMs: 0 },
    });
    const one = `~/runs/${tried.run}`;
    const first = await house.must('GET', `${one}/logs?after=0&limit=1&waitMs=20000`);
    expect(first.lines).toMatchObject([{ seq: 1, text: 'line 1' }]);
    const second = await house.must('GET', `${one}/logs?after=${first.after}&waitMs=20000`);
    expect(second.lines[0]).toMatchObject({ seq: 2, text: 'line 2' });
    expect(second.complete).toBe(false);
    const killed = await house.must('POST', `${one}/kill`);
    expect(killed.status).toBe('cancelled');
    expect((await house.must('GET', one)).status).toBe('cancelled');
    const shown = await house.must('GET', `${at}/funcs/runs/${tried.run}`);
    expect(shown.funcRun.state).toBe('Killed');
    const again = await house.ask('POST', `${one}/kill`);
    expect({ status: again.status, reason: again.body.reason }).toEqual({ status: 409, reason: 'run_not_active' });
    const all: string[] = [];
    let cursor = '';
    do {
      const page = await house.must('GET', `~/runs?changeSet=${changeSet}&limit=3${cursor}`);
      all.push(...page.runs.map((r: { id: string }) => r.id));
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect([...all].sort().reverse()).toEqual(all);
    expect(all).toContain(tried.run);
    const cancelled = await house.must('GET', '~/runs?status=cancelled,lost');
    expect(cancelled.runs.map((r: { id: string }) => r.id)).toEqual([tried.run]);
    await refused(() => house.ask('GET', '~/runs?status=odd'), 422, 'request_malformed');
    await refused(() => house.ask('GET', `~/runs/${nowhere}`), 404, 'run_not_found');
    await refused(() => house.ask('GET', `~/runs/${nowhere}/logs`), 404, 'run_not_found');
    const numbers = await house.must('GET', '~/runs/statistics');
    expect(numbers.ran).toBeGreaterThan(3);
    expect((await house.must('DELETE', '~/memo')).removed).toBeGreaterThan(0);
    expect((await house.must('POST', '~/runs/prune', { body: { newerThanMs: 0, count: 0 } })).pruned).toBeGreaterThan(
      3,
    );
    expect((await house.ask('GET', one)).status).toBe(404);
    const { token } = await house.must('POST', '~/tokens', { body: { name: 'editor', scopes: ['read', 'edit'] } });
    expect((await house.ask('DELETE', '~/memo', { token })).status).toBe(403);
  });
});
