// The demonstration with a PostgreSQL server: the server itself has a role and a database in the middle of it, and nothing of them
// afterwards, however it ends.

import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DemoPlace } from '../local/demo_place.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { rows } from './postgres_house.ts';

const place = new DemoPlace();
let server: PostgresServer;
let url: string;
beforeAll(async () => {
  server = await PostgresServer.open();
  url = server.urlOf('postgres');
}, 120_000);
afterAll(async () => {
  await server?.close();
});

/** Databases with their owners, and roles, that did not come with the server. */
const there = (): Promise<unknown[][]> =>
  rows(
    url,
    `select 'database', datname::text, pg_get_userbyid(datdba)::text from pg_database where datname <> 'postgres' and not datistemplate
     union all select 'role', rolname::text, rolcanlogin::text from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres'
     order by 1, 2`,
  );

test('[LO16] has a role and a database made on the server that is named, and destroyed', async () => {
  let between: Promise<unknown[][]> | undefined;
  const { code, said, errors } = await place.demo(() => false, {
    args: ['--postgres', url],
    // Once the application answers; nobody has taken anything away before chapter 2 has ended.
    meanwhile: (soFar) => {
      if (soFar.includes('"postgres":2')) between ??= there();
    },
  });
  expect([code, errors, code === 0 ? '' : said.slice(-2_000)]).toEqual([0, '', '']);
  const name = /headwater_demo_[0-9a-f]{8}/.exec(said)?.[0];
  expect(await between).toEqual([
    ['database', name, name],
    ['role', name, 'true'],
  ]);
  expect(await there()).toEqual([]);
  // By a subscription in the configuration, through the process that reads it.
  const pages = said.split('\n').filter((line) => line.includes('"what":"page"'));
  expect(pages).toHaveLength(6);
  for (const page of pages) expect(page).toContain(`"<p>kept in ${name}</p>"`);
  expect(said).toContain(`has neither role nor database ${name}`);
  const order = [...said.matchAll(/"action":"(\w+)","component":"(owner|database|settings)","status":"succeeded"/g)];
  const done = order.map(([, action, component]) => `${action} ${component}`);
  const made = done.filter((line) => line.startsWith('create'));
  expect(made).toEqual(['create owner', 'create database', 'create settings']);
  expect(done.filter((line) => line.startsWith('destroy'))).toEqual([
    'destroy settings',
    'destroy database',
    'destroy owner',
  ]);
  expect(said).not.toContain(encodeURIComponent(server.password));
  expect(readdirSync(place.folder)).toEqual([]);
}, 300_000);

test('[LO16] leaves nothing on the server when it is interrupted, whenever that is', async () => {
  // While the server makes it, and while it is in use.
  for (const at of ['"component":"database","status":"running"', '"kind":"shown","what":"page"']) {
    const { code, said, errors } = await place.demo((soFar) => soFar.includes(at), {
      env: { HEADWATER_DEMO_POSTGRES: url },
    });
    expect([code, code === 130 ? '' : said.slice(-2_000)]).toEqual([130, '']);
    expect([errors.includes('taken away'), errors.includes('may be left')]).toEqual([true, false]);
    expect(await there()).toEqual([]);
    expect(readdirSync(place.folder)).toEqual([]);
    expect(place.left()).toEqual([]);
  }
  // Nor a while later, when whatever the server was still at has come to its end.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await there()).toEqual([]);
}, 300_000);

test('[LO16] finds a server of this machine by itself, and says why it takes none', async () => {
  const PGPORT = String(server.port);
  const hasBegun = (said: string) => /left out|There is a PostgreSQL server/.test(said);
  const without = await place.demo(hasBegun, { env: { PGPORT } });
  expect(without.said).toContain(
    `left out: the PostgreSQL server at 127.0.0.1:${PGPORT} does not let postgres in (it asks for a password)`,
  );
  expect(without.said).toContain('To have them: --postgres postgres://USER:PASSWORD@HOST:5432');
  const found = await place.demo(hasBegun, { env: { PGPORT, PGPASSWORD: server.password } });
  expect(found.said).toContain(`There is a PostgreSQL server at 127.0.0.1:${PGPORT}`);
  await rows(url, `create role small login createdb createrole password 'x'`);
  const small = await place.demo(hasBegun, { env: { PGPORT, PGUSER: 'small', PGPASSWORD: 'x' } });
  expect(small.said).toContain('left out: small is no superuser');
  await rows(url, 'drop role small');
  expect(await there()).toEqual([]);
}, 300_000);

test('[LO16] does not begin with a server that is named and cannot be used', async () => {
  for (const [given, why] of [
    ['http://secret-1@x', 'its address is not written as postgres://'],
    ['postgres://x:secret-1@127.0.0.1:1', 'there is no PostgreSQL server at 127.0.0.1:1 (ECONNREFUSED)'],
    [`postgres://postgres:secret-1@127.0.0.1:${server.port}`, 'does not let postgres in'],
  ] as const) {
    const { code, said, errors } = await place.demo(() => false, { args: ['--postgres', given] });
    expect([code, errors]).toEqual([1, '']);
    const { error } = JSON.parse(said) as { error: { code: string; message: string } };
    expect(error.code).toBe('demo_server_unusable');
    expect(error.message).toContain(why);
    expect(said).not.toContain('secret-1');
  }
}, 120_000);
