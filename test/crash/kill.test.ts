// Killing the owner of a data folder in the middle of everything. `npm run crash` does the same for longer.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { killOnce } from './fixtures/kill.mjs';

const folders = 5;
const killsPerFolder = 5;

describe('kill -9 while editing', () => {
  test.concurrent.each(Array.from({ length: folders }, (_, i) => i))(
    '[EN27] folder %i: no acknowledged mutation is lost, and everything verifies',
    async (n) => {
      const folder = mkdtempSync(join(tmpdir(), 'headwater-crash-'));
      const acknowledged: string[] = [];
      try {
        for (let kill = 0; kill < killsPerFolder; kill++) {
          const seed = n * 1_000 + kill;
          const { problems } = await killOnce({ folder, seed, acknowledged });
          expect({ seed, problems }).toEqual({ seed, problems: [] });
        }
        expect(acknowledged.length).toBeGreaterThan(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
