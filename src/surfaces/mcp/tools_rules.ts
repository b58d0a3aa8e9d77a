// Tools that tell under which rules a change stands: policies of access and of plans, windows in which nothing is applied, what is
// applied at which time, budgets, and who is told of what happens. They only look: rules are set by people.

import { type TProperties, Type } from 'typebox';
import { changeSetIn, type Tool, told, tool } from './tool.ts';

/** One operation without parameters, told whole under the name of what it lists. */
function listing(
  name: string,
  from: string,
  as: string,
  words: { readonly title: string; readonly description: string },
): Tool {
  const output: TProperties = { [as]: told(words.title) };
  return tool({
    ...words,
    name,
    effect: 'read',
    input: {},
    output,
    run: async (_, operation) => ({ [as]: await operation(from) }),
  });
}

export const ruleTools: readonly Tool[] = [
  listing('list_policies', 'policy.list', 'policies', {
    title: 'List policies of access',
    description:
      'The policies by which the workspace lets through or refuses, built in and its own; refusals name them.',
  }),
  listing('list_plan_policies', 'plan_policy.list', 'policies', {
    title: 'List plan policies',
    description: 'Functions that judge every plan before it is applied.',
  }),
  tool({
    name: 'check_plan_policies',
    title: 'Check plan policies',
    description:
      'What plan policies say of a change set as it is: what they warn of, and what keeps it from being applied.',
    effect: 'read',
    input: {
      changeSet: changeSetIn,
      withPlan: Type.Optional(Type.Boolean({ description: 'With the plan as policies get it.' })),
    },
    output: { verdict: told('Findings of each policy.'), plan: Type.Optional(told('As policies get it.')) },
    run: async ({ changeSet, withPlan }, operation) => ({
      verdict: await operation('plan_policy.check', { changeSet }),
      ...(withPlan === true ? { plan: await operation('plan_policy.plan', { changeSet }) } : {}),
    }),
  }),
  listing('list_freeze_windows', 'freeze.list', 'windows', {
    title: 'List freeze windows',
    description: 'Times in which nothing is applied, and until when one that is in force is.',
  }),
  listing('list_scheduled_applies', 'apply.scheduled', 'scheduled', {
    title: 'List scheduled applies',
    description: 'Change sets that are applied at a time, and what became of the last ones.',
  }),
  listing('get_budgets', 'budget.get', 'budgets', {
    title: 'Get budgets',
    description: 'How much roles and tokens may change with one apply, and in an hour.',
  }),
  listing('list_webhooks', 'webhook.list', 'webhooks', {
    title: 'List webhooks',
    description: 'Who is told of what happens, with what was sent last. Signing keys are not in it.',
  }),
];
