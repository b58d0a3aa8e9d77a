// The demonstration as a person starts it: what it tells is there, and nothing is left of it, however it ends.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../../dist/main/bin.js', import.meta.url));

/** Where all of it takes place. */
const folder = mkdtempSync(join(tmpdir(), 'headwater-demo-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Ids of processes that were started with the folder in their environment or arguments. */
function left(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
        return ['environ', 'cmdline'].some((of) => readFileSync(`/proc/${pid}/${of}`, 'utf8').includes(folder));
      } catch {
        return false;
      }
    });
}

async function demo(
  stopWhen: (said: string) => boolean,
): Promise<{ code: number | null; said: string; errors: string }> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: folder };
  const child = spawn(process.execPath, [bin, 'demo', '--json'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, errors, isStopped] = ['', '', false];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (isStopped || !stopWhen(said)) return;
    isStopped = true;
    child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said, errors };
}

test('[LO16] the demonstration tells what is there, a line of JSON each, and leaves nothing', async () => {
  const { code, said, errors } = await demo(() => false);
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
  const drift = lines
    .find((line) => line.what === 'drift')
    ?.lines?.map((line) => line.trim().replace(/"port": \d+/, '…'));
  expect(drift).toEqual([
    'settings /domain/Content',
    'is to be  { "title": "Hello", "colour": "navy", … }',
    'and is    { "title": "Hacked", "colour": "navy", … }',
    'server /domain/State',
    'is to be  running',
    'and is    stopped',
  ]);
  const plans = lines.filter((line) => line.what === 'plan').map((line) => line.lines);
  expect(plans[1]).toEqual(['~ update settings', '~ update server']);
  expect(lines.find((line) => line.what === 'files')?.lines).toEqual(['site', 'site/server.js', 'site/site.json']);
  expect(said).not.toContain('Token');
  expect(readdirSync(folder)).toEqual([]);
  expect(left()).toEqual([]);
}, 300_000);

test('[LO16] the demonstration that is interrupted takes away what it made', async () => {
  // While the server runs, and before it is there.
  for (const at of ['"kind":"shown","what":"page"', '"component":"program","status":"running"']) {
    const { code, errors } = await demo((said) => said.includes(at));
    expect([code, errors.includes('taken away')]).toEqual([130, true]);
    expect(readdirSync(folder)).toEqual([]);
    expect(left()).toEqual([]);
    expect(existsSync(folder)).toBe(true);
  }
}, 300_000);
