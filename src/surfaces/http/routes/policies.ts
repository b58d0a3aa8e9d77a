// The policies of a workspace: read, set whole, removed, tried. What they say is Cedar; the schema comes with the list.
// There is one text for the workspace, replaced as a whole, so that nobody sees half of a change.

import { Type } from 'typebox';
import { permissions } from '../../../access/role.ts';
import { maybe, shape } from '../model.ts';
import { type Route, route } from '../route.ts';

const at = '/v1/w/{workspace_id}/policies';

const list = shape('Policies', {
  text: Type.String({ description: 'As it was set, in Cedar; empty: the workspace has none.' }),
  policies: Type.Array(
    shape('Policy', {
      id: Type.String({ description: 'Its annotation @id, else policyN by its place.' }),
      effect: Type.Union([Type.Literal('permit'), Type.Literal('forbid')]),
      text: Type.String(),
    }),
  ),
  builtIn: Type.Array(shape('BuiltInPolicy', { id: Type.String(), text: Type.String() })),
  schema: Type.String({ description: 'What policies may speak of, as a Cedar schema.' }),
});

const question = shape('TestPoliciesRequest', {
  action: Type.Union(permissions.map((p) => Type.Literal(p))),
  user: Type.Optional(Type.String({ description: 'A member; default: whoever asks.' })),
  agent: Type.Optional(Type.Boolean()),
  operation: Type.Optional(Type.String({ description: 'Name of an operation, such as `submit`.' })),
  changeSet: Type.Optional(Type.String()),
  component: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ description: 'A JSON pointer in the component.' })),
  text: Type.Optional(Type.String({ description: 'Policies to try in place of those that are set.' })),
});

export const policyRoutes: readonly Route[] = [
  route({
    id: 'Policies.getPolicies',
    method: 'GET',
    path: at,
    summary: 'The policies of the workspace, the built-in ones, and their schema.',
    answers: { 200: list },
    handle: ({ operation }) => operation('policy.list'),
  }),
  route({
    id: 'Policies.setPolicies',
    method: 'PUT',
    path: at,
    summary: 'Replaces all policies of the workspace; by owners, and by no agent.',
    body: shape('SetPoliciesRequest', { text: Type.String({ description: 'Policies in Cedar.' }) }),
    answers: { 200: list },
    handle: ({ body, operation }) => operation('policy.set', body),
  }),
  route({
    id: 'Policies.removePolicies',
    method: 'DELETE',
    path: at,
    summary: 'Removes all policies of the workspace; the built-in ones decide alone then.',
    answers: { 200: list },
    handle: ({ operation }) => operation('policy.remove'),
  }),
  route({
    id: 'Policies.testPolicies',
    method: 'POST',
    path: `${at}/test`,
    summary: 'Says what would be decided, and does nothing.',
    body: question,
    answers: {
      200: shape('PolicyAnswer', {
        allowed: Type.Boolean(),
        policies: Type.Array(Type.String(), { description: 'Those that decided.' }),
        own: Type.Array(Type.String(), { description: 'Of those, the workspace’s own.' }),
        because: maybe(Type.String({ description: 'Why not.' })),
      }),
    },
    handle: ({ body, operation }) => operation('policy.test', body),
  }),
];
