// Pointers and paths with every key that somebody could think of.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ComponentId, ElementId } from '../../src/base/ids.ts';
import { compareElements, type Element } from '../../src/model/cell.ts';
import { cellKey, elementKey, splitCellKey } from '../../src/model/keys.ts';
import {
  ancestorsOf,
  childPath,
  elementPath,
  isPathKey,
  isWithin,
  lastSegment,
  overlaps,
  type Path,
  parentPath,
  parsePath,
  parsePointer,
  pointerOf,
  type Segment,
  segmentsOf,
} from '../../src/model/path.ts';
import { runs } from '../support/model_world.ts';

const nasty = [
  '',
  '~',
  '~0',
  '~1',
  '~2',
  '/',
  '//',
  '@',
  '@@',
  '@0123456789ab',
  '~@',
  'a~b',
  'a#',
  '#',
  '@#',
  '__proto__',
  'constructor',
  '😀',
  'é',
  ' ',
  '.',
  '-',
  '0',
  '01',
  'root',
  '\u007f',
  '\u2028',
];
const key = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: 'binary', maxLength: 8 }).filter(isPathKey),
  fc.array(fc.constantFrom('~', '/', '@', '#', '0', '1', '2', 'a'), { maxLength: 6 }).map((a) => a.join('')),
);
const element = fc
  .array(fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'), { minLength: 12, maxLength: 12 })
  .map((a) => a.join('') as ElementId);
const segment: fc.Arbitrary<Segment> = fc.oneof(
  { weight: 3, arbitrary: key.map((k) => ({ key: k })) },
  element.map((e) => ({ element: e })),
);
const build = (segments: readonly Segment[]): Path =>
  segments.reduce<Path>(
    (path, s) => (s.element === undefined ? childPath(path, s.key) : elementPath(path, s.element)),
    '' as Path,
  );

describe('pointers', () => {
  test('[MO1] split into what they were written from', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 6 }), (segments) => {
        const dropped = segments[0] === 'root' && segments.length > 1 ? segments.slice(1) : segments;
        expect(parsePointer(pointerOf(segments))).toEqual({ ok: true, value: dropped });
      }),
      { numRuns: runs(2000) },
    );
  });

  test.each([
    [''],
    ['a'],
    ['a/b'],
    ['/a~'],
    ['/a~2'],
    ['/a\u0000'],
    ['/a\n'],
    ['/\ud800'],
    [`/${'x'.repeat(2048)}`],
    [5],
    [null],
    [undefined],
    [['/a']],
  ])('[MO1] %j is none', (text) => {
    const parsed = parsePointer(text);
    expect(parsed.ok ? 'taken' : parsed.refusal.code).toBe('path_invalid');
    if (!parsed.ok) expect(parsed.refusal.path).not.toBe('');
  });
});

describe('paths', () => {
  test('[MO2] split into the keys and elements they were built from, and pass as stored paths', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (segments) => {
        const path = build(segments);
        expect(segmentsOf(path)).toEqual(segments);
        expect(parsePath(path)).toEqual({ ok: true, value: path });
        expect(lastSegment(path)).toEqual(segments.at(-1));
        expect(parentPath(path)).toBe(build(segments.slice(0, -1)));
      }),
      { numRuns: runs(2000) },
    );
  });

  test('[MO2] paths of different segments differ', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 4 }), fc.array(segment, { maxLength: 4 }), (a, b) => {
        expect(build(a) === build(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: runs(2000) },
    );
  });

  test.each([
    ['x'],
    ['/@'],
    ['/@abc'],
    ['/a~'],
    ['/a~2'],
    ['/~3'],
    ['/a\u0001'],
    ['/\udfff'],
    [`/${'x'.repeat(2048)}`],
    [{}],
    [null],
  ])('[MO2] %j is not a stored path', (text) => expect(parsePath(text).ok).toBe(false));

  test('[MO3] ancestors and overlap go by whole segments', () => {
    expect(ancestorsOf('/domain/a/b' as Path)).toEqual(['/domain/a', '/domain']);
    expect(isWithin('/domain/ab', '/domain/a')).toBe(false);
    expect(isWithin('/domain/a', '/domain/a')).toBe(true);
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (a, b, join) => {
          const other = join ? [...a, ...b] : b;
          const starts = (x: readonly Segment[], y: readonly Segment[]): boolean =>
            JSON.stringify(y.slice(0, x.length)) === JSON.stringify(x);
          expect(isWithin(build(other), build(a))).toBe(starts(a, other));
          expect(overlaps(build(a), build(other))).toBe(starts(a, other) || starts(other, a));
          expect(ancestorsOf(build(a))).toEqual(a.slice(0, -1).map((_, i) => build(a.slice(0, a.length - 1 - i))));
        },
      ),
      { numRuns: runs(1000) },
    );
  });

  test('[MO4] keys of cells and of element records are told apart', () => {
    const component = '01ARZ3NDEKTSV4RRFFQ69G5FAV' as ComponentId;
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), element, (segments, id) => {
        const path = build(segments);
        expect(splitCellKey(cellKey(component, path))).toEqual({ component, path, element: false });
        const at = elementPath(path, id);
        expect(splitCellKey(elementKey(component, at))).toEqual({ component, path: at, element: true });
      }),
      { numRuns: runs(2000) },
    );
  });

  test('[MO10] elements are ordered by key, then change set, then id', () => {
    const e = (o: string, t: string, id: string): Element => ({ o, t, id: id as ElementId });
    const sorted = [e('Zz', 'B', '2'), e('a0', 'A', '2'), e('a0', 'B', '1'), e('a0', 'B', '2'), e('a1', 'A', '1')];
    expect([...sorted].reverse().sort(compareElements)).toEqual(sorted);
    expect(compareElements(sorted[0]!, sorted[0]!)).toBe(0);
  });
});
