// Names that are more than names, what is not the provider's to touch, and what stands in the way of a removal: on a real
// server, through the engine.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { follows } from '../support/provider_house.ts';
import { made, type PostgresHouse, postgresHouse, rows, withPassword } from './postgres_house.ts';

let world: PostgresHouse;
beforeAll(async () => {
  world = await postgresHouse();
});
afterAll(() => world?.close());

const name = (component: string) => follows(component, '/resource_value/Name');

test('of any characters are names and nothing else', async () => {
  const { house, server } = world;
  const hostile = `Robert"; drop role postgres; -- '\\ %I %1$L $1 /é\n`;
  await house.apply(
    'hostile',
    withPassword(made('Role', 'r', { Name: hostile, Comment: hostile, MemberOf: ['pg_monitor'] })),
    made('Database', 'd', { Name: hostile, Owner: name('r'), Comment: hostile }),
    made('Schema', 's', { Database: name('d'), Name: hostile, Owner: name('r'), Comment: hostile }),
    made('Grant', 'g', {
      Role: name('r'),
      Database: name('d'),
      On: 'schema',
      Schema: name('s'),
      Privileges: ['USAGE', 'CREATE'],
    }),
  );
  expect(await house.told()).toEqual(['r', 'd', 's', 'g'].map((c) => `create of ${c}: succeeded`));
  for (const component of ['r', 'd', 's'])
    expect(await house.refreshed(component)).toMatchObject({ Name: hostile, Comment: hostile });
  expect(await house.refreshed('g')).toMatchObject({ Role: hostile, Schema: hostile, Privileges: ['USAGE', 'CREATE'] });
  expect(
    await rows(server.urlOf(hostile), 'select nspname::text from pg_namespace where nspname = $1', hostile),
  ).toEqual([[hostile]]);
  await house.remove('r', 'd', 's', 'g');
  expect(
    await rows(server.urlOf('postgres'), 'select count(*)::int from pg_roles where rolname !~ $1', '^pg_'),
  ).toEqual([[1]]);
  expect(await house.quiet()).toEqual([]);
});

test('of the server itself are refused before anything is done, and when it is done all the same', async () => {
  const { house } = world;
  const wrong: readonly (readonly [string, { [property: string]: Json }, string])[] = [
    ['Role', { Name: 'pg_custom' }, "the role pg_custom is the server's own"],
    ['Role', { Name: 'postgres' }, "the role postgres is the server's own"],
    ['Role', { Name: 'é'.repeat(32) }, `the role "${'é'.repeat(32)}" is 64 bytes long, of at most 63`],
    ['Database', { Name: 'template1' }, "the database template1 is the server's own"],
    ['Database', { Name: 'postgres' }, "the database postgres is the server's own"],
    ['Schema', { Database: 'postgres', Name: 'pg_mine' }, "the schema pg_mine is the server's own"],
    ['Extension', { Database: 'postgres', Name: 'plpgsql' }, "the extension plpgsql is the server's own"],
    [
      'Grant',
      { Role: 'pg_monitor', Database: 'postgres', On: 'database', Privileges: ['CONNECT'] },
      "the role pg_monitor is the server's own",
    ],
    [
      'Grant',
      { Role: 'public', Database: 'postgres', On: 'schema', Schema: 'public', Privileges: ['SELECT'] },
      'SELECT is no privilege on a schema: CREATE, USAGE',
    ],
  ];
  const changeSet = await house.house.open('wrong');
  for (const [i, [schema, domain, message]] of wrong.entries()) {
    await house.house.submit(changeSet, made(schema, `wrong ${i}`, domain));
    expect(Object.values(await house.failures(changeSet, `wrong ${i}`))).toEqual([message]);
  }
  const before = (await house.told()).length;
  await house.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await house.quiet();
  const told = (await house.told()).slice(before).toSorted();
  expect(told).toEqual(wrong.map(([, , message], i) => `create of wrong ${i}: failed (${message})`));
});

test('that are taken by somebody else are not taken over, and what depends on something keeps it', async () => {
  const { house, server } = world;
  await rows(server.urlOf('postgres'), 'create role taken');
  await rows(server.urlOf('postgres'), 'create database held owner taken');
  const before = (await house.told()).length;
  await house.apply('taken', made('Role', 'taken', { Name: 'taken' }), made('Role', 'mine', { Name: 'mine' }));
  expect((await house.told()).slice(before).toSorted()).toEqual([
    'create of mine: succeeded',
    'create of taken: failed (a role taken exists already: import it as taken, or drop it)',
  ]);
  await rows(server.urlOf('held'), 'create table things (); alter table things owner to mine');
  await house.apply('held', made('Database', 'full', { Name: 'full' }));
  await rows(server.urlOf('full'), 'create table public.rows (); create view public.seen as select 1 as one');
  await house.remove('mine', 'full');
  const failures = (await house.actions()).filter((a) => a.kind === 'destroy' && a.status === 'failed');
  expect(failures.map((a) => a.failure?.message).toSorted()).toEqual([
    'role "mine" cannot be dropped because some objects depend on it: 1 object in database held (2BP01)',
    'the database full is not empty: it holds public.rows, public.seen (2 in all): drop them, or set /domain/Destroy to with-contents',
  ]);
  await rows(server.urlOf('held'), 'drop table things');
  await rows(server.urlOf('full'), 'drop view public.seen; drop table public.rows');
  for (const { id } of failures) await house.house.call('action.retry', { action: id });
  await house.quiet();
  const left =
    "select rolname::text from pg_roles where rolname = 'mine' union all select datname from pg_database where datname = 'full'";
  expect(await rows(server.urlOf('postgres'), left)).toEqual([]);
});
