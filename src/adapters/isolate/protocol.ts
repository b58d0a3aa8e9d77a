// What travels between the engine's process and a process of the isolate tier, shared by both ends: frames of bytes, each
// a length, a kind and fields, and the mark, a few bytes of a file that say which call is under way.
//
// The child believes the parent. The parent believes nothing: whatever a frame holds is checked against what it asked
// for, and a frame that cannot be read ends the child (`ProtocolError`). Texts are UTF-8, numbers little-endian.

import type { RunFailureCode } from '../../model/run.ts';

/** What the parent says. */
export const toChild = { library: 1, code: 2, forget: 3, call: 4 } as const;
/** What the child says. */
export const toParent = { ready: 1, value: 2, nothing: 3, failure: 4, line: 5, overflow: 6 } as const;

/** File descriptors of the child: calls come in on 0, frames go out on 1, the mark is 3. */
export const descriptors = { calls: 0, frames: 1, mark: 3 } as const;

/** The mark: the serial of the call under way (0: none), and the wall clock in milliseconds when it began. */
export const markBytes = 16;

/** Failures that a child may report, by their number in a frame; the parent alone decides on all others. */
export const childFailures: readonly RunFailureCode[] = [
  'threw',
  'result_invalid',
  'timed_out',
  'out_of_memory',
  'output_too_large',
  'not_compiled',
  'refused_by_sandbox',
];

/** UTF-16 units of a failure's message; a longer one is cut and says so. */
const messageCharsMax = 4_096;
/** UTF-8 bytes of a log line. */
export const lineBytesMax = 16 * 1024;

/** Bytes that are no frame of this protocol. */
export class ProtocolError extends Error {}

const headBytes = 5;

/** Frames one behind the other in a buffer that grows. A frame that was not ended (its writer ran out of stack) is dropped. */
export class FrameWriter {
  #bytes: Buffer;
  #used = 0;
  /** Bytes of the frames that were ended. */
  #ended = 0;

  constructor(capacity = 64 * 1024) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#ended;
  }

  begin(kind: number): this {
    this.#used = this.#ended;
    this.#room(headBytes);
    this.#bytes[this.#used + 4] = kind;
    this.#used += headBytes;
    return this;
  }

  byte(value: number): this {
    this.#room(1);
    this.#bytes[this.#used++] = value;
    return this;
  }

  count(value: number): this {
    this.#room(4);
    this.#used = this.#bytes.writeUInt32LE(value, this.#used);
    return this;
  }

  number(value: number): this {
    this.#room(8);
    this.#used = this.#bytes.writeDoubleLE(value, this.#used);
    return this;
  }

  text(value: string): this {
    this.#room(4 + value.length * 3);
    const bytes = this.#bytes.write(value, this.#used + 4, 'utf8');
    this.#bytes.writeUInt32LE(bytes, this.#used);
    this.#used += 4 + bytes;
    return this;
  }

  /** Completes the frame. */
  end(): void {
    this.#bytes.writeUInt32LE(this.#used - this.#ended - 4, this.#ended);
    this.#ended = this.#used;
  }

  /** The frames so far, as bytes that the next use overwrites. */
  take(): Buffer {
    const out = this.#bytes.subarray(0, this.#ended);
    this.#ended = 0;
    return out;
  }

  /** The frames so far, as bytes of the receiver's own. */
  takeCopy(): Buffer {
    return Buffer.from(this.take());
  }

  #room(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}

/** One frame, its fields read in order. */
export class Frame {
  readonly kind: number;
  readonly #bytes: Buffer;
  #at = 1;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.kind = bytes[0]!;
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  count(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  number(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  text(): string {
    const bytes = this.count();
    const from = this.#take(bytes);
    return this.#bytes.toString('utf8', from, from + bytes);
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.length) throw new ProtocolError('a frame ends within a field');
    this.#at = at + bytes;
    return at;
  }
}

/** Cuts a stream of bytes into frames. Throws `ProtocolError` at a frame over `frameBytesMax`, before holding it. */
export class FrameReader {
  frameBytesMax: number;
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Calls `visit` with each frame that `bytes` completes. A frame must be read before `visit` returns. */
  push(bytes: Buffer, visit: (frame: Frame) => void): void {
    let rest = bytes;
    if (this.#heldBytes > 0) {
      this.#hold(bytes);
      rest = this.#held.subarray(0, this.#heldBytes);
    }
    let at = 0;
    while (rest.length - at >= 4) {
      const length = rest.readUInt32LE(at);
      if (length === 0 || length > this.frameBytesMax) throw new ProtocolError(`a frame of ${length} bytes`);
      if (rest.length - at - 4 < length) break;
      visit(new Frame(rest.subarray(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    const left = rest.subarray(at);
    if (this.#heldBytes > 0) {
      this.#held.copyWithin(0, at, this.#heldBytes);
      this.#heldBytes = left.length;
      if (left.length === 0) this.#held = Buffer.alloc(0);
    } else if (left.length > 0) this.#hold(left);
  }

  #hold(piece: Buffer): void {
    const needed = this.#heldBytes + piece.length;
    if (needed > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    piece.copy(this.#held, this.#heldBytes);
    this.#heldBytes = needed;
  }
}

/** A message within its bound; where it was cut, it says how long it was. */
export function boundedMessage(text: string): string {
  if (text.length <= messageCharsMax) return text;
  const note = `… (${text.length} characters)`;
  return text.slice(0, messageCharsMax - note.length) + note;
}
