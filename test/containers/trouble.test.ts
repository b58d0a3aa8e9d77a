// What becomes of actions when answers are lost, names are taken, things are in use, or the container engine is away.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { secretOf } from '../engine/secret_house.ts';
import { ContainerEngine, type EngineKind, image, missingFor } from './container_engine.ts';
import { ContainerHouse, create, follow, remove, set } from './container_house.ts';

const kinds: readonly EngineKind[] = ['podman', 'docker'];

describe.each(kinds)('%s', (kind) => {
  describe.skipIf(missingFor(kind) !== undefined)('of this machine', () => {
    let engine: ContainerEngine;
    let h: ContainerHouse;
    /** What the next request that has it loses the answer to. */
    const cuts = new Set<string>();
    beforeAll(async () => {
      engine = await ContainerEngine.open(kind);
      const Url = await engine.url((requested) => [...cuts].some((c) => requested.includes(c) && cuts.delete(c)));
      h = await ContainerHouse.open(engine, { cut: { Url } });
    });
    afterAll(async () => {
      await h?.close();
      await engine?.close();
    });

    const runner = (name: string, attributes: { readonly [path: string]: Json } = {}) =>
      create('Container', name, {
        '/domain/Name': name,
        '/domain/Image': image,
        '/domain/Command': ['/bin/sleep', '1000'],
        '/domain/Networks': ['none'],
        '/domain/StopSeconds': 0,
        ...attributes,
      });
    const status = async (path: string) => (await engine.ask('GET', path)).status;

    test('a creation whose answer is lost is found again by its key, and nothing is made twice', async () => {
      const cut = { '/secrets/credential': secretOf('cut') };
      cuts.add('POST /volumes/create').add('POST /networks/create').add('POST /containers/create');
      await h.apply(
        'cut',
        create('Volume', 'kept', { '/domain/Name': 'kept', ...cut }),
        create('Network', 'wire', { '/domain/Name': 'wire', '/domain/Internal': true, ...cut }),
        runner('once', { '/domain/Networks': [follow('wire', '/resource_value/Name')], ...cut }),
      );
      expect([...cuts]).toEqual([]);
      const made = (await h.actions()).filter((a) => a.kind === 'create');
      expect(made.map((a) => [a.status, a.attempts])).toEqual(Array(3).fill(['succeeded', 2]));
      const { body } = await engine.ask('GET', '/containers/once/json');
      expect(body.State.Running).toBe(true);
      expect(body.Config.Labels).toEqual({
        'headwater.component': 'once',
        'headwater.key': made.find((a) => a.componentName === 'once')!.idempotencyKey,
      });
      expect((await engine.ask('GET', '/containers/json?all=true')).body).toHaveLength(1);
      expect((await engine.ask('GET', '/volumes')).body.Volumes).toHaveLength(1);
      for (const component of ['kept', 'wire', 'once']) expect(await h.drift(component)).toEqual([]);
      // So is what removes and changes: done although nobody heard of it, it is done.
      cuts.add('/rename').add('POST /containers');
      await h.apply('renamed', set('once', '/domain/Name', 'twice'));
      expect(await status('/containers/twice/json')).toBe(200);
      cuts.clear();
      cuts.add('DELETE /containers').add('DELETE /volumes').add('DELETE /networks');
      await h.apply('gone', ...['once', 'wire', 'kept'].map(remove));
      expect([...cuts]).toEqual([]);
      expect((await h.told()).slice(-3)).toEqual(expect.arrayContaining(['destroy of once: succeeded']));
      for (const path of ['/containers/twice/json', '/networks/wire', '/volumes/kept'])
        expect(await status(path)).toBe(404);
    });

    test('what is there under the name and not ours is left alone', async () => {
      await engine.ask('POST', '/volumes/create', { Name: 'theirs', Labels: { of: 'them' } });
      await engine.ask('POST', '/networks/create', { Name: 'theirs', Internal: true });
      await engine.ask('POST', '/containers/create?name=theirs', {
        Image: image,
        Cmd: ['/bin/true'],
        HostConfig: { NetworkMode: 'none' },
      });
      await h.apply(
        'taken',
        create('Volume', 'a volume', { '/domain/Name': 'theirs' }),
        create('Network', 'a network', { '/domain/Name': 'theirs' }),
        runner('a container', { '/domain/Name': 'theirs' }),
      );
      const hint = 'already, which was not made from here: import it, choose another /domain/Name, or remove it';
      const failed = (await h.actions()).filter((a) => a.status === 'failed');
      expect(failed.map((a) => a.failure!.message).sort()).toEqual(
        ['container', 'network', 'volume'].map((what) => `there is a ${what} theirs ${hint}`),
      );
      expect((await engine.ask('GET', '/volumes/theirs')).body.Labels).toEqual({ of: 'them' });
      expect((await engine.ask('GET', '/containers/theirs/json')).body.State.Status).toBe('created');
      await engine.ask('DELETE', '/volumes/theirs');
      for (const action of failed)
        if (action.componentName === 'a volume') await h.house.call('action.retry', { action: action.id });
      await h.quiet();
      expect(await h.drift('a volume')).toEqual([]);
      await h.apply('gone', ...['a volume', 'a network', 'a container'].map(remove));
      expect([await status('/volumes/theirs'), await status('/networks/theirs')]).toEqual([404, 200]);
      await engine.ask('DELETE', '/networks/theirs');
      await engine.ask('DELETE', '/containers/theirs');
    });

    test('another volume made under the name of one that went is not taken for it', async () => {
      await h.apply('made', create('Volume', 'swapped', { '/domain/Name': 'swapped' }));
      await engine.ask('DELETE', '/volumes/swapped');
      await engine.ask('POST', '/volumes/create', { Name: 'swapped' });
      await h.refresh('swapped');
      expect((await h.seen('swapped')).resourceId).toBe(null);
      await h.apply('gone', remove('swapped'));
      expect(await status('/volumes/swapped')).toBe(200);
      await engine.ask('DELETE', '/volumes/swapped');
    });

    test('a volume that somebody uses is not removed before it is used no more; it is said by whom', async () => {
      await h.apply('made', create('Volume', 'used', { '/domain/Name': 'used' }));
      const { body } = await engine.ask('POST', '/containers/create?name=user', {
        Image: image,
        Cmd: ['/bin/true'],
        HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: 'used', Target: '/data' }] },
      });
      const changeSet = await h.house.open('gone');
      await h.house.submit(changeSet, remove('used'));
      await h.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
      const action = async () => (await h.actions()).findLast((a) => a.componentName === 'used')!;
      while ((await action()).failure === null) await h.house.call('action.run', { waitMs: 50 });
      expect(await action()).toMatchObject({ kind: 'destroy', status: 'queued' });
      expect((await action()).failure!.message).toMatch(/^removing volume used: .*(being used|in use)/);
      expect((await action()).failure!.message).toContain(body.Id);
      await engine.ask('DELETE', '/containers/user');
      await h.quiet();
      expect(await status('/volumes/used')).toBe(404);
    });

    test('what cannot be started is not left behind', async () => {
      const at = (await h.failures()).length;
      await h.apply(
        'wrong',
        runner('no-program', { '/domain/Command': ['/bin/nothing'] }),
        runner('no-image', { '/domain/Image': 'localhost/nothing:1' }),
        runner('no-network', { '/domain/Networks': ['nowhere'] }),
      );
      const said = (await h.failures()).slice(at).sort();
      expect(said).toHaveLength(3);
      expect(said.join('\n')).toMatch(/no such file or directory/);
      expect(said.join('\n')).toMatch(/no such image/i);
      expect(said.join('\n')).toMatch(/nowhere/);
      expect((await engine.ask('GET', '/containers/json?all=true')).body).toEqual([]);
      await h.apply('right', set('no-program', '/domain/Command', ['/bin/sleep', '1000']));
      expect((await h.seen('no-program')).reported).toMatchObject({ State: 'running' });
      await h.apply('gone', ...['no-program', 'no-image', 'no-network'].map(remove));
    });

    test('while the engine is away actions wait and say so, and are done when it is back', async () => {
      await h.apply('made', create('Volume', 'before', { '/domain/Name': 'before' }));
      await engine.stop();
      const changeSet = await h.house.open('away');
      await h.house.submit(changeSet, create('Volume', 'after', { '/domain/Name': 'after' }));
      await h.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
      const action = async () => (await h.actions()).find((a) => a.componentName === 'after')!;
      while ((await action()).failure === null) await h.house.call('action.run', { waitMs: 50 });
      expect((await action()).status).toBe('queued');
      expect((await action()).failure!.message).toMatch(/^the container engine cannot be reached: /);
      expect(JSON.stringify(await action())).not.toContain(engine.socket);
      await engine.start();
      await h.quiet();
      expect((await h.told()).at(-1)).toBe('create of after: succeeded');
      expect(await status('/volumes/after')).toBe(200);
      await h.refresh('before');
      expect(await h.drift('before')).toEqual([]);
      await h.apply('gone', remove('before'), remove('after'));
    });
  });
});
