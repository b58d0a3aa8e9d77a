// Cycles that functions bound to one variant close among themselves: they are there for every component, whatever it holds.

import { overlaps, type Path, validationPath, wellKnown } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import { hasConstraints } from '../model/constraints.ts';
import type { Bound } from './bound.ts';
import { findLoop } from './cycle.ts';

/** The outputs on a cycle through the one at `start`, that one first and last, each computed from the next. */
export function findBoundCycle(bounds: readonly Bound[], start: Path, spec: VariantSpec): Path[] | undefined {
  const outputs: Path[] = bounds.map((b) => b.output);
  if (hasConstraints(spec) && !outputs.includes(validationPath)) outputs.push(validationPath);
  const readsOf = (output: Path): Path[] => {
    const bound = bounds.find((b) => b.output === output);
    if (bound === undefined) return [wellKnown.domain];
    return bound.arguments.flatMap(({ path }) => (path === undefined ? [] : [path]));
  };
  const next = (output: string): string[] => {
    const reads = readsOf(output as Path);
    return outputs.filter((o) => reads.some((r) => overlaps(r, o)));
  };
  return findLoop(start, next) as Path[] | undefined;
}
