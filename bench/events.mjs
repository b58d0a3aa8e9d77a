// What following costs: 1,000 idle event streams over HTTP, in memory of the server and in the latency of a set, in turns
// with none; and what a set costs when all of them are told of it. The clients are another process. Goals: under 40 MiB,
// and under a tenth of the latency.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { callOperation } from '../dist/engine/operations.js';
import { submit } from '../dist/engine/submit.js';
import { openFolder } from '../dist/main/data_folder.js';
import { serveHttp } from '../dist/surfaces/http/server.js';
import { componentId, editedPath } from './support/estate.mjs';
import { median, must, readOptions, report } from './support/measure.mjs';
import { onCopy, open, principal, workspaceName } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const streams = scaled(1_000, 10);
const rounds = scaled(9);
const commits = scaled(300, 20);
const size = sizes[0];
const clientProgram = fileURLToPath(new URL('support/event_clients.mjs', import.meta.url));

/** Follows with so many streams; answers how to end them. */
async function follow(url, token, count = streams) {
  const child = spawn(process.execPath, [clientProgram, url, token, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error('the clients ended')));
  });
  return async () => {
    child.removeAllListeners('exit');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
    await settled();
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 300));

/** Bytes in use, once what is not needed is gone. */
async function inUse() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await settled();
  }
  return process.memoryUsage().rss;
}

await onCopy(size, async (folder) => {
  const engine = await openFolder(folder);
  const { workspace } = must(await engine.workspace(workspaceName));
  const call = async (operation, params) =>
    must(
      await callOperation({ engine, principal, progress: () => {} }, operation, { workspace: workspace.id, ...params }),
    );
  const server = await serveHttp({ engine, host: '127.0.0.1', port: 0, version: '0', requestsPerMinuteMax: 1e9 });
  const { token } = await call('token.create', { name: 'bench', reach: 'installation' });
  const edited = await open(workspace, 'edited');
  const quiet = await open(workspace, 'quiet');
  const of = (path) => `${server.address}/v1/w/${workspace.id}${path}`;
  let serial = 0;
  const run = async () => {
    const took = [];
    for (let i = 0; i < commits; i++) {
      const value = `set ${++serial}`;
      const mutations = [{ kind: 'attribute.set', component: componentId(serial % size), path: editedPath, value }];
      const since = performance.now();
      must(await submit(workspace, principal, { changeSet: edited, mutations }));
      took.push(performance.now() - since);
    }
    return median(took);
  };
  try {
    await run();
    // A few first bring the code with them: what is measured is what the streams themselves hold.
    await (await follow(of(`/change-sets/${quiet}/events`), token, scaled(20)))();
    const before = await inUse();
    const endFirst = await follow(of(`/change-sets/${quiet}/events`), token);
    const bytes = (await inUse()) - before;
    await endFirst();
    report('events', 'idle_streams_memory', bytes / 1024 / 1024, 'MiB', 1, { streams, goal: 40 });

    const alone = [];
    const idle = [];
    const told = [];
    for (let round = 0; round < rounds; round++) {
      alone.push(await run());
      for (const [path, into] of [
        [`/change-sets/${quiet}/events`, idle],
        ['/events?kinds=mutation', told],
      ]) {
        const end = await follow(of(path), token);
        into.push(await run());
        await end();
      }
      alone.push(await run());
    }
    const base = median(alone);
    report('events', 'set_alone', base * 1_000, 'us', rounds * 2 * commits);
    for (const [metric, samples, more] of [
      ['set_beside_idle_streams', idle, { goal: 0.1 }],
      ['set_told_to_all_streams', told, {}],
    ]) {
      const ratio = median(samples) / base - 1;
      report('events', metric, median(samples) * 1_000, 'us', rounds * commits, { streams, more: ratio, ...more });
    }
  } finally {
    await server.close();
    await engine.close();
  }
});
