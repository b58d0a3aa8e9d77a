// What propagation remembers of components: bounded, and never another than what is declared.

import { expect, test } from 'vitest';
import { type Declared, readDeclared } from '../../src/model/declared.ts';
import { type Path, wellKnown } from '../../src/model/path.ts';
import { Known } from '../../src/propagation/known.ts';
import { Propagation } from '../../src/propagation/propagation.ts';
import { smallWorld } from '../support/model_world.ts';

const whole = '' as Path;

/** As plain data: a node is what it is whichever map its children are in. */
const plain = (d: Declared): unknown => ({ ...d, children: [...d.children].map(([s, child]) => [s, plain(child)]) });

test('[PR17] what is remembered of declared trees is bounded, and the one shown last is not read again for a part of it', () => {
  const world = smallWorld();
  const [a, b] = [world.create('a', { '/domain/text': 'x' }), world.create('b', { '/domain/text': 'y' })];
  const known = new Known(world.snapshot, 100, 6);
  const [ofA, ofB] = [known.component(a).facts!, known.component(b).facts!];
  const first = ofA.declared(wellKnown.domain);
  expect(ofA.declared(wellKnown.domain)).toBe(first);
  // Each has a node of its own and one of its text: with a third and a fourth tree there are more than six.
  ofB.declared(wellKnown.domain);
  ofB.declared('/secrets' as Path);
  expect(ofA.declared(wellKnown.domain)).toBe(first);
  ofB.declared('/domain/text' as Path);
  ofB.declared('/si' as Path);
  expect(ofA.declared(wellKnown.domain)).not.toBe(first);

  const shown = ofB.declared(whole);
  expect(ofB.declared(whole)).toBe(shown);
  for (const path of ['/si', '/domain', '/domain/text', '/domain/count', '/secrets'] as Path[])
    expect(plain(ofB.declared(path))).toEqual(plain(readDeclared(world.snapshot, b, path)));
  ofA.declared(whole);
  expect(ofB.declared(whole)).not.toBe(shown);
});

test('[PR17] what was shown last is shown as it is after an edit', () => {
  const world = smallWorld();
  const a = world.create('a', { '/domain/text': 'x' });
  const values = new Propagation(world.snapshot);
  expect(values.view(a)?.value).toMatchObject({ domain: { text: 'x' } });
  world.do({ kind: 'attribute.set', component: a, path: '/domain/text', value: 'z' });
  values.moveTo(world.snapshot);
  expect(values.view(a)?.value).toMatchObject({ domain: { text: 'z' } });
  expect(plain(values.view(a)!.declared)).toEqual(plain(readDeclared(world.snapshot, a, whole)));
});
