// Where two maps differ, in order of keys. Two walks go side by side, each at a subtree or at an entry. Equal subtrees
// are stepped over unread; of unequal ones the one that starts lower is opened, or the higher one when they start
// alike, so that maps of other heights and cuts still meet again. Each opened node lies on the way to a difference:
// the cost is the number of changes times the height. Maps not yet sealed are compared by the identity of their nodes.

import { type Child, hashOf, type Inner, type Leaf } from './chunk.ts';
import type { ChunkSpace } from './chunk_space.ts';
import { changedValues } from './leaf_text.ts';
import { loadChild } from './map_edit.ts';
import type { MerkleMap } from './merkle_map.ts';

/** One key in which the maps differ. Undefined: that map does not have the key. */
export interface Difference {
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What takes `a` to `b`, in ascending order of keys. Lazy; may throw `ChunkMissing`. */
export function* diff(a: MerkleMap, b: MerkleMap): IterableIterator<Difference> {
  if (sameSubtree(a.top, b.top)) return;
  const left = new Walk(a.space, a.top);
  const right = new Walk(b.space, b.top);
  for (;;) {
    left.skipAlike(right);
    const before = left.key;
    const after = right.key;
    if (before === undefined && after === undefined) return;
    if (after === undefined || (before !== undefined && before < after)) {
      // Nothing on the right has this key any more, nor a subtree that begins with it.
      if (left.height > 0) left.enter();
      else yield { key: before!, before: left.takeValue(), after: undefined };
    } else if (before === undefined || after < before) {
      if (right.height > 0) right.enter();
      else yield { key: after, before: undefined, after: right.takeValue() };
    } else {
      const ahead = left.height - right.height;
      if (ahead === 0 && left.height === 0) {
        const was = left.takeValue();
        const is = right.takeValue();
        if (was !== is) yield { key: before, before: was, after: is };
      } else if (ahead === 0 && sameSubtree(left.child, right.child)) {
        left.skip();
        right.skip();
      } else if (ahead === 0 && left.height === 1) {
        const changes = changesOf(left.leaf, right.leaf);
        if (changes === undefined) {
          left.enter();
          right.enter();
          continue;
        }
        yield* changes;
        left.skip();
        right.skip();
      } else {
        if (ahead >= 0) left.enter();
        if (ahead <= 0) right.enter();
      }
    }
  }
}

function sameSubtree(x: Child, y: Child): boolean {
  if (x === y) return true;
  const hash = hashOf(x);
  return hash !== undefined && hash === hashOf(y);
}

/** What differs between two leaves, when that can be seen in their texts. */
function changesOf(a: Leaf, b: Leaf): Difference[] | undefined {
  return a.text === undefined || b.text === undefined ? undefined : changedValues(a.text, b.text);
}

/** A place in a map: at a subtree (height 1 for a leaf, and so on up) or at an entry (height 0). */
class Walk {
  readonly #space: ChunkSpace;
  /** Nodes below which this place is, outermost first, each with the index of the place in it. */
  readonly #path: { readonly node: Inner | Leaf; readonly keys: readonly string[]; index: number }[] = [];

  constructor(space: ChunkSpace, top: Child) {
    this.#space = space;
    this.#push(top);
    this.#leaveEnded();
  }

  /** First key of the place; undefined at the end of the map. */
  get key(): string | undefined {
    const here = this.#path.at(-1);
    return here?.keys[here.index];
  }

  get height(): number {
    return this.#path.at(-1)!.node.level;
  }

  /** The subtree at this place. */
  get child(): Child {
    const { node, index } = this.#path.at(-1)!;
    return (node as Inner).children[index]!;
  }

  /** The leaf at this place, which is at height 1. */
  get leaf(): Leaf {
    return loadChild(this.#space, this.child) as Leaf;
  }

  /** From a subtree to the first place in it. */
  enter(): void {
    const child = this.child;
    this.#path.at(-1)!.index++;
    this.#push(child);
  }

  #push(child: Child): void {
    const node = loadChild(this.#space, child);
    this.#path.push({ node, keys: node.keys, index: 0 });
  }

  /** From a subtree to what comes after it. */
  skip(): void {
    this.#path.at(-1)!.index++;
    this.#leaveEnded();
  }

  /**
   * Takes both walks, where they are at nodes of one level, past the places of these that are alike. Nothing that the
   * walk in single steps would not do; it is here because nearly all places are alike.
   */
  skipAlike(other: Walk): void {
    const mine = this.#path.at(-1);
    const theirs = other.#path.at(-1);
    if (mine === undefined || theirs === undefined || mine.node.level !== theirs.node.level) return;
    const { node: a, keys } = mine;
    const { node: b, keys: theirKeys } = theirs;
    const from = mine.index;
    let i = from;
    let j = theirs.index;
    if (a.kind === 'leaf') {
      const mineValues = a.values;
      const theirValues = (b as Leaf).values;
      for (; i < keys.length && keys[i] === theirKeys[j] && mineValues[i] === theirValues[j]; i++) j++;
    } else {
      const { children } = b as Inner;
      for (; i < keys.length && keys[i] === theirKeys[j] && sameSubtree(a.children[i]!, children[j]!); i++) j++;
    }
    if (i === from) return;
    mine.index = i;
    theirs.index = j;
    this.#leaveEnded();
    other.#leaveEnded();
  }

  /** The value of the entry at this place; goes on to what comes after it. */
  takeValue(): string {
    const { node, index } = this.#path.at(-1)!;
    this.skip();
    return (node as Leaf).values[index]!;
  }

  #leaveEnded(): void {
    for (let here = this.#path.at(-1); here !== undefined && here.index >= here.keys.length; ) {
      this.#path.pop();
      here = this.#path.at(-1);
    }
  }
}
