// Commands on drift: what reality has otherwise than Head says, and deciding in a change set: accept it, or enforce what is
// meant. Also how often resources of a schema are looked at by themselves.

import type { Command } from 'commander';
import type { ComponentDrift, DriftReply, DriftView } from '../../engine/drift.ts';
import type { AcceptReply, EnforceReply } from '../../engine/drift_decisions.ts';
import { exitCodes } from './exit.ts';
import { whole } from './numbers.ts';
import type { Params, Run, Session } from './program.ts';
import { acceptLines, componentDriftLines, driftLines, enforceLines } from './render_drift.ts';

interface Narrowed {
  readonly changeSet?: string;
  readonly schema?: string;
  readonly view?: string;
  readonly path?: string;
}

interface ListOptions extends Narrowed {
  readonly limit: number;
  readonly cursor?: string;
  readonly detailedExitcode?: boolean;
}

/** `drift` itself has the same ones and takes them first: they are read from both. */
interface DecideOptions extends Narrowed {
  readonly all?: boolean;
}

export function driftCommands(program: Command, run: Run): void {
  const drift = program
    .command('drift [component]')
    .description('what reality has otherwise than Head says: all of it in groups and by component, or that of one')
    .option('--change-set <name>', 'with what this change set has decided')
    .option('--schema <name>', 'of components of this schema')
    .option('--view <name>', 'of components of this view')
    .option('--path <pointer>', 'at, above or below this pointer; * stands for any list index')
    .option('--limit <number>', 'most components', whole(), 50)
    .option('--cursor <id>', 'continue behind this id')
    .option('--detailed-exitcode', 'exit with 2 when something has drifted')
    .addHelpText(
      'after',
      `
It is of when the resources were looked at last: \`headwater action refresh COMPONENT\` looks again.
Examples:
  headwater drift                                       everything, like differences together
  headwater drift web                                   one component, property by property
  headwater drift --schema AWS::S3::Bucket --path /domain/Tags
  headwater drift accept web /domain/Size --change-set adjust
  headwater drift enforce web --change-set adjust`,
    )
    .action((component: string | undefined, options: ListOptions) =>
      run('Comparing with reality', async (s) => {
        const found = component === undefined ? await listed(s, options) : await one(s, component, options);
        return options.detailedExitcode && found ? exitCodes.changes : exitCodes.ok;
      }),
    );
  deciding(drift, 'accept', 'write what reality has into a change set, so that it is what is meant')
    .addHelpText(
      'after',
      `
Nothing is sent when it is applied: reality has it already. Of a resource that is gone the component is deleted.
What follows another value, or is given by a function, is not accepted; it is said of each what to do.
Examples:
  headwater drift accept web --change-set adjust
  headwater drift accept web /domain/Size /domain/Tags --change-set adjust
  headwater drift accept --schema AWS::S3::Bucket --path /domain/Tags --change-set adjust`,
    )
    .action((component: string | undefined, paths: string[], _: DecideOptions, command: Command) =>
      run('Accepting', async (s) => {
        const options = command.optsWithGlobals<DecideOptions>();
        const reply = await decide<AcceptReply>(s, 'accept', { component, paths, options });
        s.print(reply, () => acceptLines(reply));
        return reply.accepted.length === 0 && reply.left.length > 0 ? exitCodes.error : exitCodes.ok;
      }),
    );
  deciding(drift, 'enforce', 'plan in a change set that reality becomes what is meant')
    .addHelpText(
      'after',
      `
The apply updates the resource with all that is meant, replaces it where it cannot be changed, and creates it where it is gone.
Accept first what is to stay as it is. Examples:
  headwater drift enforce web --change-set adjust
  headwater drift enforce --schema AWS::S3::Bucket --path /domain/Tags --change-set adjust`,
    )
    .action((component: string | undefined, paths: string[], _: DecideOptions, command: Command) =>
      run('Planning', async (s) => {
        const options = command.optsWithGlobals<DecideOptions>();
        const reply = await decide<EnforceReply>(s, 'enforce', { component, paths, options });
        s.print(reply, () => enforceLines(reply));
        return reply.enforced.length === 0 && reply.left.length > 0 ? exitCodes.error : exitCodes.ok;
      }),
    );
}

/** A command that decides about drift, of what is named. */
const deciding = (drift: Command, verb: string, description: string): Command =>
  drift
    .command(`${verb} [component] [paths...]`)
    .description(description)
    .option('--change-set <name>', 'change set, by name or id (default: a new one)')
    .option('--schema <name>', 'of all components of this schema')
    .option('--view <name>', 'of all components of this view')
    .option('--path <pointer>', 'of all components, at this pointer')
    .option('--all', 'everything that has drifted');

const narrowed = ({ changeSet, schema, view, path }: Narrowed): Params => ({
  ...(changeSet === undefined ? {} : { changeSet }),
  ...(schema === undefined ? {} : { schema }),
  ...(view === undefined ? {} : { view }),
  ...(path === undefined ? {} : { path }),
});

async function listed(s: Session, options: ListOptions): Promise<boolean> {
  const reply = await s.call<DriftReply>('drift.list', {
    ...narrowed(options),
    limit: options.limit,
    ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
  });
  s.print(reply, () => driftLines(reply));
  return reply.counts.components > 0;
}

async function one(s: Session, component: string, options: ListOptions): Promise<boolean> {
  const view = await s.call<DriftView>('drift.get', {
    component,
    ...(options.changeSet === undefined ? {} : { changeSet: options.changeSet }),
  });
  s.print(view, () => componentDriftLines(view));
  return isDrifted(view.state);
}

const isDrifted = (state: DriftView['state'] | ComponentDrift['state']): boolean =>
  state === 'changed' || state === 'gone';

async function decide<T>(
  s: Session,
  verb: 'accept' | 'enforce',
  of: { readonly component: string | undefined; readonly paths: readonly string[]; readonly options: DecideOptions },
): Promise<T> {
  const { component, paths, options } = of;
  const changeSet = await s.changeSet(
    options.changeSet,
    `${verb} drift${component === undefined ? '' : ` of ${component}`}`,
  );
  return s.call<T>(`drift.${verb}`, {
    ...narrowed(options),
    ...(component === undefined ? {} : { component }),
    ...(paths.length === 0 ? {} : { paths: [...paths] }),
    ...(options.all === true ? { all: true } : {}),
    changeSet,
  });
}
