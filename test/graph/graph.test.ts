// Edges, cycles and reach in the value graph, against plain searches over all addresses of small random worlds.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import { findCycle, findLoop, findLoopThrough } from '../../src/graph/cycle.ts';
import { edgesInto, edgesOutOf, edgesOutOfComponent, reach } from '../../src/graph/edges.ts';
import type { Source } from '../../src/model/expr.ts';
import { overlaps, type Path } from '../../src/model/path.ts';
import { apply } from '../../src/mutation/mutation.ts';
import { runs, smallWorld, type World } from '../support/model_world.ts';

const paths = [
  '/domain',
  '/domain/a',
  '/domain/a/x',
  '/domain/a/x/1',
  '/domain/a/y',
  '/domain/ab',
  '/domain/b',
] as Path[];

interface Follow {
  readonly user: Source;
  readonly sources: readonly Source[];
}

/** A world of three open components whose cells follow each other as given, cycles and all. */
function linked(follows: readonly (readonly [number, number, readonly (readonly [number, number])[]])[]): {
  world: World;
  cells: Follow[];
} {
  const world = smallWorld();
  world.lawful = false;
  const ids = ['a', 'b', 'c'].map((name) => world.create(name, {}, 'Open'));
  const at = (c: number, p: number): Source => ({ component: ids[c % 3]!, path: paths[p % paths.length]! });
  const byAddress = new Map<string, Follow>();
  for (const [c, p, sources] of follows) {
    const user = at(c, p);
    byAddress.set(user.component + user.path, { user, sources: sources.map(([sc, sp]) => at(sc, sp)) });
  }
  const draft = world.snapshot.edit();
  for (const { user, sources } of byAddress.values()) {
    apply(draft, {
      kind: 'cell.set',
      ...user,
      cell: { x: { f: ['array', ...sources.map((s) => ({ s: [s.component, s.path] as const }))] } },
    });
  }
  world.snapshot = draft.finish();
  return { world, cells: [...byAddress.values()] };
}

const address = (s: Source): string => s.component + s.path;
const meets = (a: Source, b: Source): boolean => a.component === b.component && overlaps(a.path, b.path);
const place = fc.tuple(fc.nat(2), fc.nat(paths.length - 1));
const follows = fc.array(
  fc
    .tuple(fc.nat(2), fc.nat(paths.length - 1), fc.array(place, { minLength: 1, maxLength: 2 }))
    .map(([c, p, s]) => [c, p, s] as const),
  { maxLength: 8 },
);

describe('edges', () => {
  test('[GR1] into and out of an address are those that overlap it', () => {
    fc.assert(
      fc.property(follows, place, (links, [c, p]) => {
        const { world, cells } = linked(links);
        const at: Source = {
          component: world.snapshot
            .scan('index', `name:${'abc'[c]}`)
            [Symbol.iterator]()
            .next()
            .value![0].slice(-26) as ComponentId,
          path: paths[p]!,
        };
        const show = (edges: readonly { source: Source; user: Source }[]): string[] =>
          [...new Set(edges.map((e) => `${address(e.source)} ${address(e.user)}`))].sort();
        const all = cells.flatMap(({ user, sources }) => sources.map((source) => ({ source, user })));
        expect(show(edgesInto(world.snapshot, at))).toEqual(show(all.filter((e) => meets(e.user, at))));
        expect(show(edgesOutOf(world.snapshot, at))).toEqual(show(all.filter((e) => meets(e.source, at))));
        expect(show(edgesOutOfComponent(world.snapshot, at.component))).toEqual(
          show(all.filter((e) => e.source.component === at.component)),
        );
      }),
      { numRuns: runs(300) },
    );
  });

  test('[GR5] reach gives every following cell once, nearest first, up to the bound', () => {
    fc.assert(
      fc.property(follows, fc.nat(8), (links, most) => {
        const { world, cells } = linked(links);
        const from = cells[0]?.sources[0];
        if (from === undefined) return;
        const level = new Map<string, number>();
        let wave: Source[] = [from];
        for (let n = 1; wave.length > 0; n++) {
          const next = cells
            .filter((f) => !level.has(address(f.user)) && f.sources.some((s) => wave.some((w) => meets(s, w))))
            .map((f) => f.user);
          for (const user of next) level.set(address(user), n);
          wave = next;
        }
        const whole = reach(world.snapshot, [from], 100);
        expect(whole.cut).toBe(false);
        expect(whole.cells.map(address).sort()).toEqual([...level.keys()].sort());
        const levels = whole.cells.map((c) => level.get(address(c))!);
        expect(levels).toEqual([...levels].sort((a, b) => a - b));
        const part = reach(world.snapshot, [from], most);
        expect(part.cells).toEqual(whole.cells.slice(0, most));
        expect(part.cut).toBe(whole.cells.length > most);
      }),
      { numRuns: runs(300) },
    );
  });
});

describe('cycles', () => {
  test('[GR2] are found exactly when there are some, and are shown whole', () => {
    let found = 0;
    fc.assert(
      fc.property(follows, place, fc.array(place, { minLength: 1, maxLength: 2 }), (links, [tc, tp], wanted) => {
        const { world, cells } = linked(links);
        const id = (c: number): ComponentId =>
          [...world.snapshot.scan('index', `name:${'abc'[c]}`)][0]![0].slice(-26) as ComponentId;
        const target: Source = { component: id(tc), path: paths[tp]! };
        const sources = wanted.map(([c, p]) => ({ component: id(c), path: paths[p]! }));
        const others = cells.filter((f) => address(f.user) !== address(target));
        // Everything the sources are computed from, by closure.
        const seen: Source[] = [...sources];
        for (let i = 0; i < seen.length; i++) {
          for (const f of others) {
            if (!meets(f.user, seen[i]!)) continue;
            for (const s of f.sources) if (!seen.some((x) => address(x) === address(s))) seen.push(s);
          }
        }
        const closes = seen.some((s) => meets(s, target));
        const cycle = findCycle(world.snapshot, target, sources);
        expect(cycle !== undefined).toBe(closes);
        if (cycle === undefined) return;
        found++;
        expect(cycle[0]).toEqual(target);
        expect(cycle.at(-1)).toEqual(target);
        const reads = (x: Source, y: Source): boolean =>
          others.some((f) => meets(f.user, x) && f.sources.some((s) => meets(s, y)));
        for (let i = 1; i < cycle.length - 1; i++) {
          const [from, to] = [cycle[i]!, cycle[i + 1]!];
          expect(
            i === cycle.length - 2 ? reads(from, target) || meets(from, target) : reads(from, to) || meets(from, to),
            `${address(from)} reads ${address(to)}`,
          ).toBe(true);
        }
        expect(sources.some((s) => meets(s, cycle[1]!))).toBe(true);
      }),
      { numRuns: runs(600) },
    );
    expect(found).toBeGreaterThan(50);
  });

  test('[GR3] behind either end of a long chain a search ends at once', () => {
    const world = smallWorld();
    world.lawful = false;
    const n = 2000;
    const ids = Array.from({ length: n }, (_, i) => world.create(`n${i}`, {}, 'Open'));
    const draft = world.snapshot.edit();
    for (let i = 1; i < n; i++) {
      apply(draft, {
        kind: 'cell.set',
        component: ids[i]!,
        path: '/domain/v' as Path,
        cell: { x: { s: [ids[i - 1]!, '/domain/v' as Path] } },
      });
    }
    world.snapshot = draft.finish();
    let reads = 0;
    const counting = new Proxy(world.snapshot, {
      get: (of, name) => {
        if (name === 'get' || name === 'scan') reads++;
        const member = Reflect.get(of, name) as unknown;
        return typeof member === 'function' ? (member.bind(of) as unknown) : member;
      },
    });
    const v = (i: number): Source => ({ component: ids[i]!, path: '/domain/v' as Path });
    const fresh = { component: world.create('fresh', {}, 'Open'), path: '/domain/v' as Path };
    expect(findCycle(counting, fresh, [v(n - 1)])).toBeUndefined();
    expect(findCycle(counting, v(0), [fresh])).toBeUndefined();
    expect(reads).toBeLessThan(60);
    expect(findCycle(counting, v(0), [v(n - 1)])!.length).toBe(n + 1);
  });
});

test('[GR4] loops are found exactly when there is one through the start', () => {
  const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 });
  fc.assert(
    fc.property(edges, (pairs) => {
      const next = (id: string): string[] => pairs.filter(([from]) => String(from) === id).map(([, to]) => String(to));
      const seen = new Set(next('0'));
      for (const id of seen) for (const to of next(id)) seen.add(to);
      const loop = findLoop('0', next);
      expect(loop !== undefined).toBe(seen.has('0'));
      if (loop === undefined) return;
      expect([loop[0], loop.at(-1)]).toEqual(['0', '0']);
      for (let i = 0; i + 1 < loop.length; i++) expect(next(loop[i]!)).toContain(loop[i + 1]);
    }),
    { numRuns: runs(1000) },
  );
});

test('[GR4] [GR7] an edge closes a loop exactly when its end leads back to where it begins', () => {
  const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 });
  fc.assert(
    fc.property(edges, fc.nat(5), fc.nat(5), (pairs, a, b) => {
      const [from, to] = [String(a), String(b)];
      const next = (id: string): string[] => pairs.filter(([x]) => String(x) === id).map(([, y]) => String(y));
      const before = (id: string): string[] => pairs.filter(([, y]) => String(y) === id).map(([x]) => String(x));
      const loop = findLoopThrough({ from, to }, { next, before });
      expect(loop !== undefined).toBe(findLoop(from, (id) => (id === from ? [to] : next(id))) !== undefined);
      if (loop === undefined) return;
      expect([loop[0], loop[1], loop.at(-1)]).toEqual([from, to, from]);
      for (let i = 1; i + 1 < loop.length; i++) expect(next(loop[i]!)).toContain(loop[i + 1]);
      expect(new Set(loop).size).toBe(loop.length - 1);
    }),
    { numRuns: runs(1000) },
  );
});

test.each<[string, (i: number) => [string, string]]>([
  ['a star from its hub', (i) => ['hub', `${i}`]],
  ['a star to its hub', (i) => [`${i}`, 'hub']],
  ['a star from and to its hub', (i) => (i % 2 === 0 ? ['hub', `${i}`] : [`${i}`, 'hub'])],
  ['a chain at its head', (i) => [`${i + 1}`, `${i}`]],
  ['a chain at its end', (i) => [`${i}`, `${i + 1}`]],
])('[GR7] %s grows at the same cost for each edge', (_, edgeOf) => {
  const n = 2000;
  const [out, into] = [new Map<string, string[]>(), new Map<string, string[]>()];
  let looks = 0;
  const of = (map: Map<string, string[]>) =>
    function* (id: string): Iterable<string> {
      looks++;
      for (const other of map.get(id) ?? []) {
        looks++;
        yield other;
      }
    };
  const add = (map: Map<string, string[]>, id: string, other: string): void => {
    const all = map.get(id);
    if (all === undefined) map.set(id, [other]);
    else all.push(other);
  };
  for (let i = 0; i < n; i++) {
    const [from, to] = edgeOf(i);
    expect(findLoopThrough({ from, to }, { next: of(out), before: of(into) })).toBeUndefined();
    add(out, from, to);
    add(into, to, from);
  }
  expect(looks).toBeLessThan(5 * n);
});
