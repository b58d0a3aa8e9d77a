// Putting a secret into slots: into those of its kind that are empty, of the components named or of all. Which slot takes
// which kind of secret says the schema.

import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import { must, ok, type Result } from '../base/result.ts';
import { slots } from '../graph/secret_use.ts';
import { isDeclared, readDeclared } from '../model/declared.ts';
import {
  findComponent,
  findRecord,
  isMarked,
  nameOf,
  resolveComponent,
  resolveSecret,
  specOfComponent,
} from '../model/lookup.ts';
import { childPath, pointerOf } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import type { Call } from './operation.ts';
import { submit } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface UseSecretReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly secret: string;
  /** Slots that it was put into. */
  readonly slots: readonly { readonly component: ComponentId; readonly name: string; readonly path: string }[];
}

/**
 * `components`: by id or name; absent: all of the change set that are not deleted. Refuses `secret_not_found`,
 * `component_not_found`, `ambiguous_name` and what submitting refuses.
 */
export async function useSecret(
  c: Call,
  w: Workspace,
  ask: { readonly changeSet: ChangeSetId; readonly secret: string; readonly components?: readonly string[] },
): Promise<Result<UseSecretReply>> {
  const { changeSet } = ask;
  const now = await w.present(changeSet);
  if (!now.ok) return now;
  const state = now.value.snapshot;
  const found = await w.read(() => {
    const secret = must(resolveSecret(state, ask.secret));
    const record = findRecord<SecretRecord>(state, 'secrets', secret)!;
    const components = ask.components?.map((name) => must(resolveComponent(state, name))) ?? allIn(state);
    return { secret, record, empty: components.flatMap((id) => emptySlots(state, id, record.definition)) };
  });
  const { secret, record, empty } = found;
  const reply = { changeSet, secret: record.name, slots: empty };
  if (empty.length === 0) return ok({ ...reply, version: now.value.row.version });
  const mutations = empty.map(({ component, path }): Request => {
    return { kind: 'attribute.set', component, path, value: { $source: { secret } } };
  });
  const done = await submit(w, c.principal, { changeSet, mutations });
  return done.ok ? ok({ ...reply, version: done.value.version }) : done;
}

function allIn(state: Reader): ComponentId[] {
  const all = [...state.scan('components', '')].flatMap(([key]) => (key.includes('/') ? [] : [key as ComponentId]));
  return all.filter((id) => !isMarked(state, id));
}

function emptySlots(state: Reader, component: ComponentId, kind: string): UseSecretReply['slots'][number][] {
  const record = findComponent(state, component);
  const spec = record && specOfComponent(state, record);
  const whole = readDeclared(state, component, slots).cell;
  // All slots may come from one place.
  if (spec === undefined || (whole !== undefined && !('c' in whole))) return [];
  return slotsFor(spec, kind)
    .filter((slot) => !isDeclared(readDeclared(state, component, childPath(slots, slot))))
    .map((slot) => ({ component, name: nameOf(state, component), path: pointerOf(['secrets', slot]) }));
}

/** Names of the slots that take this kind of secret. */
function slotsFor(spec: VariantSpec, kind: string): string[] {
  return Object.entries(spec.secrets.properties ?? {}).flatMap(([name, slot]) =>
    slot.secret === true && slot.suggests?.some((s) => s.schema === kind) === true ? [name] : [],
  );
}
