// Deciding by policies: the built-in ones, and those of a workspace on top of them. A workspace without any is decided by
// the table of roles, which says what the built-in policies come to. Decisions are kept by what was asked, with what no policy of
// the workspace looks at left out, so that an import of thousands of components takes a few of them.

import { changedBy, type Edit, viewsOf } from '../access/changed.ts';
import {
  deniedByPolicies,
  isBeyondPolicies,
  isReservedPolicyId,
  type PolicyDecision,
  type PolicyDocument,
  type PolicyRequest,
  type PolicyResource,
  parsePolicyDocument,
  policiesFormat,
} from '../access/policy.ts';
import { authorise, authoriseOwn, type Permission, type Principal } from '../access/role.ts';
import type { ComponentId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { RecentCache } from '../base/recent_cache.ts';
import { Fault, invariant, must, ok, type Result } from '../base/result.ts';
import { findComponent, findRecord, findSchema, nameOf } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { Policies } from '../ports/policy_engine.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { readSetting, type Setting } from './setting.ts';
import type { Workspace } from './workspace.ts';

export const policiesSetting: Setting<PolicyDocument> = {
  name: 'policies',
  format: policiesFormat,
  parse: parsePolicyDocument,
};

/** What is known of a workspace's policies. */
interface Kept {
  readonly text: string;
  /** Undefined: it has none. */
  readonly policies: Policies | undefined;
  readonly sees: Sees;
  readonly decisions: RecentCache<string, PolicyDecision>;
}

/** What of a request some policy looks at. */
interface Sees {
  readonly id: boolean;
  readonly name: boolean;
  readonly path: boolean;
}

const reading = new WeakMap<Workspace, Promise<Kept>>();
const known = new WeakMap<Workspace, Kept>();

/** Read once: whoever owns the store is the only one to change them. Fault `policies_unavailable`, `store_damaged`. */
export function loadPolicies(w: Workspace): Promise<Kept> {
  const before = reading.get(w);
  if (before !== undefined) return before;
  const now = read(w);
  reading.set(w, now);
  now.catch(() => reading.delete(w));
  return now;
}

async function read(w: Workspace): Promise<Kept> {
  const { text = '' } = (await readSetting(w, policiesSetting)) ?? {};
  const opened = await openPolicies(w, text);
  if (opened.ok) return keep(w, text, opened.value);
  throw new Fault('store_damaged', `the policies of workspace ${w.id} cannot be read: ${opened.refusal.got}`);
}

/** Reads a text; undefined: it is empty. Refuses `policy_invalid`. Fault `policies_unavailable`. */
export async function openPolicies(w: Workspace, text: string): Promise<Result<Policies | undefined>> {
  if (text.trim() === '') return ok(undefined);
  if (w.policyEngine === undefined)
    throw new Fault('policies_unavailable', `workspace ${w.id} has policies, and this program cannot decide by them`);
  return w.policyEngine.open(text);
}

/** A thing by its id; roles, users and actions are named so, too, and none of them is what is asked about. */
const namesResource =
  /\b(?:Workspace|ChangeSet|Component|View|Schema|Function)(?:\s|\/\/[^\n]*\n)*::(?:\s|\/\/[^\n]*\n)*"/;

/** From now on these decide. */
export function keep(w: Workspace, text: string, policies: Policies | undefined): Kept {
  known.get(w)?.policies?.close();
  // An escape may stand for any word.
  const has = (word: RegExp) => text.includes('\\') || word.test(text);
  const kept: Kept = {
    text,
    policies,
    sees: { id: has(/\bid\b(?!\s*\()/) || has(namesResource), name: has(/\bname\b/), path: has(/\bpath\b/) },
    decisions: new RecentCache(limits.policyDecisionsKeptMax),
  };
  known.set(w, kept);
  reading.set(w, Promise.resolve(kept));
  return kept;
}

export function workspaceAsked(w: Workspace): PolicyResource {
  return { kind: 'Workspace', id: w.id, name: w.row.name };
}

/** What is decided on; the operation is the one that the principal calls. */
export interface Asked {
  readonly principal: Principal;
  readonly action: Permission;
  readonly resource: PolicyResource;
  /** See `authoriseOwn`. Default false. */
  readonly isOwn?: boolean;
  readonly path?: string;
}

/** Refuses `access_denied`, with the policy. */
export async function decide(w: Workspace, asked: Asked): Promise<Result<void>> {
  return decideBy(await loadPolicies(w), asked);
}

/** The same once the policies are known, as they are to whoever was let in. */
export function decideNow(w: Workspace, asked: Asked): Result<void> {
  return decideBy(keptNow(w), asked);
}

/** Whether a change may be judged without waiting; else `loadPolicies` first. */
export function arePoliciesKnown(w: Workspace): boolean {
  return known.has(w);
}

function keptNow(w: Workspace): Kept {
  const kept = known.get(w);
  invariant(kept !== undefined, 'the policies are read before a change is judged');
  return kept;
}

/** What holds for a token holds for those that were made with it. */
function decideBy(kept: Kept, asked: Asked): Result<void> {
  const may = decideFor(kept, asked);
  const { principal } = asked;
  if (!may.ok || principal.madeWith === undefined || kept.policies === undefined) return may;
  for (const token of principal.madeWith) {
    const also = decideFor(kept, { ...asked, principal: { ...principal, token } });
    if (!also.ok) return also;
  }
  return may;
}

function decideFor(kept: Kept, { principal, action, resource, isOwn = false, path }: Asked): Result<void> {
  const { policies, sees } = kept;
  const builtIn = () => (isOwn ? authoriseOwn(principal, action) : authorise(principal, action));
  if (policies === undefined || isBeyondPolicies(principal)) return builtIn();
  const request: PolicyRequest = {
    principal,
    action,
    resource,
    operation: principal.operation ?? '',
    isOwn,
    ...(path === undefined ? {} : { path }),
  };
  const decision = decisionOf(kept, policies, seen(request, sees));
  if (decision.isAllowed) return ok(undefined);
  // What the built-in ones refuse by themselves they say in their own words.
  const isBuiltIn = [...decision.by, ...decision.failed].every(isReservedPolicyId);
  const may = isBuiltIn ? builtIn() : ok(undefined);
  return may.ok ? deniedByPolicies(request, decision) : may;
}

/** What some policies, which need not be those that are set, come to; undefined: the built-in ones alone. */
export async function decideWith(
  w: Workspace,
  policies: Policies | undefined,
  request: PolicyRequest,
): Promise<PolicyDecision> {
  if (policies !== undefined) return policies.decide(request);
  const opened = await w.policyEngine?.open('');
  if (opened === undefined) throw new Fault('policies_unavailable', 'this program cannot decide by policies');
  const builtIn = must(opened);
  try {
    return builtIn.decide(request);
  } finally {
    builtIn.close();
  }
}

/** The request without what no policy looks at. */
function seen(r: PolicyRequest, { id, name, path: seesPath }: Sees): PolicyRequest {
  const { path, ...rest } = r;
  const resource = { ...r.resource, ...(id ? {} : { id: '' }), ...(name ? {} : { name: '' }) };
  return { ...rest, resource, ...(seesPath && path !== undefined ? { path } : {}) };
}

function decisionOf(kept: Kept, policies: Policies, request: PolicyRequest): PolicyDecision {
  const { id, role, token, scopes, isAgent } = request.principal;
  const { principal: _, ...rest } = request;
  const key = JSON.stringify([id, role, token, scopes, isAgent, rest]);
  const before = kept.decisions.get(key);
  if (before !== undefined) return before;
  const decision = policies.decide(request);
  kept.decisions.set(key, decision);
  return decision;
}

/** What a change set or an edit of it changes: `present` is `head` with the edits. */
export interface PermittedChange {
  readonly row: ChangeSetRow;
  readonly head: Reader;
  readonly present: Reader;
  readonly edits: () => readonly Edit[];
}

/**
 * May the principal do that to the change set, and to each part that is changed? Costs nothing where the workspace has no policies.
 * The policies have to be known. Refuses `access_denied` for the first part that is denied. Call it in `read`.
 */
export function permitChange(w: Workspace, principal: Principal, action: Permission, c: PermittedChange): Result<void> {
  const kept = keptNow(w);
  if (kept.policies === undefined) return ok(undefined);
  const { id, name, isHead } = c.row;
  const whole = decideBy(kept, { principal, action, resource: { kind: 'ChangeSet', id, name, isHead } });
  if (!whole.ok) return whole;
  for (const part of partsOf(kept.sees, c)) {
    const may = decideBy(kept, { principal, action, ...part });
    if (!may.ok) return may;
  }
  return ok(undefined);
}

interface Part {
  readonly resource: PolicyResource;
  readonly path?: string;
}

/** Each thing that is changed, as it was and as it is, with each place in it. */
function* partsOf(sees: Sees, { head, present, edits }: PermittedChange): Generator<Part> {
  const changed = changedBy({ head, present, edits: edits() });
  for (const [id, { at }] of changed.components) {
    const resources = [componentAsked(head, id, { head, present }), componentAsked(present, id, { head, present })];
    const paths = sees.path ? pathsOf(at.map((i) => changed.mutations[i]!)) : [undefined];
    for (const resource of resources.filter((r) => r !== undefined))
      for (const path of paths) yield path === undefined ? { resource } : { resource, path };
  }
  for (const id of changed.views.keys()) yield { resource: { kind: 'View', id, name: named(id, 'views') } };
  for (const id of changed.schemas.keys()) yield { resource: { kind: 'Schema', id, name: named(id, 'schemas') } };
  for (const id of changed.functions.keys()) yield { resource: { kind: 'Function', id, name: named(id, 'functions') } };

  function named(id: string, category: 'views' | 'schemas' | 'functions'): string {
    return (recordName(present, category, id) || recordName(head, category, id)) ?? '';
  }
}

function recordName(reader: Reader, category: 'views' | 'schemas' | 'functions', id: string): string {
  return findRecord<{ readonly name: string }>(reader, category, id)?.name ?? '';
}

/** Undefined: it is not there. */
export function componentAsked(
  reader: Reader,
  id: ComponentId,
  states: { readonly head: Reader; readonly present: Reader },
): PolicyResource | undefined {
  const record = findComponent(reader, id);
  if (record === undefined) return undefined;
  const schema = findSchema(reader, record.schema)?.name ?? '';
  const views = [...viewsOf(states, id)].map(
    (view) => recordName(states.present, 'views', view) || recordName(states.head, 'views', view),
  );
  return { kind: 'Component', id, name: nameOf(reader, id), schema, views: views.toSorted() };
}

/** Places that are edited, each once; undefined: the component as a whole. */
function pathsOf(mutations: readonly Mutation[]): readonly (string | undefined)[] {
  const paths = new Set<string | undefined>();
  for (const m of mutations) {
    if ('path' in m) paths.add(m.path);
    else paths.add(undefined);
    if (m.kind === 'component.create') for (const key of Object.keys(m.image.cells)) paths.add(key.replace(/#$/, ''));
  }
  return [...paths];
}
