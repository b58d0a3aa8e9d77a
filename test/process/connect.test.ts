// Connections besides fetch: streams to hosts and to unix sockets of the machine, and the packages that make their own. All of
// it goes through the run's proxy, to real servers on loopback.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/base/result.ts';
import { CloudProcess } from '../cloud/world.ts';
import { PostgresServer } from '../support/postgres_server.ts';
import { openTierUnderTest, type TierUnderTest } from './tier_under_test.ts';

let under: TierUnderTest;
let folder: string;
let echo: Server;
let allowed: HttpServer;
let other: HttpServer;
let paths: { readonly allowed: string; readonly other: string };
let isListLost = false;
const asked: string[] = [];
const portOf = (server: Server) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-connect-'));
  paths = { allowed: join(folder, 'allowed.sock'), other: join(folder, 'other.sock') };
  under = openTierUnderTest({
    sockets: () => {
      if (isListLost) throw new Fault('reach_unreadable', 'the list of sockets is gone');
      return [paths.allowed];
    },
  });
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  const serve = (name: string) =>
    createHttpServer((request, response) => {
      asked.push(`${name} ${request.method} ${request.headers.host} ${request.url}`);
      if (request.url === '/away') response.writeHead(302, { location: `http://127.0.0.1:${portOf(echo)}/` }).end();
      else if (request.method === 'POST') request.pipe(response);
      else response.end(`${name} ${request.url}`);
    });
  allowed = serve('allowed');
  other = serve('other');
  await new Promise<void>((done) => echo.listen(0, '127.0.0.1', done));
  await new Promise<void>((done) => allowed.listen(paths.allowed, done));
  await new Promise<void>((done) => other.listen(paths.other, done));
  for (const path of [folder, ...Object.values(paths)]) chmodSync(path, 0o777);
});
afterAll(async () => {
  await under.close();
  for (const server of [allowed, other]) server.closeAllConnections();
  for (const server of [echo, allowed, other]) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const talk = `async function main({ to, bytes = 4 }) {
  const socket = await connect(to);
  const sent = Buffer.alloc(bytes, 'abc\\x00\\xff');
  let got = Buffer.alloc(0);
  socket.on('data', (chunk) => { got = Buffer.concat([got, chunk]); });
  socket.end(sent);
  await new Promise((done, fail) => socket.on('close', done).on('error', fail));
  return got.equals(sent) ? got.length : got.toString('latin1');
}`;

describe('connect', () => {
  const to = () => ({ host: '127.0.0.1', port: portOf(echo) });

  test('is a stream to a listed host, both ways', async () => {
    const allow = { network: [`127.0.0.1:${portOf(echo)}`] };
    expect(await under.value(talk, { input: { to: to() }, allow })).toBe(4);
    expect(await under.value(talk, { input: { to: to(), bytes: 3_000_000 }, allow })).toBe(3_000_000);
    const again = `async function main({ to }) {
      const socket = await connect(to);
      await new Promise((done) => socket.connect(1, 'elsewhere').once('connect', done));
      socket.end('still there');
      let got = '';
      for await (const chunk of socket) got += chunk;
      return got;
    }`;
    expect(await under.value(again, { input: { to: to() }, allow })).toBe('still there');
  });

  test('is refused to any other, with the line of the function', async () => {
    const { report } = await under.run(talk, { input: { to: to() }, allow: { network: ['127.0.0.1:1'] } });
    expect(report.outcome).toMatchObject({
      code: 'refused_by_sandbox',
      message: `Error: the host 127.0.0.1:${portOf(echo)} is not allowed here`,
      at: { line: 2 },
    });
    expect(await under.code(talk, { input: { to: to() } })).toBe('refused_by_sandbox');
  });

  test.each([
    [{}],
    [null],
    [{ host: 'a.example.com' }],
    [{ host: 'a.example.com', port: 0 }],
    [{ host: 'a b\r\nX: 1', port: 1 }],
    [{ path: 'run/x.sock' }],
    [{ path: '/run/x.sock', host: 'a' }],
  ])('%j is not something to connect to', async (wrong) => {
    const { report } = await under.run(talk, { input: { to: wrong as never }, allow: { network: ['a.example.com'] } });
    expect(report.outcome).toMatchObject({
      code: 'threw',
      message: expect.stringContaining('connect takes { host, port }'),
    });
  });
});

describe('a unix socket of the machine', () => {
  const fetched = `async function main({ url, ...rest }) { const r = await fetch(url, rest); return [r.status, await r.text()]; }`;
  const urlOf = (path: string, rest = '/v1/x?a=b') => `http+unix://${encodeURIComponent(path)}${rest}`;
  const allow = () => ({ network: [`unix:${paths.allowed}`] });

  test('[EN303] is reached where the function says so and the owner allows it', async () => {
    const input = { url: urlOf(paths.allowed) };
    expect(await under.value(fetched, { input, allow: allow() })).toEqual([200, 'allowed /v1/x?a=b']);
    expect(asked.at(-1)).toBe('allowed GET localhost /v1/x?a=b');
    const post = { url: urlOf(paths.allowed), method: 'POST', body: 'x'.repeat(300_000) };
    expect(await under.value(fetched, { input: post, allow: allow() })).toEqual([200, post.body]);
    const asRequest = `async function main({ url }) {
      const r = await fetch(new Request(url, { method: 'POST', body: 'in a request', headers: { 'x-a': 'b' } }));
      return r.text();
    }`;
    expect(await under.value(asRequest, { input, allow: allow() })).toBe('in a request');
    const raw = `async function main({ path }) {
      const socket = await connect({ path });
      socket.end('GET /raw HTTP/1.0\\r\\n\\r\\n');
      let got = '';
      for await (const chunk of socket) got += chunk;
      return got.split('\\r\\n').at(-1);
    }`;
    expect(await under.value(raw, { input: { path: paths.allowed }, allow: allow() })).toBe('allowed /raw');
  });

  test('[EN303] is reached by a member of a secret, and then not named', async () => {
    const members = [{ word: '$Endpoint', entry: `unix:${paths.allowed}` }];
    expect(await under.value(fetched, { input: { url: urlOf(paths.allowed) }, members })).toEqual([
      200,
      'allowed /v1/x?a=b',
    ]);
    const { report } = await under.run(fetched, {
      input: { url: urlOf(paths.other) },
      members: [{ word: '$Endpoint', entry: `unix:${paths.other}` }],
    });
    expect(report.outcome).toMatchObject({
      code: 'refused_by_sandbox',
      message:
        'Error: the socket that $Endpoint names is not allowed to runs on this machine: its owner allows it with `headwater reach allow PATH`',
    });
  });

  test('[EN303] is refused where only one of the two allows it; the refusal says what to do', async () => {
    const before = asked.length;
    const message = async (path: string, network: string[]) => {
      const { report } = await under.run(fetched, { input: { url: urlOf(path) }, allow: { network } });
      return report.outcome.ok ? 'reached' : `${report.outcome.code} ${report.outcome.message}`;
    };
    expect(await message(paths.other, [`unix:${paths.other}`])).toBe(
      `refused_by_sandbox Error: the socket ${paths.other} is not allowed to runs on this machine: its owner allows it with \`headwater reach allow ${paths.other}\``,
    );
    expect(await message(paths.allowed, ['127.0.0.1:1'])).toContain(
      `refused_by_sandbox Error: the socket ${paths.allowed} is not allowed here: a function says it with`,
    );
    expect(await message(paths.allowed, [])).toBe('refused_by_sandbox Error: no network is allowed here');
    expect(await message(`${folder}/./allowed.sock`, [`unix:${paths.allowed}`])).toContain('is not allowed here');
    isListLost = true;
    expect(await message(paths.allowed, [`unix:${paths.allowed}`])).toBe(
      'refused_by_sandbox Error: reach_unreadable: the list of sockets is gone',
    );
    isListLost = false;
    expect(asked.length).toBe(before);
  });

  test('does not lead on to a host: a redirect is checked as every request', async () => {
    expect(await under.code(fetched, { input: { url: urlOf(paths.allowed, '/away') }, allow: allow() })).toBe(
      'refused_by_sandbox',
    );
  });

  test('that is none is said as it is written', async () => {
    const { report } = await under.run(fetched, { input: { url: 'http+unix://run/x' }, allow: allow() });
    expect(report.outcome).toMatchObject({ code: 'threw', message: expect.stringContaining('names no socket') });
  });
});

describe('packages that connect', () => {
  test('are there when they are named, with all they depend on', async () => {
    const names = `function main() {
      return [typeof Pg.Client, typeof Pg.Pool, typeof Pg.types.setTypeParser, typeof CloudControl.CloudControlClient,
        typeof CloudControl.GetResourceCommand, typeof CloudControl.paginateListResources, typeof STS.STSClient];
    }`;
    expect(await under.value(names)).toEqual(Array(7).fill('function'));
  });

  test('Pg speaks to a PostgreSQL that is listed, and to no other', async () => {
    const server = await PostgresServer.open();
    try {
      const query = `async function main({ url }) {
        const client = new Pg.Client(url);
        await client.connect();
        const { rows } = await client.query('select $1::int + 1 as n, current_database() as name', [41]);
        await client.end();
        const pool = new Pg.Pool({ connectionString: url, max: 2 });
        const many = await Promise.all([1, 2, 3].map((n) => pool.query('select repeat($1, $2) as t', ['é', n * 100_000])));
        await pool.end();
        const stream = await connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
        const given = new Pg.Client({ connectionString: url, stream });
        await given.connect();
        const { rowCount } = await given.query('select generate_series(1, 10000)');
        await given.end();
        return [rows, many.map((m) => m.rows[0].t.length), rowCount];
      }`;
      const asked = { input: { url: server.urlOf('postgres') }, allow: { network: [`127.0.0.1:${server.port}`] } };
      expect(await under.value(query, asked)).toEqual([
        [{ n: 42, name: 'postgres' }],
        [100_000, 200_000, 300_000],
        10_000,
      ]);
      const elsewhere = { ...asked, allow: { network: ['127.0.0.1:1'] } };
      const { report } = await under.run(query, elsewhere);
      expect(report.outcome).toMatchObject({
        code: 'refused_by_sandbox',
        message: expect.stringContaining(`the host 127.0.0.1:${server.port} is not allowed here`),
      });
      const wrong = { ...asked, input: { url: server.urlOf('postgres', 'postgres', 'wrong') } };
      expect((await under.run(query, wrong)).report.outcome).toMatchObject({
        code: 'threw',
        message: expect.stringContaining('password authentication failed'),
      });
    } finally {
      await server.close();
    }
  });

  test('CloudControl speaks to an endpoint that is listed, and to no other', async () => {
    const cloud = await CloudProcess.start();
    const program = `async function main({ endpoint }) {
      const { CloudControlClient, CreateResourceCommand, GetResourceCommand, paginateListResources, waitUntilResourceRequestSuccess } = CloudControl;
      const client = new CloudControlClient({
        endpoint, region: 'eu-central-1', credentials: { accessKeyId: 'any', secretAccessKey: 'will do' }, maxAttempts: 1,
      });
      const desired = { TypeName: 'AWS::EC2::VPC', DesiredState: JSON.stringify({ CidrBlock: '10.0.0.0/16' }) };
      const { ProgressEvent } = await client.send(new CreateResourceCommand(desired));
      await waitUntilResourceRequestSuccess({ client, maxWaitTime: 20, minDelay: 1 }, { RequestToken: ProgressEvent.RequestToken });
      const found = [];
      for await (const page of paginateListResources({ client }, { TypeName: 'AWS::EC2::VPC' })) found.push(...page.ResourceDescriptions);
      const { ResourceDescription } = await client.send(
        new GetResourceCommand({ TypeName: 'AWS::EC2::VPC', Identifier: found[0].Identifier }),
      );
      const missing = await client
        .send(new GetResourceCommand({ TypeName: 'AWS::EC2::VPC', Identifier: 'vpc-0' }))
        .catch((e) => e.name);
      return [JSON.parse(ResourceDescription.Properties).CidrBlock, missing];
    }`;
    const asked = { input: { endpoint: cloud.address }, allow: { network: [new URL(cloud.address).host] } };
    expect(await under.value(program, asked)).toEqual(['10.0.0.0/16', 'ResourceNotFoundException']);
    const { report } = await under.run(program, { ...asked, allow: { network: ['127.0.0.1:1'] } });
    expect(report.outcome).toMatchObject({ code: 'refused_by_sandbox' });
    await cloud.kill();
  });

  test('STS speaks to an endpoint that is listed, and to no other', async () => {
    const cloud = await CloudProcess.start();
    const program = `async function main({ endpoint }) {
      const { STSClient, GetCallerIdentityCommand } = STS;
      const credentials = { accessKeyId: 'any', secretAccessKey: 'will do' };
      const client = new STSClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
      return (await client.send(new GetCallerIdentityCommand({}))).Account;
    }`;
    const asked = { input: { endpoint: cloud.address }, allow: { network: [new URL(cloud.address).host] } };
    expect(await under.value(program, asked)).toBe('123456789012');
    const { report } = await under.run(program, { ...asked, allow: { network: ['127.0.0.1:1'] } });
    expect(report.outcome).toMatchObject({ code: 'refused_by_sandbox' });
    await cloud.kill();
  });
});
