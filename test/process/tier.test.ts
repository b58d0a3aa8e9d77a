// The tier as a runner: order and capacity, kill of what waits, close, spares, what is left when the engine is killed, and a
// machine without bubblewrap.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { memoryOf, treeOf } from '../../src/adapters/process/process_tree.ts';
import type { RunId } from '../../src/base/ids.ts';
import {
  isThere,
  openTierUnderTest,
  parentOf,
  pidOf,
  processesWith,
  type TierUnderTest,
  until,
} from './tier_under_test.ts';

const opened: TierUnderTest[] = [];
const open: typeof openTierUnderTest = (options) => {
  const under = openTierUnderTest(options);
  opened.push(under);
  return under;
};
afterEach(async () => {
  for (const under of opened.splice(0)) await under.close();
});

const long = `async function main() { console.log('up'); await new Promise((r) => setTimeout(r, 600000)); }`;
const quick = 'function main({ n }) { return n; }';

describe('capacity', () => {
  test('runs begin in the order in which they came, as many at once as there is room for', async () => {
    const under = open({ cpus: 2, memoryBytes: 2 ** 40 });
    const begun: number[] = [];
    const up: RunId[] = [];
    const runs = [0, 1, 2, 3].map((n) =>
      under.run(long, { onStart: () => begun.push(n), onLine: (_line, id) => up.push(id) }),
    );
    await until(() => up.length === 2);
    expect([...begun].sort()).toEqual([0, 1]);
    for (const next of [2, 3]) {
      under.tier.kill(up.shift()!);
      await until(() => up.length === 2);
      expect(begun.at(-1)).toBe(next);
    }
    for (const id of up) under.tier.kill(id);
    await Promise.all(runs);
    expect(begun.length).toBe(4);
  });

  test('memory counts too, and a run larger than the whole waits until it is alone', async () => {
    const megabyte = 1024 * 1024;
    const under = open({ cpus: 8, memoryBytes: 512 * megabyte });
    let now = 0;
    let most = 0;
    const one = async (memoryBytes: number) => {
      const { report } = await under.run(quick, {
        input: { n: 1 },
        limits: { memoryBytes },
        onStart: () => {
          most = Math.max(most, ++now);
        },
      });
      now--;
      return report.outcome.ok;
    };
    expect(await Promise.all([300, 300, 900].map((n) => one(n * megabyte)))).toEqual([true, true, true]);
    expect(most).toBe(1);
  });

  test('a run that waits can be killed, and never begins', async () => {
    const under = open({ cpus: 1 });
    let first: RunId | undefined;
    const up = new Promise<void>((resolve) => {
      opened.at(-1)!.run(long, {
        onStart: (id) => {
          first = id;
        },
        onLine: () => resolve(),
      });
    });
    await up;
    const waiting = under.run(quick, { input: { n: 1 } });
    const id = `01RN${String(Number(first!.slice(4)) + 1).padStart(22, '0')}` as RunId;
    expect(under.tier.kill(id)).toBe(true);
    const { report, starts } = await waiting;
    expect(report.outcome).toMatchObject({ ok: false, code: 'killed' });
    expect(starts).toBe(0);
    expect(under.tier.kill(first!)).toBe(true);
  });
});

describe('close', () => {
  test('ends what runs and what waits, leaves no process and no file, and takes nothing more', async () => {
    const under = open({ cpus: 1 });
    const running = under.run(long, { allow: { network: ['example.com'] }, onLine: () => void under.tier.close() });
    const waiting = under.run(quick);
    const reports = [(await running).report, (await waiting).report];
    expect(reports.map((report) => report.outcome)).toEqual([
      expect.objectContaining({ code: 'killed' }),
      expect.objectContaining({ code: 'killed' }),
    ]);
    expect(isThere(pidOf(reports[0]!))).toBe(false);
    await under.tier.close();
    expect(readdirSync(under.temporary)).toEqual([]);
    expect(processesWith(under.temporary)).toEqual([]);
    await expect(under.run(quick)).rejects.toMatchObject({ code: 'runner_unavailable' });
  });
});

describe('spares', () => {
  test('each run has a process of its own, whether started ahead or not', async () => {
    for (const spares of [0, 2]) {
      const under = open({ spares });
      const pids = [];
      for (let n = 0; n < 5; n++) pids.push(pidOf((await under.run(quick, { input: { n } })).report));
      expect(new Set(pids).size).toBe(5);
    }
  });

  test('a spare that dies is not missed', async () => {
    const under = open({ spares: 1 });
    await under.value(quick, { input: { n: 1 } });
    const spares = processesWith('bwrap').filter((pid) => parentOf(pid) === process.pid);
    expect(spares.length).toBe(1);
    await until(() => treeOf(spares[0]!).length > 2);
    for (const pid of spares) process.kill(pid, 'SIGKILL');
    expect(await under.value(quick, { input: { n: 2 } })).toBe(2);
  });
});

describe('an engine that is killed', () => {
  test('takes its runs with it; the next one removes what is left on disk', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'headwater-killed-'));
    const mark = `${600_000_000 + process.pid}`;
    const program = fileURLToPath(new URL('./fixtures/engine.mjs', import.meta.url));
    const engine = spawn(process.execPath, [program, temporary, mark, 'example.com'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise<void>((resolve) => engine.stdout.once('data', () => resolve()));
      await until(() => processesWith(mark).filter((pid) => pid !== engine.pid).length > 0);
      engine.kill('SIGKILL');
      await until(() => processesWith(mark).length === 0);
      expect(readdirSync(temporary).length).toBe(1);
      const next = open({ temporary });
      expect(readdirSync(temporary).map((name) => name.includes(`${engine.pid}`))).toEqual([false]);
      await next.tier.close();
      expect(readdirSync(temporary)).toEqual([]);
    } finally {
      engine.kill('SIGKILL');
      rmSync(temporary, { recursive: true, force: true });
    }
  });
});

describe('without bubblewrap', () => {
  test('nothing runs, and it is said what is missing', async () => {
    const under = open({ bubblewrap: null });
    expect(under.tier.confinement.missing).toEqual(
      expect.arrayContaining([expect.stringContaining('bubblewrap'), expect.stringContaining('network')]),
    );
    const { report, starts } = await under.run(quick, { input: { n: 1 } });
    expect(report.outcome).toMatchObject({
      ok: false,
      code: 'refused_by_sandbox',
      message: expect.stringContaining('network'),
    });
    expect(starts).toBe(0);
  });

  test('bubblewrap that does not work counts as missing', async () => {
    const under = open({ bubblewrap: '/bin/false' });
    expect(under.tier.confinement.missing[0]).toMatch(/^bubblewrap does not work/);
  });

  test('where the owner allows it functions run all the same, with the walls that Node itself has', async () => {
    const under = open({ bubblewrap: null, allowUnconfined: true });
    expect(await under.value(quick, { input: { n: 1 } })).toBe(1);
    expect(
      await under.value(
        `function main() { fs.writeFileSync('a', 'x'); return [_.keys({ a: 1 }), fs.readFileSync('a', 'utf8')]; }`,
      ),
    ).toEqual([['a'], 'x']);
    expect(await under.code(`function main() { return fs.readFileSync('/etc/passwd', 'utf8'); }`)).toBe(
      'refused_by_sandbox',
    );
    const start = `function main() { return process.getBuiltinModule('child_process').execFileSync('ls').toString(); }`;
    expect(await under.code(start)).toBe('refused_by_sandbox');
    expect(await under.code('function main() { for (;;); }', { limits: { timeMs: 300 } })).toBe('timed_out');
    const mark = `${500_000_000 + process.pid}`;
    const napping = `async function main() { await siExec.waitUntilEnd('sleep', ['${mark}']); }`;
    expect(await under.code(napping, { limits: { timeMs: 500 }, allow: { commands: ['sleep'] } })).toBe('timed_out');
    expect(processesWith(mark)).toEqual([]);
    await under.tier.close();
    expect(readdirSync(under.temporary)).toEqual([]);
  });

  test('a run has ended when all that it has started is gone, however long the kernel takes for that', async () => {
    const under = open({ bubblewrap: null, allowUnconfined: true });
    const mark = `${400_000_000 + process.pid}`;
    const bytes = 2 ** 30;
    // Memory is given back page by page, so that its process outlives that of the function, which has little.
    const large = `globalThis.held = Buffer.alloc(${bytes}, 1); setTimeout(() => undefined, ${mark})`;
    const script = `async function main() { await siExec.waitUntilEnd('node', ['-e', '${large}']); }`;
    let id: RunId | undefined;
    const run = under.run(script, {
      limits: { memoryBytes: 4 * bytes },
      allow: { commands: ['node'] },
      onStart: (one) => {
        id = one;
      },
    });
    const ours = () => processesWith(large);
    await until(() => ours().some((pid) => memoryOf(pid).held > bytes));
    const before = ours();
    under.tier.kill(id!);
    expect((await run).report.outcome).toMatchObject({ code: 'killed' });
    expect(before.filter(isThere)).toEqual([]);
  });
});
