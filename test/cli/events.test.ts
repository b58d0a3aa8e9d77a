// `headwater events`: what has happened behind a position, for people and as lines of JSON.

import { expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();

test('[EN562] tells what happened, goes on from a position, and narrows it', async () => {
  await terminal.hw('change-set', 'create', 'first');
  const lines = (await terminal.hw('events', '--after', '0', '--json')).out.trim().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  expect(events.map((e) => e.kind)).toContain('change_set');
  expect(events.map((e) => e.position)).toEqual(events.map((_, i) => i + 1));
  const people = (await terminal.hw('events', '--after', '0')).out;
  expect(people).toContain('change set "first"');
  expect(people).toContain(`go on with --after ${events.length}`);
  const later = (await terminal.hw('events', '--after', '1', '--limit', '1', '--json')).out.trim();
  expect(JSON.parse(later)).toEqual(events[1]);
  expect((await terminal.hw('events', '--after', '0', '--kinds', 'apply', '--json')).out).toBe('');
  const gone = await terminal.hw('events', '--after', '999');
  expect(gone.code).not.toBe(0);
  expect(gone.err).toContain('events gone');
}, 60_000);
