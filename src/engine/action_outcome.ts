// What an action that succeeded changes: the record of its component's resource, and what is to be done next because of it.
// Nothing is written here.

import { actionFunctionOf } from '../actions/action_functions.ts';
import { isAdopted } from '../actions/adopted.ts';
import type { ActionId, ComponentId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import type { ActionOutcome } from '../dispatch/action_result.ts';
import { type ActionEvent, type ActionRecord, wishKey } from '../model/action.ts';
import {
  declaredResourceId,
  findComponent,
  findRecord,
  isMarked,
  reportedOf,
  resourceIdOf,
  specOfComponent,
} from '../model/lookup.ts';
import type { ResourceRecord } from '../model/module.ts';
import { resourceKeyOf } from '../model/moved.ts';
import type { Reader } from '../model/state.ts';
import type { ChunkRow } from '../ports/store.ts';
import { encodeBlob } from '../snapshot/chunk.ts';
import type { Bound } from './action_inputs.ts';
import { madeGood } from './action_made_good.ts';
import { newAction } from './queue_actions.ts';
import type { ResourceChange } from './reality.ts';
import type { Workspace } from './workspace.ts';

/**
 * It is recorded under the id by which the resource is known, whichever component has it by now. Call it in `read`.
 */
export function changesOf(
  w: Workspace,
  action: ActionRecord,
  bound: Bound,
  outcome: ActionOutcome,
): { readonly changes: readonly ResourceChange[]; readonly chunks: readonly ChunkRow[] } {
  const { component, kind } = action;
  const head = w.knownHead()!.snapshot;
  // The component has another one.
  if (action.former !== undefined && action.former.resourceId !== resourceIdOf(head, component))
    return { changes: [], chunks: [] };
  const key = resourceKeyOf(head, component);
  const before = findRecord<ResourceRecord>(head, 'resources', key);
  const granted = grantedBy(action, bound.wishes);
  const all = { ...before?.answered, ...granted };
  const answered = Object.keys(all).length === 0 ? {} : { answered: all };
  const isGone = kind === 'destroy' ? outcome.payload == null : outcome.payload === null;
  const declared = declaredResourceId(head, component);
  const declaredId = declared === undefined ? {} : { declaredId: declared };
  if (isGone)
    return {
      changes: goneAs(head, {
        key,
        action,
        before,
        known: { ...declaredId, ...answered },
        atMs: w.world.clock.nowMs(),
      }),
      chunks: [],
    };
  const saysNothing = outcome.payload === undefined && outcome.resourceId === undefined;
  if (kind === 'manual' && saysNothing) {
    if (Object.keys(granted).length === 0) return { changes: [], chunks: [] };
    return {
      changes: [{ component: key, record: { ...(before ?? unreported(head, component)), ...answered } }],
      chunks: [],
    };
  }
  const sends = kind === 'create' || kind === 'update';
  const isKnown = sends || isAlready(head, { action, before, inputs: bound.domain });
  const sent = canonical(bound.domain);
  const chunks = isKnown ? [{ hash: w.space.putBlob(sent), text: encodeBlob(sent) }] : [];
  const payload = outcome.payload ?? before?.payload ?? null;
  const isStale = outcome.payload === undefined && payload !== null && (sends || before?.isStale === true);
  const record: ResourceRecord = {
    resourceId: outcome.resourceId ?? before?.resourceId ?? (kind === 'refresh' ? before?.lost : undefined) ?? null,
    status: outcome.status,
    ...declaredId,
    payload,
    ...(isStale ? { isStale } : {}),
    ...answered,
    sentHash: isKnown ? bound.inputHash : (before?.sentHash ?? null),
    syncedAtMs: w.world.clock.nowMs(),
    // Last, as everything that names a blob: see blob_refs.
    sent: isKnown ? chunks[0]!.hash : (before?.sent ?? null),
  };
  return { changes: [{ component: key, record }], chunks };
}

/** The wishes that an action carries out. Who is created or updated is as meant: that is what an update is asked for. */
function grantedBy({ kind, name }: ActionRecord, wishes: Bound['wishes']): Bound['wishes'] {
  const keys = kind === 'create' ? ['create', 'update'] : [wishKey({ action: kind, name })];
  return Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(wishes, key) ? [[key, wishes[key]!]] : [])));
}

/**
 * A resource that was taken away by its own action leaves nothing behind but what was asked for and done. One that is found
 * gone is remembered: somebody took it away.
 */
function goneAs(
  head: Reader,
  of: {
    readonly key: ComponentId;
    readonly action: ActionRecord;
    readonly before: ResourceRecord | undefined;
    /** What is to be said of it all the same. */
    readonly known: Pick<ResourceRecord, 'answered' | 'declaredId'>;
    readonly atMs: number;
  },
): ResourceChange[] {
  const { key, action, before, known, atMs } = of;
  const { component } = action;
  const isTakenAway = action.kind === 'destroy';
  if (isTakenAway && Object.keys(known).length === 0)
    return before === undefined ? [] : [{ component: key, record: null }];
  const lost = isTakenAway ? {} : { lost: before?.lost ?? resourceIdOf(head, component) ?? null };
  const absent = { resourceId: null, status: 'absent', payload: null } as const;
  return [{ component: key, record: { ...absent, ...lost, ...known, syncedAtMs: atMs } }];
}

/** What is known of a component's resource of which nothing was reported. */
function unreported(head: Reader, component: ComponentId): ResourceRecord {
  const resourceId = resourceIdOf(head, component) ?? null;
  return { resourceId, status: resourceId === null ? 'absent' : 'ok', payload: null };
}

/** Were the inputs edited to what reality had become? Then they are as good as sent, before something else is reported. */
function isAlready(
  head: Reader,
  of: { readonly action: ActionRecord; readonly before: ResourceRecord | undefined; readonly inputs: Json },
): boolean {
  const { action, before, inputs } = of;
  const component = findComponent(head, action.component);
  const spec = component && specOfComponent(head, component);
  if (spec === undefined || before?.sent == null) return false;
  return isAdopted({ spec, resource: before, sent: JSON.parse(head.blob(before.sent)) as Json, inputs });
}

/**
 * What has been made takes the place of the resource that there was, which is written to the action that is to destroy that one:
 * what the component has is another one from then on. Call it in `read`, before that is recorded.
 */
export function formerOf(
  w: Workspace,
  { id, component, kind }: ActionRecord,
  { resourceId }: ActionOutcome,
): readonly FormerStep[] {
  if (kind !== 'create') return [];
  const head = w.knownHead()!.snapshot;
  const old = resourceIdOf(head, component);
  const { status = 'ok', payload = null } = reportedOf(head, component) ?? {};
  return w.actions.followersOf(id).flatMap((follower): FormerStep[] => {
    const destroy = w.actions.find(follower);
    if (destroy?.component !== component || destroy.kind !== 'destroy' || destroy.former !== undefined) return [];
    if (destroy.isOfMade === true) return [];
    if (old === undefined) return [{ id: follower, events: ['cancel'], more: { endedAtMs: w.world.clock.nowMs() } }];
    const former = { resourceId: old, status, payload };
    if (resourceId === undefined || resourceId !== old) return [{ id: follower, events: [], more: { former } }];
    const heldBecause = `the new resource has the id of the old one, ${JSON.stringify(old)}; cancel it unless both are to go`;
    return [{ id: follower, events: destroy.status === 'queued' ? ['hold'] : [], more: { former, heldBecause } }];
  });
}

/** Another step of an action, to be made when the result that it follows from is recorded. */
export interface FormerStep {
  readonly id: ActionId;
  readonly events: readonly ActionEvent[];
  readonly more: Partial<ActionRecord>;
}

/**
 * What is queued with its success: after a creation the resource is looked at once, where that is possible; what was taken back
 * meanwhile is made good. `changes`: of `changesOf`. Call it in `read`.
 */
export function afterwards(
  w: Workspace,
  action: ActionRecord,
  changes: readonly ResourceChange[],
): readonly ActionRecord[] {
  if (action.kind !== 'create') return madeGood(w, action, changes);
  const head = w.knownHead()!.snapshot;
  const { component } = action;
  const record = findComponent(head, component);
  if (record === undefined || isMarked(head, component)) return [];
  if (actionFunctionOf(head, record, 'refresh', '') === undefined) return [];
  if (w.actions.of(component).some((a) => a.kind === 'refresh' && a.status === 'queued')) return [];
  const refresh = newAction(w, head, { component, kind: 'refresh', actor: action.actor, origins: action.origins });
  return refresh === undefined ? [] : [refresh];
}
