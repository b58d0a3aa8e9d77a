// The receipt lines of one unit's items: each that gave way, that stands in another form, that Head's edit of the same
// thing was lost to, that is hidden by a deletion or has no place in the schema. One line an item at most.

import type { ComponentId } from '../base/ids.ts';
import { canonical } from '../base/json.ts';
import { idLength } from '../model/keys.ts';
import { isMarked } from '../model/lookup.ts';
import { ancestorsOf, isWithin } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import { readImage } from '../mutation/component.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { agrees, type Writes } from './contest.ts';
import { mutationsFor } from './difference.ts';
import type { Item } from './item.ts';
import {
  aroundRemoval,
  elementBack,
  factAt,
  isEdit,
  isElementGone,
  isParked,
  nowAt,
  partyOf,
  partyOfHead,
  pathOf,
  stands,
} from './line_parts.ts';
import type { HeadEdit, Merging } from './merging.ts';
import type { Outcome, ReceiptLine } from './receipt.ts';
import { clashRule, type RuleId } from './rules.ts';
import { componentOf, factOf, type Place, placeOf, setsText } from './side.ts';
import { writesText } from './text_transform.ts';

/** Both sides of one unit, and what of Head's the lines speak of already. */
export interface UnitView {
  readonly m: Merging;
  readonly unit: string;
  readonly headVersion: number;
  readonly positions: readonly number[];
  readonly writes: Writes<HeadEdit>;
  readonly changed: ReadonlyMap<number, Item>;
  /** Head's edits that a line speaks of. */
  readonly covered: Set<HeadEdit>;
}

/** One item where it stands: its place, Head's edit of the same fact, and what it was before. */
interface Seen {
  readonly at: number;
  readonly item: Item;
  readonly place: Place;
  readonly same: HeadEdit | undefined;
  readonly before: Item | undefined;
  readonly common: Omit<ReceiptLine, 'rule' | 'outcome' | 'otherwise'>;
}

export function itemLines(v: UnitView): ReceiptLine[] {
  const { m, unit, writes } = v;
  const lines: ReceiptLine[] = [];
  let isFirstErased = true;
  const add = (line: ReceiptLine | undefined): boolean => {
    if (line === undefined) return false;
    if (line.otherwise[0]?.kind === 'component.create') isFirstErased = false;
    lines.push(line);
    return true;
  };
  const lastOn = new Map<string, number>();
  for (const at of v.positions) if (stands(m.item(at))) lastOn.set(factOf(m.item(at).m), at);
  for (const at of v.positions) {
    const item = m.item(at);
    const place = placeOf(item.m);
    const common = {
      subject: unit,
      path: pathOf(item.m),
      place,
      headVersion: v.headVersion,
      item: at,
      mine: { ...partyOf(item), wanted: (m.before(at) ?? item).m },
      now: nowAt(m, place),
    };
    const seen: Seen = { at, item, place, same: writes.sameAs(item.m), before: m.before(at), common };
    if (item.placed !== undefined) {
      // What closes a cycle has a line of its own.
      if (!isCycle(item.why)) add(notAsItIs(v, seen, isFirstErased));
    } else if (item.m.kind === 'text.edit') add(carried(v, seen));
    else
      add(lastOn.get(factOf(item.m)) === at ? overridden(v, seen) : undefined) ||
        add(combined(v, seen)) ||
        add(masked(v, seen)) ||
        add(parked(v, seen)) ||
        add(inVain(v, seen));
  }
  return lines;
}

const isCycle = (why: RuleId | undefined): boolean =>
  why === 'value-cycle' || why === 'depends-loop' || why === 'manages-loop';

/** It stands in another form, or not at all. */
function notAsItIs(v: UnitView, s: Seen, isFirstErased: boolean): ReceiptLine | undefined {
  const { m, writes, unit } = v;
  const { item } = s;
  if (!v.changed.has(s.at) && writes.entries.length === 0) return undefined;
  const placed = item.placed!;
  const why = item.why!;
  const cause = causeOf(writes.entries, why, item.m) ?? s.same ?? writes.entries.at(-1) ?? v.m.userOf(item.m);
  const outcome: Outcome = item.yields !== undefined ? 'superseded' : placed.length === 0 ? 'dropped' : 'transformed';
  const otherwise: Mutation[] = [];
  const isGone = componentOf(item.m) !== undefined && m.draft.get('components', unit) === undefined;
  // What it wanted is there all the same (Head did it, or a repair), or the author has undone it since; of an edit that
  // comes late `present` tells nothing.
  const isUndone = s.before !== undefined && factAt(m.draft, item.m) === factAt(m.input.present, item.m);
  const isMet = agrees(m.draft, item.m) || isUndone;
  if (placed.length === 0 && !isGone && isMet) return undefined;
  if (isGone && outcome !== 'transformed') {
    const image = isFirstErased ? readImage(m.input.present, unit as ComponentId) : undefined;
    if (image !== undefined) otherwise.push({ kind: 'component.create', component: unit as ComponentId, image });
  } else if (why === 'mark-protect')
    otherwise.push({ kind: 'record.remove', noun: 'flag', key: `${unit}/flag/protect` }, item.m);
  else if (outcome === 'transformed') {
    otherwise.push(...toHeads(v, item));
  } else otherwise.push(...bringBack(m, item.m));
  if (otherwise.length === 0) otherwise.push(forced(item.m));
  return { rule: why, outcome, ...s.common, ...theirsOf(cause), otherwise };
}

/** What Head has where the item's other form took it away or wrote over it, what holds other things first. */
function toHeads({ m, writes, covered }: UnitView, { placed = [] }: Item): Mutation[] {
  const places = new Map(placed.map((p) => [`${placeOf(p).category} ${placeOf(p).key}`, placeOf(p)]));
  for (const e of writes.entries) if (places.has(`${placeOf(e.m).category} ${placeOf(e.m).key}`)) covered.add(e);
  return [...places.values()]
    .reverse()
    .flatMap((place) => mutationsFor(place, nowAt(m, place) ?? undefined, m.input.head.get(place.category, place.key)));
}

/** An edit as it would be made now: of a text, the whole text. */
function forced(m: Mutation): Mutation {
  if (m.kind !== 'text.edit') return m;
  return { kind: 'record.set', noun: 'function', key: m.function, field: 'text', value: m.to };
}

/** What makes a removed list element or noun again as the author had it, edits included. */
function bringBack(m: Merging, edit: Mutation): Mutation[] {
  const { present } = m.input;
  const again = (place: Place): Mutation[] =>
    m.draft.get(place.category, place.key) === undefined
      ? mutationsFor(place, undefined, present.get(place.category, place.key))
      : [];
  if ('path' in edit) {
    const { component } = edit;
    const gone = [...ancestorsOf(edit.path), edit.path].find((path) => isElementGone(m, component, path));
    return gone === undefined ? [] : elementBack(m, component, gone, present);
  }
  const place = placeOf(edit);
  const owner: Place = { category: place.category, key: place.key.slice(0, idLength) };
  const both = place.key.length > idLength && place.category !== 'overrides' ? [owner, place] : [place];
  return both.flatMap(again);
}

/**
 * It took something out of a list element that Head removed as a whole. Both hold, and yet somebody may look for it: an
 * element that was copied before it was removed is elsewhere now, with what was taken out.
 */
function inVain(v: UnitView, s: Seen): ReceiptLine | undefined {
  const { m, writes } = v;
  const found = aroundRemoval(m, s.item.m, m.input.present);
  const cause = found && causeOf(writes.entries, 'element-remove-edit', s.item.m);
  if (cause === undefined) return undefined;
  return {
    rule: 'element-remove-edit',
    outcome: 'noted',
    ...s.common,
    theirs: partyOfHead(cause),
    otherwise: elementBack(m, found!.component, found!.gone, m.input.present),
  };
}

const theirsOf = (e: HeadEdit | undefined): Pick<ReceiptLine, 'theirs'> =>
  e === undefined ? {} : { theirs: partyOfHead(e) };

/** The edit of Head's that took away what the item needs, when that is what a rule is about. */
function causeOf(entries: readonly HeadEdit[], why: RuleId, m: Mutation): HeadEdit | undefined {
  if (why.startsWith('erase')) return entries.findLast((e) => e.m.kind === 'component.erase');
  if (why === 'record-remove-set') return entries.findLast((e) => e.m.kind === 'record.remove');
  if (why === 'mark-protect') return entries.findLast((e) => e.m.kind === 'record.create');
  if (why !== 'element-remove-edit') return undefined;
  return entries.findLast((e) => e.m.kind === 'element.remove' && 'path' in m && isWithin(m.path, e.m.path));
}

/** A text edit that was carried over Head's. */
function carried(v: UnitView, s: Seen): ReceiptLine | undefined {
  const { m, writes, unit } = v;
  // It stands on the text that Head has in the end, whoever wrote that and how.
  if (!v.positions.some((at) => writesText(m.item(at))))
    for (const e of writes.entries) if (e.m.kind === 'text.edit' || setsText(e.m)) v.covered.add(e);
  const wanted = s.before?.m;
  if (wanted === undefined || wanted === s.item.m || wanted.kind !== 'text.edit') return undefined;
  const cause = writes.find('text.edit') ?? writes.entries.at(-1);
  if (cause === undefined) return undefined;
  const textOf = (reader: Reader): string | undefined => factAt(reader, wanted);
  if (textOf(m.draft) !== textOf(m.input.head))
    return transformed(s, cause, mutationsFor(s.place, s.common.now ?? undefined, m.input.head.get('functions', unit)));
  // The text is Head's: the other outcome is what the author made of it in the end.
  const last = v.positions.findLast((at) => m.item(at).m.kind === 'text.edit')!;
  const own = (m.before(last) ?? m.item(last)).m;
  if (own.kind !== 'text.edit' || textOf(m.draft) === canonical(own.to)) return undefined;
  return transformed(s, cause, [forced(own)]);
}

const transformed = (s: Seen, cause: HeadEdit, otherwise: readonly Mutation[]): ReceiptLine => ({
  rule: 'text-text',
  outcome: 'transformed',
  ...s.common,
  theirs: partyOfHead(cause),
  otherwise,
});

/** Head decided the same thing otherwise, and it does not show. */
function overridden(v: UnitView, s: Seen): ReceiptLine | undefined {
  const { m } = v;
  const { item, same, place, before } = s;
  if (same === undefined || agrees(m.input.head, item.m) || factAt(m.draft, item.m) === factAt(m.input.head, item.m))
    return undefined;
  v.covered.add(same);
  const theirs = m.input.head.get(place.category, place.key);
  const isField = s.common.now !== null && (same.m.kind === 'record.set' || same.m.kind === 'text.edit');
  return {
    rule: propertyRule(m, item) ?? clashRule(item.m, same.m),
    outcome: before !== undefined && before.m !== item.m ? 'transformed' : 'overridden',
    ...s.common,
    theirs: partyOfHead(same),
    otherwise: isField ? [forced(same.m)] : mutationsFor(place, s.common.now ?? undefined, theirs),
  };
}

function propertyRule(m: Merging, item: Item): RuleId | undefined {
  const rule = m.rules.at(item.m);
  return rule === undefined ? undefined : `property-${rule}`;
}

/** A property rule made one value of both, and it is Head's. */
function combined(v: UnitView, s: Seen): ReceiptLine | undefined {
  const { item, same, before } = s;
  if (same === undefined || before === undefined || before.m === item.m) return undefined;
  const rule = propertyRule(v.m, item) ?? 'value-value';
  return { rule, outcome: 'transformed', ...s.common, theirs: partyOfHead(same), otherwise: [before.m] };
}

/** It stands beneath a mark of Head's. */
function masked(v: UnitView, s: Seen): ReceiptLine | undefined {
  const { m, writes, unit } = v;
  const mark = writes.find('component.mark');
  const isThere = m.draft.get('components', unit) !== undefined;
  if (mark === undefined || !isThere || !isEdit(s.item.m) || !isMarked(m.draft, unit as ComponentId)) return undefined;
  const otherwise: Mutation[] = [{ kind: 'component.unmark', component: unit as ComponentId }];
  return { rule: 'mark-edit', outcome: 'masked', ...s.common, theirs: partyOfHead(mark), otherwise };
}

/** It stands where the variant that Head moved the component to has no place. */
function parked(v: UnitView, s: Seen): ReceiptLine | undefined {
  const { m, writes, unit } = v;
  const cause = writes.find('component.retype');
  if (cause === undefined || !isParked(m.draft, s.item.m)) return undefined;
  const { head, present } = m.input;
  const place: Place = { category: 'components', key: unit };
  const otherwise = mutationsFor(place, head.get('components', unit), present.get('components', unit));
  // The author chose that variant, or another that stands.
  if (otherwise.length === 0 || head.get('components', unit) !== m.draft.get('components', unit)) return undefined;
  return { rule: 'upgrade-value', outcome: 'parked', ...s.common, theirs: partyOfHead(cause), otherwise };
}
