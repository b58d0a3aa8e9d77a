// A waiting line: first come, first served, and those who have to wait again go to the front. Taking the first of a
// hundred thousand costs no more than taking the first of two.

export class Line<T> {
  #items: T[] = [];
  #head = 0;

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Takes the first; undefined: there is none. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#head++;
    const isEmpty = this.#head === this.#items.length;
    if (isEmpty || (this.#head > 1_024 && this.#head * 2 > this.#items.length)) this.#compact();
    return item;
  }

  /** To the front, in their order. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.takeAll()];
  }

  takeAll(): T[] {
    const all = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return all;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
