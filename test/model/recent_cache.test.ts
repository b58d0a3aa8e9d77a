// The cache of what was asked for lately, and the waiting line, against the plain lists that they stand for.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Line } from '../../src/base/line.ts';
import { RecentCache } from '../../src/base/recent_cache.ts';
import { runs } from '../support/model_world.ts';

describe('a cache of what was asked for lately', () => {
  test('[BA7] has at least the half of its bound that was asked for last, never more than its bound, and nothing else', () => {
    const ops = fc.array(fc.tuple(fc.constantFrom('get', 'set'), fc.nat(30)), { maxLength: 200 });
    fc.assert(
      fc.property(ops, fc.integer({ min: 2, max: 20 }), (steps, most) => {
        const cache = new RecentCache<number, string>(most);
        const last: number[] = [];
        const set = new Map<number, string>();
        for (const [n, [op, key]] of steps.entries()) {
          if (op === 'set') {
            set.set(key, `${key} ${n}`);
            cache.set(key, `${key} ${n}`);
          } else {
            const found = cache.get(key);
            if (found !== undefined || last.slice(0, Math.floor(most / 2)).includes(key))
              expect(found).toBe(set.get(key));
            if (found === undefined) continue;
          }
          const at = last.indexOf(key);
          if (at >= 0) last.splice(at, 1);
          last.unshift(key);
          expect(cache.size).toBeLessThanOrEqual(most + 1);
        }
        for (const key of last.slice(0, Math.floor(most / 2))) expect(cache.get(key)).toBe(set.get(key));
        cache.clear();
        expect(cache.size).toBe(0);
      }),
      { numRuns: runs(500) },
    );
  });
});

describe('a waiting line', () => {
  test('[BA8] gives in the order of coming, and those that wait again first', () => {
    const op = fc.oneof(
      fc.record({ push: fc.nat() }),
      fc.record({ again: fc.array(fc.nat(), { maxLength: 3 }) }),
      fc.constant('shift' as const),
      fc.constant('all' as const),
    );
    fc.assert(
      fc.property(fc.array(op, { maxLength: 5_000, size: 'max' }), (steps) => {
        const line = new Line<number>();
        let plain: number[] = [];
        for (const step of steps) {
          if (step === 'shift') expect(line.shift()).toBe(plain.shift());
          else if (step === 'all') {
            expect(line.takeAll()).toEqual(plain);
            plain = [];
          } else if ('push' in step) {
            line.push(step.push);
            plain.push(step.push);
          } else {
            line.unshift(step.again);
            plain.unshift(...step.again);
          }
          expect(line.first).toBe(plain[0]);
          expect(line.length).toBe(plain.length);
        }
      }),
      { numRuns: runs(20) },
    );
  });
});
