// When not everything goes well: the server (by the other form of its address) is away for a while, an action is done twice because nobody wrote down that it was
// done, and secrets, which nobody is to find anywhere but on the way to the server.

import { afterEach, expect, test } from 'vitest';
import { follows, partsInCommon, schemasOf } from '../support/provider_house.ts';
import { made, type PostgresHouse, postgresHouse, rolePassword, rows, withPassword } from './postgres_house.ts';

const open: PostgresHouse[] = [];
async function opened(...credential: Parameters<typeof postgresHouse>): Promise<PostgresHouse> {
  const world = await postgresHouse(...credential);
  open.push(world);
  return world;
}
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

const name = (component: string) => follows(component, '/resource_value/Name');

test('a server that is away is waited for, and what is done twice with one key is done once', {
  timeout: 120_000,
}, async () => {
  const { house, server } = await opened((at) => ({ Url: at.urlOf('postgres') }));
  await server.stop();
  await house.begin(
    'shop',
    withPassword(made('Role', 'owner', { Name: 'owner' })),
    made('Database', 'shop', { Name: 'shop', Owner: name('owner') }),
    made('Schema', 'app', { Database: name('shop'), Name: 'app' }),
    made('Extension', 'citext', { Database: name('shop'), Name: 'citext' }),
    made('Grant', 'grant', {
      Role: name('owner'),
      Database: name('shop'),
      On: 'schema',
      Schema: name('app'),
      Privileges: ['USAGE'],
    }),
  );
  expect(await house.isTriedAgain('owner')).toMatchObject({
    failure: { message: expect.stringContaining('cannot be reached') },
  });
  const { idempotencyKey } = (await house.actions()).find((a) => a.componentName === 'shop')!;
  await house.twice(async () => {
    await server.start();
    // As far as an earlier attempt came that was cut off before it gave the database its name.
    await rows(server.urlOf('postgres'), `create database headwater_${idempotencyKey.slice(0, 32)}`);
  });
  expect(await house.told()).toEqual(
    ['owner', 'shop', 'app', 'citext', 'grant'].map((c) => `create of ${c}: succeeded`),
  );
  const times = (statement: string) => server.log.split(`statement: ${statement}`).length - 1;
  expect(times('create role')).toBe(1);
  // The one above.
  expect(times('create database')).toBe(1);
  expect(times('alter database headwater_')).toBe(1);
  expect(times('create schema')).toBe(1);
  expect(times('create extension')).toBe(1);
  expect(times('grant USAGE')).toBe(1);
  const found = "select datname::text from pg_database where datname not like 'template%' order by 1";
  expect((await rows(server.urlOf('postgres'), found)).flat()).toEqual(['postgres', 'shop']);
});

test('secrets are on the way to the server and nowhere else', { timeout: 120_000 }, async () => {
  const { house, server } = await opened();
  await house.apply(
    'roles',
    withPassword(made('Role', 'owner', { Name: 'owner', Comment: 'postgres owns nothing' })),
    made('Database', 'shop', { Name: 'shop' }),
  );
  // What is no secret of the credential is told: its user owns the database.
  expect(await house.payload('shop')).toMatchObject({ Owner: 'postgres' });
  expect(await house.payload('owner')).toMatchObject({ Comment: 'postgres owns nothing' });
  const who = 'select current_user::text';
  expect(await rows(server.urlOf('postgres', 'owner', rolePassword), who)).toEqual([['owner']]);
  const changeSet = await house.house.open('another password');
  const another = 'Another one, of 2 words';
  await house.house.call('secret.set', { changeSet, name: 'Postgres Password', content: { Password: another } });
  await house.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
  await house.quiet();
  await house.house.call('action.request', { component: 'owner', kind: 'manual', name: 'renewPassword' });
  await house.quiet();
  expect((await house.told()).at(-1)).toBe('manual of owner: succeeded');
  expect(await rows(server.urlOf('postgres', 'owner', another), who)).toEqual([['owner']]);
  await expect(rows(server.urlOf('postgres', 'owner', rolePassword), who)).rejects.toThrow(
    /password authentication failed/,
  );
  for (const text of [rolePassword, another, server.password, encodeURIComponent(server.password)]) {
    expect(await house.holding(text)).toEqual([]);
    expect(server.log).not.toContain(text);
  }
  // What is looked for would be found: the name of the role is in all of them.
  expect((await house.holding('owner')).length).toBeGreaterThan(2);
  expect(server.log).toContain('owner');
});

test('what the files of the provider have in common is the same text in each, and their types are right', {
  timeout: 120_000,
}, async () => {
  for (const [title, texts] of partsInCommon('postgres')) expect([title, texts.size]).toEqual([title, 1]);
  expect(partsInCommon('postgres').size).toBe(3);
  const { house } = await opened();
  const schemas = schemasOf('postgres');
  expect(schemas.length).toBe(7);
  for (const { name: schema, text } of schemas) expect([schema, await house.findings(text)]).toEqual([schema, []]);
});
