// The network of a run: none, or listed hosts through the adapter's proxy and nothing else. The servers are real ones on
// loopback.

import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isInnermost, parseTarget, permissionOf } from '../../src/adapters/process/allowed_hosts.ts';
import { openTierUnderTest, plainly, type TierUnderTest } from './tier_under_test.ts';

let under: TierUnderTest;
let listed: Server;
let other: Server;
let tcp: TcpServer;
let asked: string[];
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
const hostOf = (server: Server) => `127.0.0.1:${portOf(server)}`;

beforeAll(async () => {
  under = openTierUnderTest();
  asked = [];
  listed = createServer((request, response) => {
    if (request.url === '/away') response.writeHead(302, { location: `http://${hostOf(other)}/secret` }).end();
    else if (request.method === 'POST') request.pipe(response);
    else response.end(`listed ${request.url}`);
  });
  other = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('secret');
  });
  tcp = createTcpServer((socket) => socket.end('raw'));
  for (const server of [listed, other, tcp]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await under.close();
  for (const server of [listed, other]) server.closeAllConnections();
  for (const server of [listed, other, tcp]) server.close();
});

const get = `async function main({ url }) { const r = await fetch(url); return [r.status, await r.text()]; }`;

/** What a plain process gets. In this process: the servers are here too, so it must not wait for a child. */
async function plainGet(url: string): Promise<string> {
  return (await fetch(url)).text();
}

describe('without a list', () => {
  test('fetch is refused', async () => {
    const url = `http://${hostOf(listed)}/`;
    expect(await plainGet(url)).toBe('listed /');
    expect(await under.code(get, { input: { url } })).toBe('refused_by_sandbox');
  });

  test('there is no network below it either: no socket, no interface, no name', async () => {
    const script = `async function main({ port }) {
      const net = process.getBuiltinModule('net');
      const dns = process.getBuiltinModule('dns').promises;
      const connect = (to) => new Promise((done) => {
        const socket = net.connect(to);
        socket.on('connect', () => { socket.destroy(); done('connected'); });
        socket.on('error', (e) => done(e.code));
      });
      return [
        await connect({ port, host: '127.0.0.1' }),
        await connect({ port: 53, host: '1.1.1.1' }),
        Object.keys(os.networkInterfaces()).filter((name) => name !== 'lo'),
        await dns.lookup('example.com').then(() => 'found', () => 'unknown'),
      ];
    }`;
    expect(await under.value(script, { input: { port: portOf(tcp) } })).toEqual([
      'ECONNREFUSED',
      'ENETUNREACH',
      [],
      'unknown',
    ]);
    expect(
      Object.keys(plainly('function main() { return process.getBuiltinModule("os").networkInterfaces(); }') as object),
    ).toContain('lo');
  });
});

describe('with a list', () => {
  const allow = () => ({ network: [hostOf(listed)] });

  test('a listed host is reached, both ways', async () => {
    expect(await under.value(get, { input: { url: `http://${hostOf(listed)}/a?b=c` }, allow: allow() })).toEqual([
      200,
      'listed /a?b=c',
    ]);
    const post = `async function main({ url }) {
      const r = await fetch(url, { method: 'POST', body: 'x'.repeat(200_000) });
      return (await r.text()).length;
    }`;
    expect(await under.value(post, { input: { url: `http://${hostOf(listed)}/` }, allow: allow() })).toBe(200_000);
  });

  test('another port of the same host is refused, by name and before any connection', async () => {
    const { report } = await under.run(get, { input: { url: `http://${hostOf(other)}/direct` }, allow: allow() });
    expect(report.outcome).toEqual({
      ok: false,
      code: 'refused_by_sandbox',
      message: `Error: the host ${hostOf(other)} is not allowed here`,
      at: expect.objectContaining({ line: 1 }),
    });
    expect(asked).not.toContain('/direct');
  });

  test('a redirect to a host that is not listed is refused', async () => {
    expect(await plainGet(`http://${hostOf(listed)}/away`)).toBe('secret');
    asked.length = 0;
    expect(await under.code(get, { input: { url: `http://${hostOf(listed)}/away` }, allow: allow() })).toBe(
      'refused_by_sandbox',
    );
    expect(asked).toEqual([]);
  });

  test('a failure of a listed host is the function’s own', async () => {
    const url = `http://127.0.0.1:${portOf(tcp)}/`;
    expect(await under.code(get, { input: { url }, allow: { network: [`127.0.0.1:${portOf(tcp)}`] } })).toBe('threw');
    expect(await under.code(get, { input: { url: 'http://127.0.0.1:1/' }, allow: { network: ['127.0.0.1:1'] } })).toBe(
      'threw',
    );
  });

  test('the proxy’s socket cannot be talked into more', async () => {
    const script = `async function main({ lines }) {
      const net = process.getBuiltinModule('net');
      const ask = (text) => new Promise((done) => {
        const socket = net.connect('/hw-net/proxy.sock');
        let all = '';
        socket.on('data', (chunk) => { all += chunk; });
        socket.on('close', () => done(all.split('\\r\\n')[0].split(' ')[1] ?? 'closed'));
        socket.on('error', () => done('closed'));
        socket.end(text);
      });
      const out = [];
      for (const line of lines) out.push(await ask(line));
      return out;
    }`;
    const target = hostOf(other);
    const lines = [
      `CONNECT ${target} HTTP/1.1\r\nHost: ${hostOf(listed)}\r\n\r\n`,
      `CONNECT ${hostOf(listed)}@${target} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET http://${target}/through HTTP/1.1\r\nHost: ${hostOf(listed)}\r\nConnection: close\r\n\r\n`,
      `GET http://${hostOf(listed)}@${target}/through HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      `GET /through HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n\r\n`,
      `CONNECT 2130706433:${portOf(other)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `garbage\r\n\r\n`,
    ];
    const answers = await under.value(script, { input: { lines }, allow: allow() });
    expect(answers).toEqual(['403', '400', '403', '400', '400', '403', 'closed']);
    expect(asked).not.toContain('/through');
  });

  test('commands reach it through the variables they know, and nothing past it', async () => {
    // The port inside may by chance be the one outside: what counts is who answers.
    const script = `async function main({ port }) {
      const { stdout } = await siExec.waitUntilEnd('sh', ['-c', 'echo $HTTPS_PROXY']);
      const net = process.getBuiltinModule('net');
      const heard = await new Promise((done) => {
        let all = '';
        const socket = net.connect(port, '127.0.0.1');
        socket.on('data', (chunk) => { all += chunk; });
        socket.on('error', () => done(all));
        socket.on('close', () => done(all));
        socket.end('x');
      });
      return [stdout, heard.includes('raw')];
    }`;
    const answer = await under.value(script, { input: { port: portOf(tcp) }, allow: { ...allow(), commands: ['sh'] } });
    expect(answer).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), false]);
  });
});

describe('with what a member of a secret names', () => {
  const members = (entry: string) => [{ word: '$Endpoint', entry }];

  test('that host is reached, and no other', async () => {
    const asked = { input: { url: `http://${hostOf(listed)}/a` }, members: members(hostOf(listed)) };
    expect(await under.value(get, asked)).toEqual([200, 'listed /a']);
    expect(await under.code(get, { ...asked, input: { url: `http://${hostOf(other)}/` } })).toBe('refused_by_sandbox');
    expect(await under.code(get, { ...asked, members: [], allow: { network: ['$Endpoint'] } })).toBe(
      'refused_by_sandbox',
    );
  });

  test('no failure says which one it is', async () => {
    const failing = `async function main({ url }) {
      const told = [];
      for (let at = await fetch(url).catch((e) => e); at instanceof Error; at = at.cause) told.push(at.message);
      return told.join('; ');
    }`;
    const closed = createTcpServer();
    await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done));
    const port = portOf(closed);
    await new Promise((done) => closed.close(done));
    for (const [host, code] of [
      [`127.0.0.1:${port}`, 'connect ECONNREFUSED'],
      ['nobody.invalid:80', 'getaddrinfo (ENOTFOUND|EAI_AGAIN)'],
    ] as const) {
      const told = await under.value(failing, { input: { url: `http://${host}/` }, members: members(host) });
      expect(told).toMatch(new RegExp(`what \\$Endpoint names cannot be reached: (${code})`));
      expect(told).not.toMatch(/127\.0\.0\.1|nobody/);
      // The same search finds it where it is listed.
      expect(await under.value(failing, { input: { url: `http://${host}/` }, allow: { network: [host] } })).toMatch(
        /127\.0\.0\.1|nobody/,
      );
    }
  });
});

describe('the list', () => {
  const permitted = (authority: string, entries: string[]) => {
    const target = parseTarget(authority);
    return target === undefined ? 'no target' : permissionOf(target, entries);
  };

  test.each([
    ['api.example.com:443', ['api.example.com'], 'by name'],
    ['API.example.com.:443', ['api.EXAMPLE.com'], 'by name'],
    ['api.example.com:80', ['api.example.com'], 'by name'],
    ['api.example.com:8080', ['api.example.com'], 'no'],
    ['api.example.com:8080', ['api.example.com:8080'], 'by name'],
    ['api.example.com:443', ['api.example.com:8080'], 'no'],
    ['a.b.example.com:443', ['*.example.com'], 'by wildcard'],
    ['example.com:443', ['*.example.com'], 'no'],
    ['notexample.com:443', ['*.example.com'], 'no'],
    ['evil.com:443', ['*'], 'no'],
    ['evil.com:443', ['*.'], 'no'],
    ['example.com.evil.com:443', ['example.com', '*.example.com'], 'no'],
    ['[::1]:8080', ['[::1]:8080'], 'by name'],
    ['127.0.0.1:8080', ['127.0.0.1:8080'], 'by name'],
    ['127.1:8080', ['127.0.0.1:8080'], 'no'],
    ['a b:80', ['a b'], 'no target'],
    ['host', ['host'], 'no target'],
    ['host:0', ['host'], 'no target'],
    ['host:70000', ['host'], 'no target'],
  ])('%s with %j: %s', (authority, entries, expected) => {
    expect(permitted(authority, entries)).toBe(expected);
  });

  test('a wildcard does not lead to the machine itself or its link', () => {
    for (const address of ['127.0.0.1', '0.0.0.0', '::1', '::', '169.254.169.254', 'fe80::1', '::ffff:127.0.0.1']) {
      expect(isInnermost(address)).toBe(true);
    }
    for (const address of ['10.0.0.1', '93.184.216.34', '2606:2800::1']) expect(isInnermost(address)).toBe(false);
  });
});
