// People who log in, with a real OpenID Connect provider beside the server: whole, and with everything wrong that may be.

import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TokenLine } from '../../src/access/token.ts';
import { openOidc } from '../../src/adapters/oidc/provider.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import { browserLogin } from '../../src/main/browser_login.ts';
import { Browser, clientId, clientSecret, type Page, TestIdentityProvider } from '../support/identity_provider.ts';
import { HttpHouse } from './house.ts';

const accounts = {
  ann: { email: 'ann@example.org', email_verified: true },
  mallory: { email: 'ann@example.org', email_verified: false },
  text: { email: 'ann@example.org', email_verified: 'true' },
  eve: { email: 'eve@example.org', email_verified: true },
  zoe: { email: 'zoe@example.org', email_verified: true },
  vic: {},
  'Ann@Example.org': {},
};

let provider: TestIdentityProvider;
let house: HttpHouse;

beforeAll(async () => {
  provider = await TestIdentityProvider.start();
  house = await HttpHouse.open({
    login: { provider: openOidc({ issuer: provider.issuer, clientId, clientSecret }) },
  });
  provider.serve(`${house.address}/v1/login/callback`, accounts);
  for (const [member, role] of [
    // Of another case than the provider has it.
    ['Ann@Example.org', 'collaborator'],
    ['eve@example.org', 'collaborator'],
    ['vic', 'viewer'],
  ])
    await house.call('member.set', { member: member!, role: role! });
  await house.call('member.set', { member: 'eve@example.org', role: 'collaborator', active: false });
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await house.close();
  await provider.close();
  expect(house.bugs).toEqual([]);
});

/** From now on the server's clock is ahead by so much. */
function later(ms: number): void {
  const now = Date.now() + ms;
  vi.spyOn(house.engine.world.clock, 'nowMs').mockReturnValue(now);
}

const begin = (more: Record<string, string> = {}) =>
  `${house.address}/v1/login?${new URLSearchParams({ workspace: house.workspace, ...more })}`;
const isCallback = (url: URL) => url.pathname === '/v1/login/callback';
const logins = async () => (await house.call<TokenLine[]>('token.list')).filter((t) => t.name === 'login').length;

/** The same without a browser that keeps cookies: with the cookie given, and perhaps a header. */
const withCookie = (browser: Browser, method: string, path: string, more: Record<string, string> = {}) =>
  house.ask(method, path, {
    token: null,
    headers: { cookie: `headwater=${browser.cookies.get('headwater')}`, ...more },
    ...(method === 'POST' && path.startsWith('~') ? { body: { changeSetName: `of ${more['x-requested-with']}` } } : {}),
  });

describe('a person who logs in', () => {
  test('[AC82] comes back with a cookie of twelve hours, as the member of the verified address, and to a path here', async () => {
    const browser = new Browser();
    const page = await browser.logIn(begin({ redirect: '/healthz?x=1' }), 'ann');
    expect([page.url.href, page.status]).toEqual([`${house.address}/healthz?x=1`, 200]);
    const kept = browser.set.find((c) => c.startsWith('headwater='));
    expect(kept).toMatch(/; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/);
    expect(browser.cookies.has('headwater_login')).toBe(false);
    const { body } = await withCookie(browser, 'GET', '/whoami');
    expect(body).toMatchObject({ userId: 'Ann@Example.org', workspaceId: house.workspace });
    expect(body.token).toMatchObject({ name: 'login', reach: 'workspace', isAgent: false });
    expect(body.token.expiresAtMs - body.token.createdAtMs).toBeCloseTo(12 * 3_600_000, -3);
    expect((await withCookie(browser, 'GET', '~/change-sets')).status).toBe(200);
  });

  test('[AC82] is known by the subject where there is no address', async () => {
    const browser = new Browser();
    await browser.logIn(begin(), 'vic');
    expect((await withCookie(browser, 'GET', '/whoami')).body.userId).toBe('vic');
  });

  test.each([
    ['eve', 'eve@example.org, inactive'],
    ['zoe', 'zoe@example.org, no member'],
    ['mallory', 'ann@example.org, an address that is not verified'],
    ['text', 'ann@example.org, an address that is not verified'],
    ['Ann@Example.org', 'Ann@Example.org of '],
  ])('[AC83] %s is refused by name, gets no token, and that is in the audit', async (account, said) => {
    const before = await logins();
    const browser = new Browser();
    const page = await browser.logIn(begin(), account);
    expect(page.status).toBe(403);
    expect(page.text).toContain(said);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(browser.cookies.has('headwater')).toBe(false);
    expect(await logins()).toBe(before);
    const told = await house.call<AuditRecord[]>('audit.list', { changeSet: 'HEAD', kind: 'access.denied' });
    expect(told.some((r) => r.actor.startsWith(said.split(/,| of/)[0]!) && r.sentence.endsWith('to log in'))).toBe(
      true,
    );
  });

  test('[AC83] a workspace that is not there is refused as one that they are not in', async () => {
    const said = async (workspace: string) => (await new Browser().logIn(begin({ workspace }), 'zoe')).text;
    expect(await said('nothing')).toBe(await said(house.workspace));
  });

  test('[AC84] with another state, from another browser, or a second time is refused', async () => {
    const before = await logins();
    const refusedAs = (page: Page, what: string) => {
      expect([page.status, page.text]).toEqual([403, expect.stringContaining(what)]);
    };
    const browser = new Browser();
    const stopped = await browser.logIn(begin(), 'ann', isCallback);
    const forged = new URL(stopped.url);
    forged.searchParams.set('state', randomBytes(32).toString('base64url'));
    refusedAs(await browser.go(forged), 'was not begun here');
    const other = new Browser();
    refusedAs(await other.go(stopped.url), 'another browser');
    // What was shown once is spent, also when it was shown by another.
    refusedAs(await browser.go(stopped.url), 'was not begun here');
    expect(await logins()).toBe(before);

    const again = await browser.logIn(begin(), 'ann', isCallback);
    expect((await browser.go(again.url)).status).toBe(200);
    refusedAs(await browser.go(again.url), 'was not begun here');
    expect(await logins()).toBe(before + 1);
  });

  test('[AC84] with another nonce, another challenge, or the code of another login is refused', async () => {
    const before = await logins();
    for (const name of ['nonce', 'code_challenge']) {
      const browser = new Browser();
      const { url } = await browser.go(begin(), { until: (u) => u.origin === provider.issuer });
      url.searchParams.set(name, randomBytes(32).toString('base64url'));
      const page = await browser.logIn(url, 'ann');
      expect([name, page.status, page.url.pathname]).toEqual([name, 403, '/v1/login/callback']);
      expect(page.text).toContain('begin the login again');
    }
    const [mine, theirs] = [new Browser(), new Browser()];
    const [a, b] = [await mine.logIn(begin(), 'ann', isCallback), await theirs.logIn(begin(), 'vic', isCallback)];
    const mixed = new URL(b.url);
    mixed.searchParams.set('code', a.url.searchParams.get('code')!);
    const page = await theirs.go(mixed);
    expect([page.status, page.text]).toEqual([403, expect.stringContaining('invalid_grant')]);
    expect(await logins()).toBe(before);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['another issuer', { iss: 'http://127.0.0.1:9' }, 'iss'],
    ['another audience', { aud: 'somebody else' }, 'aud'],
    ['an end that is past', { exp: 1_000_000_000 }, 'exp'],
    ['no nonce', { nonce: undefined }, 'nonce'],
    ['another subject', { sub: 'vic' }, 'signature'],
  ])('[AC84] an ID token with %s is refused', async (_, change, said) => {
    const before = await logins();
    provider.tamper = (claims) => ({ ...claims, ...change });
    const page = await new Browser().logIn(begin(), 'ann');
    provider.tamper = undefined;
    expect([page.status, page.text]).toEqual([403, expect.stringContaining(said)]);
    expect(await logins()).toBe(before);
  });

  test('[AC84] who comes back too late is refused', async () => {
    const browser = new Browser();
    const { url } = await browser.logIn(begin(), 'ann', isCallback);
    later(10 * 60_000 + 1);
    expect((await browser.go(url)).text).toContain('took too long');
  });

  test('[AC84] is sent nowhere else afterwards', async () => {
    for (const redirect of ['https://evil.example', '//evil.example', '/\\evil.example', 'x', '/\t/evil.example', ''])
      expect([redirect, (await house.ask('GET', begin({ redirect }).slice(house.address.length))).status]).toEqual([
        redirect,
        422,
      ]);
  });
});

describe('the cookie of a login', () => {
  test('[AC85] changes something only with X-Requested-With beside it, and ends after twelve hours or at once', async () => {
    const browser = new Browser();
    await browser.logIn(begin(), 'ann');
    const post = (more: Record<string, string> = {}) => withCookie(browser, 'POST', '~/change-sets', more);
    const alone = await post();
    expect([alone.status, alone.body.reason, alone.body.errors[0].path]).toEqual([
      403,
      'access_denied',
      'x-requested-with',
    ]);
    expect((await withCookie(browser, 'DELETE', '~/tokens/x')).status).toBe(403);
    const sent = await post({ 'x-requested-with': 'fetch' });
    expect(sent.status).toBeLessThan(300);
    // A header of its own counts, and no cookie beside it.
    expect((await post({ authorization: 'Bearer hw_x_y_z' })).status).toBe(401);

    later(12 * 3_600_000 + 1_000);
    const late = await withCookie(browser, 'GET', '/whoami');
    expect([late.status, late.body.errors[0].got]).toEqual([401, 'a token that has expired']);
    vi.restoreAllMocks();

    expect((await withCookie(browser, 'POST', '/v1/logout')).status).toBe(403);
    const out = await withCookie(browser, 'POST', '/v1/logout', { 'x-requested-with': 'fetch' });
    expect([out.status, out.headers.get('set-cookie')]).toEqual([
      200,
      expect.stringContaining('headwater=; Path=/; Max-Age=0'),
    ]);
    expect((await withCookie(browser, 'GET', '/whoami')).body.errors[0].got).toBe('a token that was revoked');
  });

  test('[EN724] is taken away at the logout, which names where the session at the provider ends', async () => {
    const browser = new Browser();
    await browser.logIn(begin(), 'ann');
    const asked = { 'x-requested-with': 'fetch' };
    const out = await withCookie(browser, 'POST', '/v1/logout', asked);
    expect([out.status, out.headers.get('cache-control'), Object.keys(out.body)]).toEqual([
      200,
      'no-store',
      ['endSession'],
    ]);
    const end = new URL(out.body.endSession);
    expect([end.origin, end.searchParams.get('client_id')]).toEqual([provider.issuer, clientId]);
    const page = await browser.go(end);
    expect([page.status, page.text]).toEqual([200, expect.stringMatching(/sign-?out|log-?out/i)]);
    // Asked again, the browser has nothing to keep; another site's request, without the cookie, takes nothing away.
    const again = await withCookie(browser, 'POST', '/v1/logout', asked);
    expect([again.status, again.headers.get('set-cookie')]).toEqual([401, expect.stringContaining('Max-Age=0')]);
    const foreign = await house.ask('POST', '/v1/logout', { token: null, headers: asked });
    expect([foreign.status, foreign.headers.get('set-cookie')]).toEqual([401, null]);
  });

  test('[AC85] says nothing to a server where nobody logs in; over TLS it is Secure and of this host alone', async () => {
    const plain = await HttpHouse.open();
    const headers = { cookie: `headwater=${plain.token}` };
    expect((await plain.ask('GET', '/whoami', { token: null, headers })).status).toBe(401);
    expect((await plain.ask('GET', '/v1/login', { token: null })).status).toBe(404);
    await plain.close();

    const identity = openOidc({ issuer: provider.issuer, clientId, clientSecret });
    const publicUrl = new URL('https://headwater.example');
    const secure = await HttpHouse.open({ login: { provider: identity, publicUrl } });
    const answer = await fetch(`${secure.address}/v1/login`, { redirect: 'manual' });
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-headwater_login=.*; HttpOnly; SameSite=Lax; Secure$/);
    expect(new URL(answer.headers.get('location')!).searchParams.get('redirect_uri')).toBe(
      `${publicUrl.href}v1/login/callback`,
    );
    const shown = { token: null, headers: { cookie: `__Host-headwater=${secure.token}` } };
    expect((await secure.ask('GET', '/whoami', shown)).status).toBe(200);
    await secure.close();
  });
});

describe('a command line that logs in', () => {
  const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

  test('[AC86] gets a token by a browser that comes back to this machine', async () => {
    const opened: string[] = [];
    let page: Promise<Page> | undefined;
    const who = await browserLogin({
      server: house.address,
      workspace: house.workspace,
      tell: (address) => {
        opened.push(address);
        page = new Browser().logIn(address, 'ann');
      },
    });
    expect(who).toMatchObject({ userId: 'Ann@Example.org', workspaceId: house.workspace });
    expect((await house.ask('GET', '/whoami', { token: who.token })).body.userId).toBe('Ann@Example.org');
    expect((await page!).text).toContain('Back to the command line');
    expect(opened).toHaveLength(1);
    expect(opened[0]).not.toContain(who.token);
  });

  test('[AC86] hears that somebody is no member, and that nobody came', async () => {
    const asked = (account: string | undefined) =>
      browserLogin({
        server: house.address,
        workspace: house.workspace,
        tell: (address) => account !== undefined && void new Browser().logIn(address, account),
        ...(account === undefined ? { waitMs: 50 } : {}),
      });
    await expect(asked('zoe')).rejects.toMatchObject({
      refusal: { code: 'access_denied', got: 'zoe@example.org, no member' },
    });
    await expect(asked(undefined)).rejects.toMatchObject({ refusal: { code: 'login_failed' } });
  });

  test('[AC86] a code is good once, for a minute, and with its verifier alone', async () => {
    const verifier = randomBytes(32).toString('base64url');
    const code = async () => {
      const address = begin({ cli_port: '9', cli_challenge: challengeOf(verifier) });
      const { url } = await new Browser().logIn(address, 'ann', (u) => u.port === '9');
      expect([url.hostname, url.searchParams.get('state')]).toEqual(['127.0.0.1', challengeOf(verifier)]);
      return url.searchParams.get('code')!;
    };
    const exchange = (body: Record<string, string>) => house.ask('POST', '/v1/login/exchange', { token: null, body });
    const before = await logins();
    const stolen = await code();
    expect((await exchange({ code: stolen, verifier: `${verifier}x` })).body.reason).toBe('login_failed');
    expect((await exchange({ code: stolen, verifier })).status).toBe(403);
    const late = await code();
    later(60_001);
    expect((await exchange({ code: late, verifier })).status).toBe(403);
    vi.restoreAllMocks();
    expect(await logins()).toBe(before);
    const good = await code();
    const done = await exchange({ code: good, verifier });
    expect([done.status, done.body.userId, done.headers.get('cache-control')]).toEqual([
      200,
      'Ann@Example.org',
      'no-store',
    ]);
    expect((await exchange({ code: good, verifier })).status).toBe(403);
    expect(await logins()).toBe(before + 1);
    expect((await exchange({ code: good })).status).toBe(422);
    expect((await house.ask('GET', begin({ cli_port: '9' }).slice(house.address.length))).status).toBe(422);
  });
});

test('[AC87] [EN724] a provider that is away fails logins and nothing else, and is asked again by the next', async () => {
  const away = await TestIdentityProvider.start();
  const identity = openOidc({ issuer: away.issuer, clientId, clientSecret });
  const other = await HttpHouse.open({ login: { provider: identity } });
  const failed = await other.ask('GET', '/v1/login', { token: null });
  expect([failed.status, failed.body.reason]).toEqual([500, 'identity_provider_failed']);
  expect(other.bugs.splice(0)).toEqual([expect.stringContaining(away.issuer)]);
  expect((await other.ask('GET', '/whoami')).status).toBe(200);
  const { token } = await other.call<{ token: string }>('token.create', { name: 'login' });
  const out = await other.ask('POST', '/v1/logout', { token });
  expect([out.status, out.body]).toEqual([200, { endSession: null, problem: expect.stringContaining(away.issuer) }]);
  expect((await other.ask('GET', '/whoami', { token })).status).toBe(401);
  away.serve(`${other.address}/v1/login/callback`, accounts);
  const page = await new Browser().go(`${other.address}/v1/login`);
  expect([page.url.origin, page.status]).toEqual([away.issuer, 200]);
  await other.close();
  await away.close();
  for (const issuer of ['http://id.example', 'nothing', 'ftp://127.0.0.1'])
    expect(() => openOidc({ issuer, clientId })).toThrow('request_malformed');
});
