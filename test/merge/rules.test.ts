// One example of each rule of the table: the state, the line of the receipt, and the other outcome that it offers.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRules, rulesPage } from '../../scripts/rules-doc.mjs';
import { mutationKinds, pairRule, type RuleId, ruleTable } from '../../src/merge/rules.ts';
import { exampleProblems } from './example.ts';
import { examples } from './examples.ts';

test.each(examples)('[ME10] $rule', (example) => {
  expect(exampleProblems(example)).toEqual([]);
});

describe('docs/transform-rules.md', () => {
  test('[ME9] is what scripts/rules-doc.mjs writes', async () => {
    const page = readFileSync(new URL('../../docs/transform-rules.md', import.meta.url), 'utf8');
    expect(page).toBe(rulesPage({ ruleTable, mutationKinds, pairRule }));
    expect(rulesPage(await readRules())).toBe(page);
  });

  test('is another page when the table is another', () => {
    const other = { ...ruleTable, apart: { ...ruleTable.apart, says: 'something else' } };
    expect(rulesPage({ ruleTable: other, mutationKinds, pairRule })).toContain('Something else.');
  });
});

describe('the table', () => {
  test('[ME10] has an example for each rule', () => {
    const shown = new Set<RuleId>(examples.map((e) => e.rule));
    expect(Object.keys(ruleTable).filter((rule) => !shown.has(rule as RuleId))).toEqual([]);
  });

  test('[ME9] has one rule for every pair of kinds', () => {
    for (const mine of mutationKinds)
      for (const theirs of mutationKinds) expect(ruleTable[pairRule(mine, theirs)], `${mine} ${theirs}`).toBeDefined();
  });

  test('[ME9] says of every rule when it applies and what the receipt says', () => {
    for (const [id, rule] of Object.entries(ruleTable)) {
      expect(rule.says, id).not.toBe('');
      expect(rule.when, id).not.toBe('');
      expect(rule.example, id).not.toBe('');
      const isSilent = !examples.some((e) => e.rule === id && e.line !== undefined);
      expect(rule.receipt === '', id).toBe(isSilent);
    }
  });
});
