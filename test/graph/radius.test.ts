// How far an edit is seen, on small graphs given as lists of readers.

import { expect, test } from 'vitest';
import { Radius } from '../../src/graph/radius.ts';

const graph: Record<string, string[]> = { a: ['b', 'c'], b: ['d'], c: ['d', 'e'], d: ['f'], e: ['a'] };
const usersOf = (address: string): readonly string[] => graph[address] ?? [];

function whole(start: string[], touched: string[] = [], most = 100): Radius {
  const radius = new Radius(start, touched, usersOf, most);
  while (radius.step(1));
  return radius;
}

test('[GR6] everything behind is reached once, on a shortest way, nearest first, and a cycle ends', () => {
  expect(whole(['a']).reached).toEqual([
    { address: 'b', distance: 1, via: '' },
    { address: 'c', distance: 1, via: '' },
    { address: 'd', distance: 2, via: 'b' },
    { address: 'e', distance: 2, via: 'c' },
    { address: 'f', distance: 3, via: 'd' },
    { address: 'a', distance: 3, via: 'e' },
  ]);
});

test('what is touched itself is at distance 0', () => {
  expect(whole([], ['d']).reached).toEqual([
    { address: 'd', distance: 0, via: '' },
    { address: 'f', distance: 1, via: 'd' },
  ]);
});

test('[GR6] the bound is kept, and said', () => {
  expect(whole(['a'], [], 3)).toMatchObject({ isCut: true, reached: { length: 3 } });
  expect(whole(['a'], [], 6).isCut).toBe(false);
});

test('a step that fails to read can be made again', () => {
  let fail = true;
  const radius = new Radius(
    ['a'],
    [],
    (address) => {
      if (address === 'c' && fail) {
        fail = false;
        throw new Error('not at hand');
      }
      return usersOf(address);
    },
    100,
  );
  expect(() => radius.step(100)).toThrow('not at hand');
  while (radius.step(100));
  expect(radius.reached).toEqual(whole(['a']).reached);
});
