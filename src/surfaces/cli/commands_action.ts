// Commands on actions: what is queued, runs and has ended on Head, steering it, looking at resources again, and carrying out
// what is queued while somebody watches.

import type { Command } from 'commander';
import type { ActionPage } from '../../engine/actions.ts';
import type { Page } from '../../engine/component.ts';
import type { PlannedLine } from '../../engine/planning.ts';
import { parsedJson } from './files.ts';
import { amount, whole } from './numbers.ts';
import { count, paint } from './output.ts';
import type { Params, Run, Session } from './program.ts';
import { type ActionSeen, actionLine, actionLines, actionWhole } from './render_action.ts';
import { plannedLine } from './render_approval.ts';
import { carryOut, stay } from './watch_actions.ts';

interface ListOptions {
  readonly changeSet?: string;
  readonly component?: string;
  readonly status?: string;
  readonly limit: number;
  readonly cursor?: string;
}

interface PruneOptions {
  readonly olderThan?: number;
  readonly keep?: number;
  readonly otherOlderThan?: number;
  readonly otherKeep?: number;
}

const dayMs = 24 * 3_600_000;

export function actionCommands(program: Command, run: Run): void {
  const actions = program
    .command('action')
    .description('actions: what is done to the resources of components, on Head');
  actions
    .command('list')
    .description('the newest actions, those that have ended too')
    .option('--change-set <name>', 'those that its apply asked for')
    .option('--component <name>', 'of one component of Head, by name or id')
    .option('--status <list>', 'such as queued,running,failed')
    .option('--limit <number>', 'most rows', whole(), 50)
    .option('--cursor <id>', 'continue behind this id')
    .addHelpText(
      'after',
      '\nExamples:\n  headwater action list --status failed,interrupted\n  headwater action list --component web',
    )
    .action((options: ListOptions) =>
      run('Reading the actions', async (s) => {
        const page = await s.call<ActionPage & Page<ActionSeen>>('action.list', options as unknown as Params);
        const { applied, others } = page.removed;
        s.print(page, () => [
          ...actionLines(page.items),
          ...(applied + others === 0 ? [] : [paint('dim', `${count(applied + others, 'old action')} removed in all`)]),
          ...(page.nextCursor === null ? [] : [paint('dim', `more: --cursor ${page.nextCursor}`)]),
        ]);
        return undefined;
      }),
    );
  actions
    .command('pending')
    .description('what Head asks for and nobody has reviewed: consequences of what providers reported')
    .addHelpText('after', '\nThey wait for a change set. Example:\n  headwater action pending --json')
    .action(() =>
      run('Planning Head', async (s) => {
        const pending = await s.call<{ actions: readonly PlannedLine[] }>('action.pending');
        s.print(pending, () =>
          pending.actions.length === 0 ? ['Nothing that was not reviewed.'] : pending.actions.map(plannedLine),
        );
        return undefined;
      }),
    );
  actions
    .command('show <action>')
    .description('one action: why, what it waits for, how it went')
    .addHelpText('after', '\nExample:\n  headwater action show ACTION')
    .action((id: string) =>
      run('Reading the action', async (s) => {
        const action = await s.call<ActionSeen>('action.get', { action: id });
        s.print(action, () => actionWhole(action));
        return undefined;
      }),
    );
  const steps = [
    ['hold', 'keep a queued action from starting'],
    ['release', 'let one that is on hold start'],
    ['cancel', 'take an action away; of one that runs it is found out whether it was done'],
    ['retry', 'try a failed or interrupted action again'],
  ] as const;
  for (const [verb, description] of steps)
    actions
      .command(`${verb} <action>`)
      .description(description)
      .addHelpText('after', `\nExample:\n  headwater action ${verb} ACTION`)
      .action((id: string) =>
        run('Asking', async (s) => {
          const action = await s.call<ActionSeen>(`action.${verb}`, { action: id });
          s.print(action, () => [actionLine(action)]);
          return undefined;
        }),
      );
  actions
    .command('signal <action> <name>')
    .description('send what an action waits for')
    .option('--payload <json>', 'handed to its function', 'null')
    .addHelpText('after', '\nExample:\n  headwater action signal 01J8… approved --payload \'{"by":"ada"}\'')
    .action((id: string, name: string, options: { payload: string }) =>
      run('Sending the signal', async (s) => {
        const payload = parsedJson(options.payload, 'payload');
        const action = await s.call<ActionSeen>('action.signal', { action: id, name, payload });
        s.print(action, () => [actionLine(action)]);
        return undefined;
      }),
    );
  actions
    .command('refresh <component>')
    .description('look at the resource of a component of Head again')
    .option('--no-wait', 'leave it queued')
    .addHelpText(
      'after',
      `\nExamples:
  headwater action refresh web
  headwater action refresh web --no-wait --json`,
    )
    .action((component: string, options: { wait: boolean }) =>
      run('Asking for a refresh', (s) => request(s, { component, kind: 'refresh' }, options.wait)),
    );
  actions
    .command('do <component> <name>')
    .description('ask for one of the manual actions of a component of Head, by the name of its function')
    .option('--no-wait', 'leave it queued')
    .addHelpText('after', '\nExample:\n  headwater action do web restart')
    .action((component: string, name: string, options: { wait: boolean }) =>
      run('Asking for the action', (s) => request(s, { component, kind: 'manual', name }, options.wait)),
    );
  actions
    .command('prune')
    .description('take actions away that ended long ago; it is done in the background as well, and by gc')
    .option('--older-than <days>', 'of those that an apply asked for (default: 365)', amount())
    .option('--keep <number>', 'and all but so many of the newest (default: 200000)', whole())
    .option('--other-older-than <days>', 'of the others, mostly refreshes (default: 30)', amount())
    .option('--other-keep <number>', 'and all but so many of the newest (default: 50000)', whole())
    .addHelpText('after', '\nExample:\n  headwater action prune --other-older-than 7')
    .action((options: PruneOptions) =>
      run('Pruning', async (s) => {
        const ms = (days: number | undefined) => (days === undefined ? undefined : Math.round(days * dayMs));
        const done = await s.call<{ pruned: number }>('action.prune', {
          newerThanMs: ms(options.olderThan),
          count: options.keep,
          otherNewerThanMs: ms(options.otherOlderThan),
          otherCount: options.otherKeep,
        });
        s.print(done, () => [`${count(done.pruned, 'action')} removed.`]);
        return undefined;
      }),
    );
  actions
    .command('run')
    .description('carry out what is queued, and say how it goes, until nothing more can be done')
    .option(
      '--stay',
      'stay until interrupted: carry out what comes, and look at resources as often as their schemas say',
    )
    .addHelpText('after', '\nExamples:\n  headwater action run\n  headwater action run --stay')
    .action((options: { stay?: boolean }) =>
      run('Carrying out', (s) => (options.stay === true ? stay(s) : carryOut(s))),
    );
}

async function request(s: Session, params: Params, isWaited: boolean): Promise<number | undefined> {
  const action = await s.call<ActionSeen>('action.request', params);
  if (isWaited) return carryOut(s, { ids: [action.id] });
  s.print(action, () => [actionLine(action)]);
  return undefined;
}
