// The fair queue under random sequences of everything that can be done with it, held against the naive rules.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../src/dispatch/fair_queue.ts';
import type { KeyLimits } from '../../src/dispatch/key_gate.ts';
import { goesFirst, NaiveKeys, naiveOrder } from './naive_queue.ts';
import { item, type SimulatedItem } from './simulation.ts';

const priority = fc.constantFrom('interactive' as const, 'replay' as const, 'background' as const);
const workspace = fc.constantFrom('a', 'b', 'c');
const changeSet = fc.constantFrom('x', 'y', 'z');

/** Intervals are whole milliseconds, so that the naive bucket is exact. */
const limitsOf: Readonly<Record<string, KeyLimits>> = {
  one: { atOnceMax: 1 },
  two: { atOnceMax: 2 },
  slow: { perSecond: 125, burst: 3 },
  both: { atOnceMax: 2, perSecond: 250 },
  free: {},
};
/** Those whose rates are kept elsewhere. */
const elsewhere: typeof limitsOf = { one: { atOnceMax: 1 }, two: { atOnceMax: 2 }, slow: {}, both: {}, free: {} };
const keys = fc.subarray(Object.keys(limitsOf));

const push = fc.record({
  kind: fc.constant('push' as const),
  workspace,
  changeSet,
  priority,
  keys,
  pool: fc.constantFrom('p', 'q'),
  rank: fc.nat(2),
  cpus: fc.constantFrom(0.5, 1, 4),
});
const step = fc.oneof(
  { weight: 8, arbitrary: push },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('take' as const), pool: fc.constantFrom('p', 'q') }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), at: fc.nat(20), tookMs: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(20) }) },
);
const stepAlone = fc.oneof(
  { weight: 27, arbitrary: step },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retryAfter' as const), ms: fc.nat(40) }) },
);
const stepWithOthers = fc.oneof(
  { weight: 12, arbitrary: step },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('giveBack' as const), at: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      key: fc.constantFrom(...Object.keys(limitsOf)),
      ms: fc.constantFrom(Number.NEGATIVE_INFINITY, 3, 20, Number.POSITIVE_INFINITY),
    }),
  },
);
type Of<A> = A extends fc.Arbitrary<infer S> ? S : never;
type Step = Of<typeof stepAlone> | Of<typeof stepWithOthers>;

/** Carries the steps out on both; answers the ids in the order of their starts. */
function carryOut(steps: readonly Step[], check: boolean, limits = limitsOf): string[] {
  const queue = new FairQueue<SimulatedItem>({ limitsOf: (key) => limits[key]! });
  const naive = new NaiveKeys((key) => limits[key]!);
  const waiting: SimulatedItem[] = [];
  const out: string[] = [];
  let nowMs = 0;
  const take = (pool: string): boolean => {
    const may = waiting.filter((i) => i.pool === pool && naive.mayStart(i, nowMs));
    const taken = queue.take(pool, nowMs);
    if (check) {
      if (taken === undefined) expect(may).toEqual([]);
      else {
        expect(may).toContain(taken);
        // Of those that the same keys could stop, none of its change set was to go before it.
        const alike = may.filter(
          (i) =>
            i.workspace === taken.workspace &&
            i.changeSet === taken.changeSet &&
            JSON.stringify(i.keys) === JSON.stringify(taken.keys),
        );
        expect(alike.sort((a, b) => goesFirst(a, b, waiting))[0]).toBe(taken);
      }
    }
    if (taken === undefined) return false;
    waiting.splice(waiting.indexOf(taken), 1);
    naive.start(taken, nowMs);
    out.push(taken.id);
    return true;
  };
  const end = (of: SimulatedItem, tookMs: number) => {
    naive.underWay.splice(naive.underWay.indexOf(of), 1);
    expect(queue.ended(of.id, tookMs, nowMs)).toBe(true);
  };
  /** What nobody names is not held: whoever holds it knows. */
  const hold = (key: string, untilMs: number) => {
    queue.hold(key, untilMs, nowMs);
    if ([...waiting, ...naive.underWay].some((i) => i.keys.includes(key))) naive.held.set(key, untilMs);
  };
  for (const [i, one] of steps.entries()) {
    if (one.kind === 'push') {
      const { kind: _, ...more } = one;
      const made = item(`i${i}`, more);
      waiting.push(made);
      queue.push(made, nowMs);
    } else if (one.kind === 'take') take(one.pool);
    else if (one.kind === 'end') {
      const of = naive.underWay[one.at % Math.max(1, naive.underWay.length)];
      if (of !== undefined) end(of, one.tookMs);
    } else if (one.kind === 'remove') {
      const [of] = waiting.splice(one.at, 1);
      if (of !== undefined) expect(queue.remove(of.id, nowMs)).toBe(of);
    } else if (one.kind === 'wait') nowMs += one.ms;
    else if (one.kind === 'giveBack') {
      const of = naive.underWay[one.at % Math.max(1, naive.underWay.length)];
      if (of === undefined) continue;
      naive.underWay.splice(naive.underWay.indexOf(of), 1);
      waiting.push(of);
      waiting.sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
      queue.giveBack(of.id, nowMs);
    } else if (one.kind === 'hold') hold(one.key, nowMs + one.ms);
    else {
      queue.retryAfter('slow', one.ms, nowMs);
      naive.retryAfter('slow', one.ms, nowMs);
    }
    if (!check) continue;
    expect(queue.size).toBe(waiting.length);
    expect(queue.underWay).toBe(naive.underWay.length);
    // What time does not open has no time.
    expect(queue.nextAtMs()).not.toBe(Number.POSITIVE_INFINITY);
    for (const w of ['a', 'b', 'c']) {
      expect(queue.waitingOf(w)).toBe(waiting.filter((x) => x.workspace === w).length);
    }
  }
  for (const [key, untilMs] of naive.held) if (untilMs === Number.POSITIVE_INFINITY) hold(key, nowMs + 5);
  // Everything starts in the end, by the times that the queue itself names.
  for (let rounds = 0; waiting.length > 0; rounds++) {
    expect(rounds).toBeLessThan(10_000);
    const started = [take('p'), take('q')];
    if (started.includes(true)) continue;
    const of = naive.underWay[0];
    const at = queue.nextAtMs();
    if (of !== undefined) end(of, 3);
    else {
      expect(at).toBeGreaterThan(nowMs);
      if (check) for (const x of waiting) expect(naive.mayStart(x, at! - 0.5)).toBe(false);
      nowMs = at!;
    }
  }
  for (const of of [...naive.underWay]) end(of, 1);
  expect([queue.size, queue.underWay, queue.nextAtMs()]).toEqual([0, 0, undefined]);
  return out;
}

describe('a fair queue', () => {
  test('[DI4] [DI7] [DI9] starts what no key keeps waiting and nothing else, all of it in the end', () => {
    fc.assert(
      fc.property(fc.array(stepAlone, { maxLength: 120 }), (steps) => {
        carryOut(steps, true);
      }),
      { numRuns: 500 },
    );
  });

  test('[DI21] what is given back stands where it stood, and what is held does not start', () => {
    fc.assert(
      fc.property(fc.array(stepWithOthers, { maxLength: 120 }), (steps) => {
        carryOut(steps, true, elsewhere);
      }),
      { numRuns: 500 },
    );
  });

  test('[DI13] gives the same order for the same calls', () => {
    fc.assert(
      fc.property(fc.array(stepAlone, { maxLength: 80 }), (steps) => {
        expect(carryOut(steps, false)).toEqual(carryOut(steps, false));
      }),
      { numRuns: 100 },
    );
  });

  test('[DI1] [DI3] starts items in the order of start tags on both levels, as a list gives it', () => {
    const weightOf = (w: string, c?: string) => (c === undefined ? { a: 1, b: 2, c: 4 }[w]! : c === 'x' ? 2 : 1);
    const some = fc.array(
      fc.record({ workspace, changeSet, priority, rank: fc.nat(2), cpus: fc.constantFrom(1, 2, 4) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(some, (made) => {
        const items = made.map((more, i) => item(`i${i}`, { ...more, tookMs: 1 }));
        const queue = new FairQueue<SimulatedItem>({ weightOf, creditMs: 0 });
        for (const one of items) queue.push(one, 0);
        const order: string[] = [];
        for (let one = queue.take('p', 0); one !== undefined; one = queue.take('p', 0)) {
          order.push(one.id);
          queue.ended(one.id, 1, 0);
        }
        expect(order).toEqual(naiveOrder(items, weightOf));
      }),
      { numRuns: 300 },
    );
  });
});
