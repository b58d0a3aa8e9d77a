// Commands on plan policies: functions that judge whole plans, bound to the workspace by its owners. Each is one operation of the
// engine.

import type { Command } from 'commander';
import type { Judged, PolicyLine } from '../../engine/plan_policy.ts';
import { exitCodes } from './exit.ts';
import { table } from './output.ts';
import type { Run } from './program.ts';
import { findingLine } from './render_approval.ts';

export function planPolicyCommands(program: Command, run: Run): void {
  const policy = program
    .command('plan-policy')
    .description('functions of kind policy that warn of what a change set would do, or deny it');
  policy
    .command('list')
    .description('list the plan policies of the workspace')
    .addHelpText('after', '\nExample:\n  headwater plan-policy list')
    .action(() =>
      run('Reading plan policies', async (s) => {
        const all = await s.call<PolicyLine[]>('plan_policy.list');
        s.print(all, () =>
          all.length === 0
            ? ['No plan policies.']
            : table(all.map((p) => [p.name, p.function, p.isThere ? p.description : 'not on Head: denies everything'])),
        );
        return undefined;
      }),
    );
  for (const verb of ['bind', 'unbind'] as const) {
    policy
      .command(`${verb} <function>`)
      .description(
        verb === 'bind'
          ? 'have a function of Head judge every plan; for owners'
          : 'have a function judge no more plans; for owners',
      )
      .addHelpText('after', `\nExample:\n  headwater plan-policy ${verb} no-public-buckets`)
      .action((name: string) =>
        run(verb === 'bind' ? 'Binding' : 'Unbinding', async (s) => {
          const line = await s.call<PolicyLine>(`plan_policy.${verb}`, { function: name });
          s.print(line, () => [
            `Plan policy ${JSON.stringify(line.name)} judges ${verb === 'bind' ? 'every plan' : 'no plans any more'}.`,
          ]);
          return undefined;
        }),
      );
  }
  policy
    .command('check <change-set>')
    .description('what the plan policies say of a change set; exits with 3 when it is denied')
    .addHelpText('after', '\nExample:\n  headwater plan-policy check "new network"')
    .action((changeSet: string) =>
      run('Judging the plan', async (s) => {
        const judged = await s.call<Judged>('plan_policy.check', { changeSet });
        s.print(judged, () =>
          judged.findings.length === 0 ? ['Nothing is said against it.'] : judged.findings.map(findingLine),
        );
        return judged.findings.some((f) => f.level === 'deny') ? exitCodes.refused : exitCodes.ok;
      }),
    );
  policy
    .command('plan <change-set>')
    .description('the plan as policies get it, as JSON: what a test of one is given with --input')
    .addHelpText(
      'after',
      '\nExample:\n  headwater plan-policy plan "new network" > plan.json\n  headwater function test draft --kind policy --text draft.ts --input plan.json',
    )
    .action((changeSet: string) =>
      run('Planning', async (s) => {
        const plan = await s.call<object>('plan_policy.plan', { changeSet });
        s.print(plan, () => [JSON.stringify(plan, null, 2)]);
        return undefined;
      }),
    );
}
