// Submitting: one request, all or nothing, once.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { SubmitReply } from '../../src/engine/submit.ts';
import { eachStore, owner } from './house.ts';

const set = (component: string, path: string, value: Json): Json => ({ kind: 'attribute.set', component, path, value });

describe('submit', () => {
  eachStore((make) => {
    test('[EN6] a refusal in the middle of a batch leaves root, version, log and audit as they were', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const before = await house.everything();
      const mutations = [set(a, '/domain/text', 'one'), set(a, '/domain/size', 'wrong'), set(a, '/domain/text', 'two')];
      const refusal = await house.refused('submit', { changeSet, mutations });
      expect(refusal).toMatchObject({ code: 'kind_mismatch', path: 'mutations/1: /domain/size' });
      expect(await house.everything()).toBe(before);
      expect(await house.value(changeSet, a)).not.toHaveProperty('text');
      await house.reopen();
      expect(await house.everything()).toBe(before);
      await house.sound();
    });

    test('[EN7] a request is one version; one that changes nothing is none', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const one = await house.submit(changeSet, set(a, '/domain/text', 'x'), set(a, '/domain/size', 4));
      expect(one.version).toBe(2);
      const same = await house.submit(changeSet, set(a, '/domain/text', 'x'));
      expect(same).toMatchObject({ version: 2, intentRoot: one.intentRoot, steps: [{ edits: 0 }] });
      expect((await house.row(changeSet)).version).toBe(2);
    });

    test('[EN8] the same key and request are carried out once and answered the same, also after a restart', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const request = {
        changeSet,
        idempotencyKey: 'k1',
        mutations: [{ kind: 'component.create', schema: 'Box', name: 'once' }],
      };
      const first = await house.call<SubmitReply>('submit', request);
      expect(await house.call('submit', request)).toEqual(first);
      await house.reopen();
      expect(await house.call('submit', request)).toEqual(first);
      expect((await house.row(changeSet)).version).toBe(1);
    });

    test('[EN8] repetitions at the same time are one', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const request = {
        changeSet,
        idempotencyKey: 'k1',
        mutations: [{ kind: 'component.create', schema: 'Box', name: 'once' }],
      };
      const replies = await Promise.all(Array.from({ length: 20 }, () => house.call('submit', request)));
      for (const reply of replies) expect(reply).toEqual(replies[0]);
      expect((await house.row(changeSet)).version).toBe(1);
    });

    test('[EN8] a key answers for what changed nothing too: repeating it later does not undo what came between', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a', { '/domain/text': 'x' });
      const request = { changeSet, idempotencyKey: 'k1', mutations: [set(a, '/domain/text', 'x')] };
      const first = await house.call('submit', request);
      await house.set(changeSet, a, '/domain/text', 'y');
      expect(await house.call('submit', request)).toEqual(first);
      expect(await house.value(changeSet, a)).toMatchObject({ text: 'y' });
    });

    test('[EN8] another request with the key is refused; another principal has keys of its own', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const create = (name: string): Json => ({ kind: 'component.create', schema: 'Box', name });
      await house.call('submit', { changeSet, idempotencyKey: 'k1', mutations: [create('a')] });
      const other = { changeSet, idempotencyKey: 'k1', mutations: [create('b')] };
      expect((await house.refused('submit', other)).code).toBe('idempotency_key_reused');
      expect((await house.row(changeSet)).version).toBe(1);
      await house.call('submit', other, { id: 'grace', role: 'collaborator' });
      expect((await house.row(changeSet)).version).toBe(2);
    });

    test('[EN8] a refusal is not remembered: the key is free for the corrected request', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const request = (value: Json) => ({ changeSet, idempotencyKey: 'k', mutations: [set(a, '/domain/size', value)] });
      await house.refused('submit', request('wrong'));
      await house.call('submit', request(9));
      expect(await house.value(changeSet, a)).toMatchObject({ size: 9 });
    });

    test('[EN9] edits on an older version are carried over what came since; the reply says what they met', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const b = await house.create(changeSet, 'b');
      const seen = (await house.row(changeSet)).version;
      await house.set(changeSet, a, '/domain/text', 'theirs');
      const late = (mutation: Json) => ({ changeSet, baseVersion: seen, mutations: [mutation] });
      await house.call('submit', late(set(b, '/domain/text', 'mine')));
      await house.call('submit', late(set(a, '/domain/size', 8)));
      const over = await house.call<SubmitReply>('submit', late(set(a, '/domain/text', 'mine')));
      expect(over.receipt).toMatchObject([
        { rule: 'value-value', outcome: 'overridden', path: '/domain/text', now: '{"v":"mine"}', headVersion: 0 },
      ]);
      expect(over.receipt![0]!.otherwise).toMatchObject([
        { kind: 'cell.set', path: '/domain/text', cell: { v: 'theirs' } },
      ]);
      expect(await house.value(changeSet, a)).toMatchObject({ text: 'mine', size: 8 });
      expect(await house.value(changeSet, b)).toMatchObject({ text: 'mine' });
      // What others have erased meanwhile cannot be edited any more; nothing of the batch stays.
      await house.submit(changeSet, { kind: 'component.erase', component: b });
      const before = await house.everything();
      const batch = [set(a, '/domain/size', 9), set(b, '/domain/size', 9)];
      const refusal = await house.refused('submit', { changeSet, baseVersion: seen, mutations: batch });
      expect(refusal.code).toBe('version_conflict');
      expect(refusal.hint).toContain('read again');
      expect(JSON.stringify(refusal.data)).toContain('erase-edit');
      expect(await house.everything()).toBe(before);
      expect((await house.refused('submit', { ...late(set(a, '/domain/size', 1)), baseVersion: 99 })).code).toBe(
        'version_not_found',
      );
      await house.sound();
    });

    test('[EN10] 100 submits at once on one change set all land once, in versions without a gap', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const ids = await Promise.all(Array.from({ length: 100 }, (_, i) => house.create(changeSet, `c${i}`)));
      expect(new Set(ids).size).toBe(100);
      const replies = await Promise.all(ids.map((id, i) => house.set(changeSet, id, '/domain/size', i)));
      expect(replies.map((r) => r.version).sort((x, y) => x - y)).toEqual(
        Array.from({ length: 100 }, (_, i) => 101 + i),
      );
      await house.reopen();
      for (const [i, id] of ids.entries()) expect(await house.value(changeSet, id)).toMatchObject({ size: i });
      await house.sound();
    });

    test('[EN10] 20 submits at once that name the version they saw all land', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => house.create(changeSet, `c${i}`)));
      const replies = await Promise.all(
        ids.map((id, i) =>
          house.call<SubmitReply>('submit', { changeSet, baseVersion: 20, mutations: [set(id, '/domain/size', i)] }),
        ),
      );
      expect(replies.map((r) => r.version).sort((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => 21 + i));
      await house.sound();
    });

    test('[EN10] submits at once on 16 change sets, opened at once, do not meet', async () => {
      const house = await make();
      await house.withBox();
      const sets = await Promise.all(Array.from({ length: 16 }, (_, i) => house.open(`set ${i}`)));
      await Promise.all(
        sets.flatMap((changeSet, s) => Array.from({ length: 10 }, (_, i) => house.create(changeSet, `c${s}-${i}`))),
      );
      for (const [s, changeSet] of sets.entries()) {
        expect((await house.row(changeSet)).version).toBe(10);
        const found = await house.call<{ items: { name: string }[] }>('component.search', { changeSet });
        expect(found.items.map((c) => c.name).sort()).toEqual(Array.from({ length: 10 }, (_, i) => `c${s}-${i}`));
      }
      await house.sound();
    });

    test('[EN5] B32 an edit sent to Head is refused with a hint to open a change set', async () => {
      const house = await make();
      await house.withBox();
      const before = await house.everything();
      for (const mutation of [
        { kind: 'component.create', schema: 'Box', name: 'x' },
        { kind: 'view.create', name: 'v' },
      ]) {
        const refusal = await house.refused('submit', { changeSet: 'HEAD', mutations: [mutation] });
        expect(refusal.code).toBe('head_is_read_only');
        expect(refusal.hint).toContain('open a change set');
      }
      expect(await house.everything()).toBe(before);
    });

    test('[EN26] bounds are refused with a code, and nothing is left behind', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const a = await house.create(changeSet, 'a');
      const before = await house.everything();
      const deep = (n: number): Json => (n === 0 ? 'x' : { d: deep(n - 1) });
      const cases: [Json, string][] = [
        [set(a, '/domain/text', 'x'.repeat(5_000_000)), 'limit_exceeded'],
        [set(a, '/domain/doc', deep(80)), 'value_not_storable'],
        [set(a, `/domain/tags/${'k'.repeat(3_000)}`, 'v'), 'path_invalid'],
        [{ kind: 'component.create', schema: 'Box', name: 'n'.repeat(300) }, 'request_malformed'],
        [set(a, '/domain/doc', '\ud800'), 'value_not_storable'],
      ];
      for (const [mutation, code] of cases) {
        const refusal = await house.refused('submit', { changeSet, mutations: [mutation] });
        expect([JSON.stringify(mutation).slice(0, 60), refusal.code]).toEqual([
          JSON.stringify(mutation).slice(0, 60),
          code,
        ]);
      }
      const key = 'k'.repeat(300);
      const one = { changeSet, mutations: [set(a, '/domain/size', 1)] };
      expect((await house.refused('submit', { ...one, idempotencyKey: key })).code).toBe('request_malformed');
      expect((await house.refused('submit', { changeSet, mutations: [] })).code).toBe('request_malformed');
      expect(await house.everything()).toBe(before);
    });

    test('a value too long for its cell is a blob and is read back whole', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      const long = 'ü'.repeat(100_000);
      const a = await house.create(changeSet, 'a', { '/domain/text': long });
      await house.submit(changeSet, { kind: 'component.duplicate', component: a, name: 'copy' });
      await house.reopen();
      await house.submit(changeSet, { kind: 'component.duplicate', component: a, name: 'copy 2' });
      for (const name of ['a', 'copy', 'copy 2']) expect((await house.value(changeSet, name))['text']).toBe(long);
      await house.sound();
    });

    test('the actor is on the row and in the trail', async () => {
      const house = await make();
      const changeSet = await house.withBox();
      await house.call(
        'submit',
        { changeSet, mutations: [{ kind: 'component.create', schema: 'Box', name: 'g' }] },
        { id: 'grace', role: 'collaborator' },
      );
      const records = await house.call<{ actor: string }[]>('audit.list', { changeSet });
      expect(records.map((r) => r.actor)).toEqual([owner.id, 'grace']);
    });
  });
});
