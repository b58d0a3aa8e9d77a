// Incremental equals from-scratch after every step of random edits, whatever the portions in which it works and the order in
// which results come.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Propagation } from '../../src/propagation/propagation.ts';
import { draw, requestOf, richWorld } from '../mutation/random_requests.ts';
import { runs, type World } from '../support/model_world.ts';
import { resultOf } from './results.ts';
import { expectAsFromScratch, settle } from './worlds.ts';

/** Users' functions of every kind that gives values, on the type that most components are of. */
function withFunctions(world: World): World {
  world.do(
    { kind: 'function.create', name: 'shorten', functionKind: 'attribute', text: 'shorten' },
    { kind: 'function.create', name: 'render', functionKind: 'code-generation', text: 'render' },
    { kind: 'function.create', name: 'judge', functionKind: 'qualification', text: 'judge' },
    {
      kind: 'binding.attach',
      function: 'shorten',
      schema: 'Thing',
      arguments: [
        { name: 'text', path: '/domain/text' },
        { name: 'by', value: 2 },
      ],
      output: '/domain/box/inner/name',
    },
    { kind: 'binding.attach', function: 'render', schema: 'Thing' },
    { kind: 'binding.attach', function: 'judge', schema: 'Thing' },
  );
  return world;
}

const step = fc.record({
  draw: draw.map((d) => ({ ...d, spoil: 99 })),
  budget: fc.constantFrom(0, 1, 3, 10, 1_000),
  deliver: fc.nat(4),
  check: fc.boolean(),
});

describe('random edits', () => {
  test('[PR1] after any edits every value is what a full evaluation gives', { timeout: 120_000 }, () => {
    let checked = 0;
    let calls = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (steps) => {
        const world = withFunctions(richWorld());
        world.lawful = false;
        const p = new Propagation(world.snapshot);
        const waiting: { key: string; run: () => void }[] = [];
        for (const s of steps) {
          const request = requestOf(world, s.draw);
          const done = request === undefined ? undefined : world.attempt([request]);
          if (done?.ok) world.snapshot = done.value.snapshot;
          p.moveTo(world.snapshot);
          p.step(s.budget);
          for (const { key, call } of p.takeWanted()) {
            calls++;
            waiting.push({ key, run: () => p.deliver(key, resultOf(call)) });
          }
          for (let i = 0; i < s.deliver && waiting.length > 0; i++) waiting.pop()!.run();
          if (!s.check) continue;
          for (const w of waiting.splice(0)) w.run();
          calls += settle(p).length;
          expectAsFromScratch(p, world.snapshot);
          checked++;
        }
        for (const w of waiting.splice(0)) w.run();
        settle(p);
        expectAsFromScratch(p, world.snapshot);
      }),
      { numRuns: runs(60) },
    );
    expect(checked).toBeGreaterThan(100);
    expect(calls).toBeGreaterThan(100);
  });
});
