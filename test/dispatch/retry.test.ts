// Trying again: waits, bounds, and the Retry-After header, held against the dates that the machine itself writes.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { backoffMs, decideRetry, type ErrorClass, retryPolicies } from '../../src/dispatch/retry.ts';
import { httpDateMs, retryAfterMs } from '../../src/dispatch/retry_after.ts';

const classes = Object.keys(retryPolicies) as ErrorClass[];
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a failed attempt', () => {
  test('[DI15] is made again after a wait between nothing and a bound that doubles', () => {
    const policy = { attemptsMax: 10, baseMs: 100, waitMsMax: 1_000 };
    expect([1, 2, 3, 4, 5, 9].map((n) => backoffMs(n, policy))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    const wait = (attempts: number, of: number) => decideRetry({ errorClass: 'transient', attempts }, of, policy);
    expect(wait(3, 0)).toEqual({ kind: 'retry', waitMs: 0 });
    expect(wait(3, 0.5)).toEqual({ kind: 'retry', waitMs: 200 });
    expect(wait(3, 0.9999)).toEqual({ kind: 'retry', waitMs: 399 });
    expect(wait(10, 0.5)).toEqual({ kind: 'give-up', because: 'attempts' });
  });

  test('[DI15] never waits longer than its bound, nor shorter than what the provider asked for', () => {
    const asked = fc.option(fc.integer({ min: -5, max: 2 * limits.retryAfterMsMax }), { nil: undefined });
    fc.assert(
      fc.property(fc.constantFrom(...classes), fc.integer({ min: 1, max: 2_000 }), asked, chance, (c, n, ms, r) => {
        const policy = retryPolicies[c];
        const decision = decideRetry({ errorClass: c, attempts: n, retryAfterMs: ms }, r);
        if (decision.kind === 'give-up') return n >= policy.attemptsMax || c === 'permanent';
        const least = Math.min(Math.max(0, ms ?? 0), limits.retryAfterMsMax);
        const { waitMs } = decision;
        return (
          n < policy.attemptsMax &&
          Number.isInteger(waitMs) &&
          waitMs >= least &&
          waitMs <= least + Math.min(policy.waitMsMax, backoffMs(n, policy))
        );
      }),
    );
  });

  test('[DI15] of a permanent error is not made again', () => {
    const policy = { attemptsMax: 10, baseMs: 1, waitMsMax: 1 };
    const decision = decideRetry({ errorClass: 'permanent', attempts: 1 }, 0.5, policy);
    expect(decision).toEqual({ kind: 'give-up', because: 'permanent' });
  });

  test('[DI16] whose outcome is unknown is looked into, not made again', () => {
    for (let attempts = 1; attempts < retryPolicies['unknown-outcome'].attemptsMax; attempts++) {
      expect(decideRetry({ errorClass: 'unknown-outcome', attempts }, 0.3).kind).toBe('probe');
    }
    for (const errorClass of ['throttled', 'transient', 'conflict'] as const) {
      expect(decideRetry({ errorClass, attempts: 1 }, 0.3).kind).toBe('retry');
    }
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 26, 8, 0, 0);

  test('[DI17] is read as seconds', () => {
    expect(retryAfterMs('120', now)).toBe(120_000);
    expect(retryAfterMs(' 0 ', now)).toBe(0);
    expect(retryAfterMs('9'.repeat(400), now)).toBe(limits.retryAfterMsMax);
  });

  test('[DI17] is read as a date in each of the three forms', () => {
    for (const text of [
      'Thu, 26 Nov 2026 08:00:30 GMT',
      'Thursday, 26-Nov-26 08:00:30 GMT',
      'Thu Nov 26 08:00:30 2026',
    ]) {
      expect(retryAfterMs(text, now), text).toBe(30_000);
    }
    expect(retryAfterMs('Thu, 26 Nov 2026 07:59:00 GMT', now)).toBe(0);
    expect(retryAfterMs('Thu, 26 Nov 2099 07:59:00 GMT', now)).toBe(limits.retryAfterMsMax);
    expect(httpDateMs('Sun Nov  6 08:49:37 1994', now)).toBe(784_111_777_000);
  });

  test('[DI17] means what the machine means by the same date, in every year', () => {
    const seconds = fc.integer({ min: -62_000_000_000, max: 250_000_000_000 });
    fc.assert(
      fc.property(seconds, (s) => {
        expect(httpDateMs(new Date(s * 1_000).toUTCString(), now)).toBe(s * 1_000);
      }),
      { numRuns: 2_000 },
    );
  });

  test('[DI17] takes a year of two digits for the nearest', () => {
    const year = (text: string, at: number) => new Date(httpDateMs(text, at)!).getUTCFullYear();
    expect(year('Sunday, 06-Nov-94 08:49:37 GMT', now)).toBe(1994);
    expect(year('Sunday, 06-Nov-76 08:49:37 GMT', now)).toBe(2076);
    expect(year('Sunday, 06-Nov-77 08:49:37 GMT', now)).toBe(1977);
    expect(year('Sunday, 06-Nov-01 08:49:37 GMT', Date.UTC(2099, 0))).toBe(2101);
    for (const at of [Date.UTC(1999, 11, 31, 23, 59, 59), Date.UTC(2000, 0), Date.UTC(2028, 11, 31)]) {
      const two = String(new Date(at).getUTCFullYear() % 100).padStart(2, '0');
      expect(year(`Monday, 01-Jan-${two} 00:00:00 GMT`, at)).toBe(new Date(at).getUTCFullYear());
    }
  });

  test.each([
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'soon',
    'Thu, 31 Nov 2026 08:00:30 GMT',
    'Thu, 29 Feb 2100 08:00:30 GMT',
    'Thu, 00 Nov 2026 08:00:30 GMT',
    'Thu, 26 Nov 2026 24:00:30 GMT',
    'Thu, 26 Nov 2026 08:60:30 GMT',
    'Thu, 26 Nov 2026 08:00:30 CET',
    'Thu, 26 nov 2026 08:00:30 GMT',
    '2026-11-26T08:00:30Z',
    `Thu, 26 Nov 2026 08:00:30 GMT${' x'.repeat(100_000)}`,
  ])('[DI17] says nothing when it is %.40j', (text) => {
    expect(retryAfterMs(text, now)).toBeUndefined();
  });
});
