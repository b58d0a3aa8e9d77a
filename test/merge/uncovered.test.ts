// Cycles that one side closes by what it takes away: the source that stands behind an edge that was left out, the function that
// is in force where a value was.

import { expect, test } from 'vitest';
import { merge, passesBy } from '../../src/merge/merge.ts';
import { Side } from '../../src/merge/side.ts';
import { editsOf, itemsOf, pendingOf } from '../laws/check.ts';
import { carryOut } from '../laws/edits.ts';
import { invariants } from '../laws/invariants.ts';
import { derive, one, smallState, two, variantOf } from '../laws/pool.ts';
import { thingSpec } from '../support/model_world.ts';

const follow = (component: string, path: string, of: string, at: string) => ({
  request: { kind: 'attribute.subscribe', component, path, source: { component: of, path: at } } as never,
});
const done = (request: object) => ({ request: request as never });
const [p, a, b] = ['p', 'a', 'b'].map((key) => `/domain/labels/${key}`) as [string, string, string];

for (const route of ['head', 'own'] as const)
  test(`[ME63] an edge that was left out leaves no cycle through the source before it, from ${route}`, () => {
    const base = carryOut(smallState(), 15, [follow(one, p, two, a)]);
    const mine = carryOut(base.snapshot, 11, [follow(one, p, two, b), follow(two, a, one, p)]);
    const theirs = carryOut(base.snapshot, 12, [follow(two, b, one, p)]);
    const pending = pendingOf(itemsOf(mine.mutations, 3));
    const side = Side.of(editsOf(theirs.mutations, 5));
    const merged = merge({ head: theirs.snapshot, present: mine.snapshot, pending, theirs: side, route }, 9);
    expect(() => invariants(merged.state)).not.toThrow();
    expect(merged.settlement.lines.filter((l) => l.rule === 'value-cycle').length).toBe(2);
  });

const attached = (schema: string) =>
  done({
    ...{ kind: 'binding.attach', id: '0000000000000000000000B9B9', function: derive, schema },
    ...{ arguments: [{ name: 'k', path: '/domain/labels' }], output: '/domain/short' },
  });
const ends = [follow(one, '/domain/labels/k', two, '/domain/labels/z')];
const closing = [follow(two, '/domain/labels/z', one, '/domain/short')];

for (const how of ['upgrades the component', 'takes the value away'] as const)
  test(`[ME64] where Head ${how} that kept a function from being in force, an edge that closes a cycle with it is left out`, () => {
    const isUpgrade = how === 'upgrades the component';
    const start = carryOut(smallState(), 15, [
      isUpgrade
        ? done({ kind: 'schema.create', name: 'Thing9', spec: thingSpec })
        : done({ kind: 'attribute.set', component: one, path: '/domain/short', value: 'abc' }),
      ...ends,
    ]);
    const base = carryOut(start.snapshot, 16, [attached(isUpgrade ? 'Thing9' : 'Thing')]);
    const mine = carryOut(base.snapshot, 11, closing);
    const theirs = carryOut(base.snapshot, 12, [
      isUpgrade
        ? done({ kind: 'component.upgrade', component: one, variant: variantOf(base.snapshot, 'Thing9') })
        : done({ kind: 'attribute.unset', component: one, path: '/domain/short' }),
    ]);
    const pending = pendingOf(itemsOf(mine.mutations, 3));
    const side = Side.of(editsOf(theirs.mutations, 5));
    expect(passesBy(pending, side)).toBe(false);
    const merged = merge({ head: theirs.snapshot, present: mine.snapshot, pending, theirs: side }, 9);
    expect(merged.settlement.lines.map((l) => l.rule)).toEqual(['value-cycle']);
    // Looked at again, by itself, it is the same.
    const again = merge({ head: theirs.snapshot, present: merged.state, pending }, 0);
    expect(again.state.roots().intent).toBe(merged.state.roots().intent);
  });
