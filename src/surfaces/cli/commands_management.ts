// The command that runs a management function: what it returns becomes edits of a change set, or is only shown. A change set
// that was opened for it is given up again when nothing came of it.

import type { Command } from 'commander';
import { RefusalError } from '../../base/result.ts';
import type { ManagementReply } from '../../engine/management.ts';
import { editHelp, type In, inChangeSet } from './function_options.ts';
import { note, paint } from './output.ts';
import type { Run, Session } from './program.ts';
import { managementLines } from './render_management.ts';

interface RunOptions extends In {
  readonly view?: string;
  readonly dryRun?: boolean;
}

export function managementCommands(program: Command, run: Run): void {
  const management = program
    .command('management')
    .description('functions that edit: what one returns for a component becomes a batch of edits');
  management
    .command('run <component> <function>')
    .description('run a management function on a component and carry out what it returns, all of it or nothing')
    .option(inChangeSet, editHelp)
    .option('--view <name>', 'the view that it is run in (default: the default one)')
    .option('--dry-run', 'show the edits and make none; the function is run, with its effects if it has any')
    .addHelpText(
      'after',
      `
The function has to be bound to the component's schema. It edits the component, those that it creates and those that
the component manages already.
Examples:
  headwater management run shop publish --change-set "our services" --dry-run
  headwater management run shop publish --change-set "our services"`,
    )
    .action((component: string, fn: string, options: RunOptions) =>
      run('Running', (s) => managed(s, component, fn, options)),
    );
}

async function managed(s: Session, component: string, fn: string, options: RunOptions): Promise<undefined> {
  const dryRun = options.dryRun === true;
  const changeSet = await s.changeSet(options.changeSet, `run ${fn} on ${component}`);
  const view = options.view === undefined ? {} : { view: options.view };
  const result = await s.attempt<ManagementReply>('management.run', {
    changeSet,
    component,
    function: fn,
    dryRun,
    ...view,
  });
  if (!result.ok) {
    const { log = [] } = (result.refusal.data ?? {}) as { log?: readonly string[] };
    if (!s.json) for (const line of log) note(`${paint('dim', '|')} ${line}`);
    throw new RefusalError(result.refusal);
  }
  const reply = result.value;
  const isEdited = !dryRun && reply.steps.some((step) => step.edits > 0);
  if (!isEdited) await s.giveUp();
  s.print(reply, () => managementLines(reply));
  if (isEdited && !s.json) note(`Review it with: headwater change-set review ${reply.changeSet}`);
  return undefined;
}
