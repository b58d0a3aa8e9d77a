// Roles and what each may do. The engine asks with what an operation needs; on embedded engines without accounts the
// one principal is the owner.

import { ok, type Result, refuse } from '../base/result.ts';

export const roles = ['owner', 'approver', 'collaborator', 'viewer'] as const;
export type Role = (typeof roles)[number];

export interface Principal {
  /** Stable id, shown in the audit. */
  readonly id: string;
  readonly role: Role;
  /** Id of the token that the request came with; absent: the person's own session. */
  readonly token?: string;
  /** Ids of the tokens that it was made with, and they were made with, nearest first: what holds for one of them holds for it. */
  readonly madeWith?: readonly string[];
  /** Ids of the workspaces that have those, in the same order. */
  readonly madeAt?: readonly string[];
  /** What the token lets its holder do, of what the role may; absent: all of it. */
  readonly scopes?: readonly Permission[];
  /** Id of the workspace that has the token; absent: without a token. */
  readonly home?: string;
  /** Where the token is good; absent: without a token. */
  readonly reach?: 'workspace' | 'memberships' | 'installation';
  /** When the token ends, which one that it makes may not outlive; absent: never. */
  readonly tokenExpiresAtMs?: number;
  /** Name of the operation that they call; absent: none, yet. */
  readonly operation?: string;
  /** A program that decides by itself, not a person: some things are refused to it whatever its role. */
  readonly isAgent?: true;
}

/** `approve`: decide on changes. `apply:force`: apply without approvals, and while frozen. `manage`: members and budgets. `maintain`: the store. */
export const permissions = [
  'read',
  'edit',
  'apply',
  'abandon',
  'maintain',
  'approve',
  'manage',
  'apply:force',
] as const;
export type Permission = (typeof permissions)[number];

const allowed: Readonly<Record<Role, readonly Permission[]>> = {
  owner: permissions,
  approver: ['read', 'edit', 'apply', 'abandon', 'approve'],
  collaborator: ['read', 'edit', 'apply', 'abandon'],
  viewer: ['read'],
};

/** Operations by which an agent could take away what it is held by: who decides on changes, policies, budgets, freeze windows. */
export const changesOfBounds: readonly string[] = [
  'member.set',
  'member.remove',
  'member.invite',
  'member.role',
  'policy.set',
  'policy.remove',
  'plan_policy.bind',
  'plan_policy.unbind',
  'budget.set',
  'freeze.set',
  'freeze.remove',
];

/** Left to people, whatever the role of an agent and the scopes of its token; undefined: this is not. */
function leftToPeople(
  permission: Permission,
  operation: string,
): { readonly policy: string; readonly what: string; readonly hint: string } | undefined {
  if (permission === 'apply:force') {
    const hint = 'ask a person who may, or get the approvals that are missing';
    return { policy: 'people.force', what: 'apply:force', hint };
  }
  if (permission === 'manage' && changesOfBounds.includes(operation)) {
    const what = 'change members, policies, budgets and freeze windows';
    return { policy: 'people.policies', what, hint: 'ask an owner of the workspace' };
  }
  const hint = 'ask somebody whom the approvals of the change set name';
  if (permission === 'approve') return { policy: 'people.approve', what: 'approve or reject', hint };
  // It would take a rejection back.
  if (permission === 'abandon' && operation === 'change_set.reopen')
    return { policy: 'people.reopen', what: 'reopen a change set', hint: 'ask somebody who may edit it' };
  return undefined;
}

export function isRole(text: unknown): text is Role {
  return roles.includes(text as Role);
}

/**
 * What is a person's own affair (their tokens, leaving, deciding where they are named to) needs no role that may do it, but a token
 * that may: one with scopes has to have `scope`. Refuses `access_denied`.
 */
export function authoriseOwn(principal: Principal, scope: Permission): Result<void> {
  const { scopes } = principal;
  const people = forPeople(principal, scope);
  if (!people.ok) return people;
  return scopes === undefined || scopes.includes(scope)
    ? authorise({ id: principal.id, role: principal.role }, 'read')
    : withoutScope(principal, scope);
}

/** Refuses `access_denied`, naming the role and what it may do, or the scopes of the token. */
export function authorise(principal: Principal, permission: Permission): Result<void> {
  const { scopes } = principal;
  const people = forPeople(principal, permission);
  if (!people.ok) return people;
  if (scopes !== undefined && !scopes.includes(permission)) return withoutScope(principal, permission);
  if (allowed[principal.role].includes(permission)) return ok(undefined);
  return refuse('access_denied', {
    path: '',
    expected: `a role that may ${permission}`,
    got: `${principal.id}, ${principal.role} (may ${allowed[principal.role].join(', ')}); no policy permits it: role.${principal.role} does not give ${permission}`,
    hint: 'ask an owner of the workspace',
    data: { policies: [`role.${principal.role}`] },
  });
}

function forPeople(principal: Principal, permission: Permission): Result<void> {
  const left = principal.isAgent === true ? leftToPeople(permission, principal.operation ?? '') : undefined;
  if (left === undefined) return ok(undefined);
  return refuse('access_denied', {
    path: '',
    expected: `a person to ${left.what}`,
    got: `${principal.id}, with the token of an agent; denied by policy ${left.policy}`,
    hint: left.hint,
    data: { policies: [left.policy] },
  });
}

function withoutScope({ id, token, scopes = [] }: Principal, scope: Permission): Result<never> {
  return refuse('access_denied', {
    path: '',
    expected: `a token with the scope ${scope}`,
    got: `token ${token} of ${id} (scopes ${scopes.join(', ') || 'none'}); denied by policy token.scopes`,
    hint: 'use a token with that scope',
    data: { policies: ['token.scopes'] },
  });
}
