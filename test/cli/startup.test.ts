// How much the command line loads before it does anything. Counted, not timed: what a machine is doing besides changes no count.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
let served: Served;

beforeAll(async () => {
  served = await Served.start(join(terminal.folder, 'served'));
  writeFileSync(
    join(terminal.folder, 'watch.mjs'),
    `import { register } from 'node:module';
const hook = 'import { writeSync } from "node:fs"; export async function load(url, c, next) { writeSync(2, "LOADED " + url + "\\\\n"); return next(url, c); }';
register('data:text/javascript,' + encodeURIComponent(hook));
`,
  );
}, 60_000);
afterAll(async () => {
  await served.stop();
});

/** The files and modules that a command loads. */
async function loadedBy(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const contexts = { HEADWATER_CONTEXTS: join(terminal.folder, 'contexts.json') };
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...contexts, ...variables };
  const watch = ['--import', join(terminal.folder, 'watch.mjs')];
  const child = spawn(process.execPath, [...watch, bin, ...args], { cwd: terminal.folder, env, stdio: 'pipe' });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.resume();
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ args, code }).toEqual({ args, code: 0 });
  return [...err.matchAll(/^LOADED (.*)$/gm)].map(([, url]) => url!);
}

const below = (urls: readonly string[], folder: string) => urls.filter((url) => url.includes(folder));

/** The file itself and what of src/base is shared with what is loaded later. */
const filesMax = 8;

describe('[EN710] the start of the command line', () => {
  test('its help is in one file, with what is shared beside it', async () => {
    const loaded = await loadedBy(['--help']);
    expect(below(loaded, '/dist/').length).toBeLessThanOrEqual(filesMax);
    expect(below(loaded, '/node_modules/')).toEqual([]);
    expect(below(loaded, 'node:crypto')).toEqual([]);
  });

  test('a command that asks a server loads no engine, no store, no server and no package', async () => {
    const variables = { HEADWATER_SERVER: served.address, HEADWATER_TOKEN: served.token! };
    const loaded = await loadedBy(['change-set', 'list'], variables);
    expect(below(loaded, '/dist/').length).toBeLessThanOrEqual(filesMax);
    expect(below(loaded, '/node_modules/')).toEqual([]);
    // The same look finds an engine where there is one.
    const own = await loadedBy(['change-set', 'list', '--data', join(terminal.folder, 'own')]);
    expect(below(own, '/dist/engine/engine.js')).toHaveLength(1);
    expect(below(own, '/node_modules/').length).toBeGreaterThan(0);
  }, 60_000);
});
