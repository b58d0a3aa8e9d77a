// Durable edits of one value per second, through `submit`: one writer that waits for each answer, sixteen writers on
// change sets of their own, and sixteen on one. Beside them the raw floor, in turns with them, so that whatever else the
// machine does falls on all alike. Goals: half of the floor with one writer, more than the floor with sixteen.
import { submit } from '../dist/engine/submit.js';
import { componentId, editedPath } from './support/estate.mjs';
import { openFloor } from './support/floor.mjs';
import { median, must, picker, readOptions, report } from './support/measure.mjs';
import { onCopy, open, principal, withWorkspace } from './support/seeded.mjs';

const { sizes, scaled } = readOptions();
const rounds = scaled(9);
const commits = scaled(1_000, 20);
const writers = 16;

const modes = [
  { metric: 'one_writer', writers: 1, changeSets: 1, goal: 0.5 },
  { metric: 'one_writer_with_key', writers: 1, changeSets: 1, keyed: true },
  { metric: 'sixteen_writers', writers, changeSets: writers, goal: 1 },
  { metric: 'sixteen_writers_one_change_set', writers, changeSets: 1, goal: 1 },
];

for (const size of sizes) {
  await onCopy(size, (folder) =>
    withWorkspace(folder, async (workspace) => {
      const floor = openFloor();
      const pick = picker(size);
      let serial = 0;
      const one = async (changeSet, keyed) => {
        const value = `edited for the ${++serial}th time`;
        const mutations = [{ kind: 'attribute.set', component: componentId(pick(size)), path: editedPath, value }];
        const key = keyed ? { idempotencyKey: `${changeSet}-${serial}` } : {};
        must(await submit(workspace, principal, { changeSet, mutations, ...key }));
      };
      const run = async (mode) => {
        const changeSets = [];
        for (let i = 0; i < mode.changeSets; i++)
          changeSets.push(await open(workspace, `${mode.metric} ${serial}.${i}`));
        let left = commits;
        const writer = async (i) => {
          while (left-- > 0) await one(changeSets[i % changeSets.length], mode.keyed);
        };
        const since = performance.now();
        await Promise.all(Array.from({ length: mode.writers }, (_, i) => writer(i)));
        return performance.now() - since;
      };

      for (const mode of modes) await run(mode);
      floor.run(commits);
      const rates = new Map(modes.map((m) => [m.metric, []]));
      const ratios = new Map(modes.map((m) => [m.metric, []]));
      const floors = [];
      for (let round = 0; round < rounds; round++) {
        for (const mode of modes) {
          const before = floor.run(commits);
          const ms = await run(mode);
          const floorMs = (before + floor.run(commits)) / 2;
          floors.push((commits / floorMs) * 1_000);
          rates.get(mode.metric).push((commits / ms) * 1_000);
          ratios.get(mode.metric).push(floorMs / ms);
        }
      }
      floor.close();
      const n = rounds * commits;
      report('submit', 'floor', median(floors), 'commits/s', floors.length * commits * 2, { size });
      for (const { metric, goal } of modes) {
        const ratio = median(ratios.get(metric));
        const more = goal === undefined ? {} : { goal, met: ratio >= goal };
        report('submit', metric, median(rates.get(metric)), 'mutations/s', n, { size, peer: 'floor', ratio, ...more });
      }
    }),
  );
}
