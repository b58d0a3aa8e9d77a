// Units in which both sides do no more than set and unset values, at paths that cannot get in each other's way unless
// they are the same path. They are the most of what two long logs share, and nothing of them has to be replayed: what
// the change set wrote stands, and what Head wrote elsewhere.

import { sameJson } from '../base/json.ts';
import { cellText } from '../model/cell.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { CellMutation, Mutation } from '../mutation/mutation.ts';
import type { Item } from './item.ts';
import { partyOf, partyOfHead, pathOf } from './line_parts.ts';
import type { HeadEdit } from './merging.ts';
import type { ReceiptLine } from './receipt.ts';
import { clashRule } from './rules.ts';
import { placeOf, unitOf } from './side.ts';

/** Where the two sides meet at one path: the position of the change set's last item there, and Head's last edit. */
export type Contested<E> = readonly [at: number, theirs: E];

/** Pairs of edits above which a unit is not looked at this way. */
const pairsMax = 256;

const isCell = (m: Mutation): m is CellMutation =>
  (m.kind === 'cell.set' || m.kind === 'cell.unset') && m.path !== wellKnown.deletedAt;

/**
 * Where the items of a unit meet Head's edits of it; undefined when there is more to it than values at equal paths:
 * another kind of edit, a path within another, a container that one side fills with elements and the other with members.
 */
export function meetPlainly<E extends { readonly m: Mutation }>(
  mine: { readonly items: readonly Item[]; readonly at: readonly number[] },
  theirs: { readonly entries: readonly E[]; readonly at: readonly number[] },
): readonly Contested<E>[] | undefined {
  if (mine.at.length * theirs.at.length > pairsMax) return undefined;
  let contested: Contested<E>[] | undefined;
  for (let i = 0; i < mine.at.length; i++) {
    const { m, role } = mine.items[mine.at[i]!]!;
    if (!isCell(m) || role === 'head') return undefined;
    let same: E | undefined;
    for (const at of theirs.at) {
      const entry = theirs.entries[at]!;
      if (!isCell(entry.m)) return undefined;
      if (entry.m.path === m.path) same = entry;
      else if (!areApart(m.path, entry.m.path)) return undefined;
    }
    if (same === undefined || writesAgain(mine, i, m.path)) continue;
    contested ??= [];
    contested.push([mine.at[i]!, same]);
  }
  return contested ?? none;
}

const none: readonly never[] = [];

function writesAgain(
  { items, at }: { readonly items: readonly Item[]; readonly at: readonly number[] },
  i: number,
  path: Path,
): boolean {
  for (let later = i + 1; later < at.length; later++) {
    const { m } = items[at[later]!]!;
    if ('path' in m && m.path === path) return true;
  }
  return false;
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

/** Do two plain edits at one path leave the same? */
function leaveTheSame(a: Mutation, b: Mutation): boolean {
  if (a.kind !== 'cell.set' || b.kind !== 'cell.set') return a.kind === b.kind;
  if ('v' in a.cell && 'v' in b.cell) return sameJson(a.cell.v, b.cell.v);
  return cellText(a.cell) === cellText(b.cell);
}

/**
 * The receipt's line where both sides meet plainly, what `itemLines` and the lines of Head's edits come to there: Head's
 * value gives way to another. Nothing is read, because the edits themselves are what stands and what Head has.
 */
export function plainLine(
  item: Item,
  theirs: HeadEdit,
  what: { readonly at: number; readonly headVersion: number },
): ReceiptLine | undefined {
  if (leaveTheSame(item.m, theirs.m)) return undefined;
  return {
    rule: clashRule(item.m, theirs.m),
    outcome: 'overridden',
    subject: unitOf(item.m),
    path: pathOf(item.m),
    place: placeOf(item.m),
    headVersion: what.headVersion,
    item: what.at,
    mine: partyOf(item),
    now: item.m.kind === 'cell.set' ? cellText(item.m.cell) : null,
    theirs: partyOfHead(theirs),
    otherwise: [theirs.m],
  };
}
