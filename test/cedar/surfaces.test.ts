// A refusal names the policy wherever it is met: over HTTP, by the tools for agents and at the command line.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Terminal } from '../cli/terminal.ts';
import { Served } from '../support/served.ts';

const folder = mkdtempSync(join(tmpdir(), 'headwater-policies-'));
const terminal = new Terminal();
terminal.variables = { HEADWATER_CONTEXTS: join(terminal.folder, 'contexts.json') };
let served: Served;
const file = join(terminal.folder, 'policies.cedar');

const text = `@id("agents do not open change sets")
forbid(principal, action == Headwater::Action::"edit", resource)
when { principal.isAgent && context.operation == "change_set.create" };
@id("no queues")
forbid(principal, action == Headwater::Action::"edit", resource is Headwater::Component)
when { resource.schema == "AWS::SQS::Queue" };
`;

beforeAll(async () => {
  served = await Served.start(join(folder, 'served'), ['--allow-agent-writes']);
  writeFileSync(file, text);
  writeFileSync(join(terminal.folder, 'token'), `${served.token}\n`);
  await terminal.hw('login', served.address, '--name', 'home', '--token-file', 'token');
});
afterAll(async () => {
  await served.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (method: string, path: string, body?: object, token = served.token) => {
  const answer = await fetch(new URL(`/v1/w/default${path}`, served.address), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into what it got.
  return { status: answer.status, body: (await answer.json()) as any };
};

test('[EN579] at the command line, where policies are set, listed, tried and removed', async () => {
  const broken = await terminal.run(['policy', 'set', '-'], 'permit(principal, action resource);');
  expect(broken).toMatchObject({ code: 1, err: expect.stringContaining('line 1, column 26') });
  const set = await terminal.hw('policy', 'set', file);
  expect(set).toMatchObject({ code: 0, out: expect.stringContaining('no queues') });
  expect((await terminal.hw('policy', 'list', '--text')).out).toBe(text);
  expect((await terminal.hw('policy', 'list', '--schema')).out).toContain('namespace Headwater');
  expect((await terminal.json<{ policies: object[] }>('policy', 'list')).policies).toHaveLength(2);
  await terminal.hw('change-set', 'create', 'cli');
  const refused = await terminal.hw('component', 'create', 'AWS::SQS::Queue', 'q', '--change-set', 'cli');
  expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('denied by policy "no queues"') });
  const made = await terminal.hw('component', 'create', 'AWS::EC2::VPC', 'v', '--change-set', 'cli');
  expect(made.code).toBe(0);
  const tried = await terminal.hw('policy', 'test', 'edit', '--component', 'v', '--change-set', 'cli');
  expect(tried).toMatchObject({ code: 0, out: expect.stringContaining('permitted by role.owner') });
  const agent = await terminal.hw('policy', 'test', 'edit', '--agent', '--operation', 'change_set.create');
  expect(agent.out).toContain('refused: ');
  expect(agent.out).toContain('"agents do not open change sets"');
});

test('[EN579] over HTTP', async () => {
  await ask('PUT', '/policies', { text });
  const { body: read } = await ask('GET', '/policies');
  expect(read).toMatchObject({ text, policies: [{ id: 'agents do not open change sets' }, { id: 'no queues' }] });
  const changeSet = (await ask('POST', '/change-sets', { changeSetName: 'http' })).body.changeSet.id as string;
  const refused = await ask('POST', `/change-sets/${changeSet}/components`, {
    schemaName: 'AWS::SQS::Queue',
    name: 'q',
  });
  expect(refused).toMatchObject({
    status: 403,
    body: {
      reason: 'access_denied',
      message: expect.stringContaining('denied by policy "no queues"'),
      data: { policies: ['no queues'], action: 'edit', resource: 'Component q' },
    },
  });
  const wrong = await ask('PUT', '/policies', { text: 'forbid(' });
  expect(wrong).toMatchObject({ status: 422, body: { reason: 'policy_invalid', data: { line: 1 } } });
  const answer = await ask('POST', '/policies/test', { action: 'edit', agent: true, operation: 'change_set.create' });
  expect(answer.body).toMatchObject({ allowed: false, own: ['agents do not open change sets'] });
  const { body } = await ask('POST', '/tokens', { name: 'robot', agent: true });
  const byAgent = await ask('DELETE', '/policies', undefined, body.token);
  expect(byAgent).toMatchObject({ status: 403, body: { data: { policies: ['people.policies'] } } });
});

test('[EN579] by the tools for agents', async () => {
  await ask('PUT', '/policies', { text });
  const { token } = (await ask('POST', '/tokens', { name: 'robot', agent: true })).body;
  const client = new Client({ name: 'test', version: '1' });
  const headers = { authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', served.address), { requestInit: { headers } });
  await client.connect(transport as never);
  const done = await client.callTool({
    name: 'create_change_set',
    arguments: { name: 'x', idempotencyKey: 'policies-1' },
  });
  expect(done.isError).toBe(true);
  expect(JSON.stringify(done.content)).toContain('agents do not open change sets');
  await client.close();
  await ask('DELETE', '/policies');
  expect((await ask('GET', '/policies')).body).toMatchObject({ text: '', policies: [] });
});

test('[EN725] [EN726] what is kept from a reader is left out everywhere, and said so', async () => {
  const { id } = (await ask('POST', '/change-sets', { changeSetName: 'hidden' })).body.changeSet;
  const made = (schemaName: string, name: string) =>
    ask('POST', `/change-sets/${id}/components`, { schemaName, name }).then(({ body }) => body.component.id as string);
  const queue = await made('AWS::SQS::Queue', 'kept back');
  await made('AWS::S3::Bucket', 'open');
  const policy = `@id("no queues") forbid(principal, action == Headwater::Action::"read", resource is Headwater::Component)
    when { resource.schema == "AWS::SQS::Queue" };`;
  await ask('PUT', '/policies', { text: policy });
  const one = await ask('GET', `/change-sets/${id}/components/${queue}`);
  expect(one).toMatchObject({ status: 403, body: { data: { policies: ['no queues'], action: 'read' } } });
  const search = await ask('GET', `/change-sets/${id}/search?q=`);
  expect(search.body).toMatchObject({ components: [{ name: 'open' }], leftOutByPolicy: 1 });
  const list = await ask('GET', `/change-sets/${id}/components`);
  expect([list.body.componentDetails.length, list.body.leftOutByPolicy]).toEqual([1, 1]);
  const { out } = await terminal.hw('component', 'search', '--change-set', 'hidden');
  expect(out).toMatch(/open.*1 component left out by policy/s);
  expect(out).not.toContain('kept back');
  const get = await terminal.hw('component', 'get', 'kept back', '--change-set', 'hidden');
  expect(get).toMatchObject({ code: 3, err: expect.stringContaining('denied by policy "no queues"') });

  const client = new Client({ name: 'test', version: '1' });
  const headers = { authorization: `Bearer ${served.token}` };
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', served.address), { requestInit: { headers } });
  await client.connect(transport as never);
  const use = async (name: string, more: object = {}) => {
    const answer = await client.callTool({ name, arguments: { changeSet: 'hidden', ...more } });
    return JSON.stringify(answer.isError === true ? answer.content : answer.structuredContent);
  };
  expect(await use('search_components')).toMatch(/"open".*"leftOutByPolicy":1/);
  expect(await use('get_declarations')).toMatch(/"open".*"leftOutByPolicy":1/);
  expect(await use('get_component', { component: 'kept back' })).toContain('access_denied');
  await client.close();
  await ask('DELETE', '/policies');
});
