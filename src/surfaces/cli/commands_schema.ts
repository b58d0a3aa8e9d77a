// Commands on schema definitions: a file becomes a schema, is checked, or is read back. Places of what is wrong are shown
// with the line they are in.

import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import { RefusalError } from '../../base/result.ts';
import type { AuthorReply, CheckedDefinition } from '../../engine/author.ts';
import type { DefinitionWarning } from '../../engine/definition.ts';
import type { Declarations } from '../../engine/functions.ts';
import type { SchemaSource } from '../../engine/variants.ts';
import type { Diagnostic } from '../../ports/compiler.ts';
import { exitCodes } from './exit.ts';
import { readText, writeText } from './files.ts';
import { amount } from './numbers.ts';
import { count, note, paint } from './output.ts';
import type { Run, Session } from './program.ts';
import { diagnosticLines } from './render_run.ts';

interface AuthorOptions {
  readonly name?: string;
  readonly category?: string;
  readonly changeSet?: string;
}

export function authorCommands(schema: Command, run: Run): void {
  schema
    .command('author <file>')
    .description('make a schema of a definition in TypeScript, or edit it; - reads standard input')
    .option('--name <name>', 'name of the schema (default: the file’s)')
    .option('--category <name>', 'where it is listed (default: User)')
    .option('--change-set <name>', 'change set, by name or id (default: a new one)')
    .addHelpText(
      'after',
      `
The file exports what defineSchema makes of one object, functions included, or has a function main that returns what
AssetBuilder builds; definitions of System Initiative run as they are.
Examples:
  headwater schema author web-server.ts --change-set "our types"
  headwater schema author definition.ts --name "Acme::Queue"`,
    )
    .action((file: string, options: AuthorOptions) => run('Authoring', (s) => author(s, file, options)));
  schema
    .command('check <file>')
    .description('what is wrong with a schema definition, types included; - reads standard input')
    .addHelpText(
      'after',
      `\nExit code 1 when there are errors. Examples:
  headwater schema check web.ts
  headwater schema source Web | headwater schema check -`,
    )
    .action((file: string) =>
      run('Checking', async (s) => {
        const text = readText(file);
        const checked = await s.call<CheckedDefinition>('schema.check', { text });
        s.print(checked, () => [
          ...diagnosticLines(file, text, checked.diagnostics),
          ...checked.warnings.map(warningLine),
          checked.ok ? paint('green', 'No errors.') : paint('red', 'There are errors.'),
        ]);
        return checked.ok ? exitCodes.ok : exitCodes.error;
      }),
    );
  schema
    .command('types [schema]')
    .description('types for an editor, as a .d.ts: of a schema, or, without one, of what definitions are written with')
    .option('--kind <kind>', 'for functions of this kind (default: qualification)')
    .option('-o, --out <file>', 'write them to a file')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .addHelpText(
      'after',
      '\nExamples:\n  headwater schema types -o headwater.d.ts\n  headwater schema types AWS::EC2::Subnet > subnet.d.ts',
    )
    .action((name: string | undefined, options: { kind?: string; out?: string; changeSet?: string }) =>
      run('Making the declarations', async (s) => {
        const found = await s.call<Declarations>('schema.declarations', {
          ...(name === undefined ? {} : { schema: name }),
          ...(options.kind === undefined ? {} : { kind: options.kind }),
          ...(options.changeSet === undefined ? {} : { changeSet: options.changeSet }),
        });
        if (options.out !== undefined) writeText(options.out, found.text);
        s.print(found, () => (options.out === undefined ? [found.text] : [`Wrote ${options.out}.`]));
        return undefined;
      }),
    );
  schema
    .command('refresh <schema>')
    .description('how often resources of a schema are looked at by themselves, while an engine carries actions out')
    .option('--every <minutes>', 'this often', amount())
    .option('--never', 'only when somebody asks')
    .addHelpText(
      'after',
      '\nWithout either as the schema says. Examples:\n  headwater schema refresh AWS::S3::Bucket --every 30\n  headwater schema refresh Acme::Service --never',
    )
    .action((name: string, options: { every?: number; never?: boolean }) =>
      run('Setting', async (s) => {
        const everyMs = options.never === true ? 0 : options.every === undefined ? null : options.every * 60_000;
        const settings = await s.call<{ [schema: string]: number }>('schema.set_refresh', { schema: name, everyMs });
        s.print(settings, () => {
          const minutes = (settings[name] ?? 0) / 60_000;
          const often =
            settings[name] === undefined ? 'as the schema says' : minutes === 0 ? 'never' : `every ${minutes} minutes`;
          return [`Resources of ${name} are looked at by themselves ${often}.`];
        });
        return undefined;
      }),
    );
  schema
    .command('source <schema>')
    .description('the definition that a schema was made of')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .addHelpText('after', '\nExample:\n  headwater schema source Web > web.ts')
    .action((name: string, options: { changeSet?: string }) =>
      run('Reading the definition', async (s) => {
        const changeSet = options.changeSet === undefined ? {} : { changeSet: options.changeSet };
        const source = await s.call<SchemaSource>('schema.source', { schema: name, ...changeSet });
        s.print(source, () => [source.text.trimEnd()]);
        return undefined;
      }),
    );
}

async function author(s: Session, file: string, options: AuthorOptions): Promise<number | undefined> {
  const text = readText(file);
  const name = options.name ?? (file === '-' ? 'definition' : basename(file, extname(file)));
  const changeSet = await s.changeSet(options.changeSet, `schema ${name}`);
  const category = options.category === undefined ? {} : { category: options.category };
  const result = await s.attempt<AuthorReply>('schema.author', {
    changeSet,
    text,
    name,
    types: true,
    ...category,
  });
  if (!result.ok) {
    const { data } = result.refusal as { data?: { diagnostics?: readonly Diagnostic[]; log?: readonly string[] } };
    if (s.json || data?.diagnostics === undefined) throw new RefusalError(result.refusal);
    await s.giveUp();
    for (const line of data.log ?? []) note(`${paint('dim', '|')} ${line}`);
    for (const line of diagnosticLines(file, text, data.diagnostics)) note(line);
    return exitCodes.error;
  }
  const reply = result.value;
  if (reply.edits === 0) await s.giveUp();
  s.print(reply, () => [...authorLines(reply), ...typeLines(file, text, reply)]);
  if (!s.json && reply.edits > 0) note(`Review it with: headwater change-set review ${reply.changeSet}`);
  return undefined;
}

function authorLines(r: AuthorReply): string[] {
  const out = r.log.map((l) => `${paint('dim', '|')} ${l}`);
  out.push(
    r.edits === 0
      ? paint('dim', `Nothing to change: ${r.name} is that way already.`)
      : `${paint('bold', r.name)} is defined: ${count(r.edits, 'edit')}, variant ${r.variant}.`,
  );
  for (const { output, path } of r.follows) out.push(`  ${output} ${paint('cyan', `<- ${path}`)}`);
  for (const { name, definition } of r.secretSlots)
    out.push(`  /secrets/${name} takes a secret of the kind ${definition}`);
  if (r.definesSecret !== null) out.push(`  defines secrets of the kind ${r.definesSecret}`);
  for (const { name, kind, output } of r.functions)
    out.push(output === undefined ? `  ${kind} ${name}` : `  ${output} ${paint('cyan', `<- ${name}`)}`);
  if (r.behind > 0)
    out.push(`${count(r.behind, 'component')} on other variants, until \`headwater component upgrade\` moves them.`);
  return [...out, ...r.warnings.map(warningLine)];
}

/** What is wrong with the types of a definition that was taken all the same. */
function typeLines(file: string, text: string, { diagnostics }: AuthorReply): string[] {
  return diagnosticLines(
    file,
    text,
    diagnostics.map((d) => ({ ...d, severity: 'warning' })),
  );
}

function warningLine({ path, message }: DefinitionWarning): string {
  return `${paint('yellow', 'warning')} ${path} ${message}`;
}
