// Scenarios and the titles that quote them, by the letters: what edits do (A), change sets (B), values that react (C).

import { expect, test } from 'vitest';
import { type Scenarios, scenarioFindings } from './checks/scenarios.ts';
import { show } from './checks/source_tree.ts';
import { broken, repository } from './repository.ts';

const ids = (letter: string, numbers: readonly number[]) => numbers.map((n) => `${letter}${n}`);

const scenarios: Scenarios = {
  tested: [
    ...ids(
      'A',
      [1, 2, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 19, 21, 22, 23, 24, 25, 26, 27, 28, 30, 32, 33, 34, 35, 36, 38, 39],
    ),
    ...ids('B', [1, 2, 3, 4, 10, 11, 14, 15, 17, 18, 19, 21, 22, 23, 24, 26, 27, 28, 30, 31, 32, 33, 34]),
    ...ids('C', [1, 2, 3, 5, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24]),
  ],
  later: {},
  folders: { C: 'test/engine/' },
};

test('each scenario is quoted by the title of a test, or comes later', () => {
  expect(show(scenarioFindings(repository, scenarios))).toEqual([]);
});

test('a scenario without a test, an unknown one and one that is said to come later are found in the fixture', () => {
  const of: Scenarios = { tested: ['A1', 'A2', 'C1'], later: { B1: 'later' }, folders: { C: 'test/engine/' } };
  expect(show(scenarioFindings(broken, of))).toEqual([
    'test/: no test quotes A2',
    'test/engine/: no test quotes C1',
    'test/noun.test.ts:8: quotes the unknown scenario A3',
    'test/noun.test.ts:9: B1 is tested, but said to come later',
  ]);
});
