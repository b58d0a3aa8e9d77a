// The operations on plan policies, by name, with plain JSON in and out: functions of Head that judge whole plans, bound to the
// workspace by its owners, and what they say of a change set.

import { ok } from '../base/result.ts';
import { headStays } from './change_set.ts';
import { type Handler, inState, inWorkspace, text } from './operation.ts';
import { bindPolicy, judgePlan, listPolicies, planInput, unbindPolicy } from './plan_policy.ts';

export const planPolicyOperations = {
  'plan_policy.list': (c, p) => inWorkspace(c, p, async (w) => ok(await listPolicies(w))),
  /** `function`: of kind policy, on Head, by name or id. */
  'plan_policy.bind': (c, p) => inWorkspace(c, p, (w) => bindPolicy(w, c.principal, text(p, 'function'))),
  'plan_policy.unbind': (c, p) => inWorkspace(c, p, (w) => unbindPolicy(w, c.principal, text(p, 'function'))),
  /** The plan of a change set as policies get it. */
  'plan_policy.plan': (c, p) =>
    inState(c, p, async (s) =>
      s.row.isHead ? headStays('apply') : ok(await planInput(s.w, s.branch, c.principal.id)),
    ),
  /** What the bound ones say of a change set. */
  'plan_policy.check': (c, p) =>
    inState(c, p, async (s) =>
      s.row.isHead ? headStays('apply') : ok(await judgePlan(s.w, s.branch, c.principal.id)),
    ),
} satisfies Record<string, Handler>;
