// What people read about approval: requirements with who has approved and who may, receipts, budgets. Functions from
// replies to lines, as in render.ts.

import type { Budget, Budgets } from '../../access/budget.ts';
import type { ApprovalsView, RequirementView } from '../../engine/approvals.ts';
import type { Review } from '../../engine/operations.ts';
import type { ToldLine } from '../../engine/receipt.ts';
import { count, paint, table } from './output.ts';
import { overwriteLine } from './render_drift.ts';

export function approvalLines(view: ApprovalsView): string[] {
  const asked =
    view.requested === null ? '' : `; ${view.requested.by} asked for approval at ${timeText(view.requested.atMs)}`;
  const head = `${view.status}${asked}.`;
  if (view.requirements.length === 0) return [head, ...decisionLines(view), 'Nothing has to be approved.'];
  return [
    head,
    '',
    ...view.requirements.flatMap(requirementLines),
    ...(view.satisfied ? [paint('green', 'Everything is approved.')] : []),
  ];
}

/** Of what has been applied or needs nothing any more: who decided what. */
function decisionLines({ decisions }: ApprovalsView): string[] {
  return table(
    decisions.map((d) => [
      timeText(d.atMs),
      d.by,
      d.decision === 'approve' ? 'approved' : 'rejected',
      d.requirement,
      d.spent === true ? 'used' : '',
    ]),
  );
}

function requirementLines(r: RequirementView): string[] {
  const state = r.isMet ? paint('green', 'approved') : r.rejectedBy.length > 0 ? paint('red', 'rejected') : 'missing';
  const rows = [
    ['changed', namesText(r)],
    ['approvals', `${r.have} of ${r.need}${r.have > 0 ? `: ${r.approvedBy.join(', ')}` : ''}`],
  ];
  if (r.rejectedBy.length > 0) rows.push(['rejected', r.rejectedBy.join(', ')]);
  if (r.outdated.length > 0) rows.push(['changed since', `${r.outdated.join(', ')} approved what this was before`]);
  if (!r.isMet) rows.push(['who may', r.whoMay.join(', ') || 'nobody: add a member']);
  return [`${state}  ${r.title}`, ...table(rows).map((line) => `    ${line}`), `    ${paint('dim', r.id)}`, ''];
}

function namesText({ entities, names }: RequirementView): string {
  const more = entities.length - names.length;
  return `${names.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
}

/** What a review tells beside the changes: the receipt, what the engine adds, who has to approve. */
export function besideLines(review: Review): string[] {
  const { receipt, atApply, approvals, actions, moved, notPlanned, overwrites, policies } = review;
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [paint('bold', title), ...lines.map((line) => `  ${line}`), ''];
  const missing = approvals.requirements.filter((r) => !r.isMet);
  return [
    ...section(
      'Receipt',
      receipt.map((line) => line.sentence),
    ),
    ...section('At apply', atApply),
    ...section('Moved', moved.map(movedLine)),
    ...section('Actions', actions.map(plannedLine)),
    ...section(
      'Not planned',
      notPlanned.map((line) => line.sentence),
    ),
    ...section(
      'Overwrites what has drifted',
      overwrites.flatMap((o) => o.differences.map((d) => overwriteLine(o.name, d))),
    ),
    ...section('Plan policies', policies.map(findingLine)),
    ...section('Approvals missing', missing.map(missingLine)),
  ];
}

export function findingLine({ policy, level, message, component }: Review['policies'][number]): string {
  const verb = level === 'deny' ? paint('red', 'denied') : paint('yellow', 'warning');
  return `${verb} by ${policy}${component === undefined ? '' : `, about ${component}`}: ${message}`;
}

const marks: Readonly<Record<Review['actions'][number]['kind'], string>> = {
  create: '+',
  update: '~',
  destroy: '-',
  refresh: '?',
  manual: '!',
};

export function plannedLine({ kind, name, schema, because, awaits, held }: Review['actions'][number]): string {
  const why =
    because.length === 0 ? '' : `, because of ${because.slice(0, 5).join(', ')}${because.length > 5 ? ', …' : ''}`;
  const known = awaits ? ', some values known after other actions' : '';
  return `${marks[kind]} ${kind} ${name} ${paint('dim', schema)}${why}${known}${held ? ', on hold' : ''}`;
}

function movedLine({ name, schema, fromName, resourceId, kept }: Review['moved'][number]): string {
  const what = `${name} ${paint('dim', schema)}`;
  if (!kept) return `= moved ${what}: ${fromName} has no resource any more that could be kept`;
  return `= moved ${what}: keeps the resource${resourceId === null ? '' : ` ${resourceId}`} of ${fromName}`;
}

function missingLine(r: RequirementView): string {
  const who = r.whoMay.length > 0 ? `ask ${r.whoMay.join(', ')}` : 'nobody who may approve it is left: add a member';
  const why =
    r.rejectedBy.length > 0
      ? `; rejected by ${r.rejectedBy.join(', ')}`
      : r.outdated.length > 0
        ? `; ${r.outdated.join(', ')} approved what it was before`
        : '';
  return `${r.title}: ${r.have} of ${r.need}, ${who}${why}`;
}

export function toldLines(lines: readonly ToldLine[]): string[] {
  if (lines.length === 0) return ['Nothing met anything else.'];
  return lines.map((line) => (line.inForce ? line.sentence : paint('dim', `${line.sentence} (no longer so)`)));
}

export function budgetLines({ roles, tokens }: Budgets): string[] {
  const rows = [
    ...Object.entries(roles).map(([role, budget]) => [`role ${role}`, limitsText(budget)]),
    ...Object.entries(tokens).map(([token, budget]) => [`token ${token}`, limitsText(budget)]),
  ];
  return rows.length === 0 ? ['No budget: nothing is limited.'] : table(rows);
}

function limitsText(b: Budget): string {
  const limits = [
    ...(b.destroysMax === undefined ? [] : [`at most ${count(b.destroysMax, 'destroy')}`]),
    ...(b.changedComponentsMax === undefined ? [] : [`at most ${count(b.changedComponentsMax, 'changed component')}`]),
    ...(b.forbiddenViews ?? []).map((view) => `nothing in view ${view}`),
    ...(b.forbiddenSchemas ?? []).map((schema) => `nothing of schema ${schema}`),
  ];
  return limits.join('; ') || 'no limit';
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').slice(0, 19);
}
