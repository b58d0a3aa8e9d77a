// How a value stands, and what is shown where there is none to be had now.

import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Path } from '../../src/model/path.ts';
import type { Freshness } from '../../src/propagation/propagation.ts';
import { call, follow, from, set, Watched } from './worlds.ts';

/**
 * a.text goes through the function `first` to a.short, through `second` to a.code, and from there to b.text and c.text;
 * b.count has nothing to do with it.
 */
function line(first = 'echo'): {
  w: Watched;
  ids: Record<'a' | 'b' | 'c', string>;
  state: (name: 'a' | 'b' | 'c', path: string) => Freshness;
} {
  const ids = { a: '', b: '', c: '' };
  const w = new Watched((world) => {
    for (const [name, text] of [
      ['first', first],
      ['second', 'ab-1'],
    ] as const)
      world.do({ kind: 'function.create', name, functionKind: 'attribute', text });
    ids.a = world.create('a', { '/domain/text': 'x' });
    ids.b = world.create('b', {}, 'Open');
    ids.c = world.create('c', {}, 'Open');
    for (const [name, path, output] of [
      ['first', 'text', 'short'],
      ['second', 'short', 'code'],
    ])
      world.do({
        kind: 'binding.attach',
        function: name!,
        schema: 'Thing',
        arguments: [{ name: 'i', path: `/domain/${path}` }],
        output: `/domain/${output}`,
      });
    world.do(
      set(ids.b, 'text', call('concat', from(ids.a, 'code'), '!')),
      set(ids.c, 'text', call('concat', from(ids.b, 'text'), '?')),
      set(ids.b, 'count', call('sum', 1, 2)),
      set(ids.b, 'n', 5),
    );
  });
  const state = (name: 'a' | 'b' | 'c', path: string): Freshness =>
    w.p.freshness({ component: ids[name] as ComponentId, path: path as Path });
  return { w, ids, state };
}

const fails = { kind: 'function.edit_text', function: 'first', text: 'fail' } as const;
const works = { kind: 'function.edit_text', function: 'first', text: 'echo' } as const;

describe('how a value stands', () => {
  test('[PR10] fresh: computed, or declared, or nothing there', () => {
    const { state } = line();
    for (const at of ['/domain/text', '/domain/count', '/domain/n', '/domain', '/domain/nothing', '/si/name'])
      expect(state('b', at), at).toEqual({ state: 'fresh' });
    expect(state('a', '/domain')).toEqual({ state: 'fresh' });
  });

  test('[PR10] pending: names the calls that are waited for', () => {
    const { w, ids, state } = line();
    w.edit(set(ids.a, 'text', 'y'));
    // Before anything is looked at, and when the call is under way.
    for (const steps of [0, 1_000]) {
      w.p.step(steps);
      const waits = [`${ids.a}/domain/short`];
      expect(state('a', '/domain/short')).toEqual({ state: 'pending', waits });
      expect(state('c', '/domain/text')).toEqual({ state: 'pending', waits });
      expect(state('c', '/domain')).toEqual({ state: 'pending', waits });
      expect(state('b', '/domain/count')).toEqual({ state: 'fresh' });
      expect(state('a', '/domain/text')).toEqual({ state: 'fresh' });
    }
    w.settle();
    expect(state('c', '/domain/text')).toEqual({ state: 'fresh' });
  });

  test('[PR10] pending on several: each is named', () => {
    const { w, ids, state } = line();
    const d = w.world.create('d', { '/domain/text': 'y' });
    w.world.do(set(ids.c, 'both', call('concat', from(ids.a, 'short'), from(d, 'short'))), set(ids.a, 'text', 'z'));
    w.p.moveTo(w.world.snapshot);
    w.p.step(1_000);
    const both = state('c', '/domain/both');
    expect(both.state === 'pending' && [...both.waits].sort()).toEqual([`${ids.a}/domain/short`, `${d}/domain/short`]);
  });

  test('[PR10] [PR8] an error where it is, blocked by it behind, and fresh beside', () => {
    const { w, ids, state } = line();
    w.ranBy(fails);
    const error = { code: 'threw', message: 'it failed' };
    expect(state('a', '/domain/short')).toEqual({ state: 'error', ...error });
    const root = `${ids.a}/domain/short`;
    const blocked = { state: 'blocked-by', root, code: 'threw', message: '/domain/short: it failed' };
    expect(state('a', '/domain/code')).toEqual(blocked);
    expect(state('b', '/domain/text')).toEqual(blocked);
    expect(state('c', '/domain/text')).toEqual(blocked);
    expect(state('b', '/domain/count')).toEqual({ state: 'fresh' });
    expect(state('a', '/domain/text')).toEqual({ state: 'fresh' });
    w.ranBy(works);
    expect(state('c', '/domain/text')).toEqual({ state: 'fresh' });
  });

  test('[PR10] [PR9] awaiting: what is not reported, and what is made of it', () => {
    const { w, ids, state } = line();
    w.ranBy(
      follow(ids.b, 'arn', ids.a, '/resource_value/arn'),
      set(ids.c, 'arn', call('array', from(ids.b, 'arn'), 'x')),
    );
    for (const [name, at] of [
      ['a', '/resource_value/arn'],
      ['a', '/resource'],
      ['b', '/domain/arn'],
      ['c', '/domain/arn'],
      ['c', '/domain'],
    ] as const)
      expect(state(name, at), at).toEqual({ state: 'awaiting' });
    expect(w.valueOf(ids.c, '/domain/arn')).toEqual(['x']);
    w.report(ids.a, { resourceId: 'i', status: 'ok', payload: { arn: 'arn' } });
    w.settle();
    expect(state('c', '/domain/arn')).toEqual({ state: 'fresh' });
    expect(w.valueOf(ids.c, '/domain/arn')).toEqual(['arn', 'x']);
    // Reported, and it has none: nothing will come.
    w.report(ids.a, { resourceId: 'i', status: 'ok', payload: {} });
    w.settle();
    expect(state('b', '/domain/arn')).toEqual({ state: 'fresh' });
  });
});

describe('what was there before', () => {
  const domainOf = (w: Watched, id: string): Record<string, unknown> => {
    const { value } = w.p.view(id as ComponentId)!;
    return (value as { domain: Record<string, unknown> }).domain;
  };

  test('[PR8] every value shows its own, with what is wrong', () => {
    const { w, ids } = line();
    expect(domainOf(w, ids.c)['text']).toBe('ab-1!?');
    w.ranBy(fails);
    expect(domainOf(w, ids.a)).toMatchObject({ short: '{"i":"x"}', code: 'ab-1' });
    // Not what the vertex shows that it reads.
    expect(domainOf(w, ids.b)['text']).toBe('ab-1!');
    expect(domainOf(w, ids.c)['text']).toBe('ab-1!?');
    expect(w.p.view(ids.a as ComponentId)!.problems).toEqual([
      { path: '/domain/short', code: 'threw', message: 'it failed' },
      { path: '/domain/code', code: 'threw', message: '/domain/short: it failed' },
    ]);
    expect(w.p.read({ component: ids.c as ComponentId, path: '/domain/text' as Path })).toMatchObject({
      state: 'error',
      last: 'ab-1!?',
      root: `${ids.a}/domain/short`,
    });
    w.ranBy(works);
    expect(w.p.view(ids.a as ComponentId)!.problems).toEqual([]);
  });

  test('[PR8] what never had a value shows none, whatever is shown of its source', () => {
    const { w, ids } = line();
    w.ranBy(fails);
    w.ranBy(set(ids.c, 'late', call('concat', from(ids.b, 'text'), '.')));
    expect(domainOf(w, ids.c)['late']).toBeUndefined();
    expect(domainOf(w, ids.c)['text']).toBe('ab-1!?');
  });

  test('[PR8] an error after an error shows the last value that there was', () => {
    const { w, ids } = line();
    w.ranBy(fails);
    w.ranBy(set(ids.a, 'text', 'other'));
    expect(domainOf(w, ids.a)['short']).toBe('{"i":"x"}');
  });

  test('[PR8] what is being computed shows what was there', () => {
    const { w, ids } = line();
    w.edit({ kind: 'function.edit_text', function: 'second', text: 'cd-2' });
    w.p.step(1_000);
    const { problems } = w.p.view(ids.b as ComponentId)!;
    expect(problems).toEqual([
      { path: '/domain/text', code: 'pending', message: 'it is being computed; the value shown is the one before' },
    ]);
    expect(domainOf(w, ids.b)['text']).toBe('ab-1!');
    expect(w.p.read({ component: ids.b as ComponentId, path: '/domain/text' as Path })).toEqual({
      state: 'pending',
      last: 'ab-1!',
    });
    w.settle();
    expect(domainOf(w, ids.b)['text']).toBe('cd-2!');
  });

  test('[PR8] of a whole that has an error a part shows the part', () => {
    const { w, ids } = line();
    w.ranBy(set(ids.b, 'whole', call('object', 'x', from(ids.a, 'short'), 'y', 2)));
    w.ranBy(fails);
    const read = (path: string): unknown => w.p.read({ component: ids.b as ComponentId, path: path as Path });
    expect(read('/domain/whole')).toMatchObject({ state: 'error', last: { x: '{"i":"x"}', y: 2 } });
    expect(read('/domain/whole/y')).toMatchObject({ state: 'error', last: 2 });
    expect(read('/domain/whole/z')).not.toHaveProperty('last');
    // A container of which one part has an error has none of its own to show.
    expect(read('/domain')).not.toHaveProperty('last');
  });
});
