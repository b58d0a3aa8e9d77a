// A new release, one engine and one runner after the other, while clients are at work: those of before go on with tables that the
// first of the new ones has brought up to date.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Doing, underLoad } from './faults.ts';
import { makeNextRelease } from './next_release.ts';
import { Site } from './site.ts';

/** How long releases stand beside each other after each step. */
const besideMs = 2_500;

test('[EN758] a new release takes the place of the one before under load, and nothing is lost or done twice', {
  timeout: 300_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-next-release-'));
  const program = makeNextRelease(folder);
  const site = await Site.open({ engines: 3, workspaces: 3, runners: 2 });
  const versions = async (): Promise<number> =>
    (await site.rows<{ version: number }>('select version from store_version'))[0]!.version;
  const before = await versions();
  const upgrade = async (_: Site, { tell }: Doing): Promise<void> => {
    for (const [n, node] of site.nodes.entries()) {
      await sleep(besideMs);
      const { served } = node;
      node.served = undefined;
      tell(`engine ${n} ends with ${await served!.stop()}`);
      node.program = program;
      await site.start(node);
      const runner = site.runners[n];
      if (runner === undefined) continue;
      await sleep(besideMs);
      await site.endRunner(runner);
      runner.program = program;
      await site.run(runner);
    }
  };
  try {
    const outcome = await underLoad(site, { seed: 1, seconds: 20 }, upgrade);
    expect(await versions()).toBe(before + 1);
    expect(outcome.wrong, outcome.history.join('\n')).toEqual([]);
    expect(outcome.history.filter((told) => told.endsWith('ends with 0'))).toHaveLength(3);
    expect(outcome.edits).toBeGreaterThan(20);
    expect(outcome.applied).toBeGreaterThan(0);
    for (const node of site.nodes) expect(await node.served!.stop()).toBe(0);
    // The release of before is not let in any more.
    const { status, said } = await site.command('verify', '--workspace', site.workspaces[0]!);
    expect([status, said]).toEqual([1, expect.stringContaining('store_version')]);
  } finally {
    await site.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
