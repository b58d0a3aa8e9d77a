// The installation's key: the file that holds it, who may read that, who wins when several make it, and what it unwraps.

import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { environmentKey, fileKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';

const root = mkdtempSync(join(tmpdir(), 'headwater-key-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function freshFolder(): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return folder;
}

const valid = keyTextOf(new Uint8Array(32).fill(7));
const bytes = new Uint8Array([1, 2, 3]);
const locked = { code: 'vault_locked' };

describe('a key file', () => {
  test('is made on first use, readable by its owner alone, and used from then on', async () => {
    const path = join(freshFolder(), 'deeper', 'installation.key');
    const first = await fileKey(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'latin1')).toMatch(/^hwk1_[A-Za-z0-9_-]{43}\n$/);
    expect(readdirSync(join(path, '..'))).toEqual(['installation.key']);
    const again = await fileKey(path);
    expect(again.fingerprint).toBe(first.fingerprint);
    expect([...(await again.unwrap(await first.wrap(bytes, 'c'), 'c'))]).toEqual([1, 2, 3]);
  });

  test('keeps its mode whatever the umask is', async () => {
    const before = process.umask(0);
    try {
      const path = join(freshFolder(), 'k');
      await fileKey(path);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(before);
    }
  });

  test('of two makers is one: all use the key of the first', async () => {
    const folder = freshFolder();
    const keys = await Promise.all(Array.from({ length: 12 }, () => fileKey(join(folder, 'k'))));
    expect(new Set(keys.map((k) => k.fingerprint)).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['k']);
  });

  test('of several processes is one', async () => {
    const folder = freshFolder();
    const source = new URL('../../dist/adapters/vault/installation_key.js', import.meta.url);
    const program = `
      const { fileKey } = await import(${JSON.stringify(source.href)});
      process.stdout.write((await fileKey(${JSON.stringify(join(folder, 'k'))})).fingerprint);`;
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    const said = await Promise.all([run(), run(), run()]);
    expect(said[0]!.stdout).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(said.map((s) => s.stdout))).toEqual(new Set([(await fileKey(join(folder, 'k'))).fingerprint]));
  });

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o660, 0o602, 0o610, 0o644])(
    'with mode %o is refused, as others could have used it',
    async (mode) => {
      const path = join(freshFolder(), 'k');
      writeFileSync(path, `${valid}\n`);
      chmodSync(path, mode);
      await expect(fileKey(path)).rejects.toMatchObject(locked);
      chmodSync(path, 0o600);
      expect((await fileKey(path)).fingerprint).toBe((await environmentKey(valid)).fingerprint);
      chmodSync(path, 0o400);
      expect((await fileKey(path)).fingerprint).toBe((await environmentKey(valid)).fingerprint);
    },
  );

  test.each([
    ['empty', ''],
    ['of another format', valid.replace('hwk1', 'hwk2')],
    ['cut short', valid.slice(0, -1)],
    ['with something behind the key', `${valid}A`],
    ['with bits that no key has', `${valid.slice(0, -1)}d`],
    ['with two keys', `${valid}\n${valid}`],
    ['far too long', 'x'.repeat(5_000)],
  ])('that is %s is refused and left as it is', async (_what, text) => {
    const path = join(freshFolder(), 'k');
    writeFileSync(path, text, { mode: 0o600 });
    await expect(fileKey(path)).rejects.toMatchObject(locked);
    expect(readFileSync(path, 'latin1')).toBe(text);
  });

  test('that cannot be read or made is a fault with the path and no key', async () => {
    const folder = freshFolder();
    await expect(fileKey(folder)).rejects.toMatchObject(locked);
    writeFileSync(join(folder, 'plain'), valid);
    await expect(fileKey(join(folder, 'plain', 'k'))).rejects.toMatchObject(locked);
    await expect(fileKey(join(folder, 'plain', 'k'))).rejects.not.toThrow(valid);
  });
});

describe('a key from the environment', () => {
  test('is the text of a key file', async () => {
    const path = join(freshFolder(), 'k');
    const fromFile = await fileKey(path);
    const fromEnvironment = await environmentKey(readFileSync(path, 'latin1'));
    expect(fromEnvironment.fingerprint).toBe(fromFile.fingerprint);
    expect([...(await fromEnvironment.unwrap(await fromFile.wrap(bytes, 'c'), 'c'))]).toEqual([1, 2, 3]);
  });

  test.each([[undefined], [''], [' '], ['password'], [valid.slice(1)]])('that is %j is refused', async (value) => {
    await expect(environmentKey(value)).rejects.toMatchObject(locked);
  });
});

describe('wrapping', () => {
  test('is undone only by the same key, in the same context, on the same text', async () => {
    const key = await environmentKey(valid);
    const stranger = await environmentKey(keyTextOf(new Uint8Array(32).fill(8)));
    const text = await key.wrap(bytes, 'here');
    expect(text).not.toBe(await key.wrap(bytes, 'here'));
    await expect(key.unwrap(text, 'there')).rejects.toMatchObject(locked);
    await expect(stranger.unwrap(text, 'here')).rejects.toMatchObject(locked);
    await expect(stranger.unwrap(text, 'here')).rejects.toThrow(`wrapped by the installation key ${key.fingerprint}`);
    const head = text.lastIndexOf('.') + 1;
    for (let i = head; i < text.length; i++) {
      const changed = text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1);
      await expect(key.unwrap(changed, 'here')).rejects.toMatchObject(locked);
    }
    for (const wrong of ['', 'hww1', `hww1.${key.fingerprint}.AAAA`, text.replace('hww1', 'hww2'), `${text}A`]) {
      await expect(key.unwrap(wrong, 'here')).rejects.toMatchObject(locked);
    }
    expect([...(await key.unwrap(text, 'here'))]).toEqual([1, 2, 3]);
  });

  test('never shows the key, also when the object is printed', async () => {
    const key = await environmentKey(valid);
    const shown = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key);
    expect(shown).toContain(key.fingerprint);
    expect(shown).not.toContain(valid.slice(5, 20));
    expect(key.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(Buffer.from(new Uint8Array(32).fill(7)).toString('hex')).not.toContain(key.fingerprint);
  });
});
