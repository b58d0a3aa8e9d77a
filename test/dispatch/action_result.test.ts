// What an action function gave, read: what is well formed is taken as it is, anything else is refused with its place.

import { expect, test } from 'vitest';
import { must } from '../../src/base/result.ts';
import { actionAnswerOf, classOfThrown } from '../../src/dispatch/action_result.ts';

const read = (value: unknown) => actionAnswerOf(JSON.stringify(value));

test('[DI18] a result that is none is refused with its place', () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [undefined, 'result'],
    [[], 'result'],
    [{}, 'result/status'],
    [{ status: 'done' }, 'result/status'],
    [{ status: 'ok', message: 1 }, 'result/message'],
    [{ status: 'ok', resourceId: '' }, 'result/resourceId'],
    [{ status: 'error', errorClass: 'bad luck' }, 'result/errorClass'],
    [{ status: 'error', errorClass: 'toString' }, 'result/errorClass'],
    [{ status: 'error', retryAfterMs: -1 }, 'result/retryAfterMs'],
    [{ status: 'pending', checkpoint: 'x'.repeat(70_000) }, 'result/checkpoint'],
    [{ status: 'pending', checkpoint: 1, afterMs: -1 }, 'result/afterMs'],
    [{ status: 'pending', checkpoint: 1, afterMs: 1e12 }, 'result/afterMs'],
    [{ status: 'waiting', checkpoint: 1 }, 'result/signal'],
    [{ status: 'waiting', signal: '' }, 'result/signal'],
  ];
  for (const [value, path] of wrong) {
    const answer = read(value);
    expect(answer.ok, JSON.stringify(value)).toBe(false);
    if (!answer.ok) expect(answer.refusal).toMatchObject({ code: 'function_failed', path });
  }
});

test('[DI18] what is left out has its default', () => {
  expect(must(read({ status: 'ok' }))).toEqual({ status: 'ok', message: '' });
  expect(must(read({ status: 'ok', payload: null, resourceId: null }))).toMatchObject({ payload: null });
  expect(must(read({ status: 'error' }))).toMatchObject({ errorClass: 'permanent', retryAfterMs: undefined });
  expect(must(read({ status: 'pending' }))).toMatchObject({ checkpoint: null, afterMs: 1_000 });
  expect(must(read({ status: 'waiting', signal: 'go' }))).toMatchObject({ checkpoint: null, signal: 'go' });
});

test('[DI18] of what was thrown the class is known where a connection failed', () => {
  expect(classOfThrown('TypeError: fetch failed (connect ECONNREFUSED 127.0.0.1:1)')).toBe('transient');
  expect(classOfThrown('TypeError: fetch failed (getaddrinfo ENOTFOUND example.invalid)')).toBe('transient');
  expect(classOfThrown('TypeError: fetch failed (other side closed)')).toBe('unknown-outcome');
  expect(classOfThrown('TypeError: fetch failed (read ECONNRESET)')).toBe('unknown-outcome');
  expect(classOfThrown('Error: the name is taken')).toBe('permanent');
});
