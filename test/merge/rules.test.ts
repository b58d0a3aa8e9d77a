// One example of each rule of the table: the state, the line of the receipt, and the other outcome that it offers.

import { describe, expect, test } from 'vitest';
import { mutationKinds, pairRule, type RuleId, ruleTable } from '../../src/merge/rules.ts';
import { rootOf } from '../laws/check.ts';
import { factIn, instead, show } from './example.ts';
import { lifeExamples, valueExamples } from './examples_of_components.ts';
import { nounExamples, schemaExamples } from './examples_of_nouns.ts';

const examples = [...valueExamples, ...lifeExamples, ...nounExamples, ...schemaExamples];

test.each(examples)('[ME10] $rule', (example) => {
  const { state, lines } = show(example);
  expect(factIn(state, example.fact)).toEqual(example.now);
  const { rule, line } = example;
  if (line === undefined) {
    expect(lines).toEqual([]);
    return;
  }
  const said = lines.find((l) => l.rule === rule);
  expect(said, `a line by ${rule}: ${JSON.stringify(lines)}`).toBeDefined();
  if (said === undefined) return;
  expect(said).toMatchObject({ outcome: line.outcome, headVersion: 9 });
  if (line.mine !== undefined)
    expect(said.mine).toMatchObject({ author: 'ann', version: 3, wanted: { kind: line.mine } });
  if (line.theirs !== undefined)
    expect(said.theirs).toMatchObject({ author: 'bob', version: 5, changeSet: 'OTHER', wanted: { kind: line.theirs } });
  const { place } = said;
  expect(said.now).toBe(place === null ? null : (state.get(place.category, place.key) ?? null));
  expect(factIn(instead(state, said), example.fact)).toEqual(line.instead);
  if (said.otherwise.length > 0) expect(rootOf(instead(state, said))).not.toBe(rootOf(state));
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
