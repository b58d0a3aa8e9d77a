// Drift at a terminal: a resource is changed behind the model's back, seen, and decided about.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Provider, startProvider } from '../engine/action_house.ts';
import { type Said, Terminal } from './terminal.ts';

let provider: Provider | undefined;
afterEach(() => provider?.close());

function definition(port: number): string {
  const at = `http://127.0.0.1:${port}/things`;
  return `const ask = async (method: string, url: string, body?: any) => {
  const answer = await fetch(url, { method, body: JSON.stringify(body) });
  return answer.status === 404 ? null : await answer.json();
};
export default defineSchema({
  domain: { Size: { kind: 'integer', default: 1 }, Mode: { kind: 'string' }, Copy: { kind: 'string' } },
  refresh: { everyMinutes: 600 },
  actions: {
    // @network 127.0.0.1:${port}
    make: {
      kind: 'create',
      main: async ({ properties: { si, domain }, idempotencyKey }) => {
        const made = await ask('POST', '${at}', { key: idempotencyKey, name: si.name, body: domain });
        return { status: 'ok', resourceId: made.id, payload: made.body };
      },
    },
    // @network 127.0.0.1:${port}
    change: {
      kind: 'update',
      main: async ({ properties: { si, domain } }) => {
        const made = await ask('PUT', '${at}/' + si.resourceId, domain);
        return { status: 'ok', payload: made.body };
      },
    },
    // @network 127.0.0.1:${port}
    look: {
      kind: 'refresh',
      main: async ({ properties: { si } }) => {
        const made = await ask('GET', '${at}/' + si.resourceId);
        return { status: 'ok', payload: made === null ? null : made.body };
      },
    },
  },
});
`;
}

test('[EN200] [EN203] [EN204] [EN206] what has drifted is listed, decided and gone again', {
  timeout: 300_000,
}, async () => {
  provider = await startProvider();
  const t = new Terminal();
  writeFileSync(join(t.folder, 'thing.ts'), definition(provider.port));
  const ran = async (...args: string[]): Promise<Said> => {
    const said = await t.hw(...args);
    expect(said.code, `${args.join(' ')}\n${said.out}${said.err}`).toBe(0);
    return said;
  };
  await ran('change-set', 'create', 'things');
  const here = ['--change-set', 'things'];
  await ran('schema', 'author', 'thing.ts', '--name', 'Demo::Thing', ...here);
  await ran('component', 'create', 'Demo::Thing', 'web', ...here);
  await ran('component', 'set', 'web', '/domain/Mode', 'safe', ...here);
  await ran('component', 'subscribe', 'web', '/domain/Copy', 'web', '/domain/Mode', ...here);
  await ran('change-set', 'apply', 'things');
  expect((await ran('drift')).out).toContain('Nothing has drifted');
  expect((await ran('drift', 'web')).out).toContain('web is as meant');
  expect((await ran('schema', 'refresh', 'Demo::Thing', '--every', '30')).out).toContain('every 30 minutes');
  expect((await t.json('drift', 'web')) as object).toMatchObject({ state: 'none', refresh: { everyMs: 1_800_000 } });

  await provider.put('t1', { Size: 7, Mode: 'fast', Copy: 'another' });
  await ran('action', 'refresh', 'web');
  const list = await t.hw('drift', '--detailed-exitcode');
  expect(list.code).toBe(2);
  expect(list.out).toContain('/domain/Size  meant 1, is 7');
  expect(list.out).toContain('it follows');
  expect((await ran('component', 'get', 'web')).out).toMatch(/drift +\/domain\/Copy, \/domain\/Mode, \/domain\/Size/);

  await ran('change-set', 'create', 'adjust');
  const decided = ['--change-set', 'adjust'];
  const nothing = await t.hw('drift', 'accept', 'web', '/domain/Copy', ...decided);
  expect([nothing.code, nothing.out]).toEqual([1, expect.stringContaining('left web /domain/Copy: it follows')]);
  expect((await ran('drift', 'accept', 'web', '/domain/Size', ...decided)).out).toContain('accepted web /domain/Size');
  const enforced = await ran('drift', 'enforce', 'web', '/domain/Mode', ...decided);
  expect(enforced.out).toContain('to enforce web /domain/Mode\n');
  expect(enforced.out).toMatch(/web \/domain\/Copy +goes along/);
  expect(enforced.out).toContain('plans update web');
  expect(enforced.err).not.toContain('Opened');
  expect((await ran('drift', 'web', ...decided)).out).toMatch(/\/domain\/Size +meant 1, is 7 +accepted/);
  const review = (await ran('change-set', 'review', 'adjust')).out;
  expect(review).toContain('Overwrites what has drifted');
  expect(review).toContain('~ web /domain/Mode  meant "safe", is "fast"');
  await ran('change-set', 'apply', 'adjust');
  expect((await provider.journal()).at(-1)).toMatchObject({ body: { Size: 7, Mode: 'safe', Copy: 'safe' } });
  expect((await ran('drift')).out).toContain('Nothing has drifted');

  await provider.remove('t1');
  await ran('action', 'refresh', 'web');
  expect((await ran('drift', 'web')).out).toContain('the resource is gone');
  expect((await ran('drift', 'accept', 'web')).out).toContain('to delete web, whose resource is gone');
  const wrong = await t.hw('drift', 'accept', ...decided);
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('a component, a schema, a view or a path')]);
});
