// Tools for agents, driven by the client of the official SDK: over standard input and output of the program, and over HTTP
// of a server. A whole change, from finding a schema to its review and apply, and what is not let through.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tools } from '../../src/surfaces/mcp/tools.ts';
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

const subnets = `const template = {
  inputs: { zones: { kind: 'array', items: { kind: 'string' }, required: true }, size: { kind: 'integer', default: 24 } },
  find: { networks: 'schema:AWS::EC2::VPC name:hub' },
  components: ({ inputs, found }) => found.networks.flatMap((network) => inputs.zones.map((zone) => ({
    component: network.name + '-' + zone,
    schema: 'AWS::EC2::Subnet',
    attributes: { '/domain/AvailabilityZone': zone, '/domain/CidrBlock': '10.0.0.0/' + inputs.size },
  }))),
};
`;

const states = (of: { components: { name: string; state: string }[] }) =>
  Object.fromEntries(of.components.map((c) => [c.name, c.state]));

/** A working set by a template and by documents: looked at, made, made again, and other than before. */
async function workingSet(agent: Agent): Promise<void> {
  const { changeSet } = await agent.use('create_change_set', { name: 'working set', ...key() });
  const hub = { component: 'hub', schema: 'AWS::EC2::VPC', attributes: { '/domain/CidrBlock': '10.0.0.0/16' } };
  const versionOf = async () => (await agent.use('get_change_set', { changeSet })).changeSet.version;
  const before = await versionOf();
  const previewed = await agent.use('preview_components', { changeSet, components: [hub] });
  expect([states(previewed), previewed.comparison.components[0].name]).toEqual([{ hub: 'created' }, 'hub']);
  expect(await versionOf()).toBe(before);
  const declaring = { changeSet, components: [hub], ...key() };
  const declared = await agent.use('declare_components', declaring);
  expect(await agent.use('declare_components', declaring)).toEqual(declared);
  expect((await agent.use('declare_components', { ...declaring, ...key() })).edits).toBe(0);
  const { components } = await agent.use('get_declarations', { changeSet, components: ['hub'] });
  expect(components[0]).toMatchObject({ component: 'hub', attributes: { '/domain/CidrBlock': '10.0.0.0/16' } });
  expect(await agent.refusal('declare_components', { ...declaring, ...key(), ifVersion: before })).toMatchObject({
    code: 'version_conflict',
    retryable: true,
    hint: expect.any(String),
  });
  expect(
    await agent.refusal('declare_components', { changeSet, components: [{ ...hub, colour: 'red' }], ...key() }),
  ).toMatchObject({ code: 'request_malformed', retryable: false });

  const about = await agent.use('describe_template', { text: subnets, name: 'subnets' });
  expect([about.name, Object.keys(about.inputs).sort(), about.inputs.size.default, about.find]).toEqual([
    'subnets',
    ['size', 'zones'],
    24,
    { networks: 'schema:AWS::EC2::VPC name:hub' },
  ]);
  const zones = (...given: string[]) => ({ changeSet, name: 'subnets', text: subnets, inputs: { zones: given } });
  const seen = await agent.use('preview_template', zones('a', 'b'));
  expect([states(seen), seen.found]).toEqual([{ 'hub-a': 'created', 'hub-b': 'created' }, { networks: 1 }]);
  expect(await versionOf()).toBe(declared.version);
  const running = { ...zones('a', 'b'), ...key() };
  const ran = await agent.use('run_template', running);
  expect((await agent.use('run_template', running)).version).toBe(ran.version);
  expect(await agent.refusal('run_template', { ...running, inputs: { zones: ['c'] } })).toMatchObject({
    code: 'idempotency_key_reused',
  });
  expect((await agent.use('run_template', { ...zones('a', 'b'), ...key() })).edits).toBe(0);
  expect(states(await agent.use('run_template', { ...zones('b', 'c'), ...key() }))).toEqual({
    'hub-b': 'unchanged',
    'hub-c': 'created',
    'hub-a': 'deleted',
  });
  expect(JSON.stringify(await agent.use('list_views', { changeSet }))).toContain('subnets');
  const noZones = { changeSet, name: 'subnets', text: subnets, ...key() };
  expect(await agent.refusal('run_template', noZones)).toMatchObject({
    code: 'request_malformed',
    path: 'inputs/zones',
  });
  const failing = { text: 'const template = { inputs: null.x };' };
  expect(await agent.refusal('describe_template', failing)).toMatchObject({ code: 'function_invalid' });
}

/** What was done, taken out, put back, made elsewhere, split off; once more with the same key nothing more. */
async function secondThoughts(agent: Agent): Promise<void> {
  const open = async (name: string): Promise<string> =>
    (await agent.use('create_change_set', { name, ...key() })).changeSet;
  const [changeSet, other] = [await open('thoughts'), await open('elsewhere')];
  const make = (name: string) =>
    agent.use('create_component', { changeSet, schema: 'AWS::SQS::Queue', name, ...key() });
  await make('first');
  await make('second');
  const names = async (of: string) => {
    const { found } = await agent.use('search_components', { changeSet: of, query: 'schema:AWS::SQS::Queue' });
    return found.items.map((c: { name: string }) => c.name).sort();
  };
  const undoing = { changeSet, ...key() };
  const undone = await agent.use('undo_edits', undoing);
  expect(undone.undone.map((u: { sentence: string }) => u.sentence).join()).toContain('second');
  expect(await agent.use('undo_edits', undoing)).toEqual(undone);
  expect(await names(changeSet)).toEqual(['first']);
  await agent.use('redo_edits', { changeSet, undo: undone.version, ...key() });
  expect(await names(changeSet)).toEqual(['first', 'second']);
  expect(await agent.refusal('redo_edits', { changeSet, ...key() })).toMatchObject({ code: 'edit_not_found' });
  const { edits } = await agent.use('list_edits', { changeSet });
  const { id } = edits.find((e: Got) => e.sentence.includes('first'));
  await agent.use('pick_edits', { changeSet, into: other, edits: [id], ...key() });
  expect(await names(other)).toEqual(['first']);
  const { opened } = await agent.use('split_change_set', { changeSet, components: ['second'], name: 'part', ...key() });
  expect(await names(opened.changeSet.id ?? opened.changeSet)).toEqual(['second']);
  expect(await agent.use('read_receipt', { changeSet })).toHaveProperty('receipt');
  await agent.use('apply_change_set', { changeSet: 'part', ...key() });
  const { opened: back } = await agent.use('revert_change_set', { changeSet: 'part', name: 'back', ...key() });
  expect(await names('HEAD')).toEqual(['second']);
  expect(await names(back.changeSet.id ?? back.changeSet)).toEqual([]);
}

/** The rules that a change stands under, read. */
async function rules(agent: Agent): Promise<void> {
  const { changeSet } = await agent.use('create_change_set', { name: 'ruled', ...key() });
  expect(JSON.stringify(await agent.use('list_policies'))).toContain('permit');
  expect((await agent.use('list_plan_policies')).policies).toEqual([]);
  const { verdict, plan } = await agent.use('check_plan_policies', { changeSet, withPlan: true });
  expect([verdict.findings, typeof plan]).toEqual([[], 'object']);
  expect((await agent.use('list_freeze_windows')).windows).toEqual([]);
  expect((await agent.use('list_scheduled_applies')).scheduled).toBeDefined();
  expect((await agent.use('get_budgets')).budgets).toBeDefined();
  expect((await agent.use('list_webhooks')).webhooks).toEqual([]);
  const { functions } = await agent.use('list_functions', { kind: 'management' });
  expect(functions.items).toEqual([]);
  expect(await agent.refusal('get_function', { function: 'nobody' })).toMatchObject({ code: 'function_not_found' });
  expect(
    await agent.refusal('run_management_function', { changeSet, component: 'x', function: 'y', ...key() }),
  ).toMatchObject({ code: 'component_not_found', retryable: false });
  const { position } = await agent.use('read_events');
  await agent.use('create_change_set', { name: 'heard of', ...key() });
  const { events } = await agent.use('read_events', { after: position, waitMs: 10_000 });
  expect(JSON.stringify(events)).toContain('heard of');
}

describe('tools over standard input and output', () => {
  test('a whole change, from a schema to Head', async () => {
    const agent = await Agent.stdio('--allow-writes');
    await wholeChange(agent);
    await agent.client.close();
  });

  test('templates and documents: looked at, made once, made again, made otherwise', async () => {
    const agent = await Agent.stdio('--allow-writes');
    await workingSet(agent);
    await agent.client.close();
  });

  test('edits are undone, redone, picked, split off and reverted', async () => {
    const agent = await Agent.stdio('--allow-writes');
    await secondThoughts(agent);
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

  test('templates and documents: looked at, made once, made again, made otherwise', async () => {
    const agent = await Agent.http(served.token!);
    await workingSet(agent);
    await agent.client.close();
  });

  test('edits are undone, redone, picked, split off and reverted', async () => {
    const agent = await Agent.http(served.token!);
    await secondThoughts(agent);
    await agent.client.close();
  });

  test('the rules that a change stands under can be read', async () => {
    const agent = await Agent.http(served.token!);
    await rules(agent);
    await agent.client.close();
  });

  test('a management function is tried, and carried out once', async () => {
    const agent = await Agent.http(served.token!);
    const { changeSet } = await agent.use('create_change_set', { name: 'managed', ...key() });
    const text = `async function main() {
      return { status: 'ok', ops: { create: { child: { properties: { domain: { size: 7 } } } } } };
    }`;
    const spec = { format: 1, domain: { kind: 'object', properties: { size: { kind: 'integer' } } } };
    const authored = await fetch(new URL('/v1/w/default/operations/submit', served.address), {
      method: 'POST',
      headers: { authorization: `Bearer ${served.token!}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        changeSet,
        mutations: [
          { kind: 'schema.create', name: 'Box', spec },
          { kind: 'component.create', schema: 'Box', name: 'box' },
          { kind: 'function.create', name: 'make', functionKind: 'management', text },
          { kind: 'binding.attach', function: 'make', schema: 'Box' },
        ],
      }),
    });
    expect(await authored.text()).toContain('"value"');
    const { functions } = await agent.use('list_functions', { changeSet, kind: 'management' });
    expect(functions.items).toMatchObject([{ name: 'make', schemas: ['Box'] }]);
    expect((await agent.use('get_function', { changeSet, function: 'make' })).function.text).toBe(text);
    const asked = { changeSet, component: 'box', function: 'make' };
    const made = async () => (await agent.use('search_components', { changeSet, query: 'name:child' })).found.items;
    const { ran: tried } = await agent.use('run_management_function', { ...asked, dryRun: true, ...key() });
    expect([tried.dryRun, await made()]).toEqual([true, []]);
    const running = { ...asked, ...key() };
    const { ran } = await agent.use('run_management_function', running);
    expect((await agent.use('run_management_function', running)).ran).toEqual(ran);
    expect(await made()).toHaveLength(1);
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
      'why_ran',
      'list_views',
      'blast_radius',
      'list_change_sets',
      'review_change_set',
      'list_drift',
      'list_actions',
      'list_runs',
      'get_run',
      'read_events',
      'discover_resources',
      'get_change_set',
      'read_receipt',
      'list_edits',
      'describe_template',
      'preview_template',
      'get_declarations',
      'preview_components',
      'list_functions',
      'get_function',
      'list_policies',
      'list_plan_policies',
      'check_plan_policies',
      'list_freeze_windows',
      'list_scheduled_applies',
      'get_budgets',
      'list_webhooks',
    ]);
    for (const t of tools) {
      expect(t.outputSchema).toBeDefined();
      const isRead = reads.includes(t.name);
      expect((t.inputSchema.required ?? []).includes('idempotencyKey'), t.name).toBe(!isRead);
      expect(JSON.stringify(t)).not.toMatch(/"content"|password/);
    }
    const destructive = tools.filter((t) => t.annotations?.destructiveHint === true).map((t) => t.name);
    expect(destructive).toEqual([
      'undo_edits',
      'redo_edits',
      'pick_edits',
      'run_template',
      'declare_components',
      'run_management_function',
      'delete_component',
      'apply_change_set',
      'abandon_change_set',
      'change_action',
      'kill_run',
    ]);
    const outside = tools.filter((t) => t.annotations?.openWorldHint === true).map((t) => t.name);
    expect(outside).toEqual([
      'discover_resources',
      'run_management_function',
      'request_approval',
      'withdraw_request',
      'apply_change_set',
      'change_action',
      'kill_run',
      'refresh_component',
    ]);
    await agent.client.close();
  });

  test('none approves, rejects, reopens, forces, sets rules, members, tokens or secrets', async () => {
    const used = new Set<string>();
    const given = { attributes: {}, step: 'cancel', withPlan: true };
    const called = async (name: string) => {
      used.add(name);
      return {};
    };
    for (const t of tools) await t.run(given as never, called as never);
    expect([...used]).toEqual(
      expect.arrayContaining(['submit', 'change_set.apply', 'action.cancel', 'plan_policy.plan']),
    );
    const kept = /^(change_set\.(approve|reject|reopen|force_apply|promote)|member|token|budget\.set|secret|backup|gc)/;
    const rule = /^((plan_)?policy|freeze|webhook|apply|policy_report)\.(?!list$|check$|plan$|scheduled$)/;
    expect([...used].filter((name) => kept.test(name) || rule.test(name))).toEqual([]);
  });
});
