// What is there at a container engine, and taking it over: components that say what is there, and of which nothing is drift.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ContainerEngine, type EngineKind, image, missingFor } from './container_engine.ts';
import { ContainerHouse, remove } from './container_house.ts';

interface Listed {
  readonly resources: readonly { readonly resourceId: string; readonly name: string }[];
  readonly cursor: string | null;
}

const kinds: readonly EngineKind[] = ['podman', 'docker'];
const secrets = { credential: 'engine' };

describe.each(kinds)('%s', (kind) => {
  describe.skipIf(missingFor(kind) !== undefined)('of this machine', () => {
    let engine: ContainerEngine;
    let h: ContainerHouse;
    beforeAll(async () => {
      engine = await ContainerEngine.open(kind);
      h = await ContainerHouse.open(engine);
      await engine.ask('POST', '/volumes/create', { Name: 'found', Labels: { of: 'them' } });
      await engine.ask('POST', '/networks/create', { Name: 'found', Internal: true });
      const Mounts = [{ Type: 'volume', Source: 'found', Target: '/data', ReadOnly: true }];
      await engine.ask('POST', '/containers/create?name=found', {
        Image: image,
        Cmd: ['/bin/sleep', '1000'],
        Env: ['GREETING=hello'],
        HostConfig: { NetworkMode: 'found', Mounts, RestartPolicy: { Name: 'unless-stopped' } },
      });
      await engine.ask('POST', '/containers/found/start');
    });
    afterAll(async () => {
      await h?.close();
      await engine?.close();
    });

    test('what is there is listed, taken over as it is, and can be taken away from here', async () => {
      const changeSet = await h.house.open('take');
      for (const noun of ['Volume', 'Network', 'Container']) {
        const schema = `Container::${noun}`;
        const { resources, cursor } = await h.house.call<Listed>('resource.list', { schema, secrets });
        expect([resources.map((r) => r.name), cursor]).toEqual([['found'], null]);
        const { resourceId } = resources[0]!;
        const names = { [resourceId]: `a ${noun}` };
        await h.house.call('resource.import', { changeSet, schema, secrets, resourceIds: [resourceId], names });
      }
      await h.house.call('change_set.apply', { changeSet, waitMs: 20_000 });
      await h.quiet();
      expect(await h.told()).toEqual([]);
      const { domain } = await h.seen('a Container');
      expect(domain).toMatchObject({
        Name: 'found',
        Image: image,
        Command: ['/bin/sleep', '1000'],
        Environment: { GREETING: 'hello' },
        Mounts: [{ Type: 'volume', Source: 'found', Target: '/data', ReadOnly: true }],
        Networks: ['found'],
        Run: 'always',
        RestartPolicy: { Name: 'unless-stopped' },
      });
      for (const name of ['Entrypoint', 'WorkingDirectory', 'User', 'Ports', 'Labels', 'MemoryBytes', 'Cpus', 'Pids'])
        expect([name, domain[name]]).toEqual([name, undefined]);
      for (const noun of ['Volume', 'Network', 'Container']) {
        await h.refresh(`a ${noun}`);
        expect(await h.drift(`a ${noun}`)).toEqual([]);
      }
      // It follows both, as the schema says whose names it takes: so it goes first.
      const { sources } = await h.house.call<{ sources: { path: string; follows?: string }[] }>('component.get', {
        changeSet: 'HEAD',
        component: 'a Container',
      });
      expect(sources.flatMap((s) => (s.follows === undefined ? [] : [s.path.replace(/@\w+/, '0')]))).toEqual([
        '/domain/Mounts/0/Source',
        '/domain/Networks/0',
      ]);
      await h.apply('gone', ...['Volume', 'Network', 'Container'].map((noun) => remove(`a ${noun}`)));
      expect((await h.actions()).filter((a) => a.kind === 'destroy').map((a) => a.attempts)).toEqual([1, 1, 1]);
      expect((await engine.ask('GET', '/volumes/found')).status).toBe(404);
    });

    test('containers come in pages', async () => {
      const made: string[] = [];
      for (let n = 0; n < 51; n++) {
        const body = { Image: image, Cmd: ['/bin/true'], HostConfig: { NetworkMode: 'none' } };
        made.push((await engine.ask('POST', `/containers/create?name=n${n}`, body)).body.Id);
      }
      const ask = { schema: 'Container::Container', secrets };
      const first = await h.house.call<Listed>('resource.list', ask);
      const second = await h.house.call<Listed>('resource.list', { ...ask, cursor: first.cursor! });
      expect([first.resources.length, second.resources.length, second.cursor]).toEqual([50, 1, null]);
      const ids = [...first.resources, ...second.resources].map((r) => r.resourceId);
      expect(ids).toEqual(made.sort());
    });
  });
});
