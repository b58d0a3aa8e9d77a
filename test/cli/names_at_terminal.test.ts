// Names that would have a terminal do something: no new ones, and what is there already is shown as text.

import { afterEach, expect, test } from 'vitest';
import { forTerminal, paint, table } from '../../src/surfaces/cli/output.ts';
import { Terminal } from './terminal.ts';

const { isTTY } = process.stdout;
afterEach(() => {
  process.stdout.isTTY = isTTY;
});

const forged = 'ok\r\u001b[2K\u001b[1Afake\u001b]0;title\u0007\u009b2J\u202e';

test('change sets, workspaces and tokens get names of one line without control characters', async () => {
  const t = new Terminal();
  for (const command of [
    ['change-set', 'create'],
    ['workspace', 'create'],
    ['token', 'create'],
  ])
    for (const name of [forged, 'two\nlines', 'a\u009b2J', 'a\u202eb']) {
      const { code, err } = await t.hw(...command, name);
      expect([command.join(' '), code]).toEqual([command.join(' '), 1]);
      expect(err).toContain('on one line and without control characters');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      expect(err).not.toMatch(/[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u0080-\u009f\u202e]|\u001b(?!\[\d+m)/);
    }
  expect((await t.hw('change-set', 'create', 'Zürich 網路')).code).toBe(0);
}, 60_000);

test('a terminal shows them as text, each row of a table on a line of its own; styles are kept', () => {
  process.stdout.isTTY = true;
  const shown = forTerminal(`${paint('green', 'Approved')}\t${forged}`);
  expect(shown).toBe(
    `${paint('green', 'Approved')}\tok\\u000d\\u001b[2K\\u001b[1Afake\\u001b]0;title\\u0007\\u009b2J\\u202e`,
  );
  expect(forTerminal('const a = 1;\r\nconst b = 2;\r')).toBe('const a = 1;\r\nconst b = 2;\r');
  expect(
    table([
      ['a\nb', paint('dim', 'c')],
      ['d', 'e'],
    ]),
  ).toHaveLength(2);
  expect(table([['a\nb', 'c']])).toEqual(['a\\u000ab  c']);
});

test('a file or another program gets every text as it is', () => {
  process.stdout.isTTY = false;
  expect(forTerminal(forged)).toBe(forged);
});
