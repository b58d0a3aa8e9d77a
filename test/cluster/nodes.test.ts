// Several engines on one database as people meet them: any of them answers, whichever drives the workspace; one that ends, is killed or
// is paused is succeeded, and says nothing that is not so any more.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import type { WorkspaceId } from '../../src/base/ids.ts';
import { type Node, Site } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await Site.open({ engines: 3, workspaces: 3 });
}, 120_000);
afterAll(() => site?.close(), 60_000);

const changeSets = (w: string): string => `/v1/w/${w}/change-sets`;
let serial = 0;

async function holderAt(workspace: string): Promise<string | undefined> {
  const [row] = await site.rows<{ address: string }>(
    `select n.address from workspace w join workspace_lease l on l.workspace = w.ref join engine_node n on n.id = l.node
     where w.id = $1 and l.until > clock_timestamp()`,
    [workspace],
  );
  return row?.address;
}

async function holderOf(workspace: string): Promise<Node> {
  for (;;) {
    const address = await holderAt(workspace);
    const node = site.nodes.find((n) => n.address === address);
    if (node !== undefined) return node;
    await sleep(50);
  }
}

/** How many engines have a workspace. */
const spread = async () => new Set(await Promise.all(site.workspaces.map((w) => holderOf(w)))).size;

async function open(workspace: string, node = 0): Promise<string> {
  const body = { changeSetName: `c${++serial}` };
  const { body: made } = await site.ask<{ changeSet: { id: string } }>(() => node, 'POST', changeSets(workspace), {
    body,
  });
  return `${changeSets(workspace)}/${made.changeSet.id}`;
}

/** An engine that has a workspace and answers as it is said here, until it is closed. */
async function pretend(host: string, workspace: string, answer: RequestListener): Promise<{ close(): Promise<void> }> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, host, done));
  const { port } = server.address() as AddressInfo;
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const id = `pretended-${++serial}`;
  const store = await openPostgresStore({ url: site.server.urlOf('postgres'), node: { id, address } });
  const leases = store.leases!;
  await leases.announce(address);
  await site.rows(
    `update workspace_lease l set until = clock_timestamp() + interval '1 hour', epoch = epoch + 1, node = $2
     from workspace w where w.ref = l.workspace and w.id = $1`,
    [workspace, id],
  );
  const seen = setInterval(() => void leases.announce(address), 1_000);
  // Once whoever had it has found out.
  await sleep(3_000);
  const close = async (): Promise<void> => {
    clearInterval(seen);
    await leases.leave();
    await store.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { close };
}

test('[EN750] any engine answers for any workspace, in an answer and in what a read after it shows', {
  timeout: 60_000,
}, async () => {
  for (const workspace of site.workspaces) {
    const changeSet = await open(workspace);
    for (const [n, node] of site.nodes.entries()) {
      const mutations = [{ kind: 'component.create', schema: 'Thing', name: `n${n}`, attributes: {} }];
      const made = await site.once<{ steps: { subject: string }[] }>(node, 'POST', `${changeSet}/mutations`, {
        body: { mutations },
      });
      expect(made.status).toBe(200);
      for (const other of site.nodes) {
        const read = await site.once(other, 'GET', `${changeSet}/components/${made.body.steps[0]!.subject}`);
        expect(read).toMatchObject({ status: 200, body: { component: { name: `n${n}` } } });
      }
      // What is refused is refused in the same words.
      const wrong = await site.once(node, 'GET', `${changeSet}/components/nothing`);
      expect(wrong).toMatchObject({ status: 404, body: { reason: 'component_not_found' } });
    }
    // By name as by id.
    const name = `w${site.workspaces.indexOf(workspace)}`;
    for (const node of site.nodes) expect((await site.once(node, 'GET', changeSets(name))).status).toBe(200);
  }
});

test('[EN751] the workspaces are spread over the engines', { timeout: 60_000 }, async () => {
  const until = performance.now() + 40_000;
  while ((await spread()) < 3 && performance.now() < until) await sleep(200);
  expect(await spread()).toBe(3);
});

test('[EN750] events of a workspace are told by any engine as they come', { timeout: 60_000 }, async () => {
  const [workspace] = site.workspaces as [string];
  const holder = await holderOf(workspace);
  const other = site.nodes.find((n) => n !== holder)!;
  const gone = new AbortController();
  const stream = await fetch(`${other.address}/v1/w/${workspace}/events`, {
    headers: { authorization: `Bearer ${site.token}`, accept: 'text/event-stream' },
    signal: gone.signal,
  });
  expect([stream.status, stream.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/event-stream'),
  ]);
  const changeSet = await open(workspace, site.nodes.indexOf(holder));
  let text = '';
  for await (const piece of stream.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes(changeSet.split('/').at(-1)!)) break;
  }
  expect(text).toContain('change_set');
  gone.abort();
});

test('[EN753] one that is killed is succeeded within seconds; a client that waits is answered, and once', {
  timeout: 60_000,
}, async () => {
  const [workspace] = site.workspaces as [string];
  const holder = await holderOf(workspace);
  const other = site.nodes.find((n) => n !== holder)!;
  const changeSet = await open(workspace, site.nodes.indexOf(other));
  await site.kill(holder);
  const sinceMs = performance.now();
  const mutations = [{ kind: 'component.create', schema: 'Thing', name: 'after', attributes: {} }];
  const answer = await site.once(other, 'POST', `${changeSet}/mutations`, { body: { mutations } });
  expect(answer.status).toBe(200);
  expect(performance.now() - sinceMs).toBeLessThan(15_000);
  const found = await site.once<{ components: unknown[] }>(
    other,
    'GET',
    `${changeSet}/search?q=${encodeURIComponent('after')}`,
  );
  expect(found.body.components).toHaveLength(1);
  await site.start(holder);
});

test('[EN753] what an engine has done that ended before it answered is not done again by the one that has the workspace next', {
  timeout: 60_000,
}, async () => {
  const workspace = site.workspaces[2] as WorkspaceId;
  const [next] = site.nodes as [Node];
  for (const node of site.nodes) if (node !== next) await node.served!.stop();
  expect((await site.once(next, 'GET', changeSets(workspace))).status).toBe(200);
  // An engine that carries out what it is asked, and says nothing of it: as it has the next one do, under the same key.
  const keys: (string | undefined)[] = [];
  const dying = createServer(async (request, reply) => {
    const { authorization, 'content-type': type, 'idempotency-key': key } = request.headers;
    keys.push(key as string | undefined);
    const body = await text(request);
    if (request.url!.endsWith('/tokens')) return void reply.destroy();
    await leases.give(workspace);
    const headers = { authorization, 'content-type': type, 'idempotency-key': key } as Record<string, string>;
    const done = await fetch(next.address + request.url, { method: 'POST', headers, body });
    keys.push(`${done.status}`);
    reply.destroy();
  });
  await new Promise<void>((done) => dying.listen(0, '127.0.0.1', done));
  const address = `http://127.0.0.1:${(dying.address() as AddressInfo).port}`;
  const store = await openPostgresStore({ url: site.server.urlOf('postgres'), node: { id: 'dying', address } });
  const leases = store.leases!;
  await site.rows(
    `update workspace_lease l set until = '-infinity', epoch = epoch + 1, node = 'nobody' from workspace w where w.ref = l.workspace and w.id = $1`,
    [workspace],
  );
  while ((await leases.take(workspace)) !== undefined) await sleep(50);
  const name = `c${++serial}`;
  // Once it has found out.
  while ((await holderAt(workspace)) !== address) await sleep(50);
  await sleep(3_000);
  // What has no answer that may be kept is not done again by itself.
  const token = await site.once(next, 'POST', `/v1/w/${workspace}/tokens`, { body: { name: 'one' } });
  expect([token.status, keys.splice(0).length]).toEqual([503, 1]);
  const made = await site.once(next, 'POST', changeSets(workspace), { body: { changeSetName: name } });
  expect(made.status).toBeLessThan(300);
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^20\d$/)]);
  const { body } = await site.once<{ changeSets: { name: string }[] }>(next, 'GET', changeSets(workspace));
  expect(body.changeSets.filter((c) => c.name === name)).toHaveLength(1);
  await leases.leave();
  await store.close();
  await new Promise((done) => dying.close(done));
  for (const node of site.nodes) if (node !== next) await site.start(node);
});

test('[EN753] one that was killed and is back at its address waits for the lease that it had, and answers', {
  timeout: 60_000,
}, async () => {
  const workspace = site.workspaces[1]!;
  const holder = await holderOf(workspace);
  await site.kill(holder);
  await site.start(holder, Number(new URL(holder.address).port));
  expect((await site.once(holder, 'GET', changeSets(workspace))).status).toBe(200);
});

test('[EN754] one that was paused for longer than its lease shows nothing old when it wakes', {
  timeout: 60_000,
}, async () => {
  const workspace = site.workspaces[1]!;
  const holder = await holderOf(workspace);
  const other = site.nodes.find((n) => n !== holder)!;
  const changeSet = await open(workspace);
  const set = (value: string) => {
    const body = { mutations: [{ kind: 'attribute.set', component: 'it', path: '/domain/Zone', value }] };
    return site.once(other, 'POST', `${changeSet}/mutations`, { body });
  };
  const create = { kind: 'component.create', schema: 'Thing', name: 'it', attributes: { '/domain/Zone': 'before' } };
  await site.once(other, 'POST', `${changeSet}/mutations`, { body: { mutations: [create] } });
  site.pause(holder);
  expect((await set('after')).status).toBe(200);
  site.resume(holder);
  // At once, before it has had time to find out.
  const read = await site.once(holder, 'GET', `${changeSet}/components/it`);
  expect(read).toMatchObject({ status: 200, body: { component: { attributes: { '/domain/Zone': 'after' } } } });
});

test('[EN755] one that is ended gives up what it has at once, and nobody waits', { timeout: 60_000 }, async () => {
  const workspace = site.workspaces[2]!;
  const holder = await holderOf(workspace);
  const other = site.nodes.find((n) => n !== holder)!;
  expect(await holder.served!.stop()).toBe(0);
  const sinceMs = performance.now();
  expect((await site.once(other, 'GET', changeSets(workspace))).status).toBe(200);
  expect(performance.now() - sinceMs).toBeLessThan(3_000);
  await site.start(holder);
});

test('[EN802] one that is told to end waits for no stream that it passes on, and others have at once what it drives', {
  timeout: 90_000,
}, async () => {
  while ((await spread()) < 3) await sleep(200);
  const [followed, driven] = site.workspaces as [string, string];
  const [driver, passing] = [await holderOf(followed), await holderOf(driven)];
  const stream = await fetch(`${passing.address}/v1/w/${followed}/events`, {
    headers: { authorization: `Bearer ${site.token}`, accept: 'text/event-stream' },
  });
  expect(stream.status).toBe(200);
  const told = text(stream.body!);
  const sinceMs = performance.now();
  const ended = passing.served!.stop();
  expect((await site.once(driver, 'GET', changeSets(driven))).status).toBe(200);
  expect(await ended).toBe(0);
  expect(performance.now() - sinceMs).toBeLessThan(4_000);
  // To its end: whoever follows goes on from there.
  const lines = (await told).split('\n');
  expect([lines[0], ...lines.slice(-2)]).toEqual([expect.stringMatching(/^retry: /), '', '']);
  await site.start(passing);
});

test('[EN802] what it passes on is answered as long as that does not take long, and holds it no longer', {
  timeout: 90_000,
}, async () => {
  const workspace = site.workspaces[2] as WorkspaceId;
  const [passing, other] = site.nodes as [Node, Node];
  const late = await pretend('127.0.0.1', workspace, async (request, reply) => {
    if (request.url!.includes('never')) return;
    await sleep(2_000);
    reply.writeHead(200, { 'content-type': 'application/json' }).end('{"late":true}');
  });
  const answered = site.once(passing, 'GET', changeSets(workspace));
  const never = site.once(passing, 'GET', `${changeSets(workspace)}/never`);
  await sleep(500);
  const sinceMs = performance.now();
  const ended = passing.served!.stop();
  expect(await answered).toEqual({ status: 200, body: { late: true } });
  expect(await never).toMatchObject({ status: 503, body: { reason: 'workspace_elsewhere' } });
  expect(await ended).toBe(0);
  expect(performance.now() - sinceMs).toBeLessThan(9_000);
  await late.close();
  await site.start(passing);
  expect((await site.once(other, 'GET', changeSets(workspace))).status).toBe(200);
});

test('[EN803] a workspace that was removed is brought back by whichever engine is asked, whoever drove it', {
  timeout: 90_000,
}, async () => {
  while ((await spread()) < 3) await sleep(200);
  // Whoever drives the workspace of the token brings the others back.
  for (const workspace of [...site.workspaces].sort().slice(1)) {
    const node = site.nodes[site.workspaces.indexOf(workspace)]!;
    expect((await site.once(node, 'DELETE', `/management/workspaces/${workspace}`)).status).toBe(204);
    const back = await site.once(node, 'POST', `/management/workspaces/${workspace}/restore`);
    expect(back).toMatchObject({ status: 200 });
    for (const other of site.nodes) expect((await site.once(other, 'GET', changeSets(workspace))).status).toBe(200);
  }
});

test('[EN807] an engine whose address is one of IPv6 is asked there', { timeout: 60_000 }, async () => {
  const workspace = site.workspaces[2]!;
  const six = await pretend('::1', workspace, (_request, reply) => {
    reply.writeHead(200, { 'content-type': 'application/json' }).end('{"six":true}');
  });
  const answer = await site.once(site.nodes[0]!, 'GET', changeSets(workspace));
  expect(answer).toEqual({ status: 200, body: { six: true } });
  await six.close();
});

test('[EN756] a command that works on the database itself is told which engine has the workspace', {
  timeout: 60_000,
}, async () => {
  const [workspace] = site.workspaces as [string];
  // Each has its share, and nobody is about to give one up.
  while ((await spread()) < 3) await sleep(200);
  const holder = await holderOf(workspace);
  const { status, said } = await site.command('change-set', 'list', '--workspace', workspace);
  expect([status, said]).toEqual([75, expect.stringContaining(`driven by the engine at ${holder.address}`)]);
});

test('[EN803] of those that make a workspace of one name at once one does, and the others hold nothing of it', {
  timeout: 60_000,
}, async () => {
  const displayName = `n${++serial}`;
  const asked = [...site.nodes, ...site.nodes].map((node) =>
    site.once(node, 'POST', '/management/workspaces', { body: { displayName, instanceUrl: '', description: '' } }),
  );
  const statuses = (await Promise.all(asked)).map((a) => a.status).sort();
  expect(statuses).toEqual([200, 400, 400, 400, 400, 400]);
  const held = () =>
    site.rows(
      `select 1 from workspace w join workspace_lease l on l.workspace = w.ref where w.name is null and l.until > clock_timestamp()`,
    );
  for (let n = 0; n < 20 && (await held()).length > 0; n++) await sleep(100);
  expect(await held()).toEqual([]);
});
