// Cold open: from the start of a process to its first `component.get`, the kernel's pages of the file forgotten where
// that can be asked. Each sample is a process of its own. Goal: below 1 s at 100,000 components.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { componentId } from './support/estate.mjs';
import { median, picker, quantile, readOptions, report } from './support/measure.mjs';
import { forgetPages, onCopy } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const samples = scaled(15, 2);
const child = fileURLToPath(new URL('support/open_child.mjs', import.meta.url));

for (const size of sizes) {
  await onCopy(size, (folder) => {
    const pick = picker(size + 3);
    const whole = [];
    const inside = [];
    let forgotten = true;
    for (let i = 0; i < samples; i++) {
      forgotten = forgetPages(folder) && forgotten;
      const since = performance.now();
      const { status, stdout } = spawnSync(process.execPath, [child, folder, componentId(pick(size))], {
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`the child ended with ${status}`);
      const line = JSON.parse(stdout);
      // The child says when it had its answer, on the clock that both share; closing the store comes after.
      whole.push(line.answeredAtMs - (performance.timeOrigin + since));
      inside.push(line.openMs);
    }
    const ms = median(whole);
    const goal = size === 100_000 ? { goal: 1_000, met: ms < 1_000 } : {};
    const cache = forgotten ? 'kernel empty' : 'kernel not empty';
    report('open', 'process_to_first_get', ms, 'ms', samples, { size, p95: quantile(whole, 0.95), cache, ...goal });
    report('open', 'engine_to_first_get', median(inside), 'ms', samples, { size });
  });
}
