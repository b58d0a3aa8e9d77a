// What functions of a run reach by what its secrets say: exactly that, and nothing of it is told.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { House } from './house.ts';
import { bind, runsOf, secretHouse, secretOf, seen, setSecret, thingSpec } from './secret_house.ts';

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

let named: Server;
let other: Server;
const asked: string[] = [];
const portOf = (server: Server) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  const serve = (name: string) =>
    createServer((request, response) => {
      asked.push(`${name} ${request.url}`);
      response.end(name);
    });
  named = serve('named');
  other = serve('other');
  for (const server of [named, other]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  for (const server of [named, other]) server.closeAllConnections();
  for (const server of [named, other]) server.close();
});

/** Hands on the whole secret. */
const handOn = `function main(secret) { requestStorage.setItem('secret', secret); }`;
const look = (words: string) => `// @network ${words}
async function main() {
  const { Endpoint, Elsewhere } = requestStorage.getItem('secret');
  const ask = async (url) => {
    try { return await (await fetch(url)).text(); } catch (e) { return e.code + ' ' + e.message + ' ' + (e.cause?.message ?? ''); }
  };
  console.log('looking at', Endpoint, 'of', new URL(Endpoint).host);
  return { result: 'success', message: await ask(Endpoint + '/here') + '; ' + await ask(Elsewhere ?? Endpoint) };
}`;

async function opened(text: string, authentication = handOn) {
  const { house, folder } = await secretHouse();
  houses.push(house);
  const changeSet = await house.open();
  const spec = thingSpec as unknown as Json;
  await house.submit(
    changeSet,
    { kind: 'schema.create', name: 'Cloud', spec },
    { kind: 'schema.create', name: 'Thing', spec },
  );
  await bind(house, changeSet, {
    name: 'log in',
    functionKind: 'authentication',
    text: authentication,
    schema: 'Cloud',
  });
  await bind(house, changeSet, { name: 'look', functionKind: 'qualification', text });
  const checked = async (content: Json) => {
    await setSecret(house, changeSet, 'there', content);
    const attributes = { '/secrets/first': secretOf('there') };
    const { steps } = await house.submit(changeSet, {
      kind: 'component.create',
      schema: 'Thing',
      name: 'a',
      attributes,
    });
    const component = steps[0]!.subject;
    const shown = await seen(house, changeSet, component);
    const runs = await runsOf(house);
    return { shown, run: runs.at(-1)!, component, changeSet };
  };
  return { house, folder, checked };
}

/** Everything that the folder's files hold. */
function everything(folder: string): string {
  return readdirSync(folder)
    .filter((name) => name.startsWith('headwater.db'))
    .map((name) => readFileSync(join(folder, name)).toString('latin1'))
    .join('\n');
}

describe('what a member of a secret names', () => {
  test.each([
    ['of the function itself', look('$Endpoint'), handOn],
    ['of the authentication function before it', look('nobody.invalid'), `// @network $Endpoint\n${handOn}`],
  ])('[EN300] is reached, by a word %s, and nothing else is', async (_, text, authentication) => {
    const { checked } = await opened(text, authentication);
    const at = asked.length;
    const { shown, run } = await checked({
      Endpoint: `http://127.0.0.1:${portOf(named)}`,
      Elsewhere: `http://127.0.0.1:${portOf(other)}`,
    });
    expect(run.status).toBe('succeeded');
    expect(shown.value.qualification!['look']!.message).toMatch(
      /^named; refused_by_sandbox the host .* is not allowed here/,
    );
    expect(asked.slice(at)).toEqual(['named /here']);
    expect(run.network).toContain('$Endpoint');
  });

  test('[EN300] without a word for it nothing is reached', async () => {
    const { checked } = await opened(look('$Missing'));
    const at = asked.length;
    const { shown } = await checked({ Endpoint: `http://127.0.0.1:${portOf(named)}` });
    expect(shown.value.qualification!['look']!.message).toMatch(/^refused_by_sandbox no network is allowed here/);
    expect(asked.slice(at)).toEqual([]);
  });

  test('[EN301] keeps the run from starting when it is no address; what it is is not said', async () => {
    const { house, folder, checked } = await opened(look('$Endpoint'));
    const { shown, run } = await checked({ Endpoint: 'correct horse battery' });
    expect(run.failure).toEqual({
      code: 'authentication_failed',
      message: expect.stringMatching(
        /^the secret "there": its member Endpoint, which `@network \$Endpoint` names, is not /,
      ),
    });
    expect(JSON.stringify(shown)).not.toContain('battery');
    await house.close();
    expect(everything(folder)).not.toContain('battery');
  });

  test('[EN304] is told where the authentication function says that it is no secret', async () => {
    const { house, checked } = await opened(look('$Endpoint'), `// @plain Endpoint secret\n${handOn}`);
    const Endpoint = `http://127.0.0.1:${portOf(named)}`;
    const { shown, run } = await checked({ Endpoint, Elsewhere: 'correct horse battery' });
    expect(shown.value.qualification!['look']!.message).toMatch(/^named; /);
    const log = JSON.stringify(await house.call<Json>('run.log', { run: run.id }));
    expect(log).toContain(`looking at ${Endpoint} of 127.0.0.1:${portOf(named)}`);
    expect(JSON.stringify(shown) + log).not.toContain('battery');
  });

  test('[EN302] is in no record, log, result or failure of the run', async () => {
    const { house, folder, checked } = await opened(look('$Endpoint'));
    const server = createSocketServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    const { shown, run } = await checked({ Endpoint: `http://127.0.0.1:${port}` });
    const log = await house.call<Json>('run.log', { run: run.id });
    expect(JSON.stringify(log)).toContain('looking at [redacted] of [redacted]');
    expect(shown.value.qualification!['look']!.message).toContain(
      'what $Endpoint names cannot be reached: connect ECONNREFUSED',
    );
    expect(run.network).toEqual(['$Endpoint']);
    for (const told of [JSON.stringify(run), JSON.stringify(shown), JSON.stringify(log)])
      expect(told).not.toContain(`:${port}`);
    await house.close();
    expect(everything(folder)).toContain('$Endpoint');
    expect(everything(folder)).not.toContain(`:${port}`);
  });
});
