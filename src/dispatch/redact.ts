// Takes the contents of secrets out of texts and JSON values, in any of the forms that code prints by accident: as they are,
// base64, hexadecimal, percent-encoded, JSON- or HTML-escaped, split over lines and chunks. It is no guard against code that means
// to give a secret away: what is encrypted, hashed, compressed, reversed or cut into single fields is not known again
// (docs/secrets.md). What is shorter than 4 characters is not looked for.

import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { invariant } from '../base/result.ts';
import { Automaton } from './automaton.ts';
import { needlesOf } from './needle.ts';
import { marker, RedactionStream } from './redaction_stream.ts';

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

  /**
   * The value with each string, each number that holds a secret, and each key redacted. Keys that become the same get a number.
   * The value was checked (`checkJson`): its depth is bounded.
   */
  redactJson(value: Json, depth = 0): Json {
    invariant(depth <= limits.valueDepthMax, 'a value to redact was checked for its depth');
    if (typeof value === 'string') return this.redact(value);
    if (typeof value === 'number') return this.finds(String(value)) ? marker : value;
    if (Array.isArray(value)) return value.map((member: Json) => this.redactJson(member, depth + 1));
    if (!isObject(value)) return value;
    const members = new Map<string, Json>();
    for (const [key, member] of Object.entries(value)) {
      const shown = this.redact(key);
      let free = shown;
      for (let n = 2; members.has(free) || (free !== key && Object.hasOwn(value, free)); n++) free = `${shown} ${n}`;
      members.set(free, this.redactJson(member, depth + 1));
    }
    return Object.fromEntries(members);
  }
}
