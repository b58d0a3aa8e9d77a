// Questions about values: where one comes from, why a function ran or did not, what an edit would touch. None of them
// changes anything.

import type { Command } from 'commander';
import type { BlastRadius } from '../../engine/blast_radius.ts';
import type { Explanation } from '../../engine/explain.ts';
import type { Why } from '../../engine/why.ts';
import { amount, whole } from './numbers.ts';
import type { Params, Run } from './program.ts';
import { blastLines, explainLines, whyLines } from './render_question.ts';

interface In {
  readonly changeSet?: string;
}

const at = (options: In): Params => (options.changeSet === undefined ? {} : { changeSet: options.changeSet });
const waiting = ['--wait <seconds>', 'wait this long for what is still being computed', amount(), 5] as const;
const inChangeSet = ['--change-set <name>', 'change set (default: HEAD)'] as const;

export function questionCommands(program: Command, run: Run): void {
  program
    .command('explain <component> <path>')
    .description('where a value comes from: back to who declared it, to the schema, to the provider')
    .option(...inChangeSet)
    .option('--depth <number>', 'how far back', whole())
    .option(...waiting)
    .addHelpText('after', '\nExample:\n  headwater explain proxy /domain/Upstream --change-set first')
    .action((component: string, path: string, options: In & { depth?: number; wait: number }) =>
      run('Explaining', async (s) => {
        const depth = options.depth === undefined ? {} : { depth: options.depth };
        const found = await s.call<Explanation>('explain', {
          component,
          path,
          waitMs: options.wait * 1_000,
          ...at(options),
          ...depth,
        });
        s.print(found, () => explainLines(found));
        return undefined;
      }),
    );
  program
    .command('why <component> <path>')
    .description('why the function behind a value ran, or did not run')
    .option(...inChangeSet)
    .option(...waiting)
    .addHelpText(
      'after',
      `\nExamples:
  headwater why web /domain/Url --change-set first
  headwater why web /qualification`,
    )
    .action((component: string, path: string, options: In & { wait: number }) =>
      run('Asking', async (s) => {
        const found = await s.call<Why>('why', { component, path, waitMs: options.wait * 1_000, ...at(options) });
        s.print(found, () => whyLines(found));
        return undefined;
      }),
    );
  program
    .command('blast-radius [component] [paths...]')
    .description('what an edit of these values, or everything in a change set, would touch; nothing is run')
    .option(...inChangeSet)
    .option('--limit <number>', 'most rows', whole())
    .addHelpText(
      'after',
      `\nWithout a component: of all that the change set holds.
Examples:
  headwater blast-radius vpc /domain/CidrBlock
  headwater blast-radius --change-set first`,
    )
    .action((component: string | undefined, paths: string[], options: In & { limit?: number }) =>
      run('Following the graph', async (s) => {
        // A component without a path: everything that is declared on it.
        const places = component !== undefined && paths.length === 0 ? ['/domain', '/si', '/secrets'] : paths;
        const edits = component === undefined ? {} : { edits: places.map((path) => ({ component, path })) };
        const limit = options.limit === undefined ? {} : { limit: options.limit };
        const found = await s.call<BlastRadius>('blast_radius', { ...edits, ...at(options), ...limit });
        s.print(found, () => blastLines(found));
        return undefined;
      }),
    );
}
