// Change sets: opened, listed, looked at, reviewed, put up for approval, ended. What a change set is at is told by its status;
// what else can be done with one is in change_control.ts.

import { type Static, Type } from 'typebox';
import type { MergeStatus } from '../../../engine/change_set_actions.ts';
import type { ChangeSetRow } from '../../../ports/store.ts';
import { maybe, shape, success } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';
import { kindOf, stateOf } from './actions.ts';
import { componentReview, type Reviewed, resultChanges, reviewOf } from './review.ts';

const changeSet = shape('ChangeSetViewV1', {
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  isHead: Type.Boolean(),
});

export const changeSetView = changeSet;
export const viewOf = ({ id, name, status, isHead }: ChangeSetRow): Static<typeof changeSet> => ({
  id,
  name,
  status,
  isHead,
});

const mergeAction = shape('MergeStatusV1ResponseAction', {
  id: Type.String(),
  component: maybe(shape('MergeStatusV1ResponseActionComponent', { id: Type.String(), name: Type.String() })),
  state: Type.String(),
  kind: Type.String(),
  name: Type.String(),
});

const done = { success: true };

const about = (params: Readonly<Record<string, string>>) => ({ changeSet: params['change_set_id'] });

export const changeSetRoutes: readonly Route[] = [
  route({
    id: 'ChangeSets.createChangeSet',
    method: 'POST',
    path: '/v1/w/{workspace_id}/change-sets',
    summary: 'Opens a change set on Head.',
    body: shape('CreateChangeSetV1Request', { changeSetName: Type.String() }),
    repeats: 'engine',
    answers: { 200: shape('CreateChangeSetV1Response', { changeSet }) },
    handle: async ({ body, idempotencyKey, operation }) => ({
      changeSet: viewOf(await operation('change_set.create', { name: body.changeSetName, idempotencyKey })),
    }),
  }),
  route({
    id: 'ChangeSets.listChangeSets',
    method: 'GET',
    path: '/v1/w/{workspace_id}/change-sets',
    summary: 'The active change sets, Head among them.',
    answers: { 200: shape('ListChangeSetV1Response', { changeSets: Type.Array(changeSet) }) },
    handle: async ({ operation }) => ({
      changeSets: (await operation<ChangeSetRow[]>('change_set.list')).map(viewOf),
    }),
  }),
  route({
    id: 'ChangeSets.purgeOpen',
    method: 'POST',
    path: '/v1/w/{workspace_id}/change-sets/purge_open',
    summary: 'Abandons every change set that is neither applied nor abandoned; Head stays.',
    answers: { 200: success('PurgeOpenChangeSetsV1Response') },
    handle: async ({ operation }) => {
      await operation('change_set.purge');
      return done;
    },
  }),
  route({
    id: 'ChangeSets.getChangeSet',
    method: 'GET',
    path: inChangeSet,
    summary: 'One change set, by id or name; HEAD is Head.',
    versioned: true,
    answers: { 200: shape('GetChangeSetV1Response', { changeSet }) },
    handle: async ({ params, operation }) => ({
      changeSet: viewOf(await operation('change_set.get', about(params))),
    }),
  }),
  route({
    id: 'ChangeSets.abandonChangeSet',
    method: 'DELETE',
    path: inChangeSet,
    summary: 'Abandons a change set; it can be reopened.',
    versioned: 'if-match',
    answers: { 200: success('DeleteChangeSetV1Response') },
    handle: async ({ params, operation }) => {
      await operation('change_set.abandon', about(params));
      return done;
    },
  }),
  route({
    id: 'ChangeSets.forceApply',
    method: 'POST',
    path: `${inChangeSet}/force_apply`,
    summary: 'Applies a change set without the approvals that are missing.',
    description:
      'Takes the permission apply:force, which owners have and agents never; it is audited as what it is. Budgets hold, and what ' +
      'is still being computed is not waited for (428).',
    repeats: 'engine',
    versioned: 'if-match',
    answers: { 200: success('ForceApplyChangeSetV1Response') },
    handle: async ({ edit }) => {
      await edit('change_set.force_apply');
      return done;
    },
  }),
  route({
    id: 'ChangeSets.requestApproval',
    method: 'POST',
    path: `${inChangeSet}/request_approval`,
    summary: 'Asks for the approvals that a change set needs; where nobody else could give any it is applied.',
    versioned: 'if-match',
    answers: { 200: success('RequestApprovalChangeSetV1Response') },
    handle: async ({ params, operation }) => {
      await operation('change_set.request_approval', { ...about(params), applyWhenAlone: true });
      return done;
    },
  }),
  route({
    id: 'ChangeSets.mergeStatus',
    method: 'GET',
    path: `${inChangeSet}/merge_status`,
    summary: 'A change set, and those of its actions that have not ended.',
    description: 'Before the apply those that it would queue, with states Queued and OnHold; after it those of Head.',
    answers: { 200: shape('MergeStatusV1Response', { changeSet, actions: Type.Array(mergeAction) }) },
    handle: async ({ params, operation }) => {
      const status = await operation<MergeStatus>('change_set.merge_status', about(params));
      return {
        changeSet: viewOf(status.changeSet),
        actions: status.actions.map((a) => ({
          id: a.id,
          component: { id: a.component, name: a.componentName },
          state: stateOf(a.status),
          kind: kindOf(a.kind),
          name: a.name,
        })),
      };
    },
  }),
  route({
    id: 'ChangeSets.reviewChangeSet',
    method: 'GET',
    path: `${inChangeSet}/review`,
    summary: 'What a change set changes, component by component and value by value.',
    versioned: true,
    query: Type.Object({
      includeResourceDiff: Type.Optional(
        Type.Boolean({ description: 'Also the properties of each component as text, with the lines that differ.' }),
      ),
    }),
    answers: {
      200: shape('ChangeSetReviewV1Response', {
        components: Type.Array(componentReview),
        summary: shape('ReviewSummaryV1', {
          totalComponents: Type.Integer(),
          added: Type.Integer(),
          modified: Type.Integer(),
          removed: Type.Integer(),
        }),
        results: resultChanges,
      }),
    },
    handle: async ({ params, query, operation }) => {
      const review = await operation<Reviewed>('change_set.review', about(params));
      return reviewOf(review, query.includeResourceDiff === true, operation);
    },
  }),
];
