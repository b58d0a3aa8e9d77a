// What concurrency keys let through over all engines that share a store: seats, of which a key has so many at once and so many a
// second, and the turns of the engines that wait for one. An engine exchanges all that it has to say for all that it wants to know, one
// exchange after the other.
//
// Contract
// - An exchange is one transaction, and no two that name the same key are decided at the same time. What one is told of time counts by the
//   store's clock, its order is: what was given up, what is held, what was told, what is asked, what waits.
// - A seat has a number, which its engine uses once, and is held until it is given up or `holdMs` have passed since the exchange
//   that named it last among `holding`. There everything held is named: what is missing is given up, what had lapsed is held again, also
//   over the limit; then nothing is let through before the limit is met. While the store is not up, and for `holdMs` after, nothing lapses.
// - A seat is granted when each of the keys lets one more through by the limits that are given with the request. Else the request is
//   stopped by one of them, and the engine waits for its turn there, from when it was stopped first: seats that would be its own are not
//   granted to engines that came later. With several keys it counts at the others once it has waited for `agedMs`, and is not passed over
//   anywhere then. A grant uses the turns at its keys up. A turn that is not asked about for `turnMs` lapses; one that time opens, so long
//   after that time.
// - An exchange whose answer is lost may have been made. Whoever lost it names what is held with the next one.
// - Faults: `store_failed`, within a bounded time and without trying again.

import type { KeyUse } from '../dispatch/key_use.ts';

/** A seat that is held, or asked for. */
export interface KeySeat {
  readonly seat: number;
  /** Each once. */
  readonly keys: readonly KeyUse[];
}

/** A provider asked for time: nothing with the key starts before, one then, and on by its rate. */
export interface ToldKey extends KeyUse {
  readonly ms: number;
}

export interface KeyExchange {
  readonly holdMs: number;
  readonly turnMs: number;
  readonly agedMs: number;
  /** The greatest number of a seat used so far: should the exchange be made late, what is held under later ones stays. */
  readonly lastSeat: number;
  /** Seats that are given up. */
  readonly given: readonly number[];
  /** All that is held, to be held on; absent: as it was. */
  readonly holding?: readonly KeySeat[];
  readonly told: readonly ToldKey[];
  readonly asked: readonly KeySeat[];
  /** Keys where this engine waits for another's seat and asks whether its turn has come. */
  readonly stopped: readonly KeyUse[];
  /** Keys where it waits, those among `stopped` as well. */
  readonly waiting: readonly string[];
  /** Keys where it waits no more. */
  readonly withdrawn: readonly string[];
}

/** undefined: granted; else which key stops it, and when time opens that; null: the end of another, or another's turn, does. */
export type KeyStop = { readonly key: string; readonly waitMs: number | null } | undefined;

export interface KeyAnswers {
  /** One for each that was asked. */
  readonly asked: readonly KeyStop[];
  /** Those among `stopped` that may be asked for now. */
  readonly open: readonly string[];
}

export interface SharedKeys {
  exchange(of: KeyExchange): Promise<KeyAnswers>;
  /** Gives up all seats and turns of this engine. */
  leave(): Promise<void>;
}
