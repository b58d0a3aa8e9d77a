// The built-in policies and the schema of all policies, in Cedar. The roles are policies as a workspace's own are. What they come
// to for each role, permission and token is what `authorise` answers from its table, so that nobody waits for a policy engine
// where a workspace has no policies; a test holds the two together over all combinations.

import { changesOfBounds } from './role.ts';

/** Of principals, actions and resources; published in docs/access.md. */
export const policySchema = `namespace Headwater {
  entity Role;
  entity User in [Role] = {
    id: String,
    role: String,
    isAgent: Bool,
    token?: String,
    scopes?: Set<String>,
  };

  entity Workspace = { id: String, name: String };
  entity ChangeSet = { id: String, name: String, isHead: Bool };
  entity Component = { id: String, name: String, schema: String, views: Set<String> };
  entity View = { id: String, name: String };
  entity Schema = { id: String, name: String };
  entity Function = { id: String, name: String };

  type Asked = { operation: String, permission: String, isOwn: Bool, path?: String };

  action "read" appliesTo {
    principal: [User],
    resource: [Workspace, Component],
    context: Asked,
  };
  action "abandon", "maintain", "approve", "manage" appliesTo {
    principal: [User],
    resource: [Workspace],
    context: Asked,
  };
  action "edit", "apply", "apply:force" appliesTo {
    principal: [User],
    resource: [Workspace, ChangeSet, Component, View, Schema, Function],
    context: Asked,
  };
}
`;

const user = (role: string) => `principal in Headwater::Role::"${role}"`;
const action = (name: string) => `Headwater::Action::"${name}"`;
const editing = ['read', 'edit', 'apply', 'abandon'].map(action).join(', ');

/** By id. */
export const builtInPolicies: Readonly<Record<string, string>> = {
  'role.viewer': `permit(${user('viewer')}, action == ${action('read')}, resource);`,
  'role.collaborator': `permit(${user('collaborator')}, action in [${editing}], resource);`,
  'role.approver': `permit(${user('approver')}, action in [${editing}, ${action('approve')}], resource);`,
  'role.owner': `permit(${user('owner')}, action, resource);`,
  /** Tokens for oneself, leaving, deciding where one is named to. */
  'own.affairs': `permit(principal, action in [${action('approve')}, ${action('manage')}], resource) when { context.isOwn };`,
  'token.scopes':
    'forbid(principal, action, resource) when { principal has scopes && !principal.scopes.contains(context.permission) };',
  'people.force': `forbid(principal, action == ${action('apply:force')}, resource) when { principal.isAgent };`,
  'people.approve': `forbid(principal, action == ${action('approve')}, resource) when { principal.isAgent };`,
  'people.reopen': `forbid(principal, action == ${action('abandon')}, resource)
    when { principal.isAgent && context.operation == "change_set.reopen" };`,
  'people.policies': `forbid(principal, action == ${action('manage')}, resource)
    when { principal.isAgent && ${JSON.stringify(changesOfBounds)}.contains(context.operation) };`,
};
