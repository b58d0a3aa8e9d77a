// Two edits of one text made at the same time, each carried over the other. The mapping is that of CodeMirror's change
// sets (`@codemirror/state`): both orders give the same text; of two insertions at one place the first side's comes first.

import { ChangeSet } from '@codemirror/state';
import type { FunctionId, Hash } from '../base/ids.ts';
import type { FunctionRecord } from '../model/function.ts';
import { findRecord } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation, TextMutation } from '../mutation/mutation.ts';
import { applyText, diffText, type TextChange } from '../mutation/text.ts';
import type { Item } from './item.ts';
import { type Side, setsText, unitOf } from './side.ts';

function changeSetOf(changes: readonly TextChange[], length: number): ChangeSet {
  return ChangeSet.of(
    changes.map((c) => ({ from: c.at, to: c.at + c.removed.length, insert: c.inserted })),
    length,
    '\n',
  );
}

/** Changes with what they remove, read from the text they are made on; neighbours are joined. */
function changesOf(set: ChangeSet, text: string): TextChange[] {
  const out: TextChange[] = [];
  set.iterChanges((from, to, _fromB, _toB, inserted) => {
    out.push({ at: from, removed: text.slice(from, to), inserted: inserted.toString() });
  });
  return out;
}

/** `mine` and `theirs` are made on `text`; the answers apply after the other side's. `mine` comes first at one place. */
export function transformText(
  text: string,
  mine: readonly TextChange[],
  theirs: readonly TextChange[],
  after: { readonly mine: string; readonly theirs: string },
): { readonly mine: TextChange[]; readonly theirs: TextChange[] } {
  const a = changeSetOf(mine, text.length);
  const b = changeSetOf(theirs, text.length);
  return { mine: changesOf(a.map(b, true), after.theirs), theirs: changesOf(b.map(a), after.mine) };
}

/** A change of a text by several edits: the edit itself when it is the only one, else the difference. */
export function composed(
  before: string,
  after: string,
  edits: readonly { readonly m: Mutation }[],
): readonly TextChange[] {
  const own = edits.map((e) => e.m).filter((m) => m.kind === 'text.edit');
  return own.length === 1 && applyText(before, own[0]!.changes) === after ? own[0]!.changes : diffText(before, after);
}

/** A Head version as it changes texts of a change set that has been caught up over it. */
export interface TextsOver {
  readonly theirs: Side<{ readonly m: Mutation }>;
  /** Head's state of the version. */
  readonly head: Pick<Reader, 'get' | 'blob'>;
  /** Head's states of the versions before, newest first. */
  readonly before: readonly Pick<Reader, 'get'>[];
  /** What the change set holds. */
  readonly own: Side<Item>;
}

/**
 * What a Head version does to the texts of functions, one edit each, from the text that Head had last to that of the
 * version. Edits that a late author made before are carried over these, version by version, as over `Settlement.texts`.
 * A version that takes a function away does nothing to its text, whatever else it did to it: what it made of the text was
 * never seen, and the function is put back with the text that was. Nor does Head move what the change set has written whole.
 */
export function textsOf({ theirs, head, before, own }: TextsOver): TextMutation[] {
  const out: TextMutation[] = [];
  for (const unit of theirs.texts) {
    const to = textOf(head, unit);
    const from = before.map((state) => textOf(state, unit)).find((text) => text !== undefined);
    if (to === undefined || from === undefined || from === to) continue;
    if (own.inUnit(unit).some((at) => writesText(own.entries[at]!))) continue;
    const edits = theirs.inUnit(unit).map((at) => theirs.entries[at]!);
    const changes = composed(head.blob(from), head.blob(to), edits);
    out.push({ kind: 'text.edit', function: unit as FunctionId, changes, from, to });
  }
  return out;
}

/** Does an item write the text of a function as a whole? */
export const writesText = ({ m, yields }: Item): boolean => setsText(m) && yields === undefined;

/** Hash of the code of a function; undefined: it is not there. */
const textOf = (on: Pick<Reader, 'get'>, fn: string): Hash | undefined =>
  findRecord<FunctionRecord>(on, 'functions', fn)?.text;

interface Blobs {
  readonly blob: (hash: Hash) => string;
  readonly putBlob: (text: string) => Hash;
}

/**
 * Items whose text edits were made before `since`, carried over it; `since` are edits one after another, of any texts.
 * An edit that does not start where `since` starts stays as it is, and cannot be placed; one of a text that an item before
 * it wrote whole stays as well, and can.
 */
export function carryText(items: readonly Item[], since: readonly Mutation[], blobs: Blobs): Item[] {
  return carryBoth(items, since, blobs).items;
}

/** As `carryText`, with `since` as it lies behind the items. */
export function carryBoth(
  items: readonly Item[],
  since: readonly Mutation[],
  blobs: Blobs,
): { readonly items: Item[]; readonly since: readonly TextMutation[] } {
  const sinceOf = new Map<string, TextMutation[]>();
  for (const m of since) if (m.kind === 'text.edit') sinceOf.set(m.function, [...(sinceOf.get(m.function) ?? []), m]);
  const carried = items.map((item) => {
    if (writesText(item)) sinceOf.delete(unitOf(item.m));
    if (item.m.kind !== 'text.edit') return item;
    const over = carryOne(item.m, sinceOf.get(item.m.function) ?? [], blobs);
    if (over === undefined) return item;
    sinceOf.set(item.m.function, over.since);
    return { ...item, m: over.edit };
  });
  return { items: carried, since: [...sinceOf.values()].flat() };
}

function carryOne(
  edit: TextMutation,
  since: readonly TextMutation[],
  blobs: Blobs,
): { readonly edit: TextMutation; readonly since: TextMutation[] } | undefined {
  let { changes, from } = edit;
  const behind: TextMutation[] = [];
  for (const theirs of since) {
    if (theirs.from !== from) return undefined;
    const text = blobs.blob(from);
    const own = applyText(text, changes);
    const after = applyText(text, theirs.changes);
    if (own === undefined || after === undefined) return undefined;
    const carried = transformText(text, changes, theirs.changes, { mine: own, theirs: after });
    const to = blobs.putBlob(applyText(own, carried.theirs)!);
    behind.push({ ...theirs, changes: carried.theirs, from: blobs.putBlob(own), to });
    changes = carried.mine;
    from = blobs.putBlob(after);
  }
  const to = blobs.putBlob(applyText(blobs.blob(from), changes)!);
  return { edit: { ...edit, changes, from, to }, since: behind };
}
