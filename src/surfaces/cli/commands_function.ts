// Commands on functions: look at them, check and try them. Making and changing them is in commands_function_edit.ts.
// Nothing here changes anything.

import type { Command } from 'commander';
import { RefusalError } from '../../base/result.ts';
import type { Page } from '../../engine/component.ts';
import type { TestReply } from '../../engine/function_test.ts';
import type { Checked, Declarations, FunctionLine, FunctionView } from '../../engine/functions.ts';
import { functionEditCommands } from './commands_function_edit.ts';
import { exitCodes } from './exit.ts';
import { readJson, readText, writeText } from './files.ts';
import { argumentHelp, argumentsOf, at, collect, type In, inChangeSet, readHelp } from './function_options.ts';
import { amount, whole } from './numbers.ts';
import { paint, table } from './output.ts';
import type { Params, Run, Session } from './program.ts';
import { diagnosticLines, testLines } from './render_run.ts';

export function functionCommands(program: Command, run: Run): void {
  const fn = program.command('function').alias('fn').description('functions: code that computes, checks and generates');
  lookCommands(fn, run);
  tryCommands(fn, run);
  functionEditCommands(fn, run);
}

function lookCommands(fn: Command, run: Run): void {
  fn.command('list')
    .description('functions and the schemas they are bound to')
    .option(inChangeSet, readHelp)
    .option('--kind <kind>', 'of one kind, such as attribute or qualification')
    .option('--limit <number>', 'most rows', whole())
    .option('--cursor <text>', 'continue behind this')
    .addHelpText(
      'after',
      `\nExamples:
  headwater function list
  headwater function list --kind qualification --change-set first`,
    )
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
    .addHelpText(
      'after',
      `\nExamples:
  headwater function show url
  headwater function show url --out url.ts`,
    )
    .action((name: string, options: In & { out?: string }) =>
      run('Reading the function', async (s) => {
        const view = await s.call<FunctionView>('function.get', { function: name, ...at(options) });
        if (options.out !== undefined) writeText(options.out, view.text);
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
        if (options.out !== undefined) writeText(options.out, found.text);
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
    .option('--wait <seconds>', 'then it goes on without you; see `headwater run log`', amount(), 60)
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
