// An engine that is cut off from the database while it claims an action: the claim may have landed or not, and is asked for again when
// another engine has carried the action out. Who has it no longer does not begin.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import type { Json } from '../../src/base/json.ts';
import { ActionHouse, startProvider, thing, thingMutations } from '../engine/action_house.ts';
import { withFunctions } from '../engine/function_house.ts';
import { House } from '../engine/house.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { Way } from '../support/way.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(() => server?.close());

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});

/** Of workspaces. */
const leaseMs = 3_000;

/** A creation whose repetition the provider does not notice, so that each call is an effect; `isRepeatable`: as its function says. */
function unkeyed(port: number, isRepeatable: boolean): Json[] {
  return (thingMutations(port) as { readonly text?: string }[]).map(({ text, ...m }) => {
    if (text === undefined) return m;
    const other = text.replace('key: input.idempotencyKey, ', '');
    return { ...m, text: isRepeatable ? other : other.replace('// @idempotent\n', '') };
  });
}

async function engineAt(port: number, { n, schema }: { n: number; schema: string }): Promise<House> {
  const url = new URL(server.urlOf('postgres'));
  url.port = String(port);
  const node = { id: `${schema}-${n}`, address: null };
  const house = await new House(
    () => openPostgresStore({ url: url.href, schema, node, leaseMs }),
    withFunctions,
  ).start();
  ended.push(() => house.close().catch(() => {}));
  return house;
}

test.each([
  ['before it arrives', false],
  ['before it is answered', true],
])(
  '[EN800] who is cut off %s from writing that an action is his does not begin it when another engine has done it',
  async (_, arrives) => {
    const schema = `claims_${arrives}`;
    const provider = await startProvider();
    ended.push(() => provider.close());
    const way = await Way.open(server.port);
    ended.push(() => way.close());
    const first = new ActionHouse(await engineAt(way.port, { n: 1, schema }), provider);
    // What has landed is known to be under way somewhere: another engine begins only what may be repeated.
    await first.apply('schemas', ...unkeyed(provider.port, arrives));
    way.shutBy = { text: '"status":"running"', arrives };
    await first.applyOnly('made', thing('it'));
    while (!way.isShut) await sleep(10);

    const second = new ActionHouse(await engineAt(server.port, { n: 2, schema }), provider);
    while ((await second.effects().catch(() => [])).length === 0) {
      await second.house.attempt('action.run', { waitMs: 100 }).catch(() => undefined);
    }
    await second.quiet();
    expect(await second.done()).toEqual(['create of it: succeeded']);
    way.isShut = false;
    // The first asks again within a second, and would begin at once.
    await sleep(5_000);
    expect(await second.effects()).toEqual(['create it']);
    expect(await second.done()).toEqual(['create of it: succeeded']);
  },
  120_000,
);
