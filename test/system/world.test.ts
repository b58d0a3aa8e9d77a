// The machine's world: ids are of the right shape, unique and growing whatever the clock does; digests are SHA-256.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemIds, systemWorld } from '../../src/adapters/system/world.ts';
import { isElementId, isHash, isUlid } from '../../src/base/ids.ts';

const count = 100_000;

describe('ulids', () => {
  test('are unique, well-formed and growing', () => {
    const { ids } = systemWorld();
    const made = Array.from({ length: count }, () => ids.ulid() as string);
    expect(new Set(made).size).toBe(count);
    expect(made.every(isUlid)).toBe(true);
    expect(made.every((id, i) => i === 0 || made[i - 1]! < id)).toBe(true);
  });

  test('begin with the milliseconds of the clock', () => {
    // The example of the ULID specification.
    expect((systemIds(() => 1469918176385).ulid() as string).slice(0, 10)).toBe('01ARYZ6S41');
  });

  test('grow while the clock stands, steps back and goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { minLength: 2, maxLength: 50 }), (times) => {
        let at = 0;
        const ids = systemIds(() => times[at]!);
        const made = times.map((_, i) => {
          at = i;
          return ids.ulid() as string;
        });
        expect(made.every(isUlid)).toBe(true);
        expect([...made].sort()).toEqual(made);
        expect(new Set(made).size).toBe(made.length);
      }),
    );
  });

  test('of two sources differ in the same millisecond', () => {
    const [a, b] = [systemIds(() => 1), systemIds(() => 1)];
    const made = Array.from({ length: 1_000 }, () => [a.ulid() as string, b.ulid() as string]).flat();
    expect(new Set(made).size).toBe(made.length);
  });
});

describe('element ids', () => {
  test('are unique, well-formed and use every digit in every place', () => {
    const { ids } = systemWorld();
    const made = Array.from({ length: count }, () => ids.element() as string);
    expect(new Set(made).size).toBe(count);
    expect(made.every(isElementId)).toBe(true);
    for (let place = 0; place < 12; place++) expect(new Set(made.map((id) => id[place])).size).toBe(32);
  });
});

describe('the digest', () => {
  const { digest } = systemWorld();

  test('gives the published SHA-256 vectors', () => {
    expect(digest('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(digest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digest('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
    expect(digest('a'.repeat(1_000_000))).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
  });

  test('is that of the UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(isHash(digest(text))).toBe(true);
        expect(digest(text)).toBe(createHash('sha256').update(Buffer.from(text, 'utf8')).digest('hex'));
      }),
    );
  });
});

test('the clock tells milliseconds since 1970', () => {
  const before = Date.now();
  const now = systemWorld().clock.nowMs();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});
