// The conformance suite of the store port: every store passes the same cases, one by one on a fresh store. The rules are
// in SPEC.md; each title quotes the one it checks. After each case the store's own check must find nothing.

import type { Digest } from '../../base/ids.ts';
import type { Store } from '../store.ts';
import { expectEqual } from './expectation.ts';
import { actionCases } from './store_actions.ts';
import { commitCases } from './store_commits.ts';
import { contentCases } from './store_content.ts';
import { eventCases } from './store_events.ts';
import { memoCases } from './store_memo.ts';
import { readCases } from './store_reads.ts';
import { realityCases } from './store_reality.ts';
import { runCases } from './store_runs.ts';
import { StoreWorld } from './store_world.ts';

export interface StoreUnderTest {
  readonly name: string;
  /** Lower-case hex SHA-256 of a text. */
  readonly digest: Digest;
  /** A new, empty store. */
  readonly open: () => Promise<Store>;
  /** Opens again what a closed store has written; only durable stores have it. */
  readonly reopen?: (closed: Store) => Promise<Store>;
}

export function storeConformance(under: StoreUnderTest): { title: string; run: () => Promise<void> }[] {
  const cases = [
    ...commitCases,
    ...readCases,
    ...contentCases,
    ...runCases,
    ...memoCases,
    ...realityCases,
    ...actionCases,
    ...eventCases,
  ].filter((c) => !c.isDurable || under.reopen);
  return cases.map((c) => ({
    title: `${under.name}: ${c.title}`,
    run: async () => {
      let store = await under.open();
      try {
        const world = new StoreWorld(store, under.digest);
        await world.found();
        await c.run(world, async () => {
          await store.close();
          store = await under.reopen!(store);
          return world.in(1, store);
        });
        if (!c.endsClosed) expectEqual('problems found by check', await store.check(10), []);
      } finally {
        await store.close();
      }
    },
  }));
}
