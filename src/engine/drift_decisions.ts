// Deciding about drift in a change set: accepting what reality has writes it where people write values, in one batch;
// enforcing what is meant asks for an update, or for another creation of what is gone. Both are ordinary edits: reviewed,
// audited, undone as any others, and nothing happens before the apply.

import type { Principal } from '../access/role.ts';
import { acceptanceOf } from '../actions/acceptance.ts';
import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import { attempt, ok, type Result, refusalText, refuse } from '../base/result.ts';
import type { OverrideRecord } from '../model/action.ts';
import { cellKey, overrideKey } from '../model/keys.ts';
import { findComponent, findRecord, isAnswered, specOfComponent } from '../model/lookup.ts';
import { isWithin, wellKnown } from '../model/path.ts';
import type { Request } from '../mutation/request.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { presentOf } from './catch_up.ts';
import { type ComponentDrift, type DriftFilter, type DriftLine, drifted } from './drift.ts';
import { type NotPlannedLine, type PlannedLine, plannedLines, planOf } from './planning.ts';
import { compileEdit, type SubmitReply, submit } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface DriftAsk {
  readonly changeSet: ChangeSetId;
  /** All that it lets through. */
  readonly filter: DriftFilter;
  /** Only these pointers, and what is below them; absent: all of each component. */
  readonly paths?: readonly string[];
  readonly waitMs: number;
}

interface At {
  readonly component: ComponentId;
  readonly name: string;
  /** '' : the whole component. */
  readonly path: string;
}

export interface LeftAsIs extends At {
  readonly because: string;
  readonly detail: string;
  /** What to do. */
  readonly next: string;
}

export interface AcceptReply {
  /** null: there was nothing to edit. */
  readonly submitted: SubmitReply | null;
  readonly accepted: readonly At[];
  readonly left: readonly LeftAsIs[];
}

/** Refuses as `submit`; `path_not_found` for a path at which nothing has drifted. */
export async function acceptDrift(w: Workspace, principal: Principal, ask: DriftAsk): Promise<Result<AcceptReply>> {
  const chosen = await choose(w, ask);
  if (!chosen.ok) return chosen;
  const { branch, head, items } = chosen.value;
  const accepted: { readonly at: At; readonly request: Request }[] = [];
  const left: LeftAsIs[] = [];
  const back: Request[] = [];
  await w.read(() => {
    accepted.length = left.length = back.length = 0;
    for (const { drift, lines, isWhole } of items) {
      if (drift.state === 'unknown') left.push(notKnown(drift));
      for (const line of lines) {
        if (line.decision === 'accepted') continue;
        const at = { component: drift.component, name: drift.name, path: line.path };
        const request = requestFor(branch.snapshot, drift, line);
        if ('request' in request) accepted.push({ at, request: request.request });
        else left.push({ ...at, ...request });
      }
      // Who accepts all of it takes back what was to be enforced.
      if (isWhole && left.every((l) => l.component !== drift.component))
        for (const action of ['update', 'create'] as const)
          if (isOwnWish(branch.snapshot, head, drift.component, action))
            back.push({ kind: 'action.remove', component: drift.component, action });
    }
  });
  const possible = await w.read(() => possibleOf(w, branch, accepted));
  for (const { at, why } of possible.refused)
    left.push({ ...at, because: 'refused', detail: why, next: 'enforce, or edit it by hand' });
  const requests = [...possible.fine.map((a) => a.request), ...back];
  const done = requests.length === 0 ? undefined : await submitted(w, principal, ask.changeSet, requests);
  if (done?.ok === false) return done;
  return ok({ submitted: done?.value ?? null, accepted: possible.fine.map((a) => a.at), left });
}

function requestFor(
  state: Snapshot,
  drift: ComponentDrift,
  line: DriftLine,
): { readonly request: Request } | Omit<LeftAsIs, keyof At> {
  const { component } = drift;
  if (drift.state === 'gone') return { request: { kind: 'component.delete', component } };
  const record = findComponent(state, component);
  const spec = record && specOfComponent(state, record);
  if (spec === undefined)
    return { because: 'refused', detail: 'it is not in the change set', next: 'nothing is to be done' };
  const { path, intent, reality } = line;
  return acceptanceOf(state, component, { spec, difference: { path, intent, reality } });
}

/** Which of them can be compiled: all together, as nearly always, else those that can one by one. */
function possibleOf<T extends { readonly request: Request }>(w: Workspace, branch: Branch, all: readonly T[]) {
  const compile = (some: readonly T[]): Result<unknown> =>
    attempt(() =>
      compileEdit(
        w,
        branch.snapshot,
        branch.row.id,
        some.map((s) => s.request),
        false,
      ),
    );
  if (all.length === 0 || compile(all).ok) return { fine: all, refused: [] };
  const fine: T[] = [];
  const refused: (T & { readonly why: string })[] = [];
  for (const one of all) {
    const alone = compile([one]);
    if (alone.ok) fine.push(one);
    else refused.push({ ...one, why: refusalText(alone.refusal) });
  }
  return { fine, refused };
}

export interface EnforceReply {
  /** null: it was asked for already. */
  readonly submitted: SubmitReply | null;
  /** What the apply overwrites: an update sends all that is meant, so also what was not named (`along`). */
  readonly enforced: readonly (At & { readonly along: boolean })[];
  readonly left: readonly LeftAsIs[];
  /** What the change set would do to these components now, and what it would not do. */
  readonly actions: readonly PlannedLine[];
  readonly notPlanned: readonly NotPlannedLine[];
}

/** Refuses as `submit`; `path_not_found` for a path at which nothing has drifted. */
export async function enforceDrift(w: Workspace, principal: Principal, ask: DriftAsk): Promise<Result<EnforceReply>> {
  const chosen = await choose(w, ask);
  if (!chosen.ok) return chosen;
  const { branch, head, items } = chosen.value;
  const requests: Request[] = [];
  const enforced: EnforceReply['enforced'][number][] = [];
  const left: LeftAsIs[] = [];
  for (const { drift, lines } of items) {
    const { component, name } = drift;
    if (drift.state === 'unknown') left.push(notKnown(drift));
    const named = new Set(lines.map((l) => l.path));
    const meant = drift.differences.filter((l) => l.decision !== 'accepted');
    if (!meant.some((l) => named.has(l.path))) continue;
    requests.push(...(await w.read(() => wishFor(branch.snapshot, head, drift))));
    for (const { path } of meant) enforced.push({ component, name, path, along: !named.has(path) });
  }
  const done = requests.length === 0 ? undefined : await submitted(w, principal, ask.changeSet, requests);
  if (done?.ok === false) return done;
  const ids = new Set(enforced.map((e) => e.component));
  const planned = await plannedNow(w, ask.changeSet);
  if (!planned.ok) return planned;
  const ofThese = <T extends { readonly component: ComponentId }>(list: readonly T[]): T[] =>
    list.filter((l) => ids.has(l.component));
  return ok({
    submitted: done?.value ?? null,
    enforced,
    left,
    actions: ofThese(planned.value.actions).map((a) => ({ ...a, after: [] })),
    notPlanned: ofThese(planned.value.notPlanned),
  });
}

/** What makes the plan have an update of the component, or its creation; none where it was asked for already. */
function wishFor(state: Snapshot, head: Snapshot, { component, state: drift }: ComponentDrift): Request[] {
  const action = drift === 'gone' ? 'create' : 'update';
  if (isOwnWish(state, head, component, action)) return [];
  const out: Request[] = [];
  // A resource that was imported is known by an id that people gave: it is not the one that will be made.
  if (drift === 'gone' && state.get('cells', cellKey(component, wellKnown.resourceId)) !== undefined)
    out.push({ kind: 'component.set_resource_id', component, resourceId: null });
  // One of Head's that was never carried out asks for nothing new: it is wished again.
  const old = overrideOf(state, component, action);
  if (old?.mode === 'add' && !isAnswered(state, component, old)) out.push({ kind: 'action.remove', component, action });
  out.push({ kind: 'action.add', component, action });
  return out;
}

type Wished = 'create' | 'update';

function overrideOf(state: Snapshot, component: ComponentId, action: Wished): OverrideRecord | undefined {
  return findRecord<OverrideRecord>(state, 'overrides', overrideKey(component, action, ''));
}

/** Does the change set ask for it, and Head does not? */
function isOwnWish(state: Snapshot, head: Snapshot, component: ComponentId, action: Wished): boolean {
  const mine = overrideOf(state, component, action);
  if (mine?.mode !== 'add' || isAnswered(state, component, mine)) return false;
  const theirs = overrideOf(head, component, action);
  return theirs?.mode !== 'add' || theirs.wish !== mine.wish;
}

const notKnown = ({ component, name, why }: ComponentDrift): LeftAsIs => ({
  component,
  name,
  path: '',
  because: 'unknown',
  detail: why,
  next: 'refresh it, or wait, and ask again',
});

interface Item {
  readonly drift: ComponentDrift;
  /** What was asked for of it. */
  readonly lines: readonly DriftLine[];
  readonly isWhole: boolean;
}

async function choose(
  w: Workspace,
  { changeSet, filter, paths, waitMs }: DriftAsk,
): Promise<Result<{ readonly branch: Branch; readonly head: Snapshot; readonly items: readonly Item[] }>> {
  const present = await presentOf(w, changeSet);
  if (!present.ok) return present;
  const { branch } = present.value;
  const { component, schema, view } = filter;
  const wide = {
    ...(component === undefined ? {} : { component }),
    ...(schema === undefined ? {} : { schema }),
    ...(view === undefined ? {} : { view }),
  };
  const narrow = new Map((await drifted(w, branch, filter, waitMs)).found.map((d) => [d.component, d]));
  const { found, at } = await drifted(w, branch, wide, waitMs);
  const items = found.flatMap((drift): Item[] => {
    const asked = narrow.get(drift.component);
    if (asked === undefined) return [];
    const lines = asked.differences.filter((l) => paths === undefined || paths.some((p) => isWithin(l.path, p)));
    return [{ drift, lines, isWhole: lines.length === drift.differences.length }];
  });
  const missing = paths?.find((p) => !items.some((i) => i.lines.some((l) => isWithin(l.path, p))));
  if (missing === undefined) return ok({ branch, head: at.head, items });
  const all = [...new Set(items.flatMap((i) => i.drift.differences.map((l) => l.path)))];
  return refuse('path_not_found', {
    path: missing,
    expected:
      all.length === 0 ? 'a component that has drifted' : `a path that has drifted: ${all.slice(0, 12).join(', ')}`,
    got: JSON.stringify(missing),
    hint: 'look at the drift again; refresh the component to see what is there now',
  });
}

function submitted(w: Workspace, principal: Principal, changeSet: ChangeSetId, mutations: readonly Request[]) {
  return submit(w, principal, { changeSet, mutations });
}

async function plannedNow(w: Workspace, changeSet: ChangeSetId) {
  const present = await presentOf(w, changeSet);
  if (!present.ok) return present;
  const { branch, snapshot } = present.value;
  const head = await w.head();
  return ok(await w.read(() => plannedLines(snapshot, planOf(w, branch, head))));
}
