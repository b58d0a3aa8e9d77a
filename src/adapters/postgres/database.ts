// The way to the server: a pool of connections, each bound to the store's schema; statements that are prepared once a
// connection; calls that are asked again when the connection is lost on the way, or nobody answers on it. A commit is not simply asked
// again: whether it landed has to be found out first (commit_lane.ts).

import pg from 'pg';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import { toColumn } from './column_text.ts';
import { asFault, isLost, isUnanswered, isUndone } from './fault.ts';

export type Value = string | number | boolean | null | readonly string[] | readonly number[];
export type Row = Readonly<Record<string, unknown>>;
export type Ask = (sql: string, values?: readonly Value[]) => Promise<Row[]>;

export interface DatabaseOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with what libpq's address takes behind it. */
  readonly url: string;
  /** The schema that has the tables; made when it is not there. Lower-case letters, digits and `_`. Default `headwater`. */
  readonly schema?: string;
  /** Connections at once. Default 10. */
  readonly connectionsMax?: number;
  /** How long a lost server is waited for, in all. Default 30,000. */
  readonly patienceMs?: number;
  /** How long an answer is waited for before the connection is given up. Default `limits.databaseAnsweredMs`. */
  readonly answeredMs?: number;
  /** The engine that writes, which goes with every connection: the tables refuse what it writes to a workspace that another drives. */
  readonly writer?: string;
}

/** As the driver takes it. */
interface TimedQuery extends pg.QueryConfig {
  query_timeout?: number;
}

/** How a transaction is done. */
export interface Transacting {
  /** Default `begin`. */
  readonly begin?: string;
  /** Takes as long as it takes, up to `limits.databaseAnsweredLongMs` a statement: it looks at everything, or makes tables. Default false. */
  readonly isLong?: boolean;
}

/** After this long without a word the system asks whether the other end of a connection is there. */
const keepAliveMs = 10_000;

/** In a transaction that may stand still for longer than others: what is read is worked on in between. */
export const standsStill = 'set local idle_in_transaction_session_timeout = 0';

const defaults = { schema: 'headwater', connectionsMax: 10, patienceMs: 30_000 } as const;
/** Waits between attempts; the last one again and again. */
const retryMs = [20, 50, 100, 200, 400, 800, 1_000];

/** Lower-case letters, digits and `_`, not beginning with a digit, 63 at most: a name that needs no quotes. */
export function isSchemaName(text: string): boolean {
  return /^[a-z_][a-z0-9_]{0,62}$/.test(text);
}

/** Integers of 64 bits are versions, positions and times here, which a number holds exactly. */
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

export class PostgresDatabase {
  readonly schema: string;
  /** Without `options`, which stand before the settings: of a setting that is given twice the last counts. */
  readonly url: string;
  readonly #settings: string;
  readonly #pool: pg.Pool;
  readonly #patienceMs: number;
  readonly #answeredMs: number;
  /** When something was heard last on a connection, by `performance.now()`. */
  readonly #heardAtMs = new WeakMap<pg.PoolClient, number>();
  /** Connections on which nothing was heard since are given up: on one that was asked then nobody has answered. */
  #silentSinceMs = Number.NEGATIVE_INFINITY;
  readonly #names = new Map<string, string>();
  readonly #entered = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(options: DatabaseOptions) {
    const { url, schema = defaults.schema, connectionsMax = defaults.connectionsMax } = options;
    if (!isSchemaName(schema)) throw new Fault('store_failed', `no name for a schema: ${schema}`);
    this.schema = schema;
    const address = new URL(url);
    const given = address.searchParams.get('options') ?? '';
    // The driver would take them in place of the settings.
    address.searchParams.delete('options');
    this.url = given === '' ? url : address.href;
    const { writer } = options;
    const settings = {
      search_path: schema,
      synchronous_commit: 'on',
      // Whoever is gone in the middle of a transaction keeps a successor waiting no longer than a lease lasts.
      idle_in_transaction_session_timeout: String(limits.leaseMs),
      ...(writer && { 'headwater.node': writer }),
    };
    const escaped = (value: string) => value.replaceAll(/[\\ ]/g, '\\$&');
    const own = Object.entries(settings).map(([name, value]) => `-c ${name}=${escaped(value)}`);
    this.#settings = [given, ...own].join(' ').trim();
    this.#patienceMs = options.patienceMs ?? defaults.patienceMs;
    this.#answeredMs = options.answeredMs ?? limits.databaseAnsweredMs;
    this.#pool = new pg.Pool({ ...this.clientOptions(), max: connectionsMax, allowExitOnIdle: true });
    // Of a connection that nobody uses at the moment: the pool makes another.
    this.#pool.on('error', () => {});
    // Of one that somebody has, between two statements or before the first: nobody waits for an answer that could fail, and the next
    // statement does. From its beginning: what ends it may come in the same bytes as that it is ready.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  /** Of a connection beside the pool. */
  clientOptions(): pg.ClientConfig {
    return {
      connectionString: this.url,
      application_name: 'headwater',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
      query_timeout: this.#answeredMs,
      types: types as NonNullable<pg.ClientConfig['types']>,
      // Whoever set the server up otherwise: what is acknowledged here is on its disk.
      options: this.#settings,
    };
  }

  /** Does the work of one call of the store: refused once it is closed, and waited for by closing. */
  async entering<T>(body: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new Fault('store_failed', 'the store is closed');
    const work = body();
    const settled = work.then(
      () => {},
      () => {},
    );
    this.#entered.add(settled);
    void settled.then(() => this.#entered.delete(settled));
    return work;
  }

  /** Rows of a statement that may be done twice without harm: asked again while the server cannot be reached. */
  ask(doing: string, sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.patiently(doing, () => this.once(sql, values));
  }

  /** As `ask`, of a statement that looks at or changes everything. */
  askLong(doing: string, sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.patiently(doing, () => this.once(sql, values, limits.databaseAnsweredLongMs));
  }

  /** One attempt; throws what the driver throws, also when there is no answer after `answeredMs`. */
  once(sql: string, values: readonly Value[] = [], answeredMs?: number): Promise<Row[]> {
    return this.#connected(async (send) => {
      const query = { name: this.#nameOf(sql), text: sql, values: values.map(withoutNul) as unknown[] };
      return send(answeredMs === undefined ? query : { ...query, query_timeout: answeredMs });
    });
  }

  /** A transaction; `body` may be begun anew, after a connection that was lost before it ended. */
  transaction<T>(doing: string, body: (ask: Ask) => Promise<T>, how: Transacting = {}): Promise<T> {
    const { begin = 'begin', isLong = false } = how;
    const time = isLong ? { query_timeout: limits.databaseAnsweredLongMs } : {};
    return this.patiently(doing, () =>
      this.#connected(async (send) => {
        await send({ text: begin, ...time });
        // Without values several statements may be sent at once.
        const answer = await body((text, values = []) =>
          send({ text, ...time, ...(values.length > 0 && { values: values.map(withoutNul) as unknown[] }) }),
        );
        await send({ text: 'commit', ...time });
        return answer;
      }),
    );
  }

  /** On a connection of the pool. Where something fails it is taken out of it, and what was begun on it ends with it. */
  async #connected<T>(body: (send: (query: TimedQuery) => Promise<Row[]>) => Promise<T>): Promise<T> {
    const client = await this.#connection();
    let sentAtMs = 0;
    try {
      const answer = await body(async (query) => {
        sentAtMs = performance.now();
        const { rows } = await client.query(query);
        this.#heardAtMs.set(client, performance.now());
        return rows as Row[];
      });
      client.release();
      return answer;
    } catch (e) {
      if (isUnanswered(e)) this.#silentSinceMs = Math.max(this.#silentSinceMs, sentAtMs);
      client.release(true);
      throw e;
    }
  }

  /** One that is not as old as the silence of another. */
  async #connection(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#pool.connect();
      const heardAtMs = this.#heardAtMs.get(client);
      if (heardAtMs === undefined || heardAtMs > this.#silentSinceMs) return client;
      client.release(true);
    }
  }

  /** Again, while the server cannot be reached, or undoes it because others were in the way, and there is patience left. Throws faults. */
  async patiently<T>(doing: string, body: () => Promise<T>): Promise<T> {
    const until = performance.now() + this.#patienceMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await body();
      } catch (e) {
        const waitMs = retryMs[Math.min(attempt, retryMs.length - 1)]!;
        const isOver = this.#closing !== undefined || performance.now() + waitMs > until;
        if (isOver || !(isLost(e) || isUndone(e))) throw asFault(e, doing);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /** Resolves when all that was taken on by now is done. */
  async done(): Promise<void> {
    await Promise.all(this.#entered);
  }

  /** Takes nothing on any more, waits for what was taken on, and lets the connections go. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.all(this.#entered);
      await this.#pool.end();
    })();
    return this.#closing;
  }

  /** Statements have names, by which a connection knows those that it has prepared. */
  #nameOf(sql: string): string {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    const name = `hw${this.#names.size}`;
    this.#names.set(sql, name);
    return name;
  }
}

/** What is looked for with a NUL, which no column holds: as a text that has one would be kept, so that it is not there. */
function withoutNul(value: Value): Value {
  return typeof value === 'string' && value.includes('\0') ? toColumn(value) : value;
}
