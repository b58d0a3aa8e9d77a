// Work in portions, with edits between them, results in any order, forks and checkpoints.

import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import { cellKey, index } from '../../src/model/keys.ts';
import type { Path } from '../../src/model/path.ts';
import type { Step } from '../../src/mutation/compile.ts';
import type { Request } from '../../src/mutation/request.ts';
import { Derived } from '../../src/propagation/derived.ts';
import { Propagation } from '../../src/propagation/propagation.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { runOps } from './fuzz/run.ts';
import { scenes } from './fuzz/scenes.ts';
import { call, expectAsFromScratch, from, set, settle, Watched } from './worlds.ts';

const at = (component: string, path: string) => ({ component: component as ComponentId, path: path as Path });

/** Cells written as they are stored, many at once: `of(i)` is what /domain/v<i> of `component` follows. */
function followMany(
  before: Snapshot,
  component: string,
  n: number,
  of: (i: number) => [string, string] | undefined,
): Snapshot {
  const draft = before.edit();
  for (let i = 0; i < n; i++) {
    const source = of(i);
    const path = `/domain/v${i}` as Path;
    if (source === undefined) continue;
    draft.put(
      'cells',
      cellKey(component as ComponentId, path),
      JSON.stringify({ x: { f: ['sum', { s: source }, { v: 1 }] } }),
    );
    draft.put('index', index.subscriber(at(...source), component as ComponentId, path), '{}');
  }
  return draft.finish();
}

function wide(n: number): { w: Watched; a: string; b: string } {
  let [a, b] = ['', ''];
  const w = new Watched((world) => {
    a = world.create('a', { '/domain/v': 1 }, 'Open');
    b = world.create('b', {}, 'Open');
    world.snapshot = followMany(world.snapshot, b, n, () => [a, '/domain/v']);
  });
  return { w, a, b };
}

function long(n: number): { w: Watched; a: string } {
  let a = '';
  const w = new Watched((world) => {
    a = world.create('a', { '/domain/v0': 1 }, 'Open');
    world.snapshot = followMany(world.snapshot, a, n, (i) => (i === 0 ? undefined : [a, `/domain/v${i - 1}`]));
  });
  return { w, a };
}

describe('portions', () => {
  test('[PR11] a portion looks at no more than it may, from the first look on', () => {
    const { w, a } = wide(300);
    const fresh = new Propagation(w.p.state);
    for (const p of [fresh, w.p]) {
      if (p === w.p) w.edit(set(a, 'v', 2));
      for (let budget = 0; !p.quiet; budget = (budget % 9) + 1) {
        const before = p.runs;
        const done = p.step(budget);
        expect(done).toBeLessThanOrEqual(budget);
        expect(p.runs - before).toBeLessThanOrEqual(done);
        if (budget > 0 && !p.quiet) expect(done).toBe(budget);
      }
    }
    expectAsFromScratch(w.p, w.world.snapshot);
  });

  test('[PR3] what one value is made of is computed for it, and nothing that is made of the same', () => {
    const { w, a, b } = wide(300);
    w.edit(set(a, 'w', call('sum', from(a, 'v'), 1)), ...[1, 2, 3].map((i) => set(b, `v${i}`, from(a, 'w'))));
    const p = new Propagation(w.p.state, undefined, {}, false);
    p.demand(at(b, '/domain/v2'));
    settle(p);
    expect([...p.values().keys()].sort()).toEqual([`${a}/domain/w`, `${b}/domain/v2`]);
    expect(p.runs).toBe(2);
    // An edit reaches what has a value, and no more.
    const next = w.world;
    next.do(set(a, 'v', 5));
    p.moveTo(next.snapshot);
    p.demand(at(b, '/domain/v2'));
    settle(p);
    expect(p.read(at(b, '/domain/v2'))).toMatchObject({ value: 6 });
  });

  test('[PR2] a fan-out of 20,000 with an edit in the middle ends as the last edit has it', {
    timeout: 120_000,
  }, () => {
    const n = 20_000;
    const { w, a, b } = wide(n);
    expect(w.p.runs).toBe(n);
    w.edit(set(a, 'v', 5));
    // Who reads it is found, then marked, and half of it computed.
    w.p.step(n + n + n / 2);
    expect(w.p.runs).toBe(n + n / 2);
    w.edit(set(a, 'v', 9), set(b, 'v7', 'a literal'));
    settle(w.p);
    // What had run for the value between ran again, the rest once, and one is no vertex any more.
    expect(w.p.runs).toBe(n + n / 2 + (n - 1));
    for (const i of [0, 1, n / 2, n - 1]) expect(w.valueOf(b, `/domain/v${i}`)).toBe(10);
    expect(w.valueOf(b, '/domain/v7')).toBe('a literal');
  });

  test('[PR11] a chain of 10,000, and one that is broken in the middle of the way', { timeout: 120_000 }, () => {
    const n = 10_000;
    const { w, a } = long(n);
    expect(w.valueOf(a, `/domain/v${n - 1}`)).toBe(n);
    w.edit(set(a, 'v0', 2));
    w.p.step(n + n / 2);
    w.edit(set(a, 'v5000', 0));
    settle(w.p);
    expect(w.valueOf(a, `/domain/v${n - 1}`)).toBe(n - 1 - 5_000);
    expect(w.valueOf(a, '/domain/v4999')).toBe(5_001);
  });

  test('[PR8] [PR11] an error at the beginning of a chain of 10,000 is told once, not longer at every step', () => {
    const n = 10_000;
    const { w, a } = long(n);
    w.ranBy(set(a, 'v0', 'no number'));
    const end = w.p.keptAt(`${a}/domain/v${n - 1}`)!.is;
    expect(end).toMatchObject({ state: 'error', root: `${a}/domain/v1`, last: n });
    expect(end.state === 'error' && end.message.length).toBeLessThan(200);
  });

  test.each(Object.entries(scenes))('[PR2] [PR13] an edit in between: %s', (_, ops) => {
    expect(runOps(ops, false)?.problem).toBeUndefined();
  });

  test('[PR13] a function that closes a cycle: an error of all on it, others are blocked, and gone with it', () => {
    let [a, b] = ['', ''];
    let bound: readonly Step[] = [];
    const w = new Watched((world) => {
      world.do({ kind: 'function.create', name: 'turn', functionKind: 'attribute', text: 'echo' });
      a = world.create('a');
      b = world.create('b', {}, 'Open');
      // Bound by somebody who does not see the subscriptions, or it would be refused.
      bound = world.fork(9).do({
        kind: 'binding.attach',
        function: 'turn',
        schema: 'Thing',
        arguments: [{ name: 'i', path: '/domain/text' }],
        output: '/domain/short',
      });
      world.do(
        set(b, 'v', call('toText', from(a, 'short'))),
        set(a, 'text', call('toText', from(b, 'v'))),
        set(b, 'w', from(b, 'v')),
      );
    });
    w.world.take(bound);
    w.p.moveTo(w.world.snapshot);
    expect(w.settle()).toEqual([]);
    expectAsFromScratch(w.p, w.world.snapshot, w.result);
    for (const [id, path] of [
      [a, '/domain/short'],
      [a, '/domain/text'],
      [b, '/domain/v'],
    ] as const)
      expect(w.p.freshness(at(id, path))).toMatchObject({ state: 'error', code: 'value_cycle' });
    expect(w.p.freshness(at(b, '/domain/w'))).toMatchObject({ state: 'blocked-by', root: `${b}/domain/v` });
    w.ranBy({ kind: 'binding.detach', binding: bound[0]!.subject });
    expect(w.p.freshness(at(b, '/domain/w'))).toEqual({ state: 'fresh' });
  });
});

/** a goes through `f`, b through `g`, both results through `h` to c; d follows c. */
function threeCalls(): { w: Watched; a: string; b: string; c: string } {
  const ids: string[] = [];
  const w = new Watched((world) => {
    const attach = (name: string, schema: string, path: string, output: string): Request[] => [
      { kind: 'function.create', name, functionKind: 'attribute', text: 'echo' },
      {
        kind: 'binding.attach',
        function: name,
        schema,
        arguments: [{ name, path: `/domain/${path}` }],
        output: `/domain/${output}`,
      },
    ];
    ids.push(
      world.create('a', { '/domain/text': 'x', '/domain/fixed': 'y' }),
      world.create('c', {}, 'Open'),
      world.create('d', {}, 'Open'),
    );
    const [a, c, d] = ids as [string, string, string];
    world.do(...attach('f', 'Thing', 'text', 'short'), ...attach('g', 'Thing', 'fixed', 'box/inner/name'));
    world.do(
      set(c, 'in', call('array', from(a, 'short'), from(a, 'box/inner/name'))),
      ...attach('h', 'Open', 'in', 'out'),
    );
    world.do(set(d, 'in', 'own'), set(d, 'v', call('toJson', from(c, 'out'))));
  });
  const [a, b, c] = ids as [string, string, string];
  w.takeCalls();
  return { w, a, b, c };
}

describe('results', () => {
  /** Every way to deliver, to work and to edit, in every order. */
  function* orders<T>(left: readonly T[]): Generator<T[]> {
    if (left.length === 0) yield [];
    for (const [i, first] of left.entries()) for (const rest of orders(left.toSpliced(i, 1))) yield [first, ...rest];
  }

  test('[PR2] [PR7] in every order, with edits between', { timeout: 120_000 }, () => {
    const all = [...orders(['edit text', 'edit fixed', 'text back', 'deliver first', 'deliver last', 'work'] as const)];
    expect(all.length).toBe(720);
    const { w, a } = threeCalls();
    const start = w.p;
    for (const order of all) {
      const p = start.fork({});
      const world = w.world.fork(7);
      world.lawful = false;
      const waiting = new Map<string, () => void>();
      const work = (): void => {
        p.step(1_000);
        for (const { key, call: c } of p.takeWanted()) waiting.set(key, () => p.deliver(key, w.result(c)));
      };
      const deliver = (key: string | undefined): void => {
        waiting.get(key ?? '')?.();
        waiting.delete(key ?? '');
      };
      for (const what of order) {
        if (what === 'work') work();
        else if (what === 'deliver first') deliver([...waiting.keys()][0]);
        else if (what === 'deliver last') deliver([...waiting.keys()].at(-1));
        else {
          world.do(
            what === 'edit text'
              ? set(a, 'text', 'new')
              : what === 'edit fixed'
                ? set(a, 'fixed', 'new')
                : set(a, 'text', 'x'),
          );
          p.moveTo(world.snapshot);
          p.step(3);
          for (const { key, call: c } of p.takeWanted()) waiting.set(key, () => p.deliver(key, w.result(c)));
        }
      }
      for (const run of waiting.values()) run();
      settle(p, w.result);
      expectAsFromScratch(p, world.snapshot, w.result);
    }
  });

  test('[PR7] a result for an input that has moved: the vertex asks for another, and nothing behind it ran', () => {
    const { w, a } = threeCalls();
    const ask = (text: string) => {
      w.edit(set(a, 'text', text));
      w.p.step(1_000);
      return w.p.takeWanted();
    };
    const [one] = ask('one');
    const [two] = ask('two');
    expect(w.p.wants(one!.key)).toBe(false);
    expect(w.p.wants(two!.key)).toBe(true);
    w.p.deliver(one!.key, { state: 'value', value: 'of the first' });
    w.p.step(1_000);
    expect(w.take()).toEqual([]);
    expect(w.p.freshness(at(a, '/domain/short')).state).toBe('pending');
    w.p.deliver(two!.key, { state: 'value', value: 'of the second' });
    w.p.step(1_000);
    expect(w.valueOf(a, '/domain/short')).toBe('of the second');
    expect(w.take()).toEqual(['a.short', 'c.in']);
  });

  test('[PR7] what nobody waits for any more is not handed out, what is asked for again is, once', () => {
    const { w, a } = threeCalls();
    for (const text of ['one', 'two', 'one', 'two', 'one']) {
      w.edit(set(a, 'text', text));
      w.p.step(1_000);
    }
    expect(w.p.takeWanted().map((x) => x.call.input)).toEqual(['{"f":"one"}']);
  });

  test('[PR7] the same when the input moves behind it, through what it reads', () => {
    const { w, a, c } = threeCalls();
    void c;
    w.edit(set(a, 'text', 'one'));
    w.p.step(1_000);
    const [f1] = w.p.takeWanted();
    w.p.deliver(f1!.key, { state: 'value', value: 'f1' });
    w.p.step(1_000);
    const [h1] = w.p.takeWanted();
    expect(h1!.call.name).toBe('h');
    w.edit(set(a, 'text', 'two'));
    w.p.step(1_000);
    const [f2] = w.p.takeWanted();
    w.p.deliver(f2!.key, { state: 'value', value: 'f2' });
    w.p.step(1_000);
    const [h2] = w.p.takeWanted();
    expect([w.p.wants(h1!.key), h2!.call.name, h2!.key === h1!.key]).toEqual([false, 'h', false]);
  });

  test('[PR3] one call for many vertices with one input, asked for once', () => {
    const { w } = threeCalls();
    for (let i = 0; i < 5; i++) w.world.create(`t${i}`, { '/domain/text': 'same', '/domain/fixed': 'y' });
    w.p.moveTo(w.world.snapshot);
    w.p.step(1_000);
    const wanted = w.p.takeWanted();
    expect(wanted.map((x) => x.call.name)).toEqual(['f']);
    expect(w.p.takeWanted()).toEqual([]);
    w.p.deliver(wanted[0]!.key, { state: 'value', value: 'one for all' });
    w.p.step(1_000);
    expect(w.take().filter((name) => name.endsWith('.short'))).toHaveLength(5);
  });

  test('[PR3] a call that has to be made again is, and one that gives the same ends there', () => {
    const { w, a } = threeCalls();
    w.p.again(`${a}/domain/short`);
    expect(settle(w.p, w.result).map((c) => c.name)).toEqual(['f']);
    expect(w.take()).toEqual(['a.short']);
  });
});

describe('forks and checkpoints', () => {
  test('[PR12] a fork has the same values, runs nothing, and goes its own way', () => {
    const { w, a } = threeCalls();
    const ran: string[] = [];
    const other = w.p.fork({ ran: (address) => void ran.push(w.named(address)) });
    expect(other.quiet).toBe(true);
    expect(other.values()).toEqual(w.p.values());
    const before = w.p.values();
    w.world.do(set(a, 'text', 'only there'));
    other.moveTo(w.world.snapshot);
    settle(other, w.result);
    expect(ran.sort()).toEqual(['a.short', 'c.in', 'c.out', 'd.v']);
    expect(w.p.values()).toEqual(before);
    expectAsFromScratch(other, w.world.snapshot, w.result);
  });

  test('[PR12] of one with something under way asks for that, and for nothing else', () => {
    const { w, a } = threeCalls();
    w.edit(set(a, 'text', 'under way'));
    w.p.step(1_000);
    const other = w.p.fork({});
    expect(settle(other, w.result).map((c) => c.name)).toEqual(['f', 'h']);
    expectAsFromScratch(other, w.world.snapshot, w.result);
  });

  test('[PR12] there is a checkpoint only of what is settled', () => {
    const { w, a } = threeCalls();
    w.edit(set(a, 'text', 'under way'));
    expect(w.p.checkpoint()).toBeUndefined();
    w.p.step(1_000);
    expect(w.p.checkpoint()).toBeUndefined();
    w.settle();
    expect(w.p.unsaved).toBeGreaterThan(0);
    expect(w.p.checkpoint()).toBeDefined();
    expect(w.p.unsaved).toBe(0);
    // The same values, the same root.
    expect(w.p.checkpoint()).toBe(
      new Derived(
        w.world.space,
        undefined,
        new Map([...w.p.values().keys()].map((k) => [k, w.p.keptAt(k)!])),
      ).checkpoint(),
    );
  });

  test('[PR12] opened it has the same values and runs nothing; at an older state and moved on, only what changed', () => {
    const { w, a, c } = threeCalls();
    const old = { state: w.p.state, root: w.p.checkpoint()! };
    const open = (state: Snapshot, root: typeof old.root): { p: Propagation; ran: string[] } => {
      const ran: string[] = [];
      const p = new Propagation(state, Derived.open(w.world.space, root), {
        ran: (address) => void ran.push(w.named(address)),
      });
      return { p, ran };
    };
    const same = open(old.state, old.root);
    same.p.step(1_000);
    expect([same.p.quiet, same.ran, same.p.takeWanted()]).toEqual([true, [], []]);
    expect(same.p.values()).toEqual(w.p.values());

    w.ranBy(set(a, 'text', 'later'), set(c, 'other', 1));
    w.ranBy(set(a, 'fixed', 'later'), set(a, 'text', 'x'));
    const moved = open(old.state, old.root);
    moved.p.moveTo(w.world.snapshot);
    // What is as it was at the checkpoint does not run, although it was another between.
    expect(settle(moved.p, w.result).map((x) => x.name)).toEqual(['g', 'h']);
    expect(moved.ran.sort()).toEqual(['a.box/inner/name', 'c.in', 'c.out', 'd.v']);
    expectAsFromScratch(moved.p, w.world.snapshot, w.result);

    // And back.
    const back = open(w.p.state, w.p.checkpoint()!);
    back.p.moveTo(old.state);
    settle(back.p, w.result);
    expect(back.p.values()).toEqual(same.p.values());
  });
});
