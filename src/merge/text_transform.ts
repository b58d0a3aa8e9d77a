// Two edits of one text made at the same time, each carried over the other. The mapping is that of CodeMirror's change
// sets (`@codemirror/state`): both orders give the same text; of two insertions at one place the first side's comes first.

import { ChangeSet } from '@codemirror/state';
import type { Hash } from '../base/ids.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { applyText, type TextChange } from '../mutation/text.ts';
import type { Item } from './item.ts';

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

interface Blobs {
  readonly blob: (hash: Hash) => string;
  readonly putBlob: (text: string) => Hash;
}

/**
 * Items whose text edits were made before `since`, carried over it; `since` are edits one after another, of any texts.
 * An edit that does not start where `since` starts stays as it is, and cannot be placed.
 */
export function carryText(items: readonly Item[], since: readonly Mutation[], blobs: Blobs): Item[] {
  const sinceOf = new Map<string, (Mutation & { kind: 'text.edit' })[]>();
  for (const m of since) if (m.kind === 'text.edit') sinceOf.set(m.function, [...(sinceOf.get(m.function) ?? []), m]);
  return items.map((item) => {
    if (item.m.kind !== 'text.edit') return item;
    const { function: fn } = item.m;
    let { changes, from } = item.m;
    const rest: (Mutation & { kind: 'text.edit' })[] = [];
    for (const theirs of sinceOf.get(fn) ?? []) {
      if (theirs.from !== from) return item;
      const text = blobs.blob(from);
      const own = applyText(text, changes);
      const after = applyText(text, theirs.changes);
      if (own === undefined || after === undefined) return item;
      const carried = transformText(text, changes, theirs.changes, { mine: own, theirs: after });
      rest.push({
        ...theirs,
        changes: carried.theirs,
        from: blobs.putBlob(own),
        to: blobs.putBlob(applyText(own, carried.theirs)!),
      });
      changes = carried.mine;
      from = blobs.putBlob(after);
    }
    sinceOf.set(fn, rest);
    const to = blobs.putBlob(applyText(blobs.blob(from), changes)!);
    return { ...item, m: { ...item.m, changes, from, to } };
  });
}
