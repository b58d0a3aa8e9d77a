// The two cookies of people who log in: one while they do, which binds the login to the browser that began it, and one that
// holds their token afterwards. No script reads them, no other site sends them along with what changes something; over TLS
// they carry the prefix by which a browser takes them from this very host alone.

import { limits } from '../../base/limits.ts';

export class LoginCookie {
  readonly #isSecure: boolean;

  constructor(publicUrl: URL) {
    this.#isSecure = publicUrl.protocol === 'https:';
  }

  /** Sets what the browser that logs in is known by; ms 0: takes it away. */
  begun(value: string, ms: number = limits.loginAttemptMs): string {
    return this.#set('headwater_login', value, ms);
  }

  begunBy(header: string | undefined): string | undefined {
    return this.#read('headwater_login', header);
  }

  /** Sets the token; ms 0: takes it away. */
  kept(token: string, ms: number): string {
    return this.#set('headwater', token, ms);
  }

  tokenIn(header: string | undefined): string | undefined {
    return this.#read('headwater', header);
  }

  #name(name: string): string {
    return this.#isSecure ? `__Host-${name}` : name;
  }

  #set(name: string, value: string, ms: number): string {
    const parts = [`${this.#name(name)}=${value}`, 'Path=/', `Max-Age=${ms / 1_000}`, 'HttpOnly', 'SameSite=Lax'];
    return [...parts, ...(this.#isSecure ? ['Secure'] : [])].join('; ');
  }

  #read(name: string, header: string | undefined): string | undefined {
    const start = `${this.#name(name)}=`;
    const found = header?.split(';').find((part) => part.trim().startsWith(start));
    return found?.trim().slice(start.length);
  }
}
