// The files of the provider: what they share is the same in each, and what they say is right by their types.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { provider, providerFolder } from './container_house.ts';

const compiler = openCompiler();
afterAll(() => compiler.close());
const texts = new Map(provider.schemas.map(({ name, file }) => [name, readFileSync(providerFolder + file, 'utf8')]));

test('the part that asks the engine is the same in each file that has it', () => {
  const shared = [...texts.values()].flatMap(
    (t) => /\/\/ The engine's API\. .*\/\/ The engine's API ends here\./s.exec(t)?.[0] ?? [],
  );
  expect(shared).toHaveLength(3);
  expect(new Set(shared).size).toBe(1);
});

test('every definition is listed, and nothing is wrong with its types', async () => {
  const files = readdirSync(providerFolder).filter((name) => name.endsWith('.ts'));
  expect(files.sort()).toEqual(provider.schemas.map((s) => s.file).sort());
  for (const [name, text] of texts)
    expect([name, await compiler.check({ text, kind: 'schema-definition' })]).toEqual([name, []]);
});

test('every function that makes or changes something says that it may be called again', () => {
  for (const text of texts.values()) {
    for (const { name, kind, text: own } of compiler.functionsOf(text) ?? []) {
      if (kind !== 'action' || name === 'refresh' || name === 'list') continue;
      expect([name, own.includes('// @idempotent\n')]).toEqual([name, true]);
    }
  }
});
