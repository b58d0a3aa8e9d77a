// Concurrency keys over engines that share a database, as the store decides them: seats, times, turns, what lapses, and exchanges that
// meet each other.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PostgresServer } from '../support/postgres_server.ts';
import { KeyEngine, type KeyStore, openKeyStore, use } from './key_engine.ts';

let server: PostgresServer;
let schemas = 0;
const open: KeyStore[] = [];
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()));
});
afterAll(async () => {
  await server?.close();
});

async function engines(count: number): Promise<KeyEngine[]> {
  const schema = `keys_${++schemas}`;
  const all: KeyEngine[] = [];
  for (let n = 0; n < count; n++) {
    const store = await openKeyStore(server, schema, `e${n}`);
    open.push(store);
    all.push(new KeyEngine(store));
  }
  return all;
}

const full = (key: string) => ({ key, waitMs: null });
const one = use('k', { atOnceMax: 1 });

test('[ST140] no more seats at once than the least of its keys has, over all engines', {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await engines(2)) as [KeyEngine, KeyEngine];
  const two = use('k', { atOnceMax: 2 });
  const first = await a.ask(two);
  const second = await b.ask(two, use('l', { atOnceMax: 1 }));
  expect([first, second]).toEqual([1, 1]);
  expect(await a.ask(two)).toEqual(full('k'));
  expect(await a.ask(use('other'))).toBe(3);
  // Of several the first by name; what has been granted nothing is not counted anywhere.
  expect(await a.ask(use('l', { atOnceMax: 1 }), use('m', { atOnceMax: 1 }))).toEqual(full('l'));
  expect(await b.ask(use('m', { atOnceMax: 1 }))).toBe(2);
  await b.give(second);
  expect(await a.ask(two)).toBe(5);
  expect(await b.ask(two)).toEqual(full('k'));
  // By the limits of who asks.
  expect(await b.ask(use('k', { atOnceMax: 3 }))).toBe(4);
  expect(await b.ask(use('k', { atOnceMax: 0 }))).toEqual(full('k'));
});

test('[ST140] in no time are there more starts than the rate and the burst give, and the wait that is told is enough', {
  timeout: 60_000,
}, async () => {
  const all = await engines(3);
  const key = use('k', { perSecond: 20, burst: 4 });
  const starts: number[] = [];
  const { rows } = await direct('select clock_timestamp() as at');
  const beganMs = Number(new Date(rows[0].at as string));
  await Promise.all(
    all.map(async (engine) => {
      for (let n = 0; n < 8; ) {
        const answer = await engine.ask(key);
        if (typeof answer === 'number') {
          starts.push(n++);
          await engine.give(answer);
        } else {
          expect(answer.waitMs).toBeGreaterThan(0);
          await sleep(answer.waitMs!);
        }
      }
    }),
  );
  const ended = (await direct('select clock_timestamp() as at')).rows[0].at as string;
  expect(starts).toHaveLength(24);
  // 4 at once, 20 by the rate.
  expect(Number(new Date(ended)) - beganMs).toBeGreaterThanOrEqual(20 * 50 - 1);
});

test('[ST141] what is not named lapses, and one that comes back has its seats, also over the limit', {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await engines(2)) as [KeyEngine, KeyEngine];
  a.holdMs = 200;
  b.holdMs = 200;
  const seat = await a.ask(one);
  expect(seat).toBe(1);
  let got = await b.ask(one);
  const waitedUntil = performance.now() + 20_000;
  while (typeof got !== 'number' && performance.now() < waitedUntil) {
    await sleep(20);
    got = await b.ask(one);
  }
  expect(got).toEqual(expect.any(Number));
  a.holdMs = 60_000;
  await a.renew();
  await b.give(got);
  expect(await b.ask(one)).toEqual(full('k'));
  await a.give(seat);
  expect(await b.ask(one)).toEqual(expect.any(Number));
});

test('[ST141] a seat that its engine does not name among those it holds is given up', {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await engines(2)) as [KeyEngine, KeyEngine];
  await a.ask(one);
  await a.ask(use('l', { atOnceMax: 1 }));
  a.held.delete(1);
  await a.renew();
  expect(await b.ask(one)).toEqual(expect.any(Number));
  expect(await b.ask(use('l', { atOnceMax: 1 }))).toEqual(full('l'));
  // One that was sent before that was granted and comes late takes nothing away.
  await a.exchange({ holding: [], lastSeat: 1 });
  expect(await b.ask(use('l', { atOnceMax: 1 }))).toEqual(full('l'));
  await a.store.keys.leave();
  expect(await b.ask(use('l', { atOnceMax: 1 }))).toEqual(expect.any(Number));
});

test('[ST141] while the server is not up nothing lapses', { timeout: 120_000 }, async () => {
  const [a, b] = (await engines(2)) as [KeyEngine, KeyEngine];
  a.holdMs = 4_000;
  b.holdMs = 20_000;
  await a.ask(one);
  await server.stop();
  await sleep(4_100);
  await server.start();
  let answer: unknown;
  for (let n = 0; answer === undefined && n < 100; n++) {
    answer = await b.ask(one).catch(() => undefined);
    if (answer === undefined) await sleep(50);
  }
  expect(answer).toEqual(full('k'));
});

test('[ST142] a provider that asks one engine for time gets it from all; then one starts, and others by the rate', {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await engines(2)) as [KeyEngine, KeyEngine];
  const key = use('k', { perSecond: 1, burst: 5 });
  await a.exchange({ told: [{ ...key, ms: 3_600_000 }] });
  // Asking for less does not open it sooner.
  await b.exchange({ told: [{ ...key, ms: 10 }] });
  for (const engine of [a, b]) {
    const stop = await engine.ask(key);
    expect(stop).toEqual({ key: 'k', waitMs: expect.any(Number) });
    expect((stop as { waitMs: number }).waitMs).toBeGreaterThan(3_500_000);
  }
  // Also by limits that would give more at once,
  expect(await a.ask(use('k', { perSecond: 0.001, burst: 100 }))).toMatchObject({ key: 'k' });
  // by limits without a rate, and for what has other keys as well.
  expect(await b.ask(use('a'), use('k'))).toMatchObject({ key: 'k' });
  const slow = use('l', { perSecond: 0.001, burst: 5 });
  await a.exchange({ told: [{ ...slow, ms: 30 }] });
  let got = await b.ask(slow);
  while (typeof got !== 'number') {
    await sleep(got.waitMs!);
    got = await b.ask(slow);
  }
  expect((await a.ask(slow)) as object).toMatchObject({ key: 'l' });
});

test('[ST143] who was stopped first is next, also beside one that asks without end', { timeout: 60_000 }, async () => {
  const [a, b, c] = (await engines(3)) as [KeyEngine, KeyEngine, KeyEngine];
  const seat = await a.ask(one);
  expect(await b.ask(one)).toEqual(full('k'));
  expect(await c.ask(one)).toEqual(full('k'));
  await a.give(seat);
  for (let n = 0; n < 5; n++) for (const engine of [a, c]) expect(await engine.ask(one)).toEqual(full('k'));
  const look = { stopped: [one], waiting: ['k'] };
  expect((await a.exchange(look)).open).toEqual([]);
  expect((await c.exchange(look)).open).toEqual([]);
  expect((await b.exchange(look)).open).toEqual(['k']);
  const second = await b.ask(one);
  expect(second).toEqual(expect.any(Number));
  // Its turn is used: those that came later go before it now.
  const order: string[] = [];
  for (let held: [KeyEngine, unknown] = [b, second]; order.length < 6; ) {
    await held[0].exchange({ given: [held[1] as number] });
    for (const [name, engine] of Object.entries({ b, a, c })) {
      const got = await engine.ask(one);
      if (typeof got !== 'number') continue;
      order.push(name);
      held = [engine, got];
    }
  }
  expect(order).toEqual(['c', 'a', 'b', 'c', 'a', 'b']);
});

test('[ST143] a seat for each that waits is kept, and those beyond are granted', { timeout: 60_000 }, async () => {
  const [a, b, c] = (await engines(3)) as [KeyEngine, KeyEngine, KeyEngine];
  const three = use('k', { atOnceMax: 3 });
  const seats = [await a.ask(three), await a.ask(three), await a.ask(three)];
  expect(await b.ask(three)).toEqual(full('k'));
  await a.give(seats[0]);
  expect(await c.ask(three)).toEqual(full('k'));
  await a.give(seats[1]);
  expect(await c.ask(three)).toEqual(expect.any(Number));
  expect(await a.ask(three)).toEqual(full('k'));
  expect(await b.ask(three)).toEqual(expect.any(Number));
});

test('[ST143] a turn that is not asked about lapses, and one that is withdrawn keeps nobody waiting', {
  timeout: 60_000,
}, async () => {
  const [a, b, c] = (await engines(3)) as [KeyEngine, KeyEngine, KeyEngine];
  const seat = await a.ask(one);
  b.turnMs = 100;
  expect(await b.ask(one)).toEqual(full('k'));
  expect(await c.ask(one)).toEqual(full('k'));
  await a.give(seat);
  let got = await c.ask(one);
  while (typeof got !== 'number') {
    await sleep(20);
    got = await c.ask(one);
  }
  expect(await b.ask(one)).toEqual(full('k'));
  expect(await a.ask(one)).toEqual(full('k'));
  b.turnMs = 60_000;
  await b.exchange({ waiting: ['k'] });
  await b.exchange({ withdrawn: ['k'] });
  await c.give(got);
  expect(await a.ask(one)).toEqual(expect.any(Number));
});

test('[ST143] one that waits for two keys lets others by at the one that is free, until it has waited long', {
  timeout: 60_000,
}, async () => {
  const [a, b, c] = (await engines(3)) as [KeyEngine, KeyEngine, KeyEngine];
  const other = use('l', { atOnceMax: 1 });
  const first = await a.ask(one);
  expect(await b.ask(one, other)).toEqual(full('k'));
  const passing = await c.ask(other);
  expect(passing).toEqual(expect.any(Number));
  await a.give(first);
  // Now the other one stops it: it does not lose its place in the order.
  expect(await b.ask(one, other)).toEqual(full('l'));
  const again = await a.ask(one);
  expect(again).toEqual(expect.any(Number));
  await c.give(passing);
  expect(await c.ask(other)).toEqual(full('l'));
  // Once it has waited long neither is given to others.
  await a.give(again);
  a.agedMs = 0;
  c.agedMs = 0;
  expect(await a.ask(one)).toEqual(full('k'));
  expect(await c.ask(other)).toEqual(full('l'));
  expect(await b.ask(one, other)).toEqual(expect.any(Number));
});

test('[ST144] exchanges that name several keys in any order do not fail, and no limit is passed', {
  timeout: 120_000,
}, async () => {
  const all = await engines(4);
  const limits: Readonly<Record<string, number>> = { k0: 1, k1: 2, k2: 3, k3: 1, k4: 2 };
  const names = Object.keys(limits);
  const under = new Map<string, number>();
  let most = 0;
  let granted = 0;
  await Promise.all(
    all.map(async (engine, e) => {
      let seed = e + 1;
      const next = (n: number): number => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed % n;
      };
      for (let round = 0; round < 150; round++) {
        const chosen = new Set(Array.from({ length: 1 + next(3) }, () => names[next(names.length)]!));
        const keys = [...chosen].map((key) => use(key, { atOnceMax: limits[key]! }));
        const got = await engine.ask(...keys);
        if (round % 7 === e) await engine.renew();
        if (typeof got !== 'number') continue;
        granted++;
        for (const key of chosen) {
          under.set(key, (under.get(key) ?? 0) + 1);
          most = Math.max(most, under.get(key)! - limits[key]!);
        }
        await sleep(next(3));
        for (const key of chosen) under.set(key, under.get(key)! - 1);
        await engine.give(got);
      }
    }),
  );
  expect(most).toBeLessThanOrEqual(0);
  expect(granted).toBeGreaterThan(100);
});

test('[ST144] a key has any name', { timeout: 60_000 }, async () => {
  const [a, b] = (await engines(2)) as [KeyEngine, KeyEngine];
  for (const key of ['', 'x'.repeat(100_000), `x${'x'.repeat(99_999)}y`, 'nul \0', 'sha256:', 'é', '\ud800', "'; --"]) {
    const limited = use(key, { atOnceMax: 1 });
    expect(await a.ask(limited)).toEqual(expect.any(Number));
    expect(await b.ask(limited)).toEqual(full(key));
    expect((await b.exchange({ stopped: [limited], waiting: [key] })).open).toEqual([]);
  }
});

async function direct(sql: string) {
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}
