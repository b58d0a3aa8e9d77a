// The life of containers, networks and volumes: made in order, looked at, changed, made anew and taken away, at real engines.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { ContainerEngine, type EngineKind, image, missingFor } from './container_engine.ts';
import { ContainerHouse, create, follow, remove, set } from './container_house.ts';

const kinds: readonly EngineKind[] = ['podman', 'docker'];

describe.each(kinds)('%s', (kind) => {
  describe.skipIf(missingFor(kind) !== undefined)('of this machine', () => {
    let engine: ContainerEngine;
    let h: ContainerHouse;
    beforeAll(async () => {
      engine = await ContainerEngine.open(kind);
      h = await ContainerHouse.open(engine);
    });
    afterAll(async () => {
      await h?.close();
      await engine?.close();
    });

    /** A container that runs until it is ended. */
    const runner = (name: string, attributes: { readonly [path: string]: Json } = {}) =>
      create('Container', name, {
        '/domain/Name': name,
        '/domain/Image': image,
        '/domain/Command': ['/bin/sh', '-c', 'echo $GREETING > /data/said; exec sleep 1000'],
        '/domain/Environment': { GREETING: 'hello' },
        '/domain/Mounts': [{ Type: 'tmpfs', Target: '/data' }],
        '/domain/Networks': ['none'],
        '/domain/StopSeconds': 0,
        ...attributes,
      });
    const inspected = async (name: string) => (await engine.ask('GET', `/containers/${name}/json`)).body;

    test('are made in the order in which one follows another, run, and go in the other', async () => {
      await h.apply(
        'all',
        create('Volume', 'data', { '/domain/Name': 'data' }),
        create('Network', 'net', { '/domain/Name': 'net', '/domain/Internal': true }),
        runner('web', {
          '/domain/Mounts': [{ Target: '/data', Source: follow('data', '/resource_value/Name') }],
          '/domain/Networks': [follow('net', '/resource_value/Name')],
        }),
      );
      expect(await h.failures()).toEqual([]);
      expect((await h.told()).at(-1)).toBe('create of web: succeeded');
      const [data, net, web] = [await h.seen('data'), await h.seen('net'), await h.seen('web')];
      expect(web.reported).toMatchObject({ State: 'running', ExitCode: null });
      const [address, subnet] = [web.reported['Address'], net.reported['Subnet']];
      expect([address.split('.')[0], net.domain['Subnet']]).toEqual([subnet.split('.')[0], undefined]);
      expect(web.reported['Addresses']).toEqual({ net: address });
      expect(readFileSync(`${data.reported['Mountpoint']}/said`, 'utf8')).toBe('hello\n');
      await h.refresh('data', 'net', 'web');
      expect((await h.seen('net')).reported).toMatchObject({ Containers: ['web'] });
      for (const component of ['data', 'net', 'web']) expect(await h.drift(component)).toEqual([]);

      const at = (await h.told()).length;
      await h.apply('gone', remove('net'), remove('data'), remove('web'));
      expect(await h.failures()).toEqual([]);
      expect((await h.told()).slice(at)).toHaveLength(3);
      expect((await h.actions()).filter((a) => a.kind === 'destroy').map((a) => a.status)).toEqual(
        Array(3).fill('succeeded'),
      );
      for (const path of ['/containers/web/json', '/networks/net', '/volumes/data'])
        expect((await engine.ask('GET', path)).status).toBe(404);
    });

    test('what is ended behind the model is seen by the next look, and nothing else is; started again it is as meant', async () => {
      await h.apply('made', runner('ended'));
      const { resourceId } = await h.seen('ended');
      await engine.ask('POST', '/containers/ended/kill?signal=KILL');
      await h.refresh('ended');
      expect((await h.seen('ended')).reported).toMatchObject({ State: 'exited', ExitCode: 137, Run: 'never' });
      expect(await h.drift('ended')).toEqual(['/domain/Run']);
      await h.manual('ended', 'start');
      expect((await h.seen('ended')).reported).toMatchObject({ State: 'running', ExitCode: null });
      expect(await h.drift('ended')).toEqual([]);
      const before = (await inspected('ended')).State.StartedAt;
      await h.manual('ended', 'restart');
      expect((await inspected('ended')).State.StartedAt).not.toBe(before);
      await h.manual('ended', 'stop');
      expect(await h.drift('ended')).toEqual(['/domain/Run']);
      await engine.ask('DELETE', '/containers/ended?force=true');
      await h.refresh('ended');
      const gone = await h.seen('ended');
      expect([resourceId, gone.resourceId, gone.payload]).toEqual([expect.any(String), null, null]);
    });

    test('what cannot be changed in place makes the container anew, and its volume stays', async () => {
      await h.apply(
        'made',
        create('Volume', 'kept', { '/domain/Name': 'kept' }),
        runner('anew', { '/domain/Mounts': [{ Target: '/data', Source: follow('kept', '/resource_value/Name') }] }),
      );
      const [kept, first] = [await h.seen('kept'), await h.seen('anew')];
      const said = () => readFileSync(`${kept.reported['Mountpoint']}/said`, 'utf8');
      await h.apply(
        'other',
        set('anew', '/domain/Command', ['/bin/sh', '-c', 'echo again >> /data/said; exec sleep 9']),
      );
      expect((await h.told()).slice(-2)).toEqual(['destroy of anew: succeeded', 'create of anew: succeeded']);
      const second = await h.seen('anew');
      expect(second.reported).toMatchObject({ State: 'running', Name: 'anew' });
      expect(second.resourceId).not.toBe(first.resourceId);
      expect((await engine.ask('GET', `/containers/${first.resourceId}/json`)).status).toBe(404);
      expect(said()).toBe('hello\nagain\n');
      await h.apply('gone', remove('anew'), remove('kept'));
    });

    test('name, restart policy and whether it runs are changed in place', async () => {
      await h.apply('made', runner('one'));
      const { resourceId } = await h.seen('one');
      await h.apply('renamed', set('one', '/domain/Name', 'uno'), set('one', '/domain/Run', 'never'));
      expect((await h.told()).at(-1)).toBe('update of one: succeeded');
      const after = await h.seen('one');
      expect([after.resourceId, after.reported]).toMatchObject([resourceId, { Name: 'uno', State: 'exited' }]);
      expect(await h.drift('one')).toEqual([]);
      expect((await inspected('uno')).Id).toBe(resourceId);
      await h.apply('running', set('one', '/domain/Run', 'always'));
      expect((await inspected('uno')).State.Running).toBe(true);
      await h.apply('gone', remove('one'));
      expect((await engine.ask('GET', '/containers/uno/json')).status).toBe(404);
    });

    test('limits are changed in place where the engine can, else it is said how to have them', async () => {
      await h.apply('made', runner('small', { '/domain/MemoryBytes': 33554432, '/domain/Cpus': 0.5 }));
      const { resourceId } = await h.seen('small');
      expect(await h.drift('small')).toEqual([]);
      const wanted = [
        set('small', '/domain/MemoryBytes', 67108864),
        set('small', '/domain/Cpus', 0.75),
        set('small', '/domain/RestartPolicy/Name', 'unless-stopped'),
      ];
      await h.apply('larger', ...wanted);
      if (kind === 'podman') {
        expect((await h.failures()).at(-1)).toBe(
          'this engine cannot change Memory, NanoCpus, RestartPolicy of a container that is there: set another /domain/Generation, and the container is made anew',
        );
        await h.apply('anew', set('small', '/domain/Generation', 2));
      }
      const after = await h.seen('small');
      expect(after.resourceId === resourceId).toBe(kind === 'docker');
      expect((await inspected('small')).HostConfig).toMatchObject({
        Memory: 67108864,
        NanoCpus: 750000000,
        RestartPolicy: { Name: 'unless-stopped' },
      });
      expect(await h.drift('small')).toEqual([]);
      await h.apply('gone', remove('small'));
    });

    test('whatever is declared is found as it was declared, and what the engine adds is no drift', async () => {
      await h.apply(
        'all',
        create('Volume', 'full volume', { '/domain/Name': 'full', '/domain/Labels': { of: 'tests' } }),
        create('Network', 'full network', {
          '/domain/Name': 'full',
          '/domain/Internal': true,
          '/domain/Subnet': '10.214.7.0/24',
          '/domain/Gateway': '10.214.7.1',
          '/domain/Labels': { of: 'tests' },
        }),
        create('Network', 'other network', { '/domain/Name': 'other', '/domain/Internal': true }),
        runner('full', {
          '/domain/Image': image.replace('localhost/', 'localhost/'),
          '/domain/Entrypoint': ['/bin/sh', '-c'],
          '/domain/Command': ['exec sleep 1000'],
          '/domain/Environment': { B: 'two=2', A: '', PATH: '/bin' },
          '/domain/SecretEnvironment': { TOKEN: 'correct horse' },
          '/domain/WorkingDirectory': '/tmp',
          '/domain/User': '1000:1000',
          '/domain/Labels': { z: '1', a: '2' },
          '/domain/Mounts': [
            { Type: 'tmpfs', Target: '/scratch' },
            { Target: '/data', Source: follow('full volume', '/resource_value/Name') },
            { Type: 'bind', Target: '/conf', Source: engine.folder, ReadOnly: true },
          ],
          '/domain/Networks': [
            follow('other network', '/resource_value/Name'),
            follow('full network', '/resource_value/Name'),
          ],
          '/domain/Ports': [
            { ContainerPort: 8081, Protocol: 'udp' },
            { ContainerPort: 8080, HostPort: 18080, HostAddress: '127.0.0.1' },
          ],
          '/domain/HealthCheck': { Command: ['/bin/true'], IntervalSeconds: 30, Retries: 2 },
          '/domain/RestartPolicy': { Name: 'on-failure', MaximumRetries: 3 },
          '/domain/MemoryBytes': 67108864,
          '/domain/Cpus': 0.3333,
          '/domain/Pids': 50,
        }),
      );
      await h.refresh('full', 'full network', 'full volume');
      expect((await h.failures()).filter((f) => !f.includes('Generation'))).toEqual([]);
      for (const component of ['full', 'full network', 'full volume']) expect(await h.drift(component)).toEqual([]);
      const { payload, domain } = await h.seen('full');
      const declared = Object.keys(domain).filter(
        (name) => !['SecretEnvironment', 'StopSeconds', 'Force'].includes(name),
      );
      expect(Object.keys(payload!)).toEqual(expect.arrayContaining(declared));
      expect((await inspected('full')).Config.Env).toContain('TOKEN=correct horse');
      expect(JSON.stringify(payload)).not.toContain('correct horse');
      await h.apply('gone', ...['full', 'full network', 'full volume', 'other network'].map(remove));
      expect((await engine.ask('GET', '/networks/full')).status).toBe(404);
    });

    test('what is to run once may end, and is no drift then', async () => {
      await h.apply('job', runner('job', { '/domain/Command': ['/bin/sh', '-c', 'exit 3'], '/domain/Run': 'once' }));
      while ((await inspected('job')).State.Running) await new Promise((done) => setTimeout(done, 50));
      await h.refresh('job');
      expect((await h.seen('job')).reported).toMatchObject({ State: 'exited', ExitCode: 3, Run: 'once' });
      expect(await h.drift('job')).toEqual([]);
      await h.apply('gone', remove('job'));
    });
  });
});
