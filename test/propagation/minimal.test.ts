// Which vertices run after an edit: exactly those whose input is another.

import { describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Path } from '../../src/model/path.ts';
import { apply } from '../../src/mutation/mutation.ts';
import type { Request } from '../../src/mutation/request.ts';
import { Derived } from '../../src/propagation/derived.ts';
import { Propagation } from '../../src/propagation/propagation.ts';
import { openSpec, type World } from '../support/model_world.ts';
import { call, follow, from, set, Watched } from './worlds.ts';

/** Components by name: open ones, where any property goes. */
function open(world: World, ...names: string[]): string[] {
  return names.map((name) => world.create(name, {}, 'Open'));
}

/** a.v is a literal, each further one follows the one before. */
function chain(n: number): { w: Watched; ids: string[] } {
  let ids: string[] = [];
  const w = new Watched((world) => {
    ids = open(world, ...Array.from({ length: n }, (_, i) => `c${i}`));
    world.do(set(ids[0]!, 'v', 1));
    for (let i = 1; i < n; i++) world.do(set(ids[i]!, 'v', call('sum', from(ids[i - 1]!, 'v'), 0)));
  });
  return { w, ids };
}

const rename = (component: string, name: string): Request => ({ kind: 'component.rename', component, name });
const unset = (component: string, path: string): Request => ({
  kind: 'attribute.unset',
  component,
  path: `/domain/${path}`,
});

describe('shapes', () => {
  test('[PR3] a chain runs from the edit on', () => {
    const { w, ids } = chain(6);
    expect(w.p.runs).toBe(5);
    expect(w.ranBy(set(ids[0]!, 'v', 2))).toEqual(['c1.v', 'c2.v', 'c3.v', 'c4.v', 'c5.v']);
    expect(w.ranBy(set(ids[3]!, 'v', 7))).toEqual(['c4.v', 'c5.v']);
    expect(w.ranBy(set(ids[0]!, 'v', 3))).toEqual(['c1.v', 'c2.v']);
  });

  test('[PR3] a diamond with arms of any length runs each vertex once', () => {
    for (const arms of [
      [1, 1],
      [1, 7],
      [7, 1],
      [3, 5, 1],
    ]) {
      let a = '';
      let end = '';
      const w = new Watched((world) => {
        [a, end] = open(world, 'a', 'end') as [string, string];
        world.do(set(a, 'v', 1));
        const last = arms.map((length, arm) => {
          let at = a;
          for (let i = 0; i < length; i++) {
            const [next] = open(world, `m${arm}${i}`);
            world.do(set(next!, 'v', call('sum', from(at, 'v'), 1)));
            at = next!;
          }
          return from(at, 'v');
        });
        world.do(set(end, 'v', call('sum', ...last)));
      });
      const all = arms.flatMap((length, arm) => Array.from({ length }, (_, i) => `m${arm}${i}.v`));
      expect(w.ranBy(set(a, 'v', 5))).toEqual(['end.v', ...all].sort());
    }
  });

  test('[PR3] [PR4] of a wide fan-out only those behind a changed result run', () => {
    const n = 300;
    let a = '';
    const w = new Watched((world) => {
      [a] = open(world, 'a') as [string];
      world.do(set(a, 'v', 10));
      for (let i = 0; i < n; i++) {
        const [b] = open(world, `b${i}`);
        world.do(set(b!, 'is', call('equals', from(a, 'v'), i)), set(b!, 'then', call('not', from(b!, 'is'))));
      }
    });
    const all = Array.from({ length: n }, (_, i) => `b${i}.is`);
    expect(w.ranBy(set(a, 'v', 20))).toEqual([...all, 'b10.then', 'b20.then'].sort());
    expect(w.ranBy(set(a, 'v', 1_000))).toEqual([...all, 'b20.then'].sort());
  });

  test('[PR3] a fan-in runs once however many of its sources change', () => {
    let ids: string[] = [];
    const w = new Watched((world) => {
      ids = open(world, ...Array.from({ length: 50 }, (_, i) => `s${i}`));
      for (const id of ids) world.do(set(id, 'v', 1), set(id, 'w', call('sum', from(id, 'v'), 1)));
      const [end] = open(world, 'end');
      world.do(set(end!, 'v', call('sum', ...ids.map((id) => from(id, 'w')))));
    });
    expect(w.ranBy(set(ids[3]!, 'v', 2))).toEqual(['end.v', 's3.w']);
    expect(w.ranBy(...ids.map((id) => set(id, 'v', 9)))).toEqual(['end.v', ...ids.map((_, i) => `s${i}.w`)].sort());
  });

  test('[PR4] an equal result ends the wave', () => {
    let a = '';
    const w = new Watched((world) => {
      const [x, b, c] = open(world, 'a', 'b', 'c') as [string, string, string];
      a = x;
      world.do(set(a, 'v', 1), set(b, 'v', call('equals', from(a, 'v'), 100)), set(c, 'v', call('not', from(b, 'v'))));
    });
    expect(w.ranBy(set(a, 'v', 2))).toEqual(['b.v']);
    expect(w.ranBy(set(a, 'v', 100))).toEqual(['b.v', 'c.v']);
  });
});

describe('containers', () => {
  function lists(): { w: Watched; a: string } {
    let a = '';
    const w = new Watched((world) => {
      a = world.create('a', { '/domain/names': ['x', 'y', 'z'] });
      const [b] = open(world, 'b') as [string];
      world.do(
        follow(b, 'all', a, 'names'),
        follow(b, 'first', a, 'names/0'),
        follow(b, 'last', a, 'names/2'),
        set(b, 'n', call('length', from(a, 'names'))),
        set(b, 'behind', call('toText', from(b, 'n'))),
        follow(b, 'other', a, 'text'),
      );
    });
    return { w, a };
  }

  test('[PR3] an element that is set: the whole, and who reads that one', () => {
    const { w, a } = lists();
    expect(w.ranBy(set(a, 'names/0', 'new'))).toEqual(['b.all', 'b.first', 'b.n']);
  });

  test('[PR3] an element that comes: the whole, and what is behind another length', () => {
    const { w, a } = lists();
    const path = '/domain/names';
    expect(w.ranBy({ kind: 'list.insert', component: a, path, index: 0, value: 'w' })).toEqual([
      ...['b.all', 'b.behind', 'b.n'],
    ]);
  });

  test('[PR3] elements that change places: the whole, not who reads one of them', () => {
    const { w, a } = lists();
    expect(w.ranBy({ kind: 'list.move', component: a, path: '/domain/names', from: 0, to: 2 })).toEqual([
      'b.all',
      'b.n',
    ]);
  });

  test('[PR3] an element that goes: the whole, and who read it', () => {
    const { w, a } = lists();
    expect(w.ranBy({ kind: 'list.remove', component: a, path: '/domain/names', index: 2 })).toEqual([
      ...['b.all', 'b.behind', 'b.last', 'b.n'],
    ]);
  });

  test('[PR3] a member of a map: the whole, and who reads that member', () => {
    let a = '';
    const w = new Watched((world) => {
      a = world.create('a', { '/domain/labels': { k: 'v' } });
      const [b] = open(world, 'b') as [string];
      world.do(follow(b, 'all', a, 'labels'), follow(b, 'k', a, 'labels/k'), follow(b, 'l', a, 'labels/l'));
    });
    const path = '/domain/labels';
    expect(w.ranBy({ kind: 'map.put', component: a, path, key: 'm', value: 'x' })).toEqual(['b.all']);
    expect(w.ranBy({ kind: 'map.put', component: a, path, key: 'l', value: 'x' })).toEqual(['b.all', 'b.l']);
    expect(w.ranBy({ kind: 'map.remove', component: a, path, key: 'k' })).toEqual(['b.all', 'b.k']);
    expect(
      w.ranBy(
        { kind: 'map.remove', component: a, path, key: 'l' },
        { kind: 'map.remove', component: a, path, key: 'm' },
      ),
    ).toEqual([...['b.all', 'b.l']]);
    // Empty, as declared: a member that was not there is not there.
    expect(w.ranBy(set(a, 'labels', {}))).toEqual(['b.all']);
  });

  test('[PR3] a child of an object: what is above it, not beside it', () => {
    let a = '';
    const w = new Watched((world) => {
      a = world.create('a', { '/domain/box': { width: 1, inner: { depth: 2 } } });
      const [b] = open(world, 'b') as [string];
      for (const at of ['box', 'box/width', 'box/height', 'box/inner', 'box/inner/depth'])
        world.do(follow(b, at.replaceAll('/', '_'), a, at));
    });
    expect(w.ranBy(set(a, 'box/height', 3))).toEqual(['b.box', 'b.box_height']);
    expect(w.ranBy(set(a, 'box/inner/depth', 3))).toEqual(['b.box', 'b.box_inner', 'b.box_inner_depth']);
  });

  test('[PR3] a child that follows something else takes its place in the whole', () => {
    const w = new Watched((world) => {
      const a = world.create('a', { '/domain/box': { width: 1 } });
      const [b] = open(world, 'b') as [string];
      world.do(
        set(b, 'n', 5),
        follow(a, 'box/height', b, 'n'),
        follow(b, 'box', a, 'box'),
        follow(b, 'w', a, 'box/width'),
      );
    });
    const b = [...w.world.snapshot.scan('index', 'name:b')][0]![0].slice(-26);
    expect(w.ranBy(set(b, 'n', 6))).toEqual(['a.box/height', 'b.box']);
  });
});

describe('edits of every kind', () => {
  function pair(): { w: Watched; a: string; b: string; c: string } {
    let ids: string[] = [];
    const w = new Watched((world) => {
      ids = [world.create('a', { '/domain/text': 'x' }), world.create('b'), world.create('c')];
      const [a, b, c] = ids as [string, string, string];
      world.do(
        set(b, 'text', call('concat', from(a, 'text'), '!')),
        set(b, 'count', call('toInteger', call('sum', from(a, 'count'), 1))),
        set(c, 'text', call('concat', from(b, 'text'), '?')),
        set(c, 'names', [from(a, '/si/name')]),
      );
    });
    const [a, b, c] = ids as [string, string, string];
    return { w, a, b, c };
  }

  test('[PR3] a deleted source: its readers, and what is behind; its own cells do not run', () => {
    const { w, a, b } = pair();
    expect(w.ranBy({ kind: 'component.delete', component: a })).toEqual(['b.count', 'b.text', 'c.names/@', 'c.text']);
    expect(w.ranBy({ kind: 'component.restore', component: a })).toEqual(['b.count', 'b.text', 'c.names/@', 'c.text']);
    expect(w.ranBy({ kind: 'component.delete', component: b })).toEqual(['c.text']);
    // Out of sight, but its cells go on.
    expect(w.ranBy(set(a, 'text', 'seen'))).toEqual(['b.text']);
  });

  test('[PR6] one that is deleted and keeps its resource stays', () => {
    const { w, a } = pair();
    expect(w.ranBy({ kind: 'component.set_resource_id', component: a, resourceId: 'i-1' })).toEqual([]);
    expect(w.ranBy({ kind: 'component.delete', component: a })).toEqual([]);
    expect(w.valueOf(a, '/domain/text')).toBe('x');
    // Reported as well: it does not go when it has no declared id any more, nor come.
    w.report(a, { resourceId: 'i-1', status: 'ok', payload: null });
    expect(w.settle()).toEqual([]);
    w.report(a, undefined);
    expect(w.settle()).toEqual([]);
  });

  test('[PR3] an erased source: what followed it has gone with it, what is behind runs', () => {
    const { w, a, b } = pair();
    expect(w.ranBy({ kind: 'component.erase', component: a })).toEqual(['c.text']);
    const [step] = w.world.do({
      kind: 'component.create',
      schema: 'Thing',
      name: 'a2',
      attributes: { '/domain/text': 'n', '/domain/short': from(b, '/si/name') },
    });
    w.p.moveTo(w.world.snapshot);
    expect(w.settle()).toEqual(['a2.short']);
    expect(w.ranBy(follow(b, 'text', step!.subject, 'text'))).toEqual(['b.text', 'c.text']);
  });

  test('[PR3] unsetting shows the default', () => {
    const { w, a } = pair();
    expect(w.ranBy(set(a, 'count', 7))).toEqual(['b.count']);
    expect(w.ranBy(unset(a, 'count'))).toEqual(['b.count']);
    expect(w.valueOf(a, '/domain/count')).toBe(3);
  });

  test('[PR6] writing what is there already runs nothing', () => {
    const { w, a, b } = pair();
    expect(w.ranBy(set(a, 'text', 'x'))).toEqual([]);
    expect(w.ranBy(set(b, 'text', call('concat', from(a, 'text'), '!')))).toEqual([]);
  });

  test('[PR6] nor does an edit of another property of the same component', () => {
    const { w, a, c } = pair();
    expect(w.ranBy(set(a, 'short', 'ab'), set(a, 'names', ['n']), set(c, 'labels', { a: 'b' }))).toEqual([]);
    expect(w.ranBy({ kind: 'component.protect', component: a, on: true })).toEqual([]);
    expect(w.ranBy({ kind: 'view.create', name: 'Other' })).toEqual([]);
    expect(w.ranBy({ kind: 'depends_on.add', component: c, on: a })).toEqual([]);
  });

  test('[PR3] [PR4] an edit and its reverse: both run, or neither when they came together', () => {
    const { w, a } = pair();
    expect(w.ranBy(set(a, 'text', 'y'))).toEqual(['b.text', 'c.text']);
    expect(w.ranBy(set(a, 'text', 'x'))).toEqual(['b.text', 'c.text']);
    expect(w.ranBy(set(a, 'text', 'y'), set(a, 'text', 'x'))).toEqual([]);
    // Before anything was settled: who reads it looks again and finds it the same.
    w.edit(set(a, 'text', 'y'));
    expect(w.ranBy(set(a, 'text', 'x'))).toEqual(['b.text']);
  });

  test('[PR3] a rename reaches who reads the name', () => {
    const { w, a } = pair();
    expect(w.ranBy(rename(a, 'neu'))).toEqual(['c.names/@']);
  });

  test('[PR3] following something and not following it any more', () => {
    const { w, a, b } = pair();
    expect(w.ranBy(follow(a, 'short', b, '/si/name'))).toEqual(['a.short']);
    expect(w.ranBy(set(b, 'text', call('concat', from(a, 'text'), '.')))).toEqual(['b.text', 'c.text']);
    expect(w.ranBy({ kind: 'attribute.unsubscribe', component: b, path: '/domain/text' })).toEqual(['c.text']);
    expect(w.ranBy(set(a, 'text', 'z'))).toEqual([]);
  });

  test('[PR3] a literal in the place of what followed, with the value that was there', () => {
    const { w, b } = pair();
    expect(w.ranBy(set(b, 'text', 'x!'))).toEqual(['c.text']);
    expect(w.valueOf(b, '/domain/text')).toBe('x!');
  });
});

describe('types', () => {
  test('[PR3] another document of a variant: readers of its components look again, an equal value ends it there', () => {
    let ids: string[] = [];
    const w = new Watched((world) => {
      const [schema] = world.do({ kind: 'schema.create', name: 'Mine', spec: openSpec });
      const ofMine = (name: string): string => world.create(name, { '/domain/v': 1 }, schema!.subject);
      ids = [ofMine('a'), ...open(world, 'b', 'c', 'd')];
      const [a, b, c, d] = ids as [string, string, string, string];
      world.do(follow(b, 'v', a, 'v'), follow(c, 'v', b, 'v'), set(d, 'v', 1), follow(d, 'w', d, 'v'));
      world.do(follow(a, 'w', d, 'w'));
    });
    const of = (id: string) =>
      JSON.parse(w.world.snapshot.get('components', id)!) as { variant: string; schema: string };
    const { variant, schema } = of(ids[0]!);
    const spec = { ...openSpec, definitions: { New: { kind: 'string' } } } as const;
    expect(w.ranBy({ kind: 'schema.edit_variant', variant, spec })).toEqual(['b.v']);
    expect(w.ranBy({ kind: 'schema.edit_variant', variant, spec, name: 'only another name' })).toEqual([]);
    expect(w.ranBy({ kind: 'schema.lock_variant', variant })).toEqual([]);
    const [copy] = w.world.do({ kind: 'schema.unlock_variant', variant });
    w.world.do({ kind: 'schema.set_default', schema, variant: copy!.subject });
    w.p.moveTo(w.world.snapshot);
    expect(w.settle()).toEqual([]);
    expect(w.ranBy({ kind: 'component.upgrade', component: ids[0]! })).toEqual(['b.v']);
    expect(of(ids[0]!).variant).toBe(copy!.subject);
  });

  /** Two things with an attribute function bound to their type, and readers of one's output. */
  function bound(texts: Record<string, string> = {}): { w: Watched; a: string; b: string; r: string } {
    let ids: string[] = [];
    const w = new Watched((world) => {
      for (const [name, functionKind] of [
        ['shorten', 'attribute'],
        ['render', 'code-generation'],
        ['judge', 'qualification'],
      ] as const)
        world.do({ kind: 'function.create', name, functionKind, text: texts[name] ?? 'echo' });
      ids = [
        world.create('a', { '/domain/text': 'x' }),
        world.create('b', { '/domain/text': 'y' }),
        ...open(world, 'r'),
      ];
      const [a, , r] = ids as [string, string, string];
      world.do({
        kind: 'binding.attach',
        function: 'shorten',
        schema: 'Thing',
        arguments: [{ name: 't', path: '/domain/text' }],
        output: '/domain/box/inner/name',
      });
      world.do(set(r, 'v', call('concat', from(a, 'box/inner/name'), '.')), set(r, 'w', call('toJson', from(r, 'v'))));
    });
    const [a, b, r] = ids as [string, string, string];
    w.takeCalls();
    return { w, a, b, r };
  }

  test('[PR3] an argument: the function of that component, and what is behind', () => {
    const { w, a, b } = bound();
    expect(w.ranBy(set(a, 'text', 'z'))).toEqual(['a.box/inner/name', 'r.v', 'r.w']);
    expect(w.ranBy(set(b, 'text', 'z'))).toEqual(['b.box/inner/name']);
    expect(w.takeCalls()).toEqual(['shorten {"t":"z"}']);
    expect(w.ranBy(set(b, 'count', 4))).toEqual([]);
  });

  test('[PR3] [PR4] the text of a function: its own vertices, and what is behind another result', () => {
    const { w } = bound();
    expect(w.ranBy({ kind: 'function.edit_text', function: 'shorten', text: 'same' })).toEqual([
      ...['a.box/inner/name', 'b.box/inner/name', 'r.v', 'r.w'],
    ]);
    // Another text that gives the same.
    w.take();
    expect(w.ranBy({ kind: 'function.edit_text', function: 'check', text: 'of nobody' })).toEqual([]);
    expect(w.ranBy({ kind: 'function.set_metadata', function: 'shorten', description: 'other' })).toEqual([]);
    expect(w.ranBy({ kind: 'function.lock', function: 'shorten' })).toEqual([]);
  });

  test('[PR5] the text of a function there and back: the calls are not made again', () => {
    const { w } = bound();
    w.ranBy({ kind: 'function.edit_text', function: 'shorten', text: 'same' });
    w.takeCalls();
    w.ranBy({ kind: 'function.edit_text', function: 'shorten', text: 'echo' });
    expect(w.takeCalls()).toEqual([]);
  });

  test('[PR3] attaching and detaching: the new vertices, who reads there, nothing else of the component', () => {
    const { w, a } = bound();
    w.ranBy(follow(a, 'short', a, '/si/type'));
    const attach: Request = { kind: 'binding.attach', function: 'render', schema: 'Thing' };
    expect(w.ranBy(attach)).toEqual(['a/code/render', 'b/code/render']);
    const judge = (arguments_: object): Request => ({
      kind: 'binding.attach',
      function: 'judge',
      schema: 'Thing',
      ...arguments_,
    });
    expect(w.ranBy(judge({ arguments: [{ name: 'c', path: '/code/render' }] }))).toEqual([
      ...['a/qualification/judge', 'b/qualification/judge'],
    ]);
    expect(w.ranBy(set(a, 'count', 9))).toEqual(['a/code/render', 'a/qualification/judge']);
    const [binding] = [...w.world.snapshot.scan('bindings', '')].filter(([, text]) => text.includes('box/inner/name'));
    expect(w.ranBy({ kind: 'binding.detach', binding: binding![0] })).toEqual([
      ...['a/code/render', 'a/qualification/judge', 'b/code/render', 'b/qualification/judge', 'r.v', 'r.w'],
    ]);
  });

  test('[PR3] [PR5] a literal over an output, and taken off again: readers run, the function does not', () => {
    const { w, a } = bound();
    expect(w.ranBy(set(a, 'box/inner/name', 'mine'))).toEqual(['r.v', 'r.w']);
    expect(w.ranBy(set(a, 'text', 'unused'))).toEqual([]);
    expect(w.ranBy(set(a, 'text', 'x'))).toEqual([]);
    w.takeCalls();
    expect(w.ranBy(unset(a, 'box/inner/name'))).toEqual(['a.box/inner/name', 'r.v', 'r.w']);
    expect(w.takeCalls()).toEqual([]);
    // Above it, too.
    expect(w.ranBy(set(a, 'box', { width: 1 }))).toEqual([]);
    expect(w.valueOf(a, '/domain/box/inner/name')).toBe('{"t":"x"}');
  });

  test('[PR5] a component deleted and restored: its functions are not called again', () => {
    const { w, a } = bound();
    expect(w.ranBy({ kind: 'component.delete', component: a })).toEqual(['r.v', 'r.w']);
    w.ranBy({ kind: 'component.restore', component: a });
    expect(w.takeCalls()).toEqual([]);
    expect(w.valueOf(a, '/domain/box/inner/name')).toBe('{"t":"x"}');
  });

  test('[PR3] a function that an expression calls: its text reaches the cells that call it, and no other', () => {
    let a = '';
    let f = '';
    const w = new Watched((world) => {
      f = world.do({ kind: 'function.create', name: 'up', functionKind: 'transformation', text: 'echo' })[0]!.subject;
      [a] = open(world, 'a') as [string];
      world.do(set(a, 'v', 1), set(a, 'other', call('sum', from(a, 'v'), 1)));
      const draft = world.snapshot.edit();
      const x = { f: [f, { s: [a as ComponentId, '/domain/v' as Path] }] } as const;
      apply(draft, {
        kind: 'cell.set',
        component: a as ComponentId,
        path: '/domain/u' as Path,
        cell: { x: x as never },
      });
      world.snapshot = draft.finish();
    });
    expect(w.takeCalls()).toEqual(['up {"input":1}']);
    expect(w.ranBy({ kind: 'function.edit_text', function: f, text: 'same' })).toEqual(['a.u']);
    expect(w.ranBy(set(a, 'v', 2))).toEqual(['a.other', 'a.u']);
    w.takeCalls();
    expect(w.ranBy({ kind: 'function.edit_text', function: f, text: 'echo' })).toEqual(['a.u']);
    expect(w.takeCalls()).toEqual(['up {"input":2}']);
  });

  test('[PR8] [PR5] a function that fails blocks only what depends on it; when it gives the same again nothing behind it is called', () => {
    let a = '';
    let fails = false;
    const w = new Watched(
      (world) => {
        for (const name of ['first', 'second'])
          world.do({ kind: 'function.create', name, functionKind: 'attribute', text: name });
        a = world.create('a', { '/domain/text': 'x' });
        const attach = (name: string, path: string, output: string): Request => ({
          kind: 'binding.attach',
          function: name,
          schema: 'Thing',
          arguments: [{ name: 'i', path: `/domain/${path}` }],
          output: `/domain/${output}`,
        });
        world.do(attach('first', 'text', 'short'), attach('second', 'short', 'code'));
        world.do(
          set(a, 'box/inner/name', call('concat', from(a, 'code'), '!')),
          set(a, 'doc', call('toJson', from(a, 'count'))),
        );
      },
      (c) =>
        fails && c.name === 'first'
          ? { state: 'error', code: 'threw', message: 'no' }
          : { state: 'value', value: `${c.name}!` },
    );
    w.takeCalls();
    fails = true;
    // Where the error is, and nothing else: what it blocks is told, not run.
    expect(w.ranBy(set(a, 'text', 'y'))).toEqual(['a.short']);
    expect(w.p.freshness({ component: a as ComponentId, path: '/domain/code' as Path }).state).toBe('blocked-by');
    expect(w.p.freshness({ component: a as ComponentId, path: '/domain/doc' as Path }).state).toBe('fresh');
    fails = false;
    w.takeCalls();
    expect(w.ranBy(set(a, 'text', 'z'))).toEqual(['a.box/inner/name', 'a.short']);
    expect(w.takeCalls()).toEqual(['first {"i":"z"}']);
    expect(w.valueOf(a, '/domain/box/inner/name')).toBe('second!!');
  });

  test('[PR5] the same after the values were written down and read again', () => {
    const { w, a } = bound();
    w.ranBy({ kind: 'component.delete', component: a });
    const p = new Propagation(w.p.state, Derived.open(w.world.space, w.p.checkpoint()!));
    w.world.do({ kind: 'component.restore', component: a });
    p.moveTo(w.world.snapshot);
    p.step(1_000);
    expect(p.takeWanted()).toEqual([]);
    expect(p.quiet).toBe(true);
  });
});

describe('branches', () => {
  test('[PR8] an error in a branch that was not chosen does not spread', () => {
    let a = '';
    const w = new Watched((world) => {
      [a] = open(world, 'a') as [string];
      world.do(
        set(a, 'ok', true),
        set(a, 'good', 1),
        set(a, 'text', 'no number'),
        set(a, 'bad', call('toInteger', from(a, 'text'))),
        set(a, 'if', call('if', from(a, 'ok'), from(a, 'good'), from(a, 'bad'))),
        set(a, 'coalesce', call('coalesce', from(a, 'good'), from(a, 'bad'))),
        set(a, 'and', call('and', call('not', from(a, 'ok')), from(a, 'bad'))),
      );
    });
    const states = (): string[] =>
      ['if', 'coalesce', 'and', 'bad'].map(
        (at) => w.p.freshness({ component: a as ComponentId, path: `/domain/${at}` as Path }).state,
      );
    expect(states()).toEqual(['fresh', 'fresh', 'fresh', 'error']);
    // Both are blocked now: told, not run.
    expect(w.ranBy(set(a, 'ok', false))).toEqual([]);
    expect(states()).toEqual(['blocked-by', 'fresh', 'blocked-by', 'error']);
    expect(w.ranBy(set(a, 'text', '5'))).toEqual(['a.and', 'a.bad', 'a.coalesce', 'a.if']);
  });
});

describe('awaiting', () => {
  test('[PR9] what is not reported yet flows on, and a function runs once when it is', () => {
    let ids: string[] = [];
    const w = new Watched((world) => {
      world.do({ kind: 'function.create', name: 'use', functionKind: 'attribute', text: 'echo' });
      world.do({ kind: 'function.create', name: 'render', functionKind: 'code-generation', text: 'rendered' });
      ids = [world.create('a'), world.create('b'), ...open(world, 'c')];
      const [a, b, c] = ids as [string, string, string];
      world.do(
        follow(b, 'text', a, '/resource_value/arn'),
        set(c, 'v', call('concat', from(b, 'box/inner/name'), '!')),
        {
          kind: 'binding.attach',
          function: 'use',
          schema: 'Thing',
          arguments: [{ name: 'arn', path: '/domain/text' }],
          output: '/domain/box/inner/name',
        },
        { kind: 'binding.attach', function: 'render', schema: 'Thing' },
      );
    });
    const [a, b, c] = ids as [string, string, string];
    const state = (id: string, path: string): string =>
      w.p.freshness({ component: id as ComponentId, path: path as Path }).state;
    // a has no resource either: what is rendered of it is told so. b's text is to come, so nothing is rendered of it.
    expect(w.takeCalls()).toEqual(
      [
        'render {"deleted_at":null,"domain":{"box":{"inner":{"depth":1,"name":"{"arn":null}"},"width":10},"colour":"red","count":3,"pack":{"a":"one","l":["p","q"]},"presets":{"a":"x","b":"y"},"sizes":[1,2,3],"tree":{"label":"leaf"}},"resource":null}',
        'use {"arn":null}',
      ].map((s) => s.replaceAll('"{"arn":null}"', '"{\\"arn\\":null}"')),
    );
    expect(['/domain/text', '/domain/box/inner/name', '/domain', '/code/render'].map((p) => state(b, p))).toEqual(
      Array(4).fill('awaiting'),
    );
    expect(state(c, '/domain/v')).toBe('awaiting');
    expect(state(a, '/resource_value/arn')).toBe('awaiting');
    expect(w.ranBy(set(a, 'count', 4))).toEqual(['a/code/render']);
    w.takeCalls();

    w.report(a, { resourceId: 'i-1', status: 'ok', payload: { arn: 'arn:1', size: 1 } });
    expect(w.settle()).toEqual(['a/code/render', 'b.box/inner/name', 'b.text', 'b/code/render', 'c.v']);
    expect(w.takeCalls().map((s) => s.split(' ')[0])).toEqual(['render', 'render', 'use']);
    expect(state(c, '/domain/v')).toBe('fresh');
    expect(w.valueOf(c, '/domain/v')).toBe('{"arn":"arn:1"}!');

    // Reported again as it was: the same text, so nothing; another size: b's text is looked at, and is the same.
    w.report(a, { resourceId: 'i-1', status: 'ok', payload: { arn: 'arn:1', size: 1 } });
    expect(w.settle()).toEqual([]);
    w.report(a, { resourceId: 'i-1', status: 'ok', payload: { arn: 'arn:1', size: 2 } });
    expect(w.settle()).toEqual(['a/code/render', 'b.text']);
  });

  test('[PR9] [PR5] a resource that goes and comes back as it was: the functions behind it are not called again', () => {
    let ids: string[] = [];
    const w = new Watched((world) => {
      world.do({ kind: 'function.create', name: 'use', functionKind: 'attribute', text: 'echo' });
      ids = [world.create('a'), ...open(world, 'b')];
      world.do({
        kind: 'binding.attach',
        function: 'use',
        schema: 'Thing',
        arguments: [{ name: 'arn', path: '/resource_value/arn' }],
        output: '/domain/text',
      });
      world.do(follow(ids[1]!, 'v', ids[0]!, 'text'));
    });
    const record = { resourceId: 'i-1', status: 'ok', payload: { arn: 'arn:1' } } as const;
    expect(w.takeCalls()).toEqual([]);
    w.report(ids[0]!, record);
    expect(w.settle()).toEqual(['a.text', 'b.v']);
    w.report(ids[0]!, { ...record, status: 'absent' });
    // What is awaited again is told as such by who reads it.
    expect(w.settle()).toEqual([]);
    w.report(ids[0]!, record);
    w.settle();
    expect(w.takeCalls()).toEqual(['use {"arn":"arn:1"}']);
  });
});
