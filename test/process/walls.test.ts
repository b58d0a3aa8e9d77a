// What a run cannot reach: files of the machine and of the engine, the engine's environment, other runs. Each attack first
// succeeds in a plain process, so that what is refused afterwards is known to be an attack.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTierUnderTest, plainly, processesWith, type TierUnderTest, until } from './tier_under_test.ts';

let under: TierUnderTest;
let data: string;
beforeAll(() => {
  under = openTierUnderTest({ cpus: 2 });
  data = mkdtempSync(join(tmpdir(), 'headwater-data-'));
  writeFileSync(join(data, 'state.db'), 'everything the engine knows');
});
afterAll(async () => {
  await under.close();
  rmSync(data, { recursive: true, force: true });
});

/** The message of a run that is to fail. */
async function messageOf(script: string, input = {}, commands: readonly string[] = []): Promise<string> {
  const { outcome } = (await under.run(script, { input, allow: { commands } })).report;
  return outcome.ok ? `succeeded: ${outcome.value}` : `${outcome.code}: ${outcome.message}`;
}

describe('files', () => {
  const read = `function main({ file }) { return fs.readFileSync(file, 'utf8'); }`;

  test.each(['/etc/passwd', '/proc/1/environ', '/etc/hostname', '/etc/resolv.conf'])(
    '%s cannot be read',
    async (file) => {
      if (existsSync(file) && file !== '/proc/1/environ') {
        expect(plainly(read, { file })).toBe(readFileSync(file, 'utf8'));
      }
      expect(await messageOf(read, { file })).toMatch(/^threw: Error: (ENOENT|EACCES)/);
    },
  );

  test('the engine’s data cannot be read', async () => {
    const file = join(data, 'state.db');
    expect(plainly(read, { file })).toBe('everything the engine knows');
    expect(await messageOf(read, { file })).toMatch(/^threw: Error: ENOENT/);
  });

  test('nor by a command', async () => {
    const file = join(data, 'state.db');
    const cat = `async function main({ file }) {
      const { execFileSync } = process.getBuiltinModule('child_process');
      return execFileSync('cat', [file]).toString();
    }`;
    expect(plainly(cat, { file })).toBe('everything the engine knows');
    expect(await messageOf(cat, { file }, ['cat'])).toMatch(/^threw: Error: Command failed: cat .*No such file/s);
  });

  test('the top folder shows only what a run needs', async () => {
    const list = `function main() { return fs.readdirSync('/').sort(); }`;
    expect(plainly(list)).toEqual(expect.arrayContaining(['etc', 'root', 'usr', 'var']));
    expect(await under.value(list)).toEqual(expect.not.arrayContaining(['etc', 'root', 'var', 'srv', 'sys', 'mnt']));
  });

  test('nothing can be written outside, and the private folders begin empty and are gone', async () => {
    const file = join(data, 'written');
    const write = `function main({ file }) { fs.writeFileSync(file, 'x'); return 'written'; }`;
    expect(plainly(write, { file })).toBe('written');
    rmSync(file);
    expect(await messageOf(write, { file })).toMatch(/^threw: Error: ENOENT/);
    for (const inside of ['/hw/child/main.js', '/hw/new', '/new', '/proc/sys/kernel/hostname', '/dev/new']) {
      expect(await messageOf(write, { file: inside })).toMatch(/^threw: Error: (EROFS|EACCES|ENOENT|EPERM)/);
    }
    const keep = `function main() {
      const folders = ['.', os.homedir(), os.tmpdir()];
      const before = folders.map((folder) => fs.readdirSync(folder).length);
      for (const folder of folders) fs.writeFileSync(path.join(folder, 'kept'), 'x');
      globalThis.kept = (globalThis.kept ?? 0) + 1;
      return [...before, kept];
    }`;
    for (let i = 0; i < 3; i++) expect(await under.value(keep)).toEqual([0, 0, 0, 1]);
    expect(existsSync(join(tmpdir(), 'kept'))).toBe(false);
  });

  test('no disk of the machine can be reached, nor a device beyond the usual few', async () => {
    const list = `function main() { return fs.readdirSync('/dev').sort(); }`;
    const usual = [
      'core',
      'fd',
      'full',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ];
    expect(await under.value(list)).toEqual(usual);
  });
});

describe('privileges', () => {
  test('a run has none, of no account, and cannot get any', async () => {
    const script = `async function main() {
      const status = fs.readFileSync('/proc/self/status', 'utf8');
      const { execFileSync } = process.getBuiltinModule('child_process');
      let unshared = 'no';
      try {
        unshared = execFileSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', 'echo yes'], { stdio: 'pipe' }).toString().trim();
      } catch (e) { unshared = 'refused'; }
      return {
        none: /CapEff:\\s+(\\w+)/.exec(status)[1],
        bounding: process.getuid() === 0 ? 'root' : 'not root',
        noNew: /NoNewPrivs:\\s+(\\d)/.exec(status)[1],
        unshared,
      };
    }`;
    expect(plainly(script)).toMatchObject({ unshared: 'yes' });
    expect(await under.value(script, { allow: { commands: ['unshare', 'sh'] } })).toEqual({
      none: '0000000000000000',
      bounding: 'not root',
      noNew: '1',
      unshared: 'refused',
    });
  });

  test('another process can be neither seen nor signalled', async () => {
    const victim = spawn('sleep', ['600'], { stdio: 'ignore' });
    const pid = victim.pid ?? 0;
    const script = `function main({ pid }) { process.kill(pid, 'SIGTERM'); return 'signalled'; }`;
    try {
      expect(await messageOf(script, { pid })).toMatch(/^threw: Error: kill ESRCH/);
      expect(victim.exitCode).toBe(null);
      expect(plainly(script, { pid })).toBe('signalled');
    } finally {
      victim.kill('SIGKILL');
    }
    const list = `function main() { return fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length; }`;
    expect(plainly(list)).toBeGreaterThan(3);
    expect(await under.value(list)).toBeLessThanOrEqual(3);
  });

  test('a command that is not allowed does not start, and is not there for other ways to start it', async () => {
    const bySiExec = `async function main() { return siExec.waitUntilEnd('cat', ['/proc/self/status']); }`;
    expect(await messageOf(bySiExec, {}, ['sh'])).toMatch(
      /^refused_by_sandbox: .*"cat" is not allowed here; allowed: sh/,
    );
    expect(await messageOf(bySiExec.replace(`'cat'`, `'/bin/cat'`), {}, ['cat'])).toMatch(/^refused_by_sandbox/);
    const otherwise = `function main() {
      const { execFileSync } = process.getBuiltinModule('child_process');
      return execFileSync('ls', ['/']).toString();
    }`;
    expect(plainly(otherwise)).toContain('usr');
    expect(await messageOf(otherwise, {}, ['sh'])).toMatch(/^threw: Error: spawnSync ls (ENOENT|EACCES)/);
  });
});

describe('environment and secrets', () => {
  const secret = `s3cret-${process.pid}-of-a-run`;

  test('the engine’s environment is not the run’s, nor to be found', async () => {
    process.env['HEADWATER_TEST_SECRET'] = secret;
    try {
      const look = `function main() {
        const all = [JSON.stringify(process.env)];
        for (const name of fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n))) {
          try { all.push(fs.readFileSync('/proc/' + name + '/environ', 'latin1')); } catch (e) { all.push(e.code); }
        }
        return all.join(' ');
      }`;
      expect(plainly(look)).toContain(secret);
      expect(await under.value(look)).not.toContain(secret);
      expect(Object.keys((await under.value('function main() { return process.env; }')) as object).sort()).toEqual([
        'HOME',
        'LANG',
        'PATH',
        'PWD',
        'TZ',
      ]);
    } finally {
      delete process.env['HEADWATER_TEST_SECRET'];
    }
  });

  /** Everything that a process can find about others. */
  const search = `function main() {
    const found = [];
    for (const name of fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n))) {
      for (const file of ['environ', 'cmdline']) {
        try { found.push(fs.readFileSync('/proc/' + name + '/' + file, 'latin1')); } catch (e) { found.push(e.code); }
      }
    }
    return found.join(' ');
  }`;

  test('a run beside it cannot find what a run has given to its command', async () => {
    const holding = `async function main() { console.log('up'); return siExec.waitUntilEnd('sleep', ['600']); }`;
    const authentication = [{ script: `function main(s) { requestStorage.setEnv('TOKEN', s); }`, secret }];
    const read = `function main({ pid }) { return fs.readFileSync('/proc/' + pid + '/environ', 'latin1'); }`;
    let plain: unknown;
    let confined: unknown;
    let directly: unknown;
    const { report } = await under.run(holding, {
      authentication,
      allow: { commands: ['sleep'] },
      onLine: async (_line, id) => {
        await until(() => processesWith(secret, 'environ').length > 0);
        const pid = processesWith(secret, 'environ')[0] ?? 0;
        plain = [plainly(search), plainly(read, { pid })];
        confined = await under.value(search);
        directly = await messageOf(read, { pid });
        under.tier.kill(id);
      },
    });
    expect(report.outcome).toMatchObject({ code: 'killed' });
    expect(plain).toEqual([expect.stringContaining(secret), expect.stringContaining(secret)]);
    expect(confined).not.toContain(secret);
    expect(directly).toMatch(/^threw: Error: (ENOENT|EACCES)/);
  });

  test('a secret stands in no command line, no environment and no file while its run is under way, nor after it', async () => {
    const holding = `async function main() { console.log('up'); await new Promise((r) => setTimeout(r, 600000)); }`;
    const authentication = [{ script: `function main(s) { requestStorage.setItem('token', s); }`, secret }];
    const files = () =>
      readdirSync(under.temporary, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), 'latin1'))
        .join('');
    const traces = () => [processesWith(secret), processesWith(secret, 'environ'), files().includes(secret)];
    let during: unknown;
    await under.run(holding, {
      authentication,
      allow: { network: ['example.com'] },
      onLine: (_line, id) => {
        during = traces();
        under.tier.kill(id);
      },
    });
    expect(during).toEqual([[], [], false]);
    expect(traces()).toEqual([[], [], false]);
  });

  test('the next run finds nothing of the secrets of the one before', async () => {
    const authentication = [
      {
        script: `function main(s) { requestStorage.setItem('t', s); requestStorage.setEnv('T', s); globalThis.t = s; }`,
        secret,
      },
    ];
    expect(await under.value(`function main() { return requestStorage.getItem('t'); }`, { authentication })).toBe(
      secret,
    );
    const next = `function main() { return [requestStorage.getKeys(), requestStorage.getEnvKeys(), typeof globalThis.t]; }`;
    expect(await under.value(next)).toEqual([[], [], 'undefined']);
  });
});
