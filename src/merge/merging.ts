// One merge under way: Head's state with the items of a pending change placed on it, unit by unit. Units that both sides
// touch are replayed item by item against Head's values; all others are carried over blindly. The same state can be
// reached from Head's state or from the change set's own, whichever is nearer: what is touched is known either way.

import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { findRecord } from '../model/lookup.ts';
import { ancestorsOf, type Path } from '../model/path.ts';
import { isLiteral, type Literal, Literals } from '../mutation/literals.ts';
import { apply, type CellMutation, type Mutation } from '../mutation/mutation.ts';
import { applyText, type TextChange } from '../mutation/text.ts';
import type { Snapshot, SnapshotDraft } from '../snapshot/snapshot.ts';
import { contestUnit, MergeRules, Writes } from './contest.ts';
import { keysOfComponent, Touched, writeKey } from './difference.ts';
import type { Item, Pending } from './item.ts';
import { type Forms, type Placement, placeItem } from './place.ts';
import { meetPlainly, plainLine } from './plain.ts';
import type { ReceiptLine } from './receipt.ts';
import type { RuleId } from './rules.ts';
import { placeOf, Side, unitOf } from './side.ts';
import { composed, transformText, writesText } from './text_transform.ts';

/** One edit of Head's: a mutation of a change set that was applied. */
export interface HeadEdit {
  readonly m: Mutation;
  readonly author: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
  /** The change set that brought it. */
  readonly changeSet: ChangeSetId;
  /** Head version that has it. */
  readonly version: number;
}

export type Route = 'head' | 'own';

export interface MergeInput {
  /** Head's state, with what is merged. */
  readonly head: Snapshot;
  /** The change set's state before. */
  readonly present: Snapshot;
  readonly pending: Pending;
  /** What Head has brought since; absent when only the change set itself has moved. */
  readonly theirs?: Side<HeadEdit>;
  /** Items to be added behind the others; they are checked against Head like all that Head touches. */
  readonly extra?: readonly Item[];
  /** What stood for items that have been taken out of `pending`; the present state still has it. */
  readonly dropped?: readonly Mutation[];
  /**
   * States that still have what Head has removed, newest first: Head's state before `theirs` (see `removesUsable`); for
   * late items Head's state of each version since, then the one their author made. `present` alone may not have seen what
   * passed by, and shows edits of the change set that give way now.
   */
  readonly seen?: readonly Snapshot[];
  /** Which state to start from; by default the nearer one. The result is the same. */
  readonly route?: Route;
}

export class Merging {
  readonly input: MergeInput;
  /** For the receipt: 0 when only the change set itself has moved. */
  readonly headVersion: number;
  readonly draft: SnapshotDraft;
  readonly route: Route;
  readonly touched = new Touched();
  readonly repairs: Mutation[] = [];
  readonly texts: Mutation[] = [];
  /** Units replayed item by item. */
  readonly affected = new Set<string>();
  /** The receipt's lines of units in which both sides meet plainly, in ascending order of these; see `isPlain`. */
  readonly plainLines: ReceiptLine[] = [];
  /** What the schemas of Head declare. */
  readonly rules: MergeRules;
  /** Nothing unsettled before and nothing added: only what Head touches has to be looked at. */
  readonly incremental: boolean;
  readonly extra: Side<Item>;
  /** Written together, before units are replayed. */
  readonly #literals = new Literals();
  /** Earlier merges' repairs, those of this one, and what was dropped, by unit: what has to be put back to what Head has. */
  readonly #repairsOf = new Map<string, Mutation[]>();
  readonly #changed = new Map<number, Item>();
  readonly #skipped = new Map<number, RuleId>();
  readonly #writes = new Map<string, Writes<HeadEdit>>();

  /** `leftOut`: items that are known to be left out, with the rule. */
  constructor(input: MergeInput, headVersion: number, leftOut: ReadonlyMap<number, RuleId> = new Map()) {
    this.input = input;
    this.headVersion = headVersion;
    this.rules = new MergeRules(input.head);
    const { pending, theirs, extra = [] } = input;
    this.extra = Side.of(extra);
    for (const m of [...pending.repairs, ...(input.dropped ?? [])]) this.#keepRepair(m);
    for (const [at, why] of leftOut) {
      this.#skipped.set(at, why);
      this.affected.add(unitOf(this.item(at).m));
    }
    this.incremental =
      theirs !== undefined && extra.length === 0 && pending.unsettled.size === 0 && pending.repairs.length === 0;
    this.route = input.route ?? ((theirs?.entries.length ?? 0) < pending.items.length ? 'own' : 'head');
    this.draft = (this.route === 'head' ? input.head : input.present).edit();
  }

  get count(): number {
    return this.input.pending.items.length + this.extra.entries.length;
  }

  item(at: number): Item {
    const changed = this.#changed.get(at);
    if (changed !== undefined) return changed;
    const { items } = this.input.pending;
    return at < items.length ? items[at]! : this.extra.entries[at - items.length]!;
  }

  /** Items that are another than before, by position, ascending. */
  changes(): [number, Item][] {
    return [...this.#changed].filter(([at, item]) => item !== this.before(at)).sort((a, b) => a[0] - b[0]);
  }

  before(at: number): Item | undefined {
    return this.input.pending.items[at];
  }

  /** Positions of the items of a unit, ascending. */
  positions(unit: string): readonly number[] {
    const own = this.input.pending.side.inUnit(unit);
    const added = this.extra.inUnit(unit);
    if (added.length === 0) return own;
    const from = this.input.pending.items.length;
    return [...own, ...added.map((at) => at + from)];
  }

  referring(id: string): readonly number[] {
    const from = this.input.pending.items.length;
    return [...this.input.pending.side.referring(id), ...this.extra.referring(id).map((at) => at + from)];
  }

  /** Head's edits of a unit. */
  writes(unit: string): Writes<HeadEdit> {
    let writes = this.#writes.get(unit);
    if (writes === undefined) {
      const { theirs } = this.input;
      writes = new Writes((theirs?.inUnit(unit) ?? []).map((at) => theirs!.entries[at]!));
      this.#writes.set(unit, writes);
    }
    return writes;
  }

  /** Places everything. */
  place(): void {
    const { pending, theirs, dropped = [] } = this.input;
    for (const at of pending.unsettled) this.affected.add(unitOf(pending.items[at]!.m));
    for (const m of [...pending.repairs, ...dropped]) this.affected.add(unitOf(m));
    for (const unit of this.extra.units.keys()) this.affected.add(unit);
    if (theirs !== undefined) {
      for (const at of pending.side.removals) {
        const { m, role } = this.item(at);
        if (role === 'head' && theirs.referring(unitOf(m)).length > 0) this.affected.add(unitOf(m));
      }
    }
    // In the order of the keys (`sort` alone is by code units): what lies beside each other is read and written together.
    const units = this.route === 'head' ? pending.side.units : theirs?.units;
    for (const unit of units === undefined ? [] : [...units.keys()].sort()) this.#carry(unit);
    const affected = [...this.affected].sort();
    if (theirs !== undefined) for (const unit of affected) this.#contest(unit);
    this.#literals.write(this.draft);
    for (const unit of affected) this.replay(unit);
  }

  /** Carries over what one side has in a unit, unless the two sides meet there in more than plain values. */
  #carry(unit: string): void {
    if (this.affected.has(unit)) return;
    const { pending, theirs } = this.input;
    const mine = pending.side.inUnit(unit);
    const other = theirs?.inUnit(unit) ?? [];
    if (mine.length > 0 && other.length > 0 && !this.#meetPlainly(mine, other)) this.affected.add(unit);
    else if (this.route === 'head') this.#placeAsBefore(mine);
    else this.#take(mine.length === 0 ? other : this.#unwritten(mine, other));
  }

  /** Do both sides meet in a unit in no more than values, of which those of the change set stand? */
  #meetPlainly(mine: readonly number[], other: readonly number[]): boolean {
    if (!this.incremental) return false;
    const { pending, theirs } = this.input;
    const { items } = pending;
    const contested = meetPlainly({ items, at: mine }, { entries: theirs!.entries, at: other });
    if (contested === undefined || contested.some(([at]) => this.rules.at(items[at]!.m) !== undefined)) return false;
    // At once, while the edits are at hand.
    for (const [at, edit] of contested) {
      const line = plainLine(items[at]!, edit, { at, headVersion: this.headVersion });
      if (line !== undefined) this.plainLines.push(line);
    }
    return true;
  }

  /** Of a unit in which the two sides met plainly: was nothing done there since? */
  isPlain(unit: string): boolean {
    return this.affected.size === 0 || !this.affected.has(unit);
  }

  /** What both sides have and was not left to the edits themselves is looked at item by item. */
  #noLongerPlain(unit: string): void {
    const { pending, theirs } = this.input;
    if (theirs?.units.has(unit) && pending.side.units.has(unit)) this.affected.add(unit);
  }

  /** Carries over items that Head has nothing to do with. */
  #placeAsBefore(positions: readonly number[]): void {
    const { items } = this.input.pending;
    if (positions.every((at) => items[at]!.placed === undefined && isLiteral(items[at]!.m))) {
      for (const at of positions) this.#literals.add(items[at]!.m as Literal);
      return;
    }
    for (const at of positions) for (const m of items[at]!.placed ?? [items[at]!.m]) apply(this.draft, m);
  }

  /** Takes over edits of Head's that nothing of the change set's stands in the way of. */
  #take(positions: readonly number[]): void {
    const { entries } = this.input.theirs!;
    if (positions.every((at) => isLiteral(entries[at]!.m)))
      for (const at of positions) this.#literals.add(entries[at]!.m as Literal);
    else for (const at of positions) this.#takeFromHead(entries[at]!.m);
  }

  /** Of Head's edits in a unit in which both sides meet plainly, those at paths that the change set has not written. */
  #unwritten(mine: readonly number[], other: readonly number[]): readonly number[] {
    const { pending, theirs } = this.input;
    const pathAt = (e: { readonly m: Mutation }): Path => (e.m as CellMutation).path;
    return other.filter((h) => {
      const path = pathAt(theirs!.entries[h]!);
      return !mine.some((at) => pathAt(pending.items[at]!) === path);
    });
  }

  /** Makes a unit what Head has there with the unit's items on it. */
  replay(unit: string): void {
    this.#noLongerPlain(unit);
    this.#reset(unit);
    const forms = this.input.theirs === undefined || !this.incremental ? undefined : this.#forms(unit);
    for (const at of this.positions(unit)) {
      const item = this.item(at);
      const skipped = this.#skipped.get(at);
      const placement =
        skipped !== undefined
          ? { placed: [], why: skipped }
          : item.yields !== undefined
            ? { placed: [], why: item.yields }
            : placeItem(this.draft, item.m, forms);
      for (const m of placement.placed ?? [item.m]) apply(this.draft, m);
      // What stands for it may reach further than the item itself: it makes room on Head's state first.
      for (const m of placement.placed ?? []) this.#touch(m);
      if (!samePlacement(placement, item)) this.#settle(at, item, placement);
    }
  }

  /** Notes how an item stands now; one that came back to what it was is no change. */
  #settle(at: number, item: Item, placement: Placement): void {
    const { placed: _placed, why: _why, ...rest } = item;
    const next = { ...rest, ...placement };
    const before = this.before(at);
    const isBack =
      before !== undefined &&
      before.m === next.m &&
      before.yields === next.yields &&
      before.review === next.review &&
      samePlacement(next, before);
    this.#changed.set(at, isBack ? before : next);
  }

  /** Leaves an item out and replays its unit. */
  skip(at: number, why: RuleId): void {
    this.#skipped.set(at, why);
    this.replay(unitOf(this.item(at).m));
  }

  unskip(at: number): void {
    this.#skipped.delete(at);
    this.replay(unitOf(this.item(at).m));
  }

  isSkipped(at: number): boolean {
    return this.#skipped.has(at);
  }

  /** An edit of the engine's own. */
  repair(mutations: readonly Mutation[]): void {
    for (const m of mutations) {
      apply(this.draft, m);
      this.repairs.push(m);
      this.#keepRepair(m);
      this.#noLongerPlain(unitOf(m));
      this.#touch(m);
    }
  }

  #keepRepair(m: Mutation): void {
    const unit = unitOf(m);
    const before = this.#repairsOf.get(unit);
    if (before === undefined) this.#repairsOf.set(unit, [m]);
    else before.push(m);
  }

  /** Puts the unit's keys back to what Head has, and notes them as touched. */
  #reset(unit: string): void {
    const { theirs } = this.input;
    const whole = new Set<ComponentId>();
    const put = (m: Mutation): void => {
      this.#touch(m);
      if (m.kind === 'component.create' || m.kind === 'component.erase') whole.add(m.component);
      else this.#putHead(m);
    };
    for (const at of theirs?.inUnit(unit) ?? []) put(theirs!.entries[at]!.m);
    for (const at of this.positions(unit)) {
      const item = this.item(at);
      put(item.m);
      for (const m of this.before(at)?.placed ?? []) put(m);
      for (const m of item.placed ?? []) put(m);
    }
    for (const m of this.#repairsOf.get(unit) ?? []) put(m);
    for (const component of whole) this.#wholeFromHead(component);
  }

  #putHead(m: Mutation): void {
    const place = placeOf(m);
    const wanted = this.input.head.get(place.category, place.key);
    if (this.draft.get(place.category, place.key) !== wanted) writeKey(this.draft, place, wanted);
  }

  #wholeFromHead(component: ComponentId): void {
    const { head } = this.input;
    for (const place of [...keysOfComponent(this.draft, component)]) {
      if (head.get(place.category, place.key) === undefined) writeKey(this.draft, place, undefined);
    }
    for (const place of keysOfComponent(head, component)) {
      const wanted = head.get(place.category, place.key);
      if (this.draft.get(place.category, place.key) !== wanted) writeKey(this.draft, place, wanted);
    }
  }

  #takeFromHead(m: Mutation): void {
    this.#touch(m);
    if (m.kind === 'component.create' || m.kind === 'component.erase') this.#wholeFromHead(m.component);
    else this.#putHead(m);
  }

  /** Notes all of Head's edits as touched, those of units that were not replayed too. */
  touchTheirs(): void {
    for (const { m } of this.input.theirs?.entries ?? []) this.#touch(m);
  }

  #touch(m: Mutation): void {
    if (m.kind === 'component.create' || m.kind === 'component.erase') this.touched.whole(m.component);
    else this.touched.key(placeOf(m));
  }

  #contest(unit: string): void {
    const { head, present } = this.input;
    const writes = this.writes(unit);
    const isReferred = (this.input.theirs?.referring(unit).length ?? 0) > 0;
    if (writes.entries.length === 0 && !isReferred) return;
    const items = this.positions(unit).map((at) => [at, this.item(at)] as const);
    for (const [at, item] of contestUnit({ rules: this.rules, head, present, theirs: writes, items, isReferred }))
      this.#changed.set(at, item);
    if (writes.entries.length > 0 && items.some(([, item]) => item.m.kind === 'text.edit')) this.#mergeText(unit);
  }

  /** Head's last edit that refers to what a mutation takes away. */
  userOf(m: Mutation): HeadEdit | undefined {
    const { theirs } = this.input;
    const at = theirs?.referring(unitOf(m)).at(-1);
    return at === undefined ? undefined : theirs!.entries[at];
  }

  /** Carries the change set's edits of one function's text over Head's; over nothing, when Head has the function no more. */
  #mergeText(unit: string): void {
    const { head } = this.input;
    const items = this.positions(unit).map((at) => [at, this.item(at)] as const);
    const written = items.findIndex(([, item]) => writesText(item));
    // What the author wrote whole stands whatever Head's text is, and what was made of it with it.
    const edits = (written === -1 ? items : items.slice(0, written)).filter(
      ([at, item]) => at < this.input.pending.items.length && item.m.kind === 'text.edit' && item.yields === undefined,
    );
    const first = edits[0]?.[1].m;
    const record = findRecord<{ text: string }>(head, 'functions', unit);
    if (first === undefined || first.kind !== 'text.edit' || record === undefined) return;
    let base = this.draft.blob(first.from);
    let onHead = head.blob(record.text as never);
    let theirs: readonly TextChange[] = composed(base, onHead, this.writes(unit).entries);
    if (theirs.length === 0) return;
    for (const [at, item] of edits) {
      if (item.m.kind !== 'text.edit') continue;
      const own = applyText(base, item.m.changes);
      if (own === undefined) return;
      const merged = transformText(base, item.m.changes, theirs, { mine: own, theirs: onHead });
      const from = this.draft.putBlob(onHead);
      onHead = applyText(onHead, merged.mine)!;
      const to = this.draft.putBlob(onHead);
      const next: Mutation = { ...item.m, changes: merged.mine, from, to };
      if (canonical(next as unknown as Json) !== canonical(item.m as unknown as Json))
        this.#changed.set(at, { ...item, m: next });
      base = own;
      theirs = merged.theirs;
    }
    if (written !== -1) return;
    const [from, to] = [this.draft.putBlob(base), this.draft.putBlob(onHead)];
    this.texts.push({ kind: 'text.edit', function: unit, changes: theirs, from, to });
  }

  /** In what form Head has filled the containers of a unit. */
  #forms(unit: string): Forms | undefined {
    const forms = new Map<string, 'elements' | 'members' | 'both'>();
    for (const { m } of this.writes(unit).entries) {
      if (m.kind === 'component.create') return undefined; // It may hold anything in any form.
      if (!('path' in m)) continue;
      let below: string = m.path;
      for (const above of ancestorsOf(m.path)) {
        const form = below.charCodeAt(above.length + 1) === 64 ? 'elements' : 'members';
        const known = forms.get(above);
        forms.set(above, known === undefined || known === form ? form : 'both');
        below = above;
      }
    }
    return forms;
  }
}

function samePlacement(a: { placed?: readonly Mutation[]; why?: RuleId }, b: Item): boolean {
  if (a.why !== b.why || (a.placed === undefined) !== (b.placed === undefined)) return false;
  return a.placed === undefined || canonical(a.placed as unknown as Json) === canonical(b.placed as unknown as Json);
}
