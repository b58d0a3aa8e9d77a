// Access in the engine: the decision is the access layer's; a refusal is written to Head's audit chain before it is
// answered, so that attempts are seen.

import { authorise, type Permission, type Principal } from '../access/role.ts';
import type { Result } from '../base/result.ts';
import { plainAuditRows } from './audit.ts';
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
  for (;;) {
    const head = await w.head();
    const who = { actor: principal.id, atMs: w.world.clock.nowMs() };
    const audit = plainAuditRows(w, head.row, who, [
      { kind: 'access.denied', subject: tried.subject, path: '', sentence },
    ]);
    const row = { ...head.row, ...audit.head };
    const durable = await w.advance([{ branch: head, row, snapshot: head.snapshot }], {
      changeSets: [{ row, expected: head.row.version }],
      log: [],
      audit: audit.rows,
    });
    if (durable) return may;
  }
}
