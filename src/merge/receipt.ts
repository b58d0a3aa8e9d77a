// A receipt: what a merge decided, as data. One line for each decision, never fewer: what was kept, changed, masked or
// taken away, by which rule, whose edits met, what is there now, and the mutations that would give the other outcome.

import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import { isMarked } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import { labelOf } from '../mutation/cell.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { describe } from '../mutation/mutation.ts';
import { type RuleId, ruleTable } from './rules.ts';
import type { Place } from './side.ts';

/**
 * `overridden`: Head's edit does not show; `superseded`: the change set's edit does not stand, Head's does; `dropped`:
 * the change set's edit has nothing to stand on; `masked`: it stands and is hidden by a deletion; `transformed`: it
 * stands in another form; `parked`: its value is kept where the schema has no place for it; `repaired`: the engine made
 * an edit of its own; `noted`: nothing changed and somebody should know.
 */
export type Outcome =
  | 'overridden'
  | 'superseded'
  | 'dropped'
  | 'masked'
  | 'transformed'
  | 'parked'
  | 'repaired'
  | 'noted';

/** One side's part in a decision. */
export interface Party {
  readonly author: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
  /** Version of the change set that brought the edit; for Head's side the version of the change set applied. */
  readonly version: number;
  readonly wanted: Mutation;
  /** Head's side: the change set that brought it. */
  readonly changeSet?: ChangeSetId;
}

export interface ReceiptLine {
  readonly rule: RuleId;
  readonly outcome: Outcome;
  /** The unit it is about: a component's id, or the key of another noun. */
  readonly subject: string;
  /** Path in the component, or the key or field of the noun. */
  readonly path: string;
  /** The key it is about; null when it is about the whole unit. */
  readonly place: Place | null;
  /** Head version that was merged; 0 when the change set's own edit led to it. */
  readonly headVersion: number;
  /** Position of the item in the pending change; absent when none of its own is concerned. */
  readonly item?: number;
  readonly mine?: Party;
  readonly theirs?: Party;
  /** What is stored there now: canonical text; null: nothing. */
  readonly now: string | null;
  /** For dropped edges: the cycle that it would close, as addresses or ids, each resting on the next. */
  readonly cycle?: readonly string[];
  /** The engine's own edits. */
  readonly repair?: readonly Mutation[];
  /** What a change set would submit to have the other outcome. */
  readonly otherwise: readonly Mutation[];
}

/**
 * The lines that still say what is so: of each item, place and rule the newest one, when its item still stands as it says
 * and what it tells is there still is.
 */
export function linesInForce(
  lines: readonly ReceiptLine[],
  state: Reader,
  isKept: (item: number) => boolean,
): ReceiptLine[] {
  const keyOf = (l: ReceiptLine): string => `${l.item ?? ''} ${l.subject} ${l.path} ${l.rule}`;
  const newest = new Map<string, ReceiptLine>();
  for (const line of lines) newest.set(keyOf(line), line);
  return lines.filter((line) => {
    if (newest.get(keyOf(line)) !== line) return false;
    const { place, item, outcome } = line;
    if (place !== null && (state.get(place.category, place.key) ?? null) !== line.now) return false;
    const [back] = line.otherwise;
    if (outcome === 'masked' && back?.kind === 'component.unmark' && !isMarked(state, back.component)) return false;
    // What is kept in the item itself, a merged text or value, stays whatever becomes of the state.
    const isPlaced = outcome === 'transformed' && line.rule !== 'text-text' && !line.rule.startsWith('property-');
    if (outcome !== 'dropped' && outcome !== 'superseded' && !isPlaced) return true;
    return item === undefined || !isKept(item);
  });
}

/** One English sentence for people. */
export function lineText(reader: Reader, line: ReceiptLine): string {
  const where = placeText(reader, line);
  const mine = line.mine === undefined ? '' : `${line.mine.author} wanted to ${describe(reader, line.mine.wanted)}`;
  const theirs =
    line.theirs === undefined ? '' : `${line.theirs.author} on Head: ${describe(reader, line.theirs.wanted)}`;
  const repair = (line.repair ?? []).map((m) => describe(reader, m)).join(', ');
  const parts = [mine, theirs, repair === '' ? '' : `the engine: ${repair}`].filter((p) => p !== '');
  return `${line.outcome} at ${where} by ${line.rule} (${ruleTable[line.rule].says}): ${parts.join('; ')}`;
}

function placeText(reader: Reader, line: ReceiptLine): string {
  const label = labelOf(reader, line.subject as ComponentId);
  return line.path === '' ? label : `${line.path} of ${label}`;
}
