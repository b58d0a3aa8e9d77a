// What the local agent answers for directories and files: who may ask, where it goes, what is refused, what is there.

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startAgent } from '../../src/adapters/local/server.ts';
import { AgentProcess, temporaryFolder } from './agent_world.ts';

const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);

describe('who asks', () => {
  test('[EN834] a place where a file lies is refused, and the file stays', async () => {
    const folder = temporaryFolder();
    const place = join(folder, 'notes.txt');
    writeFileSync(place, 'precious');
    symlinkSync(place, join(folder, 'link'));
    for (const listen of [place, join(folder, 'link')]) {
      mkdirSync(join(folder, 'root'), { recursive: true });
      const options = { root: join(folder, 'root'), state: join(folder, 'state'), commands: new Map(), searchPath: '' };
      await expect(startAgent({ ...options, listen })).rejects.toMatchObject({ code: 'address_unavailable' });
      expect(lstatSync(listen).isSocket()).toBe(false);
      expect(readFileSync(listen, 'utf8')).toBe('precious');
    }
  });

  test('[LO1] has the token, which only the owner reads, and is no web page', async () => {
    const agent = await AgentProcess.start();
    const file = join(agent.state, 'credential.json');
    expect(modeOf(file)).toBe('600');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ Endpoint: agent.endpoint, Token: agent.token });
    expect(agent.said).not.toContain(agent.token);
    expect(await agent.ask('GET', '/v1')).toMatchObject({ status: 200, body: { root: agent.root } });
    for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${agent.token}`, `Bearer ${agent.token}x`])
      expect(await agent.ask('GET', '/v1', undefined, { authorization })).toMatchObject({
        status: 401,
        body: { error: { code: 'token_refused' } },
      });
    expect(await agent.ask('GET', '/v1', undefined, { origin: 'http://localhost' })).toMatchObject({
      status: 403,
      body: { error: { code: 'page_refused' } },
    });
  });

  test('[LO1] finds it at the same place with the same token after a restart', async () => {
    const first = await AgentProcess.start();
    const second = await first.again();
    expect([second.endpoint, second.token]).toEqual([first.endpoint, first.token]);
  });

  test('[LO1] may come by a unix socket that is the owner’s alone, also after a kill', async () => {
    const folder = temporaryFolder();
    const socketPath = join(folder, 'agent.sock');
    const first = await AgentProcess.start(folder, '--socket', socketPath);
    const agent = await first.again('--socket', socketPath);
    expect(agent.endpoint).toBe(`unix:${socketPath}`);
    expect(modeOf(socketPath)).toBe('600');
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { authorization: `Bearer ${agent.token}` };
      request({ socketPath, path: '/v1', headers }, (answer) => {
        let said = '';
        answer.on('data', (bytes) => {
          said += bytes;
        });
        answer.on('end', () => resolve(said));
      })
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(text)).toMatchObject({ agent: 'headwater local', root: agent.root });
  });

  test('[LO1] [LO11] an agent does not start with state that others can look into, or below its root', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'state'), { mode: 0o755 });
    const open = AgentProcess.begin(folder);
    expect(await open.exited()).toBe(1);
    expect(open.said).toContain('chmod 700');
    chmodSync(join(folder, 'state'), 0o700);
    const agent = await AgentProcess.start(folder);
    await agent.interrupt();
    chmodSync(join(folder, 'state', 'credential.json'), 0o644);
    const told = AgentProcess.begin(folder);
    expect(await told.exited()).toBe(1);
    expect(told.said).toContain('others can read or write');
    const inside = AgentProcess.begin(folder, '--state', join(folder, 'root', 'state'));
    expect(await inside.exited()).toBe(1);
    expect(inside.said).toContain('root_unusable');
  });
});

describe('[LO2] outside of the root', () => {
  const outside = [
    '/etc/passwd',
    '../out',
    'a/../../out',
    '..',
    '.',
    '',
    'a//b',
    'a/./b',
    'a/',
    'nul\0',
    'line\nbreak',
    `${'x'.repeat(300)}`,
    `${'x/'.repeat(600)}x`,
    '.headwater-1.new',
    7,
    null,
  ];

  test('nothing is reached by a path that leaves it', async () => {
    const agent = await AgentProcess.start();
    mkdirSync(join(agent.root, 'a'));
    for (const [i, Path] of outside.entries())
      for (const kind of ['directory', 'file']) {
        const { status, body } = await agent.create(kind, `${kind} ${i}`, { Path });
        const code = typeof Path === 'string' ? 'path_refused' : 'request_malformed';
        expect([Path, status, body.error.code]).toEqual([Path, 400, code]);
      }
    for (const Path of outside.filter((p) => typeof p === 'string' && !['', '.', '..'].includes(p)))
      expect((await agent.get('file', Path as string)).body.error.code).toBe('path_refused');
    expect(readdirSync(agent.folder).sort()).toEqual(['root', 'state']);
    expect(readdirSync(agent.root)).toEqual(['a']);
  });

  test('nothing is reached by a symbolic link, on the way or at the end', async () => {
    const agent = await AgentProcess.start();
    const out = join(agent.folder, 'out');
    mkdirSync(out);
    writeFileSync(join(out, 'kept'), 'kept');
    symlinkSync(out, join(agent.root, 'link'));
    symlinkSync(join(out, 'kept'), join(agent.root, 'file'));
    symlinkSync(join(out, 'new'), join(agent.root, 'dangling'));
    const refused = { status: 400, body: { error: { code: 'path_refused', path: expect.any(String) } } };
    expect(await agent.create('file', '1', { Path: 'link/new', Content: 'x' })).toMatchObject(refused);
    expect(await agent.create('directory', '2', { Path: 'link/new' })).toMatchObject(refused);
    for (const path of ['file', 'dangling', 'link', 'link/kept']) {
      expect(await agent.get('file', path)).toMatchObject(refused);
      expect(await agent.put('file', path, { Path: path, Content: 'x' })).toMatchObject(refused);
      expect(await agent.remove('file', path)).toMatchObject(refused);
    }
    expect(await agent.get('directory', 'link')).toMatchObject(refused);
    expect(await agent.put('directory', 'link', { Path: 'link', Mode: '0700' })).toMatchObject(refused);
    expect(await agent.create('process', '3', agent.sleeper({ Folder: 'link' }))).toMatchObject(refused);
    expect(await agent.create('process', '4', agent.sleeper({ LogFile: 'dangling' }))).toMatchObject(refused);
    expect(readdirSync(out)).toEqual(['kept']);
    expect(readFileSync(join(out, 'kept'), 'utf8')).toBe('kept');
    expect((await agent.ask('GET', '/v1/resources/file')).body.items).toEqual([]);
    expect(agent.started).toEqual([]);
  });

  test('nothing is reached by who swaps a folder for a link while files are written', async () => {
    const agent = await AgentProcess.start();
    const out = join(agent.folder, 'out');
    mkdirSync(out);
    mkdirSync(join(agent.root, 'a'));
    symlinkSync(out, join(agent.root, 'b'));
    let isOver = false;
    const swapping = (async () => {
      while (!isOver) {
        for (const [from, to] of [
          ['a', 'c'],
          ['b', 'a'],
          ['a', 'b'],
          ['c', 'a'],
        ] as const)
          renameSync(join(agent.root, from), join(agent.root, to));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const answers = new Set<number>();
    for (let i = 0; i < 300; i++)
      answers.add((await agent.create('file', `k${i}`, { Path: `a/f${i}`, Content: 'x' })).status);
    isOver = true;
    await swapping;
    expect(answers.has(201)).toBe(true);
    expect(readdirSync(out)).toEqual([]);
  });
});

describe('directories and files', () => {
  test('[LO3] have the mode and content that were asked for, whatever the umask', async () => {
    const agent = await AgentProcess.start();
    const made = await agent.create('directory', 'd', { Path: 'site', Mode: '0770' });
    expect(made).toMatchObject({
      status: 201,
      body: { id: 'site', made: true, resource: { Path: 'site', Mode: '0770', Location: join(agent.root, 'site') } },
    });
    expect(modeOf(join(agent.root, 'site'))).toBe('770');
    const file = await agent.create('file', 'f', { Path: 'site/a.txt', Content: 'grün\n', Mode: '0666' });
    expect(file).toMatchObject({ status: 201, body: { resource: { Content: 'grün\n', Bytes: 6, Mode: '0666' } } });
    expect(modeOf(join(agent.root, 'site/a.txt'))).toBe('666');
    const bytes = Buffer.from([0, 255, 1, 254]).toString('base64');
    await agent.create('file', 'b', { Path: 'site/b.bin', Content: bytes, Encoding: 'base64' });
    expect((await agent.get('file', 'site/b.bin')).body.resource).toMatchObject({ Content: bytes, Encoding: 'base64' });
    await agent.put('file', 'site/a.txt', { Path: 'site/a.txt', Content: 'other', Mode: '0600' });
    expect(readFileSync(join(agent.root, 'site/a.txt'), 'utf8')).toBe('other');
    expect(modeOf(join(agent.root, 'site/a.txt'))).toBe('600');
    await agent.put('directory', 'site', { Path: 'site', Mode: '0700' });
    expect(modeOf(join(agent.root, 'site'))).toBe('700');
    expect(readdirSync(join(agent.root, 'site')).sort()).toEqual(['a.txt', 'b.bin']);
  });

  test('[LO3] a reader never sees a part of what is written', async () => {
    const agent = await AgentProcess.start();
    const texts = ['a', 'b'].map((c) => c.repeat(300_000));
    await agent.create('file', 'f', { Path: 'f', Content: texts[0] });
    let isOver = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isOver) {
        const text = readFileSync(join(agent.root, 'f'), 'utf8');
        seen.add(`${text.length} ${new Set(text).size}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let i = 0; i < 20; i++) await agent.put('file', 'f', { Path: 'f', Content: texts[i % 2] });
    isOver = true;
    await reading;
    expect([...seen]).toEqual(['300000 1']);
  });

  test('[LO3] what is there is not written over by a create, and other things are not taken for it', async () => {
    const agent = await AgentProcess.start();
    writeFileSync(join(agent.root, 'f'), 'mine');
    mkdirSync(join(agent.root, 'd'));
    const taken = { status: 409, body: { error: { code: 'already_exists' } } };
    expect(await agent.create('file', '1', { Path: 'f', Content: 'x' })).toMatchObject(taken);
    expect(await agent.create('directory', '2', { Path: 'd' })).toMatchObject(taken);
    expect(await agent.create('directory', '3', { Path: 'f' })).toMatchObject(taken);
    const other = { status: 409, body: { error: { code: 'other_kind' } } };
    expect(await agent.put('file', 'd', { Path: 'd' })).toMatchObject(other);
    expect(await agent.put('directory', 'f', { Path: 'f' })).toMatchObject(other);
    expect(await agent.get('directory', 'f')).toMatchObject(other);
    expect(await agent.remove('file', 'd')).toMatchObject(other);
    expect(await agent.create('file', '4', { Path: 'f/g' })).toMatchObject(other);
    expect(await agent.create('file', '5', { Path: 'no/g' })).toMatchObject({ status: 404 });
    expect(readFileSync(join(agent.root, 'f'), 'utf8')).toBe('mine');
  });

  test('[LO4] are made once for a key, also after a restart; a key has one request', async () => {
    let agent = await AgentProcess.start();
    const asked = { Path: 'f', Content: 'first' };
    expect(await agent.create('file', 'k', asked)).toMatchObject({ status: 201, body: { made: true } });
    writeFileSync(join(agent.root, 'f'), 'by hand');
    for (let i = 0; i < 2; i++) {
      expect(await agent.create('file', 'k', asked)).toMatchObject({
        status: 200,
        body: { id: 'f', made: false, resource: { Content: 'by hand' } },
      });
      agent = await agent.again();
    }
    for (const [kind, desired] of [
      ['file', { Path: 'f', Content: 'second' }],
      ['file', { Path: 'g', Content: 'first' }],
      ['directory', { Path: 'f' }],
    ] as const)
      expect(await agent.create(kind, 'k', desired)).toMatchObject({
        status: 409,
        body: { error: { code: 'key_reused' } },
      });
    rmSync(join(agent.root, 'f'));
    expect(await agent.create('file', 'k', asked)).toMatchObject({
      status: 200,
      body: { made: false, resource: null },
    });
    expect(existsSync(join(agent.root, 'f'))).toBe(false);
  });

  test('[LO5] are told as they are now', async () => {
    const agent = await AgentProcess.start();
    await agent.create('file', 'f', { Path: 'f', Content: 'x' });
    await agent.create('directory', 'd', { Path: 'd' });
    writeFileSync(join(agent.root, 'f'), 'changed');
    chmodSync(join(agent.root, 'd'), 0o711);
    expect((await agent.get('file', 'f')).body.resource).toMatchObject({ Content: 'changed', Bytes: 7 });
    expect((await agent.get('directory', 'd')).body.resource).toMatchObject({ Mode: '0711' });
    rmSync(join(agent.root, 'f'));
    mkdirSync(join(agent.root, 'f'));
    expect(await agent.get('file', 'f')).toMatchObject({ status: 409, body: { error: { code: 'other_kind' } } });
    rmSync(join(agent.root, 'd'), { recursive: true });
    expect(await agent.get('directory', 'd')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    writeFileSync(join(agent.root, 'long'), 'x'.repeat(1024 * 1024 + 1));
    const long = (await agent.get('file', 'long')).body.resource;
    expect([long.Bytes, long.Content]).toEqual([1024 * 1024 + 1, undefined]);
  });

  test('[LO6] are removed once, a directory only when nothing is in it', async () => {
    const agent = await AgentProcess.start();
    await agent.create('directory', 'd', { Path: 'd' });
    await agent.create('file', 'f', { Path: 'd/f', Content: 'x' });
    expect(await agent.remove('directory', 'd')).toMatchObject({
      status: 409,
      body: { error: { code: 'not_empty', path: 'd', got: ['f'] } },
    });
    expect((await agent.remove('file', 'd/f')).status).toBe(200);
    expect((await agent.remove('file', 'd/f')).status).toBe(404);
    expect((await agent.remove('directory', 'd')).status).toBe(200);
    expect(readdirSync(agent.root)).toEqual([]);
  });

  test('[LO13] are listed by pages, whoever made them', async () => {
    const agent = await AgentProcess.start();
    mkdirSync(join(agent.root, 'a/b'), { recursive: true });
    for (const path of ['a/1', 'a/b/2', '3', 'a/4']) writeFileSync(join(agent.root, path), path);
    await agent.create('file', 'k', { Path: 'a/b/5', Content: '5' });
    const seen: string[] = [];
    for (let cursor: string | undefined, pages = 0; ; pages++) {
      const at = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await agent.ask('GET', `/v1/resources/file?limit=2${at}`);
      seen.push(
        ...body.items.map((i: { id: string; resource: { Content: string } }) => `${i.id}=${i.resource.Content}`),
      );
      cursor = body.cursor;
      if (cursor !== undefined) continue;
      expect(pages).toBe(2);
      break;
    }
    expect(seen).toEqual(['3=3', 'a/1=a/1', 'a/4=a/4', 'a/b/2=a/b/2', 'a/b/5=5']);
    const directories = (await agent.ask('GET', '/v1/resources/directory')).body.items;
    expect(directories.map((i: { id: string }) => i.id)).toEqual(['a', 'a/b']);
    expect(await agent.ask('GET', '/v1/resources/file?limit=0')).toMatchObject({ status: 400 });
    const below = async (kind: string, folder: string) =>
      agent.ask('GET', `/v1/resources/${kind}?below=${encodeURIComponent(folder)}`);
    const found = (await below('file', 'a/b')).body;
    expect([found.items.map((i: { id: string }) => i.id), found.passedBy]).toEqual([['a/b/2', 'a/b/5'], []]);
    expect(await below('file', '../a')).toMatchObject({ status: 400, body: { error: { code: 'path_refused' } } });
    expect(await below('file', 'b')).toMatchObject({ status: 404, body: { error: { path: 'b' } } });
    expect(await below('process', 'a')).toMatchObject({ status: 400, body: { error: { path: '/below' } } });
    writeFileSync(join(agent.root, 'tab\t'), '');
    expect((await agent.ask('GET', '/v1/resources/file?limit=6')).body.passedBy).toMatchObject([{ id: 'tab\t' }]);
  });
});

describe('[LO12] what is refused', () => {
  test('has a code, a path, what was expected and what came, and nothing has happened', async () => {
    const agent = await AgentProcess.start();
    const wrong = [
      ['file', { Path: 'f', Mode: '644' }, '/desired/Mode'],
      ['file', { Path: 'f', Mode: '04755' }, '/desired/Mode'],
      ['file', { Path: 'f', Mode: '0000' }, '/desired/Mode'],
      ['directory', { Path: 'f', Mode: '0600' }, '/desired/Mode'],
      ['file', { Path: 'f', Content: 7 }, '/desired/Content'],
      ['file', { Path: 'f', Content: '*', Encoding: 'base64' }, '/desired/Content'],
      ['file', { Path: 'f', Owner: 'root' }, '/desired/Owner'],
      ['file', 'f', '/desired'],
      ['process', agent.sleeper({ Name: '../x' }), '/desired/Name'],
      ['process', agent.sleeper({ Arguments: 'x' }), '/desired/Arguments'],
      ['process', agent.sleeper({ Environment: { 'A=B': 'x' } }), '/desired/Environment/A=B'],
      ['process', agent.sleeper({ HealthUrl: 'http://example.org/' }), '/desired/HealthUrl'],
      ['process', agent.sleeper({ HealthUrl: 'http://127.0.0.1@example.org/' }), '/desired/HealthUrl'],
      ['process', agent.sleeper({ StopSeconds: -1 }), '/desired/StopSeconds'],
      ['socket', {}, '/kind'],
    ] as const;
    for (const [kind, desired, path] of wrong) {
      const { status, body } = await agent.create(kind, path, desired);
      expect([status, body.error]).toMatchObject([
        400,
        { code: 'request_malformed', path, expected: expect.any(String), got: expect.anything() },
      ]);
    }
    expect((await agent.create('file', '', { Path: 'f' })).body.error.path).toBe('/key');
    expect(await agent.put('file', 'f', { Path: 'g' })).toMatchObject({ status: 400 });
    expect(await agent.create('file', 'long', { Path: 'f', Content: 'x'.repeat(1024 * 1024 + 1) })).toMatchObject({
      status: 413,
      body: { error: { code: 'too_large', got: 1024 * 1024 + 1 } },
    });
    expect(await agent.create('file', 'longer', { Path: 'f', Content: 'x'.repeat(9 * 1024 * 1024) })).toMatchObject({
      status: 413,
    });
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/v2'],
      ['PATCH', '/v1/resources/file/f'],
      ['GET', '/v1/resources/file/f/g'],
      ['GET', '/v1/resources/file/%zz'],
    ] as const)
      expect(await agent.ask(method, path)).toMatchObject({ status: 400 });
    const notJson = await fetch(`${agent.endpoint}/v1/resources/file`, {
      method: 'POST',
      headers: { authorization: `Bearer ${agent.token}` },
      body: 'x',
    });
    expect(notJson.status).toBe(400);
    expect(readdirSync(agent.root)).toEqual([]);
    expect(agent.journal().map((entry) => entry.kind)).toEqual(['opened']);
    expect(statSync(agent.root).isDirectory()).toBe(true);
  });
});
