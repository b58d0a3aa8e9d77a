// A text that arrives in parts, with secrets replaced: a range that any of the readers finds is redacted.
//
// - Ranges that overlap or touch become one `[redacted]`. Line breaks within are kept, so that lines stay lines.
// - What could still become a secret is held back, and nothing else; a part that was given out is never wanted back.
//   So the parts together are the same whatever the chunks were.
// - The work is proportional to the text (Automaton.steps), whatever the number and length of the secrets.

import type { Automaton } from './automaton.ts';
import { Readers } from './readers.ts';

export const marker = '[redacted]';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Line breaks are gaps: a secret may go on behind them. */
export function isLineBreak(unit: number): boolean {
  return unit === lineFeed || unit === carriageReturn;
}

export class RedactionStream {
  readonly #readers: Readers;
  readonly #automaton: Automaton;
  /** Text not given out yet, where it begins, and where the text so far ends. */
  #held = '';
  #heldFrom = 0;
  #end = 0;
  /** Ranges found, in order, none touching another; none that was given out. */
  #ranges: { from: number; to: number }[] = [];
  /** The last unit given out was redacted. */
  #isInside = false;
  /** Ranges found since it was made, overlapping ones counted apart. */
  found = 0;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
    this.#readers = new Readers(automaton, (from, to) => this.#cover(from, to));
  }

  /** Reads a part; answers what is safe by now. */
  push(chunk: string): string {
    if (this.#automaton.longestNeedle === 0) return chunk;
    const readers = this.#readers;
    for (let i = 0; i < chunk.length; i++) {
      const unit = chunk.charCodeAt(i);
      const at = this.#end++;
      if (isLineBreak(unit)) readers.gap();
      else readers.unit(unit, at);
    }
    this.#held += chunk;
    return this.#giveOut(Math.min(this.#end, readers.liveFrom()));
  }

  /** The rest, as nothing more will come. What is pushed after that is another text. */
  flush(): string {
    this.#readers.finish();
    const rest = this.#giveOut(this.#end);
    this.#readers.reset();
    this.#isInside = false;
    return rest;
  }

  #cover(from: number, to: number): void {
    this.found++;
    const ranges = this.#ranges;
    let first = ranges.length;
    while (first > 0 && ranges[first - 1]!.to >= from) first--;
    const merged = { from, to };
    let after = first;
    for (; after < ranges.length && ranges[after]!.from <= to; after++) {
      merged.from = Math.min(merged.from, ranges[after]!.from);
      merged.to = Math.max(merged.to, ranges[after]!.to);
    }
    if (after === ranges.length && first === after - 1) ranges[first] = merged;
    else ranges.splice(first, after - first, merged);
  }

  /** Everything before `to`, redacted. */
  #giveOut(to: number): string {
    if (to <= this.#heldFrom) return '';
    const held = this.#held;
    const origin = this.#heldFrom;
    let out = '';
    let at = origin;
    let done = 0;
    for (const range of this.#ranges) {
      if (range.from >= to) break;
      if (range.from > at) {
        out += held.slice(at - origin, range.from - origin);
        this.#isInside = false;
      }
      const from = Math.max(at, range.from);
      at = Math.min(range.to, to);
      if (!this.#isInside) out += marker;
      this.#isInside = true;
      out += held.slice(from - origin, at - origin).replaceAll(/[^\r\n]+/g, '');
      if (range.to <= to) done++;
    }
    if (at < to) {
      out += held.slice(at - origin, to - origin);
      this.#isInside = false;
    }
    // A range that ends right here may still grow, or be touched by the next: being inside carries over.
    this.#ranges.splice(0, done);
    this.#held = held.slice(to - origin);
    this.#heldFrom = to;
    return out;
  }
}
