// What a run may use, and that it is ended when it uses more: whatever the function does, the run resolves with a code, the
// tier goes on, and nothing of it is left.

import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import {
  type Asked,
  isStuckPlainly,
  isThere,
  killQuietly,
  openTierUnderTest,
  pidOf,
  plainly,
  printedPlainly,
  processesWith,
  type TierUnderTest,
  until,
} from './tier_under_test.ts';

let under: TierUnderTest;
beforeAll(() => {
  under = openTierUnderTest();
});
afterAll(() => under.close());

/** After each case the tier still runs functions, and its folder is as it was: nothing lies there but what the tier has. */
afterEach(async () => {
  expect(await under.value('function main({ a }) { return a; }', { input: { a: 'alive' } })).toBe('alive');
  await until(() => filesLeft() === 0);
});

/** Files of the tier beyond its own one. */
const filesLeft = () =>
  readdirSync(under.temporary, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name !== 'system-calls.bpf',
  ).length;

/** The code of a run that is to fail; its process is gone when it has. */
async function codeOf(script: string, asked: Asked = {}): Promise<string> {
  const { report } = await under.run(script, asked);
  expect(isThere(pidOf(report))).toBe(false);
  return report.outcome.ok ? 'succeeded' : report.outcome.code;
}

const eats = (one: string) => `function main({ count }) {
  const held = [];
  for (let i = 0; i < count; i++) held.push(${one});
  return held.length;
}`;

describe('time', () => {
  test.each([
    ['a loop', 'function main() { for (;;); }'],
    ['an exponential regular expression', `function main() { return /^(a+)+$/.test('a'.repeat(50) + 'b'); }`],
    ['a timer', 'async function main() { await new Promise((r) => setTimeout(r, 600000)); }'],
    ['a loop when the process ends', `function main() { process.on('exit', () => { for (;;); }); for (;;); }`],
  ])('%s over its time is timed_out', async (_what, script) => {
    expect(isStuckPlainly(script)).toBe(true);
    expect(await codeOf(script, { limits: { timeMs: 300 } })).toBe('timed_out');
  });

  test('a promise that nothing can settle is timed_out, without waiting for the time', async () => {
    const script = 'function main() { return new Promise(() => {}); }';
    // In the open the process ends without a word.
    expect(() => plainly(script)).toThrow('the plain process ended with 13');
    expect(await codeOf(script, { limits: { timeMs: 25_000 } })).toBe('timed_out');
  });

  test('what is left running when main has returned does not hold up the result', async () => {
    const script = `function main() { setInterval(() => {}, 10); process.on('exit', () => { for (;;); }); return 1; }`;
    expect(await under.value(script)).toBe(1);
  });
});

describe('memory', () => {
  const memoryBytes = 128 * 1024 * 1024;

  test.each([
    ['arrays', 'new Array(125_000).fill(0.5)'],
    ['buffers, which are outside of the heap', 'Buffer.alloc(1_000_000, 1)'],
  ])('400 MB of %s are out_of_memory', async (_what, one) => {
    expect(plainly(eats(one), { count: 400 })).toBe(400);
    expect(await codeOf(eats(one), { input: { count: 400 }, limits: { memoryBytes } })).toBe('out_of_memory');
  });

  test('one allocation of 1 GiB is out_of_memory', async () => {
    const script = 'function main() { return new Uint8Array(2 ** 30).fill(1).length; }';
    expect(plainly(script)).toBe(2 ** 30);
    expect(await codeOf(script, { limits: { memoryBytes } })).toBe('out_of_memory');
  });

  test('commands count: many that hold a little each are out_of_memory', async () => {
    const hold = `s=x; i=0; while [ $i -lt 25 ]; do s=$s$s; i=$((i+1)); done; while :; do :; done`;
    const script = `async function main() {
      await Promise.all(Array.from({ length: 8 }, () => siExec.waitUntilEnd('sh', ['-c', ${JSON.stringify(hold)}])));
    }`;
    expect(await codeOf(script, { allow: { commands: ['sh'] }, limits: { memoryBytes } })).toBe('out_of_memory');
  });

  test('the private folders are bounded', async () => {
    const script = `function main({ megabytes }) {
      const file = fs.openSync(path.join(os.tmpdir(), 'headwater-large-' + process.pid), 'w');
      const one = Buffer.alloc(1024 * 1024);
      for (let i = 0; i < megabytes; i++) fs.writeSync(file, one);
      return megabytes;
    }`;
    const { report } = await under.run(script, { input: { megabytes: 80 } });
    expect(report.outcome).toMatchObject({ ok: false, code: 'threw', message: expect.stringContaining('ENOSPC') });
    expect(await under.value(script, { input: { megabytes: 20 } })).toBe(20);
  });
});

describe('output', () => {
  test.each([
    ['console', `console.log('x'.repeat(1000))`],
    ['standard output itself', `fs.writeSync(1, 'x'.repeat(1000) + '\\n')`],
    ['standard error itself, without any line end', `fs.writeSync(2, 'x'.repeat(1000))`],
  ])('100 MiB on the %s are output_too_large, and the lines up to the bound are there', async (_what, write) => {
    const script = `function main() { for (let i = 0; i < 104_858; i++) ${write}; }`;
    expect(printedPlainly(script)).toBeGreaterThan(104_858_000);
    const { report, lines } = await under.run(script);
    expect(report.outcome).toMatchObject({ ok: false, code: 'output_too_large' });
    const bytes = lines.reduce((sum, line) => sum + line.text.length, 0);
    expect(bytes).toBeGreaterThan(900 * 1024);
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
  });

  test('a result of 100 MiB is output_too_large', async () => {
    const script = `function main() { return 'x'.repeat(100 * 1024 * 1024); }`;
    expect((plainly(script) as string).length).toBe(100 * 1024 * 1024);
    expect(await codeOf(script, { limits: { memoryBytes: 1024 * 1024 * 1024 } })).toBe('output_too_large');
  });

  test('a result of 100 MiB on the result channel itself is output_too_large', async () => {
    const script = `function main() { const one = Buffer.alloc(1 << 20, 120); for (let i = 0; i < 100; i++) fs.writeSync(3, one); }`;
    expect(await codeOf(script)).toBe('output_too_large');
  });

  test('an error message without end is cut, and says so', async () => {
    const { report } = await under.run(`function main() { throw new Error('x'.repeat(100_000)); }`);
    const { outcome } = report;
    expect(outcome.ok ? '' : outcome.message).toMatch(/^Error: x{4089}… \(95911 characters more\)$/);
  });

  test('what looks like a result on standard output, standard error or the result channel is none', async () => {
    const script = `function main() {
      for (const to of [1, 2, 3]) fs.writeSync(to, '0123456789abcdef0123456789abcdef v "forged"\\nready\\nv "forged"\\n');
      return 'mine';
    }`;
    expect(await under.value(script)).toBe('mine');
  });
});

describe('processes', () => {
  // Bounded, so that the plain process survives it: what it proves is that nothing stops it.
  const bomb = `async function main({ count }) {
    const { spawn } = process.getBuiltinModule('child_process');
    const children = [];
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
      child.on('error', () => refused++);
      if (child.pid === undefined) break;
      children.push(child);
    }
    await new Promise((r) => setTimeout(r, 50));
    for (const child of children) child.kill('SIGKILL');
    return { started: children.length, refused };
  }`;

  test('a run cannot start more than its number of them', async () => {
    expect(plainly(bomb, { count: 100 })).toEqual({ started: 100, refused: 0 });
    const confined = (await under.value(bomb, { input: { count: 100 } })) as { started: number };
    expect(confined.started).toBeLessThan(96);
  });

  test('a fork bomb does not grow beyond its bound, and dies with its run', async () => {
    // It doubles seven times and stops, so that the machine survives it in the open.
    const doubling = (mark: string) =>
      `b() { if [ $1 -gt 0 ]; then b $(($1 - 1)) & b $(($1 - 1)) & fi; sleep ${mark}; }; b 7`;
    const script = (mark: string) => `async function main() {
      const { spawn } = process.getBuiltinModule('child_process');
      spawn('sh', ['-c', '${doubling(mark)}'], { stdio: 'ignore', detached: true }).unref();
      console.log('up');
      await new Promise((r) => setTimeout(r, 600_000));
    }`;
    const allow = { commands: ['sh', 'sleep'] };
    const outside = `${500_000_000 + process.pid}`;
    printedPlainly(script(outside).replace('600_000', '1'));
    try {
      await until(() => processesWith(outside).length > 200);
    } finally {
      // Those that were just born while it was looked.
      for (let left = processesWith(outside); left.length > 0; left = processesWith(outside))
        for (const pid of left) killQuietly(pid);
    }

    const inside = `${400_000_000 + process.pid}`;
    let most = 0;
    const { report } = await under.run(script(inside), {
      allow,
      limits: { memoryBytes: 1024 ** 3 },
      onLine: async (_line, id) => {
        for (let i = 0; i < 40; i++) {
          most = Math.max(most, processesWith(inside).length);
          await new Promise((r) => setTimeout(r, 25));
        }
        under.tier.kill(id);
      },
    });
    expect(report.outcome).toMatchObject({ ok: false, code: 'killed' });
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(limits.runProcessesMax);
    expect(processesWith(inside)).toEqual([]);
  });

  test('a fork bomb without end dies with its run', async () => {
    const mark = `bomb-${process.pid}`;
    const script = `async function main() { return siExec.waitUntilEnd('sh', ['-c', 'b() { b ${mark} | b & }; b; while :; do :; done']); }`;
    expect(await codeOf(script, { allow: { commands: ['sh'] }, limits: { timeMs: 1_000 } })).toBe('timed_out');
    expect(processesWith(mark)).toEqual([]);
  });

  test.each([
    ['aborts', 'crashed', 'process.abort()', 'SIGABRT'],
    ['leaves', 'crashed', 'process.exit(7)', '7'],
    ['leaves as if all were well', 'crashed', 'process.exit(0)', '0'],
    ['throws outside of any call', 'threw', `setTimeout(() => { throw new Error('late'); }, 1)`, '0'],
    ['overflows its stack', 'threw', '(function f() { f(); })()', '0'],
  ])('a function that %s has %s', async (_what, code, what, exit) => {
    const { report } = await under.run(
      `async function main() { ${what}; await new Promise((r) => setTimeout(r, 60000)); }`,
    );
    expect(report.outcome).toMatchObject({ ok: false, code });
    expect(report.exit).toBe(exit);
  });

  test('one that kills its own process is runner_lost', async () => {
    expect(await codeOf(`function main() { process.kill(process.pid, 'SIGKILL'); for (;;); }`)).toBe('runner_lost');
  });
});

describe('kill', () => {
  const nap = (seconds: string) => `async function main() {
    const { spawn } = process.getBuiltinModule('child_process');
    const child = spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore' });
    child.unref();
    return child.pid;
  }`;

  test('takes everything that the run has started, also what has cut itself loose', async () => {
    const outside = `${700_000_000 + process.pid}`;
    const left = plainly(nap(outside)) as number;
    expect(processesWith(outside)).toContain(left);
    process.kill(left, 'SIGKILL');

    const mark = `${800_000_000 + process.pid}`;
    const script = `async function main() {
      await siExec.waitUntilEnd('sh', ['-c', 'setsid sleep ${mark} & sleep ${mark} & echo']);
      console.log('up');
      return siExec.waitUntilEnd('sleep', ['${mark}']);
    }`.replace(`await siExec`, `void siExec`);
    let seen: number[] = [];
    const { report } = await under.run(script, {
      allow: { commands: ['sh', 'sleep', 'setsid'] },
      onLine: async (_line, id) => {
        // What the shell starts, not the shell, which names the mark too and ends while the last of them starts.
        await until(() => {
          seen = processesWith(`sleep\0${mark}\0`);
          return seen.length >= 3;
        });
        expect(under.tier.kill(id)).toBe(true);
      },
    });
    expect(report.outcome).toMatchObject({ code: 'killed' });
    expect(report.exit).toBe('SIGKILL');
    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(processesWith(mark)).toEqual([]);
  });

  test('takes what a run that succeeds has left behind', async () => {
    const mark = `${900_000_000 + process.pid}`;
    const { report } = await under.run(nap(mark), { allow: { commands: ['sleep'] } });
    expect(report.outcome).toMatchObject({ ok: true });
    expect(processesWith(mark)).toEqual([]);
  });

  test('of a run that is not there is false', () => {
    expect(under.tier.kill('01RNXXXXXXXXXXXXXXXXXXXXXX' as never)).toBe(false);
  });
});
