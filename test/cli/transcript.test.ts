// The main job at a terminal, as a transcript that people can read.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shop, Terminal } from './terminal.ts';

test('the main job: import, review, edit, apply, look around, keep safe', async () => {
  const t = new Terminal();
  const steps: string[][] = [
    ['change-set', 'list'],
    ['import', 'cloudformation', shop, '--name', 'shop'],
    ['change-set', 'review', 'import shop'],
    ['component', 'get', 'Orders', '--change-set', 'import shop'],
    ['import', 'cloudformation', shop, '--name', 'shop', '--change-set', 'import shop'],
    ['change-set', 'apply', 'import shop'],
    ['change-set', 'create', 'production'],
    ['component', 'set', 'Stage', '/domain/Value', 'prod', '--change-set', 'production'],
    ['component', 'set', 'Orders', '/domain/DelaySeconds', '10', '--change-set', 'production'],
    ['component', 'delete', 'News', '--change-set', 'production'],
    ['change-set', 'review', 'production', '--detailed-exitcode'],
    ['change-set', 'apply', 'production'],
    ['component', 'set', 'Orders', '/domain/DelaySeconds', '10'],
    ['change-set', 'list', '--all'],
    ['component', 'search', 'schema:AWS::SQS::* DelaySeconds:10'],
    ['diff', 'HEAD@2', 'HEAD'],
    ['history', 'Orders'],
    ['audit', 'list', '--change-set', 'production'],
    ['audit', 'verify'],
    ['verify'],
    ['gc'],
    ['backup', 'copy.db'],
    ['--data', 'second', 'restore', 'copy.db'],
    ['--data', 'second', 'export', 'cloudformation', 'shop'],
  ];
  const transcript: string[] = [];
  for (const step of steps) transcript.push(await t.show(...step));
  await expect(transcript.join('\n')).toMatchFileSnapshot(join(import.meta.dirname, 'fixtures/main_job.txt'));
}, 60_000);

test('what goes wrong is said with where, what and what to do', async () => {
  const t = new Terminal();
  await t.hw('import', 'cloudformation', shop, '--name', 'shop', '--change-set', 'nowhere');
  await t.hw('import', 'cloudformation', shop, '--name', 'shop');
  const steps: string[][] = [
    ['change-set', 'review', 'nowhere'],
    ['component', 'set', 'Orders', '/domain/DelaySeconds', 'soon', '--change-set', 'import shop'],
    ['component', 'set', 'Orders', '/domain/Nothing', 'x', '--change-set', 'import shop'],
    ['component', 'set', 'Orders', '/domain/DelaySeconds', '1'],
    ['component', 'set', 'Orders', '/domain/DelaySeconds', '1', '--change-set', 'HEAD'],
    ['component', 'create', 'AWS::SQS::Queu', 'q'],
    ['change-set', 'apply', 'HEAD'],
    ['import', 'cloudformation', 'nothing.yaml'],
    ['schema', 'describe', 'AWS::SQS::Queu'],
    ['change-set', 'list'],
    ['frobnicate'],
    ['component', 'set', 'Orders'],
  ];
  const transcript: string[] = [];
  for (const step of steps) transcript.push(await t.show(...step));
  await expect(transcript.join('\n')).toMatchFileSnapshot(join(import.meta.dirname, 'fixtures/refusals.txt'));
}, 60_000);
