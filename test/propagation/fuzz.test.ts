// Long random runs in their short version, and bugs planted in a copy of the source that it finds. At length:
// `npm run fuzz -- propagation`.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPlanted } from '../../scripts/fuzz.mjs';
import { root } from '../../scripts/steps.mjs';
import { runs } from '../support/model_world.ts';
import { plants, withPlant } from './fuzz/plants.mjs';
import { noneSeen, runCase, shrink } from './fuzz/run.ts';
import { failingSeeds } from './fuzz/seeds.ts';

const steps = 200;

/** What goes wrong in a case, as text to look at; '' when nothing does. */
function problemOf(seed: number, functions: boolean, seen = noneSeen()): string {
  const found = runCase({ seed, functions, steps }, seen);
  if (found === undefined) return '';
  const least = shrink(found, functions);
  return `seed ${seed}, step ${found.ops.length}: ${found.problem}\n${least.ops.map((op) => JSON.stringify(op)).join('\n')}`;
}

describe('random worlds', () => {
  test('[PR1] seeds that failed once', () => {
    for (const { seed, functions } of failingSeeds) expect(problemOf(seed, functions)).toBe('');
  });

  test.each([false, true])(
    '[PR1] every value is what a full evaluation gives, and only what had to has run (user functions: %s)',
    { timeout: 120_000 },
    (functions) => {
      const seen = noneSeen();
      const cases = runs(15);
      for (let seed = 1; seed <= cases; seed++) expect(problemOf(seed, functions, seen)).toBe('');
      expect(seen.edits).toBe(cases * steps);
      expect(seen.refused / seen.edits).toBeLessThan(0.4);
      expect(seen.checks).toBeGreaterThan(seen.edits / 2);
      expect(seen.values / seen.checks).toBeGreaterThan(10);
      expect(seen.ran).toBeGreaterThan(seen.edits / 3);
      if (functions) expect(seen.calls).toBeGreaterThan(seen.edits / 10);
    },
  );
});

describe('planted bugs', () => {
  test('[PR14] each fits the source', () => {
    for (const [name, { file }] of Object.entries(plants)) {
      const text = readFileSync(join(root, file), 'utf8');
      expect(withPlant(name, file, text), name).not.toBe(text);
    }
  });

  test.each(['users of ancestors', 'settled is not reset', 'every result is equal'])(
    '[PR14] the bug "%s" is found',
    { timeout: 120_000 },
    async (name) => {
      const folder = mkdtempSync(join(root, 'node_modules', '.planted-'));
      try {
        expect(await findPlanted(name, folder)).toBeDefined();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
