// Reality beside the model: drift, looked at and decided, and resources that exist, listed and taken over. Decisions and imports
// are edits of a change set.

import { Type } from 'typebox';
import { anyJson, maybe, shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const filter = {
  component: Type.Optional(Type.String()),
  schema: Type.Optional(Type.String()),
  view: Type.Optional(Type.String()),
  path: Type.Optional(Type.String()),
};
const waitMs = Type.Optional(Type.Integer({ minimum: 0 }));
const texts = Type.Record(Type.String(), Type.String());
const deciding = shape('DecideDriftRequest', {
  ...filter,
  all: Type.Optional(Type.Boolean({ description: 'Instead of naming something: all there is.' })),
  paths: Type.Optional(Type.Array(Type.String(), { description: 'Only at these pointers.' })),
  waitMs,
});
const reading = {
  schema: Type.String(),
  secrets: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Slot -> secret.' })),
  domain: Type.Optional(Type.Record(Type.String(), anyJson, { description: 'Filters, properties by name.' })),
};

const decision = (of: 'accept' | 'enforce', summary: string): Route =>
  route({
    id: `Drift.${of}Drift`,
    method: 'POST',
    path: `${inChangeSet}/drift/${of}`,
    summary,
    body: deciding,
    versioned: true,
    answers: { 200: anyJson },
    handle: ({ params, body, operation }) => operation(`drift.${of}`, { ...body, changeSet: params['change_set_id'] }),
  });

export const realityRoutes: readonly Route[] = [
  route({
    id: 'Drift.listDrift',
    method: 'GET',
    path: `${inChangeSet}/drift`,
    summary: 'What reality has otherwise than Head says, with what the change set has decided about it.',
    query: Type.Object({
      ...filter,
      cursor: Type.Optional(Type.String()),
      limit: Type.Optional(Type.Integer({ minimum: 1 })),
      waitMs,
    }),
    answers: { 200: anyJson },
    handle: ({ params, query, operation }) => operation('drift.list', { ...query, changeSet: params['change_set_id'] }),
  }),
  decision('accept', 'Takes what reality has into the change set.'),
  decision('enforce', 'Has the apply bring reality back to what Head says.'),
  route({
    id: 'Resources.listResources',
    method: 'POST',
    path: `${inChangeSet}/resources/list`,
    summary: 'One page of the resources of a schema that exist.',
    body: shape('ListResourcesRequest', { ...reading, cursor: maybe(Type.String()) }),
    repeats: 'none',
    answers: { 200: anyJson },
    handle: ({ params, body: { cursor, ...asked }, operation }) =>
      operation('resource.list', {
        ...(asked as object),
        ...(typeof cursor === 'string' ? { cursor } : {}),
        changeSet: params['change_set_id'],
      }),
  }),
  route({
    id: 'Resources.importResources',
    method: 'POST',
    path: `${inChangeSet}/resources/import`,
    summary: 'Takes resources over as components: those named, or all of the schema.',
    body: shape('ImportResourcesRequest', {
      ...reading,
      resourceIds: Type.Optional(Type.Array(Type.String())),
      all: Type.Optional(Type.Boolean()),
      names: Type.Optional(texts),
    }),
    versioned: 'if-match',
    answers: { 200: anyJson },
    handle: ({ params, body, operation }) =>
      operation('resource.import', { ...(body as object), changeSet: params['change_set_id'] }),
  }),
];
