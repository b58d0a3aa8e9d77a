// Mistakes that everybody makes: a file that is not there, a number that is none. Each is refused, for people and for programs.

import { describe, expect, test } from 'vitest';
import { shop, Terminal } from './terminal.ts';

describe('[EN829] a file that can’t be read or written', () => {
  test('is refused with its path and why', async () => {
    const t = new Terminal();
    await t.hw('change-set', 'create', 'a');
    expect((await t.hw('import', 'cloudformation', shop, '--change-set', 'a')).code).toBe(0);
    for (const [file, ...args] of [
      ['/nope', 'login', 'http://127.0.0.1:1', '--token-file', '/nope'],
      ['/nope/x', 'audit', 'verify', '--export-heads', '/nope/x'],
      ['/nope/x', 'export', 'cloudformation', '--change-set', 'a', '-o', '/nope/x'],
      ['/nope/x', 'schema', 'types', 'AWS::SQS::Queue', '--out', '/nope/x'],
    ] as const) {
      const said = await t.run([...args, '--json']);
      expect([args, said.code, JSON.parse(said.out || 'null')]).toEqual([
        args,
        1,
        { error: expect.objectContaining({ code: 'file_not_readable', path: file }) },
      ]);
      expect(said.err).not.toContain('    at ');
    }
  }, 60_000);
});

describe('[EN828] a number that is none', () => {
  test('is refused before anything is done', async () => {
    const t = new Terminal();
    for (const [expected, ...args] of [
      ['a whole number from 0 on', 'events', '--limit', 'abc'],
      ['a whole number from 0 on', 'events', '--after', '1.5'],
      ['a number from 0.01 to 36500', 'token', 'create', 'x', '--days', '-1'],
      ['a number from 0.01 to 36500', 'token', 'create', 'x', '--days', '0'],
      ['a number from 0 on', 'change-set', 'apply', 'x', '--wait', 'soon'],
      ['a number from 0 on', 'run', 'prune', '--older-than', ''],
    ] as const) {
      const { code, err } = await t.run(args);
      expect([args, code, err.split('\n')[0]]).toEqual([args, 1, expect.stringContaining(`expected ${expected}`)]);
    }
    expect(await t.json('token', 'list')).toEqual([]);
    expect((await t.hw('token', 'create', 'x', '--days', '0.5')).code).toBe(0);
  }, 60_000);
});
