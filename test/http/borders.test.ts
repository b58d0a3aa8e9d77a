// Nothing crosses workspaces: every operation is tried in a workspace with a token of another, and in one's own with the ids of
// another. The table of routes is the program's own, so that a new one is tried without being named here.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IssuedToken } from '../../src/engine/tokens.ts';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { HttpHouse } from './house.ts';

const ofWorkspaces = routes.filter((r) => r.path.includes('{workspace_id}'));
const ofChangeSets = ofWorkspaces.filter((r) => r.path.includes('{change_set_id}'));

describe('the border of a workspace', () => {
  let house: HttpHouse;
  /** In the other workspace. */
  let other: { readonly workspace: string; readonly token: string; readonly ids: Readonly<Record<string, string>> };
  let outsider: string;

  beforeAll(async () => {
    house = await HttpHouse.open();
    const { id: workspace } = await house.call<{ id: string }>('workspace.create', { name: 'theirs' });
    const { token } = await house.call<IssuedToken>('token.create', { workspace, name: 'theirs' });
    const { id: changeSet } = await house.call<{ id: string }>('change_set.create', { workspace, name: 'theirs' });
    const made = await house.call<{ steps: { subject: string }[] }>('submit', {
      workspace,
      changeSet,
      mutations: [{ kind: 'component.create', schema: 'AWS::EC2::VPC', name: 'theirs' }],
    });
    other = { workspace, token, ids: { change_set_id: changeSet, component_id: made.steps[0]!.subject } };
    outsider = (await house.call<IssuedToken>('token.create', { name: 'ours' })).token;
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  /** What there is in both, to see that nothing moved. */
  const state = async () => {
    const of = async (workspace: string) => [
      await house.call('change_set.list', { workspace, all: true }),
      await house.call('member.list', { workspace }),
      await house.call('secret.list', { workspace }),
    ];
    return JSON.stringify([await of(other.workspace), await of(house.workspace)]);
  };

  const pathOf = (path: string, ids: Readonly<Record<string, string>>): string =>
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? '01ARZ3NDEKTSV4RRFFQ69G5FAV');

  const ask = (method: string, path: string, token: string) => {
    const takesBody = method === 'POST' || method === 'PUT' || method === 'PATCH';
    return house.ask(method, path, { token, ...(takesBody ? { body: {} } : {}) });
  };

  test('is crossed by no operation with a token of another', async () => {
    expect(ofWorkspaces.length).toBeGreaterThan(100);
    const before = await state();
    const letIn: string[] = [];
    for (const r of ofWorkspaces) {
      const ids = { ...other.ids, workspace_id: other.workspace };
      const { status, body } = await ask(r.method, pathOf(r.path, ids), outsider);
      if (status !== 403 || body.reason !== 'access_denied') letIn.push(`${r.id}: ${status} ${JSON.stringify(body)}`);
    }
    expect(letIn).toEqual([]);
    expect(await state()).toBe(before);
  });

  test('is crossed by no id of another', async () => {
    const before = await state();
    const found: string[] = [];
    for (const r of ofChangeSets) {
      const ids = { ...other.ids, workspace_id: house.workspace };
      const { status, body } = await ask(r.method, pathOf(r.path, ids), outsider);
      // What is wrong with a body is told before anything is looked for.
      if (![404, 415, 422].includes(status)) found.push(`${r.id}: ${status} ${JSON.stringify(body)}`);
    }
    expect(found).toEqual([]);
    expect(await state()).toBe(before);
  });
});
