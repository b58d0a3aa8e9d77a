// Commands on functions: look at them, check and try them, make and change them. Edits are mutations in a change set, as all
// edits; a text that does not compile is shown with line and column before anything is sent.

import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Json } from '../../base/json.ts';
import { RefusalError, refuse } from '../../base/result.ts';
import type { Page } from '../../engine/component.ts';
import type { TestReply } from '../../engine/function_test.ts';
import type { Checked, Declarations, FunctionLine, FunctionView } from '../../engine/functions.ts';
import { edit } from './commands_component.ts';
import { exitCodes } from './exit.ts';
import { readJson, readText } from './files.ts';
import { paint, table } from './output.ts';
import type { Params, Run, Session } from './program.ts';
import { diagnosticLines, testLines } from './render_run.ts';

interface In {
  readonly changeSet?: string;
}

interface Attach extends In {
  readonly schema?: string;
  readonly variant?: string;
  readonly output?: string;
  readonly argument: readonly string[];
  readonly action?: string;
}

const inChangeSet = '--change-set <name>';
const editHelp = 'change set, by name or id (default: a new one)';
const readHelp = 'change set (default: HEAD)';
const argumentHelp = 'NAME=/pointer, or NAME:=JSON for a fixed value; may be repeated';
const collect = (value: string, before: readonly string[]): string[] => [...before, value];

export function functionCommands(program: Command, run: Run): void {
  const fn = program.command('function').alias('fn').description('functions: code that computes, checks and generates');
  lookCommands(fn, run);
  tryCommands(fn, run);
  editCommands(fn, run);
  attachCommands(fn, run);
}

function lookCommands(fn: Command, run: Run): void {
  fn.command('list')
    .description('functions and the schemas they are bound to')
    .option(inChangeSet, readHelp)
    .option('--kind <kind>', 'of one kind, such as attribute or qualification')
    .option('--limit <number>', 'most rows', Number)
    .option('--cursor <text>', 'continue behind this')
    .action((options: In & { kind?: string; limit?: number; cursor?: string }) =>
      run('Reading the functions', async (s) => {
        const page = await s.call<Page<FunctionLine>>('function.list', options as unknown as Params);
        s.print(page, () => [
          ...(page.items.length === 0 ? ['No function.'] : []),
          ...table(
            page.items.map((f) => [
              f.name,
              f.kind,
              f.schemas.join(', ') || paint('dim', '(not bound)'),
              f.id,
              f.locked ? 'locked' : '',
            ]),
          ),
          ...(page.nextCursor === null ? [] : [paint('dim', 'more: --json has the cursor')]),
        ]);
        return undefined;
      }),
    );
  fn.command('show <function>')
    .description('the text of a function, where it is bound and where it runs')
    .option(inChangeSet, readHelp)
    .option('-o, --out <file>', 'write only the text, to a file')
    .action((name: string, options: In & { out?: string }) =>
      run('Reading the function', async (s) => {
        const view = await s.call<FunctionView>('function.get', { function: name, ...at(options) });
        if (options.out !== undefined) writeFileSync(options.out, view.text);
        s.print(view, () => (options.out === undefined ? functionLines(view) : [`Wrote ${options.out}.`]));
        return undefined;
      }),
    );
  fn.command('types <function>')
    .description('declarations (.d.ts) for an editor: what main gets and gives')
    .option(inChangeSet, readHelp)
    .option('--schema <name>', 'of this schema (default: the one that it is bound to)')
    .option('-o, --out <file>', 'write them to a file')
    .addHelpText('after', '\nExample:\n  headwater function types url -o url.d.ts')
    .action((name: string, options: In & { schema?: string; out?: string }) =>
      run('Making the declarations', async (s) => {
        const found = await s.call<Declarations>('function.declarations', {
          function: name,
          ...at(options),
          ...(options.schema === undefined ? {} : { schema: options.schema }),
        });
        if (options.out !== undefined) writeFileSync(options.out, found.text);
        s.print(found, () => (options.out === undefined ? [found.text] : [`Wrote ${options.out}.`]));
        return undefined;
      }),
    );
}

function functionLines(f: FunctionView): string[] {
  const where = f.runs === null ? paint('red', 'does not compile') : f.runs.tier;
  const effects = f.runs === null || f.runs.effects.length === 0 ? '' : ` (it uses ${f.runs.effects.join(', ')})`;
  return [
    ...table([
      ['name', f.name],
      ['id', f.id],
      ['kind', f.kind],
      ['runs in', `${where}${effects}`],
      ['locked', f.locked ? 'yes' : 'no'],
      ...(f.description === '' ? [] : [['about', f.description]]),
      ...f.bound.map((b) => [
        'bound to',
        `${b.schema.name}${b.variant === null ? '' : `, variant ${b.variant}`}${b.output === null ? '' : ` -> ${b.output}`}${b.action === null ? '' : `, ${b.action}`}  ${paint('dim', b.binding)}`,
      ]),
      ...f.bound.flatMap((b) =>
        b.arguments.map((a) => [
          '',
          `  ${a.name} ${a.path === undefined ? `= ${JSON.stringify(a.value)}` : `<- ${a.path}`}`,
        ]),
      ),
    ]),
    '',
    f.text.trimEnd(),
  ];
}

function tryCommands(fn: Command, run: Run): void {
  fn.command('check <function>')
    .description('what is wrong with a function, types included; a file in its place with --text')
    .option(inChangeSet, readHelp)
    .option('--text <file>', 'check this text instead; - reads standard input')
    .option('--kind <kind>', 'the function need not exist: check the text as one of this kind')
    .option('--schema <name>', 'against the types of this schema (default: the one that it is bound to)')
    .option('--argument <argument>', argumentHelp, collect, [])
    .addHelpText(
      'after',
      `\nExit code 1 when there are errors.
Examples:
  headwater function check url --change-set first
  headwater function check url --text url.ts
  headwater function check new --kind qualification --schema Web --text ok.ts`,
    )
    .action((name: string, options: In & { text?: string; kind?: string; schema?: string; argument: string[] }) =>
      run('Checking', async (s) => {
        const checked = await s.call<Checked>('function.check', {
          ...(options.kind === undefined ? { function: name } : { kind: options.kind }),
          ...at(options),
          ...(options.text === undefined ? {} : { text: readText(options.text) }),
          ...(options.schema === undefined ? {} : { schema: options.schema }),
          ...argumentsOf(options.argument),
        });
        s.print(checked, () => [
          ...diagnosticLines(options.text ?? name, checked.text, checked.diagnostics),
          checked.ok
            ? paint('green', `No errors; runs in the ${checked.tier} tier.`)
            : paint('red', 'There are errors.'),
        ]);
        return checked.ok ? exitCodes.ok : exitCodes.error;
      }),
    );
  fn.command('test <function>')
    .description('run a function on a component as it is now, without changing anything')
    .option(inChangeSet, readHelp)
    .option('--component <name>', 'the component')
    .option('--path <pointer>', 'transformation: the value that it is given')
    .option('--text <file>', 'run this text instead of what is saved; - reads standard input')
    .option('--kind <kind>', 'the function need not exist: run the text as one of this kind')
    .option('--argument <argument>', argumentHelp, collect, [])
    .option('--input <file>', 'the argument of main as JSON, in place of a component')
    .option('--wait <seconds>', 'then it goes on without you; see `headwater run log`', Number, 60)
    .addHelpText(
      'after',
      `\nExit code 1 when it fails.
Examples:
  headwater function test url --component web --change-set first
  headwater function test url --component web --text url.ts
  headwater function test url --input input.json`,
    )
    .action((name: string, options: TestOptions) => run('Testing', (s) => tested(s, name, options)));
}

interface TestOptions extends In {
  readonly component?: string;
  readonly path?: string;
  readonly text?: string;
  readonly kind?: string;
  readonly argument: readonly string[];
  readonly input?: string;
  readonly wait: number;
}

async function tested(s: Session, name: string, options: TestOptions): Promise<number | undefined> {
  const text = options.text === undefined ? undefined : readText(options.text);
  const ask = {
    ...(options.kind === undefined ? { function: name } : { kind: options.kind }),
    ...at(options),
    ...(text === undefined ? {} : { text }),
    ...(options.component === undefined ? {} : { component: options.component }),
    ...(options.path === undefined ? {} : { path: options.path }),
    ...(options.input === undefined ? {} : { input: readJson(options.input) }),
    ...argumentsOf(options.argument),
    waitMs: Math.round(options.wait * 1_000),
  };
  const result = await s.attempt<TestReply>('function.test', ask);
  if (!result.ok) {
    const { code, data } = result.refusal;
    if (code !== 'function_invalid' || s.json) throw new RefusalError(result.refusal);
    const source = text ?? (await s.call<FunctionView>('function.get', { function: name, ...at(options) })).text;
    s.print(data, () =>
      diagnosticLines(options.text ?? name, source, (data as Pick<Checked, 'diagnostics'>).diagnostics),
    );
    return exitCodes.error;
  }
  const reply = result.value;
  const failed = reply.outcome?.ok === false;
  const source =
    text ??
    (failed && !s.json ? (await s.call<FunctionView>('function.get', { function: name, ...at(options) })).text : '');
  s.print(reply, () => testLines(reply, source));
  return failed ? exitCodes.error : exitCodes.ok;
}

function editCommands(fn: Command, run: Run): void {
  fn.command('create <name> <file>')
    .description('create a function from a file; - reads standard input')
    .requiredOption('--kind <kind>', 'attribute, transformation, code-generation, qualification, management, action, …')
    .option(inChangeSet, editHelp)
    .option('--schema <name>', 'attach it to this schema as well')
    .option('--variant <id>', 'or to this variant of one')
    .option('--output <pointer>', 'attribute: where its result goes')
    .option('--argument <argument>', argumentHelp, collect, [])
    .option('--action <kind>', 'action: which one it implements')
    .addHelpText(
      'after',
      `\nExamples:
  headwater function create url url.ts --kind attribute --schema Web \\
    --argument host=/domain/Host --argument port=/domain/Port --output /domain/Url
  headwater function create portOk ok.ts --kind qualification --schema Web`,
    )
    .action((name: string, file: string, options: Attach & { kind: string }) =>
      run('Creating', async (s) => {
        const text = readText(file);
        if (!(await compiles(s, file, { text, kind: options.kind }))) return exitCodes.error;
        const create: Json = { kind: 'function.create', name, functionKind: options.kind, text };
        const isBound = options.schema !== undefined || options.variant !== undefined;
        const mutations = isBound ? [create, attachMutation(name, options)] : [create];
        return edit(s, options, `create function ${name}`, mutations);
      }),
    );
  fn.command('edit <function> <file>')
    .description('replace the text of a function; - reads standard input')
    .option(inChangeSet, editHelp)
    .action((name: string, file: string, options: In) =>
      run('Editing', async (s) => {
        const text = readText(file);
        if (!(await compiles(s, file, { function: name, text, ...at(options) }))) return exitCodes.error;
        return edit(s, options, `edit function ${name}`, [{ kind: 'function.edit_text', function: name, text }]);
      }),
    );
  for (const [verb, about] of [
    ['lock', 'make a function uneditable'],
    ['unlock', 'make an editable copy of a locked function'],
  ] as const) {
    fn.command(`${verb} <function>`)
      .description(about)
      .option(inChangeSet, editHelp)
      .action((name: string, options: In) =>
        run('Editing', (s) =>
          edit(s, options, `${verb} function ${name}`, [{ kind: `function.${verb}`, function: name }]),
        ),
      );
  }
}

/** Shows what is wrong where the text does not compile; types are for `check`. */
async function compiles(s: Session, file: string, ask: Params & { text: string }): Promise<boolean> {
  const checked = await s.call<Checked>('function.check', { ...ask, quick: true });
  if (!checked.ok) s.print(checked, () => diagnosticLines(file, ask.text, checked.diagnostics));
  return checked.ok;
}

function attachCommands(fn: Command, run: Run): void {
  fn.command('attach <function>')
    .description('bind a function to a schema: where its arguments come from, where its result goes')
    .option(inChangeSet, editHelp)
    .option('--schema <name>', 'for all variants of a schema')
    .option('--variant <id>', 'for one variant')
    .option('--output <pointer>', 'attribute: where its result goes')
    .option('--argument <argument>', argumentHelp, collect, [])
    .option('--action <kind>', 'action: which one it implements')
    .addHelpText(
      'after',
      '\nExample:\n  headwater function attach url --schema Web --argument host=/domain/Host --argument port:=80 --output /domain/Url',
    )
    .action((name: string, options: Attach) =>
      run('Attaching', (s) => edit(s, options, `attach ${name}`, [attachMutation(name, options)])),
    );
  fn.command('detach <function>')
    .description('take a binding away: by the id of the binding, or a function that is bound once')
    .option(inChangeSet, editHelp)
    .option('--schema <name>', 'of a function that is bound to several: the one to this schema')
    .action((name: string, options: In & { schema?: string }) =>
      run('Detaching', async (s) => {
        const binding = await bindingOf(s, name, options);
        return edit(s, options, `detach ${name}`, [{ kind: 'binding.detach', binding }]);
      }),
    );
}

async function bindingOf(s: Session, name: string, options: In & { schema?: string }): Promise<string> {
  const found = await s.attempt<FunctionView>('function.get', { function: name, ...at(options) });
  if (!found.ok && found.refusal.code === 'function_not_found') return name;
  if (!found.ok) throw new RefusalError(found.refusal);
  const { schema } = options;
  const bound = found.value.bound.filter(
    (b) => schema === undefined || b.schema.name === schema || b.schema.id === schema,
  );
  if (bound.length === 1) return bound[0]!.binding;
  const { refusal } = refuse(bound.length === 0 ? 'binding_not_found' : 'ambiguous_name', {
    path: 'function',
    expected: 'a function that is bound once',
    got: bound.length === 0 ? 'one that is not' : `one bound to ${bound.map((b) => b.schema.name).join(', ')}`,
    hint:
      bound.length === 0 ? 'see `headwater function show`' : 'say which with --schema, or give the id of the binding',
  });
  throw new RefusalError(refusal);
}

function attachMutation(name: string, options: Attach): Json {
  return {
    kind: 'binding.attach',
    function: name,
    ...(options.schema === undefined ? {} : { schema: options.schema }),
    ...(options.variant === undefined ? {} : { variant: options.variant }),
    ...(options.output === undefined ? {} : { output: options.output }),
    ...(options.action === undefined ? {} : { action: options.action }),
    ...argumentsOf(options.argument),
  };
}

const at = (options: In): Params => (options.changeSet === undefined ? {} : { changeSet: options.changeSet });

/** `NAME=/pointer` and `NAME:=JSON`. Refuses `request_malformed`. */
function argumentsOf(given: readonly string[]): { arguments?: Json[] } {
  if (given.length === 0) return {};
  return {
    arguments: given.map((text): Json => {
      const [, name, mark, rest] = /^([^=:]+)(:?=)(.*)$/s.exec(text) ?? [];
      if (name === undefined || rest === undefined) throw malformed(text, 'NAME=/pointer or NAME:=JSON');
      if (mark === '=') return { name, path: rest };
      try {
        return { name, value: JSON.parse(rest) as Json };
      } catch (e) {
        throw malformed(text, `JSON behind := (${e instanceof Error ? e.message : String(e)})`);
      }
    }),
  };
}

function malformed(got: string, expected: string): RefusalError {
  const hint = 'see the help of the command';
  return new RefusalError(refuse('request_malformed', { path: '--argument', expected, got, hint }).refusal);
}
