// Literals written together give the state that they give one by one, in any order and over any cells.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Cell } from '../../src/model/cell.ts';
import type { Path } from '../../src/model/path.ts';
import { applyAll, isLiteral, type Literal } from '../../src/mutation/literals.ts';
import { apply } from '../../src/mutation/mutation.ts';
import { ChunkSpace } from '../../src/snapshot/chunk_space.ts';
import { Snapshot } from '../../src/snapshot/snapshot.ts';
import { digest } from '../support/model_world.ts';

const component = fc.integer({ min: 0, max: 9 }).map((n) => `0000000000000000000000000${n}` as ComponentId);
const path = fc.nat(40).map((n) => `/domain/p${n}` as Path);
const literal: fc.Arbitrary<Cell> = fc.nat(3).map((v) => ({ v }));
const follows: fc.Arbitrary<Cell> = fc.tuple(component, path).map(([c, p]) => ({ x: { s: [c, p] } }));
const set = (cell: fc.Arbitrary<Cell>): fc.Arbitrary<Literal> =>
  fc.record({ kind: fc.constant('cell.set'), component, path, cell });

test('[MU3] [MU5] literals written together are what they are one by one', () => {
  const before = fc.array(set(fc.oneof(literal, follows)), { maxLength: 80, size: 'max' });
  const edits = fc.array(set(literal), { maxLength: 200, size: 'max' });
  fc.assert(
    fc.property(before, edits, fc.boolean(), (there, more, inOrder) => {
      const space = new ChunkSpace({ digest, source: { read: () => undefined }, cacheBytesMax: 2 ** 20 });
      const start = Snapshot.empty(space).edit();
      for (const m of there) apply(start, m);
      const state = start.finish();
      if (inOrder) more.sort((a, b) => (a.component < b.component ? -1 : a.component > b.component ? 1 : 0));
      const [oneByOne, together] = [state.edit(), state.edit()];
      expect(more.every(isLiteral)).toBe(true);
      for (const m of more) apply(oneByOne, m);
      applyAll(together, more);
      expect(together.finish().roots()).toEqual(oneByOne.finish().roots());
    }),
  );
});
