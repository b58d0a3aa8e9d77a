// The receipt of one merge, made when everything is placed: a line for every item that does not stand as it is, for every
// edit of Head's that does not show, for what is hidden or has no place, and for every repair. Made from what the merge
// knows, in the order of the items and then of Head's edits, so that either route gives the same lines.

import { compareText } from '../base/json.ts';
import type { Dropped } from './acyclic.ts';
import { cycleLine, notes, parkedByVariant, repairLine } from './lines_between_units.ts';
import { headLines } from './lines_of_head.ts';
import { itemLines, type UnitView } from './lines_of_items.ts';
import type { HeadEdit, Merging } from './merging.ts';
import type { ReceiptLine } from './receipt.ts';
import type { Repair } from './repair.ts';
import { placeOf } from './side.ts';

export interface Findings {
  readonly dropped: readonly Dropped[];
  readonly repairs: readonly Repair[];
}

export function linesOf(m: Merging, findings: Findings): ReceiptLine[] {
  const { headVersion } = m;
  const lines: ReceiptLine[] = [];
  const changed = new Map(m.changes());
  const repaired = new Set<string>();
  for (const r of m.repairs) repaired.add(`${placeOf(r).category} ${placeOf(r).key}`);
  let next = 0;
  /** Adds the lines of units before one (all: undefined) in which both sides met plainly. */
  const plainBefore = (unit: string | undefined): void => {
    for (; next < m.plainLines.length; next++) {
      const line = m.plainLines[next]!;
      if (unit !== undefined && line.subject > unit) return;
      if (m.isPlain(line.subject)) lines.push(line);
    }
  };
  for (const unit of [...m.affected].sort(compareText)) {
    plainBefore(unit);
    const positions = m.positions(unit);
    const covered = new Set<HeadEdit>();
    const view: UnitView = { m, unit, headVersion, positions, writes: m.writes(unit), changed, covered };
    lines.push(...itemLines(view));
    if (m.input.theirs !== undefined) lines.push(...headLines(view, repaired));
  }
  plainBefore(undefined);
  for (const d of findings.dropped) cycleLine(m, d, headVersion, changed, lines);
  for (const r of findings.repairs) repairLine(m, r, headVersion, lines);
  parkedByVariant(m, headVersion, lines);
  notes(m, headVersion, lines);
  return lines;
}
