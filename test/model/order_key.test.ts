// Order keys: always one between, and short where lists grow as they usually do.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOrderKey, keyBetween, keysBetween } from '../../src/base/order_key.ts';
import { runs } from '../support/model_world.ts';

const ascending = (keys: readonly string[]): boolean => keys.every((k, i) => i === 0 || keys[i - 1]! < k);

test('[BA4] random inserts keep the order, and every key is one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 300, size: 'max' }), (places) => {
      const keys: string[] = [];
      for (const n of places) {
        const at = n % (keys.length + 1);
        keys.splice(at, 0, keyBetween(keys[at - 1], keys[at]));
      }
      expect(ascending(keys)).toBe(true);
      expect(keys.every(isOrderKey)).toBe(true);
    }),
    { numRuns: runs(100) },
  );
});

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const orderKey = fc
  .tuple(
    fc.constantFrom(...'AYZabcz'),
    fc.array(fc.constantFrom(...digits), { maxLength: 30 }),
    fc.constantFrom(...digits),
  )
  .map(([head, rest, last]) => {
    const length = head <= 'Z' ? 90 - head.charCodeAt(0) + 1 : head.charCodeAt(0) - 97 + 1;
    return head + rest.join('').padEnd(length, last).slice(0, Math.max(length, rest.length));
  })
  .filter(isOrderKey);

test('[BA4] between any two valid keys there is a valid one', () => {
  fc.assert(
    fc.property(orderKey, orderKey, (a, b) => {
      fc.pre(a !== b);
      const [low, high] = a < b ? [a, b] : [b, a];
      const middle = keyBetween(low, high);
      expect(low < middle && middle < high && isOrderKey(middle)).toBe(true);
      const first = keyBetween(undefined, low);
      expect(first < low && isOrderKey(first)).toBe(true);
      const last = keyBetween(high, undefined);
      expect(high < last && isOrderKey(last)).toBe(true);
    }),
    { numRuns: runs(2000) },
  );
});

test('[BA4] keys that are out of order are a bug of the caller', () => {
  expect(() => keyBetween('a1', 'a0')).toThrow('invariant');
  expect(() => keyBetween('a1', 'a1')).toThrow('invariant');
  for (const bad of ['', 'a', '0', 'a0 ', 'a00', 'é0', `A${'0'.repeat(26)}`]) expect(isOrderKey(bad), bad).toBe(false);
});

test('[BA5] appends, prepends and many at once stay short', () => {
  let last: string | undefined;
  let first: string | undefined;
  for (let i = 0; i < 20_000; i++) {
    last = keyBetween(last, undefined);
    first = keyBetween(undefined, first);
  }
  expect(last!.length).toBeLessThanOrEqual(5);
  expect(first!.length).toBeLessThanOrEqual(5);
  for (const [low, high] of [
    [undefined, undefined],
    [undefined, 'a0'],
    ['a0', undefined],
    ['a0', 'a1'],
    ['a0', 'a0V'],
  ] as const) {
    for (const count of [0, 1, 2, 5, 1000]) {
      const keys = keysBetween(low, high, count);
      expect(keys.length).toBe(count);
      expect(ascending([...(low === undefined ? [] : [low]), ...keys, ...(high === undefined ? [] : [high])])).toBe(
        true,
      );
      expect(Math.max(0, ...keys.map((k) => k.length))).toBeLessThanOrEqual(8);
    }
  }
});
