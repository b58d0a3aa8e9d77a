// Workspaces and who is in them. A member's id stands for the e-mail address, which is what people are called by here; an
// inactive member is none to clients of the contract.

import { type Static, Type } from 'typebox';
import type { Member } from '../../../access/member.ts';
import type { Role } from '../../../access/role.ts';
import type { IssuedToken } from '../../../engine/tokens.ts';
import type { WorkspaceView } from '../../../engine/workspaces.ts';
import { anyJson, maybe, shape } from '../model.ts';
import { type Route, type RouteCall, route } from '../route.ts';

const workspace = shape('Workspace', {
  id: Type.String(),
  displayName: Type.String(),
  description: maybe(Type.String()),
  instanceUrl: maybe(Type.String()),
  instanceEnvType: Type.String({ description: 'Always PRIVATE.' }),
  isDefault: Type.Boolean(),
  approvalsEnabled: Type.Boolean({ description: 'There is somebody else who could approve.' }),
  creatorUserId: Type.String(),
  creatorUser: maybe(anyJson),
  externalId: maybe(Type.String()),
  quarantinedAt: maybe(Type.String()),
  role: maybe(Type.String({ description: 'OWNER, APPROVER, EDITOR or VIEWER: of who asks.' })),
  initialApiToken: maybe(shape('InitialApiToken', { token: Type.String(), expiresAt: maybe(Type.String()) })),
});

const member = shape('Member', {
  userId: Type.String(),
  email: Type.String(),
  nickname: Type.String(),
  role: Type.String(),
  signupAt: maybe(Type.String()),
});
const members = Type.Array(member);

const roleNames: Readonly<Record<Role, string>> = {
  owner: 'OWNER',
  approver: 'APPROVER',
  collaborator: 'EDITOR',
  viewer: 'VIEWER',
};
const accessRole = Type.Union([
  Type.Literal('OWNER'),
  Type.Literal('APPROVER'),
  Type.Literal('EDITOR'),
  Type.Literal('VIEWER'),
]);
const roleOf = (name: string): Role =>
  (Object.keys(roleNames) as Role[]).find((r) => roleNames[r] === name) ?? 'viewer';

type View = WorkspaceView & { readonly setupToken?: IssuedToken };

function viewOf({ setupToken, ...w }: View): Static<typeof workspace> {
  return {
    id: w.id,
    displayName: w.name,
    description: w.description,
    instanceUrl: w.instanceUrl,
    instanceEnvType: 'PRIVATE',
    isDefault: w.isDefault,
    approvalsEnabled: w.approvalsEnabled,
    creatorUserId: w.createdBy,
    role: w.role === null ? null : roleNames[w.role],
    ...(setupToken === undefined ? {} : { initialApiToken: { token: setupToken.token, expiresAt: null } }),
  };
}

function membersOf(all: readonly Member[]): Static<typeof members> {
  return all
    .filter((m) => m.active)
    .map(({ id, role }) => ({ userId: id, email: id, nickname: id.split('@')[0]!, role: roleNames[role] }));
}

const root = '/management/workspaces';
const one = `${root}/{workspace_id}`;
/** What the contract answers 400. */
const badRequest = { request_malformed: 400, limit_exceeded: 400, name_taken: 400 } as const;

type Call = Pick<RouteCall<unknown, unknown>, 'operation'>;
const changed = async (call: Call, name: string, params: Record<string, string>) =>
  membersOf(await call.operation<Member[]>(name, params));

export const workspaceRoutes: readonly Route[] = [
  route({
    id: 'WorkspaceManagement.listWorkspaces',
    method: 'GET',
    path: root,
    summary: 'The workspaces that the caller may know of.',
    answers: { 200: Type.Array(workspace) },
    handle: async ({ operation }) => (await operation<View[]>('workspace.list')).map(viewOf),
  }),
  route({
    id: 'WorkspaceManagement.createWorkspace',
    method: 'POST',
    path: root,
    summary: 'Makes a workspace; the caller is its owner.',
    description:
      'Takes a token of the installation. The answer may have a token and is not kept to be repeated: one whose answer was lost ' +
      'is found by its name, which no second workspace gets.',
    body: shape('CreateWorkspaceRequest', {
      displayName: Type.String(),
      description: Type.String(),
      instanceUrl: Type.String(),
      isDefault: Type.Optional(Type.Boolean()),
      createSetupToken: maybe(Type.Boolean({ description: 'The answer has a token for it.' })),
    }),
    repeats: 'none',
    statuses: badRequest,
    answers: { 200: workspace },
    handle: async ({ body, operation }) => {
      const { displayName, description, instanceUrl, isDefault, createSetupToken } = body;
      const given = { name: displayName, description, instanceUrl, ...(isDefault === true ? { isDefault } : {}) };
      const setupToken = createSetupToken === true;
      return viewOf(await operation<View>('workspace.create', { ...given, withOwner: true, setupToken }));
    },
  }),
  route({
    id: 'WorkspaceManagement.getWorkspace',
    method: 'GET',
    path: one,
    summary: 'One workspace.',
    answers: { 200: workspace },
    handle: async ({ operation }) => viewOf(await operation<View>('workspace.get')),
  }),
  route({
    id: 'WorkspaceManagement.updateWorkspace',
    method: 'PATCH',
    path: one,
    summary: 'Says something else of a workspace.',
    body: shape('UpdateWorkspaceRequest', {
      displayName: maybe(Type.String()),
      description: maybe(Type.String()),
      instanceUrl: maybe(Type.String()),
    }),
    statuses: badRequest,
    answers: { 200: workspace },
    handle: async ({ body, operation }) => {
      const { displayName, description, instanceUrl } = body;
      const given = {
        ...(displayName == null ? {} : { name: displayName }),
        ...(description == null ? {} : { description }),
        ...(instanceUrl == null ? {} : { instanceUrl }),
      };
      return viewOf(await operation<View>('workspace.update', given));
    },
  }),
  route({
    id: 'WorkspaceManagement.deleteWorkspace',
    method: 'DELETE',
    path: one,
    summary: 'Removes a workspace: it is in no list and refuses everything; what is in it stays.',
    // Who asks again finds it removed.
    repeats: 'none',
    answers: { 204: null },
    handle: async ({ operation }) => {
      await operation('workspace.remove');
    },
  }),
  route({
    id: 'WorkspaceManagement.restoreWorkspace',
    method: 'POST',
    path: `${one}/restore`,
    summary: 'Brings a removed workspace back. Takes a token of the installation.',
    entrance: 'bearer',
    repeats: 'none',
    answers: { 200: workspace },
    handle: async ({ params, operation }) =>
      viewOf(await operation<View>('workspace.restore', { id: params['workspace_id'] })),
  }),
  route({
    id: 'WorkspaceManagement.listMembers',
    method: 'GET',
    path: `${one}/members`,
    summary: 'The members; a workspace without any belongs to who has the installation.',
    answers: { 200: members },
    handle: (call) => changed(call, 'member.list', {}),
  }),
  route({
    id: 'WorkspaceManagement.inviteMember',
    method: 'POST',
    path: `${one}/members`,
    summary: 'Lets somebody in, as an editor.',
    body: shape('InviteMemberRequest', { email: Type.String() }),
    statuses: badRequest,
    answers: { 200: members },
    handle: (call) => changed(call, 'member.invite', { member: call.body.email }),
  }),
  route({
    id: 'WorkspaceManagement.removeMember',
    method: 'DELETE',
    path: `${one}/members`,
    summary: 'Takes a member out.',
    body: shape('RemoveMemberRequest', { email: Type.String() }),
    statuses: { ...badRequest, last_owner: 400 },
    answers: { 200: members },
    handle: (call) => changed(call, 'member.remove', { member: call.body.email }),
  }),
  route({
    id: 'WorkspaceManagement.updateMemberRole',
    method: 'POST',
    path: `${one}/update_member_access`,
    summary: 'Gives a member another role.',
    body: shape('UpdateMemberRoleRequest', { userId: Type.String(), role: accessRole }),
    statuses: { ...badRequest, last_owner: 400 },
    answers: { 200: members },
    handle: (call) => changed(call, 'member.role', { member: call.body.userId, role: roleOf(call.body.role) }),
  }),
  route({
    id: 'WorkspaceManagement.leaveWorkspace',
    method: 'DELETE',
    path: `${one}/leave`,
    summary: 'Takes oneself out.',
    // Whoever asks again is let in no more.
    repeats: 'none',
    statuses: { last_owner: 403 },
    answers: { 200: members },
    handle: (call) => changed(call, 'member.leave', {}),
  }),
];
