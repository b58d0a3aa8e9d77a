// An example of a rule: what the change set and Head did on the small state, what is there then, what the one line of the
// receipt says, and what is there when what the line offers instead is submitted.

import { canonical, type Json } from '../../src/base/json.ts';
import type { Item, Role } from '../../src/merge/item.ts';
import { merge } from '../../src/merge/merge.ts';
import type { Outcome, ReceiptLine } from '../../src/merge/receipt.ts';
import type { RuleId } from '../../src/merge/rules.ts';
import { Side } from '../../src/merge/side.ts';
import type { Category } from '../../src/model/state.ts';
import type { Mutation, MutationKind } from '../../src/mutation/mutation.ts';
import type { Request } from '../../src/mutation/request.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { applied, editsOf, itemsOf, pendingOf, rootOf } from '../laws/check.ts';
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
  /** The item asks for a look. */
  readonly review?: true;
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

interface Shown {
  readonly state: Snapshot;
  readonly lines: readonly ReceiptLine[];
  readonly items: readonly Item[];
}

function show(example: Example): Shown {
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
  const { lines, items } = merged.settlement;
  return { state: merged.state, lines, items: items.map(([, item]) => item) };
}

function factIn(state: Snapshot, [category, key]: Example['fact']): Json {
  const text = state.get(category, key);
  return text === undefined ? null : (JSON.parse(text) as Json);
}

/** What of an example is not so; empty when all of it is. */
export function exampleProblems(example: Example): string[] {
  const { state, lines, items } = show(example);
  const out: string[] = [];
  const is = (what: string, got: unknown, wanted: unknown): void => {
    const [a, b] = [got, wanted].map((x) => canonical(JSON.parse(JSON.stringify(x ?? null)) as Json));
    if (a !== b) out.push(`${example.rule}: ${what} is ${a}, not ${b}`);
  };
  is('the fact', factIn(state, example.fact), example.now);
  if (example.review) is('the item', items[0]?.review, true);
  const { line, rule } = example;
  if (line === undefined) {
    is('the receipt', lines, []);
    return out;
  }
  const said = lines.find((l) => l.rule === rule);
  if (said === undefined) return [...out, `${rule}: no line by it: ${JSON.stringify(lines)}`];
  is('the outcome', [said.outcome, said.headVersion], [line.outcome, 9]);
  const { mine, theirs, place } = said;
  if (line.mine) is('mine', [mine?.author, mine?.version, mine?.wanted.kind], ['ann', 3, line.mine]);
  if (line.theirs)
    is(
      'theirs',
      [theirs?.author, theirs?.version, theirs?.changeSet, theirs?.wanted.kind],
      ['bob', 5, 'OTHER', line.theirs],
    );
  is('what is there', said.now, place === null ? null : (state.get(place.category, place.key) ?? null));
  const other = applied(state, said.otherwise);
  is('the other outcome', factIn(other, example.fact), line.instead);
  if (said.otherwise.length > 0 && rootOf(other) === rootOf(state))
    out.push(`${rule}: what is offered changes nothing`);
  return out;
}
