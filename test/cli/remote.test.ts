// The command line against a server: started as a person starts it, logged in to, worked with, ended.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boxMutations } from '../http/office.ts';
import { Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
const contexts = join(terminal.folder, 'contexts.json');
let said: Served;

beforeAll(async () => {
  terminal.variables = { HEADWATER_CONTEXTS: contexts };
  said = await Served.start(join(terminal.folder, 'served'));
});
afterAll(async () => {
  expect(await said.stop()).toBe(0);
});

describe('the command line and a server', () => {
  test('the first start gives the owner a token, later ones none', async () => {
    expect(said.token).toMatch(/^hw_/);
    const folder = join(terminal.folder, 'again');
    const first = await Served.start(folder);
    await first.stop();
    const second = await Served.start(folder);
    await second.stop();
    expect([first.token === undefined, second.token === undefined]).toEqual([false, true]);
  });

  test('log in with a token from a file, which is kept for oneself', async () => {
    writeFileSync(join(terminal.folder, 'token'), `${said.token}\n`);
    const wrong = await terminal.run(['login', said.address, '--token-file', '-'], 'hw_a_b_c');
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('token invalid') });
    const none = await terminal.hw('login', said.address);
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('HEADWATER_TOKEN') });
    expect(await terminal.hw('login', said.address, '--name', 'home', '--token-file', 'token')).toMatchObject({
      code: 0,
      out: expect.stringContaining(`Logged in to ${said.address}`),
    });
    expect(statSync(contexts).mode & 0o777).toBe(0o600);
    const listed = await terminal.json<{ contexts: object[] }>('context', 'list');
    expect(listed.contexts).toEqual([
      { name: 'home', server: said.address, workspace: expect.any(String), isCurrent: true },
    ]);
    expect(JSON.stringify(listed)).not.toContain(said.token);
  });

  test('commands go to the server, refusals come from it', async () => {
    expect((await terminal.hw('change-set', 'create', 'one')).code).toBe(0);
    expect((await terminal.hw('component', 'create', 'AWS::EC2::VPC', 'main', '--change-set', 'one')).code).toBe(0);
    const { name } = await terminal.json<{ name: string }>('component', 'get', 'main', '--change-set', 'one');
    expect(name).toBe('main');
    const refused = await terminal.hw('component', 'get', 'nobody', '--change-set', 'one');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('component not found') });
    // Nothing of it is in the folder that the command would work with otherwise.
    expect((await terminal.hw('change-set', 'list', '--data', join(terminal.folder, 'elsewhere'))).out).not.toContain(
      'one',
    );
  });

  test('a token made for less does less, and none when it is revoked', async () => {
    const made = await terminal.json<{ token: string; line: { id: string } }>(
      'token',
      'create',
      'ro',
      '--scopes',
      'read',
    );
    const reader = new Terminal();
    reader.variables = {
      HEADWATER_CONTEXTS: join(reader.folder, 'c.json'),
      HEADWATER_SERVER: said.address,
      HEADWATER_TOKEN: made.token,
    };
    expect((await reader.hw('change-set', 'list')).out).toContain('one');
    expect(await reader.hw('change-set', 'create', 'two')).toMatchObject({
      code: 3,
      err: expect.stringContaining('scope edit'),
    });
    expect((await terminal.hw('token', 'revoke', made.line.id)).code).toBe(0);
    expect(await reader.hw('change-set', 'list')).toMatchObject({ code: 1, err: expect.stringContaining('revoked') });
  });

  test('[EN591] an apply tells what becomes of each of its actions, as the server carries them out', async () => {
    await terminal.hw('change-set', 'create', 'boxes');
    const boxes = [
      ...boxMutations,
      { kind: 'component.create', schema: 'Box', name: 'good', attributes: { '/domain/Size': 1 } },
      { kind: 'component.create', schema: 'Box', name: 'unlucky', attributes: { '/domain/Note': 'fails' } },
    ];
    writeFileSync(join(terminal.folder, 'boxes.json'), JSON.stringify(boxes));
    expect((await terminal.hw('submit', 'boxes.json', '--change-set', 'boxes')).code).toBe(0);
    expect((await terminal.hw('plan', 'boxes', '-o', 'boxes.plan')).code).toBe(0);
    const { code, out } = await terminal.hw('apply', 'boxes.plan');
    const last = (name: string) =>
      out
        .split('\n')
        .filter((line) => line.startsWith(`+ create ${name}:`))
        .at(-1);
    expect(last('good')).toMatch(/^\+ create good: succeeded/);
    expect(last('unlucky')).toMatch(/^\+ create unlucky: failed, .*no such luck/);
    expect(code).toBe(1);
  }, 60_000);

  test('back to data folders, and to the server by name', async () => {
    expect((await terminal.hw('context', 'use', '--local')).code).toBe(0);
    expect((await terminal.hw('change-set', 'list')).out).not.toContain('one');
    expect((await terminal.hw('change-set', 'list', '--context', 'home')).out).toContain('one');
    expect((await terminal.hw('change-set', 'list', '--server', said.address)).out).toContain('one');
    expect(await terminal.hw('context', 'use', 'nowhere')).toMatchObject({ code: 1 });
    expect((await terminal.hw('context', 'use', 'home')).code).toBe(0);
    expect((await terminal.hw('change-set', 'list')).out).toContain('one');
    expect((await terminal.hw('change-set', 'list', '--as', 'bob')).err).toContain('--as is for data folders');
    expect((await terminal.hw('context', 'remove', 'home')).code).toBe(0);
    expect(JSON.parse(readFileSync(contexts, 'utf8'))).toEqual({ format: 1, current: null, contexts: {} });
  });

  test('a server that is not there is told after some attempts', async () => {
    const variables = { ...terminal.variables };
    terminal.variables = { ...variables, HEADWATER_SERVER: 'http://127.0.0.1:1', HEADWATER_TOKEN: 'hw_a_b_c' };
    const { code, err } = await terminal.hw('change-set', 'list');
    terminal.variables = variables;
    expect({ code, lost: err.includes('connection_lost') }).toEqual({ code: 1, lost: true });
  });
});
