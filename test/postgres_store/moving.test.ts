// `headwater migrate`, `backup` and `restore` with a database, as somebody at a terminal gives them.

import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/adapters/postgres/store.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { WorkspaceId } from '../../src/base/ids.ts';
import { memoRows } from '../../src/ports/conformance/run_world.ts';
import { rowsOf } from '../../src/ports/conformance/store_dump.ts';
import { StoreWorld } from '../../src/ports/conformance/store_world.ts';
import type { DumpableStore } from '../../src/ports/store_dump.ts';
import { Terminal } from '../cli/terminal.ts';
import { digest } from '../store/folders.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { bin, Served } from '../support/served.ts';

let server: PostgresServer;
let schemas = 0;
beforeAll(async () => {
  server = await PostgresServer.open();
}, 120_000);
afterAll(() => server?.close());

const fresh = (): string => `${server.urlOf('postgres')}?schema=moving_${++schemas}`;

/** A terminal whose data folder has a component on Head, an open change set, and a key. */
async function lived(): Promise<Terminal> {
  const t = new Terminal();
  const { changeSet } = await t.json<{ changeSet: string }>('component', 'create', 'AWS::SQS::Queue', 'q');
  await ok(t, 'change-set', 'apply', changeSet);
  await ok(t, 'component', 'set', 'q', '/domain/DelaySeconds', '7');
  await ok(t, 'secret', 'key');
  return t;
}

async function ok(t: Terminal, ...args: string[]): Promise<string> {
  const { code, out, err } = await t.run(args);
  expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' });
  return out;
}

async function refused(t: Terminal, ended: number, code: string, ...args: string[]): Promise<string> {
  const { code: exit, out } = await t.run([...args, '--json']);
  expect({ args, exit, out }).toMatchObject({ exit: ended });
  expect(JSON.parse(out)).toMatchObject({ error: { code } });
  return out;
}

test('[EN745] to a database and back, with what to take along, and no password', { timeout: 120_000 }, async () => {
  const t = await lived();
  const address = fresh();
  const before = JSON.parse(await ok(t, 'change-set', 'list', '--all', '--json'));
  const there = await ok(t, 'migrate', '--from', '.headwater', '--to', address);
  expect(there).toMatch(
    /^Moved 1 workspace, \d+ change sets, \d+ rows; both ends verify and hold the same\.\ndigest {2}[0-9a-f]{64}\n/,
  );
  expect(there).toMatch(/is as it was\. Put it away/);
  expect(there).not.toContain(encodeURIComponent(server.password));
  const back = JSON.parse(await ok(t, 'migrate', '--from', address, '--to', 'second', '--json'));
  expect(back).toMatchObject({ workspaces: 1, takeAlong: ['headwater.key'], rows: { change_set: before.length } });
  expect(back.from).toMatch(/^postgres:\/\/127\.0\.0\.1:\d+\/postgres\?schema=moving_\d+$/);
  expect(there).toContain(back.digest);
  const key = await ok(t, 'secret', 'key');
  t.variables = { HEADWATER_STORE: address };
  expect(await ok(t, 'secret', 'key')).toBe(key);
  expect(JSON.parse(await ok(t, 'change-set', 'list', '--all', '--json'))).toEqual(before);
  await ok(t, 'verify');
  t.variables = { HEADWATER_DATA: join(t.folder, 'second') };
  expect(JSON.parse(await ok(t, 'change-set', 'list', '--all', '--json'))).toEqual(before);
  await ok(t, 'verify');
  // What was said to be taken along is needed.
  await refused(t, 1, 'vault_locked', 'secret', 'key');
  rmSync(join(t.folder, 'second', 'headwater.key'), { force: true });
  copyFileSync(join(t.folder, '.headwater', 'headwater.key'), join(t.folder, 'second', 'headwater.key'));
  expect(await ok(t, 'secret', 'key')).toBe(key);
  t.variables = {};
  // It says so for people, too.
  expect(await ok(t, 'migrate', '--from', '.headwater', '--to', 'third')).toMatch(
    /Take along .*: headwater\.key\.\nWithout the key/,
  );
});

test('[EN742] what cannot be moved is refused, with what to do next', { timeout: 120_000 }, async () => {
  const t = await lived();
  const address = fresh();
  const go = (from: string, to: string) => ['migrate', '--from', from, '--to', to];
  await refused(t, 1, 'request_malformed', ...go('.headwater', `${t.folder}/.headwater/`));
  await refused(t, 1, 'request_malformed', ...go('nowhere', address));
  const said = await refused(t, 1, 'request_malformed', ...go('.headwater', 'postgres:no address, secret-1'));
  expect(said).not.toContain('secret-1');
  await refused(t, 1, 'request_malformed', ...go(address, address));
  await ok(t, ...go('.headwater', address));
  await refused(t, 1, 'already_exists', ...go('.headwater', address));
  await ok(t, ...go(address, 'second'));
  await refused(t, 1, 'already_exists', ...go(address, 'second'));
  const store = await openPostgresStore({ url: server.urlOf('postgres'), schema: `moving_${schemas}`, isAlone: true });
  await refused(t, 75, 'store_busy', ...go(address, 'third'));
  await store.close();
  const file = await openSqliteStore({ file: join(t.folder, '.headwater', 'headwater.db') });
  await refused(t, 75, 'store_busy', ...go('.headwater', fresh()));
  await file.close();
  // Nothing was left behind: both are whole.
  await ok(t, 'verify');
});

/** Runs until `isFar`, and is killed. */
async function killedWhen(t: Terminal, args: readonly string[], isFar: () => Promise<boolean>): Promise<void> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' };
  const child: ChildProcess = spawn(process.execPath, [bin, ...args], { cwd: t.folder, env, stdio: 'ignore' });
  const ended = new Promise<string | null>((resolve) => child.on('close', (_, signal) => resolve(signal)));
  while (!(await isFar())) await sleep(5);
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
}

test('[EN743] killed in the middle, nobody opens the target, and the move begins anew', {
  timeout: 240_000,
}, async () => {
  const t = await lived();
  const file = join(t.folder, '.headwater', 'headwater.db');
  const store = await openSqliteStore({ file });
  const [{ id }] = (await store.listWorkspaces()) as unknown as [{ id: WorkspaceId }];
  const w = new StoreWorld(store, digest);
  for (let n = 0; n < 60; n++) await store.runs.writeMemo(id, memoRows(w, n * 1_000, n * 1_000 + 999), 1e9);
  // Chunks and checkpoints may come to it, as they do whenever a store was read.
  const own = async (from: DumpableStore) =>
    (await rowsOf(from)).filter((row) => !/^\w+ (chunk|checkpoint) /.test(row));
  const whole = await own(store);
  await store.close();
  const address = fresh();
  const schema = `moving_${schemas}`;
  const client = new pg.Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  // Some rows of the last table are there.
  const isFar = async () => {
    const { rows } = await client.query(`select to_regclass('${schema}.memo') is not null as is_there`);
    if (!rows[0].is_there) return false;
    return (await client.query(`select 1 from ${schema}.memo limit 1`)).rows.length > 0;
  };
  await killedWhen(t, ['migrate', '--from', '.headwater', '--to', address], isFar);
  await client.end();
  t.variables = { HEADWATER_STORE: address };
  await refused(t, 1, 'store_incomplete', 'change-set', 'list');
  t.variables = {};
  await ok(t, 'migrate', '--from', '.headwater', '--to', address);
  t.variables = { HEADWATER_STORE: address };
  await ok(t, 'verify');
  t.variables = {};
  const runs = join(t.folder, 'second', 'headwater.db.partial-runs');
  const isWritten = async () => existsSync(runs) && statSync(runs).size > 0;
  await killedWhen(t, ['migrate', '--from', address, '--to', 'second'], isWritten);
  await refused(t, 1, 'store_incomplete', '--data', 'second', 'change-set', 'list');
  await ok(t, 'migrate', '--from', address, '--to', 'second');
  await ok(t, '--data', 'second', 'verify');
  const after = await openSqliteStore({ file });
  expect(await own(after)).toEqual(whole);
  await after.close();
});

test('[EN744] a backup is of one instant while it is written to, and goes to a folder or another database', {
  timeout: 120_000,
}, async () => {
  const address = fresh();
  const t = new Terminal();
  const served = await Served.start(join(t.folder, '.headwater'), ['--store', address]);
  t.variables = { HEADWATER_SERVER: served.address, HEADWATER_TOKEN: served.token! };
  const { changeSet } = await t.json<{ changeSet: string }>('component', 'create', 'AWS::SQS::Queue', 'q');
  const [{ id: workspace }] = await t.json<[{ id: string }]>('workspace', 'list');
  let [isOver, writes] = [false, 0];
  const writing = [1, 2, 3].map(async () => {
    while (!isOver) {
      const value = ++writes % 900;
      const mutations = [{ kind: 'attribute.set', component: 'q', path: '/domain/DelaySeconds', value }];
      const answer = await fetch(`${served.address}/v1/w/${workspace}/operations/submit`, {
        method: 'POST',
        headers: { authorization: `Bearer ${served.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ changeSet, mutations }),
      });
      expect(answer.status).toBe(200);
    }
  });
  while (writes < 100) await sleep(5);
  const copies = [join(t.folder, 'copy.db'), join(t.folder, 'later.db')] as const;
  const before = writes;
  for (const copy of copies) await ok(t, 'backup', copy);
  expect(writes).toBeGreaterThan(before);
  await refused(t, 1, 'already_exists', 'backup', copies[0]);
  isOver = true;
  await Promise.all(writing);
  await served.stop();
  // A folder's store, and another database's; of each its own instant, whole.
  const versions: number[] = [];
  for (const [i, copy] of copies.entries()) {
    t.variables = {};
    await ok(t, '--data', `restored ${i}`, 'restore', copy);
    const elsewhere = fresh();
    t.variables = { HEADWATER_STORE: elsewhere };
    await ok(t, 'restore', copy);
    await refused(t, 1, 'already_exists', 'restore', copy);
    const list = ['change-set', 'list', '--all', '--json'];
    const rows = await ok(t, ...list);
    await ok(t, 'verify');
    t.variables = { HEADWATER_DATA: join(t.folder, `restored ${i}`) };
    expect(await ok(t, ...list)).toBe(rows);
    await ok(t, 'verify');
    const { version } = (JSON.parse(rows) as { id: string; version: number }[]).find((row) => row.id === changeSet)!;
    versions.push(version);
  }
  expect(versions[0]).toBeGreaterThan(1);
  expect(versions[1]).toBeGreaterThan(versions[0]!);
});
