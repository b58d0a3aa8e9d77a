// An edit made on a version that the change set has left behind. What its author had not seen is of two kinds: edits of
// others in the same change set, which the late one follows, so that it stands where both decided; and Head versions that
// were caught up to, over which it is carried as if it had been there before. A request of which not everything can stay
// is refused whole, with the receipt.

import { ok, type Result, refuse } from '../base/result.ts';
import type { Item, Role } from '../merge/item.ts';
import { overriddenByLate } from '../merge/late_lines.ts';
import { itemsOfSteps, type LogEntry, type Settled } from '../merge/log_entry.ts';
import { contestLate, merge } from '../merge/merge.ts';
import type { HeadEdit } from '../merge/merging.ts';
import type { ReceiptLine } from '../merge/receipt.ts';
import { Side, unitOf } from '../merge/side.ts';
import { carryText, textsOf } from '../merge/text_transform.ts';
import type { Step } from '../mutation/compile.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type Branch, lands } from './branch.ts';
import { type HeadVersion, headVersions } from './catch_up.ts';
import { logEntries } from './log_pages.ts';
import type { Workspace } from './workspace.ts';

/** What an author saw, and what has come since. */
export interface Late {
  /** The version that `since` goes up to. */
  readonly present: number;
  readonly snapshot: Snapshot;
  readonly since: readonly LogEntry[];
  /** Head versions caught up to since, with Head's state of each. */
  readonly heads: readonly (HeadVersion & { readonly state: Snapshot })[];
  /** Head's state of the version before these, when there are any. */
  readonly headBefore?: Snapshot;
}

/** Refuses `version_not_found`. */
export async function seenBy(w: Workspace, branch: Branch, baseVersion: number): Promise<Result<Late | 'lost'>> {
  const { row, durable } = branch;
  if (!(await lands(durable))) return ok('lost');
  const snapshot = await w.stateAt(row, baseVersion);
  if (!snapshot.ok) return snapshot;
  const since: LogEntry[] = [];
  for await (const { entry } of logEntries(w, row.id, baseVersion, row.version)) since.push(entry);
  const caught = since.filter((e) => e.kind === 'catch_up').map((e) => e.headVersion);
  const heads: Late['heads'][number][] = [];
  const late = { present: row.version, snapshot: snapshot.value, since, heads };
  if (caught.length === 0) return ok(late);
  const from = await headVersionAt(w, branch, baseVersion);
  const before = await w.headState(from);
  let walked = before;
  for (const v of await headVersions(w, from, row.baseVersion)) {
    walked = await w.headState(v.version, walked);
    heads.push({ ...v, state: walked.snapshot });
  }
  return ok({ ...late, headBefore: before.snapshot });
}

/** Head's version that a change set stood on at one of its own versions. */
async function headVersionAt(w: Workspace, branch: Branch, version: number): Promise<number> {
  let at = branch.row.openedOn;
  for await (const { entry } of logEntries(w, branch.row.id, 0, version)) {
    if (entry.kind === 'catch_up') at = entry.headVersion;
  }
  return at;
}

interface Carried {
  readonly snapshot: Snapshot;
  readonly settled: Settled;
  readonly receipt: readonly ReceiptLine[];
}

/**
 * `again`: the edits are these, as they stood when they were taken out. Refuses `version_conflict` with the receipt when not
 * everything can stay.
 */
export function lateEdit(
  branch: Branch,
  head: Snapshot,
  late: Late,
  edited: { readonly steps: readonly Step[]; readonly snapshot: Snapshot; readonly again?: readonly Item[] },
  by: { readonly actor: string; readonly atMs: number; readonly version: number },
): Result<Carried> {
  // What is put back by a redo stands only on the text that it was made on.
  const own = branch.pending.side;
  let extra = edited.again ?? carryTexts({ late, own }, edited, itemsOfSteps(by, edited.steps));
  for (const { side, state, version } of late.heads)
    extra = contestLate(extra, { side, head: state, present: edited.snapshot, version });
  const { pending, snapshot: present } = branch;
  // What Head has removed since and a late edit uses is put back as it was last.
  const seen = [...late.heads.map((v) => v.state).reverse(), edited.snapshot];
  const m = merge({ head, present, pending, extra, seen, route: 'own' }, 0);
  const gone = m.added.findIndex((item) => item.placed?.length === 0);
  const receipt = [
    ...m.settlement.lines,
    ...overriddenByLate(m.added, Side.of(editsSince(branch, late)), m.state, pending.items.length),
  ];
  if (gone >= 0) {
    const item = m.added[gone]!;
    return refuse('version_conflict', {
      path: 'path' in item.m ? item.m.path : 'baseVersion',
      expected: 'edits that can stay beside what has been changed since the version named',
      got: `one that cannot, by the rule ${item.why ?? item.yields}`,
      hint: 'read again and repeat the edit; the receipt says what it met',
      data: { receipt: JSON.parse(JSON.stringify(receipt)) },
    });
  }
  return ok({
    snapshot: m.state,
    settled: { ...m.settlement, mutations: m.headPrime(), added: m.added },
    receipt,
  });
}

/** Edits of others in the same change set that the author had not seen; what was undone since is nobody's decision any more. */
function editsSince(branch: Branch, late: Late): HeadEdit[] {
  const isUndoing = late.since.some((e) => e.kind === 'undo');
  const held = isUndoing ? new Set(branch.pending.items.map((i) => i.version)) : undefined;
  return late.since.flatMap((e) =>
    e.kind !== 'edit' || held?.has(e.version) === false
      ? []
      : e.steps
          .flatMap((s) => s.mutations)
          .map((m) => ({ m, author: e.actor, atMs: e.atMs, changeSet: branch.row.id, version: e.version })),
  );
}

/** Text edits of the late author, carried over every edit of the same text since, whoever made it. */
function carryTexts(
  { late, own }: { readonly late: Late; readonly own: Side<Item> },
  edited: { readonly snapshot: Snapshot },
  items: readonly (Item & { role: Role })[],
): readonly Item[] {
  if (!items.some((i) => i.m.kind === 'text.edit')) return items;
  const since = textsSince(late, own);
  const draft = edited.snapshot.edit();
  return carryText(items, since, { blob: (h) => draft.blob(h), putBlob: (t) => draft.putBlob(t) });
}

/** Every edit of a text since, as it came to lie on the change set's texts: its own, and those of each Head version. */
function textsSince({ since, heads, headBefore }: Late, own: Side<Item>): Mutation[] {
  const out: Mutation[] = [];
  const before = headBefore === undefined ? [] : [headBefore];
  let next = 0;
  for (const entry of since) {
    if (entry.kind === 'edit') out.push(...ownTexts(entry));
    if (entry.kind === 'undo') out.push(...entry.settled.texts);
    if (entry.kind !== 'catch_up') continue;
    for (; next < heads.length && heads[next]!.version <= entry.headVersion; next++) {
      const { version, side, state } = heads[next]!;
      // The merged version is the last one of an entry; those before it passed by.
      const merged = version === entry.headVersion ? entry.settled.texts : [];
      const carried = new Set(merged.map(unitOf));
      out.push(
        ...merged,
        ...textsOf({ theirs: side, head: state, before, own }).filter((t) => !carried.has(t.function)),
      );
      before.unshift(state);
    }
  }
  return out;
}

function ownTexts(entry: Extract<LogEntry, { kind: 'edit' }>): Mutation[] {
  const own = entry.settled?.added?.map((i) => i.m) ?? entry.steps.flatMap((s) => s.mutations);
  return own.filter((m) => m.kind === 'text.edit');
}
