// What a user's function gives to a cell fits the property there or is an error that says so; the property may become another.

import { test } from 'vitest';
import type { SchemaId, VariantId } from '../../src/base/ids.ts';
import { index, indexUser } from '../../src/model/keys.ts';
import { findSchema } from '../../src/model/lookup.ts';
import { Propagation } from '../../src/propagation/propagation.ts';
import { smallWorld, thingSpec } from '../support/model_world.ts';
import { expectAsFromScratch, settle } from './worlds.ts';

const longer = () => ({ state: 'value', value: 'much too long for it' }) as const;
const fold = '0000000000000000000000FN04';
const it = '0000000000000000000000NEW1';

/** A component of schema `Loose` whose `/domain/short` may be of any length, and is what a user's function makes of another's text. */
function world() {
  const w = smallWorld();
  const { domain } = thingSpec;
  const spec = { ...thingSpec, domain: { ...domain, properties: { ...domain.properties, short: { kind: 'string' } } } };
  w.do({ kind: 'schema.create', name: 'Loose', spec } as never);
  w.do({ kind: 'function.create', id: fold, name: 'fold', functionKind: 'transformation', text: 'x\n' } as never);
  const component = w.create('src', { '/domain/text': 'x' });
  const attributes = { '/domain/short': { $source: { component, path: '/domain/text', function: fold } } };
  w.do({ kind: 'component.create', id: it, name: 'c', schema: 'Loose', attributes } as never);
  return w;
}

function variantOf(w: ReturnType<typeof world>, name: string): VariantId {
  const [key] = [...w.snapshot.scan('index', index.schemasNamed(name))].map(([k]) => k);
  return findSchema(w.snapshot, indexUser(key!) as SchemaId)!.defaultVariant!;
}

for (const [how, change] of [
  [
    'upgraded to another variant',
    (w) => ({ kind: 'component.upgrade', component: it, variant: variantOf(w, 'Thing') }),
  ],
  [
    'whose variant is edited',
    (w) => ({ kind: 'schema.edit_variant', variant: variantOf(w, 'Loose'), spec: thingSpec }),
  ],
] satisfies [string, (w: ReturnType<typeof world>) => object][])
  test(`[PR18] what a user's function gave is asked for anew in a component ${how}`, () => {
    const w = world();
    const p = new Propagation(w.snapshot);
    settle(p, longer);
    expectAsFromScratch(p, w.snapshot, longer);
    w.do(change(w) as never);
    p.moveTo(w.snapshot);
    settle(p, longer);
    expectAsFromScratch(p, w.snapshot, longer);
  });
