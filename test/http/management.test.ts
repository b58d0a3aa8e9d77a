// Management functions started over the wire.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

const spec = { format: 1, domain: { kind: 'object', properties: { size: { kind: 'integer' } } } };
const bodies = {
  make: "return { status: 'ok', message: 'made', ops: { create: { child: { properties: { domain: { size: 7 } } } } } };",
  fail: "throw new Error('no');",
  slow: "await new Promise((r) => setTimeout(r, 1500)); return { status: 'ok' };",
  wrong: "return { status: 'ok', ops: { create: { child: { kind: 'Nope' } } } };",
};

describe('[EN522] a management function that is started', () => {
  let house: HttpHouse;
  let cs: string;
  let binding: string;
  beforeAll(async () => {
    house = await HttpHouse.open();
    cs = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'work' } })).changeSet.id;
    const { steps } = await house.must('POST', `~/change-sets/${cs}/mutations`, {
      body: {
        mutations: [
          { kind: 'schema.create', name: 'Box', spec },
          { kind: 'component.create', schema: 'Box', name: 'a' },
          ...Object.entries(bodies).flatMap(([name, body]) => [
            {
              kind: 'function.create',
              name,
              functionKind: 'management',
              text: `async function main(input) {\n${body}\n}`,
            },
            { kind: 'binding.attach', function: name, schema: 'Box' },
          ]),
        ],
      },
    });
    binding = steps.find((s: { kind: string }) => s.kind === 'binding.attach').subject;
  }, 60_000);
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  const start = (managementFunction: object, more: object = {}, component = 'a', headers = {}) =>
    house.ask('POST', `~/change-sets/${cs}/components/${component}/execute-management-function`, {
      body: { managementFunction, ...more },
      headers,
    });
  const state = (job: string) => house.must('GET', `~/change-sets/${cs}/management-funcs/${job}`);
  const ended = async (run: string) => {
    for (;;) {
      const now = await state(run);
      if (now.state === 'success' || now.state === 'failure') return now;
      await new Promise((r) => setTimeout(r, 20));
    }
  };
  const found = async (q: string) => (await house.must('GET', `~/change-sets/${cs}/search?q=${q}`)).components.length;

  test('is carried out, and its run is told at once', async () => {
    const { status, body } = await start({ function: 'make' });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        managementFuncJobStateId: expect.any(String),
        funcRunId: null,
        status: 'Ok',
        message: 'enqueued',
      },
    });
    const { state: at, funcRunId } = await ended(body.managementFuncJobStateId);
    expect(at).toBe('success');
    expect(await found('child')).toBe(1);
    const record = await house.call<{ kind: string }>('run.get', { run: funcRunId });
    expect(record.kind).toBe('management');
  });

  test('may be named by its binding, and is started once under a key', async () => {
    const headers = { 'idempotency-key': 'start-once' };
    const first = await start({ managementPrototypeId: binding }, {}, 'a', headers);
    await ended(first.body.managementFuncJobStateId);
    const before = await found('child');
    const again = await start({ managementPrototypeId: binding }, {}, 'a', headers);
    expect(again.body).toEqual(first.body);
    expect(await found('child')).toBe(before);
  });

  test('that fails, or returns what cannot be carried out, says so and changes nothing', async () => {
    const before = await house.call<{ version: number }>('change_set.get', { changeSet: cs });
    const failed = await start({ function: 'fail' });
    expect(await ended(failed.body.managementFuncJobStateId)).toMatchObject({
      state: 'failure',
      failure: expect.stringContaining('function_failed'),
    });
    const wrong = await start({ function: 'wrong' });
    expect((await ended(wrong.body.managementFuncJobStateId)).state).toBe('failure');
    expect(await house.call('change_set.get', { changeSet: cs })).toEqual(before);
  });

  test('is refused before it runs: twice at once, unknown, unbound, in no view, on Head', async () => {
    const slow = await start({ function: 'slow' });
    expect(['pending', 'executing']).toContain((await state(slow.body.managementFuncJobStateId)).state);
    const twice = await start({ function: 'slow' });
    expect({ status: twice.status, reason: twice.body.reason }).toEqual({ status: 409, reason: 'already_running' });
    expect((await start({ function: 'nobody' })).status).toBe(404);
    expect((await start({ function: 'make' }, {}, 'nobody')).status).toBe(404);
    expect((await start({ function: 'make' }, { viewName: 'Nope' })).status).toBe(404);
    expect((await start({})).status).toBe(422);
    expect((await ended(slow.body.managementFuncJobStateId)).state).toBe('success');
    expect((await house.ask('GET', `~/change-sets/${cs}/management-funcs/nowhere`)).status).toBe(404);
  });
});
