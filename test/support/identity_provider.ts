// An OpenID Connect provider on this machine (npm's oidc-provider), with accounts of a test, and a browser to go through it with:
// it follows redirects, keeps cookies and sends the provider's forms.

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export const clientId = 'headwater';
export const clientSecret = 'a secret between the two of them, of forty';

/** By the name that is logged in with, which is the subject. */
export type Accounts = Readonly<Record<string, { readonly email?: string; readonly email_verified?: unknown }>>;

export class TestIdentityProvider {
  readonly issuer: string;
  readonly #server: Server;
  /** Changes the claims of ID tokens on their way, and not their signature. */
  tamper: ((claims: Record<string, unknown>) => Record<string, unknown>) | undefined;
  #callback: ReturnType<Provider['callback']> | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Listens, and knows nobody yet: where people come back to is told to `serve`. */
  static async start(): Promise<TestIdentityProvider> {
    let made: TestIdentityProvider | undefined;
    const server = createServer((request, response) => {
      if (made === undefined || made.#callback === undefined) response.writeHead(503).end();
      else {
        if (request.url === '/token') made.#tampered(response);
        void made.#callback(request, response);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    made = new TestIdentityProvider(server);
    return made;
  }

  serve(callback: string, accounts: Accounts): void {
    const provider = new Provider(this.issuer, {
      clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [callback] }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'] },
      cookies: { keys: ['of this test'] },
      pkce: { required: () => true },
      findAccount: (_, id) => {
        const account = accounts[id];
        return account && { accountId: id, claims: () => ({ sub: id, ...account }) as never };
      },
    });
    this.#callback = provider.callback();
  }

  #tampered(response: ServerResponse): void {
    const { tamper } = this;
    if (tamper === undefined) return;
    const end = response.end.bind(response) as (text: string) => ServerResponse;
    response.end = ((text: string) => {
      const body = JSON.parse(text) as { id_token: string };
      const [head, claims = '', signature] = body.id_token.split('.');
      const changed = tamper(JSON.parse(Buffer.from(claims, 'base64url').toString()));
      const parts = [head, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature];
      const next = JSON.stringify({ ...body, id_token: parts.join('.') });
      response.setHeader('content-length', Buffer.byteLength(next));
      return end(next);
    }) as ServerResponse['end'];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export class Browser {
  readonly cookies = new Map<string, string>();
  /** Every `Set-Cookie` that came. */
  readonly set: string[] = [];

  /** Follows redirects as long as `until` is not true of where they lead; then that address is answered, not asked. */
  async go(
    to: string | URL,
    { form, until = () => false }: { form?: Record<string, string>; until?: (url: URL) => boolean } = {},
  ): Promise<Page> {
    let url = new URL(to);
    let body = form && new URLSearchParams(form);
    for (let step = 0; step < 20; step++) {
      if (until(url)) return { url, status: 0, text: '', headers: new Headers() };
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        redirect: 'manual',
        headers: { accept: 'text/html', cookie },
        ...(body === undefined ? {} : { body }),
      });
      for (const line of answer.headers.getSetCookie()) this.#keep(line);
      const location = answer.headers.get('location');
      if (location === null) return { url, status: answer.status, text: await answer.text(), headers: answer.headers };
      await answer.text();
      url = new URL(location, url);
      body = undefined;
    }
    throw new Error(`no end of redirects at ${url}`);
  }

  /** From an address that leads to the provider: logs in there as `account`, and agrees. */
  async logIn(from: string | URL, account: string, until?: (url: URL) => boolean): Promise<Page> {
    const stop = until === undefined ? {} : { until };
    let page = await this.go(from, stop);
    for (const prompt of ['login', 'consent']) {
      const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) return page;
      page = await this.go(new URL(action, page.url), { form: { prompt, login: account, password: 'any' }, ...stop });
    }
    return page;
  }

  #keep(line: string): void {
    this.set.push(line);
    const [pair = '', ...more] = line.split(';');
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1)];
    const isGone = more.some((m) => /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(m));
    if (isGone || value === '') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
