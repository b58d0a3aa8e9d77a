// Access in the engine: the decision is the access layer's; a refusal is written to Head's audit chain before it is
// answered, so that attempts are seen.

import { authorise, type Permission, type Principal } from '../access/role.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { noteOnHead } from './audit.ts';
import { decide, workspaceAsked } from './policies.ts';
import type { Workspace } from './workspace.ts';

/** Refuses `access_denied`, audited with what was tried and on what. */
export async function permit(
  w: Workspace,
  principal: Principal,
  permission: Permission,
  tried: { readonly operation: string; readonly subject: string },
): Promise<Result<void>> {
  const may = await decide(w, { principal, action: permission, resource: workspaceAsked(w) });
  return may.ok ? may : denied(w, principal, tried, may);
}

/** The same for what is the caller's own affair: see `authoriseOwn`. */
export async function permitOwn(
  w: Workspace,
  principal: Principal,
  scope: Permission,
  tried: { readonly operation: string; readonly subject: string },
): Promise<Result<void>> {
  const may = await decide(w, { principal, action: scope, resource: workspaceAsked(w), isOwn: true });
  return may.ok ? may : denied(w, principal, tried, may);
}

/** Hands the refusal on once the attempt is in Head's chain. */
export async function denied<T extends Refused>(
  w: Workspace,
  principal: { readonly id: string; readonly role: string },
  tried: { readonly operation: string; readonly subject: string },
  refused: T,
): Promise<T> {
  const sentence = `refuse ${principal.id} (${principal.role}) to ${tried.operation}`;
  await noteOnHead(w, principal.id, { kind: 'access.denied', subject: tried.subject, path: '', sentence });
  return refused;
}

/** What is about no one workspace is for whoever is at the machine, and for tokens that reach all of it. */
export function ofInstallation(who: Principal): Principal {
  if (who.token === undefined) return who;
  return { ...who, role: who.reach === 'installation' ? 'owner' : 'viewer' };
}

/** May they do what concerns all workspaces? At the machine as their role says, else with a token of the installation. */
export function overAll(principal: Principal): Result<Principal> {
  if (principal.token !== undefined && principal.reach !== 'installation') {
    return refuse('access_denied', {
      path: '',
      expected: 'a token of the installation',
      got: `token ${principal.token} of ${principal.id} (reach ${principal.reach})`,
      hint: 'use a token that was made with --reach installation',
    });
  }
  const who = ofInstallation(principal);
  const may = authorise(who, 'maintain');
  return may.ok ? ok(who) : may;
}

type Refused = Extract<Result<never>, { ok: false }>;
