// A management function at a terminal, from the example that the demonstration uses: shown, carried out, run again, refused.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

const examples = fileURLToPath(new URL('../../examples/service', import.meta.url));
const at = ['--change-set', 'ours'];
const type = 'Acme::Service';
const publish = ['management', 'run', 'shop', 'publish'];

test('[EN100] [EN101] [EN105] a function that publishes a service', { timeout: 300_000 }, async () => {
  const t = new Terminal();
  for (const file of ['schema.ts', 'publish.ts'])
    writeFileSync(join(t.folder, file), readFileSync(join(examples, file), 'utf8'));
  const text = readFileSync(join(examples, 'publish.ts'), 'utf8');
  writeFileSync(join(t.folder, 'misspelt.ts'), text.replace("'/domain/Value'", "'/domain/Valeu'"));
  const steps: string[][] = [
    ['change-set', 'create', 'ours'],
    ['schema', 'author', 'schema.ts', '--name', type, ...at],
    ['function', 'create', 'publish', 'publish.ts', '--kind', 'management', '--schema', type, ...at],
    ['function', 'check', 'publish', ...at],
    ['component', 'create', type, 'shop', ...at],
    ['component', 'set', 'shop', '/domain/Host', 'shop.example', ...at],
    [...publish, '--dry-run', ...at],
    [...publish, ...at],
    ['component', 'get', 'shop.host', '--wait', '60', ...at],
    [...publish, ...at],
    ['history', 'shop.host', ...at],
    ['component', 'create', type, 'bar', ...at],
    ['function', 'edit', 'publish', 'misspelt.ts', ...at],
    ['management', 'run', 'bar', 'publish', ...at],
    ['management', 'run', 'shop.host', 'publish', ...at],
    [...publish, '--change-set', 'HEAD'],
    ['management', 'run', '--help'],
  ];
  const transcript: string[] = [];
  for (const step of steps) transcript.push(await t.show(...step));
  await expect(transcript.join('\n')).toMatchFileSnapshot(join(import.meta.dirname, 'fixtures/management.txt'));
  // Opened for it, and given up when nothing came of it.
  expect((await t.hw(...publish)).code).toBe(1);
  const rows = await t.json<{ name: string; status: string }[]>('change-set', 'list', '--all');
  expect(rows.map((r) => `${r.name} ${r.status}`).sort()).toEqual([
    'HEAD Open',
    'ours Open',
    'run publish on shop Abandoned',
  ]);
});
