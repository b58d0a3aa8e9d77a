// What a server, or what stands in front of it, answers before it comes to an operation: told by its own code, with the exit code
// that goes with it.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/base/result.ts';
import { problem, problemOfFault } from '../../src/surfaces/http/refusals.ts';
import { Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
let server: Server;
let answer: { status: number; body: string };

beforeAll(async () => {
  server = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  terminal.variables = { HEADWATER_SERVER: `http://127.0.0.1:${port}`, HEADWATER_TOKEN: 'hw_a_b_c' };
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function told(status: number, body: object | string): Promise<unknown> {
  answer = { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
  const { code, out } = await terminal.hw('--json', 'change-set', 'list');
  return [code, (JSON.parse(out) as { error: unknown }).error];
}

describe('[EN827] what is answered before an operation', () => {
  test('a workspace that another engine drives', async () => {
    const elsewhere = problemOfFault(new Fault('workspace_elsewhere', 'it is at http://b:8400'), 'r1');
    const error = { code: 'workspace_elsewhere', message: 'workspace_elsewhere: it is at http://b:8400' };
    expect(await told(503, elsewhere)).toEqual([75, error]);
  });

  test('what is nobody’s problem but a moment’s, also by what stands in front', async () => {
    expect(await told(503, '<html>')).toEqual([75, expect.objectContaining({ code: 'server_unavailable' })]);
    expect(await told(429, '<html>')).toEqual([75, expect.objectContaining({ code: 'too_many_requests' })]);
    expect(await told(502, '<html>')).toEqual([1, expect.objectContaining({ code: 'server_failed' })]);
    const p = { status: 404, reason: 'route_not_found', message: 'none', instance: 'r1', retryable: false };
    expect(await told(404, problem(p))).toEqual([1, expect.objectContaining({ code: 'server_failed' })]);
  }, 30_000);

  test('more requests in a minute than are taken', async () => {
    const t = new Terminal();
    const served = await Served.start(`${t.folder}/served`, ['--requests-per-minute', '2']);
    t.variables = { HEADWATER_SERVER: served.address, HEADWATER_TOKEN: served.token! };
    for (let n = 0; n < 2; n++) expect((await t.hw('change-set', 'list')).code).toBe(0);
    const { code, err } = await t.hw('change-set', 'list');
    expect([code, err]).toEqual([
      75,
      expect.stringMatching(/^too_many_requests: more than 2 in a minute; try again in /m),
    ]);
    await served.stop();
  }, 60_000);
});
