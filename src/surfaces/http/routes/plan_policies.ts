// Plan policies: functions of Head that judge whole plans, bound to the workspace by its owners, and what they say of a change
// set.

import { Type } from 'typebox';
import { anyJson, shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const inWorkspace = '/v1/w/{workspace_id}';

const policyLine = shape('PlanPolicy', {
  function: Type.String({ description: 'Id of the function.' }),
  name: Type.String(),
  description: Type.String(),
  isThere: Type.Boolean({ description: 'False: Head has no such function, and every plan is denied.' }),
});

const finding = shape('PlanFinding', {
  policy: Type.String(),
  level: Type.String({ description: 'warn or deny.' }),
  message: Type.String(),
  component: Type.Optional(Type.String()),
});

const of = (params: Readonly<Record<string, string>>) => ({ function: params['function']! });

export const planPolicyRoutes: readonly Route[] = [
  route({
    id: 'PlanPolicies.listPlanPolicies',
    method: 'GET',
    path: `${inWorkspace}/plan-policies`,
    summary: 'Functions that judge every plan of the workspace.',
    answers: { 200: shape('ListPlanPoliciesResponse', { policies: Type.Array(policyLine) }) },
    handle: async ({ operation }) => ({ policies: await operation('plan_policy.list') }),
  }),
  route({
    id: 'PlanPolicies.bindPlanPolicy',
    method: 'PUT',
    path: `${inWorkspace}/plan-policies/{function}`,
    summary: 'Has a function of kind policy, by its name or id on Head, judge every plan; for owners.',
    answers: { 200: policyLine },
    handle: ({ params, operation }) => operation('plan_policy.bind', of(params)),
  }),
  route({
    id: 'PlanPolicies.unbindPlanPolicy',
    method: 'DELETE',
    path: `${inWorkspace}/plan-policies/{function}`,
    summary: 'Has a function judge no more plans; for owners.',
    answers: { 200: policyLine },
    handle: ({ params, operation }) => operation('plan_policy.unbind', of(params)),
  }),
  route({
    id: 'PlanPolicies.checkPlan',
    method: 'GET',
    path: `${inChangeSet}/plan-findings`,
    summary: 'What the plan policies say of a change set.',
    answers: { 200: shape('PlanFindings', { findings: Type.Array(finding) }) },
    handle: ({ params, operation }) => operation('plan_policy.check', { changeSet: params['change_set_id'] }),
  }),
  route({
    id: 'PlanPolicies.getPlanInput',
    method: 'GET',
    path: `${inChangeSet}/plan-input`,
    summary: 'The plan of a change set as policies get it: changes with what was before, and actions; format 1.',
    answers: { 200: anyJson },
    handle: ({ params, operation }) => operation('plan_policy.plan', { changeSet: params['change_set_id'] }),
  }),
];
