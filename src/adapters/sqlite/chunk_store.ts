// Chunks and checkpoints: content by hash, per workspace.
//
// A chunk is one row of `chunk`, in order of writing, and one small row of `chunk_index` whose key is the workspace and
// the first 44 bits of the hash. Two hashes that share them take neighbouring keys within a window of 16; a lookup
// reads the window and compares whole hashes, so a hole that a removal left in it does no harm. An index row carries
// the chunk's generation: writing a chunk that is there already renews it, in the same transaction.

import type { Hash } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { ChunkRow } from '../../ports/store.ts';
import { fromColumn, toColumn } from './column_text.ts';
import type { Database, Statement } from './driver.ts';
import type { Refs } from './refs.ts';

export const hashBits = 44;
export const collisionsMax = 16;
const prefixMax = 2 ** hashBits - collisionsMax;
const window = `key >= (? << ${hashBits}) | ? and key < ((? << ${hashBits}) | ?) + ${collisionsMax}`;

/** First key of a hash's window, the workspace left out. Capped so that a window stays within its workspace. */
export function hashPrefix(hash: Hash): number {
  return Math.min(Number.parseInt(hash.slice(0, hashBits / 4), 16), prefixMax);
}

function hashBytes(hash: Hash): Buffer {
  return Buffer.from(hash, 'hex');
}

interface SweepRow {
  readonly prefix: number;
  readonly chunk: number;
  readonly hash: Uint8Array;
  readonly bytes: number;
}

/** What one step of a sweep removed, and where the sweep stands: everything up to `prefix` is done. */
export interface SweepStep {
  readonly prefix: number;
  readonly isDone: boolean;
  readonly chunks: number;
  readonly bytes: number;
}

export class ChunkStore {
  readonly #refs: Refs;
  readonly #read: Statement;
  readonly #find: Statement;
  readonly #addChunk: Statement;
  readonly #addIndex: Statement;
  readonly #renew: Statement;
  readonly #stale: Statement;
  readonly #removeChunk: Statement;
  readonly #removeIndex: Statement;
  readonly #count: Statement;

  constructor(db: Database, refs: Refs) {
    this.#refs = refs;
    this.#read = db.prepare(
      `select c.text from chunk_index i join chunk c on c.id = i.chunk where ${window}
         and c.hash = ? limit 1`,
    );
    this.#find = db.prepare(
      `select i.key & ${2 ** hashBits - 1} as prefix, i.generation from chunk_index i join chunk c on c.id = i.chunk
       where ${window} and c.hash = ? limit 1`,
    );
    this.#addChunk = db.prepare('insert into chunk (id, hash, text) values (?, ?, ?)');
    this.#addIndex = db.prepare(
      `insert into chunk_index (key, chunk, generation) values ((? << ${hashBits}) | ?, ?, ?) on conflict do nothing`,
    );
    this.#renew = db.prepare(`update chunk_index set generation = ? where key = (? << ${hashBits}) | ?`);
    this.#stale = db.prepare(
      `select i.key & ${2 ** hashBits - 1} as prefix, i.chunk, c.hash, octet_length(c.text) as bytes
       from chunk_index i join chunk c on c.id = i.chunk
       where i.key > (? << ${hashBits}) + ? and i.key < (? << ${hashBits}) and i.generation < ?
       order by i.key limit ?`,
    );
    this.#removeChunk = db.prepare('delete from chunk where id = ?');
    this.#removeIndex = db.prepare(`delete from chunk_index where key = (? << ${hashBits}) | ?`);
    this.#count = db.prepare(
      `select count(*) as n from chunk_index where key >= (? << ${hashBits}) and key < (? << ${hashBits})`,
    );
  }

  read(workspace: number, hash: Hash): string | undefined {
    const prefix = hashPrefix(hash);
    const row = this.#read.get(workspace, prefix, workspace, prefix, hashBytes(hash));
    return row === undefined ? undefined : fromColumn((row as { text: string | Uint8Array }).text);
  }

  /** Inside a transaction only. All in one transaction: a sweep between two parts could take the first. */
  write(workspace: number, chunks: readonly ChunkRow[]): void {
    const generation = this.#refs.generation(workspace);
    for (const { hash, text } of chunks) {
      const prefix = hashPrefix(hash);
      const bytes = hashBytes(hash);
      // Most are new and share their first bits with none: one look at the index then.
      const id = this.#refs.takeChunkId();
      if (this.#addIndex.run(workspace, prefix, id, generation).changes > 0) {
        this.#addChunk.run(id, bytes, toColumn(text));
        continue;
      }
      const found = this.#find.get(workspace, prefix, workspace, prefix, bytes) as
        | { prefix: number; generation: number }
        | undefined;
      if (found === undefined) this.#addBeside(workspace, { id, prefix, bytes, text, generation });
      else if (found.generation !== generation) this.#renew.run(generation, workspace, found.prefix);
    }
  }

  /** Adds a chunk whose own place in the index another hash has. */
  #addBeside(
    workspace: number,
    c: { id: number; prefix: number; bytes: Uint8Array; text: string; generation: number },
  ): void {
    this.#addChunk.run(c.id, c.bytes, toColumn(c.text));
    for (let i = 1; i < collisionsMax; i++)
      if (this.#addIndex.run(workspace, c.prefix + i, c.id, c.generation).changes > 0) return;
    throw new Fault('store_failed', `more than ${collisionsMax} chunks share the first ${hashBits} bits of their hash`);
  }

  count(workspace: number): number {
    return (this.#count.get(workspace, workspace + 1) as { n: number }).n;
  }

  /**
   * One bounded step of a sweep, inside a transaction: looks at the next `most` chunks of older generations after
   * `after` (-1 at first) and removes those that are not live. A chunk that was renewed meanwhile is of a newer
   * generation by then, and not looked at.
   */
  sweepStep(
    workspace: number,
    sweep: { after: number; generation: number; most: number; isLive: (hash: Hash) => boolean },
  ): SweepStep {
    const rows = this.#stale.all(
      workspace,
      sweep.after,
      workspace + 1,
      sweep.generation,
      sweep.most,
    ) as unknown as SweepRow[];
    let chunks = 0;
    let bytes = 0;
    for (const row of rows) {
      const hash = Buffer.from(row.hash).toString('hex') as Hash;
      if (sweep.isLive(hash)) continue;
      this.#removeIndex.run(workspace, row.prefix);
      this.#removeChunk.run(row.chunk);
      chunks++;
      bytes += row.bytes;
    }
    const last = rows.at(-1);
    return { prefix: last?.prefix ?? sweep.after, isDone: rows.length < sweep.most, chunks, bytes };
  }
}
