// Commands on provider packages: which there are, and installing one in a change set. What is installed counts once that is
// applied; how to do that is said.

import type { Command } from 'commander';
import type { InstallReply, ProviderLine } from '../../engine/providers.ts';
import { count, note, paint, table } from './output.ts';
import type { Run } from './program.ts';

export function providerCommands(program: Command, run: Run): void {
  const provider = program
    .command('provider')
    .description('providers: schemas and functions that act on real resources');
  provider
    .command('list')
    .description('list the packages that come with Headwater, and whether they are installed')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .addHelpText('after', '\nExample:\n  headwater provider list --change-set aws')
    .action((options: { changeSet?: string }) =>
      run('Reading the packages', async (s) => {
        const changeSet = options.changeSet === undefined ? {} : { changeSet: options.changeSet };
        const lines = await s.call<ProviderLine[]>('provider.list', changeSet);
        s.print(lines, () => (lines.length === 0 ? ['No packages.'] : table(lines.map(row))));
        return undefined;
      }),
    );
  provider
    .command('install <name>')
    .description('author the schemas of a package in a change set; again: bring them to what the package has now')
    .option('--change-set <name>', 'change set, by name or id (default: a new one, named after the provider)')
    .addHelpText(
      'after',
      `
Examples:
  headwater provider install aws
  headwater provider install aws --change-set "our types"`,
    )
    .action((name: string, options: { changeSet?: string }) =>
      run(`Installing ${name}`, async (s) => {
        const changeSet = await s.changeSet(options.changeSet, name);
        const reply = await s.call<InstallReply>('provider.install', { changeSet, provider: name });
        if (reply.edits === 0) await s.giveUp();
        s.print(reply, () => installLines(reply));
        if (!s.json && reply.edits > 0) note(`Make it count with: headwater change-set apply ${reply.changeSet}`);
        return undefined;
      }),
    );
}

const shown: Readonly<Record<ProviderLine['installed'], string>> = {
  no: paint('dim', 'not installed'),
  yes: paint('green', 'installed'),
  older: paint('yellow', 'another text is installed'),
  'in part': paint('yellow', 'installed in part'),
};

function row(line: ProviderLine): string[] {
  return [paint('bold', line.name), shown[line.installed], line.description];
}

function installLines(reply: InstallReply): string[] {
  const { provider, schemas, updated, edits } = reply;
  if (edits === 0) return [`${provider} is installed already.`];
  const changed = schemas.filter((s) => s.edits > 0).map((s) => `  ${s.name}`);
  const lines = [`Installed ${provider}: ${count(schemas.length, 'schema')}.`, ...changed];
  if (updated.length > 0)
    lines.push(
      `${count(updated.length, 'schema')} of the catalogue got a new variant; components of ${updated.length === 1 ? 'it' : 'them'} stay on`,
      'theirs until `headwater component upgrade`.',
    );
  return lines;
}
