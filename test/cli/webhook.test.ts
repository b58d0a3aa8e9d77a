// `headwater webhook` and the private hosts that webhooks may be sent to, `headwater reach allow-host`: against a server, with a
// receiver that really listens.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Served } from '../support/served.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
const folder = join(terminal.folder, 'served');
const got: { headers: IncomingHttpHeaders; body: string }[] = [];
let answer = 204;
let served: Served;
let receiver: Server;
let host: string;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      response.writeHead(answer).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  served = await Served.start(folder);
  terminal.variables = { HEADWATER_SERVER: served.address, HEADWATER_TOKEN: served.token! };
}, 60_000);
afterAll(async () => {
  await served.stop();
  receiver.closeAllConnections();
  receiver.close();
});

describe('headwater reach allow-host', () => {
  test('[EN713] allows and denies a private host in the data folder', async () => {
    const said = await terminal.hw('reach', 'allow-host', host, '--data', folder);
    expect(said).toMatchObject({ code: 0, out: `Private hosts that webhooks reach: ${host}.\n` });
    expect(JSON.parse(readFileSync(join(folder, 'reach.json'), 'utf8'))).toMatchObject({ hosts: [host] });
    expect(await terminal.json('reach', 'deny-host', host, '--data', folder)).toEqual({
      host,
      changed: true,
      hosts: [],
    });
    expect((await terminal.hw('reach', 'deny-host', host, '--data', folder)).out).toBe(
      'Private hosts that webhooks reach: none.\n',
    );
  });

  test.each(['http://10.0.0.7/', '10.0.0.7/x', 'a b', 'x:99999', ''])(
    '[EN713] refuses %j, which is no host',
    async (wrong) => {
      const { code, out } = await terminal.hw('reach', 'allow-host', wrong, '--data', folder, '--json');
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ error: { code: 'request_malformed', got: JSON.stringify(wrong) } });
    },
  );

  test('[EN713] takes an address of IPv6 as it is written in a URL', async () => {
    const said = await terminal.json('reach', 'allow-host', '[fd00::7]:8080', '--data', folder);
    expect(said).toMatchObject({ hosts: ['fd00::7:8080'] });
    expect(await terminal.json('reach', 'deny-host', 'fd00::7:8080', '--data', folder)).toMatchObject({ hosts: [] });
  });
});

describe('headwater webhook', () => {
  let id: string;
  let secret: string;

  test('[EN713] is made, tried and told what happens, signed with the key that is shown once', async () => {
    expect((await terminal.hw('webhook', 'list')).out).toBe('No webhooks.\n');
    const made = await terminal.json<{ id: string; secret: string; kinds: string[] }>(
      ...['webhook', 'create', `http://${host}/hooks`, '--kind', 'change_set'],
    );
    ({ id, secret } = made);
    expect(made).toMatchObject({ kinds: ['change_set'], secret: expect.stringMatching(/^whsec_/) });
    // A host of this machine that nobody has allowed.
    const closed = await terminal.hw('webhook', 'test', id);
    expect(closed).toMatchObject({ code: 1, out: expect.stringContaining(`reach allow-host`) });
    expect(got).toEqual([]);
    await terminal.hw('reach', 'allow-host', host, '--data', folder);
    expect(await terminal.hw('webhook', 'test', id)).toMatchObject({ code: 0, out: 'status 204\n' });
    const [{ headers, body }] = got as [(typeof got)[0]];
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    answer = 500;
    expect(await terminal.json('webhook', 'test', id)).toMatchObject({ status: 500 });
    answer = 204;
  }, 60_000);

  test('[EN713] is listed with what was sent last, without its key', async () => {
    await terminal.hw('change-set', 'create', 'told');
    let list = await terminal.hw('webhook', 'list');
    while (!list.out.includes('attempt')) list = await terminal.hw('webhook', 'list');
    expect(list.out).toContain(`${id}  http://${host}/hooks  change_set\n`);
    expect(list.out).toMatch(/change_set\s+attempt 1\s+status 204/);
    expect(got.at(-1)!.body).toContain('told');
    const asJson = await terminal.json<{ id: string }[]>('webhook', 'list');
    expect(asJson).toMatchObject([{ id, url: `http://${host}/hooks` }]);
    expect(JSON.stringify(asJson)).not.toContain(secret);
  });

  test('[EN713] people read the same, and a refusal says what to do', async () => {
    const { out } = await terminal.hw('webhook', 'create', `http://${host}/all`);
    expect(out).toMatch(
      /^Webhook \S+ tells http:\S+\/all all that happens\.\nIts signing key, which is not shown again: whsec_/,
    );
    const other = /^Webhook (\S+)/.exec(out)![1]!;
    expect((await terminal.hw('webhook', 'enable', other)).out).toBe(`Webhook ${other} to http://${host}/all is on.\n`);
    expect((await terminal.hw('webhook', 'remove', other)).out).toBe(
      `Webhook ${other} to http://${host}/all is removed.\n`,
    );
    expect(await terminal.json('webhook', 'remove', id)).toMatchObject({ id });
    const gone = await terminal.run(['webhook', 'remove', id, '--json']);
    expect(gone.code).toBe(1);
    expect(JSON.parse(gone.out)).toMatchObject({
      error: { code: 'webhook_not_found', hint: expect.stringMatching(/./) },
    });
    const wrong = await terminal.hw('webhook', 'create', 'ftp://example.org/');
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('request malformed') });
  });
});
