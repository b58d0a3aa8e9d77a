// Commands on workspaces and change sets: each is one operation of the engine, printed for people or, with --json, as it
// was answered.

import type { Command } from 'commander';
import type { ApplyReceipt } from '../../engine/apply_receipt.ts';
import type { Comparison } from '../../engine/compare.ts';
import type { Review } from '../../engine/operations.ts';
import type { ToldLine } from '../../engine/receipt.ts';
import type { SplitReply } from '../../engine/split.ts';
import type { ChangeSetRow } from '../../ports/store.ts';
import { scheduled } from './commands_schedule.ts';
import { exitCodes } from './exit.ts';
import { amount } from './numbers.ts';
import { count, paint, table } from './output.ts';
import type { Run, Session } from './program.ts';
import { comparisonLines, summaryLine } from './render.ts';
import { besideLines, toldLines } from './render_approval.ts';
import { markdownLines } from './render_markdown.ts';
import { resultLines, withoutResults } from './render_results.ts';
import { carryOut } from './watch_actions.ts';

const exampleId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

export function changeSetCommands(program: Command, run: Run): void {
  const workspace = program.command('workspace').description('workspaces: tenants that share nothing');
  workspace
    .command('list')
    .description('list the workspaces')
    .addHelpText('after', '\nExample:\n  headwater workspace list')
    .action(() =>
      run('Reading workspaces', async (s) => {
        const rows = await s.call<{ id: string; name: string; head: string }[]>('workspace.list');
        s.print(rows, () =>
          rows.length === 0
            ? ['No workspace yet; the first command that needs one makes it.']
            : table(rows.map((w) => [w.name, w.id])),
        );
        return undefined;
      }),
    );
  workspace
    .command('create <name>')
    .description('create a workspace')
    .addHelpText('after', '\nExample:\n  headwater workspace create shop')
    .action((name: string) =>
      run('Creating the workspace', async (s) => {
        const row = await s.call<{ id: string; name: string }>('workspace.create', { name });
        s.print(row, () => [`Created workspace ${row.name} (${row.id}).`]);
        return undefined;
      }),
    );

  for (const verb of ['remove', 'restore'] as const) {
    workspace
      .command(`${verb} <workspace>`)
      .description(
        verb === 'remove'
          ? 'take a workspace out of use, by name or id: it refuses everything, and all of it stays'
          : 'bring a removed workspace back, by id',
      )
      .addHelpText('after', `\nExample:\n  headwater workspace ${verb} ${verb === 'remove' ? 'staging' : exampleId}`)
      .action((named: string) =>
        run(verb === 'remove' ? 'Removing the workspace' : 'Restoring the workspace', async (s) => {
          const reply = await s.call(`workspace.${verb}`, verb === 'remove' ? { workspace: named } : { id: named });
          s.print(reply ?? null, () => [`Workspace ${named} is ${verb === 'remove' ? 'removed' : 'back'}.`]);
          return undefined;
        }),
      );
  }

  const changeSet = program.command('change-set').alias('cs').description('change sets: isolated proposals of change');
  changeSet
    .command('create <name>')
    .description('open a change set on Head')
    .addHelpText('after', '\nExample:\n  headwater change-set create "new network"')
    .action((name: string) =>
      run('Opening the change set', async (s) => {
        const row = await s.call<ChangeSetRow>('change_set.create', { name });
        s.print(row, () => [
          `Opened change set ${JSON.stringify(row.name)} (${row.id}) on version ${row.baseVersion} of Head.`,
        ]);
        return undefined;
      }),
    );
  changeSet
    .command('list')
    .description('list the active change sets, Head included')
    .option('--all', 'also those that are applied or abandoned')
    .addHelpText(
      'after',
      `\nExamples:
  headwater change-set list
  headwater change-set list --all --json`,
    )
    .action((options: { all?: boolean }) =>
      run('Reading change sets', async (s) => {
        const rows = await s.call<ChangeSetRow[]>('change_set.list', { all: options.all === true });
        s.print(rows, () =>
          table([
            ['NAME', 'ID', 'STATUS', 'VERSION', 'ON HEAD'].map((h) => paint('dim', h)),
            ...rows.map((r) => [
              r.name,
              r.id,
              r.isHead ? 'Head' : r.status,
              String(r.version),
              r.isHead ? '' : `v${r.baseVersion}`,
            ]),
          ]),
        );
        return undefined;
      }),
    );
  changeSet
    .command('review <change-set>')
    .description('show what a change set would change, per component and path')
    .option('--detailed-exitcode', 'exit with 2 when there are changes')
    .option('--markdown', 'as Markdown, for a pull request')
    .addHelpText(
      'after',
      '\nMarks: + added, ~ changed, - removed, <- follows. Example:\n  headwater change-set review "new network" --detailed-exitcode\n  headwater change-set review "new network" --markdown > plan.md',
    )
    .action((name: string, options: { detailedExitcode?: boolean; markdown?: boolean }) =>
      run('Comparing with Head', async (s) => {
        const review = await s.call<Review>('change_set.review', { changeSet: name });
        const changes = review.components.length + review.records.length > 0;
        if (options.markdown === true && !s.json) s.write([], () => markdownLines(review));
        else s.print(review, () => reviewLines(review));
        return options.detailedExitcode && changes ? exitCodes.changes : exitCodes.ok;
      }),
    );
  changeSet
    .command('apply <change-set>')
    .description('make a change set part of Head')
    .option('--idempotency-key <key>', 'the same key applies once and answers the same')
    .option('--wait <seconds>', 'wait this long for what is still being computed; 0: refuse at once', amount(), 30)
    .option('--no-run', 'leave its actions queued: whoever uses the folder next carries them out')
    .option('--force', 'go ahead without approvals that are missing; for owners, and audited as what it is')
    .option('--at <time>', 'at a time from now on, as it is now: ISO 8601 with a zone, such as 2026-12-01T06:00Z')
    .option('--only <component...>', 'apply the edits of these components with what they need; the rest stays')
    .addHelpText(
      'after',
      '\nExamples:\n  headwater change-set apply "new network"\n  headwater change-set apply "new network" --only vpc subnet\n  headwater change-set apply "new network" --at 2026-12-01T06:00+01:00',
    )
    .action((all: string, options: ApplyOptions) =>
      run('Applying', async (s) => {
        const key = options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey };
        const name = options.only === undefined ? all : await partOf(s, all, options.only, key);
        if (options.at !== undefined) return scheduled(s, name, options.at);
        const operation = options.force === true ? 'change_set.force_apply' : 'change_set.apply';
        const receipt = await s.call<ApplyReceipt>(operation, {
          changeSet: name,
          waitMs: options.wait * 1_000,
          leaveQueued: !options.run,
          ...key,
        });
        s.print(receipt, () => appliedLines(receipt));
        return options.run && receipt.actions.length > 0 ? carryOut(s, { changeSet: receipt.changeSet }) : undefined;
      }),
    );
  changeSet
    .command('outcome <change-set>')
    .description('what became of an apply whose answer was not seen')
    .addHelpText('after', '\nExample:\n  headwater change-set outcome "new network"')
    .action((name: string) =>
      run('Reading the outcome', async (s) => {
        const receipt = await s.call<ApplyReceipt>('change_set.outcome', { changeSet: name });
        s.print(receipt, () => appliedLines(receipt));
        return undefined;
      }),
    );
  changeSet
    .command('receipt <change-set>')
    .description('what merging decided between a change set and others, line by line')
    .addHelpText('after', '\nExample:\n  headwater change-set receipt "new network"')
    .action((name: string) =>
      run('Reading the receipt', async (s) => {
        const told = await s.call<{ lines: readonly ToldLine[] }>('change_set.receipt', { changeSet: name });
        s.print(told, () => toldLines(told.lines));
        return undefined;
      }),
    );
  changeSet
    .command('rename <change-set> <name>')
    .description('give a change set another name; that is no edit of it')
    .addHelpText('after', '\nExample:\n  headwater change-set rename "new network" "network of production"')
    .action((named: string, name: string) =>
      run('Renaming', async (s) => {
        const row = await s.call<ChangeSetRow>('change_set.rename', { changeSet: named, name });
        s.print(row, () => [`Change set ${row.id} is called ${JSON.stringify(row.name)} now.`]);
        return undefined;
      }),
    );
  for (const verb of ['abandon', 'reopen'] as const) {
    changeSet
      .command(`${verb} <change-set>`)
      .description(
        verb === 'abandon'
          ? 'give a change set up; it can be reopened'
          : 'open an abandoned or rejected change set again',
      )
      .addHelpText('after', `\nExample:\n  headwater change-set ${verb} "new network"`)
      .action((name: string) =>
        run(verb === 'abandon' ? 'Abandoning' : 'Reopening', async (s) => {
          const row = await s.call<ChangeSetRow>(`change_set.${verb}`, { changeSet: name });
          s.print(row, () => [`Change set ${JSON.stringify(row.name)} is ${row.status}.`]);
          return undefined;
        }),
      );
  }

  program
    .command('diff [from] [to]')
    .description('compare two states; each is a change set (default HEAD), with @VERSION for an earlier version')
    .option('--detailed-exitcode', 'exit with 2 when there are changes')
    .addHelpText('after', '\nExample:\n  headwater diff HEAD@1 HEAD')
    .action((from: string | undefined, to: string | undefined, options: { detailedExitcode?: boolean }) =>
      run('Comparing', async (s) => {
        const params = { ...stateParams('from', from), ...stateParams('to', to) };
        const diff = await s.call<Comparison & { summary: Review['summary'] }>('diff', params);
        const changes = diff.components.length + diff.records.length > 0;
        s.print(diff, () => [...comparisonLines(diff), summaryLine(diff.summary)]);
        return options.detailedExitcode && changes ? exitCodes.changes : exitCodes.ok;
      }),
    );
}

interface ApplyOptions {
  readonly idempotencyKey?: string;
  readonly wait: number;
  readonly run: boolean;
  readonly force?: boolean;
  readonly at?: string;
  readonly only?: readonly string[];
}

export function reviewLines(review: Review): string[] {
  const { changeSet } = review;
  return [
    `Change set ${JSON.stringify(changeSet.name)} (${changeSet.id}), ${changeSet.status}, on version ${changeSet.baseVersion} of Head.`,
    '',
    ...comparisonLines(withoutResults(review)),
    ...resultLines(review),
    ...besideLines(review),
    summaryLine(review.summary),
  ];
}

/** The edits of some components as a change set of its own. */
async function partOf(
  s: Session,
  changeSet: string,
  components: readonly string[],
  key: { readonly idempotencyKey?: string },
): Promise<string> {
  const asked = key.idempotencyKey === undefined ? {} : { idempotencyKey: `${key.idempotencyKey} part` };
  const part = await s.call<SplitReply>('change_set.split', { changeSet, components: [...components], ...asked });
  const needed = part.needed.length === 0 ? '' : `, with ${part.needed.join(', ')}, which they need`;
  if (!s.json)
    s.write([], () => [
      `Applying ${part.edits} edits as the change set ${JSON.stringify(part.changeSet.name)}${needed}.`,
    ]);
  return part.changeSet.id;
}

export function appliedLines(r: ApplyReceipt): string[] {
  const by = [...new Set((r.approvals ?? []).map((a) => a.by))];
  return [
    `${paint('green', 'Applied')}: Head is at version ${r.headVersion} (${count(r.edits, 'mutation')}).`,
    ...(by.length === 0 ? [] : [`Approved by ${by.join(', ')}.`]),
    paint('dim', `intent root ${r.intentRoot}`),
  ];
}

function stateParams(side: 'from' | 'to', text: string | undefined): { [name: string]: string | number } {
  if (text === undefined) return {};
  const [, name, version] = /^(.*?)(?:@(\d+))?$/s.exec(text)!;
  return { [side]: name || 'HEAD', ...(version === undefined ? {} : { [`${side}Version`]: Number(version) }) };
}
