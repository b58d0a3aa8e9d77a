// Undo, redo and pick as a person at a terminal has them.

import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

test('[EN602] [EN605] undo, redo and pick at the terminal', { timeout: 120_000 }, async () => {
  const t = new Terminal();
  const must = async (...args: string[]): Promise<string> => {
    const said = await t.hw(...args);
    expect(said.code, `${args.join(' ')}: ${said.err}`).toBe(0);
    return said.out;
  };
  await must('change-set', 'create', 'one');
  await must('change-set', 'create', 'two');
  await must('component', 'create', 'AWS::EC2::VPC', 'net', '--change-set', 'one');
  expect(await must('change-set', 'edits', 'one')).toMatch(/1\s+\S+\s+stands/);
  expect(await must('undo', 'one')).toMatch(/undone 1: .*\n.*Put it back with `headwater redo "one"`/);
  expect(await must('change-set', 'edits', 'one')).toMatch(/undone at 2/);
  expect(JSON.parse(await must('redo', 'one', '--json'))).toMatchObject({ version: 3 });
  expect(await must('change-set', 'pick', 'one', '3', '--to', 'two')).toMatch(/pick 3 of "one"/);
  const refused = await t.hw('undo', 'one', '--edit', '9');
  expect({ code: refused.code, err: refused.err }).toMatchObject({ code: 1 });
  expect(refused.err).toMatch(/edit not found/);
  expect(await must('undo', '--help')).toMatch(/Example/);
});
