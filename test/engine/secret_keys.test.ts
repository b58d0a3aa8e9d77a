// The keys of secrets: rotation reseals every content, collection takes only what nothing can ask for any more.

import sodium from 'libsodium-wrappers';
import { beforeAll, expect, test } from 'vitest';
import { systemIds, systemWorld } from '../../src/adapters/system/world.ts';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { keyTextOf } from '../../src/adapters/vault/key_text.ts';
import { openVault } from '../../src/adapters/vault/vault.ts';
import type { ChangeSetId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { limits } from '../../src/base/limits.ts';
import { madeAtMs } from '../../src/engine/collect_secrets.ts';
import type { Store } from '../../src/ports/store.ts';
import type { InstallationKey, Vault } from '../../src/ports/vault.ts';
import type { World } from '../../src/ports/world.ts';
import { eachStore, type House } from './house.ts';

let key: InstallationKey;
beforeAll(async () => {
  await sodium.ready;
  key = await environmentKey(keyTextOf(new Uint8Array(32).fill(3)));
});

let nowMs = 0;
const clock = { nowMs: () => nowMs };
const world = (): World => ({ ...systemWorld(), clock, ids: systemIds(clock.nowMs) });
const day = 24 * 3_600_000;

let vault: Vault;
const options = () => {
  nowMs = Date.UTC(2031, 0, 1);
  return {
    world: world(),
    vault: async (store: Store) => {
      vault = await openVault({ documents: store.runs, key, clock });
      return vault;
    },
  };
};

const set = (house: House, changeSet: string, name: string, content: Json) =>
  house.call('secret.set', { changeSet, name, definition: 'Any', content });

async function keysKept(house: House): Promise<readonly string[]> {
  const w = await house.workspace();
  return w.store.runs.listSealed(w.id);
}

async function keyOf(house: House, changeSet: string, secret: string): Promise<string> {
  return (await house.call<{ key: string }>('secret.get', { changeSet, secret })).key;
}

const collect = (house: House) => house.call<{ removed: number; kept: number }>('secret.collect');

test('the time of a content is in its key', () => {
  nowMs = Date.UTC(2031, 5, 6, 7, 8, 9, 123);
  expect(madeAtMs(systemIds(clock.nowMs).ulid())).toBe(nowMs);
  expect(madeAtMs('staging')).toBeUndefined();
});

eachStore((make) => {
  test('rotating makes a new pair and seals every content to it; a repetition finds nothing to do', async () => {
    const house = await make(options());
    const changeSet = await house.open();
    await set(house, changeSet, 'one', { password: 'correct-horse' });
    await set(house, changeSet, 'two', 'text');
    const w = await house.workspace();
    const before = await house.call<{ generation: number; publicKey: string }>('secret.public_key');
    expect(before.generation).toBe(1);
    expect(await house.call('secret.rotate')).toEqual({ generation: 2, resealed: 2, current: 0, unreadable: [] });
    const after = await house.call<{ generation: number; publicKey: string }>('secret.public_key');
    expect(after.generation).toBe(2);
    expect(after.publicKey).not.toBe(before.publicKey);
    for (const sealedKey of await keysKept(house))
      expect(await w.store.runs.readSealed(w.id, sealedKey)).toMatch(/^hws1\.2\./);
    const sealed = await w.store.runs.readSealed(w.id, await keyOf(house, changeSet, 'one'));
    expect(await vault.open(w.id, sealed!)).toEqual({ ok: true, value: { password: 'correct-horse' } });
    expect(await house.call('secret.rotate', { onlyReseal: true })).toEqual({
      generation: 2,
      resealed: 0,
      current: 2,
      unreadable: [],
    });
    const audit = await house.call<{ sentence: string }[]>('audit.list', { kind: 'secret.rotate' });
    expect(audit.map((a) => a.sentence)).toEqual(['rotate the keys of secrets to generation 2']);
  });

  test('rotating leaves what does not open as it is, and names it', async () => {
    const house = await make(options());
    const changeSet = await house.open();
    await set(house, changeSet, 'one', 'text');
    const w = await house.workspace();
    await w.store.runs.putSealed(w.id, 'broken', 'hws1.1.AAAA');
    expect(await house.call('secret.rotate')).toEqual({
      generation: 2,
      resealed: 1,
      current: 0,
      unreadable: ['broken'],
    });
    expect(await w.store.runs.readSealed(w.id, 'broken')).toBe('hws1.1.AAAA');
  });

  test('collecting takes what nothing names and nothing has named for long: of a failed setting, of a content replaced', async () => {
    const house = await make(options());
    const w = await house.workspace().catch(async () => {
      await house.open('first');
      return house.workspace();
    });
    const orphan = w.world.ids.ulid();
    await w.store.runs.putSealed(w.id, orphan, 'left by a crash');
    const changeSet = await house.open();
    await set(house, changeSet, 'one', 'first');
    const replaced = await keyOf(house, changeSet, 'one');
    await house.call('change_set.apply', { changeSet });
    expect(await collect(house)).toEqual({ removed: 0, kept: 2 });

    nowMs += limits.secretKeptMs - day;
    const later = await house.open('later');
    await set(house, later, 'one', 'second');
    await house.call('change_set.apply', { changeSet: later });
    const present = await keyOf(house, 'HEAD', 'one');
    // Old, but Head named it until a moment ago.
    nowMs += 2 * day;
    expect(await collect(house)).toEqual({ removed: 1, kept: 2 });
    expect(await keysKept(house)).toEqual([replaced, present]);
    nowMs += limits.secretKeptMs;
    // A version of Head that is kept readable may be the one before; a collection of chunks lets go of it.
    await house.call('gc');
    await collect(house);
    expect(await keysKept(house)).toEqual([present]);
    await house.sound();
  });

  test('collecting keeps what a change set that was not applied names, also where it was replaced in it or abandoned', async () => {
    const house = await make(options());
    const changeSet = await house.open();
    await set(house, changeSet, 'one', 'first');
    await set(house, changeSet, 'one', 'second');
    const other = await house.open('other');
    await set(house, other, 'two', 'third');
    await house.call('change_set.abandon', { changeSet: other });
    nowMs += 10 * limits.secretKeptMs;
    expect(await collect(house)).toEqual({ removed: 0, kept: 3 });
  });

  test('collecting keeps what a version of Head that a change set stands on names, and what a revert brings back', async () => {
    const house = await make(options());
    const first = await house.open('first');
    await set(house, first, 'one', 'first');
    await house.call('change_set.apply', { changeSet: first });
    const wanted = await keyOf(house, 'HEAD', 'one');
    nowMs += 10 * limits.secretKeptMs;
    const second = await house.open('second');
    await set(house, second, 'one', 'second');
    await house.call('change_set.apply', { changeSet: second });
    nowMs += limits.secretKeptMs - day;
    const { version } = await house.row('HEAD');
    const reverted = await house.call<{ changeSet: string | { id: string } }>('change_set.revert', {
      first: version,
      last: version,
    });
    const id = typeof reverted.changeSet === 'string' ? reverted.changeSet : reverted.changeSet.id;
    expect(await keyOf(house, id, 'one')).toBe(wanted);
    nowMs += 10 * limits.secretKeptMs;
    await collect(house);
    expect(await keysKept(house)).toContain(wanted);
  });

  test('an engine without a vault keeps no secrets and says so', async () => {
    const house = await make();
    const changeSet = (await house.open()) as ChangeSetId;
    await expect(set(house, changeSet, 'one', 'first')).rejects.toMatchObject({ code: 'vault_locked' });
  });
});
