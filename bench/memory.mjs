// Resident memory while reading and editing all over a workspace, with a chunk cache of 64 MiB: bounded by what is
// configured, not by the model. The same process then looks at 40,000 components, once each: nothing of them has to be kept. Each size
// in a process of its own, which reports the highest it saw.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readOptions, report } from './support/measure.mjs';
import { onCopy } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const cacheMiB = 64;
const operations = scaled(8_000, 50);
const looks = scaled(40_000, 50);
const child = fileURLToPath(new URL('support/memory_child.mjs', import.meta.url));

const peaks = new Map();
for (const size of sizes) {
  await onCopy(size, (folder) => {
    const { status, stdout } = spawnSync(process.execPath, [child, folder, size, operations, looks, cacheMiB], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the child ended with ${status}`);
    const { peakMiB, lookedMiB, startMiB, fileMiB } = JSON.parse(stdout);
    peaks.set(size, peakMiB);
    report('memory', 'rss_peak', peakMiB, 'MiB', operations, { size, cacheMiB, startMiB, fileMiB });
    report('memory', 'rss_looking', lookedMiB, 'MiB', Math.min(looks, size), { size, cacheMiB });
  });
}

const large = sizes.filter((n) => n >= 100_000).sort((a, b) => a - b);
if (large.length > 1) {
  const ratio = peaks.get(large.at(-1)) / peaks.get(large[0]);
  report('memory', 'rss_growth', ratio, 'times', 1, { from: large[0], to: large.at(-1), goal: 1.5, met: ratio <= 1.5 });
}
