// Workspaces as their users see them: listed as far as somebody is let in, made, described, removed and brought back. Making one
// takes several writes: before the last of them it is there with less said of it and without members, which makes it one of
// the installation; nobody was told that it is there.

import { isAlone } from '../access/approval.ts';
import type { Principal, Role } from '../access/role.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import { noteOnHead } from './audit.ts';
import { type About, checkWorkspaceName, type Listed, nameTaken, noWorkspace } from './directory.ts';
import type { Engine, WorkspaceLine } from './engine.ts';
import { setMember, storedMembers } from './members.ts';
import { denied, overAll, permit } from './permit.ts';
import type { Workspace } from './workspace.ts';

/** A workspace as it is told to one of those who are let in. */
export interface WorkspaceView extends WorkspaceLine {
  readonly description: string;
  readonly instanceUrl: string | null;
  /** The one that people start in. */
  readonly isDefault: boolean;
  readonly createdAtMs: number;
  readonly createdBy: string;
  /** Of who asks; null: of nobody that asks here. */
  readonly role: Role | null;
  /** There is somebody else who could approve. */
  readonly approvalsEnabled: boolean;
}

/** What may be said of a workspace. */
export interface Saying {
  readonly name?: string;
  readonly description?: string;
  readonly instanceUrl?: string | null;
  readonly isDefault?: boolean;
}

/** Those that the caller is let in to or may know of, in the order in which they were made. */
export async function listWorkspaces(engine: Engine, principal: Principal): Promise<readonly WorkspaceView[]> {
  const views = (await engine.directory.list()).map((listed) => viewOf(engine, listed, principal));
  // Who has the whole installation knows of those, too, that belong to others.
  const knowsAll = principal.token === undefined || principal.reach === 'installation';
  return (await Promise.all(views)).filter((v) => knowsAll || v.role !== null);
}

/** Of a workspace that the caller has been let in to. */
export async function describeWorkspace(engine: Engine, w: Workspace, principal: Principal): Promise<WorkspaceView> {
  const listed = (await engine.directory.list()).find((l) => l.row.id === w.id);
  if (listed === undefined) return must(noWorkspace(w.id));
  return viewOf(engine, listed, principal);
}

async function viewOf(engine: Engine, { row, name, about }: Listed, principal: Principal): Promise<WorkspaceView> {
  const members = await storedMembers({ id: row.id, store: engine.store });
  const head = await engine.store.findChangeSet(row.id, row.head);
  const times = (await engine.directory.list()).map((l) => l.about.defaultSinceMs ?? 0);
  const member = members.find((m) => m.id === principal.id && m.active);
  const { token, reach, home } = principal;
  const comesIn = token === undefined || reach !== 'workspace' || home === row.id;
  const isOpen = members.length === 0 && (reach === 'installation' || home === row.id);
  const role = token === undefined && members.length === 0 ? principal.role : isOpen ? 'owner' : member?.role;
  return {
    id: row.id,
    name,
    head: row.head,
    description: about.description,
    instanceUrl: about.instanceUrl,
    isDefault: about.defaultSinceMs !== null && about.defaultSinceMs === Math.max(...times),
    createdAtMs: row.createdAtMs,
    createdBy: head?.createdBy ?? '',
    role: (comesIn ? role : undefined) ?? null,
    approvalsEnabled: !isAlone(members),
  };
}

/**
 * Makes a workspace. `withOwner`: whoever makes it is its first member. Refuses `access_denied`, `request_malformed`,
 * `name_taken`.
 */
export async function makeWorkspace(
  engine: Engine,
  principal: Principal,
  { name, withOwner, ...more }: Saying & { readonly name: string; readonly withOwner: boolean },
): Promise<Result<{ readonly workspace: Workspace; readonly owner: Principal }>> {
  const owner = overAll(principal);
  if (!owner.ok) return owner;
  const said = saidOf(engine, more);
  if (!said.ok) return said;
  const made = await engine.createWorkspace(owner.value, name);
  if (!made.ok) return made;
  const { workspace } = must(await engine.workspace(made.value.id));
  if (Object.keys(said.value).length > 0) await engine.directory.say(workspace.id, said.value);
  if (withOwner) must(await setMember(workspace, owner.value, { id: principal.id, role: 'owner' }));
  return ok({ workspace, owner: owner.value });
}

/** Says more of a workspace, or calls it otherwise. Refuses `access_denied`, `request_malformed`, `name_taken`. */
export async function updateWorkspace(
  engine: Engine,
  w: Workspace,
  principal: Principal,
  saying: Saying,
): Promise<Result<void>> {
  const may = await permit(w, principal, 'manage', {
    operation: 'change what is said of the workspace',
    subject: w.id,
  });
  if (!may.ok) return may;
  const said = saidOf(engine, saying);
  if (!said.ok) return said;
  const others = (await engine.directory.list()).filter((l) => l.row.id !== w.id);
  if (others.some((l) => l.name === saying.name)) return nameTaken(saying.name!);
  const sentence = `change ${Object.keys(saying).join(', ')} of the workspace`;
  await noteOnHead(w, principal.id, { kind: 'workspace.update', subject: w.id, path: '', sentence });
  await engine.directory.say(w.id, said.value);
  return ok(undefined);
}

function saidOf(engine: Engine, { name, description, instanceUrl, isDefault }: Saying): Result<Partial<About>> {
  const checked = name === undefined ? ok('') : checkWorkspaceName(name);
  if (!checked.ok) return checked;
  const long = [description, instanceUrl].find((text) => (text?.length ?? 0) > textCharsMax);
  if (long != null) {
    return refuse('limit_exceeded', {
      path: long === description ? 'description' : 'instanceUrl',
      expected: `at most ${textCharsMax} characters`,
      got: String(long.length),
      hint: 'say it in fewer words',
    });
  }
  return ok({
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(instanceUrl === undefined ? {} : { instanceUrl }),
    ...(isDefault === undefined ? {} : { defaultSinceMs: isDefault ? engine.world.clock.nowMs() : null }),
  });
}

const textCharsMax = 4_096;

/** Takes a workspace out of use; all of it stays. For an owner of it who may remove workspaces. Refuses `access_denied`. */
export async function removeWorkspace(engine: Engine, w: Workspace, principal: Principal): Promise<Result<void>> {
  const tried = { operation: 'remove the workspace', subject: w.id };
  const may = await permit(w, principal, 'maintain', tried);
  if (!may.ok) return may;
  const all = overAll(principal);
  if (!all.ok) return denied(w, principal, tried, all);
  await noteOnHead(w, principal.id, {
    kind: 'workspace.remove',
    subject: w.id,
    path: '',
    sentence: 'remove the workspace',
  });
  await engine.remove(w, principal.id);
  return ok(undefined);
}

/** Brings a removed workspace back. Refuses `access_denied`, `workspace_not_found`, `name_taken` by one made since. */
export async function restoreWorkspace(engine: Engine, principal: Principal, id: string): Promise<Result<Workspace>> {
  const may = overAll(principal);
  if (!may.ok) return may;
  const all = await engine.directory.all();
  const removed = all.find((l) => l.row.id === id && l.about.removed !== null);
  if (removed === undefined) return noWorkspace(id);
  if (all.some((l) => l.about.removed === null && l.name === removed.name)) return nameTaken(removed.name);
  await engine.bringBack(removed.row.id);
  const { workspace } = must(await engine.workspace(removed.row.id));
  const sentence = 'bring the workspace back';
  await noteOnHead(workspace, principal.id, { kind: 'workspace.restore', subject: id, path: '', sentence });
  return ok(workspace);
}
