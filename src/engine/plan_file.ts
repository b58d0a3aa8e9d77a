// A plan as a document: which change set at which version, on which version of Head, and what its apply does to reality. It is
// made of the state and nothing else, so that the same state gives the same text. An apply that is given one carries out exactly
// that, or refuses with what has moved since. Left out: when it was made and by whom, which decide nothing.

import type { ChangeSetId, ComponentId, Digest, Hash, WorkspaceId } from '../base/ids.ts';
import { brief, canonical, compareText, isObject, type Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { findComponent, findSchema, nameOf } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { Branch } from './branch.ts';
import type { Planned } from './planning.ts';

export const planFormat = 'headwater.plan';
/** 1: the first. */
export const planFormatVersion = 1;

export interface PlannedInFile {
  readonly component: ComponentId;
  /** For people; what is compared is the component. */
  readonly componentName: string;
  readonly schema: string;
  readonly kind: string;
  /** Of a manual one its function's name; '' for the others. */
  readonly name: string;
  readonly paths: readonly string[];
  /** Of the inputs as far as they are known now; null: it takes none of them. */
  readonly inputHash: Hash | null;
  /** Some of its inputs are known only after other actions. */
  readonly awaits: boolean;
  readonly held: boolean;
}

export interface PlanFile {
  readonly format: typeof planFormat;
  readonly formatVersion: typeof planFormatVersion;
  readonly workspace: WorkspaceId;
  readonly changeSet: {
    readonly id: ChangeSetId;
    readonly name: string;
    readonly version: number;
    readonly intentRoot: Hash;
  };
  readonly head: { readonly version: number; readonly intentRoot: Hash };
  /** In order of component, kind and name: none that says when each is done. */
  readonly actions: readonly PlannedInFile[];
  /** Of the actions. */
  readonly fingerprint: Hash;
}

interface Now {
  readonly workspace: WorkspaceId;
  readonly branch: Branch;
  readonly head: Branch;
  readonly planned: Planned;
}

/** Of a change set that is caught up and all computed. Call it in `read`. */
export function planFileOf({ workspace, branch, head, planned }: Now, digest: Digest): PlanFile {
  const actions = planned.plan.due.map((d): PlannedInFile => {
    const { component, kind, name, paths, inputHash, awaits, held } = d;
    const of = namedIn(branch.snapshot, component) ?? namedIn(head.snapshot, component);
    return { component, ...(of ?? { componentName: '', schema: '' }), kind, name, paths, inputHash, awaits, held };
  });
  const key = (a: PlannedInFile): string => `${a.component}/${a.kind}/${a.name}`;
  actions.sort((a, b) => compareText(key(a), key(b)));
  const { id, name, version, intentRoot } = branch.row;
  return {
    format: planFormat,
    formatVersion: planFormatVersion,
    workspace,
    changeSet: { id, name, version, intentRoot },
    head: { version: head.row.version, intentRoot: head.row.intentRoot },
    actions,
    fingerprint: digest(canonical(actions as unknown as Json)),
  };
}

function namedIn(state: Reader, id: ComponentId): { componentName: string; schema: string } | undefined {
  const record = findComponent(state, id);
  return record && { componentName: nameOf(state, id), schema: findSchema(state, record.schema)?.name ?? '' };
}

/** Reads a document. Refuses `request_malformed` for what is none, or of a version that is not known here. */
export function parsePlanFile(x: Json): Result<PlanFile> {
  const bad = (path: string, expected: string, got: Json | undefined) =>
    refuse('request_malformed', {
      path: `plan/${path}`,
      expected,
      got: brief(got ?? null),
      hint: 'make the plan again with: headwater plan CHANGE_SET -o FILE',
    });
  if (!isObject(x) || x['format'] !== planFormat) return bad('format', planFormat, isObject(x) ? x['format'] : x);
  if (x['formatVersion'] !== planFormatVersion)
    return bad('formatVersion', String(planFormatVersion), x['formatVersion']);
  const { changeSet, head, fingerprint, workspace } = x;
  if (typeof workspace !== 'string') return bad('workspace', 'the id of a workspace', workspace);
  for (const [path, at] of [
    ['changeSet', changeSet],
    ['head', head],
  ] as const)
    if (!isObject(at ?? null) || !isVersionAndRoot(at)) return bad(path, 'a version and its root', at);
  if (typeof (changeSet as { id?: unknown }).id !== 'string')
    return bad('changeSet/id', 'the id of a change set', changeSet);
  if (typeof fingerprint !== 'string') return bad('fingerprint', 'the hash of the actions', fingerprint);
  if (!Array.isArray(x['actions'])) return bad('actions', 'a list', x['actions']);
  return ok(x as unknown as PlanFile);
}

const isVersionAndRoot = (at: Json | undefined): boolean =>
  isObject(at ?? null) &&
  Number.isSafeInteger((at as { version?: unknown }).version) &&
  typeof (at as { intentRoot?: unknown }).intentRoot === 'string';

/** Refuses `plan_stale` with everything that is another than the plan says. */
export function checkPlanFile(plan: PlanFile, now: PlanFile): Result<unknown> {
  const moved: string[] = [];
  const compare = (what: string, before: Json, after: Json): void => {
    if (before !== after) moved.push(`${what}: ${brief(before)} in the plan, ${brief(after)} now`);
  };
  compare('the workspace', plan.workspace, now.workspace);
  compare('the change set', plan.changeSet.id, now.changeSet.id);
  compare('the version of the change set', plan.changeSet.version, now.changeSet.version);
  if (plan.changeSet.version === now.changeSet.version)
    compare('what it makes of the model', plan.changeSet.intentRoot, now.changeSet.intentRoot);
  compare('the version of Head', plan.head.version, now.head.version);
  if (plan.head.version === now.head.version) compare('Head', plan.head.intentRoot, now.head.intentRoot);
  compare('the actions', plan.fingerprint, now.fingerprint);
  if (moved.length === 0) return ok(undefined);
  return refuse('plan_stale', {
    path: 'plan',
    expected: 'everything as it was when the plan was made',
    got: moved.join('; '),
    hint: 'look at it again and make another plan',
    data: { moved },
  });
}
