// Provider packages: read from folders, installed in workspaces; schemas that stand for a catalogue; secrets in slots.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openPackages } from '../../src/adapters/packages/packages.ts';
import type { Json } from '../../src/base/json.ts';
import type { PlannedLine } from '../../src/engine/planning.ts';
import type { InstallReply, ProviderLine } from '../../src/engine/providers.ts';
import { emptyObject, type VariantSpec } from '../../src/model/schema.ts';
import type { ProviderPackages } from '../../src/ports/provider_packages.ts';
import { type House, sqliteHouse } from '../engine/house.ts';
import { catalogue, houseOptions } from './aws_house.ts';

// Authoring looks at types, which takes a while.
vi.setConfig({ testTimeout: 90_000 });

const ours = fileURLToPath(new URL('../../providers', import.meta.url));
const houses: House[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function opened(packages?: ProviderPackages): Promise<House> {
  const house = await sqliteHouse(houseOptions(packages)).start();
  houses.push(house);
  return house;
}

/** The packages of the product in a folder of their own. */
function copied(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-packages-'));
  folders.push(folder);
  cpSync(ours, folder, { recursive: true });
  return folder;
}

const install = (house: House, changeSet: string) =>
  house.call<InstallReply>('provider.install', { changeSet, provider: 'aws' });
const listed = async (house: House, changeSet = 'HEAD') =>
  (await house.call<ProviderLine[]>('provider.list', { changeSet })).find((p) => p.name === 'aws')!.installed;
const queue = (name: string): Json => ({ kind: 'component.create', schema: 'AWS::SQS::Queue', name });
const apply = (house: House, changeSet: string) => house.call('change_set.apply', { changeSet, waitMs: 20_000 });
const planned = async (house: House, changeSet: string) =>
  (await house.call<{ actions: PlannedLine[] }>('change_set.review', { changeSet })).actions.map(
    (x) => `${x.kind} ${x.name}`,
  );

test('[EN322] what a schema is with is put before its own text; a file that is not there is told', () => {
  const folder = copied();
  const dns = join(folder, 'dns');
  const textOf = (name: string) =>
    openPackages(folder)
      .list()
      .find((p) => p.name === 'dns')!
      .schemas.find((s) => s.name === name)!.text;
  const [shared, zone] = ['asking.ts', 'zone.ts'].map((file) => readFileSync(join(dns, file), 'utf8'));
  expect(textOf('PowerDNS::Zone')).toBe(`${shared}\n${zone}`);
  const file = join(dns, 'provider.json');
  for (const wrong of ['"../aws/resource.ts"', '1']) {
    writeFileSync(file, readFileSync(join(ours, 'dns/provider.json'), 'utf8').replace('"asking.ts"', wrong));
    expect(() => textOf('PowerDNS::Zone')).toThrow(/is with what is no file/);
  }
  writeFileSync(file, readFileSync(join(ours, 'dns/provider.json'), 'utf8').replace('"asking.ts"', '"none.ts"'));
  expect(() => textOf('PowerDNS::Zone')).toThrow(/none\.ts/);
});

describe('[EN322] a package', () => {
  test('is installed once, in whichever change set, and again changes nothing', async () => {
    const house = await opened();
    const changeSet = await house.open();
    expect(await listed(house, changeSet)).toBe('no');
    const first = await install(house, changeSet);
    expect(first.schemas.map((s) => s.name)).toEqual(['AWS Credential', 'aws::*']);
    expect(first.edits).toBeGreaterThan(0);
    expect([await listed(house, changeSet), await listed(house)]).toEqual(['yes', 'no']);
    expect(await install(house, changeSet)).toMatchObject({ edits: 0, version: first.version });
    await apply(house, changeSet);
    expect(await install(house, await house.open('again'))).toMatchObject({ edits: 0 });
    const refused = await house.refused('provider.install', { changeSet: 'HEAD', provider: 'gcp' });
    expect(refused).toMatchObject({ code: 'provider_not_found', path: 'provider' });
    expect(refused.expected).toContain('aws');
  });

  test('of a newer release takes the place of what was installed', async () => {
    const folder = copied();
    let now = openPackages(ours);
    const house = await opened({ list: () => now.list() });
    const changeSet = await house.open();
    await install(house, changeSet);
    await apply(house, changeSet);
    const file = join(folder, 'aws/resource.ts');
    writeFileSync(file, `${readFileSync(file, 'utf8')}// newer\n`);
    now = openPackages(folder);
    expect(await listed(house)).toBe('older');
    const next = await house.open('next');
    expect((await install(house, next)).schemas.map((s) => s.edits > 0)).toEqual([false, true]);
    await apply(house, next);
    expect(await listed(house)).toBe('yes');
  });

  test('brings schemas of its catalogue to what that says now; components stay until they are upgraded', async () => {
    const house = await opened();
    const changeSet = await house.open();
    const old = { ...catalogue.load('AWS::SQS::Queue')!, secrets: emptyObject } as VariantSpec as unknown as Json;
    const about = { name: 'AWS::SQS::Queue', category: 'AWS::SQS', origin: 'aws', spec: old };
    await house.submit(changeSet, { kind: 'schema.install', ...about }, queue('early'));
    expect((await install(house, changeSet)).updated).toEqual(['AWS::SQS::Queue']);
    expect((await install(house, changeSet)).updated).toEqual([]);
    await house.submit(changeSet, queue('late'));
    await house.call('secret.set', { changeSet, name: 's', definition: 'AWS Credential', content: { Region: 'x' } });
    const used = async () =>
      (await house.call<{ slots: { name: string }[] }>('secret.use', { changeSet, secret: 's' })).slots.map(
        (x) => x.name,
      );
    expect(await used()).toEqual(['late']);
    await house.submit(changeSet, { kind: 'component.upgrade', component: 'early' });
    expect(await used()).toEqual(['early']);
    expect(await used()).toEqual([]);
  });

  test.each([
    ['no JSON', 'provider.json', '{', 'it is not JSON'],
    ['another name', 'provider.json', '{"name":"gcp","description":"x","schemas":[{}]}', 'its name is not aws'],
    ['no schemas', 'provider.json', '{"name":"aws","description":"x","schemas":[]}', 'it names no schemas'],
    [
      'a file elsewhere',
      'provider.json',
      '{"name":"aws","description":"x","schemas":[{"name":"A","file":"../../a.ts"}]}',
      'A has no file',
    ],
  ])('with %s is a fault that says where', (_what, file, text, why) => {
    const folder = copied();
    writeFileSync(join(folder, 'aws', file), text);
    expect(() => openPackages(folder).list()).toThrow(`${join(folder, 'aws', file)}: ${why}`);
  });
});

describe('[EN320] a schema that stands for a catalogue', () => {
  const refresher = (kind: string) => `export default defineSchema({
    domain: {},
    actions: { act: { kind: '${kind}', main: () => ({ status: 'ok', payload: {}, resourceId: 'x' }) } },
  });`;
  const author = (house: House, changeSet: string, name: string, text: string) =>
    house.call('schema.author', { changeSet, name, text });

  test('gives its functions to the schemas from there, whichever came first, and to no others', async () => {
    const house = await opened();
    const changeSet = await house.open();
    await house.submit(changeSet, queue('first'));
    expect(await planned(house, changeSet)).toEqual([]);
    await author(house, changeSet, 'aws::*', refresher('create'));
    await author(house, changeSet, 'user::*', refresher('create'));
    await author(house, changeSet, 'Ours', 'export default defineSchema({ domain: {} });');
    await house.submit(
      changeSet,
      { kind: 'component.create', schema: 'AWS::SNS::Topic', name: 'second' },
      { kind: 'component.create', schema: 'Ours', name: 'ours' },
    );
    expect(await planned(house, changeSet)).toEqual(['create first', 'create second']);
  });

  test('two change sets that install the same type are one schema with one function each', async () => {
    const house = await opened();
    const provider = await house.open('provider');
    await author(house, provider, 'aws::*', refresher('create'));
    await apply(house, provider);
    const [one, two] = [await house.open('one'), await house.open('two')];
    await house.submit(one, queue('one'));
    await house.submit(two, queue('two'));
    await apply(house, one);
    expect(await planned(house, two)).toEqual(['create two']);
    await apply(house, two);
    await house.sound();
  });

  test('stands behind the functions of a schema itself', async () => {
    const house = await opened();
    const changeSet = await house.open();
    await author(house, changeSet, 'aws::*', refresher('create'));
    await house.submit(changeSet, queue('queue'), {
      kind: 'function.create',
      name: 'own',
      functionKind: 'action',
      text: "function main() { return { status: 'ok', payload: { own: true }, resourceId: 'own' }; }",
    });
    await house.submit(changeSet, {
      kind: 'binding.attach',
      function: 'own',
      schema: 'AWS::SQS::Queue',
      action: 'create',
    });
    await apply(house, changeSet);
    await house.call('action.run', { waitMs: 20_000 });
    const view = await house.call<{ value: { resource: { payload: Json } } }>('component.get', {
      component: 'queue',
      waitMs: 20_000,
    });
    expect(view.value.resource.payload).toEqual({ own: true });
  });
});

test('[EN323] a secret is put into empty slots of its kind, and into no others', async () => {
  const house = await opened();
  const changeSet = await house.open();
  await install(house, changeSet);
  const definition = (kind: string) => `export default defineSchema({
    domain: {}, secrets: { credential: '${kind}', other: 'Else' },
  });`;
  await house.call('schema.author', { changeSet, name: 'Two', text: definition('AWS Credential') });
  await house.submit(
    changeSet,
    queue('queue'),
    queue('given'),
    queue('deleted'),
    { kind: 'component.create', schema: 'Two', name: 'two' },
    { kind: 'component.delete', component: 'deleted' },
  );
  for (const name of ['one', 'two'])
    await house.call('secret.set', { changeSet, name, definition: 'AWS Credential', content: { Region: 'x' } });
  await house.set(changeSet, 'given', '/secrets/credential', { $source: { secret: 'two' } });
  const use = async (components?: string[]) => {
    const reply = await house.call<{ slots: { name: string; path: string }[] }>('secret.use', {
      changeSet,
      secret: 'one',
      ...(components === undefined ? {} : { components }),
    });
    return reply.slots.map((s) => `${s.name}${s.path}`).sort();
  };
  expect(await use(['queue', 'given'])).toEqual(['queue/secrets/credential']);
  expect(await use()).toEqual(['two/secrets/credential']);
  expect(await use()).toEqual([]);
  const refused = await house.refused('secret.use', { changeSet, secret: 'three' });
  expect(refused.code).toBe('secret_not_found');
});
