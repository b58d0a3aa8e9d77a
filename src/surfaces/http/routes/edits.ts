// The edits that a change set holds: listed, undone, put back, and picked into another change set. What they are called by is in
// the list of them.

import { Type } from 'typebox';
import { anyJson, maybe, shape } from '../model.ts';
import { inChangeSet, type OperationParams, type Route, route } from '../route.ts';
import { submitted } from './mutations.ts';

const about = (params: Readonly<Record<string, string>>) => ({ changeSet: params['change_set_id'] });
const given = (body: object | undefined): OperationParams =>
  Object.fromEntries(Object.entries(body ?? {}).filter(([, value]) => value !== null));

const edit = shape('Edit', {
  id: Type.String({ description: 'A version, or VERSION.STEP where it brought several.' }),
  version: Type.Integer(),
  atMs: Type.Integer(),
  actor: Type.String(),
  kind: Type.String(),
  subject: Type.String(),
  path: Type.String(),
  sentence: Type.String(),
  state: Type.String({ description: 'stands, not placed (Head has got in its way) or undone.' }),
  undoneBy: Type.Optional(Type.Integer({ description: 'The version of the undo.' })),
});

const receipt = maybe(Type.Array(anyJson));
const ifVersion = maybe(Type.Integer({ minimum: 0, description: 'Only if the change set is at this version.' }));
const ofAnyone = maybe(Type.Boolean({ description: 'Not only the caller’s.' }));

export const editRoutes: readonly Route[] = [
  route({
    id: 'Edits.listEdits',
    method: 'GET',
    path: `${inChangeSet}/edits`,
    summary: 'Every edit of a change set, oldest first, undone ones too.',
    answers: {
      200: shape('ListEditsResponse', {
        changeSet: Type.String(),
        version: Type.Integer(),
        edits: Type.Array(edit),
      }),
    },
    handle: ({ params, operation }) => operation('change_set.edits', about(params)),
  }),
  route({
    id: 'Edits.undoEdits',
    method: 'POST',
    path: `${inChangeSet}/undo`,
    summary: 'Takes edits out of an open change set; by default the caller’s last one.',
    description: 'What is left stands as if they had never been made. Refused (412) while other edits need them.',
    body: shape('UndoRequest', {
      edits: maybe(Type.Array(Type.String(), { description: 'As they are listed.' })),
      ofAnyone,
      withNeeding: maybe(Type.Boolean({ description: 'Edits that need those go with them.' })),
      ifVersion,
    }),
    bodyIsOptional: true,
    repeats: 'engine',
    versioned: 'if-match',
    answers: {
      200: shape('UndoAnswer', {
        changeSet: Type.String(),
        version: Type.Integer(),
        intentRoot: Type.String(),
        undone: Type.Array(Type.Object({ id: Type.String(), sentence: Type.String() })),
        receipt,
      }),
    },
    handle: ({ body, edit }) => edit('change_set.undo', given(body)),
  }),
  route({
    id: 'Edits.redoEdits',
    method: 'POST',
    path: `${inChangeSet}/redo`,
    summary: 'Puts back what an undo took out, behind all other edits; by default the caller’s last undo.',
    body: shape('RedoRequest', {
      undo: maybe(Type.Integer({ minimum: 1, description: 'The version of an undo.' })),
      ofAnyone,
      ifVersion,
    }),
    bodyIsOptional: true,
    repeats: 'engine',
    versioned: 'if-match',
    answers: { 200: submitted },
    handle: ({ body, edit }) => edit('change_set.redo', given(body)),
  }),
  route({
    id: 'Edits.pickEdits',
    method: 'POST',
    path: `${inChangeSet}/pick`,
    summary: 'Makes edits of the change set in another one, too.',
    description: 'Refused (412) while an edit rests on others that are not picked and that the other one has not.',
    body: shape('PickRequest', {
      edits: Type.Array(Type.String(), { description: 'As they are listed.' }),
      into: Type.String({ description: 'The other change set, by name or id.' }),
    }),
    repeats: 'engine',
    versioned: 'if-match',
    answers: { 200: submitted },
    handle: ({ params, body, idempotencyKey, operation }) =>
      operation('change_set.pick', { edits: body.edits, into: body.into, ...about(params), idempotencyKey }),
  }),
];
