// Change sets: opened, listed, looked at. What a change set is at is told by its status; the rest of its life is in the
// operations of the engine.

import { Type } from 'typebox';
import type { ChangeSetRow } from '../../../ports/store.ts';
import { shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const changeSet = shape('ChangeSetViewV1', {
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  isHead: Type.Boolean(),
});

const viewOf = ({ id, name, status, isHead }: ChangeSetRow) => ({ id, name, status, isHead });

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
    id: 'ChangeSets.getChangeSet',
    method: 'GET',
    path: inChangeSet,
    summary: 'One change set, by id or name; HEAD is Head.',
    versioned: true,
    answers: { 200: shape('GetChangeSetV1Response', { changeSet }) },
    handle: async ({ params, operation }) => ({
      changeSet: viewOf(await operation('change_set.get', { changeSet: params['change_set_id'] })),
    }),
  }),
];
