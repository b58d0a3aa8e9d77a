// Templates in TypeScript on the command line: described, tried, run.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

test('[EN720] [EN593] a template is described, tried, and run to the same end again', async () => {
  const terminal = new Terminal();
  const text = `const template = {
  inputs: { env: { kind: 'string', docs: 'Which one', default: 'dev' }, zone: { kind: 'string', required: true } },
  find: { networks: 'schema:AWS::EC2::VPC' },
  components: ({ inputs }) => [{ component: 'net-' + inputs.env, schema: 'AWS::EC2::VPC' }],
};`;
  writeFileSync(join(terminal.folder, 'nets.ts'), text);
  const { out } = await terminal.hw('template', 'describe', 'nets.ts');
  expect(out.replace(/ +/g, ' ')).toBe(
    'env string default "dev" Which one\nzone string required\nfinds networks: schema:AWS::EC2::VPC\n',
  );
  const told = JSON.parse((await terminal.hw('template', 'describe', 'nets.ts', '--json')).out);
  expect(told).toMatchObject({ name: 'nets', find: { networks: 'schema:AWS::EC2::VPC' } });
  const missing = await terminal.hw('template', 'run', 'nets.ts', '--dry-run');
  expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('inputs/zone')]);
  const run = (...more: string[]) => terminal.hw('template', 'run', 'nets.ts', '--input', 'zone=a', ...more);
  expect((await run('--dry-run', '--detailed-exitcode')).code).toBe(2);
  expect((await run('--change-set', 'nets')).code).not.toBe(0);
  await terminal.hw('change-set', 'create', 'nets');
  expect((await run('--change-set', 'nets')).out).toContain('net-dev');
  expect((await run('--change-set', 'nets')).out).toContain('Nothing to change');
});
