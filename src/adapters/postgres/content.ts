// Chunks by hash, with the generation that keeps them from a sweep, and the checkpoints that they complete. Chunks are written many
// at a time, in order of their hashes: two writers of the same ones then wait for each other instead of dying of it.

import type { ChangeSetId, Hash } from '../../base/ids.ts';
import type { Checkpoint, ChunkRow, SweepOutcome } from '../../ports/store.ts';
import { fromColumn, toColumn } from './column_text.ts';
import type { PostgresDatabase } from './database.ts';
import { checkpointColumns, checkpointRow } from './rows.ts';

/** Chunks looked at in one step of a sweep. */
const sweepStepRows = 2_000;
/** Characters of chunks in one statement. */
const writeCharsMax = 16 * 1024 * 1024;

export class Content {
  readonly #db: PostgresDatabase;

  constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  async read(workspace: number, hashes: readonly Hash[]): Promise<Map<Hash, string>> {
    const sql = `select encode(hash, 'hex') as hash, text from chunk
      where workspace = $1 and hash = any(select decode(h, 'hex') from unnest($2::text[]) h)`;
    const rows = await this.#db.ask('reading', sql, [workspace, hashes]);
    return new Map(rows.map((r) => [r['hash'] as Hash, fromColumn(r['text'] as string)]));
  }

  async write(workspace: number, chunks: readonly ChunkRow[], checkpoints: readonly Checkpoint[]): Promise<void> {
    const sent = checkpoints.map((c) => ({ ...c, derivedRoot: c.derivedRoot ?? null }));
    await this.#db.transaction('writing chunks', async (ask) => {
      for (const part of partsOf(chunks))
        await ask('select put_chunks($1, $2::jsonb)', [workspace, JSON.stringify(part)]);
      if (sent.length === 0) return;
      await ask('select assert_there($1, $2::jsonb)', [workspace, JSON.stringify(sent)]);
      await ask(
        `insert into checkpoint (change_set, version, intent_root, reality_root, reality_seq, derived_root)
         select s.ref, (r ->> 'version')::bigint, r ->> 'intentRoot', r ->> 'realityRoot', (r ->> 'realitySeq')::bigint,
           r ->> 'derivedRoot'
         from jsonb_array_elements($2::jsonb) r join change_set s on s.workspace = $1 and s.id = r ->> 'changeSet'
         on conflict (change_set, version) do update set intent_root = excluded.intent_root,
           reality_root = excluded.reality_root, reality_seq = excluded.reality_seq, derived_root = excluded.derived_root`,
        [workspace, JSON.stringify(sent)],
      );
    });
  }

  async checkpoint(workspace: number, changeSet: ChangeSetId, version: number): Promise<Checkpoint | undefined> {
    const [row] = await this.#db.ask(
      'reading',
      `select ${checkpointColumns} from checkpoint k join change_set c on c.ref = k.change_set
       where c.workspace = $1 and c.id = $2 and k.version <= $3 order by k.version desc limit 1`,
      [workspace, changeSet, Math.min(version, Number.MAX_SAFE_INTEGER)],
    );
    return row && checkpointRow(row);
  }

  async checkpoints(workspace: number): Promise<Checkpoint[]> {
    const rows = await this.#db.ask(
      'reading',
      `select ${checkpointColumns} from checkpoint k join change_set c on c.ref = k.change_set
       where c.workspace = $1 order by c.id, k.version`,
      [workspace],
    );
    return rows.map(checkpointRow);
  }

  async removeCheckpoints(workspace: number, checkpoints: readonly Checkpoint[]): Promise<void> {
    await this.#db.ask(
      'writing',
      `delete from checkpoint k using change_set c, unnest($2::text[], $3::bigint[]) as gone(id, version)
       where c.workspace = $1 and c.ref = k.change_set and c.id = gone.id and k.version = gone.version`,
      [workspace, checkpoints.map((c) => c.changeSet), checkpoints.map((c) => c.version)],
    );
  }

  async nextGeneration(workspace: number): Promise<number> {
    const sql = 'update workspace set generation = generation + 1 where ref = $1 returning generation';
    return (await this.#db.ask('writing', sql, [workspace]))[0]!['generation'] as number;
  }

  async sweep(workspace: number, generation: number, isLive: (hash: Hash) => boolean): Promise<SweepOutcome> {
    let chunksRemoved = 0;
    let bytesRemoved = 0;
    for (let after = ''; ; ) {
      const rows = await this.#db.ask(
        'sweeping',
        `select encode(hash, 'hex') as hash from chunk where workspace = $1 and hash > decode($2, 'hex') and generation < $3
         order by hash limit $4`,
        [workspace, after, generation, sweepStepRows],
      );
      const dead = rows.map((r) => r['hash'] as Hash).filter((hash) => !isLive(hash));
      // One that was renewed meanwhile is of a newer generation, and stays.
      const gone = await this.#db.ask(
        'sweeping',
        `delete from chunk where workspace = $1 and generation < $3
           and hash = any(select decode(h, 'hex') from unnest($2::text[]) h)
         returning octet_length(text) as bytes`,
        [workspace, dead, generation],
      );
      chunksRemoved += gone.length;
      for (const row of gone) bytesRemoved += row['bytes'] as number;
      if (rows.length < sweepStepRows) break;
      after = rows.at(-1)!['hash'] as string;
    }
    const [kept] = await this.#db.askLong('sweeping', 'select count(*) as n from chunk where workspace = $1', [
      workspace,
    ]);
    return { chunksKept: kept!['n'] as number, chunksRemoved, bytesRemoved };
  }
}

function* partsOf(chunks: readonly ChunkRow[]): Iterable<readonly ChunkRow[]> {
  let part: ChunkRow[] = [];
  let chars = 0;
  for (const { hash, text } of chunks) {
    if (part.length > 0 && chars + text.length > writeCharsMax) {
      yield part;
      [part, chars] = [[], 0];
    }
    part.push({ hash, text: toColumn(text) });
    chars += text.length;
  }
  if (part.length > 0) yield part;
}
