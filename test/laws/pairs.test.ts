// Random pairs: two sides' edits of one state, merged by both routes, in volume. `HEADWATER_LAWS_PAIRS` and
// `HEADWATER_LAWS_SEED` make the run longer (`npm run laws`). A failure is shrunk and told with its seed.

import { expect, test } from 'vitest';
import { type Case, carryOut, caseFrom, shrink, startState } from './cases.ts';
import { editsOf, itemsOf, mergeLaws, nothingLaws, pendingOf, seen, seenRules } from './check.ts';
import { failingSeeds } from './seeds.ts';

const pairs = Number(process.env['HEADWATER_LAWS_PAIRS'] ?? 3000);
const seed = Number(process.env['HEADWATER_LAWS_SEED'] ?? 1);
const start = startState();

function check(c: Case): void {
  const mine = carryOut(start, 11, c.mine);
  const theirs = carryOut(start, 12, c.theirs);
  const items = itemsOf(mine.mutations);
  const edits = editsOf(theirs.mutations);
  mergeLaws(start, mine.snapshot, theirs.snapshot, () => pendingOf(items), edits);
  nothingLaws(start, mine.snapshot, theirs.snapshot, items, edits);
}

function problem(c: Case): string | undefined {
  try {
    check(c);
    return undefined;
  } catch (e) {
    return (e as Error).stack ?? String(e);
  }
}

function run(s: number): string | undefined {
  const c = caseFrom(s);
  if (problem(c) === undefined) return undefined;
  const small = shrink(c, (x) => problem(x) !== undefined);
  const show = (side: 'mine' | 'theirs', id: number): string =>
    carryOut(start, id, small[side])
      .mutations.map((m) => `    ${JSON.stringify(m).slice(0, 600)}`)
      .join('\n');
  return `seed ${s}: ${problem(small)?.slice(0, 3000)}\n  mine:\n${show('mine', 11)}\n  theirs:\n${show('theirs', 12)}`;
}

test('[ME1] [ME2] [ME3] [ME4] [ME5] [ME6] random pairs keep every law', { timeout: 36_000_000 }, () => {
  for (const s of failingSeeds) expect(run(s), `seed ${s}, which failed before`).toBeUndefined();
  for (let i = 0; i < pairs; i++) {
    const failed = run(seed * 1_000_003 + i);
    if (failed !== undefined) throw new Error(failed);
  }
  if (process.env['HEADWATER_LAWS_REPORT'])
    console.log(JSON.stringify({ ...seen, rules: Object.fromEntries([...seenRules].sort()) }));
  expect(seen.overlapping / seen.pairs).toBeGreaterThan(0.3);
  if (process.env['HEADWATER_LAWS_REPORT'])
    console.log(JSON.stringify({ ...seen, rules: Object.fromEntries([...seenRules].sort()) }));
});
