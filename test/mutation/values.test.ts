// What becomes of values: containers as leaf edits, lists that keep their elements, defaults, kinds, sources, cycles.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { limits } from '../../src/base/limits.ts';
import { Evaluation } from '../../src/builtins/evaluate.ts';
import { readElements } from '../../src/model/declared.ts';
import type { Path } from '../../src/model/path.ts';
import { alignLists } from '../../src/mutation/align.ts';
import type { Input } from '../../src/mutation/request.ts';
import { runs, smallWorld, type World } from '../support/model_world.ts';

const from = (component: string, path: string): Input => ({ $source: { component, path } });
const domain = (world: World, c: string): Record<string, Json> =>
  (new Evaluation(world.snapshot).view(c as ComponentId).value as { domain: Record<string, Json> }).domain;
const cells = (world: World, c: string): Record<string, Json> =>
  Object.fromEntries(
    [...world.snapshot.scan('cells', `${c}/domain`)].map(([k, text]) => [k.slice(34), JSON.parse(text) as Json]),
  );
const ids = (world: World, c: string, path: string): string[] =>
  readElements(world.snapshot, c as ComponentId, path as Path).map((e) => e.id);
const kinds = (step: { mutations: readonly { kind: string }[] }): string[] => step.mutations.map((m) => m.kind);

/** What a request does to a list: its ids before and after, and the mutations. */
function relist(path: string, before: Input, after: Input) {
  const world = smallWorld();
  const c = world.create('c', { [path]: before });
  const was = ids(world, c, path);
  const step = world.set(c, path, after);
  return { world, c, was, is: ids(world, c, path), kinds: kinds(step), shown: domain(world, c)[path.slice(8)] };
}

describe('containers', () => {
  test('[MU8] setting two nested fields makes them explicit and nothing else; A1, A2', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/box/height': 2, '/domain/box/inner/name': 'n' });
    expect(cells(world, c)).toEqual({ 'box/height': { v: 2 }, 'box/inner/name': { v: 'n' } });
    expect(domain(world, c)['box']).toEqual({ width: 10, height: 2, inner: { depth: 1, name: 'n' } });
    world.set(c, '/domain/box/height', 3);
    world.set(c, '/domain/box/width', 4);
    expect(cells(world, c)).toEqual({ 'box/height': { v: 3 }, 'box/width': { v: 4 }, 'box/inner/name': { v: 'n' } });
  });

  test.each<[string, Json]>([
    ['labels', { a: '1', '': '2', '/': '3', '@x': '4', '~': '5', 'ü😀': '6' }],
    ['labels', {}],
    ['zones', { east: { port: 1, tags: ['a', 'a'] }, west: { note: 'n' } }],
    ['box', { width: 1, height: 2, inner: { depth: 3, name: 'x' } }],
    ['grid', [[1, 2], [], [3]]],
    ['rules', [{ port: 1, tags: ['x', 'y'] }, { note: 'n' }]],
    ['free', { a: [1, { b: [[]] }], c: null, d: {} }],
    ['free', [{}, [], null, 'x', 1.5]],
    ['free', { 'a\u0000b': { c: 1 } }],
    ['free', JSON.parse('{"__proto__":{"x":1},"constructor":[2]}') as Json],
    ['names', []],
    ['doc', '{ "kept": "as it is" }'],
  ])('[MU8] what was set whole in %s is what is seen; A11', (name, value) => {
    const world = smallWorld();
    const c = world.create('c', { [`/domain/${name}`]: value });
    expect(domain(world, c)[name]).toEqual(value);
    world.set(c, `/domain/${name}`, { $source: null });
    world.set(c, `/domain/${name}`, value);
    expect(domain(world, c)[name]).toEqual(value);
    expect(kinds(world.set(c, `/domain/${name}`, value))).toEqual([]);
  });

  test('[MU8] an open tree goes from any shape to any other', () => {
    const shape = fc.letrec<{ v: Json }>((tie) => ({
      v: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<Json>(null, 1, 'x', true, [], {}),
        fc.array(tie('v'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '0', '@', '', '\u0001'), tie('v'), { maxKeys: 3 }),
      ),
    })).v;
    fc.assert(
      fc.property(fc.array(shape, { minLength: 1, maxLength: 5 }), (values) => {
        const world = smallWorld();
        const c = world.create('c', {}, 'Open');
        for (const value of values) {
          world.set(c, '/domain/t', value);
          expect(domain(world, c)).toEqual({ t: value });
        }
        world.do({ kind: 'attribute.unset', component: c, path: '/domain/t' });
        expect(cells(world, c)).toEqual({});
      }),
      { numRuns: runs(150) },
    );
  });

  test('[MU8] keys that the author did not see survive; those seen and left out go', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/labels': { a: '1', b: '2' }, '/domain/names': ['x', 'y'] });
    const mine = world.fork(9);
    const steps = [mine.set(c, '/domain/labels', { a: '1', c: '3' }), mine.set(c, '/domain/names', ['x', 'z'])];
    world.do({ kind: 'map.put', component: c, path: '/domain/labels', key: 'unseen', value: '9' });
    world.do({ kind: 'list.insert', component: c, path: '/domain/names', index: 0, value: 'new' });
    world.take(steps);
    expect(domain(world, c)['labels']).toEqual({ a: '1', c: '3', unseen: '9' });
    expect(domain(world, c)['names']).toEqual(['new', 'x', 'z']);
  });

  test('[MU8] two authors who append at once both keep their element, in the order of their change sets', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/names': ['x'] });
    const steps = world.fork(9).set(c, '/domain/names/-', 'theirs');
    world.set(c, '/domain/names/-', 'mine');
    world.take([steps]);
    expect(domain(world, c)['names']).toEqual(['x', 'mine', 'theirs']);
    // Both have one order key now; inserting between and moving still work.
    world.do({ kind: 'list.insert', component: c, path: '/domain/names', index: 1, value: 'first' });
    expect(domain(world, c)['names']).toEqual(['x', 'first', 'mine', 'theirs']);
    world.set(c, '/domain/names', ['theirs', 'mine', 'x']);
    expect(domain(world, c)['names']).toEqual(['theirs', 'mine', 'x']);
  });

  test('[MU19] a value equal to the present one is no edit; C24', () => {
    const world = smallWorld();
    const value = {
      text: 't',
      names: ['a', 'b'],
      labels: { k: 'v' },
      grid: [[1], []],
      free: { a: [1] },
      doc: { a: 1 },
    };
    const c = world.create('c', Object.fromEntries(Object.entries(value).map(([k, v]) => [`/domain/${k}`, v as Json])));
    for (const [k, v] of Object.entries(value)) expect(kinds(world.set(c, `/domain/${k}`, v as Json))).toEqual([]);
    world.follow(c, '/domain/short', c, '/domain/text');
    expect(kinds(world.follow(c, '/domain/short', c, '/domain/text'))).toEqual([]);
    expect(kinds(world.do({ kind: 'component.rename', component: c, name: 'c' })[0]!)).toEqual([]);
  });

  test('[MU20] long values are blobs, values and paths over their bounds are refused', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/text': 'x'.repeat(1023), '/domain/free': 'y'.repeat(2000) });
    expect(cells(world, c)).toMatchObject({ text: { b: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(domain(world, c)['free']).toBe('y'.repeat(2000));
    const set = (path: string, value: Input) =>
      world.refused({ kind: 'attribute.set', component: c, path, value }).code;
    const huge = 'x'.repeat(limits.valueCharsMax);
    expect(set('/domain/text', huge)).toBe('limit_exceeded');
    expect(set('/domain/text', { $source: { call: 'concat', args: [huge, from(c, '/domain/short')] } })).toBe(
      'limit_exceeded',
    );
    expect(set('/domain/labels', { ['k'.repeat(limits.pathCharsMax)]: 'v' })).toBe('limit_exceeded');
    expect(set(`/domain/labels/${'k'.repeat(limits.pathCharsMax)}`, 'v')).toBe('path_invalid');
    expect(set(`/domain/labels/${'@'.repeat(limits.pathCharsMax - 15)}`, 'v')).toBe('path_invalid');
    expect(
      world.refused({ kind: 'map.put', component: c, path: '/domain/labels', key: 'k'.repeat(3000), value: 'v' }).code,
    ).toBe('limit_exceeded');
  });
});

describe('lists', () => {
  test('[MU9] an insert in the middle keeps every element', () => {
    const r = relist('/domain/names', ['a', 'b', 'c'], ['a', 'new', 'b', 'c']);
    expect(r.is.toSpliced(1, 1)).toEqual(r.was);
    expect(r.kinds).toEqual(['element.insert', 'cell.set']);
  });
  test('[MU9] a removal keeps the others', () => {
    const r = relist('/domain/names', ['a', 'b', 'c'], ['a', 'c']);
    expect(r.is).toEqual([r.was[0], r.was[2]]);
    expect(r.kinds).toEqual(['cell.unset', 'element.remove']);
  });
  test('[MU9] a move is one move', () => {
    const r = relist('/domain/names', ['a', 'b', 'c', 'd'], ['d', 'a', 'b', 'c']);
    expect(r.is).toEqual([r.was[3], r.was[0], r.was[1], r.was[2]]);
    expect(r.kinds).toEqual(['element.move']);
  });
  test('[MU9] an edit in place keeps the element', () => {
    const r = relist(
      '/domain/rules',
      [{ port: 1 }, { port: 2, note: 'n' }, { port: 3 }],
      [{ port: 1 }, { port: 5, note: 'n' }, { port: 3 }],
    );
    expect(r.is).toEqual(r.was);
    expect(r.kinds).toEqual(['cell.set']);
  });
  test('[MU9] duplicates are matched one by one', () => {
    const r = relist('/domain/names', ['a', 'a', 'b', 'a'], ['a', 'b', 'a', 'a', 'a']);
    expect(new Set(r.is).size).toBe(5);
    expect(r.was.every((id) => r.is.includes(id))).toBe(true);
    expect(r.shown).toEqual(['a', 'b', 'a', 'a', 'a']);
  });
  test('[MU9] two who give the same list have the same elements, also those of a default', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/names': ['a', 'b'] });
    const other = world.fork(9);
    for (const w of [world, other]) {
      w.set(c, '/domain/names', ['a', 'new', 'new', 'b']);
      w.set(c, '/domain/grid', [[1], [2]]);
      w.do({ kind: 'list.insert', component: c, path: '/domain/sizes', index: 0, value: 7 });
    }
    for (const path of ['/domain/names', '/domain/grid']) expect(ids(other, c, path)).toEqual(ids(world, c, path));
    expect(ids(other, c, '/domain/sizes').slice(1)).toEqual(ids(world, c, '/domain/sizes').slice(1));
    expect(ids(other, c, '/domain/sizes')[0]).not.toBe(ids(world, c, '/domain/sizes')[0]);
    expect(new Set(ids(world, c, '/domain/names')).size).toBe(4);
  });
  test('[MU9] an id whose element has become another is not given again', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/names': ['a'] });
    const [first] = ids(world, c, '/domain/names');
    world.set(c, `/domain/names/@${first}`, 'b');
    world.do({ kind: 'list.insert', component: c, path: '/domain/names', index: 0, value: 'c' });
    world.set(c, '/domain/names', ['b', 'a']);
    expect(domain(world, c)['names']).toEqual(['b', 'a']);
    expect(new Set(ids(world, c, '/domain/names')).size).toBe(2);
  });
  test('[MU9] lists in lists keep theirs', () => {
    const r = relist('/domain/grid', [[1, 2], [3], []], [[1, 9, 2], [3]]);
    expect(r.is).toEqual([r.was[0], r.was[1]]);
    expect(r.shown).toEqual([[1, 9, 2], [3]]);
    expect(r.kinds).toEqual(['cell.unset', 'element.remove', 'element.insert', 'cell.set']);
  });
  test('[MU9] following elements are matched by what they follow', () => {
    const world = smallWorld();
    const a = world.create('a');
    const c = world.create('c', { '/domain/names': [from(a, '/si/name'), 'x', from(a, '/domain/text')] });
    const was = ids(world, c, '/domain/names');
    world.set(c, '/domain/names', [from(a, '/domain/text'), from(a, '/si/name')]);
    expect(ids(world, c, '/domain/names')).toEqual([was[2], was[0]]);
  });

  test('[MU9] any list becomes any other, keeping as many elements as it can', () => {
    const item = fc.constantFrom('a', 'b', 'c', 'd');
    const list = fc.array(item, { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(list, { minLength: 2, maxLength: 5 }), (lists) => {
        const world = smallWorld();
        const c = world.create('c');
        let was: string[] = [];
        for (const next of lists) {
          world.set(c, '/domain/names', next);
          const is = ids(world, c, '/domain/names');
          expect(domain(world, c)['names']).toEqual(next);
          expect(new Set(is).size).toBe(next.length);
          // What is equal in content stays itself, as often as it is there on both sides.
          expect(is.filter((id) => was.includes(id)).length).toBeGreaterThanOrEqual(
            common(lists[lists.indexOf(next) - 1] ?? [], next),
          );
          was = is;
        }
      }),
      { numRuns: runs(120) },
    );
  });

  test('[MU9] an alignment takes each present element at most once and leaves none that fits', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 14 });
    fc.assert(
      fc.property(text, text, (present, wanted) => {
        const match = alignLists(present, wanted);
        const taken = match.filter((p) => p !== undefined);
        expect(match.length).toBe(wanted.length);
        expect(new Set(taken).size).toBe(taken.length);
        const equal = match.filter((p, w) => p !== undefined && present[p] === wanted[w]).length;
        expect(equal).toBe(common(present, wanted));
      }),
      { numRuns: runs(2000) },
    );
    // Above the bound of the table equal elements are found greedily.
    const long = Array.from({ length: 3000 }, (_, i) => `${i % 1500}`);
    const changed = ['new', ...long.slice(1, 1200), 'x', ...long.slice(1201)].reverse();
    const match = alignLists(long, changed);
    expect(new Set(match.filter((p) => p !== undefined)).size).toBe(match.filter((p) => p !== undefined).length);
  });

  test('[MU9] many new elements in one place have short keys', () => {
    const world = smallWorld();
    world.lawful = false;
    const c = world.create('c', { '/domain/names': ['first', 'last'] });
    world.set(c, '/domain/names', ['first', ...Array.from({ length: 1000 }, (_, i) => `n${i}`), 'last']);
    const keys = readElements(world.snapshot, c, '/domain/names' as Path).map((e) => e.o);
    expect(Math.max(...keys.map((k) => k.length))).toBeLessThan(8);
  });

  test('[MU12] an element is inserted without a value or with null and set later; A9, A10', () => {
    const world = smallWorld();
    const c = world.create('c');
    world.do({ kind: 'list.insert', component: c, path: '/domain/names', value: { $source: null } });
    world.do({ kind: 'list.insert', component: c, path: '/domain/names', value: null });
    const [a, b] = ids(world, c, '/domain/names');
    expect(domain(world, c)['names']).toEqual([null, null]);
    world.set(c, '/domain/names/0', 'x');
    world.set(c, '/domain/names/1', 'y');
    expect(ids(world, c, '/domain/names')).toEqual([a, b]);
    expect(domain(world, c)['names']).toEqual(['x', 'y']);
    world.do({ kind: 'list.insert', component: c, path: '/domain/rules', value: { $source: null } });
    world.set(c, '/domain/rules/0/port', 7);
    expect(domain(world, c)['rules']).toEqual([{ port: 7 }]);
  });

  test('[MU12] insert, move and remove do what they do to an array; A14', () => {
    const op = fc.tuple(fc.constantFrom('insert', 'append', 'move', 'remove'), fc.nat(), fc.nat());
    fc.assert(
      fc.property(fc.array(op, { maxLength: 25 }), (ops) => {
        const world = smallWorld();
        const c = world.create('c');
        const model: string[] = [];
        for (const [i, [what, a, b]] of ops.entries()) {
          const common = { component: c, path: '/domain/names' };
          if (what === 'append' || model.length === 0) {
            world.do({ kind: 'list.insert', ...common, value: `v${i}` });
            model.push(`v${i}`);
          } else if (what === 'insert') {
            world.do({ kind: 'list.insert', ...common, index: a % (model.length + 1), value: `v${i}` });
            model.splice(a % (model.length + 1), 0, `v${i}`);
          } else if (what === 'move') {
            const [from, to] = [a % model.length, b % model.length];
            world.do({ kind: 'list.move', ...common, from, to });
            model.splice(to, 0, ...model.splice(from, 1));
          } else {
            world.do({ kind: 'list.remove', ...common, index: a % model.length });
            model.splice(a % model.length, 1);
          }
          expect(domain(world, c)['names'] ?? []).toEqual(model);
        }
        while (model.pop() !== undefined)
          world.do({ kind: 'list.remove', component: c, path: '/domain/names', index: 0 });
        expect(cells(world, c)).toEqual({});
      }),
      { numRuns: runs(60) },
    );
  });

  test('[MU12] an index that is not there is refused', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/names': ['a'] });
    const list = { component: c, path: '/domain/names' };
    for (const index of [1, -1, 0.5])
      expect(world.refused({ kind: 'list.remove', ...list, index }).code).toBe('element_not_found');
    for (const index of [2, -1])
      expect(world.refused({ kind: 'list.insert', ...list, index, value: 'x' }).code).toBe('element_not_found');
    expect(world.refused({ kind: 'list.move', ...list, from: 0, to: 1 }).code).toBe('element_not_found');
    expect(world.refused({ kind: 'attribute.set', ...list, path: '/domain/names/1', value: 'x' }).code).toBe(
      'element_not_found',
    );
    expect(world.refused({ kind: 'list.insert', component: c, path: '/domain/labels', value: 'x' }).code).toBe(
      'kind_mismatch',
    );
  });
});

function common(a: readonly string[], b: readonly string[]): number {
  const rest = [...a];
  return b.filter((x) => {
    const at = rest.indexOf(x);
    if (at !== -1) rest.splice(at, 1);
    return at !== -1;
  }).length;
}

describe('maps, defaults, json', () => {
  test.each(['a', '', '/', '~', '~2', '@', '@0123456789ab', 'a#', '__proto__', 'constructor', '0', '😀', '\u2028'])(
    '[MU13] the key %j is put, set, read and removed',
    (key) => {
      const world = smallWorld();
      const c = world.create('c', { '/domain/labels': { k: 'v' } });
      world.do({ kind: 'map.put', component: c, path: '/domain/labels', key, value: '1' });
      const shown = domain(world, c)['labels'] as Record<string, Json>;
      expect(Object.entries(shown).sort()).toEqual(
        [
          ['k', 'v'],
          [key, '1'],
        ].sort(),
      );
      const pointer = `/domain/labels/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      world.set(c, pointer, '2');
      expect(Object.entries(domain(world, c)['labels'] as object).sort()).toEqual(
        [
          ['k', 'v'],
          [key, '2'],
        ].sort(),
      );
      const other = world.create('other', { '/domain/text': from(c, pointer) });
      expect(domain(world, other)['text']).toBe('2');
      world.do({ kind: 'map.remove', component: c, path: '/domain/labels', key });
      expect(domain(world, c)['labels']).toEqual({ k: 'v' });
    },
  );

  test('[MU13] keys that no path can hold are refused', () => {
    const world = smallWorld();
    const c = world.create('c');
    for (const key of ['a\u0000', '\n', '\ud800']) {
      expect(world.refused({ kind: 'map.put', component: c, path: '/domain/labels', key, value: 'x' }).path).not.toBe(
        '',
      );
      expect(
        world.refused({ kind: 'attribute.set', component: c, path: '/domain/labels', value: { [key]: 'x' } }).path,
      ).not.toBe('');
    }
    expect(world.refused({ kind: 'map.remove', component: c, path: '/domain/labels', key: 'no' }).code).toBe(
      'path_not_found',
    );
    expect(world.refused({ kind: 'map.put', component: c, path: '/domain/box', key: 'no', value: 1 }).code).toBe(
      'path_not_found',
    );
  });

  test('[MU11] an override is taken away, then the default itself; A6, A7', () => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/count': 50 });
    const unset = () => world.do({ kind: 'attribute.unset', component: c, path: '/domain/count' })[0]!;
    unset();
    expect(domain(world, c)['count']).toBe(3);
    expect(cells(world, c)).toEqual({});
    unset();
    expect(domain(world, c)).not.toHaveProperty('count');
    expect(cells(world, c)).toEqual({ count: { u: 1 } });
    unset();
    expect(domain(world, c)['count']).toBe(3);
    world.do({ kind: 'attribute.unsubscribe', component: c, path: '/domain/count' });
    expect(cells(world, c)).toEqual({});
    expect(world.refused({ kind: 'attribute.unset', component: c, path: '/domain/given' }).code).toBe('read_only');
  });

  test('[MU14] editing a part of a default keeps the rest of what it shows', () => {
    const world = smallWorld();
    const c = world.create('c');
    world.set(c, '/domain/presets/a', 'mine');
    expect(domain(world, c)['presets']).toEqual({ a: 'mine', b: 'y' });
    world.set(c, '/domain/pack/b', 'two');
    expect(domain(world, c)['pack']).toEqual({ a: 'one', b: 'two', l: ['p', 'q'] });
    world.set(c, '/domain/sizes/1', 9);
    expect(domain(world, c)['sizes']).toEqual([1, 9, 3]);
    const d = world.create('d');
    world.set(d, '/domain/pack/l/0', 'P');
    world.do({ kind: 'list.remove', component: d, path: '/domain/sizes', index: 0 });
    world.do({ kind: 'map.remove', component: d, path: '/domain/presets', key: 'a' });
    expect(domain(world, d)).toMatchObject({ pack: { a: 'one', l: ['P', 'q'] }, sizes: [2, 3], presets: { b: 'y' } });
    const e = world.create('e');
    world.do({ kind: 'attribute.unset', component: e, path: '/domain/presets/a' });
    world.do({ kind: 'attribute.unset', component: e, path: '/domain/presets/zzz' });
    expect(domain(world, e)['presets']).toEqual({ b: 'y' });
    expect(domain(world, e)['sizes']).toEqual([1, 2, 3]);
  });

  test('[MU14] what was emptied stays empty', () => {
    const world = smallWorld();
    const c = world.create('c');
    for (let i = 0; i < 3; i++) world.do({ kind: 'list.remove', component: c, path: '/domain/sizes', index: 0 });
    for (const key of ['a', 'b']) world.do({ kind: 'map.remove', component: c, path: '/domain/presets', key });
    expect(domain(world, c)).toMatchObject({ sizes: [], presets: {} });
    world.do({ kind: 'map.put', component: c, path: '/domain/presets', key: 'n', value: { $source: null } });
    expect(domain(world, c)['presets']).toEqual({});
    world.do({ kind: 'attribute.unset', component: c, path: '/domain/sizes' });
    expect(domain(world, c)['sizes']).toEqual([1, 2, 3]);
  });

  test.each<[Input, Json]>([
    ['{"a": 1 }', '{"a": 1 }'],
    ['no json', 'no json'],
    [{ a: [1] }, '{\n  "a": [\n    1\n  ]\n}'],
    [[], '[]'],
    [7, '7'],
    [null, 'null'],
  ])('[MU10] json given %j is kept as %j; A4', (given, kept) => {
    const world = smallWorld();
    const c = world.create('c', { '/domain/doc': given });
    expect(cells(world, c)).toEqual({ doc: { v: kept } });
    expect(kinds(world.set(c, '/domain/doc', given))).toEqual([]);
  });

  test('[MU10] json with a source in it follows, as text', () => {
    const world = smallWorld();
    const a = world.create('a', { '/domain/text': 'x' });
    const c = world.create('c', { '/domain/doc': { k: from(a, '/domain/text'), l: [1] } });
    expect(JSON.parse(domain(world, c)['doc'] as string)).toEqual({ k: 'x', l: [1] });
    expect(Object.keys(cells(world, c))).toEqual(['doc']);
  });
});

describe('refusals', () => {
  const world = smallWorld();
  const a = world.create('a', { '/domain/names': ['x'], '/domain/text': 't', '/domain/labels': { k: 'v' } });
  const c = world.create('c', { '/domain/free': [1], '/domain/names': ['e'] });

  test.each<[string, Input, string]>([
    ['/domain/nope', 1, 'path_not_found'],
    ['/domain/txet', 'x', 'path_not_found'],
    ['/nowhere/x', 1, 'path_not_found'],
    ['/domain/text/deeper', 1, 'path_not_found'],
    ['/domain/box', { depth: 1 }, 'path_not_found'],
    ['domain/text', 1, 'path_invalid'],
    ['/domain/a~b', 1, 'path_invalid'],
    ['/domain/text', 1, 'kind_mismatch'],
    ['/domain/text', null, 'kind_mismatch'],
    ['/domain/text', ['x'], 'kind_mismatch'],
    ['/domain/names', 'x', 'kind_mismatch'],
    ['/domain/names', { a: 1 }, 'kind_mismatch'],
    ['/domain/labels', [], 'kind_mismatch'],
    ['/domain/labels', { k: 1 }, 'kind_mismatch'],
    ['/domain/count', 1.5, 'kind_mismatch'],
    ['/domain/colour', 'pink', 'not_in_enum'],
    ['/domain/code', 'X', 'pattern_mismatch'],
    ['/domain/short', 'x', 'out_of_bounds'],
    ['/domain/count', 101, 'out_of_bounds'],
    ['/domain/given', 'x', 'read_only'],
    ['/resource_value/arn', 'x', 'read_only'],
    ['/resource/payload', 'x', 'read_only'],
    ['/code/x', 'x', 'read_only'],
    ['/deleted_at', true, 'read_only'],
    ['/si/type', 'x', 'read_only'],
    ['/si/name', 'a\u0000b', 'pattern_mismatch'],
    ['/si/name', '', 'out_of_bounds'],
    ['/si', { name: 'x' }, 'request_malformed'],
    ['/domain/ratio', Number.NaN, 'value_not_storable'],
    ['/domain/text', '\ud800', 'value_not_storable'],
    ['/domain/free', { $source: { nope: 1 } }, 'request_malformed'],
    ['/domain/free', { $source: { component: 'x', path: '/y' }, more: 1 }, 'request_malformed'],
    ['/domain/free', { $source: { call: 'nope', args: [] } }, 'function_not_found'],
    ['/domain/free', { $source: { call: 'join', args: [] } }, 'request_malformed'],
  ])('[MU15] %s set to %j: %s; A15', (path, value, code) => {
    const refusal = world.refused({ kind: 'attribute.set', component: c, path, value });
    expect(refusal.code).toBe(code);
  });

  test('[MU15] says what was near', () => {
    expect(world.refused({ kind: 'attribute.set', component: c, path: '/domain/txet', value: 'x' }).hint).toContain(
      '/domain/text',
    );
  });

  test.each<[string, Input, string]>([
    ['/domain/text', from(a, '/domain/names'), 'kind_mismatch'],
    ['/domain/names', from(a, '/domain/text'), 'kind_mismatch'],
    ['/domain/names', from(a, '/domain/sizes'), 'kind_mismatch'],
    ['/domain/count', from(a, '/domain/text'), 'kind_mismatch'],
    ['/domain/labels', from(a, '/domain/zones'), 'kind_mismatch'],
    ['/domain/text', from('nobody', '/domain/text'), 'source_not_found'],
    ['/domain/text', from(a, '/domain/nope'), 'source_not_found'],
    ['/domain/text', from(a, '/domain/names/4'), 'source_not_found'],
    ['/domain/text', from(a, '/domain/names/-'), 'source_not_found'],
    ['/domain/text', from(a, 'domain'), 'path_invalid'],
    ['/domain/text', { $source: { secret: 'db' } }, 'kind_mismatch'],
    ['/domain/password', { $source: { secret: 'nobody' } }, 'secret_not_found'],
    ['/domain/given', from(a, '/domain/text'), 'read_only'],
  ])('[MU16] %s <- %j: %s; A16', (path, value, code) => {
    expect(world.refused({ kind: 'attribute.set', component: c, path, value }).code).toBe(code);
  });

  test('[MU16] a source named by several, or by name alone, is found or ambiguous', () => {
    const twins = smallWorld();
    twins.create('twin');
    const b = twins.create('b', { '/domain/text': from('twin', '/si/name') });
    expect(domain(twins, b)['text']).toBe('twin');
    twins.create('twin');
    expect(
      twins.refused({ kind: 'attribute.set', component: b, path: '/domain/text', value: from('twin', '/si/name') })
        .code,
    ).toBe('ambiguous_name');
  });

  test('[MU18] below what is set as a whole nothing is set', () => {
    const w = smallWorld();
    const o = w.create('o', {}, 'Open');
    const s = w.create('s', { '/domain/labels': { k: 'v' }, '/domain/names': ['n'] });
    const t = w.create('t', { '/domain/labels': from(s, '/domain/labels'), '/domain/names': from(s, '/domain/names') });
    const code = (r: object) => w.refused(r).code;
    expect(code({ kind: 'attribute.set', component: t, path: '/domain/labels/x', value: '1' })).toBe(
      'parent_has_value',
    );
    expect(code({ kind: 'map.put', component: t, path: '/domain/labels', key: 'x', value: '1' })).toBe(
      'parent_has_value',
    );
    expect(code({ kind: 'list.insert', component: t, path: '/domain/names', value: 'x' })).toBe('parent_has_value');
    expect(code({ kind: 'list.insert', component: t, path: '/domain/names', value: { $source: null } })).toBe(
      'parent_has_value',
    );
    // Setting the whole replaces what it followed.
    w.set(t, '/domain/labels', { x: '1' });
    expect(domain(w, t)['labels']).toEqual({ x: '1' });
    w.set(o, '/domain/m', { a: 1 });
    w.set(o, '/domain/l', [1]);
    expect(code({ kind: 'list.insert', component: o, path: '/domain/m', value: 1 })).toBe('kind_mismatch');
    expect(code({ kind: 'map.put', component: o, path: '/domain/l', key: 'k', value: 1 })).toBe('kind_mismatch');
    expect(code({ kind: 'attribute.set', component: o, path: '/domain/l/k', value: 1 })).toBe('element_not_found');
    expect(code({ kind: 'attribute.set', component: o, path: '/domain/l/01', value: 1 })).toBe('element_not_found');
    w.set(o, '/domain/s', 'scalar');
    expect(code({ kind: 'attribute.set', component: o, path: '/domain/s/k', value: 1 })).toBe('parent_has_value');
    w.do(
      { kind: 'list.insert', component: o, path: '/domain/new', value: 1 },
      { kind: 'map.put', component: o, path: '/domain/other', key: '0', value: 1 },
    );
    expect(domain(w, o)).toMatchObject({ new: [1], other: { '0': 1 } });
  });

  test('[MU17] a cycle of values is refused and shown whole; A19', () => {
    const w = smallWorld();
    const x = w.create('x');
    const y = w.create('y');
    const z = w.create('z');
    w.follow(y, '/domain/text', x, '/domain/text');
    w.follow(z, '/domain/text', y, '/domain/text');
    const refusal = w.refused({
      kind: 'attribute.set',
      component: x,
      path: '/domain/text',
      value: from(z, '/domain/text'),
    });
    expect(refusal).toMatchObject({ code: 'value_cycle', path: '/domain/text' });
    expect(refusal.got).toContain('x/domain/text <- z/domain/text <- y/domain/text <- x/domain/text');
    // Two components that feed each other through different values; a component that follows itself.
    w.follow(x, '/domain/short', z, '/domain/text');
    w.follow(x, '/domain/labels/own', x, '/domain/short');
    // Through a container, from above and from below.
    expect(
      w.refused({ kind: 'attribute.set', component: x, path: '/domain/text', value: from(x, '/domain/text') }).code,
    ).toBe('value_cycle');
    expect(
      w.refused({ kind: 'attribute.set', component: x, path: '/domain/free/deep', value: from(x, '/domain') }).code,
    ).toBe('value_cycle');
    w.follow(y, '/domain/free', x, '/domain/box');
    expect(
      w.refused({ kind: 'attribute.set', component: x, path: '/domain/box/inner/name', value: from(y, '/domain/free') })
        .code,
    ).toBe('value_cycle');
    expect(
      w.refused({
        kind: 'component.create',
        schema: 'Thing',
        name: 'q',
        attributes: { '/domain/text': from('q', '/domain/short'), '/domain/short': from('q', '/domain/text') },
      }).code,
    ).toBe('value_cycle');
    // Following the other way round works once the first is gone.
    w.do({ kind: 'attribute.unset', component: y, path: '/domain/text' });
    w.follow(x, '/domain/text', z, '/domain/text');
  });

  test('[MU21] a secret is a reference or follows one; text is never taken nor shown', () => {
    const w = smallWorld();
    const s = w.create('s', {
      '/secrets/login': { $source: { secret: 'db' } },
      '/domain/password': from('s', '/secrets/login'),
    });
    const literal = 'hunter2';
    const inputs: Input[] = [
      literal,
      { $source: { value: literal } },
      { $source: { expression: { v: literal } } },
      { $source: { call: 'concat', args: [literal] } },
      { $source: { call: 'identity', args: [{ deep: literal }] } },
    ];
    for (const path of ['/secrets/login', '/domain/password']) {
      for (const value of inputs) {
        const refusal = w.refused({ kind: 'attribute.set', component: s, path, value });
        expect(refusal.code).toBe('secret_value_not_allowed');
        expect(JSON.stringify(refusal)).not.toContain(literal);
      }
    }
    expect(w.refused({ kind: 'attribute.set', component: s, path: '/secrets', value: { login: literal } }).code).toBe(
      'secret_value_not_allowed',
    );
    expect(
      w.refused({
        kind: 'attribute.set',
        component: s,
        path: '/domain/doc',
        value: { a: { $source: { secret: 'db' } } },
      }).code,
    ).toBe('secret_value_not_allowed');
  });
});
