// Who an identity provider says that somebody is, and which member that makes them. Members have an id and nothing else to be
// known by: it is their e-mail address, or the subject that the provider knows them by. An address counts only when the
// provider has verified it; a subject that looks like an address counts never, so that nobody gets round that.

import { ok, type Result, refuse } from '../base/result.ts';
import type { Member } from './member.ts';

/** What a provider vouches for, checked. */
export interface Identity {
  readonly issuer: string;
  /** Stable, and given to nobody else by this issuer. */
  readonly subject: string;
  /** null: it told none. */
  readonly email: string | null;
  readonly isEmailVerified: boolean;
}

/**
 * The active member that somebody is. Refuses `access_denied`, naming the address, for nobody's, an inactive one's and one that
 * is not verified, and where two members differ by nothing but the case of their address.
 */
export function memberFor(members: readonly Member[], identity: Identity): Result<Member> {
  const { subject, email, isEmailVerified } = identity;
  const name = nameOf(identity);
  const isAddress = (m: Member) => email !== null && m.id.toLowerCase() === email.toLowerCase();
  const byAddress = isEmailVerified ? members.filter(isAddress) : [];
  const found = byAddress.length > 0 ? byAddress : members.filter((m) => !subject.includes('@') && m.id === subject);
  const [member] = found;
  if (found.length > 1) return denied(`${name}, as ${found.map((m) => m.id).join(' and ')}`);
  if (member?.active) return ok(member);
  if (member !== undefined) return denied(`${name}, inactive`);
  return denied(email !== null && !isEmailVerified ? `${name}, an address that is not verified` : `${name}, no member`);
}

/** For people: the address, or what there is. */
export function nameOf({ email, subject, issuer }: Identity): string {
  return email ?? `${subject} of ${issuer}`;
}

function denied(got: string): Result<never> {
  return refuse('access_denied', {
    path: '',
    expected: 'an active member of the workspace, known by a verified e-mail address or by subject',
    got,
    hint: 'ask an owner of the workspace to set the member, by that address',
  });
}
