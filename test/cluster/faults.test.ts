// Under faults: see faults.ts. `npm run faults` runs more seeds, longer.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFaults } from './faults.ts';
import { Site } from './site.ts';

const seeds = (process.env['HEADWATER_SEEDS'] ?? '1').split(',').map(Number);
const seconds = Number(process.env['HEADWATER_SECONDS'] ?? 20);
let site: Site;
beforeAll(async () => {
  site = await Site.open({ engines: 3, workspaces: 3 });
}, 120_000);
afterAll(() => site?.close(), 60_000);

test.each(seeds)('three engines under faults: seed %i', { timeout: (seconds + 400) * 1_000 }, async (seed) => {
  const outcome = await runFaults(site, { seed, seconds });
  process.stderr.write(`${JSON.stringify(outcome)}\n`);
  if (process.env['DUMP'] && outcome.wrong.length > 0) {
    const rows = await site.rows<{ text: string }>('select text from action order by id');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      '/tmp/cl/actions.json',
      JSON.stringify(
        rows.map((r) => JSON.parse(r.text)),
        null,
        1,
      ),
    );
    writeFileSync('/tmp/cl/journal.json', JSON.stringify(await site.provider.journal(), null, 1));
    writeFileSync(
      '/tmp/cl/audit.json',
      JSON.stringify(
        (await site.rows<{ text: string }>('select text from audit order by workspace, position')).map((r) => r.text),
        null,
        1,
      ),
    );
    writeFileSync(
      '/tmp/cl/runs.json',
      JSON.stringify(
        (await site.rows<{ text: string }>('select text from run order by id')).map((r) => r.text),
        null,
        1,
      ),
    );
    writeFileSync('/tmp/cl/errors.txt', site.nodes.map((n) => n.served?.errors).join('\n=====\n'));
  }
  expect(outcome.wrong, outcome.history.join('\n')).toEqual([]);
  expect(outcome.edits).toBeGreaterThan(seconds);
  expect(outcome.applied).toBeGreaterThan(0);
});

test('what they have left verifies', { timeout: 120_000 }, async () => {
  for (const node of site.nodes) expect(await node.served!.stop()).toBe(0);
  expect(site.verify()).toMatchObject({ status: 0, said: { ok: true } });
});
