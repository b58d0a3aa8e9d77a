// Commands that make and change functions and bind them to schemas. Edits are mutations in a change set, as all edits; a text
// that does not compile is shown with line and column before anything is sent.

import type { Command } from 'commander';
import type { Json } from '../../base/json.ts';
import { RefusalError, refuse } from '../../base/result.ts';
import type { Checked, FunctionView } from '../../engine/functions.ts';
import { edit } from './commands_component.ts';
import { exitCodes } from './exit.ts';
import { readText } from './files.ts';
import { argumentHelp, argumentsOf, at, collect, editHelp, type In, inChangeSet } from './function_options.ts';
import type { Params, Run, Session } from './program.ts';
import { diagnosticLines } from './render_run.ts';

interface Attach extends In {
  readonly schema?: string;
  readonly variant?: string;
  readonly output?: string;
  readonly argument: readonly string[];
  readonly action?: string;
}

export function functionEditCommands(fn: Command, run: Run): void {
  editCommands(fn, run);
  attachCommands(fn, run);
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
    .addHelpText('after', '\nExample:\n  headwater function edit url url.ts --change-set first')
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
      .addHelpText('after', `\nExample:\n  headwater function ${verb} url --change-set first`)
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
    .addHelpText('after', '\nExample:\n  headwater function detach url --schema Web --change-set first')
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
