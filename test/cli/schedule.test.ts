// Freeze windows and applies at a time as a person at a terminal has them.

import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

test('[EN607] [EN609] [EN611] freeze windows and scheduled applies at the terminal', { timeout: 120_000 }, async () => {
  const t = new Terminal();
  const must = async (...args: string[]): Promise<string> => {
    const said = await t.hw(...args);
    expect(said.code, `${args.join(' ')}: ${said.err}`).toBe(0);
    return said.out;
  };
  await must('change-set', 'create', 'one');
  await must('component', 'create', 'AWS::EC2::VPC', 'net', '--change-set', 'one');
  await must('freeze', 'set', 'ever', '--from', '2000-01-01T00:00', '--to', '2999-01-01T00:00');
  expect(await must('freeze', 'list')).toMatch(
    /ever\s+2000-01-01T00:00 to 2999-01-01T00:00\s+UTC\s+in force until 2999/,
  );
  const refused = await t.hw('change-set', 'apply', 'one', '--no-run');
  expect({ code: refused.code, err: refused.err }).toMatchObject({ code: 3 });
  expect(refused.err).toMatch(/frozen.*\n.*\n.*"ever", in force until 2999/);
  await must('freeze', 'remove', 'ever');
  const far = JSON.parse(await must('change-set', 'apply', 'one', '--at', '2027-05-01T06:00+02:00', '--json'));
  expect(far.atMs).toBe(Date.parse('2027-05-01T04:00Z'));
  expect(await must('change-set', 'scheduled')).toMatch(/2027-05-01T04:00:00.000Z\s+one\s+\S+\s+waiting/);
  await must('change-set', 'unschedule', far.id);
  // The next command that uses the folder after the time carries it out.
  const at = Date.now() + 15_000;
  await must('change-set', 'apply', 'one', '--at', new Date(at).toISOString());
  await new Promise((resolve) => setTimeout(resolve, at - Date.now() + 10));
  await must('change-set', 'list');
  expect(await must('change-set', 'scheduled')).toMatch(/applied as version 2/);
});
