// Processes of the local agent: how they are started, kept running, ended with all that they started, and found again by the
// next agent when one was killed.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Journal } from '../../src/adapters/local/journal.ts';
import { AgentProcess, startedBelow, temporaryFolder } from './agent_world.ts';

/** Comes when it is so; a test that waits for ever fails by its time. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const isGone = (pid: number): boolean => !existsSync(`/proc/${pid}`) || /\) [ZX] /.test(textOf(`/proc/${pid}/stat`));

describe('[LO7] a process', () => {
  test('has its folder, arguments and environment, none of the agent’s, and prints into its log', async () => {
    const agent = await AgentProcess.start();
    mkdirSync(join(agent.root, 'app'));
    const code = 'console.log(JSON.stringify({ cwd: process.cwd(), argv: process.argv.slice(1), env: process.env }))';
    const desired = agent.sleeper({
      Name: 'told',
      Arguments: ['-e', code, 'one two', '$HOME'],
      Folder: 'app',
      LogFile: 'app/log.txt',
      Restart: 'never',
    });
    const { status, body } = await agent.create('process', 'k', desired);
    expect([status, body.id, body.made]).toEqual([201, 'told', true]);
    const ended = await agent.until('told', (p) => p.Status === 'ended');
    expect(ended).toMatchObject({ State: 'stopped', Pid: null, Restarts: 0, Exit: 'exit code 0', Healthy: null });
    const { cwd, argv, env } = JSON.parse(readFileSync(join(agent.root, 'app/log.txt'), 'utf8'));
    expect([cwd, argv]).toEqual([join(agent.root, 'app'), ['one two', '$HOME']]);
    const { PATH, LANG, PWD: _shell, HEADWATER_LOCAL_PROCESS, ...more } = env;
    expect(more).toEqual({ HOME_OF_TEST: `${agent.folder}/` });
    expect([PATH, LANG, HEADWATER_LOCAL_PROCESS]).toEqual([process.env['PATH'], 'C.UTF-8', expect.any(String)]);
  });

  test('is started by no command but those that the owner allowed', async () => {
    const agent = await AgentProcess.start();
    for (const Command of ['python3', '/bin/sh', '../sh', 'sh ', ''])
      expect(await agent.create('process', Command || 'empty', agent.sleeper({ Command }))).toMatchObject({
        status: Command === '' ? 400 : 403,
      });
    const none = await AgentProcess.start(temporaryFolder(), '--no-commands');
    expect(await none.create('process', 'k', none.sleeper())).toMatchObject({
      status: 403,
      body: {
        error: { code: 'command_refused', expected: 'no command at all', hint: expect.stringContaining('--command') },
      },
    });
    const wrong = AgentProcess.begin(temporaryFolder(), '--command', 'no-such-program');
    expect(await wrong.exited()).toBe(1);
    expect(wrong.said).toContain('command_unusable');
    expect(agent.started).toEqual([]);
  });

  test('that cannot be started is not there, and its key and name are free', async () => {
    const agent = await AgentProcess.start();
    mkdirSync(join(agent.root, 'log'));
    const desired = agent.sleeper({ LogFile: 'log' });
    expect(await agent.create('process', 'k', desired)).toMatchObject({ status: 409 });
    expect(await agent.get('process', 'sleeper')).toMatchObject({ status: 404 });
    rmSync(join(agent.root, 'log'), { recursive: true });
    expect(await agent.create('process', 'k', desired)).toMatchObject({ status: 201 });
  });

  test('is made once for a key, and its name is its own', async () => {
    const agent = await AgentProcess.start();
    const first = await agent.create('process', 'k', agent.sleeper());
    const pid = first.body.resource.Pid;
    for (let i = 0; i < 3; i++)
      expect(await agent.create('process', 'k', agent.sleeper())).toMatchObject({
        status: 200,
        body: { made: false, resource: { Pid: pid } },
      });
    expect(await agent.create('process', 'k2', agent.sleeper())).toMatchObject({ status: 409 });
    expect(agent.started).toEqual([pid]);
  });

  test('is asked whether it is well', async () => {
    const agent = await AgentProcess.start();
    const code = `require('http').createServer((q, a) => { a.statusCode = q.url === '/ok' ? 200 : 503; a.end(); })
      .listen(0, '127.0.0.1', function () { require('fs').writeFileSync('port', String(this.address().port)); });`;
    await agent.create('process', 'k', agent.sleeper({ Arguments: ['-e', code] }));
    await until(() => textOf(join(agent.root, 'port')) !== '');
    const at = `http://127.0.0.1:${textOf(join(agent.root, 'port'))}`;
    const pid = agent.started[0];
    for (const [path, Healthy] of [
      ['/ok', true],
      ['/not', false],
    ] as const) {
      const desired = agent.sleeper({ Arguments: ['-e', code], HealthUrl: at + path });
      // What only the agent heeds starts nothing anew.
      expect((await agent.put('process', 'sleeper', desired)).body.resource).toMatchObject({ Healthy, Pid: pid });
    }
  });
});

describe('[LO8] a process that ends', () => {
  test('is started again, each time later, and what it left is ended first', async () => {
    const agent = await AgentProcess.start();
    const code = `require('fs').appendFileSync('times', Date.now() + '\\n');
      require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true }).unref();`;
    await agent.create('process', 'k', agent.sleeper({ Arguments: ['-e', code] }));
    const times = () => textOf(join(agent.root, 'times')).split('\n').filter(Boolean).map(Number);
    await until(() => times().length >= 5);
    const gaps = times()
      .slice(1)
      .map((at, i) => at - times()[i]!);
    expect(gaps[3]!).toBeGreaterThan(gaps[0]!);
    await until(async () => (await agent.get('process', 'sleeper')).body.resource.Status !== 'running');
    await until(() => agent.started.length === 0 || times().length > 5);
    expect((await agent.get('process', 'sleeper')).body.resource.Restarts).toBeGreaterThanOrEqual(4);
    expect((await agent.remove('process', 'sleeper')).status).toBe(200);
    expect(agent.started).toEqual([]);
  });

  test('is started again as its policy says', async () => {
    const agent = await AgentProcess.start();
    const ends = (name: string, code: number, Restart: string) =>
      agent.create('process', name, agent.sleeper({ Name: name, Arguments: ['-e', `process.exit(${code})`], Restart }));
    await ends('good', 0, 'on-failure');
    await ends('bad', 3, 'on-failure');
    await ends('never', 3, 'never');
    await agent.until('bad', (p) => p.Restarts >= 2);
    expect((await agent.until('good', (p) => p.Status === 'ended')).Restarts).toBe(0);
    expect(await agent.until('never', (p) => p.Status === 'ended')).toMatchObject({ Restarts: 0, Exit: 'exit code 3' });
    // Wanted again, it runs again.
    await agent.put('process', 'never', agent.sleeper({ Name: 'never', Restart: 'never' }));
    expect(await agent.until('never', (p) => p.State === 'running')).toMatchObject({ Restarts: 1 });
  });

  test('by a signal from outside has another id, or is told to be stopped', async () => {
    const agent = await AgentProcess.start();
    const made = await agent.create('process', 'k', agent.sleeper());
    const { Pid } = made.body.resource;
    process.kill(Pid, 'SIGKILL');
    expect(await agent.until('sleeper', (p) => p.Restarts === 1 && p.State === 'running')).not.toMatchObject({ Pid });
    await agent.create('process', 'k2', agent.sleeper({ Name: 'once', Restart: 'never' }));
    process.kill((await agent.get('process', 'once')).body.resource.Pid, 'SIGKILL');
    expect(await agent.until('once', (p) => p.Exit !== '')).toMatchObject({ Status: 'ended', Exit: 'SIGKILL' });
  });

  test('whose folder is gone keeps trying when it is asked again, and says why it does not run', async () => {
    const agent = await AgentProcess.start();
    mkdirSync(join(agent.root, 'app'));
    const desired = agent.sleeper({ Folder: 'app' });
    const { Pid } = (await agent.create('process', 'k', desired)).body.resource;
    rmSync(join(agent.root, 'app'), { recursive: true });
    process.kill(Pid, 'SIGKILL');
    expect((await agent.until('sleeper', (p) => p.Status === 'ended')).Exit).toContain('there is no app');
    expect(await agent.put('process', 'sleeper', desired)).toMatchObject({ status: 404 });
    mkdirSync(join(agent.root, 'app'));
    expect((await agent.put('process', 'sleeper', desired)).body.resource.State).toBe('running');
  });
});

describe('[LO9] ending a process', () => {
  test('asks it first and waits for it', async () => {
    const agent = await AgentProcess.start();
    const code = `process.on('SIGTERM', () => setTimeout(() => { require('fs').writeFileSync('bye', 'bye'); process.exit(); }, 200));
      setInterval(() => {}, 1000); require('fs').writeFileSync('up', 'up');`;
    await agent.create('process', 'k', agent.sleeper({ Arguments: ['-e', code] }));
    await until(() => textOf(join(agent.root, 'up')) === 'up');
    expect(
      (await agent.put('process', 'sleeper', agent.sleeper({ Arguments: ['-e', code], State: 'stopped' }))).body,
    ).toMatchObject({
      resource: { State: 'stopped', Status: 'stopped', Pid: null },
    });
    expect(textOf(join(agent.root, 'bye'))).toBe('bye');
    expect(agent.started).toEqual([]);
  });

  test('kills what does not listen, its children, and what left its group', async () => {
    const agent = await AgentProcess.start();
    const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
    const code = `const { spawn } = require('child_process');
      for (const detached of [false, true]) spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}], { stdio: 'ignore', detached });
      ${stubborn}`;
    await agent.create('process', 'k', agent.sleeper({ Arguments: ['-e', code], StopSeconds: 0.3, LogFile: 'log' }));
    await until(() => agent.started.length === 3);
    expect((await agent.remove('process', 'sleeper')).status).toBe(200);
    expect(agent.started).toEqual([]);
    expect(readdirSync(agent.root)).toEqual([]);
    expect(readdirSync(join(agent.state, 'logs'))).toEqual([]);
    expect(await agent.remove('process', 'sleeper')).toMatchObject({ status: 404 });
  });

  test('comes before another is started in its place', async () => {
    const agent = await AgentProcess.start();
    const { Pid } = (await agent.create('process', 'k', agent.sleeper({ Triggers: { config: 'one' } }))).body.resource;
    const same = await agent.put('process', 'sleeper', agent.sleeper({ Triggers: { config: 'one' } }));
    expect(same.body.resource.Pid).toBe(Pid);
    const other = await agent.put('process', 'sleeper', agent.sleeper({ Triggers: { config: 'two' } }));
    expect(other.body.resource).toMatchObject({ State: 'running', Restarts: 1 });
    expect(isGone(Pid)).toBe(true);
    expect(agent.started).toEqual([other.body.resource.Pid]);
  });
});

describe('[LO10] a killed agent', () => {
  test('leaves processes running, and the next one has them, each once', async () => {
    let agent = await AgentProcess.start();
    const pids: number[] = [];
    for (const Name of ['a', 'b', 'c'])
      pids.push((await agent.create('process', Name, agent.sleeper({ Name }))).body.resource.Pid);
    for (let round = 0; round < 3; round++) {
      agent = await agent.again();
      for (const [i, name] of ['a', 'b', 'c'].entries())
        expect((await agent.get('process', name)).body.resource).toMatchObject({
          Pid: pids[i],
          State: 'running',
          Restarts: 0,
        });
      expect(agent.started.sort()).toEqual([...pids].sort());
    }
    // What it took over it keeps running, and ends.
    process.kill(pids[0]!, 'SIGKILL');
    const { Pid } = await agent.until('a', (p) => p.Restarts === 1 && p.State === 'running');
    for (const name of ['a', 'b', 'c']) expect((await agent.remove('process', name)).status).toBe(200);
    expect(isGone(Pid)).toBe(true);
    expect(agent.started).toEqual([]);
  });

  test('finds those that ended meanwhile, and goes on as their policies say', async () => {
    const agent = await AgentProcess.start();
    const pids: number[] = [];
    for (const Restart of ['always', 'on-failure', 'never'])
      pids.push((await agent.create('process', Restart, agent.sleeper({ Name: Restart, Restart }))).body.resource.Pid);
    await agent.kill();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const next = await AgentProcess.start(agent.folder);
    for (const name of ['always', 'on-failure'])
      expect(await next.until(name, (p) => p.State === 'running')).toMatchObject({ Restarts: 1 });
    expect((await next.get('process', 'never')).body.resource).toMatchObject({ Status: 'ended', Restarts: 0 });
    // Another program that has the id of one of them is not taken for it.
    await next.kill();
    const file = join(agent.state, 'journal.jsonl');
    const started = next.journal().findLast((e) => e.kind === 'started')!;
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll(
        JSON.stringify(started['process']),
        JSON.stringify({ ...(started['process'] as object), pid: process.pid }),
      ),
    );
    const third = await AgentProcess.start(agent.folder);
    await third.until(started['name'] as string, (p) => p.State === 'running' && p.Pid !== process.pid);
  });

  /** Everything that an agent writes down while it makes, changes and removes; each prefix is a place to be killed at. */
  test('at any entry of its journal leaves nothing that the next does not know or finish', async () => {
    // The same request whichever folder the agent has: it is part of what a key stands for.
    const mark = temporaryFolder();
    const sleeper = (more: object = {}) => ({
      ...first.sleeper(more),
      Environment: { HOME_OF_TEST: `${mark}/` },
    });
    const first = await AgentProcess.start();
    await first.create('directory', 'd', { Path: 'd' });
    await first.create('file', 'f', { Path: 'd/f', Content: 'one' });
    await first.put('file', 'd/f', { Path: 'd/f', Content: 'two' });
    await first.create('process', 'p', sleeper());
    await first.put('process', 'sleeper', sleeper({ Triggers: { a: 1 } }));
    await first.kill();
    const lines = readFileSync(join(first.state, 'journal.jsonl'), 'utf8').split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThanOrEqual(14);
    let agent = first;
    for (let kept = 1; kept < lines.length; kept++) {
      await agent.kill();
      for (const pid of startedBelow(mark)) process.kill(pid, 'SIGKILL');
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'state/logs'), { recursive: true, mode: 0o700 });
      mkdirSync(join(folder, 'root'));
      writeFileSync(join(folder, 'state/journal.jsonl'), `${lines.slice(0, kept).join('\n')}\n`);
      // As it was when the last line was written: what it announces may have happened or not; here it has, in part.
      const last = JSON.parse(lines[kept - 1]!);
      const after = lines.slice(0, kept).map((line) => JSON.parse(line));
      if (after.some((e) => e.id === 'd')) mkdirSync(join(folder, 'root/d'));
      if (after.some((e) => e.kind === 'done' && e.begun === 4)) writeFileSync(join(folder, 'root/d/f'), 'one');
      if (last.kind === 'begun' && last.of === 'file')
        writeFileSync(join(folder, `root/d/.headwater-${kept}.new`), 'half');
      agent = await AgentProcess.start(folder);
      const has = await agent.create('directory', 'd', { Path: 'd' });
      const file = await agent.create('file', 'f', { Path: 'd/f', Content: 'one' });
      const process_ = await agent.create('process', 'p', sleeper());
      expect([kept, has.status < 300, file.status < 300, process_.status < 300]).toEqual([kept, true, true, true]);
      await agent.until('sleeper', (p) => p.State === 'running');
      expect(readdirSync(join(folder, 'root/d'))).toEqual(['f']);
      expect(startedBelow(mark).length).toBe(1);
    }
  }, 120_000);

  test('killed in the midst of starting, changing and ending has none twice and none left', async () => {
    let agent = await AgentProcess.start();
    for (let round = 0; round < 8; round++) {
      const asked: Promise<unknown>[] = [];
      for (let i = 0; i < 4; i++) {
        const Name = `p${i}`;
        asked.push(
          agent
            .create('process', Name, agent.sleeper({ Name, StopSeconds: 0.1 }))
            .then(() => agent.put('process', Name, agent.sleeper({ Name, StopSeconds: 0.1, Triggers: { round } })))
            .then(() => (i % 2 === 0 ? agent.remove('process', Name) : undefined)),
        );
      }
      const all = Promise.allSettled(asked);
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 15 + round * 25))]);
      await agent.kill();
      await all;
      agent = await AgentProcess.start(agent.folder);
      const { items } = (await agent.ask('GET', '/v1/resources/process')).body;
      for (const { id } of items) await agent.until(id, (p) => p.State === 'running');
      const known = (await agent.ask('GET', '/v1/resources/process')).body.items.map(
        (i: { resource: { Pid: number } }) => i.resource.Pid,
      );
      await until(() => agent.started.length === known.length);
      expect(agent.started.sort()).toEqual(known.sort());
    }
    for (const { id } of (await agent.ask('GET', '/v1/resources/process')).body.items)
      await agent.remove('process', id);
    expect(agent.started).toEqual([]);
  }, 120_000);
});

describe('[LO11] the state of an agent', () => {
  test('is one agent’s at a time', async () => {
    const first = await AgentProcess.start();
    const second = AgentProcess.begin(first.folder);
    expect(await second.exited()).toBe(75);
    expect(second.said).toContain('store_busy');
    expect(await first.interrupt()).toBe(0);
    await AgentProcess.start(first.folder);
  });

  test('is a journal whose torn last line is cut off, and in which damage is a fault', async () => {
    const agent = await AgentProcess.start();
    await agent.create('file', 'f', { Path: 'f', Content: 'x' });
    await agent.kill();
    const file = join(agent.state, 'journal.jsonl');
    appendFileSync(file, '{"number":4,"kind":"beg');
    const next = await AgentProcess.start(agent.folder);
    await next.create('file', 'g', { Path: 'g', Content: 'x' });
    expect(next.journal().map((e) => e.kind)).toEqual(['opened', 'begun', 'done', 'begun', 'done']);
    await next.kill();
    const longer = readFileSync(file, 'utf8');
    for (const [text, code] of [
      [longer.split('\n').toSpliced(1, 1).join('\n'), 'store_damaged'],
      [longer.replace('"format":1', '"format":2'), 'store_version'],
    ] as const) {
      writeFileSync(file, text);
      const wrong = AgentProcess.begin(agent.folder);
      expect(await wrong.exited()).toBe(1);
      expect(wrong.said).toContain(code);
    }
    truncateSync(file, 0);
    await AgentProcess.start(agent.folder);
  });

  test('is written anew, short and to the same effect, when it has grown long', async () => {
    let agent = await AgentProcess.start();
    await agent.create('file', 'f', { Path: 'f', Content: 'AA==', Encoding: 'base64' });
    await agent.create('file', 'gone', { Path: 'gone' });
    await agent.remove('file', 'gone');
    const { Pid } = (await agent.create('process', 'p', agent.sleeper())).body.resource;
    await agent.create('process', 'q', agent.sleeper({ Name: 'over', Arguments: ['-e', '0'], Restart: 'never' }));
    await agent.until('over', (p) => p.Status === 'ended');
    await agent.kill();
    const journal = Journal.open(join(agent.state, 'journal.jsonl'), () => {});
    const filler = 'x'.repeat(2 * 1024 * 1024);
    for (let i = 0; i < 2; i++) {
      const begun = journal.append({ kind: 'begun', effect: 'destroy', of: 'file', id: filler });
      journal.append({ kind: 'done', begun });
    }
    journal.close();
    agent = await AgentProcess.start(agent.folder);
    expect(readFileSync(join(agent.state, 'journal.jsonl')).length).toBeLessThan(10_000);
    agent = await agent.again();
    expect((await agent.get('process', 'sleeper')).body.resource).toMatchObject({ Pid, Restarts: 0 });
    expect((await agent.get('process', 'over')).body.resource).toMatchObject({ Status: 'ended', Exit: 'exit code 0' });
    expect((await agent.get('file', 'f')).body.resource.Encoding).toBe('base64');
    expect(await agent.create('process', 'p', agent.sleeper())).toMatchObject({ status: 200, body: { made: false } });
    expect((await agent.create('file', 'f', { Path: 'f', Content: 'AQ==', Encoding: 'base64' })).body.error.code).toBe(
      'key_reused',
    );
  });
});
