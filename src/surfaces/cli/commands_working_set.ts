// Templates in TypeScript: a file and its inputs on one side, a change set with its working set on the other. What the file says is
// carried out by the engine; nothing of it runs here.

import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import { RefusalError, refuse } from '../../base/result.ts';
import type { TemplateDescription, WorkingSetReply } from '../../engine/working_set.ts';
import { declaredLines } from './commands_declare.ts';
import { exitCodes } from './exit.ts';
import { readText } from './files.ts';
import { collect } from './function_options.ts';
import { note, paint, table } from './output.ts';
import type { Run, Session } from './program.ts';

export function templateRunCommands(program: Command, run: Run): void {
  const template = program.command('template').description('templates in TypeScript');
  template
    .command('describe <file>')
    .description('the inputs of a template, and what it looks for; nothing is run or edited; - reads standard input')
    .addHelpText(
      'after',
      `
Example:
  headwater template describe subnets.ts`,
    )
    .action((file: string) => run('Reading the template', (s) => described(s, file)));
  template
    .command('run <file>')
    .description('make the working set of a template what it declares; - reads standard input')
    .option('--change-set <name>', 'change set, by name or id (default: a new one)')
    .option('--name <name>', 'view that its components are the whole of (default: the file’s name)')
    .option('--input <name=value>', 'an input; may be given again', collect, [])
    .option('--dry-run', 'show what would change, and edit nothing')
    .option('--detailed-exitcode', 'exit with 2 when there is something to change')
    .addHelpText(
      'after',
      `
The file declares a template, which only computes:
  const template = {
    inputs: { env: { kind: 'string', enum: ['dev', 'prod'], default: 'dev' } },
    find: { networks: 'schema:AWS::EC2::VPC' },
    components: ({ inputs, found }) =>
      found.networks.map((n) => ({ component: \`\${n.name}-\${inputs.env}\`, schema: 'AWS::EC2::Subnet',
        attributes: { '/domain/VpcId': { $source: { component: n.name, path: '/resource_value/VpcId' } } } })),
  };
Run again it edits nothing; what it does not declare any more is deleted.
Examples:
  headwater template run subnets.ts --input env=prod --dry-run
  headwater template run subnets.ts --input env=prod --change-set network`,
    )
    .action((file: string, options: TemplateRunOptions) =>
      run('Running the template', (s) => converged(s, file, options)),
    );
}

async function described(s: Session, file: string): Promise<undefined> {
  const given = { changeSet: 'HEAD', name: nameOf(file), text: readText(file) };
  const about = await s.call<TemplateDescription>('template.describe', given);
  s.print(about, () => {
    const inputs = Object.entries(about.inputs).map(([input, p]) => [
      input,
      paint('dim', p.kind),
      needOf(p),
      p.docs ?? '',
    ]);
    const searches = Object.entries(about.find).map(([as, query]) => `finds ${as}: ${query}`);
    return [...(inputs.length === 0 ? ['It takes no inputs.'] : table(inputs)), ...searches];
  });
  return undefined;
}

function needOf(p: TemplateDescription['inputs'][string]): string {
  if (p.default !== undefined) return `default ${JSON.stringify(p.default)}`;
  return p.required === true ? 'required' : '';
}

interface TemplateRunOptions {
  readonly changeSet?: string;
  readonly dryRun?: boolean;
  readonly detailedExitcode?: boolean;
  readonly name?: string;
  readonly input: readonly string[];
}

async function converged(s: Session, file: string, options: TemplateRunOptions): Promise<number | undefined> {
  const text = readText(file);
  const name = options.name ?? nameOf(file);
  const dryRun = options.dryRun === true;
  const inputs = Object.fromEntries(options.input.map(inputOf));
  const changeSet =
    dryRun && options.changeSet === undefined ? 'HEAD' : await s.changeSet(options.changeSet, `run ${name}`);
  const reply = await s.call<WorkingSetReply>('template.run', { changeSet, name, text, inputs, dryRun });
  const isEdited = !dryRun && reply.edits > 0;
  if (!isEdited) await s.giveUp();
  s.print(reply, () => [...reply.log.map((line) => paint('dim', line)), ...declaredLines(reply)]);
  if (isEdited && !s.json) note(`Review it with: headwater change-set review ${reply.changeSet}`);
  return options.detailedExitcode === true && reply.edits > 0 ? exitCodes.changes : undefined;
}

const nameOf = (file: string): string => (file === '-' ? 'template' : basename(file, extname(file)));

function inputOf(given: string): [string, string] {
  const end = given.indexOf('=');
  if (end > 0) return [given.slice(0, end), given.slice(end + 1)];
  const about = { path: '--input', expected: 'NAME=VALUE', got: given, hint: 'see template run --help' };
  throw new RefusalError(refuse('request_malformed', about).refusal);
}
