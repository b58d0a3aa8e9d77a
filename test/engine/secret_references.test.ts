// Secrets whose content is elsewhere: runs of the process tier get it from the environment, a file and a server that speaks the
// KV version 2 API of HashiCorp Vault over HTTP; what is not allowed, gone, led astray by links or down keeps a run from starting.

import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openSecretSource } from '../../src/adapters/secret_source/secret_source.ts';
import type { Json } from '../../src/base/json.ts';
import { limits } from '../../src/base/limits.ts';
import { Redactor } from '../../src/dispatch/redact.ts';
import { operationNames } from '../../src/engine/operations.ts';
import { type House, newFolder } from './house.ts';
import { bind, runsOf, secretHouse, secretOf, seen, setSecret, thing, withSchemas } from './secret_house.ts';

/** What the vault has, by path; and what it answers in its place. */
const kept = new Map<string, Record<string, Json>>();
let answer: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> } | undefined;
const asked: { readonly url: string; readonly token: unknown; readonly namespace: unknown }[] = [];
let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { url = '', headers } = request;
    asked.push({ url, token: headers['x-vault-token'], namespace: headers['x-vault-namespace'] });
    const data = kept.get(url);
    const {
      status,
      body,
      headers: more = {},
    } = answer ??
    (headers['x-vault-token'] !== 'root-token'
      ? { status: 403, body: '{"errors":["permission denied"]}' }
      : data === undefined
        ? { status: 404, body: '{"errors":[]}' }
        : { status: 200, body: JSON.stringify({ data: { data, metadata: { version: 1 } } }) });
    response.writeHead(status, { 'content-type': 'application/json', ...more }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let allowed: string[] = [];
let environment: Record<string, string> = {};
let outside: string;
const houses: House[] = [];
const dataFolder = newFolder();

beforeEach(() => {
  outside = newFolder();
  kept.clear();
  answer = undefined;
  asked.splice(0);
  allowed = ['env:DB_PASSWORD', `file:${outside}/in/`, 'vault:kv/apps/'];
  environment = { VAULT_ADDR: `${address}/`, VAULT_TOKEN: 'root-token', VAULT_NAMESPACE: 'team' };
  mkdirSync(join(outside, 'in'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const house of houses.splice(0)) await house.close();
});

const letters = 'ghjkmnpqrstvwxyz';
const fresh = () => Array.from({ length: 24 }, () => letters[randomInt(letters.length)]).join('');
const turned = (text: string) => Array.from(text).reverse().join('');

/** Tells its password backwards, which no redaction knows, and as it is wherever it can. */
const loud = `function main({ domain }) {
  const p = requestStorage.getItem('password');
  console.log('password', p, Buffer.from('ada:' + p).toString('base64'));
  if (domain.text === 'throw') throw new Error('401 for ' + p);
  const backwards = Array.from(p).reverse().join('');
  return { result: 'success', message: backwards + ' is ' + p + ' ' + Buffer.from(p).toString('base64') };
}`;

async function opened() {
  const { house, folder } = await secretHouse({
    secretSource: openSecretSource({ allowed: () => allowed, environment, dataFolder }),
  });
  houses.push(house);
  const changeSet = await withSchemas(house);
  await bind(house, changeSet, { name: 'check', functionKind: 'qualification', text: loud });
  return { house, folder, changeSet };
}

const refer = (house: House, changeSet: string, from: Json, name = 'main') =>
  house.call('secret.set', { changeSet, name, definition: 'Cloud', from });
const user = (house: House, changeSet: string, name = 'a') =>
  thing(house, changeSet, name, { '/secrets/first': secretOf('main'), '/domain/text': 'x' });

async function told(house: House, changeSet: string, id: string): Promise<string> {
  const { value, problems } = await seen(house, changeSet, id);
  return [
    ...Object.values(value.qualification ?? {}).map((q) => q.message ?? ''),
    ...problems.map((p) => p.message),
  ].join('\n');
}
const touch = (house: House, changeSet: string, id: string, text: string) =>
  house.submit(changeSet, { kind: 'attribute.set', component: id, path: '/domain/text', value: text });

/** A place of each kind, and what puts a content there. */
const sources: Readonly<Record<string, { from(): string; put(text: string): void; gone(): void }>> = {
  'the environment': {
    from: () => 'env:DB_PASSWORD',
    put: (text) => {
      environment['DB_PASSWORD'] = text;
    },
    gone: () => {
      delete environment['DB_PASSWORD'];
    },
  },
  'a file': {
    from: () => `file:${outside}/in/password`,
    put: (text) => writeFileSync(join(outside, 'in', 'password'), `${text}\n`),
    gone: () => rmSync(join(outside, 'in', 'password')),
  },
  'a vault': {
    from: () => 'vault:kv/apps/shop#password',
    put: (text) => kept.set('/v1/kv/data/apps/shop', { user: 'ada', password: text }),
    gone: () => kept.clear(),
  },
};

function filesOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

async function everythingTold(house: House, changeSet: string, id: string): Promise<string> {
  const w = await house.workspace();
  await w.calls.flushed();
  const out: unknown[] = [];
  for (const run of await w.store.runs.listRuns(w.id, { limit: 1_000 }))
    out.push(run, await w.store.runs.readRunLog(w.id, run.id, 0, 100_000));
  const never = ['change_set.abandon', 'workspace.create', 'member.set', 'backup', 'secret.rekey'];
  for (const operation of operationNames.filter((name) => !never.includes(name)))
    out.push(await house.attempt(operation, { changeSet, component: id, secret: 'main', from: 'HEAD', query: '' }));
  return JSON.stringify(out);
}

function formsOf(core: string): string[] {
  const inner = [0, 1, 2].map((at) => Buffer.from(core.slice(at)).toString('base64').slice(0, 12));
  return [core.slice(0, 12), core.slice(12), ...inner, Buffer.from(core).toString('hex')];
}

describe.each(Object.keys(sources))('a secret in %s', (kind) => {
  const source = sources[kind]!;

  test('[EN621] [EN624] is read for the run that needs it, is told as a reference, and is nowhere else', async () => {
    const { house, folder, changeSet } = await opened();
    const [first, second] = [fresh(), fresh()];
    source.put(first);
    await refer(house, changeSet, { password: source.from() });
    expect(await house.call('secret.get', { changeSet, secret: 'main' })).toMatchObject({
      from: { password: source.from() },
    });
    expect(await house.call('secret.list', { changeSet })).toMatchObject([{ from: { password: source.from() } }]);
    const id = await user(house, changeSet);
    expect(await told(house, changeSet, id)).toBe(`${turned(first)} is [redacted] [redacted]`);

    // Rotated: nothing runs because of it, and what runs gets it.
    source.put(second);
    expect(await told(house, changeSet, id)).toContain(turned(first));
    expect(await runsOf(house)).toHaveLength(1);
    await touch(house, changeSet, id, 'y');
    expect(await told(house, changeSet, id)).toBe(`${turned(second)} is [redacted] [redacted]`);
    await touch(house, changeSet, id, 'throw');
    expect(await told(house, changeSet, id)).toContain('401 for [redacted]');

    const all = await everythingTold(house, changeSet, id);
    const open = filesOf(folder);
    await (await house.workspace()).checkpoint();
    const closed = filesOf(folder);
    expect(all.includes(source.from())).toBe(true);
    for (const form of [...formsOf(first), ...formsOf(second)])
      expect([form, all.includes(form), open.includes(form), closed.includes(form)]).toEqual([
        form,
        false,
        false,
        false,
      ]);
  }, 60_000);

  test('[EN623] keeps the run from starting when it is gone, by a code, and is there again afterwards', async () => {
    const { house, changeSet } = await opened();
    source.put(fresh());
    await refer(house, changeSet, { password: source.from() });
    source.gone();
    const id = await user(house, changeSet);
    const why = await told(house, changeSet, id);
    expect(why).toContain(`the secret "main": secret_source_unavailable: ${source.from()}`);
    expect((await runsOf(house)).at(-1)).toMatchObject({
      status: 'failed',
      failure: { code: 'authentication_failed' },
    });
    const content = fresh();
    source.put(content);
    await touch(house, changeSet, id, 'again');
    expect(await told(house, changeSet, id)).toContain(turned(content));
  }, 60_000);

  test('[EN622] is refused when it is set and not allowed, and when that is taken back', async () => {
    const { house, changeSet } = await opened();
    const content = fresh();
    source.put(content);
    const all = allowed;
    allowed = [];
    const params = { changeSet, name: 'main', definition: 'Cloud', from: { password: source.from() } };
    const refusal = await house.refused('secret.set', params);
    expect(refusal).toMatchObject({
      code: 'secret_source_denied',
      path: source.from(),
      hint: expect.stringContaining('headwater secret-source allow'),
    });
    expect(await house.call('secret.list', { changeSet })).toEqual([]);
    allowed = all;
    await refer(house, changeSet, { password: source.from() });
    allowed = [];
    const id = await user(house, changeSet);
    const why = await told(house, changeSet, id);
    expect(why).toContain('the secret "main": secret_source_denied:');
    expect(why).not.toContain(turned(content));
    expect(asked).toEqual([]);
  }, 60_000);
});

test('[EN621] the search for leaks finds it where redaction is switched off', async () => {
  vi.spyOn(Redactor.prototype, 'redact').mockImplementation((text) => text);
  vi.spyOn(Redactor.prototype, 'finds').mockReturnValue(false);
  const { house, changeSet } = await opened();
  const content = fresh();
  environment['DB_PASSWORD'] = content;
  await refer(house, changeSet, { password: 'env:DB_PASSWORD' });
  const id = await user(house, changeSet);
  expect(await told(house, changeSet, id)).toContain(turned(content));
  expect(await everythingTold(house, changeSet, id)).toContain(content.slice(0, 12));
}, 60_000);

test('[EN621] a reference alone is the text itself; rotating and collecting keys leave references as they are', async () => {
  const { house, changeSet } = await opened();
  await bind(house, changeSet, {
    name: 'log in by text',
    functionKind: 'authentication',
    text: `function main(secret) { requestStorage.setItem('password', typeof secret === 'string' ? secret : secret.password); }`,
    schema: 'Cloud',
  });
  environment['DB_PASSWORD'] = 'correct-horse-battery';
  await refer(house, changeSet, 'env:DB_PASSWORD');
  await setSecret(house, changeSet, 'sealed', { password: 'other-horse-staple' });
  expect(await house.call('secret.rotate')).toMatchObject({ resealed: 1, current: 0, unreadable: [] });
  expect(await house.call('secret.collect')).toMatchObject({ removed: 0 });
  expect(await house.call('secret.list', { changeSet })).toMatchObject([{ from: 'env:DB_PASSWORD' }, {}]);
  const groups = await house.call<{ secrets: Json[] }[]>('secret.definitions', { changeSet });
  expect(groups.flatMap((g) => g.secrets)).toMatchObject([{ from: 'env:DB_PASSWORD' }, {}]);
  const w = await house.workspace();
  const { key } = await house.call<{ key: string }>('secret.get', { changeSet, secret: 'main' });
  expect(await w.store.runs.readSealed(w.id, key)).toBe('hwr1."env:DB_PASSWORD"');
}, 60_000);

test.each([
  '',
  'env:',
  'env:1X',
  'env:A B',
  'env:HEADWATER_KEY',
  'env:VAULT_TOKEN',
  'env:DB_PASSWORD\n',
  'file:in/x',
  'file:/a/../b',
  'file:/a//b',
  'file:/a/',
  'file:/proc/self/environ',
  'vault:kv#x',
  'vault:kv/a',
  'vault:kv/a#',
  'vault:kv/../sys/a#x',
  'vault:kv/a%2f..#x',
  'vault:kv/a?version=1#x',
  'vault:kv/a#x#y',
  'DB_PASSWORD',
  7,
  null,
  {},
  { password: 'horse' },
  { 'no name': 'env:DB_PASSWORD' },
  { a: { b: 'env:DB_PASSWORD' } },
  ['env:DB_PASSWORD'],
] as Json[])('[EN622] %j is no reference, and is not repeated', async (from) => {
  allowed = ['env:HEADWATER_KEY', 'env:VAULT_TOKEN', 'file:/', 'vault:kv/', 'vault:'];
  const { house } = await secretHouse({
    secretSource: openSecretSource({ allowed: () => allowed, environment, dataFolder }),
  });
  houses.push(house);
  const changeSet = await house.open();
  const refusal = await house.refused('secret.set', { changeSet, name: 'main', definition: 'Cloud', from });
  expect(refusal.code).toBe('request_malformed');
  expect(JSON.stringify(refusal)).not.toContain('horse');
});

describe('reading a source', () => {
  const source = () => openSecretSource({ allowed: () => allowed, environment, dataFolder });
  const file = (name: string) => source().read({ kind: 'file', path: join(outside, 'in', name) });
  const vault = () => source().read({ kind: 'vault', path: 'kv/apps/shop', field: 'password' });
  const denied = { ok: false, refusal: { code: 'secret_source_denied' } };
  const fails = (why: string) => ({ code: 'secret_source_unavailable', message: expect.stringContaining(why) });

  test('[EN622] follows links within an allowed folder, and none out of it', async () => {
    writeFileSync(join(outside, 'other'), 'elsewhere');
    mkdirSync(join(outside, 'in', '..data'));
    writeFileSync(join(outside, 'in', '..data', 'x'), 'within');
    symlinkSync('..data/x', join(outside, 'in', 'inner'));
    symlinkSync('../other', join(outside, 'in', 'outer'));
    symlinkSync(outside, join(outside, 'in', 'folder'));
    symlinkSync('/proc/self/environ', join(outside, 'in', 'environ'));
    expect(await file('inner')).toEqual({ ok: true, value: 'within' });
    for (const name of ['outer', 'folder/other', 'environ'])
      expect([name, await file(name)]).toMatchObject([name, denied]);
    // A neighbour whose name begins alike is another folder.
    mkdirSync(join(outside, 'in2'));
    writeFileSync(join(outside, 'in2', 'x'), 'neighbour');
    expect(await source().read({ kind: 'file', path: join(outside, 'in2', 'x') })).toMatchObject(denied);
    // The folder itself may be reached by a link.
    renameSync(join(outside, 'in'), join(outside, 'moved'));
    symlinkSync('moved', join(outside, 'in'));
    expect(await file('inner')).toEqual({ ok: true, value: 'within' });
  });

  test('[EN622] never reads the data folder, whoever allows it', async () => {
    writeFileSync(join(dataFolder, 'headwater.key'), 'the key');
    allowed = [`file:${dataFolder}/`];
    expect(await source().read({ kind: 'file', path: join(dataFolder, 'headwater.key') })).toMatchObject(denied);
  });

  test('[EN623] takes a regular file of text within its bound', async () => {
    const max = limits.secretSourceBytesMax;
    writeFileSync(join(outside, 'in', 'largest'), 'x'.repeat(max));
    expect(await file('largest')).toMatchObject({ ok: true });
    writeFileSync(join(outside, 'in', 'larger'), 'x'.repeat(max + 1));
    writeFileSync(join(outside, 'in', 'empty'), '\n');
    writeFileSync(join(outside, 'in', 'binary'), Buffer.from([0xff, 0xfe, 0x00]));
    mkdirSync(join(outside, 'in', 'folder'));
    const wrong = {
      larger: 'is larger than',
      empty: 'is empty',
      binary: 'is no text',
      folder: 'is no regular file',
      no: 'is not there',
    };
    for (const [name, why] of Object.entries(wrong)) await expect(file(name)).rejects.toMatchObject(fails(why));
  });

  test('[EN621] asks the vault with token and namespace, for the newest version, each time', async () => {
    kept.set('/v1/kv/data/apps/shop', { password: ' as it is\n' });
    expect(await vault()).toEqual({ ok: true, value: ' as it is\n' });
    expect(await vault()).toMatchObject({ ok: true });
    const one = { url: '/v1/kv/data/apps/shop', token: 'root-token', namespace: 'team' };
    expect(asked).toEqual([one, one]);
  });

  test('[EN623] says what is wrong with a vault, and nothing of what it answered', async () => {
    const said = 'correct-horse';
    const wrong: readonly [number, string, string][] = [
      [503, said, 'the vault answers 503'],
      [403, said, 'the vault answers 403'],
      [404, said, 'the vault answers 404'],
      [200, said, 'no such field'],
      [200, JSON.stringify({ data: { data: { other: said } } }), 'no such field'],
      [200, JSON.stringify({ data: { password: said } }), 'no such field'],
      [200, JSON.stringify({ data: { data: { password: { deep: said } } } }), 'is no text'],
      [200, JSON.stringify({ data: { data: { password: '' } } }), 'is empty'],
      [200, said.repeat(limits.secretSourceBytesMax), 'is too large'],
    ];
    for (const [status, body, why] of wrong) {
      answer = { status, body };
      const failure: Error = await vault().then(
        () => new Error('it was read'),
        (e) => e,
      );
      expect(failure).toMatchObject(fails(why));
      expect(failure.message).not.toContain(said);
      expect(failure.cause).toBeUndefined();
    }
    // With the token: so it goes nowhere else.
    answer = { status: 307, body: '', headers: { location: `${address}/v1/elsewhere` } };
    asked.splice(0);
    await expect(vault()).rejects.toMatchObject(fails('the vault answers 307'));
    expect(asked).toHaveLength(1);
    environment['VAULT_TOKEN'] = 'bad\ntoken';
    const failure: Error = await vault().then(
      () => new Error('it was read'),
      (e) => e,
    );
    expect(failure).toMatchObject(fails('does not answer'));
    expect(failure.message).not.toContain('bad');
    environment['VAULT_TOKEN'] = 'root-token';
    environment['VAULT_ADDR'] = 'http://127.0.0.1:1';
    await expect(vault()).rejects.toMatchObject(fails('does not answer'));
    delete environment['VAULT_ADDR'];
    await expect(vault()).rejects.toMatchObject(fails('needs VAULT_ADDR and VAULT_TOKEN'));
  });
});
