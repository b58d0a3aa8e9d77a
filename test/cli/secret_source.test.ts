// `headwater secret-source`: what secrets may refer to, kept in the data folder, and that a secret set at a terminal gets it.

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { operationNames } from '../../src/engine/operations.ts';
import { tools } from '../../src/surfaces/mcp/tools.ts';
import { Terminal } from './terminal.ts';

const authentication = `function main(secret) { requestStorage.setItem('password', secret.token); }`;
const check = `function main() {
  const password = requestStorage.getItem('password');
  return { result: 'success', message: Array.from(password).reverse().join('') + ' is ' + password };
}`;
const spec = {
  format: 1,
  domain: { kind: 'object', properties: { text: { kind: 'string' } } },
  secrets: { kind: 'object', properties: { login: { kind: 'string', secret: true } } },
  definitions: {},
};

describe('headwater secret-source', () => {
  test('[EN625] allows, lists and denies in the data folder', async () => {
    const t = new Terminal();
    const file = join(t.folder, '.headwater', 'secret-sources.json');
    expect((await t.hw('secret-source', 'list')).out).toContain('Nothing is allowed.');
    expect(await t.hw('secret-source', 'allow', 'env:DB_PASSWORD')).toMatchObject({
      code: 0,
      out: 'Secrets that refer to env:DB_PASSWORD get it now.\n',
      err: expect.stringContaining('Who may edit any workspace here'),
    });
    expect((await t.hw('secret-source', 'allow', 'env:DB_PASSWORD')).out).toBe(
      'env:DB_PASSWORD was allowed already.\n',
    );
    await t.hw('secret-source', 'allow', 'file:/run/secrets/');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      format: 1,
      allowed: ['env:DB_PASSWORD', 'file:/run/secrets/'],
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await t.hw('secret-source', 'list')).out).toBe('env:DB_PASSWORD\nfile:/run/secrets/\n');
    expect(JSON.parse((await t.hw('secret-source', 'deny', 'env:DB_PASSWORD', '--json')).out)).toEqual({
      source: 'env:DB_PASSWORD',
      changed: true,
      sources: ['file:/run/secrets/'],
    });
    expect((await t.hw('secret-source', 'deny', 'env:DB_PASSWORD')).out).toBe(
      'env:DB_PASSWORD was not allowed; 1 source allowed.\n',
    );
    for (const wrong of [
      'DB_PASSWORD',
      'env:HEADWATER_KEY',
      'env:VAULT_TOKEN',
      'file:/',
      'file:/etc',
      'file:/proc/',
      'vault:kv',
      'vault:kv/../',
    ]) {
      const said = await t.hw('secret-source', 'allow', wrong, '--json');
      expect([wrong, said.code]).toEqual([wrong, 1]);
      expect(JSON.parse(said.out)).toMatchObject({ error: { code: 'request_malformed', got: JSON.stringify(wrong) } });
    }
    writeFileSync(file, '{"format":1,"allowed":["env:HEADWATER_KEY"]}');
    const broken = await t.hw('secret-source', 'list');
    expect([broken.code, broken.err]).toEqual([
      1,
      expect.stringContaining(`secret_sources_unreadable: ${file}: "env:HEADWATER_KEY" is not env:NAME`),
    ]);
  }, 60_000);

  test('[EN621] [EN622] a secret refers to a variable and a file once they are allowed', async () => {
    const t = new Terminal();
    const inFile = join(t.folder, 'in');
    mkdirSync(inFile);
    writeFileSync(join(inFile, 'token'), 'another-horse\n');
    t.variables = { DB_PASSWORD: 'ghjkmnpqrstvwxyz' };
    await t.hw('change-set', 'create', 'work');
    const mutations = [
      { kind: 'schema.create', name: 'Database', spec },
      { kind: 'function.create', name: 'log in', functionKind: 'authentication', text: authentication },
      { kind: 'binding.attach', function: 'log in', schema: 'Database' },
      { kind: 'function.create', name: 'check', functionKind: 'qualification', text: check },
      { kind: 'binding.attach', function: 'check', schema: 'Database' },
    ];
    await t.run(['submit', '-', '--change-set', 'work'], JSON.stringify(mutations));
    const set = [
      'secret',
      'set',
      'main',
      '--definition',
      'Database',
      '--change-set',
      'work',
      '--field',
      'token',
      '--from',
    ];
    const refused = await t.hw(...set, 'env:DB_PASSWORD');
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('secret-source allow env:DB_PASSWORD') });
    await t.hw('secret-source', 'allow', 'env:DB_PASSWORD');
    await t.hw('secret-source', 'allow', `file:${inFile}/`);
    expect(await t.hw(...set, 'env:DB_PASSWORD')).toMatchObject({ code: 0 });
    const uses = [
      {
        kind: 'component.create',
        schema: 'Database',
        name: 'orders',
        attributes: { '/secrets/login': { $source: { secret: 'main' } } },
      },
    ];
    await t.run(['submit', '-', '--change-set', 'work'], JSON.stringify(uses));
    const shown = () => t.hw('component', 'get', 'orders', '--change-set', 'work', '--wait', '60', '--json');
    expect((await shown()).out).toContain('zyxwvtsrqpnmkjhg is [redacted]');
    expect((await t.hw('secret', 'list', '--change-set', 'work')).out).toContain('token from env:DB_PASSWORD');
    expect((await t.hw(...set, `file:${inFile}/token`)).code).toBe(0);
    expect((await shown()).out).toContain('esroh-rehtona is [redacted]');
    for (const wrong of [
      ['--field', 'a'],
      ['--from', 'env:DB_PASSWORD', '--text'],
      ['content.json', '--from', 'env:DB_PASSWORD'],
      ['--field', 'a', '--field', 'b', '--from', 'env:DB_PASSWORD'],
      ['--field', 'a', '--field', 'a', '--from', 'env:DB_PASSWORD', '--from', 'env:DB_PASSWORD'],
    ]) {
      const said = await t.hw('secret', 'set', 'main', ...wrong, '--change-set', 'work', '--json');
      expect([wrong, said.code]).toEqual([wrong, 1]);
      expect(JSON.parse(said.out)).toMatchObject({ error: { code: 'request_malformed', path: '--from' } });
    }
  }, 120_000);

  test('[EN625] no operation and no tool for agents has to do with it', () => {
    expect(operationNames.filter((name) => name.startsWith('secret'))).toEqual(
      ['set', 'use', 'list', 'definitions', 'get', 'public_key', 'rotate', 'rekey', 'collect'].map(
        (n) => `secret.${n}`,
      ),
    );
    expect(tools.length).toBeGreaterThan(10);
    expect(tools.map((t) => t.name).filter((name) => /secret/.test(name))).toEqual([]);
    expect(tools.filter((t) => String(t.run).includes('secret.set'))).toEqual([]);
  });
});
