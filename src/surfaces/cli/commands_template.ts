// Commands that take templates and states in and write templates out: a file or standard input on one side, one operation of
// the engine on the other.

import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import { RefusalError, refuse } from '../../base/result.ts';
import type { ExportReply, ImportReply } from '../../engine/template.ts';
import type { TerraformReply } from '../../engine/terraform.ts';
import { useSecret } from './commands_secret.ts';
import { readText, writeText } from './files.ts';
import { collect } from './function_options.ts';
import { count, note, paint } from './output.ts';
import type { Run } from './program.ts';
import { importLines } from './render.ts';
import { terraformLines } from './render_resource.ts';

export function templateCommands(program: Command, run: Run): void {
  const imports = program.command('import').description('take infrastructure in from another description');
  imports
    .command('cloudformation <file>')
    .description('turn a CloudFormation template (YAML or JSON) into components and subscriptions')
    .option('--change-set <name>', 'change set, by name or id (default: a new one)')
    .option('--name <name>', 'name of the template; importing again under a name updates it (default: the file’s)')
    .option('--secret <name>', 'put this secret into every empty slot of its kind in the change set')
    .option(
      '--moved <old=new>',
      'the resource of OLD stands under NEW now and is kept; may be given again',
      collect,
      [],
    )
    .addHelpText(
      'after',
      `
Examples:
  headwater import cloudformation network.yaml --change-set "new network"
  headwater import cloudformation network.yaml --secret production
  headwater import cloudformation network.yaml --change-set "other names" --moved Vpc=MainVpc`,
    )
    .action((file: string, options: { changeSet?: string; name?: string; secret?: string; moved: readonly string[] }) =>
      run('Importing', async (s) => {
        const text = readText(file);
        const name = options.name ?? (file === '-' ? 'template' : basename(file, extname(file)));
        const changeSet = await s.changeSet(options.changeSet, `import ${name}`);
        const { secret } = options;
        const moved = Object.fromEntries(options.moved.map(ids));
        // A name that nothing has is refused before anything is imported.
        if (secret !== undefined) await s.call('secret.get', { changeSet, secret });
        const reply = await s.call<ImportReply>('import.cloudformation', { changeSet, text, name, moved });
        const used = secret === undefined ? undefined : await useSecret(s, { secret, changeSet });
        const edits = reply.edits + (used?.slots.length ?? 0);
        if (edits === 0) await s.giveUp();
        s.print(used === undefined ? reply : { ...reply, version: used.version, slots: used.slots }, () => [
          ...importLines(reply),
          ...(used === undefined
            ? []
            : [`Put ${JSON.stringify(used.secret)} into ${count(used.slots.length, 'slot')}.`]),
        ]);
        if (!s.json && edits > 0) note(`Review it with: headwater change-set review ${reply.changeSet}`);
        return undefined;
      }),
    );
  imports
    .command('terraform <file>')
    .description(
      'turn a Terraform state into components that need nothing done: values, references, what is known of each',
    )
    .option('--change-set <name>', 'change set, by name or id (default: a new one)')
    .option('--name <name>', 'name of the state; importing again under a name updates it (default: the file’s)')
    .addHelpText(
      'after',
      `
The file is a state of version 4, or what \`terraform show -json\` prints; - reads standard input. Values that are marked as
sensitive, or are by their name, are left out and told.

Examples:
  headwater import terraform terraform.tfstate --change-set "take over"
  terraform state pull | headwater import terraform - --name network --change-set "take over"`,
    )
    .action((file: string, options: { changeSet?: string; name?: string }) =>
      run('Importing', async (s) => {
        const text = readText(file);
        const name = options.name ?? (file === '-' ? 'state' : basename(file, extname(file)));
        const changeSet = await s.changeSet(options.changeSet, `import ${name}`);
        const reply = await s.call<TerraformReply>('import.terraform', { changeSet, text, name });
        if (reply.edits === 0) await s.giveUp();
        s.print(reply, () => terraformLines(reply));
        if (!s.json && reply.edits > 0) note(`Review it with: headwater change-set review ${reply.changeSet}`);
        return undefined;
      }),
    );
  const exports = program.command('export').description('write infrastructure out as another description');
  exports
    .command('cloudformation [name]')
    .description('write an imported template as it stands now')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .option('--format <format>', 'json or yaml', 'yaml')
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .addHelpText(
      'after',
      `\nExamples:
  headwater export cloudformation
  headwater export cloudformation shop --format json -o shop.json`,
    )
    .action((name: string | undefined, options: { changeSet?: string; format: string; output?: string }) =>
      run('Exporting', async (s) => {
        const reply = await s.call<ExportReply>('export.cloudformation', {
          ...(name === undefined ? {} : { name }),
          ...(options.changeSet === undefined ? {} : { changeSet: options.changeSet }),
          format: options.format,
        });
        if (options.output !== undefined) writeText(options.output, reply.text);
        s.print(options.output === undefined ? reply : { output: options.output, notes: reply.notes }, () =>
          options.output === undefined ? [reply.text.trimEnd()] : [`Wrote ${options.output}.`],
        );
        if (!s.json) for (const n of reply.notes) note(`${n.path}  ${paint('dim', n.reason)}`);
        return undefined;
      }),
    );
}

function ids(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new RefusalError(
    refuse('request_malformed', {
      path: '--moved',
      expected: 'OLD=NEW, two logical ids of the template',
      got: JSON.stringify(text),
      hint: 'see `headwater import cloudformation --help`',
    }).refusal,
  );
}
