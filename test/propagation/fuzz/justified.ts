// May a vertex have run between two settled states? Only if it is another itself, or an input of it is: a value it reads,
// or what is declared at, above or below where it reads, or the whole component there.

import type { ComponentId } from '../../../src/base/ids.ts';
import { canonical, type Json } from '../../../src/base/json.ts';
import type { Evaluation } from '../../../src/builtins/evaluate.ts';
import { type Bound, boundsAt, boundsOf } from '../../../src/graph/bound.ts';
import { parseCell } from '../../../src/model/cell.ts';
import { type Source, sourcesOf, userFunctionsOf } from '../../../src/model/expr.ts';
import { splitAddress } from '../../../src/model/keys.ts';
import { findComponent, isAbsent, reportedOf, specOfComponent } from '../../../src/model/lookup.ts';
import { overlaps, type Path, validationPath } from '../../../src/model/path.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';

interface Moment {
  readonly snapshot: Snapshot;
  readonly evaluation: Evaluation;
}

export function isJustified(address: string, before: Moment, after: Moment): boolean {
  const at = splitAddress(address);
  const [was, is] = [before, after].map((m) => vertexAt(m.snapshot, at));
  if (was === undefined || is === undefined || was.text !== is.text) return true;
  return is.sources.some((source) => isAnother(source, before, after));
}

function vertexAt(snapshot: Snapshot, at: Source): { text: string; sources: readonly Source[] } | undefined {
  const text = snapshot.get('cells', at.component + at.path);
  if (text !== undefined) {
    const cell = parseCell(text);
    if (!('x' in cell)) return undefined;
    // A function that it calls is part of how it is made.
    const called = userFunctionsOf(cell.x).map((id) => snapshot.get('functions', id));
    return { text: JSON.stringify([text, called]), sources: sourcesOf(cell.x) };
  }
  const bound = boundsOf(snapshot, at.component).find((b) => b.output === at.path);
  return (
    bound && {
      text: `${isAbsent(snapshot, at.component)} ${textOfBound(bound)}`,
      sources: sourcesOfBound(at.component, bound),
    }
  );
}

const textOfBound = ({ kind, text, arguments: args }: Bound): string => JSON.stringify([kind, text, args]);
const sourcesOfBound = (component: ComponentId, bound: Bound): Source[] =>
  bound.arguments.flatMap(({ path }) => (path === undefined ? [] : [{ component, path }]));

/** Is what a source is made of another: a vertex at, above or below it, or what is declared there? */
function isAnother(source: Source, before: Moment, after: Moment): boolean {
  const of = (m: Moment): string => JSON.stringify([results(m, source), facts(m.snapshot, source)]);
  return of(before) !== of(after);
}

function results({ snapshot, evaluation }: Moment, { component, path }: Source): unknown[] {
  if (findComponent(snapshot, component) === undefined || isAbsent(snapshot, component)) return [];
  const out: unknown[] = [];
  if (overlaps(path, validationPath)) {
    const { why: _, ...rest } = evaluation.valueAt({ component, path: validationPath }) as unknown as Record<
      string,
      Json
    >;
    out.push(canonical(rest));
  }
  for (const [address, e] of evaluation.all()) {
    if (!address.startsWith(component) || !overlaps(address.slice(component.length) as Path, path)) continue;
    const { why: _, ...rest } = e as unknown as Record<string, Json>;
    out.push([address, canonical(rest)]);
  }
  return out;
}

/** What is declared about an address, and what stands for its component as a whole. */
function facts(snapshot: Snapshot, { component, path }: Source): unknown[] {
  const record = findComponent(snapshot, component);
  const resource = JSON.stringify(reportedOf(snapshot, component));
  const isReality = path.startsWith('/resource') || path === '/si/resourceId';
  const absent = isAbsent(snapshot, component);
  const whole = [record, record && specOfComponent(snapshot, record), absent, isReality ? resource : undefined];
  if (absent) return whole;
  const cells: unknown[] = [];
  for (const [key, text] of snapshot.scan('cells', component)) {
    const at = key.slice(component.length).replace(/#$/, '');
    // Where a list element stands is only seen from above it, that it is there also from inside.
    if (at.startsWith(`${path}/`) || at === path)
      cells.push([key, text.startsWith('{"o":') && at === path ? '' : text]);
    else if (path.startsWith(`${at}/`) && !text.startsWith('{"c":'))
      cells.push([key, text.startsWith('{"o":') ? '' : text]);
  }
  const bounds = boundsAt(boundsOf(snapshot, component), path).map((b) => [b.output, textOfBound(b)]);
  return [...whole, bounds, cells];
}
