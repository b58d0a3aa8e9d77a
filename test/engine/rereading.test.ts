// Reading from a store that does not answer at once: how often it is asked, and that a read ends though the cache holds next to
// nothing of it.

import { expect, test } from 'vitest';
import { eachStore } from './house.ts';

eachStore((make, kind) => {
  test('[EN12] what is read in order is asked for a few times, not once a chunk', async () => {
    const house = await make({ cacheBytesMax: 20_000 });
    const changeSet = await house.withBox();
    for (let from = 0; from < 2_000; from += 200)
      await house.submit(
        changeSet,
        ...Array.from({ length: 200 }, (_, i) => ({
          kind: 'component.create',
          schema: 'Box',
          name: `thing ${from + i}`,
          attributes: { '/domain/text': `text ${from + i}` },
        })),
      );
    await house.reopen();
    const { store } = house.engine;
    let asked = 0;
    let chunks = 0;
    const readChunks = store.readChunks.bind(store);
    store.readChunks = (workspace, hashes) => {
      asked++;
      chunks += hashes.length;
      return readChunks(workspace, hashes);
    };
    const { items } = await house.call<{ items: unknown[] }>('component.search', {
      changeSet,
      query: 'text:none',
      limit: 300,
    });
    expect(items).toEqual([]);
    if (store.readChunkNow !== undefined) return;
    expect([kind, chunks > 150]).toEqual([kind, true]);
    expect(asked).toBeLessThan(60);
  });
});
