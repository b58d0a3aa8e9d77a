// The first token of a data folder is told once, by a start that serves.

import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Served } from '../support/served.ts';

test('[EN804] a start that cannot listen leaves no token behind: the next one prints the first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-first-'));
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  try {
    const port = String((other.address() as AddressInfo).port);
    const failed = await Served.start(folder, ['--port', port]);
    expect([failed.address, await failed.ended]).toEqual([undefined, 1]);
    const served = await Served.start(folder);
    expect(served.token).toBeDefined();
    const { token } = served;
    expect((await fetch(`${served.address}/whoami`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      200,
    );
    await served.stop();
    const again = await Served.start(folder);
    expect(again.token).toBeUndefined();
    await again.stop();
  } finally {
    other.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
