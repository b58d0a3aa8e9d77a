// Fairness in simulated time: floods beside a trickle, shares of time by weight, change sets of one workspace, shared keys.

import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../src/dispatch/fair_queue.ts';
import type { KeyLimits } from '../../src/dispatch/key_gate.ts';
import { type Arrival, chances, item, quantile, type Ran, type SimulatedItem, simulate } from './simulation.ts';

const cpus = 16;
const floodCount = 100_000;
const trickleCount = 1_000;

function limitsOf(key: string): KeyLimits {
  if (key === 'account') return { atOnceMax: 12 };
  return key.startsWith('small') ? { atOnceMax: 2 } : {};
}

type Split = (i: number) => Partial<SimulatedItem>;

const floods: Readonly<Record<string, Split>> = {
  'one change set': () => ({}),
  '1,000 change sets': (i) => ({ changeSet: `c${i % 1_000}` }),
  '500 keys of few at once': (i) => ({ keys: [`small ${i % 500}`] }),
  'a key that the other needs as well': () => ({ keys: ['account'] }),
  'that key and one key each': (i) => ({ keys: ['account', `own ${i}`] }),
  'change sets and keys': (i) => ({ changeSet: `c${i % 1_000}`, keys: ['account', `small ${i % 300}`] }),
  'long and short runs': (i) => ({ changeSet: `c${i % 1_000}`, tookMs: i % 10 === 0 ? 40 : 5 }),
};

function flood(split: Split): Arrival[] {
  return Array.from({ length: floodCount }, (_, i) => ({
    atMs: 0,
    item: item(`flood ${i}`, { workspace: 'flood', ...split(i) }),
  }));
}

/** One item after another at random times, or `at` once every 300 ms. */
function trickle(atOnce: number, keys: readonly string[]): Arrival[] {
  const chance = chances(3);
  const out: Arrival[] = [];
  let atMs = 305;
  while (out.length < trickleCount) {
    for (let i = 0; i < atOnce; i++) {
      out.push({ atMs, item: item(`trickle ${out.length}`, { workspace: 'trickle', keys }) });
    }
    atMs += atOnce === 1 ? Math.ceil(-6 * Math.log(1 - chance())) : 300;
  }
  return out;
}

function run(arrivals: Arrival[]): Ran[] {
  const ordered = [...arrivals].sort((a, b) => a.atMs - b.atMs);
  const untilMs = Math.max(...trickleTimes(ordered)) + 2_000;
  return simulate({ queue: new FairQueue<SimulatedItem>({ limitsOf }), cpus, arrivals: ordered, untilMs });
}

const trickleTimes = (arrivals: readonly Arrival[]) =>
  arrivals.filter((a) => a.item.workspace === 'trickle').map((a) => a.atMs);

const ofTrickle = (ran: readonly Ran[]) => ran.filter((r) => r.item.workspace === 'trickle');
const untilEndMs = (ran: readonly Ran[]) => ofTrickle(ran).map((r) => r.endedAtMs - r.askedAtMs);
const waitMs = (ran: readonly Ran[]) => ofTrickle(ran).map((r) => r.startedAtMs - r.askedAtMs);

/** Time of cpus that each name had between two moments. */
function sharesOf(ran: readonly Ran[], nameOf: (i: SimulatedItem) => string, fromMs: number, toMs: number) {
  const out = new Map<string, number>();
  for (const { item: one, startedAtMs, endedAtMs } of ran) {
    const ms = Math.min(endedAtMs, toMs) - Math.max(startedAtMs, fromMs);
    if (ms > 0) out.set(nameOf(one), (out.get(nameOf(one)) ?? 0) + ms * one.cpus);
  }
  return out;
}

describe('a flood of 100,000', () => {
  test.each(Object.keys(floods))('[DI2] over %s leaves the other its part', { timeout: 120_000 }, (name) => {
    const keys = name.includes('other needs') ? ['account'] : [];
    const [alone, beside] = [run(trickle(1, keys)), run([...flood(floods[name]!), ...trickle(1, keys)])];
    expect(ofTrickle(beside)).toHaveLength(trickleCount);
    // It is a flood: what the other leaves is used, and there is more of it to the end.
    expect(beside.length).toBeGreaterThan(4 * trickleCount);
    expect(quantile(untilEndMs(beside), 0.99)).toBeLessThanOrEqual(2 * quantile(untilEndMs(alone), 0.99));
  });

  test.each(['one change set', '1,000 change sets', 'change sets and keys'])(
    '[DI2] over %s lets bursts of the other wait at most twice as long',
    { timeout: 120_000 },
    (name) => {
      const [alone, beside] = [run(trickle(50, [])), run([...flood(floods[name]!), ...trickle(50, [])])];
      expect(quantile(waitMs(alone), 0.99)).toBe(30);
      expect(ofTrickle(beside)).toHaveLength(trickleCount);
      expect(quantile(waitMs(beside), 0.99)).toBeLessThanOrEqual(60);
    },
  );

  test('[DI2] makes the other wait where the queue is one line, so that the tests above can fail', () => {
    const one = (a: Arrival): Arrival => ({ ...a, item: { ...a.item, workspace: 'w', changeSet: 'c' } });
    const arrivals = [...flood(() => ({})), ...trickle(1, [])].map(one);
    const queue = new FairQueue<SimulatedItem>({ limitsOf });
    const ran = simulate({ queue, cpus, arrivals: arrivals.sort((a, b) => a.atMs - b.atMs), untilMs: 8_000 });
    expect(ran.filter((r) => r.item.id.startsWith('trickle'))).toEqual([]);
  });
});

describe('shares', () => {
  /** Everybody has more than can be run: items without end, each taking what `tookMs` says. */
  function busy(names: readonly string[], more: (name: string, i: number) => Partial<SimulatedItem>): Arrival[] {
    return names.flatMap((name) =>
      Array.from({ length: 16_000 }, (_, i) => ({ atMs: 0, item: item(`${name} ${i}`, more(name, i)) })),
    );
  }

  test('[DI1] of workspaces are by weight in time and cpus, though runs take from 1 to 50 ms', () => {
    const weights: Readonly<Record<string, number>> = { a: 1, b: 2, c: 5 };
    const chance = chances(5);
    const arrivals = busy(Object.keys(weights), (workspace) => ({
      workspace,
      tookMs: { a: 50, b: 1 + Math.floor(chance() * 30), c: 1 }[workspace]!,
      cpus: workspace === 'b' ? 4 : 1,
    }));
    const queue = new FairQueue<SimulatedItem>({ weightOf: (w) => weights[w]! });
    const ran = simulate({ queue, cpus, arrivals, untilMs: 1_400 });
    // From the beginning, when nothing is known of what runs take: what one has too much of is made up for.
    const shares = sharesOf(ran, (i) => i.workspace, 0, 1_300);
    const all = [...shares.values()].reduce((a, b) => a + b);
    for (const [workspace, weight] of Object.entries(weights)) {
      expect(Math.abs(shares.get(workspace)! / all - weight / 8), workspace).toBeLessThan(0.02);
    }
  });

  test('[DI1] [DI11] of change sets are by weight in time, whatever their runs take', () => {
    const weights: Readonly<Record<string, number>> = { x: 1, y: 1, z: 2 };
    const arrivals = busy(Object.keys(weights), (changeSet) => ({
      changeSet,
      tookMs: { x: 100, y: 2, z: 5 }[changeSet]!,
    }));
    const queue = new FairQueue<SimulatedItem>({ weightOf: (_, c) => (c === undefined ? 1 : weights[c]!) });
    const ran = simulate({ queue, cpus, arrivals, untilMs: 3_000 });
    const shares = sharesOf(ran, (i) => i.changeSet, 300, 2_300);
    const all = [...shares.values()].reduce((a, b) => a + b);
    expect(all).toBeGreaterThan(0.99 * 2_000 * cpus);
    for (const [changeSet, weight] of Object.entries(weights)) {
      expect(Math.abs(shares.get(changeSet)! / all - weight / 4), changeSet).toBeLessThan(0.03);
    }
  });

  test('[DI8] of a workspace with 1,000 change sets reach each of them', () => {
    const arrivals = Array.from({ length: 50_000 }, (_, i) => ({
      atMs: 0,
      // One of them has half of all items.
      item: item(`${i}`, { changeSet: i % 2 === 0 ? 'c0' : `c${(i % 1_998) >> 1}` }),
    }));
    const ran = simulate({ queue: new FairQueue<SimulatedItem>(), cpus, arrivals, untilMs: 6_300 });
    const shares = sharesOf(ran, (i) => i.changeSet, 0, 6_300);
    expect(shares.size).toBe(999);
    for (const [changeSet, ms] of shares) expect(ms, changeSet).toBeGreaterThanOrEqual(80);
  });

  test('[DI8] of a key reach each workspace and each change set that needs it', () => {
    const arrivals = Array.from({ length: 20_000 }, (_, i) => ({
      atMs: 0,
      item: item(`${i}`, {
        // 'rare' and 'seldom' have one in a hundred each.
        workspace: i % 100 === 0 ? 'rare' : 'often',
        changeSet: i % 100 === 1 ? 'seldom' : `c${i % 7}`,
        keys: ['account', `own ${i}`],
      }),
    }));
    const queue = new FairQueue<SimulatedItem>({ limitsOf });
    const ran = simulate({ queue, cpus, arrivals, untilMs: 1_100 });
    const workspaces = sharesOf(ran, (i) => i.workspace, 100, 300);
    expect(workspaces.get('rare')! / workspaces.get('often')!).toBeCloseTo(1, 1);
    const often = ran.filter((r) => r.item.workspace === 'often');
    const changeSets = sharesOf(often, (i) => i.changeSet, 100, 1_000);
    expect(changeSets.get('seldom')! / changeSets.get('c3')!).toBeCloseTo(1, 1);
  });

  test('[DI8] [DI10] reach a run that needs the whole runner, and one that needs more, beside small ones without end', () => {
    const arrivals: Arrival[] = [
      ...busy(['small'], () => ({ workspace: 'small', tookMs: 7 })),
      { atMs: 50, item: item('whole', { workspace: 'large', cpus }) },
      { atMs: 50, item: item('more', { workspace: 'large', cpus: 2 * cpus }) },
    ].sort((a, b) => a.atMs - b.atMs);
    const ran = simulate({ queue: new FairQueue<SimulatedItem>(), cpus, arrivals, untilMs: 1_000 });
    const large = ran.filter((r) => r.item.workspace === 'large');
    expect(large.map((r) => r.item.id)).toEqual(['whole', 'more']);
    for (const { startedAtMs, endedAtMs } of large) {
      const beside = ran.filter((r) => r.startedAtMs < endedAtMs && r.endedAtMs > startedAtMs);
      expect(beside).toHaveLength(1);
    }
    expect(large[0]!.startedAtMs).toBeLessThan(70);
  });
});

describe('keys in a simulation', () => {
  test('[DI4] [DI5] keep their limits to the end of a flood, and all of it ends', { timeout: 60_000 }, () => {
    const limits: Readonly<Record<string, KeyLimits>> = {
      account: { atOnceMax: 9 },
      region: { perSecond: 800, burst: 20 },
      type: { atOnceMax: 3, perSecond: 200, burst: 2 },
    };
    const names = Object.keys(limits);
    const chance = chances(11);
    const count = 3_000;
    const arrivals = Array.from({ length: count }, (_, i) => ({
      atMs: Math.floor(i / 3),
      item: item(`${i}`, {
        workspace: `w${i % 3}`,
        changeSet: `c${i % 5}`,
        tookMs: 1 + Math.floor(chance() * 20),
        keys: names.filter(() => chance() < 0.4),
      }),
    }));
    const queue = new FairQueue<SimulatedItem>({ limitsOf: (key) => limits[key]! });
    const startsOf = new Map<string, number[]>(names.map((name) => [name, []]));
    const ran = simulate({
      queue,
      cpus,
      arrivals,
      started: (one, nowMs) => {
        for (const key of one.keys) {
          startsOf.get(key)!.push(nowMs);
          expect(queue.underWayOf(key)).toBeLessThanOrEqual(limits[key]!.atOnceMax ?? Infinity);
        }
      },
    });
    expect(ran).toHaveLength(count);
    for (const [key, starts] of startsOf) {
      const { perSecond, burst = 1 } = limits[key]!;
      expect(starts.length).toBeGreaterThan(count / 5);
      if (perSecond === undefined) continue;
      for (const [i, from] of starts.entries()) {
        for (let j = i; j < starts.length; j++) {
          const most = burst + ((starts[j]! - from) / 1_000) * perSecond + 1e-6;
          if (j - i + 1 > most) expect.fail(`${key}: ${j - i + 1} starts from ${from} to ${starts[j]}`);
        }
      }
    }
  });
});
