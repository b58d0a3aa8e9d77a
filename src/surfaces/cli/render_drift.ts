// Drift for people: groups of like differences, components with theirs, and what became of deciding. Functions from answers to
// lines.

import { brief, type Json } from '../../base/json.ts';
import type { ComponentDrift, DriftGroup, DriftLine, DriftReply, DriftView } from '../../engine/drift.ts';
import type { AcceptReply, EnforceReply, LeftAsIs } from '../../engine/drift_decisions.ts';
import { count, paint, table } from './output.ts';
import { timeText } from './render_run.ts';

const valueCharsMax = 60;

export function driftLines({ components, groups, counts }: DriftReply): string[] {
  if (counts.components + counts.unknown === 0)
    return [`Nothing has drifted that is known of (${count(counts.reported, 'component')} with a resource looked at).`];
  const shared = groups.filter((g) => g.components > 1);
  const { open, accepted, enforced } = counts.decisions;
  const decided = accepted + enforced === 0 ? '' : `; ${accepted} accepted, ${enforced} enforced, ${open} open`;
  return [
    ...(shared.length === 0 ? [] : [paint('bold', 'Alike'), ...shared.map(groupLine), '']),
    ...components.items.flatMap((c) => [...componentLines(c), '']),
    ...(components.nextCursor === null ? [] : [paint('dim', `more: --cursor ${components.nextCursor}`)]),
    `${count(counts.components, 'component')} of ${counts.reported} drifted in ${count(counts.differences, 'place')}${counts.gone === 0 ? '' : `, ${counts.gone} gone`}${decided}${counts.unknown === 0 ? '' : `; of ${counts.unknown} it is not known`}.`,
  ];
}

function groupLine({ schema, path, components, examples, isAlike }: DriftGroup): string {
  const [first] = examples;
  const how = path === '' ? 'gone' : isAlike && first !== undefined ? valuesText(first) : 'in different ways';
  return `  ${count(components, 'component')} of ${schema}  ${path}  ${how}`;
}

function componentLines(c: ComponentDrift): string[] {
  const action = c.action === null ? '' : paint('yellow', `  ${c.action.kind} ${c.action.status} (${c.action.id})`);
  const id = c.resourceId === null ? '' : paint('dim', `  ${c.resourceId}`);
  const why = c.state === 'unknown' ? [`    not known: ${c.why}`] : [];
  return [`~ ${c.name}  ${paint('dim', c.schema)}${id}${action}`, ...why, ...differenceLines(c.differences)];
}

/** For a component on its own. */
export function componentDriftLines(view: DriftView): string[] {
  const seen = view.syncedAtMs === null ? 'it was never looked at' : `as of ${timeText(view.syncedAtMs)}`;
  switch (view.state) {
    case 'unreported':
      return [`${view.name}: nothing was reported of it.`];
    case 'unknown':
      return [`${view.name}: not known, ${view.why}.`];
    case 'none':
      return [`${view.name} is as meant, ${seen}.`];
    default:
      return [`${view.name} has drifted, ${seen}:`, ...differenceLines(view.differences)];
  }
}

/** In the review of a change set: what it overwrites. */
export function overwriteLine(name: string, line: DriftLine): string {
  return `~ ${name} ${line.path}  ${valuesText(line)}`;
}

function differenceLines(lines: readonly DriftLine[]): string[] {
  const rows = table(
    lines.map((line) => [
      `    ${line.path === '' ? 'the resource is gone' : line.path}`,
      line.path === '' ? '' : valuesText(line),
      line.decision === 'open' ? '' : paint('cyan', line.decision),
    ]),
  );
  return lines.flatMap((line, i) => [
    rows[i]!,
    ...(line.cannotAccept === undefined || line.decision !== 'open'
      ? []
      : [paint('dim', `      ${line.cannotAccept.detail}: ${line.cannotAccept.next}`)]),
  ]);
}

function valuesText({ intent, reality }: { readonly intent?: Json; readonly reality?: Json }): string {
  const text = (value: Json | undefined): string => (value === undefined ? '(nothing)' : brief(value, valueCharsMax));
  return `meant ${text(intent)}, is ${text(reality)}`;
}

const placeText = ({ name, path }: { readonly name: string; readonly path: string }): string =>
  path === '' ? name : `${name} ${path}`;

function leftLines(left: readonly LeftAsIs[]): string[] {
  return left.flatMap((l) => [`left ${placeText(l)}: ${l.detail}`, paint('dim', `  next  ${l.next}`)]);
}

export function acceptLines({ accepted, left }: AcceptReply): string[] {
  return [
    ...accepted.map((a) =>
      a.path === '' ? `to delete ${a.name}, whose resource is gone` : `accepted ${placeText(a)}`,
    ),
    ...leftLines(left),
    ...(accepted.length + left.length === 0 ? ['Nothing is left to accept.'] : []),
  ];
}

export function enforceLines({ enforced, left, actions, notPlanned }: EnforceReply): string[] {
  return [
    ...enforced.map(
      (e) => `to enforce ${placeText(e)}${e.along ? paint('yellow', '  goes along: all of it is sent') : ''}`,
    ),
    ...actions.map((a) => `  plans ${a.kind} ${a.name}`),
    ...notPlanned.map((n) => paint('red', `  does not plan ${n.sentence}`)),
    ...leftLines(left),
    ...(enforced.length + left.length === 0 ? ['Nothing is left to enforce.'] : []),
  ];
}
