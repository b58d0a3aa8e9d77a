// Logging in from the command line with a browser, against a server that lets people do so: both as they are started.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserLogin } from '../../src/main/browser_login.ts';
import { freePort } from '../support/free_port.ts';
import { Browser, clientId, clientSecret, TestIdentityProvider } from '../support/identity_provider.ts';
import { bin, Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
const env = { ...process.env, HEADWATER_CONTEXTS: join(terminal.folder, 'contexts.json') };
const secret = join(terminal.folder, 'secret');
let provider: TestIdentityProvider;
let served: Served;

beforeAll(async () => {
  terminal.variables = { HEADWATER_CONTEXTS: env.HEADWATER_CONTEXTS };
  provider = await TestIdentityProvider.start();
  writeFileSync(secret, `${clientSecret}\n`);
  const port = await freePort();
  const choice = ['--oidc-issuer', provider.issuer, '--oidc-client-id', clientId, '--oidc-client-secret-file', secret];
  served = await Served.start(join(terminal.folder, 'served'), [...choice, '--port', String(port)]);
  provider.serve(`${served.address}/v1/login/callback`, {
    ann: { email: 'ann@example.org', email_verified: true },
    zoe: { email: 'zoe@example.org', email_verified: true },
  });
  const asOwner = ['--server', served.address, 'member', 'set', 'ann@example.org', 'collaborator'];
  terminal.variables = { ...terminal.variables, HEADWATER_TOKEN: served.token! };
  expect((await terminal.hw(...asOwner)).code).toBe(0);
  const { HEADWATER_TOKEN: _, ...without } = terminal.variables as Record<string, string>;
  terminal.variables = without;
});
afterAll(async () => {
  expect(await served.stop()).toBe(0);
  await provider.close();
});

/** Runs `headwater login`, and logs in as `account` at the address that it tells. */
function logIn(
  account: string,
  ...args: readonly string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [bin, 'login', ...args], { stdio: 'pipe', env, cwd: terminal.folder });
  let [out, err, isOpened] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    const address = /^ {2}(http\S+)\n/m.exec(err)?.[1];
    if (address === undefined || isOpened) return;
    isOpened = true;
    void new Browser().logIn(address, account);
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, out, err })));
}

test('[AC86] `headwater login --oidc` keeps the server with the token of whoever came back', async () => {
  const done = await logIn('ann', '--oidc', served.address, '--name', 'work', '--json');
  expect(done).toMatchObject({ code: 0 });
  expect(JSON.parse(done.out)).toEqual({ name: 'work', server: served.address, user: 'ann@example.org' });
  expect((await terminal.hw('change-set', 'create', 'of ann')).code).toBe(0);
  const [token] = await terminal.json<{ name: string; user: string }[]>('token', 'list');
  expect(token).toMatchObject({ name: 'login', user: 'ann@example.org' });
  // Again, with the server that is worked with.
  expect(await logIn('ann', '--oidc')).toMatchObject({ code: 0, out: expect.stringContaining('as ann@example.org') });
});

test('who knocks while a login waits for somebody else is turned away, and it goes on waiting', async () => {
  const login = browserLogin({
    server: served.address,
    workspace: undefined,
    waitMs: 20_000,
    tell: (address) => void knockAndLogIn(address),
  });
  const knocks: number[] = [];
  const knockAndLogIn = async (address: string): Promise<void> => {
    const port = new URL(address).searchParams.get('cli_port')!;
    for (const path of ['//', '/', '/?code=1&state=x']) {
      knocks.push(
        await new Promise((resolve, reject) => {
          get({ host: '127.0.0.1', port, path }, (answer) => resolve(answer.resume().statusCode!)).on('error', reject);
        }),
      );
    }
    await new Browser().logIn(address, 'ann');
  };
  expect((await login).userId).toBe('ann@example.org');
  expect(knocks).toEqual([404, 404, 404]);
}, 60_000);

test('[EN724] `headwater logout` revokes the token of a login, and says where the session at the provider ends', async () => {
  expect(await logIn('ann', '--oidc', served.address, '--name', 'leaving')).toMatchObject({ code: 0 });
  const { contexts } = JSON.parse(readFileSync(env.HEADWATER_CONTEXTS, 'utf8')) as {
    contexts: Record<string, { token: string }>;
  };
  const { token } = contexts['leaving']!;
  const asked = () => fetch(`${served.address}/whoami`, { headers: { authorization: `Bearer ${token}` } });
  expect((await asked()).status).toBe(200);
  const out = await terminal.hw('logout');
  expect(out).toMatchObject({ code: 0, out: expect.stringContaining(`Logged out of ${served.address}`) });
  expect(out.out).toContain(`  ${provider.issuer}/session/end?client_id=${clientId}`);
  expect((await asked()).status).toBe(401);
  expect(JSON.stringify(await terminal.json('context', 'list'))).not.toContain('leaving');
  // Nothing is worked with any more; what is not known is refused.
  expect(await terminal.hw('logout')).toMatchObject({ code: 1, err: expect.stringContaining('data folders') });
  expect(await terminal.hw('logout', 'nothing')).toMatchObject({
    code: 1,
    err: expect.stringContaining('work'),
  });
  // A token that was given may be in use elsewhere.
  const given = ['login', served.address, '--name', 'given', '--token-file', '-'];
  expect(await terminal.run(given, served.token)).toMatchObject({ code: 0 });
  expect(await terminal.json('logout', 'given')).toEqual({
    name: 'given',
    server: served.address,
    isRevoked: false,
    endSession: null,
  });
  expect(
    (await fetch(`${served.address}/whoami`, { headers: { authorization: `Bearer ${served.token}` } })).status,
  ).toBe(200);
  expect((await terminal.hw('context', 'use', 'work')).code).toBe(0);
});

test('[AC83] somebody who is no member is told so at the command line, and nothing is kept', async () => {
  const done = await logIn('zoe', served.address, '--oidc', '--name', 'not kept');
  expect(done).toMatchObject({ code: 3, err: expect.stringContaining('zoe@example.org, no member') });
  expect(JSON.stringify(await terminal.json('context', 'list'))).not.toContain('not kept');
});

test('a server is not started with half of a provider, nor with one in the clear', async () => {
  for (const [choice, said] of [
    [['--oidc-issuer', provider.issuer], 'no client id'],
    [['--oidc-client-id', 'x'], 'no issuer'],
    [['--oidc-issuer', 'http://id.example', '--oidc-client-id', 'x'], 'http://id.example'],
    [['--oidc-issuer', provider.issuer, '--oidc-client-id', 'x', '--public-url', 'x'], 'publicUrl'],
    [['--oidc-issuer', provider.issuer, '--oidc-client-id', 'x', '--oidc-client-secret-file', 'gone'], 'ENOENT'],
  ] as const)
    expect(await terminal.hw('serve', '--port', '0', ...choice)).toMatchObject({
      code: 1,
      err: expect.stringContaining(said),
    });
});
