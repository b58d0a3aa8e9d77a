// Writing a function at a terminal: made from a file, checked, tried, asked about; its runs listed, followed and ended.

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Page } from '../../src/engine/component.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { caretLines } from '../../src/surfaces/cli/render_run.ts';
import { Terminal } from './terminal.ts';

const web = fileURLToPath(new URL('./fixtures/web.json', import.meta.url));
const files: Readonly<Record<string, string>> = {
  'url.ts': 'function main({ host, port }) {\n  console.log("making", host);\n  return `http://${host}:${port}`;\n}\n',
  'misspelt.ts': 'function main({ host, port }) {\n  return host.toUperCase() + port;\n}\n',
  'unfinished.ts': 'function main({ host, port }) {\n\treturn host +;\n}\n',
  'portOk.ts':
    "function main(c) {\n  return c.domain.Port < 1024 ? { result: 'warning', message: 'privileged' } : { result: 'success' };\n}\n",
};

/** A terminal in a folder with those files. */
function withFiles(): Terminal {
  const t = new Terminal();
  copyFileSync(web, join(t.folder, 'web.json'));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(t.folder, file), text);
  return t;
}

const at = ['--change-set', 'first'];
const attach = [
  '--schema',
  'Web',
  '--argument',
  'host=/domain/Host',
  '--argument',
  'port=/domain/Port',
  '--output',
  '/domain/Url',
];

test('a function from its first text to the question why it ran', async () => {
  const t = withFiles();
  const steps: string[][] = [
    ['change-set', 'create', 'first'],
    ['submit', 'web.json', ...at],
    ['function', 'create', 'url', 'unfinished.ts', '--kind', 'attribute', ...attach, ...at],
    ['function', 'create', 'url', 'url.ts', '--kind', 'attribute', ...attach, ...at],
    ['function', 'create', 'portOk', 'portOk.ts', '--kind', 'qualification', '--schema', 'Web', ...at],
    ['function', 'list', ...at],
    ['function', 'show', 'url', ...at],
    ['function', 'check', 'url', '--text', 'misspelt.ts', ...at],
    ['function', 'check', 'url', ...at],
    ['function', 'test', 'url', '--component', 'web', ...at],
    ['function', 'test', 'url', '--component', 'web', '--text', 'misspelt.ts', ...at],
    ['function', 'test', 'url', '--component', 'web', '--text', 'unfinished.ts', ...at],
    ['function', 'test', 'url', ...at],
    ['component', 'get', 'proxy', ...at, '--wait', '60'],
    ['explain', 'proxy', '/domain/Upstream', ...at, '--wait', '60'],
    ['blast-radius', 'web', '/domain/Port', ...at],
    ['component', 'set', 'web', '/domain/Port', '8080', ...at],
    ['component', 'get', 'web', ...at, '--wait', '60'],
    ['why', 'web', '/domain/Url', ...at, '--wait', '60'],
    ['why', 'web', '/domain/Host', ...at],
    ['function', 'lock', 'url', ...at],
    ['function', 'detach', 'portOk', ...at],
    ['function', 'list', '--kind', 'qualification', ...at],
    ['run', 'list', '--status', 'broken'],
    ['run', 'show', 'nothing'],
    ['run', 'prune', '--keep', '0'],
    ['run', 'list', ...at],
    ['memo', 'clear'],
  ];
  const transcript: string[] = [];
  for (const step of steps) transcript.push(plain(await t.show(...step)));
  await expect(transcript.join('\n')).toMatchFileSnapshot(join(import.meta.dirname, 'fixtures/functions.txt'));
}, 180_000);

/** Without what differs from run to run. */
function plain(text: string): string {
  return text
    .replaceAll(/ by \S+, TIME,/g, ' by USER, TIME,')
    .replaceAll(/, \d+\.\d ms/g, ', N ms')
    .replaceAll(/, \d+ MiB/g, '')
    .replaceAll(/\d+ (runs?) removed/g, 'N runs removed')
    .replaceAll(/\d+ results? forgotten/g, 'N results forgotten');
}

test('a run is followed while it runs, seen and ended from another terminal', async () => {
  const t = withFiles();
  writeFileSync(
    join(t.folder, 'ticking.ts'),
    'async function main() { for (let i = 0; ; i++) { console.log("tick", i); await new Promise((r) => setTimeout(r, 50)); } }',
  );
  writeFileSync(join(t.folder, 'input.json'), '{}');
  const testing = t.run(['function', 'test', 'x', '--kind', 'action', '--text', 'ticking.ts', '--input', 'input.json']);
  let run: RunRecord | undefined;
  while (run === undefined) {
    const page = await t.json<Page<RunRecord>>('run', 'list', '--status', 'running');
    run = page.items[0];
  }
  const following = t.run(['run', 'log', run.id, '--follow', '--json']);
  await t.hw('run', 'log', run.id);
  const killed = await t.json<RunRecord>('run', 'kill', run.id);
  expect(killed).toMatchObject({ id: run.id, status: 'cancelled', failure: { code: 'killed' } });
  const followed = await following;
  const lines = followed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { seq: number; text: string });
  expect(lines.map((l) => l.seq)).toEqual(lines.map((_, i) => i + 1));
  expect(lines[0]!.text).toBe('tick 0');
  expect(followed.code).toBe(1);
  const said = await testing;
  expect(said.code).toBe(1);
  expect(said.out).toMatch(/^killed: /m);
  // It is on record after the process that ran it has ended.
  expect(await t.json('run', 'show', run.id)).toMatchObject({ status: 'cancelled' });
  expect((await t.hw('run', 'kill', run.id)).err).toMatch(/run not active/);
}, 120_000);

test('types for an editor, and a text taken out and put back', async () => {
  const t = withFiles();
  await t.hw('change-set', 'create', 'first');
  await t.hw('submit', 'web.json', ...at);
  await t.hw('function', 'create', 'url', 'url.ts', '--kind', 'attribute', ...attach, ...at);
  expect((await t.hw('function', 'types', 'url', ...at)).out).toMatch(/interface Input \{[^}]*port: number;/);
  expect((await t.hw('function', 'show', 'url', '-o', 'out.ts', ...at)).out).toBe('Wrote out.ts.\n');
  const again = await t.hw('function', 'edit', 'url', 'out.ts', ...at);
  expect(again.out).toMatch(/Nothing to change/);
  expect((await t.hw('function', 'attach', 'url', '--schema', 'Web', '--argument', 'host', ...at)).err).toMatch(
    /NAME=\/pointer/,
  );
}, 60_000);

test('the caret stands under its place: behind tabs, in long lines, and as wide as what is meant', () => {
  expect(caretLines('\tlet x = y;', 12, 10, 1)).toEqual(['  12 | \tlet x = y;', '       \t        ^']);
  expect(caretLines('let x = why;', 1, 9, 3)).toEqual(['  1 | let x = why;', '              ^^^']);
  const [shown, caret] = caretLines(`${'a'.repeat(500)}HERE${'b'.repeat(500)}`, 1, 501, 4);
  expect(shown!.length).toBeLessThan(200);
  expect(shown!.slice(caret!.indexOf('^'), caret!.lastIndexOf('^') + 1)).toBe('HERE');
  expect(caretLines(undefined, 9, 1, 1)).toEqual([]);
});
