// Policies as data: what is asked of them, what they answer, and how a refusal names them. The built-in ones are in
// policies_built_in.ts; those of a workspace come on top. A forbid wins over every permit, and what nothing permits is
// refused. Who reads the Cedar text is a port; here is only what it means for a request.

import { isObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { malformedWith } from '../base/malformed.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Permission, Principal } from './role.ts';

const malformed = malformedWith('compare with the output of policy.list');

/** 1: first. */
export const policiesFormat = 1;

/** What something is done to. Names are those at the moment of asking. */
export type PolicyResource =
  | { readonly kind: 'Workspace'; readonly id: string; readonly name: string }
  | { readonly kind: 'ChangeSet'; readonly id: string; readonly name: string; readonly isHead: boolean }
  | {
      readonly kind: 'Component';
      readonly id: string;
      readonly name: string;
      /** Name of its schema. */
      readonly schema: string;
      /** Names of the views it is in, sorted. */
      readonly views: readonly string[];
    }
  | { readonly kind: 'View' | 'Schema' | 'Function'; readonly id: string; readonly name: string };

export interface PolicyRequest {
  readonly principal: Principal;
  readonly action: Permission;
  readonly resource: PolicyResource;
  /** Name of the operation; '': none that somebody called. */
  readonly operation: string;
  /** It is the caller's own affair: see `authoriseOwn`. */
  readonly isOwn: boolean;
  /** JSON pointer of the value that is edited. */
  readonly path?: string;
}

export interface PolicyDecision {
  readonly isAllowed: boolean;
  /** Ids of those that decided: permits where it is allowed, forbids where one forbids, none where nothing permits; sorted. */
  readonly by: readonly string[];
  /** Policies that could not be evaluated on this request; each counts as if it forbade. */
  readonly failed: readonly string[];
}

/** One policy of a workspace, as it is listed. */
export interface PolicyLine {
  /** Its annotation `@id("…")`, else `policyN` by its place in the text, from 0. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly text: string;
}

/** The stored document. */
export interface PolicyDocument {
  readonly format: number;
  readonly text: string;
}

/** Reads `{format, text}`; what the text says is the policy engine's to judge. Refuses `request_malformed`. */
export function parsePolicyDocument(x: unknown): Result<PolicyDocument> {
  if (isObject(x) && x['format'] === policiesFormat && typeof x['text'] === 'string')
    return ok({ format: policiesFormat, text: x['text'] });
  return malformed('policies', `a document with format ${policiesFormat} and text`, x);
}

/** Refuses `limit_exceeded` for a text that is too long to be evaluated with each request. */
export function checkPolicyText(text: string): Result<void> {
  if (text.length <= limits.policyCharsMax) return ok(undefined);
  return refuse('limit_exceeded', {
    path: 'text',
    expected: `policies of at most ${limits.policyCharsMax} characters`,
    got: String(text.length),
    hint: 'say the same in fewer policies',
  });
}

/** Ids that stand for what is built in start so. */
const reserved = /^(role|token|people|own)\./;

export function isReservedPolicyId(id: string): boolean {
  return reserved.test(id);
}

/**
 * Operations on the policies themselves: a workspace's policies have no say in them where an owner asks, so that no policy
 * locks its owners out of changing it.
 */
const aboutPolicies: readonly string[] = ['policy.list', 'policy.set', 'policy.remove', 'policy.test'];

export function isBeyondPolicies({ role, operation = '' }: Principal): boolean {
  return role === 'owner' && aboutPolicies.includes(operation);
}

/** What the caller is refused by. Code `access_denied`; `data.policies` has the ids for programs. */
export function deniedByPolicies(r: PolicyRequest, d: PolicyDecision): Result<never> {
  const { principal, action, resource, path } = r;
  const at = `${resource.kind} ${'name' in resource && resource.name !== '' ? resource.name : resource.id}`;
  const who = `${principal.id}, ${principal.role}${principal.isAgent === true ? ', an agent' : ''}`;
  const policies = [...d.by, ...d.failed];
  const named = policies.map((id) => JSON.stringify(id)).join(', ');
  const failed = d.failed.length > 0 ? ' (it cannot be evaluated on this request, which counts as a forbid)' : '';
  const why =
    policies.length === 0
      ? `no policy permits it; role.${principal.role} does not give ${action}`
      : `denied by policy ${named}${failed}`;
  return refuse('access_denied', {
    path: path ?? '',
    expected: `something that the policies permit: ${action} on ${at}`,
    got: `${who}: ${why}`,
    hint: 'ask an owner of the workspace; `headwater policy list` shows the policies',
    data: { policies: policies.length === 0 ? [`role.${principal.role}`] : policies, action, resource: at },
  });
}
