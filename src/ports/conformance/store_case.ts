// One case of the store's conformance suite: a title that quotes a rule of SPEC.md, and what to do with a fresh store
// that holds one workspace.

import type { StoreWorld } from './store_world.ts';

type Run = (world: StoreWorld, reopen: () => Promise<StoreWorld>) => Promise<void>;

export interface StoreCase {
  readonly title: string;
  /** `reopen` closes the store and opens what it has written; call it only in cases that are `isDurable`. */
  readonly run: Run;
  /** Only for stores that can be opened again. */
  readonly isDurable: boolean;
  /** It leaves the store closed, so nothing can be checked afterwards. */
  readonly endsClosed: boolean;
}

export function storeCase(title: string, run: Run, more: { isDurable?: true; endsClosed?: true } = {}): StoreCase {
  return { title, run, isDurable: more.isDurable ?? false, endsClosed: more.endsClosed ?? false };
}
