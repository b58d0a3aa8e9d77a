// Completion, asked as shells ask: of commands, options and names, here and at a server. The script of bash is run by bash.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const here = new Terminal();
here.variables = { HEADWATER_CONTEXTS: join(here.folder, 'contexts.json') };
const away = new Terminal();
let served: Served;

beforeAll(async () => {
  served = await Served.start(join(away.folder, 'served'));
  away.variables = {
    HEADWATER_CONTEXTS: join(away.folder, 'contexts.json'),
    HEADWATER_SERVER: served.address,
    HEADWATER_TOKEN: served.token!,
  };
  for (const [terminal, prefix] of [
    [here, 'near'],
    [away, 'far'],
  ] as const) {
    await terminal.hw('change-set', 'create', `${prefix} work`);
    for (const name of ['vpc', 'queue'])
      await terminal.hw('component', 'create', 'AWS::EC2::VPC', `${prefix}-${name}`, '-c', `${prefix} work`);
  }
}, 120_000);
afterAll(async () => {
  await served.stop();
});

const words = async (terminal: Terminal, ...given: string[]): Promise<string[]> => {
  const { out, err, code } = await terminal.hw('complete', '--', ...given);
  expect({ err: err.replaceAll(/.*…\n/g, ''), code }).toEqual({ err: '', code: 0 });
  return out.split('\n').filter((line) => line !== '');
};

describe('[EN590] completion', () => {
  test('knows commands, options and choices without asking anybody', async () => {
    expect(await words(here, 'comp')).toEqual(['completion', 'component']);
    expect(await words(here, 'component', 'ap')).toEqual(['apply']);
    expect(await words(here, 'component', 'apply', '--d')).toEqual(['--data', '--detailed-exitcode', '--dry-run']);
    expect(await words(here, 'component', 'get', 'x', '-o', '')).toEqual(['json', 'yaml']);
    expect(await words(here, 'nonsense', '')).not.toContain('nonsense');
  }, 60_000);

  test('asks for names of change sets, components and views, in the change set that was named', async () => {
    expect(await words(here, 'change-set', 'review', '')).toEqual(['HEAD', 'near work']);
    expect(await words(here, 'plan', 'near')).toEqual(['near work']);
    expect(await words(here, 'component', 'get', '--change-set', 'near work', 'near-v')).toEqual(['near-vpc']);
    expect(await words(here, 'component', 'get', 'near')).toEqual([]);
    expect(await words(here, 'component', 'get', 'x', '--change-set', 'ne')).toEqual(['near work']);
    expect(await words(here, 'component', 'apply', '--view', '')).toEqual(['DEFAULT']);
  }, 60_000);

  test('asks a server where the commands would', async () => {
    expect(await words(away, 'change-set', 'review', '')).toEqual(['HEAD', 'far work']);
    expect(await words(away, 'component', 'get', '--change-set', 'far work', 'far')).toEqual(['far-queue', 'far-vpc']);
    // Said on the line that is completed.
    expect(await words(away, '--server', 'http://127.0.0.1:1', 'component', 'get', '')).toEqual([]);
  }, 60_000);

  test('in bash, with names that need quotes', async () => {
    const script = `headwater() { node ${JSON.stringify(bin)} "$@"; }
source <(headwater completion bash)
COMP_WORDS=(headwater change-set review far)
COMP_CWORD=3
_headwater
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...away.variables };
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env, cwd: away.folder });
    expect(stdout).toBe('far\\ work\n');
    expect((await here.hw('completion', 'zsh')).out).toContain('compdef _headwater headwater');
    expect((await here.hw('completion', 'fish')).out).toContain('complete -c headwater');
    expect(await here.hw('completion', 'tcsh')).toMatchObject({
      code: 1,
      err: expect.stringContaining('none for tcsh'),
    });
  }, 60_000);
});
