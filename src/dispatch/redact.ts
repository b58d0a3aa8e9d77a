// Takes the contents of secrets out of texts and JSON values, in any of the forms that code prints by accident: as they are,
// base64, hexadecimal, percent-encoded, JSON- or HTML-escaped, split over lines and chunks. It is no guard against code that means
// to give a secret away: what is encrypted, hashed, compressed, reversed or cut into single fields is not known again
// (docs/secrets.md). What is shorter than 4 characters is not looked for.

import type { Json } from '../base/json.ts';
import { Automaton } from './automaton.ts';
import { mapLeaves } from './leaves.ts';
import { needlesOf } from './needle.ts';
import { Readers } from './readers.ts';
import { isLineBreak, marker, RedactionStream } from './redaction_stream.ts';

/** UTF-16 units of a text, `to` not included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export class Redactor {
  readonly #automaton: Automaton;
  readonly #scan: RedactionStream;

  /** `contents`: what the vault opened, one for each secret of a run. */
  constructor(contents: readonly Json[]) {
    this.#automaton = new Automaton(needlesOf(contents));
    this.#scan = this.stream();
  }

  /** Work done by all texts so far, in steps of the automaton. */
  get steps(): number {
    return this.#automaton.steps;
  }

  /** For text that arrives in parts: one for each source, as two sources are two texts. */
  stream(): RedactionStream {
    return new RedactionStream(this.#automaton);
  }

  redact(text: string): string {
    return this.#scan.push(text) + this.#scan.flush();
  }

  /** Whether the text holds a secret in any form. */
  finds(text: string): boolean {
    const before = this.#scan.found;
    this.#scan.push(text);
    this.#scan.flush();
    return this.#scan.found > before;
  }

  /** Where the text holds a secret in any form: what `redact` takes out, in order, none touching another. */
  ranges(text: string): Range[] {
    const found: { from: number; to: number }[] = [];
    if (this.#automaton.longestNeedle === 0) return found;
    const readers = new Readers(this.#automaton, (from, to) => found.push({ from, to }));
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (isLineBreak(unit)) readers.gap();
      else readers.unit(unit, i);
    }
    readers.finish();
    const ranges: { from: number; to: number }[] = [];
    for (const { from, to } of found.sort((a, b) => a.from - b.from)) {
      const last = ranges.at(-1);
      if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
      else ranges.push({ from, to });
    }
    return ranges;
  }

  /**
   * The value with each string, each number that holds a secret, and each key redacted. Keys that become the same get a number.
   * The value was checked (`checkJson`): its depth is bounded.
   */
  redactJson(value: Json): Json {
    return mapLeaves(value, {
      leaf: (leaf) => {
        if (typeof leaf === 'string') return this.redact(leaf);
        return typeof leaf === 'number' && this.finds(String(leaf)) ? marker : leaf;
      },
      key: (key) => this.redact(key),
    });
  }
}
