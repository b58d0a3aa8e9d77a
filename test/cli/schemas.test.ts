// A type of one's own at a terminal, from the example that the demonstration uses: checked, made, bound, looked at.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

const examples = fileURLToPath(new URL('../../examples/service', import.meta.url));
const read = (file: string): string => readFileSync(join(examples, file), 'utf8');
const at = ['--change-set', 'ours'];
const type = 'Acme::Service';

/** A terminal in a folder with the example's files and some that are wrong. */
function withFiles(): Terminal {
  const t = new Terminal();
  const put = (file: string, text: string): void => writeFileSync(join(t.folder, file), text);
  for (const file of ['schema.ts', 'url.ts', 'proxy.ts', 'encrypted.ts', 'shout.ts']) put(file, read(file));
  const schema = read('schema.ts');
  put('unfinished.ts', schema.replace(".setName('Host')", ".setName('Host'"));
  put('mistyped.ts', schema.replace(".setKind('integer')", ".setKind('whole')"));
  put('failing.ts', schema.replace('    .setDefaultValue(8080)\n', '    .addChild(8080)\n'));
  put(
    'sockets.ts',
    schema.replace(
      '.addProp(host)',
      ".addProp(host)\n    .addInputSocket({ name: 'in', arity: 'one', connectionAnnotations: '[]' })",
    ),
  );
  return t;
}

test('[EN90] [EN91] a type from its definition to a component that is changed', { timeout: 300_000 }, async () => {
  const t = withFiles();
  const fn = (name: string, kind: string, ...more: string[]): string[] => [
    ...['function', 'create', name, `${name}.ts`, '--kind', kind, ...more, ...at],
  ];
  const steps: string[][] = [
    ['change-set', 'create', 'ours'],
    ['schema', 'author', 'unfinished.ts', ...at],
    ['schema', 'author', 'failing.ts', ...at],
    ['schema', 'check', 'mistyped.ts'],
    ['schema', 'check', 'failing.ts'],
    ['schema', 'check', 'schema.ts'],
    ['schema', 'author', 'schema.ts', '--name', type, ...at],
    ['schema', 'author', 'schema.ts', '--name', type, ...at],
    ['schema', 'describe', type, ...at],
    fn(
      'url',
      'attribute',
      '--schema',
      type,
      '--output',
      '/domain/Url',
      '--argument',
      'scheme=/domain/Scheme',
      '--argument',
      'host=/domain/Host',
      '--argument',
      'port=/domain/Port',
    ),
    fn('proxy', 'code-generation', '--schema', type),
    fn('encrypted', 'qualification', '--schema', type),
    fn('shout', 'transformation'),
    [
      'function',
      'create',
      'nowhere',
      'url.ts',
      '--kind',
      'attribute',
      '--schema',
      type,
      '--output',
      '/domain/Nowhere',
      ...at,
    ],
    ['component', 'create', type, 'shop', ...at],
    ['component', 'get', 'shop', '--wait', '60', ...at],
    ['component', 'set', 'shop', '/domain/Host', 'shop.example', ...at],
    ['component', 'create', type, 'other', ...at],
    ['component', 'subscribe', 'other', '/domain/Host', 'shop', '/domain/Url', '--function', 'shout', ...at],
    ['component', 'get', 'other', '--wait', '60', ...at],
    ['component', 'set', 'shop', '/domain/Scheme', 'http', ...at],
    ['component', 'get', 'shop', '--wait', '60', ...at],
    ['schema', 'author', 'sockets.ts', '--name', type, ...at],
    ['schema', 'source', 'AWS::S3::Bucket', ...at],
  ];
  const transcript: string[] = [];
  for (const step of steps) transcript.push(await t.show(...step));
  await expect(transcript.join('\n')).toMatchFileSnapshot(join(import.meta.dirname, 'fixtures/schemas.txt'));
  expect((await t.hw('schema', 'source', type, ...at)).out).toBe(readFileSync(join(t.folder, 'sockets.ts'), 'utf8'));
  const json = await t.json<{ error: { code: string; data: { diagnostics: { line: number }[] } } }>(
    'schema',
    'author',
    'failing.ts',
    ...at,
  );
  expect(json.error).toMatchObject({ code: 'function_invalid', data: { diagnostics: [{ line: 14 }] } });
});

test('[EN91] a definition that is refused leaves no change set behind that was opened for it', async () => {
  const t = withFiles();
  await t.hw('change-set', 'create', 'first');
  expect((await t.hw('schema', 'author', 'unfinished.ts')).code).toBe(1);
  const rows = await t.json<{ name: string; status: string }[]>('change-set', 'list', '--all');
  expect(rows.map((r) => `${r.name} ${r.status}`).sort()).toEqual([
    'HEAD Open',
    'first Open',
    'schema unfinished Abandoned',
  ]);
});
