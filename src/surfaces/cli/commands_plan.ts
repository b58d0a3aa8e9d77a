// `headwater plan` and `headwater apply`: a plan in a file, and carrying out exactly that. What has moved since is a refusal with
// exit code 4; nothing else is ever applied.

import type { Command } from 'commander';
import { RefusalError } from '../../base/result.ts';
import type { ApplyReceipt } from '../../engine/apply_receipt.ts';
import type { Review } from '../../engine/operations.ts';
import { type PlanFile, parsePlanFile } from '../../engine/plan_file.ts';
import type { StatePage } from '../../engine/state_document.ts';
import { appliedLines, reviewLines } from './commands_change_set.ts';
import { exitCodes } from './exit.ts';
import { parsedJson, readText, writeText } from './files.ts';
import { amount } from './numbers.ts';
import { paint } from './output.ts';
import type { Run, Session } from './program.ts';
import { carryOut } from './watch_actions.ts';

interface PlanOptions {
  readonly out?: string;
  readonly wait: number;
  readonly detailedExitcode?: boolean;
}

export function planCommands(program: Command, run: Run): void {
  program
    .command('plan <change-set>')
    .description('what applying a change set would do, for people and as a file that `headwater apply` takes')
    .option('-o, --out <file>', 'write the plan there')
    .option('--wait <seconds>', 'wait this long for what is still being computed; 0: refuse at once', amount(), 30)
    .option('--detailed-exitcode', 'exit with 2 when there are changes')
    .addHelpText(
      'after',
      `
The file names the change set, its version and that of Head, with their roots, and every action. With --json the same
document is printed.
Examples:
  headwater plan network -o plan.json
  headwater apply plan.json`,
    )
    .action((name: string, options: PlanOptions) => run('Planning', (s) => planned(s, name, options)));
  program
    .command('apply <file>')
    .description('carry out exactly a plan of `headwater plan`; refused with exit code 4 when anything has moved')
    .option('--wait <seconds>', 'wait this long for what is still being computed; 0: refuse at once', amount(), 30)
    .option('--no-run', 'leave its actions queued: whoever uses the folder next carries them out')
    .addHelpText(
      'after',
      `
A plan is carried out once: applied again it answers as the first time.
Example:
  headwater apply plan.json`,
    )
    .action((file: string, options: { wait: number; run: boolean }) =>
      run('Applying', (s) => applied(s, file, options)),
    );
  program
    .command('state')
    .description('the whole state as one document: components with their values and resources')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .option('-o, --out <file>', 'write it there (default: standard output)')
    .addHelpText(
      'after',
      `
Format headwater.state, version 1: later versions only add to it. All of it is of one version of the change set.
Examples:
  headwater state -o state.json
  headwater state --change-set network | jq '.components[].name'`,
    )
    .action((options: StateOptions) => run('Reading the state', (s) => stated(s, options)));
}

interface StateOptions {
  readonly changeSet?: string;
  readonly out?: string;
}

async function stated(s: Session, { changeSet = 'HEAD', out }: StateOptions): Promise<undefined> {
  const ask = { changeSet, limit: 300 };
  let page = await s.call<StatePage>('state.read', ask);
  const { nextCursor: _, components: first, ...head } = page;
  const components = [...first];
  while (page.nextCursor !== null) {
    page = await s.call<StatePage>('state.read', { ...ask, cursor: page.nextCursor, version: head.changeSet.version });
    components.push(...page.components);
  }
  const document = { ...head, components };
  if (out === undefined) s.write([document], () => JSON.stringify(document, null, 2).split('\n'));
  else {
    writeText(out, `${JSON.stringify(document, null, 2)}\n`);
    s.print({ file: out, components: components.length }, () => [
      `${out} has ${components.length} ${components.length === 1 ? 'component' : 'components'}.`,
    ]);
  }
  return undefined;
}

async function planned(s: Session, changeSet: string, { out, wait, detailedExitcode }: PlanOptions): Promise<number> {
  // The review first: what is shown is no newer than what is planned, so that an edit between the two makes the plan stale.
  const review = await s.call<Review>('change_set.review', { changeSet });
  const plan = await s.call<PlanFile>('change_set.plan', { changeSet, waitMs: wait * 1_000 });
  if (out !== undefined) writeText(out, `${JSON.stringify(plan, null, 2)}\n`);
  const isShown = review.changeSet.version === plan.changeSet.version;
  s.print(plan, () => [
    ...(isShown ? reviewLines(review) : reviewLines(review).concat('It has been edited meanwhile: plan again.')),
    ...(out === undefined ? [] : [paint('dim', `The plan is in ${out}. Carry it out with: headwater apply ${out}`)]),
  ]);
  const changes = review.components.length + review.records.length > 0;
  return detailedExitcode === true && changes ? exitCodes.changes : exitCodes.ok;
}

async function applied(s: Session, file: string, options: { wait: number; run: boolean }): Promise<number | undefined> {
  const text = readText(file);
  const plan = parsePlanFile(parsedJson(text, file));
  if (!plan.ok)
    throw new RefusalError({ ...plan.refusal, path: `${file}: ${plan.refusal.path.replace(/^plan\//, '')}` });
  const { changeSet } = plan.value;
  const { createHash } = await import('node:crypto');
  const receipt = await s.call<ApplyReceipt>('change_set.apply', {
    changeSet: changeSet.id,
    waitMs: options.wait * 1_000,
    leaveQueued: !options.run,
    plan: plan.value as never,
    idempotencyKey: `plan ${createHash('sha256').update(text).digest('hex')}`,
  });
  s.print(receipt, () => appliedLines(receipt));
  return options.run && receipt.actions.length > 0 ? carryOut(s, { changeSet: receipt.changeSet }) : undefined;
}
