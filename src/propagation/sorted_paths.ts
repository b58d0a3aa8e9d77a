// Paths in ascending order, each once: whether one is there, the run of those below it, and putting one in or taking it out without
// sorting anew.

import type { Path } from '../model/path.ts';
import { lowerBound } from '../snapshot/chunk.ts';

export const holds = (sorted: readonly Path[], path: Path): boolean => sorted[lowerBound(sorted, path)] === path;

/** The path itself, when it is there, and those below it. */
export function within(sorted: readonly Path[], path: Path): Path[] {
  const out: Path[] = holds(sorted, path) ? [path] : [];
  const prefix = `${path}/`;
  for (let i = lowerBound(sorted, prefix); i < sorted.length && sorted[i]!.startsWith(prefix); i++)
    out.push(sorted[i]!);
  return out;
}

export function insert(sorted: Path[], path: Path): void {
  const at = lowerBound(sorted, path);
  if (sorted[at] !== path) sorted.splice(at, 0, path);
}

export function remove(sorted: Path[], path: Path): void {
  const at = lowerBound(sorted, path);
  if (sorted[at] === path) sorted.splice(at, 1);
}
