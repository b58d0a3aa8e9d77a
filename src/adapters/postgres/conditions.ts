// The conditions of a listing: each with a value of its own, left out where the query says nothing. Values are numbered behind
// those that the statement has anyhow.

import type { Value } from './database.ts';

export class Conditions {
  readonly values: Value[];
  readonly #all: string[];

  /** `first`: what always holds, about the values given. */
  constructor(first: string, values: readonly Value[]) {
    this.#all = [first];
    this.values = [...values];
  }

  /** `condition` is given the place of the value, such as `$3`. */
  and(value: Value | undefined, condition: (place: string) => string): void {
    if (value === undefined) return;
    this.values.push(value);
    this.#all.push(condition(`$${this.values.length}`));
  }

  /** One that has no value. */
  always(condition: string): void {
    this.#all.push(condition);
  }

  get text(): string {
    return this.#all.join(' and ');
  }
}
