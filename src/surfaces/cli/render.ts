// What people read: a review, a component, a trail. Functions from replies to lines, so that a transcript can be tested
// without an engine.

import { brief, isObject, type Json } from '../../base/json.ts';
import type { AuditRecord } from '../../engine/audit.ts';
import type { AttributeChange, Comparison, RecordChange, Side } from '../../engine/compare.ts';
import type { ComponentView } from '../../engine/component.ts';
import type { ImportReply } from '../../engine/template.ts';
import type { ReceiptLine } from '../../merge/receipt.ts';
import { count, mark, paint, table } from './output.ts';

const valueCharsMax = 72;

function sideText(side: Side | null): string {
  if (side === null) return paint('dim', '(none)');
  const value = side.value === undefined ? (side.message ?? '(no value)') : brief(side.value, valueCharsMax);
  switch (side.source) {
    case 'subscription':
      return `${side.value === undefined ? '' : `${value} `}${paint('cyan', `<- ${side.follows}`)}${side.value === undefined ? paint('dim', ` (${side.message ?? 'no value yet'})`) : ''}`;
    case 'secret':
      return `secret ${value}`;
    case 'unset':
      return paint('dim', '(unset)');
    case 'default':
      return `${value} ${paint('dim', '(default)')}`;
    default:
      return value;
  }
}

function attributeLine(a: AttributeChange): string {
  if (a.moved) return `${mark('Modified')} ${a.path}  ${paint('dim', 'moved in its list')}`;
  const because = a.derived ? paint('dim', '  (follows)') : '';
  if (a.status === 'Added') return `${mark('Added')} ${a.path}  ${sideText(a.new)}${because}`;
  if (a.status === 'Removed') return `${mark('Removed')} ${a.path}  ${sideText(a.old)}${because}`;
  // What followed the same source before and after is said by its two values alone.
  const same = a.old?.follows !== undefined && a.old.follows === a.new?.follows;
  const text = (side: Side | null) =>
    same && side?.value !== undefined ? brief(side.value, valueCharsMax) : sideText(side);
  return `${mark('Modified')} ${a.path}  ${text(a.old)} ${paint('dim', '->')} ${text(a.new)}${because}`;
}

/** A comparison in plan style: `+` added, `~` changed, `-` removed. What goes without saying is left out. */
export function comparisonLines(c: Comparison): string[] {
  const out: string[] = [];
  for (const component of c.components) {
    out.push(
      `${mark(component.status)} ${paint('bold', component.name || component.id)}  ${paint('dim', component.schema)}`,
    );
    for (const attribute of component.attributes) {
      if (component.status !== 'Modified' && isBookkeeping(attribute.path)) continue;
      out.push(`    ${attributeLine(attribute)}`);
    }
    out.push('');
  }
  const whole = new Set(c.components.filter((x) => x.status !== 'Modified').map((x) => x.id as string));
  const installed = c.records.filter(isInstalled);
  const notable = c.records.filter((r) => !isInstalled(r) && !goesAlong(r, whole));
  for (const r of notable) {
    out.push(`${mark(r.status)} ${r.title}`);
    if (r.status === 'Modified')
      for (const f of r.fields)
        out.push(
          `    ${mark('Modified')} ${f.field}  ${brief(f.old, valueCharsMax)} ${paint('dim', '->')} ${brief(f.new, valueCharsMax)}`,
        );
  }
  if (installed.length > 0) out.push(`${mark('Added')} installs ${count(installed.length, 'schema')}`);
  if (notable.length + installed.length > 0) out.push('');
  if (c.derivedCut) out.push('More values follow the changed ones than are listed.', '');
  return out;
}

/** The name, which stands in the line above, and where in its template a component was. */
function isBookkeeping(path: string): boolean {
  return path === '/si/name' || path.startsWith('/si/metadata/cloudformation/');
}

/** A schema that came from a catalogue or with the engine, not one that somebody made. */
function isInstalled(r: RecordChange): boolean {
  return r.noun === 'schema' && r.status === 'Added' && r.fields.some((f) => f.field === 'origin' && f.new !== 'user');
}

/** Said already by the component or the schema that it belongs to. */
function goesAlong(r: RecordChange, whole: ReadonlySet<string>): boolean {
  if (r.noun === 'placement') return true;
  if (r.noun === 'variant') return r.status === 'Added';
  return r.noun === 'manages' && whole.has(r.key.slice(r.key.lastIndexOf('/') + 1));
}

export function summaryLine(s: {
  added: number;
  modified: number;
  removed: number;
  values: number;
  derived: number;
}): string {
  if (s.added + s.modified + s.removed + s.values === 0) return 'No change to components.';
  const derived = s.derived === 0 ? '' : `, ${count(s.derived, 'value')} following them`;
  return `${count(s.added, 'component')} to add, ${s.modified} to change, ${s.removed} to remove; ${count(s.values, 'value')} edited${derived}.`;
}

export function componentLines(c: ComponentView): string[] {
  const head: string[][] = [
    ['name', c.name],
    ['id', c.id],
    ['schema', c.schema.name],
    ['change set', `${c.changeSet} at version ${c.version}`],
  ];
  if (c.resourceId !== null) head.push(['resource', c.resourceId]);
  if (c.toDelete) head.push(['marked', 'for deletion']);
  if (c.flags.length > 0) head.push(['flags', c.flags.join(', ')]);
  if (c.views.length > 0) head.push(['views', c.views.map((v) => v.name).join(', ')]);
  if (c.drift !== undefined) head.push(['drift', driftText(c)]);
  if (c.dependsOn.length > 0) head.push(['depends on', c.dependsOn.join(', ')]);
  const tree = c.value as { readonly [root: string]: Json };
  const values = Object.entries(tree)
    .filter(([root]) => root !== 'si' && root !== 'qualification')
    .flatMap(([root, value]) => leaves(`/${root}`, value));
  const followed = new Map(c.sources.filter((s) => s.kind === 'subscription').map((s) => [s.path, s.follows ?? '']));
  const shown = values.map(([path, value]) => {
    const follows = followed.get(path);
    return [
      `  ${path}`,
      `${brief(value, valueCharsMax)}${follows === undefined ? '' : paint('cyan', `  <- ${follows}`)}`,
    ];
  });
  const waiting = [...followed].filter(([path]) => !values.some(([p]) => p === path || p.startsWith(`${path}/`)));
  return [
    ...table(head),
    '',
    ...table([
      ...shown,
      ...waiting.map(([path, follows]) => [
        `  ${path}`,
        paint('cyan', `<- ${follows}`) + paint('dim', '  (no value yet)'),
      ]),
    ]),
    ...qualificationLines(tree['qualification']),
    ...c.problems.map((p) => paint('red', `  ! ${p.path}: ${p.code}: ${p.message}`)),
  ];
}

function driftText({ name, drift }: ComponentView): string {
  const { state, paths } = drift!;
  const where =
    state === 'gone' ? 'the resource is gone' : `${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ', …' : ''}`;
  return paint('yellow', `${where}  (headwater drift ${name})`);
}

const qualificationStyles: Readonly<Record<string, 'green' | 'yellow' | 'red'>> = {
  success: 'green',
  warning: 'yellow',
  failure: 'red',
};

/** One line each: what it is called, how it came out, and what it says. */
function qualificationLines(qualifications: Json | undefined): string[] {
  if (!isObject(qualifications)) return [];
  const rows = Object.entries(qualifications).map(([name, given]) => {
    const { result, message } = isObject(given) ? given : { result: brief(given), message: null };
    const text = String(result ?? '');
    const style = Object.hasOwn(qualificationStyles, text) ? qualificationStyles[text]! : 'red';
    return [`  ${name}`, paint(style, text), typeof message === 'string' ? message : ''];
  });
  return ['', 'qualifications', ...table(rows)];
}

function leaves(path: string, value: Json): [string, Json][] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [[path, value]];
  return Object.entries(value).flatMap(([key, member]) =>
    leaves(`${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, member as Json),
  );
}

/** `nameOf`: of a change set by its id. */
export function auditLines(records: readonly AuditRecord[], nameOf: (changeSet: string) => string): string[] {
  if (records.length === 0) return ['No entry.'];
  return table(
    records.map((r) => [
      new Date(r.atMs).toISOString().replace('T', ' ').slice(0, 19),
      r.actor,
      `${nameOf(r.changeSet)}${r.version === 0 ? '' : `@${r.version}`}`,
      r.kind,
      r.sentence + changeText(r),
    ]),
  );
}

/** For a single value: what it was. */
function changeText(r: AuditRecord): string {
  const was = r.changes.length === 1 ? r.changes[0]!.was : undefined;
  return was === undefined ? '' : paint('dim', ` (was ${was})`);
}

export function importLines(r: ImportReply): string[] {
  const total = r.subscriptions + r.functionSubscriptions;
  const out = [
    `${count(r.resources, 'resource')}, ${count(r.parameters, 'parameter')}, ${count(total, 'live reference')} (${r.subscriptions} plain, ${r.functionSubscriptions} through functions), ${count(r.dependsOn, 'ordering edge')}.`,
    r.edits === 0
      ? 'Nothing differs from what the change set has.'
      : `${count(r.created, 'component')} created, ${r.removed} marked for deletion, ${count(r.edits, 'edit')}.`,
  ];
  if (r.genericTypes.length > 0)
    out.push(`Types the catalogue does not describe, taken as they are: ${r.genericTypes.join(', ')}.`);
  if (r.unrepresented.length > 0) {
    out.push(`Kept but not live (${r.unrepresented.length}):`);
    out.push(...r.unrepresented.map((u) => `  ${u.path}  ${paint('dim', u.reason)}`));
  }
  return out;
}

/** The receipt in a line each: what happened where, by which rule. */
export function receiptLines(lines: readonly ReceiptLine[]): string[] {
  if (lines.length === 0) return [];
  return [
    paint('dim', `receipt: ${count(lines.length, 'line')}`),
    ...lines.map((l) => `  ${l.outcome}  ${l.subject}${l.path.startsWith('/') ? l.path : ` ${l.path}`}  (${l.rule})`),
  ];
}
