// Which hosts a run may reach: `api.example.com`, `*.example.com` (any depth below it, not itself), `127.0.0.1:8080`,
// `[::1]:8080`. Without a port, 80 and 443 are meant. Names are compared as text, so another spelling of an address is
// another host and not allowed.

export interface Target {
  /** Lower case, without brackets and final dot. */
  readonly host: string;
  readonly port: number;
}

const usualPorts = [80, 443];

/** Host and port, the port only where it is written; undefined when it is neither. */
function parse(authority: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+))(?::(\d{1,5}))?$/.exec(authority);
  const host = (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '');
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  return host === '' || port === 0 || (port ?? 0) > 65_535 ? undefined : { host, port };
}

/** `host:port` as a target; undefined when it is not one. */
export function parseTarget(authority: string, portDefault?: number): Target | undefined {
  const parsed = parse(authority);
  const port = parsed?.port ?? portDefault;
  return parsed === undefined || port === undefined ? undefined : { host: parsed.host, port };
}

export type Permission = 'by name' | 'by wildcard' | 'no';

/** May the run reach the target, and by which kind of entry? */
export function permissionOf(target: Target, entries: readonly string[]): Permission {
  let found: Permission = 'no';
  for (const entry of entries) {
    const wildcard = entry.startsWith('*.');
    const wanted = parse(wildcard ? entry.slice(2) : entry);
    if (wanted === undefined) continue;
    if (wanted.port === undefined ? !usualPorts.includes(target.port) : wanted.port !== target.port) continue;
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
