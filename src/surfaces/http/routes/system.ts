// Whether the server is there and ready, and who it takes the caller for. All but the last is for anybody: it tells nothing of
// what is in the store.

import { Type } from 'typebox';
import { anyJson, maybe, shape } from '../model.ts';
import { type Route, route } from '../route.ts';

const status = shape('SystemStatusResponse', { 'API Documentation': Type.String() });
const whoami = shape('WhoamiResponse', {
  userId: Type.String(),
  userEmail: Type.String(),
  workspaceId: Type.String(),
  token: anyJson,
});
const health = shape('Health', { status: Type.String(), reason: maybe(Type.String()) });

export const systemRoutes: readonly Route[] = [
  route({
    id: 'Root.systemStatusRoute',
    method: 'GET',
    path: '/',
    entrance: 'public',
    summary: 'Where the documentation of the API is.',
    answers: { 200: status },
    handle: async () => ({ 'API Documentation': '/openapi.json' }),
  }),
  route({
    id: 'Whoami.whoami',
    method: 'GET',
    path: '/whoami',
    summary: 'Who the token is of, and the workspace that has it.',
    answers: { 200: whoami },
    handle: async ({ bearer }) => ({
      userId: bearer.user,
      userEmail: bearer.user,
      workspaceId: bearer.home.id,
      token: bearer.token,
    }),
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
    answers: { 200: health },
    handle: async ({ engine }) => {
      await engine.listWorkspaces();
      return { status: 'ok' };
    },
  }),
];
