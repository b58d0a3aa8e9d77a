// What is there at a provider and in states, and what importing it came to, as lines for people. Long lists of what was told
// are cut: with --json all of it is there.

import type { ResourceImportReply, ResourceLine } from '../../engine/resource_import.ts';
import type { TerraformReply } from '../../engine/terraform.ts';
import { count, paint, table } from './output.ts';

export function resourceLines(resources: readonly ResourceLine[]): string[] {
  return table(
    resources.map(({ resourceId, name, component }) => [
      resourceId,
      name,
      component === null ? paint('dim', 'no component') : `${component.name}${component.onHead ? '' : ', not on Head'}`,
    ]),
  );
}

/** Lines of one kind that are shown; the others are counted. */
const shownMost = 50;

function atMost<T>(all: readonly T[], line: (one: T) => string): string[] {
  const more = all.length - shownMost;
  return [
    ...all.slice(0, shownMost).map((one) => `  ${line(one)}`),
    ...(more > 0 ? [paint('dim', `  and ${more} more; see --json`)] : []),
  ];
}

const refreshed: Readonly<Record<ResourceImportReply['known'][number]['refresh'], string>> = {
  here: 'looked at again',
  queued: 'refreshed on Head',
  gone: 'its resource is gone',
  unsupported: 'its schema cannot look at it',
};

export function resourceImportLines(r: ResourceImportReply): string[] {
  const out = [
    r.imported.length === 0
      ? 'Nothing is there that no component has.'
      : `${count(r.imported.length, 'component')} made, ${count(r.subscriptions, 'live reference')}.`,
  ];
  if (r.known.length > 0) {
    out.push('Components that have them already:');
    out.push(...atMost(r.known, (k) => `${k.resourceId}  ${k.name}  ${paint('dim', refreshed[k.refresh])}`));
  }
  if (r.ambiguous.length > 0) {
    out.push(`Could be of several components, so not linked (${r.ambiguous.length}):`);
    out.push(
      ...atMost(r.ambiguous, (a) => `${a.resourceId}${a.path}  ${a.value}  ${paint('dim', a.candidates.join(', '))}`),
    );
  }
  if (r.untaken.length > 0) {
    out.push(`Reported and not declared (${r.untaken.length}):`);
    out.push(...atMost(r.untaken, (u) => `${u.resourceId}${u.path}  ${paint('dim', u.reason)}`));
  }
  return [...out, ...r.messages];
}

export function terraformLines(r: TerraformReply): string[] {
  const out = [
    `${count(r.instances, 'resource')} (${r.described} of described types), ${count(r.subscriptions, 'live reference')}, ${count(r.dependsOn, 'ordering edge')}.`,
    r.edits === 0
      ? 'Nothing differs from what the change set has.'
      : `${count(r.created, 'component')} created, ${r.removed} erased, ${count(r.edits, 'edit')}.`,
  ];
  if (r.edits === 0 && r.recorded > 0) out.push(`Of ${count(r.recorded, 'resource')} something else is known now.`);
  if (r.dataSources > 0) out.push(`${count(r.dataSources, 'data source')} left out: they are read, not made.`);
  if (r.secrets > 0) out.push(`${count(r.secrets, 'sensitive value')} left out.`);
  if (r.genericTypes.length > 0)
    out.push(`Types the catalogue does not describe, taken as they are: ${r.genericTypes.join(', ')}.`);
  if (r.notes.length > 0) {
    out.push(`Left out, or not where somebody would look for it (${r.notes.length}):`);
    out.push(...atMost(r.notes, (n) => `${n.path}  ${paint('dim', n.reason)}`));
  }
  return out;
}
