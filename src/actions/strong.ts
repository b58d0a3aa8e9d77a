// Which components are on cycles of needs: two that have one number need each other, directly or not.
// Tarjan, "Depth-first search and linear graph algorithms" (1972), on an explicit stack.

import type { ComponentId } from '../base/ids.ts';
import type { Need } from './needs.ts';

/** Numbers of those on cycles; others have none. O(needs). */
export function componentsOnCycles(needs: readonly Need[]): ReadonlyMap<ComponentId, number> {
  const sources = new Map<ComponentId, ComponentId[]>();
  for (const { user, source } of needs) {
    const known = sources.get(user);
    if (known === undefined) sources.set(user, [source]);
    else known.push(source);
  }
  const cycles = new Map<ComponentId, number>();
  const number = new Map<ComponentId, number>();
  const low = new Map<ComponentId, number>();
  const open: ComponentId[] = [];
  const isOpen = new Set<ComponentId>();
  let count = 0;
  for (const start of sources.keys()) {
    if (number.has(start)) continue;
    const stack: { readonly at: ComponentId; next: number }[] = [];
    const enter = (at: ComponentId): void => {
      number.set(at, number.size);
      low.set(at, number.get(at)!);
      open.push(at);
      isOpen.add(at);
      stack.push({ at, next: 0 });
    };
    enter(start);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const { at } = frame;
      const source = sources.get(at)?.[frame.next++];
      if (source !== undefined) {
        if (!number.has(source)) enter(source);
        else if (isOpen.has(source)) low.set(at, Math.min(low.get(at)!, number.get(source)!));
        continue;
      }
      stack.pop();
      const above = stack.at(-1)?.at;
      if (above !== undefined) low.set(above, Math.min(low.get(above)!, low.get(at)!));
      if (low.get(at) !== number.get(at)) continue;
      const members = open.splice(open.lastIndexOf(at));
      for (const member of members) isOpen.delete(member);
      if (members.length > 1) for (const member of members) cycles.set(member, count);
      count++;
    }
  }
  return cycles;
}
