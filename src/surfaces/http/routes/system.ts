// Whether the server is there and ready, and who it takes the caller for. All but the last is for anybody: it tells nothing of
// what is in the store.

import { Type } from 'typebox';
import { must } from '../../../base/result.ts';
import { actingAs } from '../../../engine/members.ts';
import { anyJson, maybe, shape } from '../model.ts';
import { type Route, route } from '../route.ts';

const status = shape('SystemStatusResponse', { 'API Documentation': Type.String() });
const whoami = shape('WhoamiResponse', {
  userId: Type.String(),
  userEmail: Type.String(),
  workspaceId: Type.String(),
  token: anyJson,
});
/** Whoever asks only whether the server can be used is told that it cannot, not that it is broken. */
const notNow = { store_failed: 503, store_damaged: 503, store_version: 503 } as const;
const health = shape('Health', { status: Type.String(), reason: maybe(Type.String()) });

export const systemRoutes: readonly Route[] = [
  route({
    id: 'Root.systemStatusRoute',
    method: 'GET',
    path: '/',
    entrance: 'public',
    summary: 'Where the documentation of the API is; 503 while the store cannot be read.',
    statuses: notNow,
    answers: { 200: status },
    handle: async ({ engine }) => {
      await engine.listWorkspaces();
      return { 'API Documentation': '/openapi.json' };
    },
  }),
  route({
    id: 'Whoami.whoami',
    method: 'GET',
    path: '/whoami',
    summary: 'Who the token is of, and the workspace that has it; 403 to whoever is no member there any more.',
    answers: { 200: whoami },
    handle: async ({ bearer: { user, home, token }, principal }) => {
      // One that reaches further may still be good elsewhere.
      if (token.reach === 'workspace') must(await actingAs(home, principal, 'whoami'));
      return { userId: user, userEmail: user, workspaceId: home.id, token };
    },
  }),
  route({
    id: 'Root.alive',
    method: 'GET',
    path: '/healthz',
    entrance: 'public',
    summary: 'Answers while the process lives.',
    answers: { 200: health },
    handle: async () => ({ status: 'ok' }),
  }),
  route({
    id: 'Root.ready',
    method: 'GET',
    path: '/readyz',
    entrance: 'public',
    summary: 'Answers 200 when the store can be read, else 503.',
    statuses: notNow,
    answers: { 200: health },
    handle: async ({ engine }) => {
      await engine.listWorkspaces();
      return { status: 'ok' };
    },
  }),
];
