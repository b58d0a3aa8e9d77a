// The unlocked copy of a function that a variant is worked on with: the one there is, whatever has become of it since it was
// made, else a new one in the function's place. A function that is bound to the schema is no part of a variant, so that it is
// edited as it is.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, FunctionId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { FunctionRecord } from '../model/function.ts';
import { findRecord, resolveFunction, schemaOfVariant } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import { bindingsOf } from '../mutation/compile_binding.ts';
import { presentOf } from './catch_up.ts';
import { permit } from './permit.ts';
import { checkOpen, submit } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface UnlockFunctionAsk {
  readonly changeSet: ChangeSetId;
  /** By id or name. */
  readonly function: string;
  /** The variant that it is to be edited on, by id. */
  readonly variant: string;
  readonly idempotencyKey?: string;
  readonly baseVersion?: number;
  readonly ifVersion?: number;
}

/** Refuses `access_denied`, `function_not_found`, `schema_not_found`, `binding_not_found`, and `locked` for a locked variant. */
export async function unlockFunction(
  w: Workspace,
  principal: Principal,
  ask: UnlockFunctionAsk,
): Promise<Result<{ readonly function: FunctionId; readonly version: number }>> {
  const { changeSet, function: fn, variant: _, ...how } = ask;
  const may = await permit(w, principal, 'edit', { operation: 'unlock a function', subject: fn });
  if (!may.ok) return may;
  const now = await presentOf(w, changeSet);
  if (!now.ok) return now;
  const open = checkOpen(now.value.branch);
  if (!open.ok) return open;
  const { snapshot } = now.value;
  const found = await w.read(() => unlockedOf(snapshot, ask));
  if (!found.ok) return found;
  if (found.value.isUnlocked) return ok({ function: found.value.function, version: now.value.row.version });
  const unlock = { kind: 'function.unlock', function: found.value.function } as const;
  const done = await submit(w, principal, { changeSet, mutations: [unlock], ...how });
  if (!done.ok) return done;
  return ok({ function: done.value.steps[0]!.subject as FunctionId, version: done.value.version });
}

interface Found {
  readonly function: FunctionId;
  readonly isUnlocked: boolean;
}

function unlockedOf(state: Reader, ask: UnlockFunctionAsk): Result<Found> {
  const fn = resolveFunction(state, ask.function);
  if (!fn.ok) return fn;
  const of = schemaOfVariant(state, ask.variant);
  if (!of.ok) return of;
  const { name, kind, locked } = findRecord<FunctionRecord>(state, 'functions', fn.value)!;
  if (!locked) return ok({ function: fn.value, isUnlocked: true });
  const own = bindingsOf(state, of.value.variant);
  const copy = own.find((b) => !b.fn.locked && b.fn.name === name && b.fn.kind === kind);
  if (copy !== undefined) return ok({ function: copy.record.function, isUnlocked: true });
  if (own.some((b) => b.record.function === fn.value)) {
    if (!of.value.record.locked) return ok({ function: fn.value, isUnlocked: false });
    return refuse('locked', {
      path: 'variant',
      expected: 'an unlocked variant',
      got: `${of.value.record.name}, locked`,
      hint: 'unlock the schema first, and name its unlocked variant',
    });
  }
  if (bindingsOf(state, of.value.schema).some((b) => b.record.function === fn.value))
    return ok({ function: fn.value, isUnlocked: true });
  return refuse('binding_not_found', {
    path: 'function',
    expected: 'a function that the variant has',
    got: JSON.stringify(ask.function),
    hint: 'look at the functions of the variant',
  });
}
