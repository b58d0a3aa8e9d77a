// Bugs planted in a copy of src/merge: here the list is complete and fits the source, and some of them are found. All of
// them: `npm run laws -- --planted`.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPlanted } from '../../scripts/laws.mjs';
import { root } from '../../scripts/steps.mjs';
import { ruleTable } from '../../src/merge/rules.ts';
import { planted, plants } from './plants.mjs';

test('[ME11] there is a bug for every rule, and it fits the source', () => {
  expect(Object.keys(plants).sort()).toEqual(Object.keys(ruleTable).sort());
  for (const [rule, [file]] of Object.entries(plants)) {
    const text = readFileSync(join(root, file!), 'utf8');
    expect(planted(rule, file!, text), rule).not.toBe(text);
  }
});

test.each(['whole-part', 'value-cycle', 'property-max'])(
  '[ME11] the bug of %s is found',
  { timeout: 60_000 },
  async (rule) => {
    const folder = mkdtempSync(join(root, 'node_modules', '.planted-'));
    try {
      expect(await findPlanted(rule, folder)).toBeDefined();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
