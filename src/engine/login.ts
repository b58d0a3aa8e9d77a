// Logging in: a member whom an identity provider vouches for gets a token of their own, for half a day. Who is no member is
// refused, and that is in the audit as any attempt is.

import { type Identity, memberFor, nameOf } from '../access/identity.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Engine } from './engine.ts';
import { readMembers } from './members.ts';
import { denied } from './permit.ts';
import { type IssuedToken, issueToken } from './tokens.ts';

/** A member of a workspace, who has shown who they are. */
export interface LoggedIn {
  readonly workspace: string;
  readonly member: string;
}

/**
 * Which member of a workspace, by name or id, that is. Refuses `access_denied`, in the same words whether there is no such
 * workspace or no such member in it.
 */
export async function logIn(engine: Engine, workspace: string, identity: Identity): Promise<Result<LoggedIn>> {
  const found = await engine.workspace(workspace);
  if (!found.ok) return memberFor([], identity) as Result<never>;
  const w = found.value.workspace;
  const member = memberFor(await readMembers(w), identity);
  if (member.ok) return ok({ workspace: w.id, member: member.value.id });
  return denied(w, { id: nameOf(identity), role: 'no member' }, { operation: 'log in', subject: w.id }, member);
}

/** The token of somebody who has logged in. They may have been let out since: refuses `access_denied` as issuing one does. */
export async function loginToken(engine: Engine, who: LoggedIn, secret: string): Promise<Result<IssuedToken>> {
  const found = await engine.workspace(who.workspace);
  if (!found.ok) return found;
  const w = found.value.workspace;
  const member = (await readMembers(w)).find((m) => m.id === who.member);
  if (member?.active !== true) {
    return refuse('access_denied', {
      path: '',
      expected: 'an active member of the workspace',
      got: `${who.member}, no active member`,
      hint: 'ask an owner of the workspace',
    });
  }
  const principal = { id: member.id, role: member.role, operation: 'token.create' } as const;
  const expiresAtMs = w.world.clock.nowMs() + limits.loginMs;
  return issueToken(w, principal, secret, { name: 'login', expiresAtMs });
}
