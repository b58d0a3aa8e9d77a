// Functions that are started and asked about later, over restarts.

import { describe, expect, test } from 'vitest';
import type { TicketView } from '../../src/engine/tickets.ts';
import { webMutations, withFunctions } from './function_house.ts';
import { eachStore, type House } from './house.ts';

async function ended(house: House, changeSet: string, ticket: string): Promise<TicketView> {
  for (;;) {
    const view = await house.call<TicketView>('debug.state', { changeSet, ticket });
    if (view.state === 'success' || view.state === 'failure') return view;
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe('tickets', () => {
  eachStore((make) => {
    test('[EN554] how a ticket ended is told after a restart; one that was under way has failed, and says why', async () => {
      const house = await make(withFunctions);
      const changeSet = await house.open('web');
      await house.submit(changeSet, ...webMutations);
      const start = async (text: string) =>
        (await house.call<{ ticket: string }>('debug.start', { changeSet, component: 'web', name: 'look', text }))
          .ticket;
      const done = await start('function main({ component }) {\n  return component.domain.Host;\n}');
      const before = await ended(house, changeSet, done);
      expect(before).toMatchObject({ state: 'success', result: 'example.org', failure: null });
      const bad = await start("function main() {\n  throw new Error('broken');\n}");
      const failed = await ended(house, changeSet, bad);
      const slow = await start('async function main() {\n  await new Promise((r) => setTimeout(r, 60_000));\n}');
      expect(['pending', 'executing']).toContain(
        (await house.call<TicketView>('debug.state', { changeSet, ticket: slow })).state,
      );
      await house.reopen();
      expect(await ended(house, changeSet, done)).toEqual(before);
      expect(await ended(house, changeSet, bad)).toEqual(failed);
      const lost = await ended(house, changeSet, slow);
      expect(lost.state).toBe('failure');
      expect(lost.failure).toMatch(/went away|killed|runner/);
      expect(await house.refused('management.state', { changeSet, ticket: done })).toMatchObject({
        code: 'run_not_found',
      });
    });
  });
});
