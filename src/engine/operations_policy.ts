// The operations on policy reports, by name, with plain JSON in and out: one is uploaded about a change set or Head, and found
// again by its name or that change set.

import { must, ok } from '../base/result.ts';
import { resolveChangeSet } from './change_set.ts';
import { changeSetOf, type Handler, integer, inWorkspace, type Params, text } from './operation.ts';
import { findPolicyReport, groupPolicyReports, listPolicyReports, uploadPolicyReport } from './policy_reports.ts';
import type { Workspace } from './workspace.ts';

export const policyOperations = {
  /** `name`, `policy`, `report`, and `result`: Pass or Fail. About `changeSet`, which may be Head. */
  'policy_report.upload': (c, p) =>
    inWorkspace(c, p, async (w) => uploadPolicyReport(w, c.principal, { ...p, changeSet: await changeSetOf(w, p) })),
  /** `page` from 1 and `size`; optional part of a `name`, and `changeSet`. */
  'policy_report.list': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const page = p['page'] === undefined ? {} : { page: integer(p, 'page') };
      const size = p['size'] === undefined ? {} : { size: integer(p, 'size') };
      return ok(await listPolicyReports(w, { ...(await filters(w, p)), ...page, ...size }));
    }),
  /** The newest of each name. */
  'policy_report.groups': (c, p) =>
    inWorkspace(c, p, async (w) => ok(await groupPolicyReports(w, await filters(w, p)))),
  'policy_report.get': (c, p) => inWorkspace(c, p, (w) => findPolicyReport(w, text(p, 'report'))),
} satisfies Record<string, Handler>;

async function filters(w: Workspace, p: Params) {
  const name = p['name'] === undefined ? {} : { name: text(p, 'name') };
  if (p['changeSet'] === undefined) return name;
  return { ...name, changeSet: must(await resolveChangeSet(w, text(p, 'changeSet'))) };
}
