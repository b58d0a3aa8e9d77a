// The laws of merging, asserted on one case: a state, the pending edits of a change set, and Head versions one after
// another. Every helper throws an Error that says which law broke and where; nothing is asserted on a sample only.

import type { ChangeSetId } from '../../src/base/ids.ts';
import { canonical, type Json } from '../../src/base/json.ts';
import { agrees } from '../../src/merge/contest.ts';
import { type Item, Pending, type Role } from '../../src/merge/item.ts';
import { type Merged, merge, passesBy } from '../../src/merge/merge.ts';
import type { HeadEdit } from '../../src/merge/merging.ts';
import type { ReceiptLine } from '../../src/merge/receipt.ts';
import { ruleTable } from '../../src/merge/rules.ts';
import { placeOf, refsOfMutation, Side, unitOf } from '../../src/merge/side.ts';
import { isWithin, parentPath } from '../../src/model/path.ts';
import { type Category, intentCategories } from '../../src/model/state.ts';
import { decodeMutation, encodeMutation } from '../../src/mutation/codec.ts';
import { apply, type Mutation } from '../../src/mutation/mutation.ts';
import { applyText } from '../../src/mutation/text.ts';
import { diff } from '../../src/snapshot/diff.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { invariants } from './invariants.ts';
import { law } from './law.ts';

/** Receipt lines seen by rule, and pairs seen in which both sides touch one key. */
export const seenRules = new Map<string, number>();
export const seen = { pairs: 0, overlapping: 0 };

export function forgetSeen(): void {
  seenRules.clear();
  Object.assign(seen, { pairs: 0, overlapping: 0 });
}

export const rootOf = (s: Snapshot): string => s.roots().intent;

export function applied(on: Snapshot, mutations: readonly Mutation[]): Snapshot {
  const draft = on.edit();
  for (const m of mutations) apply(draft, m);
  return draft.finish();
}

export function itemsOf(mutations: readonly Mutation[], version = 1, role: Role = 'change-set'): Item[] {
  return mutations.map((m) => ({ m, author: 'ann', atMs: 1, version, role }));
}

export function editsOf(mutations: readonly Mutation[], version = 1): HeadEdit[] {
  return mutations.map((m) => ({ m, author: 'bob', atMs: 2, changeSet: 'OTHER' as ChangeSetId, version }));
}

export function pendingOf(items: readonly Item[]): Pending {
  const pending = new Pending();
  pending.append(items);
  return pending;
}

const text = (x: unknown): string => canonical(JSON.parse(JSON.stringify(x ?? null)) as Json);

/** Equal as JSON, whatever the order of members. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b) || text(a) === text(b);

/** Pending edits caught up over one Head version, by both routes; all laws of one merge. */
export function mergeLaws(
  base: Snapshot,
  present: Snapshot,
  head: Snapshot,
  pending: () => Pending,
  edits: readonly HeadEdit[],
): { merged: Merged; pending: Pending } {
  const theirs = Side.of(edits);
  const p = pending();
  const a = merge({ head, present, pending: p, theirs, route: 'head' }, 7);
  const b = merge({ head, present, pending: p, theirs, route: 'own' }, 7);
  const root = rootOf(a.state);
  law(
    rootOf(b.state) === root,
    () => `[ME1] C1: the two routes end in different states: ${whereDifferent(a.state, b.state)}`,
  );
  law(
    same(a.settlement, b.settlement),
    () => `[ME2] C2: the two routes give different receipts\n${text(a.settlement.lines)}\n${text(b.settlement.lines)}`,
  );
  const rebased = a.rebased();
  const viaRebased = applied(head, recoded(rebased));
  law(
    rootOf(viaRebased) === root,
    () => `[ME1] C1: Head's state and L' give another state: ${whereDifferent(a.state, viaRebased)}`,
  );
  const prime = a.headPrime();
  const other = b.headPrime();
  for (const h of same(prime, other) ? [prime] : [prime, other]) {
    const via = applied(present, recoded(h));
    law(
      rootOf(via) === root,
      () => `[ME1] C1: the change set's state and h' give another state: ${whereDifferent(a.state, via)}`,
    );
  }
  for (const t of a.settlement.texts) textIsTrue(t, a.state);
  invariants(a.state);
  complete(base, present, head, p, a, edits);
  if (passesBy(p, theirs)) {
    law(
      a.settlement.items.length === 0 && a.settlement.lines.length === 0 && a.settlement.repairs.length === 0,
      () => `a version that passes by changed something: ${text(a.settlement)}`,
    );
  }
  for (const line of a.settlement.lines) seenRules.set(line.rule, (seenRules.get(line.rule) ?? 0) + 1);
  const next = pending();
  next.settle(a.settlement);
  law(same(next.effective(), rebased), () => 'the settled pending change is not L’');
  return { merged: a, pending: next };
}

function recoded(mutations: readonly Mutation[]): Mutation[] {
  return mutations.map((m) => {
    const decoded = decodeMutation(JSON.parse(encodeMutation(m)));
    if (!decoded.ok) throw new Error(`does not decode: ${encodeMutation(m)}: ${JSON.stringify(decoded.refusal)}`);
    return decoded.value;
  });
}

/** What Head's text change came to, made on the change set's text, gives the text that both came to. */
function textIsTrue(t: Mutation, state: Snapshot): void {
  if (t.kind !== 'text.edit') throw new Error(`no text edit: ${text(t)}`);
  const made = applyText(state.blob(t.from), t.changes);
  law(made === state.blob(t.to), () => `[ME1] C1: a text and Head's change of it give another text: ${made}`);
}

/** C3: merging with nothing changes nothing. */
export function nothingLaws(
  base: Snapshot,
  present: Snapshot,
  head: Snapshot,
  items: readonly Item[],
  edits: readonly HeadEdit[],
): void {
  for (const route of ['head', 'own'] as const) {
    const alone = merge({ head: base, present, pending: pendingOf(items), theirs: Side.of<HeadEdit>([]), route }, 7);
    law(
      rootOf(alone.state) === rootOf(present),
      () =>
        `[ME3] C3: merging with no Head edits (${route}) changed the state: ${whereDifferent(present, alone.state)}`,
    );
    law(
      alone.settlement.lines.length === 0 && alone.settlement.items.length === 0,
      () => `[ME3] C3: a receipt for nothing: ${text(alone.settlement)}`,
    );
    const none = merge({ head, present: base, pending: new Pending(), theirs: Side.of(edits), route }, 7);
    law(
      rootOf(none.state) === rootOf(head),
      () => `[ME3] C3: merging with no pending edits (${route}) is not Head: ${whereDifferent(head, none.state)}`,
    );
    law(
      none.settlement.lines.length === 0,
      () => `[ME3] C3: a receipt without pending edits: ${text(none.settlement)}`,
    );
  }
}

interface KeyChange {
  readonly category: Category;
  readonly key: string;
  readonly after: string | undefined;
}

export function changesBetween(a: Snapshot, b: Snapshot): Map<string, KeyChange> {
  const out = new Map<string, KeyChange>();
  for (const category of intentCategories) {
    if (category === 'index' || a.map(category) === b.map(category)) continue;
    for (const d of diff(a.map(category), b.map(category)))
      out.set(`${category} ${d.key}`, { category, key: d.key, after: d.after });
  }
  return out;
}

export function whereDifferent(a: Snapshot, b: Snapshot): string {
  const out: string[] = [];
  for (const category of intentCategories) {
    if (a.map(category) === b.map(category)) continue;
    for (const d of diff(a.map(category), b.map(category)))
      out.push(`${category} ${d.key}: ${d.before ?? 'nothing'} / ${d.after ?? 'nothing'}`);
  }
  return out.slice(0, 8).join('\n  ');
}

/** C4 and completeness: what only one side touched has that side's value, and every loss is on the receipt. */
function complete(
  base: Snapshot,
  present: Snapshot,
  head: Snapshot,
  pending: Pending,
  merged: Merged,
  edits: readonly HeadEdit[],
): void {
  const mine = changesBetween(base, present);
  const theirs = changesBetween(base, head);
  const { lines, items } = merged.settlement;
  const state = merged.state;
  seen.pairs++;
  if ([...mine.keys()].some((k) => theirs.has(k))) seen.overlapping++;
  const named = namedKeys(lines);
  const isNamed = (c: KeyChange): boolean =>
    named.has(`${c.category} ${c.key}`) ||
    named.has(c.key.slice(0, 26)) ||
    (c.category === 'views' && named.has(c.key.slice(27)));
  for (const [k, c] of mine) {
    if (theirs.has(k) || state.get(c.category, c.key) === c.after) continue;
    law(isNamed(c), () => `[ME4] C4: only the change set touched ${k}, it has another value, and no line names it`);
  }
  for (const [k, c] of theirs) {
    if (state.get(c.category, c.key) === c.after) continue;
    if (!losesField(base.get(c.category, c.key), c.after, state.get(c.category, c.key))) continue;
    law(
      mine.has(k) || isNamed(c),
      () => `[ME4] C4: only Head touched ${k}, it has another value, and no line names it`,
    );
    const says = lines.some((l) => names(l, c));
    law(says, () => `[ME5] Head's ${k} does not show and is not on the receipt: ${text(lines)}`);
  }
  for (const [at, item] of items) {
    const { m } = pending.items[at]!;
    law(
      isLoop(item.why) || isReferred(item, edits) || edits.some((e) => meets(m, e.m)),
      () => `[ME5] item ${at} shares nothing with Head's edits and is another: ${text(item)}`,
    );
    if (isAgreedText(pending.items[at]!.m, present, state) || isMet(item.m, present, state)) continue;
    const said = lines.some((l) => l.item === at);
    law(said, () => `[ME5] item ${at} is not as it was and is not on the receipt: ${text(items)}`);
  }
  for (const line of lines) {
    lineIsTrue(line, state, pending, merged);
    givesOtherOutcome(line, state, head);
  }
}

/** Rings are closed by edits that share no key. */
const isLoop = (why: string | undefined): boolean =>
  why === 'value-cycle' || why === 'depends-loop' || why === 'manages-loop';

/** A revert gives way as a whole where Head has built on what it takes away, or has come to refer to it. */
const isReferred = (item: Item, edits: readonly HeadEdit[]): boolean =>
  item.role === 'head' &&
  edits.some((e) => unitOf(e.m) === unitOf(item.m) || refsOfMutation(e.m).includes(unitOf(item.m)));

/** Are they about one noun, and of two values in one component: is one at, in or beside what holds the other? */
function meets(a: Mutation, b: Mutation): boolean {
  if (unitOf(a) !== unitOf(b)) return false;
  if (!('path' in a) || !('path' in b)) return true;
  return isWithin(a.path, parentPath(b.path)) || isWithin(b.path, parentPath(a.path));
}

/** What the edit wanted is there although it does not stand, or its author has undone it. */
function isMet(m: Mutation, present: Snapshot, state: Snapshot): boolean {
  const { category, key } = placeOf(m);
  const [before, now] = [present.get(category, key), state.get(category, key)];
  const isUndone = m.kind === 'record.set' ? fieldOf(before, m.field) === fieldOf(now, m.field) : before === now;
  const isThere = !('component' in m) || state.get('components', m.component) !== undefined;
  return isThere && (agrees(state, m) || isUndone);
}

/** A text edit whose text is there, or one of several that together came to what the change set had. */
function isAgreedText(m: Mutation, present: Snapshot, state: Snapshot): boolean {
  if (m.kind !== 'text.edit') return false;
  const now = fieldOf(state.get('functions', m.function), 'text');
  return now === text(m.to) || now === fieldOf(present.get('functions', m.function), 'text');
}

/** Of two records: is a field that the side changed another now? Of anything else: always. */
function losesField(before: string | undefined, wanted: string | undefined, now: string | undefined): boolean {
  if (before === undefined || wanted === undefined || now === undefined) return true;
  const [a, b, c] = [before, wanted, now].map((t) => JSON.parse(t) as Record<string, Json>);
  return Object.keys(b!).some((f) => text(a![f]) !== text(b![f]) && text(b![f]) !== text(c![f]));
}

export function namedKeys(lines: readonly ReceiptLine[]): Set<string> {
  const out = new Set<string>();
  for (const l of lines) {
    if (l.place !== null) out.add(`${l.place.category} ${l.place.key}`);
    for (const m of [...(l.repair ?? []), ...l.otherwise]) {
      if (m.kind === 'component.create') out.add(m.component);
      else if ('path' in m) {
        out.add(`cells ${m.component}${m.path}`);
        out.add(`cells ${m.component}${m.path}#`);
      } else if ('key' in m) out.add(`${l.place?.category ?? ''} ${m.key}`);
    }
    if (l.rule.startsWith('erase') || l.rule === 'edge-erased' || l.rule === 'create-create') out.add(l.subject);
    if (l.mine !== undefined && l.rule === 'revert-head') out.add(l.subject);
  }
  return out;
}

function names(l: ReceiptLine, c: KeyChange): boolean {
  return (
    namedKeys([l]).has(`${c.category} ${c.key}`) ||
    namedKeys([l]).has(c.key.slice(0, 26)) ||
    (c.category === 'views' && namedKeys([l]).has(c.key.slice(27)))
  );
}

/** A line says what is there, and exists only where something is to be said. */
function lineIsTrue(line: ReceiptLine, state: Snapshot, pending: Pending, merged: Merged): void {
  law(ruleTable[line.rule].receipt !== '', () => `[ME5] a rule that loses nothing has a line: ${text(line)}`);
  if (line.place !== null) {
    const now = state.get(line.place.category, line.place.key) ?? null;
    law(
      now === line.now,
      () => `[ME5] a line says that ${line.place!.key} is ${line.now}, and it is ${now}: ${text(line)}`,
    );
  }
  if (line.outcome === 'dropped' || line.outcome === 'superseded' || line.outcome === 'transformed') {
    const before = pending.items[line.item!];
    const after = new Map(merged.settlement.items).get(line.item!);
    const changed = after !== undefined && text(after) !== text(before);
    law(changed || before?.placed !== undefined, () => `[ME5] a line without a change: ${text(line)}`);
  }
  law(
    line.outcome === 'noted' || line.otherwise.length > 0,
    () => `[ME5] a line without the other outcome: ${text(line)}`,
  );
}

/** What a line offers instead changes what is there; where Head's edit was lost, to Head's. */
function givesOtherOutcome(line: ReceiptLine, state: Snapshot, head: Snapshot): void {
  if (line.otherwise.length === 0 || line.place === null) return;
  // Of an erased component the first line brings all of it back.
  const isGone = line.place.category === 'components' || line.place.category === 'cells' || line.place.key.length > 26;
  if (isGone && state.get('components', line.subject) === undefined && line.otherwise[0]!.kind !== 'component.create')
    return;
  const other = applied(state, line.otherwise);
  law(rootOf(other) !== rootOf(state), () => `[ME5] what is offered instead changes nothing: ${text(line)}`);
  if (line.outcome !== 'overridden') return;
  const { category, key } = line.place;
  const [now, wanted] = [other.get(category, key), head.get(category, key)];
  const edit = line.theirs?.wanted;
  const field = edit?.kind === 'record.set' ? edit.field : edit?.kind === 'text.edit' ? 'text' : undefined;
  const isHeads = field === undefined ? now === wanted : fieldOf(now, field) === fieldOf(wanted, field);
  law(isHeads, () => `[ME5] what is offered instead is not what Head has: ${now} / ${wanted}: ${text(line)}`);
  law(state.get(category, key) !== wanted, () => `[ME5] Head's edit is there and said to be lost: ${text(line)}`);
}

const fieldOf = (record: string | undefined, field: string): string =>
  record === undefined ? '' : text((JSON.parse(record) as Record<string, Json>)[field]);
