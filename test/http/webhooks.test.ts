// Webhooks over HTTP, on a data folder as the server opens it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

describe('webhooks', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open();
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('[EN617] [EN620] are made by owners, listed without their key, tried out, removed; this machine is not reached', async () => {
    const body = { url: 'http://127.0.0.1:9/hook', kinds: ['apply'] };
    const { token } = await house.must('POST', '~/tokens', {
      body: { name: 'editor', scopes: ['read', 'edit', 'apply'] },
    });
    expect((await house.ask('POST', '~/webhooks', { token, body })).status).toBe(403);
    expect((await house.ask('POST', '~/webhooks', { body: { url: 'nowhere' } })).status).toBe(422);
    const made = await house.must('POST', '~/webhooks', { body });
    expect(made.secret).toMatch(/^whsec_/);
    const { webhooks } = await house.must('GET', '~/webhooks');
    expect(webhooks).toMatchObject([{ id: made.id, url: body.url, kinds: ['apply'], recent: [] }]);
    expect(JSON.stringify(webhooks)).not.toContain('whsec_');
    const sent = await house.must('POST', `~/webhooks/${made.id}/test`);
    expect(sent.error).toContain('127.0.0.1 is a private address');
    expect((await house.must('POST', `~/webhooks/${made.id}/enable`)).id).toBe(made.id);
    expect((await house.must('DELETE', `~/webhooks/${made.id}`)).id).toBe(made.id);
    for (const verb of ['test', 'enable'])
      expect((await house.ask('POST', `~/webhooks/${made.id}/${verb}`)).status).toBe(404);
  });
});
