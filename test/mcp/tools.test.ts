// Tools for agents, driven by the client of the official SDK: over standard input and output of the program, and over HTTP
// of a server. A whole change, from finding a schema to its review and apply, and what is not let through.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bin, Served } from '../support/served.ts';

const folder = mkdtempSync(join(tmpdir(), 'headwater-mcp-'));
let served: Served;

beforeAll(async () => {
  served = await Served.start(join(folder, 'served'), ['--allow-agent-writes']);
});
afterAll(async () => {
  await served.stop();
  rmSync(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: a test looks into what it got.
type Got = any;

class Agent {
  readonly client = new Client({ name: 'test', version: '1' });

  static async stdio(...args: string[]): Promise<Agent> {
    const agent = new Agent();
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [bin, 'mcp', '--data', join(folder, 'embedded'), ...args],
      stderr: 'pipe',
    });
    await agent.client.connect(transport);
    // Then answers are held to the output schemas.
    await agent.client.listTools();
    return agent;
  }

  static async http(token: string): Promise<Agent> {
    const agent = new Agent();
    const headers = { authorization: `Bearer ${token}` };
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', served.address), { requestInit: { headers } });
    await agent.client.connect(transport as never);
    await agent.client.listTools();
    return agent;
  }

  async use(name: string, given: object = {}): Promise<Got> {
    const { isError, structuredContent, content } = (await this.client.callTool({
      name,
      arguments: { ...given },
    })) as Got;
    if (isError === true) throw new Error(content[0].text);
    return structuredContent;
  }

  async refusal(name: string, given: object = {}): Promise<Got> {
    const answer = (await this.client.callTool({ name, arguments: { ...given } })) as Got;
    expect(answer.isError).toBe(true);
    return JSON.parse(answer.content[0].text).error;
  }
}

let keys = 0;
const key = () => ({ idempotencyKey: `key-${++keys}` });

async function wholeChange(agent: Agent): Promise<void> {
  const { schemas } = await agent.use('find_schemas', { query: 'AWS::EC2::VPC' });
  expect(JSON.stringify(schemas)).toContain('AWS::EC2::VPC');
  const { schema } = await agent.use('describe_schema', { schema: 'AWS::EC2::Subnet' });
  expect(JSON.stringify(schema)).toContain('VpcId');
  const opening = { name: 'net', ...key() };
  const { changeSet } = await agent.use('create_change_set', opening);
  expect((await agent.use('create_change_set', opening)).changeSet).toBe(changeSet);
  const vpc = await agent.use('create_component', {
    changeSet,
    schema: 'AWS::EC2::VPC',
    name: 'main',
    attributes: { '/domain/CidrBlock': '10.0.0.0/16' },
    ...key(),
  });
  const subnet = await agent.use('create_component', { changeSet, schema: 'AWS::EC2::Subnet', name: 'a', ...key() });
  expect(subnet.version).toBe(vpc.version + 1);
  await agent.use('subscribe', {
    changeSet,
    component: 'a',
    path: '/domain/CidrBlock',
    fromComponent: 'main',
    fromPath: '/domain/CidrBlock',
    ...key(),
  });
  const again = { changeSet, component: 'main', attributes: { '/domain/EnableDnsSupport': true }, ...key() };
  const first = await agent.use('update_component', again);
  expect(await agent.use('update_component', again)).toEqual(first);
  const { component } = await agent.use('get_component', { changeSet, component: 'a' });
  expect(JSON.stringify(component)).toContain('10.0.0.0/16');
  const { explanation } = await agent.use('explain_value', { changeSet, component: 'a', path: '/domain/CidrBlock' });
  expect(JSON.stringify(explanation)).toContain('main');
  const edits = [{ component: 'main', path: '/domain/CidrBlock' }];
  expect(JSON.stringify(await agent.use('blast_radius', { changeSet, edits }))).toContain('"a"');
  await agent.use('delete_component', { changeSet, component: 'a', ...key() });
  const { review: without } = await agent.use('review_change_set', { changeSet });
  await agent.use('restore_component', { changeSet, component: 'a', ...key() });
  const { review } = await agent.use('review_change_set', { changeSet });
  expect(JSON.stringify(review)).toContain(vpc.component);
  expect(review).not.toEqual(without);
  const { applied } = await agent.use('apply_change_set', { changeSet, ...key() });
  expect(applied.status).toBe('Applied');
  const { found } = await agent.use('search_components', { query: 'schema:AWS::EC2::Subnet' });
  expect(JSON.stringify(found)).toContain(subnet.component);
  await agent.use('list_actions');
  await agent.use('list_runs');
  await agent.use('list_drift');
  expect(JSON.stringify(await agent.use('list_change_sets', { all: true }))).toContain(changeSet);
}

describe('tools over standard input and output', () => {
  test('a whole change, from a schema to Head', async () => {
    const agent = await Agent.stdio('--allow-writes');
    await wholeChange(agent);
    await agent.client.close();
  });

  test('without leave to write they only look, and say so', async () => {
    const agent = await Agent.stdio();
    const { tools } = await agent.client.listTools();
    expect(tools.every((t) => t.annotations?.readOnlyHint === true)).toBe(true);
    expect(tools.length).toBeGreaterThan(10);
    expect(await agent.refusal('create_change_set', { name: 'x', ...key() })).toMatchObject({
      code: 'access_denied',
      retryable: false,
      hint: expect.stringContaining('allow writes'),
    });
    await agent.client.close();
  });

  test('a session writes as often as it may', async () => {
    const agent = await Agent.stdio('--allow-writes', '--writes-max', '1');
    await agent.use('create_change_set', { name: 'only', ...key() });
    expect(await agent.refusal('create_change_set', { name: 'more', ...key() })).toMatchObject({
      code: 'budget_exceeded',
    });
    expect((await agent.use('list_change_sets')).changeSets.length).toBeGreaterThan(0);
    await agent.client.close();
  });
});

describe('tools over HTTP', () => {
  test('a whole change, from a schema to Head', async () => {
    const agent = await Agent.http(served.token!);
    await wholeChange(agent);
    await agent.client.close();
  });

  test('what the token does not let its holder do is refused, what is wrong is told at its place', async () => {
    const made = await fetch(new URL(`/v1/w/default/tokens`, served.address), {
      method: 'POST',
      headers: { authorization: `Bearer ${served.token!}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'reader', scopes: ['read'] }),
    });
    const { token } = (await made.json()) as { token: string };
    const agent = await Agent.http(token);
    expect(await agent.refusal('create_change_set', { name: 'x', ...key() })).toMatchObject({ code: 'access_denied' });
    expect(await agent.refusal('get_component', { component: 'nobody' })).toMatchObject({
      code: 'component_not_found',
      retryable: false,
    });
    expect(await agent.refusal('get_component', {})).toMatchObject({ code: 'request_malformed', path: '/component' });
    expect(await agent.refusal('get_component', { component: 'a', what: 1 })).toMatchObject({ path: '/what' });
    expect(await agent.refusal('no_tool')).toMatchObject({ code: 'request_malformed' });
    await agent.client.close();
  });

  test('nobody is let in without a token, nor into another’s session', async () => {
    const start = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    };
    const ask = (token: string, body: object, session?: string) =>
      fetch(new URL('/mcp', served.address), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(session === undefined ? {} : { 'mcp-session-id': session }),
        },
        body: JSON.stringify(body),
      });
    expect((await ask('nothing', start)).status).toBe(401);
    const begun = await ask(served.token!, start);
    const session = begun.headers.get('mcp-session-id')!;
    await begun.text();
    const list = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} };
    const mine = await ask(served.token!, list, session);
    expect(mine.status).toBe(200);
    await mine.text();
    const other = await fetch(new URL(`/v1/w/default/tokens`, served.address), {
      method: 'POST',
      headers: { authorization: `Bearer ${served.token!}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'other' }),
    });
    const { token } = (await other.json()) as { token: string };
    expect((await ask(token, list, session)).status).toBe(404);
  });
});

describe('the tools', () => {
  test('say honestly what they do, take a key where they write, and none takes the content of a secret', async () => {
    const agent = await Agent.http(served.token!);
    const { tools } = await agent.client.listTools();
    const reads = tools.filter((t) => t.annotations?.readOnlyHint === true).map((t) => t.name);
    expect(reads).toEqual([
      'find_schemas',
      'describe_schema',
      'search_components',
      'get_component',
      'component_history',
      'suggest_sources',
      'explain_value',
      'blast_radius',
      'list_change_sets',
      'review_change_set',
      'list_drift',
      'list_actions',
      'list_runs',
      'get_run',
      'discover_resources',
    ]);
    for (const t of tools) {
      expect(t.outputSchema).toBeDefined();
      const isRead = reads.includes(t.name);
      expect((t.inputSchema.required ?? []).includes('idempotencyKey'), t.name).toBe(!isRead);
      expect(JSON.stringify(t)).not.toMatch(/"content"|password/);
    }
    const destructive = tools.filter((t) => t.annotations?.destructiveHint === true).map((t) => t.name);
    expect(destructive).toEqual(['delete_component', 'apply_change_set', 'abandon_change_set', 'change_action']);
    await agent.client.close();
  });
});
