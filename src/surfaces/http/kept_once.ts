// What is kept for somebody who comes back for it soon: by a key that cannot be guessed, for a time, and taken once. Bounded: what
// is oldest makes room, so that whoever begins much and ends nothing costs no memory.

export class KeptOnce<T> {
  readonly #kept = new Map<string, { readonly value: T; readonly untilMs: number }>();
  readonly #ms: number;
  readonly #max: number;
  readonly #nowMs: () => number;

  constructor({ ms, max, nowMs }: { readonly ms: number; readonly max: number; readonly nowMs: () => number }) {
    this.#ms = ms;
    this.#max = max;
    this.#nowMs = nowMs;
  }

  put(key: string, value: T): void {
    const nowMs = this.#nowMs();
    // In the order in which they came, which is that in which they end.
    for (const [old, { untilMs }] of this.#kept) {
      if (untilMs > nowMs && this.#kept.size < this.#max) break;
      this.#kept.delete(old);
    }
    this.#kept.set(key, { value, untilMs: nowMs + this.#ms });
  }

  /** Undefined: it never was, was taken, has ended or made room. */
  take(key: string): T | undefined {
    const found = this.#kept.get(key);
    this.#kept.delete(key);
    return found !== undefined && found.untilMs > this.#nowMs() ? found.value : undefined;
  }
}
