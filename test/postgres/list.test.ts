// What is on a PostgreSQL server though nobody made it through here: listed, taken over as it is, and let alone.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { TakingOver } from '../support/taking_over.ts';
import { type PostgresHouse, postgresHouse, rows } from './postgres_house.ts';

let world: PostgresHouse;
let there: TakingOver;
beforeAll(async () => {
  world = await postgresHouse();
  there = new TakingOver(world.house.house, { credential: 'Postgres Server' });
}, 120_000);
afterAll(async () => {
  await world?.close();
});

const sql = (database: string, ...statements: string[]): Promise<unknown[][][]> =>
  Promise.all([
    statements.reduce(
      (before, s) => before.then(() => rows(world.server.urlOf(database), s)),
      Promise.resolve<unknown[][]>([]),
    ),
  ]);

test('[EN411] roles, databases and what is in them are listed, taken over as they are, and nothing is done to them', async () => {
  await sql(
    'postgres',
    'create role staff nologin',
    `create role keeper login createdb connection limit 5 valid until '2031-02-03 04:05:06+00' in role staff`,
    `comment on role keeper is 'keeps the shop'`,
    'create database shop owner keeper',
    `comment on database shop is 'ours'`,
  );
  await sql(
    'shop',
    'create schema app authorization keeper',
    'create extension citext schema app',
    'create table app.orders (id int)',
    'grant select, insert on app.orders to staff with grant option',
    'grant usage on schema app to staff',
  );

  expect((await there.listed('Postgres::Role')).ids).toEqual(['keeper', 'staff']);
  expect((await there.listed('Postgres::Database')).ids).toEqual(['shop']);
  const schemas = await there.listed('Postgres::Schema');
  expect([schemas.ids, schemas.pages]).toEqual([['postgres/public', 'shop/app', 'shop/public'], 2]);
  expect((await there.listed('Postgres::Schema', { Database: 'shop' })).ids).toEqual(['shop/app', 'shop/public']);
  expect((await there.listed('Postgres::Extension')).ids).toEqual(['shop/citext']);
  expect((await there.listed('Postgres::Grant', { Database: 'shop' })).ids).toEqual([
    'shop/schema/app/staff',
    'shop/schema/public/public',
    'shop/table/app/orders/staff',
  ]);

  const changeSet = await world.house.house.open('take over');
  const one = await there.one(changeSet, 'Postgres::Role', 'keeper');
  expect([one.imported.map((i) => i.name), one.untaken]).toEqual([['keeper'], []]);
  const made = ['keeper'];
  for (const noun of ['Role', 'Database', 'Schema', 'Extension', 'Grant']) {
    const { imported, untaken, ambiguous } = await there.all(changeSet, `Postgres::${noun}`, { Database: 'shop' });
    expect([untaken, ambiguous]).toEqual([[], []]);
    made.push(...imported.map((i) => i.name));
  }
  expect(made).toEqual([
    ...['keeper', 'staff', 'shop', 'shop/app', 'shop/public', 'shop/citext'],
    ...['shop/schema/app/staff', 'shop/schema/public/public', 'shop/table/app/orders/staff'],
  ]);
  expect(await there.domain(changeSet, 'keeper')).toMatchObject({
    Name: 'keeper',
    Login: true,
    CreateDatabase: true,
    CreateRole: false,
    ConnectionLimit: 5,
    ValidUntil: '2031-02-03T04:05:06Z',
    MemberOf: ['staff'],
    Comment: 'keeps the shop',
  });
  expect(await there.domain(changeSet, 'staff')).toMatchObject({ Login: false });
  expect(await there.domain(changeSet, 'shop')).toMatchObject({
    Name: 'shop',
    Owner: 'keeper',
    Comment: 'ours',
    Encoding: 'UTF8',
  });
  expect(await there.domain(changeSet, 'shop/citext')).toMatchObject({ Database: 'shop', Schema: 'app' });
  expect(await there.domain(changeSet, 'shop/table/app/orders/staff')).toMatchObject({
    On: 'table',
    Name: 'orders',
    Privileges: ['INSERT', 'SELECT'],
    GrantOption: true,
  });
  expect(await there.following(changeSet, 'shop/table/app/orders/staff')).toEqual([
    '/domain/Role',
    '/domain/Database',
    '/domain/Schema',
  ]);
  await there.appliedQuietly(changeSet, made);

  // From now on they are as any others.
  expect((await there.listed('Postgres::Database')).resources[0]?.component).toMatchObject({
    name: 'shop',
    onHead: true,
  });
  await world.house.set('shop', '/domain/ConnectionLimit', 7);
  await world.house.set('keeper', '/domain/Login', false);
  expect(
    await sql(
      'postgres',
      `select datconnlimit, rolcanlogin, shobj_description(d.oid, 'pg_database') from pg_database d join pg_roles r on r.oid = datdba where datname = 'shop'`,
    ),
  ).toEqual([[[7, false, 'ours']]]);
  await sql('shop', 'drop table app.orders');
  await world.house.remove(...made);
  expect(await world.house.quiet()).toEqual([]);
  expect(
    await sql(
      'postgres',
      `select rolname from pg_roles where rolname !~ '^pg_' union all select datname from pg_database where not datistemplate order by 1`,
    ),
  ).toEqual([[['postgres'], ['postgres']]]);
}, 240_000);

test('[EN411] much of it comes by pages', async () => {
  const names = Array.from({ length: 501 }, (_, i) => `s${String(i).padStart(3, '0')}`);
  await sql('postgres', 'create database many');
  await sql('many', names.map((name) => `create schema ${name}`).join(';'));
  const { ids, pages } = await there.listed('Postgres::Schema', { Database: 'many' });
  expect([ids, pages]).toEqual([['many/public', ...names.map((name) => `many/${name}`)], 2]);
}, 60_000);
