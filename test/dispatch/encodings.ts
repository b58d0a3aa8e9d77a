// Ways in which programs print a secret, made with Node's own encoders and by hand, none with code of the redactor.

const hex2 = (n: number) => n.toString(16).padStart(2, '0');
const bytesOf = (text: string) => [...Buffer.from(text, 'utf8')];
const eachUnit = (text: string, f: (unit: number) => string) =>
  Array.from({ length: text.length }, (_, i) => f(text.charCodeAt(i))).join('');

const jsonInner = (text: string) => JSON.stringify(text).slice(1, -1);
const unicodeEscape = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;
const form = (text: string) => new URLSearchParams({ k: text }).toString().slice(2);
const lowerEscapes = (text: string) => text.replaceAll(/%[0-9A-F]{2}/g, (e) => e.toLowerCase());
const named: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };
const html = (text: string, quote = '&#39;') =>
  text.replaceAll(/[&<>"']/g, (c) => (c === "'" ? quote : `&${named[c]};`));
const wrap = (text: string, width: number, lineBreak = '\n') =>
  text.replaceAll(new RegExp(`.{${width}}(?=.)`, 'g'), (line) => line + lineBreak);
const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

/** Name -> what is printed for a secret. */
export const encodings: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (s) => s,
  base64,
  'base64 without padding': (s) => base64(s).replaceAll('=', ''),
  'base64, url-safe': (s) => Buffer.from(s, 'utf8').toString('base64url'),
  'base64, url-safe and padded': (s) => base64(s).replaceAll('+', '-').replaceAll('/', '_'),
  'base64 wrapped at 76': (s) => wrap(base64(s), 76),
  'base64 wrapped at 5 with CRLF': (s) => wrap(base64(s), 5, '\r\n'),
  'base64, percent-encoded': (s) => encodeURIComponent(base64(s)),
  'base64, percent-encoded in lower case': (s) => lowerEscapes(encodeURIComponent(base64(s))),
  'base64 in JSON that escapes slashes': (s) => base64(s).replaceAll('/', '\\/'),
  'base64 in JSON that escapes for HTML': (s) => base64(s).replaceAll('+', '\\u002b').replaceAll('=', '\\u003D'),
  'base64 in HTML': (s) => base64(s).replaceAll('+', '&#43;').replaceAll('=', '&#x3d;'),
  'base64 wrapped, in JSON': (s) => wrap(base64(s), 20).replaceAll('\n', '\\n'),
  'hexadecimal, lower': (s) => Buffer.from(s).toString('hex'),
  'hexadecimal, upper': (s) => Buffer.from(s).toString('hex').toUpperCase(),
  'hexadecimal with spaces, as a printed Buffer': (s) => bytesOf(s).map(hex2).join(' '),
  'hexadecimal with colons': (s) => bytesOf(s).map(hex2).join(':').toUpperCase(),
  'hexadecimal wrapped': (s) => wrap(Buffer.from(s).toString('hex'), 7),
  'percent-encoded': (s) => encodeURIComponent(s),
  'percent-encoded, lower': (s) => lowerEscapes(encodeURIComponent(s)),
  'percent-encoded, strictly': (s) =>
    encodeURIComponent(s).replaceAll(/[!'()*]/g, (c) => `%${hex2(c.charCodeAt(0)).toUpperCase()}`),
  'percent-encoded as a whole URL': (s) => encodeURI(s),
  'percent-encoded in every byte': (s) =>
    bytesOf(s)
      .map((b) => `%${hex2(b)}`)
      .join(''),
  'percent-encoded twice': (s) => encodeURIComponent(encodeURIComponent(s)),
  'form-encoded': form,
  'form-encoded, lower': (s) => lowerEscapes(form(s)),
  JSON: jsonInner,
  'JSON with slashes escaped': (s) => jsonInner(s).replaceAll('/', '\\/'),
  'JSON in ASCII': (s) => jsonInner(s).replaceAll(/[\u0080-\uffff]/g, (c) => unicodeEscape(c.charCodeAt(0))),
  'JSON with every character escaped': (s) => eachUnit(s, unicodeEscape),
  'JSON with every character escaped, upper': (s) =>
    eachUnit(s, (u) => `\\u${unicodeEscape(u).slice(2).toUpperCase()}`),
  'JSON for HTML': (s) => jsonInner(s).replaceAll(/[<>&']/g, (c) => unicodeEscape(c.charCodeAt(0))),
  'JSON in JSON': (s) => jsonInner(jsonInner(s)),
  'JSON in ASCII, in JSON': (s) =>
    jsonInner(jsonInner(s).replaceAll(/[\u0080-\uffff]/g, (c) => unicodeEscape(c.charCodeAt(0)))),
  'JavaScript with \\x': (s) => eachUnit(s, (u) => (u < 256 ? `\\x${hex2(u)}` : unicodeEscape(u))),
  'shell with backslashes': (s) => s.replaceAll(/[^A-Za-z0-9\r\n\u0080-\uffff]/g, (c) => `\\${c}`),
  'between apostrophes in a shell': (s) => s.replaceAll("'", "'\\''"),
  'between apostrophes in YAML': (s) => s.replaceAll("'", "''"),
  'between apostrophes in a shell, in JSON': (s) => jsonInner(s.replaceAll("'", "'\\''")),
  HTML: (s) => html(s),
  'HTML, named': (s) => html(s, '&apos;'),
  'HTML, angle brackets only': (s) => s.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  'HTML in decimal': (s) => [...s].map((c) => `&#${c.codePointAt(0)};`).join(''),
  'HTML in hexadecimal': (s) => [...s].map((c) => `&#x${c.codePointAt(0)!.toString(16)};`).join(''),
};

/** A text as chunks that end at the given places. */
export function chunksOf(text: string, ends: readonly number[]): string[] {
  const places = [...new Set(ends.map((end) => Math.min(end, text.length)))].sort((a, b) => a - b);
  return [...places, text.length].map((end, i) => text.slice(i === 0 ? 0 : places[i - 1], end));
}
