// The receipt lines of Head's edits of one unit that no item's line speaks of: what does not show, is hidden by a deletion
// of the change set's, or has no place in the variant it chose.

import type { ComponentId } from '../base/ids.ts';
import { isMarked } from '../model/lookup.ts';
import { isWithin } from '../model/path.ts';
import { readImage } from '../mutation/component.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { mutationsFor } from './difference.ts';
import {
  aroundRemoval,
  elementBack,
  factAt,
  isEdit,
  isParked,
  nowAt,
  partyOf,
  partyOfHead,
  pathOf,
  stands,
} from './line_parts.ts';
import type { UnitView } from './lines_of_items.ts';
import type { HeadEdit, Merging } from './merging.ts';
import type { ReceiptLine } from './receipt.ts';
import { clashRule, pairRule, type RuleId } from './rules.ts';
import { componentOf, type Place, placeOf } from './side.ts';
import { writesText } from './text_transform.ts';

type Common = Omit<ReceiptLine, 'rule' | 'outcome' | 'otherwise'>;

/** `repaired`: keys that the engine's own edits write; what these take the place of is on their lines. */
export function headLines(v: UnitView, repaired: ReadonlySet<string>): ReceiptLine[] {
  const lines: ReceiptLine[] = [];
  let isFirstErased = true;
  for (const e of v.writes.entries) {
    if (v.covered.has(e) || v.writes.sameAs(e.m) !== e) continue;
    const place = placeOf(e.m);
    const common: Common = {
      subject: v.unit,
      path: pathOf(e.m),
      place,
      headVersion: v.headVersion,
      theirs: partyOfHead(e),
      now: nowAt(v.m, place),
    };
    const line =
      factAt(v.m.draft, e.m) !== factAt(v.m.input.head, e.m)
        ? repaired.has(`${place.category} ${place.key}`)
          ? undefined
          : lost(v, e, common, place, isFirstErased)
        : (masked(v, e, common) ?? parked(v, e, common) ?? inVain(v, e, common));
    if (line === undefined) continue;
    if (line.rule.startsWith('erase')) isFirstErased = false;
    lines.push(line);
  }
  return lines;
}

function lost(v: UnitView, e: HeadEdit, common: Common, place: Place, isFirst: boolean): ReceiptLine {
  const { m, unit } = v;
  const isGone = componentOf(e.m) !== undefined && m.draft.get('components', unit) === undefined;
  const at = isGone
    ? v.positions.findLast((i) => m.item(i).m.kind === 'component.erase' && stands(m.item(i)))
    : (textWriterOf(v, e.m) ?? writerOf(v, place) ?? v.positions.findLast((i) => stands(m.item(i))));
  const mine = at === undefined ? undefined : m.item(at).m;
  const rule: RuleId = isGone
    ? pairRule('component.erase', e.m.kind)
    : mine === undefined
      ? 'apart'
      : clashRule(mine, e.m);
  const image = isGone && isFirst ? readImage(m.input.head, unit as ComponentId) : undefined;
  const otherwise: Mutation[] =
    image === undefined ? [] : [{ kind: 'component.create', component: unit as ComponentId, image }];
  // What stands elsewhere about a component is not part of its image.
  if (image === undefined || (place.category !== 'components' && place.category !== 'cells'))
    otherwise.push(...mutationsFor(place, common.now ?? undefined, m.input.head.get(place.category, place.key)));
  return { rule, outcome: 'overridden', ...common, ...mineOf(m, at), otherwise };
}

/** Of an edit of a text: the last item that writes it whole; what the author edits behind that is no edit of Head's text. */
function textWriterOf({ m, positions }: UnitView, edit: Mutation): number | undefined {
  return edit.kind === 'text.edit'
    ? positions.findLast((at) => writesText(m.item(at)) && stands(m.item(at)))
    : undefined;
}

/** The last item that stands with an edit of the place. */
function writerOf(v: UnitView, place: Place): number | undefined {
  return v.positions.findLast((at) => {
    const item = v.m.item(at);
    return (item.placed ?? [item.m]).some((p) => {
      const other = placeOf(p);
      return other.key === place.key && other.category === place.category;
    });
  });
}

const mineOf = (m: Merging, at: number | undefined): Pick<ReceiptLine, 'item' | 'mine'> =>
  at === undefined ? {} : { item: at, mine: partyOf(m.item(at)) };

/** It is beneath a mark of the change set's. */
function masked(v: UnitView, e: HeadEdit, common: Common): ReceiptLine | undefined {
  const at = v.positions.findLast((i) => v.m.item(i).m.kind === 'component.mark' && stands(v.m.item(i)));
  if (at === undefined || !isEdit(e.m) || !isMarked(v.m.draft, v.unit as ComponentId)) return undefined;
  const component = v.unit as ComponentId;
  const otherwise = [{ kind: 'component.unmark', component } as const];
  return { rule: 'mark-edit', outcome: 'masked', ...common, ...mineOf(v.m, at), otherwise };
}

/** The variant that the change set moved the component to has no place for it. */
function parked(v: UnitView, e: HeadEdit, common: Common): ReceiptLine | undefined {
  const { m, unit } = v;
  const at = v.positions.findLast((i) => m.item(i).m.kind === 'component.retype' && stands(m.item(i)));
  if (at === undefined || !isParked(m.draft, e.m)) return undefined;
  const place: Place = { category: 'components', key: unit };
  const [now, theirs] = [m.draft.get('components', unit), m.input.head.get('components', unit)];
  const otherwise = mutationsFor(place, now, theirs);
  if (otherwise.length === 0) return undefined; // Head chose that variant too.
  return { rule: 'upgrade-value', outcome: 'parked', ...common, ...mineOf(m, at), otherwise };
}

/** It took something out of a list element that the change set removed as a whole. */
function inVain(v: UnitView, e: HeadEdit, common: Common): ReceiptLine | undefined {
  const { m } = v;
  const found = aroundRemoval(m, e.m, m.input.head);
  if (found === undefined) return undefined;
  const { component, gone } = found;
  const at = v.positions.findLast((i) => {
    const { m: mine } = m.item(i);
    return mine.kind === 'element.remove' && stands(m.item(i)) && isWithin(gone, mine.path);
  });
  if (at === undefined) return undefined;
  const otherwise = elementBack(m, component, gone, m.input.head);
  return { rule: 'element-remove-edit', outcome: 'noted', ...common, ...mineOf(m, at), otherwise };
}
