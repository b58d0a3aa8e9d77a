// What the tests of propagation share: a driver that runs everything to the end with results of its own for users'
// functions, and the comparison with the plain evaluator.

import { expect } from 'vitest';
import { canonical, type Json } from '../../src/base/json.ts';
import type { Call, Evaluated } from '../../src/builtins/assemble.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import type { Propagation } from '../../src/propagation/propagation.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { digest } from '../support/model_world.ts';

/** What a user's function "gives": something of its text and input, sometimes nothing, sometimes an error. */
export function resultOf(call: Call): Evaluated {
  const h = digest(`${call.text} ${call.input}`);
  if (h.startsWith('0')) return { state: 'error', code: 'threw', message: h.slice(0, 6) };
  if (h.startsWith('1')) return { state: 'none' };
  // Few different results, so that a wave often ends early.
  return { state: 'value', value: `r${Number.parseInt(h.slice(0, 2), 16) % 5}` };
}

/** Works until nothing is left; answers the calls that were made. */
export function settle(p: Propagation, result: (call: Call) => Evaluated = resultOf): Call[] {
  const calls: Call[] = [];
  while (!p.quiet) {
    p.step(1_000_000);
    const wanted = p.takeWanted();
    if (wanted.length === 0) {
      expect(p.pending, 'something is pending, nothing is asked for').toBe(0);
      continue;
    }
    for (const { key, call } of wanted) {
      calls.push(call);
      p.deliver(key, result(call));
    }
  }
  return calls;
}

function plain(e: Evaluated): Json {
  switch (e.state) {
    case 'value':
      return { value: e.value, awaits: e.awaits ?? false };
    case 'none':
      return { awaits: e.awaits ?? false };
    case 'error':
      return { code: e.code, message: e.message };
    case 'pending':
      return 'pending';
  }
}

/** Every value is what a full evaluation gives, and there is no other. */
export function expectAsFromScratch(
  p: Propagation,
  snapshot: Snapshot,
  result: (call: Call) => Evaluated = resultOf,
): void {
  const wanted = new Evaluation(snapshot, result).all();
  const got = p.values();
  const lines = (m: ReadonlyMap<string, Evaluated>): string[] =>
    [...m].map(([address, e]) => `${address} ${canonical(plain(e))}`).sort();
  expect(lines(got)).toEqual(lines(wanted));
}
