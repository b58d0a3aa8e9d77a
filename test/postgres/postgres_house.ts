// A house with the provider `postgres` on Head beside a PostgreSQL of its own: components by a few words, and the server
// asked behind everybody's back.

import pg from 'pg';
import type { Json } from '../../src/base/json.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { ProviderHouse, secret } from '../support/provider_house.ts';

export const rolePassword = 'Öpen, sesame/9?';

export interface PostgresHouse {
  readonly server: PostgresServer;
  readonly house: ProviderHouse;
  close(): Promise<void>;
}

/** `credential`: the content of the secret that says where the server is. */
export async function postgresHouse(
  credential = (server: PostgresServer): Json => ({
    Host: '127.0.0.1',
    Port: server.port,
    User: server.user,
    Password: server.password,
  }),
): Promise<PostgresHouse> {
  const server = await PostgresServer.open();
  const house = await ProviderHouse.open('postgres', {
    'Postgres Server': credential(server),
    'Postgres Password': { Password: rolePassword },
  });
  return {
    server,
    house,
    close: async () => {
      await house.close();
      await server.close();
    },
  };
}

/** A component of a schema `Postgres::…`, its properties without `/domain/`. */
export function made(schema: string, name: string, domain: { readonly [property: string]: Json }): Json {
  const attributes = Object.fromEntries(
    Object.entries(domain).map(([property, value]) => [`/domain/${property}`, value]),
  );
  return {
    kind: 'component.create',
    schema: `Postgres::${schema}`,
    name,
    attributes: { '/secrets/credential': secret('Postgres Server'), ...attributes },
  };
}

/** The same for a role that has a password. */
export function withPassword(role: Json): Json {
  const { attributes, ...rest } = role as { attributes: { [path: string]: Json } };
  return { ...rest, attributes: { ...attributes, '/secrets/password': secret('Postgres Password') } };
}

/** Rows of a query as lists, on a connection of its own. */
export async function rows(url: string, query: string, ...values: readonly unknown[]): Promise<unknown[][]> {
  const { hostname: host, port, username, password, pathname } = new URL(url);
  const [user, secretText, database] = [username, password, pathname.slice(1)].map(decodeURIComponent);
  const client = new pg.Client({ host, port: Number(port), user, password: secretText, database });
  await client.connect();
  try {
    return (await client.query({ text: query, values: [...values], rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}
