// What the server asks of an identity provider: where to send somebody who logs in, who came back, and where one logs out there. Two calls and what lies
// between them, which the caller keeps: the provider's side keeps nothing. The caller must see to it that an attempt is
// finished once at most, by the browser that began it; that state, nonce and code fit, and that what the provider
// says is signed, of the right issuer, for this client and not past, is checked here.

import type { Identity } from '../access/identity.ts';
import type { Result } from '../base/result.ts';

export interface IdentityProvider {
  /**
   * `callback`: where people are to come back to; `about`: what the state is to end with, letters, digits, `-` and `_`, behind a
   * dot. Fault `identity_provider_failed`.
   */
  begin(callback: string, about: string): Promise<LoginAttempt>;
  /**
   * Who came back to the callback: `answer` is its whole address, with the query. Refuses `login_failed`. Fault
   * `identity_provider_failed`.
   */
  finish(attempt: LoginAttempt, answer: string): Promise<Result<Identity>>;
  /** Where a person ends their session there, too; undefined: it has no such place. Fault `identity_provider_failed`. */
  endAddress(): Promise<string | undefined>;
}

/** Secret, but for the address, which the person sees. */
export interface LoginAttempt {
  readonly address: string;
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE. */
  readonly verifier: string;
}
