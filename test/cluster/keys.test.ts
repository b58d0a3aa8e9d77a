// Concurrency keys over real engines: each drives a workspace of its own on the same database, and what they call at once counts the calls.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './site.ts';

/** How long a call takes; long enough for two that begin together to meet. */
const callMs = 100;
const perWorkspace = 6;

let site: Site;
let counting: Server;
let [under, most] = [0, 0];
/** Names of what was asked for, as it came. */
const calls: string[] = [];
beforeAll(async () => {
  counting = createServer((request, response) => {
    calls.push(decodeURIComponent(request.url!.slice(1)));
    most = Math.max(most, ++under);
    response.once('close', () => under--);
    setTimeout(() => response.end('{}'), callMs);
  });
  await new Promise<void>((done) => counting.listen(0, '127.0.0.1', done));
  site = await Site.open({ engines: 2, workspaces: 2 });
}, 120_000);
afterAll(async () => {
  await site?.close();
  counting?.closeAllConnections();
  counting?.close();
}, 60_000);

const holders = async () =>
  (
    await site.rows<{ address: string }>(
      `select n.address from workspace_lease l join engine_node n on n.id = l.node
       where l.until > clock_timestamp() and n.address is not null`,
    )
  ).map((row) => row.address);

/** Schema `Keyed`, whose resources are made one at a time by all who make any, and some of it. */
function mutations(names: readonly string[]): object[] {
  const { port } = counting.address() as AddressInfo;
  const text = `// @idempotent
// @key counted at-once=1
// @network 127.0.0.1:${port}
async function main(input) {
  await fetch('http://127.0.0.1:${port}/' + input.properties.si.name);
  return { status: 'ok', resourceId: input.properties.si.name, payload: {} };
}`;
  const none = { kind: 'object', properties: {} };
  const spec = { format: 1, domain: none, resourceValue: none, secrets: none, definitions: {} };
  return [
    { kind: 'schema.create', name: 'Keyed', spec },
    { kind: 'function.create', name: 'keyed-create', functionKind: 'action', text },
    { kind: 'binding.attach', function: 'keyed-create', schema: 'Keyed', action: 'create' },
    ...names.map((name) => ({ kind: 'component.create', schema: 'Keyed', name, attributes: {} })),
  ];
}

test('[EN760] engines that drive a workspace each make calls with a key one at a time, also when one of them is killed', {
  timeout: 180_000,
}, async () => {
  while (new Set(await holders()).size < 2) await sleep(100);
  const applied = site.workspaces.map(async (workspace, w) => {
    const changeSets = `/v1/w/${workspace}/change-sets`;
    const made = await site.ask<{ changeSet: { id: string } }>(() => w, 'POST', changeSets, {
      body: { changeSetName: 'keyed' },
    });
    const at = `${changeSets}/${made.body.changeSet.id}`;
    const names = Array.from({ length: perWorkspace }, (_, n) => `w${w}-${n}`);
    const edited = await site.ask(() => w, 'POST', `${at}/mutations`, { body: { mutations: mutations(names) } });
    expect([edited.status, edited.body]).toEqual([200, expect.anything()]);
    const answer = await site.ask(() => w, 'POST', `${at}/apply`, { body: { waitMs: 0 }, key: `apply ${w}` });
    expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
  });
  await Promise.all(applied);
  // Both have had a turn before either has had all of its own.
  while (new Set(calls.map((name) => name.slice(0, 2))).size < 2) await sleep(10);
  expect(calls.length).toBeLessThan(2 * perWorkspace);
  await site.kill(site.nodes[0]!);
  while (new Set(calls).size < 2 * perWorkspace) await sleep(50);
  expect(most).toBe(1);
});
