// Nobody reads what a command prints: it does what it was asked for all the same, and says by its exit code how that went.

import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { boxMutations } from '../http/office.ts';
import { Terminal } from './terminal.ts';

/** Boxes of Head take this long to be made. */
const slowMs = 1_500;

async function withBoxes(t: Terminal, names: readonly string[]): Promise<void> {
  const slow = boxMutations.map((m) => {
    const text = String((m as { text?: string }).text);
    const wait = `{\n  await new Promise((r) => setTimeout(r, ${slowMs}));\n`;
    return 'text' in (m as object) ? { ...(m as object), text: text.replace('{\n', wait) } : m;
  });
  await t.apply('schema', slow);
  const boxes = names.map((name) => ({
    kind: 'component.create',
    schema: 'Box',
    name,
    attributes: { '/domain/Size': 1 },
  }));
  writeFileSync(join(t.folder, 'boxes.json'), JSON.stringify(boxes));
  await t.hw('change-set', 'create', 'boxes');
  expect(await t.hw('submit', 'boxes.json', '--change-set', 'boxes')).toMatchObject({ code: 0 });
}

describe('[EN826] nobody reads what a command prints', () => {
  test('and it carries out what it began', async () => {
    const t = new Terminal();
    const names = ['a', 'b', 'c', 'd'];
    await withBoxes(t, names);
    const { code, out } = await t.run(['change-set', 'apply', 'boxes'], '', { linesTaken: 1 });
    expect([code, out.split('\n')[0]]).toEqual([0, expect.stringContaining('Applied: ')]);
    const { items } = await t.json<{ items: { kind: string; status: string }[] }>('action', 'list');
    const made = items.filter(({ kind }) => kind === 'create').map(({ status }) => status);
    expect(made).toEqual(names.map(() => 'succeeded'));
  }, 120_000);

  test('and a refusal keeps its exit code', async () => {
    const t = new Terminal();
    expect((await t.run(['--json', 'change-set', 'apply', 'nosuch'], '', { linesTaken: 0 })).code).toBe(1);
    expect((await t.run(['--json', 'change-set', 'list'], '', { linesTaken: 0 })).code).toBe(0);
  }, 60_000);

  test('and what would follow for ever ends', async () => {
    const t = new Terminal();
    for (const name of ['a', 'b', 'c']) await t.hw('change-set', 'create', name);
    for (const args of [
      ['events', '--after', '0', '--follow'],
      ['serve', '--port', '0'],
    ])
      expect((await t.run(args, '', { linesTaken: 0 })).code).toBe(0);
    const served = await t.serve();
    const asked = t.run(['events', '--after', '0', '--follow'], '', { linesTaken: 0 });
    for (const name of ['d', 'e']) await t.hw('change-set', 'create', name);
    const { code, err } = await asked;
    expect([code, err.includes('Asking again')]).toEqual([0, false]);
    await served.stop();
  }, 60_000);

  test.runIf(existsSync('/dev/full'))(
    'because there is no space for it: said with a code, and an error',
    async () => {
      const t = new Terminal();
      const full = openSync('/dev/full', 'w');
      const { code, err } = await t.run(['change-set', 'list'], '', { out: full });
      closeSync(full);
      expect(code).toBe(1);
      expect(err).toMatch(
        /^refused: file not readable at standard output\n {2}expected {2}a file that can be written\n/m,
      );
      expect(err).not.toContain('    at ');
    },
    60_000,
  );
});
