// The schemas of the provider `local` through the engine, with a real agent: made, changed, looked at, put back, removed.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { follows, ProviderHouse } from './provider_house.ts';

// Making the schemas takes longest: one house and one agent for all.
let h: ProviderHouse;
beforeAll(async () => {
  h = await ProviderHouse.open();
}, 120_000);
afterAll(async () => {
  await h.close();
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: placeholders of templates
const server = `const http = require('http');
const fs = require('fs');
const config = JSON.parse(fs.readFileSync('app.json', 'utf8'));
http.createServer((q, a) => a.end(config.greeting)).listen(config.port, '127.0.0.1');
`;

/** A directory, a program in it, its configuration made of values of others, and the process that serves it. */
function application(port: number, of: string): Json[] {
  return [
    h.made('Directory', `${of} site`, { '/domain/Path': 'site' }),
    h.made('File', `${of} program`, {
      '/domain/Folder': follows(`${of} site`, '/resource_value/Path'),
      '/domain/Name': 'server.js',
      '/domain/Content': server,
    }),
    h.made('Template', `${of} config`, {
      '/domain/Folder': follows(`${of} site`, '/resource_value/Path'),
      '/domain/Name': 'app.json',
      '/domain/Text': '{"greeting": ${greeting}, "port": ${port}, "literal": "$${port}"}\n',
      '/domain/Values': { greeting: '"hello"', port },
    }),
    h.made('Process', `${of} server`, {
      '/domain/Name': 'server',
      '/domain/Command': 'node',
      '/domain/Arguments': ['server.js'],
      '/domain/Folder': follows(`${of} site`, '/resource_value/Path'),
      '/domain/Environment': { HOME_OF_TEST: `${h.agent.folder}/` },
      '/domain/HealthUrl': `http://127.0.0.1:${port}/`,
      '/domain/Triggers/config': follows(`${of} config`, '/domain/Content'),
      '/domain/Triggers/program': follows(`${of} program`, '/domain/Content'),
    }),
  ];
}

/** What failed is taken away, and keeps nothing that follows waiting. */
afterEach(async () => {
  const { items } = await h.house.call<{ items: { id: string }[] }>('action.list', { status: 'failed,queued' });
  for (const { id } of items) await h.house.call('action.cancel', { action: id });
});

/** One that is free now. */
async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

const removed = (of: string) =>
  h.apply(
    ...['site', 'program', 'config', 'server'].map((name) => ({
      kind: 'component.delete',
      component: `${of} ${name}`,
    })),
  );

describe('[LO14] an application of linked components', () => {
  test('is made in order, answers, is changed, and leaves nothing when it is removed', async () => {
    const port = await freePort();
    expect(await h.apply(...application(port, 'first'))).toEqual([]);
    expect((await h.told()).filter((line) => line.startsWith('create'))).toEqual([
      'create of first site: succeeded',
      'create of first program: succeeded',
      'create of first config: succeeded',
      'create of first server: succeeded',
    ]);
    const served = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(await served()).toBe('hello');
    expect(readFileSync(join(h.agent.root, 'site/app.json'), 'utf8')).toBe(
      `{"greeting": "hello", "port": ${port}, "literal": "\${port}"}\n`,
    );
    const first = (await h.seen('first server')).value.resource_value!;
    expect(first).toMatchObject({ State: 'running', Status: 'running', Healthy: true, Restarts: 0 });

    // One value: the file is another, and the process that reads it is started anew, in that order.
    expect(await h.apply(h.set('first config', '/domain/Values/greeting', '"good day"'))).toEqual([]);
    expect(await served()).toBe('good day');
    const second = (await h.seen('first server')).value.resource_value!;
    expect(second['Pid']).not.toBe(first['Pid']);

    // What can only be set at the creation makes another file in the place of the one before.
    expect(
      await h.apply(
        h.set('first program', '/domain/Name', 'main.js'),
        h.set('first server', '/domain/Arguments', ['main.js']),
      ),
    ).toEqual([]);
    expect(readdirSync(join(h.agent.root, 'site')).sort()).toEqual(['app.json', 'main.js']);
    expect(await served()).toBe('good day');

    expect(await removed('first')).toEqual([]);
    expect(readdirSync(h.agent.root)).toEqual([]);
    expect(h.agent.started).toEqual([]);
    expect((await h.agent.ask('GET', '/v1/resources/process')).body.items).toEqual([]);
    await h.house.sound();
  }, 120_000);

  test('waits for a process to be well, and says what it came to when it ends', async () => {
    const port = await freePort();
    const slow = `setTimeout(() => require('http').createServer((q, a) => a.end()).listen(${port}, '127.0.0.1'), 700)`;
    const process_ = (name: string, code: string, more: Record<string, unknown> = {}) =>
      h.made('Process', name, {
        '/domain/Name': name,
        '/domain/Command': 'node',
        '/domain/Arguments': ['-e', code],
        '/domain/Environment': { HOME_OF_TEST: `${h.agent.folder}/` },
        ...(more as Record<string, string>),
      });
    const at = `http://127.0.0.1:${port}/`;
    expect(await h.apply(process_('slow', slow, { '/domain/HealthUrl': at }))).toEqual([]);
    expect((await h.seen('slow')).value.resource_value).toMatchObject({ Healthy: true, Restarts: 0 });
    const ended = { '/domain/Restart': 'never', '/domain/HealthUrl': `http://127.0.0.1:${await freePort()}/` };
    expect(await h.apply(process_('broken', 'console.log("not today"); process.exit(7)', ended))).toEqual([
      'create of broken: failed',
    ]);
    const { items } = await h.house.call<{ items: { id: string; componentName: string }[] }>('action.list', {});
    const failed = await h.house.call<object>('action.get', {
      action: items.find((a) => a.componentName === 'broken')!.id,
    });
    expect(JSON.stringify(failed)).toContain('broken ended: exit code 7; it printed: not today');
    // A creation that fails leaves nothing: nobody would know of it.
    expect((await h.agent.ask('GET', '/v1/resources/process')).body.items).toMatchObject([{ id: 'slow' }]);
    expect(await h.apply({ kind: 'component.delete', component: 'slow' })).toEqual(['create of broken: failed']);
    expect(h.agent.started).toEqual([]);
  }, 120_000);
});

describe('[LO14] what is wrong', () => {
  test('with values is said before anything is done', async () => {
    const changeSet = await h.edited(
      h.made('Directory', 'up', { '/domain/Path': '../up' }),
      h.made('File', 'abs', { '/domain/Folder': '/etc', '/domain/Name': 'x' }),
      h.made('Template', 'open', {
        '/domain/Name': 'open',
        '/domain/Text': '${a} ${b}',
        '/domain/Values': { a: 1, c: 2 },
      }),
      h.made('Template', 'more', { '/domain/Name': 'more', '/domain/Text': '${a}', '/domain/Values': { a: 1, c: 2 } }),
      h.made('Process', 'far', {
        '/domain/Name': 'far',
        '/domain/Command': 'node',
        '/domain/HealthUrl': 'http://a.b/',
      }),
    );
    const qualified = async (name: string) => (await h.seen(name, changeSet)).value.qualification;
    expect(await qualified('up')).toMatchObject({
      pathStays: { result: 'failure', message: '../up leaves its folder: leave out every ..' },
    });
    expect(await qualified('abs')).toMatchObject({ pathStays: { result: 'failure' } });
    const open = await h.seen('open', changeSet);
    expect(open.problems.find((p) => p.path === '/domain/Content')?.message).toContain('no value for b');
    const more = await h.seen('more', changeSet);
    expect(more.value.domain['Content']).toBe('1');
    expect(more.value.qualification).toMatchObject({
      valuesUsed: { result: 'warning' },
      pathStays: { result: 'success' },
    });
    expect(await qualified('far')).toMatchObject({ healthUrl: { result: 'failure' } });
    expect(readdirSync(h.agent.root)).toEqual([]);
    await h.house.call('change_set.abandon', { changeSet });
  }, 60_000);

  test('for the agent ends the action with what it says, and the token is in no record', async () => {
    writeFileSync(join(h.agent.root, 'there'), 'mine');
    expect(
      await h.apply(
        h.made('File', 'taken', { '/domain/Name': 'there', '/domain/Content': 'x' }),
        h.made('Process', 'shell', { '/domain/Name': 'shell', '/domain/Command': 'python3' }),
      ),
    ).toEqual(['create of taken: failed', 'create of shell: failed']);
    const { items } = await h.house.call<{ items: { id: string }[] }>('action.list', {});
    const told = JSON.stringify(await Promise.all(items.map(({ id }) => h.house.call('action.get', { action: id }))));
    expect(told).toContain('there is there already');
    expect(told).toContain('is not allowed here');
    expect(told).not.toContain(h.agent.token);
    expect(readFileSync(join(h.agent.root, 'there'), 'utf8')).toBe('mine');
    rmSync(join(h.agent.root, 'there'));
  }, 60_000);
});

describe('[LO15] what was changed by hand', () => {
  test('is seen by a refresh, and put back by an update', async () => {
    const port = await freePort();
    expect(await h.apply(...application(port, 'second'))).toEqual([]);
    const file = join(h.agent.root, 'site/app.json');
    writeFileSync(file, '{}');
    expect((await h.refresh('second config')).value.resource_value).toMatchObject({ Content: '{}', Bytes: 2 });
    const { Pid } = (await h.seen('second server')).value.resource_value!;
    // It reads what is not for it: started again, it is not where it is to be.
    process.kill(Pid as number, 'SIGKILL');
    await h.agent.until('server', (p) => p.State === 'running' && p.Restarts === 1);
    expect((await h.refresh('second server')).value.resource_value).toMatchObject({ Healthy: false });
    // An edit that is an update of both puts everything in place.
    expect(await h.apply(h.set('second config', '/domain/Values/greeting', '"again"'))).toEqual([]);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('again');
    expect((await h.seen('second server')).value.resource_value).toMatchObject({ Healthy: true });

    writeFileSync(join(h.agent.root, 'site/by-hand'), 'x');
    rmSync(file);
    await h.refresh('second config');
    expect((await h.seen('second config')).value.resource_value?.['Content'] ?? null).toBe(null);
    // What is not ours keeps its directory; all else goes.
    expect(await removed('second')).toEqual(['destroy of second site: failed']);
    expect(readdirSync(join(h.agent.root, 'site'))).toEqual(['by-hand']);
    rmSync(join(h.agent.root, 'site/by-hand'));
    const { items } = await h.house.call<{ items: { id: string }[] }>('action.list', {
      status: 'failed',
      component: 'second site',
    });
    await h.house.call('action.retry', { action: items[0]!.id });
    expect(await h.quiet()).toEqual([]);
    expect(readdirSync(h.agent.root)).toEqual([]);
    expect(h.agent.started).toEqual([]);
  }, 120_000);
});

describe('[LO10] an agent that is killed under the engine', () => {
  test('has done once what was asked of it, when it is there again', async () => {
    const port = await freePort();
    const changeSet = await h.edited(...application(port, 'third'));
    const pid = h.agent.pid;
    // While the actions are carried out: wherever it is then.
    const killed = (async () => {
      while (!existsSync(join(h.agent.root, 'site/app.json'))) await new Promise((resolve) => setTimeout(resolve, 5));
      h.agent = await h.agent.again();
    })();
    await h.applySet(changeSet);
    await killed;
    expect(h.agent.pid).not.toBe(pid);
    expect(await h.quiet()).toEqual([]);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello');
    expect(h.agent.started).toHaveLength(1);
    const defined = h.agent
      .journal()
      .filter((e) => e.kind === 'defined' && (e['wish'] as { Name: string }).Name === 'server');
    expect(defined.filter((e) => e['key'] !== undefined).map((e) => e['key'])).toHaveLength(3);
    expect(await removed('third')).toEqual([]);
    expect(h.agent.started).toEqual([]);
  }, 120_000);
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: placeholders of templates
