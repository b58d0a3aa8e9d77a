// What many workspaces cost that are there and not used, on PostgreSQL: one engine (`headwater serve`, a process of its own) holds the
// leases of all of them. How long one takes to be made with a first change applied, how long a new engine takes until it holds them all,
// its memory before and after each of them was looked at once, and the processor that engine and database take per second while nobody asks for anything.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectServer } from '../dist/main/remote.js';
import { fromTests } from './support/from_tests.mjs';
import { median, must, readOptions, report, say } from './support/measure.mjs';
import { schemaOf } from './support/model.mjs';
import { serve } from './support/served.mjs';

const { scaled } = readOptions();
const most = scaled(1_000, 3);
const counts = [...new Set([Math.ceil(most / 10), most])];
const componentsEach = 20;
/** Of idleness. */
const seconds = scaled(15, 1);
/** Of the kernel's clock, in which /proc tells processor time. */
const ticksPerSecond = 100;

const statOf = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
const residentMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;

/** Processor of a process and all below it that live now and have ended, in ms. */
function processorMs(root) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  let ticks = 0;
  for (const pid of all)
    try {
      const stat = statOf(pid);
      if (Number(pid) === root || Number(stat[1]) === root) ticks += Number(stat[11]) + Number(stat[12]);
      // Its children that have ended since.
      if (Number(pid) === root) ticks += Number(stat[13]) + Number(stat[14]);
    } catch (e) {
      if (e.code !== 'ENOENT' && e.code !== 'ESRCH') throw e;
    }
  return (ticks / ticksPerSecond) * 1_000;
}

/** Milliseconds of processor a second of the engine and of the database. */
async function idle(engine, database) {
  const before = [processorMs(engine), processorMs(database)];
  await sleep(seconds * 1_000);
  return [processorMs(engine), processorMs(database)].map((ms, i) => (ms - before[i]) / seconds);
}

const { PostgresServer } = await fromTests('postgres_server');
const postgres = await PostgresServer.open({ fsync: 'on', log_statement: 'none' });
const url = postgres.urlOf('postgres');
const folder = mkdtempSync(join(tmpdir(), 'headwater-bench-'));
const ids = [];
const start = () => serve(folder, { ...process.env, HEADWATER_STORE: url });
const client = new pg.Client({ connectionString: url });
try {
  await client.connect();
  const [{ pid: database }] = (await client.query("select pg_read_file('postmaster.pid') as text")).rows.map(
    ({ text }) => ({ pid: Number(text.split('\n')[0]) }),
  );
  let token;
  for (const count of counts) {
    const maker = await start();
    token ??= maker.token;
    const asking = connectServer({ server: maker.address, token }, () => {});
    const call = async (operation, params) => must(await asking.call(operation, params));
    const made = [];
    while (ids.length < count) {
      const since = performance.now();
      const { id } = await call('workspace.create', { name: `bench-${ids.length}` });
      const at = { workspace: id };
      const changeSet = (await call('change_set.create', { ...at, name: 'first' })).id;
      const { name, spec } = schemaOf('Bench::Service', { Zone: { kind: 'string' } });
      const components = Array.from({ length: componentsEach }, (_, i) => ({
        kind: 'component.create',
        schema: name,
        name: `service-${i}`,
        attributes: { '/domain/Zone': 'zone' },
      }));
      await call('submit', { ...at, changeSet, mutations: [{ kind: 'schema.create', name, spec }, ...components] });
      await call('change_set.apply', { ...at, changeSet });
      made.push(performance.now() - since);
      ids.push(id);
      if (ids.length % 100 === 0) say(`${ids.length} of ${most} workspaces`);
    }
    await maker.close();

    const engine = await start();
    const held = async () =>
      (await client.query('select count(*)::int as n from headwater.workspace_lease where until > clock_timestamp()'))
        .rows[0].n;
    while ((await held()) < count) await sleep(20);
    const heldMs = performance.now() - engine.since;
    await sleep(2_000);
    const unused = residentMb(engine.pid);
    const [engineUnused, databaseUnused] = await idle(engine.pid, database);
    const looked = [];
    const headers = { authorization: `Bearer ${token}` };
    for (const id of ids) {
      const since = performance.now();
      const answer = await fetch(`${engine.address}/v1/w/${id}/change-sets/HEAD/components`, { headers });
      if (answer.status !== 200) throw new Error(`${id}: ${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
      looked.push(performance.now() - since);
    }
    const used = residentMb(engine.pid);
    const [engineUsed, databaseUsed] = await idle(engine.pid, database);
    await engine.close();
    const on = { workspaces: count, components: componentsEach };
    report('workspaces', 'made', median(made), 'ms', made.length, on);
    report('workspaces', 'ready', engine.readyMs, 'ms', 1, on);
    report('workspaces', 'all_held', heldMs, 'ms', 1, on);
    report('workspaces', 'first_look', median(looked), 'ms', looked.length, on);
    report('workspaces', 'memory', unused, 'MB', 1, on);
    report('workspaces', 'memory_when_looked_at', used, 'MB', 1, on);
    report('workspaces', 'idle_engine', engineUnused, 'ms/s', 1, { ...on, when_looked_at: engineUsed });
    report('workspaces', 'idle_database', databaseUnused, 'ms/s', 1, { ...on, when_looked_at: databaseUsed });
  }
} finally {
  await client.end();
  await postgres.close();
  rmSync(folder, { recursive: true, force: true });
}
