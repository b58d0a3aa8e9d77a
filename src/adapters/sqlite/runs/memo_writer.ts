// Writes of the memo, inside a transaction of the thread that owns the file. Entries lie in order of recency: the oldest
// first. Writing appends; an old entry that was asked for is appended again; what is too much goes from the front.

import type { Hash } from '../../../base/ids.ts';
import { toColumn } from '../column_text.ts';
import type { Database, Statement } from '../driver.ts';
import { ManyRows, type Value } from '../many_rows.ts';
import { memoKeyBytes, numberBits } from './run_file.ts';
import type { RunSpace } from './run_spaces.ts';

/** Entries that one step of evicting removes. */
const evictStepRows = 1_000;
/** Keys that one step of making a filter reads. */
const filterStepRows = 10_000;
const mask = 2 ** numberBits - 1;
const rowKey = `(? << ${numberBits}) | ?`;

export class MemoWriter {
  readonly #add: ManyRows;
  readonly #find: Statement;
  readonly #remove: Statement;
  readonly #removeFiled: Statement;
  readonly #findFiled: Statement;
  readonly #tailRows: Statement;
  readonly #next: Statement;
  readonly #oldest: Statement;
  readonly #file: Statement;
  /** Numbers of the entries that are not filed. */
  readonly #tails = new Map<RunSpace, Map<Hash, number>>();

  constructor(db: Database) {
    this.#add = new ManyRows(db, {
      before: 'insert into memo (key, hash, text)',
      values: `(${rowKey}, ?, ?)`,
      after: '',
      width: 4,
    });
    this.#find = db.prepare(`select lower(hex(hash)) as hash, text from memo where key = ${rowKey}`);
    this.#remove = db.prepare(`delete from memo where key = ${rowKey} returning octet_length(text) as bytes`);
    this.#removeFiled = db.prepare('delete from memo_filed where workspace = ? and hash = unhex(?)');
    this.#findFiled = db.prepare(
      `select j.value as hash, f.number from json_each(?) j
       cross join memo_filed f on f.workspace = ? and f.hash = unhex(j.value)`,
    );
    this.#tailRows = db.prepare(
      `select key & ${mask} as number, lower(hex(hash)) as hash from memo where key > ${rowKey} and key < ? << ${numberBits}
       order by key`,
    );
    this.#next = db.prepare(
      `select key & ${mask} as number, lower(hex(hash)) as hash from memo where key > ${rowKey} and key < ? << ${numberBits}
       order by key limit ?`,
    );
    this.#oldest = db.prepare(
      `select key & ${mask} as number, lower(hex(hash)) as hash from memo
       where key >= ? << ${numberBits} and key < ? << ${numberBits} order by key limit ?`,
    );
    this.#file = db.prepare(
      `insert or replace into memo_filed (workspace, hash, number)
       select ?, hash, key & ${mask} from memo where key > ${rowKey} and key <= ${rowKey} order by hash`,
    );
  }

  write(space: RunSpace, rows: { hashes: readonly Hash[]; texts: readonly string[]; asked: readonly number[] }): void {
    for (const number of rows.asked) this.#renew(space, number);
    const filed = new Map<Hash, number>();
    for (const row of this.#findFiled.all(JSON.stringify(rows.hashes), space.ref) as unknown as FiledRow[])
      filed.set(row.hash, row.number);
    // Of one key in a call the last text stands.
    const texts = new Map(rows.hashes.map((hash, i) => [hash, rows.texts[i]!]));
    const tail = this.#tail(space);
    const values: Value[] = [];
    for (const [hash, text] of texts) {
      const before = filed.get(hash) ?? tail.get(hash);
      if (before !== undefined) this.#removeOne(space, before, hash);
      values.push(...this.#rowOf(space, hash, toColumn(text)));
    }
    this.#add.run(values);
  }

  /** About how many entries there are: numbers of those that went are counted, too. */
  count(space: RunSpace): number {
    const first = this.#oldest.get(space.ref, space.ref + 1, 1) as FiledRow | undefined;
    return first === undefined ? 0 : space.memoLast - first.number + 1;
  }

  /** The next keys in order of recency; `last`: to go on behind, undefined when there are no more. */
  hashesAfter(space: RunSpace, after: number): { readonly hashes: readonly Hash[]; readonly last: number | undefined } {
    const rows = this.#next.all(space.ref, after, space.ref + 1, filterStepRows) as unknown as FiledRow[];
    return {
      hashes: rows.map((row) => row.hash),
      last: rows.length < filterStepRows ? undefined : rows.at(-1)!.number,
    };
  }

  /** Removes some of the oldest entries while the memo is over its bound. */
  evict(space: RunSpace, bytesMax: number): { readonly removed: number; readonly isDone: boolean } {
    if (space.memoBytes <= bytesMax) return { removed: 0, isDone: true };
    const rows = this.#oldest.all(space.ref, space.ref + 1, evictStepRows) as unknown as FiledRow[];
    let removed = 0;
    while (removed < rows.length && space.memoBytes > bytesMax) {
      const { number, hash } = rows[removed++]!;
      this.#removeOne(space, number, hash);
    }
    return { removed, isDone: rows.length < evictStepRows || space.memoBytes <= bytesMax };
  }

  /** Files the next `rows` entries of the tail. */
  file(space: RunSpace, rows: number): void {
    const upTo = Math.min(space.memoLast, space.memoFiled + rows);
    this.#file.run(space.ref, space.ref, space.memoFiled, space.ref, upTo);
    const tail = this.#tail(space);
    for (const [hash, number] of tail) {
      if (number > upTo) break;
      tail.delete(hash);
    }
    space.memoFiled = upTo;
  }

  forget(): void {
    this.#tails.clear();
  }

  #renew(space: RunSpace, number: number): void {
    const row = this.#find.get(space.ref, number) as { hash: Hash; text: string | Uint8Array } | undefined;
    // Gone, or appended again, since it was asked for.
    if (row === undefined) return;
    this.#removeOne(space, number, row.hash);
    this.#add.run(this.#rowOf(space, row.hash, row.text));
  }

  /** The values of an entry at the end, already counted; the caller writes them. */
  #rowOf(space: RunSpace, hash: Hash, text: string | Uint8Array): Value[] {
    const tail = this.#tail(space);
    const number = ++space.memoLast;
    tail.set(hash, number);
    space.memoBytes += memoKeyBytes + (typeof text === 'string' ? Buffer.byteLength(text) : text.byteLength);
    return [space.ref, number, Buffer.from(hash, 'hex'), text];
  }

  #removeOne(space: RunSpace, number: number, hash: Hash): void {
    const row = this.#remove.get(space.ref, number) as { bytes: number } | undefined;
    if (row !== undefined) space.memoBytes -= memoKeyBytes + row.bytes;
    if (number <= space.memoFiled) this.#removeFiled.run(space.ref, hash);
    else this.#tail(space).delete(hash);
  }

  #tail(space: RunSpace): Map<Hash, number> {
    let tail = this.#tails.get(space);
    if (tail === undefined) {
      const rows = this.#tailRows.all(space.ref, space.memoFiled, space.ref + 1) as unknown as FiledRow[];
      tail = new Map(rows.map((row) => [row.hash, row.number]));
      this.#tails.set(space, tail);
    }
    return tail;
  }
}

interface FiledRow {
  readonly hash: Hash;
  readonly number: number;
}
