// Commands on components, their values, and schemas: each is one operation of the engine. An edit that is given no
// change set opens one and names it.

import { type Command, Option } from 'commander';
import type { Json } from '../../base/json.ts';
import { type Refusal, RefusalError } from '../../base/result.ts';
import type { ComponentLine, ComponentView, Page } from '../../engine/component.ts';
import type { LeftOut } from '../../engine/readable.ts';
import type { SchemaLine, Suggestion } from '../../engine/schema.ts';
import type { SubmitReply } from '../../engine/submit.ts';
import { declareCommands, printDeclared, type Written } from './commands_declare.ts';
import { authorCommands } from './commands_schema.ts';
import { readJson } from './files.ts';
import { amount, whole } from './numbers.ts';
import { count, note, paint, table } from './output.ts';
import type { Params, Run, Session } from './program.ts';
import { componentLines } from './render.ts';

interface Edit {
  readonly changeSet?: string;
}

interface SubscribeOptions extends Edit {
  readonly func?: string;
  readonly function?: string;
}

interface SearchOptions extends Edit {
  readonly limit?: number;
  readonly cursor?: string;
  readonly output?: Written;
}

const written = () =>
  new Option('-o, --output <format>', 'as documents for component apply; of a search all that match').choices([
    'yaml',
    'json',
  ]);

const inChangeSet = '-c, --change-set <name>';
const inChangeSetHelp = 'change set, by name or id (default: a new one)';

export function componentCommands(program: Command, run: Run): void {
  const component = program.command('component').alias('c').description('components: twins of resources');
  component
    .command('get <component>')
    .description('show a component: its values, where they come from, what follows what')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .option('--version <number>', 'an earlier version of that change set', whole())
    .option('--wait <seconds>', 'wait this long for what is still being computed of it', amount(), 5)
    .addOption(written())
    .addHelpText(
      'after',
      `\nExamples:
  headwater component get web
  headwater component get web --change-set first -o yaml > web.yaml`,
    )
    .action((name: string, options: { changeSet?: string; version?: number; wait: number; output?: Written }) =>
      run('Reading', async (s) => {
        if (options.output !== undefined)
          return printDeclared(s, { components: [name], ...at(options) }, options.output);
        const waitMs = options.wait * 1_000;
        const view = await s.call<ComponentView>('component.get', { component: name, waitMs, ...at(options) });
        s.print(view, () => componentLines(view));
        return undefined;
      }),
    );
  component
    .command('search [query]')
    .description('find components')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .option('--limit <number>', 'most rows', whole())
    .option('--cursor <id>', 'continue behind this id')
    .addOption(written())
    .addHelpText(
      'after',
      `\nA word matches names and schema names. schema:NAME, Path:value; * any text, | or, & and, ! not, "quotes", ( ).
Examples:
  headwater component search web
  headwater component search 'schema:AWS::EC2::Subnet & CidrBlock:10.0.*'
  headwater component search 'schema:AWS::S3::Bucket|AWS::SQS::Queue !name*'
  headwater component search 'schema:AWS::EC2::*' -o yaml > network.yaml`,
    )
    .action((query: string | undefined, options: SearchOptions) =>
      run('Searching', async (s) => {
        if (options.output !== undefined)
          return printDeclared(s, { query: query ?? '', ...at(options) }, options.output);
        const page = await s.call<Page<ComponentLine> & LeftOut>('component.search', {
          ...at(options),
          query: query ?? '',
          ...(options.limit === undefined ? {} : { limit: options.limit }),
          ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
        });
        s.print(page, () => [
          ...table(page.items.map((c) => [c.name, paint('dim', c.schema), c.id, c.toDelete ? 'to delete' : ''])),
          ...(page.items.length === 0 ? ['Nothing matches.'] : []),
          ...(page.leftOutByPolicy ? [`${count(page.leftOutByPolicy, 'component')} left out by policy.`] : []),
          ...(page.nextCursor === null ? [] : [paint('dim', `more: --cursor ${page.nextCursor}`)]),
        ]);
        return undefined;
      }),
    );
  declareCommands(component, run);
  component
    .command('create <schema> <name>')
    .description('create a component; a schema of the catalogue is installed on first use')
    .option(inChangeSet, inChangeSetHelp)
    .addHelpText('after', '\nExample:\n  headwater component create AWS::EC2::VPC vpc --change-set network')
    .action((schema: string, name: string, options: Edit) =>
      run('Creating', (s) => edit(s, options, `create ${name}`, [{ kind: 'component.create', schema, name }])),
    );
  component
    .command('set <component> <path> <value>')
    .description('set one value; JSON where it is JSON, text otherwise')
    .option(inChangeSet, inChangeSetHelp)
    .addHelpText(
      'after',
      '\nExamples:\n  headwater component set vpc /domain/CidrBlock 10.0.0.0/16\n  headwater component set web /domain/Tags/- \'{"Key":"env","Value":"dev"}\'',
    )
    .action((name: string, path: string, value: string, options: Edit) =>
      run('Editing', async (s) => {
        const changeSet = await s.changeSet(options.changeSet, `set ${path} of ${name}`);
        const mutation = (given: Json): Json => ({ kind: 'attribute.set', component: name, path, value: given });
        const parsed = parseValue(value);
        const first = await s.attempt<SubmitReply>('submit', { changeSet, mutations: [mutation(parsed)] });
        // 8080 may well be meant as text where the schema takes text.
        const asText =
          !first.ok &&
          first.refusal.code === 'kind_mismatch' &&
          first.refusal.expected === 'a string' &&
          typeof parsed !== 'string';
        return told(
          s,
          asText ? await s.call<SubmitReply>('submit', { changeSet, mutations: [mutation(value)] }) : mustReply(first),
        );
      }),
    );
  component
    .command('subscribe <component> <path> <source> <source-path>')
    .description('let a value follow a value of another component')
    .option(inChangeSet, inChangeSetHelp)
    .option('--func <name>', 'through a built-in function, such as toText')
    .option('--function <name>', 'through a function of your own, of kind transformation')
    .addHelpText('after', '\nExample:\n  headwater component subscribe subnet /domain/VpcId vpc /resource_value/VpcId')
    .action((name: string, path: string, source: string, sourcePath: string, options: SubscribeOptions) =>
      run('Editing', async (s) =>
        edit(s, options, `link ${path} of ${name}`, [
          {
            kind: 'attribute.subscribe',
            component: name,
            path,
            source: {
              component: source,
              path: sourcePath,
              ...(options.func === undefined ? {} : { func: options.func }),
              ...(options.function === undefined ? {} : { function: options.function }),
            },
          },
        ]),
      ),
    );
  component
    .command('unset <component> <path>')
    .description('take a value away; the default shows again')
    .option(inChangeSet, inChangeSetHelp)
    .addHelpText('after', '\nExample:\n  headwater component unset vpc /domain/CidrBlock --change-set network')
    .action((name: string, path: string, options: Edit) =>
      run('Editing', async (s) =>
        edit(s, options, `unset ${path} of ${name}`, [{ kind: 'attribute.unset', component: name, path }]),
      ),
    );
  for (const [verb, text] of [
    ['delete', 'mark a component for deletion'],
    ['restore', 'take the mark off'],
    ['erase', 'take a component out of the model; its resource stays'],
  ] as const) {
    component
      .command(`${verb} <component>`)
      .description(text)
      .option(inChangeSet, inChangeSetHelp)
      .addHelpText('after', `\nExample:\n  headwater component ${verb} web --change-set network`)
      .action((name: string, options: Edit) =>
        run('Editing', async (s) =>
          edit(s, options, `${verb} ${name}`, [{ kind: `component.${verb}`, component: name }]),
        ),
      );
  }
  component
    .command('moved <old> <new>')
    .description('let a new component take over the resource of an old one, which is erased; nothing is done to it')
    .option(inChangeSet, inChangeSetHelp)
    .addHelpText(
      'after',
      `
For a resource that is found under another name now: nothing is destroyed and nothing is created. It is updated where what
NEW declares differs from what was last sent for OLD. NEW has to be of the same schema and to have no resource; OLD may be
deleted in the change set already.
Example:
  headwater component create Demo::Site website --change-set rename
  headwater component set website /domain/Host example.org --change-set rename
  headwater component moved web website --change-set rename
  headwater change-set review rename`,
    )
    .action((from: string, to: string, options: Edit) =>
      run('Editing', (s) => edit(s, options, `moved ${from}`, [{ kind: 'component.moved', from, to }])),
    );
  component
    .command('upgrade <component>')
    .description('move a component to another variant of its schema; values that do not fit are parked, not lost')
    .option(inChangeSet, inChangeSetHelp)
    .option('--variant <id>', 'variant (default: the unlocked one of the schema, else its default one)')
    .addHelpText(
      'after',
      `
Examples:
  headwater component upgrade orders --change-set "our types"`,
    )
    .action((name: string, options: Edit & { variant?: string }) =>
      run('Editing', async (s) => {
        const to = options.variant === undefined ? {} : { variant: options.variant };
        return edit(s, options, `upgrade ${name}`, [{ kind: 'component.upgrade', component: name, ...to }]);
      }),
    );
  component
    .command('suggest <component> <path>')
    .description('outputs of other components that usually feed this property')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .addHelpText('after', '\nExample:\n  headwater component suggest subnet /domain/VpcId')
    .action((name: string, path: string, options: Edit) =>
      run('Looking for sources', async (s) => {
        const found = await s.call<Suggestion[]>('component.suggest', { component: name, path, ...at(options) });
        s.print(found, () =>
          found.length === 0
            ? ['No suggestion.']
            : table(found.map((f) => [f.name, f.path, paint('dim', f.schema), f.component])),
        );
        return undefined;
      }),
    );
  program
    .command('submit <file>')
    .description('submit a JSON list of mutations as one batch; - reads standard input')
    .option(inChangeSet, inChangeSetHelp)
    .option('--idempotency-key <key>', 'the same key with the same list is carried out once')
    .option('--base-version <number>', 'the version that the author saw', whole())
    .addHelpText(
      'after',
      `\nExamples:
  headwater submit edits.json --change-set network --idempotency-key nightly-7
  echo '[{"kind":"component.delete","component":"web"}]' | headwater submit - --change-set network`,
    )
    .action((file: string, options: Edit & { idempotencyKey?: string; baseVersion?: number }) =>
      run('Submitting', async (s) => {
        return edit(s, options, `submit ${file}`, readJson(file) as Json[], {
          ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
          ...(options.baseVersion === undefined ? {} : { baseVersion: options.baseVersion }),
        });
      }),
    );
  schemaCommands(program, run);
}

function schemaCommands(program: Command, run: Run): void {
  const schema = program.command('schema').description('schemas: types of components, installed and in the catalogue');
  authorCommands(schema, run);
  schema
    .command('search [words...]')
    .description('find schemas by name or summary')
    .option('--limit <number>', 'most rows', whole())
    .addHelpText(
      'after',
      `\nExamples:
  headwater schema search bucket
  headwater schema search AWS::EC2 --limit 20`,
    )
    .action((words: string[], options: { limit?: number }) =>
      run('Searching the catalogue', async (s) => {
        const rows = await s.call<SchemaLine[]>('schema.search', {
          query: words.join(' '),
          limit: options.limit ?? 20,
        });
        s.print(rows, () =>
          table(
            rows.map((r) => [
              r.installed ? paint('green', 'installed') : paint('dim', r.origin),
              r.name,
              paint('dim', r.summary.slice(0, 90)),
            ]),
          ),
        );
        return undefined;
      }),
    );
  schema
    .command('describe <schema>')
    .description('the properties of a schema')
    .option('--change-set <name>', 'change set (default: HEAD)')
    .addHelpText('after', '\nExample:\n  headwater schema describe AWS::EC2::Subnet')
    .action((name: string, options: Edit) =>
      run('Reading the schema', async (s) => {
        const view = await s.call<{
          name: string;
          installed: boolean;
          properties: { path: string; kind: string; marks: string[]; docs: string }[];
        }>('schema.describe', { schema: name, ...at(options) });
        s.print(view, () => [
          `${paint('bold', view.name)}${view.installed ? '' : paint('dim', ' (in the catalogue, installed on first use)')}`,
          ...table(
            view.properties.map((p) => [`  ${p.path}`, p.kind, p.marks.join(', '), paint('dim', p.docs.slice(0, 70))]),
          ),
        ]);
        return undefined;
      }),
    );
}

function at(options: { changeSet?: string; version?: number }): Params {
  return {
    ...(options.changeSet === undefined ? {} : { changeSet: options.changeSet }),
    ...(options.version === undefined ? {} : { version: options.version }),
  };
}

/** JSON where the text is JSON, the text itself otherwise. */
function parseValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (e) {
    if (e instanceof SyntaxError) return text;
    throw e;
  }
}

function mustReply(result: { ok: true; value: SubmitReply } | { ok: false; refusal: Refusal }): SubmitReply {
  if (result.ok) return result.value;
  throw new RefusalError(result.refusal);
}

export async function edit(
  s: Session,
  options: Edit,
  name: string,
  mutations: Json[],
  more: Params = {},
): Promise<undefined> {
  const changeSet = await s.changeSet(options.changeSet, name);
  return told(s, await s.call<SubmitReply>('submit', { changeSet, mutations, ...more }));
}

async function told(s: Session, reply: SubmitReply): Promise<undefined> {
  const changed = reply.steps.some((step) => step.edits > 0);
  if (!changed && (await s.giveUp())) {
    s.print(reply, () => [paint('dim', 'Nothing to change: it is that way already.')]);
    return undefined;
  }
  s.print(reply, () => [
    ...reply.steps.map((step) =>
      step.edits === 0 ? paint('dim', 'Nothing to change: it is that way already.') : step.sentence,
    ),
    paint('dim', `change set ${reply.changeSet} is at version ${reply.version}`),
  ]);
  if (!s.json && changed) note(`Review it with: headwater change-set review ${reply.changeSet}`);
  return undefined;
}
