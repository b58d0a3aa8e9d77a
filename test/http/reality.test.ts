// Reality over the wire: drift that is accepted or enforced, resources that exist listed and taken over, and how often a
// schema's resources are looked at. The functions tell of a provider that there is none of.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpHouse } from './house.ts';

const definition = `
/** Somebody has changed the first; the second was never in the model. */
const now = (id: string) => ({ ThingId: id, ...(id === 't-1' ? { Size: 7, Mode: 'fast' } : { Size: 2, Mode: 'safe' }) });

export default defineSchema({
  domain: { Size: { kind: 'integer' }, Mode: { kind: 'string' } },
  resource: { ThingId: { kind: 'string' } },
  primaryIdentifier: ['/resource_value/ThingId'],
  actions: {
    make: {
      kind: 'create',
      main: async () => ({ status: 'ok', resourceId: 't-1', payload: { ThingId: 't-1', Size: 1, Mode: 'safe' } }),
    },
    look: {
      kind: 'refresh',
      main: async ({ properties }) => ({ status: 'ok', payload: now(properties.si.resourceId!) }),
    },
    all: {
      kind: 'list',
      main: async () => ({
        status: 'ok',
        resources: [{ resourceId: 't-2', payload: now('t-2') }],
      }),
    },
  },
});`;

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
  const at = await opened('things');
  await house.must('POST', `${at}/schemas`, { body: { name: 'Thing', code: definition } });
  const attributes = { '/domain/Size': 1, '/domain/Mode': 'safe' };
  await house.must('POST', `${at}/components`, { body: { schemaName: 'Thing', name: 'one', attributes } });
  await house.call('change_set.apply', { changeSet: at.split('/')[2]!, waitMs: 20_000 });
  await house.call('action.run', { waitMs: 20_000 });
  await house.call('action.request', { component: 'one' });
  await house.call('action.run', { waitMs: 20_000 });
}, 60_000);
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

async function opened(changeSetName: string): Promise<string> {
  return `~/change-sets/${(await house.must('POST', '~/change-sets', { body: { changeSetName } })).changeSet.id}`;
}
const root = async (at: string) =>
  (await house.call<{ intentRoot: string }>('change_set.get', { changeSet: at.split('/')[2]! })).intentRoot;
const attributesOf = async (at: string, name: string) =>
  (await house.must('GET', `${at}/components/find?component=${name}`)).component.attributes;

test('drift is accepted at one place and enforced at another, in a change set', async () => {
  const at = await opened('drift');
  const accepted = await house.must('POST', `${at}/drift/accept`, {
    body: { component: 'one', paths: ['/domain/Size'] },
  });
  expect(accepted).toMatchObject({ accepted: [{ name: 'one', path: '/domain/Size' }] });
  expect(await attributesOf(at, 'one')).toMatchObject({ '/domain/Size': 7, '/domain/Mode': 'safe' });
  const enforced = await house.must('POST', `${at}/drift/enforce`, {
    body: { component: 'one', paths: ['/domain/Mode'] },
  });
  expect(enforced).toMatchObject({ enforced: [{ name: 'one', path: '/domain/Mode' }] });
  const before = await root(at);
  for (const what of ['accept', 'enforce']) {
    const { status, body } = await house.ask('POST', `${at}/drift/${what}`, { body: {} });
    expect({ status, reason: body.reason }).toEqual({ status: 422, reason: 'request_malformed' });
  }
  expect(await root(at)).toBe(before);
});

test('resources that exist are listed, and taken over as components', async () => {
  const at = await opened('resources');
  const before = await root(at);
  const page = await house.must('POST', `${at}/resources/list`, { body: { schema: 'Thing' } });
  expect(page.resources).toMatchObject([{ resourceId: 't-2' }]);
  expect(await root(at)).toBe(before);
  const body = { schema: 'Thing', resourceIds: ['t-2'], names: { 't-2': 'two' } };
  const taken = await house.must('POST', `${at}/resources/import`, { body });
  expect(taken).toMatchObject({ imported: [{ resourceId: 't-2', name: 'two' }] });
  expect(await attributesOf(at, 'two')).toMatchObject({ '/domain/Size': 2, '/domain/Mode': 'safe' });
  const after = await root(at);
  const { status, body: said } = await house.ask('POST', `${at}/resources/import`, { body: { schema: 'Thing' } });
  expect({ status, reason: said.reason }).toEqual({ status: 422, reason: 'request_malformed' });
  expect(await root(at)).toBe(after);
});

test('how often resources are looked at is said for a schema', async () => {
  const { schemaId } = await house.must('GET', '~/change-sets/HEAD/schemas/find?schema=Thing');
  const set = (everyMs: number | null) => house.ask('PUT', `~/schemas/${schemaId}/refresh`, { body: { everyMs } });
  for (const everyMs of [3_600_000, 0, null])
    expect(await set(everyMs)).toMatchObject({ status: 200, body: { success: true } });
  const { status, body } = await set(-1);
  expect({ status, reason: body.reason }).toEqual({ status: 422, reason: 'request_malformed' });
});
