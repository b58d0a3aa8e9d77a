// What authentication functions leave for those after them is told to who runs them, before anybody can have read it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { type Asked, openTierUnderTest, type TierUnderTest } from './tier_under_test.ts';

let under: TierUnderTest;
beforeAll(() => {
  under = openTierUnderTest();
});
afterAll(() => under.close());

const quiet = 'function main() { return 1; }';
const leaving = (body: string, more: Partial<Asked> & { readonly plain?: readonly string[] } = {}) =>
  under.run(quiet, {
    ...more,
    authentication: [
      {
        script: `async function main(secret) { ${body} }`,
        secret: { a: 1 },
        ...(more.plain ? { plain: more.plain } : {}),
      },
    ],
  });

describe('what authentication leaves', () => {
  test.each<[string, string, string[]]>([
    ['an item', `requestStorage.setItem('t', 'token-1');`, ['token-1']],
    ['a variable for commands', `requestStorage.setEnv('T', 'token-1');`, ['token-1']],
    ['each of several', `for (const t of ['one-1', 'two-2']) requestStorage.setItem('t', t);`, ['one-1', 'two-2']],
    [
      'one that is taken away again',
      `requestStorage.setItem('t', 'token-1'); requestStorage.deleteItem('t');`,
      ['token-1'],
    ],
    [
      'texts and numbers anywhere in a value',
      `requestStorage.setItem('t', { a: [{ b: 'deep-text' }, 123456, 987654321n] });`,
      ['deep-text', '123456', '987654321'],
    ],
    [
      'those in a map, a set, headers, an error',
      `requestStorage.setItem('t', [new Map([['k', 'in-map']]), new Set(['in-set']), new Headers({ 'x-t': 'in-headers' }), new Error('in-error')]);`,
      ['in-map', 'in-set', 'in-headers', 'in-error'],
    ],
    [
      'bytes that are text, and others',
      `requestStorage.setItem('t', [Buffer.from('as-bytes'), new Uint8Array([255, 254, 253, 252, 251])]);`,
      ['as-bytes', '\xff\xfe\xfd\xfc\xfb'],
    ],
    [
      'an address with a password',
      `requestStorage.setItem('t', new URL('https://ada:pass-word@a.example/'));`,
      ['pass-word'],
    ],
    [
      'what is put into a value later',
      `const o = {}; requestStorage.setItem('t', o); o.later = 'put-in-later';`,
      ['put-in-later'],
    ],
    ['a value with a cycle', `const o = { t: 'in-a-ring' }; o.o = o; requestStorage.setItem('t', o);`, ['in-a-ring']],
    [
      'a value that does not want to be looked at',
      `requestStorage.setItem('t', [{ get a() { throw new Error('no'); } }, 'beside-it']);`,
      ['beside-it'],
    ],
    ['a variable of the process', `process.env.TOKEN = 'in-process';`, ['in-process']],
    ['a global name', `globalThis.token = { t: 'made-global' };`, ['made-global']],
    [
      'a file of values',
      `fs.mkdirSync(os.homedir() + '/.aws'); fs.writeFileSync(os.homedir() + '/.aws/credentials', '[default]\\naws_session_token = session-1\\nexport T="quoted-1"\\n');`,
      ['session-1', 'quoted-1'],
    ],
    [
      'a file of words',
      `fs.writeFileSync('/work/netrc', 'machine a.example login ada password word-pass-1');`,
      ['word-pass-1'],
    ],
    ['a file of JSON', `fs.writeFileSync('/tmp/t.json', JSON.stringify({ deep: [{ token: 'json-1' }] }));`, ['json-1']],
    [
      'a file that is no text',
      `fs.writeFileSync('t.bin', Buffer.concat([Buffer.from([0, 255, 1]), Buffer.from('printable-1'), Buffer.from([2])]));`,
      ['printable-1'],
    ],
  ])('is told: %s', async (_what, body, texts) => {
    const { left, report } = await leaving(body);
    expect(report.outcome).toEqual({ ok: true, value: '1' });
    expect(left).toEqual(expect.arrayContaining(texts));
  });

  test('is told: a file that a command left', async () => {
    const { left } = await leaving(`await siExec.waitUntilEnd('sh', ['-c', 'echo token=from-a-command > ~/t']);`, {
      allow: { commands: ['sh'] },
    });
    expect(left).toContain('from-a-command');
  });

  test('is told before the functions after it begin, also when one fails, ends the process or never ends', async () => {
    const set = `requestStorage.setItem('t', 'token-1'); console.log('stored');`;
    expect(await leaving(set)).toMatchObject({ left: ['token-1'], linesBefore: 1 });
    for (const end of [`throw new Error('no');`, `process.exit(3);`, `process.kill(process.pid, 'SIGKILL');`])
      expect(await leaving(set + end)).toMatchObject({ left: ['token-1'], linesBefore: undefined });
    const never = await leaving(`${set} for (;;) {}`, { limits: { timeMs: 1_500 } });
    expect(never).toMatchObject({
      left: ['token-1'],
      linesBefore: undefined,
      report: { outcome: { code: 'timed_out' } },
    });
  });

  test('is not told where it is plain: named so, short, or one of the words of JSON', async () => {
    const body = `requestStorage.setEnv('REGION', 'eu-central-1'); requestStorage.setItem('on', 'true');
      requestStorage.setItem('short', 'abc'); requestStorage.setItem('account', { id: 'acc-1234' }); requestStorage.setItem('t', 'token-1');`;
    expect((await leaving(body, { plain: ['REGION', 'account'] })).left).toEqual(['token-1']);
    expect((await leaving(body)).left).toEqual(['eu-central-1', 'acc-1234', 'token-1']);
    // Stored again under another function's eyes, to which the name says nothing.
    const { left } = await under.run(quiet, {
      authentication: [
        {
          script: `function main() { requestStorage.setEnv('REGION', 'eu-central-1'); }`,
          secret: 1,
          plain: ['REGION'],
        },
        { script: `function main() { requestStorage.setEnv('REGION', 'really-a-token'); }`, secret: 1 },
      ],
    });
    expect(left).toEqual(['really-a-token']);
  });

  test('is nothing where nothing is left, and where nothing authenticates nobody is said to have ended', async () => {
    expect(await leaving('')).toMatchObject({ left: [], linesBefore: 0 });
    expect(await under.run(quiet)).toMatchObject({ left: [], linesBefore: undefined });
  });

  test('fails the run where it is more than can be looked for, caught or not; of files it is said which', async () => {
    const long = `'x'.repeat(${limits.leftBytesMax})`;
    for (const body of [
      `requestStorage.setItem('t', ${long});`,
      `const o = {}; requestStorage.setItem('t', o); o.later = ${long};`,
      `process.env.T = ${long}.slice(0, 100000); process.env.U = 'y'.repeat(100000); process.env.V = 'z'.repeat(100000);`,
    ])
      expect((await leaving(body)).report.outcome).toMatchObject({ ok: false, code: 'authentication_failed' });
    const caught = await leaving(`try { requestStorage.setItem('t', [${long}, 'part-of-it']); } catch {}
      requestStorage.setItem('t', 'part-of-it');`);
    expect(caught.left).toEqual(['part-of-it']);
    const file = await leaving(`fs.writeFileSync('big', ${long} + 'x'); fs.writeFileSync('small', 'token=in-a-file');`);
    expect(file.left).toContain('in-a-file');
    expect(file.lines.map((l) => l.text)).toEqual([
      '[headwater] authentication left what is too large to be redacted: /work/big; 1 in all',
    ]);
  });
});
