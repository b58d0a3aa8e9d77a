// Whole engines whose functions run on runners elsewhere: values, actions, what becomes of an action whose runner dies, and the
// server as a person starts it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import type { Json } from '../../src/base/json.ts';
import { must } from '../../src/base/result.ts';
import { connectServer } from '../../src/main/remote.ts';
import { isEnded, type RunStatus } from '../../src/model/run.ts';
import { ActionHouse, startProvider, thingMutations } from '../engine/action_house.ts';
import { webMutations, withWeb } from '../engine/function_house.ts';
import { sqliteHouse } from '../engine/house.ts';
import { NatsServer } from '../support/nats_server.ts';
import { bin, Served } from '../support/served.ts';
import { NatsWorld, sleep } from './world.ts';

let server: NatsServer;
let world: NatsWorld;
const ended: (() => unknown)[] = [];
beforeAll(async () => {
  server = await NatsServer.open();
});
afterAll(() => server?.close());
beforeEach(() => {
  world = new NatsWorld(server);
});
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
  await world.close();
});

interface Runs {
  readonly items: readonly { readonly runner: string; readonly status: RunStatus }[];
}

/**
 * All runs succeeded on the runner `a`. What a component is made into besides the value that was waited for may still be on its
 * way to a runner; it is waited for.
 */
async function byA(listed: () => Promise<Runs>): Promise<void> {
  let { items } = await listed();
  while (!items.every(({ status }) => isEnded(status))) {
    await sleep(20);
    ({ items } = await listed());
  }
  expect(items.length).toBeGreaterThan(0);
  for (const run of items)
    expect(run).toMatchObject({ status: 'succeeded', runner: expect.stringMatching(/^a, isolate/) });
}

async function functionsElsewhere() {
  const node = await world.node();
  return {
    functions: () => ({ compiler: openCompiler(), tiers: ['isolate', 'process'] as const, changes: node.changes }),
  };
}

/** With `Thing` on Head; `edited`: of its functions. */
async function opened(edited: (text: string) => string = (text) => text): Promise<ActionHouse> {
  const provider = await startProvider();
  const house = await sqliteHouse(await functionsElsewhere()).start();
  const a = new ActionHouse(house, provider);
  ended.push(() => a.close());
  const mutations = thingMutations(provider.port).map((m) => {
    const { text } = m as { text?: string };
    return text === undefined ? m : ({ ...(m as object), text: edited(text) } as Json);
  });
  await a.apply('schemas', ...mutations);
  return a;
}

test('[EN730] values are computed and actions carried out by runners, and their runs say by which', async () => {
  const house = await sqliteHouse(await functionsElsewhere()).start();
  ended.push(() => house.close());
  // What is asked for before there is a runner waits for one.
  const asked = withWeb(house);
  await sleep(300);
  await world.start('a');
  const changeSet = await asked;
  const { value } = await house.call<{ value: { domain: Json } }>('component.get', { changeSet, component: 'proxy' });
  expect(value.domain).toMatchObject({ Upstream: 'http://example.org:80' });
  await byA(() => house.call('run.list', {}));

  const a = await opened();
  await a.apply('made', { kind: 'component.create', schema: 'Thing', name: 'it', attributes: {} });
  expect((await a.told())[0]).toBe('create of it: succeeded');
  expect(await a.effects()).toEqual(['create it']);
});

/** Applied, with the provider hanging in the middle of the effect on the only runner there is, which is killed then. */
async function killedInTheMiddle(a: ActionHouse): Promise<void> {
  const first = await world.start('a');
  await a.provider.rules({ op: 'create', nth: 1, goes: 'hang' });
  const changeSet = await a.house.open('made');
  await a.house.submit(changeSet, { kind: 'component.create', schema: 'Thing', name: 'it', attributes: {} });
  await a.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  while ((await a.effects()).length === 0) await sleep(20);
  first.process.kill('SIGKILL');
  await world.start('b');
}

test('[EN732] an action that may be done again with its key is, on another runner, and its effect is one', async () => {
  const a = await opened();
  await killedInTheMiddle(a);
  await a.quiet();
  expect((await a.told())[0]).toBe('create of it: succeeded');
  expect(await a.effects()).toEqual(['create it']);
  expect((await a.actions())[0]).toMatchObject({ attempts: 2 });
});

test('[EN732] one that may not is interrupted, for a person to look at, and not done again', async () => {
  const a = await opened((text) => text.replace('// @idempotent\n', ''));
  await killedInTheMiddle(a);
  await a.quiet();
  const [action] = await a.actions();
  expect(action).toMatchObject({ status: 'interrupted', failure: { code: 'interrupted' } });
  expect(action!.failure!.message).toContain('the runner a went away');
  await sleep(1_000);
  expect(await a.effects()).toEqual(['create it']);
});

test('[EN737] a server with --nats has its functions run by runners; one that does not reach NATS says why and ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-nats-test-'));
  ended.push(() => rmSync(folder, { recursive: true, force: true }));
  const refused = spawnSync(
    process.execPath,
    [bin, 'serve', '--port', '0', '--data', folder, '--nats', server.urlOf('nobody')],
    {
      encoding: 'utf8',
    },
  );
  expect(refused.stderr).toMatch(/dispatch_unavailable: NATS at 127\.0\.0\.1:\d+: .*[Aa]uthorization/);
  expect(refused.stderr).not.toContain('wrong');
  expect(refused.status).toBe(1);
  const served = await Served.start(folder, [], { ...process.env, HEADWATER_NATS: world.url });
  ended.push(() => served.stop());
  await world.start('a');
  const client = connectServer({ server: served.address, token: served.token! }, () => {});
  const call = async <T>(operation: string, params: { readonly [name: string]: Json }): Promise<T> =>
    must(await client.call(operation, params)) as T;
  const { id: changeSet } = await call<{ id: string }>('change_set.create', { name: 'first' });
  await call('submit', { changeSet, mutations: webMutations as Json });
  const asked = { changeSet, component: 'proxy', waitMs: 20_000 };
  expect(await call('component.get', asked)).toMatchObject({
    value: { domain: { Upstream: 'http://example.org:80' } },
  });
  await byA(() => call('run.list', {}));
});
