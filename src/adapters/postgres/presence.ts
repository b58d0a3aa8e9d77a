// Engines of this release share the tables; one of a release before leases has them to itself, by a lock that the server keeps as
// long as a connection lives, as has whoever moves a whole store. So each engine holds the same lock in its shared form, and neither kind
// comes in beside the other; one whose connection was cut is known for a while by when it was seen. Whoever is alone is told apart by a
// number, by which one that was cut off and succeeded writes no more.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../base/result.ts';
import type { Ask, PostgresDatabase } from './database.ts';
import { nodeMs } from './leases.ts';

/** The same in every release: the kind of lock, with the schema's name for which one. */
const kindOfLock = 0x48570001;
/** Waits for the server to notice that an owner has ended. */
const takeMs = [20, 80, 300];
/** After this long a connection that is being ended counts as ended. */
const endedMs = 1_000;
/** Between two attempts to have the lock again. */
const retryMs = 500;

const inUse = ({ schema }: PostgresDatabase): string => `the store in schema ${schema} is in use`;
const taken = ({ schema }: PostgresDatabase): string =>
  `the store in schema ${schema} is being moved, or an engine of an earlier release has it to itself`;

export class Presence {
  readonly #db: PostgresDatabase;
  readonly #how: 'shared' | 'alone';
  #epoch: number | undefined;
  #client: pg.Client | undefined;
  #again: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(db: PostgresDatabase, how: 'shared' | 'alone') {
    this.#db = db;
    this.#how = how;
  }

  /** Faults: `store_busy` while somebody has the tables alone, or, for who wants to be `alone`, while anybody uses them. */
  static async take(db: PostgresDatabase, how: 'shared' | 'alone' = 'shared'): Promise<Presence> {
    const here = new Presence(db, how);
    for (const waitMs of [...takeMs, undefined]) {
      if (await db.patiently('taking the store', () => here.#lock())) break;
      if (waitMs === undefined) throw new Fault('store_busy', how === 'alone' ? inUse(db) : taken(db));
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    if (how === 'alone') {
      const [row] = await db.ask('taking the store', 'update store_owner set epoch = epoch + 1 returning epoch');
      here.#epoch = row!['epoch'] as number;
    }
    return here;
  }

  /** Of who is alone, in a transaction, which a successor then waits for. Faults: `store_busy`. */
  async assert(ask: Ask): Promise<void> {
    const rows = await ask('select 1 from store_owner where epoch = $1 for share', [this.#epoch!]);
    if (rows.length === 0) throw new Fault('store_busy', inUse(this.#db));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#again);
    if (this.#client !== undefined) await ended(this.#client);
  }

  /** On a connection of its own, with which the lock goes. False: somebody else is there. */
  async #lock(): Promise<boolean> {
    const client = new pg.Client(this.#db.clientOptions());
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    let isHere = false;
    try {
      await client.connect();
      isHere = (await this.#isGiven(client)) && !this.#isClosed;
      if (isHere) this.#client = client;
    } finally {
      if (!isHere) await ended(client);
    }
    return isHere;
  }

  async #isGiven(client: pg.Client): Promise<boolean> {
    const name = this.#how === 'alone' ? 'pg_try_advisory_lock' : 'pg_try_advisory_lock_shared';
    const lock = `select ${name}($1, hashtext($2)) as got`;
    const { rows } = await client.query(lock, [kindOfLock, this.#db.schema]);
    if (rows[0].got !== true || this.#how === 'shared') return rows[0].got === true;
    // One that was cut off has no lock before it is connected again, and commits meanwhile.
    const seen = `select 1 from engine_node where seen_at > clock_timestamp() - $1 * interval '1 ms' limit 1`;
    return (await client.query(seen, [nodeMs])).rows.length === 0;
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#tryAgain();
  }

  /** Whatever refuses it, for as long as it takes. What is written meanwhile is held by leases, or by the number of who is alone. */
  #tryAgain(): void {
    if (this.#isClosed) return;
    this.#again = setTimeout(() => {
      this.#lock().then(
        (got) => got || this.#tryAgain(),
        () => this.#tryAgain(),
      );
    }, retryMs);
    this.#again.unref();
  }
}

/** One that nobody answers on is not waited for. */
async function ended(client: pg.Client): Promise<void> {
  const over = new AbortController();
  await Promise.race([client.end(), sleep(endedMs, undefined, { signal: over.signal, ref: false })]);
  over.abort();
}
