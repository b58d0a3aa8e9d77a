// What users of the HTTP API wait for, measured from outside: `headwater serve` is a process of its own, and autocannon asks it.
// Goals on 100,000 components: one component p99 under 5 ms, a durable set by 16 clients p50 under 5 and p99 under 25 ms, a page
// of 300 under 20 ms, a search by schema and value under 100 ms, the server's cold start under 2 s, and 200 ms for a command
// of the command line against it.
import { spawnSync } from 'node:child_process';
import autocannon from 'autocannon';
import { callOperation } from '../dist/engine/operations.js';
import { openFolder } from '../dist/main/data_folder.js';
import { componentId } from './support/estate.mjs';
import { median, must, picker, quantile, readOptions, report } from './support/measure.mjs';
import { forgetPages, onCopy, open, principal, workspaceName } from './support/seeded.mjs';
import { bin, serve } from './support/served.mjs';

const { sizes, scaled } = readOptions();
const warmUpSeconds = scaled(2, 1);
const seconds = scaled(10, 3);

/** Milliseconds of each answer. All of them have to be good ones. */
async function samplesOf({ url, token, connections, request }) {
  const samples = [];
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const asked = () => ({ ...request(), headers: { ...headers, ...request().headers } });
  for (const duration of [warmUpSeconds, seconds]) {
    samples.length = 0;
    const running = autocannon({
      url,
      connections,
      duration,
      headers,
      requests: [{ setupRequest: (given) => ({ ...given, ...asked() }) }],
    });
    running.on('response', (_client, status, _bytes, ms) => {
      if (status >= 300) throw new Error(`${url}: status ${status}`);
      samples.push(ms);
    });
    const { errors, timeouts } = await running;
    if (samples.length === 0 && duration === seconds) throw new Error(`${url}: no answer in ${duration} s`);
    if (errors + timeouts > 0) throw new Error(`${url}: ${errors} errors, ${timeouts} answers that did not come`);
  }
  return samples;
}

/** Milliseconds of a whole process of the command line. */
function commandMs(args, env) {
  const took = [];
  for (let i = 0; i < scaled(11); i++) {
    const since = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [bin, ...args], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    took.push(performance.now() - since);
  }
  return took;
}

for (const size of sizes) {
  const isGoal = size === 100_000;
  const tell = (metric, samples, goals = {}, more = {}) => {
    const [p50, p99] = [median(samples), quantile(samples, 0.99)];
    const goal = isGoal ? goals : {};
    const met = Object.keys(goal).length === 0 ? {} : { met: p50 < (goal.p50 ?? 1e9) && p99 < (goal.p99 ?? 1e9) };
    report('http', metric, p50, 'ms', samples.length, { size, p99, ...more, goal: JSON.stringify(goal), ...met });
  };
  await onCopy(size, async (folder) => {
    const engine = await openFolder(folder);
    const { workspace } = must(await engine.workspace(workspaceName));
    const params = { workspace: workspace.id, name: 'bench', reach: 'installation' };
    const { token } = must(await callOperation({ engine, principal, progress: () => {} }, 'token.create', params));
    const changeSet = await open(workspace, 'edited');
    await engine.close();

    const starts = [];
    for (let i = 0; i < scaled(5); i++) {
      forgetPages(folder);
      const started = await serve(folder);
      starts.push(started.readyMs);
      await started.close();
    }
    tell('cold_start', starts, { p50: 2_000 });

    const server = await serve(folder);
    try {
      const pick = picker(size);
      const of = (path) => `/v1/w/${workspace.id}/change-sets/${changeSet}${path}`;
      const url = server.address;
      const measure = (metric, connections, request, goals) =>
        samplesOf({ url, token, connections, request }).then((samples) =>
          tell(metric, samples, goals, { clients: connections }),
        );
      const get = (path) => ({ method: 'GET', path: of(path) });
      const one = () => get(`/components/${componentId(pick(size))}`);
      await measure('get_component', 1, one, { p99: 5 });
      await measure('get_component', 16, one, {});
      let serial = 0;
      const set = () => ({
        method: 'PUT',
        path: of(`/components/${componentId(pick(size))}`),
        body: JSON.stringify({ attributes: { '/domain/Description': `set ${++serial}` } }),
      });
      await measure('set_value_durable', 16, set, { p50: 5, p99: 25 });
      await measure('set_value_durable', 1, set, {});
      await measure('list_page_of_300', 1, () => get('/components?limit=300'), { p99: 20 });
      // A twentieth of the components are of this schema. The first ones are asked of a server that has looked at nothing yet.
      const search = (q) => () => get(`/search?q=${encodeURIComponent(q)}`);
      const first = [];
      for (let i = 0; i < 3; i++) {
        const since = performance.now();
        const { path } = search(`schema:Bench::Data::Database Capacity:${i}`)();
        const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
        await answer.text();
        first.push(performance.now() - since);
      }
      tell('search_first', first);
      await measure('search_schema_and_value', 1, search('schema:Bench::Data::Database Capacity:7'), { p99: 100 });
      await measure('search_schema_and_value_inside', 1, search('schema:Bench::Net::Network Tags/Value:web*'), {});
      const env = { HEADWATER_SERVER: url, HEADWATER_TOKEN: token };
      tell('command_help', commandMs(['--help'], {}), { p50: 200 });
      tell('command_change_set_list', commandMs(['change-set', 'list', '--workspace', workspace.id], env), {
        p50: 200,
      });
    } finally {
      await server.close();
    }
  });
}
