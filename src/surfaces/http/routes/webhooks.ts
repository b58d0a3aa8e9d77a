// Webhooks of a workspace: made and removed by owners, told with what was sent last, tried out. The messages themselves are in
// docs/webhooks.md.

import { Type } from 'typebox';
import { maybe, shape } from '../model.ts';
import { type Route, route } from '../route.ts';

const all = '/v1/w/{workspace_id}/webhooks';
const one = `${all}/{id}`;

const members = {
  id: Type.String(),
  url: Type.String(),
  kinds: Type.Array(Type.String(), { description: 'Empty: all.' }),
  createdBy: Type.String(),
  createdAtMs: Type.Integer(),
  disabled: Type.Optional(Type.String({ description: 'Why nothing is sent any more.' })),
};

const webhook = shape('Webhook', members);
const delivery = shape('WebhookDelivery', {
  id: Type.String({ description: 'The header webhook-id.' }),
  kind: Type.String(),
  atMs: Type.Integer(),
  attempt: Type.Integer(),
  status: Type.Optional(Type.Integer()),
  error: Type.Optional(Type.String()),
});

export const webhookRoutes: readonly Route[] = [
  route({
    id: 'Webhooks.listWebhooks',
    method: 'GET',
    path: all,
    summary: 'Where what happens is told, and what was sent last.',
    answers: {
      200: shape('ListWebhooksResponse', {
        webhooks: Type.Array(
          shape('WebhookLine', { ...members, position: Type.Integer(), recent: Type.Array(delivery) }),
        ),
      }),
    },
    handle: async ({ operation }) => ({ webhooks: await operation('webhook.list') }),
  }),
  route({
    id: 'Webhooks.createWebhook',
    method: 'POST',
    path: all,
    summary: 'Tells an address what happens from now on; the answer has the signing key, once.',
    body: shape('CreateWebhookRequest', { url: Type.String(), kinds: maybe(Type.Array(Type.String())) }),
    repeats: 'none',
    answers: { 200: shape('CreateWebhookResponse', { ...members, secret: Type.String() }) },
    handle: ({ body, operation }) =>
      operation('webhook.create', { url: body.url, ...(body.kinds == null ? {} : { kinds: body.kinds }) }),
  }),
  route({
    id: 'Webhooks.removeWebhook',
    method: 'DELETE',
    path: one,
    summary: 'Tells it nothing any more.',
    answers: { 200: webhook },
    handle: ({ params, operation }) => operation('webhook.remove', { id: params['id']! }),
  }),
  route({
    id: 'Webhooks.enableWebhook',
    method: 'POST',
    path: `${one}/enable`,
    summary: 'Goes on with a disabled one, where it stopped.',
    answers: { 200: webhook },
    handle: ({ params, operation }) => operation('webhook.enable', { id: params['id']! }),
  }),
  route({
    id: 'Webhooks.testWebhook',
    method: 'POST',
    path: `${one}/test`,
    summary: 'Sends an event of kind test, once, and answers what came back.',
    answers: { 200: delivery },
    handle: ({ params, operation }) => operation('webhook.test', { id: params['id']! }),
  }),
];
