// What may be asked of components beyond the contract, views, drift and resources, over the wire.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

const text = { kind: 'string' } as const;
const spec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: {
      size: { kind: 'integer', default: 1 },
      text,
      from: { kind: 'string', suggests: [{ schema: 'Box', path: '/domain/text' }] },
    },
  },
};

describe('questions', () => {
  let house: HttpHouse;
  let cs: string;
  let a: string;
  let b: string;
  const at = (path: string) => `~/change-sets/${cs}${path}`;
  const mutate = async (...mutations: object[]) => house.must('POST', at('/mutations'), { body: { mutations } });
  beforeAll(async () => {
    house = await HttpHouse.open();
    cs = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'work' } })).changeSet.id;
    const { steps } = await mutate(
      { kind: 'schema.create', name: 'Box', spec },
      { kind: 'component.create', schema: 'Box', name: 'a "quoted"', attributes: { '/domain/text': 'one' } },
      { kind: 'component.create', schema: 'Box', name: 'b' },
      { kind: 'component.create', schema: 'Box', name: 'alone' },
    );
    [a, b] = [steps[1].subject, steps[2].subject];
    await mutate(
      {
        kind: 'attribute.set',
        component: b,
        path: '/domain/from',
        value: { $source: { component: a, path: '/domain/text' } },
      },
      { kind: 'depends_on.add', component: b, on: a },
    );
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('a component is read at a past version, which is the ETag', async () => {
    const { version } = await mutate({ kind: 'attribute.set', component: a, path: '/domain/size', value: 5 });
    const now = await house.ask('GET', at(`/components/${a}/state`));
    expect(now.body.value.domain.size).toBe(5);
    expect(now.headers.get('etag')).toBe(`"${version}"`);
    const before = await house.ask('GET', at(`/components/${a}/state?version=${version - 1}`));
    expect(before.body.value.domain.size).toBe(1);
    expect(before.headers.get('etag')).toBe(`"${version - 1}"`);
    expect((await house.ask('GET', at(`/components/${a}/state?version=9999`))).status).toBe(404);
    expect((await house.ask('GET', at('/components/nobody/state'))).status).toBe(404);
  });

  test('history, suggestions, explanation, reason, blast radius', async () => {
    const { records } = await house.must('GET', at(`/components/${a}/history`));
    expect(records[0].kind).toBe('component.create');
    const { suggestions } = await house.must('GET', at(`/components/${b}/suggestions?path=/domain/from`));
    expect(suggestions.map((s: { component: string }) => s.component)).toContain(a);
    const explained = await house.must('GET', at(`/components/${b}/explain?path=/domain/from`));
    expect(explained.root).toMatchObject({ kind: 'subscription', value: 'one' });
    expect((await house.ask('GET', at(`/components/${b}/why?path=/domain/from`))).status).toBe(200);
    expect((await house.ask('GET', at(`/components/${b}/explain`))).status).toBe(422);
    const edits = [{ component: a, path: '/domain/text' }];
    const radius = await house.must('POST', at('/blast-radius'), { body: { edits } });
    expect(radius.components).toBe(2);
    expect((await house.must('POST', at('/blast-radius'))).edited).toBeGreaterThan(0);
    expect((await house.ask('POST', '~/change-sets/HEAD/blast-radius')).status).toBe(400);
  });

  test('[EN523] the graph has what leads from one to another, around one, in a view, and as text for Graphviz', async () => {
    const whole = await house.must('GET', at('/graph'));
    expect(whole.nodes.map((n: { name: string }) => n.name)).toEqual(['a "quoted"', 'b', 'alone']);
    expect(whole.edges).toEqual([
      { kind: 'value', from: a, to: b, fromPath: '/domain/text', toPath: '/domain/from' },
      { kind: 'order', from: a, to: b },
    ]);
    expect(whole.isCut).toBe(false);
    const around = await house.must('GET', at(`/graph?component=${b}&depth=1`));
    expect(around.nodes).toHaveLength(2);
    expect(await house.must('GET', at(`/graph?component=${b}&depth=0`))).toMatchObject({ edges: [], isCut: true });
    expect(await house.must('GET', at('/graph?limit=1'))).toMatchObject({ nodes: [{ id: a }], isCut: true });
    const dot = await house.ask('GET', at('/graph?format=dot'));
    expect(dot.headers.get('content-type')).toContain('text/vnd.graphviz');
    expect(dot.body).toContain(`"${a}" -> "${b}" [label="/domain/from"];`);
    expect(dot.body).toContain('[label="a \\"quoted\\"\\nBox"]');
    expect((await house.ask('GET', at('/graph?view=Nope'))).status).toBe(404);
    expect((await house.ask('GET', at('/graph?format=png'))).status).toBe(422);
  });

  test('[EN524] what a search finds is set as one batch, or nothing is', async () => {
    const set = (body: object, headers = {}) => house.ask('POST', at('/components/bulk-set'), { body, headers });
    const headers = { 'idempotency-key': 'bulk-once' };
    const done = await set(
      { queryString: 'quoted | alone', attributes: { '/domain/size': 9, '/domain/text': 'all' } },
      headers,
    );
    expect(done.body).toMatchObject({ matched: 2, edits: 4 });
    expect(done.headers.get('etag')).toBe(`"${done.body.version}"`);
    const again = await set(
      { queryString: 'quoted | alone', attributes: { '/domain/size': 9, '/domain/text': 'all' } },
      headers,
    );
    expect(again.body).toEqual(done.body);
    const none = await set({ queryString: 'nobody', attributes: { '/domain/size': 1 } });
    expect(none.body).toEqual({ matched: 0, version: done.body.version, edits: 0 });
    const before = await house.call('change_set.get', { changeSet: cs });
    const wrong = await set({ schemaName: 'Box', attributes: { '/domain/size': 2, '/domain/text': 5 } });
    expect({ status: wrong.status, reason: wrong.body.reason }).toEqual({ status: 422, reason: 'kind_mismatch' });
    expect((await set({ attributes: {} })).status).toBe(422);
    expect((await set({ attributes: { '/domain/size': 2 } }, { 'if-match': '"0"' })).status).toBe(412);
    expect(await house.call('change_set.get', { changeSet: cs })).toEqual(before);
    const head = { body: { queryString: 'nobody', attributes: { '/domain/size': 2 } } };
    expect((await house.ask('POST', '~/change-sets/HEAD/components/bulk-set', head)).status).toBe(400);
  });

  test('views are made, filled, arranged, renamed and removed', async () => {
    const { view } = await house.must('POST', at('/views'), { body: { name: 'Mine' } });
    await house.must('POST', at(`/views/${view}/components/${a}`));
    const geometry = { x: 1, y: 2, width: null, height: 30 };
    await house.must('PUT', at(`/views/${view}/components/${a}/geometry`), { body: { geometry } });
    await house.must('POST', at(`/views/Mine/components/${b}`));
    const seen = await house.must('GET', at('/views/Mine?limit=1'));
    expect(seen).toMatchObject({ id: view, name: 'Mine', isDefault: false });
    expect(seen.components).toMatchObject({ items: [{ id: a, geometry }], nextCursor: a });
    const rest = await house.must('GET', at(`/views/Mine?cursor=${a}`));
    expect(rest.components).toMatchObject({ items: [{ id: b, geometry: null }], nextCursor: null });
    await house.must('PATCH', at(`/views/${view}`), { body: { name: 'Ours' } });
    await house.must('DELETE', at(`/views/${view}/components/${a}`));
    const { views } = await house.must('GET', at('/views'));
    expect(views.map((v: { name: string }) => v.name).sort()).toEqual(['DEFAULT', 'Ours']);
    const removed = await house.ask('DELETE', at(`/views/${view}`));
    expect(removed.headers.get('etag')).toBe(`"${removed.body.version}"`);
    expect((await house.ask('GET', at('/views/Ours'))).status).toBe(404);
    expect((await house.ask('POST', '~/change-sets/HEAD/views', { body: { name: 'x' } })).status).toBe(400);
  });

  test('drift and resources are asked for, and refused as the engine refuses them', async () => {
    expect((await house.must('GET', at('/drift'))).components.items).toEqual([]);
    expect((await house.ask('POST', at('/drift/accept'), { body: {} })).status).toBe(422);
    expect((await house.ask('POST', at('/drift/enforce'), { body: { component: 'nobody' } })).status).toBe(404);
    expect((await house.ask('POST', at('/resources/list'), { body: { schema: 'Nope' } })).status).toBe(404);
    expect((await house.ask('POST', at('/resources/import'), { body: { schema: 'Box' } })).status).toBe(422);
  });
});
