// What an action that succeeded changes: the record of its component's resource, and what is to be done next because of it.
// Nothing is written here.

import { actionFunctionOf } from '../actions/action_functions.ts';
import type { ComponentId } from '../base/ids.ts';
import { canonical } from '../base/json.ts';
import type { ActionOutcome } from '../dispatch/action_result.ts';
import type { ActionRecord } from '../model/action.ts';
import { declaredResourceId, findComponent, findRecord, isMarked } from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import type { ChunkRow } from '../ports/store.ts';
import { encodeBlob } from '../snapshot/chunk.ts';
import type { Bound } from './action_inputs.ts';
import { newAction } from './queue_actions.ts';
import type { ResourceChange } from './reality.ts';
import type { Workspace } from './workspace.ts';

/** Call it in `read`. */
export function changesOf(
  w: Workspace,
  action: ActionRecord,
  bound: Bound,
  outcome: ActionOutcome,
): { readonly changes: readonly ResourceChange[]; readonly chunks: readonly ChunkRow[] } {
  const { component, kind } = action;
  const head = w.knownHead()!.snapshot;
  const before = findRecord<ResourceRecord>(head, 'resources', component);
  const isGone = kind === 'destroy' ? outcome.payload == null : outcome.payload === null;
  const declared = declaredResourceId(head, component);
  const declaredId = declared === undefined ? {} : { declaredId: declared };
  if (isGone) return { changes: goneOf(component, before, declared), chunks: [] };
  if (kind === 'manual' && outcome.payload === undefined && outcome.resourceId === undefined)
    return { changes: [], chunks: [] };
  const sends = kind === 'create' || kind === 'update';
  const sent = canonical(bound.domain);
  const chunks = sends ? [{ hash: w.space.putBlob(sent), text: encodeBlob(sent) }] : [];
  const record: ResourceRecord = {
    resourceId: outcome.resourceId ?? before?.resourceId ?? null,
    status: outcome.status,
    ...declaredId,
    payload: outcome.payload ?? before?.payload ?? null,
    sentHash: sends ? bound.inputHash : (before?.sentHash ?? null),
    syncedAtMs: w.world.clock.nowMs(),
    // Last, as everything that names a blob: see blob_refs.
    sent: sends ? chunks[0]!.hash : (before?.sent ?? null),
  };
  return { changes: [{ component, record }], chunks };
}

/** Without a declared id nothing is left to say of it; with one, that it names nothing any more. */
function goneOf(
  component: ComponentId,
  before: ResourceRecord | undefined,
  declaredId: string | undefined,
): ResourceChange[] {
  if (declaredId !== undefined)
    return [{ component, record: { resourceId: null, status: 'absent', payload: null, declaredId } }];
  return before === undefined ? [] : [{ component, record: null }];
}

/** After a creation the resource is looked at once, where that is possible. Call it in `read`. */
export function afterwards(w: Workspace, action: ActionRecord): readonly ActionRecord[] {
  if (action.kind !== 'create') return [];
  const head = w.knownHead()!.snapshot;
  const { component } = action;
  const record = findComponent(head, component);
  if (record === undefined || isMarked(head, component)) return [];
  if (actionFunctionOf(head, record, 'refresh', '') === undefined) return [];
  if (w.actions.of(component).some((a) => a.kind === 'refresh' && a.status === 'queued')) return [];
  const refresh = newAction(w, head, { component, kind: 'refresh', actor: action.actor, origins: action.origins });
  return refresh === undefined ? [] : [refresh];
}
