// The command that looks something up anew: values that functions with effects gave, in a change set. Each is one edit; what
// follows from it is seen in the change set's review.

import type { Command } from 'commander';
import type { LookAgainReply } from '../../engine/look_again.ts';
import { editHelp, type In, inChangeSet } from './function_options.ts';
import { note, paint } from './output.ts';
import type { Run } from './program.ts';

export function lookupCommands(program: Command, run: Run): void {
  program
    .command('lookup')
    .description('values that functions with effects look up outside')
    .command('refresh <component> [path]')
    .description('ask anew for what was looked up for a component, or for one value of it')
    .option(inChangeSet, editHelp)
    .addHelpText(
      'after',
      `
The function runs once more and its result is recorded; where it is equal, nothing else runs.
Examples:
  headwater lookup refresh web --change-set "newest images"
  headwater lookup refresh web /domain/ImageId`,
    )
    .action((component: string, path: string | undefined, options: In) =>
      run('Asking', async (s) => {
        const changeSet = await s.changeSet(options.changeSet, `look up ${path ?? component} again`);
        const at = path === undefined ? {} : { path };
        const reply = await s.call<LookAgainReply>('lookup.refresh', { changeSet, component, ...at });
        s.print(reply, () => [
          ...reply.paths.map((p) => `${p} of ${component} is looked up again.`),
          paint('dim', `change set ${reply.changeSet} is at version ${reply.version}`),
        ]);
        if (!s.json) note(`Review it with: headwater change-set review ${reply.changeSet}`);
        return undefined;
      }),
    );
}
