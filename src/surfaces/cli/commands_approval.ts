// Commands on approval, members and budgets: each is one operation of the engine. Approval commands belong to the group
// `change-set`, which is made elsewhere.

import type { Command } from 'commander';
import type { Budgets } from '../../access/budget.ts';
import type { Member } from '../../access/member.ts';
import type { ApprovalsView } from '../../engine/approvals.ts';
import type { ChangeSetRow } from '../../ports/store.ts';
import { readJson } from './files.ts';
import { paint, table } from './output.ts';
import type { Run } from './program.ts';
import { approvalLines, budgetLines } from './render_approval.ts';

export function approvalCommands(program: Command, run: Run): void {
  const changeSet = program.commands.find((c) => c.name() === 'change-set')!;
  for (const [verb, operation, label, description] of [
    [
      'request-approval',
      'change_set.request_approval',
      'Requesting approval',
      'close a change set to edits and ask those who have to approve it',
    ],
    [
      'withdraw',
      'change_set.withdraw',
      'Withdrawing',
      'take the request for approval back; approvals of what stays the same are kept',
    ],
  ] as const) {
    changeSet
      .command(`${verb} <change-set>`)
      .description(description)
      .addHelpText('after', `\nExample:\n  headwater change-set ${verb} "new network"`)
      .action((name: string) =>
        run(label, async (s) => {
          const row = await s.call<ChangeSetRow>(operation, { changeSet: name });
          s.print(row, () => [statusLine(row)]);
          return undefined;
        }),
      );
  }
  for (const [verb, label, description] of [
    ['approve', 'Approving', 'approve what you may approve of a change set, or one requirement of it'],
    ['reject', 'Rejecting', 'refuse a change set; it stands until you approve, or it is reopened or withdrawn'],
  ] as const) {
    changeSet
      .command(`${verb} <change-set>`)
      .description(description)
      .option('--requirement <id>', 'one requirement, as `change-set approvals` names it (default: all that are yours)')
      .addHelpText('after', `\nExample:\n  headwater --as bob change-set ${verb} "new network"`)
      .action((name: string, options: { requirement?: string }) =>
        run(label, async (s) => {
          const one = options.requirement === undefined ? {} : { requirement: options.requirement };
          const row = await s.call<ChangeSetRow>(`change_set.${verb}`, { changeSet: name, ...one });
          s.print(row, () => [statusLine(row)]);
          return undefined;
        }),
      );
  }
  changeSet
    .command('approvals <change-set>')
    .description('what has to be approved, by whom, and what has been')
    .addHelpText('after', '\nExample:\n  headwater change-set approvals "new network"')
    .action((name: string) =>
      run('Reading approvals', async (s) => {
        const view = await s.call<ApprovalsView>('change_set.approvals', { changeSet: name });
        s.print(view, () => approvalLines(view));
        return undefined;
      }),
    );
  memberCommands(program, run);
  budgetCommands(program, run);
}

function statusLine(row: ChangeSetRow): string {
  return `Change set ${JSON.stringify(row.name)} is ${row.status}.`;
}

function memberCommands(program: Command, run: Run): void {
  const member = program.command('member').description('members: who may do what in the workspace');
  member
    .command('list')
    .description('list the members; a workspace without any belongs to whoever uses it')
    .addHelpText('after', '\nExample:\n  headwater member list')
    .action(() => run('Reading members', async (s) => toldMembers(s, await s.call<Member[]>('member.list'))));
  member
    .command('set <id> <role>')
    .description('add a member or change one: owner, approver, collaborator or viewer')
    .option('--inactive', 'may do nothing, and is kept for what is said of them elsewhere')
    .addHelpText(
      'after',
      '\nThe first member that is added brings you along as owner.\nExample:\n  headwater member set bob approver',
    )
    .action((id: string, role: string, options: { inactive?: boolean }) =>
      run('Setting the member', async (s) => {
        const active = options.inactive !== true;
        return toldMembers(s, await s.call<Member[]>('member.set', { member: id, role, active }));
      }),
    );
  member
    .command('remove <id>')
    .description('remove a member')
    .addHelpText('after', '\nExample:\n  headwater member remove ada')
    .action((id: string) =>
      run('Removing the member', async (s) => toldMembers(s, await s.call<Member[]>('member.remove', { member: id }))),
    );
}

function toldMembers(s: Parameters<Parameters<Run>[1]>[0], members: readonly Member[]): undefined {
  s.print(members, () =>
    members.length === 0
      ? ['No members: whoever uses this workspace is its owner.']
      : table(members.map((m) => [m.id, m.role, m.active ? '' : paint('dim', 'inactive')])),
  );
  return undefined;
}

function budgetCommands(program: Command, run: Run): void {
  const budget = program.command('budget').description('budgets: how much one apply of a role or a token may do');
  budget
    .command('show')
    .description('show the budgets')
    .addHelpText('after', '\nExample:\n  headwater budget show')
    .action(() =>
      run('Reading budgets', async (s) => {
        const budgets = await s.call<Budgets>('budget.get');
        s.print(budgets, () => budgetLines(budgets));
        return undefined;
      }),
    );
  budget
    .command('set <file>')
    .description('replace all budgets by those of a JSON file; - reads standard input')
    .addHelpText(
      'after',
      `
Limits: destroysMax, changedComponentsMax, forbiddenViews, forbiddenSchemas; what is left out does not limit.
Example:
  echo '{"format":1,"roles":{"collaborator":{"destroysMax":0}},"tokens":{}}' | headwater budget set -`,
    )
    .action((file: string) =>
      run('Setting budgets', async (s) => {
        const budgets = await s.call<Budgets>('budget.set', { budgets: readJson(file) });
        s.print(budgets, () => budgetLines(budgets));
        return undefined;
      }),
    );
}
