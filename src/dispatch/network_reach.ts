// What a run may reach, from the words of its functions' `@network`: hosts and sockets as they are written, and `$Member`, which
// stands for what a member of a secret of the run says: a URL, `host`, `host:port` or `unix:/path`. A function that talks to
// whatever its credential names needs no list of its own, and reaches nothing else. What a member says is part of a secret:
// it goes to the runner and into no record, log or message.

import { isObject, type Json } from '../base/json.ts';

/** `word`: as the function says it (`$Endpoint`); `entry`: what that is in this run, `host`, `host:port` or `unix:/path`. */
export interface MemberReach {
  readonly word: string;
  readonly entry: string;
}

/** A secret of a run, opened. */
export interface OpenedSecret {
  readonly name: string;
  readonly content: Json;
}

export type ReachOutcome =
  | { readonly ok: true; readonly listed: readonly string[]; readonly members: readonly MemberReach[] }
  /** In words, which member of which secret is no address. */
  | { readonly ok: false; readonly message: string };

const hostText = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])$/;
const withPort = /^(.*?)(?::([0-9]{1,5}))?$/s;
const memberWord = /^\$([A-Za-z_][A-Za-z0-9_]*)(?::(?:\$([A-Za-z_][A-Za-z0-9_]*)|([0-9]{1,5})))?$/;
/** Bytes of a path in `sockaddr_un`, with the zero at its end. */
const socketPathBytesMax = 107;
const valueCharsMax = 4_096;
const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443, postgres: 5432, postgresql: 5432 };

const isPort = (digits: string): boolean => Number(digits) > 0 && Number(digits) <= 65_535;

/** A name, an address of IPv4, or one of IPv6 in brackets; maybe with a port. */
export function isHostEntry(text: string): boolean {
  const [, host = '', port] = withPort.exec(text) ?? [];
  return hostText.test(host) && (port === undefined || isPort(port));
}

/** `$Member`, `$Member:$Member` or `$Member:port`. */
export function isMemberWord(word: string): boolean {
  const port = memberWord.exec(word)?.[3];
  return memberWord.test(word) && (port === undefined || isPort(port));
}

/** An absolute path that can be one of a socket, in its only spelling: no empty part, no `.` and no `..`. */
function isSocketPath(path: string): boolean {
  if (!/^\/[\x21-\x7e]+$/.test(path) || path.length > socketPathBytesMax) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}

/** The path of `unix:/path`; undefined for what is none. */
export function socketOfEntry(entry: string): string | undefined {
  const path = entry.startsWith('unix:') ? entry.slice('unix:'.length) : '';
  return isSocketPath(path) ? path : undefined;
}

/** What the words of a run's functions let it reach; a member that no secret of the run has adds nothing. */
export function reachOf(words: readonly string[], secrets: readonly OpenedSecret[]): ReachOutcome {
  const listed = words.filter((word) => !word.startsWith('$'));
  const members: MemberReach[] = [];
  for (const word of words) {
    const [, host, portMember, port] = memberWord.exec(word) ?? [];
    if (host === undefined) continue;
    for (const { name, content } of secrets) {
      const entry = entryOf(content, { host, portMember, port });
      if (entry === undefined) continue;
      if (typeof entry === 'object') {
        const { wrong, expected } = entry;
        const message = `the secret ${JSON.stringify(name)}: its member ${wrong}, which \`@network ${word}\` names, is not ${expected}`;
        return { ok: false, message };
      }
      if (!members.some((m) => m.word === word && m.entry === entry)) members.push({ word, entry });
    }
  }
  return { ok: true, listed, members };
}

interface Wrong {
  /** The member. */
  readonly wrong: string;
  readonly expected: string;
}

interface Named {
  readonly host: string;
  readonly portMember: string | undefined;
  readonly port: string | undefined;
}

/** undefined: the secret has no such member. */
function entryOf(content: Json, { host, portMember, port }: Named): string | Wrong | undefined {
  const value = memberOf(content, host);
  if (value === undefined) return undefined;
  if (portMember === undefined && port === undefined)
    return (
      entryOfValue(value) ?? {
        wrong: host,
        expected: 'a URL with a port or a scheme that has one, `host`, `host:port` or `unix:/path`',
      }
    );
  const given = portMember === undefined ? port : memberOf(content, portMember);
  if (given === undefined) return undefined;
  if (typeof value !== 'string' || !hostText.test(value.trim()))
    return { wrong: host, expected: 'a host without a port' };
  const digits = typeof given === 'number' || typeof given === 'string' ? String(given).trim() : '';
  if (!/^[0-9]{1,5}$/.test(digits) || !isPort(digits))
    return { wrong: portMember ?? host, expected: 'a port from 1 to 65535' };
  return `${value.trim()}:${Number(digits)}`;
}

/** What was left empty is not there. */
function memberOf(content: Json, name: string): Json | undefined {
  if (!isObject(content) || !Object.hasOwn(content, name)) return undefined;
  const value = content[name];
  return value === null || value === '' ? undefined : value;
}

function entryOfValue(value: Json): string | undefined {
  if (typeof value !== 'string' || value.length > valueCharsMax) return undefined;
  const text = value.trim();
  const socket = /^unix:(?:\/\/)?(\/.*)$/s.exec(text)?.[1] ?? socketOfUrl(text);
  if (socket !== undefined) return isSocketPath(socket) ? `unix:${socket}` : undefined;
  const [, scheme, authority = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#\\]*)/.exec(text) ?? [];
  if (scheme === undefined) return isHostEntry(text) ? text : undefined;
  const [, host = '', port] = withPort.exec(authority.slice(authority.lastIndexOf('@') + 1)) ?? [];
  const found = port === undefined ? defaultPorts[scheme.toLowerCase()] : Number(port);
  const entry = `${host}:${found}`;
  return found !== undefined && isHostEntry(entry) ? entry : undefined;
}

/** The path in `http+unix://%2Frun%2Fx.sock/…`. */
function socketOfUrl(text: string): string | undefined {
  const host = /^http\+unix:\/\/([^/?#]*)/i.exec(text)?.[1];
  if (host === undefined) return undefined;
  try {
    return decodeURIComponent(host);
  } catch {
    return '';
  }
}
