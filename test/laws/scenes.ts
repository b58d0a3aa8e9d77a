// Scenes about components: cases that aim at one rule each, as requests about nouns of a given state. What does not fit
// the state is refused and left out when the case is carried out, so a scene need not look twice.

import type { Request } from '../../src/mutation/request.ts';
import type { Edit } from './edits.ts';
import { chance, shuffled } from './numbers.ts';
import { ask, either, ring, type Scene, type Stage, set, sharedId, upgrade, variantsOf } from './stage.ts';

const follow = (component: string, path: string, from: string, at: string): Request => ({
  kind: 'attribute.subscribe',
  component,
  path,
  source: { component: from, path: at },
});
const texts = ['/domain/text', '/domain/labels/k', '/domain/labels/z', '/domain/box/inner/name', '/domain/pack/a'];

const values: Readonly<Record<string, Scene>> = {
  'value-value': (s) => {
    const [c] = s.some(1, 'Thing') as [string];
    const path = s.one([...texts, '/domain/count', '/domain/free']);
    const value = () => set(c, path, s.one(['a', 'b', 'c', 1, 2, 3]));
    return { mine: ask(value()), theirs: ask(value()) };
  },
  'value-follow': (s) => {
    const [c, d] = s.some(2, 'Thing') as [string, string];
    const path = s.one(texts);
    return either(s, ask(set(c, path, 'own')), ask(follow(c, path, d, s.one(['/si/name', '/domain/text']))));
  },
  'follow-follow': (s) => {
    const [c, d, e] = s.some(3) as [string, string, string];
    const path = s.one(texts);
    return { mine: ask(follow(c, path, d, '/si/name')), theirs: ask(follow(c, path, e, '/si/name')) };
  },
  'value-unset': (s) => {
    const [c] = s.some(1, 'Thing') as [string];
    const path = s.one(['/domain/text', '/domain/labels/k', '/domain/names/0', '/domain/count']);
    return either(s, ask({ kind: 'attribute.unset', component: c, path }), ask(set(c, path, s.one(['a', 7]))));
  },
  'value-cycle': (s) => {
    const path = s.one(texts);
    const onto = chance(s.next, 60) ? path : s.one(texts);
    if (chance(s.next, 15)) {
      const [a, b] = s.some(2, 'Thing') as [string, string];
      return either(
        s,
        ask(follow(a, '/domain/box', b, '/domain/box')),
        ask(follow(b, '/domain/box/inner/name', a, '/domain/box/inner/name')),
      );
    }
    return ring(s, (from, to) => ask(follow(from, path, to, chance(s.next, 80) ? path : onto))[0]!, 'Thing');
  },
  'whole-part': (s) => {
    const [c, d] = s.some(2, 'Thing') as [string, string];
    const [whole, part, value] = s.one([
      ['/domain/labels', '/domain/labels/n', 'x'],
      ['/domain/box', '/domain/box/width', 3],
      ['/domain/rules', '/domain/rules/-', { port: 9 }],
      ['/domain/free', '/domain/free/a', 1],
      ['/domain/names', '/domain/names/-', 'n'],
    ] as const);
    const wholes = whole === '/domain/free' ? [set(c, whole, s.one([7, 'x', []]))] : [follow(c, whole, d, whole)];
    const first = chance(s.next, 40) ? [{ kind: 'attribute.unset', component: c, path: whole } as const] : [];
    return either(s, ask(...wholes), ask(...first, set(c, part, value)));
  },
  property: (s) => {
    const [c] = s.some(1, 'Ruled') as [string];
    if (c === undefined) return { mine: [], theirs: [] };
    const path = s.one(['most', 'least', 'once', 'mine', 'look', 'list', 'open', 'list/-', 'list/-']);
    const value = (): Request => {
      if (path === 'list') return set(c, '/domain/list', shuffled(s.next, ['a', 'b', 'c', 'd']).slice(s.next() % 4));
      if (path === 'list/-') return set(c, '/domain/list/-', s.one(['c', 'd']));
      if (path === 'open') return set(c, '/domain/open', shuffled(s.next, [1, 2, 3]).slice(s.next() % 3));
      if (chance(s.next, 10)) return { kind: 'attribute.unset', component: c, path: `/domain/${path}` };
      return set(c, `/domain/${path}`, path === 'most' || path === 'least' ? s.next() % 9 : s.one(['p', 'q', 'r']));
    };
    return { mine: ask(value()), theirs: ask(value()) };
  },
};

const lists: Readonly<Record<string, Scene>> = {
  'element-move-move': (s) => {
    const [c, path] = listOf(s);
    const move = (): Request => ({ kind: 'list.move', component: c, path, from: s.next() % 2, to: s.next() % 3 });
    return { mine: ask(move()), theirs: ask(move()) };
  },
  'element-remove-edit': (s) => {
    const [c, path] = listOf(s);
    const index = s.next() % 2;
    const inner =
      path === '/domain/rules'
        ? s.one([set(c, `${path}/${index}/port`, 7), set(c, `${path}/${index}/tags/-`, 'new')])
        : s.one<Request>([
            set(c, `${path}/${index}`, 'new'),
            { kind: 'list.move', component: c, path, from: index, to: 2 },
          ]);
    return either(s, ask({ kind: 'list.remove', component: c, path, index }), ask(inner));
  },
  'element-insert-insert': (s) => {
    const [c, path] = listOf(s);
    const value = path === '/domain/rules' ? { port: 3 } : path === '/domain/grid' ? [4] : 'new';
    const index = s.next() % 3;
    const insert = (): Request => ({ kind: 'list.insert', component: c, path, index, value });
    return { mine: ask(insert(), insert()), theirs: ask(insert()) };
  },
  'list-whole': (s) => {
    const [c, path] = listOf(s);
    const some = () => shuffled(s.next, ['a', 'b', 'c', 'd', 'e']).slice(s.next() % 5);
    if (path !== '/domain/names') return lists['element-insert-insert']!(s);
    return either(s, ask(set(c, path, some())), ask(set(c, path, some()), set(c, '/domain/names/0', 'zero')));
  },
};

function listOf(s: Stage): [component: string, path: string] {
  const lists = s.components.flatMap((c) =>
    ['/domain/names', '/domain/rules', '/domain/grid']
      .filter((path) => [...s.state.scan('cells', `${c}${path}/@`)].length > 0)
      .map((path): [string, string] => [c, path]),
  );
  return lists.length === 0 ? [s.components[0]!, '/domain/names'] : s.one(lists);
}

const lives: Readonly<Record<string, Scene>> = {
  'create-create': (s) => {
    const same = sharedId(s.next);
    const make = (): Request => ({
      kind: 'component.create',
      id: same as never,
      schema: s.one(['Thing', 'Thing', 'Open']),
      name: s.one(['x', 'y']),
      attributes: s.one<Record<string, never>>([
        {},
        { '/domain/text': s.one(['1', '2']) as never },
        { '/domain/names': ['a', 'b'] as never },
        { '/domain/labels': { k: 'v' } as never },
        { '/domain/free': s.one([1, { a: 1 }, ['l']]) as never },
        { '/domain/text': { $source: { component: s.one(s.components), path: '/si/name' } } as never },
      ]),
    });
    const more = (): Request[] => (chance(s.next, 50) ? [set(same, s.one(texts), 'more')] : []);
    return { mine: ask(make(), ...more()), theirs: ask(make(), ...more()) };
  },
  'erase-edit': (s) => {
    const [c, d] = s.some(2) as [string, string];
    const edit = s.one<Request>([
      set(c, s.one(texts), 'new'),
      { kind: 'component.rename', component: c, name: 'new' },
      { kind: 'depends_on.add', component: c, on: d },
      { kind: 'component.protect', component: c, on: true },
      { kind: 'component.delete', component: c },
      { kind: 'action.skip', component: c, action: 'update' },
      set(c, '/domain/names/-', 'n'),
    ]);
    return either(s, ask({ kind: 'component.erase', component: c }), ask(edit));
  },
  'erase-restore': (s) => {
    const c = s.one(s.marked.length > 0 ? s.marked : s.components);
    return either(s, ask({ kind: 'component.erase', component: c }), ask({ kind: 'component.restore', component: c }));
  },
  'erase-upgrade': (s) => {
    const [c] = s.some(1, 'Thing') as [string];
    return either(s, ask({ kind: 'component.erase', component: c }), ask(upgrade(s, c)));
  },
  'source-erased': (s) => {
    const [c, d, e] = s.some(3, 'Thing') as [string, string, string];
    const path = s.one([...texts, '/domain/names/-', '/domain/rules/-/note']);
    const use =
      path === '/domain/rules/-/note'
        ? set(c, '/domain/rules/-', { note: { $source: { component: d, path: '/si/name' } } })
        : path.endsWith('-')
          ? set(c, path, { $source: { component: d, path: '/si/name' } })
          : follow(c, path, d, '/si/name');
    return either(
      s,
      ask({ kind: 'component.erase', component: d }),
      ask(use, ...(e ? [follow(e, '/domain/text', d, '/si/name')] : [])),
    );
  },
  'source-deleted': (s) => {
    const [c, d] = s.some(2, 'Thing') as [string, string];
    const use = ask(follow(c, s.one(texts), d, '/si/name'));
    return either(s, ask({ kind: 'component.delete', component: d }), use);
  },
  'edge-erased': (s) => {
    const [c, d] = s.some(2) as [string, string];
    const use = s.one<Request>([
      { kind: 'depends_on.add', component: c, on: d },
      { kind: 'component.manage', component: c, managed: d },
      { kind: 'view.add_component', view: s.one(s.keys('views')), component: d },
      { kind: 'action.add', component: d, action: 'update' },
    ]);
    return either(s, ask({ kind: 'component.erase', component: d }), ask(use));
  },
  'mark-edit': (s) => {
    const [c] = s.some(1, 'Thing') as [string];
    const edits = s.one([[set(c, s.one(texts), 'new')], [set(c, '/domain/names/-', 'n')], [upgrade(s, c)]]);
    return either(s, ask({ kind: 'component.delete', component: c }), ask(...edits));
  },
  'mark-restore': (s) => {
    const c = s.one(s.marked.length > 0 ? s.marked : s.components);
    const restore: Request = { kind: 'component.restore', component: c };
    return either(s, ask(restore, { kind: 'component.delete', component: c }), ask(restore));
  },
  'mark-protect': (s) => {
    const [c] = s.some(1) as [string];
    return either(
      s,
      ask({ kind: 'component.protect', component: c, on: true }),
      ask({ kind: 'component.delete', component: c }),
    );
  },
  'upgrade-upgrade': (s) => {
    const [c] = s.some(1) as [string];
    return { mine: ask(upgrade(s, c)), theirs: ask(upgrade(s, c)) };
  },
  'upgrade-value': (s) => {
    const [c] = s.some(1, 'Thing') as [string];
    const to = variantsOf(s, 'Thing2')[0] ?? s.one(variantsOf(s));
    return either(
      s,
      ask({ kind: 'component.upgrade', component: c, variant: to as never }),
      ask(s.one([set(c, '/domain/text', 'kept'), set(c, '/domain/count', 9)])),
    );
  },
};

const edges: Readonly<Record<string, Scene>> = {
  'depends-loop': (s) => ring(s, (component, on) => ask({ kind: 'depends_on.add', component, on })[0]!),
  'manages-loop': (s) => ring(s, (component, managed) => ask({ kind: 'component.manage', component, managed })[0]!),
  'resource-shared': (s) => {
    const [c, d] = s.some(2) as [string, string];
    const resourceId = s.one(['i-1', 'i-2']);
    return {
      mine: ask({ kind: 'component.set_resource_id', component: c, resourceId }),
      theirs: ask({ kind: 'component.set_resource_id', component: d, resourceId }),
    };
  },
  'moved-twice': (s) => {
    const [c, d, e] = s.some(3, s.one(['Thing', 'Thing', 'Ruled'])) as [string, string, string];
    const resourceId = s.one(['i-1', 'i-2']);
    const move = (to: string): Edit[] =>
      ask({ kind: 'component.set_resource_id', component: c, resourceId }, { kind: 'component.moved', from: c, to });
    const beside = s.one([
      [],
      ask({ kind: 'component.erase', component: d }),
      ask({ kind: 'component.delete', component: c }),
    ]);
    return {
      mine: [...move(s.one([d, e ?? d])), ...(s.next() % 3 === 0 ? beside : [])],
      theirs: move(s.one([d, e ?? d])),
    };
  },
  'override-override': (s) => {
    const [c] = s.some(1) as [string];
    const action = s.one(['create', 'update', 'destroy'] as const);
    const decide = (): Request => ({
      kind: s.one(['action.skip', 'action.hold', 'action.add', 'action.remove']),
      component: c,
      action,
    });
    return { mine: ask(decide()), theirs: ask(decide()) };
  },
};

export const componentScenes: Readonly<Record<string, Scene>> = { ...values, ...lists, ...lives, ...edges };
