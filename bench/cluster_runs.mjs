// Calls of a function per second through two runners in processes of their own, over NATS JetStream, each with a durable record and
// its result in the memo on PostgreSQL; and from being asked for to being recorded, p50 and p99, at a modest pace. Beside it, on the
// same PostgreSQL with two workers in processes of their own, the same function as jobs of graphile-worker and pg-boss, each
// as it comes and in batches, which run it unconfined and keep no result; and a bare message through JetStream and back. Turn by turn.
// Also: functions that only wait, on one runner and on two. Goals: three times graphile-worker as it comes and pg-boss, and before both in p99; two runners 1.8 times one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { makeWorkerUtils } from 'graphile-worker';
import PgBoss from 'pg-boss';
import { openCompiler } from '../dist/adapters/compiler/compiler.js';
import { openEngineNode } from '../dist/adapters/nats/engine_node.js';
import { openPostgresStore } from '../dist/adapters/postgres/store.js';
import { systemWorld } from '../dist/adapters/system/world.js';
import { Dispatcher } from '../dist/engine/dispatcher.js';
import { FunctionCalls } from '../dist/engine/function_calls.js';
import { StoreWorld } from '../dist/ports/conformance/store_world.js';
import { noObserver } from '../dist/ports/observer.js';
import { fromTests } from './support/from_tests.mjs';
import { median, quantile, readOptions, report, say } from './support/measure.mjs';
import { plainly } from './support/nats_address.mjs';

const { scaled } = readOptions();
const jobs = scaled(20_000, 200);
const rounds = scaled(3, 1);
/** Jobs that are there and not done, while it is measured how many are done. */
const underWay = 1_000;
const chunk = 100;
const paced = { perSecond: 100, count: scaled(600, 30) };
const goalTimes = 3;
const goalTwo = 1.8;
const servers = 2;
const now = () => performance.timeOrigin + performance.now();
/** Calls that were asked for in all rounds: the same call is never made twice. */
let asked = 0;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Each: `add(list)` puts `{ i, at }` in, `heard` is called with `(i, ms)` when one is recorded as done. */
class Contestant {
  #heard = () => {};
  #close = [];
  constructor(name, add, more = {}) {
    Object.assign(this, { name, add, ...more });
  }
  tell(i, ms) {
    this.#heard(i, ms);
  }
  closing(body) {
    this.#close.unshift(body);
  }
  async close() {
    for (const body of this.#close) await body();
  }
  /** Jobs per second, with so many under way all the time. */
  async drain(count) {
    let added = 0;
    let done = 0;
    const samples = [];
    const since = now();
    await new Promise((resolve) => {
      const more = () => {
        while (added < count && added - done <= underWay - chunk) {
          const at = now();
          const list = Array.from({ length: Math.min(chunk, count - added) }, () => ({ i: added++, at }));
          void this.add(list);
        }
      };
      this.#heard = (_, ms) => {
        samples.push(ms);
        if (++done === count) resolve();
        else more();
      };
      more();
    });
    return { perSecond: (count / (now() - since)) * 1_000, samples };
  }
  /** Milliseconds of each, one after another at a pace that leaves most of the machine free. */
  async pace({ perSecond, count }) {
    const samples = [];
    let resolve;
    const all = new Promise((r) => {
      resolve = r;
    });
    this.#heard = (_, ms) => {
      if (samples.push(ms) === count) resolve();
    };
    const since = now();
    for (let i = 0; i < count; i++) {
      await sleep(Math.max(0, since + (i * 1_000) / perSecond - now()));
      void this.add([{ i, at: now() }]);
    }
    await all;
    return samples;
  }
}

function workers(contestant, kind, address) {
  return Promise.all(
    Array.from({ length: servers }, () => {
      const file = fileURLToPath(new URL('support/queue_worker.mjs', import.meta.url));
      const child = spawn(process.execPath, [file, kind, address], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      contestant.closing(async () => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      });
      return new Promise((resolve, reject) => {
        child.on('message', (told) => {
          if (told === 'ready') resolve();
          else for (const [i, ms] of told) contestant.tell(i, ms);
        });
        child.once('exit', (code) => reject(new Error(`a worker of ${kind} ended with ${code}`)));
      });
    }),
  );
}

async function graphile(url, isBatched) {
  const utils = await makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  const add = (list) => utils.addJobs(list.map((payload) => ({ identifier: 'add', payload })));
  const kind = isBatched ? 'graphile_batched' : 'graphile';
  const it = new Contestant(isBatched ? 'graphile-worker, batched' : 'graphile-worker', add, { isGoal: !isBatched });
  it.closing(() => utils.release());
  await workers(it, kind, url);
  return it;
}

async function boss(url, isBatched) {
  const queue = new PgBoss({ connectionString: url, max: 4 });
  await queue.start();
  await queue.createQueue('add');
  const it = new Contestant(
    isBatched ? 'pg-boss, batched' : 'pg-boss',
    (list) => queue.insert(list.map((data) => ({ name: 'add', data }))),
    {
      isGoal: !isBatched,
    },
  );
  it.closing(() => queue.stop({ graceful: false, wait: true }));
  await workers(it, isBatched ? 'pg_boss_batched' : 'pg_boss', url);
  return it;
}

async function bare(address) {
  const nc = await connect(plainly(address));
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: 'bare', subjects: ['bare.jobs'], retention: 'workqueue' });
  await manager.consumers.add('bare', { durable_name: 'bare', ack_policy: 'explicit', max_ack_pending: 10_000 });
  const js = jetstream(nc);
  const add = (list) => Promise.all(list.map((job) => js.publish('bare.jobs', JSON.stringify(job))));
  const it = new Contestant('a bare message through JetStream', add);
  nc.subscribe('bare.done', {
    callback: (_, m) => {
      const { i, at } = m.json();
      it.tell(i, now() - at);
    },
  });
  it.closing(() => nc.close());
  await workers(it, 'bare', address);
  return it;
}

async function ours(url, address) {
  const store = await openPostgresStore({ url, isAlone: true });
  const world = systemWorld();
  const w = new StoreWorld(store, world.digest);
  await w.found();
  const node = await openEngineNode({ url: address });
  const dispatcher = new Dispatcher([]);
  const unfollow = node.changes((served) => dispatcher.serve(served));
  const compiler = openCompiler();
  const times = new Map();
  const text = 'function main({ n }) { return n + 1; }';
  const hash = world.digest(text);
  const calls = new FunctionCalls({
    workspace: w.workspace,
    store: store.runs,
    world,
    observer: noObserver,
    host: { compiler, runners: [dispatcher.inFront('isolate')] },
    textOf: async () => text,
    credentials: async () => {
      throw new Error('nothing here has secrets');
    },
    serves: (of) => dispatcher.serves(of),
    recorded: (records) => {
      for (const { component, status } of records) {
        if (status !== 'succeeded') throw new Error(`a run ${status}`);
        const { i, at } = times.get(component);
        times.delete(component);
        it.tell(i, now() - at);
      }
    },
  });
  const fn = world.ids.ulid();
  const add = async (list) => {
    for (const job of list) {
      const component = `c${++asked}`;
      times.set(component, job);
      calls.ask({
        key: world.digest(component),
        call: { function: fn, name: 'add', kind: 'attribute', text: hash, input: `{"n":${asked}}` },
        at: { component, path: '/domain/Next' },
        changeSet: w.head,
        actor: 'bench',
        isWished: false,
        deliver: () => {},
      });
    }
  };
  const it = new Contestant('runs', add, { isOurs: true });
  for (let i = 0; i < servers; i++) it.closing(startRunner(address));
  it.closing(async () => {
    await calls.flushed();
    unfollow();
    await dispatcher.inFront('isolate').close();
    await node.close();
    await compiler.close();
    await store.close();
  });
  while (dispatcher.inFront('isolate').capacity.cpus < servers) await sleep(20);
  return it;
}

function startRunner(address, ...args) {
  const bin = fileURLToPath(new URL('../dist/main/headwater.js', import.meta.url));
  const child = spawn(process.execPath, [bin, 'runner', '--nats', address, '--cpus', '1', ...args], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

/** Functions with effects per second that do nothing but wait, ten at once on each of so many runners. */
async function waiting(address, runners) {
  const node = await openEngineNode({ url: address });
  let served = [];
  const unfollow = node.changes((now_) => {
    served = now_;
  });
  const stops = Array.from({ length: runners }, () => startRunner(address, '--memory', '4096'));
  try {
    const tier = () => served.find((r) => r.tier === 'process');
    while (tier() === undefined || tier().capacity.cpus < runners) await sleep(20);
    const waitMs = scaled(2_000, 200);
    const script = `async function main() { await new Promise((done) => setTimeout(done, ${waitMs})); }`;
    const bounds = { timeMs: 60_000, memoryBytes: 64 * 1024 * 1024, cpus: 0.1, outputBytes: 1_024 };
    const count = 10 * runners * scaled(4, 1);
    const one = async () => {
      const request = {
        id: systemWorld().ids.ulid(),
        kind: 'action',
        tier: 'process',
        name: 'waits',
        code: { hash: 'waits', script },
      };
      const all = { ...request, input: '{}', limits: bounds, allow: { network: [], commands: [] } };
      const { outcome } = await tier().run(all, { started() {}, log() {} });
      if (!outcome.ok) throw new Error(`a run that waits: ${outcome.message}`);
    };
    const since = now();
    await Promise.all(Array.from({ length: count }, one));
    return { perSecond: (count / (now() - since)) * 1_000, count, waitMs };
  } finally {
    unfollow();
    for (const stop of stops) await stop();
    await node.close();
  }
}

/** Opened for its turn and closed behind it, so that nobody's workers look for work in another's turn. */
async function turn(open, figures) {
  const it = await open();
  try {
    await it.drain(Math.min(jobs, 5_000));
    const { perSecond, samples } = await it.drain(jobs);
    const alone = await it.pace(paced);
    const known = figures.get(it.name) ?? { it, rates: [], full: [], paced: [] };
    figures.set(it.name, known);
    known.rates.push(perSecond);
    known.full.push(...samples);
    known.paced.push(...alone);
    say(
      `${it.name}: ${Math.round(perSecond)}/s, at a pace ${quantile(alone, 0.5).toFixed(1)} and ${quantile(alone, 0.99).toFixed(1)} ms`,
    );
  } finally {
    await it.close();
  }
}

const hasNats = existsSync('/usr/sbin/nats-server');
if (!hasNats) say('no nats-server: apt-get install nats-server; the peers alone are measured');
const { PostgresServer } = await fromTests('postgres_server');
const settings = { fsync: 'on', log_statement: 'none' };
const postgres = await PostgresServer.open(settings);
const { NatsServer } = await fromTests('nats_server');
const nats = hasNats ? await NatsServer.open() : undefined;
try {
  const url = postgres.urlOf('postgres');
  const figures = new Map();
  let round = 0;
  const all = [() => graphile(url, false), () => graphile(url, true), () => boss(url, false), () => boss(url, true)];
  if (nats !== undefined) {
    all.splice(1, 0, () => ours(`${url}?schema=unused`, nats.urlOf('engine', `?installation=bench-${round}`)));
    all.push(() => bare(nats.urlOf('engine')));
  }
  for (round = 0; round < rounds; round++) for (const open of all) await turn(open, figures);
  const mine = figures.get('runs');
  const beside = { durable: settings.fsync, runners: servers, under_way: underWay };
  for (const { it, rates, full, paced: alone } of figures.values()) {
    const metric = it.isOurs ? 'runs' : it.name.replaceAll(/[^a-z]+/gi, '_');
    const rate = median(rates);
    const ratio = mine === undefined || it.isOurs ? {} : { ratio: median(mine.rates) / rate };
    const goal = it.isGoal && mine !== undefined ? { goal: goalTimes, met: ratio.ratio >= goalTimes } : {};
    const more = it.isOurs ? {} : { peer: it.name };
    report('cluster_runs', `${metric}_per_second`, rate, 'jobs/s', jobs * rounds, {
      ...beside,
      ...more,
      ...ratio,
      ...goal,
    });
    for (const [what, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ]) {
      const value = quantile(alone, share);
      const own = mine === undefined || it.isOurs ? {} : { ours: quantile(mine.paced, share) };
      const isBefore = it.isGoal && what === 'p99' && mine !== undefined ? { met: own.ours < value } : {};
      report('cluster_runs', `${metric}_${what}`, value, 'ms', alone.length, {
        per_second: paced.perSecond,
        ...more,
        ...own,
        ...isBefore,
      });
      report('cluster_runs', `${metric}_full_${what}`, quantile(full, share), 'ms', full.length, {
        ...beside,
        ...more,
      });
    }
  }
  if (nats !== undefined) {
    const [one, two] = [
      await waiting(nats.urlOf('engine', '?installation=one'), 1),
      await waiting(nats.urlOf('engine', '?installation=two'), 2),
    ];
    const ratio = two.perSecond / one.perSecond;
    const more = { wait_ms: two.waitMs, one_runner: one.perSecond, ratio, goal: goalTwo, met: ratio >= goalTwo };
    report('cluster_runs', 'waiting_two_runners', two.perSecond, 'runs/s', two.count, more);
  }
} finally {
  await nats?.close();
  await postgres.close();
}
