// What a server tells of itself: metrics for those who may see the whole installation, a line of JSON for each request, and
// traces to a collector, when somebody asked for them.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTokenText } from '../../src/access/token.ts';
import { Served } from '../support/served.ts';

const folder = mkdtempSync(join(tmpdir(), 'headwater-telemetry-'));
const requests: { readonly path: string; readonly body: string }[] = [];
const collector = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    requests.push({ path: request.url ?? '', body });
    response.end('{}');
  });
});
let said: Served;

beforeAll(async () => {
  await new Promise<void>((done) => collector.listen(0, '127.0.0.1', done));
  const { port } = collector.address() as AddressInfo;
  const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  said = await Served.start(folder, ['--log-level', 'info'], env);
});
afterAll(async () => {
  collector.closeAllConnections();
  collector.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (method: string, path: string, token: string, more: { body?: object; headers?: object } = {}) =>
  fetch(new URL(path, said.address), {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...more.headers },
    ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
  });

describe('a server', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  let id: string;

  test('counts and times what it does', async () => {
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-request-id': 'req-1' };
    const made = await ask('POST', '/v1/w/default/change-sets', said.token!, {
      body: { changeSetName: 'one' },
      headers,
    });
    id = ((await made.json()) as { changeSet: { id: string } }).changeSet.id;
    const mutations = [{ kind: 'component.create', schema: 'AWS::EC2::VPC', name: 'main' }];
    const done = await ask('POST', '/v1/w/default/operations/submit', said.token!, {
      body: { changeSet: id, mutations },
      headers,
    });
    expect(await done.text()).toContain('"value"');
    const answer = await ask('GET', '/metrics', said.token!);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const text = await answer.text();
    const value = (line: RegExp): number => Number(line.exec(text)?.[1]);
    expect(value(/^headwater_commit_duration_milliseconds_count\{won="true"\} (\d+)$/m)).toBeGreaterThanOrEqual(2);
    expect(value(/^headwater_step_duration_milliseconds_count\{step="submit"\} (\d+)$/m)).toBe(1);
    expect(
      value(
        /^headwater_http_request_duration_milliseconds_count\{route="[^"]*change-sets",method="POST",status="200"\} (\d+)$/m,
      ),
    ).toBe(1);
    expect(text).toMatch(/^headwater_replay_lag_versions\{workspace="[0-9A-Z]{26}"\} 0$/m);
    expect(text).toMatch(/^headwater_dirty_values\{workspace="[0-9A-Z]{26}"\} \d+$/m);
    expect(text).toMatch(/^headwater_resident_bytes \d+$/m);
  });

  test('tells them to tokens of the installation only', async () => {
    const made = await ask('POST', '/v1/w/default/tokens', said.token!, { body: { name: 'here' } });
    const { token } = (await made.json()) as { token: string };
    expect((await ask('GET', '/metrics', token)).status).toBe(403);
    expect((await ask('GET', '/metrics', 'nothing')).status).toBe(401);
  });

  test('ends orderly, having written a line for each request and sent its traces', async () => {
    expect(await said.stop()).toBe(0);
    const lines = said.errors;
    const logged = lines
      .split('\n')
      .filter((l) => l.startsWith('{'))
      .map((l) => JSON.parse(l) as { id: string; route: string; status: number; user?: string; trace?: string });
    expect(logged[0]).toMatchObject({
      msg: 'request',
      id: 'req-1',
      route: '/v1/w/:workspace_id/change-sets',
      status: 200,
      user: expect.any(String),
      trace,
    });
    expect(logged.map((l) => l.status)).toEqual([200, 200, 200, 200, 403, 401]);
    expect(lines).not.toContain(parseTokenText(said.token!)!.secret);
    const sent = requests.filter((r) => r.path === '/v1/traces').map((r) => r.body);
    const spans = sent.flatMap((body) =>
      (
        JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: { name: string; traceId: string }[] }[] }[] }
      ).resourceSpans
        .flatMap((r) => r.scopeSpans)
        .flatMap((s) => s.spans),
    );
    const names = spans.filter((s) => s.traceId === trace).map((s) => s.name);
    expect(names).toEqual(
      expect.arrayContaining(['ChangeSets.createChangeSet', 'Operations.callOperation', 'operation', 'submit']),
    );
  });
});
