// Components out of files and into files: `component apply -f` and what writes such documents. A refusal is about a document of
// a file, and names both.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Json } from '../../base/json.ts';
import { type Refusal, RefusalError, refuse } from '../../base/result.ts';
import type { DeclareReply } from '../../engine/declare.ts';
import type { Declaration } from '../../formats/declaration.ts';
import { exitCodes } from './exit.ts';
import { readText } from './files.ts';
import { count, mark, note, paint } from './output.ts';
import type { Params, Run, Session } from './program.ts';
import { comparisonLines } from './render.ts';

interface ApplyOptions {
  readonly file: readonly string[];
  readonly changeSet?: string;
  readonly dryRun?: boolean;
  readonly view?: string;
  readonly prune?: boolean;
  readonly detailedExitcode?: boolean;
}

/** With a parser of YAML, which only these commands need. */
const declarations = () => import('../../formats/declaration.ts');

export type Written = 'yaml' | 'json';

export function declareCommands(component: Command, run: Run): void {
  component
    .command('apply')
    .description('make components what files declare them to be, all or none; applied again nothing is edited')
    .requiredOption('-f, --file <path...>', 'files, folders of .yaml, .yml and .json files, or - for standard input')
    .option('-c, --change-set <name>', 'change set, by name or id (default: a new one; with --dry-run HEAD)')
    .option('--dry-run', 'show what would change and edit nothing')
    .option('--view <name>', 'put them all in this view')
    .option('--prune', 'delete the components of --view that no file declares')
    .option('--detailed-exitcode', 'exit with 2 when there is something to change')
    .addHelpText(
      'after',
      `
A document is one component; a file has several with --- between, or a list. What a document does not mention stays.
  component: web
  schema: AWS::EC2::Subnet
  attributes:
    /domain/CidrBlock: 10.0.1.0/24
    /domain/VpcId: { $source: { component: main, path: /resource_value/VpcId } }
Also: resourceId, views, dependsOn. {$source: null} declares that there is no value.
Examples:
  headwater component apply -f network.yaml --dry-run
  headwater component apply -f network/ --change-set network --view network --prune
  headwater component get web -o yaml > web.yaml`,
    )
    .action((options: ApplyOptions) => run('Comparing', (s) => declared(s, options)));
}

async function declared(s: Session, options: ApplyOptions): Promise<number | undefined> {
  const { documents, places } = await documentsIn(options.file);
  const dryRun = options.dryRun === true;
  const changeSet =
    dryRun && options.changeSet === undefined
      ? 'HEAD'
      : await s.changeSet(options.changeSet, `apply ${options.file.join(' ')}`);
  const result = await s.attempt<DeclareReply>('component.declare', {
    changeSet,
    components: documents,
    dryRun,
    ...(options.view === undefined ? {} : { view: options.view }),
    ...(options.prune === true ? { prune: true } : {}),
  });
  if (!result.ok) throw new RefusalError((await declarations()).refusalAt(result.refusal, places));
  const reply = result.value;
  const isEdited = !dryRun && reply.edits > 0;
  if (!isEdited) await s.giveUp();
  s.print(reply, () => declaredLines(reply));
  if (isEdited && !s.json) note(`Review it with: headwater change-set review ${reply.changeSet}`);
  return options.detailedExitcode === true && reply.edits > 0 ? exitCodes.changes : undefined;
}

const marks = { created: 'Added', restored: 'Added', changed: 'Modified', deleted: 'Removed' } as const;

export function declaredLines(r: DeclareReply): string[] {
  const unchanged = r.components.filter((c) => c.state === 'unchanged').length;
  if (r.edits === 0) return [`Nothing to change: ${count(r.components.length, 'component')} as declared.`];
  const lines =
    r.comparison === undefined
      ? r.components.flatMap(({ name, state }) =>
          state === 'unchanged' ? [] : [`${mark(marks[state])} ${name}  ${paint('dim', state)}`],
        )
      : comparisonLines(r.comparison);
  const as = r.dryRun
    ? 'Nothing was edited; this is what would be.'
    : `change set ${r.changeSet} is at version ${r.version}`;
  return [...lines, ...(unchanged === 0 ? [] : [`${count(unchanged, 'component')} unchanged.`]), paint('dim', as)];
}

/** Everything that is declared, with the place of each for people. */
async function documentsIn(files: readonly string[]): Promise<{ documents: Json[]; places: string[] }> {
  const { documentsOf } = await declarations();
  const documents: Json[] = [];
  const places: string[] = [];
  for (const file of files.flatMap(filesAt)) {
    const found = documentsOf(readText(file));
    const named = file === '-' ? 'standard input' : file;
    if (!found.ok) throw new RefusalError(at(found.refusal, named));
    for (const { number, value } of found.value) {
      documents.push(value);
      places.push(found.value.length === 1 ? named : `${named}, document ${number}`);
    }
  }
  if (documents.length > 0) return { documents, places };
  const nothing = {
    path: files.join(' '),
    expected: 'at least one component',
    got: 'none',
    hint: 'see component apply --help',
  };
  throw new RefusalError(refuse('request_malformed', nothing).refusal);
}

const at = (refusal: Refusal, file: string): Refusal => ({ ...refusal, path: `${file}: ${refusal.path}` });

/** A file itself; the documents of a folder in order of their names, those of folders in it too. */
function filesAt(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** Prints documents instead of what people read; with --json as JSON, whatever the format. */
export async function printDeclared(s: Session, params: Params, format: Written): Promise<undefined> {
  const { components } = await s.call<{ components: Declaration[] }>('component.declared', params);
  const { declarationsText } = await declarations();
  s.print(components, () => declarationsText(components, format).trimEnd().split('\n'));
  return undefined;
}
