// A store that goes from one folder to another; with a database it is in test/postgres_store.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

test('[EN745] a folder’s store is moved to another folder, and what it needs besides is named', async () => {
  const t = new Terminal();
  await t.hw('component', 'create', 'AWS::SQS::Queue', 'q');
  await t.hw('secret', 'key');
  const before = (await t.hw('change-set', 'list', '--all', '--json')).out;
  const said = await t.hw('migrate', '--from', '.headwater', '--to', 'second');
  expect(said).toMatchObject({ code: 0, out: expect.stringMatching(/^Moved 1 workspace, 2 change sets, \d+ rows; /) });
  expect(said.out).toContain(
    `Take along what is not in the store, from ${join(t.folder, '.headwater')}: headwater.key.`,
  );
  expect((await t.hw('--data', 'second', 'change-set', 'list', '--all', '--json')).out).toBe(before);
  expect((await t.hw('--data', 'second', 'verify')).code).toBe(0);
  const refused = await t.hw('migrate', '--from', '.headwater', '--to', 'second', '--json');
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.out)).toMatchObject({ error: { code: 'already_exists', path: 'to' } });
  expect(await t.json('migrate', '--from', 'second', '--to', 'third')).toMatchObject({ workspaces: 1, takeAlong: [] });
}, 60_000);
