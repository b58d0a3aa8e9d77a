// Queueing actions: new ones with what they have to wait for, and those of components for which something is queued already.
// On Head a component has at most one planned action that has not begun: an apply that plans another one for it takes its
// place, and one that leaves nothing to be done takes it away.

import { actionFunctionOf } from '../actions/action_functions.ts';
import type { ActionId, ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import { must } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import type { ActionKind } from '../model/function.ts';
import { findComponent, findSchema, isMarked, nameOf } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import { unwanted } from './action_inputs.ts';
import { amended, type QueuedActions, stepOf } from './action_table.ts';
import type { Workspace } from './workspace.ts';

export interface NewAction {
  readonly component: ComponentId;
  readonly kind: ActionKind;
  /** Of a manual one its function's name. Default ''. */
  readonly name?: string;
  readonly actor: string;
  readonly origins: readonly ChangeSetId[];
  readonly paths?: readonly string[];
  readonly after?: readonly ActionId[];
  readonly reviewedHash?: Hash | null;
  /** It starts when somebody releases it. */
  readonly heldBecause?: string;
}

/** undefined: the component is not there, or nothing is bound that could do it. */
export function newAction(w: Workspace, state: Reader, of: NewAction): ActionRecord | undefined {
  const component = findComponent(state, of.component);
  const { name = '', heldBecause = '' } = of;
  const fn = component && actionFunctionOf(state, component, of.kind, name);
  if (component === undefined || fn === undefined) return undefined;
  const id = w.world.ids.ulid<ActionId>();
  return {
    id,
    component: of.component,
    componentName: nameOf(state, of.component),
    schemaName: findSchema(state, component.schema)?.name ?? '',
    kind: of.kind,
    name,
    function: fn.function,
    status: heldBecause === '' ? 'queued' : 'on-hold',
    revision: 1,
    origins: of.origins,
    actor: of.actor,
    after: of.after ?? [],
    paths: of.paths ?? [],
    idempotencyKey: w.world.digest(`${w.id}\n${id}`),
    reviewedHash: of.reviewedHash ?? null,
    inputHash: null,
    attempts: 0,
    run: null,
    fence: 0,
    queuedAtMs: w.world.clock.nowMs(),
    startedAtMs: null,
    endedAtMs: null,
    notBeforeMs: null,
    failure: null,
    heldBecause,
  };
}

/** A planned action with what it has to wait for, among the others by their place in the list. */
export interface PlannedStep {
  readonly component: ComponentId;
  readonly kind: ActionKind;
  readonly name: string;
  /** False: Head has planned it the same, and it only takes its place in the order. */
  readonly isNew: boolean;
  readonly paths: readonly string[];
  readonly after: readonly number[];
  readonly reviewedHash: Hash | null;
  readonly isHeld: boolean;
}

/** What Head had planned and an apply leaves without a reason. */
export interface CancelledStep {
  readonly component: ComponentId;
  readonly kind: ActionKind;
  readonly name: string;
}

/** What an apply does to the queue; `state` is Head's after it. Changes nothing; `ActionTable.adopt` does when it is committed. */
export function queuePlanned(
  w: Workspace,
  state: Reader,
  by: { readonly changeSet: ChangeSetId; readonly actor: string },
  { steps, cancelled }: { readonly steps: readonly PlannedStep[]; readonly cancelled: readonly CancelledStep[] },
): QueuedActions {
  const out: QueuedActions[number][] = [];
  const taken = new Set<ActionId>();
  const ids: (ActionId | undefined)[] = [];
  for (const { component, kind, name, isNew, paths, after, reviewedHash, isHeld } of steps) {
    const before = [...new Set(after.flatMap((at) => ids[at] ?? []))];
    if (!isNew) {
      const standing = w.actions.of(component).find((a) => isSame(a, kind, name));
      ids.push(standing?.id);
      if (standing !== undefined && isWaiting(standing) && !areSame(standing.after, before)) {
        taken.add(standing.id);
        out.push(amended(standing, { after: before }));
      }
      continue;
    }
    const of = { component, actor: by.actor, origins: [by.changeSet] };
    // What is being made, or may have been, is not made a second time.
    const same = w.actions.of(component).filter((a) => isSame(a, kind, name));
    const known =
      (kind === 'create' || kind === 'destroy' ? same.find((a) => !hasNotBegun(a)) : undefined) ??
      same.find((a) => isWaiting(a) && !taken.has(a.id));
    if (known !== undefined) {
      taken.add(known.id);
      ids.push(known.id);
      const reviewed = { origins: [...new Set([...known.origins, by.changeSet])], paths, reviewedHash };
      const isUnblocked =
        known.blockedBy?.every((c) => steps.some((step) => step.isNew && step.component === c)) === true;
      const isFreed = !isHeld && (isUnblocked || known.isUnwanted === true);
      const status =
        known.status === 'failed' || isFreed
          ? {
              status: 'queued' as const,
              failure: null,
              endedAtMs: null,
              heldBecause: '',
              blockedBy: undefined,
              isUnwanted: undefined,
            }
          : {};
      if (isMadeWithOthers(known, reviewedHash)) {
        const next = { ...of, paths, after: [...before, known.id], reviewedHash };
        const waiting = w.actions.of(component).find((a) => a.kind === 'update' && isWaiting(a));
        const later =
          waiting === undefined
            ? newRow(newAction(w, state, { ...next, kind: 'update' }))
            : amended(waiting, { paths, reviewedHash, origins: [...new Set([...waiting.origins, by.changeSet])] });
        if (later !== undefined) {
          out.push(later);
          taken.add(later.record.id);
          ids[ids.length - 1] = later.record.id;
        }
      }
      // It was to be taken away as soon as it was made, and stays after all.
      if (kind === 'create')
        for (const other of w.actions.of(component))
          if (other.isOfMade === true && other.after.includes(known.id) && hasNotBegun(other))
            out.push(must(stepOf(other, ['cancel'], { endedAtMs: w.world.clock.nowMs() })));
      if (isWaiting(known)) out.push(amended(known, { ...reviewed, after: before, ...status }));
      else if (known.status === 'interrupted') out.push(amended(known, reviewed));
      continue;
    }
    const heldBecause = isHeld ? 'it is to be held' : '';
    const row = newRow(newAction(w, state, { ...of, kind, name, paths, after: before, reviewedHash, heldBecause }));
    ids.push(row?.record.id);
    if (row !== undefined) out.push(row);
  }
  const endedAtMs = w.world.clock.nowMs();
  for (const { component, kind, name } of cancelled)
    for (const action of w.actions.of(component)) {
      if (!isSame(action, kind, name) || taken.has(action.id)) continue;
      const stays = !isMarked(state, component);
      if (hasNotBegun(action)) {
        // What takes the place of a resource is being made: that one goes all the same, or nobody would know of it.
        if (kind === 'destroy' && waitsForMade(w, action)) continue;
        out.push(must(stepOf(action, ['cancel'], { endedAtMs })));
      }
      // What is being made, or may have been, is taken away after that.
      else if (kind === 'create' && !stays) {
        const of = {
          component,
          kind: 'destroy',
          actor: by.actor,
          origins: [by.changeSet],
          after: [action.id],
        } as const;
        const destroy = newAction(w, state, of);
        if (destroy !== undefined) out.push({ record: { ...destroy, isOfMade: true }, expected: undefined });
      }
      // What may have been done already is done once more, with what is declared now.
      else if (kind === 'update' && isWaiting(action)) out.push(amended(action, { paths: [], reviewedHash: null }));
      else if (kind === 'destroy' && isWaiting(action) && stays) {
        const heldBecause = `${unwanted}, and an attempt may have been done`;
        const held = { heldBecause, isUnwanted: true } as const;
        out.push(action.status === 'queued' ? must(stepOf(action, ['hold'], held)) : amended(action, held));
      }
      // What is being sent, or taken away, is made good when it has been.
      else if ((kind === 'update' || kind === 'destroy') && stays) out.push(amended(action, { takenBack: by }));
    }
  return out;
}

const areSame = (some: readonly ActionId[], others: readonly ActionId[]): boolean =>
  some.length === others.length && some.every((id) => others.includes(id));

const newRow = (record: ActionRecord | undefined): QueuedActions[number] | undefined =>
  record && { record, expected: undefined };

/** Is a creation under way that does not know what is applied now? It is brought to its end as it was begun. */
function isMadeWithOthers({ kind, status, inputHash }: ActionRecord, reviewedHash: Hash | null): boolean {
  return kind === 'create' && (status === 'running' || status === 'dispatched') && inputHash !== reviewedHash;
}

/** Is it the destruction of a replacement whose creation has begun? */
function waitsForMade(w: Workspace, { component, after }: ActionRecord): boolean {
  return after.some((id) => {
    const first = w.actions.find(id);
    return first?.component === component && first.kind === 'create' && !hasNotBegun(first);
  });
}

/** What is to go because another resource has taken its place goes whatever is planned. */
const isSame = (a: ActionRecord, kind: ActionKind, name: string): boolean =>
  a.kind === kind && a.name === name && a.former === undefined;
/** It waits for its first attempt, or for another one. */
const isWaiting = ({ status }: ActionRecord): boolean =>
  status === 'queued' || status === 'on-hold' || status === 'failed';
/** No attempt of it can have been done. */
export const hasNotBegun = (action: ActionRecord): boolean => isWaiting(action) && action.isUnsure !== true;
