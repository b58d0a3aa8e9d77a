// Sending webhooks over HTTP, by the contract of src/ports/webhook_sender.ts. Where a name leads is looked at in the moment of
// connecting, so that one that resolves otherwise the second time leads nowhere.

import { createHmac } from 'node:crypto';
import { type LookupAddress, lookup } from 'node:dns';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { WebhookMessage, WebhookOutcome, WebhookSender } from '../ports/webhook_sender.ts';

/** `hosts`: those that are allowed although they are private, `HOST` or `HOST:PORT`; asked for each message. */
export function webhookSender(hosts: () => readonly string[]): WebhookSender {
  return { send: (message) => send(message, hosts()) };
}

/** IPv4, and IPv6 besides what is mapped to it. */
const notPublic = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  notPublic.addSubnet(net, prefix, 'ipv4');
/** Of IPv6 only what is routed in the world, and of that not what leads to IPv4 or is for documents. */
const routed = new BlockList();
routed.addSubnet('2000::', 3, 'ipv6');
for (const [net, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const)
  notPublic.addSubnet(net, prefix, 'ipv6');

export function isPublic(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPublic(mapped);
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, 'ipv4');
  return family === 6 && routed.check(address, 'ipv6') && !notPublic.check(address, 'ipv6');
}

function send(message: WebhookMessage, hosts: readonly string[]): Promise<WebhookOutcome> {
  const { id, body, timeoutMs, signal } = message;
  const url = new URL(message.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const isAllowed = hosts.includes(host) || hosts.includes(`${host}:${port}`);
  const refused = `${host} is a private address; its owner may allow it: headwater reach allow-host ${host}:${port}`;
  if (!isAllowed && isIP(host) !== 0 && !isPublic(host)) return Promise.resolve({ error: refused });
  const seconds = Math.floor(message.atMs / 1_000);
  const bytes = Buffer.from(body, 'utf8');
  const cancel = new AbortController();
  if (signal.aborted) cancel.abort();
  const cancelled = (): void => cancel.abort();
  signal.addEventListener('abort', cancelled);
  return new Promise((resolve) => {
    const ends = (outcome: WebhookOutcome): void => {
      signal.removeEventListener('abort', cancelled);
      resolve(outcome);
      asked.destroy();
    };
    const asked = (url.protocol === 'https:' ? overHttps : overHttp)(url, {
      method: 'POST',
      agent: false,
      signal: AbortSignal.any([cancel.signal, AbortSignal.timeout(timeoutMs)]),
      ...(isAllowed ? {} : { lookup: publicOnly(refused) }),
      headers: {
        'content-type': 'application/json',
        'content-length': bytes.length,
        'user-agent': 'headwater-webhooks',
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signatureOf(message.key, id, seconds, bytes),
      },
    });
    asked.on('response', (response) => ends({ status: response.statusCode ?? 0 }));
    asked.on('error', (e) => ends({ error: e.name === 'TimeoutError' ? `no answer in ${timeoutMs} ms` : e.message }));
    asked.end(bytes);
  });
}

/** As the specification has it, over the exact bytes. */
function signatureOf(key: string, id: string, seconds: number, body: Buffer): string {
  const secret = Buffer.from(key.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.`).update(body).digest('base64')}`;
}

/** Resolves a name to its public addresses; fails where it has none. */
function publicOnly(refused: string): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = ((found ?? []) as LookupAddress[]).filter(({ address }) => isPublic(address));
      const [first] = addresses;
      if (error !== null) callback(error, '');
      else if (first === undefined) callback(new Error(refused), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
