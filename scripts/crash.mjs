// `npm run crash`: kills the owner of a data folder with SIGKILL after seeded delays and checks each time that nothing
// acknowledged is lost. HEADWATER_CRASH_RUNS: how many kills (default 300); HEADWATER_CRASH_SEED: the first seed
// (default 1), so that a failure can be repeated. The last line is `N passed, N failed`.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { killOnce } from '../test/crash/fixtures/kill.mjs';
import { build } from './build.mjs';
import { install } from './steps.mjs';

const runs = Number(process.env.HEADWATER_CRASH_RUNS || 300);
const firstSeed = Number(process.env.HEADWATER_CRASH_SEED || 1);
/** Kills on one folder, one after another: what the next process recovers is killed again. */
const killsPerFolder = 5;

await install();
if (process.env.HEADWATER_DIST_IS_BUILT !== '1') await build();
let next = 0;
const tally = { passed: 0, failed: 0, acknowledged: 0 };

async function work() {
  while (next < runs) {
    const from = next;
    next += killsPerFolder;
    const folder = mkdtempSync(join(tmpdir(), 'headwater-crash-'));
    const acknowledged = [];
    for (let i = from; i < Math.min(from + killsPerFolder, runs); i++) {
      const seed = firstSeed + i;
      const { delayMs, problems } = await killOnce({ folder, seed, acknowledged });
      tally[problems.length === 0 ? 'passed' : 'failed']++;
      if (problems.length > 0)
        process.stdout.write(`seed ${seed}, ${delayMs} ms: ${problems.slice(0, 5).join('\n  ')}\n`);
      if ((tally.passed + tally.failed) % 25 === 0)
        process.stderr.write(`${tally.passed + tally.failed} of ${runs} kills\n`);
    }
    tally.acknowledged += acknowledged.length;
    rmSync(folder, { recursive: true, force: true });
  }
}

await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
process.stdout.write(`${tally.acknowledged} acknowledged mutations looked for\n`);
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`);
process.exitCode = tally.failed > 0 ? 1 : 0;
