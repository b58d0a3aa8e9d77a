// People at the HTTP API: what several tests of it need of members, tokens of others, and what a change set is at.

import type { Json } from '../../src/base/json.ts';
import { must } from '../../src/base/result.ts';
import { callOperation } from '../../src/engine/operations.ts';
import type { IssuedToken } from '../../src/engine/tokens.ts';
import type { HttpHouse } from './house.ts';

type Params = { readonly [name: string]: Json | undefined };

/** A token of somebody, made by themselves at the machine. */
export async function tokenOf(house: HttpHouse, user: string, more: Params = {}): Promise<string> {
  const call = { engine: house.engine, principal: { id: user, role: 'viewer' } as const, progress: () => {} };
  const params = { workspace: house.workspace, name: `of ${user}`, ...more };
  return (must(await callOperation(call, 'token.create', params)) as IssuedToken).token;
}

/** Ada owns the workspace, Bob approves, Eve edits, Vic looks. */
export async function withPeople(house: HttpHouse): Promise<{ bob: string; eve: string; vic: string }> {
  for (const [member, role] of [
    ['bob', 'approver'],
    ['eve', 'collaborator'],
    ['vic', 'viewer'],
  ] as const)
    await house.call('member.set', { member, role });
  return { bob: await tokenOf(house, 'bob'), eve: await tokenOf(house, 'eve'), vic: await tokenOf(house, 'vic') };
}

const text = { kind: 'string' } as const;

/** `Box`, with functions that make a resource of it without a provider. */
export const boxMutations: readonly Json[] = [
  {
    kind: 'schema.create',
    name: 'Box',
    spec: {
      format: 1,
      domain: {
        kind: 'object',
        properties: { Size: { kind: 'integer' }, Note: text, Tags: { kind: 'map', values: text } },
      },
      resourceValue: { kind: 'object', properties: { Address: text } },
      secrets: { kind: 'object', properties: {} },
      definitions: {},
    },
  },
  ...['create', 'update', 'destroy', 'refresh', 'manual'].flatMap((action): Json[] => [
    {
      kind: 'function.create',
      name: `box-${action}`,
      functionKind: 'action',
      text: `// @idempotent
async function main(input) {
  if (input.properties.domain.Note === 'fails') return { status: 'error', message: 'no such luck' };
  return { status: 'ok', ${action === 'create' ? "resourceId: 'box-1', " : ''}payload: { Address: 'here' } };
}`,
    },
    { kind: 'binding.attach', function: `box-${action}`, schema: 'Box', action },
  ]),
];

/** Makes the edits in a change set of their own; its id. */
export async function proposed(house: HttpHouse, name: string, ...mutations: Json[]): Promise<string> {
  const { id } = await house.call<{ id: string }>('change_set.create', { name });
  if (mutations.length > 0) await house.call('submit', { changeSet: id, mutations });
  return id;
}

/** The same, applied; what that queues is left. */
export async function applied(house: HttpHouse, name: string, ...mutations: Json[]): Promise<string> {
  const changeSet = await proposed(house, name, ...mutations);
  await house.call('change_set.apply', { changeSet, waitMs: 20_000, leaveQueued: true });
  return changeSet;
}

/** What must be the same after a refusal. */
export async function standing(house: HttpHouse, changeSet: string): Promise<unknown> {
  const { status, version, intentRoot, name } = await house.call<Record<string, unknown>>('change_set.get', {
    changeSet,
  });
  const head = await house.call<Record<string, unknown>>('change_set.get', { changeSet: 'HEAD' });
  return { status, version, intentRoot, name, head: head['intentRoot'], headVersion: head['version'] };
}
