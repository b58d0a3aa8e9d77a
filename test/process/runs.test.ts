// What a function of the process tier gets and gives: its input, the names existing functions use, its log, its place of
// failure, and what authentication functions leave for it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTierUnderTest, type TierUnderTest } from './tier_under_test.ts';

let under: TierUnderTest;
beforeAll(() => {
  under = openTierUnderTest();
});
afterAll(() => under.close());

test('bubblewrap holds on this machine: without it nothing below would prove anything', () => {
  expect(under.tier.confinement.missing).toEqual([]);
});

describe('a run', () => {
  test('gives the value that main returns for its input, with the memory and the exit of its process', async () => {
    const { report, starts } = await under.run('async function main({ a, b }) { return { sum: a + b }; }', {
      input: { a: 1, b: 2 },
    });
    expect(report.outcome).toEqual({ ok: true, value: '{"sum":3}' });
    expect(report.exit).toBe('0');
    expect(report.peakMemoryBytes).toBeGreaterThan(10 * 1024 * 1024);
    expect(starts).toBe(1);
  });

  test('gives no value when main returns nothing', async () => {
    const { report } = await under.run('function main() {}');
    expect(report.outcome).toEqual({ ok: true, value: undefined });
  });

  test.each([
    ['a cycle', 'function main() { const a = {}; a.a = a; return a; }'],
    ['a BigInt', 'function main() { return { n: 1n }; }'],
    ['a function', 'function main() { return () => 1; }'],
  ])('does not take %s for a result', async (_what, script) => {
    expect(await under.code(script)).toBe('result_invalid');
  });

  test('that throws says what and where, in the text as written', async () => {
    const { report } = await under.run(`function main() {\n  const a = 1;\n  throw new TypeError('no ' + a);\n}`);
    expect(report.outcome).toEqual({
      ok: false,
      code: 'threw',
      message: 'TypeError: no 1',
      at: { line: 3, column: 9 },
    });
  });

  test('whose text is no program says where', async () => {
    const { report } = await under.run('function main() {\n  const = 1;\n}');
    expect(report.outcome).toMatchObject({ ok: false, code: 'not_compiled', at: { line: 2, column: 9 } });
    expect(await under.code('const other = 1;')).toBe('not_compiled');
  });

  test('that throws something hostile is a failure like any other', async () => {
    const script = `function main() {
      const e = new Error('x');
      Object.defineProperty(e, 'message', { get() { throw new Error('again'); } });
      throw e;
    }`;
    expect(await under.code(script)).toBe('threw');
    expect(await under.code('function main() { throw undefined; }')).toBe('threw');
  });

  test('fails when a promise that nobody waits for is rejected', async () => {
    const script = `async function main() { Promise.reject(new Error('left')); await new Promise((r) => setTimeout(r, 60000)); }`;
    const { report } = await under.run(script);
    expect(report.outcome).toMatchObject({ code: 'threw', message: 'Error: left' });
  });
});

describe('the names of existing functions', () => {
  test('are there without importing anything', async () => {
    const script = `async function main() {
      return {
        lodash: _.chunk([1, 2, 3], 2),
        buffer: Buffer.from('a').toString('hex'),
        zlib: zlib.gunzipSync(zlib.gzipSync('packed')).toString(),
        yaml: [YAML.parse('a: [1]'), YAML.stringify({ b: 2 })],
        os: os.EOL,
        fs: fs.readdirSync('.'),
        path: path.join('a', '..', 'b'),
        joi: Joi.number().validate('x').error !== undefined,
        toml: toml.parse('a = 1'),
        jsonpatch: jsonpatch.compare({ a: 1 }, { a: 2 }),
        rest: [typeof fetch, typeof requestStorage.getItem, typeof siExec.waitUntilEnd, typeof siExec.watch],
      };
    }`;
    expect(await under.value(script)).toEqual({
      lodash: [[1, 2], [3]],
      buffer: '61',
      zlib: 'packed',
      yaml: [{ a: [1] }, 'b: 2\n'],
      os: '\n',
      fs: [],
      path: 'b',
      joi: true,
      toml: { a: 1 },
      jsonpatch: [{ op: 'replace', path: '/a', value: 2 }],
      rest: ['function', 'function', 'function', 'function'],
    });
  });

  test('may be declared again by the function', async () => {
    expect(await under.value('const _ = 1; const fs = 2; function main() { return _ + fs; }')).toBe(3);
  });

  test('siExec gives what the command wrote and how it ended, and throws nothing for a failure', async () => {
    const script = `async function main() {
      const child = await siExec.waitUntilEnd('sh', ['-c', 'echo out; echo err >&2; exit 3'], { env: { A: '1' } });
      const fine = await siExec.waitUntilEnd('sh', ['-c', 'read line; echo $line $A'], { env: { A: 'a' }, input: 'in' });
      const absent = await siExec.waitUntilEnd('no-such-command', []);
      return [child, fine.stdout, fine.failed, absent.failed, absent.code];
    }`;
    const allow = { commands: ['sh', 'no-such-command'] };
    expect(await under.value(script, { allow })).toEqual([
      expect.objectContaining({ stdout: 'out', stderr: 'err', exitCode: 3, failed: true, killed: false }),
      'in a',
      false,
      true,
      'ENOENT',
    ]);
  });

  test('siExec.watch repeats until the callback is content, the command fails, or the attempts are used up', async () => {
    const script = `async function main() {
      const once = { cmd: 'sh', args: ['-c', 'echo x >> f; while read l; do echo $l; done < f'], retryMs: 1 };
      const content = await siExec.watch({ ...once, callback: async (child) => child.stdout.length >= 5 });
      const never = await siExec.watch({ ...once, maxRetryCount: 2, callback: async () => false });
      const fails = await siExec.watch({ cmd: 'sh', args: ['-c', 'exit 1'], callback: async () => true });
      return [content.result.stdout, content.failed ?? null, never.failed, fails.failed];
    }`;
    expect(await under.value(script, { allow: { commands: ['sh'] } })).toEqual([
      'x\nx\nx',
      null,
      'deadlineExceeded',
      'commandFailed',
    ]);
  });
});

describe('the log', () => {
  test('has every line in order without gaps, whichever way it was written', async () => {
    const script = `async function main() {
      console.log('one', { a: 1 });
      console.error('two');
      process.stdout.write('thr');
      process.stdout.write('ee\\nfour');
      for (let i = 0; i < 1000; i++) console.log('line ' + i);
    }`;
    const { lines } = await under.run(script);
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_line, i) => i + 1));
    const thousand = Array.from({ length: 999 }, (_, i) => `line ${i + 1}`);
    expect(lines.map((line) => line.text)).toEqual(['one { a: 1 }', 'two', 'three', 'fourline 0', ...thousand]);
    expect(lines.slice(0, 3).map((line) => line.stream)).toEqual(['output', 'error', 'output']);
  });

  test('comes while the run is under way', async () => {
    const script = `async function main() { console.log('first'); await new Promise((r) => setTimeout(r, 600000)); }`;
    const { report, lines } = await under.run(script, { onLine: (_line, id) => under.tier.kill(id) });
    expect(lines.map((line) => line.text)).toEqual(['first']);
    expect(report.outcome).toMatchObject({ code: 'killed' });
  });

  test('has a long line as several, and loses nothing of it', async () => {
    const { lines } = await under.run(
      `function main() { console.log('ä'.repeat(50_000)); fs.writeSync(2, 'ö'.repeat(20_000)); }`,
    );
    const textOf = (stream: string) => lines.filter((line) => line.stream === stream).map((line) => line.text);
    expect(textOf('output').join('')).toBe('ä'.repeat(50_000));
    expect(textOf('error').join('')).toBe('ö'.repeat(20_000));
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line.text)))).toBeLessThanOrEqual(16 * 1024);
  });
});

describe('authentication functions', () => {
  const first = `async function main(secret) {
    requestStorage.setItem('token', secret.token);
    requestStorage.setEnv('FIRST', secret.token);
  }`;

  test('run first, in order, and leave items and environment for commands and the functions after them', async () => {
    const second = `function main(secret) {
      requestStorage.setEnv('SECOND', requestStorage.getEnv('FIRST') + secret);
    }`;
    const script = `async function main() {
      const child = await siExec.waitUntilEnd('sh', ['-c', 'echo $FIRST $SECOND $PATH']);
      return [requestStorage.getItem('token'), requestStorage.getEnv('SECOND'), requestStorage.getKeys(), child.stdout.split(' ').slice(0, 2)];
    }`;
    const authentication = [
      { script: first, secret: { token: 't1' } },
      { script: second, secret: 't2' },
    ];
    expect(await under.value(script, { authentication, allow: { commands: ['sh'] } })).toEqual([
      't1',
      't1t2',
      ['token'],
      ['t1', 't1t2'],
    ]);
  });

  test('that throw end the run, and main never begins', async () => {
    const failing = `function main() { throw new Error('expired'); }`;
    const { report, lines } = await under.run(`console.log('began'); function main() { console.log('ran'); }`, {
      authentication: [
        { script: first, secret: { token: 't' } },
        { script: failing, secret: {} },
      ],
    });
    expect(report.outcome).toMatchObject({ ok: false, code: 'authentication_failed', message: 'Error: expired' });
    expect(lines).toEqual([]);
  });

  test.each([
    ['do not compile', 'function main( {'],
    ['never settle', 'function main() { return new Promise(() => {}); }'],
  ])('that %s end the run too', async (_what, script) => {
    expect(await under.code('function main() {}', { authentication: [{ script, secret: {} }] })).toBe(
      'authentication_failed',
    );
  });

  test('are the only ones that write the storage, also through what they keep', async () => {
    const keeping = `function main() { globalThis.kept = requestStorage; }`;
    const script = `function main() {
      const own = Object.keys(requestStorage).sort();
      try { kept.setItem('a', 1); } catch (e) { return [own, e.message, requestStorage.getKeys()]; }
    }`;
    expect(await under.value(script, { authentication: [{ script: keeping, secret: {} }] })).toEqual([
      ['getEnv', 'getEnvKeys', 'getItem', 'getKeys'],
      'requestStorage is read-only once the authentication function has returned',
      [],
    ]);
  });
});
