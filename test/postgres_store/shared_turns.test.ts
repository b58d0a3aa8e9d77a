// The queues of several engines over one database: together they keep to what concurrency keys let through, whatever is cancelled, whoever
// dies, and while the database is away.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import type { KeyLimits } from '../../src/dispatch/key_gate.ts';
import type { KeyUse } from '../../src/dispatch/key_use.ts';
import { Dispatcher } from '../../src/engine/dispatcher.ts';
import type { Runner } from '../../src/ports/runner.ts';
import type { KeyAnswers, KeyExchange, SharedKeys } from '../../src/ports/shared_keys.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { Way } from '../support/way.ts';
import { type KeyStore, openKeyStore, use } from './key_engine.ts';

let server: PostgresServer;
let schemas = 0;
let schema = '';
const ended: (() => Promise<void>)[] = [];
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterEach(async () => {
  for (const end of ended.splice(0).toReversed()) await end();
});
afterAll(async () => {
  await server?.close();
});

const runnerOf = (cpus: number): Runner => ({
  tier: 'process',
  capacity: { cpus, memoryBytes: 1_000 },
  confinement: { holds: [], missing: [] },
  run: () => Promise.reject(new Error('nothing is run here')),
  kill: () => false,
  close: async () => {},
});

/** One engine's queue, on a store of its own. */
class Node implements SharedKeys {
  readonly id: string;
  readonly store: KeyStore;
  readonly dispatcher: Dispatcher;
  readonly failures: unknown[] = [];
  readonly begun: string[] = [];
  exchanges = 0;
  /** What is exchanged waits for it. */
  pause: Promise<void> | undefined;
  /** So many answers do not arrive. */
  lost = 0;

  constructor(id: string, store: KeyStore, cpus: number, holdMs: number) {
    this.id = id;
    this.store = store;
    const failed = (e: unknown) => this.failures.push(e);
    this.dispatcher = new Dispatcher([runnerOf(cpus)], { shared: this, failed, holdMs });
  }

  async exchange(of: KeyExchange): Promise<KeyAnswers> {
    this.exchanges++;
    await this.pause;
    const answers = await this.store.keys.exchange(of);
    if (this.lost === 0) return answers;
    this.lost--;
    throw new Error('the answer is lost');
  }

  leave(): Promise<void> {
    return this.store.keys.leave();
  }

  enter(id: string, ...keys: readonly KeyUse[]): Promise<boolean> {
    const of = { workspace: 'w', changeSet: 'c', priority: 'interactive', tier: 'process' } as const;
    const turn = this.dispatcher.enter({ id, ...of, need: { cpus: 1, memoryBytes: 1 }, keys });
    return turn.then((has) => {
      if (has) this.begun.push(id);
      return has;
    });
  }
}

interface Choice {
  readonly cpus?: number;
  readonly holdMs?: number;
  readonly url?: string;
}

async function nodes(count: number, { cpus = 20, holdMs = 10_000, url }: Choice = {}): Promise<Node[]> {
  schema = `turns_${++schemas}`;
  const all: Node[] = [];
  for (let n = 0; n < count; n++) {
    const store = await openKeyStore(server, schema, `e${n}`, url);
    const node = new Node(`e${n}`, store, cpus, holdMs);
    ended.push(async () => {
      await node.dispatcher.close();
      await store.close();
    });
    all.push(node);
  }
  return all;
}

async function rows<T>(sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  try {
    await client.query(`set search_path = ${schema}`);
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(10);
}

const held = () => rows<{ engine: string; key: string }>('select engine, key from key_hold order by 1, 2');
const turns = () => rows('select * from key_turn');
const isEmpty = async () => (await held()).length === 0 && (await turns()).length === 0;
const one = use('k', { atOnceMax: 1 });

/** Numbers from a seed, below `n`. */
function numbersFrom(seed: number): (n: number) => number {
  let at = seed * 7_919 + 1;
  return (n) => {
    at = (at * 48_271) % 2_147_483_647;
    return at % n;
  };
}

for (const seed of [1, 2, 3])
  test(`[EN760] over engines that cancel and die no limit is passed, and everything has its turn (seed ${seed})`, {
    timeout: 120_000,
  }, async () => {
    const next = numbersFrom(seed);
    const all = await nodes(4, { cpus: 3, holdMs: 4_000 });
    const limits: Readonly<Record<string, KeyLimits>> = {
      one: { atOnceMax: 1 },
      three: { atOnceMax: 3 },
      rate: { perSecond: 40, burst: 3 },
      both: { atOnceMax: 2, perSecond: 80 },
      free: {},
    };
    const names = Object.keys(limits);
    const under = new Map<string, readonly string[]>();
    const starts = new Map<string, number[]>();
    const problems: string[] = [];
    const dead = all.at(-1)!;
    let isDead = false;
    const sinceMs = performance.now();

    const live = async (node: Node, id: string): Promise<void> => {
      const keys = names.filter(() => next(3) === 0);
      const [cancelsAfterMs, tookMs] = [next(4) === 0 ? next(60) : undefined, next(12)];
      const turn = node.enter(id, ...keys.map((key) => use(key, limits[key]!)));
      if (cancelsAfterMs !== undefined) {
        void sleep(cancelsAfterMs).then(() => {
          if (!under.has(id) && node.dispatcher.isWaiting(id)) node.dispatcher.leave(id);
        });
      }
      if (!(await turn)) return;
      if (node === dead && isDead) return;
      under.set(id, keys);
      const atMs = performance.now() - sinceMs;
      for (const key of keys) {
        const of = limits[key]!;
        const count = [...under.values()].filter((k) => k.includes(key)).length;
        if (count > (of.atOnceMax ?? Infinity)) problems.push(`${count} at once with ${key}`);
        starts.set(key, [...(starts.get(key) ?? []), atMs]);
        // A start is never before its seat was granted, so from the beginning on the count holds exactly.
        const most = of.perSecond === undefined ? Infinity : (of.burst ?? 1) + (of.perSecond * atMs) / 1_000;
        if (starts.get(key)!.length > most)
          problems.push(`${starts.get(key)!.length} starts with ${key} in ${atMs} ms`);
      }
      await sleep(tookMs);
      if (node === dead && isDead) return;
      under.delete(id);
      node.dispatcher.leave(id);
    };

    const lives: Promise<void>[] = [];
    for (let n = 0; n < 240; n++) {
      const node = all[next(all.length)]!;
      if (n === 120) {
        // It says nothing more, and what it has under way ends with it.
        await until(() => [...under.keys()].some((id) => id.startsWith(dead.id)));
        isDead = true;
        void dead.dispatcher.close();
        for (const id of [...under.keys()]) if (id.startsWith(dead.id)) under.delete(id);
      }
      if (node === dead && isDead) continue;
      const life = live(node, `${node.id}/${n}`);
      if (node !== dead) lives.push(life);
      if (next(3) === 0) await sleep(next(10));
    }
    await Promise.all(lives);
    expect(problems).toEqual([]);
    for (const node of all) if (node !== dead) expect([node.failures, node.dispatcher.waiting]).toEqual([[], 0]);
    await until(async () => (await held()).every((h) => h.engine === dead.id));
  });

test('[EN761] who has little to do is not kept waiting by who has much, and turns alternate', {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await nodes(2)) as [Node, Node];
  const order: string[] = [];
  const work = async (node: Node, id: string) => {
    await node.enter(id, one);
    order.push(node.id);
    await sleep(1);
    node.dispatcher.leave(id);
  };
  const many = Array.from({ length: 300 }, (_, n) => work(a, `a${n}`));
  await until(() => order.length >= 5);
  await work(b, 'b');
  expect(order.length).toBeLessThan(300);
  const before = order.length;
  const several = Array.from({ length: 6 }, (_, n) => work(b, `b${n}`));
  await Promise.all(several);
  const until6 = order.slice(before);
  expect(until6.filter((id) => id === b.id)).toHaveLength(6);
  // One of each in turn; what was under way and the first question come before.
  expect(until6.length).toBeLessThan(60);
  await Promise.all(many);
  await until(isEmpty);
});

test('[EN762] what a provider asks of one engine holds for another', { timeout: 60_000 }, async () => {
  const [a, b] = (await nodes(2)) as [Node, Node];
  const key = use('k', { perSecond: 1_000, burst: 10 });
  await a.enter('a', key);
  const toldMs = performance.now();
  a.dispatcher.retryAfter('k', 700);
  a.dispatcher.leave('a');
  await until(async () => !(await held()).some((h) => h.engine === a.id));
  const begun: string[] = [];
  const turns = [a.enter('a2', key), b.enter('b', key)].map((t, i) => t.then(() => begun.push(String(i))));
  await b.enter('other');
  await Promise.race(turns);
  expect(performance.now() - toldMs).toBeGreaterThanOrEqual(699);
  await Promise.all(turns);
});

test('[EN763] what is refused takes no room, keeps its place, and others go on; without keys nothing is asked', {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await nodes(2, { cpus: 1 })) as [Node, Node];
  await b.enter('plain');
  b.dispatcher.leave('plain');
  expect(b.exchanges).toBe(0);
  await a.enter('holds', one);
  const waits = ['first', 'second'].map((id) => b.enter(id, one));
  await until(async () => (await turns()).length === 1);
  // The runner of b has room for one alone.
  expect(await b.enter('plain')).toBe(true);
  b.dispatcher.leave('plain');
  expect(await b.enter('other key', use('l', { atOnceMax: 1 }))).toBe(true);
  b.dispatcher.leave('other key');
  expect(b.begun).toEqual(['plain', 'plain', 'other key']);
  expect(['first', 'second'].map((id) => b.dispatcher.isWaiting(id))).toEqual([true, true]);
  expect(b.dispatcher.waits()).toMatchObject([{ key: 'k', count: 2 }]);
  a.dispatcher.leave('holds');
  expect(await waits[0]).toBe(true);
  b.dispatcher.leave('first');
  expect(await waits[1]).toBe(true);
  expect(b.begun.slice(3)).toEqual(['first', 'second']);
});

test('[EN764] whoever leaves at whatever moment leaves no seat and no turn', { timeout: 60_000 }, async () => {
  const all = (await nodes(2, { cpus: 2 })) as [Node, Node];
  const next = numbersFrom(5);
  let begun = 0;
  for (let n = 0; n < 150; n++) {
    const node = all[n % 2]!;
    const id = `${n}`;
    const keys = [one, use('l', { atOnceMax: 1 }), use('r', { perSecond: 500 })].filter(() => next(2) === 0);
    const turn = node.enter(id, ...(keys.length === 0 ? [one] : keys));
    // Before it is asked, while it is asked, when it was refused, when it is under way.
    if (n % 5 !== 0) await sleep(next(6));
    if (n % 3 === 0) await Promise.race([turn, sleep(20)]);
    node.dispatcher.leave(id);
    if (await turn) begun++;
  }
  expect(begun).toBeGreaterThan(10);
  await until(isEmpty);
  for (const node of all) {
    expect(await node.enter('after', one, use('l', { atOnceMax: 1 }))).toBe(true);
    node.dispatcher.leave('after');
    expect([node.dispatcher.waiting, node.failures]).toEqual([0, []]);
  }
});

test('[EN764] who leaves while the answer is on its way gives up what it grants', { timeout: 60_000 }, async () => {
  const [a, b] = (await nodes(2)) as [Node, Node];
  let go = () => {};
  a.pause = new Promise((done) => {
    go = done;
  });
  const turn = a.enter('a', one);
  await until(() => a.exchanges === 1);
  expect(a.dispatcher.isWaiting('a')).toBe(true);
  a.dispatcher.leave('a');
  expect(await turn).toBe(false);
  expect([a.dispatcher.waiting, a.dispatcher.isWaiting('a')]).toEqual([0, false]);
  // The same again, and another, before the first answer.
  const again = a.enter('a', one);
  a.pause = undefined;
  go();
  expect(await again).toBe(true);
  a.dispatcher.leave('a');
  expect(await b.enter('b', one)).toBe(true);
  expect(await held()).toEqual([{ engine: 'e1', key: 'k' }]);
});

test('[EN764] who comes after the only one that waited and left is not kept waiting', { timeout: 60_000 }, async () => {
  const [a, b] = (await nodes(2)) as [Node, Node];
  await a.enter('holds', one);
  const left = b.enter('left', one);
  await until(async () => (await turns()).length === 1);
  b.dispatcher.leave('left');
  expect(await left).toBe(false);
  await until(async () => (await turns()).length === 0);
  a.dispatcher.leave('holds');
  expect(await b.enter('after', one)).toBe(true);
});

test('[EN765] the seats of an engine that is gone are free when they have lapsed', { timeout: 60_000 }, async () => {
  const [a, b] = (await nodes(2, { holdMs: 1_500 })) as [Node, Node];
  await a.enter('a', one);
  const waits = b.enter('b', one);
  // While it is there it keeps them, however long.
  await sleep(3_000);
  expect(b.begun).toEqual([]);
  await a.dispatcher.close();
  expect(await waits).toBe(true);
});

test('[EN765] an engine that was paused counts again when it is back: nothing more begins before the key lets it', {
  timeout: 60_000,
}, async () => {
  const [a, b] = (await nodes(2, { holdMs: 1_500 })) as [Node, Node];
  await a.enter('a', one);
  let go = () => {};
  a.pause = new Promise((done) => {
    go = done;
  });
  expect(await b.enter('b1', one)).toBe(true);
  const before = await rows<{ until: Date }>(`select until from key_hold where engine = 'e0'`);
  a.pause = undefined;
  go();
  const isBack = async () => {
    const [row] = await rows<{ until: Date }>(`select until from key_hold where engine = 'e0'`);
    return row !== undefined && row.until > before[0]!.until;
  };
  await until(isBack);
  const next = b.enter('b2', one);
  b.dispatcher.leave('b1');
  await sleep(2_000);
  expect(b.begun).toEqual(['b1']);
  a.dispatcher.leave('a');
  expect(await next).toBe(true);
});

test('[EN766] while the database is away what has keys waits, and everything else goes on', {
  timeout: 120_000,
}, async () => {
  const [a, b] = (await nodes(2, { cpus: 2, holdMs: 6_000 })) as [Node, Node];
  await a.enter('under way', one);
  await a.enter('ends', use('l', { atOnceMax: 1 }));
  await server.stop();
  a.dispatcher.leave('ends');
  const waits = [a.enter('a', use('l', { atOnceMax: 1 })), b.enter('b', one)];
  await until(() => a.failures.length > 0);
  // There is room left at the runner of a.
  expect(await a.enter('plain')).toBe(true);
  a.dispatcher.leave('plain');
  expect([a.dispatcher.isWaiting('a'), b.dispatcher.isWaiting('b')]).toEqual([true, true]);
  // Told once, however often it is tried.
  await sleep(1_500);
  expect(a.failures).toHaveLength(1);
  await server.start();
  expect(await waits[0]).toBe(true);
  expect(b.begun).toEqual([]);
  a.dispatcher.leave('under way');
  expect(await waits[1]).toBe(true);
  await until(
    async () =>
      JSON.stringify(await held()) ===
      JSON.stringify([
        { engine: 'e0', key: 'l' },
        { engine: 'e1', key: 'k' },
      ]),
  );
});

test('[EN766] what gets no answer gives its room back, and is asked anew', { timeout: 60_000 }, async () => {
  const way = await Way.open(server.port);
  ended.push(() => way.close());
  const url = new URL(server.urlOf('postgres'));
  url.port = String(way.port);
  const [a] = (await nodes(1, { cpus: 1, url: url.href })) as [Node];
  way.delayMs = 20_000;
  const waits = a.enter('a', one);
  expect(await a.enter('plain')).toBe(true);
  a.dispatcher.leave('plain');
  expect(a.begun).toEqual(['plain']);
  way.delayMs = 0;
  way.cut();
  expect(await waits).toBe(true);
  a.dispatcher.leave('a');
  await until(isEmpty);
});

test('[EN766] an exchange that hangs keeps no room, and what it grants in the end to nobody is given up', {
  timeout: 60_000,
}, async () => {
  const [a] = (await nodes(1, { cpus: 1 })) as [Node];
  let go = () => {};
  a.pause = new Promise((done) => {
    go = done;
  });
  const waits = a.enter('a', one);
  expect(await a.enter('plain')).toBe(true);
  a.dispatcher.leave('plain');
  a.pause = undefined;
  go();
  expect(await waits).toBe(true);
  expect(await held()).toEqual([{ engine: 'e0', key: 'k' }]);
});

test('[EN766] what was granted in an answer that is lost is named no more, and free at once', {
  timeout: 60_000,
}, async () => {
  // Nothing is named by itself while this goes on.
  const [a] = (await nodes(1, { holdMs: 600_000 })) as [Node];
  await a.enter('before', one);
  a.dispatcher.leave('before');
  a.lost = 2;
  expect(await a.enter('a', one)).toBe(true);
  a.lost = 1;
  a.dispatcher.leave('a');
  await until(isEmpty);
  // Told once for each time that it went wrong.
  expect(a.failures).toHaveLength(2);
});

test('[EN766] of answers that are lost no seat stays behind', { timeout: 60_000 }, async () => {
  const way = await Way.open(server.port);
  ended.push(() => way.close());
  const url = new URL(server.urlOf('postgres'));
  url.port = String(way.port);
  const all = (await nodes(2, { cpus: 2, url: url.href })) as [Node, Node];
  way.lostEvery = 25;
  let [under, most] = [0, 0];
  await Promise.all(
    all.map(async (node) => {
      for (let n = 0; n < 12; n++) {
        await node.enter(`${n}`, one);
        most = Math.max(most, ++under);
        await sleep(2);
        under--;
        node.dispatcher.leave(`${n}`);
      }
    }),
  );
  way.lostEvery = undefined;
  expect([way.lost > 0, most]).toEqual([true, 1]);
  await until(isEmpty);
});

test('[EN767] a store that no other engine shares has no keys to share', { timeout: 60_000 }, async () => {
  schema = `turns_${++schemas}`;
  const store = await openPostgresStore({ url: server.urlOf('postgres'), schema });
  ended.push(() => store.close());
  expect(store.keys).toBeUndefined();
  const alone = new Dispatcher([runnerOf(2)]);
  await alone.enter({
    id: 'a',
    workspace: 'w',
    changeSet: 'c',
    priority: 'interactive',
    tier: 'process',
    need: { cpus: 1, memoryBytes: 1 },
    keys: [one],
  });
  expect(await isEmpty()).toBe(true);
});
