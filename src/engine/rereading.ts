// Pure code that reads chunks, run again whenever one was not at hand. What was fetched for a run is held until it has ended, so that
// it ends however small the cache is; and with each chunk that was missing more of those that stand next to it are fetched,
// twice as many each time: code that goes through a map in order is run again a few times, not once a chunk.

import type { Hash, WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { Fault } from '../base/result.ts';
import type { Store } from '../ports/store.ts';
import { ChunkMissing, type ChunkSpace, type Held } from '../snapshot/chunk_space.ts';
import { TurnOver } from './propagate.ts';
import { laterTurn } from './turn.ts';

/** `body` must have no effect but its result. Faults: `chunk_missing`, and those of the store. */
export async function rereading<T>(
  from: { readonly id: WorkspaceId; readonly store: Store; readonly space: ChunkSpace },
  body: () => T,
): Promise<T> {
  let held: Held | undefined;
  for (let ahead = 0; ; ) {
    try {
      return held === undefined ? body() : from.space.holding(held, body);
    } catch (e) {
      if (e instanceof TurnOver) {
        await laterTurn();
        continue;
      }
      if (!(e instanceof ChunkMissing)) throw e;
      held ??= new Map();
      await fetchHeld(from, [e.hash, ...e.ahead(ahead)], held);
      ahead = Math.min(2 * ahead + 1, limits.chunksAheadMax);
    }
  }
}

/** The first has to be there; those behind it may be gone, as nobody has asked for them yet. */
async function fetchHeld(
  { id, store, space }: Parameters<typeof rereading>[0],
  [first, ...ahead]: readonly Hash[],
  held: Held,
): Promise<void> {
  const texts = await store.readChunks(id, [
    first!,
    ...ahead.filter((hash) => !space.isAtHand(hash) && !held.has(hash)),
  ]);
  if (!texts.has(first!)) throw new Fault('chunk_missing', `chunk ${first} is not in the store; run verify`);
  for (const [hash, text] of texts) space.offer(hash, text, held);
}
