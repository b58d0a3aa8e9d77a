// Edits of a text that keep its lines: what is taken out becomes blanks of the same length, line ends stay where they are.
// Made in any order, applied once.

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly put: string;
}

const notLineEnd = /[^\n\r\u2028\u2029]/g;

export class Edits {
  readonly #text: string;
  readonly #edits: Edit[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Blanks; `first` stands in the first place. */
  blank(start: number, end: number, first = ''): void {
    if (end <= start) return;
    const blanks = this.#text.slice(start, end).replace(notLineEnd, ' ');
    this.#edits.push({ start, end, put: first + blanks.slice(first.length) });
  }

  /** Puts `put` in place of a range without line ends in it. */
  replace(start: number, end: number, put: string): void {
    this.#edits.push({ start, end, put });
  }

  insert(at: number, put: string): void {
    this.#edits.push({ start: at, end: at, put });
  }

  /** The text with all edits; of two that overlap, the one that begins first is made. */
  apply(): string {
    if (this.#edits.length === 0) return this.#text;
    const isInsert = (e: Edit) => (e.start === e.end ? 0 : 1);
    this.#edits.sort((a, b) => a.start - b.start || isInsert(a) - isInsert(b) || b.end - a.end);
    let out = '';
    let at = 0;
    for (const { start, end, put } of this.#edits) {
      if (start < at) continue;
      out += this.#text.slice(at, start) + put;
      at = end;
    }
    return out + this.#text.slice(at);
  }
}
