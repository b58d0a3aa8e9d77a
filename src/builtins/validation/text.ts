// Named formats of text: addresses, names, identifiers, dates. Each is one pass over the text. The same names come from
// JSON-schema `format` and from the rules of Joi.

import { limits } from '../../base/limits.ts';

type Check = (text: string) => boolean;

const label = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?$/u;
const asciiLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;

export function isHostname(text: string): boolean {
  return isDomain(text, 1) || isIp(text, undefined, 'forbidden');
}

export function isDomain(text: string, segmentsMin = 2, unicode = true): boolean {
  const segments = text.split('.');
  const fits = (part: string) => part.length <= 63 && (unicode ? label : asciiLabel).test(part);
  return (
    text.length <= 256 && segments.length >= segmentsMin && segments.every(fits) && /^\p{L}/u.test(segments.at(-1)!)
  );
}

export function isEmail(text: string, segmentsMin = 2, unicode = true): boolean {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  if (at < 1 || text.length > 254 || local.length > 64) return false;
  const atoms = local.split('.');
  const atom = unicode ? /^[^\s@()<>[\]:;,\\"]+$/u : /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+$/i;
  return atoms.every((a) => atom.test(a)) && isDomain(text.slice(at + 1), segmentsMin, unicode);
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((p) => /^(?:0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255);
}

function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  let source = text;
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  if (dotted.includes('.')) {
    if (!isIpv4(dotted)) return false;
    source = `${text.slice(0, text.length - dotted.length)}0:0`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((g) => /^[0-9a-f]{1,4}$/i.test(g))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

/** An address, with or without the length of its prefix. */
export function isIp(
  text: string,
  versions: readonly string[] | undefined,
  cidr: 'optional' | 'required' | 'forbidden',
): boolean {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const prefix = slash === -1 ? undefined : text.slice(slash + 1);
  if (prefix === undefined ? cidr === 'required' : cidr === 'forbidden') return false;
  const allowed = (version: string) => versions === undefined || versions.includes(version);
  const bits = isIpv4(address) && allowed('ipv4') ? 32 : isIpv6(address) && allowed('ipv6') ? 128 : undefined;
  if (bits === undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

const scheme = /^[a-z][a-z0-9+.-]*$/i;
const uriText = /^(?:[a-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})*$/i;

/** The scheme of an absolute URI (RFC 3986); undefined when the text is none. */
export function uriScheme(text: string): string | undefined {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(0, colon));
  const rest = text.slice(colon + 1);
  if (!scheme.test(name) || !uriText.test(rest) || rest === '') return undefined;
  if (!rest.startsWith('//')) return name;
  const authority = rest.slice(2).split(/[/?#]/, 1)[0]!;
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (name.toLowerCase() === 'file' && host === '') return name;
  const named = /^(.*?)(?::(\d{0,5}))?$/.exec(host.startsWith('[') ? host.slice(host.indexOf(']') + 1) : host);
  if (named === null || host === '') return undefined;
  if (host.startsWith('[')) return isIpv6(host.slice(1, host.indexOf(']'))) && named[1] === '' ? name : undefined;
  return named[1] !== '' && !named[1]!.includes(':') ? name : undefined;
}

export function isRelativeUri(text: string): boolean {
  return uriText.test(text) && !/^[^/?#]*:/.test(text);
}

const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function isDate(text: string): boolean {
  const found = /^[+-]?\d{4,6}-(\d\d)-(\d\d)$/.exec(text);
  const month = Number(found?.[1]);
  const day = Number(found?.[2]);
  return found !== null && month >= 1 && month <= 12 && day >= 1 && day <= monthDays[month - 1]!;
}

function isTime(text: string): boolean {
  return /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?:z|[+-](?:[01]\d|2[0-3]):?(?:[0-5]\d)?)?$/i.test(text);
}

export function isDateTime(text: string): boolean {
  const [date, time, ...rest] = text.split(/[t ]/i);
  return isDate(date!) && time !== undefined && rest.length === 0 && isTime(time);
}

export function isDuration(text: string): boolean {
  const found =
    /^[+-]?P(?!$)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:[.,]\d+)?S)?)?)$/.exec(text);
  return found !== null;
}

export function isGuid(text: string, versions?: readonly string[]): boolean {
  const found = /^[[{(]?[0-9a-f]{8}([:-]?)[0-9a-f]{4}\1([0-9a-f])[0-9a-f]{3}\1[0-9a-f]{4}\1[0-9a-f]{12}[\]})]?$/i.exec(
    text,
  );
  if (found === null) return false;
  const pairs: Readonly<Record<string, string>> = { '[': ']', '{': '}', '(': ')' };
  const open = text[0]!;
  if ((pairs[open] ?? '') !== (/[\]})]$/.test(text) ? text.at(-1) : '')) return false;
  return versions === undefined || versions.some((v) => v === 'uuid' || v.replace('uuidv', '') === found[2]);
}

export function isBase64(text: string, urlSafe = false, padded = true): boolean {
  const body = text.replace(/={1,2}$/, '');
  if (!(urlSafe ? /^[\w-]*$/ : /^[A-Za-z0-9+/]*$/).test(body) || body.length % 4 === 1) return false;
  return padded ? text.length % 4 === 0 : true;
}

/** Luhn's check digit. */
export function isCreditCard(text: string): boolean {
  if (!/^\d{1,32}$/.test(text)) return false;
  let sum = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = Number(text[text.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum > 0 && sum % 10 === 0;
}

/** UTF-8 bytes of a text. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const c of text) {
    const code = c.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** JSON-schema formats by name. */
const formats: Readonly<Record<string, Check>> = {
  'date-time': isDateTime,
  timestamp: isDateTime,
  date: isDate,
  time: isTime,
  duration: isDuration,
  email: (t) => isEmail(t),
  'idn-email': (t) => isEmail(t),
  hostname: isHostname,
  'idn-hostname': (t) => isDomain(t, 1),
  ipv4: isIpv4,
  ipv6: isIpv6,
  ip: (t) => isIp(t, undefined, 'forbidden'),
  cidr: (t) => isIp(t, undefined, 'required'),
  uri: (t) => uriScheme(t) !== undefined,
  'uri-reference': (t) => uriScheme(t) !== undefined || isRelativeUri(t),
  uuid: (t) => isGuid(t),
  guid: (t) => isGuid(t),
  byte: (t) => isBase64(t),
  base64: (t) => isBase64(t),
};

/** Is the text of the named format? undefined: the name is not known here, or the text is too long to be looked at. */
export function fitsFormat(name: string, text: string): boolean | undefined {
  if (text.length > limits.formatTextCharsMax) return undefined;
  return Object.hasOwn(formats, name) ? formats[name]!(text) : undefined;
}
