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
    .option(
      '--postgres <url>',
      'make a role and a database there, too (default: $HEADWATER_DEMO_POSTGRES, else a server on this machine if it lets postgres in)',
    )
    .addHelpText(
      'after',
      `
Examples:
  headwater demo
  headwater demo --postgres postgres://postgres:PASSWORD@127.0.0.1:5432
  headwater demo template`,
    )
    .action((what: DemoKind, { postgres }: { readonly postgres?: string }) =>
      run('Preparing', async (s) => {
        // It tells by itself how it goes on.
        s.write([], () => []);
        return s.surroundings.demo({ what, json: s.json, postgres });
      }),
    );
}
