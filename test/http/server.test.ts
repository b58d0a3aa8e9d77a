// What holds for every route: who is let in, how requests are checked, how errors look, repetitions, limits, the document.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTokenText } from '../../src/access/token.ts';
import { limits } from '../../src/base/limits.ts';
import { openApiOf } from '../../src/surfaces/http/openapi.ts';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { HttpHouse } from './house.ts';

describe('the HTTP API', () => {
  let house: HttpHouse;
  beforeAll(async () => {
    house = await HttpHouse.open();
  });
  afterAll(async () => {
    await house.close();
    expect(house.bugs).toEqual([]);
  });

  test('says where its documentation is, and whether it is there and ready, to anybody', async () => {
    for (const path of ['/', '/healthz', '/readyz', '/openapi.json'])
      expect((await house.ask('GET', path, { token: null })).status).toBe(200);
  });

  test('lets nobody in without a token that is valid', async () => {
    const none = await house.ask('GET', '~/change-sets', { token: null });
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    expect(none.body).toMatchObject({ statusCode: 401, code: null, reason: 'token_invalid', retryable: false });
    const wrong = `${house.token.slice(0, -3)}abc`;
    const unknown = house.token.replace(/_[0-9A-Z]{26}_(?=[^_]*)/, '_01ARZ3NDEKTSV4RRFFQ69G5FAV_');
    for (const token of ['x', wrong, unknown, `${house.token}x`]) {
      const { status, body } = await house.ask('GET', '~/change-sets', { token });
      expect({ status, reason: body.reason }).toEqual({ status: 401, reason: 'token_invalid' });
    }
  });

  test('a token that was revoked or has expired is none any more', async () => {
    const made = await house.must('POST', '~/tokens', { body: { name: 'short', expiresAtMs: Date.now() + 3_600_000 } });
    expect((await house.ask('GET', '~/change-sets', { token: made.token })).status).toBe(200);
    await house.must('DELETE', `~/tokens/${made.line.id}`);
    expect((await house.ask('GET', '~/change-sets', { token: made.token })).body.errors[0].got).toContain('revoked');
    const old = await house.must('POST', '~/tokens', { body: { name: 'old', expiresAtMs: Date.now() - 1 } });
    expect((await house.ask('GET', '~/change-sets', { token: old.token })).body.errors[0].got).toContain('expired');
    const { tokens } = await house.must('GET', '~/tokens');
    expect(tokens.map((t: { name: string }) => t.name)).toEqual(['old', 'short', 'tests']);
    expect(JSON.stringify(tokens)).not.toContain(parseTokenText(made.token)!.secret);
  });

  test('a token does what its scopes say, and makes none with more', async () => {
    const { token } = await house.must('POST', '~/tokens', { body: { name: 'reader', scopes: ['read'] } });
    expect((await house.ask('GET', '~/change-sets', { token })).status).toBe(200);
    const refused = await house.ask('POST', '~/change-sets', { token, body: { changeSetName: 'x' } });
    expect(refused.status).toBe(403);
    expect(refused.body.message).toContain('scope edit');
    const more = await house.ask('POST', '~/tokens', { token, body: { name: 'more', scopes: ['read', 'edit'] } });
    expect({ status: more.status, reason: more.body.reason }).toEqual({ status: 403, reason: 'access_denied' });
    const far = await house.ask('POST', '~/tokens', {
      token,
      body: { name: 'far', scopes: [], reach: 'installation' },
    });
    expect(far.status).toBe(403);
  });

  test('a token of one workspace is not good in another, and does not learn whether there is one', async () => {
    const other = await house.call<{ id: string }>('workspace.create', { name: 'other' });
    const { token } = await house.must('POST', '~/tokens', { body: { name: 'here' } });
    const there = await house.ask('GET', `/v1/w/${other.id}/change-sets`, { token });
    const nowhere = await house.ask('GET', '/v1/w/01ARZ3NDEKTSV4RRFFQ69G5FAV/change-sets', { token });
    expect([there.status, nowhere.status]).toEqual([403, 403]);
    expect(there.body.message.replace(other.id, 'X')).toBe(
      nowhere.body.message.replace('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'X'),
    );
    expect((await house.ask('GET', `/v1/w/${other.id}/change-sets`)).status).toBe(200);
  });

  test('tells what is wrong with a body at its place', async () => {
    const missing = await house.ask('POST', '~/change-sets', { body: {} });
    expect(missing.status).toBe(422);
    expect(missing.body.errors).toEqual([
      {
        path: 'body/changeSetName',
        expected: 'a value',
        got: 'nothing',
        hint: 'compare the request with the operation in /openapi.json',
      },
    ]);
    const wrong = await house.ask('POST', '~/change-sets', { body: { changeSetName: 5 } });
    expect(wrong.body.errors[0]).toMatchObject({ path: 'body/changeSetName', expected: 'must be string', got: '5' });
    const broken = await house.ask('POST', '~/change-sets', { body: '{"changeSetName": ' });
    expect({ status: broken.status, reason: broken.body.reason }).toEqual({ status: 422, reason: 'request_malformed' });
    expect((await house.ask('POST', '~/change-sets')).status).toBe(422);
    const nowhere = await house.ask('GET', '~/nowhere');
    expect({ status: nowhere.status, reason: nowhere.body.reason }).toEqual({ status: 404, reason: 'route_not_found' });
  });

  test('[EN824] tells which values are allowed where only some are', async () => {
    const of = async (method: string, path: string, asked: { readonly body?: unknown } = {}) => {
      const { status, body } = await house.ask(method, path, asked);
      return { status, reason: body.reason, ...body.errors?.[0] };
    };
    const { id } = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'values' } })).changeSet;
    expect(await of('GET', `~/change-sets/${id}/graph?format=png`)).toMatchObject({
      status: 422,
      reason: 'request_malformed',
      path: 'query/format',
      expected: 'one of "json", "dot"',
      got: '"png"',
    });
    const report = { name: 'r', policy: 'p', report: 'r', result: 'Maybe' };
    expect(await of('POST', `~/change-sets/${id}/policy-reports`, { body: report })).toMatchObject({
      path: 'body/result',
      expected: 'one of "Pass", "Fail"',
      got: '"Maybe"',
    });
    expect(await of('POST', '~/tokens', { body: { name: 't', scopes: ['reign'] } })).toMatchObject({
      path: 'body/scopes/0',
      expected: expect.stringMatching(/^one of .*"edit"/),
    });
  });

  test('answers a repetition with the same key as the first time, and refuses another request with it', async () => {
    const headers = { 'idempotency-key': 'k1' };
    const first = await house.must('POST', '~/change-sets', { body: { changeSetName: 'once' }, headers });
    const again = await house.must('POST', '~/change-sets', { body: { changeSetName: 'once' }, headers });
    expect(again).toEqual(first);
    const other = await house.ask('POST', '~/change-sets', { body: { changeSetName: 'twice' }, headers });
    expect({ status: other.status, reason: other.body.reason }).toEqual({
      status: 409,
      reason: 'idempotency_key_reused',
    });
  });

  test('[EN580] a type of content without any content is no mistake, one of some content is', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { id } = (await house.must('POST', '~/change-sets', { body: { changeSetName: 'nothing said' } })).changeSet;
    expect((await house.ask('DELETE', `~/change-sets/${id}`, { headers })).status).toBe(200);
    expect((await house.ask('POST', '~/change-sets/purge_open', { headers })).status).toBe(200);
    const form = new URLSearchParams({ changeSetName: 'x' }) as unknown as FormData;
    expect((await house.ask('POST', '~/change-sets', { form })).status).toBe(415);
  });

  test('each answer has the id of its request, the caller’s where it gives one', async () => {
    const { headers } = await house.ask('GET', '/healthz', { headers: { 'x-request-id': 'mine-1' } });
    expect(headers.get('x-request-id')).toBe('mine-1');
    const refused = await house.ask('GET', '~/change-sets/none');
    expect(refused.status).toBe(404);
    expect(refused.body.instance).toBe(refused.headers.get('x-request-id'));
  });

  test('[EN701] a body that is nested without end, or has half of a character, is refused whatever it is for', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const headers = { 'idempotency-key': 'deep' };
    for (const body of [deep, `{"changeSetName": "x", "more": ${deep}}`, '{"changeSetName": "\\ud800"}'])
      for (const path of ['~/change-sets', '~/tokens', '~/operations/change_set.create']) {
        const { status, body: said } = await house.ask('POST', path, { body, headers });
        expect({ status, reason: said.reason }).toEqual({ status: 422, reason: 'value_not_storable' });
        expect(JSON.stringify(said).length).toBeLessThan(2_000);
      }
  });

  test('[EN827] a body that cannot be read is refused with its place, what is expected, what came and what to do', async () => {
    const json = { 'content-type': 'application/json' };
    for (const [body, headers, status, reason, expected, got] of [
      ['{nope', json, 422, 'request_malformed', 'JSON', 'in JSON at position 1'],
      [`"${' '.repeat(limits.httpBodyBytesMax)}"`, json, 413, 'limit_exceeded', 'at most 32 MiB', 'more'],
      ['<x/>', { 'content-type': 'text/xml' }, 415, 'media_type_not_supported', 'application/json', 'text/xml'],
      ['{}', { ...json, 'content-encoding': 'gzip' }, 400, 'request_malformed', 'gzip', 'cannot be decoded'],
      ['{}', { ...json, 'content-encoding': 'zip' }, 415, 'media_type_not_supported', 'gzip, deflate or br', 'zip'],
    ] as const) {
      const { body: said, status: answered } = await house.ask('POST', '~/change-sets', { body, headers });
      expect({ answered, reason: said.reason, errors: said.errors }).toEqual({
        answered: status,
        reason,
        errors: [
          {
            path: 'body',
            expected: expect.stringContaining(expected),
            got: expect.stringContaining(got),
            hint: expect.any(String),
          },
        ],
      });
      expect(said.message).toMatch(new RegExp(`^${reason}: body: expected `));
    }
  });

  test('[EN700] names of any length lead to what has them; a path that leads nowhere is refused like everything else', async () => {
    const name = 'é'.repeat(limits.nameCharsMax);
    const { changeSet } = await house.must('POST', '~/change-sets', { body: { changeSetName: name } });
    expect((await house.must('GET', `~/change-sets/${encodeURIComponent(name)}`)).changeSet.id).toBe(changeSet.id);
    for (const [path, status, reason] of [
      [`~/change-sets/${'x'.repeat(limits.httpPathPartCharsMax + 1)}`, 414, 'limit_exceeded'],
      ['~/change-sets/%E0%A4%A', 400, 'request_malformed'],
    ] as const) {
      const refused = await house.ask('GET', path);
      expect({ status: refused.status, reason: refused.body.reason }).toEqual({ status, reason });
      expect(refused.body.instance).toBe(refused.headers.get('x-request-id'));
    }
  });

  test('long answers are compressed for those who take that', async () => {
    const { headers } = await house.ask('GET', '/openapi.json', { headers: { 'accept-encoding': 'gzip' } });
    expect(headers.get('content-encoding')).toBe('gzip');
  });

  test('more requests in a minute than are let through are told when to come again', async () => {
    const small = await HttpHouse.open({ requestsPerMinuteMax: 3 });
    try {
      for (let i = 0; i < 3; i++) expect((await small.ask('GET', '/whoami')).status).toBe(200);
      const over = await small.ask('GET', '/whoami');
      expect({ status: over.status, reason: over.body.reason, retryable: over.body.retryable }).toEqual({
        status: 429,
        reason: 'too_many_requests',
        retryable: true,
      });
      expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await small.close();
    }
  });

  test('[EN778] what is no token is counted by where it comes from: it has no minute of its own, and takes nobody else’s', async () => {
    const small = await HttpHouse.open({ requestsPerMinuteMax: 3 });
    try {
      const [head, workspace, id] = small.token.split('_');
      for (const n of [1, 2, 3]) {
        const other = n === 3 ? id : `${n}`;
        const { status } = await small.ask('GET', '/whoami', { token: `${head}_${workspace}_${other}_wrong` });
        expect(status).toBe(401);
      }
      expect((await small.ask('GET', '/whoami', { token: `${head}_${workspace}_4_wrong` })).status).toBe(429);
      expect((await small.ask('GET', '/whoami')).status).toBe(200);
    } finally {
      await small.close();
    }
  });

  test('[EN778] a form with more than it has is not held in memory', async () => {
    const form = new FormData();
    for (const n of [1, 2]) form.append(`f${n}`, new Blob(['{}'], { type: 'application/json' }), `${n}.json`);
    const { id } = await house.call<{ id: string }>('change_set.create', { name: 'two files' });
    const sent = await house.ask('POST', `~/change-sets/${id}/schemas/install_from_file`, { form });
    expect(sent.status).toBe(413);
  });

  test('[EN806] what says that it is a form and is none is refused, and is no bug of the server', async () => {
    const { id } = await house.call<{ id: string }>('change_set.create', { name: 'no form' });
    const path = `/v1/w/${house.workspace}/change-sets/${id}/schemas/install_from_file`;
    const cutOff = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n{';
    const sent = [
      ['multipart/form-data; boundary=x', 'garbage'],
      ['multipart/form-data; boundary=x', cutOff],
      ['multipart/form-data', 'garbage'],
    ] as const;
    for (const [type, body] of sent) {
      const headers = { authorization: `Bearer ${house.token}`, 'content-type': type };
      const answer = await fetch(house.address + path, { method: 'POST', headers, body });
      expect([answer.status, await answer.json()]).toEqual([
        422,
        expect.objectContaining({
          reason: 'request_malformed',
          errors: [expect.objectContaining({ path: 'body', expected: expect.stringContaining('multipart/form-data') })],
        }),
      ]);
    }
    expect(house.bugs).toEqual([]);
  });

  test('[EN806] a client that goes away in the middle of what it sends or gets is no bug of the server', async () => {
    const { id } = await house.call<{ id: string }>('change_set.create', { name: 'gone' });
    const authorization = `Bearer ${house.token}`;
    const { port } = new URL(house.address);
    const at = `/v1/w/${house.workspace}`;
    const went = async (text: string, isOver: (told: string) => boolean) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
      let told = '';
      const closed = once(socket, 'close');
      if (isOver('')) setTimeout(() => socket.destroy(), 200);
      socket.on('data', (piece) => {
        told += piece;
        if (isOver(told)) socket.destroy();
      });
      await closed;
    };
    const head = (line: string, more: string) =>
      `${line} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n${more}\r\n`;
    const form = 'content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n';
    const path = `${at}/change-sets/${id}/schemas/install_from_file`;
    await went(`${head(`POST ${path}`, form)}--x\r\n`, () => true);
    const json = 'content-type: application/json\r\ncontent-length: 1000\r\n';
    await went(`${head(`POST ${at}/change-sets`, json)}{`, () => true);
    await went(head(`GET ${at}/events`, ''), (told) => told.includes('retry:'));
    await went(head(`GET ${at}/events`, 'accept-encoding: gzip\r\n'), (told) => told.includes('retry:'));
    await sleep(300);
    expect(house.bugs).toEqual([]);
  });
});

describe('the document', () => {
  test('names each operation once, and its references lead somewhere', () => {
    const document = JSON.parse(JSON.stringify(openApiOf(routes, '0.0.0')));
    expect(document.openapi).toBe('3.1.0');
    const ids = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>).flatMap((p) =>
      Object.values(p).map((o) => o.operationId),
    );
    expect(ids.length).toBe(routes.length);
    expect(new Set(ids).size).toBe(ids.length);
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      expect(document.components.schemas[name!]).toBeDefined();
  });
});
