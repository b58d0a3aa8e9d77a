// Commands on the trail and the store: audit, history, verify, gc, backup, restore, statistics. A check that finds a
// problem exits with 1.

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Json } from '../../base/json.ts';
import type { AuditRecord, AuditVerdict } from '../../engine/audit.ts';
import type { GcOutcome, Verdict } from '../../engine/maintain.ts';
import type { ChangeSetRow } from '../../ports/store.ts';
import { exitCodes } from './exit.ts';
import { readJson, writeText } from './files.ts';
import { whole } from './numbers.ts';
import { count, paint, table } from './output.ts';
import type { Run, Session } from './program.ts';
import { auditLines } from './render.ts';

export function storeCommands(program: Command, run: Run): void {
  const audit = program.command('audit').description('the audit trail: who changed what, in which change set');
  audit
    .command('list')
    .description('the newest entries')
    .option('--change-set <name>', 'of one change set')
    .option('--kind <kind>', 'of one kind, such as attribute.set')
    .option('--actor <id>', 'of one actor')
    .option('--limit <number>', 'most entries', whole(), 50)
    .addHelpText(
      'after',
      `\nExamples:
  headwater audit list --change-set HEAD --limit 20
  headwater audit list --actor ada --kind attribute.set --json`,
    )
    .action((options: { changeSet?: string; kind?: string; actor?: string; limit: number }) =>
      run('Reading the audit trail', async (s) => {
        const records = await s.call<AuditRecord[]>('audit.list', { ...options } as { [k: string]: Json });
        const nameOf = await changeSetNames(s);
        s.print(records, () => auditLines(records, nameOf));
        return undefined;
      }),
    );
  audit
    .command('verify')
    .description('check every chain from its first entry; names the first entry that is altered, removed or reordered')
    .option('--heads <file>', 'heads exported earlier: a cut tail is found too')
    .option('--export-heads <file>', 'write the present heads to a file, to be kept elsewhere')
    .addHelpText(
      'after',
      `\nExamples:
  headwater audit verify --export-heads heads.json
  headwater audit verify --heads heads.json`,
    )
    .action((options: { heads?: string; exportHeads?: string }) =>
      run('Verifying the audit trail', async (s) => {
        const verdict = await s.call<AuditVerdict>(
          'audit.verify',
          options.heads === undefined ? {} : { heads: readJson(options.heads) },
        );
        if (options.exportHeads !== undefined && verdict.ok)
          writeText(options.exportHeads, `${JSON.stringify(verdict.heads, null, 2)}\n`);
        s.print(verdict, () => [verdictLine(verdict)]);
        return verdict.ok ? exitCodes.ok : exitCodes.error;
      }),
    );
  program
    .command('history <component>')
    .description('what happened to a component, oldest first')
    .option('--change-set <name>', 'where to look its name up (default: HEAD)')
    .option('--limit <number>', 'most entries', whole(), 300)
    .addHelpText(
      'after',
      `\nExamples:
  headwater history web
  headwater history web --limit 20 --json`,
    )
    .action((component: string, options: { changeSet?: string; limit: number }) =>
      run('Reading the history', async (s) => {
        const found = await s.call<{ component: string; records: AuditRecord[] }>('component.history', {
          component,
          limit: options.limit,
          ...(options.changeSet === undefined ? {} : { changeSet: options.changeSet }),
        });
        const nameOf = await changeSetNames(s);
        s.print(found, () => auditLines(found.records, nameOf));
        return undefined;
      }),
    );
  program
    .command('verify')
    .description('check everything from scratch: the store, every chunk, the logs by replay, the audit trail')
    .addHelpText('after', '\nExample:\n  headwater verify')
    .action(() =>
      run('Verifying', async (s) => {
        const v = await s.call<Verdict>('verify');
        s.print(v, () => [
          v.ok ? paint('green', 'All is well.') : paint('red', 'Problems found.'),
          `${count(v.changeSets, 'change set')}, ${count(v.chunks, 'chunk')}, ${count(v.replayed, 'log entry', 'log entries')} replayed, ${count(v.audit.entries, 'audit entry', 'audit entries')}.`,
          ...v.problems.map((p) => `  ${p.where}: ${p.what}`),
          ...(v.audit.ok ? [] : [`  ${verdictLine(v.audit)}`]),
        ]);
        return v.ok ? exitCodes.ok : exitCodes.error;
      }),
    );
  program
    .command('gc')
    .description('remove chunks that no kept state needs, and actions that ended long ago')
    .addHelpText('after', '\nExample:\n  headwater gc')
    .action(() =>
      run('Collecting garbage', async (s) => {
        const r = await s.call<GcOutcome>('gc');
        s.print(r, () => [
          `${count(r.chunksRemoved, 'chunk')} removed (${r.bytesRemoved} bytes), ${r.chunksKept} kept.`,
          ...(r.actionsRemoved === 0 ? [] : [`${count(r.actionsRemoved, 'old action')} removed.`]),
        ]);
        return undefined;
      }),
    );
  program
    .command('backup <file>')
    .description('write a consistent copy of the store; edits go on meanwhile')
    .addHelpText('after', '\nExample:\n  headwater backup monday.backup')
    .action((destination: string) =>
      run('Backing up', async (s) => {
        const r = await s.call<{ destination: string }>('backup', { destination: resolve(destination) });
        s.print(r, () => [`Wrote ${r.destination}.`]);
        return undefined;
      }),
    );
  program
    .command('restore <file>')
    .description('make a data folder from a backup; refuses a folder that has a store')
    .addHelpText('after', '\nExample:\n  headwater restore monday.backup --data restored')
    .action((from: string) =>
      run('Restoring', async (s) => {
        await s.surroundings.restore(from, s.dataFolder);
        s.print({ restored: s.dataFolder }, () => [`Restored ${join(s.dataFolder)}.`]);
        return undefined;
      }),
    );
  program
    .command('statistics')
    .description('sizes of the store and the cache')
    .addHelpText('after', '\nExample:\n  headwater statistics --json')
    .action(() =>
      run('Reading', async (s) => {
        const r = await s.call<{ store: Record<string, number>; cache: Record<string, number> }>('statistics');
        s.print(r, () =>
          table([...Object.entries(r.store), ...Object.entries(r.cache)].map(([name, value]) => [name, String(value)])),
        );
        return undefined;
      }),
    );
}

/** Names of all change sets by id, for people; nothing is asked for with --json. */
async function changeSetNames(s: Session): Promise<(id: string) => string> {
  const rows = s.json ? [] : await s.call<ChangeSetRow[]>('change_set.list', { all: true });
  const names = new Map(rows.map((r) => [r.id as string, r.name]));
  return (id) => {
    const name = names.get(id) ?? id;
    return name.length > 32 ? `${name.slice(0, 31)}…` : name;
  };
}

function verdictLine(v: AuditVerdict): string {
  if (v.problem === undefined)
    return `${paint('green', 'The trail is whole')}: ${count(v.entries, 'entry', 'entries')} in ${count(v.chains, 'chain')}.`;
  return `${paint('red', v.problem.what.replaceAll('_', ' '))}: entry ${v.problem.seq} of change set ${v.problem.changeSet}: ${v.problem.detail}`;
}
