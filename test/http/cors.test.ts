// Pages of other origins, over a real socket: what a browser is told before it asks and with the answer, and that without
// the option, and to pages that are not named, nothing is told.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOidc } from '../../src/adapters/oidc/provider.ts';
import { Served } from '../support/served.ts';
import { HttpHouse } from './house.ts';

const [app, local, other] = ['https://app.example.com', 'http://localhost:5173', 'https://evil.example'];
const identity = () => openOidc({ issuer: 'http://127.0.0.1:1', clientId: 'x' });

const preflight = (h: HttpHouse, origin: string, path = '/whoami', headers: Record<string, string> = {}) =>
  fetch(`${h.address}${path}`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PATCH', ...headers },
  });
const get = (h: HttpHouse, origin: string | undefined, token = h.token, path = '/whoami') =>
  fetch(`${h.address}${path}`, {
    headers: { authorization: `Bearer ${token}`, ...(origin === undefined ? {} : { origin }) },
  });
const told = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));
const list = (text: string | undefined) => (text ?? '').split(',').map((t) => t.trim().toLowerCase());

describe('[EN723] a page of another origin', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open({ allowOrigins: [app, local], requestsPerMinuteMax: 40 });
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('that is named is told what it may ask, before anybody asks for a token', async () => {
    for (const path of ['/whoami', `/v1/w/${house.workspace}/change-sets/x/components/y`, '/mcp', '/nowhere']) {
      const answer = await preflight(house, app, path, { 'access-control-request-headers': 'authorization' });
      expect([answer.status, await answer.text()]).toEqual([204, '']);
      const says = told(answer);
      expect(says['access-control-allow-origin']).toBe(app);
      expect(says['access-control-max-age']).toBe('600');
      expect(says).not.toHaveProperty('access-control-allow-credentials');
      expect(list(says['access-control-allow-methods'])).toEqual(['get', 'head', 'post', 'put', 'patch', 'delete']);
      expect(list(says['access-control-allow-headers'])).toEqual(
        expect.arrayContaining(['authorization', 'content-type', 'idempotency-key', 'if-match', 'x-request-id']),
      );
      expect(answer.headers.get('vary')).toMatch(/origin/i);
    }
  });

  test('that is named reads an answer, a refusal, and what both say beside their body', async () => {
    const answer = await get(house, local);
    expect([answer.status, told(answer)['access-control-allow-origin']]).toEqual([200, local]);
    const exposed = list(told(answer)['access-control-expose-headers']);
    // All of them that the answer has, and those of a version.
    for (const [name] of answer.headers) if (/^x-/.test(name)) expect(exposed, name).toContain(name);
    expect(exposed).toEqual(expect.arrayContaining(['etag', 'x-request-id', 'x-ratelimit-remaining', 'retry-after']));
    const refused = await get(house, local, 'nothing');
    expect([refused.status, told(refused)['access-control-allow-origin']]).toEqual([401, local]);
    const nowhere = await get(house, local, house.token, '/nowhere');
    expect([nowhere.status, told(nowhere)['access-control-allow-origin']]).toEqual([404, local]);
    const made = await fetch(`${house.address}/v1/w/${house.workspace}/change-sets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.token}`, 'content-type': 'application/json', origin: app },
      body: JSON.stringify({ changeSetName: 'from a page' }),
    });
    expect([made.status < 300, told(made)['access-control-allow-origin']]).toEqual([true, app]);
  });

  test('that is not named, and no page, is told nothing', async () => {
    // A name that another ends or begins with is another.
    for (const origin of [
      other,
      `${app}.evil.example`,
      'https://app.example.com:444',
      'http://app.example.com',
      'null',
    ]) {
      const before = await preflight(house, origin);
      expect([before.status, told(before)], origin).toEqual([404, {}]);
      expect(told(await get(house, origin)), origin).toEqual({});
    }
    const plain = await get(house, undefined);
    expect([plain.status, told(plain)]).toEqual([200, {}]);
  });

  test('that asks too often can read that, and when to come again', async () => {
    let last = await get(house, app);
    for (let n = 0; n < 60 && last.status !== 429; n++) last = await get(house, app);
    expect([last.status, told(last)['access-control-allow-origin']]).toEqual([429, app]);
    expect(list(told(last)['access-control-expose-headers'])).toContain('retry-after');
    // What a browser asks beforehand is not counted.
    expect((await preflight(house, app)).status).toBe(204);
  });
});

describe('[EN723] which pages may ask', () => {
  test('none unless the operator says so', async () => {
    const house = await HttpHouse.open();
    expect([(await preflight(house, app)).status, told(await preflight(house, app))]).toEqual([404, {}]);
    expect(told(await get(house, app))).toEqual({});
    await house.close();
  });

  test('any, without cookies; with cookies those that are named', async () => {
    const any = await HttpHouse.open({ allowOrigins: ['*'] });
    const says = told(await get(any, other));
    expect([says['access-control-allow-origin'], says['access-control-allow-credentials']]).toEqual(['*', undefined]);
    await any.close();
    const login = { provider: identity() };
    const named = await HttpHouse.open({ allowOrigins: [app], login });
    expect(told(await get(named, app))['access-control-allow-credentials']).toBe('true');
    expect(told(await get(named, other))).toEqual({});
    await named.close();
    await expect(HttpHouse.open({ allowOrigins: [app, '*'], login })).rejects.toThrow(/allowOrigin.*by name/s);
  });

  test.each([
    'https://app.example.com/',
    'app.example.com',
    'https://app.example.com/path',
    'HTTPS://APP.example.com',
    '',
  ])('no %j, which is no origin', async (origin) => {
    await expect(HttpHouse.open({ allowOrigins: [origin] })).rejects.toThrow(/allowOrigin.*scheme, host and port/s);
  });

  test('as the command line says, for agents too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-cors-'));
    const served = await Served.start(folder, ['--allow-origin', app, '--allow-origin', local]);
    const answer = await fetch(`${served.address}/mcp`, {
      method: 'POST',
      headers: {
        origin: local,
        authorization: `Bearer ${served.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      }),
    });
    await answer.text();
    expect([answer.status, told(answer)['access-control-allow-origin']]).toEqual([200, local]);
    expect(list(told(answer)['access-control-expose-headers'])).toContain('mcp-session-id');
    await served.stop();
    rmSync(folder, { recursive: true, force: true });
  });
});
