// A person who logs in where several engines stand behind a balancer that sends every request to the next one.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as ask, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser, clientId, clientSecret, TestIdentityProvider } from '../support/identity_provider.ts';
import { Site } from './site.ts';

let provider: TestIdentityProvider;
let balancer: Server;
let site: Site;
let address: string;
let folder: string;
/** Paths as they came, with the engine that each was sent to. */
const sent: string[] = [];

beforeAll(async () => {
  balancer = createServer((request, response) => {
    const n = sent.length % site.nodes.length;
    sent.push(`${request.url!.split('?')[0]} ${n}`);
    const { hostname, port } = new URL(site.nodes[n]!.address);
    const { method, url: path, headers } = request;
    const out = ask({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    out.on('error', (e) => response.destroy(e));
    request.pipe(out);
  });
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;
  provider = await TestIdentityProvider.start();
  provider.serve(`${address}/v1/login/callback`, { ann: { email: 'ann@example.org', email_verified: true } });
  folder = mkdtempSync(join(tmpdir(), 'headwater-login-'));
  const secret = join(folder, 'secret');
  writeFileSync(secret, clientSecret);
  const flags = ['--oidc-issuer', provider.issuer, '--oidc-client-id', clientId, '--public-url', address];
  flags.push('--oidc-client-secret-file', secret);
  site = await Site.open({ engines: 3, workspaces: 3, flags });
  for (const workspace of site.workspaces) {
    const member = { member: 'ann@example.org', role: 'collaborator' };
    const told = await site.once(site.nodes[0]!, 'POST', `/v1/w/${workspace}/operations/member.set`, { body: member });
    expect(told.status).toBe(200);
  }
  // What is between two steps is kept by who drives the workspace: each has one, and none gives it up.
  const holders = async () =>
    (await site.rows<{ node: string }>('select distinct node from workspace_lease where until > clock_timestamp()'))
      .length;
  while ((await holders()) < 3) await sleep(100);
}, 120_000);
afterAll(async () => {
  await site?.close();
  await provider?.close();
  await new Promise((resolve) => balancer.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test('[EN750] a login goes on at whichever engine each of its steps comes to', { timeout: 60_000 }, async () => {
  for (const workspace of site.workspaces) {
    const browser = new Browser();
    const since = sent.length;
    const page = await browser.logIn(`${address}/v1/login?workspace=${workspace}&redirect=/healthz`, 'ann');
    expect([page.url.pathname, page.status]).toEqual(['/healthz', 200]);
    const engines = new Set(sent.slice(since).map((told) => told.split(' ')[1]));
    expect(engines.size).toBeGreaterThan(1);
    const headers = { cookie: `headwater=${browser.cookies.get('headwater')}` };
    const who = await fetch(`${address}/whoami`, { headers });
    expect(await who.json()).toMatchObject({ userId: 'ann@example.org', workspaceId: workspace });
  }
});

test('[EN750] and so does one of a command line, whose code is exchanged once', { timeout: 60_000 }, async () => {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  for (const workspace of site.workspaces) {
    const query = new URLSearchParams({ workspace, cli_port: '9', cli_challenge: challenge });
    const isBack = (url: URL) => url.port === '9';
    const { url } = await new Browser().logIn(`${address}/v1/login?${query}`, 'ann', isBack);
    const exchange = () =>
      fetch(`${address}/v1/login/exchange`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: url.searchParams.get('code'), verifier }),
      });
    const first = await exchange();
    expect(await first.json()).toMatchObject({ userId: 'ann@example.org', workspaceId: workspace });
    for (let n = 0; n < 3; n++) expect((await exchange()).status).toBe(403);
  }
});
