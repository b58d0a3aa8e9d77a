// The demonstration as a person starts it: what it tells is there, and nothing is left of it, however it ends.

import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DemoPlace } from './demo_place.ts';

const place = new DemoPlace();

test('[LO16] the demonstration tells what is there, a line of JSON each, and leaves nothing', async () => {
  const { code, said, errors } = await place.demo(() => false);
  expect({ code, errors }).toMatchObject({ code: 0 });
  const lines = said
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; page?: string; what?: string; lines?: string[] });
  const pages = lines.flatMap((line) => line.page ?? []).map((page) => page.replace(/<[^>]*: (\w+)">(.*)<.*/, '$1 $2'));
  expect(pages).toEqual([
    'navy Hello',
    'navy Hacked',
    'navy Hello',
    'navy Good day',
    'darkgreen Good day',
    'darkgreen Hello',
  ]);
  expect(lines.filter((line) => line.kind === 'chapter')).toHaveLength(6);
  expect(said).toContain(
    'left out: there is no PostgreSQL server at 127.0.0.1:1 (ECONNREFUSED). To have them: --postgres',
  );
  const drift = lines
    .find((line) => line.what === 'drift')
    ?.lines?.map((line) => line.trim().replace(/"port": \d+/, '…'));
  expect(drift).toEqual([
    'server /domain/State',
    'is to be  running',
    'and is    stopped',
    'settings /domain/Content',
    'is to be  { "title": "Hello", "colour": "navy", … }',
    'and is    { "title": "Hacked", "colour": "navy", … }',
  ]);
  const plans = lines.filter((line) => line.what === 'plan').map((line) => line.lines);
  expect(plans[1]?.toSorted()).toEqual(['~ update server', '~ update settings']);
  expect(lines.find((line) => line.what === 'files')?.lines).toEqual(['site', 'site/server.js', 'site/site.json']);
  expect(said).not.toContain('Token');
  expect(readdirSync(place.folder)).toEqual([]);
  expect(place.left()).toEqual([]);
}, 300_000);

test('[LO16] the demonstration that is interrupted takes away what it made', async () => {
  // While the server runs, and before it is there.
  for (const at of ['"kind":"shown","what":"page"', '"component":"program","status":"running"']) {
    const { code, errors } = await place.demo((said) => said.includes(at));
    expect([code, errors.includes('taken away')]).toEqual([130, true]);
    expect(readdirSync(place.folder)).toEqual([]);
    expect(place.left()).toEqual([]);
    expect(existsSync(place.folder)).toBe(true);
  }
}, 300_000);
