// Commands on runs: list, one, its log, ending one, sizes, taking old ones away. Following a log is asking again and again,
// each time waiting a little for more.

import type { Command } from 'commander';
import type { Page } from '../../engine/component.ts';
import type { RunLog, RunsAndMemo } from '../../engine/runs.ts';
import type { WaitsForPool } from '../../engine/waits_for_pool.ts';
import type { RunRecord } from '../../model/run.ts';
import { exitCodes } from './exit.ts';
import { componentNames } from './names.ts';
import { amount, whole } from './numbers.ts';
import { count, isRead, paint } from './output.ts';
import type { Params, Run, Session } from './program.ts';
import { logLines, runLines, runWhole, statisticsLines } from './render_run.ts';

interface ListOptions {
  readonly changeSet?: string;
  readonly component?: string;
  readonly function?: string;
  readonly status?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export function runCommands(program: Command, run: Run): void {
  const runs = program.command('run').description('runs of functions: every call is a record with its log');
  runs
    .command('list')
    .description('the newest runs')
    .option('--change-set <name>', 'of one change set; names are looked up there (default: in HEAD)')
    .option('--component <name>', 'of one component, by name or id')
    .option('--function <name>', 'of one function, by name or id')
    .option('--status <list>', 'such as failed,timed-out or running')
    .option('--limit <number>', 'most rows', whole(), 50)
    .option('--cursor <id>', 'continue behind this id')
    .addHelpText(
      'after',
      `\nExamples:
  headwater run list --change-set first --component web
  headwater run list --status failed,timed-out,lost
  headwater run list --status running`,
    )
    .action((options: ListOptions) =>
      run('Reading the runs', async (s) => {
        const page = await s.call<Page<RunRecord & WaitsForPool>>('run.list', options as unknown as Params);
        const nameOf = await componentNames(s, page.items);
        s.print(page, () => [
          ...runLines(page.items, nameOf),
          ...(page.nextCursor === null ? [] : [paint('dim', `more: --cursor ${page.nextCursor}`)]),
        ]);
        return undefined;
      }),
    );
  runs
    .command('show <run>')
    .description('one run: what it was called with, when, where, and how it ended')
    .addHelpText('after', '\nExample:\n  headwater run show RUN')
    .action((id: string) =>
      run('Reading the run', async (s) => {
        const record = await s.call<RunRecord & WaitsForPool>('run.get', { run: id });
        const nameOf = await componentNames(s, [record]);
        s.print(record, () => runWhole(record, nameOf));
        return undefined;
      }),
    );
  runs
    .command('log <run>')
    .description('what a run printed')
    .option('--after <number>', 'only lines behind this number', whole(), 0)
    .option('--follow', 'stay and print more as it comes, until the run has ended')
    .addHelpText(
      'after',
      `\nWith --json a list of lines; with --follow one object a line, as they come.
Examples:
  headwater run log RUN
  headwater run log RUN --follow`,
    )
    .action((id: string, options: { after: number; follow?: true }) =>
      run('Reading the log', (s) =>
        options.follow === true ? follow(s, id, options.after) : wholeLog(s, id, options.after),
      ),
    );
  runs
    .command('kill <run>')
    .description('end a run that waits or is under way')
    .addHelpText('after', '\nExample:\n  headwater run kill RUN')
    .action((id: string) =>
      run('Ending the run', async (s) => {
        const record = await s.call<RunRecord>('run.kill', { run: id });
        s.print(record, () => [`Run ${record.id} is ${record.status}.`]);
        return undefined;
      }),
    );
  runs
    .command('statistics')
    .description('runs and results kept, what is under way, values that are not settled')
    .addHelpText('after', '\nExample:\n  headwater run statistics')
    .action(() =>
      run('Reading', async (s) => {
        const statistics = await s.call<RunsAndMemo>('run.statistics');
        s.print(statistics, () => statisticsLines(statistics));
        return undefined;
      }),
    );
  runs
    .command('prune')
    .description('take old runs and their logs away; it is done in the background as well')
    .option('--older-than <days>', 'runs that ended longer ago (default: 30)', amount())
    .option('--keep <number>', 'and all but so many of the newest (default: 500000)', whole())
    .addHelpText('after', '\nExample:\n  headwater run prune --older-than 7 --keep 10000')
    .action((options: { olderThan?: number; keep?: number }) =>
      run('Pruning', async (s) => {
        const done = await s.call<{ pruned: number }>('run.prune', {
          ...(options.olderThan === undefined ? {} : { newerThanMs: Math.round(options.olderThan * dayMs) }),
          ...(options.keep === undefined ? {} : { count: options.keep }),
        });
        s.print(done, () => [`${count(done.pruned, 'run')} removed.`]);
        return undefined;
      }),
    );
  program
    .command('memo')
    .description('remembered results of pure functions')
    .command('clear')
    .description('forget them all: functions run again when something they read changes')
    .addHelpText('after', '\nExample:\n  headwater memo clear')
    .action(() =>
      run('Clearing', async (s) => {
        const done = await s.call<{ removed: number }>('memo.clear');
        s.print(done, () => [`${count(done.removed, 'result')} forgotten.`]);
        return undefined;
      }),
    );
}

const dayMs = 24 * 3_600_000;
/** How long one question waits for more of a log. */
const waitMs = 1_000;

async function wholeLog(s: Session, run: string, from: number): Promise<number | undefined> {
  const all: RunLog['lines'][number][] = [];
  let log: RunLog;
  let after = from;
  do {
    log = await s.call<RunLog>('run.log', { run, after });
    all.push(...log.lines);
    after = log.after;
  } while (log.lines.length > 0 && !log.complete);
  s.print({ ...log, lines: all }, () => [
    ...logLines(all),
    ...(log.complete ? [] : [paint('dim', `the run is ${log.status}; --follow stays with it`)]),
  ]);
  return undefined;
}

async function follow(s: Session, run: string, from: number): Promise<number | undefined> {
  let after = from;
  for (;;) {
    const log = await s.call<RunLog>('run.log', { run, after, waitMs });
    after = log.after;
    if (log.lines.length > 0) s.write(log.lines, () => logLines(log.lines));
    if (!(await isRead())) return exitCodes.ok;
    if (!log.complete) continue;
    if (!s.json) s.write([], () => [paint('dim', `the run is ${log.status}`)]);
    return log.status === 'succeeded' ? exitCodes.ok : exitCodes.error;
  }
}
