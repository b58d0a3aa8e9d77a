// The PostgreSQL server of the demonstration, which needs none: the one that is named, else one at the usual port of this machine
// that lets its user in. What an end in the middle has left there is taken away; only what bears the name of this demonstration.

import pg from 'pg';
import { Fault } from '../base/result.ts';

export interface PostgresServer {
  /** With its password. */
  readonly url: string;
  /** For people. */
  readonly place: string;
}

/** `why`: there is none to be used. */
export type FoundPostgres = { readonly server: PostgresServer } | { readonly why: string };

/** For one that nobody has named, and for one that has to be there. */
const probeMs = 1_500;
const connectMs = 10_000;
const endMs = 10_000;

/**
 * `named`: a URL, which has to lead to a server that can be used. Without one it is looked for once, by PGHOST, PGPORT, PGUSER and
 * PGPASSWORD where they are set. Faults: `demo_server_unusable`.
 */
export async function findPostgres(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FoundPostgres> {
  const url = named === undefined ? usualUrl(env) : parsed(named);
  const place = `${url.hostname}:${url.port || 5432}`;
  const user = decodeURIComponent(url.username) || 'postgres';
  const server = { url: url.href, place };
  try {
    const query = 'select rolsuper from pg_roles where rolname = current_user';
    const [row] = await inPostgres(server, (ask) => ask(query), named === undefined ? probeMs : connectMs);
    if (row?.['rolsuper'] === true) return { server };
    return usable(named, `${user} is no superuser of the PostgreSQL server at ${place}`);
  } catch (e) {
    const { message = '', code = '' } = e as { readonly message?: string; readonly code?: string };
    const away = /^E[A-Z]+$/.test(code) ? code : /timeout/.test(message) ? message : undefined;
    if (away !== undefined) return usable(named, `there is no PostgreSQL server at ${place} (${away})`);
    const why = message.includes('client password must be') ? 'it asks for a password' : message;
    return usable(named, `the PostgreSQL server at ${place} does not let ${user} in (${why})`);
  }
}

function usable(named: string | undefined, why: string): FoundPostgres {
  if (named !== undefined) throw unusable(why);
  return { why };
}

function unusable(why: string): Fault {
  return new Fault('demo_server_unusable', `The server of the demonstration cannot be used: ${why}`, {});
}

function usualUrl(env: Readonly<Record<string, string | undefined>>): URL {
  // A folder is that of a unix socket, which no function may reach.
  const { PGHOST = '' } = env;
  const url = new URL(`postgres://${PGHOST === '' || PGHOST.startsWith('/') ? '127.0.0.1' : PGHOST}:5432/postgres`);
  url.port = env['PGPORT'] ?? '';
  url.username = encodeURIComponent(env['PGUSER'] ?? 'postgres');
  url.password = encodeURIComponent(env['PGPASSWORD'] ?? '');
  return url;
}

function parsed(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.hostname && /^postgres(ql)?:$/.test(url.protocol)) return url;
  // The text may hold a password.
  throw unusable('its address is not written as postgres://USER:PASSWORD@HOST:5432/DATABASE');
}

type Row = { readonly [column: string]: unknown };
type Ask = (query: string, ...values: readonly unknown[]) => Promise<Row[]>;

/** Works on a connection of its own, reached as the provider's functions reach it. */
async function inPostgres<T>({ url }: PostgresServer, work: (ask: Ask) => Promise<T>, waitMs = connectMs): Promise<T> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const [user, secret, database] = [username, password, pathname.slice(1)].map(decodeURIComponent);
  const mode = searchParams.get('sslmode') ?? 'disable';
  const client = new pg.Client({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 5432),
    user: user || 'postgres',
    password: secret ?? '',
    database: database || 'postgres',
    ssl: mode === 'disable' ? false : { rejectUnauthorized: mode.startsWith('verify') },
    connectionTimeoutMillis: waitMs,
    query_timeout: endMs,
    application_name: 'headwater demo',
  });
  // Told by whoever waits for an answer.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(async (query, ...values) => (await client.query<Row>(query, [...values])).rows);
  } finally {
    await client.end();
  }
}

/** How many roles and databases of a name there are. */
export async function countNamed(server: PostgresServer, name: string): Promise<number> {
  const query = `select from pg_roles where rolname = $1 union all select from pg_database where datname = $1`;
  return (await inPostgres(server, (ask) => ask(query, name))).length;
}

/** `drafts`: what a database of it is called while it is made. */
export async function dropLeft(server: PostgresServer, name: string, drafts: readonly string[]): Promise<void> {
  await inPostgres(server, async (ask) => {
    // Who made it was ended, and the server may still be at it.
    const busy = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'headwater'
      and exists (select from unnest($1::text[]) n where position(n in query) > 0)`;
    for (const untilMs = Date.now() + endMs; Date.now() < untilMs; await new Promise((go) => setTimeout(go, 20)))
      if ((await ask(busy, [name, ...drafts])).length === 0) break;
    for (const database of [name, ...drafts]) await ask(`drop database if exists ${pg.escapeIdentifier(database)}`);
    await ask(`drop role if exists ${pg.escapeIdentifier(name)}`);
  });
}
