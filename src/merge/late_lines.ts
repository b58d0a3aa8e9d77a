// Lines of a receipt for a late edit: what others in the same change set had decided that it stands over. Their authors
// may not know of it yet.

import { canonical, type Json } from '../base/json.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { Writes } from './contest.ts';
import type { Item } from './item.ts';
import { partyOf, partyOfHead, pathOf } from './line_parts.ts';
import type { HeadEdit } from './merging.ts';
import type { ReceiptLine } from './receipt.ts';
import { clashRule, pairRule } from './rules.ts';
import { placeOf, type Side, unitOf } from './side.ts';

/** Lines for edits that a late one of the same change set stands over: their authors may not know. */
export function overriddenByLate(
  added: readonly Item[],
  others: Side<HeadEdit>,
  state: Reader,
  firstPosition: number,
): ReceiptLine[] {
  const lines: ReceiptLine[] = [];
  added.forEach((item, i) => {
    const unit = unitOf(item.m);
    const writes = new Writes(others.inUnit(unit).map((at) => others.entries[at]!));
    const isErased = item.m.kind === 'component.erase';
    const same = writes.sameAs(item.m);
    const lost = isErased ? writes.entries : same === undefined ? [] : [same];
    if (item.placed?.length === 0 || item.m.kind === 'text.edit') return;
    for (const other of lost) {
      if (sameEdit(other.m, item.m)) continue;
      const place = placeOf(other.m);
      lines.push({
        rule: isErased ? pairRule('component.erase', other.m.kind) : clashRule(item.m, other.m),
        outcome: 'overridden',
        subject: unit,
        path: pathOf(other.m),
        place,
        headVersion: 0,
        item: firstPosition + i,
        mine: partyOf(item),
        theirs: partyOfHead(other),
        now: state.get(place.category, place.key) ?? null,
        otherwise: [other.m],
      });
    }
  });
  return lines;
}

function sameEdit(a: Mutation, b: Mutation): boolean {
  return canonical(a as unknown as Json) === canonical(b as unknown as Json);
}
