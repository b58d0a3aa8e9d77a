// Whatever a management function returns: requests that are carried out as they are or refused with a code, and a refusal leaves
// everything as it was.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { refusalCodes } from '../../../src/base/codes.ts';
import { runs } from '../../support/model_world.ts';
import { anyResult } from './random_results.ts';
import { newScene, translate } from './scene.ts';

test('[EN107] a result of any form is a batch that holds, or a refusal with a code and its place', () => {
  const seen = { refused: 0, carriedOut: 0, edits: 0 };
  fc.assert(
    fc.property(anyResult, (returned) => {
      const scene = newScene();
      const root = scene.world.snapshot.roots().intent;
      const asked = translate(scene, returned);
      const done = asked.ok ? scene.world.attempt(asked.value.edits.map((e) => e.request)) : asked;
      expect(scene.world.snapshot.roots().intent).toBe(root);
      if (done.ok) {
        seen.carriedOut++;
        seen.edits += done.value.steps.length;
        return;
      }
      seen.refused++;
      const { code, expected, got, hint } = done.refusal;
      expect(Object.hasOwn(refusalCodes, code)).toBe(true);
      for (const word of [expected, got, hint]) expect(word).toMatch(/./);
      if (!asked.ok) expect(asked.refusal.path).toMatch(/^(result$|\/(status|message|error|ops))/);
    }),
    { numRuns: runs(150) },
  );
  // Both happen, or nothing was looked at.
  expect(seen.refused).toBeGreaterThan(15);
  expect(seen.carriedOut).toBeGreaterThan(15);
  expect(seen.edits).toBeGreaterThan(100);
});
