// What a management function did, for people: what it wrote and said, the edits, what was left out of them and why.
// Functions from replies to lines.

import type { ManagementReply } from '../../engine/management.ts';
import type { StepReply } from '../../engine/submit.ts';
import { count, paint } from './output.ts';
import { receiptLines } from './render.ts';

/** Edits that are shown one by one. */
const stepsShownMax = 100;

export function managementLines(r: ManagementReply): string[] {
  const out = r.log.map((line) => `${paint('dim', '|')} ${line}`);
  for (const { name, why } of r.without) out.push(paint('dim', `${name} is not what it will be: ${why}`));
  if (r.message !== null) out.push(paint('bold', r.message));
  const steps = r.steps.filter((step) => step.edits > 0);
  out.push(...steps.slice(0, stepsShownMax).map((step) => stepLine(step, r.dryRun)));
  if (steps.length > stepsShownMax)
    out.push(paint('dim', `… and ${steps.length - stepsShownMax} more: --json has all`));
  if (steps.length === 0) out.push(paint('dim', 'Nothing to change: it is that way already.'));
  for (const { path, why } of r.leftOut) out.push(`${paint('yellow', 'left out')} ${path} ${why}`);
  out.push(...receiptLines(r.receipt ?? []));
  const at = r.dryRun
    ? `${count(steps.length, 'edit')} would be made; nothing was changed`
    : `change set ${r.changeSet} is at version ${r.version}`;
  out.push(paint('dim', `${at}; run ${r.run}`));
  return out;
}

const stepLine = ({ sentence }: StepReply, isShownOnly: boolean): string =>
  isShownOnly ? `${paint('cyan', 'would')} ${sentence}` : sentence;
