// What is done with a change set beside editing it: applied with what that requires, approved, taken back, renamed, reverted,
// split, carried to another workspace; and the budgets that an apply keeps to.

import { Type } from 'typebox';
import type { Json } from '../../../base/json.ts';
import type { ChangeSetRow } from '../../../ports/store.ts';
import { anyJson, maybe, shape } from '../model.ts';
import { inChangeSet, type OperationParams, type Route, type RouteCall, route } from '../route.ts';
import { changeSetView, viewOf } from './change_sets.ts';

const inWorkspace = '/v1/w/{workspace_id}';
const about = (params: Readonly<Record<string, string>>) => ({ changeSet: params['change_set_id'] });

const receiptLine = shape('ReceiptLine', {
  rule: Type.String({ description: 'The rule that decided; see docs/transform-rules.md.' }),
  outcome: Type.String(),
  subject: Type.String(),
  path: Type.String(),
  otherwise: Type.Array(anyJson, { description: 'What a change set would submit to have the other outcome.' }),
});

const applied = shape('ApplyReceipt', {
  changeSet: Type.String(),
  status: Type.String(),
  headVersion: Type.Integer(),
  intentRoot: Type.String(),
  edits: Type.Integer(),
  counts: Type.Object({ components: Type.Integer(), mutations: Type.Integer(), engine: Type.Integer() }),
  receipt: Type.Array(receiptLine),
  actions: Type.Array(
    shape('PlannedAction', { component: Type.String(), kind: Type.String(), paths: Type.Array(Type.String()) }),
    { description: 'Queued with it.' },
  ),
  approvals: Type.Optional(
    Type.Array(shape('SpentApproval', { requirement: Type.String(), fingerprint: Type.String(), by: Type.String() })),
  ),
});

const requirement = shape('Requirement', {
  id: Type.String(),
  kind: Type.String(),
  title: Type.String(),
  names: Type.Array(Type.String(), { description: 'What some of what is changed is called.' }),
  isMet: Type.Boolean(),
  have: Type.Integer(),
  need: Type.Integer(),
  approvedBy: Type.Array(Type.String()),
  outdated: Type.Array(Type.String(), { description: 'Who approved it as it was before.' }),
  rejectedBy: Type.Array(Type.String()),
  whoMay: Type.Array(Type.String(), { description: 'Whose approval would count and has not come.' }),
});

const approvals = shape('Approvals', {
  changeSet: Type.String(),
  status: Type.String(),
  requested: Type.Union([Type.Object({ by: Type.String(), atMs: Type.Integer() }), Type.Null()]),
  satisfied: Type.Boolean(),
  requirements: Type.Array(requirement),
  decisions: Type.Array(anyJson),
});

const answer = shape('ChangeSetAnswer', { changeSet: changeSetView });

/** An operation that answers a change set, and has no more to be asked than which one. */
interface Step {
  readonly id: string;
  readonly verb: string;
  readonly operation: string;
  readonly summary: string;
}

const step = ({ id, verb, operation: name, summary }: Step): Route =>
  route({
    id,
    method: 'POST',
    path: `${inChangeSet}/${verb}`,
    summary,
    versioned: 'if-match',
    answers: { 200: answer },
    handle: async ({ params, operation }) => ({ changeSet: viewOf(await operation(name, about(params))) }),
  });

const decision = shape('DecisionRequest', {
  requirement: maybe(Type.String({ description: 'One of those of the change set; default: all that are yours.' })),
});

const decide = ({ id, verb, operation: name, summary }: Step): Route =>
  route({
    id,
    method: 'POST',
    path: `${inChangeSet}/${verb}`,
    summary,
    body: decision,
    bodyIsOptional: true,
    versioned: 'if-match',
    answers: { 200: answer },
    handle: async ({ body, edit }) => {
      const part = (body as { requirement?: string | null } | undefined)?.requirement;
      return { changeSet: viewOf(await edit(name, part == null ? {} : { requirement: part })) };
    },
  });

const madeOf = {
  changeSet: changeSetView,
  edits: Type.Integer(),
  receipt: Type.Array(receiptLine),
};
type Made = { readonly changeSet: ChangeSetRow; readonly [more: string]: unknown };

/** An operation that opens another change set. */
async function made(
  { operation }: Pick<RouteCall<unknown, unknown>, 'operation'>,
  name: string,
  given: OperationParams,
) {
  const reply = await operation<Made>(name, given);
  return { ...reply, changeSet: viewOf(reply.changeSet) };
}

const newName = maybe(Type.String({ description: 'Of the change set that is opened.' }));
const named = (name: string | null | undefined) => (name == null ? {} : { name });

const standing = { version: Type.Integer(), intentRoot: Type.String() };
const plan = shape('Plan', {
  format: Type.String(),
  formatVersion: Type.Integer({ description: 'A client that knows another one must not use it.' }),
  workspace: Type.String(),
  changeSet: Type.Object({ id: Type.String(), name: Type.String(), ...standing }),
  head: Type.Object(standing),
  actions: Type.Array(
    shape('PlanAction', {
      component: Type.String(),
      componentName: Type.String(),
      schema: Type.String(),
      kind: Type.String({ description: 'create, update, replace, destroy, refresh or manual.' }),
      name: Type.String({ description: 'Of a manual one its function.' }),
      paths: Type.Array(Type.String(), { description: 'What changed.' }),
      inputHash: Type.Union([Type.String(), Type.Null()]),
      awaits: Type.Boolean({ description: 'Some of its inputs are known only after other actions.' }),
      held: Type.Boolean(),
    }),
  ),
  fingerprint: Type.String({ description: 'Of the actions.' }),
});

export const changeControlRoutes: readonly Route[] = [
  route({
    id: 'ChangeSets.applyChangeSet',
    method: 'POST',
    path: `${inChangeSet}/apply`,
    summary: 'Makes a change set part of Head.',
    description:
      'Refused while something is being computed (428), without the approvals that it needs and over budgets (403).',
    body: shape('ApplyChangeSetRequest', {
      waitMs: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 600_000,
          description: 'Wait at most so long for what is being computed. Default 0.',
        }),
      ),
      leaveQueued: Type.Optional(Type.Boolean({ description: 'Its actions are left for who takes the work up next.' })),
      plan: Type.Optional(
        Type.Unknown({ description: 'Of ChangeSets.planChangeSet: exactly that is carried out, or 412 plan_stale.' }),
      ),
    }),
    bodyIsOptional: true,
    repeats: 'engine',
    versioned: 'if-match',
    answers: { 200: applied },
    handle: ({ body, edit }) => {
      const { waitMs, leaveQueued, plan } = (body ?? {}) as { waitMs?: number; leaveQueued?: boolean; plan?: Json };
      return edit('change_set.apply', { waitMs, leaveQueued, plan });
    },
  }),
  route({
    id: 'ChangeSets.planChangeSet',
    method: 'GET',
    path: `${inChangeSet}/plan`,
    summary: 'What an apply would do, as a document that an apply can be held to.',
    query: Type.Object({ waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000 })) }),
    answers: { 200: plan },
    handle: ({ params, query, operation }) => operation('change_set.plan', { ...query, ...about(params) }),
  }),
  route({
    id: 'ChangeSets.applyOutcome',
    method: 'GET',
    path: `${inChangeSet}/outcome`,
    summary: 'What became of an apply whose answer was not seen; 412 when it was not applied.',
    answers: { 200: applied },
    handle: ({ params, operation }) => operation('change_set.outcome', about(params)),
  }),
  route({
    id: 'ChangeSets.renameChangeSet',
    method: 'PATCH',
    path: inChangeSet,
    summary: 'Gives a change set another name.',
    body: shape('RenameChangeSetRequest', { changeSetName: Type.String() }),
    versioned: 'if-match',
    answers: { 200: answer },
    handle: async ({ params, body, operation }) => {
      return {
        changeSet: viewOf(await operation('change_set.rename', { ...about(params), name: body.changeSetName })),
      };
    },
  }),
  step({
    id: 'ChangeSets.reopenChangeSet',
    verb: 'reopen',
    operation: 'change_set.reopen',
    summary: 'Opens a change set again that is abandoned or up for approval.',
  }),
  step({
    id: 'ChangeSets.withdrawApproval',
    verb: 'withdraw_approval',
    operation: 'change_set.withdraw',
    summary: 'Takes a request for approval back; approvals that were given stay.',
  }),
  route({
    id: 'ChangeSets.getApprovals',
    method: 'GET',
    path: `${inChangeSet}/approvals`,
    summary: 'What a change set needs approval for, what has come, and who may give the rest.',
    answers: { 200: approvals },
    handle: ({ params, operation }) => operation('change_set.approvals', about(params)),
  }),
  decide({
    id: 'ChangeSets.approveChangeSet',
    verb: 'approve',
    operation: 'change_set.approve',
    summary: 'Approves what the caller may decide on, or one part of it.',
  }),
  decide({
    id: 'ChangeSets.rejectChangeSet',
    verb: 'reject',
    operation: 'change_set.reject',
    summary: 'Rejects what the caller may decide on, or one part of it.',
  }),
  route({
    id: 'ChangeSets.getReceipt',
    method: 'GET',
    path: `${inChangeSet}/receipt`,
    summary: 'What merging decided between the change set and others, with what would give the other outcome.',
    answers: { 200: shape('Receipt', { changeSet: Type.String(), lines: Type.Array(receiptLine) }) },
    handle: ({ params, operation }) => operation('change_set.receipt', about(params)),
  }),
  route({
    id: 'ChangeSets.revert',
    method: 'POST',
    path: `${inWorkspace}/change-sets/revert`,
    summary: 'Opens a change set that takes back what another one, or versions of Head, brought.',
    body: shape('RevertRequest', {
      changeSet: maybe(Type.String({ description: 'One that was applied; or else versions of Head.' })),
      first: maybe(Type.Integer({ minimum: 1 })),
      last: maybe(Type.Integer({ minimum: 1, description: 'Default: the first.' })),
      name: newName,
    }),
    repeats: 'engine',
    answers: { 200: shape('RevertAnswer', { ...madeOf, noInverse: Type.Array(Type.String()) }) },
    handle: (call) => {
      const { changeSet, first, last, name } = call.body;
      const of = changeSet == null ? { first: first ?? undefined, last: last ?? undefined } : { changeSet };
      return made(call, 'change_set.revert', { ...of, ...named(name), idempotencyKey: call.idempotencyKey });
    },
  }),
  route({
    id: 'ChangeSets.split',
    method: 'POST',
    path: `${inChangeSet}/split`,
    summary: 'Opens a change set with the edits of some components, and with what they need.',
    body: shape('SplitRequest', { components: Type.Array(Type.String()), name: newName }),
    repeats: 'engine',
    versioned: 'if-match',
    answers: { 200: shape('SplitAnswer', { ...madeOf, needed: Type.Array(Type.String()) }) },
    handle: (call) => {
      const { components, name } = call.body;
      const given = { ...about(call.params), components, ...named(name), idempotencyKey: call.idempotencyKey };
      return made(call, 'change_set.split', given);
    },
  }),
  route({
    id: 'ChangeSets.exportChangeSet',
    method: 'GET',
    path: `${inChangeSet}/export`,
    summary: 'The edits of a change set as a document that another workspace can take in.',
    answers: { 200: anyJson },
    handle: ({ params, operation }) => operation('change_set.export', about(params)),
  }),
  route({
    id: 'ChangeSets.promote',
    method: 'POST',
    path: `${inWorkspace}/change-sets/promote`,
    summary: 'Opens a change set with the edits of an exported one.',
    body: shape('PromoteRequest', {
      document: Type.Object({}, { description: 'As it was exported.' }),
      name: newName,
      ids: maybe(Type.Record(Type.String(), Type.String(), { description: 'Ids here by ids there.' })),
    }),
    repeats: 'engine',
    answers: { 200: shape('PromoteAnswer', { ...madeOf, ids: anyJson, brought: Type.Array(Type.String()) }) },
    handle: (call) => {
      const { document, name, ids } = call.body;
      const text = JSON.stringify(document);
      const given = { text, ...named(name), ...(ids == null ? {} : { ids: ids as Json }) };
      return made(call, 'change_set.promote', { ...given, idempotencyKey: call.idempotencyKey });
    },
  }),
  route({
    id: 'Budgets.getBudgets',
    method: 'GET',
    path: `${inWorkspace}/budgets`,
    summary: 'How much one apply may do, by role and by token.',
    answers: { 200: anyJson },
    handle: ({ operation }) => operation('budget.get'),
  }),
  route({
    id: 'Budgets.setBudgets',
    method: 'PUT',
    path: `${inWorkspace}/budgets`,
    summary: 'Replaces all budgets.',
    body: Type.Object({ format: Type.Integer() }, { description: 'As they are read: format, roles, tokens.' }),
    answers: { 200: anyJson },
    handle: ({ body, operation }) => operation('budget.set', { budgets: body as Json }),
  }),
];
