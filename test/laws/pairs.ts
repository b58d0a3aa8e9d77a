// Random pairs in volume: one case a seed, all laws of one merge; a failure is shrunk and told with its seed.

import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { type Case, caseFrom, shrink, staged } from './cases.ts';
import { mergeLaws, nothingLaws, pendingOf } from './check.ts';

/** Merging with nothing is looked at in one pair of so many. */
const nothingEvery = 4;

function check(c: Case, states: readonly Snapshot[]): void {
  const { base, present, head, items, edits } = staged(c, states);
  mergeLaws(base, present, head, () => pendingOf(items), edits);
  if (c.seed % nothingEvery === 0) nothingLaws(base, present, head, items, edits);
}

function problem(c: Case, states: readonly Snapshot[]): string | undefined {
  try {
    check(c, states);
    return undefined;
  } catch (e) {
    return (e as Error).stack ?? String(e);
  }
}

/** What is wrong with the pair of a seed; undefined when every law holds. */
export function pairProblem(seed: number, states: readonly Snapshot[]): string | undefined {
  const c = caseFrom(seed, states);
  if (problem(c, states) === undefined) return undefined;
  const small = shrink(c, (x) => problem(x, states) !== undefined);
  const { items, edits } = staged(small, states);
  const show = (list: readonly { readonly m: unknown }[]): string =>
    list.map(({ m }) => `    ${JSON.stringify(m).slice(0, 600)}`).join('\n');
  const what = `state ${c.state}, scene ${c.scene ?? 'none'}, role ${c.role}`;
  return `seed ${seed} (${what}): ${problem(small, states)?.slice(0, 3000)}\n  mine:\n${show(items)}\n  theirs:\n${show(edits)}`;
}
