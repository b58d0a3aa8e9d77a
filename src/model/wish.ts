// Wishes to look something up anew. What a function with effects gave is recorded and stands; a wish is a cell that names the
// value by its path and has an id of its own. The call of the function is known by it, too: another wish is another call, which
// has not been made yet. So the result changes with the version of intent that has the wish, and is undone, merged and applied
// as the cell that it is.

import { type ComponentId, isUlid } from '../base/ids.ts';
import { parseCell } from './cell.ts';
import { cellKey } from './keys.ts';
import { childPath, lastSegment, type Path, parentPath, wellKnown } from './path.ts';
import type { Reader } from './state.ts';

/** Where the wish for the value at a path stands. */
export const wishPath = (path: Path): Path => childPath(wellKnown.lookups, path);

/** Of which value a cell is the wish; undefined: it is none. */
export function wishedAt(path: Path): Path | undefined {
  return parentPath(path) === wellKnown.lookups ? (lastSegment(path).key as Path | undefined) : undefined;
}

/** Whether a cell's value can be a wish. */
export const isWish = (value: unknown): boolean => typeof value === 'string' && isUlid(value);

/** The wish for a value; '': nobody has asked for it anew. */
export function wishOf(reader: Pick<Reader, 'get'>, component: ComponentId, path: Path): string {
  const text = reader.get('cells', cellKey(component, wishPath(path)));
  const cell = text === undefined ? undefined : parseCell(text);
  return cell !== undefined && 'v' in cell && isWish(cell.v) ? String(cell.v) : '';
}
