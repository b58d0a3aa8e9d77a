// Secrets at a terminal: set from a file and from standard input, listed, renamed, rotated, removed; the contents are nowhere.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { Terminal } from './terminal.ts';

const password = 'ghjkmnpqrstvwxyz-horse';
const spec = {
  format: 1,
  domain: { kind: 'object', properties: { text: { kind: 'string' } } },
  secrets: { kind: 'object', properties: { login: { kind: 'string', secret: true } } },
  definitions: {},
};
const authentication = `function main(secret) { requestStorage.setItem('password', secret.password ?? secret); }`;
const check = `function main() {
  const password = requestStorage.getItem('password');
  console.log('logging in with', password);
  return { result: 'success', message: 'a password of ' + password.length + ': ' + password };
}`;

async function withSchema(t: Terminal): Promise<void> {
  await t.hw('change-set', 'create', 'work');
  const mutations = [
    { kind: 'schema.create', name: 'Database', spec },
    { kind: 'function.create', name: 'log in', functionKind: 'authentication', text: authentication },
    { kind: 'binding.attach', function: 'log in', schema: 'Database' },
    { kind: 'function.create', name: 'check', functionKind: 'qualification', text: check },
    { kind: 'binding.attach', function: 'check', schema: 'Database' },
  ];
  await t.run(['submit', '-', '--change-set', 'work'], JSON.stringify(mutations));
}

function filesOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

describe('secrets at the command line', () => {
  test('set from standard input and from a file, used, listed, renamed, rotated, removed; the content is nowhere', async () => {
    const t = new Terminal();
    await withSchema(t);
    const said: string[] = [];
    const say = async (args: string[], input?: string) => {
      const { code, out, err } = await t.run(args, input);
      said.push(out, err);
      return { code, out, err };
    };
    expect(readdirSync(join(t.folder, '.headwater'))).not.toContain('headwater.key');
    const created = await say(
      ['secret', 'set', 'main', '--definition', 'Database', '--text', '--change-set', 'work'],
      `${password}\n`,
    );
    expect(created.out).toMatch(/^Created secret "main" \([0-9A-Z]{26}\)\.\n$/);
    expect(statSync(join(t.folder, '.headwater', 'headwater.key')).mode & 0o777).toBe(0o600);

    const uses = [
      {
        kind: 'component.create',
        schema: 'Database',
        name: 'orders',
        attributes: { '/secrets/login': { $source: { secret: 'main' } } },
      },
    ];
    await say(['submit', '-', '--change-set', 'work'], JSON.stringify(uses));
    const apply = await say(['change-set', 'apply', 'work', '--wait', '60']);
    expect([apply.code, apply.err]).toEqual([0, apply.err]);
    const component = await say(['component', 'get', 'orders', '--wait', '60', '--json']);
    expect(component.out).toContain(`a password of ${password.length}: [redacted]`);

    writeFileSync(join(t.folder, 'content.json'), JSON.stringify({ password: `${password}2` }));
    const file = ['secret', 'set', 'main', 'content.json', '--change-set'];
    await say(['change-set', 'create', 'second']);
    expect((await say([...file, 'second'])).out).toMatch(/^Replaced the content of secret "main"/);
    expect((await say(['secret', 'list'])).out).toMatch(/^main {2}Database {2}used 1 time {2}log in/);
    expect((await say(['secret', 'rename', 'main', 'first', '--change-set', 'second'])).code).toBe(0);
    expect((await say(['secret', 'list', '--change-set', 'second'])).out).toMatch(/^first /);
    const key = await say(['secret', 'key']);
    expect(key.out).toMatch(/^[A-Za-z0-9+/]{43}= {2}generation 1\n$/);
    expect((await say(['secret', 'rotate'])).out).toBe('Generation 2: 2 contents sealed anew, 0 were already.\n');
    expect((await say(['secret', 'collect'])).out).toBe('0 contents removed, 2 kept.\n');
    const removal = await say(['secret', 'remove', 'first', '--change-set', 'second']);
    expect([removal.code, removal.err.split('\n')[0]]).toEqual([1, 'refused: in use at secret']);
    await say(['audit', 'list']);
    await say(['verify']);

    const all = `${said.join('\n')}\n${filesOf(join(t.folder, '.headwater'))}`;
    expect(all).toContain('logging in with [redacted]');
    for (const form of [
      password,
      Buffer.from(password).toString('base64').slice(0, -4),
      Buffer.from(password).toString('hex'),
    ])
      expect(all.includes(form)).toBe(false);
  }, 120_000);

  test('what cannot be read is refused without a word of it; there is no way to give a content as an argument', async () => {
    const t = new Terminal();
    await withSchema(t);
    const refused = await t.run(
      ['secret', 'set', 'main', '--definition', 'Database', '--change-set', 'work'],
      password,
    );
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('or say --text');
    expect(refused.out + refused.err).not.toContain(password);
    const { out } = await t.hw('secret', 'set', '--help');
    expect(out).not.toMatch(/--content|--value|--password/);
  }, 60_000);

  test('the key of the installation is replaced by another, in the file and from there to the environment', async () => {
    const t = new Terminal();
    await withSchema(t);
    const folder = join(t.folder, '.headwater');
    const set = ['secret', 'set', 'main', '--definition', 'Database', '--text', '--change-set', 'work'];
    expect((await t.run(set, password)).code).toBe(0);
    const before = readFileSync(join(folder, 'headwater.key'), 'latin1');
    const { out, code } = await t.run(['secret', 'rekey']);
    expect(code).toBe(0);
    const [, to, from] =
      /^Installation key ([0-9a-f]{16}), before ([0-9a-f]{16}): 1 workspace encrypted by it anew\.\nThe key before is kept in \S+headwater\.key\.old-\2: /.exec(
        out,
      ) ?? [];
    expect(readFileSync(join(folder, `headwater.key.old-${from}`), 'latin1')).toBe(before);
    expect(readFileSync(join(folder, 'headwater.key'), 'latin1')).not.toBe(before);
    expect(out + from + to).not.toContain(before.trim().slice(5));

    t.variables = { HEADWATER_KEY: keyTextOf(new Uint8Array(32).fill(9)) };
    const moved = await t.run(['secret', 'rekey']);
    expect(moved.out).toMatch(/^Installation key [0-9a-f]{16}: 1 workspace encrypted by it anew\.\n$/);
    expect(moved.err).toContain('No new key was made');
    for (const name of readdirSync(folder)) if (name.startsWith('headwater.key')) rmSync(join(folder, name));
    expect((await t.run(['secret', 'rotate'])).out).toBe('Generation 2: 1 content sealed anew, 0 were already.\n');
    const { out: help } = await t.hw('secret', 'rekey', '--help');
    expect(help).toContain('HEADWATER_KEY_OLD=');
  }, 120_000);

  test('the key of the installation comes from HEADWATER_KEY; with another one nothing opens, and the command says which', async () => {
    const t = new Terminal();
    await withSchema(t);
    t.variables = { HEADWATER_KEY: keyTextOf(new Uint8Array(32).fill(9)) };
    const set = ['secret', 'set', 'main', '--definition', 'Database', '--text', '--change-set', 'work'];
    expect((await t.run(set, password)).code).toBe(0);
    expect(readdirSync(join(t.folder, '.headwater'))).not.toContain('headwater.key');
    t.variables = {};
    const locked = await t.run(['secret', 'key']);
    expect(locked.code).toBe(1);
    expect(locked.err).toMatch(/vault_locked/);
  }, 60_000);
});
