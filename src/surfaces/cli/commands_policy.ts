// Commands on the policies of a workspace: each is one operation of the engine.
// A text goes as it is in the file: what is wrong in it is told with its line and column there.

import type { Command } from 'commander';
import type { PolicyAnswer, PolicyList } from '../../engine/policy_settings.ts';
import { readText } from './files.ts';
import { paint, table } from './output.ts';
import type { Run } from './program.ts';

interface TestOptions {
  readonly user?: string;
  readonly agent?: boolean;
  readonly operation?: string;
  readonly changeSet?: string;
  readonly component?: string;
  readonly path?: string;
  readonly file?: string;
}

export function policyCommands(program: Command, run: Run): void {
  const policy = program
    .command('policy')
    .description('policies in Cedar: what is permitted and forbidden beyond the roles');
  policy
    .command('list')
    .description('show the policies of the workspace, and the built-in ones')
    .option('--schema', 'what policies may speak of, as a Cedar schema')
    .option('--text', 'the policies as they were set')
    .addHelpText('after', '\nExample:\n  headwater policy list --text > policies.cedar')
    .action((options: { schema?: boolean; text?: boolean }) =>
      run('Reading policies', async (s) => {
        const list = await s.call<PolicyList>('policy.list');
        s.print(list, () => {
          if (options.schema === true) return list.schema.trimEnd().split('\n');
          return options.text === true ? list.text.trimEnd().split('\n') : listLines(list);
        });
        return undefined;
      }),
    );
  policy
    .command('set <file>')
    .description('replace all policies of the workspace by those of a file; - reads standard input')
    .addHelpText(
      'after',
      `
Owners can always read and change the policies, whatever these say; agents cannot change them.
Example:
  echo '@id("network") forbid(principal, action == Headwater::Action::"edit", resource is Headwater::Component)
    when { resource.views.contains("Network") } unless { principal.role == "owner" };' | headwater policy set -`,
    )
    .action((file: string) =>
      run('Setting policies', async (s) => {
        const list = await s.call<PolicyList>('policy.set', { text: readText(file) });
        s.print(list, () => listLines(list));
        return undefined;
      }),
    );
  policy
    .command('remove')
    .description('remove all policies of the workspace; the roles decide alone then')
    .addHelpText('after', '\nExample:\n  headwater policy remove')
    .action(() =>
      run('Removing policies', async (s) => {
        const list = await s.call<PolicyList>('policy.remove');
        s.print(list, () => listLines(list));
        return undefined;
      }),
    );
  policy
    .command('test <action>')
    .description('say whether something would be permitted, and by which policy; does nothing')
    .option('--user <id>', 'a member (default: you)')
    .option('--agent', 'with the token of an agent')
    .option('--operation <name>', 'name of an operation, such as submit or change_set.apply')
    .option('--change-set <name>', 'in this change set')
    .option('--component <name>', 'on this component')
    .option('--path <pointer>', 'at this place of it')
    .option('--file <file>', 'try the policies of this file in place of those that are set')
    .addHelpText(
      'after',
      `
Actions: read, edit, apply, abandon, maintain, approve, manage, apply:force.
Example:
  headwater policy test edit --user eve --component web --path /domain/Port`,
    )
    .action((action: string, { file, ...options }: TestOptions) =>
      run('Asking the policies', async (s) => {
        const text = file === undefined ? {} : { text: readText(file) };
        const answer = await s.call<PolicyAnswer>('policy.test', { action, ...options, ...text });
        s.print(answer, () => [
          answer.allowed
            ? `${paint('green', 'permitted')} by ${answer.policies.join(', ')}`
            : `${paint('red', 'refused')}: ${answer.because}`,
        ]);
        return undefined;
      }),
    );
}

function listLines({ policies, builtIn }: PolicyList): string[] {
  const own = policies.map((p) => [p.id, p.effect, paint('dim', inOneLine(p.text))]);
  const given = builtIn.map((p) => [p.id, paint('dim', 'built in'), paint('dim', inOneLine(p.text))]);
  return [...(own.length === 0 ? ['No policies of its own: the roles decide.'] : []), ...table([...own, ...given])];
}

function inOneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
