// Drift for people and programs: what reality has otherwise than Head says, by component or as groups of like differences,
// and what a change set has decided about each: accepted, or to be overwritten with what was meant. Reading; the decisions
// are in drift_decisions.

import { acceptanceOf } from '../actions/acceptance.ts';
import { keysOf, memberOf } from '../actions/changed_paths.ts';
import type { Difference } from '../actions/drift.ts';
import type { Drift } from '../actions/drifted.ts';
import type { ComponentId, SchemaId, ViewId } from '../base/ids.ts';
import { compareText, type Json, sameJson } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import { placementKey } from '../model/keys.ts';
import { findComponent, findSchema, isMarked, nameOf, reportedOf, specOfComponent } from '../model/lookup.ts';
import { overlaps, wellKnown } from '../model/path.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import type { DriftMention, Page } from './component.ts';
import { driftsOf, type HeadDrift, headDrift } from './drift_table.ts';
import { type Planned, planOf, valuedBy } from './planning.ts';
import type { Workspace } from './workspace.ts';

/** `open`: nobody has decided; `accepted`: the change set says what reality has; `enforced`: its apply overwrites it. */
export type Decision = 'open' | 'accepted' | 'enforced';

export interface DriftLine {
  /** Pointer; '' for the whole component, whose resource is gone. */
  readonly path: string;
  /** Absent: reality has an entry that nobody declared. */
  readonly intent?: Json;
  /** Absent: what was declared is not there. */
  readonly reality?: Json;
  readonly decision: Decision;
  /** Why it cannot be accepted as it is, and what to do; absent: it can. */
  readonly cannotAccept?: { readonly because: string; readonly detail: string; readonly next: string };
}

export interface ComponentDrift {
  readonly component: ComponentId;
  readonly name: string;
  readonly schema: string;
  readonly state: 'changed' | 'gone' | 'unknown';
  /** Why it is not known; '' otherwise. */
  readonly why: string;
  readonly resourceId: string | null;
  /** When the provider was last asked. */
  readonly syncedAtMs: number | null;
  readonly differences: readonly DriftLine[];
  /** One that would change it and waits for somebody; null: there is none. */
  readonly action: { readonly id: string; readonly kind: string; readonly status: string } | null;
}

/** Like differences of several components: of one schema, at one path. */
export interface DriftGroup {
  readonly schema: string;
  /** With `*` for list indexes; '' : the resource is gone. */
  readonly path: string;
  readonly components: number;
  readonly decisions: Readonly<Record<Decision, number>>;
  /** Of the first few. */
  readonly examples: readonly {
    readonly name: string;
    readonly path: string;
    readonly intent?: Json;
    readonly reality?: Json;
  }[];
  /** All have it the same way. */
  readonly isAlike: boolean;
}

export interface DriftCounts {
  readonly components: number;
  readonly differences: number;
  readonly gone: number;
  /** Of which it cannot be told now. */
  readonly unknown: number;
  /** Components of which something was reported, drifted or not. */
  readonly reported: number;
  readonly decisions: Readonly<Record<Decision, number>>;
}

export interface DriftFilter {
  readonly component?: ComponentId;
  readonly schema?: SchemaId;
  readonly view?: ViewId;
  /** At, above or below this pointer; `*` stands for any list index. */
  readonly path?: string;
}

/** Where decisions are looked up; undefined: Head alone. */
export type Deciding = Branch | undefined;

/** Every drifted component that the filter lets through, in order of their ids. */
export async function drifted(
  w: Workspace,
  branch: Deciding,
  filter: DriftFilter,
  waitMs: number,
): Promise<{ readonly found: readonly ComponentDrift[]; readonly at: HeadDrift }> {
  await w.actions.ready();
  const at = await headDrift(w, waitMs);
  const head = await w.head();
  if (branch !== undefined) await settled(w, branch, [...at.drifts.keys()], waitMs);
  const found = await w.read(() => {
    const deciding = branch === undefined ? undefined : decisionsIn(w, branch, head);
    const out: ComponentDrift[] = [];
    for (const [component, drift] of at.drifts) {
      if (!isAsked(at.head, component, filter) || isUnderWay(w, component)) continue;
      const told = tell(at.head, { component, drift, action: waitingFor(w, component), deciding });
      const differences = told.differences.filter((d) => isAt(d.path, filter.path));
      if (differences.length > 0 || told.state === 'unknown') out.push({ ...told, differences });
    }
    return out;
  });
  return { found, at };
}

/** Waits at most so long for what these components are made of in a change set. */
export async function settled(
  w: Workspace,
  branch: Branch,
  components: readonly ComponentId[],
  waitMs: number,
): Promise<void> {
  const until = performance.now() + waitMs;
  for (const component of components) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return;
    await w.propagation.settled(branch, { component, path: wellKnown.domain }, leftMs);
  }
}

export interface DriftReply {
  readonly components: Page<ComponentDrift>;
  readonly groups: readonly DriftGroup[];
  readonly counts: DriftCounts;
}

/** One page of components behind `cursor`; groups and counts are of all of them. */
export async function listDrift(
  w: Workspace,
  branch: Deciding,
  query: DriftFilter & { readonly cursor?: string; readonly limit?: number; readonly waitMs?: number },
): Promise<Result<DriftReply>> {
  const { cursor = '', limit: most = limits.pageRowsMax, waitMs = limits.driftSettleMs, ...filter } = query;
  const limit = Math.min(Math.max(1, most), limits.pageRowsMax);
  const { found, at } = await drifted(w, branch, filter, waitMs);
  const behind = found.filter((d) => d.component > cursor);
  const items = behind.slice(0, limit);
  return ok({
    components: { items, nextCursor: behind.length > limit ? items.at(-1)!.component : null },
    groups: groupsOf(found),
    counts: countsOf(found, at.reported),
  });
}

/** What `drift.get` answers; there also `refresh`: how often it is looked at by itself, and when next, or null. */
export interface DriftView {
  readonly component: ComponentId;
  readonly name: string;
  readonly state: 'changed' | 'gone' | 'unknown' | 'none' | 'unreported';
  readonly why: string;
  readonly resourceId: string | null;
  readonly syncedAtMs: number | null;
  readonly differences: readonly DriftLine[];
}

/** Of one component of Head. Call it in `read`. */
export function driftIn(w: Workspace, head: Branch, component: ComponentId, branch: Deciding): DriftView {
  const state = head.snapshot;
  const [[, drift]] = driftsOf(w, head, state, [component]) as [[ComponentId, Drift | undefined]];
  const record = reportedOf(state, component);
  const about = {
    component,
    name: nameOf(state, component),
    resourceId: record?.resourceId ?? null,
    syncedAtMs: record?.syncedAtMs ?? null,
  };
  if (drift === undefined || drift.state === 'none')
    return { ...about, state: drift === undefined ? 'unreported' : 'none', why: '', differences: [] };
  const deciding = branch === undefined ? undefined : decisionsIn(w, branch, head);
  const told = tell(state, { component, drift, action: waitingFor(w, component), deciding });
  const { why, resourceId, differences } = told;
  return { ...about, state: told.state, why, resourceId, differences };
}

/** That a component of Head has drifted, in short; undefined: it has not. Call it in `read`. */
export function driftMention(w: Workspace, head: Branch, component: ComponentId): DriftMention | undefined {
  const drift = driftsOf(w, head, head.snapshot, [component])[0]![1];
  if (drift?.state === 'gone') return { state: 'gone', paths: [] };
  return drift?.state === 'changed' ? { state: 'changed', paths: drift.differences.map((d) => d.path) } : undefined;
}

/** What a change set makes of drift, looked up component by component. */
interface Decisions {
  readonly state: Snapshot;
  readonly remaining: (component: ComponentId) => Drift | undefined;
  readonly inputs: (component: ComponentId) => Json | undefined;
  readonly enforced: ReadonlySet<ComponentId>;
}

function decisionsIn(w: Workspace, branch: Branch, head: Branch, planned = planOf(w, branch, head)): Decisions {
  const { due } = planned.plan;
  const kinds = ['create', 'update', 'replace'];
  const results = w.propagation.resultsOn(w.space.digest);
  return {
    state: branch.snapshot,
    enforced: new Set(due.filter((d) => kinds.includes(d.kind)).map((d) => d.component)),
    remaining: (component) => driftsOf(w, branch, branch.snapshot, [component])[0]![1],
    inputs: (component) => {
      const { valueAt } = valuedBy(branch.snapshot, results, w.propagation.keptOf(branch, branch.snapshot));
      const inputs = valueAt({ component, path: wellKnown.domain });
      return inputs.state === 'value' ? inputs.value : undefined;
    },
  };
}

interface Told {
  readonly component: ComponentId;
  readonly drift: Drift;
  readonly action: ComponentDrift['action'];
  readonly deciding: Decisions | undefined;
}

function tell(state: Snapshot, { component, drift, action, deciding }: Told): ComponentDrift {
  const record = reportedOf(state, component);
  const of = findComponent(state, component);
  const isGone = drift.state === 'gone';
  return {
    component,
    name: nameOf(state, component),
    schema: of === undefined ? '' : (findSchema(state, of.schema)?.name ?? ''),
    state: drift.state as ComponentDrift['state'],
    why: drift.state === 'unknown' ? drift.why : '',
    resourceId: isGone ? drift.lost : (record?.resourceId ?? null),
    syncedAtMs: record?.syncedAtMs ?? null,
    differences: isGone
      ? [{ path: '', decision: decisionOnGone(component, deciding) }]
      : drift.state === 'changed'
        ? linesOf(state, component, drift.differences, deciding)
        : [],
    action,
  };
}

function decisionOnGone(component: ComponentId, deciding: Decisions | undefined): Decision {
  if (deciding === undefined) return 'open';
  const isAccepted = findComponent(deciding.state, component) === undefined || isMarked(deciding.state, component);
  return isAccepted ? 'accepted' : deciding.enforced.has(component) ? 'enforced' : 'open';
}

function linesOf(
  head: Snapshot,
  component: ComponentId,
  differences: readonly Difference[],
  deciding: Decisions | undefined,
): DriftLine[] {
  const state = deciding?.state ?? head;
  const record = findComponent(state, component);
  const spec = record && specOfComponent(state, record);
  const isLeft = deciding === undefined ? () => true : leftOf(component, deciding);
  return differences.map((difference): DriftLine => {
    const { path, intent, reality } = difference;
    const decision: Decision =
      deciding === undefined
        ? 'open'
        : !isLeft(difference)
          ? 'accepted'
          : deciding.enforced.has(component)
            ? 'enforced'
            : 'open';
    const acceptance = spec && acceptanceOf(state, component, { spec, difference });
    return {
      path,
      ...(intent === undefined ? {} : { intent }),
      ...(reality === undefined ? {} : { reality }),
      decision,
      ...(acceptance === undefined || 'request' in acceptance ? {} : { cannotAccept: acceptance }),
    };
  });
}

/** Is it still so in the change set? What has no value there any more says nothing of what reality has. */
function leftOf(component: ComponentId, { remaining, inputs }: Decisions): (d: Difference) => boolean {
  const drift = remaining(component);
  if (drift === undefined) return () => false;
  if (drift.state === 'unknown') return () => true;
  const mine = inputs(component);
  return ({ path, reality }) => {
    const isOther = drift.state === 'changed' && drift.differences.some((r) => overlaps(r.path, path));
    return isOther || (reality !== undefined && keysOf(path).reduce(memberOf, mine) === undefined);
  };
}

const changing = ['create', 'update', 'destroy'];
const waiting = ['failed', 'interrupted', 'on-hold'];
const changesOf = (w: Workspace, component: ComponentId): readonly ActionRecord[] =>
  w.actions.of(component).filter((a) => changing.includes(a.kind));

/** What is being changed has not drifted; what it comes to will be seen. */
const isUnderWay = (w: Workspace, component: ComponentId): boolean =>
  changesOf(w, component).some((a) => !waiting.includes(a.status));

function waitingFor(w: Workspace, component: ComponentId): ComponentDrift['action'] {
  const action = changesOf(w, component).at(-1);
  return action === undefined ? null : { id: action.id, kind: action.kind, status: action.status };
}

function isAsked(state: Snapshot, component: ComponentId, { component: only, schema, view }: DriftFilter): boolean {
  if (only !== undefined && only !== component) return false;
  if (schema !== undefined && findComponent(state, component)?.schema !== schema) return false;
  return view === undefined || state.get('views', placementKey(view, component)) !== undefined;
}

/** List indexes say nothing of what is alike. */
const groupPath = (path: string): string => path.replaceAll(/\/\d+(?=\/|$)/g, '/*');

function isAt(path: string, asked: string | undefined): boolean {
  return asked === undefined || (asked === '' ? path === '' : overlaps(groupPath(path), groupPath(asked)));
}

/** Examples of one group. */
const examplesMax = 5;

function groupsOf(found: readonly ComponentDrift[]): DriftGroup[] {
  const groups = new Map<string, { schema: string; path: string; of: { drift: ComponentDrift; line: DriftLine }[] }>();
  for (const drift of found)
    for (const line of drift.differences) {
      const path = groupPath(line.path);
      const key = `${drift.schema}\n${path}`;
      const group = groups.get(key) ?? { schema: drift.schema, path, of: [] };
      group.of.push({ drift, line });
      groups.set(key, group);
    }
  return [...groups.values()]
    .map(({ schema, path, of }): DriftGroup => {
      const first = of[0]!.line;
      const same = (a: Json | undefined, b: Json | undefined): boolean =>
        a === undefined || b === undefined ? a === b : sameJson(a, b);
      return {
        schema,
        path,
        components: new Set(of.map((o) => o.drift.component)).size,
        decisions: decisionsOf(of.map((o) => o.line)),
        examples: of.slice(0, examplesMax).map(({ drift, line }) => {
          const { decision: _, cannotAccept: __, ...values } = line;
          return { name: drift.name, ...values };
        }),
        isAlike: of.every(({ line }) => same(line.intent, first.intent) && same(line.reality, first.reality)),
      };
    })
    .sort((a, b) => b.components - a.components || compareText(a.schema, b.schema) || compareText(a.path, b.path));
}

function decisionsOf(lines: readonly DriftLine[]): DriftCounts['decisions'] {
  const count = (decision: Decision): number => lines.filter((l) => l.decision === decision).length;
  return { open: count('open'), accepted: count('accepted'), enforced: count('enforced') };
}

function countsOf(found: readonly ComponentDrift[], reported: number): DriftCounts {
  const lines = found.flatMap((d) => d.differences);
  return {
    components: found.filter((d) => d.state !== 'unknown').length,
    differences: lines.length,
    gone: found.filter((d) => d.state === 'gone').length,
    unknown: found.filter((d) => d.state === 'unknown').length,
    reported,
    decisions: decisionsOf(lines),
  };
}

/** Drift that the apply of a change set overwrites, for its review. */
export interface Overwritten {
  readonly component: ComponentId;
  readonly name: string;
  readonly differences: readonly DriftLine[];
}

/** Of components that the change set updates or replaces. Call it in `read`. */
export function overwrittenBy(w: Workspace, branch: Branch, head: Branch, planned: Planned): Overwritten[] {
  const deciding = decisionsIn(w, branch, head, planned);
  return [...deciding.enforced].sort(compareText).flatMap((component) => {
    const drift = driftsOf(w, head, head.snapshot, [component])[0]![1];
    if (drift?.state !== 'changed') return [];
    const lines = linesOf(head.snapshot, component, drift.differences, deciding).filter(
      (l) => l.decision === 'enforced',
    );
    return lines.length === 0 ? [] : [{ component, name: nameOf(head.snapshot, component), differences: lines }];
  });
}
