// Merge: one Head version and the pending edits of one change set, and what they come to. The state is a function of
// Head's state and the list of items; the receipt says where that is not what somebody wanted. `rebased` is the pending
// edits as they apply to Head's state, `headPrime` Head's edits as they apply to the change set's: both give the state.

import type { Mutation } from '../mutation/mutation.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { breakCycles, closedByRepairs, type Dropped } from './acyclic.ts';
import { contestUnit, MergeRules, Writes } from './contest.ts';
import type { Item, Pending, Settlement } from './item.ts';
import { linesOf } from './lines.ts';
import { type HeadEdit, type MergeInput, Merging, type Route } from './merging.ts';
import { type Repair, repairAll } from './repair.ts';
import { type Side, unitOf } from './side.ts';

export interface Merged {
  readonly state: Snapshot;
  readonly route: Route;
  readonly settlement: Settlement;
  /** The extra items as they came to stand. */
  readonly added: readonly Item[];
  /** From the change set's state before to the state. */
  readonly headPrime: () => Mutation[];
  /** From Head's state to the state. */
  readonly rebased: () => Mutation[];
}

/** Merges. `headVersion` is for the receipt: 0 when only the change set itself has moved. */
export function merge(input: MergeInput, headVersion: number): Merged {
  const late: Dropped[] = [];
  for (;;) {
    const m = new Merging(input, headVersion, new Map(late.map((d) => [d.at, d.rule])));
    m.place();
    const dropped = breakCycles(m);
    const repairs = repairAll(m);
    // What a repair takes away may have stood over a function's output. Begun anew without the edge, nothing is repaired that
    // need not be.
    const closed = repairs.length === 0 ? undefined : closedByRepairs(m);
    if (closed === undefined) return merged(m, [...late, ...dropped], repairs);
    late.push(closed);
  }
}

function merged(m: Merging, dropped: readonly Dropped[], repairs: readonly Repair[]): Merged {
  const { input } = m;
  const lines = linesOf(m, { dropped, repairs });
  const count = input.pending.items.length;
  const changes = m.changes();
  const settlement: Settlement = {
    items: changes.filter(([at]) => at < count),
    repairs: m.repairs,
    lines,
    texts: m.texts,
  };
  const state = m.draft.finish();
  return {
    state,
    route: m.route,
    settlement,
    added: m.extra.entries.map((_, i) => m.item(count + i)),
    headPrime: () => {
      m.touchTheirs();
      return m.touched.between(input.present, state);
    },
    rebased: () => {
      const out: Mutation[] = [];
      for (let at = 0; at < m.count; at++) {
        const item = m.item(at);
        if (item.placed === undefined) out.push(item.m);
        else out.push(...item.placed);
      }
      out.push(...m.repairs);
      return out;
    },
  };
}

/** Can nothing that one side did concern the other? Then Head's version passes by and the pending change stays as it is. */
export function passesBy(pending: Pending, theirs: Side<HeadEdit>): boolean {
  if (pending.unsettled.size > 0 || pending.repairs.length > 0) return false;
  const { side } = pending;
  if (side.contents.length > 0 && theirs.contents.length > 0) return false;
  // Who must approve, and what a variant has a place for, concern edits that share no unit with them.
  if (reaches(theirs) && side.entries.length > 0) return false;
  if (reaches(side) && theirs.entries.length > 0) return false;
  for (const kind of ['value', 'depends', 'manages'] as const)
    if (side.edges[kind].size > 0 && theirs.edges[kind].size > 0) return false;
  if (side.edges.value.size > 0 && theirs.uncovering.length > 0) return false;
  if (theirs.edges.value.size > 0 && side.uncovering.length > 0) return false;
  const [small, large] = side.units.size <= theirs.units.size ? [side, theirs] : [theirs, side];
  for (const unit of small.units.keys()) if (large.units.has(unit)) return false;
  return !refersToRemoved(side, theirs) && !refersToRemoved(theirs, side);
}

function reaches(side: Side<{ readonly m: Mutation }>): boolean {
  return side.contents.some((at) => {
    const { m } = side.entries[at]!;
    return (
      'noun' in m && (m.noun === 'approvers' || (m.kind === 'record.set' && m.noun === 'variant' && m.field === 'spec'))
    );
  });
}

function refersToRemoved(a: Side<{ readonly m: Mutation }>, b: Side<{ readonly m: Mutation }>): boolean {
  return b.removals.some((at) => {
    const { m } = b.entries[at]!;
    const id = 'component' in m ? m.component : 'key' in m ? m.key.slice(-26) : '';
    return a.referring(id).length > 0;
  });
}

/**
 * Items made before a Head version and brought after it, as that version leaves them: what property rules and reverts
 * decide. `present` is the state the author made. Texts are carried by `carryText`.
 */
export function contestLate(
  items: readonly Item[],
  over: {
    readonly side: Side<HeadEdit>;
    readonly head: Snapshot;
    readonly present: Snapshot;
    readonly version: number;
  },
): Item[] {
  const out = [...items];
  const units = new Map<string, number[]>();
  items.forEach((item, i) => {
    const unit = unitOf(item.m);
    if (!over.side.units.has(unit)) return;
    const positions = units.get(unit);
    if (positions === undefined) units.set(unit, [i]);
    else positions.push(i);
  });
  const rules = new MergeRules(over.head);
  for (const [unit, positions] of units) {
    const theirs = new Writes(over.side.inUnit(unit).map((at) => over.side.entries[at]!));
    const mine = positions.map((at) => [at, out[at]!] as const);
    for (const [at, item] of contestUnit({ rules, head: over.head, present: over.present, theirs, items: mine }))
      out[at] = item;
  }
  return out;
}
