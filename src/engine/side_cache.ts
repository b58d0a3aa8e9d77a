// The last Head versions as sides of a merge, so that a hundred change sets that are caught up over one version read and
// index it once. Bounded by the number of edits kept; the newest stay.

import { limits } from '../base/limits.ts';
import type { HeadEdit } from '../merge/merging.ts';
import type { Side } from '../merge/side.ts';

export class SideCache {
  readonly #sides = new Map<number, Side<HeadEdit>>();
  #edits = 0;

  get(version: number): Side<HeadEdit> | undefined {
    return this.#sides.get(version);
  }

  put(version: number, side: Side<HeadEdit>): void {
    if (this.#sides.has(version)) return;
    this.#sides.set(version, side);
    this.#edits += side.entries.length + 1;
    for (const [oldest, gone] of this.#sides) {
      if (this.#edits <= limits.headEditsCachedMax || oldest === version) break;
      this.#sides.delete(oldest);
      this.#edits -= gone.entries.length + 1;
    }
  }

  clear(): void {
    this.#sides.clear();
    this.#edits = 0;
  }
}
