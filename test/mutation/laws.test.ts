// Random requests of every kind, good and bad, over a small world. Whatever comes of them: a refusal that says what is
// wrong and leaves the state alone, or mutations that keep all laws.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import { decodeMutation, encodeMutation, mutationKinds } from '../../src/mutation/codec.ts';
import {
  apply,
  describe as describeMutation,
  footprint,
  invert,
  type Mutation,
  validate,
} from '../../src/mutation/mutation.ts';
import { requestKinds } from '../../src/mutation/request_shape.ts';
import { checkRefusal, runs, seededIds, World } from '../support/model_world.ts';
import { checkIndex, seenMutations } from '../support/mutation_laws.ts';
import { componentsOf, draw, junk, requestOf, richWorld } from './random_requests.ts';

const seed = 20261;

describe('random requests', () => {
  const start = richWorld().snapshot;
  const done = new Map<string, number>();
  const refused = new Map<string, number>();
  const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

  test('[MU1] [MU2] [MU3] [MU4] [MU5] [MU6] are refused with the state as before, or keep every law', {
    timeout: 300_000,
  }, () => {
    fc.assert(
      fc.property(fc.array(draw, { minLength: 1, maxLength: 40, size: 'max' }), (draws) => {
        const world = new World(seededIds(2), start);
        for (const d of draws) {
          const request = requestOf(world, d);
          // Hardly any component has a resource by itself.
          const { from } = request as { from?: string };
          const given = { kind: 'component.set_resource_id', component: from ?? '', resourceId: 'i-9' } as const;
          const result = world.attempt(d.kind === 'component.moved' ? [given, request] : [request]);
          count(result.ok ? done : refused, d.kind);
          if (result.ok) world.snapshot = result.value.snapshot;
          else count(refused, result.refusal.code);
        }
        for (const c of componentsOf(world.snapshot)) new Evaluation(world.snapshot).view(c as never);
      }),
      { numRuns: runs(400), seed },
    );
  });

  test('were of every kind, carried out and refused, and came to every kind of mutation', () => {
    for (const kind of requestKinds) {
      expect(done.get(kind) ?? 0, `${kind} carried out`).toBeGreaterThan(4);
      expect(refused.get(kind) ?? 0, `${kind} refused`).toBeGreaterThan(0);
    }
    for (const kind of mutationKinds) expect(seenMutations.get(kind) ?? 0, kind).toBeGreaterThan(10);
  });
});

describe('anything else', () => {
  const start = richWorld().snapshot;
  const world = new World(seededIds(4), start);

  test('[MU6] arbitrary values as requests are refused with a code', () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    const request = fc
      .tuple(
        fc.constantFrom(...requestKinds, 'component.', 'nope', '__proto__', 'view.constructor'),
        fc.dictionary(fc.string(), value),
      )
      .map(([kind, members]) => ({ ...members, kind }));
    fc.assert(
      fc.property(fc.oneof(value, request), (x) => {
        world.refused(x);
      }),
      { numRuns: runs(3000), seed },
    );
  });

  test('[MU6] every member of every request, of every wrong type, is refused with a code or carried out', () => {
    for (const d of fc.sample(draw, { numRuns: runs(150), seed: seed + 1 })) {
      const good = requestOf(world, { ...d, spoil: 99 });
      for (const name of Object.keys(good)) {
        for (const what of junk) world.attempt([{ ...good, [name]: what }]);
        const { [name]: _gone, ...rest } = good;
        world.attempt([rest]);
      }
    }
  });
});

describe('encoded mutations', () => {
  test('[MU7] that were altered are refused with a code, or are mutations like any other', () => {
    const start = richWorld();
    const some = new Map<string, Mutation[]>(mutationKinds.map((kind) => [kind, []]));
    for (const d of fc.sample(draw, { numRuns: 800, seed })) {
      const world = new World(seededIds(3), start.snapshot);
      world.lawful = false;
      const done = world.attempt([requestOf(world, { ...d, spoil: 99 })]);
      if (!done.ok) continue;
      for (const m of done.value.steps.flatMap((s) => s.mutations)) some.get(m.kind)!.push(m);
    }
    const kinds = new Map<string, { refused: number; decoded: number }>();
    const place = fc.record({ which: fc.nat(), where: fc.nat(), how: fc.nat(9), what: fc.nat() });
    fc.assert(
      fc.property(place, ({ which, where, how, what }) => {
        const ofKind = some.get(mutationKinds[which % mutationKinds.length]!)!;
        const m = ofKind[which % ofKind.length]!;
        const altered = alter(JSON.parse(encodeMutation(m)) as Json, where, how, junk[what % junk.length]!);
        const decoded = decodeMutation(altered);
        const seen = kinds.get(m.kind) ?? { refused: 0, decoded: 0 };
        kinds.set(m.kind, seen);
        if (!decoded.ok) {
          seen.refused++;
          checkRefusal(decoded.refusal);
          return;
        }
        seen.decoded++;
        const again = decodeMutation(JSON.parse(encodeMutation(decoded.value)));
        expect(again.ok && encodeMutation(again.value)).toBe(encodeMutation(decoded.value));
        checkTotal(start, decoded.value);
      }),
      { numRuns: runs(12000), seed },
    );
    for (const kind of mutationKinds) expect(kinds.get(kind)?.refused ?? 0, kind).toBeGreaterThan(3);
    expect([...kinds.values()].reduce((n, k) => n + k.decoded, 0)).toBeGreaterThan(500);
  });
});

/** Any mutation at all can be validated, described, applied and taken back on any state without an exception. */
function checkTotal(world: World, m: Mutation): void {
  const before = world.snapshot;
  if (m.kind === 'cell.set' && 'b' in m.cell) return;
  const valid = validate(before, m);
  expect(describeMutation(before, m)).not.toBe('');
  footprint(m);
  const draft = before.edit();
  apply(draft, m);
  const after = draft.finish();
  checkIndex(after);
  if (!valid.ok) {
    checkRefusal(valid.refusal);
    return;
  }
  const back = after.edit();
  apply(back, invert(before, m));
  expect(back.finish().roots().intent, encodeMutation(m)).toBe(before.roots().intent);
}

/** The value with one part of it, found by counting, replaced, removed, or given one more member. */
function alter(value: Json, where: number, how: number, what: Json): Json {
  const places: { of: Record<string, Json>; key: string }[] = [];
  const walk = (x: Json): void => {
    if (typeof x !== 'object' || x === null) return;
    for (const key of Object.keys(x)) {
      places.push({ of: x as Record<string, Json>, key });
      walk((x as Record<string, Json>)[key]!);
    }
  };
  walk(value);
  const at = places[where % places.length]!;
  if (how === 0) delete at.of[at.key];
  else if (how === 1) at.of['more'] = what;
  else if (how < 4 && typeof at.of[at.key] === 'string') at.of[at.key] = `${at.of[at.key] as string}x`;
  else if (how < 6 && typeof at.of[at.key] === 'string') at.of[at.key] = (at.of[at.key] as string).slice(0, -1);
  else at.of[at.key] = what;
  return value;
}
