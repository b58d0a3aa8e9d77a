// What others did to resources behind the model's back: seen property by property, and decided in change sets.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { DriftReply, DriftView } from '../../src/engine/drift.ts';
import type { AcceptReply, EnforceReply } from '../../src/engine/drift_decisions.ts';
import type { Review } from '../../src/engine/operations.ts';
import { ActionHouse, codeOf, housesOfTests } from './action_house.ts';

const houses = housesOfTests();

const text = { kind: 'string' } as const;

/** Schema `Site`: with a default, what the provider sets, what it never reads back, a map, and a list named by keys. */
function siteMutations(port: number): Json[] {
  const properties = {
    Size: { kind: 'integer' },
    Port: { kind: 'integer', default: 80 },
    Mode: { ...text, enum: ['fast', 'safe'] },
    Etag: { ...text, readOnly: true },
    Token: { ...text, writeOnly: true },
    Upstream: text,
    Label: text,
    Zone: { ...text, createOnly: true },
    Labels: { kind: 'map', values: text },
    Tags: { kind: 'array', items: { kind: 'object', properties: { Key: text, Value: text } } },
  };
  return [
    {
      kind: 'schema.create',
      name: 'Site',
      spec: {
        format: 1,
        domain: { kind: 'object', properties },
        resourceValue: { kind: 'object', properties: { Address: text } },
        secrets: { kind: 'object', properties: {} },
        definitions: {},
      },
    },
    ...Object.entries(codeOf(port)).flatMap(([action, source]): Json[] => [
      { kind: 'function.create', name: `site-${action}`, functionKind: 'action', text: source },
      { kind: 'binding.attach', function: `site-${action}`, schema: 'Site', action },
    ]),
    {
      kind: 'function.create',
      name: 'label',
      functionKind: 'attribute',
      text: "function main({ size }: { size: number }) { return 'size ' + size; }",
    },
    {
      kind: 'binding.attach',
      function: 'label',
      schema: 'Site',
      arguments: [{ name: 'size', path: '/domain/Size' }],
      output: '/domain/Label',
    },
  ];
}

async function opened(): Promise<ActionHouse> {
  const a = await ActionHouse.open();
  houses.push(a);
  await a.apply('sites', ...siteMutations(a.provider.port));
  return a;
}

const site = (name: string, attributes: Record<string, unknown> = {}) =>
  ({ kind: 'component.create', schema: 'Site', name, attributes }) as never;
const set = (component: string, path: string, value: Json) =>
  ({ kind: 'attribute.set', component, path, value }) as never;

async function refreshed(a: ActionHouse, ...components: string[]): Promise<void> {
  for (const component of components) await a.house.call('action.request', { component });
  await a.quiet();
}

/** `path intent -> reality (decision)` of what a component has drifted in. */
async function driftOf(a: ActionHouse, component: string, changeSet?: string): Promise<string[]> {
  const view = await a.house.call<DriftView>('drift.get', {
    component,
    ...(changeSet === undefined ? {} : { changeSet }),
  });
  if (view.state === 'gone') return [`gone ${view.resourceId} (${view.differences[0]!.decision})`];
  return view.differences.map((d) => {
    const [intent, reality] = [d.intent, d.reality].map((v) => (v === undefined ? '(none)' : JSON.stringify(v)));
    return `${d.path} ${intent} -> ${reality} (${d.decision})`;
  });
}

const applied = async (a: ActionHouse, changeSet: string): Promise<string[]> => {
  const receipt = await a.house.call<{ actions: { kind: string; paths: string[] }[] }>('change_set.apply', {
    changeSet,
    waitMs: 20_000,
  });
  await a.quiet();
  return receipt.actions.map((x) => [x.kind, ...x.paths].join(' '));
};

const made = {
  '/domain/Size': 1,
  '/domain/Mode': 'safe',
  '/domain/Labels': { team: 'a' },
  '/domain/Zone': 'z1',
  '/domain/Label': 'mine',
};
const body = { Size: 1, Port: 80, Mode: 'safe', Labels: { team: 'a' }, Label: 'mine', Zone: 'z1' };

describe('what is seen', () => {
  test('[EN200] nothing of what is as it was made; then each property that is another, and no noise', async () => {
    const a = await opened();
    await a.apply(
      'one',
      site('it', { ...made, '/domain/Token': 'secret', '/domain/Tags': [{ Key: 'a', Value: '1' }] }),
    );
    expect(await driftOf(a, 'it')).toEqual([]);
    await a.provider.put('t1', {
      ...body,
      Size: '7',
      Mode: 'SAFE',
      Etag: 'another',
      Token: '***',
      Tags: [{ Key: 'a', Value: '1' }],
      Labels: { team: 'b', extra: 'x' },
      Unknown: { to: 'the schema' },
    });
    // What nobody has looked at is not known.
    expect(await driftOf(a, 'it')).toEqual([]);
    await refreshed(a, 'it');
    expect(await driftOf(a, 'it')).toEqual([
      '/domain/Labels/extra (none) -> "x" (open)',
      '/domain/Labels/team "a" -> "b" (open)',
      '/domain/Size 1 -> "7" (open)',
    ]);
    const view = await a.house.call<ComponentView>('component.get', { component: 'it' });
    expect(view.drift).toEqual({
      state: 'changed',
      paths: ['/domain/Labels/extra', '/domain/Labels/team', '/domain/Size'],
    });
    // Reality is nobody's change: nothing is planned because of it.
    const changeSet = await a.house.open('empty');
    const review = await a.house.call<Review>('change_set.review', { changeSet });
    expect([review.actions, review.overwrites]).toEqual([[], []]);
  });

  test('[EN201] by component and in groups of what is alike, narrowed, counted, page by page', async () => {
    const a = await opened();
    await a.apply('three', site('one', made), site('two', made), site('three', made));
    const ids = await Promise.all(
      ['one', 'two', 'three'].map(async (c) => [
        c,
        (await a.house.call<DriftView>('drift.get', { component: c })).resourceId,
      ]),
    );
    for (const [, id] of ids) await a.provider.put(String(id), { ...body, Size: 9 });
    await a.provider.put(String(ids[2]![1]), { ...body, Size: 8, Tags: [{ Key: 'k', Value: 'v' }], Mode: 'fast' });
    await refreshed(a, 'one', 'two', 'three');
    const list = await a.house.call<DriftReply>('drift.list');
    expect(list.counts).toEqual({
      components: 3,
      differences: 4,
      gone: 0,
      unknown: 0,
      reported: 3,
      decisions: { open: 4, accepted: 0, enforced: 0 },
    });
    expect(list.groups.map((g) => [g.schema, g.path, g.components, g.isAlike])).toEqual([
      ['Site', '/domain/Size', 3, false],
      ['Site', '/domain/Mode', 1, true],
    ]);
    const first = await a.house.call<DriftReply>('drift.list', { limit: 2 });
    const second = await a.house.call<DriftReply>('drift.list', { limit: 2, cursor: first.components.nextCursor! });
    expect([...first.components.items, ...second.components.items]).toEqual(list.components.items);
    expect([first.components.items.length, second.components.nextCursor]).toEqual([2, null]);
    const names = async (params: Record<string, Json>) =>
      (await a.house.call<DriftReply>('drift.list', params)).components.items.map((d) => d.name).sort();
    expect(await names({ path: '/domain/Mode' })).toEqual(['three']);
    expect(await names({ component: 'two' })).toEqual(['two']);
    expect(await names({ schema: 'Thing' })).toEqual([]);
    expect(await names({ view: 'DEFAULT' })).toEqual(['one', 'three', 'two']);
    // What is listed follows Head and reality, also after something else has been asked.
    await a.provider.put(String(ids[0]![1]), body);
    await refreshed(a, 'one');
    expect(await names({})).toEqual(['three', 'two']);
    await a.apply('gone', { kind: 'component.delete', component: 'two' } as never);
    expect(await names({})).toEqual(['three']);
  });
});

describe('what is decided', () => {
  test('[EN202] [EN203] some accepted, others enforced: nothing but the update, and afterwards nothing is left', async () => {
    const a = await opened();
    await a.apply('one', site('it', made));
    await a.provider.put('t1', { ...body, Size: 7, Mode: 'fast', Labels: { team: 'b' } });
    await refreshed(a, 'it');
    const changeSet = await a.house.open('decided');
    const accepted = await a.house.call<AcceptReply>('drift.accept', {
      changeSet,
      component: 'it',
      paths: ['/domain/Size', '/domain/Labels'],
    });
    expect(accepted.accepted.map((x) => x.path)).toEqual(['/domain/Labels/team', '/domain/Size']);
    expect(accepted.submitted!.steps.map((s) => s.sentence)).toHaveLength(2);
    // What is accepted is what reality has already: it asks for nothing.
    expect((await a.house.call<Review>('change_set.review', { changeSet })).actions).toEqual([]);
    const enforced = await a.house.call<EnforceReply>('drift.enforce', { changeSet, component: 'it' });
    expect(enforced.enforced.map((x) => x.path)).toEqual(['/domain/Mode']);
    expect(enforced.actions.map((x) => [x.kind, x.because])).toEqual([['update', ['/domain/Mode']]]);
    expect(await driftOf(a, 'it', changeSet)).toEqual([
      '/domain/Labels/team "a" -> "b" (accepted)',
      '/domain/Mode "safe" -> "fast" (enforced)',
      '/domain/Size 1 -> 7 (accepted)',
    ]);
    const review = await a.house.call<Review>('change_set.review', { changeSet });
    expect(review.overwrites.map((o) => [o.name, o.differences.map((d) => d.path)])).toEqual([
      ['it', ['/domain/Mode']],
    ]);
    // Decided again it is the same: nothing more is edited.
    expect((await a.house.call<EnforceReply>('drift.enforce', { changeSet, component: 'it' })).submitted).toBe(null);
    expect(
      (await a.house.call<AcceptReply>('drift.accept', { changeSet, component: 'it', paths: ['/domain/Size'] }))
        .submitted,
    ).toBe(null);
    expect(await applied(a, changeSet)).toEqual(['update /domain/Mode']);
    expect((await a.provider.journal()).at(-1)).toMatchObject({
      op: 'update',
      body: { Size: 7, Mode: 'safe', Labels: { team: 'b' }, Port: 80, Label: 'mine' },
    });
    await refreshed(a, 'it');
    expect(await driftOf(a, 'it')).toEqual([]);
    // Nothing is planned twice: not by an apply of something else, not by an edit taken back.
    const effects = await a.effects();
    await a.apply('another', site('other', made));
    await a.apply('renamed', set('it', '/si/name', 'renamed'));
    expect(await a.effects()).toEqual([...effects, 'create other']);
    await a.house.sound();
  });

  test('[EN202] accepted alone it sends nothing, and what is edited then is sent, also back to what was sent before', async () => {
    const a = await opened();
    await a.apply('one', site('it', { '/domain/Size': 1, '/domain/Label': 'mine' }));
    await a.provider.put('t1', { Size: 7, Port: 80, Label: 'mine' });
    await refreshed(a, 'it');
    const changeSet = await a.house.open('accepted');
    await a.house.call('drift.accept', { changeSet, component: 'it' });
    expect(await applied(a, changeSet)).toEqual([]);
    // The provider's journal has what was done behind its back as an update, too.
    expect(await a.effects()).toEqual(['create it', 'update t1']);
    expect(await driftOf(a, 'it')).toEqual([]);
    const before = (await a.effects()).length;
    await a.apply('back', set('it', '/domain/Size', 1));
    expect((await a.effects()).slice(before)).toEqual(['update t1']);
    expect((await a.provider.journal()).at(-1)).toMatchObject({ body: { Size: 1 } });
    // Accepted, drifted once more before anything was sent, and set back to what was sent last.
    await a.provider.put('t1', { Size: 7, Port: 80, Label: 'mine' });
    await refreshed(a, 'it');
    const again = await a.house.open('again');
    await a.house.call('drift.accept', { changeSet: again, component: 'it' });
    await applied(a, again);
    await a.provider.put('t1', { Size: 9, Port: 80, Label: 'mine' });
    await refreshed(a, 'it');
    expect(await driftOf(a, 'it')).toEqual(['/domain/Size 7 -> 9 (open)']);
    const last = (await a.provider.journal()).length;
    await a.apply('back again', set('it', '/domain/Size', 1));
    expect((await a.provider.journal()).slice(last)).toMatchObject([{ op: 'update', body: { Size: 1 } }]);
  });

  test('[EN204] what follows something, or is given by a function, is told, path by path, with what to do', async () => {
    const a = await opened();
    await a.apply(
      'two',
      site('first', made),
      site('second', {
        '/domain/Size': 1,
        '/domain/Upstream': { $source: { component: 'first', path: '/domain/Zone' } },
      }),
    );
    const second = await a.house.call<DriftView>('drift.get', { component: 'second' });
    await a.provider.put(second.resourceId!, { Port: 80, Upstream: 'elsewhere', Label: 'by hand', Size: 5 });
    await refreshed(a, 'second');
    const changeSet = await a.house.open('accepted');
    const reply = await a.house.call<AcceptReply>('drift.accept', { changeSet, component: 'second' });
    expect(reply.accepted.map((x) => x.path)).toEqual(['/domain/Size']);
    expect(reply.left.map((l) => [l.path, l.because])).toEqual([
      ['/domain/Label', 'function'],
      ['/domain/Upstream', 'followed'],
    ]);
    expect(reply.left[1]!.detail).toContain('first/domain/Zone');
    expect(reply.left.every((l) => l.next.includes('enforce'))).toBe(true);
    await a.house.submit(changeSet, { kind: 'attribute.unsubscribe', component: 'second', path: '/domain/Upstream' });
    const rest = await a.house.call<AcceptReply>('drift.accept', {
      changeSet,
      component: 'second',
      paths: ['/domain/Upstream'],
    });
    expect(rest.accepted.map((x) => x.path)).toEqual(['/domain/Upstream']);
    const refusal = await a.house.refused('drift.accept', { changeSet, component: 'second', paths: ['/domain/Port'] });
    expect(refusal.code).toBe('path_not_found');
    expect(refusal.expected).toContain('/domain/Upstream');
  });

  test('[EN205] a whole group at once; an update asked for again is another wish, and one of Head is carried out once', async () => {
    const a = await opened();
    await a.apply('three', site('one', made), site('two', made), site('three', made));
    const ids: string[] = [];
    for (const component of ['one', 'two', 'three'])
      ids.push((await a.house.call<DriftView>('drift.get', { component })).resourceId!);
    for (let round = 1; round <= 2; round++) {
      for (const id of ids) await a.provider.put(id, { ...body, Mode: 'fast', Size: 1 });
      await refreshed(a, 'one', 'two', 'three');
      const changeSet = await a.house.open(`round ${round}`);
      const reply = await a.house.call<EnforceReply>('drift.enforce', {
        changeSet,
        schema: 'Site',
        path: '/domain/Mode',
      });
      expect(reply.enforced).toHaveLength(3);
      expect(await applied(a, changeSet)).toEqual(Array(3).fill('update /domain/Mode'));
      await refreshed(a, 'one', 'two', 'three');
      expect((await a.house.call<DriftReply>('drift.list')).counts.components).toBe(0);
    }
    // An update that failed is asked for again by whoever enforces again, and is then one.
    await a.provider.put(ids[0]!, { ...body, Mode: 'fast' });
    await refreshed(a, 'one');
    await a.provider.rules({ op: 'update', nth: 1, goes: 'fail' });
    const failing = await a.house.open('failing');
    await a.house.call('drift.enforce', { changeSet: failing, component: 'one' });
    await applied(a, failing);
    const [failed] = await a.actions({ status: 'failed' });
    await a.house.call('action.cancel', { action: failed!.id });
    expect(await driftOf(a, 'one')).toEqual(['/domain/Mode "safe" -> "fast" (open)']);
    const again = await a.house.open('again');
    await a.house.call('drift.enforce', { changeSet: again, component: 'one' });
    expect(await applied(a, again)).toEqual(['update /domain/Mode']);
    expect(await driftOf(a, 'one')).toEqual([]);
    const effects = await a.effects();
    await a.apply('nothing of it', site('four', made));
    expect(await a.effects()).toEqual([...effects, 'create four']);
  });

  test('[EN205] where only another resource can be as meant, enforcing replaces it', async () => {
    const a = await opened();
    await a.apply('one', site('it', made));
    await a.provider.put('t1', { ...body, Zone: 'z2' });
    await refreshed(a, 'it');
    const changeSet = await a.house.open('replaced');
    const reply = await a.house.call<EnforceReply>('drift.enforce', { changeSet, component: 'it' });
    expect(reply.actions.map((x) => x.kind)).toEqual(['destroy', 'create']);
    const before = (await a.effects()).length;
    await applied(a, changeSet);
    expect((await a.effects()).slice(before)).toEqual(['destroy t1', 'create it']);
    expect(await driftOf(a, 'it')).toEqual([]);
    const later = await a.house.open('later');
    expect((await a.house.call<Review>('change_set.review', { changeSet: later })).actions).toEqual([]);
    const effects = await a.effects();
    await a.apply('size', set('it', '/domain/Size', 2));
    expect((await a.effects()).slice(effects.length)).toEqual(['update t2']);
  });

  test('[EN206] a resource that is gone: enforced it is created again, accepted its component goes without destroying', async () => {
    const a = await opened();
    await a.apply('two', site('kept', made), site('left', made));
    const ids: string[] = [];
    for (const component of ['kept', 'left'])
      ids.push((await a.house.call<DriftView>('drift.get', { component })).resourceId!);
    for (const id of ids) await a.provider.remove(id);
    await refreshed(a, 'kept', 'left');
    expect(await driftOf(a, 'kept')).toEqual([`gone ${ids[0]} (open)`]);
    const list = await a.house.call<DriftReply>('drift.list');
    expect([list.counts.gone, list.groups.map((g) => g.path)]).toEqual([2, ['']]);
    // Nobody has decided: nothing is created by what is applied for others.
    await a.apply('another', site('other', made));
    const before = (await a.effects()).length;
    const changeSet = await a.house.open('decided');
    const enforced = await a.house.call<EnforceReply>('drift.enforce', { changeSet, component: 'kept' });
    expect(enforced.actions.map((x) => x.kind)).toEqual(['create']);
    const accepted = await a.house.call<AcceptReply>('drift.accept', { changeSet, component: 'left' });
    expect(accepted.accepted.map((x) => [x.name, x.path])).toEqual([['left', '']]);
    expect(await driftOf(a, 'kept', changeSet)).toEqual([`gone ${ids[0]} (enforced)`]);
    expect(await driftOf(a, 'left', changeSet)).toEqual([`gone ${ids[1]} (accepted)`]);
    await applied(a, changeSet);
    expect((await a.effects()).slice(before)).toEqual(['create kept']);
    expect((await a.house.call<DriftReply>('drift.list')).counts.components).toBe(0);
    // It goes once more: the wish that was carried out asks for nothing, a new one does.
    const kept = await a.house.call<DriftView>('drift.get', { component: 'kept' });
    await a.provider.remove(kept.resourceId!);
    await refreshed(a, 'kept');
    const again = await a.house.open('again');
    expect((await a.house.call<Review>('change_set.review', { changeSet: again })).actions).toEqual([]);
    await a.house.call('drift.enforce', { changeSet: again, component: 'kept' });
    await applied(a, again);
    expect((await a.effects()).at(-1)).toBe('create kept');
    await a.house.reopen();
    expect((await a.house.call<DriftReply>('drift.list')).counts.components).toBe(0);
    await a.house.sound();
  });

  test('[EN202] decisions are edits: only in an open change set, by who may edit, audited and undone as others', async () => {
    const a = await opened();
    await a.apply('one', site('it', made));
    await a.provider.put('t1', { ...body, Mode: 'fast' });
    await refreshed(a, 'it');
    expect((await a.house.refused('drift.accept', { changeSet: 'HEAD', component: 'it' })).code).toBe(
      'head_is_read_only',
    );
    expect((await a.house.refused('drift.accept', { changeSet: 'HEAD' })).code).toBe('request_malformed');
    const changeSet = await a.house.open('decided');
    const reader = { id: 'rita', role: 'viewer' } as const;
    expect((await a.house.refused('drift.accept', { changeSet, component: 'it' }, reader as never)).code).toBe(
      'access_denied',
    );
    await a.house.call('drift.enforce', { changeSet, component: 'it' });
    expect((await a.house.call<Review>('change_set.review', { changeSet })).actions).toHaveLength(1);
    // Accepting all of it takes the wish back.
    await a.house.call('drift.accept', { changeSet, component: 'it' });
    expect((await a.house.call<Review>('change_set.review', { changeSet })).actions).toEqual([]);
    const audit = await a.house.call<{ sentence: string }[]>('audit.list', { changeSet, limit: 50 });
    expect(JSON.stringify(audit)).toContain('/domain/Mode');
  });
});
