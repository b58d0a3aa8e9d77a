// Three engines and four runners under faults: see faults.ts. `npm run faults` runs many seeds, longer, and keeps a ledger of them.

import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runFaults } from './faults.ts';
import { Site } from './site.ts';

const seeds = (process.env['HEADWATER_SEEDS'] ?? '1').split(',').map(Number);
const seconds = Number(process.env['HEADWATER_SECONDS'] ?? 20);
/** Where what came of each is appended, as a line. */
const ledger = process.env['HEADWATER_LEDGER'];

test.each(seeds)(
  '[EN752] nothing is lost, done twice or read behind what was written: seed %i',
  {
    timeout: (seconds + 400) * 1_000,
  },
  async (seed) => {
    const site = await Site.open({ engines: 3, workspaces: 3, runners: 4 });
    try {
      const outcome = await runFaults(site, { seed, seconds });
      for (const node of site.nodes) {
        const { served } = node;
        if ((await served!.stop()) !== 0) outcome.wrong.push(`an engine did not end well: ${served!.errors}`);
      }
      for (const workspace of site.workspaces) {
        const { status, said } = await site.command('verify', '--workspace', workspace);
        if (status !== 0) outcome.wrong.push(`verify: ${said}`);
      }
      if (ledger !== undefined) appendFileSync(ledger, `${JSON.stringify({ seed, seconds, ...outcome })}\n`);
      expect(outcome.wrong, outcome.history.join('\n')).toEqual([]);
      expect(outcome.edits).toBeGreaterThan(seconds);
      expect(outcome.applied).toBeGreaterThan(0);
    } finally {
      await site.close();
    }
  },
);
