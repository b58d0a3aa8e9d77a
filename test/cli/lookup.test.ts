// `headwater lookup refresh` in a terminal: what was looked up for a component is asked for anew, and the review tells what came.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Served } from '../support/served.ts';
import { siteMutations } from '../support/site.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
let served: Served;

beforeAll(async () => {
  served = await terminal.serve();
  await terminal.apply('site', siteMutations());
}, 60_000);
afterAll(async () => {
  await served.stop();
});

const seen = async (...at: string[]): Promise<string> => {
  for (;;) {
    const { value } = await terminal.json<{ value: { domain: { Seen?: string } } }>('component', 'get', 'site', ...at);
    if (value.domain.Seen !== undefined) return value.domain.Seen;
  }
};

test('[EN716] asks anew in a change set, and the review tells what came', async () => {
  const before = await seen();
  expect(before).toMatch(/^a at \d+$/);
  await terminal.hw('change-set', 'create', 'newer');
  const said = await terminal.hw('lookup', 'refresh', 'site', '--change-set', 'newer');
  expect(said).toMatchObject({
    code: 0,
    out: expect.stringContaining('/domain/Seen of site is looked up again.\n'),
    err: expect.stringContaining('Review it with: headwater change-set review'),
  });
  const after = await seen('--change-set', 'newer');
  expect(after).toMatch(/^a at \d+$/);
  expect(after).not.toBe(before);
  const review = await terminal.hw('change-set', 'review', 'newer');
  expect(review.out).toContain(before);
  expect(review.out).toContain(after);
  expect((await terminal.hw('change-set', 'apply', 'newer')).code).toBe(0);
  // What was reviewed is what Head gets.
  expect(await seen()).toBe(after);
}, 60_000);

test('[EN716] one value, as JSON, in a change set of its own', async () => {
  const reply = await terminal.json<{ changeSet: string }>('lookup', 'refresh', 'site', '/domain/Seen');
  expect(reply).toMatchObject({ version: 1, paths: ['/domain/Seen'] });
  expect((await terminal.hw('change-set', 'list')).out).toContain('look up /domain/Seen again');
});

test('[EN718] a value that nothing looks up is refused, and leaves no change set', async () => {
  const refused = await terminal.run(['lookup', 'refresh', 'site', '/domain/Given', '--json']);
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.out)).toMatchObject({ error: { code: 'not_a_lookup', path: '/domain/Given' } });
  expect((await terminal.hw('change-set', 'list')).out).not.toContain('look up /domain/Given again');
});
