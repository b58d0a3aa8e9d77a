// The command that shows what Headwater does: an application made for real on this machine, in a temporary folder, and taken
// away again.

import { Argument, type Command } from 'commander';
import type { DemoKind, Run } from './program.ts';

export function demoCommands(program: Command, run: Run): void {
  program
    .command('demo')
    .description('show what it does: an application on this machine is made, changed, put back and taken away')
    .addArgument(
      new Argument('[what]', 'application, or template: the model alone')
        .choices(['application', 'template'])
        .default('application'),
    )
    .action((what: DemoKind) =>
      run('Preparing', async (s) => {
        // It tells by itself how it goes on.
        s.write([], () => []);
        return s.surroundings.demo({ what, json: s.json });
      }),
    );
}
