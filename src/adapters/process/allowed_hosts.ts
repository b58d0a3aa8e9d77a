// Which hosts a run may reach: `api.example.com`, `*.example.com` (any depth below it, not itself), `127.0.0.1:8080`,
// `[::1]:8080`. Without a port, 80 and 443 are meant. Names are compared as text, so another spelling of an address is
// another host and not allowed.

export interface Target {
  /** Lower case, without brackets and final dot. */
  readonly host: string;
  readonly port: number;
}

const usualPorts = [80, 443];

/** `host:port` as a target; undefined when it is not one. */
export function parseTarget(authority: string, portDefault?: number): Target | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+))(?::(\d{1,5}))?$/.exec(authority);
  const host = (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '');
  const port = match?.[3] === undefined ? portDefault : Number(match[3]);
  return host === '' || port === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

export type Permission = 'by name' | 'by wildcard' | 'no';

/** May the run reach the target, and by which kind of entry? */
export function permissionOf(target: Target, entries: readonly string[]): Permission {
  let found: Permission = 'no';
  for (const entry of entries) {
    const wildcard = entry.startsWith('*.');
    const wanted = parseTarget(wildcard ? entry.slice(2) : entry, 0);
    if (wanted === undefined) continue;
    if (wanted.port === 0 ? !usualPorts.includes(target.port) : wanted.port !== target.port) continue;
    if (!wildcard && target.host === wanted.host) return 'by name';
    if (wildcard && target.host.endsWith(`.${wanted.host}`)) found = 'by wildcard';
  }
  return found;
}

/** Is it an address of the machine itself or of the link (where cloud machines find their credentials)? */
export function isInnermost(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  return /^(127\.|0\.|169\.254\.)|^::1?$|^fe[89ab]/.test(plain);
}
