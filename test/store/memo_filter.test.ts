// The filter in front of the memo: it never misses what was written, before, while or after it is made, and has little else.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type MadeFilter, MemoFilter, MemoFilters } from '../../src/adapters/sqlite/runs/memo_filter.ts';
import type { Hash, WorkspaceId } from '../../src/base/ids.ts';

const key = (n: number): Hash => createHash('sha256').update(String(n)).digest('hex') as Hash;
const keys = (from: number, count: number): Hash[] => Array.from({ length: count }, (_, i) => key(from + i));
const workspace = '0W000000000000000000000000' as WorkspaceId;

test('[ST34] has all that was added, and of a thousand others a few at most, as full as it may be', () => {
  const filter = MemoFilter.for(50_000);
  const added = keys(0, 131_072);
  for (const hash of added) filter.add(hash);
  expect(added.every((hash) => filter.mayHave(hash))).toBe(true);
  const others = keys(1_000_000, 20_000).filter((hash) => filter.mayHave(hash)).length;
  expect(others).toBeGreaterThan(0);
  expect(others).toBeLessThan(20_000 * 0.005);
  expect(filter.isFull).toBe(false);
  filter.add(key(-1));
  expect(filter.isFull).toBe(true);
});

describe('the filters of the workspaces in use', () => {
  /** What is in the memo, and what asks for a filter of it waits for. */
  const setUp = () => {
    const file: Hash[] = [];
    const asked: ((made: MadeFilter | Error) => void)[] = [];
    const filters = new MemoFilters(
      () =>
        new Promise((resolve, reject) => {
          asked.push((made) => (made instanceof Error ? reject(made) : resolve(made)));
        }),
    );
    const write = (hashes: readonly Hash[]): void => {
      filters.wrote(workspace, hashes);
      for (const hash of hashes) file.push(hash);
    };
    const make = async (from: readonly Hash[]): Promise<void> => {
      const filter = MemoFilter.for(from.length);
      for (const hash of from) filter.add(hash);
      asked.shift()!({ words: filter.words, added: filter.added });
      await Promise.resolve();
    };
    return { file, asked, filters, write, make };
  };

  test('[ST34] are made once enough was looked up in vain, and know what was written meanwhile', async () => {
    const { file, asked, filters, write, make } = setUp();
    write([key(1)]);
    filters.missed(workspace, 999);
    expect(asked).toHaveLength(0);
    expect(filters.among(workspace, [key(1), key(7)])).toEqual([key(1), key(7)]);
    filters.missed(workspace, 1);
    expect(asked).toHaveLength(1);
    const asOfThen = [...file];
    write([key(2)]);
    filters.missed(workspace, 5_000);
    expect(asked).toHaveLength(1);
    await make(asOfThen);
    write([key(3)]);
    expect(filters.among(workspace, [1, 2, 3, 4, 5].map(key))).toEqual([1, 2, 3].map(key));
  });

  test('[ST34] are made anew when they are full', async () => {
    const { file, asked, filters, write, make } = setUp();
    filters.missed(workspace, 1_000);
    await make([]);
    write(keys(0, 65_536));
    filters.missed(workspace, 1_000);
    expect(asked).toHaveLength(0);
    write([key(-1)]);
    filters.missed(workspace, 1_000);
    expect(asked).toHaveLength(1);
    await make(file);
    expect(filters.among(workspace, file)).toEqual(file);
    filters.missed(workspace, 1_000);
    expect(asked).toHaveLength(0);
  });

  test('[ST34] that cannot be made let everything be looked up, and are tried again', async () => {
    const { asked, filters } = setUp();
    filters.missed(workspace, 1_000);
    asked.shift()!(new Error('no space'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(filters.among(workspace, [key(1)])).toEqual([key(1)]);
    filters.missed(workspace, 1_000);
    expect(asked).toHaveLength(1);
  });
});
