// Statuses that the contract lists and that no other test comes across, each reached for real: who is not let in anywhere, a
// store that has failed, and operation by operation what the other tests have no reason to ask for. That nothing that is
// listed is left unreached is asked at the end of the suite (scripts/statuses.mjs); that this asks rightly is tested here.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listedStatuses, wrongStatuses } from '../../scripts/statuses.mjs';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { operations } from './contract.ts';
import { type Answered, type Asking, HttpHouse } from './house.ts';
import { tokenOf } from './office.ts';

const nowhere = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const takesBody = (method: string) => ['POST', 'PUT', 'PATCH'].includes(method);

function pathOf(path: string, ids: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? nowhere);
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly version: number;
  readonly intentRoot: string;
}

/** All that a refusal must leave as it was. That somebody was refused may be written down. */
async function state(house: HttpHouse): Promise<string> {
  const rows = await house.call<Row[]>('change_set.list', { all: true });
  const changeSets = rows.map(({ id, name, status, version, intentRoot }) => [id, name, status, version, intentRoot]);
  const lists: unknown[] = [changeSets];
  for (const operation of ['workspace.list', 'member.list', 'secret.list']) lists.push(await house.call(operation));
  return JSON.stringify(lists);
}

describe('who has no token that is good', () => {
  let house: HttpHouse;
  let ids: Readonly<Record<string, string>>;
  let revoked: string;
  let before: string;

  beforeAll(async () => {
    house = await HttpHouse.open({ requestsPerMinuteMax: 10_000_000 });
    const { id: change_set_id } = await house.call<{ id: string }>('change_set.create', { name: 'open' });
    const made = await house.call<{ steps: { subject: string }[] }>('submit', {
      changeSet: change_set_id,
      mutations: [{ kind: 'component.create', schema: 'AWS::EC2::VPC', name: 'net' }],
    });
    const token = await house.must('POST', '~/tokens', { body: { name: 'short' } });
    await house.must('DELETE', `~/tokens/${token.line.id}`);
    revoked = token.token;
    ids = { workspace_id: house.workspace, change_set_id, component_id: made.steps[0]!.subject };
    before = await state(house);
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  const guarded = routes.filter((r) => r.entrance !== 'public');

  test('that is every operation for which the contract lists 401, but the first page', () => {
    const listed = Object.keys(operations).filter((id) => operations[id]!.statuses['401'] !== undefined);
    const free = listed.filter((id) => !guarded.some((r) => r.id === id));
    expect(free).toEqual(['Root.systemStatusRoute']);
  });

  for (const r of guarded) {
    test(`is answered 401 by ${r.id}, and nothing is done`, async () => {
      const wrong = `${house.token.slice(0, -3)}abc`;
      for (const token of [null, 'x', wrong, revoked]) {
        const asking = { token, ...(takesBody(r.method) ? { body: {} } : {}) };
        const { status, body, headers } = await house.ask(r.method, pathOf(r.path, ids), asking);
        expect({ status, reason: body.reason }).toEqual({ status: 401, reason: 'token_invalid' });
        expect(headers.get('www-authenticate')).toBe('Bearer');
      }
      expect(await state(house)).toBe(before);
    });
  }
});

describe('a store that has failed', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open();
    await house.engine.close();
  });
  afterAll(async () => {
    await house.close();
  });

  const newWorkspace = { displayName: 'more', description: '', instanceUrl: '' };

  for (const path of ['/', '/readyz']) {
    test(`is told by ${path} as 503`, async () => {
      const { status, body } = await house.ask('GET', path, { token: null });
      expect({ status, reason: body.reason }).toEqual({ status: 503, reason: 'store_failed' });
      expect(house.bugs).toEqual([]);
    });
  }

  test('is told by every other operation as 500, and to who runs the server', async () => {
    const failing = Object.entries(operations).filter(([, o]) => o.statuses['500'] !== undefined);
    expect(failing.length).toBeGreaterThan(70);
    for (const [id, o] of failing) {
      const heard = house.bugs.length;
      // In a workspace that has to be looked for: what is in memory goes on being told.
      const body = id === 'WorkspaceManagement.createWorkspace' ? newWorkspace : {};
      const answer = await house.ask(o.method, pathOf(o.path, {}), takesBody(o.method) ? { body } : {});
      expect({ id, status: answer.status, reason: answer.body.reason }).toEqual({
        id,
        status: 500,
        reason: 'store_failed',
      });
      expect(house.bugs.length).toBe(heard + 1);
    }
    expect((await house.ask('GET', '/healthz', { token: null })).status).toBe(200);
  });
});

describe('each operation', () => {
  let house: HttpHouse;
  /** Head has what the tests are about; this change set is open. */
  let cs: string;
  /** Names the schema and the variant, locked, that have a function of each kind, and those functions. */
  let closed: { schema: string; variant: string; funcs: Readonly<Record<string, string>> };
  let catalogued: string;
  let outsider: string;

  beforeAll(async () => {
    house = await HttpHouse.open();
    const { id } = await house.call<{ id: string }>('change_set.create', { name: 'base' });
    const spec = { format: 1, domain: { kind: 'object', properties: { size: { kind: 'integer' } } } };
    const box = (name: string) => ({ kind: 'component.create', schema: 'Box', name });
    const mutations = [
      { kind: 'schema.create', name: 'Box', spec },
      { kind: 'view.create', name: 'Other' },
      ...['one', 'two', 'twin', 'twin'].map(box),
    ];
    await house.call('submit', { changeSet: id, mutations });
    const code = `function main() {
  const url = new PropBuilder().setName('url').setKind('string').build();
  return new AssetBuilder().addProp(url).build();
}`;
    const at = `~/change-sets/${id}/schemas`;
    const { schemaId: schema, defaultVariantId: variant } = await house.must('POST', at, {
      body: { name: 'Acme::Closed', code },
    });
    const funcs: Record<string, string> = {};
    for (const kind of kinds)
      funcs[kind] = (
        await house.must('POST', `${at}/${schema}/variant/${variant}/funcs/${kind}`, { body: functionOf(kind, 'own') })
      ).funcId;
    closed = { schema, variant, funcs };
    await house.call('change_set.apply', { changeSet: id });
    cs = (await house.call<{ id: string }>('change_set.create', { name: 'work' })).id;
    catalogued = (await house.must('GET', `~/change-sets/${cs}/schemas/find?schema=AWS::EC2::VPC`)).schemaId;
    await house.call('member.set', { member: 'ada', role: 'owner' });
    await house.call('member.set', { member: 'eve', role: 'collaborator' });
    outsider = await tokenOf(house, 'eve');
    await house.call('member.remove', { member: 'eve' });
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  const kinds = ['action', 'attribute', 'authentication', 'codegen', 'management', 'qualification'] as const;
  type Kind = (typeof kinds)[number];
  const functionOf = (kind: Kind, name: string) => ({
    name: `${kind} ${name}`,
    code: "function main() { return { status: 'ok' }; }",
    ...(kind === 'action' ? { kind: 'Create' } : {}),
    ...(kind === 'attribute' ? { propId: '/domain/url', argumentBindings: [] } : {}),
    ...(kind === 'authentication' ? {} : { skipOverlay: true }),
  });
  const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);

  const inWork = (path: string) => `~/change-sets/${cs}${path}`;
  const other = `/management/workspaces/${nowhere}`;
  const ask = (method: string, path: string, asking: Asking = {}) => house.ask(method, path, asking);
  const packed = async () => {
    const form = new FormData();
    form.set('pkg_spec', JSON.stringify(await house.must('GET', inWork(`/schemas/${closed.schema}/package`))));
    return form;
  };

  interface Case {
    readonly of: string;
    readonly status: number;
    readonly reason: string;
    /** What for. */
    readonly why: string;
    readonly ask: () => Promise<Answered>;
  }

  const single: readonly Case[] = [
    {
      of: 'Components.addToView',
      status: 409,
      reason: 'idempotency_key_reused',
      why: 'a key that was given to another request',
      ask: () =>
        ask('POST', inWork('/components/add_to_view'), {
          body: { componentIds: ['one'], viewName: 'Other' },
          headers: { 'idempotency-key': 'used' },
        }),
    },
    {
      of: 'Components.executeManagementFunction',
      status: 412,
      reason: 'ambiguous_name',
      why: 'a name that two components have',
      ask: () =>
        ask('POST', inWork('/components/twin/execute-management-function'), {
          body: { managementFunction: { function: 'management own' } },
        }),
    },
    {
      of: 'Components.getComponentResource',
      status: 412,
      reason: 'ambiguous_name',
      why: 'a name that two components have',
      ask: () => ask('GET', inWork('/components/twin/resource')),
    },
    {
      of: 'Schemas.installFromFile',
      status: 400,
      reason: 'head_is_read_only',
      why: 'Head',
      ask: async () => ask('POST', '~/change-sets/HEAD/schemas/install_from_file', { form: await packed() }),
    },
    {
      of: 'Schemas.installSchema',
      status: 422,
      reason: 'request_malformed',
      why: 'a version that is none',
      ask: () => ask('POST', inWork(`/schemas/${catalogued}/install?baseVersion=new`)),
    },
    {
      of: 'Schemas.unlockSchema',
      status: 422,
      reason: 'request_malformed',
      why: 'a version that is none',
      ask: () => ask('POST', inWork(`/schemas/${closed.schema}/unlock`), { headers: { 'if-match': 'new' } }),
    },
    {
      of: 'Schemas.updateSchemaVariant',
      status: 404,
      reason: 'schema_not_found',
      why: 'a variant that is nowhere',
      ask: () =>
        ask('PUT', inWork(`/schemas/${closed.schema}/variant/${nowhere}`), {
          body: { name: 'Acme::Closed', code: '', category: 'Acme' },
        }),
    },
    {
      of: 'Whoami.whoami',
      status: 403,
      reason: 'access_denied',
      why: 'who is no member any more',
      ask: () => ask('GET', '/whoami', { token: outsider }),
    },
    {
      of: 'WorkspaceManagement.inviteMember',
      status: 404,
      reason: 'workspace_not_found',
      why: 'a workspace that is nowhere',
      ask: () => ask('POST', `${other}/members`, { body: { email: 'eve@x.example' } }),
    },
    {
      of: 'WorkspaceManagement.updateWorkspace',
      status: 404,
      reason: 'workspace_not_found',
      why: 'a workspace that is nowhere',
      ask: () => ask('PATCH', other, { body: { displayName: 'x' } }),
    },
  ];

  const ofKinds = kinds.flatMap((kind): Case[] => {
    const variant = (schema: string) => inWork(`/schemas/${schema}/variant/${closed.variant}/funcs/${kind}`);
    const add = (schema: string) => ask('POST', variant(schema), { body: functionOf(kind, 'more') });
    const detach = (func: string) => ask('DELETE', `${variant(closed.schema)}/${func}`);
    const creates = `Schemas.createVariant${capital(kind)}`;
    const detaches = `Schemas.detach${capital(kind)}FuncBinding`;
    const locked = { status: 412, reason: 'locked', why: 'a variant that is locked' };
    const gone = { status: 404, reason: 'schema_not_found', why: 'a schema that is nowhere' };
    const unbound = { status: 404, reason: 'binding_not_found', why: 'a function that is nowhere' };
    return [
      { of: creates, ...gone, ask: () => add(nowhere) },
      { of: creates, ...locked, ask: () => add(closed.schema) },
      { of: detaches, ...unbound, ask: () => detach(nowhere) },
      { of: detaches, ...locked, ask: () => detach(closed.funcs[kind]!) },
    ];
  });

  test('answers a key once, for the case below', async () => {
    const headers = { 'idempotency-key': 'used' };
    const { status } = await ask('POST', inWork('/components/add_to_view'), {
      body: { componentIds: ['two'], viewName: 'Other' },
      headers,
    });
    expect(status).toBe(204);
  });

  for (const c of [...single, ...ofKinds]) {
    test(`${c.of} answers ${c.status} for ${c.why}, and changes nothing`, async () => {
      const before = await state(house);
      const { status, body } = await c.ask();
      expect({ status, reason: body.reason }).toEqual({ status: c.status, reason: c.reason });
      expect(house.seen).toContain(`${c.of} ${c.status}`);
      expect(operations[c.of]!.statuses[c.status]).not.toBeUndefined();
      expect(await state(house)).toBe(before);
    });
  }
});

describe('the list of what was reached', () => {
  const listed = listedStatuses(routes);
  const named = { [listed[0]!]: 'cannot be' };
  const rest = new Set(listed.slice(1));

  test('has every status of the contract and of our own routes', () => {
    expect(listed).toContain('ChangeSets.forceApply 428');
    expect(listed).toContain('Events.streamWorkspaceEvents 200');
    expect(new Set(listed.map((one) => one.split(' ')[0]))).toEqual(new Set(routes.map((r) => r.id)));
  });

  test('is wrong when something was not reached, or was and is named as what cannot be', () => {
    expect(wrongStatuses(listed, rest, named)).toEqual([]);
    expect(wrongStatuses(listed, new Set(), {})).toHaveLength(listed.length);
    expect(wrongStatuses(listed, rest, {})).toEqual([`${listed[0]} was not reached.`]);
    expect(wrongStatuses(listed, new Set(listed), named)).toEqual([expect.stringContaining('was reached')]);
    const more = { ...named, 'Nobody.knows 200': 'is listed nowhere' };
    expect(wrongStatuses(listed, rest, more)).toEqual([expect.stringContaining('is listed nowhere')]);
  });
});
