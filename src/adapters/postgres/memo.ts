// The memo of pure results, within a bound for each workspace. `memo_bytes` and `memo_used` of the workspace's row are kept in
// the transaction that writes, under the row's lock; what was asked for is moved up with the next write.

import type { Hash } from '../../base/ids.ts';
import type { MemoRow } from '../../ports/run_store.ts';
import { fromColumn, toColumn } from './column_text.ts';
import type { Ask, PostgresDatabase } from './database.ts';

/** Keys remembered as asked for, of all workspaces; more than that are forgotten, which the port allows. */
const askedMax = 100_000;
/** Entries looked at in one step of making room. */
const evictStepRows = 1_000;

/** What an entry counts. */
export const memoBytes = (key: string, text: string): number => key.length + Buffer.byteLength(text);

export class Memo {
  readonly #db: PostgresDatabase;
  readonly #asked = new Map<number, Set<Hash>>();

  constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  async read(workspace: number, keys: readonly Hash[]): Promise<Map<Hash, string>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#db.ask(
      'reading the memo',
      `select encode(key, 'hex') as key, text from memo
       where workspace = $1 and key = any(select decode(k, 'hex') from unnest($2::text[]) k)`,
      [workspace, keys],
    );
    const asked = this.#asked.get(workspace) ?? new Set<Hash>();
    this.#asked.set(workspace, asked);
    const found = new Map<Hash, string>();
    for (const row of rows) {
      const key = row['key'] as Hash;
      found.set(key, fromColumn(row['text'] as string));
      if (asked.size < askedMax) asked.add(key);
    }
    return found;
  }

  write(workspace: number, rows: readonly MemoRow[], bytesMax: number): Promise<void> {
    const asked = [...(this.#asked.get(workspace) ?? [])];
    this.#asked.delete(workspace);
    const last = [...new Map(rows.map((row) => [row.key, row.text])).entries()];
    return this.#db.transaction('writing the memo', async (ask) => {
      const [space] = await ask('select memo_bytes, memo_used from workspace where ref = $1 for no key update', [
        workspace,
      ]);
      let bytes = space!['memo_bytes'] as number;
      let used = space!['memo_used'] as number;
      if (asked.length > 0)
        await ask(
          `update memo set used = $3 where workspace = $1 and key = any(select decode(k, 'hex') from unnest($2::text[]) k)`,
          [workspace, asked, ++used],
        );
      if (last.length > 0) {
        const [sum] = await ask(
          `with given as (
             select decode(k, 'hex') as key, t as text, b as bytes, $5::bigint + n as used
             from unnest($2::text[], $3::text[], $4::bigint[]) with ordinality as x(k, t, b, n)
           ), before as (
             select coalesce(sum(m.bytes), 0) as bytes from memo m join given g on g.key = m.key where m.workspace = $1
           ), written as (
             insert into memo (workspace, key, text, bytes, used) select $1, key, text, bytes, used from given
             on conflict (workspace, key) do update set text = excluded.text, bytes = excluded.bytes, used = excluded.used
             returning bytes
           )
           select ((select coalesce(sum(bytes), 0) from written) - (select bytes from before))::bigint as more`,
          [
            workspace,
            last.map(([key]) => key),
            last.map(([, text]) => toColumn(text)),
            last.map(([key, text]) => memoBytes(key, text)),
            used,
          ],
        );
        bytes += sum!['more'] as number;
        used += last.length;
      }
      while (bytes > bytesMax) {
        const oldest = await ask(
          `select encode(key, 'hex') as key, bytes from memo where workspace = $1 order by used, key limit $2`,
          [workspace, evictStepRows],
        );
        if (oldest.length === 0) break;
        const gone: string[] = [];
        for (const row of oldest) {
          if (bytes <= bytesMax) break;
          gone.push(row['key'] as string);
          bytes -= row['bytes'] as number;
        }
        await ask(
          `delete from memo where workspace = $1 and key = any(select decode(k, 'hex') from unnest($2::text[]) k)`,
          [workspace, gone],
        );
      }
      await ask('update workspace set memo_bytes = $2, memo_used = $3 where ref = $1', [workspace, bytes, used]);
    });
  }

  clear(workspace: number): Promise<number> {
    this.#asked.delete(workspace);
    const clear = async (ask: Ask): Promise<number> => {
      await ask('update workspace set memo_bytes = 0 where ref = $1', [workspace]);
      return (await ask('delete from memo where workspace = $1 returning 1', [workspace])).length;
    };
    return this.#db.transaction('clearing the memo', clear, { isLong: true });
  }
}
