// Commands on the edits that a change set holds: listed, undone, put back, and picked into another change set. Each is one
// operation of the engine.

import type { Command } from 'commander';
import type { EditLine } from '../../engine/made_edits.ts';
import type { SubmitReply } from '../../engine/submit.ts';
import type { UndoReply } from '../../engine/undo.ts';
import { whole } from './numbers.ts';
import { count, paint, table } from './output.ts';
import type { Run } from './program.ts';
import { receiptLines } from './render.ts';

interface UndoOptions {
  readonly edit?: readonly string[];
  readonly anyone?: boolean;
  readonly withNeeding?: boolean;
}

export function editCommands(program: Command, run: Run): void {
  program
    .command('undo <change-set>')
    .description('take edits out of an open change set: by default your last one')
    .option('--edit <id...>', 'these edits, as `headwater change-set edits` names them')
    .option('--anyone', 'the last edit of whoever made it')
    .option('--with-needing', 'also the edits that need those; otherwise they are named and nothing is undone')
    .addHelpText(
      'after',
      '\nNo old value is written: what is left stands as if the edit had never been made. Examples:\n  headwater undo "new network"\n  headwater undo "new network" --edit 7 9.2 --with-needing',
    )
    .action((changeSet: string, options: UndoOptions) =>
      run('Undoing', async (s) => {
        const reply = await s.call<UndoReply>('change_set.undo', {
          changeSet,
          ...(options.edit === undefined ? {} : { edits: [...options.edit] }),
          ...(options.anyone === true ? { ofAnyone: true } : {}),
          ...(options.withNeeding === true ? { withNeeding: true } : {}),
        });
        s.print(reply, () => [
          ...reply.undone.map((e) => `undone ${e.id}: ${e.sentence}`),
          ...receiptLines(reply.receipt ?? []),
          `Version ${reply.version}. Put it back with \`headwater redo ${JSON.stringify(changeSet)}\`.`,
        ]);
        return undefined;
      }),
    );
  program
    .command('redo <change-set>')
    .description('put back what an undo took out: by default your last one')
    .option('--undo <version>', 'the undo made at this version', whole())
    .option('--anyone', 'the last undo of whoever made it')
    .addHelpText(
      'after',
      '\nIt comes behind all other edits, as one of its own. Examples:\n  headwater redo "new network"\n  headwater redo "new network" --undo 12',
    )
    .action((changeSet: string, options: { undo?: number; anyone?: boolean }) =>
      run('Redoing', async (s) => {
        const reply = await s.call<SubmitReply>('change_set.redo', {
          changeSet,
          ...(options.undo === undefined ? {} : { undo: options.undo }),
          ...(options.anyone === true ? { ofAnyone: true } : {}),
        });
        s.print(reply, () => madeLines(reply));
        return undefined;
      }),
    );
  const changeSet = program.commands.find((c) => c.name() === 'change-set')!;
  changeSet
    .command('edits <change-set>')
    .description('list the edits of a change set, with the ids that undo and pick take')
    .addHelpText('after', '\nExample:\n  headwater change-set edits "new network"')
    .action((name: string) =>
      run('Reading edits', async (s) => {
        const told = await s.call<{ edits: readonly EditLine[] }>('change_set.edits', { changeSet: name });
        s.print(told, () =>
          told.edits.length === 0
            ? ['No edits.']
            : table([
                ['EDIT', 'BY', 'STATE', 'WHAT'].map((h) => paint('dim', h)),
                ...told.edits.map((e) => [
                  e.id,
                  e.actor,
                  e.undoneBy === undefined ? e.state : `undone at ${e.undoneBy}`,
                  e.sentence,
                ]),
              ]),
        );
        return undefined;
      }),
    );
  changeSet
    .command('pick <from> <edit...>')
    .description('make edits of one change set in another one, too; what they need has to be picked with them')
    .requiredOption('--to <change-set>', 'where they are made')
    .addHelpText('after', '\nExample:\n  headwater change-set pick "new network" 3 5.2 --to "hot fix"')
    .action((from: string, edits: readonly string[], options: { to: string }) =>
      run('Picking', async (s) => {
        const params = { changeSet: from, edits: [...edits], into: options.to };
        const reply = await s.call<SubmitReply>('change_set.pick', params);
        s.print(reply, () => madeLines(reply));
        return undefined;
      }),
    );
}

function madeLines(reply: SubmitReply): string[] {
  return [
    ...reply.steps.map((step) => step.sentence),
    ...receiptLines(reply.receipt ?? []),
    `Version ${reply.version}, ${count(reply.steps.length, 'edit')}.`,
  ];
}
