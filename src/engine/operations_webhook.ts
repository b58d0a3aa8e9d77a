// The operations on webhooks, by name, with plain JSON in and out: made and removed by owners, told with what was sent last, tried
// out.

import { ok } from '../base/result.ts';
import { type Handler, inWorkspace, text } from './operation.ts';
import { permit } from './permit.ts';
import { createWebhook, enableWebhook, removeWebhook } from './webhooks.ts';

export const webhookOperations = {
  'webhook.list': (c, p) => inWorkspace(c, p, async (w) => ok(await w.webhooks.list())),
  /** `url`, optional `kinds`. The answer has the signing key, which is not shown again. */
  'webhook.create': (c, p) =>
    inWorkspace(c, p, (w) => createWebhook(w, c.principal, { url: p['url'], kinds: p['kinds'] })),
  'webhook.remove': (c, p) => inWorkspace(c, p, (w) => removeWebhook(w, c.principal, text(p, 'id'))),
  /** One that was disabled goes on where it stopped. */
  'webhook.enable': (c, p) => inWorkspace(c, p, (w) => enableWebhook(w, c.principal, text(p, 'id'))),
  /** Sends an event of kind `test`; answers what came back. */
  'webhook.test': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const tried = { operation: 'test a webhook', subject: text(p, 'id') };
      const may = await permit(w, c.principal, 'manage', tried);
      return may.ok ? w.webhooks.test(tried.subject) : may;
    }),
} satisfies Record<string, Handler>;
