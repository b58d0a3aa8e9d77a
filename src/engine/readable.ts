// Reading components under policies that look at them: one that is forbidden is refused where it is asked for by itself, and left out
// of lists, which say how many were left out. Whether any policy looks at components is known from their text, so that
// where none does a read is decided with its operation alone, as ever.

import type { Principal } from '../access/role.ts';
import type { ComponentId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import { resolveComponent } from '../model/lookup.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type Call, inState, type Params, type State, text } from './operation.ts';
import { denied } from './permit.ts';
import { componentAsked, decideNow, loadPolicies } from './policies.ts';
import type { Workspace } from './workspace.ts';

/** May a component of one state be read? Call it in `read`. */
type Reading = (component: ComponentId) => Result<void>;

/** How many components policies kept out of a list; absent: no policy looks at components. */
export interface LeftOut {
  readonly leftOutByPolicy?: number;
}

/**
 * Undefined: no policy looks at components, and all may be read. A component is decided on as it is in each of the states and as it
 * is on Head, so that nobody renames one to see it.
 */
async function readingIn(
  w: Workspace,
  principal: Principal,
  states: readonly Snapshot[],
): Promise<Reading | undefined> {
  if ((await loadPolicies(w)).policies?.readsComponents !== true) return undefined;
  const head = (await w.head()).snapshot;
  return (component) => {
    for (const present of states) {
      for (const reader of present === head ? [head] : [present, head]) {
        const resource = componentAsked(reader, component, { head, present });
        const may = resource === undefined ? ok(undefined) : decideNow(w, { principal, action: 'read', resource });
        if (!may.ok) return may;
      }
    }
    return ok(undefined);
  };
}

/**
 * Refuses `access_denied`, audited, for a component by name or id that may not be read; what is not there is others' to say. Of an
 * earlier version a name counts as it was then and as it is now, since some answer for what is there now.
 */
export async function mayRead(s: State, principal: Principal, names: readonly string[]): Promise<Result<void>> {
  const states = [...new Set([s.snapshot, s.branch.snapshot])];
  const reading = await readingIn(s.w, principal, states);
  if (reading === undefined) return ok(undefined);
  for (const name of names) {
    for (const state of states) {
      const may = await s.w.read(() => {
        const id = resolveComponent(state, name);
        return id.ok ? reading(id.value) : ok(undefined);
      });
      if (!may.ok) return denied(s.w, principal, { operation: 'read a component', subject: name }, may);
    }
  }
  return ok(undefined);
}

/** A state to look at one component of, where it may be read. */
export function ofComponent(
  c: Call,
  p: Params,
  body: (s: State) => Promise<Result<unknown>>,
): Promise<Result<unknown>> {
  return inState(c, p, async (s) => {
    const may = await mayRead(s, c.principal, [text(p, 'component')]);
    return may.ok ? body(s) : may;
  });
}

/** Those of a list that may be read, and how many may not. */
export async function readable<T extends { readonly id: string }>(
  s: State,
  principal: Principal,
  items: readonly T[],
): Promise<LeftOut & { readonly items: readonly T[] }> {
  const reading = await readingIn(s.w, principal, [s.snapshot]);
  if (reading === undefined) return { items };
  const kept = await s.w.read(() => items.filter(({ id }) => reading(id as ComponentId).ok));
  return { items: kept, leftOutByPolicy: items.length - kept.length };
}
