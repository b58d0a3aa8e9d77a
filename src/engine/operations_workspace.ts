// The operations on workspaces and on who is in them, by name, with plain JSON in and out. Setting a member as a whole is with
// the budgets in operations.ts; here people are invited, given another role, and leave.

import { ok } from '../base/result.ts';
import { changeRole, inviteMember, leave } from './members.ts';
import { type Handler, inWorkspace, type Params, text } from './operation.ts';
import { newTokenSecret } from './operations_token.ts';
import { issueToken } from './tokens.ts';
import {
  describeWorkspace,
  listWorkspaces,
  makeWorkspace,
  removeWorkspace,
  restoreWorkspace,
  type Saying,
  updateWorkspace,
} from './workspaces.ts';

export const workspaceOperations = {
  /** Those that the caller is let in to. */
  'workspace.list': async (c) => ok(await listWorkspaces(c.engine, c.principal)),
  /**
   * `name`; optional `description`, `instanceUrl`, `isDefault`. `withOwner`: the caller is its first member. `setupToken`: the
   * answer has a token of the caller for it, which is not shown again.
   */
  'workspace.create': async (c, p) => {
    const made = await makeWorkspace(c.engine, c.principal, {
      ...saying(p),
      name: text(p, 'name'),
      withOwner: p['withOwner'] === true,
    });
    if (!made.ok) return made;
    const { workspace, owner } = made.value;
    const view = await describeWorkspace(c.engine, workspace, owner);
    if (p['setupToken'] !== true) return ok(view);
    const token = await issueToken(workspace, owner, newTokenSecret(), { name: 'set-up' });
    return token.ok ? ok({ ...view, setupToken: token.value }) : token;
  },
  'workspace.get': (c, p) => inWorkspace(c, p, async (w) => ok(await describeWorkspace(c.engine, w, c.principal))),
  /** What is given of `name`, `description`, `instanceUrl` and `isDefault`. */
  'workspace.update': (c, p) => {
    // Its name from now on; `workspace` says which one it is.
    return inWorkspace(c, p, async (w) => {
      const done = await updateWorkspace(c.engine, w, c.principal, saying(p));
      return done.ok ? ok(await describeWorkspace(c.engine, w, c.principal)) : done;
    });
  },
  /** It is in no list any more and refuses everything; all of it stays. */
  'workspace.remove': (c, p) =>
    inWorkspace(c, { ...p, workspace: text(p, 'workspace') }, (w) => removeWorkspace(c.engine, w, c.principal)),
  /** `id`: of one that was removed. */
  'workspace.restore': async (c, p) => {
    const back = await restoreWorkspace(c.engine, c.principal, text(p, 'id'));
    return back.ok ? ok(await describeWorkspace(c.engine, back.value, c.principal)) : back;
  },

  'member.invite': (c, p) => inWorkspace(c, p, (w) => inviteMember(w, c.principal, text(p, 'member'))),
  'member.role': (c, p) =>
    inWorkspace(c, p, (w) => changeRole(w, c.principal, { id: text(p, 'member'), role: text(p, 'role') })),
  'member.leave': (c, p) => inWorkspace(c, p, (w) => leave(w, c.principal)),
} satisfies Record<string, Handler>;

function saying(p: Params): Saying {
  const { isDefault, instanceUrl } = p;
  return {
    ...(p['name'] === undefined ? {} : { name: text(p, 'name') }),
    ...(p['description'] === undefined ? {} : { description: text(p, 'description') }),
    ...(instanceUrl === undefined ? {} : { instanceUrl: instanceUrl === null ? null : text(p, 'instanceUrl') }),
    ...(isDefault === undefined ? {} : { isDefault: isDefault === true }),
  };
}
