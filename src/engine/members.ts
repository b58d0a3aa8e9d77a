// Members and budgets of a workspace: read by all who may read, changed by owners. Both are settings of the store, one
// document each. A change is in Head's audit chain before it is made: a crash in between leaves an entry about something
// that did not happen and was not acknowledged, never a change that nobody sees.

import { type Budgets, budgetsFormat, noBudgets, parseBudgets } from '../access/budget.ts';
import {
  type Member,
  membersFormat,
  membersText,
  parseMember,
  parseMembers,
  principalOf,
  withMember,
  withoutMember,
} from '../access/member.ts';
import type { Principal } from '../access/role.ts';
import { type Json, sameJson } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { denied, permit, permitOwn } from './permit.ts';
import { accessChanged, oneAtATime, readSetting, type Setting, type SettingChange, writeSetting } from './setting.ts';
import type { Workspace } from './workspace.ts';

const membersSetting: Setting<readonly Member[]> = { name: 'members', format: membersFormat, parse: parseMembers };
const budgetsSetting: Setting<Budgets> = { name: 'budgets', format: budgetsFormat, parse: parseBudgets };

/** The members in the order they came; none in a workspace without accounts. Of one that is perhaps not in use. */
export async function storedMembers(w: Pick<Workspace, 'id' | 'store'>): Promise<readonly Member[]> {
  return (await readSetting(w, membersSetting)) ?? [];
}

/** Read once: whoever drives the workspace is the only one to change them, and every request asks for them several times. */
const kept = new WeakMap<Workspace, Promise<readonly Member[]>>();

export function readMembers(w: Workspace): Promise<readonly Member[]> {
  if (w.isVisited) return storedMembers(w);
  const before = kept.get(w);
  if (before !== undefined) return before;
  const reading = storedMembers(w);
  kept.set(w, reading);
  // What could not be read is read again by the next.
  reading.catch(() => kept.delete(w));
  return reading;
}

export async function readBudgets(w: Workspace): Promise<Budgets> {
  return (await readSetting(w, budgetsSetting)) ?? noBudgets;
}

/**
 * Who asks, in the role that they have as a member; in a workspace without members as the caller says. Refuses
 * `access_denied` to anybody who is not an active member, audited with what was tried.
 */
export async function actingAs(w: Workspace, caller: Principal, operation: string): Promise<Result<Principal>> {
  const members = await readMembers(w);
  const who = members.length > 0 && isGoodIn(caller, w.id) ? principalOf(members, caller) : without(members, caller, w);
  return who.ok ? who : denied(w, { id: caller.id, role: 'no active member' }, { operation, subject: w.id }, who);
}

/** Whether the caller comes without a token, or with one that reaches the workspace as far as they are let in there. */
function isGoodIn({ token, home, reach }: Principal, workspace: string): boolean {
  return token === undefined || home === workspace || reach !== 'workspace';
}

/** Who asks where no membership says it. */
function without(members: readonly Member[], caller: Principal, w: Workspace): Result<Principal> {
  const { token, home, reach } = caller;
  const isOpen = token === undefined || home === w.id || reach === 'installation';
  return members.length === 0 && isOpen ? ok(caller) : outOfReach(caller.id, w.id);
}

/** Refuses `access_denied` to a token that is not good in a workspace, by its id. */
export function outOfReach(user: string, workspace: string): Result<never> {
  return refuse('access_denied', {
    path: 'workspace',
    expected: 'a token that is good in this workspace',
    got: `one of ${user} that is not good in ${workspace}`,
    hint: 'use a token of that workspace',
  });
}

/**
 * Adds a member or changes one; answers the members. The first of a workspace brings whoever adds them along, as owner.
 * Refuses `access_denied`, `request_malformed`, `limit_exceeded`, `last_owner`.
 */
export async function setMember(
  w: Workspace,
  principal: Principal,
  given: unknown,
): Promise<Result<readonly Member[]>> {
  const may = await permit(w, principal, 'manage', { operation: 'set a member', subject: w.id });
  if (!may.ok) return may;
  const parsed = parseMember(given);
  if (!parsed.ok) return parsed;
  const member = parsed.value;
  return changeMembers(w, principal, {
    kind: 'member.set',
    subject: member.id,
    sentence: `set member ${member.id} to ${member.role}${member.active ? '' : ', inactive'}`,
    change: (members) => withMember(members, member),
  });
}

/** Refuses `access_denied`, `member_not_found`, `last_owner`. */
export async function removeMember(w: Workspace, principal: Principal, id: string): Promise<Result<readonly Member[]>> {
  const may = await permit(w, principal, 'manage', { operation: 'remove a member', subject: w.id });
  if (!may.ok) return may;
  return changeMembers(w, principal, {
    kind: 'member.remove',
    subject: id,
    sentence: `remove member ${id}`,
    change: (members) => withoutMember(members, id),
  });
}

/**
 * Lets somebody in as a collaborator; one who was let out comes back in the role they had. Refuses `access_denied`,
 * `already_exists` for an active member, `request_malformed`, `limit_exceeded`.
 */
export async function inviteMember(w: Workspace, principal: Principal, id: string): Promise<Result<readonly Member[]>> {
  const may = await permit(w, principal, 'manage', { operation: 'invite a member', subject: w.id });
  if (!may.ok) return may;
  const known = (await readMembers(w)).find((m) => m.id === id);
  if (known?.active === true || (known === undefined && id === principal.id)) {
    return refuse('already_exists', {
      path: 'member',
      expected: 'somebody who is no member yet',
      got: JSON.stringify(id),
      hint: 'change the role of a member instead',
    });
  }
  return setMember(w, principal, { id, role: known?.role ?? 'collaborator' });
}

/** Gives a member another role. Refuses `access_denied`, `member_not_found`, `request_malformed`, `last_owner`. */
export async function changeRole(
  w: Workspace,
  principal: Principal,
  { id, role }: { readonly id: string; readonly role: string },
): Promise<Result<readonly Member[]>> {
  const may = await permit(w, principal, 'manage', { operation: 'change the role of a member', subject: w.id });
  if (!may.ok) return may;
  const parsed = parseMember({ id, role });
  if (!parsed.ok) return parsed;
  return changeMembers(w, principal, {
    kind: 'member.set',
    subject: id,
    sentence: `set member ${id} to ${role}`,
    change: (members) => {
      const known = members.find((m) => m.id === id);
      return known === undefined
        ? withoutMember(members, id)
        : withMember(members, { ...known, role: parsed.value.role });
    },
  });
}

/** Takes oneself out. Refuses `access_denied`, `member_not_found`, `last_owner`. */
export async function leave(w: Workspace, principal: Principal): Promise<Result<readonly Member[]>> {
  const { id } = principal;
  const may = await permitOwn(w, principal, 'manage', { operation: 'leave the workspace', subject: w.id });
  if (!may.ok) return may;
  if (!(await readMembers(w)).some((m) => m.id === id)) return withoutMember([], id) as Result<never>;
  return changeMembers(w, principal, {
    kind: 'member.remove',
    subject: id,
    sentence: `${id} leaves the workspace`,
    change: (members) => withoutMember(members, id),
  });
}

/** Replaces all budgets. Refuses `access_denied`, `request_malformed`, `limit_exceeded`. */
export async function setBudgets(w: Workspace, principal: Principal, given: unknown): Promise<Result<Budgets>> {
  const may = await permit(w, principal, 'manage', { operation: 'set budgets', subject: w.id });
  if (!may.ok) return may;
  const budgets = parseBudgets(given);
  if (!budgets.ok) return budgets;
  return oneAtATime(w, async () => {
    if (sameJson((await readBudgets(w)) as unknown as Json, budgets.value as unknown as Json)) return budgets;
    const fact = { kind: 'budget.set', subject: w.id, sentence: 'set the budgets of roles and tokens' };
    const written = await write(w, principal, {
      ...fact,
      name: budgetsSetting.name,
      text: JSON.stringify(budgets.value),
    });
    return written.ok ? budgets : written;
  });
}

interface MemberChange {
  readonly kind: string;
  readonly subject: string;
  readonly sentence: string;
  readonly change: (members: readonly Member[]) => Result<readonly Member[]>;
}

function changeMembers(w: Workspace, principal: Principal, c: MemberChange): Promise<Result<readonly Member[]>> {
  return oneAtATime(w, async () => {
    const known = await readMembers(w);
    const next = c.change(known.length > 0 ? known : [{ id: principal.id, role: 'owner', active: true }]);
    if (!next.ok) return next;
    if (sameJson(known as unknown as Json, next.value as unknown as Json)) return next;
    const { kind, subject, sentence } = c;
    const written = await write(w, principal, {
      kind,
      subject,
      sentence,
      name: membersSetting.name,
      text: membersText(next.value),
    });
    if (!written.ok) return written;
    kept.set(w, Promise.resolve(next.value));
    return next;
  });
}

async function write(w: Workspace, principal: Principal, s: SettingChange): Promise<Result<void>> {
  const written = await writeSetting(w, principal, s);
  if (!written.ok) return written;
  accessChanged(w);
  return written;
}
