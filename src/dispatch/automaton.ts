// All needles searched for at once: the automaton of Aho and Corasick (1975) over bytes. A state is a prefix of some needle: the
// longest one that ends where the reader stands. Reading n bytes takes at most 2n moves between states, whatever the number of
// needles; at a state its children are a list of at most 256, at the root a table.
//
// Only the longest needle that ends in a state is kept, as redaction asks for what is covered and not by which secret.

export class Automaton {
  /** By state: bytes of the longest needle that ends here; 0 for none. */
  readonly longest: Int32Array;
  /** By state: how many of the last bytes could still become a needle, or more of one. */
  readonly live: Int32Array;
  /** By state: how many of the last bytes it stands for. */
  readonly depth: Int32Array;
  /** Bytes of the longest needle. */
  readonly longestNeedle: number;
  /** Whether some needle's first byte begins with these 6, 4 or 2 bits. */
  readonly begins6 = new Uint8Array(64);
  readonly begins4 = new Uint8Array(16);
  readonly begins2 = new Uint8Array(4);
  /** Moves and looks at children since it was made: the work done, for measuring. */
  steps = 0;

  readonly #root = new Int32Array(256);
  readonly #child: Int32Array;
  readonly #sibling: Int32Array;
  readonly #label: Uint8Array;
  readonly #fail: Int32Array;

  constructor(needles: readonly Uint8Array[]) {
    const statesMax = needles.reduce((sum, needle) => sum + needle.length, 1);
    this.#child = new Int32Array(statesMax);
    this.#sibling = new Int32Array(statesMax);
    this.#label = new Uint8Array(statesMax);
    this.#fail = new Int32Array(statesMax);
    this.longest = new Int32Array(statesMax);
    this.live = new Int32Array(statesMax);
    this.depth = new Int32Array(statesMax);
    let states = 1;
    let longestNeedle = 0;
    for (const needle of needles) {
      states = this.#add(needle, states);
      longestNeedle = Math.max(longestNeedle, needle.length);
    }
    this.longestNeedle = longestNeedle;
    this.#link(states);
  }

  /** The state after one more byte. */
  next(state: number, byte: number): number {
    for (;;) {
      this.steps++;
      if (state === 0) return this.#root[byte]!;
      const child = this.#find(state, byte);
      if (child !== 0) return child;
      state = this.#fail[state]!;
    }
  }

  /** The child of a state, 0 for none. */
  #find(state: number, byte: number): number {
    let child = this.#child[state]!;
    while (child !== 0 && this.#label[child] !== byte) {
      this.steps++;
      child = this.#sibling[child]!;
    }
    return child;
  }

  /** Adds a needle's path; answers how many states there are then. */
  #add(needle: Uint8Array, states: number): number {
    let state = 0;
    for (const byte of needle) {
      let child = state === 0 ? this.#root[byte]! : this.#find(state, byte);
      if (child === 0) {
        child = states++;
        this.#label[child] = byte;
        if (state === 0) {
          this.#root[byte] = child;
          this.begins6[byte >> 2] = 1;
          this.begins4[byte >> 4] = 1;
          this.begins2[byte >> 6] = 1;
        } else {
          this.#sibling[child] = this.#child[state]!;
          this.#child[state] = child;
        }
      }
      state = child;
    }
    this.longest[state] = needle.length;
    return states;
  }

  /** Breadth first: where to go on when no child fits, and what follows from there for `longest` and `live`. */
  #link(states: number): void {
    const depth = this.depth;
    const queue = new Int32Array(states);
    let end = 0;
    for (const child of this.#root) {
      if (child === 0) continue;
      depth[child] = 1;
      queue[end++] = child;
    }
    for (let i = 0; i < end; i++) {
      const state = queue[i]!;
      const fail = this.#fail[state]!;
      if (this.longest[state] === 0) this.longest[state] = this.longest[fail]!;
      this.live[state] = this.#child[state] === 0 ? this.live[fail]! : depth[state]!;
      for (let child = this.#child[state]!; child !== 0; child = this.#sibling[child]!) {
        depth[child] = depth[state]! + 1;
        this.#fail[child] = this.next(fail, this.#label[child]!);
        queue[end++] = child;
      }
    }
    this.steps = 0;
  }
}
