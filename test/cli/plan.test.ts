// A plan in a file on the command line: made, carried out, and refused when something has moved.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();

beforeAll(async () => {
  await terminal.hw('change-set', 'create', 'net');
  await terminal.hw('component', 'create', 'AWS::EC2::VPC', 'main', '--change-set', 'net');
}, 60_000);

describe('a plan in a file', () => {
  test('[EN589] is carried out as it is, or refused as stale with exit code 4', async () => {
    const said = [
      await terminal.show('plan', 'net', '-o', 'plan.json', '--detailed-exitcode'),
      await terminal.show('component', 'set', 'main', '/domain/CidrBlock', '10.0.0.0/16', '--change-set', 'net'),
      await terminal.show('apply', 'plan.json'),
      await terminal.show('plan', 'net', '-o', 'plan.json'),
      await terminal.show('apply', 'plan.json'),
      await terminal.show('apply', 'plan.json'),
    ];
    writeFileSync(join(terminal.folder, 'no.json'), '{"format":"headwater.plan","formatVersion":9}');
    said.push(await terminal.show('apply', 'no.json'), await terminal.show('apply', 'none.json'));
    await expect(said.join('\n')).toMatchFileSnapshot('fixtures/plan.txt');
    expect(said[2]).toContain('(exit 4)');
    const written = JSON.parse(readFileSync(join(terminal.folder, 'plan.json'), 'utf8'));
    expect(Object.keys(written)).toEqual([
      'format',
      'formatVersion',
      'workspace',
      'changeSet',
      'head',
      'actions',
      'fingerprint',
    ]);
  }, 90_000);
});
