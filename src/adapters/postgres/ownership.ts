// One engine has the store for itself: a lock that the server keeps as long as a connection of its own lives, and a number that
// is counted up with each owner. The number goes with every commit, so that whoever was cut off and has been succeeded writes
// nothing any more; whoever was cut off and comes back first goes on.

import pg from 'pg';
import { Fault } from '../../base/result.ts';
import type { PostgresDatabase } from './database.ts';
import { isLost } from './fault.ts';

/** The same in every release: the kind of lock, with the schema's name for which one. */
const kindOfLock = 0x48570001;
/** Waits for the server to notice that an owner has ended. */
const takeMs = [20, 80, 300];
/** Between two attempts to have the lock again. */
const retryMs = 500;

export class Ownership {
  readonly #db: PostgresDatabase;
  #client: pg.Client | undefined;
  #epoch: number | undefined;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  /** Faults: `store_busy` while another engine has it. */
  static async take(db: PostgresDatabase): Promise<Ownership> {
    const owned = new Ownership(db);
    for (const waitMs of [...takeMs, undefined]) {
      if (await db.patiently('taking the store', () => owned.#lock())) break;
      if (waitMs === undefined) throw new Fault('store_busy', `another engine has the store in schema ${db.schema}`);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    const [row] = await db.ask('taking the store', 'update store_owner set epoch = epoch + 1 returning epoch');
    owned.#epoch = row!['epoch'] as number;
    return owned;
  }

  /** Goes with every commit. */
  get epoch(): number {
    return this.#epoch!;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#again);
    await this.#client?.end();
  }

  /** On a connection of its own, with which the lock goes. */
  async #lock(): Promise<boolean> {
    const client = new pg.Client(this.#db.clientOptions());
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    await client.connect();
    const { rows } = await client.query('select pg_try_advisory_lock($1, hashtext($2)) as got', [
      kindOfLock,
      this.#db.schema,
    ]);
    if (rows[0].got !== true) {
      await client.end();
      return false;
    }
    this.#client = client;
    return true;
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#tryAgain();
  }

  /** Somebody else may have been quicker: then commits are refused by the number, and there is nothing more to try for. */
  #tryAgain(): void {
    if (this.#isClosed) return;
    this.#again = setTimeout(() => {
      this.#lock().then(
        (got) => got || this.#tryAgain(),
        (e: unknown) => {
          if (isLost(e)) this.#tryAgain();
        },
      );
    }, retryMs);
    this.#again.unref();
  }
}
