// Units in which both sides do no more than set and unset values, at paths that cannot get in each other's way unless
// they are the same path. They are the most of what two long logs share, and nothing of them has to be replayed: what
// the change set wrote stands, what Head wrote elsewhere stands too.

import type { Path } from '../model/path.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { Item } from './item.ts';

/** Pairs of edits above which a unit is not looked at this way. */
const pairsMax = 256;

/**
 * How the edits of two sides in one unit meet: `apart`, or `contested` at equal paths only; undefined when there is more to
 * it: another kind of edit, a path within another, a container that one side fills with elements and the other with
 * members. `mine` stands as it is, and Head's state holds what `theirs` wrote.
 */
export function meetPlainly(
  mine: readonly Item[],
  theirs: readonly { readonly m: Mutation }[],
): 'apart' | 'contested' | undefined {
  if (mine.length * theirs.length > pairsMax) return undefined;
  for (const { m } of theirs) if (m.kind !== 'cell.set' && m.kind !== 'cell.unset') return undefined;
  let contested = false;
  for (const { m, role } of mine) {
    if ((m.kind !== 'cell.set' && m.kind !== 'cell.unset') || role === 'head') return undefined;
    for (const { m: h } of theirs) {
      const path = (h as typeof m).path;
      if (path === m.path) contested = true;
      else if (!areApart(m.path, path)) return undefined;
    }
  }
  return contested ? 'contested' : 'apart';
}

/** Is neither of two different paths within the other, and do they part in one form: two elements, or two members? */
function areApart(a: Path, b: Path): boolean {
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  const [atA, atB] = [a.charCodeAt(i), b.charCodeAt(i)];
  if (i === end && (i === a.length ? atB : atA) === slash) return false;
  if (a.charCodeAt(i - 1) !== slash) return true;
  return (atA === element) === (atB === element);
}

const slash = 47;
const element = 64;
