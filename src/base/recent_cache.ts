// A bounded cache that keeps what was asked for lately: two generations, where what is asked for moves to the younger one, and
// when that is full the older one is dropped. Nothing is taken out of a map on the way, which for maps of this size costs
// more than everything else a cache does.

export class RecentCache<K, V> {
  readonly #most: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** Keeps at least the `most / 2` entries that were asked for last, and at most `most`. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    let n = this.#young.size;
    for (const key of this.#old.keys()) if (!this.#young.has(key)) n++;
    return n;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#most / 2 && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
