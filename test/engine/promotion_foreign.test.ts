// Files from outside that no export has written: what no request could make is refused as it is there, before anything is
// opened; what an export of any state gives is taken.

import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { PromoteReply } from '../../src/engine/promotion.ts';
import { boxSpec, type House, sqliteHouse } from './house.ts';

const nobody = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const spec = {
  ...boxSpec,
  secrets: { kind: 'object', properties: { token: { kind: 'string', secret: true } } },
} as unknown as Json;

interface File {
  items: { m: JsonObject & { kind: string; image: { cells: Record<string, Json>; record: Record<string, Json> } } }[];
  blobs: Record<string, string>;
  refers: Record<string, JsonObject>;
}

/** A workspace with the component `old` on Head, and the file of a change set that makes `new` and edits `old`. */
async function withFile(): Promise<{ house: House; file: File; old: string }> {
  const house = await sqliteHouse().start();
  const first = await house.open('first');
  await house.submit(first, { kind: 'schema.create', name: 'Box', spec });
  const old = await house.create(first, 'old');
  await house.call('change_set.apply', { changeSet: first });
  const changeSet = await house.open('work');
  await house.create(changeSet, 'new');
  await house.submit(changeSet, { kind: 'attribute.set', component: old, path: '/domain/text', value: 'x' });
  const file = await house.call<File>('change_set.export', { changeSet });
  return { house, file, old };
}

/** What a file is refused for that was changed by hand; nothing is opened. */
async function refusalOf(house: House, file: File, forge: (file: File) => void, ids: Json = {}): Promise<string> {
  const forged = structuredClone(file);
  forge(forged);
  const before = await house.everything();
  const refusal = await house.refused('change_set.promote', { text: JSON.stringify(forged), ids });
  for (const field of ['path', 'expected', 'got', 'hint'] as const) expect(refusal[field]).toEqual(expect.any(String));
  expect(await house.everything()).toBe(before);
  return `${refusal.code} ${refusal.path}`;
}

const creation = (file: File) => file.items.find((i) => i.m.kind === 'component.create')!.m;
const holds =
  (cells: Record<string, Json>) =>
  (file: File): void => {
    Object.assign(creation(file).image.cells, cells);
  };
const sets =
  (path: string, cell: Json) =>
  (file: File): void => {
    Object.assign(file.items.find((i) => i.m.kind === 'cell.set' && i.m['path'] === '/domain/text')!.m, { path, cell });
  };
const record =
  (noun: string, fields: JsonObject) =>
  (file: File): void => {
    file.items.push({ ...file.items[0]!, m: { kind: 'record.create', noun, key: nobody, record: fields } as never });
  };

test('[EN831] a file makes no component and sets no value that a request could not', async () => {
  const { house, file } = await withFile();
  const names = /^pattern_mismatch items\/\d+\/m\/si\/name$/;
  for (const forge of [holds, (c: Record<string, Json>) => sets(...(Object.entries(c)[0]! as [string, Json]))]) {
    const refused = (cells: Record<string, Json>) => refusalOf(house, file, forge(cells));
    expect(await refused({ '/secrets/token': { v: 'plain' } })).toMatch(
      /^secret_value_not_allowed .*\/secrets\/token$/,
    );
    expect(await refused({ '/deleted_at': { v: 'soon' } })).toMatch(/^read_only items\/\d+\/m\/deleted_at$/);
    expect(await refused({ '/resource': { v: { a: 1 } } })).toMatch(/^read_only /);
    expect(await refused({ '/si/movedFrom': { v: 5 } })).toMatch(/^read_only /);
    expect(await refused({ '/si/name': { v: `old\u0000${nobody}` } })).toMatch(names);
    expect(await refused({ '/si/name': { v: { a: 1 } } })).toMatch(/^kind_mismatch /);
    expect(await refused({ '/domain/size': { v: { deep: [1] } } })).toMatch(/^kind_mismatch /);
    expect(await refused({ '/domain/list': { v: 'text' } })).toMatch(/^kind_mismatch /);
  }
  const both = { '/si/metadata': { v: 'x' }, '/si/metadata/b': { v: 'y' } };
  expect(await refusalOf(house, file, holds(both))).toMatch(/^parent_has_value .*\/si\/metadata\/b$/);
  expect(await refusalOf(house, file, holds({ '/domain/list/@0123456789ab': { v: 'y' } }))).toMatch(
    /^element_not_found /,
  );
  expect(
    await refusalOf(house, file, (f) => {
      creation(f).image.record['variant'] = nobody;
    }),
  ).toMatch(/^schema_not_found /);
  expect((await house.refused('component.get', { component: nobody })).code).toBe('component_not_found');
  await house.sound();
});

test('[EN831] a file makes no second default view', async () => {
  const { house, file } = await withFile();
  const made = await refusalOf(house, file, record('view', { name: 'V', isDefault: true }));
  expect(made).toMatch(/^request_malformed items\/\d+\/m\/isDefault$/);
  expect(
    await refusalOf(house, file, (f) => {
      record('view', { name: 'V', isDefault: false })(f);
      const m = { kind: 'record.set', noun: 'view', key: nobody, field: 'isDefault', value: true };
      f.items.push({ ...f.items[0]!, m: m as never });
    }),
  ).toMatch(/\/isDefault$/);
  await house.close();
});

test('[EN832] a file that refers to what is no noun, or names a text that it has not, is refused with the place', async () => {
  const { house, file } = await withFile();
  const refers = (known: Json) => (f: File) => {
    f.refers[nobody] = known as JsonObject;
  };
  const place = `request_malformed refers/${nobody}`;
  for (const noun of ['bogus', '__proto__', 'toString', 'module', 'approvers', 'binding', ''])
    expect(await refusalOf(house, file, refers({ noun, name: 'x' }))).toBe(place);
  const schema = { name: 'Zed', category: '', origin: '', defaultVariant: null };
  const wrong: Json[] = [
    { noun: 'schema', name: 'Zed', record: 17 },
    { noun: 'schema', name: 'Zed', record: { ...schema, name: 'Z\u0000' } },
    { noun: 'schema', name: 'Zed', record: { ...schema, nonsense: {} } },
    { noun: 'variant', name: 'v', schema: 'Box', schemaId: 'x', record: {} },
    { noun: 'variant', name: 'v', schema: 'Box' },
    { noun: 'variant', name: 'v', schemaId: nobody, record: { name: 'v', spec: 'no hash', locked: false } },
    { noun: 'view', name: 'V', record: schema },
    { noun: 'component', name: 'c', schema: 7 },
  ];
  for (const known of wrong) expect(await refusalOf(house, file, refers(known))).toBe(place);
  const unknown = 'ab'.repeat(32);
  const lacking = `request_malformed blobs/${unknown}`;
  const fn = { name: 'f', displayName: '', description: '', kind: 'attribute', text: unknown, locked: false };
  const type = { noun: 'variant', name: 'v', schemaId: nobody, record: { name: 'v', spec: unknown, locked: false } };
  expect(await refusalOf(house, file, holds({ '/domain/text': { b: unknown } }))).toBe(lacking);
  expect(await refusalOf(house, file, sets('/domain/text', { b: unknown }))).toBe(lacking);
  expect(await refusalOf(house, file, record('function', fn))).toBe(lacking);
  expect(await refusalOf(house, file, refers(type))).toBe(lacking);
  const hash = (await house.workspace()).space.putBlob('no JSON');
  for (const forge of [holds({ '/domain/text': { b: hash } }), sets('/domain/text', { b: hash })]) {
    const withText = (f: File) => {
      forge(f);
      f.blobs[hash] = 'no JSON';
    };
    expect(await refusalOf(house, file, withText)).toMatch(/^request_malformed items\/\d+\/m\/domain\/text$/);
  }
  expect(await refusalOf(house, file, () => undefined, { [Object.keys(file.refers)[0]!]: 'x' })).toMatch(
    /^request_malformed .*ids/,
  );
  await house.close();
});

test('[EN831] what an export gives is taken: marks, secrets, lists, long values, sources that come later', async () => {
  const house = await sqliteHouse().start();
  const first = await house.open('first');
  const inner = {
    kind: 'array',
    items: { kind: 'object', properties: { names: { kind: 'array', items: { kind: 'string' } } } },
  };
  const { domain } = boxSpec as unknown as { domain: { properties: Record<string, Json> } };
  const deep = {
    ...(spec as JsonObject),
    domain: { ...domain, properties: { ...domain.properties, inner: inner as Json, tree: { kind: 'any' } } },
  } as unknown as Json;
  await house.submit(first, { kind: 'schema.create', name: 'Deep', spec: deep });
  await house.submit(first, { kind: 'secret.put', name: 's', definition: 'Token', key: 'k' });
  const make = async (name: string, attributes: Record<string, Json>) =>
    house.submit(first, { kind: 'component.create', schema: 'Deep', name, attributes });
  await make('a', {
    '/domain/inner': [{ names: ['x', 'y'] }, { names: [] }],
    '/domain/tree': { a: [1, null, { b: {} }], '@at': true },
    '/domain/text': 'v'.repeat(9000),
  });
  await make('b', { '/domain/size': 7 });
  await house.submit(
    first,
    { kind: 'attribute.set', component: 'a', path: '/secrets/token', value: { $source: { secret: 's' } } },
    {
      kind: 'attribute.set',
      component: 'a',
      path: '/domain/size',
      value: { $source: { component: 'b', path: '/domain/size' } },
    },
    { kind: 'attribute.unset', component: 'b', path: '/domain/colour' },
    { kind: 'component.protect', component: 'a', on: true },
    { kind: 'depends_on.add', component: 'a', on: 'b' },
  );
  await house.call('change_set.apply', { changeSet: first });
  const exported = await house.call<File>('change_set.export', { changeSet: 'HEAD' });
  await house.call('workspace.create', { name: 'copy' });
  for (const file of [exported, marked(exported)]) {
    const ask = { workspace: 'copy', text: JSON.stringify(file) };
    const { changeSet, receipt } = await house.call<PromoteReply>('change_set.promote', ask);
    expect(receipt).toEqual([]);
    const again = await house.call<File>('change_set.export', { workspace: 'copy', changeSet: changeSet.id });
    // The default view is each workspace's own.
    const made = ({ items }: File) => items.map((i) => i.m).filter((m) => m['noun'] !== 'placement');
    expect(made(again)).toEqual(made(file));
  }
  await house.close();
});

/** As Head has a component that is to be deleted and whose resource is still there. */
function marked(file: File): File {
  const out = structuredClone(file);
  creation(out).image.cells['/deleted_at'] = { v: true };
  return out;
}
