// Triples: three change sets of one state, applied in all six orders. Applying is catching up over the ones applied before
// and becoming the next Head version. Whatever the order, what no receipt of any order names is the same (C6), and an
// order comes to the same whenever it is played.

import { type Item, Pending } from '../../src/merge/item.ts';
import { merge, passesBy } from '../../src/merge/merge.ts';
import type { HeadEdit } from '../../src/merge/merging.ts';
import type { ReceiptLine } from '../../src/merge/receipt.ts';
import { Side } from '../../src/merge/side.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { firstScenes, laterScene, scenes } from './cases.ts';
import { applied, changesBetween, itemsOf, namedKeys, rootOf } from './check.ts';
import { carryOut, drawsFrom, type Edit, echoes } from './edits.ts';
import { invariants } from './invariants.ts';
import { law } from './law.ts';
import { chance, numbersFrom, oneOf } from './numbers.ts';
import { Stage } from './stage.ts';

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

const named = firstScenes.filter((name) => !name.startsWith('revert'));

interface Triple {
  readonly state: number;
  readonly sides: readonly (readonly Edit[])[];
}

function tripleFrom(seed: number, states: readonly Snapshot[]): Triple {
  const next = numbersFrom(seed);
  const state = next() % states.length;
  const stage = new Stage(states[state]!, next);
  const sides: Edit[][] = [[], [], []];
  let later = laterScene(seed);
  for (let i = 1 + (next() % 3); i > 0; i--) {
    const { mine, theirs } = scenes[later ?? oneOf(next, named)]!(stage);
    later = undefined;
    const first = next() % 3;
    sides[first]!.push(...mine);
    sides[(first + 1 + (next() % 2)) % 3]!.push(...theirs);
  }
  const draws = drawsFrom(next, 1 + (next() % 2));
  sides[0]!.push(...draws);
  for (const side of [1, 2]) if (chance(next, 60)) sides[side]!.push(...echoes(next, draws, 1 + (next() % 2)));
  return { state, sides };
}

interface Own {
  readonly items: readonly Item[];
  readonly state: Snapshot;
}

interface Applied {
  readonly state: Snapshot;
  readonly lines: readonly ReceiptLine[];
  readonly repairs: readonly Mutation[];
}

/** Applies change sets one after another, each caught up over the versions that the ones before it made. */
function applyAll(base: Snapshot, own: readonly Own[]): Applied {
  const versions: { readonly side: Side<HeadEdit>; readonly state: Snapshot }[] = [];
  const lines: ReceiptLine[] = [];
  const repairs: Mutation[] = [];
  for (const { items, state } of own) {
    const pending = new Pending();
    pending.append(items);
    let present = state;
    for (const { side, state: head } of versions) {
      const isSkipped = passesBy(pending, side);
      const m = merge({ head, present, pending, theirs: side }, versions.length);
      if (!isSkipped) pending.settle(m.settlement);
      present = m.state;
      lines.push(...m.settlement.lines);
    }
    repairs.push(...pending.repairs);
    const head = versions.at(-1)?.state ?? base;
    const effective = pending.effective();
    const next = applied(head, effective);
    law(rootOf(next) === rootOf(present), () => '[ME1] an applied change set is not the state it was caught up to');
    const edits = effective.map(
      (m): HeadEdit => ({
        m,
        author: 'ann',
        atMs: 1,
        changeSet: `CS${own.length}` as never,
        version: versions.length + 1,
      }),
    );
    versions.push({ side: Side.of(edits), state: next });
  }
  return { state: versions.at(-1)!.state, lines, repairs };
}

function check(t: Triple, states: readonly Snapshot[]): void {
  const base = states[t.state]!;
  const own = t.sides.map((edits, i): Own => {
    const { mutations, snapshot } = carryOut(base, 21 + i, edits);
    return { items: itemsOf(mutations), state: snapshot };
  });
  const results = orders.map((order) =>
    applyAll(
      base,
      order.map((i) => own[i]!),
    ),
  );
  const again = applyAll(
    base,
    orders[5].map((i) => own[i]!),
  );
  law(rootOf(again.state) === rootOf(results[5]!.state), () => '[ME8] an order played twice gives two states');
  invariants(results[0]!.state);
  const names = namedKeys(results.flatMap((r) => r.lines));
  for (const r of results) {
    if (rootOf(r.state) === rootOf(results[0]!.state)) continue;
    for (const [key, c] of changesBetween(results[0]!.state, r.state)) {
      const isNamed =
        names.has(key) || names.has(c.key.slice(0, 26)) || (c.category === 'views' && names.has(c.key.slice(27)));
      law(isNamed, () => `[ME8] C6: two orders differ at ${key}, which no receipt names: ${c.after}`);
    }
  }
}

function problemOf(t: Triple, states: readonly Snapshot[]): string | undefined {
  try {
    check(t, states);
    return undefined;
  } catch (e) {
    return (e as Error).stack ?? String(e);
  }
}

/** What is wrong with the triple of a seed; undefined when every law holds. */
export function tripleProblem(seed: number, states: readonly Snapshot[]): string | undefined {
  let t = tripleFrom(seed, states);
  if (problemOf(t, states) === undefined) return undefined;
  for (let again = true; again; ) {
    again = false;
    for (let side = 0; side < 3 && !again; side++) {
      for (let i = 0; i < t.sides[side]!.length && !again; i++) {
        const sides = t.sides.map((list, n) => (n === side ? list.filter((_, k) => k !== i) : list));
        if (problemOf({ ...t, sides }, states) === undefined) continue;
        t = { ...t, sides };
        again = true;
      }
    }
  }
  const shown = t.sides.map((edits, i) => {
    const { mutations } = carryOut(states[t.state]!, 21 + i, edits);
    return `  change set ${i}\n${mutations.map((m) => `    ${JSON.stringify(m).slice(0, 500)}`).join('\n')}`;
  });
  return `triple seed ${seed} (state ${t.state}): ${problemOf(t, states)?.slice(0, 2500)}\n${shown.join('\n')}`;
}
