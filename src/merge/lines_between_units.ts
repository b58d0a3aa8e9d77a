// Receipt lines about what one unit does to another: edges that would close a cycle, the engine's repairs, values that
// an edited variant has no place for, and what somebody should know although nothing was changed.

import type { ComponentId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { cellText } from '../model/cell.ts';
import { cellKey, idLength, placementKey, splitCellKey } from '../model/keys.ts';
import { findComponent, isMarked } from '../model/lookup.ts';
import { wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { Dropped } from './acyclic.ts';
import { mutationsFor } from './difference.ts';
import type { Item } from './item.ts';
import { isParked, nowAt, partyOf, partyOfHead, pathOf, stands } from './line_parts.ts';
import type { HeadEdit, Merging } from './merging.ts';
import type { ReceiptLine } from './receipt.ts';
import type { Repair } from './repair.ts';
import { sharedResources } from './repair_content.ts';
import { type Place, placeOf, unitOf } from './side.ts';

export function cycleLine(
  m: Merging,
  d: Dropped,
  headVersion: number,
  changed: ReadonlyMap<number, Item>,
  lines: ReceiptLine[],
): void {
  if (!changed.has(d.at)) return;
  const item = m.item(d.at);
  const { theirs } = m.input;
  const onCycle = new Set([...d.cycle, ...d.keys].map((step) => step.slice(0, idLength)));
  const cause = theirs?.entries.findLast(
    (e) =>
      onCycle.has(unitOf(e.m)) &&
      (e.m.kind === 'cell.set' || e.m.kind === 'record.create' || e.m.kind === 'component.create'),
  );
  const place = placeOf(item.m);
  lines.push({
    rule: d.rule,
    outcome: 'dropped',
    subject: unitOf(item.m),
    path: pathOf(item.m),
    place,
    headVersion,
    item: d.at,
    mine: partyOf(item),
    ...(cause === undefined ? {} : { theirs: partyOfHead(cause) }),
    now: nowAt(m, place),
    cycle: d.cycle,
    otherwise: [...breakingEdits(m, cause), item.m],
  });
}

/** What takes Head's edge off the cycle, so that the change set's can stand. */
function breakingEdits(m: Merging, cause: HeadEdit | undefined): Mutation[] {
  if (cause === undefined) return [];
  const place = placeOf(cause.m);
  if (cause.m.kind === 'record.create' && cause.m.noun === 'binding') {
    const { noun, key } = cause.m;
    return m.draft.get(place.category, key) === undefined ? [] : [{ kind: 'record.remove', noun, key }];
  }
  if (cause.m.kind !== 'cell.set') return [];
  const at = splitCellKey(place.key);
  return m.draft.get(place.category, place.key) === undefined
    ? []
    : [{ kind: 'cell.unset', component: at.component, path: at.path }];
}

export function repairLine(m: Merging, r: Repair, headVersion: number, lines: ReceiptLine[]): void {
  if (r.mutations.every((x) => isKnown(m, x))) return;
  const [first] = r.mutations;
  const place = placeOf(first!);
  const item = r.at ?? itemBehind(m, r, first!);
  const theirs = editBehind(m, r, first!);
  lines.push({
    rule: r.rule,
    outcome: 'repaired',
    subject: r.subject,
    path: r.path,
    place,
    headVersion,
    ...(item === undefined ? {} : { item, mine: partyOf(m.item(item)) }),
    ...(theirs === undefined ? {} : { theirs: partyOfHead(theirs) }),
    now: nowAt(m, place),
    repair: r.mutations,
    otherwise: instead(m, r),
  });
}

/** What makes it as it was without the repair. */
function instead(m: Merging, r: Repair): Mutation[] {
  const [first] = r.mutations;
  if (r.rule !== 'moved-twice') return withoutRepair(m, r, placeOf(first!));
  // Head's component lets go of what the change set's takes over.
  return r.mutations.flatMap((x) => {
    const { key } = placeOf(x);
    const theirs: Place = { category: 'cells', key: r.about! + key.slice(idLength) };
    return [...mutationsFor(theirs, m.draft.get('cells', theirs.key), undefined), ...withoutRepair(m, r, placeOf(x))];
  });
}

/** What was there without the repair: Head's where Head has it, else the change set's; of a removal the removal. */
function withoutRepair(m: Merging, r: Repair, place: Place): Mutation[] {
  const now = m.draft.get(place.category, place.key);
  const head = m.input.head.get(place.category, place.key);
  const present = m.input.present.get(place.category, place.key);
  const isHeads = head !== now && (head !== undefined || present === now || r.rule === 'used-removed');
  return mutationsFor(place, now, isHeads ? head : present);
}

/** Was the repair made before, and has Head not touched what it is about since? */
function isKnown(m: Merging, x: Mutation): boolean {
  const text = canonical(x as unknown as Json);
  const { key } = placeOf(x);
  return (
    m.input.pending.repairs.some((known) => canonical(known as unknown as Json) === text) &&
    !m.writes(unitOf(x)).entries.some((e) => placeOf(e.m).key === key)
  );
}

/** The item that wrote what was repaired, else one about the noun that the repair is for. */
function itemBehind(m: Merging, r: Repair, first: Mutation): number | undefined {
  const { key } = placeOf(first);
  const exact = m.positions(unitOf(first)).findLast((at) => placeOf(m.item(at).m).key === key);
  return exact ?? (r.about === undefined ? undefined : lastRemoval(m.positions(r.about), (at) => m.item(at).m));
}

function editBehind(m: Merging, r: Repair, first: Mutation): HeadEdit | undefined {
  const { key } = placeOf(first);
  if (r.rule === 'moved-twice') {
    const taking = r.about! + key.slice(idLength);
    return m.writes(r.about!).entries.findLast((e) => placeOf(e.m).key === taking || e.m.kind === 'component.create');
  }
  const exact = m.writes(unitOf(first)).entries.findLast((e) => placeOf(e.m).key === key);
  return exact ?? (r.about === undefined ? undefined : lastRemoval(m.writes(r.about).entries, (e) => e.m));
}

/** The last that takes something away, else the last. */
function lastRemoval<T>(list: readonly T[], of: (x: T) => Mutation): T | undefined {
  return list.findLast((x) => of(x).kind === 'component.erase' || of(x).kind === 'record.remove') ?? list.at(-1);
}

/** What nothing was changed for and somebody should know. */
export function notes(m: Merging, headVersion: number, lines: ReceiptLine[]): void {
  const { theirs } = m.input;
  for (const { at, component, others } of sharedResources(m)) {
    const item = m.item(at);
    const theirsOf = others.map((o) => m.writes(o).entries.at(-1)).find((e) => e !== undefined);
    if (theirsOf === undefined) continue;
    const place: Place = { category: 'cells', key: cellKey(component, wellKnown.resourceId) };
    lines.push({
      rule: 'resource-shared',
      outcome: 'noted',
      subject: component,
      path: wellKnown.resourceId,
      place,
      headVersion,
      item: at,
      mine: partyOf(item),
      theirs: partyOfHead(theirsOf),
      now: m.draft.get('cells', place.key) ?? null,
      otherwise: [{ kind: 'cell.unset', component, path: wellKnown.resourceId }],
    });
  }
  hiddenSources(m, headVersion, lines);
  for (const at of theirs?.contents ?? []) {
    const e = theirs!.entries[at]!;
    if (!('noun' in e.m) || e.m.noun !== 'approvers') continue;
    const view = e.m.key.slice(0, idLength);
    const touched = ownComponents(m).find((c) => m.draft.get('views', placementKey(view as never, c)) !== undefined);
    if (touched === undefined) continue;
    const item = m.positions(touched).at(-1)!;
    const place = placeOf(e.m);
    lines.push({
      rule: 'approvers-edit',
      outcome: 'noted',
      subject: view,
      path: 'approvers',
      place,
      headVersion,
      item,
      mine: partyOf(m.item(item)),
      theirs: partyOfHead(e),
      now: nowAt(m, place),
      otherwise: [],
    });
  }
}

/** Subscriptions of one side to a component that the other has marked: they stand and show nothing. */
function hiddenSources(m: Merging, headVersion: number, lines: ReceiptLine[]): void {
  const { theirs, pending } = m.input;
  if (theirs === undefined) return;
  const say = (at: number, e: HeadEdit, follower: Mutation, source: ComponentId): void => {
    if (follower.kind !== 'cell.set' || !isMarked(m.draft, source)) return;
    const place = placeOf(follower);
    if (m.draft.get(place.category, place.key) !== cellText(follower.cell)) return;
    lines.push({
      rule: 'source-deleted',
      outcome: 'masked',
      subject: follower.component,
      path: follower.path,
      place,
      headVersion,
      item: at,
      mine: partyOf(m.item(at)),
      theirs: partyOfHead(e),
      now: nowAt(m, place),
      otherwise: [{ kind: 'component.unmark', component: source }],
    });
  };
  for (const removal of theirs.removals) {
    const e = theirs.entries[removal]!;
    if (e.m.kind !== 'component.mark') continue;
    for (const at of m.referring(e.m.component)) say(at, e, m.item(at).m, e.m.component);
  }
  for (const at of pending.side.removals) {
    const { m: mark } = m.item(at);
    if (mark.kind !== 'component.mark') continue;
    for (const user of theirs.referring(mark.component)) {
      const e = theirs.entries[user]!;
      say(at, e, e.m, mark.component);
    }
  }
}

function ownComponents(m: Merging): ComponentId[] {
  const out: ComponentId[] = [];
  for (const unit of m.input.pending.side.units.keys())
    if (m.draft.get('components', unit) !== undefined) out.push(unit as ComponentId);
  return out;
}

/** Values that an edited variant has no place for: the variant is one side's, the value the other's. */
export function parkedByVariant(m: Merging, headVersion: number, lines: ReceiptLine[]): void {
  const { theirs } = m.input;
  if (theirs === undefined) return;
  const isSpec = (x: Mutation): x is Extract<Mutation, { kind: 'record.set' }> =>
    x.kind === 'record.set' && x.noun === 'variant' && x.field === 'spec';
  const moved = new Set(lines.filter((l) => l.rule === 'upgrade-value').map((l) => `${l.subject} ${l.path}`));
  const say = (at: number, e: HeadEdit, spec: Mutation, value: Mutation, other: Reader): void => {
    if (value.kind !== 'cell.set') return;
    const { component, path } = value;
    const variantBack = specBack(m, spec, other);
    // Of a variant that the other side never saw there is no other document: its component was of another variant.
    if (variantBack.length === 0 && moved.has(`${component} ${path}`)) return;
    const place = placeOf(value);
    lines.push({
      rule: 'schema-value',
      outcome: 'parked',
      subject: component,
      path,
      place,
      headVersion,
      item: at,
      mine: partyOf(m.item(at)),
      theirs: partyOfHead(e),
      now: nowAt(m, place),
      otherwise: variantBack.length > 0 ? variantBack : recordBack(m, component, other),
    });
  };
  const specs = theirs.contents.map((at) => theirs.entries[at]!).filter((e) => isSpec(e.m));
  for (const e of specs) {
    const variant = 'key' in e.m ? e.m.key.slice(idLength + 1) : '';
    for (let at = 0; at < m.count; at++) {
      const item = m.item(at);
      if (item.m.kind !== 'cell.set' || !stands(item)) continue;
      if (findComponent(m.draft, item.m.component)?.variant !== variant || !isParked(m.draft, item.m)) continue;
      if (isParked(m.input.present, item.m)) continue; // Its author has seen that.
      say(at, e, e.m, item.m, m.input.present);
    }
  }
  for (const at of m.input.pending.side.contents) {
    const item = m.item(at);
    if (!isSpec(item.m)) continue;
    const variant = item.m.key.slice(idLength + 1);
    for (const e of theirs.entries) {
      if (e.m.kind !== 'cell.set' || findComponent(m.draft, e.m.component)?.variant !== variant) continue;
      if (!isParked(m.draft, e.m) || isParked(m.input.head, e.m)) continue;
      say(at, e, item.m, e.m, m.input.head);
    }
  }
}

/** The component's variant as the other side has it. */
function recordBack(m: Merging, component: ComponentId, other: Reader): Mutation[] {
  const place: Place = { category: 'components', key: component };
  return mutationsFor(place, nowAt(m, place) ?? undefined, other.get(place.category, place.key));
}

/** The variant's document as the other side has it. */
function specBack(m: Merging, edit: Mutation, other: Reader): Mutation[] {
  const place = placeOf(edit);
  return mutationsFor(place, nowAt(m, place) ?? undefined, other.get(place.category, place.key)).filter(
    (back) => back.kind === 'record.set' && back.field === 'spec',
  );
}
