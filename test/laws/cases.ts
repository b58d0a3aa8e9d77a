// Random cases for the laws: edits of a change set and of Head on one rich little state, from a number. Head's edits are
// often the change set's with one thing altered, so that at least half of the pairs meet.

import type { VariantSpec } from '../../src/model/schema.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import type { RequestKind } from '../../src/mutation/request.ts';
import { requestKinds } from '../../src/mutation/request_shape.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { type Draw, requestOf, richWorld } from '../mutation/random_requests.ts';
import { seededIds, World } from '../support/model_world.ts';

/** A small, fast and well mixed generator (mulberry32): the same numbers from the same seed on every machine. */
export function numbersFrom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const frequent: readonly RequestKind[] = [
  ...Array<RequestKind>(12).fill('attribute.set'),
  ...Array<RequestKind>(6).fill('attribute.subscribe'),
  ...Array<RequestKind>(3).fill('attribute.unset'),
  ...Array<RequestKind>(4).fill('list.insert'),
  ...Array<RequestKind>(3).fill('list.move'),
  ...Array<RequestKind>(4).fill('list.remove'),
  ...Array<RequestKind>(3).fill('map.put'),
  ...Array<RequestKind>(2).fill('component.erase'),
  ...Array<RequestKind>(2).fill('component.delete'),
  ...Array<RequestKind>(2).fill('component.upgrade'),
  ...Array<RequestKind>(2).fill('function.edit_text'),
  ...Array<RequestKind>(2).fill('depends_on.add'),
  ...Array<RequestKind>(2).fill('component.manage'),
  ...requestKinds,
];

export function drawsFrom(next: () => number, count: number): Draw[] {
  return Array.from({ length: count }, () => ({
    kind: frequent[next() % frequent.length]!,
    numbers: Array.from({ length: 24 }, next),
    spoil: 99,
  }));
}

/** Draws that often mean the same places as others: the beginning of their numbers is kept, the end is not. */
export function echoes(next: () => number, of: readonly Draw[], count: number): Draw[] {
  return drawsFrom(next, count).map((fresh) => {
    if (of.length === 0 || next() % 100 >= 88) return fresh;
    const original = of[next() % of.length]!;
    const keep = 2 + (next() % 14);
    const kind = next() % 100 < 75 ? original.kind : fresh.kind;
    return { ...fresh, kind, numbers: [...original.numbers.slice(0, keep), ...fresh.numbers.slice(keep)] };
  });
}

/** The state all random cases start from. */
export function startState(): Snapshot {
  const world = richWorld();
  world.do(
    { kind: 'schema.create', name: 'Ruled', spec: ruledSpec },
    { kind: 'view.create', name: 'Own' },
    {
      kind: 'component.create',
      schema: 'Ruled',
      name: 'six',
      views: ['Own'],
      attributes: { '/domain/most': 5, '/domain/list': ['a', 'b'], '/domain/once': 'x' },
    },
    { kind: 'component.create', schema: 'Ruled', name: 'seven', attributes: { '/domain/least': 5 } },
  );
  return world.snapshot;
}

/** A property for every merge rule. */
const ruledSpec: VariantSpec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: {
      most: { kind: 'integer', merge: 'max' },
      least: { kind: 'integer', merge: 'min' },
      list: { kind: 'array', items: { kind: 'string' }, merge: 'union' },
      open: { kind: 'any', merge: 'union' },
      once: { kind: 'string', merge: 'head-wins' },
      mine: { kind: 'string', merge: 'change-set-wins' },
      look: { kind: 'string', merge: 'must-review' },
    },
  },
  resourceValue: { kind: 'object', properties: {} },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
};

/** What a world becomes by draws; those that are refused are left out. */
export function carryOut(
  on: Snapshot,
  idSeed: number,
  draws: readonly Draw[],
): { snapshot: Snapshot; mutations: Mutation[] } {
  const world = new World(seededIds(idSeed), on);
  world.lawful = false;
  const mutations: Mutation[] = [];
  for (const d of draws) {
    const done = world.attempt([requestOf(world, d)]);
    if (!done.ok) continue;
    world.snapshot = done.value.snapshot;
    mutations.push(...done.value.steps.flatMap((s) => s.mutations));
  }
  return { snapshot: world.snapshot, mutations };
}

export interface Case {
  readonly mine: readonly Draw[];
  readonly theirs: readonly Draw[];
}

export function caseFrom(seed: number): Case {
  const next = numbersFrom(seed);
  const mine = drawsFrom(next, 1 + (next() % 3));
  return { mine, theirs: echoes(next, mine, 1 + (next() % 4)) };
}

/** The smallest case, by leaving draws out, that still fails. */
export function shrink(c: Case, fails: (c: Case) => boolean): Case {
  let best = c;
  for (let again = true; again; ) {
    again = false;
    for (const side of ['mine', 'theirs'] as const) {
      for (let i = 0; i < best[side].length; i++) {
        const smaller = { ...best, [side]: best[side].filter((_, k) => k !== i) };
        if (!fails(smaller)) continue;
        best = smaller;
        again = true;
        break;
      }
    }
  }
  return best;
}
