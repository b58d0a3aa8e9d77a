// The whole life of what the provider `postgres` makes: created in order through subscriptions, looked at after others changed it,
// updated in place, replaced, destroyed until nothing is left.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { follows } from '../support/provider_house.ts';
import { made, type PostgresHouse, postgresHouse, rolePassword, rows, withPassword } from './postgres_house.ts';

let world: PostgresHouse;
beforeAll(async () => {
  world = await postgresHouse();
});
afterAll(() => world?.close());

const name = (component: string) => follows(component, '/resource_value/Name');

test('what follows others is created after them', async () => {
  const { house, server } = world;
  await house.apply(
    'shop',
    withPassword(made('Role', 'owner', { Name: 'shop_owner', CreateDatabase: true })),
    made('Role', 'reader', { Name: 'reader', Login: false }),
    made('Database', 'shop', { Name: 'shop', Owner: name('owner'), Comment: 'sells things' }),
    made('Schema', 'app', { Database: name('shop'), Name: 'app', Owner: name('owner') }),
    made('Extension', 'citext', { Database: name('shop'), Name: 'citext', Schema: 'public', Version: '1.5' }),
    made('Grant', 'reads orders', {
      Role: name('reader'),
      Database: name('shop'),
      On: 'schema',
      Schema: name('app'),
      Privileges: ['USAGE', 'CREATE'],
    }),
  );
  const told = await house.told();
  expect(told.toSorted()).toEqual([
    'create of app: succeeded',
    'create of citext: succeeded',
    'create of owner: succeeded',
    'create of reader: succeeded',
    'create of reads orders: succeeded',
    'create of shop: succeeded',
  ]);
  const seen = 'select current_user::text, obj_description(oid) from pg_namespace where nspname = $1';
  expect(await rows(server.urlOf('shop', 'shop_owner', rolePassword), seen, 'app')).toEqual([
    ['shop_owner', expect.stringMatching(/^\[headwater [0-9a-f]{32}\]$/)],
  ]);
  expect(await house.payload('shop')).toMatchObject({ Name: 'shop', Owner: 'shop_owner', Comment: 'sells things' });
  expect(await house.payload('citext')).toMatchObject({ Schema: 'public', Version: '1.5', DefaultVersion: '1.8' });
  expect(await house.payload('reads orders')).toEqual({
    Role: 'reader',
    Database: 'shop',
    On: 'schema',
    Schema: 'app',
    Privileges: ['USAGE', 'CREATE'],
    GrantOption: false,
  });
});

test('what others changed is seen', async () => {
  const { house, server } = world;
  await rows(server.urlOf('postgres'), 'alter role shop_owner connection limit 3');
  await rows(server.urlOf('postgres'), "comment on role shop_owner is 'somebody'");
  await rows(server.urlOf('postgres'), 'alter database shop connection limit 7');
  await rows(server.urlOf('shop'), 'alter schema app owner to postgres');
  await rows(server.urlOf('shop'), "alter extension citext update to '1.6'");
  await rows(server.urlOf('shop'), 'revoke create on schema app from reader');
  expect(await house.refreshed('owner')).toMatchObject({ ConnectionLimit: 3, Comment: 'somebody' });
  expect(await house.refreshed('shop')).toMatchObject({ ConnectionLimit: 7, Comment: 'sells things' });
  expect(await house.refreshed('app')).toMatchObject({ Owner: 'postgres' });
  expect(await house.refreshed('citext')).toMatchObject({ Version: '1.6' });
  expect(await house.refreshed('reads orders')).toMatchObject({ Privileges: ['USAGE'] });
  await rows(server.urlOf('shop'), 'revoke usage on schema app from reader');
  expect(await house.refreshed('reads orders')).toBeNull();
});

test('what can be changed in place is, and its mark stays', async () => {
  const { house, server } = world;
  const before = await rows(server.urlOf('postgres'), "select oid from pg_database where datname = 'shop'");
  await house.apply(
    'changes',
    { kind: 'attribute.set', component: 'owner', path: '/domain/ConnectionLimit', value: 9 },
    { kind: 'attribute.set', component: 'owner', path: '/domain/CreateRole', value: true },
    { kind: 'attribute.set', component: 'owner', path: '/domain/ValidUntil', value: '2031-05-01T02:00:00+02:00' },
    { kind: 'attribute.set', component: 'owner', path: '/domain/MemberOf', value: ['pg_monitor'] },
    { kind: 'attribute.set', component: 'shop', path: '/domain/ConnectionLimit', value: 20 },
    { kind: 'attribute.set', component: 'shop', path: '/domain/Comment', value: "it's open" },
    { kind: 'attribute.set', component: 'citext', path: '/domain/Version', value: '1.8' },
    { kind: 'attribute.set', component: 'app', path: '/domain/Comment', value: 'of the shop' },
    { kind: 'attribute.set', component: 'reads orders', path: '/domain/Privileges', value: ['USAGE'] },
  );
  const told = (await house.told()).slice(6).toSorted();
  expect(told).toEqual(expect.arrayContaining(['update of owner: succeeded', 'update of shop: succeeded']));
  expect(await house.payload('owner')).toMatchObject({
    ConnectionLimit: 9,
    CreateRole: true,
    ValidUntil: '2031-05-01T02:00:00+02:00',
    MemberOf: ['pg_monitor'],
  });
  const seen = `select oid, datconnlimit, shobj_description(oid, 'pg_database') from pg_database where datname = 'shop'`;
  expect(await rows(server.urlOf('postgres'), seen)).toEqual([
    [before[0]![0], 20, expect.stringMatching(/^it's open\n\[headwater [0-9a-f]{32}\]$/)],
  ]);
  expect(await house.payload('citext')).toMatchObject({ Version: '1.8' });
  expect(await house.payload('app')).toMatchObject({ Owner: 'shop_owner', Comment: 'of the shop' });
  expect(await house.payload('reads orders')).toMatchObject({ Privileges: ['USAGE'] });
});

test('another name is another schema: what is in the old one keeps it, and what follows it is made anew', async () => {
  const { house, server } = world;
  const before = (await house.told()).length;
  await rows(server.urlOf('shop'), 'create table app.orders (number integer)');
  await house.apply('rename', { kind: 'attribute.set', component: 'app', path: '/domain/Name', value: 'sales' });
  const kept = 'cannot drop schema app because other objects depend on it: table app.orders depends on schema app';
  const failed = (await house.actions()).find((a) => a.status === 'failed');
  expect(failed).toMatchObject({ kind: 'destroy', componentName: 'app' });
  expect(failed?.failure?.message).toBe(`${kept}: remove that first, or set /domain/Destroy to with-contents (2BP01)`);
  await rows(server.urlOf('shop'), 'drop table app.orders');
  await house.house.call('action.retry', { action: failed!.id });
  expect(await house.quiet()).toEqual([]);
  expect((await house.told()).slice(before)).toEqual([
    'destroy of reads orders: succeeded',
    'destroy of app: succeeded',
    'create of app: succeeded',
    'create of reads orders: succeeded',
  ]);
  expect(await house.payload('app')).toMatchObject({ Name: 'sales', Owner: 'shop_owner' });
  expect(await house.payload('reads orders')).toMatchObject({ Schema: 'sales', Privileges: ['USAGE'] });
  const seen = "select nspname::text, nspacl::text from pg_namespace where nspname in ('app', 'sales')";
  expect(await rows(server.urlOf('shop'), seen)).toEqual([['sales', expect.stringContaining('reader=U/shop_owner')]]);
});

test('destroyed, nothing is left', async () => {
  const { house, server } = world;
  await house.remove('owner', 'reader', 'shop', 'app', 'citext', 'reads orders');
  const left = `select rolname::text from pg_roles where rolname !~ '^pg_' union all select datname from pg_database order by 1`;
  expect((await rows(server.urlOf('postgres'), left)).flat()).toEqual([
    'postgres',
    'postgres',
    'template0',
    'template1',
  ]);
  expect(await house.quiet()).toEqual([]);
});
