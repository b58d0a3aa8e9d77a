// Vertices that have no value and that nothing has asked for yet: looked for key by key in the present state, so that a state
// of which nothing was computed is computed without being asked.

import type { ComponentId } from '../base/ids.ts';
import { isFollowing } from '../model/cell.ts';
import { idLength } from '../model/keys.ts';
import type { Derived } from './derived.ts';
import type { Known } from './known.ts';

/** Keys read in one portion at most. */
const readMax = 1_000;

export class Unseen {
  readonly #known: Known;
  readonly #derived: Derived;
  /** Keys up to which has been looked. */
  #cells = '';
  #components = '';
  #isDone = false;

  /** `from`: goes on where another has come to. */
  constructor(known: Known, derived: Derived, from?: Unseen) {
    this.#known = known;
    this.#derived = derived;
    if (from === undefined) return;
    this.#cells = from.#cells;
    this.#components = from.#components;
    this.#isDone = from.#isDone;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Looks at the next keys, `most` of them at most. Answers how many it read, and the addresses found among them. */
  next(most: number): { readonly read: number; readonly found: readonly string[] } {
    const bound = Math.min(most, readMax);
    const { state } = this.#known;
    const found: string[] = [];
    let read = 0;
    let cells = this.#cells;
    for (const [key, text] of state.scan('cells', '', cells)) {
      if (read === bound) break;
      read++;
      cells = key;
      if (isFollowing(text) && !this.#derived.has(key)) found.push(key);
    }
    let components = this.#components;
    for (const [key] of read === bound ? [] : state.scan('components', '', components)) {
      if (read === bound) break;
      read++;
      components = key;
      if (key.length !== idLength) continue;
      for (const { output } of this.#known.component(key as ComponentId).facts?.bounds ?? [])
        if (!this.#derived.has(key + output)) found.push(key + output);
    }
    // Only now that all was at hand: what was found before a missing chunk is found again.
    this.#cells = cells;
    this.#components = components;
    this.#isDone = read < bound;
    return { read, found };
  }
}
