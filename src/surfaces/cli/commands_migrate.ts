// The command that moves a store to another place: a data folder's file, or a PostgreSQL database. What it does not move is named, with what to do
// about it.

import type { Command } from 'commander';
import type { Moved } from '../../engine/move_store.ts';
import { count, paint } from './output.ts';
import type { Run } from './program.ts';

/** From where to where a store is to be moved: data folders, or addresses of PostgreSQL. */
export interface MigrateChoice {
  readonly from: string;
  readonly to: string;
  /** That of the engine which uses a database. */
  readonly dataFolder: string;
  readonly progress: (line: string) => void;
}

/** What was moved; `takeAlong`: names of files in the folder `beside` that the store needs at its new place, and that were not moved. */
export interface Migrated extends Moved {
  readonly from: string;
  readonly to: string;
  readonly beside: string;
  readonly takeAlong: readonly string[];
}

export function migrateCommands(program: Command, run: Run): void {
  program
    .command('migrate')
    .description('move the whole store to a database, to another folder, or back; both ends are verified and compared')
    .requiredOption(
      '--from <place>',
      'a data folder, or the address of a PostgreSQL database; nothing may use it meanwhile',
    )
    .requiredOption('--to <place>', 'the same; there must be no store yet')
    .addHelpText('after', examples)
    .action(({ from, to }: { from: string; to: string }) =>
      run('Moving the store', async (s) => {
        const { dataFolder } = s;
        const moved = await s.surroundings.migrate({ from, to, dataFolder, progress: s.step });
        s.print(moved, () => lines(moved));
        return undefined;
      }),
    );
}

function lines({ from, to, workspaces, rows, digest, beside, takeAlong }: Migrated): string[] {
  const all = Object.values(rows).reduce((n, more) => n + more, 0);
  const along =
    takeAlong.length === 0
      ? []
      : [
          '',
          `Take along what is not in the store, from ${beside}: ${takeAlong.join(', ')}.`,
          'Without the key the contents of secrets cannot be opened.',
        ];
  return [
    `${paint('green', 'Moved')} ${count(workspaces, 'workspace')}, ${count(rows.change_set ?? 0, 'change set')}, ${count(all, 'row')}; both ends verify and hold the same.`,
    `digest  ${digest}`,
    ...along,
    '',
    to.startsWith('postgres:')
      ? `From now on: headwater serve --store ADDRESS, or HEADWATER_STORE for every command.`
      : `From now on: headwater --data ${to}, without HEADWATER_STORE and --store.`,
    `${from} is as it was. Put it away before somebody works with it by mistake.`,
  ];
}

const examples = `
The store is copied row by row: workspaces, change sets, logs, the audit trail, reality, actions, positions of events, settings,
secrets (sealed), runs with their logs, remembered results. Killed in the middle, it leaves a place that no engine opens
(store_incomplete); the same command begins anew.

Examples:
  headwater migrate --from .headwater --to postgres://headwater:PASSWORD@db.example:5432/headwater
  headwater migrate --from 'postgres://headwater:PASSWORD@db.example:5432/headwater?schema=other' --to ./folder`;
