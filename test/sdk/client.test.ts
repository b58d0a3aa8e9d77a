// The SDK against a server: its errors, repetitions, lists and events. Connections are lost by a `fetch` that loses real ones.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Headwater, HeadwaterError, type HeadwaterOptions } from '../../src/surfaces/sdk/index.ts';
import { HttpHouse } from '../http/house.ts';

const spec = { format: 1, domain: { kind: 'object', properties: { size: { kind: 'integer' } } } };

let house: HttpHouse;
beforeAll(async () => {
  house = await HttpHouse.open();
});
afterAll(async () => {
  await house.close();
  expect(house.bugs).toEqual([]);
});

const client = (more: Partial<HeadwaterOptions> = {}) =>
  new Headwater({ server: house.address, token: house.token, firstWaitMs: 5, ...more });
/** A change set with the schema `Box`. */
const opened = async (changeSetName: string): Promise<string> => {
  const { changeSet } = await client().changeSets.createChangeSet({ body: { changeSetName } });
  const mutations = [{ kind: 'schema.create', name: 'Box', spec }];
  await house.must('POST', `~/change-sets/${changeSet.id}/mutations`, { body: { mutations } });
  return changeSet.id;
};
const failed = (asked: Promise<unknown>): Promise<HeadwaterError> =>
  asked.then(
    () => expect.unreachable('was done'),
    (e) => {
      expect(e).toBeInstanceOf(HeadwaterError);
      return e;
    },
  );
const namesOf = async (change_set_id: string): Promise<string[]> => {
  const names: string[] = [];
  for await (const c of client().each('Components.listComponents', { change_set_id })) names.push(c.name);
  return names.sort();
};
const box = (name: string) => ({ schemaName: 'Box', name });

describe('the SDK', () => {
  test('[EN582] a refusal is an error with its reason, its place and what to do next', async () => {
    const e = await failed(client().components.getComponent({ change_set_id: 'HEAD', component_id: 'nobody' }));
    expect(e).toMatchObject({
      status: 404,
      reason: 'component_not_found',
      retryable: false,
      requestId: expect.any(String),
    });
    expect(e.hint).not.toBe('');
    expect(e.errors).toMatchObject([{ got: expect.stringContaining('nobody') }]);
    expect((await failed(client({ token: 'hw_none' }).whoami.whoami())).reason).toBe('token_invalid');
    const nowhere = await failed(client({ server: 'http://127.0.0.1:1', attempts: 2 }).whoami.whoami());
    expect(nowhere).toMatchObject({ status: 0, reason: 'connection_lost', retryable: true });
    const html = client({ attempts: 1, fetch: async () => new Response('<p>later</p>', { status: 502 }) });
    expect(await failed(html.whoami.whoami())).toMatchObject({
      status: 502,
      reason: 'unknown_answer',
      retryable: true,
    });
  });

  test('[EN582] what was lost on the way is sent again under the same key, and done once', async () => {
    const change_set_id = await opened('lost');
    const keys: (string | undefined)[] = [];
    const fetchThatLoses = async (url: string, init: RequestInit) => {
      const answer = await fetch(url, init);
      if (init.method !== 'POST') return answer;
      keys.push((init.headers as Record<string, string>)['idempotency-key']);
      // The first answer never comes; the second breaks off within its body.
      if (keys.length === 1) throw new TypeError('fetch failed');
      if (keys.length > 2) return answer;
      const broken = new ReadableStream({
        start: (c) => {
          c.enqueue(new TextEncoder().encode('{"comp'));
          c.error(new Error('broken off'));
        },
      });
      return new Response(broken, { status: 200, headers: answer.headers });
    };
    const made = await client({ fetch: fetchThatLoses }).components.createComponent({
      change_set_id,
      body: box('once'),
    });
    expect(made.component.name).toBe('once');
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(await namesOf(change_set_id)).toEqual(['once']);
    await client().components.createComponent({ change_set_id, body: box('other') });
    await client().components.createComponent({ change_set_id, body: box('other') });
    expect(await namesOf(change_set_id)).toEqual(['once', 'other', 'other']);
    const key = { idempotencyKey: 'mine' };
    const first = await client().components.createComponent({ change_set_id, body: box('keyed') }, key);
    expect(await client().components.createComponent({ change_set_id, body: box('keyed') }, key)).toEqual(first);
  });

  test('[EN582] as often as allowed, after the time that the server names, unless the caller stops', async () => {
    let asked = 0;
    const busy = (after: string | undefined) => async () => {
      asked++;
      const problem = { message: 'later', reason: 'store_busy', retryable: true, errors: [] };
      return Response.json(problem, { status: 503, headers: after === undefined ? {} : { 'retry-after': after } });
    };
    expect(await failed(client({ fetch: busy(undefined), attempts: 4 }).whoami.whoami())).toMatchObject({
      reason: 'store_busy',
      retryable: true,
    });
    expect(asked).toBe(4);
    const since = performance.now();
    await failed(client({ fetch: busy('0.2'), attempts: 2 }).whoami.whoami());
    expect(performance.now() - since).toBeGreaterThan(190);
    const stopped = client({ fetch: busy('20') }).whoami.whoami({}, { signal: AbortSignal.timeout(50) });
    await expect(stopped).rejects.toThrow('aborted due to timeout');
    asked = 0;
    const refused = async () => {
      asked++;
      return Response.json({ message: 'no', reason: 'access_denied', retryable: false, errors: [] }, { status: 403 });
    };
    await failed(client({ fetch: refused }).whoami.whoami());
    expect(asked).toBe(1);
  });

  test('[EN582] an edit is held to a version, or carried over what came since', async () => {
    const change_set_id = await opened('versions');
    const { answer, version } = await client().send('Components.createComponent', { change_set_id, body: box('a') });
    const update = { change_set_id, component_id: answer.component.id };
    const sized = { attributes: { '/domain/size': 1 } };
    await client().components.updateComponent({ ...update, body: sized }, { ifMatch: version! });
    let asked = 0;
    const counting = client({
      fetch: (url, init) => {
        if (init.method === 'PUT') asked++;
        return fetch(url, init);
      },
    });
    const late = await failed(counting.components.updateComponent({ ...update, body: sized }, { ifMatch: version! }));
    expect(asked).toBe(1);
    expect(late).toMatchObject({ status: 412, reason: 'version_conflict' });
    await client().components.updateComponent({ ...update, baseVersion: version!, body: { name: 'b' } });
    const { component } = await client().components.getComponent(update);
    expect(component.attributes).toMatchObject({ '/si/name': 'b', '/domain/size': 1 });
  });

  test('[EN583] a list is told whole and once, page by page', async () => {
    const change_set_id = await opened('pages');
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await client().components.createComponent({ change_set_id, body: box(name) });
    let pages = 0;
    const counting = client({
      fetch: (url, init) => {
        if (url.includes('/components?')) pages++;
        return fetch(url, init);
      },
    });
    const seen: string[] = [];
    for await (const c of counting.each('Components.listComponents', { change_set_id, limit: '2' })) seen.push(c.name);
    expect(seen).toEqual(names);
    expect(pages).toBe(3);
    for await (const _ of counting.each('Components.listComponents', { change_set_id, limit: '2' })) break;
    expect(pages).toBe(4);
  });

  test('[EN583] events go on through lost connections, each once and in order', async () => {
    const change_set_id = await opened('events');
    let streams = 0;
    /** Each stream breaks off after some bytes: within a frame, between frames, within a character. */
    const cutting = async (url: string, init: RequestInit) => {
      const answer = await fetch(url, init);
      if (!url.includes('/events') || !answer.ok) return answer;
      let left = 150 + 217 * streams++;
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, c) {
          c.enqueue(chunk.slice(0, left));
          left -= chunk.length;
          if (left <= 0) c.error(new Error('cut'));
        },
      });
      return new Response(answer.body!.pipeThrough(cut), { status: 200, headers: answer.headers });
    };
    const stop = new AbortController();
    const positions: number[] = [];
    const following = (async () => {
      const events = client({ fetch: cutting }).events({
        change_set_id,
        after: 0,
        kinds: ['mutation'],
        signal: stop.signal,
      });
      for await (const { kind, position } of events) {
        expect(kind).toBe('mutation');
        positions.push(position!);
        if (positions.length === 21) break;
      }
    })();
    for (let n = 0; n < 20; n++) await client().components.createComponent({ change_set_id, body: box(`böx-${n}`) });
    await following;
    expect(streams).toBeGreaterThan(3);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    expect(positions).toHaveLength(21);
    stop.abort();
    const stopped = client().events({ signal: AbortSignal.abort(new Error('enough')) });
    await expect(stopped.next()).rejects.toThrow('enough');
    const gone = client({ attempts: 1 }).events({ change_set_id, after: 999_999_999 });
    expect((await failed(gone.next())).reason).toBe('events_gone');
  });

  test('[EN583] end with the reason when the token is no longer good', async () => {
    const { token, line } = await house.must('POST', '~/tokens', { body: { name: 'short', scopes: ['read'] } });
    const events = client({ token }).events({ after: 0 });
    await events.next();
    const last = (async () => {
      for await (const _ of events);
    })();
    await house.call('token.revoke', { token: line.id });
    expect((await failed(last)).reason).toBe('token_invalid');
  });
});
