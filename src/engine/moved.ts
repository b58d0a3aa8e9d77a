// Resources that a change set lets pass from one component to another (model/moved.ts): told in its review, and looked at once
// more before its apply. The apply itself writes nothing for them: they change hands with Head's version. It is refused while
// something is being done to the resource, whose outcome would belong to both, and where the one that takes over has got a
// resource of its own meanwhile, of which nobody would know any more.

import type { ComponentId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { findComponent, findSchema, hasResource, nameOf, resourceIdOf } from '../model/lookup.ts';
import { holderOf, resourceKeyOf } from '../model/moved.ts';
import { wellKnown } from '../model/path.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { Branch } from './branch.ts';
import { type CancelledStep, hasNotBegun } from './queue_actions.ts';
import type { Workspace } from './workspace.ts';

/** A resource that another component has after the apply. */
export interface MovedLine {
  readonly component: ComponentId;
  readonly name: string;
  readonly schema: string;
  readonly from: ComponentId;
  readonly fromName: string;
  /** null: its provider gave it none, or there is no resource any more. */
  readonly resourceId: string | null;
  /** False: it has gone meanwhile, so that there is nothing to keep. */
  readonly kept: boolean;
}

/** Of a change set that is caught up, in order of the edits that let them pass. Costs what the change set does. */
export function movedLines(branch: Branch, head: Branch): MovedLine[] {
  const { pending, snapshot: present } = branch;
  const keys = new Set<ComponentId>();
  for (const m of [...pending.items.map((i) => i.m), ...pending.repairs]) {
    const component = mayMove(m);
    if (component === undefined) continue;
    for (const state of [head.snapshot, present]) keys.add(resourceKeyOf(state, component));
  }
  return [...keys].flatMap((key) => {
    const [from, component] = [holderOf(head.snapshot, key), holderOf(present, key)];
    return from === component ? [] : [lineOf({ head: head.snapshot, present }, from, component)];
  });
}

function mayMove(m: Mutation): ComponentId | undefined {
  const isSaid = (m.kind === 'cell.set' || m.kind === 'cell.unset') && m.path === wellKnown.movedFrom;
  const isWhole =
    m.kind === 'component.erase' || (m.kind === 'component.create' && m.image.cells[wellKnown.movedFrom] !== undefined);
  return isSaid || isWhole ? m.component : undefined;
}

function lineOf(
  { head, present }: { readonly head: Reader; readonly present: Reader },
  from: ComponentId,
  component: ComponentId,
): MovedLine {
  const record = findComponent(present, component);
  return {
    component,
    name: nameOf(present, component),
    schema: record === undefined ? '' : (findSchema(present, record.schema)?.name ?? ''),
    from,
    fromName: nameOf(head, from) || from,
    resourceId: resourceIdOf(present, component) ?? null,
    kept: hasResource(present, component),
  };
}

/** Refuses `not_ready`, `moved_onto_resource`. Call it in the turn of the event loop in which it is applied. */
export function checkMoved(w: Workspace, head: Branch, moved: readonly MovedLine[]): Result<void> {
  const begun = moved
    .flatMap(({ component, from }) => [...w.actions.of(from), ...w.actions.of(component)])
    // What has been replaced goes by an action of its component, which has to be there until then.
    .filter((a) => !hasNotBegun(a) || a.former !== undefined)
    .map((a) => `the ${a.kind} of ${a.componentName}, ${a.status}`);
  if (begun.length > 0)
    return refuse('not_ready', {
      path: 'changeSet',
      expected: 'resources to which nothing is being done while they are moved',
      got: begun.slice(0, 5).join('; '),
      hint: 'apply again when it has ended; of what is interrupted somebody has to say what became of it',
      data: { pending: begun },
    });
  const twice = moved.find((m) => m.kept && hasResource(head.snapshot, m.component));
  if (twice === undefined) return ok(undefined);
  return refuse('moved_onto_resource', {
    path: wellKnown.movedFrom,
    expected: 'a component that has no resource',
    got: `${twice.name || twice.component}, which has got ${resourceIdOf(head.snapshot, twice.component) ?? 'one'} meanwhile`,
    hint: 'take the move back, or erase the component, which leaves its resource, and move to a new one',
  });
}

/** What was to be done to the components that have no resource any more, and has not begun. */
export function leftBehind(w: Workspace, moved: readonly MovedLine[]): CancelledStep[] {
  return moved.flatMap(({ from }) =>
    w.actions.of(from).map(({ component, kind, name }): CancelledStep => ({ component, kind, name })),
  );
}
