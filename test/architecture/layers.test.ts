// The order of the layers: the compiler configuration is what the layer table gives, the table in src/README.md says the
// same, and no import in src/ goes against it. The fixture holds one import of every forbidden kind.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tsconfigOf, units } from '../../scripts/layers.mjs';
import { importFindings, packagesOfPureUnits, type Unit } from './checks/imports.ts';
import { readSources, show } from './checks/source_tree.ts';
import { broken, repository } from './repository.ts';

const table: readonly Unit[] = units();
const text = (path: string): string => readFileSync(join(repository, path), 'utf8');

describe('the layer table', () => {
  test('every unit has the compiler configuration that the table gives', () => {
    expect(table.length).toBeGreaterThanOrEqual(17);
    for (const unit of units()) {
      const stored = JSON.parse(text(`src/${unit.id}/tsconfig.json`));
      expect(stored, unit.id).toEqual(JSON.parse(tsconfigOf(unit)));
    }
  });

  test('the root configuration references every unit in order', () => {
    const references = JSON.parse(text('tsconfig.json')).references as { path: string }[];
    expect(references.map((r) => r.path)).toEqual(table.map((unit) => `src/${unit.id}`));
  });

  test('pure units compile without the globals of Node', () => {
    const { compilerOptions } = JSON.parse(text('tsconfig.pure.json'));
    expect(compilerOptions).toEqual({ lib: ['es2023'], types: [] });
  });

  test('src/README.md shows the table', () => {
    const rows = text('src/README.md')
      .split('\n')
      .filter((line) => /^\| `/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
      .map(([, id, kind, from]) => ({ id, pure: kind === 'pure', from }));
    expect(rows.map(({ id, pure }) => ({ id, pure }))).toEqual(table.map(({ id, pure }) => ({ id, pure })));
    const folders = (ids: readonly string[]): string[] => [...new Set(ids.map((id) => id.split('/')[0] ?? ''))];
    for (const [i, unit] of table.entries()) {
      const above = folders(unit.mayImport);
      const said = rows[i]?.from === 'nothing' ? [] : rows[i]?.from?.split(', ');
      expect(said, unit.id).toEqual(above.length > 4 ? [`everything above ${unit.id.split('/')[0]}`] : above);
    }
  });
});

describe('imports', () => {
  test('go only where the table allows', () => {
    expect(readSources(repository, 'src').length).toBeGreaterThanOrEqual(40);
    expect(show(importFindings(repository, table))).toEqual([]);
  });

  test('of packages by pure units are few', () => {
    expect(packagesOfPureUnits).toEqual({ formats: ['yaml'], merge: ['@codemirror/state'] });
  });

  test('of every forbidden kind are found in the fixture', () => {
    expect(show(importFindings(broken, table))).toEqual([
      'src/adapters/memory/store.ts:3: adapters/memory may not import adapters/sqlite',
      'src/adapters/sqlite/store.ts:3: left-pad is not a dependency of package.json',
      'src/base/upward.ts:3: base may not import model',
      'src/base/upward.ts:4: base may not import model',
      'src/base/upward.ts:5: base may not import model',
      'src/base/upward.ts:6: base may not import model',
      'src/base/world.ts:3: base is pure and may not import node:fs',
      'src/base/world.ts:4: base is pure and may not import path',
      'src/base/world.ts:5: base is pure and may not import yaml',
      'src/elsewhere/stray.ts: belongs to no unit of the layer table',
      'src/main/bin.ts:9: imports src/elsewhere/stray.ts, which belongs to no unit of src/',
    ]);
  });

  test('are read at all: an empty tree is an error', () => {
    expect(() => importFindings(join(broken, 'src/main'), table)).toThrow();
  });
});
