// The pure units take time, chance, ids and the locale as arguments: none of the names that reach for them stands in
// their code, nor any silenced check anywhere in src/.

import { describe, expect, test } from 'vitest';
import { units } from '../../scripts/layers.mjs';
import { identifierFindings } from './checks/identifiers.ts';
import type { Unit } from './checks/imports.ts';
import { show } from './checks/source_tree.ts';
import { broken, repository } from './repository.ts';

const table: readonly Unit[] = units();

describe('pure units', () => {
  test('name nothing of the world outside', () => {
    expect(show(identifierFindings(repository, table))).toEqual([]);
  });

  test('that do are found in the fixture, and names that only look so are not', () => {
    expect(show(identifierFindings(broken, table))).toEqual([
      'src/base/world.ts:19: a comment that silences a check',
      'src/base/world.ts:7: Date in a pure unit',
      'src/base/world.ts:8: Math.random, whose result is not fixed',
      'src/base/world.ts:9: Math other than as Math.name',
      'src/base/world.ts:10: Math.pow, whose result is not fixed',
      'src/base/world.ts:11: localeCompare, which depends on the locale',
      'src/base/world.ts:12: a comparator that answers true or false; it must answer a number',
      'src/base/world.ts:13: toLocaleUpperCase, which depends on the locale',
      'src/base/world.ts:14: Intl in a pure unit',
      'src/base/world.ts:15: setTimeout in a pure unit',
      'src/base/world.ts:15: console in a pure unit',
      'src/base/world.ts:15: process in a pure unit',
      'src/base/world.ts:15: globalThis in a pure unit',
      'src/base/world.ts:15: performance in a pure unit',
      'src/base/world.ts:17: for ... in, whose order mixes integer-like and other keys',
      'src/base/world.ts:17: await: the core never waits',
    ]);
  });
});
