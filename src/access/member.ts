// The members of a workspace: who may ask for anything, and in which role. One document a workspace, which always names
// an active owner, so that nobody locks everybody out. A workspace without the document has no accounts: whoever the
// composition root lets in has the role that it gives them.

import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { malformedWith } from '../base/malformed.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { isPathKey } from '../model/path.ts';
import { isRole, type Principal, type Role, roles } from './role.ts';

const malformed = malformedWith('compare with the output of member.list');

/** 1: first. */
export const membersFormat = 1;

export interface Member {
  /** The principal's id. Never the name of a role, because approvers are named by either. */
  readonly id: string;
  readonly role: Role;
  /** False: may do nothing, and is kept for what is said of them elsewhere. */
  readonly active: boolean;
}

/** Checks one member from outside. Refuses `request_malformed`. */
export function parseMember(x: unknown, at = 'member'): Result<Member> {
  if (!isObject(x)) return malformed(at, 'a member: id, role and active', x);
  const { id, role, active = true } = x;
  if (typeof id !== 'string' || id.trim() === '' || id.length > limits.nameCharsMax || !isPathKey(id))
    return malformed(`${at}/id`, `an id of 1 to ${limits.nameCharsMax} characters`, id);
  if (isRole(id)) return malformed(`${at}/id`, 'an id that is not the name of a role', id);
  if (!isRole(role)) return malformed(`${at}/role`, `one of ${roles.join(', ')}`, role);
  if (typeof active !== 'boolean') return malformed(`${at}/active`, 'true or false', active);
  return ok({ id, role, active });
}

/**
 * Reads the document `{format, members}`. Refuses `request_malformed` (also for a format or a role that is not known),
 * `already_exists` for an id that is there twice, `last_owner`.
 */
export function parseMembers(x: unknown): Result<readonly Member[]> {
  if (!isObject(x) || x['format'] !== membersFormat || !Array.isArray(x['members']))
    return malformed('members', `a document with format ${membersFormat} and members`, x);
  const members: Member[] = [];
  const ids = new Set<string>();
  for (const [i, given] of (x['members'] as readonly Json[]).entries()) {
    const member = parseMember(given, `members/${i}`);
    if (!member.ok) return member;
    if (ids.has(member.value.id)) {
      return refuse('already_exists', {
        path: `members/${i}/id`,
        expected: 'each member once',
        got: `${member.value.id} again`,
        hint: 'leave one of the two out',
      });
    }
    ids.add(member.value.id);
    members.push(member.value);
  }
  return owned(members);
}

/** The document as text. */
export function membersText(members: readonly Member[]): string {
  return JSON.stringify({ format: membersFormat, members });
}

/** The members with one added or changed. Refuses `last_owner`. */
export function withMember(members: readonly Member[], member: Member): Result<readonly Member[]> {
  const known = members.some((m) => m.id === member.id);
  return owned(known ? members.map((m) => (m.id === member.id ? member : m)) : [...members, member]);
}

/** The members without one. Refuses `member_not_found`, `last_owner`. */
export function withoutMember(members: readonly Member[], id: string): Result<readonly Member[]> {
  if (members.some((m) => m.id === id)) return owned(members.filter((m) => m.id !== id));
  return refuse('member_not_found', {
    path: 'member',
    expected: 'the id of a member',
    got: JSON.stringify(id),
    hint: 'list the members',
  });
}

/** Who asks, in the role they have as a member. Refuses `access_denied` for anybody who is not an active one. */
export function principalOf(members: readonly Member[], caller: Omit<Principal, 'role'>): Result<Principal> {
  const { id } = caller;
  const member = members.find((m) => m.id === id);
  if (member?.active) return ok({ ...caller, role: member.role });
  return refuse('access_denied', {
    path: '',
    expected: 'an active member of the workspace',
    got: member === undefined ? `${id}, no member` : `${id}, inactive`,
    hint: 'ask an owner of the workspace',
  });
}

function owned(members: readonly Member[]): Result<readonly Member[]> {
  if (members.some((m) => m.active && m.role === 'owner')) return ok(members);
  return refuse('last_owner', {
    path: 'members',
    expected: 'at least one active owner',
    got: `${members.length} ${members.length === 1 ? 'member' : 'members'}, none an active owner`,
    hint: 'make somebody else an owner first',
  });
}
