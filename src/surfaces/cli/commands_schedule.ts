// Commands on when change sets are applied: freeze windows, and applies at a time. Each is one operation of the engine; times are
// told in UTC.

import type { Command } from 'commander';
import type { FreezeWindow } from '../../engine/freeze.ts';
import type { ScheduledApply } from '../../engine/scheduled_apply.ts';
import { amount } from './numbers.ts';
import { paint, table } from './output.ts';
import type { Run, Session } from './program.ts';

interface FreezeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly days?: readonly string[];
  readonly at?: string;
  readonly hours?: number;
  readonly timeZone: string;
  readonly reason?: string;
}

export function scheduleCommands(program: Command, run: Run): void {
  const freeze = program.command('freeze').description('times in which nothing is applied; owners may force an apply');
  freeze
    .command('list')
    .description('list the freeze windows, and which are in force')
    .addHelpText('after', '\nExample:\n  headwater freeze list')
    .action(() =>
      run('Reading freeze windows', async (s) => {
        const windows = await s.call<(FreezeWindow & { endsAtMs?: number })[]>('freeze.list');
        s.print(windows, () =>
          windows.length === 0
            ? ['No freeze windows.']
            : table(windows.map((f) => [f.name, whenOf(f), f.timeZone, inForce(f.endsAtMs), f.reason ?? ''])),
        );
        return undefined;
      }),
    );
  freeze
    .command('set <name>')
    .description('set a window, once (--from, --to) or every week (--days, --at, --hours)')
    .option('--from <time>', 'local time, such as 2026-12-20T18:00')
    .option('--to <time>', 'local time at which it ends')
    .option('--days <day...>', 'sun, mon, tue, wed, thu, fri, sat')
    .option('--at <time>', 'local time of day at which it begins, such as 16:30')
    .option('--hours <hours>', 'how long it lasts, at most 168', amount())
    .option('--time-zone <zone>', 'such as Europe/Zurich', 'UTC')
    .option('--reason <text>', 'why, for people')
    .addHelpText(
      'after',
      '\nExamples:\n  headwater freeze set weekend --days fri --at 16:00 --hours 64 --time-zone Europe/Zurich\n  headwater freeze set holidays --from 2026-12-20T18:00 --to 2027-01-03T06:00',
    )
    .action((name: string, options: FreezeOptions) =>
      run('Setting the freeze window', async (s) => {
        const { days, ...rest } = options;
        const window = { name, ...rest, ...(days === undefined ? {} : { days: [...days] }) };
        const set = await s.call<FreezeWindow>('freeze.set', { window });
        s.print(set, () => [`Nothing is applied in ${JSON.stringify(set.name)}: ${whenOf(set)} (${set.timeZone}).`]);
        return undefined;
      }),
    );
  freeze
    .command('remove <name>')
    .description('remove a freeze window')
    .addHelpText('after', '\nExample:\n  headwater freeze remove holidays')
    .action((name: string) =>
      run('Removing the freeze window', async (s) => {
        const removed = await s.call('freeze.remove', { name });
        s.print(removed, () => [`The freeze window ${JSON.stringify(name)} is removed.`]);
        return undefined;
      }),
    );
  const changeSet = program.commands.find((c) => c.name() === 'change-set')!;
  changeSet
    .command('scheduled')
    .description('list applies that wait for their time, and what became of the last ones')
    .addHelpText('after', '\nExample:\n  headwater change-set scheduled')
    .action(() =>
      run('Reading scheduled applies', async (s) => {
        const all = await s.call<ScheduledApply[]>('apply.scheduled');
        s.print(all, () =>
          all.length === 0
            ? ['Nothing is scheduled.']
            : table([
                ['ID', 'AT', 'CHANGE SET', 'BY', 'STATUS'].map((h) => paint('dim', h)),
                ...all.map((a) => [a.id, timeOf(a.atMs), a.name, a.by, statusOf(a)]),
              ]),
        );
        return undefined;
      }),
    );
  changeSet
    .command('unschedule <id>')
    .description('cancel an apply that waits for its time')
    .addHelpText('after', '\nExample:\n  headwater change-set unschedule 01ARZ3NDEKTSV4RRFFQ69G5FAV')
    .action((id: string) =>
      run('Cancelling', async (s) => {
        const done = await s.call<ScheduledApply>('apply.unschedule', { id });
        s.print(done, () => [`Change set ${JSON.stringify(done.name)} is not applied at ${timeOf(done.atMs)}.`]);
        return undefined;
      }),
    );
}

/** Has a change set applied at a time. */
export async function scheduled(s: Session, changeSet: string, at: string): Promise<undefined> {
  const done = await s.call<ScheduledApply>('apply.schedule', { changeSet, at });
  s.print(done, () => [
    `Change set ${JSON.stringify(done.name)} is applied at ${timeOf(done.atMs)} as it is now (${done.id}),`,
    'by the server of this data folder, or whoever uses it next after that.',
  ]);
  return undefined;
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

function whenOf(f: FreezeWindow): string {
  return 'from' in f ? `${f.from} to ${f.to}` : `${f.days.join(' ')} ${f.at} for ${f.hours} h`;
}

const inForce = (endsAtMs: number | undefined): string =>
  endsAtMs === undefined ? '' : `in force until ${timeOf(endsAtMs)}`;

function statusOf(a: ScheduledApply): string {
  if (a.refusal !== undefined) return `refused: ${a.refusal.code.replaceAll('_', ' ')}, ${a.refusal.got}`;
  return a.headVersion === undefined ? a.status : `applied as version ${a.headVersion}`;
}
