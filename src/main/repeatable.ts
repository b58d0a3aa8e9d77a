// Which operations may be asked for again when their answer was lost on the way: those that only read, those that done twice are
// as done once, and those that remember under a key, in the commit of what they do, what they have answered. Of any other one it
// has to be looked at what became of it: it may have been done, and would be done again.

import type { Json } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import { remembering } from '../engine/remembering.ts';

/** Operations that a token may ask for which only reads. */
export const reads: readonly string[] = [
  'workspace.list',
  'workspace.get',
  'change_set.list',
  'change_set.get',
  'change_set.review',
  'change_set.export',
  'change_set.approvals',
  'change_set.edits',
  'change_set.outcome',
  'change_set.receipt',
  'change_set.plan',
  'change_set.merge_status',
  'change_set.actions',
  'freeze.list',
  'apply.scheduled',
  'component.get',
  'component.search',
  'component.describe',
  'component.resource',
  'component.list',
  'state.read',
  'component.match',
  'template.describe',
  'component.declared',
  'component.graph',
  'component.history',
  'component.suggest',
  'view.list',
  'view.get',
  'diff',
  'schema.search',
  'schema.describe',
  'schema.list',
  'schema.get',
  'schema.variant',
  'schema.contribute',
  'schema.package',
  'schema.declarations',
  'schema.source',
  'token.list',
  'export.cloudformation',
  'audit.list',
  'audit.verify',
  'verify',
  'statistics',
  'secret.list',
  'secret.definitions',
  'secret.get',
  'secret.public_key',
  'member.list',
  'budget.get',
  'policy.list',
  'action.list',
  'action.pending',
  'action.get',
  'drift.list',
  'drift.get',
  'provider.list',
  'policy_report.list',
  'policy_report.groups',
  'policy_report.get',
  'plan_policy.list',
  'plan_policy.plan',
  'plan_policy.check',
  'run.list',
  'run.get',
  'run.view',
  'run.log',
  'run.statistics',
  'explain',
  'why',
  'blast_radius',
  'events.read',
  'webhook.list',
  'function.list',
  'function.get',
  'function.check',
  'function.declarations',
  'management.state',
  'debug.state',
];

/** Operations that look or wait, or set what is then as it was asked for: twice is as once, and is answered so. */
export const sameTwice: readonly string[] = [
  'schema.check',
  'policy.test',
  'resource.list',
  'action.run',
  'member.set',
  'budget.set',
  'change_set.rename',
  'schema.set_refresh',
  'memo.clear',
];

export const mayBeRepeated = (operation: string): boolean =>
  remembering.includes(operation) || reads.includes(operation) || sameTwice.includes(operation);

/** The answer was lost, and may be asked for once more. */
export const mayAskAgain = (operation: string, e: unknown): boolean =>
  e instanceof Fault && e.code === 'connection_lost' && mayBeRepeated(operation);

type Params = { readonly [name: string]: Json | undefined };

/** With a key of its own where it has none, by which the engine knows a repetition. */
export const withKey = (operation: string, params: Params): Params =>
  remembering.includes(operation) ? { idempotencyKey: crypto.randomUUID(), ...params } : params;
