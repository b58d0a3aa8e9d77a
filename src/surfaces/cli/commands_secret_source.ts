// Commands on what secrets may refer to: variables, folders and paths of a key vault, none of which is readable by default. They
// read and write a file of the data folder and open no engine, so that no server and no member of a workspace gives permission.

import type { Command } from 'commander';
import { RefusalError } from '../../base/result.ts';
import { isAllowance } from '../../model/secret_reference.ts';
import { count, note } from './output.ts';
import type { Run } from './program.ts';

export function secretSourceCommands(program: Command, run: Run): void {
  const source = program
    .command('secret-source')
    .description(
      'where contents of secrets may come from: variables, files, a key vault; nothing but what is allowed here',
    )
    .addHelpText(
      'after',
      `
Examples:
  headwater secret-source allow env:DB_PASSWORD
  headwater secret-source allow file:/run/secrets/
  headwater secret-source allow vault:kv/production/
  headwater secret-source list
  headwater secret-source deny env:DB_PASSWORD

A secret refers to one: headwater secret set database --field token --from env:DB_PASSWORD. It is read by the engine, so the variable
is one of its environment, and so are VAULT_ADDR, VAULT_TOKEN and VAULT_NAMESPACE.`,
    );
  source
    .command('list')
    .description('list what is allowed')
    .addHelpText('after', '\nExample:\n  headwater secret-source list --json')
    .action(() =>
      run('Reading what is allowed', async (s) => {
        const sources = s.surroundings.secretSources.list(s.dataFolder);
        s.print({ sources }, () =>
          sources.length > 0
            ? sources
            : ['Nothing is allowed. To allow a variable: headwater secret-source allow env:NAME'],
        );
        return undefined;
      }),
    );
  source
    .command('allow <source>')
    .description(
      'allow a variable, a folder with what is below it, or what is below a path of a key vault; counts at once',
    )
    .addHelpText('after', '\nExample:\n  headwater secret-source allow file:/run/secrets/')
    .action((given: string) =>
      run('Allowing it', async (s) => {
        const name = sourceOf(given);
        const changed = s.surroundings.secretSources.allow(s.dataFolder, name, true);
        s.print({ source: name, changed, sources: s.surroundings.secretSources.list(s.dataFolder) }, () => [
          changed ? `Secrets that refer to ${name} get it now.` : `${name} was allowed already.`,
        ]);
        if (!s.json && changed)
          note('Who may edit any workspace here can have a function read it, and send it where that function reaches.');
        return undefined;
      }),
    );
  source
    .command('deny <source>')
    .description('take a permission back; counts for every run from now on')
    .addHelpText('after', '\nExample:\n  headwater secret-source deny env:DB_PASSWORD')
    .action((given: string) =>
      run('Denying it', async (s) => {
        const name = sourceOf(given);
        const changed = s.surroundings.secretSources.allow(s.dataFolder, name, false);
        const sources = s.surroundings.secretSources.list(s.dataFolder);
        s.print({ source: name, changed, sources }, () => [
          `${changed ? `No secret gets ${name} by it any more` : `${name} was not allowed`}; ${count(sources.length, 'source')} allowed.`,
        ]);
        return undefined;
      }),
    );
}

function sourceOf(given: string): string {
  if (isAllowance(given)) return given;
  throw new RefusalError({
    code: 'request_malformed',
    path: 'source',
    expected:
      'env:NAME (none that begins with HEADWATER_ or VAULT_), or with a slash at the end file:/folder/, vault:MOUNT/ or vault:MOUNT/FOLDER/',
    got: JSON.stringify(given),
    hint: 'headwater secret-source allow env:DB_PASSWORD',
  });
}
