// What a change set still has to compute before it can be applied, and what its apply would do: the answers of propagation and
// of the planner to `Readiness`.

import { hasBindings } from '../graph/bound.ts';
import { splitAddress } from '../model/keys.ts';
import { nameOf } from '../model/lookup.ts';
import type { Readiness } from '../ports/readiness.ts';
import { caughtUp } from './catch_up.ts';
import { plannedActions, planOf } from './planning.ts';
import type { Workspace } from './workspace.ts';

/** Named at most. */
const namedMax = 100;

export function readinessOf(w: Workspace): Readiness {
  return {
    pending: async (_workspace, changeSet) => {
      const found = await caughtUp(w, changeSet);
      if (!found.ok) return [];
      const { branch } = found.value;
      // What the engine computes itself is computed by whoever reads it; only functions are waited for.
      return w.read(() => {
        if (!hasBindings(branch.snapshot)) return [];
        const values = w.propagation.advanced(branch);
        if (values.pending === 0) return [];
        // What is pending on Head too is not this change set's doing.
        const head = w.knownHead();
        const onHead = head === undefined ? undefined : w.propagation.of(head);
        const named: string[] = [];
        for (const address of values.pendingAddresses()) {
          if (onHead?.isPending(address) === true) continue;
          const { component, path } = splitAddress(address);
          named.push(`${nameOf(branch.snapshot, component) || component} ${path}`);
          if (named.length === namedMax) break;
        }
        return named;
      });
    },
    quiet: async (_workspace, changeSet, mostMs) => {
      const found = await caughtUp(w, changeSet);
      if (!found.ok) return;
      const { branch } = found.value;
      if (await w.read(() => hasBindings(branch.snapshot))) await w.propagation.quiet(branch, mostMs);
    },
    planned: async (_workspace, changeSet) => {
      const found = await caughtUp(w, changeSet);
      if (!found.ok) return [];
      const { branch } = found.value;
      const head = await w.head();
      await w.actions.ready();
      return branch.row.isHead ? [] : w.read(() => plannedActions(planOf(w, branch, head)));
    },
  };
}
