// Engines of this release share the tables; one of a release before leases has them to itself, by a lock that the server keeps as
// long as a connection lives. So each engine holds the same lock in its shared form, and neither kind comes in beside the other.

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

export class Presence {
  readonly #db: PostgresDatabase;
  #client: pg.Client | undefined;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(db: PostgresDatabase) {
    this.#db = db;
  }

  /** Faults: `store_busy` while an engine of a release before leases has the tables. */
  static async take(db: PostgresDatabase): Promise<Presence> {
    const here = new Presence(db);
    for (const waitMs of [...takeMs, undefined]) {
      if (await db.patiently('taking the store', () => here.#lock())) break;
      if (waitMs === undefined)
        throw new Fault('store_busy', `an engine of an earlier release has the store in schema ${db.schema} to itself`);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    return here;
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
    const { rows } = await client.query('select pg_try_advisory_lock_shared($1, hashtext($2)) as got', [
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

  /** What is written meanwhile is held by leases. */
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
