// The keys of secrets: rotation reseals every content, collection takes only what nothing can ask for any more.

import sodium from 'libsodium-wrappers';
import { beforeAll, expect, test } from 'vitest';
import { systemIds, systemWorld } from '../../src/adapters/system/world.ts';
import { environmentKey } from '../../src/adapters/vault/installation_key.ts';
import { environmentKeys } from '../../src/adapters/vault/key_ring.ts';
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

const collect = (house: House) => house.call<{ removed: number; kept: number; isUnsure: boolean }>('secret.collect');

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

  test('[EN122] another installation key encrypts the keys of every workspace, for who may maintain all of them', async () => {
    const older = keyTextOf(new Uint8Array(32).fill(3));
    const newer = keyTextOf(new Uint8Array(32).fill(4));
    let ring = await environmentKeys(older);
    const house = await make({
      ...options(),
      vault: async (store: Store) => openVault({ documents: store.runs, key: ring, clock }),
    });
    const changeSet = await house.open();
    await set(house, changeSet, 'one', 'first');
    await house.call('workspace.create', { name: 'other' });
    await house.call('workspace.create', { name: 'empty' });
    const apart = await house.call<{ id: string }>('change_set.create', { workspace: 'other', name: 'work' });
    await house.call('secret.set', {
      workspace: 'other',
      changeSet: apart.id,
      name: 'two',
      definition: 'Any',
      content: 2,
    });
    const [from, to] = [ring.fingerprint, (await environmentKeys(newer)).fingerprint];
    expect(await house.call('secret.rekey')).toEqual({ from, to: from, rewrapped: [], locked: [], kept: null });

    ring = await environmentKeys(newer, [older]);
    await house.reopen();
    const viewer = { id: 'eve', role: 'collaborator' } as const;
    expect((await house.refused('secret.rekey', {}, viewer)).code).toBe('access_denied');
    // Owner here by the role that the caller names, in the other workspace by nothing.
    await house.call(
      'member.set',
      { workspace: 'other', member: 'cole', role: 'owner' },
      { id: 'cole', role: 'owner' },
    );
    expect((await house.refused('secret.rekey')).code).toBe('access_denied');
    const cole = { id: 'cole', role: 'owner' } as const;
    const done = await house.call<{ rewrapped: string[] }>('secret.rekey', {}, cole);
    expect(done).toEqual({ from: to, to, rewrapped: expect.anything(), locked: [], kept: null });
    expect([...done.rewrapped].sort()).toEqual(['default', 'other']);
    for (const workspace of ['default', 'other'])
      expect(
        (await house.call<{ sentence: string }[]>('audit.list', { workspace, kind: 'secret.rekey' }, cole)).map(
          (a) => a.sentence,
        ),
      ).toEqual([`encrypt the keys of secrets by installation key ${to}`]);

    ring = await environmentKeys(newer);
    await house.reopen();
    expect(await house.call('secret.rotate', {}, cole)).toMatchObject({ generation: 2, resealed: 1, unreadable: [] });
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
    expect(await collect(house)).toEqual({ removed: 0, kept: 2, isUnsure: false });

    nowMs += limits.secretKeptMs - day;
    const later = await house.open('later');
    await set(house, later, 'one', 'second');
    await house.call('change_set.apply', { changeSet: later });
    const present = await keyOf(house, 'HEAD', 'one');
    // Old, but Head named it until a moment ago.
    nowMs += 2 * day;
    expect(await collect(house)).toEqual({ removed: 1, kept: 2, isUnsure: false });
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
    expect(await collect(house)).toEqual({ removed: 0, kept: 3, isUnsure: false });
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

  /** A secret whose first content nothing names and nothing has named for long. */
  async function withOldContent(house: House): Promise<{ first: string; second: string }> {
    const changeSet = await house.open();
    await set(house, changeSet, 'one', 'first');
    await house.call('change_set.apply', { changeSet });
    const first = await keyOf(house, 'HEAD', 'one');
    const later = await house.open('later');
    await set(house, later, 'one', 'second');
    await house.call('change_set.apply', { changeSet: later });
    nowMs += 2 * limits.secretKeptMs;
    await house.call('gc');
    return { first, second: await keyOf(house, 'HEAD', 'one') };
  }

  const putBack = (key: string) => ({
    kind: 'secret.put',
    secret: 'one',
    name: 'one',
    definition: 'Any',
    description: '',
    key,
  });

  /** Has `body` run between the last look for names and the removal, the first time; `go` lets the removal go on. */
  async function beforeRemoval(
    house: House,
    body: (go: () => void) => Promise<unknown>,
  ): Promise<{ times: () => number }> {
    const { runs } = (await house.workspace()).store;
    const remove = runs.removeSealedAt.bind(runs);
    let times = 0;
    runs.removeSealedAt = async (...given) => {
      if (++times === 1) await new Promise<void>((go, fail) => void body(go).then(() => go(), fail));
      return remove(...given);
    };
    return { times: () => times };
  }

  test('[EN120] an old content that nothing names is collected', async () => {
    const house = await make(options());
    const { second } = await withOldContent(house);
    expect(await collect(house)).toEqual({ removed: 1, kept: 1, isUnsure: false });
    expect(await keysKept(house)).toEqual([second]);
  });

  test('[EN120] an old content that an edit names again before the removal stays: the names are looked at anew', async () => {
    const house = await make(options());
    const { first, second } = await withOldContent(house);
    const open = await house.open('names it again');
    const removal = await beforeRemoval(house, () => house.submit(open, putBack(first)));
    expect(await collect(house)).toEqual({ removed: 0, kept: 2, isUnsure: false });
    expect(removal.times()).toBe(1);
    expect(await keysKept(house)).toEqual([first, second]);
    expect(await keyOf(house, open, 'one')).toBe(first);
  });

  test('[EN120] so it does when the edit is queued and not yet acknowledged, in a change set that was just opened', async () => {
    const house = await make(options());
    const { first, second } = await withOldContent(house);
    const w = await house.workspace();
    let editing: Promise<unknown> = Promise.resolve();
    const open = await house.open('names it again');
    await beforeRemoval(house, async (go) => {
      const commit = w.store.commit.bind(w.store);
      w.store.commit = (...given) => {
        w.store.commit = commit;
        const landing = commit(...given);
        // The removal is asked for in the same turn as the commit was queued.
        go();
        return landing;
      };
      editing = house.submit(open, putBack(first));
      await editing;
    });
    expect(await collect(house)).toEqual({ removed: 0, kept: 2, isUnsure: false });
    await editing;
    expect(await keysKept(house)).toEqual([first, second]);
  });

  test('[EN120] an edit of something else meanwhile puts the removal off and no further', async () => {
    const house = await make(options());
    const { second } = await withOldContent(house);
    const removal = await beforeRemoval(house, () => house.open('something else'));
    expect(await collect(house)).toEqual({ removed: 1, kept: 1, isUnsure: false });
    expect(removal.times()).toBe(2);
    expect(await keysKept(house)).toEqual([second]);
  });

  test('[EN120] while edits never end, nothing is removed, and it is said', async () => {
    const house = await make(options());
    await withOldContent(house);
    const { runs } = (await house.workspace()).store;
    const remove = runs.removeSealedAt.bind(runs);
    let n = 0;
    runs.removeSealedAt = async (...given) => {
      await house.open(`edit ${n++}`);
      return remove(...given);
    };
    expect(await collect(house)).toEqual({ removed: 0, kept: 2, isUnsure: true });
    runs.removeSealedAt = remove;
    expect(await collect(house)).toEqual({ removed: 1, kept: 1, isUnsure: false });
  });

  test('an engine without a vault keeps no secrets and says so', async () => {
    const house = await make();
    const changeSet = (await house.open()) as ChangeSetId;
    await expect(set(house, changeSet, 'one', 'first')).rejects.toMatchObject({ code: 'vault_locked' });
  });
});
