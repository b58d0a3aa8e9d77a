// What a function of the isolate tier gets as `Buffer`: the conversions between text and bytes that such functions use it
// for, on plain `Uint8Array`s of their own. Node's class itself hands out parts of one pool that all buffers share.
// Not here: reading and writing numbers, `fill` by text, `copy`, `indexOf` by text.

type Encoding = 'utf8' | 'hex' | 'base64' | 'base64url' | 'latin1' | 'ascii' | 'utf16le';

const encodings = new Map<string, Encoding>([
  ['utf8', 'utf8'],
  ['utf-8', 'utf8'],
  ['hex', 'hex'],
  ['base64', 'base64'],
  ['base64url', 'base64url'],
  ['latin1', 'latin1'],
  ['binary', 'latin1'],
  ['ascii', 'ascii'],
  ['utf16le', 'utf16le'],
  ['ucs2', 'utf16le'],
]);

function encodingOf(name: unknown): Encoding {
  if (name === undefined) return 'utf8';
  const encoding = encodings.get(String(name).toLowerCase());
  if (encoding === undefined) throw new TypeError(`Unknown encoding: ${String(name)}`);
  return encoding;
}

export class Bytes extends Uint8Array {
  static override from(value: unknown, encoding?: unknown): Bytes {
    if (typeof value === 'string') return copied(Buffer.from(value, encodingOf(encoding)));
    if (value instanceof ArrayBuffer) return copied(new Uint8Array(value));
    if (value instanceof Uint8Array || Array.isArray(value)) return copied(Uint8Array.from(value as ArrayLike<number>));
    throw new TypeError('Buffer.from takes a text, an array of bytes, an ArrayBuffer or another buffer');
  }

  static alloc(size: number, fill = 0): Bytes {
    return new Bytes(size).fill(fill);
  }

  static concat(list: readonly Uint8Array[], totalBytes?: number): Bytes {
    const out = new Bytes(totalBytes ?? list.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of list) {
      const room = out.length - at;
      if (room <= 0) break;
      out.set(part.length > room ? part.subarray(0, room) : part, at);
      at += part.length;
    }
    return out;
  }

  static byteLength(value: unknown, encoding?: unknown): number {
    if (typeof value === 'string') return Buffer.byteLength(value, encodingOf(encoding));
    return (value as { byteLength: number }).byteLength;
  }

  static isBuffer(value: unknown): boolean {
    return value instanceof Bytes;
  }

  static isEncoding(name: unknown): boolean {
    return encodings.has(String(name).toLowerCase());
  }

  override toString(encoding?: unknown, start = 0, end = this.length): string {
    const part = this.subarray(start, end);
    return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString(encodingOf(encoding));
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, i) => byte === other[i]);
  }

  toJSON(): { type: 'Buffer'; data: number[] } {
    return { type: 'Buffer', data: Array.from(this) };
  }
}

function copied(bytes: Uint8Array): Bytes {
  const out = new Bytes(bytes.length);
  out.set(bytes);
  return out;
}
