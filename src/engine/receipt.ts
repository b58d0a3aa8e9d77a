// Receipts for readers: the lines of a change set with the sentence of each, while it is open from its pending change,
// after its apply from what Head keeps.

import type { ChangeSetId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import { linesInForce, lineText, type ReceiptLine } from '../merge/receipt.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { applyOutcome } from './apply_receipt.ts';
import type { Branch } from './branch.ts';
import { presentOf } from './catch_up.ts';
import type { Workspace } from './workspace.ts';

/** A line with its sentence. */
export interface ToldLine extends ReceiptLine {
  readonly sentence: string;
  readonly inForce: boolean;
}

/** The lines of an open change set that still say what is so. */
export function receiptInForce({ pending }: Branch, state: Snapshot): ToldLine[] {
  const isKept = (item: number): boolean => pending.items[item]?.placed === undefined;
  return linesInForce(pending.lines, state, isKept).map((line) => told(line, state, true));
}

const told = (line: ReceiptLine, state: Snapshot, inForce: boolean): ToldLine => ({
  ...line,
  sentence: lineText(state, line),
  inForce,
});

/** Every line there has been, oldest first; of an applied change set those that were in force at its apply. */
export async function readReceipt(
  w: Workspace,
  id: ChangeSetId,
): Promise<Result<{ readonly changeSet: ChangeSetId; readonly lines: readonly ToldLine[] }>> {
  const present = await presentOf(w, id);
  if (!present.ok) return present;
  const { branch, row, snapshot } = present.value;
  if (row.status === 'Applied') {
    const outcome = await applyOutcome(w, id);
    if (!outcome.ok) return outcome;
    const lines = await w.read(() => outcome.value.receipt.map((line) => told(line, snapshot, true)));
    return ok({ changeSet: id, lines });
  }
  const lines = await w.read(() => {
    const inForce = new Set(receiptInForce(branch, snapshot).map((l) => JSON.stringify(lineOf(l))));
    return branch.pending.lines.map((line) => told(line, snapshot, inForce.has(JSON.stringify(line))));
  });
  return ok({ changeSet: id, lines });
}

function lineOf({ sentence: _sentence, inForce: _inForce, ...line }: ToldLine): ReceiptLine {
  return line;
}
