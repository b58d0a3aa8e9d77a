// Maps and sets that can be closed. Freezing an object does not reach what a map or a set holds, and the language's own
// methods change it whatever is done to the object; so a library whose maps its users can get hold of is given these in
// the place of `Map` and `Set`. Those it makes while it is loaded are shared by all calls and are sealed then; those it
// makes later belong to the call that they are made for.

interface Seal {
  /** Closes every map and set made so far; later ones stay open. */
  seal(): void;
  readonly Map: MapConstructor;
  readonly Set: SetConstructor;
}

export function sealableCollections(): Seal {
  const sealed = new WeakSet<object>();
  const open = new Set<object>();
  let isLoading = true;
  const note = (collection: object): void => {
    if (isLoading) open.add(collection);
  };
  const requireOpen = (collection: object): void => {
    if (sealed.has(collection)) throw new TypeError('This collection is shared by all functions');
  };

  class SealableMap<K, V> {
    readonly #inner = new Map<K, V>();
    constructor(entries?: Iterable<readonly [K, V]> | null) {
      for (const [key, value] of entries ?? []) this.#inner.set(key, value);
      note(this);
    }
    get size(): number {
      return this.#inner.size;
    }
    get [Symbol.toStringTag](): string {
      return 'Map';
    }
    get(key: K): V | undefined {
      return this.#inner.get(key);
    }
    has(key: K): boolean {
      return this.#inner.has(key);
    }
    set(key: K, value: V): this {
      requireOpen(this);
      this.#inner.set(key, value);
      return this;
    }
    delete(key: K): boolean {
      requireOpen(this);
      return this.#inner.delete(key);
    }
    clear(): void {
      requireOpen(this);
      this.#inner.clear();
    }
    keys(): IterableIterator<K> {
      return this.#inner.keys();
    }
    values(): IterableIterator<V> {
      return this.#inner.values();
    }
    entries(): IterableIterator<[K, V]> {
      return this.#inner.entries();
    }
    [Symbol.iterator](): IterableIterator<[K, V]> {
      return this.#inner.entries();
    }
    forEach(visit: (value: V, key: K, map: unknown) => void, thisArg?: unknown): void {
      for (const [key, value] of this.#inner) visit.call(thisArg, value, key, this);
    }
  }

  class SealableSet<T> {
    readonly #inner = new Set<T>();
    constructor(items?: Iterable<T> | null) {
      for (const item of items ?? []) this.#inner.add(item);
      note(this);
    }
    get size(): number {
      return this.#inner.size;
    }
    get [Symbol.toStringTag](): string {
      return 'Set';
    }
    has(item: T): boolean {
      return this.#inner.has(item);
    }
    add(item: T): this {
      requireOpen(this);
      this.#inner.add(item);
      return this;
    }
    delete(item: T): boolean {
      requireOpen(this);
      return this.#inner.delete(item);
    }
    clear(): void {
      requireOpen(this);
      this.#inner.clear();
    }
    keys(): IterableIterator<T> {
      return this.#inner.values();
    }
    values(): IterableIterator<T> {
      return this.#inner.values();
    }
    entries(): IterableIterator<[T, T]> {
      return this.#inner.entries();
    }
    [Symbol.iterator](): IterableIterator<T> {
      return this.#inner.values();
    }
    forEach(visit: (item: T, same: T, set: unknown) => void, thisArg?: unknown): void {
      for (const item of this.#inner) visit.call(thisArg, item, item, this);
    }
  }

  return {
    seal: () => {
      isLoading = false;
      for (const collection of open) sealed.add(collection);
      open.clear();
    },
    Map: SealableMap as unknown as MapConstructor,
    Set: SealableSet as unknown as SetConstructor,
  };
}
