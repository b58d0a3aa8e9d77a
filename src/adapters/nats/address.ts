// Where NATS is, from `nats://USER:PASSWORD@HOST:PORT?installation=NAME`: server, credentials, and the name under which all
// subjects and streams of one installation stand, so that several share a server. Nothing of an address is ever shown: it may
// have a password in it.

import { limits } from '../../base/limits.ts';
import { RefusalError } from '../../base/result.ts';
import { isPoolLabel, poolLabelExpected } from '../../dispatch/pool_label.ts';

export interface NatsAddress {
  /** `host:port`, one or several. */
  readonly servers: readonly string[];
  readonly isSecured: boolean;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Default `default`. */
  readonly installation: string;
  /** How long a runner that is not heard of keeps its runs. The engine's counts. */
  readonly leaseMs: number;
  /** Servers of a cluster of NATS that keep each message. Default 1. */
  readonly replicas: number;
}

const schemes = ['nats:', 'tls:'];
const defaultPort = '4222';

/** Refuses what is no such address. */
export function parseAddress(text: string): NatsAddress {
  // Several servers stand with commas between, of which the first may have the credentials.
  const [first = '', ...more] = text.split(',');
  const [last = '', query = ''] = (more.length === 0 ? first : more.at(-1)!).split('?');
  const url = URL.canParse(first) ? new URL(first) : undefined;
  if (url === undefined || !schemes.includes(url.protocol) || url.hostname === '')
    throw unusable('an address such as nats://USER:PASSWORD@HOST:4222', 'something else');
  const others = more.length === 0 ? [] : [...more.slice(0, -1), last];
  const params = new URLSearchParams(more.length === 0 ? url.search : query);
  const unknown = [...params.keys()].find((key) => !['installation', 'leaseMs', 'replicas'].includes(key));
  if (unknown !== undefined) throw unusable('installation, leaseMs or replicas behind the ?', JSON.stringify(unknown));
  const installation = params.get('installation') ?? 'default';
  if (!isPoolLabel(installation)) throw unusable(`as installation ${poolLabelExpected}`, JSON.stringify(installation));
  const who = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  return {
    servers: [`${url.hostname}:${url.port || defaultPort}`, ...others.map((server) => server.replace(/^\w+:\/\//, ''))],
    isSecured: url.protocol === 'tls:',
    // A name alone is a token, as NATS itself reads it.
    ...(who === '' ? {} : password === '' ? { token: who } : { user: who, password }),
    installation,
    leaseMs: numberIn(params, 'leaseMs', limits.runnerLeaseMs, [limits.runnerLeaseMsMin, limits.runnerLeaseMsMax]),
    replicas: numberIn(params, 'replicas', 1, [1, 5]),
  };
}

function numberIn(
  params: URLSearchParams,
  name: string,
  unset: number,
  [least, most]: readonly [number, number],
): number {
  const text = params.get(name);
  if (text === null) return unset;
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw unusable(`as ${name} a whole number from ${least} to ${most}`, JSON.stringify(text));
}

function unusable(expected: string, got: string): RefusalError {
  const hint = 'see docs/runners.md; without --nats and HEADWATER_NATS functions run on this machine';
  return new RefusalError({ code: 'request_malformed', path: 'nats', expected, got, hint });
}
