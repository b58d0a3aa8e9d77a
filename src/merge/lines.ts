// The receipt of one merge, made when everything is placed: a line for every item that does not stand as it is, for every
// edit of Head's that does not show, for what is hidden or has no place, and for every repair. Made from what the merge
// knows, in the order of the items and then of Head's edits, so that either route gives the same lines.

import type { ComponentId } from '../base/ids.ts';
import { canonical, compareText, type Json } from '../base/json.ts';
import { type Cell, cellText, parseCell } from '../model/cell.ts';
import { cellKey, idLength, placementKey, splitCellKey } from '../model/keys.ts';
import { findComponent, isMarked, specOfComponent } from '../model/lookup.ts';
import { wellKnown } from '../model/path.ts';
import { matchPattern } from '../model/pattern.ts';
import { checkLiteral } from '../model/property.ts';
import { propertyAt } from '../model/schema.ts';
import { readImage } from '../mutation/component.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { Dropped } from './acyclic.ts';
import { agrees } from './contest.ts';
import { mutationsFor } from './difference.ts';
import type { Item } from './item.ts';
import type { HeadEdit, Merging } from './merging.ts';
import { leaveTheSame } from './plain.ts';
import type { Outcome, Party, ReceiptLine } from './receipt.ts';
import { type Repair, sharedResources } from './repair.ts';
import { clashRule, pairRule, type RuleId } from './rules.ts';
import { componentOf, type Place, placeOf, unitOf } from './side.ts';

export interface Findings {
  readonly dropped: readonly Dropped[];
  readonly repairs: readonly Repair[];
}

export function linesOf(m: Merging, headVersion: number, findings: Findings): ReceiptLine[] {
  const lines: ReceiptLine[] = [];
  const changed = new Map(m.changes());
  const sorted = [...m.affected].filter((unit) => m.plain.get(unit)?.length !== 0).sort(compareText);
  for (const unit of sorted) {
    const contested = m.plain.get(unit);
    if (contested === undefined) unitLines(m, unit, headVersion, changed, lines);
    else for (const [at, theirs] of contested) plainLine(m, at, theirs, headVersion, lines);
  }
  for (const d of findings.dropped) cycleLine(m, d, headVersion, changed, lines);
  for (const r of findings.repairs) repairLine(m, r, headVersion, lines);
  parkedByVariant(m, headVersion, lines);
  notes(m, headVersion, lines);
  return lines;
}

export const partyOf = (item: Item): Party => ({
  author: item.author,
  atMs: item.atMs,
  version: item.version,
  wanted: item.m,
});

export const partyOfHead = (e: HeadEdit): Party => ({
  author: e.author,
  atMs: e.atMs,
  version: e.version,
  wanted: e.m,
  changeSet: e.changeSet,
});

/** The path people read: of a value its path, of another fact its key. */
export function pathOf(m: Mutation): string {
  if ('path' in m) return m.path;
  if (m.kind === 'record.set') return m.field;
  if (m.kind === 'text.edit') return 'text';
  return 'key' in m && m.key !== unitOf(m) ? m.key : '';
}

const stands = (item: Item): boolean => item.placed === undefined || item.placed.length > 0;

function unitLines(
  m: Merging,
  unit: string,
  headVersion: number,
  changed: ReadonlyMap<number, Item>,
  lines: ReceiptLine[],
): void {
  const { head, theirs } = m.input;
  const writes = m.writes(unit);
  const positions = m.positions(unit);
  const now = (place: Place): string | null => m.draft.get(place.category, place.key) ?? null;
  const covered = new Set<HeadEdit>();
  const lastOn = new Map<string, number>();
  for (const at of positions) if (stands(m.item(at))) lastOn.set(factOf(m.item(at).m), at);
  const markedByHead = writes.find('component.mark');
  const markedByUs = positions.findLast((at) => m.item(at).m.kind === 'component.mark' && stands(m.item(at)));
  const isHidden = markedByHead !== undefined && isMarked(m.draft, unit as ComponentId);
  let imageGiven = false;

  for (const at of positions) {
    const item = m.item(at);
    const place = placeOf(item.m);
    const same = writes.sameAs(item.m);
    const common = { subject: unit, path: pathOf(item.m), place, headVersion, item: at, mine: partyOf(item) };
    if (
      item.placed !== undefined &&
      item.why !== 'value-cycle' &&
      item.why !== 'depends-loop' &&
      item.why !== 'manages-loop'
    ) {
      if (!changed.has(at) && writes.entries.length === 0) continue;
      const why = item.why!;
      const cause = same ?? causeOf(writes.entries, why);
      const outcome: Outcome =
        item.yields !== undefined ? 'superseded' : item.placed.length === 0 ? 'dropped' : 'transformed';
      const otherwise: Mutation[] = [];
      if (why.startsWith('erase') && !imageGiven) {
        const image = readImage(m.input.present, unit as ComponentId);
        if (image !== undefined) otherwise.push({ kind: 'component.create', component: unit as ComponentId, image });
        imageGiven = true;
      } else if (why === 'mark-protect')
        otherwise.push({ kind: 'record.remove', noun: 'flag', key: `${unit}/flag/protect` }, item.m);
      else if (outcome === 'transformed') {
        for (const e of writes.entries) {
          if (!item.placed.some((p) => p !== item.m && placeOf(p).key === placeOf(e.m).key)) continue;
          covered.add(e);
          otherwise.push(e.m);
        }
      }
      if (otherwise.length === 0) otherwise.push(item.m);
      lines.push({
        rule: why,
        outcome,
        ...common,
        ...(cause === undefined ? {} : { theirs: partyOfHead(cause) }),
        now: now(place),
        otherwise,
      });
      continue;
    }
    const before = m.before(at);
    if (item.m.kind === 'text.edit' && before !== undefined && before.m !== item.m) {
      const cause = writes.find('text.edit') ?? writes.entries.at(-1);
      if (cause !== undefined) {
        for (const e of writes.entries) if (e.m.kind === 'text.edit') covered.add(e);
        const text = head.get('functions', unit);
        lines.push({
          rule: 'text-text',
          outcome: 'transformed',
          ...common,
          mine: { ...partyOf(item), wanted: before.m },
          theirs: partyOfHead(cause),
          now: now(place),
          otherwise:
            text === now(place)
              ? [
                  {
                    kind: 'record.set',
                    noun: 'function',
                    key: unit,
                    field: 'text',
                    value: before.m.kind === 'text.edit' ? before.m.to : '',
                  },
                ]
              : mutationsFor(place, now(place) ?? undefined, text),
        });
      }
      continue;
    }
    if (
      same !== undefined &&
      lastOn.get(factOf(item.m)) === at &&
      !agrees(head, item.m) &&
      !leavesHeads(m, item, place)
    ) {
      covered.add(same);
      lines.push(
        overridden(m, { item, same, common, place, changedValue: before !== undefined && before.m !== item.m }),
      );
      continue;
    }
    if (same !== undefined && before !== undefined && before.m !== item.m) {
      lines.push({
        rule: propertyRule(m, item) ?? 'value-value',
        outcome: 'transformed',
        ...common,
        mine: { ...partyOf(item), wanted: before.m },
        theirs: partyOfHead(same),
        now: now(place),
        otherwise: [before.m],
      });
      continue;
    }
    if (isHidden && isEdit(item.m) && m.draft.get('components', unit) !== undefined) {
      lines.push({
        rule: 'mark-edit',
        outcome: 'masked',
        ...common,
        theirs: partyOfHead(markedByHead),
        now: now(place),
        otherwise: [{ kind: 'component.unmark', component: unit as ComponentId }],
      });
      continue;
    }
    const cause = writes.find('component.retype');
    if (cause !== undefined && parkedBy(m, item.m)) {
      const text = head.get('components', unit);
      const was = m.input.present.get('components', unit);
      lines.push({
        rule: 'upgrade-value',
        outcome: 'parked',
        ...common,
        theirs: partyOfHead(cause),
        now: now(place),
        otherwise: mutationsFor({ category: 'components', key: unit }, text, was),
      });
    }
  }
  if (theirs === undefined) return;
  for (const e of writes.entries) headLine(m, unit, e, { headVersion, covered, markedByUs, lines });
}

/** What `unitLines` comes to where both sides meet plainly and no rule is declared: Head's value gives way to another. */
function plainLine(m: Merging, at: number, theirs: HeadEdit, headVersion: number, lines: ReceiptLine[]): void {
  const item = m.item(at);
  if (leaveTheSame(item.m, theirs.m)) return;
  lines.push({
    rule: clashRule(item.m, theirs.m),
    outcome: 'overridden',
    subject: unitOf(item.m),
    path: pathOf(item.m),
    place: placeOf(item.m),
    headVersion,
    item: at,
    mine: partyOf(item),
    theirs: partyOfHead(theirs),
    now: item.m.kind === 'cell.set' ? cellText(item.m.cell) : null,
    otherwise: [theirs.m],
  });
}

/** What a line is about at the grain of facts: a key, or one field of a record. */
function factOf(m: Mutation): string {
  const { key } = placeOf(m);
  return m.kind === 'record.set' ? `${key} ${m.field}` : key;
}

function leavesHeads(m: Merging, item: Item, place: Place): boolean {
  const theirs = m.input.head.get(place.category, place.key);
  const now = m.draft.get(place.category, place.key);
  if (item.m.kind === 'record.set') {
    const field = item.m.field;
    const of = (text: string | undefined): string =>
      text === undefined ? '' : canonical((JSON.parse(text) as Record<string, Json>)[field] ?? null);
    return of(theirs) === of(now);
  }
  return theirs === now;
}

function propertyRule(m: Merging, item: Item): RuleId | undefined {
  const rule = m.rules.at(item.m);
  return rule === undefined || rule === 'change-set-wins' ? undefined : `property-${rule}`;
}

function overridden(
  m: Merging,
  o: {
    item: Item;
    same: HeadEdit;
    common: Omit<ReceiptLine, 'rule' | 'outcome' | 'now' | 'otherwise'>;
    place: Place;
    changedValue: boolean;
  },
): ReceiptLine {
  const { item, same, common, place } = o;
  const now = m.draft.get(place.category, place.key);
  const theirs = m.input.head.get(place.category, place.key);
  const otherwise =
    same.m.kind === 'record.set' || same.m.kind === 'text.edit' ? [same.m] : mutationsFor(place, now, theirs);
  const rule = propertyRule(m, item) ?? clashRule(item.m, same.m);
  return {
    rule,
    outcome: o.changedValue ? 'transformed' : 'overridden',
    ...common,
    theirs: partyOfHead(same),
    now: now ?? null,
    otherwise,
  };
}

function isEdit(m: Mutation): boolean {
  return !m.kind.startsWith('component.') || m.kind === 'component.retype';
}

/** The edit of Head's that is behind a rule, among those of the unit. */
function causeOf(entries: readonly HeadEdit[], why: RuleId): HeadEdit | undefined {
  if (why.startsWith('erase')) return entries.findLast((e) => e.m.kind === 'component.erase');
  if (why === 'element-remove-edit') return entries.findLast((e) => e.m.kind === 'element.remove') ?? entries.at(-1);
  if (why === 'record-remove-set') return entries.findLast((e) => e.m.kind === 'record.remove') ?? entries.at(-1);
  return entries.at(-1);
}

/** An edit of Head's that does not show, or is hidden, and is on no line yet. */
function headLine(
  m: Merging,
  unit: string,
  e: HeadEdit,
  o: { headVersion: number; covered: ReadonlySet<HeadEdit>; markedByUs: number | undefined; lines: ReceiptLine[] },
): void {
  if (o.covered.has(e) || m.writes(unit).sameAs(e.m) !== e) return;
  const place = placeOf(e.m);
  const theirs = m.input.head.get(place.category, place.key);
  const now = m.draft.get(place.category, place.key);
  const common = { subject: unit, path: pathOf(e.m), place, headVersion: o.headVersion, theirs: partyOfHead(e) };
  if (theirs !== now && (e.m.kind !== 'record.set' || now === undefined)) {
    const at = m.positions(unit).findLast((i) => stands(m.item(i)));
    const item = at === undefined ? undefined : m.item(at);
    const gone = now === undefined && m.draft.get('components', unit) === undefined && componentOf(e.m) !== undefined;
    const rule = gone ? pairRule('component.erase', e.m.kind) : item === undefined ? 'apart' : clashRule(item.m, e.m);
    o.lines.push({
      rule,
      outcome: 'overridden',
      ...common,
      ...(item === undefined ? {} : { item: at!, mine: partyOf(item) }),
      now: now ?? null,
      otherwise: mutationsFor(place, now, theirs),
    });
    return;
  }
  if (o.markedByUs !== undefined && isEdit(e.m)) {
    const item = m.item(o.markedByUs);
    o.lines.push({
      rule: 'mark-edit',
      outcome: 'masked',
      ...common,
      item: o.markedByUs,
      mine: partyOf(item),
      now: now ?? null,
      otherwise: [{ kind: 'component.unmark', component: unit as ComponentId }],
    });
    return;
  }
  const at = m.positions(unit).findLast((i) => m.item(i).m.kind === 'component.retype' && stands(m.item(i)));
  if (at !== undefined && parkedBy(m, e.m)) {
    const item = m.item(at);
    o.lines.push({
      rule: 'upgrade-value',
      outcome: 'parked',
      ...common,
      item: at,
      mine: partyOf(item),
      now: now ?? null,
      otherwise: mutationsFor(
        { category: 'components', key: unit },
        m.draft.get('components', unit),
        m.input.head.get('components', unit),
      ),
    });
  }
}

/** Has the component's variant no place for what the mutation leaves? */
function parkedBy(m: Merging, mutation: Mutation): boolean {
  if (mutation.kind !== 'cell.set') return false;
  const { component, path } = mutation;
  const record = findComponent(m.draft, component);
  const spec = record && specOfComponent(m.draft, record);
  const text = m.draft.get('cells', cellKey(component, path));
  if (spec === undefined || text === undefined || path === wellKnown.deletedAt) return false;
  const located = propertyAt(spec, path);
  if (located === undefined) return true;
  const cell: Cell = parseCell(text);
  return 'v' in cell && cell.v !== null && !checkLiteral(located.property, cell.v, path, matchPattern).ok;
}

/** Values that an edited variant has no place for: the variant is one side's, the value the other's. */
function parkedByVariant(m: Merging, headVersion: number, lines: ReceiptLine[]): void {
  const { theirs } = m.input;
  if (theirs === undefined) return;
  const isSpec = (x: Mutation): x is Extract<Mutation, { kind: 'record.set' }> =>
    x.kind === 'record.set' && x.noun === 'variant' && x.field === 'spec';
  const specs = theirs.contents.map((at) => theirs.entries[at]!).filter((e) => isSpec(e.m));
  for (const e of specs) {
    const variant = 'key' in e.m ? e.m.key.slice(idLength + 1) : '';
    for (let at = 0; at < m.count; at++) {
      const item = m.item(at);
      if (item.m.kind !== 'cell.set' || !stands(item)) continue;
      if (findComponent(m.draft, item.m.component)?.variant !== variant || !parkedBy(m, item.m)) continue;
      const place = placeOf(item.m);
      lines.push({
        rule: 'schema-value',
        outcome: 'parked',
        subject: item.m.component,
        path: item.m.path,
        place,
        headVersion,
        item: at,
        mine: partyOf(item),
        theirs: partyOfHead(e),
        now: m.draft.get(place.category, place.key) ?? null,
        otherwise: [item.m],
      });
    }
  }
  for (const at of m.input.pending.side.contents) {
    const item = m.item(at);
    if (!isSpec(item.m)) continue;
    const variant = item.m.key.slice(idLength + 1);
    for (const e of theirs.entries) {
      if (e.m.kind !== 'cell.set' || findComponent(m.draft, e.m.component)?.variant !== variant) continue;
      if (!parkedBy(m, e.m)) continue;
      const place = placeOf(e.m);
      lines.push({
        rule: 'schema-value',
        outcome: 'parked',
        subject: e.m.component,
        path: e.m.path,
        place,
        headVersion,
        item: at,
        mine: partyOf(item),
        theirs: partyOfHead(e),
        now: m.draft.get(place.category, place.key) ?? null,
        otherwise: [e.m],
      });
    }
  }
}

function cycleLine(
  m: Merging,
  d: Dropped,
  headVersion: number,
  changed: ReadonlyMap<number, Item>,
  lines: ReceiptLine[],
): void {
  if (!changed.has(d.at)) return;
  const item = m.item(d.at);
  const { theirs } = m.input;
  const onCycle = new Set(d.cycle.map((step) => step.slice(0, idLength)));
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
    now: m.draft.get(place.category, place.key) ?? null,
    cycle: d.cycle,
    otherwise: [...breakingEdits(m, cause), item.m],
  });
}

/** What takes Head's edge off the cycle, so that the change set's can stand. */
function breakingEdits(m: Merging, cause: HeadEdit | undefined): Mutation[] {
  if (cause === undefined) return [];
  const place = placeOf(cause.m);
  if (cause.m.kind !== 'cell.set') return [];
  const at = splitCellKey(place.key);
  return m.draft.get(place.category, place.key) === undefined
    ? []
    : [{ kind: 'cell.unset', component: at.component, path: at.path }];
}

function repairLine(m: Merging, r: Repair, headVersion: number, lines: ReceiptLine[]): void {
  const known = new Set(m.input.pending.repairs.map((x) => canonical(x as unknown as Json)));
  if (r.mutations.every((x) => known.has(canonical(x as unknown as Json)))) return;
  const [first] = r.mutations;
  const place = placeOf(first!);
  const item = r.at === undefined ? itemBehind(m, r, place) : r.at;
  const theirs = editBehind(m, r, place);
  const present = m.input.present.get(place.category, place.key);
  const head = m.input.head.get(place.category, place.key);
  const now = m.draft.get(place.category, place.key);
  lines.push({
    rule: r.rule,
    outcome: 'repaired',
    subject: r.subject,
    path: r.path,
    place,
    headVersion,
    ...(item === undefined ? {} : { item, mine: partyOf(m.item(item)) }),
    ...(theirs === undefined ? {} : { theirs: partyOfHead(theirs) }),
    now: now ?? null,
    repair: r.mutations,
    otherwise: mutationsFor(place, now, present !== now ? present : head),
  });
}

function itemBehind(m: Merging, r: Repair, place: Place): number | undefined {
  const of = (unit: string): number | undefined =>
    m.positions(unit).findLast((at) => placeOf(m.item(at).m).key === place.key);
  return of(r.subject) ?? m.positions(r.subject).at(-1);
}

function editBehind(m: Merging, r: Repair, place: Place): HeadEdit | undefined {
  const { theirs } = m.input;
  const at = (unit: string): HeadEdit | undefined =>
    m.writes(unit).entries.findLast((e) => placeOf(e.m).key === place.key) ?? m.writes(unit).entries.at(-1);
  if (theirs === undefined) return undefined;
  for (const unit of [r.subject, place.key.slice(0, idLength), place.key.slice(idLength + 1)]) {
    const found = at(unit);
    if (found !== undefined) return found;
  }
  for (const removal of theirs.removals) {
    const e = theirs.entries[removal]!;
    if (r.rule === 'source-erased' && e.m.kind === 'component.erase') return e;
  }
  return undefined;
}

/** What nothing was changed for and somebody should know. */
function notes(m: Merging, headVersion: number, lines: ReceiptLine[]): void {
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
      now: m.draft.get(place.category, place.key) ?? null,
      otherwise: [],
    });
  }
}

function ownComponents(m: Merging): ComponentId[] {
  const out: ComponentId[] = [];
  for (const unit of m.input.pending.side.units.keys())
    if (m.draft.get('components', unit) !== undefined) out.push(unit as ComponentId);
  return out;
}
