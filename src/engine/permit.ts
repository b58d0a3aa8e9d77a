// Access in the engine: the decision is the access layer's; a refusal is written to Head's audit chain before it is
// answered, so that attempts are seen.

import { authorise, type Permission, type Principal } from '../access/role.ts';
import type { Result } from '../base/result.ts';
import { noteOnHead } from './audit.ts';
import type { Workspace } from './workspace.ts';

/** Refuses `access_denied`, audited with what was tried and on what. */
export async function permit(
  w: Workspace,
  principal: Principal,
  permission: Permission,
  tried: { readonly operation: string; readonly subject: string },
): Promise<Result<void>> {
  const may = authorise(principal, permission);
  if (may.ok) return may;
  const sentence = `refuse ${principal.id} (${principal.role}) to ${tried.operation}`;
  await noteOnHead(w, principal.id, { kind: 'access.denied', subject: tried.subject, path: '', sentence });
  return may;
}
