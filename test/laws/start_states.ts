// The states that random cases start from: one rich world with something to meet about for every rule, and what a seed
// makes of it. A state is the same on every machine for the same number.

import type { VariantSpec } from '../../src/model/schema.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { richWorld } from '../mutation/random_requests.ts';
import { openSpec, type World } from '../support/model_world.ts';
import { carryOut, drawsFrom } from './edits.ts';
import { numbersFrom } from './numbers.ts';

/** A property for every merge rule. */
export const ruledSpec: VariantSpec = {
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

/** The catalogue's later editions of "Cat", so that a schema has several variants. */
const laterCat = (edition: number): VariantSpec => ({ ...openSpec, docs: `edition ${edition}` });

/** The state number 0: everything there is to meet about, and nothing at random. */
function firstState(): Snapshot {
  const world = richWorld();
  world.do(
    { kind: 'schema.create', name: 'Ruled', spec: ruledSpec },
    { kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: laterCat(2) },
    { kind: 'schema.install', name: 'Cat', category: 'Zoo', origin: 'aws', spec: laterCat(3) },
    { kind: 'view.create', name: 'Own' },
    { kind: 'view.create', name: 'Empty' },
    { kind: 'secret.put', name: 'spare', definition: 'Key', key: 'k3' },
    ruled('six', { '/domain/most': 5, '/domain/list': ['a', 'b'], '/domain/once': 'x' }, ['Own']),
    ruled('seven', { '/domain/least': 5 }),
    { kind: 'view.set_approvers', view: 'Own', rule: { approvers: ['ann'], minimum: 1 } },
  );
  addActions(world);
  addUnlocked(world);
  return world.snapshot;
}

function ruled(name: string, attributes: Record<string, never | number | string | string[]>, views?: string[]) {
  return { kind: 'component.create', schema: 'Ruled', name, attributes, ...(views ? { views } : {}) } as const;
}

function addActions(world: World): void {
  for (const name of ['make2', 'make3'])
    world.do({ kind: 'function.create', name, functionKind: 'action', text: `${name}();\n` });
  const lines = Array.from({ length: 6 }, (_, i) => `line ${i}\n`).join('');
  world.do({ kind: 'function.create', name: 'fold', functionKind: 'transformation', text: 'fold\n' });
  world.do({ kind: 'function.create', name: 'derive', functionKind: 'attribute', text: 'derive\n' });
  world.do({ kind: 'function.create', name: 'long', functionKind: 'qualification', text: lines });
}

/** A component of an unlocked variant, which an edit of the variant reaches. */
function addUnlocked(world: World): void {
  const eight = world.create('eight', { '/domain/text': 'stays', '/domain/count': 4 });
  const unlocked = [...world.snapshot.scan('schemas', '')].find(
    ([key, text]) => key.length > 26 && !(JSON.parse(text) as { locked: boolean }).locked && isThing(world, key),
  );
  if (unlocked !== undefined)
    world.attempt([{ kind: 'component.upgrade', component: eight, variant: unlocked[0].slice(27) }]);
  world.do({ kind: 'component.delete', component: world.create('nine', { '/domain/text': 'marked' }) });
}

const isThing = (world: World, key: string): boolean =>
  (JSON.parse(world.snapshot.get('schemas', key.slice(0, 26))!) as { name: string }).name === 'Thing';

/** State number 0 and others that seeds make of it. */
export function startStates(count: number): Snapshot[] {
  const first = firstState();
  return Array.from({ length: count }, (_, i) =>
    i === 0 ? first : carryOut(first, 1000 + i, drawsFrom(numbersFrom(77_000 + i), 4 + (i % 5) * 6)).snapshot,
  );
}
