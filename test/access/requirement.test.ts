// What a change needs approval for: by view, schema, function and path, on known changes and on random ones against a
// comparison of the two whole states.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Requirement, requirementsOf } from '../../src/access/requirement.ts';
import type { ComponentId } from '../../src/base/ids.ts';
import { canonical } from '../../src/base/json.ts';
import { findRecord } from '../../src/model/lookup.ts';
import type { Path } from '../../src/model/path.ts';
import { type Category, intentCategories, type Reader } from '../../src/model/state.ts';
import type { ApproverRule } from '../../src/model/view.ts';
import type { Request } from '../../src/mutation/request.ts';
import { diff } from '../../src/snapshot/diff.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { draw, requestOf, richWorld } from '../mutation/random_requests.ts';
import { digest, openSpec, runs, seededIds, World } from '../support/model_world.ts';
import { defaultRules, named, PendingWorld, viewWorld } from './pending_world.ts';

const { world, names } = viewWorld();
const { web, db, free } = names;
const open = (): PendingWorld => new PendingWorld(world);
const set = (component: string, path: string, value: string | number): Request => ({
  kind: 'attribute.set',
  component,
  path,
  value,
});
const text = (component: string, value = 'y') => set(component, '/domain/text', value);

describe('views', () => {
  test.each<[string, Request]>([
    ['a value', text('web')],
    ['a value taken away', { kind: 'attribute.unset', component: 'web', path: '/domain/text' }],
    ['a list element', { kind: 'list.insert', component: 'web', path: '/domain/names', value: 'n' }],
    ['the name', { kind: 'component.rename', component: 'web', name: 'www' }],
    ['the mark', { kind: 'component.delete', component: 'web' }],
    ['erasing', { kind: 'component.erase', component: 'web' }],
    ['a flag', { kind: 'component.protect', component: 'web', on: true }],
    ['an ignored path', { kind: 'component.ignore_changes', component: 'web', path: '/domain/text', on: true }],
    ['an edge of order', { kind: 'depends_on.add', component: 'web', on: 'free' }],
    ['an edge of management', { kind: 'component.manage', component: 'web', managed: 'free' }],
    ['an action override', { kind: 'action.hold', component: 'web', action: 'create' }],
    ['a manual action', { kind: 'action.add', component: 'web', action: 'manual', name: 'reboot' }],
    [
      'a subscription',
      {
        kind: 'attribute.subscribe',
        component: 'web',
        path: '/domain/text',
        source: { component: free, path: '/domain/text' },
      },
    ],
    ['being put in another view', { kind: 'view.add_component', view: 'Data', component: 'web' }],
  ])('[AC1] B28 %s of a component asks the approvers of its view', (_what, request) => {
    const found = open().by('eve', request).requirements();
    const net = found.find((r) => r.id === `view:${names.Net}`)!;
    expect(net).toMatchObject({ kind: 'view', subject: names.Net, approvers: ['ann', 'approver'], minimum: 1 });
    expect(net.entities).toContain(web);
    expect(net.title).toBe('changes in view "Net"');
  });

  test('[AC1] a component in no view with approvers asks nobody, nor does the other end of an edge', () => {
    expect(open().by('eve', text('free'), { kind: 'depends_on.add', component: 'free', on: 'web' }).ids(names)).toEqual(
      [],
    );
    expect(open().ids(names)).toEqual([]);
  });

  test('[AC1] a new component in a view and one taken out of it both ask', () => {
    const made = open().by('eve', { kind: 'component.create', schema: 'Thing', name: 'new', views: ['Net'] });
    expect(made.ids(names)).toEqual(['view:Net']);
    const out = open().by('eve', { kind: 'view.remove_component', view: 'Net', component: 'web' }, text('web'));
    expect(out.requirements()[0]!.entities).toEqual([web, names.Net].sort());
    expect(out.ids(names)).toEqual(['view:Net']);
  });

  test('[AC2] B27 a component in two views with approvers asks both: created, edited, deleted', () => {
    const both2 = ['view:Data', 'view:Net'];
    expect(
      open()
        .by('eve', { kind: 'component.create', schema: 'Thing', name: 'n', views: ['Net', 'Data'] })
        .ids(names)
        .sort(),
    ).toEqual(both2);
    expect(open().by('eve', text('both')).ids(names).sort()).toEqual(both2);
    expect(open().by('eve', { kind: 'component.delete', component: 'both' }).ids(names).sort()).toEqual(both2);
    expect(open().by('eve', { kind: 'component.erase', component: 'both' }).ids(names).sort()).toEqual(both2);
  });

  test('[AC2] the definition on Head and the one in the change set both ask for a component', () => {
    const rule = { approvers: ['eve'], minimum: 1 };
    const own = open().by('eve', { kind: 'view.set_approvers', view: 'Net', rule }, text('web'));
    expect(own.ids(names)).toEqual(['view:Net', 'view:Net:proposed']);
    const [head, proposed] = own.requirements();
    expect(head!.approvers).toEqual(['ann', 'approver']);
    expect(proposed).toMatchObject({ approvers: ['eve'], entities: [web] });
    const bare = new PendingWorld(viewWorld({}).world).by('eve', { kind: 'view.set_approvers', view: 'Net', rule });
    expect(bare.ids(names)).toEqual([]);
    expect(bare.by('eve', text('web')).ids(names)).toEqual(['view:Net:proposed']);
  });

  test.each<[string, Request]>([
    ['other approvers', { kind: 'view.set_approvers', view: 'Net', rule: { approvers: ['eve'], minimum: 1 } }],
    ['a smaller count', { kind: 'view.set_approvers', view: 'Data', rule: { approvers: ['bob', 'cid'], minimum: 1 } }],
    ['no approvers any more', { kind: 'view.set_approvers', view: 'Net', rule: null }],
    ['another name', { kind: 'view.rename', view: 'Net', name: 'Network' }],
    [
      'a place on the map',
      { kind: 'view.set_geometry', view: 'Net', component: 'web', geometry: { x: 1, y: 1, width: null, height: null } },
    ],
    ['removing the view', { kind: 'view.remove', view: 'Net' }],
  ])('[AC3] B26 %s needs the approvers on Head', (_what, request) => {
    const view = (request as { view: 'Net' | 'Data' }).view;
    const found = open().by('eve', request).requirements();
    const asked = found.find((r) => r.id === `view:${names[view]}`);
    expect(asked).toMatchObject({ ...defaultRules[view], id: `view:${names[view]}` });
    expect(asked!.entities).toContain(names[view]);
  });

  test('[AC3] a place on the map of one view concerns no other; putting somebody in does', () => {
    const geometry = { x: 1, y: 1, width: null, height: null };
    expect(
      open().by('eve', { kind: 'view.set_geometry', view: 'Data', component: 'both', geometry }).ids(names),
    ).toEqual(['view:Data']);
    expect(open().by('eve', { kind: 'view.add_component', view: 'Data', component: 'web' }).ids(names).sort()).toEqual([
      'view:Data',
      'view:Net',
    ]);
  });

  test('[AC6] a planned action asks like an edit, an empty plan does not', () => {
    const pending = open().by('eve', text('free'));
    expect(pending.ids(names, { planned: new Map([[web, ['update /domain/text']]]) })).toEqual(['view:Net']);
    expect(pending.ids(names, { planned: new Map([[web, []]]) })).toEqual([]);
  });
});

describe('schemas, functions, paths', () => {
  const thing = [...world.snapshot.scan('index', 'schema:Thing')][0]![0].slice(-26);
  const variant = [...world.snapshot.scan('schemas', `${thing}/`)][0]![0].slice(27);
  const check = [...world.snapshot.scan('functions', '')][0]![0];
  const known = { ...names, thing, check };

  test('[AC4] every change of a schema is one requirement, of an approver or owner', () => {
    const bound = open().by('eve', { kind: 'binding.attach', function: 'check', schema: 'Thing' });
    expect(bound.ids(known)).toEqual(['schema:thing']);
    const binding = [...bound.world.snapshot.scan('bindings', '')][0]![0];
    bound.by('eve', { kind: 'binding.detach', binding }, { kind: 'schema.edit_variant', variant, spec: openSpec });
    expect(bound.ids(known)).toEqual(['schema:thing']);
    expect(bound.requirements()[0]).toMatchObject({
      kind: 'schema',
      subject: thing,
      title: 'changes of schema "Thing"',
      entities: [binding, variant].sort(),
      approvers: ['approver'],
      minimum: 1,
    });
  });

  test('[AC4] a binding on a variant is its schema’s, also when it or the variant is gone again', () => {
    const head = world.fork(20);
    head.do({ kind: 'binding.attach', function: 'check', variant });
    const binding = [...head.snapshot.scan('bindings', '')][0]![0];
    const off = new PendingWorld(head).by('eve', { kind: 'binding.detach', binding });
    expect(off.ids(known)).toEqual(['schema:thing']);
    expect(
      open().by('eve', { kind: 'schema.lock_variant', variant }, { kind: 'schema.unlock_variant', variant }).ids(known),
    ).toEqual(['schema:thing']);
  });

  test('[AC4] every change of a function is one requirement', () => {
    const pending = open()
      .by('eve', { kind: 'function.edit_text', function: 'check', text: 'return false;\n' })
      .by('bob', { kind: 'function.set_metadata', function: 'check', description: 'says no' })
      .by('bob', { kind: 'function.create', name: 'more', functionKind: 'qualification', text: '' });
    const found = pending.requirements();
    expect(found.map((r) => r.title)).toEqual(['changes of function "check"', 'changes of function "more"']);
    expect(found[0]).toMatchObject({ kind: 'function', subject: check, entities: [check], approvers: ['approver'] });
  });

  test('[AC4] secret references need no approval of their own', () => {
    expect(
      open().by('eve', { kind: 'secret.put', secret: 'db', name: 'db', definition: 'Login', key: 'k2' }).ids(known),
    ).toEqual([]);
  });

  test('[AC5] a path put to review asks once, for the edits at it, above and below, and what Head has', () => {
    const place = { component: free, path: '/domain/text' as Path };
    const reviewPaths = [place, place];
    const print = (p: PendingWorld) => p.requirements({ reviewPaths })[0]!.fingerprint;
    const pending = open().by('eve', text('free'));
    const [asked, ...others] = pending.requirements({ reviewPaths });
    expect(others).toEqual([]);
    expect(asked).toMatchObject({ id: `path:${free}/domain/text`, kind: 'path', subject: free, entities: [free] });
    expect(asked!.title).toContain('/domain/text of "free"');
    const before = print(pending);
    expect(print(pending.by('eve', set('free', '/domain/count', 9)))).toBe(before);
    expect(print(pending.by('eve', text('free', 'z')))).not.toBe(before);
    const parts: Request[] = [
      set('free', '/domain/box/width', 4),
      { kind: 'attribute.unset', component: 'free', path: '/domain/box/inner/depth' },
      { kind: 'component.delete', component: 'free' },
    ];
    const box = { reviewPaths: [{ component: free, path: '/domain/box' as Path }] };
    const [none, ...some] = [[], ...parts.map((r) => [r])].map(
      (requests) =>
        open()
          .by('eve', set('free', '/domain/box/inner/depth', 2), ...requests)
          .requirements(box)[0]!.fingerprint,
    );
    expect(new Set([none, ...some]).size).toBe(1 + parts.length);
    const moved = world.fork(30);
    moved.do(text('free', 'from Head'));
    expect(print(new PendingWorld(moved).by('eve', text('free')))).not.toBe(before);
  });
});

describe('fingerprints', () => {
  const prints = (p: PendingWorld, more = {}) =>
    Object.fromEntries(p.requirements(more).map((r) => [named(r.id, names), r.fingerprint]));

  test('[AC9] an edit changes those of its own views and no others', () => {
    const pending = open().by('eve', text('web'), text('db'));
    const before = prints(pending);
    expect(prints(pending.by('eve', text('free')))).toEqual(before);
    const after = prints(pending.by('eve', text('web', 'z')));
    expect(after['view:Data']).toBe(before['view:Data']);
    expect(after['view:Net']).not.toBe(before['view:Net']);
    const last = prints(pending.by('eve', text('both')));
    expect(last['view:Data']).not.toBe(after['view:Data']);
    expect(last['view:Net']).not.toBe(after['view:Net']);
  });

  test('[AC9] who made the edits and in how many requests changes nothing', () => {
    const one = open().by('eve', text('web'), set('web', '/domain/count', 4));
    const two = open()
      .by('bob', text('web'))
      .by('ann', text('free'))
      .by('bob', set('web', '/domain/count', 4));
    expect(prints(two)).toEqual(prints(one));
  });

  test('[AC9] [AC10] the same kind of edit with anything else in it is other content', () => {
    const contents: Request[] = [
      text('web', 'a'),
      text('web', 'b'),
      text('web', 'b'.repeat(5000)),
      text('web', 'c'.repeat(5000)),
      set('web', '/domain/code', 'a-1'),
      {
        kind: 'attribute.subscribe',
        component: 'web',
        path: '/domain/text',
        source: { component: free, path: '/domain/text' },
      },
      {
        kind: 'attribute.subscribe',
        component: 'web',
        path: '/domain/text',
        source: { component: db, path: '/domain/text' },
      },
      { kind: 'action.hold', component: 'web', action: 'create' },
      { kind: 'action.skip', component: 'web', action: 'create' },
      { kind: 'view.set_approvers', view: 'Net', rule: { approvers: ['eve'], minimum: 1 } },
      { kind: 'view.set_approvers', view: 'Net', rule: { approvers: ['zoe'], minimum: 1 } },
    ];
    const of = (...requests: Request[]) => prints(open().by('eve', ...requests))['view:Net'];
    expect(new Set(contents.map((c) => of(c))).size).toBe(contents.length);
    expect(of(text('web', 'a'))).toBe(of(text('web', 'a')));
    expect(of(text('web', 'a'), text('web', 'b'))).not.toBe(of(text('web', 'b'), text('web', 'a')));
    const code = (body: string): Request => ({ kind: 'function.edit_text', function: 'check', text: body });
    const [yes, no] = ['return 1;\n', 'return 0;\n'].map((body) => open().by('eve', code(body)).requirements()[0]!);
    expect(yes!.id).toBe(no!.id);
    expect(yes!.fingerprint).not.toBe(no!.fingerprint);
  });

  test('[AC9] the definition that asks is part of it', () => {
    const base = prints(open().by('eve', text('web')));
    for (const rule of [
      { approvers: ['ann'], minimum: 1 },
      { approvers: ['ann', 'approver'], minimum: 2 },
    ]) {
      const on = viewWorld({ ...defaultRules, Net: rule });
      expect(prints(new PendingWorld(on.world).by('eve', text('web')))['view:Net']).not.toBe(base['view:Net']);
    }
  });

  test('[AC9] B28 an action that becomes a replace changes that part and no other', () => {
    const pending = open().by('eve', text('web'), text('db'));
    const plan = (of: ComponentId, ...actions: string[]) =>
      prints(pending, {
        planned: new Map([
          [db, ['update /domain/text']],
          [web, ['create']],
          [of, actions],
        ]),
      });
    const before = plan(web, 'update /domain/text');
    const after = plan(web, 'replace /domain/text');
    expect(after['view:Net']).not.toBe(before['view:Net']);
    expect(after['view:Data']).toBe(before['view:Data']);
    expect(plan(web, 'update /domain/count')['view:Net']).not.toBe(before['view:Net']);
    expect(plan(free, 'update /domain/text')).toEqual(plan(free));
  });
});

/** What one requirement has to have among its entities, worked out from the two whole states. */
function wanted(head: Snapshot, present: Snapshot): Map<string, Set<string>> {
  const out = new Map<string, Set<string>>();
  const want = (id: string, entity: string): void => void out.set(id, (out.get(id) ?? new Set()).add(entity));
  const rule = (reader: Reader, view: string) => findRecord<ApproverRule>(reader, 'views', `${view}!approvers`);
  const inView = (reader: Reader, view: string, c: string) => reader.get('views', `${view}/${c}`) !== undefined;
  const views = [...new Set([head, present].flatMap((r) => [...r.scan('views', '')].map(([k]) => k.slice(0, 26))))];
  const changed = (component: string): void => {
    for (const view of views) {
      if (!inView(head, view, component) && !inView(present, view, component)) continue;
      const [now, then] = [rule(head, view), rule(present, view)];
      if (now !== undefined) want(`view:${view}`, component);
      if (then !== undefined && canonical((now ?? null) as never) !== canonical(then as never))
        want(`view:${view}:proposed`, component);
    }
  };
  const schemaOf = (binding: string): string => {
    const read = (r: Snapshot) => findRecord<{ target: { schema?: string; variant?: string } }>(r, 'bindings', binding);
    const target = (read(head) ?? read(present))!.target;
    if (target.schema !== undefined) return target.schema;
    const find = (r: Snapshot) => [...r.scan('schemas', '')].find(([k]) => k.slice(27) === target.variant)?.[0];
    return (find(present) ?? find(head))!.slice(0, 26);
  };
  for (const category of intentCategories) {
    for (const { key } of diff(head.map(category), present.map(category))) {
      const first = key.slice(0, 26);
      switch (category) {
        case 'cells':
        case 'components':
        case 'overrides':
          changed(first);
          break;
        case 'views': {
          const placement = key[26] === '/';
          if (rule(head, first) !== undefined && !placement) want(`view:${first}`, first);
          const isMove = placement && inView(head, first, key.slice(27)) === inView(present, first, key.slice(27));
          if (placement && !isMove) changed(key.slice(27));
          if (placement && rule(head, first) !== undefined)
            want(`view:${first}`, key.slice(27) === '' ? first : isMove ? first : key.slice(27));
          break;
        }
        case 'schemas':
          want(`schema:${first}`, key.length > 26 ? key.slice(27) : first);
          break;
        case 'functions':
          want(`function:${key}`, key);
          break;
        case 'bindings':
          want(`schema:${schemaOf(key)}`, key);
          break;
        default:
          break;
      }
    }
  }
  return out;
}

describe('random changes', () => {
  const start = richWorld();
  start.lawful = false;
  for (const [view, rule] of [
    ['All', { approvers: ['ann'], minimum: 1 }],
    ['Net', { approvers: ['bob', 'approver'], minimum: 2 }],
  ] as const)
    start.do({ kind: 'view.set_approvers', view, rule });

  const attempt = (pending: PendingWorld, request: Record<string, unknown>): boolean => {
    const done = pending.world.attempt([request]);
    if (!done.ok) return false;
    pending.world.snapshot = done.value.snapshot;
    pending.edits.push({ author: 'eve', mutations: done.value.steps.flatMap((s) => s.mutations) });
    return true;
  };
  const some = fc.array(draw, { minLength: 1, maxLength: 25, size: 'max' });
  const opened = (): PendingWorld => {
    const pending = new PendingWorld(new World(seededIds(5), start.snapshot));
    pending.world.lawful = false;
    return pending;
  };
  const seen = new Set<string>();

  test('[AC7] nothing that differs from Head goes unapproved', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(some, (draws) => {
        const pending = opened();
        for (const d of draws) attempt(pending, requestOf(pending.world, { ...d, spoil: 99 }));
        const found = new Map(pending.requirements().map((r) => [r.id, r]));
        for (const r of found.values()) seen.add(r.id.endsWith(':proposed') ? 'proposed' : r.kind);
        for (const [id, entities] of wanted(pending.head, pending.world.snapshot))
          for (const entity of entities) expect(found.get(id)?.entities ?? [], `${entity} in ${id}`).toContain(entity);
      }),
      { numRuns: runs(300), seed: 71 },
    );
    expect([...seen].sort()).toEqual(['function', 'proposed', 'schema', 'view']);
  });

  test('[AC9] [AC10] one more edit changes the fingerprints of what it concerns, and no others', {
    timeout: 120_000,
  }, () => {
    fc.assert(
      fc.property(some, draw, (draws, last) => {
        const pending = opened();
        for (const d of draws) attempt(pending, requestOf(pending.world, { ...d, spoil: 99 }));
        const before = new Map(pending.requirements().map((r) => [r.id, r]));
        const edits = pending.edits.length;
        const middle = pending.world.snapshot;
        if (!attempt(pending, requestOf(pending.world, { ...last, spoil: 99 })) || pending.edits.length === edits)
          return;
        const mine = pending.edits.at(-1)!;
        // What the last edit alone would need, on either side of it.
        const alone = (on: Reader): string[] =>
          requirementsOf({ head: on, present: pending.world.snapshot, edits: [mine], reviewPaths: [], digest }).map(
            (r) => r.id,
          );
        const concerned = new Set([...alone(pending.head), ...alone(middle)]);
        for (const r of pending.requirements()) {
          const was: Requirement | undefined = before.get(r.id);
          if (was !== undefined && !concerned.has(r.id)) expect(r.fingerprint, r.id).toBe(was.fingerprint);
          if (was !== undefined && mine.mutations.length > 0 && alone(pending.head).includes(r.id))
            expect(r.fingerprint, r.id).not.toBe(was.fingerprint);
        }
      }),
      { numRuns: runs(300), seed: 72 },
    );
  });
});

describe('cost', () => {
  /** Counts the entries that are read. */
  const counting = (reader: Reader) => {
    const count = { reads: 0 };
    const counted: Reader = {
      get: (category, key) => {
        count.reads++;
        return reader.get(category, key);
      },
      *scan(category: Category, prefix: string, after?: string) {
        for (const entry of reader.scan(category, prefix, after)) {
          count.reads++;
          yield entry;
        }
      },
      blob: (hash) => reader.blob(hash),
    };
    return { counted, count };
  };

  test('[AC8] is that of the edits, whatever stands in the model and in the view', () => {
    const readsWith = (others: number): number => {
      const on = viewWorld();
      for (let i = 0; i < others; i++)
        on.world.do({ kind: 'component.create', schema: 'Thing', name: `n${i}`, views: ['Net', 'All'] });
      const p = new PendingWorld(on.world).by('eve', text('both'), text('web'), {
        kind: 'view.rename',
        view: 'Net',
        name: 'N',
      });
      const [head, present] = [counting(p.head), counting(p.world.snapshot)];
      requirementsOf({ head: head.counted, present: present.counted, edits: p.edits, reviewPaths: [], digest });
      return head.count.reads + present.count.reads;
    };
    expect(readsWith(500)).toBe(readsWith(0));
    expect(readsWith(0)).toBeLessThan(40);
  });
});
