// Every pair of edits of a small pool, exhaustively: all laws of one merge. Together they are of every pair of kinds.

import { expect, test } from 'vitest';
import { mutationKinds } from '../../src/merge/rules.ts';
import { editsOf, itemsOf, mergeLaws, nothingLaws, pendingOf } from './check.ts';
import { carryOut } from './edits.ts';
import { poolOf, smallState } from './pool.ts';

const start = smallState();
const pool = poolOf(start);
const mine = pool.map((edit) => carryOut(start, 11, [edit]));
const theirs = pool.map((edit) => carryOut(start, 12, [edit]));

test('every edit of the pool does something', () => {
  expect(pool.length).toBeGreaterThanOrEqual(120);
  expect(mine.flatMap((c, i) => (c.mutations.length === 0 ? [pool[i]] : []))).toEqual([]);
});

test('[ME3] every edit alone stands as it is', () => {
  for (const [i, own] of mine.entries())
    nothingLaws(start, own.snapshot, theirs[i]!.snapshot, itemsOf(own.mutations), editsOf(theirs[i]!.mutations));
});

test('[ME1] [ME2] [ME4] [ME5] [ME6] [ME9] every pair of edits keeps every law', { timeout: 300_000 }, () => {
  const kinds = new Set<string>();
  const failed: string[] = [];
  for (const [i, own] of mine.entries()) {
    const items = itemsOf(own.mutations);
    for (const [j, head] of theirs.entries()) {
      const edits = editsOf(head.mutations);
      for (const a of own.mutations) for (const b of head.mutations) kinds.add(`${a.kind} ${b.kind}`);
      try {
        mergeLaws(start, own.snapshot, head.snapshot, () => pendingOf(items), edits);
      } catch (e) {
        failed.push(`${JSON.stringify(pool[i])}\nagainst ${JSON.stringify(pool[j])}\n${(e as Error).message}`);
      }
    }
  }
  expect(failed.slice(0, 5)).toEqual([]);
  const all = mutationKinds.flatMap((a) => mutationKinds.map((b) => `${a} ${b}`));
  expect(all.filter((pair) => !kinds.has(pair))).toEqual([]);
});
