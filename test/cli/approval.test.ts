// Two people and a robot at one machine: approval, budgets and members, as a transcript that people can read.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import type { ApprovalsView } from '../../src/engine/approvals.ts';
import type { Review } from '../../src/engine/operations.ts';
import { Terminal } from './terminal.ts';

async function protectedView(t: Terminal): Promise<void> {
  await t.hw('--as', 'ada', 'change-set', 'create', 'start');
  const mutations = [
    { kind: 'view.create', name: 'Edge' },
    { kind: 'view.set_approvers', view: 'Edge', rule: { approvers: ['approver'], minimum: 1 } },
    { kind: 'component.create', schema: 'AWS::SQS::Queue', name: 'orders' },
    { kind: 'view.add_component', view: 'Edge', component: 'orders' },
  ];
  await t.run(['--as', 'ada', 'submit', '-', '--change-set', 'start'], JSON.stringify(mutations));
  await t.hw('--as', 'ada', 'change-set', 'apply', 'start');
}

describe('approval at the command line', () => {
  test('B24 a change of a protected view: asked for, rejected, approved, applied by somebody else', async () => {
    const t = new Terminal();
    await protectedView(t);
    writeFileSync(
      join(t.folder, 'budgets.json'),
      JSON.stringify({ format: 1, roles: { collaborator: { changedComponentsMax: 1 } }, tokens: {} }),
    );
    const eve = ['--as', 'eve'];
    const steps: string[][] = [
      ['--as', 'ada', 'member', 'list'],
      ['--as', 'ada', 'member', 'set', 'bob', 'approver'],
      ['--as', 'ada', 'member', 'set', 'eve', 'collaborator'],
      ['--as', 'zoe', 'change-set', 'list'],
      [...eve, 'change-set', 'create', 'slower'],
      [...eve, 'component', 'set', 'orders', '/domain/DelaySeconds', '30', '--change-set', 'slower'],
      [...eve, 'change-set', 'review', 'slower'],
      [...eve, 'change-set', 'apply', 'slower'],
      [...eve, 'change-set', 'request-approval', 'slower'],
      [...eve, 'change-set', 'approve', 'slower'],
      ['--as', 'bob', 'change-set', 'reject', 'slower'],
      [...eve, 'change-set', 'apply', 'slower'],
      [...eve, 'change-set', 'withdraw', 'slower'],
      [...eve, 'component', 'set', 'orders', '/domain/DelaySeconds', '3', '--change-set', 'slower'],
      [...eve, 'change-set', 'request-approval', 'slower'],
      ['--as', 'bob', 'change-set', 'approvals', 'slower'],
      ['--as', 'bob', 'change-set', 'approve', 'slower'],
      [...eve, 'change-set', 'approvals', 'slower'],
      [...eve, 'change-set', 'apply', 'slower'],
      [...eve, 'change-set', 'outcome', 'slower'],
      [...eve, 'change-set', 'receipt', 'slower'],
      [...eve, 'change-set', 'approvals', 'slower'],
      ['--as', 'ada', 'budget', 'show'],
      ['--as', 'ada', 'budget', 'set', 'budgets.json'],
      [...eve, 'change-set', 'create', 'two'],
      [...eve, 'component', 'create', 'AWS::SQS::Queue', 'b', '--change-set', 'two'],
      [...eve, 'component', 'create', 'AWS::SQS::Queue', 'c', '--change-set', 'two'],
      [...eve, 'change-set', 'apply', 'two'],
      [...eve, 'budget', 'set', 'budgets.json'],
      ['--as', 'ada', 'member', 'set', 'eve', 'collaborator', '--inactive'],
      ['--as', 'ada', 'member', 'remove', 'bob'],
      ['--as', 'ada', 'audit', 'list', '--change-set', 'slower'],
      ['--as', 'ada', 'verify'],
    ];
    const transcript: string[] = [];
    for (const step of steps) transcript.push(await t.show(...step));
    await expect(transcript.join('\n')).toMatchFileSnapshot(join(import.meta.dirname, 'fixtures/approval.txt'));
  }, 90_000);

  test('a review shows the receipt, what the engine adds, and the approvals that are missing', async () => {
    const t = new Terminal();
    await protectedView(t);
    const ada = ['--as', 'ada'];
    for (const [id, role] of [
      ['bob', 'approver'],
      ['eve', 'collaborator'],
    ])
      await t.hw(...ada, 'member', 'set', id!, role!);
    for (const [name, seconds] of [
      ['mine', '1'],
      ['theirs', '2'],
    ]) {
      await t.hw(...ada, 'change-set', 'create', name!);
      await t.hw(...ada, 'component', 'set', 'orders', '/domain/DelaySeconds', seconds!, '--change-set', name!);
    }
    await t.hw(...ada, 'change-set', 'request-approval', 'theirs');
    await t.hw('--as', 'bob', 'change-set', 'approve', 'theirs');
    expect((await t.hw(...ada, 'change-set', 'apply', 'theirs')).code).toBe(0);
    const { out } = await t.hw(...ada, 'change-set', 'review', 'mine');
    expect(out).toMatch(/^Receipt\n {2}\S.*DelaySeconds/m);
    expect(out).toMatch(/^Approvals missing\n {2}changes in view "Edge": 0 of 1, ask bob/m);
    const receipt = await t.hw(...ada, 'change-set', 'receipt', 'mine');
    expect(receipt.out).toContain('DelaySeconds');
    const review = await t.json<Review>(...ada, 'change-set', 'review', 'mine');
    expect(review.receipt).toHaveLength(1);
    expect(review.approvals.satisfied).toBe(false);
  }, 60_000);

  test('--json on all of them; 3 for what approval or budget refuses', async () => {
    const t = new Terminal();
    await protectedView(t);
    const ada = ['--as', 'ada'];
    writeFileSync(join(t.folder, 'none.json'), '{"format":1,"roles":{"owner":{"changedComponentsMax":0}},"tokens":{}}');
    expect(await t.json(...ada, 'member', 'set', 'bob', 'approver')).toHaveLength(2);
    expect(await t.json(...ada, 'member', 'list')).toHaveLength(2);
    await t.json(...ada, 'change-set', 'create', 'a');
    await t.json(...ada, 'component', 'set', 'orders', '/domain/DelaySeconds', '1', '--change-set', 'a');
    const refused = await t.run([...ada, 'change-set', 'apply', 'a', '--json']);
    expect([refused.code, JSON.parse(refused.out)]).toMatchObject([3, { error: { code: 'approval_required' } }]);
    expect(await t.json(...ada, 'change-set', 'request-approval', 'a')).toMatchObject({ status: 'NeedsApproval' });
    const { requirements } = await t.json<ApprovalsView>(...ada, 'change-set', 'approvals', 'a');
    const one = ['--requirement', requirements[0]!.id];
    expect(await t.json('--as', 'bob', 'change-set', 'reject', 'a', ...one)).toMatchObject({ status: 'Rejected' });
    expect(await t.json('--as', 'bob', 'change-set', 'approve', 'a', ...one)).toMatchObject({ status: 'Approved' });
    expect(await t.json(...ada, 'budget', 'set', 'none.json')).toMatchObject({ format: 1 });
    expect(await t.json(...ada, 'budget', 'show')).toMatchObject({ roles: { owner: { changedComponentsMax: 0 } } });
    const over = await t.run([...ada, 'change-set', 'apply', 'a', '--json']);
    expect([over.code, JSON.parse(over.out)]).toMatchObject([3, { error: { code: 'budget_exceeded' } }]);
    expect(await t.json('--as', 'bob', 'change-set', 'apply', 'a')).toMatchObject({ approvals: [{ by: 'bob' }] });
    expect(await t.json<ApplyReceipt>(...ada, 'change-set', 'outcome', 'a')).toMatchObject({ status: 'Applied' });
    expect(await t.json(...ada, 'change-set', 'receipt', 'a')).toMatchObject({ lines: [] });
    expect((await t.hw(...ada, 'change-set', 'withdraw', 'a', '--json')).code).toBe(1);
    expect(await t.json(...ada, 'member', 'remove', 'bob')).toHaveLength(1);
  }, 60_000);

  test('a client of another process is who it says it is, not whom that process works for', async () => {
    const t = new Terminal();
    const built = new URL('../../dist/main/data_folder.js', import.meta.url).href;
    const { connect } = (await import(built)) as typeof import('../../src/main/data_folder.ts');
    const held = await connect(join(t.folder, '.headwater'), () => {}, 'ada');
    try {
      await held.call('member.set', { member: 'bob', role: 'viewer' });
      expect((await t.hw('--as', 'bob', 'change-set', 'create', 'x')).code).toBe(3);
      expect((await t.hw('--as', 'zoe', 'change-set', 'list')).code).toBe(3);
      expect((await t.hw('change-set', 'create', 'x')).code).toBe(3);
      expect((await t.hw('change-set', 'create', 'x', '--as', 'ada')).code).toBe(0);
      t.variables = { HEADWATER_ACTOR: 'ada' };
      expect((await t.hw('change-set', 'create', 'y')).code).toBe(0);
      expect((await t.hw('change-set', 'create', 'z', '--as', 'bob')).code).toBe(3);
      const listed = await held.call('audit.list', { changeSet: 'HEAD', kind: 'access.denied' });
      expect(listed.ok && (listed.value as { actor: string }[]).map((r) => r.actor).slice(0, 2)).toEqual([
        'bob',
        'zoe',
      ]);
    } finally {
      await held.close();
    }
  }, 60_000);

  test('has help with examples, which says what --as is', async () => {
    const t = new Terminal();
    expect((await t.hw('--help')).out).toContain('no proof of identity');
    for (const verb of ['request-approval', 'approve', 'reject', 'withdraw', 'approvals', 'receipt', 'outcome'])
      expect((await t.hw('change-set', verb, '--help')).out).toContain('Example');
    expect((await t.hw('budget', 'set', '--help')).out).toContain('Example');
    expect((await t.hw('member', 'set', '--help')).out).toContain('Example');
  }, 30_000);
});
