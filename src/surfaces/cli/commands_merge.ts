// Commands for change sets that meet: taking back what was applied, and carrying a change set to another workspace. Each is
// one operation of the engine.

import type { Command } from 'commander';
import type { Json } from '../../base/json.ts';
import { RefusalError, refuse } from '../../base/result.ts';
import type { PromoteReply } from '../../engine/promotion.ts';
import type { RevertReply } from '../../engine/revert.ts';
import type { Portable } from '../../formats/portable.ts';
import { readText } from './files.ts';
import { count } from './output.ts';
import type { Run } from './program.ts';
import { receiptLines } from './render.ts';

/** Adds to the group `change-set`. */
export function mergeCommands(changeSet: Command, run: Run): void {
  changeSet
    .command('revert <change-set-or-version>')
    .description('open a change set that takes back an applied change set, or versions of Head (`12` or `12-15`)')
    .option('--name <name>', 'name of the new change set')
    .addHelpText(
      'after',
      '\nWhat was changed again since stays, and is on the receipt. Examples:\n  headwater change-set revert "go to production"\n  headwater change-set revert 12-15',
    )
    .action((what: string, options: { name?: string }) =>
      run('Reverting', async (s) => {
        const range = /^(\d+)(?:-(\d+))?$/.exec(what);
        const of =
          range === null ? { changeSet: what } : { first: Number(range[1]), last: Number(range[2] ?? range[1]) };
        const name = options.name === undefined ? {} : { name: options.name };
        const reply = await s.call<RevertReply>('change_set.revert', { ...of, ...name });
        s.print(reply, () => [
          `Opened change set ${JSON.stringify(reply.changeSet.name)} (${reply.changeSet.id}): takes ${count(reply.edits, 'mutation')} back.`,
          ...receiptLines(reply.receipt),
          ...reply.noInverse.map((sentence) => `stays: ${sentence}`),
          `Review it with \`headwater change-set review ${JSON.stringify(reply.changeSet.name)}\`, then apply it.`,
        ]);
        return undefined;
      }),
    );
  changeSet
    .command('export <change-set>')
    .description('write a change set as one portable file, for `promote` in another workspace')
    .addHelpText('after', '\nExample:\n  headwater change-set export "new network" > network.json')
    .action((name: string) =>
      run('Exporting', async (s) => {
        const file = await s.call<Portable>('change_set.export', { changeSet: name });
        s.print(file, () => [JSON.stringify(file, null, 2)]);
        return undefined;
      }),
    );
  changeSet
    .command('promote <file>')
    .description('open a change set with the edits of an exported one')
    .option('--name <name>', 'name of the new change set')
    .option('--id <there=here>', 'which component, view, … is meant, by id; may be given again', collect, [])
    .addHelpText(
      'after',
      '\nWhat the edits refer to is found by the same id or by name; --id says which where that is not enough. Example:\n  headwater --workspace prod change-set promote network.json',
    )
    .action((file: string, options: { name?: string; id: readonly string[] }) =>
      run('Promoting', async (s) => {
        const ids: Json = Object.fromEntries(options.id.map(pair));
        const name = options.name === undefined ? {} : { name: options.name };
        const reply = await s.call<PromoteReply>('change_set.promote', { text: readText(file), ids, ...name });
        s.print(reply, () => [
          `Opened change set ${JSON.stringify(reply.changeSet.name)} (${reply.changeSet.id}) with ${count(reply.edits, 'edit')}.`,
          ...(reply.brought.length === 0 ? [] : [`types that came along: ${reply.brought.join(', ')}`]),
          ...receiptLines(reply.receipt),
        ]);
        return undefined;
      }),
    );
}

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new RefusalError(
    refuse('request_malformed', {
      path: '--id',
      expected: 'THERE=HERE, two ids',
      got: JSON.stringify(text),
      hint: 'see `headwater change-set promote --help`',
    }).refusal,
  );
}
