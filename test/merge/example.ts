// An example of a rule: what the change set and Head did on the small state, what is there then, what the one line of the
// receipt says, and what is there when what the line offers instead is submitted.

import type { Json } from '../../src/base/json.ts';
import type { Role } from '../../src/merge/item.ts';
import { merge } from '../../src/merge/merge.ts';
import type { Outcome, ReceiptLine } from '../../src/merge/receipt.ts';
import type { RuleId } from '../../src/merge/rules.ts';
import { Side } from '../../src/merge/side.ts';
import type { Category } from '../../src/model/state.ts';
import type { Mutation, MutationKind } from '../../src/mutation/mutation.ts';
import type { Request } from '../../src/mutation/request.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { applied, editsOf, itemsOf, pendingOf } from '../laws/check.ts';
import { carryOut, type Edit } from '../laws/edits.ts';
import { smallState } from '../laws/pool.ts';

export interface Example {
  readonly rule: RuleId;
  /** Done before both. */
  readonly before?: readonly (Request | Mutation)[];
  readonly mine: readonly (Request | Mutation)[];
  readonly theirs: readonly (Request | Mutation)[];
  readonly role?: Role;
  /** The fact that it is about. */
  readonly fact: readonly [category: Category, key: string];
  /** What is stored there after the merge; null: nothing. */
  readonly now: Json;
  /** Absent: there is no line. */
  readonly line?: {
    readonly outcome: Outcome;
    /** What each wanted; absent where the line names nobody. */
    readonly mine?: MutationKind;
    readonly theirs?: MutationKind;
    /** What is stored there when what is offered instead is applied. */
    readonly instead: Json;
  };
}

export const start = smallState();

const isMutation = (e: Request | Mutation): e is Mutation =>
  e.kind.startsWith('record.') || 'cell' in e || e.kind === 'component.mark';
const editsFrom = (list: readonly (Request | Mutation)[]): Edit[] =>
  list.map((e) => (isMutation(e) ? { mutation: e } : { request: e }));

/** Carries edits out; every one of them must be accepted. */
function made(on: Snapshot, idSeed: number, list: readonly (Request | Mutation)[]): ReturnType<typeof carryOut> {
  const carried = carryOut(on, idSeed, editsFrom(list));
  const refused = carried.sizes.indexOf(0);
  if (refused >= 0) throw new Error(`not accepted: ${JSON.stringify(list[refused])}`);
  return carried;
}

export interface Shown {
  readonly state: Snapshot;
  readonly lines: readonly ReceiptLine[];
}

export function show(example: Example): Shown {
  const base = made(start, 15, example.before ?? []).snapshot;
  const mine = made(base, 11, example.mine);
  const theirs = made(base, 12, example.theirs);
  const merged = merge(
    {
      head: theirs.snapshot,
      present: mine.snapshot,
      pending: pendingOf(itemsOf(mine.mutations, 3, example.role)),
      theirs: Side.of(editsOf(theirs.mutations, 5)),
    },
    9,
  );
  return { state: merged.state, lines: merged.settlement.lines };
}

export function factIn(state: Snapshot, [category, key]: Example['fact']): Json {
  const text = state.get(category, key);
  return text === undefined ? null : (JSON.parse(text) as Json);
}

export const instead = (state: Snapshot, line: ReceiptLine): Snapshot => applied(state, line.otherwise);
