// Plan policies: functions of Head that judge whole plans. They really run.

import { expect, test } from 'vitest';
import type { Judged, PolicyLine } from '../../src/engine/plan_policy.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { functionHouse } from './function_house.ts';
import type { House } from './house.ts';

async function withPolicy(text: string, name = 'guard'): Promise<{ house: House; changeSet: string }> {
  const house = await functionHouse();
  const first = await house.withBox();
  await house.submit(first, { kind: 'function.create', name, functionKind: 'policy', text });
  await house.create(first, 'box', { '/domain/text': 'before' });
  await house.call('change_set.apply', { changeSet: first });
  return { house, changeSet: await house.open('mine') };
}

const noBad = `function main(plan) {
  console.log('judging');
  return plan.components.flatMap((c) => c.changes
    .filter((x) => x.after === 'bad' || x.after === 'odd')
    .map((x) => ({ level: x.after === 'bad' ? 'deny' : 'warn', message: 'no ' + x.after + ' at ' + x.path + ', was ' + x.before, component: c.name })));
}`;

const check = async (house: House, changeSet: string) =>
  (await house.call<Judged>('plan_policy.check', { changeSet })).findings;

test('[EN612] [EN613] a denial refuses the apply, a warning goes to the audit, a review shows both', async () => {
  const { house, changeSet } = await withPolicy(noBad);
  await house.set(changeSet, 'box', '/domain/text', 'bad');
  expect(await check(house, changeSet)).toEqual([]);
  const bound = await house.call<PolicyLine>('plan_policy.bind', { function: 'guard' });
  expect(await house.call('plan_policy.list')).toEqual([bound]);
  const denial = {
    policy: 'guard',
    level: 'deny',
    message: 'no bad at /domain/text, was before',
    component: 'box',
  };
  expect(await check(house, changeSet)).toEqual([denial]);
  expect((await house.call<{ policies: unknown }>('change_set.review', { changeSet })).policies).toEqual([denial]);
  const head = (await house.row('HEAD')).version;
  for (const operation of ['change_set.apply', 'change_set.force_apply']) {
    const refusal = await house.refused(operation, { changeSet });
    expect(refusal).toMatchObject({ code: 'plan_denied', data: { denied: [denial] } });
    expect(refusal.got).toBe('guard: no bad at /domain/text, was before');
  }
  expect((await house.row('HEAD')).version).toBe(head);
  expect((await house.row(changeSet)).status).toBe('Open');
  const denied = await house.call<{ sentence: string }[]>('audit.list', { kind: 'plan_policy.deny' });
  expect(denied[0]!.sentence).toBe('refuse to apply change set "mine": guard: no bad at /domain/text, was before');
  await house.set(changeSet, 'box', '/domain/text', 'odd');
  expect(await check(house, changeSet)).toMatchObject([{ level: 'warn' }]);
  await house.call('change_set.apply', { changeSet });
  const warned = await house.call<{ sentence: string }[]>('audit.list', { changeSet, kind: 'plan_policy.warn' });
  expect(warned.map((e) => e.sentence)).toEqual(['plan policy guard warns: no odd at /domain/text, was before']);
  await house.sound();
  await house.close();
});

test('[EN612] it gets the whole plan; only a function of Head of its kind is bound, by an owner', async () => {
  const { house, changeSet } = await withPolicy(noBad);
  await house.set(changeSet, 'box', '/domain/text', 'after');
  await house.create(changeSet, 'second');
  const plan = await house.call<{ components: { name: string; changes: unknown[] }[] }>('plan_policy.plan', {
    changeSet,
  });
  expect(plan).toMatchObject({
    format: 1,
    actor: 'ada',
    changeSet: { name: 'mine' },
    workspace: { name: 'default' },
    actions: [],
  });
  expect(plan.components.map((c) => c.name).toSorted()).toEqual(['box', 'second']);
  expect(plan.components.find((c) => c.name === 'box')!.changes).toEqual([
    { path: '/domain/text', status: 'Modified', before: 'before', after: 'after', derived: false },
  ]);
  const bob = { id: 'bob', role: 'approver' } as const;
  for (const operation of ['plan_policy.bind', 'plan_policy.unbind'])
    expect((await house.refused(operation, { function: 'guard' }, bob)).code).toBe('access_denied');
  await house.submit(
    changeSet,
    { kind: 'function.create', name: 'mine-only', functionKind: 'policy', text: noBad },
    { kind: 'function.create', name: 'other', functionKind: 'attribute', text: 'function main() {}' },
    {
      kind: 'function.create',
      name: 'reaches',
      functionKind: 'policy',
      text: "async function main() { await fetch('https://example.org'); }",
    },
  );
  const attach = { kind: 'binding.attach', function: 'mine-only', schema: 'Box' } as const;
  expect((await house.refused('submit', { changeSet, mutations: [attach] })).code).toBe('kind_mismatch');
  expect((await house.refused('plan_policy.bind', { function: 'mine-only' })).code).toBe('function_not_found');
  await house.call('change_set.apply', { changeSet });
  for (const name of ['other', 'reaches'])
    expect((await house.refused('plan_policy.bind', { function: name })).code).toBe('kind_mismatch');
  expect((await house.refused('plan_policy.unbind', { function: 'guard' })).code).toBe('plan_policy_not_found');
  expect((await house.refused('plan_policy.check', { changeSet: 'HEAD' })).code).toBe('head_is_read_only');
  await house.close();
});

test('[EN614] what cannot be evaluated denies', async () => {
  const { house, changeSet } = await withPolicy(
    `function main(plan) {
      const c = plan.components.find((x) => x.name === 'box');
      const how = c.changes[0].after;
      if (how === 'throws') throw new Error('broken');
      return how === 'text' ? 'fine' : how === 'level' ? [{ level: 'no', message: 'x' }] : null;
    }`,
  );
  await house.call('plan_policy.bind', { function: 'guard' });
  for (const how of ['throws', 'text', 'level']) {
    await house.set(changeSet, 'box', '/domain/text', how);
    expect(await check(house, changeSet)).toMatchObject(
      [{ level: 'deny', message: /it cannot be evaluated/ }].map((f) => ({
        ...f,
        message: expect.stringMatching(f.message),
      })),
    );
    expect((await house.refused('change_set.apply', { changeSet })).code).toBe('plan_denied');
  }
  await house.set(changeSet, 'box', '/domain/text', 'none');
  await house.call('change_set.apply', { changeSet });
  await house.close();
});

test('[EN615] the policy is Head’s, equal plans are judged once, and an unbound one judges nothing', async () => {
  const { house, changeSet } = await withPolicy(noBad);
  await house.call('plan_policy.bind', { function: 'guard' });
  await house.set(changeSet, 'box', '/domain/text', 'bad');
  const copy = await house.submit(changeSet, { kind: 'function.unlock', function: 'guard' });
  const text = 'function main() { return []; }';
  await house.submit(changeSet, { kind: 'function.edit_text', function: copy.steps[0]!.subject, text });
  expect(await check(house, changeSet)).toMatchObject([{ level: 'deny' }]);
  await check(house, changeSet);
  await house.refused('change_set.apply', { changeSet });
  const { items: runs } = await house.call<{ items: RunRecord[] }>('run.list', { changeSet });
  expect(runs.filter((r) => r.kind === 'policy')).toHaveLength(1);
  await house.reopen();
  expect(await check(house, changeSet)).toMatchObject([{ level: 'deny' }]);
  await house.call('plan_policy.unbind', { function: 'guard' });
  expect(await check(house, changeSet)).toEqual([]);
  await house.call('change_set.apply', { changeSet });
  await house.close();
});
