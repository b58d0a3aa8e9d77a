// Events over HTTP: as they come, resumed by Last-Event-ID, and ended with the right to follow or with the server.

import { afterEach, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { serveHttp } from '../../src/surfaces/http/server.ts';
import { functionHouse } from '../engine/function_house.ts';
import { boxSpec, type House } from '../engine/house.ts';
import { HttpHouse } from './house.ts';

interface Told {
  readonly event: string;
  readonly id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into what it got.
  readonly data: any;
}

type Place = Pick<HttpHouse, 'address' | 'workspace' | 'token'> & Partial<Pick<HttpHouse, 'note'>>;

/** A client of one stream, as a browser's: it keeps the last id. */
class Client {
  readonly told: Told[] = [];
  lastId: string | undefined;
  readonly status: number;
  readonly contentType: string;
  comments = 0;
  ended = false;
  readonly done: Promise<void>;
  readonly #abort: AbortController;
  #wake: (() => void)[] = [];

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.contentType = response.headers.get('content-type') ?? '';
    this.#abort = abort;
    this.done = this.#read(response).catch(() => {
      this.ended = true;
    });
  }

  static async open(house: Place, path: string, o: { token?: string; lastId?: string } = {}): Promise<Client> {
    const abort = new AbortController();
    const headers = {
      authorization: `Bearer ${o.token ?? house.token}`,
      ...(o.lastId === undefined ? {} : { 'last-event-id': o.lastId }),
    };
    const url = `/v1/w/${house.workspace}${path}`;
    const response = await fetch(house.address + url, { headers, signal: abort.signal });
    house.note?.('GET', url, response.status);
    return new Client(response, abort);
  }

  cut(): void {
    this.#abort.abort();
  }

  /** Waits until a condition holds of what was told. */
  async until(holds: (told: readonly Told[]) => boolean, mostMs = 5_000): Promise<void> {
    const end = Date.now() + mostMs;
    while (!holds(this.told)) {
      if (Date.now() > end) throw new Error(`not told: ${JSON.stringify(this.told)}`);
      await Promise.race([
        new Promise<void>((resolve) => this.#wake.push(resolve)),
        new Promise((resolve) => setTimeout(resolve, 50)),
      ]);
    }
  }

  async #read(response: Response): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      rest += decoder.decode(bytes, { stream: true });
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        this.#block(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
    }
    this.ended = true;
    for (const wake of this.#wake.splice(0)) wake();
  }

  #block(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.comments++;
      else fields.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2));
    }
    const id = fields.get('id');
    if (id !== undefined) this.lastId = id;
    const data = fields.get('data');
    if (data === undefined) return;
    this.told.push({ event: fields.get('event') ?? 'message', id, data: JSON.parse(data) });
    for (const wake of this.#wake.splice(0)) wake();
  }
}

let house: HttpHouse | undefined;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.cut();
  await house?.close();
  house = undefined;
});

async function open(path: string, o: { token?: string; lastId?: string } = {}): Promise<Client> {
  const client = await Client.open(house!, path, o);
  clients.push(client);
  return client;
}

async function withBox(): Promise<{ changeSet: string; box: string }> {
  house = await HttpHouse.open();
  const { id: changeSet } = await house.call<{ id: string }>('change_set.create', { name: 'work' });
  await submit(changeSet, { kind: 'schema.create', name: 'Box', spec: boxSpec as unknown as Json });
  const made = await submit(changeSet, { kind: 'component.create', schema: 'Box', name: 'a', attributes: {} });
  return { changeSet, box: made.steps[0]!.subject };
}

const submit = (changeSet: string, ...mutations: Json[]) =>
  house!.call<{ steps: { subject: string }[] }>('submit', { changeSet, mutations });

const set = (changeSet: string, component: string, value: number) =>
  submit(changeSet, { kind: 'attribute.set', component, path: '/domain/size', value });

test('[EN566] events come as they happen, and a client that was cut comes again where it was', async () => {
  const { changeSet, box } = await withBox();
  const first = await open(`/change-sets/${changeSet}/events?after=0`);
  expect(first.status).toBe(200);
  expect(first.contentType).toContain('text/event-stream');
  await first.until((told) => told.length >= 3);
  await set(changeSet, box, 1);
  await first.until((told) => told.at(-1)?.data.what === 'attribute.set');
  expect(first.told.map((t) => t.event)).toEqual(['change_set', 'mutation', 'mutation', 'mutation']);
  expect(first.told.every((t) => Number(t.id) === t.data.position)).toBe(true);
  first.cut();
  await first.done;
  await set(changeSet, box, 2);
  await set(changeSet, box, 3);
  const second = await open(`/change-sets/${changeSet}/events`, { lastId: first.lastId! });
  await second.until((told) => told.length >= 2);
  await set(changeSet, box, 4);
  await second.until((told) => told.length >= 3);
  const whole = await open(`/change-sets/${changeSet}/events?after=0`);
  await whole.until((told) => told.length >= 7);
  expect([...first.told, ...second.told]).toEqual(whole.told);
});

test('[EN566] without a position it begins now; a workspace tells all change sets; kinds narrow it', async () => {
  const { changeSet, box } = await withBox();
  const now = await open('/events');
  const applies = await open('/events?kinds=apply');
  await now.until(() => now.lastId !== undefined);
  await applies.until(() => applies.lastId !== undefined);
  await set(changeSet, box, 1);
  await house!.call('change_set.apply', { changeSet });
  await now.until((told) => told.filter((t) => t.event === 'apply').length === 2);
  await applies.until((told) => told.length === 2);
  expect(now.told[0]!.data.what).toBe('attribute.set');
  expect(applies.told.map((t) => t.event)).toEqual(['apply', 'apply']);
  expect((await house!.ask('GET', '~/events?kinds=nonsense')).status).toBe(422);
  expect((await house!.ask('GET', '~/change-sets/nonsense/events')).status).toBe(404);
  expect((await house!.ask('GET', '~/events', { token: null })).status).toBe(401);
});

test('[EN566] a position that never was is answered 410 with what to do', async () => {
  await withBox();
  const gone = await house!.ask('GET', '~/events?after=999999');
  expect(gone.status).toBe(410);
  expect(gone.body).toMatchObject({ reason: 'events_gone' });
  expect((await house!.ask('GET', '~/events', { headers: { 'last-event-id': '999999' } })).status).toBe(410);
});

test('[EN566] what a client has seen counts before where it began', async () => {
  const changeSet = await withBox();
  const first = await open('/events?after=0');
  await first.until(() => first.lastId !== undefined);
  const last = first.lastId!;
  first.cut();
  await house!.call('change_set.create', { name: 'later' });
  const again = await open('/events?after=0', { lastId: last });
  await again.until((told) => told.some((t) => t.id !== undefined));
  expect(again.told.filter((t) => t.id !== undefined).every((t) => Number(t.id) > Number(last))).toBe(true);
  again.cut();
  expect(changeSet).toBeDefined();
});

test('[EN566] who asks for the head of a stream follows nothing', async () => {
  await withBox();
  const found = await house!.engine.workspace(house!.workspace);
  if (!found.ok) throw new Error(found.refusal.code);
  const { events } = found.value.workspace;
  const answer = await fetch(`${house!.address}/v1/w/${house!.workspace}/events`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${house!.token}` },
  });
  expect(answer.status).toBe(200);
  while (events.size > 0) await new Promise((r) => setTimeout(r, 20));
});

test('[EN566] a stream ends when its token is revoked, and when it expires', async () => {
  await withBox();
  const made = await house!.call<{ token: string; line: { id: string } }>('token.create', { name: 'follower' });
  const revoked = await open('/events', { token: made.token });
  const expiring = await house!.call<{ token: string }>('token.create', {
    name: 'short',
    expiresAtMs: Date.now() + 1_500,
  });
  const expired = await open('/events', { token: expiring.token });
  const kept = await open('/events');
  await house!.call('token.revoke', { token: made.line.id });
  await revoked.until((told) => told.some((t) => t.event === 'end'));
  expect(revoked.told.at(-1)).toMatchObject({ event: 'end', data: { reason: 'token_invalid' } });
  await expired.until((told) => told.some((t) => t.event === 'end'));
  expect(expired.told.at(-1)).toMatchObject({ event: 'end', data: { reason: 'token_invalid' } });
  await Promise.all([revoked.done, expired.done]);
  expect(kept.ended).toBe(false);
});

test('[EN566] the server closes at once with streams open, and tells them', async () => {
  await withBox();
  const client = await open('/events');
  const logless = await open('/events?kinds=apply');
  await client.until(() => client.lastId !== undefined);
  const before = Date.now();
  await house!.close();
  house = undefined;
  expect(Date.now() - before).toBeLessThan(5_000);
  await Promise.all([client.done, logless.done]);
  expect(client.told.at(-1)).toMatchObject({ event: 'end', data: { reason: 'server_closing' } });
});

test('[EN566] a run’s log is told line by line until it has ended', async () => {
  const functions = await functionHouse();
  const { id: workspace } = (await functions.call<{ id: string }[]>('workspace.list'))[0] ?? (await founded(functions));
  const { token } = await functions.call<{ token: string }>('token.create', {
    name: 'follower',
    reach: 'installation',
  });
  const server = await serveHttp({
    engine: functions.engine,
    host: '127.0.0.1',
    port: 0,
    version: '0',
    checkAnswers: true,
  });
  const at = { address: server.address, workspace, token };
  try {
    const text =
      'async function main() { for (let i = 0; i < 5; i++) { console.log("tick", i); await new Promise((r) => setTimeout(r, 100)); } }';
    const { run } = await functions.call<{ run: string }>('function.test', {
      text,
      kind: 'action',
      input: {},
      waitMs: 0,
    });
    const other = await functions.call<{ token: string; line: { id: string } }>('token.create', { name: 'other' });
    const revoked = await Client.open({ ...at, token: other.token }, `/runs/${run}/logs?follow=true`);
    await functions.call('token.revoke', { token: other.line.id });
    await revoked.until((told) => told.at(-1)?.event === 'end', 30_000);
    expect(revoked.told.at(-1)!.data.reason).toBe('token_invalid');
    const client = await Client.open(at, `/runs/${run}/logs?follow=true`);
    await client.until((told) => told.length > 0, 30_000);
    expect(client.told.at(-1)!.event).toBe('run_log');
    await client.until((told) => told.at(-1)?.event === 'end', 30_000);
    const ticks = client.told.filter((t) => t.event === 'run_log').map((t) => t.data.text);
    expect(ticks).toEqual([0, 1, 2, 3, 4].map((i) => `tick ${i}`));
    const again = await Client.open(at, `/runs/${run}/logs?follow=true`, { lastId: '3' });
    await again.until((told) => told.at(-1)?.event === 'end');
    expect(again.told.map((t) => t.data.text ?? t.event)).toEqual(['tick 3', 'tick 4', 'end']);
    const headers = { authorization: `Bearer ${token}` };
    const page = await fetch(`${server.address}/v1/w/${workspace}/runs/${run}/logs?after=4`, { headers });
    expect(await page.json()).toMatchObject({ lines: [{ seq: 5, text: 'tick 4' }], complete: true });
    const none = await fetch(`${server.address}/v1/w/${workspace}/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV/logs`, { headers });
    expect(none.status).toBe(404);
  } finally {
    await server.close();
    await functions.close();
  }
}, 60_000);

async function founded(functions: House): Promise<{ id: string }> {
  await functions.call('change_set.list');
  return (await functions.call<{ id: string }[]>('workspace.list'))[0]!;
}
