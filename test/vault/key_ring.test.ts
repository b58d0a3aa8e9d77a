// One installation key takes the place of another: from files and from the environment, with both at hand meanwhile, and killed at
// every step that reaches the disk.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { environmentKey, fileKey, wrapperOf } from '../../src/adapters/vault/installation_key.ts';
import { environmentKeys, fileKeys, keyTextsIn } from '../../src/adapters/vault/key_ring.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import type { WorkspaceId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import type { InstallationKeys } from '../../src/ports/vault.ts';
import { MemoryDocuments } from '../support/documents.ts';

const root = mkdtempSync(join(tmpdir(), 'headwater-ring-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const freshFolder = (): string => mkdtempSync(join(root, `${folders++}-`));

const one = '01ARZ3NDEKTSV4RRFFQ69G5FAV' as WorkspaceId;
const two = '01ARZ3NDEKTSV4RRFFQ69G5FAW' as WorkspaceId;
const three = '01ARZ3NDEKTSV4RRFFQ69G5FAX' as WorkspaceId;
const all = async () => [one, two, three];
const clock = { nowMs: () => 1_790_000_000_000 };
const text = (n: number) => keyTextOf(new Uint8Array(32).fill(n));
const fingerprint = async (n: number) => (await environmentKey(text(n))).fingerprint;
const locked = { code: 'vault_locked' };
const change = { onlyRewrap: false };

function wrappers(documents: MemoryDocuments): (string | undefined)[] {
  return [...documents.texts.values()].flatMap((t) =>
    (JSON.parse(t).keys as { wrappedPrivateKey: string }[]).map((k) => wrapperOf(k.wrappedPrivateKey)),
  );
}

/** A vault with contents of two workspaces, one of them of two generations. */
async function filled(key: InstallationKeys, documents = new MemoryDocuments()) {
  const vault = await openVault({ documents, key, clock });
  const sealed = [must(await vault.seal(one, 'first')), ''];
  await vault.rotate(one);
  sealed[1] = must(await vault.seal(two, 'second'));
  const opens = async (by: InstallationKeys) => {
    const other = await openVault({ documents, key: by, clock });
    return [must(await other.open(one, sealed[0]!)), must(await other.open(two, sealed[1]!))];
  };
  return { vault, documents, opens };
}

describe('[EN122] a key in a file', () => {
  test('is replaced by another, which opens everything; the one before is kept under its fingerprint', async () => {
    const folder = freshFolder();
    const path = join(folder, 'k');
    const { vault, documents, opens } = await filled(await fileKeys(path));
    const before = await fileKey(path);
    const done = await vault.changeInstallationKey(all, change);
    const after = await fileKey(path);
    expect(done).toEqual({
      from: before.fingerprint,
      to: after.fingerprint,
      rewrapped: [one, two],
      locked: [],
      kept: `${path}.old-${before.fingerprint}`,
    });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(wrappers(documents)).toEqual([after.fingerprint, after.fingerprint, after.fingerprint]);
    expect(readdirSync(folder).sort()).toEqual(['k', `k.old-${before.fingerprint}`]);
    expect(statSync(done.kept!).mode & 0o777).toBe(0o600);
    expect((await fileKey(done.kept!)).fingerprint).toBe(before.fingerprint);
    // The same process goes on with the new key, another one finds it; the old key alone opens nothing any more.
    expect(must(await vault.open(one, must(await vault.seal(one, 'x'))))).toBe('x');
    rmSync(done.kept!);
    expect(await opens(await fileKeys(path))).toEqual(['first', 'second']);
    const old = await environmentKeys(text(1), []);
    await expect(opens(old)).rejects.toMatchObject(locked);
  });

  test('that is being replaced wraps no more: what is made meanwhile is made with the next one', async () => {
    const folder = freshFolder();
    const path = join(folder, 'k');
    const { documents, opens } = await filled(await fileKeys(path));
    const next = await fileKey(`${path}.next`);
    const ring = await fileKeys(path);
    expect(ring.fingerprint).toBe(next.fingerprint);
    expect(await opens(ring)).toEqual(['first', 'second']);
    const vault = await openVault({ documents, key: ring, clock });
    await vault.rotate(three);
    expect(wrappers(documents).at(-1)).toBe(next.fingerprint);
    const { to, rewrapped } = await vault.changeInstallationKey(all, change);
    expect([to, rewrapped]).toEqual([next.fingerprint, [one, two]]);
    expect((await fileKey(path)).fingerprint).toBe(next.fingerprint);
  });

  test('wrapped just before the change and written after it, a new pair is wrapped again', async () => {
    const path = join(freshFolder(), 'k');
    const documents = new MemoryDocuments();
    const vault = await openVault({ documents, key: await fileKeys(path), clock });
    // The whole change happens between the wrapping of the first pair and its writing.
    documents.beforeWrite = async () => {
      await vault.changeInstallationKey(all, change);
    };
    const sealed = must(await vault.seal(one, 'first'));
    const key = await fileKey(path);
    expect(wrappers(documents)).toEqual([key.fingerprint]);
    const alone = await openVault({ documents, key, clock });
    expect(must(await alone.open(one, sealed))).toBe('first');
  });

  test('only rewraps when asked to: after a backup from before a change came back', async () => {
    const path = join(freshFolder(), 'k');
    const { vault, documents, opens } = await filled(await fileKeys(path));
    const backup = new Map(documents.texts);
    const { kept } = await vault.changeInstallationKey(all, change);
    for (const [name, t] of backup) documents.texts.set(name, t);
    // What was wrapped by the key before is opened by it as long as it is kept.
    const ring = await fileKeys(path);
    expect(await opens(ring)).toEqual(['first', 'second']);
    const again = await openVault({ documents, key: ring, clock });
    expect(await again.changeInstallationKey(all, { onlyRewrap: true })).toMatchObject({
      from: ring.fingerprint,
      to: ring.fingerprint,
      rewrapped: [one, two],
      kept: null,
    });
    rmSync(kept!);
    expect(await opens(await fileKeys(path))).toEqual(['first', 'second']);
  });

  test('leaves what no key here opens as it is, names it, and changes the others', async () => {
    const path = join(freshFolder(), 'k');
    const { vault, documents } = await filled(await fileKeys(path));
    const stranger = await openVault({ documents, key: await environmentKey(text(9)), clock });
    await stranger.rotate(three);
    const before = documents.texts.get(`${three}/keys`);
    const { rewrapped, locked: left } = await vault.changeInstallationKey(all, change);
    expect([rewrapped, left]).toEqual([[one, two], [three]]);
    expect(documents.texts.get(`${three}/keys`)).toBe(before);
  });

  test('is not replaced where the name for the one before holds something else', async () => {
    const path = join(freshFolder(), 'k');
    const { vault, opens } = await filled(await fileKeys(path));
    const before = await fileKey(path);
    writeFileSync(`${path}.old-${before.fingerprint}`, `${text(4)}\n`, { mode: 0o600 });
    await expect(vault.changeInstallationKey(all, change)).rejects.toMatchObject(locked);
    expect((await fileKey(path)).fingerprint).toBe(before.fingerprint);
    expect(await opens(await fileKeys(path))).toEqual(['first', 'second']);
    rmSync(`${path}.old-${before.fingerprint}`);
    const retried = await vault.changeInstallationKey(all, change);
    expect([retried.rewrapped, retried.kept]).toEqual([[], `${path}.old-${before.fingerprint}`]);
  });
});

describe('[EN122] a key from the environment', () => {
  test('takes the place of an older one that is given beside it', async () => {
    const { documents, opens } = await filled(await environmentKeys(text(1)));
    await expect(opens(await environmentKeys(text(2)))).rejects.toMatchObject(locked);
    const both = await environmentKeys(text(2), [text(3), text(1)]);
    expect(await opens(both)).toEqual(['first', 'second']);
    const vault = await openVault({ documents, key: both, clock });
    expect(await vault.changeInstallationKey(all, change)).toEqual({
      from: await fingerprint(2),
      to: await fingerprint(2),
      rewrapped: [one, two],
      locked: [],
      kept: null,
    });
    expect(await opens(await environmentKeys(text(2)))).toEqual(['first', 'second']);
    expect((await vault.changeInstallationKey(all, change)).rewrapped).toEqual([]);
  });

  test('takes the place of a file, and a file that of one from the environment', async () => {
    const path = join(freshFolder(), 'k');
    const { documents, opens } = await filled(await fileKeys(path));
    const given = await environmentKeys(text(2), [], path);
    expect(await opens(given)).toEqual(['first', 'second']);
    await (await openVault({ documents, key: given, clock })).changeInstallationKey(all, change);
    expect(await opens(await environmentKeys(text(2)))).toEqual(['first', 'second']);

    const back = await fileKeys(path, [text(2)]);
    expect(await opens(back)).toEqual(['first', 'second']);
    await (await openVault({ documents, key: back, clock })).changeInstallationKey(all, { onlyRewrap: true });
    expect(await opens(await fileKeys(path))).toEqual(['first', 'second']);
  });

  test('is several where several are given, and none of them is shown', async () => {
    expect(keyTextsIn(` ${text(1)},${text(2)}\n${text(3)} `)).toEqual([text(1), text(2), text(3)]);
    expect(keyTextsIn(undefined)).toEqual([]);
    await expect(environmentKeys(text(1), ['hwk1_short'])).rejects.toMatchObject(locked);
    const ring = await environmentKeys(text(1), [text(2)]);
    expect(inspect(ring, { depth: 9, showHidden: true }) + JSON.stringify(ring)).not.toContain(text(1).slice(5, 20));
  });
});

const killing = fileURLToPath(new URL('./fixtures/rekey.mjs', import.meta.url));

describe('[EN122] a change that is killed', () => {
  test('before any step that reaches the disk leaves everything open, and goes on when it is done again', async () => {
    const origin = freshFolder();
    const store = await openSqliteStore({ file: join(origin, 'headwater.db') });
    const vault = await openVault({ documents: store.runs, key: await fileKeys(join(origin, 'headwater.key')), clock });
    const sealed = [must(await vault.seal(one, 'first')), must(await vault.seal(two, 'second'))];
    await vault.rotate(one);
    await store.close();
    const first = (await fileKey(join(origin, 'headwater.key'))).fingerprint;

    const steps: string[] = [];
    for (let killAt = 1; ; killAt++) {
      const folder = freshFolder();
      cpSync(origin, folder, { recursive: true });
      const run = (at: number) =>
        spawnSync(process.execPath, [killing, folder, String(at), one, two], { encoding: 'utf8' });
      const { status, signal, stdout, stderr } = run(killAt);
      if (status === 0) break;
      expect([signal, stderr]).toEqual(['SIGKILL', '']);
      steps.push(stdout.trim().split('\n').at(-1)!);
      const opened = async () => {
        const again = await openSqliteStore({ file: join(folder, 'headwater.db') });
        const key = await fileKeys(join(folder, 'headwater.key'));
        const there = await openVault({ documents: again.runs, key, clock });
        const contents = [must(await there.open(one, sealed[0]!)), must(await there.open(two, sealed[1]!))];
        await there.seal(one, 'more');
        await again.close();
        return contents;
      };
      expect([killAt, await opened()]).toEqual([killAt, ['first', 'second']]);
      expect(run(0)).toMatchObject({ status: 0, stderr: '' });
      // The change is through: the key in the file alone opens everything.
      for (const name of readdirSync(folder)) if (name.startsWith('headwater.key.')) rmSync(join(folder, name));
      expect([killAt, await opened()]).toEqual([killAt, ['first', 'second']]);
      expect(readFileSync(join(folder, 'headwater.key'), 'latin1')).not.toBe(
        readFileSync(join(origin, 'headwater.key'), 'latin1'),
      );
      expect((await fileKey(join(folder, 'headwater.key'))).fingerprint).not.toBe(first);
    }
    expect(steps).toEqual([
      'open headwater.key.next.new',
      'write headwater.key.next.new',
      'sync headwater.key.next.new',
      'link headwater.key.next',
      'unlink headwater.key.next.new',
      'sync folder',
      'document',
      'document',
      'link headwater.key.old',
      'sync folder',
      'rename headwater.key',
      'sync folder',
    ]);
  }, 180_000);
});
