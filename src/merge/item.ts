// The pending change: what a change set holds beyond Head, as an ordered list of items, each one mutation as its author
// meant it, carried over Head so far. What the state shows of an item follows from Head and the list alone, never from
// when it was last caught up: an item that cannot be placed today stays in the list and is placed again when it can be.
// Items are appended and replaced, so a position names an item; only an undo takes some out, and those behind them move up.

import type { Approval } from '../model/approval.ts';
import type { Mutation } from '../mutation/mutation.ts';
import type { ReceiptLine } from './receipt.ts';
import type { RuleId } from './rules.ts';
import { Side } from './side.ts';

/** Who wins where both sides decided the same thing: the change set, or (in a revert) Head. */
export type Role = 'change-set' | 'head';

export interface Item {
  readonly m: Mutation;
  readonly author: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
  /** Version of the change set that brought it. */
  readonly version: number;
  readonly role: Role;
  /** It has given way to Head for good, by this rule; nothing is placed for it. */
  readonly yields?: RuleId;
  /** What stands in the state for it, when that is not the mutation itself; empty: nothing. */
  readonly placed?: readonly Mutation[];
  /** The rule behind `placed`. */
  readonly why?: RuleId;
  /** Head changed the same thing, and the property wants a person to look. */
  readonly review?: true;
}

/** What a merge changes of a pending change; a log entry holds it, so that replaying needs no merge. */
export interface Settlement {
  /** Items that are another now, by position, ascending. */
  readonly items: readonly (readonly [number, Item])[];
  /** The engine's own edits behind the items, in place of all earlier ones. */
  readonly repairs: readonly Mutation[];
  /** Receipt lines that this merge adds. */
  readonly lines: readonly ReceiptLine[];
  /** Text changes that Head brought, as they came to lie on texts that the change set edits; for others see `textsOf`. */
  readonly texts: readonly Mutation[];
}

export const nothingSettled: Settlement = { items: [], repairs: [], lines: [], texts: [] };

export class Pending {
  side = new Side<Item>();
  repairs: readonly Mutation[] = [];
  /** Every line of the receipt so far, oldest first; those about an item that was undone went with it. */
  lines: ReceiptLine[] = [];
  /** Positions of items that do not stand as they are, or that the state shows otherwise. */
  unsettled = new Set<number>();
  /** Every decision on it, in the order given. */
  approvals: readonly Approval[] = [];
  /** Who asked for approval, and when; undefined: nobody does at present. */
  requested: { readonly by: string; readonly atMs: number } | undefined;

  get items(): readonly Item[] {
    return this.side.entries;
  }

  append(items: readonly Item[]): void {
    for (const item of items) {
      this.side.add(item);
      if (item.placed !== undefined) this.unsettled.add(this.side.entries.length - 1);
    }
  }

  settle(s: Settlement): void {
    for (const [at, item] of s.items) {
      this.side.replace(at, item);
      if (item.placed === undefined) this.unsettled.delete(at);
      else this.unsettled.add(at);
    }
    this.repairs = s.repairs;
    this.lines.push(...s.lines);
  }

  /** As if some items had never been, but for the repairs; positions ascending, those behind them move up. */
  without(positions: readonly number[]): Pending {
    const gone = new Set(positions);
    const moved = new Map<number, number>();
    const rest = new Pending();
    this.items.forEach((item, at) => {
      if (gone.has(at)) return;
      moved.set(at, rest.items.length);
      rest.append([item]);
    });
    rest.repairs = this.repairs;
    for (const line of this.lines) {
      if (line.item === undefined) rest.lines.push(line);
      else if (!gone.has(line.item)) rest.lines.push({ ...line, item: moved.get(line.item)! });
    }
    return rest;
  }

  /** Takes items out of the list. */
  drop(positions: readonly number[]): void {
    const { side, unsettled, lines } = this.without(positions);
    this.side = side;
    this.unsettled = unsettled;
    this.lines = lines;
  }

  /** The mutations that make the pending change's state from Head's, the engine's own last. */
  effective(): Mutation[] {
    const out: Mutation[] = [];
    for (const item of this.items) {
      if (item.placed === undefined) out.push(item.m);
      else out.push(...item.placed);
    }
    out.push(...this.repairs);
    return out;
  }

  get isEmpty(): boolean {
    return this.items.length === 0;
  }
}
