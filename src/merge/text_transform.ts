// Two edits of one text made at the same time, each carried over the other. The mapping is that of CodeMirror's change
// sets (`@codemirror/state`): both orders give the same text; of two insertions at one place the first side's comes first.

import { ChangeSet } from '@codemirror/state';
import type { TextChange } from '../mutation/text.ts';

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
