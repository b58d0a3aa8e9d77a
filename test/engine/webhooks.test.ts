// Webhooks: real messages to a real server.

import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { WebhookLine } from '../../src/engine/webhook_work.ts';
import type { Webhook } from '../../src/engine/webhooks.ts';
import { isPublic, webhookSender } from '../../src/main/send_webhook.ts';
import type { House } from './house.ts';
import { secretHouse } from './secret_house.ts';

interface Got {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let url: string;
let got: Got[] = [];
let answer: (nth: number) => number = () => 204;
const allowed: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      response.writeHead(answer(got.length), { location: `${url}/elsewhere` }).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  got = [];
  answer = () => 204;
  allowed.splice(0, 9, new URL(url).host);
});

type Made = Webhook & { readonly secret: string };

async function open(): Promise<House> {
  const { house } = await secretHouse({ webhooks: webhookSender(() => allowed) });
  (await house.workspace().catch(() => undefined))?.webhooks.wake();
  await house.call('change_set.list');
  (await house.workspace()).webhooks.retryMs = 10;
  return house;
}

const make = (house: House, more = {}) => house.call<Made>('webhook.create', { url: `${url}/hook`, ...more });
const list = (house: House) => house.call<WebhookLine[]>('webhook.list');
const bodies = () =>
  got.map((g) => JSON.parse(g.body) as { type: string; data: { position: number; event: { sentence?: string } } });

test('[EN617] what happens is told in order, signed; the key is shown once', async () => {
  const house = await open();
  await house.open('before');
  const made = await make(house, { kinds: ['change_set'] });
  expect(made.secret).toMatch(/^whsec_[\w+/=]{44}$/);
  expect(JSON.stringify(await list(house))).not.toContain(made.secret.slice(6, 20));
  const w = await house.workspace();
  expect(await w.store.getSetting(w.id, 'webhooks')).not.toContain(made.secret.slice(6, 20));
  const names = ['one', 'two', 'three'];
  for (const name of names) await house.open(name);
  // Once in the chain of the change set, once in Head's.
  await expect.poll(() => got.length).toBe(6);
  expect(bodies().every((b) => b.type === 'change_set')).toBe(true);
  const positions = bodies().map((b) => b.data.position);
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  expect(bodies().map((b) => /"(.*)"/.exec(b.data.event.sentence!)![1])).toEqual(names.flatMap((n) => [n, n]));
  for (const { headers, body } of got) {
    const [id, at] = [headers['webhook-id'], headers['webhook-timestamp']];
    expect(Math.abs(Number(at) * 1_000 - Date.now())).toBeLessThan(60_000);
    const key = Buffer.from(made.secret.slice(6), 'base64');
    const signed = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signed}`);
  }
  expect(new Set(got.map((g) => g.headers['webhook-id'])).size).toBe(6);
  const approver = { id: 'bob', role: 'approver' } as const;
  for (const [operation, params] of [
    ['webhook.create', { url }],
    ['webhook.remove', { id: made.id }],
    ['webhook.enable', { id: made.id }],
    ['webhook.test', { id: made.id }],
  ] as const)
    expect((await house.refused(operation, params, approver)).code).toBe('access_denied');
  for (const wrong of ['ftp://example.org', 'https://a:b@example.org', 'nowhere', 7, null])
    expect((await house.refused('webhook.create', { url: wrong })).code).toBe('request_malformed');
  expect((await house.refused('webhook.create', { url, kinds: ['run'] })).code).toBe('request_malformed');
  expect(await house.call('webhook.test', { id: made.id })).toMatchObject({ kind: 'test', status: 204 });
  await house.call('webhook.remove', { id: made.id });
  expect((await house.refused('webhook.test', { id: made.id })).code).toBe('webhook_not_found');
  await house.open('after');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(got.length).toBe(7);
  await house.close();
});

test('[EN618] what was not taken is sent again under its id, also after a restart', async () => {
  const house = await open();
  await make(house, { kinds: ['change_set'] });
  answer = (nth) => (nth <= 3 ? 500 : 204);
  await house.open('one');
  await expect.poll(() => got.length).toBe(5);
  const ids = got.map((g) => g.headers['webhook-id']);
  expect(new Set(ids.slice(0, 4)).size).toBe(1);
  expect(ids[4]).not.toBe(ids[0]);
  // Nobody answers when the engine ends; the next goes on.
  answer = () => 503;
  await house.open('two');
  await expect.poll(() => got.length).toBeGreaterThan(5);
  await house.close();
  const before = got.length;
  answer = () => 204;
  await house.start();
  await house.open('three');
  await expect
    .poll(() =>
      bodies()
        .slice(before)
        .map((b) => /"(.*)"/.exec(b.data.event.sentence!)![1]),
    )
    .toEqual(['two', 'two', 'three', 'three']);
  await house.close();
});

test('[EN619] one that is gone or always fails is disabled, and goes on where it stopped', async () => {
  const house = await open();
  const { id } = await make(house, { kinds: ['change_set'] });
  answer = () => 410;
  await house.open('one');
  await expect.poll(async () => (await list(house))[0]!.disabled).toBe('it answered 410, gone');
  const told = await house.call<{ sentence: string; actor: string }[]>('audit.list', { kind: 'webhook.set' });
  expect(told.map((e) => e.sentence)).toContain(`disable (it answered 410, gone) the webhook to ${url}/hook`);
  answer = () => 500;
  (await house.workspace()).webhooks.retryMs = 0;
  await house.call('webhook.enable', { id });
  await expect
    .poll(async () => (await list(house))[0]!.disabled, { timeout: 20_000 })
    .toMatch(/16 attempts failed: status 500/);
  const { recent } = (await list(house))[0]!;
  expect(recent.at(-1)).toMatchObject({ attempt: 16, status: 500, kind: 'change_set' });
  const first = got[0]!.headers['webhook-id'];
  expect(got.every((g) => g.headers['webhook-id'] === first)).toBe(true);
  answer = () => 204;
  await house.call('webhook.enable', { id });
  await expect.poll(() => new Set(got.map((g) => g.headers['webhook-id'])).size).toBe(2);
  await house.close();
});

test('[EN620] private addresses are not reached unless they are allowed, and redirects are not followed', async () => {
  const house = await open();
  const { id } = await make(house, { kinds: ['apply'] });
  allowed.splice(0);
  expect(await house.call('webhook.test', { id })).toMatchObject({
    error: expect.stringContaining('is a private address'),
  });
  const named = await make(house, { url: url.replace('127.0.0.1', 'localhost'), kinds: ['apply'] });
  expect(await house.call('webhook.test', { id: named.id })).toMatchObject({
    error: expect.stringContaining('is a private address'),
  });
  expect(got).toEqual([]);
  allowed.push('127.0.0.1');
  answer = () => 302;
  expect(await house.call('webhook.test', { id })).toMatchObject({ status: 302 });
  expect(got).toHaveLength(1);
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '2001:db8::1',
    'nonsense',
  ])
    expect(isPublic(address), address).toBe(false);
  for (const address of ['1.1.1.1', '93.184.216.34', '2606:4700::1111', '172.32.0.1'])
    expect(isPublic(address), address).toBe(true);
  await house.close();
});

test('[EN702] one that has nothing to tell waits, also when somebody may something else than before', async () => {
  const house = await open();
  const { events } = await house.workspace();
  let looks = 0;
  const follow = events.follow.bind(events);
  events.follow = async (...asked: Parameters<typeof follow>) => {
    const followed = await follow(...asked);
    if (!followed.ok) return followed;
    const take = followed.value.take.bind(followed.value);
    followed.value.take = (mostMs) => {
      // Looking without a pause would let nothing else happen any more, this test included.
      if (++looks > 100) throw new Error('it does not wait');
      return take(mostMs);
    };
    return followed;
  };
  await make(house, { kinds: ['apply'] });
  await house.call('member.set', { member: 'eve', role: 'collaborator' });
  await house.open('something');
  await new Promise((done) => setTimeout(done, 100));
  expect(looks).toBeGreaterThan(0);
  expect(looks).toBeLessThan(10);
  expect(got).toEqual([]);
});
