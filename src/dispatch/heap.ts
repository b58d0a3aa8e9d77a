// A binary heap whose members know where they stand in it, so that any of them is moved or taken out in O(log n). What
// is least comes first; of equals the order is that of the comparison, which has to be total for a result to be the
// same in every run. A member stands in one heap at a time.

import { invariant } from '../base/result.ts';

export interface HeapMember {
  /** Where it stands; -1: in no heap. Written by the heap alone. */
  heapIndex: number;
}

export class Heap<T extends HeapMember> {
  readonly #members: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#members.length;
  }

  get first(): T | undefined {
    return this.#members[0];
  }

  add(member: T): void {
    invariant(member.heapIndex < 0, 'a member of a heap is added again');
    member.heapIndex = this.#members.length;
    this.#members.push(member);
    this.#up(member);
  }

  remove(member: T): void {
    const at = this.#indexOf(member);
    const last = this.#members.pop()!;
    member.heapIndex = -1;
    if (last === member) return;
    this.#put(last, at);
    this.#settle(last);
  }

  /** To be called when what `member` is compared by has changed. */
  moved(member: T): void {
    this.#indexOf(member);
    this.#settle(member);
  }

  #indexOf(member: T): number {
    invariant(this.#members[member.heapIndex] === member, 'a member of another heap is moved');
    return member.heapIndex;
  }

  #settle(member: T): void {
    this.#up(member);
    this.#down(member);
  }

  #up(member: T): void {
    let at = member.heapIndex;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#members[above]!;
      if (this.#compare(member, parent) >= 0) break;
      this.#put(parent, at);
      at = above;
    }
    this.#put(member, at);
  }

  #down(member: T): void {
    let at = member.heapIndex;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#members.length) break;
      let child = this.#members[below]!;
      const other = this.#members[below + 1];
      if (other !== undefined && this.#compare(other, child) < 0) {
        child = other;
        below++;
      }
      if (this.#compare(member, child) <= 0) break;
      this.#put(child, at);
      at = below;
    }
    this.#put(member, at);
  }

  #put(member: T, at: number): void {
    this.#members[at] = member;
    member.heapIndex = at;
  }
}
