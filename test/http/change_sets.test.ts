// Change sets over HTTP: opened, renamed, reviewed, put up for approval, applied, forced, ended.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';
import { applied, boxMutations, proposed, standing, tokenOf, withPeople } from './office.ts';

const box = (name: string, attributes: Record<string, unknown> = {}) => ({
  kind: 'component.create',
  schema: 'Box',
  name,
  attributes: attributes as never,
});

describe('change sets of one person', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open();
    await applied(house, 'schemas', ...boxMutations);
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('are opened, found by id and name, listed with Head, and unknown ones are not found', async () => {
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: 'mine' } });
    expect(changeSet).toEqual({ id: changeSet.id, name: 'mine', status: 'Open', isHead: false });
    expect(await house.must('GET', '~/change-sets/mine')).toEqual({ changeSet });
    expect((await house.must('GET', '~/change-sets/HEAD')).changeSet.isHead).toBe(true);
    const { changeSets } = await house.must('GET', '~/change-sets');
    expect(changeSets.map((c: { name: string }) => c.name)).toEqual(['HEAD', 'mine']);
    expect((await house.ask('GET', '~/change-sets/none')).status).toBe(404);
    await house.must('POST', '~/change-sets', { body: { changeSetName: 'mine' } });
    expect((await house.ask('GET', '~/change-sets/mine')).body.reason).toBe('ambiguous_name');
    expect((await house.ask('POST', '~/change-sets', { body: { changeSetName: ' ' } })).status).toBe(422);
  });

  test('[EN502] are all abandoned at once, and Head stays', async () => {
    const id = await proposed(house, 'one of many');
    await proposed(house, 'another');
    expect(await house.must('POST', '~/change-sets/purge_open')).toEqual({ success: true });
    const { changeSets } = await house.must('GET', '~/change-sets');
    expect(changeSets.map((c: { name: string }) => c.name)).toEqual(['HEAD']);
    expect((await house.must('GET', `~/change-sets/${id}`)).changeSet.status).toBe('Abandoned');
    const reopened = await house.must('POST', `~/change-sets/${id}/reopen`);
    expect(reopened.changeSet.status).toBe('Open');
    const { token } = await house.must('POST', '~/tokens', { body: { name: 'reader', scopes: ['read'] } });
    expect((await house.ask('POST', '~/change-sets/purge_open', { token })).status).toBe(403);
    expect((await house.must('GET', `~/change-sets/${id}`)).changeSet.status).toBe('Open');
  });

  test('are abandoned one by one, Head never', async () => {
    const id = await proposed(house, 'to go');
    expect(await house.must('DELETE', `~/change-sets/${id}`)).toEqual({ success: true });
    expect((await house.ask('DELETE', `~/change-sets/${id}`)).body.reason).toBe('change_set_not_open');
    const head = await house.ask('DELETE', '~/change-sets/HEAD');
    expect({ status: head.status, reason: head.body.reason }).toEqual({ status: 400, reason: 'head_is_read_only' });
    expect((await house.ask('DELETE', '~/change-sets/none')).status).toBe(404);
  });

  test('[EN501] get another name, which is no edit; what is over and Head keep theirs', async () => {
    const id = await proposed(house, 'first name', box('renamed'));
    const before = (await standing(house, id)) as { name: string };
    const { changeSet } = await house.must('PATCH', `~/change-sets/${id}`, { body: { changeSetName: 'second name' } });
    expect(changeSet).toEqual({ id, name: 'second name', status: 'Open', isHead: false });
    expect(await standing(house, id)).toEqual({ ...before, name: 'second name' });
    for (const chain of [id, 'HEAD']) {
      const entries = await house.call<{ kind: string; sentence: string; actor: string }[]>('audit.list', {
        changeSet: chain,
        kind: 'change_set.rename',
      });
      expect(entries).toMatchObject([{ actor: 'ada', sentence: 'rename change set "first name" to "second name"' }]);
    }
    // What is written after it stands on it.
    await house.call('submit', { changeSet: id, mutations: [box('later')] });
    expect((await house.must('GET', '~/change-sets/second name')).changeSet.id).toBe(id);
    expect(await house.call('verify', {})).toMatchObject({ problems: [] });
    const to = { body: { changeSetName: 'third name' } };
    expect((await house.ask('PATCH', '~/change-sets/HEAD', to)).status).toBe(400);
    expect((await house.ask('PATCH', `~/change-sets/${id}`, { body: { changeSetName: '' } })).status).toBe(422);
    await house.must('DELETE', `~/change-sets/${id}`);
    expect((await house.ask('PATCH', `~/change-sets/${id}`, to)).body.reason).toBe('change_set_not_open');
    expect((await house.must('GET', `~/change-sets/${id}`)).changeSet.name).toBe('second name');
  });

  test('are reviewed value by value: added, modified, removed, without what nobody declared', async () => {
    await applied(
      house,
      'before',
      box('changed', { '/domain/Size': 1 }),
      box('gone'),
      box('source', { '/domain/Note': 'n' }),
    );
    const follows = { $source: { component: 'source', path: '/domain/Note' } };
    const id = await proposed(
      house,
      'all kinds',
      { kind: 'component.delete', component: 'gone' },
      { kind: 'attribute.set', component: 'changed', path: '/domain/Size', value: 2 },
      { kind: 'attribute.set', component: 'changed', path: '/domain/Note', value: follows },
      { kind: 'attribute.set', component: 'source', path: '/si/color', value: '#123456' },
      box('made', { '/domain/Size': 7 }),
    );
    const review = await house.must('GET', `~/change-sets/${id}/review`);
    expect(review.summary).toEqual({ totalComponents: 3, added: 1, modified: 1, removed: 1 });
    expect(
      review.components.map((c: Record<string, string>) => [c['diffStatus'], c['componentName'], c['schemaName']]),
    ).toEqual([
      ['Added', 'made', 'Box'],
      ['Modified', 'changed', 'Box'],
      ['Removed', 'gone', 'Box'],
    ]);
    const [made, changed] = review.components;
    expect(made.attributeDiffs['/domain/Size']).toEqual({ changeType: 'added', newValue: 7, newSourceType: 'value' });
    expect(Object.keys(made.attributeDiffs).sort()).toEqual(['/domain/Size', '/si/name']);
    const source = await house.call<{ id: string }>('component.get', { component: 'source' });
    expect(changed.attributeDiffs).toEqual({
      '/domain/Note': {
        changeType: 'added',
        newValue: 'n',
        newSourceType: 'subscription',
        newSourceComponentId: source.id,
        newSourceComponentName: 'source',
        newSourcePath: '/domain/Note',
      },
      '/domain/Size': {
        changeType: 'modified',
        oldValue: 1,
        newValue: 2,
        oldSourceType: 'value',
        newSourceType: 'value',
      },
    });
    expect(made.resourceDiff).toBeUndefined();
    const whole = await house.must('GET', `~/change-sets/${id}/review?includeResourceDiff=true`);
    const texts = whole.components.map(
      (c: { resourceDiff: { current: string | null; diff: string } }) => c.resourceDiff,
    );
    expect(JSON.parse(texts[0].current)).toEqual({ Size: 7 });
    expect(texts[1].diff.split('\n')).toEqual(['  {', '-   "Size": 1', '+   "Size": 2,', '+   "Note": "n"', '  }']);
    expect(texts[2].current).toBeNull();
    expect(texts[2].diff).toMatch(/^- /);
    const head = await house.ask('GET', '~/change-sets/HEAD/review');
    expect({ status: head.status, reason: head.body.reason }).toEqual({ status: 400, reason: 'head_is_read_only' });
    expect((await house.ask('GET', '~/change-sets/none/review')).status).toBe(404);
  });

  test('[EN503] are applied when their approval is requested and nobody else could give it', async () => {
    const id = await proposed(house, 'alone', box('alone'));
    expect(await house.must('POST', `~/change-sets/${id}/request_approval`)).toEqual({ success: true });
    expect((await house.must('GET', `~/change-sets/${id}`)).changeSet.status).toBe('Applied');
    expect((await house.ask('POST', `~/change-sets/${id}/request_approval`)).status).toBe(400);
    expect((await house.ask('POST', '~/change-sets/HEAD/request_approval')).status).toBe(400);
  });

  test('are applied once by a key, and what became of it can be asked', async () => {
    const id = await proposed(house, 'to apply', box('applied'));
    const early = await house.ask('GET', `~/change-sets/${id}/outcome`);
    expect({ status: early.status, reason: early.body.reason }).toEqual({
      status: 412,
      reason: 'change_set_not_applied',
    });
    const headers = { 'idempotency-key': 'apply-1' };
    const receipt = await house.must('POST', `~/change-sets/${id}/apply`, { headers, body: { waitMs: 10_000 } });
    expect(receipt).toMatchObject({ changeSet: id, status: 'Applied', edits: 1, counts: { components: 1 } });
    expect(await house.must('POST', `~/change-sets/${id}/apply`, { headers, body: { waitMs: 10_000 } })).toEqual(
      receipt,
    );
    expect((await house.ask('POST', `~/change-sets/${id}/apply`)).status).toBe(400);
    const outcome = await house.must('GET', `~/change-sets/${id}/outcome`);
    expect(outcome.headVersion).toBe(receipt.headVersion);
    expect((await house.must('GET', `~/change-sets/${id}/receipt`)).lines).toEqual([]);
    // And taken back.
    const reverted = await house.must('POST', '~/change-sets/revert', { body: { changeSet: id, name: 'back' } });
    expect(reverted).toMatchObject({ changeSet: { name: 'back', status: 'Open' }, edits: 1, noInverse: [] });
    const review = await house.must('GET', `~/change-sets/${reverted.changeSet.id}/review`);
    expect(review.components).toMatchObject([{ componentName: 'applied', diffStatus: 'Removed' }]);
  });

  test('are split, exported and taken in again', async () => {
    const id = await proposed(house, 'both', box('left'), box('right'));
    const part = await house.must('POST', `~/change-sets/${id}/split`, {
      body: { components: ['left'], name: 'part' },
    });
    expect(part).toMatchObject({ changeSet: { name: 'part' }, needed: [] });
    const names = async (of: string) =>
      (await house.must('GET', `~/change-sets/${of}/review`)).components.map(
        (c: { componentName: string }) => c.componentName,
      );
    expect(await names(part.changeSet.id)).toEqual(['left']);
    expect((await house.ask('POST', `~/change-sets/${id}/split`, { body: { components: [] } })).status).toBe(422);
    const document = await house.must('GET', `~/change-sets/${id}/export`);
    const other = await house.call<{ id: string }>('workspace.create', { name: 'second' });
    const promoted = await house.must('POST', `/v1/w/${other.id}/change-sets/promote`, {
      body: { document, name: 'from there' },
    });
    expect(promoted).toMatchObject({ changeSet: { name: 'from there', status: 'Open' }, edits: 4 });
    expect(promoted.brought).toContain('Box');
    const review = await house.must('GET', `/v1/w/${other.id}/change-sets/${promoted.changeSet.id}/review`);
    expect(review.summary.added).toBe(2);
    expect((await house.ask('POST', '~/change-sets/promote', { body: { document: {} } })).status).toBe(422);
  });

  test('[EN500] are not forced while something is computed: 428, and nothing has changed', async () => {
    const id = await proposed(
      house,
      'slow',
      {
        kind: 'function.create',
        name: 'slow',
        functionKind: 'qualification',
        text: "function main() { let n = 0; for (let i = 0; i < 3e7; i++) n += i % 7; return { result: 'success', message: String(n) }; }",
      },
      { kind: 'binding.attach', function: 'slow', schema: 'Box' },
      box('late'),
    );
    const before = await standing(house, id);
    for (const verb of ['force_apply', 'apply']) {
      const refused = await house.ask('POST', `~/change-sets/${id}/${verb}`);
      expect({ status: refused.status, reason: refused.body.reason, retryable: refused.body.retryable }).toEqual({
        status: 428,
        reason: 'not_ready',
        retryable: true,
      });
    }
    expect(await standing(house, id)).toEqual(before);
    await house.must('DELETE', `~/change-sets/${id}`);
  });
});

describe('change sets of several people', () => {
  let house: HttpHouse;
  let people: { bob: string; eve: string; vic: string };
  beforeAll(async () => {
    house = await HttpHouse.open();
    await applied(
      house,
      'schemas',
      ...boxMutations,
      { kind: 'view.create', name: 'Guarded' },
      box('guarded'),
      box('free'),
    );
    await applied(
      house,
      'guards',
      { kind: 'view.add_component', view: 'Guarded', component: 'guarded' },
      { kind: 'view.set_approvers', view: 'Guarded', rule: { approvers: ['approver'], minimum: 1 } },
    );
    people = await withPeople(house);
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  async function asked(size: number, component = 'guarded', token = people.eve): Promise<string> {
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: `size ${size}` }, token });
    const mutations = [{ kind: 'attribute.set', component, path: '/domain/Size', value: size }];
    await house.must('POST', '~/operations/submit', { body: { changeSet: changeSet.id, mutations }, token });
    return changeSet.id;
  }

  test('[EN503] wait for the approvals that they need, of whoever may give them', async () => {
    const id = await asked(1);
    const refused = await house.ask('POST', `~/change-sets/${id}/apply`, { token: people.eve });
    expect({ status: refused.status, reason: refused.body.reason }).toEqual({
      status: 403,
      reason: 'approval_required',
    });
    expect(await house.must('POST', `~/change-sets/${id}/request_approval`, { token: people.eve })).toEqual({
      success: true,
    });
    expect((await house.must('GET', `~/change-sets/${id}`)).changeSet.status).toBe('NeedsApproval');
    const approvals = await house.must('GET', `~/change-sets/${id}/approvals`, { token: people.eve });
    expect(approvals).toMatchObject({ satisfied: false, requested: { by: 'eve' } });
    expect(approvals.requirements).toMatchObject([{ kind: 'view', have: 0, need: 1, whoMay: ['ada', 'bob'] }]);
    expect((await house.ask('POST', `~/change-sets/${id}/approve`, { token: people.eve })).status).toBe(403);
    expect((await house.ask('POST', `~/change-sets/${id}/approve`, { body: { requirement: 'none' } })).status).toBe(
      404,
    );
    const withdrawn = await house.must('POST', `~/change-sets/${id}/withdraw_approval`, { token: people.eve });
    expect(withdrawn.changeSet.status).toBe('Open');
    await house.must('POST', `~/change-sets/${id}/request_approval`, { token: people.eve });
    const rejected = await house.must('POST', `~/change-sets/${id}/reject`, { token: people.bob });
    expect(rejected.changeSet.status).toBe('Rejected');
    const requirement = approvals.requirements[0].id;
    const approved = await house.must('POST', `~/change-sets/${id}/approve`, {
      token: people.bob,
      body: { requirement },
    });
    expect(approved.changeSet.status).toBe('Approved');
    const receipt = await house.must('POST', `~/change-sets/${id}/apply`, { token: people.eve });
    expect(receipt.approvals).toMatchObject([{ by: 'bob', requirement }]);
  });

  test('[EN500] are forced by owners without them, and the audit says without which', async () => {
    for (const ask of [false, true]) {
      const id = await asked(ask ? 3 : 2);
      if (ask) await house.must('POST', `~/change-sets/${id}/request_approval`, { token: people.eve });
      const before = await standing(house, id);
      for (const token of [people.bob, people.eve, people.vic]) {
        const refused = await house.ask('POST', `~/change-sets/${id}/force_apply`, { token });
        expect({ status: refused.status, reason: refused.body.reason }).toEqual({
          status: 403,
          reason: 'access_denied',
        });
      }
      expect(await standing(house, id)).toEqual(before);
      expect(await house.must('POST', `~/change-sets/${id}/force_apply`)).toEqual({ success: true });
      expect((await house.must('GET', `~/change-sets/${id}`)).changeSet.status).toBe('Applied');
      const kind = 'change_set.force_apply';
      const [entry] = await house.call<{ actor: string; sentence: string }[]>('audit.list', { changeSet: id, kind });
      expect(entry).toMatchObject({ actor: 'ada' });
      expect(entry!.sentence).toMatch(/^force change set "size \d" \(1 mutation, without the approval of .*Guarded/);
    }
    const denied = await house.call<unknown[]>('audit.list', {
      changeSet: 'HEAD',
      kind: 'access.denied',
      actor: 'bob',
    });
    expect(denied.length).toBeGreaterThan(0);
  });

  test('[AC30] no agent forces one, whatever its token says', async () => {
    const id = await asked(4);
    const token = await tokenOf(house, 'ada', { agent: true, scopes: ['read', 'apply', 'apply:force'] });
    const before = await standing(house, id);
    const refused = await house.ask('POST', `~/change-sets/${id}/force_apply`, { token });
    expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status: 403, reason: 'access_denied' });
    expect(refused.body.message).toContain('agent');
    expect(await standing(house, id)).toEqual(before);
    const person = await tokenOf(house, 'ada', { scopes: ['read', 'apply:force'] });
    expect((await house.ask('POST', `~/change-sets/${id}/apply`, { token: person })).status).toBe(403);
    await house.must('POST', `~/change-sets/${id}/force_apply`, { token: person });
  });

  test('[EN500] nobody forces one over a budget', async () => {
    const budgets = await house.must('GET', '~/budgets');
    const strict = { ...budgets, roles: { owner: { forbiddenViews: ['Guarded'] } } };
    expect((await house.ask('PUT', '~/budgets', { body: strict, token: people.bob })).status).toBe(403);
    expect(await house.must('PUT', '~/budgets', { body: strict })).toEqual(strict);
    const id = await asked(5);
    const before = await standing(house, id);
    const refused = await house.ask('POST', `~/change-sets/${id}/force_apply`);
    expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status: 403, reason: 'budget_exceeded' });
    expect(await standing(house, id)).toEqual(before);
    await house.must('PUT', '~/budgets', { body: budgets });
    await house.must('POST', `~/change-sets/${id}/force_apply`);
  });
});
