// A request in Cedar's words: who asks and what it is done to, as entities with the attributes that the schema gives them. Nothing
// is looked up: what a policy may see came with the request.

import type { PolicyResource } from '../../access/policy.ts';
import type { Principal } from '../../access/role.ts';
import { unreachable } from '../../base/result.ts';

type EntityJson = import('@cedar-policy/cedar-wasm/nodejs').EntityJson;

const namespace = 'Headwater';

export function uidOf(kind: PolicyResource['kind'] | 'User' | 'Role' | 'Action', id: string) {
  return { type: `${namespace}::${kind}`, id };
}

export function entitiesOf(principal: Principal, resource: PolicyResource): EntityJson[] {
  return [userOf(principal), { uid: uidOf(resource.kind, resource.id), attrs: attributesOf(resource), parents: [] }];
}

function userOf({ id, role, isAgent, token, scopes }: Principal): EntityJson {
  return {
    uid: uidOf('User', id),
    attrs: {
      id,
      role,
      isAgent: isAgent === true,
      ...(token === undefined ? {} : { token }),
      ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    },
    parents: [uidOf('Role', role)],
  };
}

function attributesOf(resource: PolicyResource): EntityJson['attrs'] {
  const { id, name } = resource;
  switch (resource.kind) {
    case 'ChangeSet':
      return { id, name, isHead: resource.isHead };
    case 'Component':
      return { id, name, schema: resource.schema, views: [...resource.views] };
    case 'Workspace':
    case 'View':
    case 'Schema':
    case 'Function':
      return { id, name };
    default:
      return unreachable(resource);
  }
}
