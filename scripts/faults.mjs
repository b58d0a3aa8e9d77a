// Three engines on one database under faults, seed after seed: `npm run faults -- --seeds 100 --seconds 40`. `--from S` begins with that
// seed (default 1). Each is a run of test/cluster/faults.test.ts with servers of its own. What came of each is a line of the ledger
// (`--ledger FILE`, default node_modules/.faults.jsonl); a seed that passed for as long on the same commit is not run again, so that
// a run that was ended goes on. The last line is `N passed, N failed`, of seeds.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { provide } from './needs.mjs';
import { install, root, runChild } from './steps.mjs';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '40' },
    from: { type: 'string', default: '1' },
    ledger: { type: 'string', default: join(root, 'node_modules/.faults.jsonl') },
  },
});
const [seeds, seconds, from] = [values.seeds, values.seconds, values.from].map(Number);
const { ledger } = values;
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const commit = git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes');

function passedBefore() {
  if (!existsSync(ledger)) return new Set();
  const lines = readFileSync(ledger, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return new Set(
    lines.filter((l) => l.commit === commit && l.seconds >= seconds && l.wrong.length === 0).map((l) => l.seed),
  );
}

await install();
if ((await provide(['cluster'])).length > 0) process.exit(1);
await build();
const passed = passedBefore();
let [good, bad] = [0, 0];
for (let seed = from; seed < from + seeds; seed++) {
  if (passed.has(seed)) {
    good++;
    continue;
  }
  const file = `${ledger}.${seed}`;
  const env = {
    HEADWATER_DIST_IS_BUILT: '1',
    HEADWATER_SEEDS: String(seed),
    HEADWATER_SECONDS: String(seconds),
    HEADWATER_LEDGER: file,
  };
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/cluster/faults.test.ts', '--reporter=dot'];
  const { code, output } = await runChild(process.execPath, args, { env: { ...process.env, ...env }, capture: true });
  const told = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { seed, seconds, wrong: [`it did not end: ${output.slice(-3_000)}`] };
  rmSync(file, { force: true });
  const wrong = code === 0 ? told.wrong : [...told.wrong, ...(told.wrong.length === 0 ? [output.slice(-2_000)] : [])];
  appendFileSync(ledger, `${JSON.stringify({ commit, ...told, wrong })}\n`);
  if (wrong.length === 0) good++;
  else bad++;
  const { edits = 0, applied = 0, effects = 0 } = told;
  process.stderr.write(
    `seed ${seed}: ${wrong.length === 0 ? 'passed' : 'FAILED'}, ${edits} edits, ${applied} applied, ${effects} effects; ${good} passed, ${bad} failed\n`,
  );
  for (const what of wrong) process.stdout.write(`seed ${seed}: ${what}\n`);
}
process.stdout.write(`${good} passed, ${bad} failed\n`);
process.exitCode = bad > 0 ? 1 : 0;
