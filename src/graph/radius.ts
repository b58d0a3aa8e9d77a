// How far an edit may be seen: everything that is computed from what it touches, with the distance, breadth first. An upper
// bound: where a value comes out equal the wave ends, and only running tells. In steps, so that a large one holds nobody up.

export interface Reached {
  /** Component and path together. */
  readonly address: string;
  /** 0: it is touched itself; 1: it reads what is touched. */
  readonly distance: number;
  /** The computed value through which it is reached on a shortest way; '' when it is touched, or reads what is edited. */
  readonly via: string;
}

export class Radius {
  readonly reached: Reached[] = [];
  /** There is more than was followed. */
  isCut = false;
  readonly #usersOf: (address: string) => readonly string[];
  readonly #most: number;
  readonly #seen = new Set<string>();
  readonly #start: readonly string[];
  #started = 0;
  #next = 0;

  /**
   * `start`: addresses that are edited; `touched`: computed values that are themselves made in another way. `usersOf` gives
   * who reads an address; `most` bounds what is followed.
   */
  constructor(
    start: readonly string[],
    touched: readonly string[],
    usersOf: (address: string) => readonly string[],
    most: number,
  ) {
    this.#start = start;
    this.#usersOf = usersOf;
    this.#most = most;
    for (const address of touched) this.#add({ address, distance: 0, via: '' });
  }

  /** Looks at `n` addresses; false when there is nothing left. What `usersOf` throws leaves everything as it was. */
  step(n: number): boolean {
    for (let done = 0; done < n; done++) {
      if (this.isCut) return false;
      if (this.#started < this.#start.length) {
        for (const address of this.#usersOf(this.#start[this.#started]!)) this.#add({ address, distance: 1, via: '' });
        this.#started++;
        continue;
      }
      const from = this.reached[this.#next];
      if (from === undefined) return false;
      const distance = from.distance + 1;
      for (const address of this.#usersOf(from.address)) this.#add({ address, distance, via: from.address });
      this.#next++;
    }
    return true;
  }

  #add(reached: Reached): void {
    if (this.#seen.has(reached.address)) return;
    if (this.reached.length >= this.#most) {
      this.isCut = true;
      return;
    }
    this.#seen.add(reached.address);
    this.reached.push(reached);
  }
}
