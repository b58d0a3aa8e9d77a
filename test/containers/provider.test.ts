// The files of the provider: what they share is the same in each, and what they say is right by their types.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { schemasOf } from '../support/provider_house.ts';

const compiler = openCompiler();
afterAll(() => compiler.close());
const texts = new Map(schemasOf('containers').map(({ name, text }) => [name, text]));
const folder = fileURLToPath(new URL('../../providers/containers/', import.meta.url));
interface Described {
  readonly schemas: readonly { readonly file: string; readonly with?: readonly string[] }[];
}

test('the part that asks the engine is the same in each file that has it', () => {
  const shared = [...texts.values()].flatMap(
    (t) => /\/\/ The engine's API\. .*\/\/ The engine's API ends here\./s.exec(t)?.[0] ?? [],
  );
  expect(shared).toHaveLength(3);
  expect(new Set(shared).size).toBe(1);
});

test('every definition is listed, and nothing is wrong with its types', async () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const { schemas } = JSON.parse(readFileSync(`${folder}provider.json`, 'utf8')) as Described;
  const named = new Set(schemas.flatMap((s) => [...(s.with ?? []), s.file]));
  expect(files.sort()).toEqual([...named].sort());
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
