// The policies of a workspace as a setting: listed for all who may read, so that a refusal can be understood; set whole and removed
// by owners, after the policy engine has read the text; tried without being set. A change is in Head's audit chain.

import { builtInPolicies, policySchema } from '../access/policies_built_in.ts';
import {
  checkPolicyText,
  deniedByPolicies,
  isReservedPolicyId,
  type PolicyLine,
  type PolicyRequest,
  type PolicyResource,
  policiesFormat,
} from '../access/policy.ts';
import { type Permission, type Principal, permissions } from '../access/role.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import { resolveComponent } from '../model/lookup.ts';
import { readMembers } from './members.ts';
import type { State } from './operation.ts';
import { permit } from './permit.ts';
import { componentAsked, decideWith, keep, loadPolicies, openPolicies, policiesSetting } from './policies.ts';
import { accessChanged, oneAtATime, writeSetting } from './setting.ts';
import type { Workspace } from './workspace.ts';

export interface PolicyList {
  /** As it was set; '': the workspace has none. */
  readonly text: string;
  readonly policies: readonly PolicyLine[];
  readonly builtIn: readonly { readonly id: string; readonly text: string }[];
  /** What policies may speak of, as a Cedar schema. */
  readonly schema: string;
}

/** The policies of the workspace and the built-in ones. */
export async function listPolicies(w: Workspace): Promise<PolicyList> {
  const { text, policies } = await loadPolicies(w);
  const builtIn = Object.entries(builtInPolicies).map(([id, source]) => ({ id, text: source }));
  return { text, policies: policies?.lines ?? [], builtIn, schema: policySchema };
}

/**
 * Replaces all policies of the workspace; '' removes them. Refuses `access_denied`, also to agents, `policy_invalid`,
 * `limit_exceeded`.
 */
export async function setPolicies(w: Workspace, principal: Principal, text: string): Promise<Result<PolicyList>> {
  const may = await permit(w, principal, 'manage', { operation: 'change the policies', subject: w.id });
  if (!may.ok) return may;
  const short = checkPolicyText(text);
  if (!short.ok) return short;
  const set = await oneAtATime(w, async (): Promise<Result<void>> => {
    if ((await loadPolicies(w)).text === text) return ok(undefined);
    const opened = await openPolicies(w, text);
    if (!opened.ok) return opened;
    const ids = (opened.value?.lines ?? []).map((l) => l.id);
    const sentence = ids.length === 0 ? 'remove all policies' : `set the policies to ${ids.join(', ')}`;
    const written = await writeSetting(w, principal, {
      kind: ids.length === 0 ? 'policy.remove' : 'policy.set',
      subject: w.id,
      sentence,
      name: policiesSetting.name,
      text: JSON.stringify({ format: policiesFormat, text }),
    });
    if (!written.ok) {
      opened.value?.close();
      return written;
    }
    keep(w, text, opened.value);
    accessChanged(w);
    return written;
  });
  return set.ok ? ok(await listPolicies(w)) : set;
}

/** A question to the policies: what would be answered? */
export interface PolicyQuestion {
  /** Id of a member; default: who asks. */
  readonly user: string | undefined;
  readonly isAgent: boolean;
  readonly action: string;
  /** Name of the operation. */
  readonly operation: string;
  /** By name or id, in the state; absent: the change set or, on Head, the workspace. */
  readonly component: string | undefined;
  readonly path: string | undefined;
  /** Policies to try in place of those that are set. */
  readonly text: string | undefined;
}

export interface PolicyAnswer {
  readonly allowed: boolean;
  /** Ids of those that decided. */
  readonly policies: readonly string[];
  /** Of those, the workspace's own. */
  readonly own: readonly string[];
  /** Why not, in a sentence; null: it is allowed. */
  readonly because: string | null;
}

/** Decides and does nothing. Refuses `request_malformed`, `member_not_found`, `component_not_found`, `policy_invalid`. */
export async function testPolicies(s: State, principal: Principal, q: PolicyQuestion): Promise<Result<PolicyAnswer>> {
  const { w } = s;
  const may = await permit(w, principal, 'manage', { operation: 'try the policies', subject: w.id });
  if (!may.ok) return may;
  const action = permissions.find((p) => p === q.action);
  if (action === undefined) {
    return refuse('request_malformed', {
      path: 'action',
      expected: `one of ${permissions.join(', ')}`,
      got: JSON.stringify(q.action),
      hint: 'name what is to be done',
    });
  }
  const who = await asked(w, principal, q);
  if (!who.ok) return who;
  const resource = await resourceOf(s, action, q.component);
  const { user: _, component: __, text, ...rest } = q;
  const request: PolicyRequest = {
    principal: { ...who.value, operation: q.operation },
    action,
    resource,
    operation: q.operation,
    isOwn: false,
    ...(rest.path === undefined ? {} : { path: rest.path }),
  };
  const opened = text === undefined ? ok((await loadPolicies(w)).policies) : await openPolicies(w, text);
  if (!opened.ok) return opened;
  const decided = await decideWith(w, opened.value, request);
  if (text !== undefined) opened.value?.close();
  const policies = [...decided.by, ...decided.failed];
  const refused = decided.isAllowed ? undefined : deniedByPolicies(request, decided);
  return ok({
    allowed: decided.isAllowed,
    policies,
    own: policies.filter((id) => !isReservedPolicyId(id)),
    because: refused === undefined || refused.ok ? null : refused.refusal.got,
  });
}

/** The member that the question is about. */
async function asked(w: Workspace, principal: Principal, q: PolicyQuestion): Promise<Result<Principal>> {
  const { user = principal.id } = q;
  const members = await readMembers(w);
  const member = members.find((m) => m.id === user && m.active);
  const agent = q.isAgent ? ({ isAgent: true } as const) : {};
  if (member !== undefined) return ok({ id: user, role: member.role, ...agent });
  if (members.length === 0) return ok({ id: user, role: principal.role, ...agent });
  return refuse('member_not_found', {
    path: 'user',
    expected: 'the id of an active member',
    got: JSON.stringify(user),
    hint: 'list the members',
  });
}

/** What concerns the workspace as a whole is decided on it, edits and applies on what they change, reading on a component that is named. */
async function resourceOf(s: State, action: Permission, component: string | undefined): Promise<PolicyResource> {
  const { w, row } = s;
  const isOfParts = action === 'edit' || action === 'apply' || action === 'apply:force';
  if (component !== undefined && (isOfParts || action === 'read')) {
    const head = await w.head();
    return w.read(() => {
      const id = must(resolveComponent(s.snapshot, component));
      return componentAsked(s.snapshot, id, { head: head.snapshot, present: s.snapshot })!;
    });
  }
  if (row.isHead || !isOfParts) return { kind: 'Workspace', id: w.id, name: w.row.name };
  return { kind: 'ChangeSet', id: row.id, name: row.name, isHead: false };
}
