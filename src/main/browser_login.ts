// Logging in from a command line by a browser (RFC 8252): a listener on this machine alone takes the person back, with a code that is
// good once and for a minute, and only together with what never left this process. Whoever else knocks is turned away,
// and it goes on waiting.

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RefusalCode } from '../base/codes.ts';
import { limits } from '../base/limits.ts';
import { must, RefusalError } from '../base/result.ts';
import { pageOf } from '../surfaces/http/page.ts';
import { askServer, textOf } from './ask_server.ts';
import { refusedBy } from './remote.ts';

export interface BrowserLogin {
  readonly server: string;
  /** Absent: the default one. */
  readonly workspace: string | undefined;
  /** Hears the address to open. */
  readonly tell: (address: string) => void;
  /** Default: as long as the server keeps a login that was begun. */
  readonly waitMs?: number;
}

interface LoggedIn {
  readonly token: string;
  readonly userId: string;
  readonly workspaceId: string;
}

/** Throws refusals: `login_failed`, `access_denied`. Faults: `connection_lost`, `server_failed`. */
export async function browserLogin({ server, workspace, tell, waitMs }: BrowserLogin): Promise<LoggedIn> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const listener = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    const { port } = listener.address() as AddressInfo;
    const address = new URL('/v1/login', server);
    const query = { cli_port: String(port), cli_challenge: challenge, ...(workspace && { workspace }) };
    address.search = String(new URLSearchParams(query));
    tell(address.href);
    const code = await comesBack(listener, challenge, waitMs ?? limits.loginAttemptMs);
    return await exchanged(server, code, verifier);
  } finally {
    listener.close();
    listener.closeAllConnections();
  }
}

const here = 'http://127.0.0.1';

function comesBack(listener: ReturnType<typeof createServer>, state: string, waitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(refusal('login_failed', 'nobody who came back in time')), waitMs);
    listener.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { url = '/' } = request;
      // Such as `//`, which is the address of nothing.
      if (!URL.canParse(url, here)) {
        response.writeHead(404).end();
        return;
      }
      const { pathname, searchParams: said } = new URL(url, here);
      const [code, error] = [said.get('code'), said.get('error')];
      const isOurs = request.method === 'GET' && pathname === '/' && said.get('state') === state;
      if (!isOurs || (code === null && error === null)) {
        response.writeHead(404).end();
        return;
      }
      clearTimeout(late);
      const why = said.get('error_description') ?? error ?? '';
      const [title, line] =
        code === null ? ['You are not logged in', why] : ['Back to the command line', 'This page can be closed.'];
      const { html, headers } = pageOf(title, [line]);
      response.writeHead(200, { ...headers, connection: 'close' }).end(html, () => {
        if (code === null) reject(refusal(error === 'access_denied' ? error : 'login_failed', why));
        else resolve(code);
      });
    });
  });
}

function refusal(code: RefusalCode, got: string): RefusalError {
  const expected = 'somebody who logs in with the browser and is a member of the workspace';
  return new RefusalError({ code, path: '', expected, got, hint: 'log in again, or ask an owner of the workspace' });
}

async function exchanged(server: string, code: string, verifier: string): Promise<LoggedIn> {
  const answer = await askServer(new URL('/v1/login/exchange', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, verifier }),
  });
  if (answer.isGood) return JSON.parse(await textOf(answer)) as LoggedIn;
  return must(await refusedBy(server, answer)) as never;
}
