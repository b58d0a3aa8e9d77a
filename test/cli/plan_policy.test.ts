// `headwater plan-policy` against a server: a function that judges plans is bound, judges, denies, and is taken off.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
let served: Served;

const guard = `function main(plan) {
  return plan.components.flatMap((c) => c.changes
    .filter((x) => x.after === 'bad' || x.after === 'odd')
    .map((x) => ({ level: x.after === 'bad' ? 'deny' : 'warn', message: 'no ' + x.after, component: c.name })));
}`;
const spec = {
  format: 1,
  domain: { kind: 'object', properties: { Note: { kind: 'string' } } },
  resourceValue: { kind: 'object', properties: {} },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
};
const mutations = [
  { kind: 'schema.create', name: 'Paper', spec },
  { kind: 'function.create', name: 'guard', functionKind: 'policy', text: guard },
  { kind: 'component.create', schema: 'Paper', name: 'letter', attributes: { '/domain/Note': 'fine' } },
];

beforeAll(async () => {
  served = await terminal.serve();
  await terminal.apply('paper', mutations);
  await terminal.hw('change-set', 'create', 'work');
}, 60_000);
afterAll(async () => {
  await served.stop();
});

const note = (text: string) => terminal.hw('component', 'set', 'letter', '/domain/Note', text, '--change-set', 'work');

describe('[EN714] headwater plan-policy', () => {
  test('binds a function of Head, and refuses what is none', async () => {
    expect((await terminal.hw('plan-policy', 'list')).out).toBe('No plan policies.\n');
    expect(await terminal.hw('plan-policy', 'bind', 'guard')).toMatchObject({
      code: 0,
      out: 'Plan policy "guard" judges every plan.\n',
    });
    expect((await terminal.hw('plan-policy', 'list')).out).toMatch(/^guard {2}\S{26}/);
    expect(await terminal.json('plan-policy', 'list')).toMatchObject([{ name: 'guard', isThere: true }]);
    const none = await terminal.run(['plan-policy', 'bind', 'nobody', '--json']);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.out)).toMatchObject({ error: { code: 'function_not_found' } });
  });

  test('says nothing, warns, and denies with exit code 3, which an apply meets as well', async () => {
    expect(await terminal.hw('plan-policy', 'check', 'work')).toMatchObject({
      code: 0,
      out: 'Nothing is said against it.\n',
    });
    await note('odd');
    const warned = await terminal.hw('plan-policy', 'check', 'work');
    expect(warned).toMatchObject({ code: 0, out: expect.stringContaining('no odd') });
    await note('bad');
    const denied = await terminal.hw('plan-policy', 'check', 'work');
    expect(denied).toMatchObject({ code: 3, out: expect.stringContaining('no bad') });
    const judged = await terminal.json('plan-policy', 'check', 'work');
    expect(judged).toMatchObject({
      findings: [{ policy: 'guard', level: 'deny', message: 'no bad', component: 'letter' }],
    });
    const refused = await terminal.hw('change-set', 'apply', 'work');
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('guard: no bad') });
  }, 60_000);

  test('shows the plan as a policy gets it', async () => {
    const plan = await terminal.json<{ components: object[] }>('plan-policy', 'plan', 'work');
    expect(plan).toMatchObject({ format: 1, components: [{ name: 'letter' }] });
    expect(JSON.parse((await terminal.hw('plan-policy', 'plan', 'work')).out)).toEqual(plan);
    expect(await terminal.hw('plan-policy', 'plan', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('change set not found'),
    });
  });

  test('takes it off, and then nothing is denied', async () => {
    expect(await terminal.hw('plan-policy', 'unbind', 'guard')).toMatchObject({
      code: 0,
      out: 'Plan policy "guard" judges no plans any more.\n',
    });
    const again = await terminal.run(['plan-policy', 'unbind', 'guard', '--json']);
    expect({ code: again.code, error: JSON.parse(again.out).error?.code }).not.toMatchObject({ code: 0 });
    expect((await terminal.hw('change-set', 'apply', 'work')).code).toBe(0);
  });
});
