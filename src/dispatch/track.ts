// Readers of decoded text that follow the automaton: each has its own state and remembers where the last bytes stood, so that a
// match is a range of the text as it was written. Line breaks are no bytes to any of them.

import type { Automaton } from './automaton.ts';
import { eachUtf8Byte } from './needle.ts';
import { gapsMax, hexValue, type UnitSink } from './unescape.ts';

/** Told of each range that holds a secret. Ranges overlap, and come nearly in order of their ends. */
export type Cover = (from: number, to: number) => void;

const nowhere = Number.POSITIVE_INFINITY;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** A reader that can take over from another of its kind, and tell when it would go on as that one does. */
export interface Reader<T> extends UnitSink {
  isLike(other: T): boolean;
  copyFrom(other: T): void;
}

/** One way through the automaton. */
class Track {
  readonly #automaton: Automaton;
  readonly #cover: Cover;
  /** Where the last bytes began, as a ring of a power of two. */
  readonly #places: Float64Array;
  #state = 0;
  #count = 0;
  #gaps = 0;

  constructor(automaton: Automaton, cover: Cover) {
    this.#automaton = automaton;
    this.#cover = cover;
    let size = 2;
    while (size < automaton.longestNeedle) size *= 2;
    this.#places = new Float64Array(size);
  }

  feed(byte: number, from: number, to: number): void {
    if (byte === lineFeed || byte === carriageReturn) {
      this.gap();
      return;
    }
    this.#gaps = 0;
    this.#state = this.#automaton.next(this.#state, byte);
    if (this.#state === 0) return;
    this.#places[this.#count++ & (this.#places.length - 1)] = from;
    const length = this.#automaton.longest[this.#state]!;
    if (length > 0) this.#cover(this.#placeOf(length), to);
  }

  gap(): void {
    if (this.#state !== 0 && ++this.#gaps > gapsMax) this.reset();
  }

  reset(): void {
    this.#state = 0;
    this.#gaps = 0;
  }

  liveFrom(): number {
    const length = this.#automaton.live[this.#state]!;
    return length === 0 ? nowhere : this.#placeOf(length);
  }

  /**
   * In the same state, reached over the same text: as escapes are longer than what they stand for, nothing was undone on the way.
   */
  isLike(other: Track): boolean {
    const depth = this.#automaton.depth[this.#state]!;
    if (this.#state !== other.#state || (depth > 0 && this.#gaps !== other.#gaps)) return false;
    return depth === 0 || this.#placeOf(depth) === other.#placeOf(depth);
  }

  copyFrom(other: Track): void {
    this.#state = other.#state;
    this.#gaps = other.#gaps;
    this.#count = other.#count;
    const mask = this.#places.length - 1;
    const first = this.#count - this.#automaton.depth[this.#state]!;
    for (let i = first; i < this.#count; i++) this.#places[i & mask] = other.#places[i & mask]!;
  }

  /** Where the byte `back` bytes ago began. */
  #placeOf(back: number): number {
    return this.#places[(this.#count - back) & (this.#places.length - 1)]!;
  }
}

/** Text whose characters are those of the secret. */
export class TextTrack implements Reader<TextTrack> {
  readonly #track: Track;
  /** The first half of a surrogate pair, -1 for none, and where it stands. */
  #high = -1;
  #highFrom = 0;
  #highTo = 0;
  #gaps = 0;

  constructor(automaton: Automaton, cover: Cover) {
    this.#track = new Track(automaton, cover);
  }

  unit(unit: number, from: number, to: number): void {
    if (this.#high >= 0) {
      if (unit >= 0xdc00 && unit <= 0xdfff) {
        const point = 0x1_0000 + ((this.#high - 0xd800) << 10) + (unit - 0xdc00);
        this.#high = -1;
        this.#point(point, this.#highFrom, to);
        return;
      }
      this.finish();
    }
    if (unit < 0x80) this.#track.feed(unit, from, to);
    else if (unit < 0xd800 || unit > 0xdbff) this.#point(unit, from, to);
    else {
      this.#high = unit;
      this.#highFrom = from;
      this.#highTo = to;
      this.#gaps = 0;
    }
  }

  byte(byte: number, from: number, to: number): void {
    this.finish();
    this.#track.feed(byte, from, to);
  }

  gap(): void {
    if (this.#high >= 0 && ++this.#gaps > gapsMax) this.finish();
    this.#track.gap();
  }

  finish(): void {
    if (this.#high < 0) return;
    const high = this.#high;
    this.#high = -1;
    this.#point(high, this.#highFrom, this.#highTo);
  }

  liveFrom(): number {
    return this.#high < 0 ? this.#track.liveFrom() : Math.min(this.#highFrom, this.#track.liveFrom());
  }

  reset(): void {
    this.#high = -1;
    this.#track.reset();
  }

  isLike(other: TextTrack): boolean {
    return this.#high < 0 && other.#high < 0 && this.#track.isLike(other.#track);
  }

  copyFrom(other: TextTrack): void {
    this.#high = other.#high;
    this.#highFrom = other.#highFrom;
    this.#highTo = other.#highTo;
    this.#gaps = other.#gaps;
    this.#track.copyFrom(other.#track);
  }

  #point(point: number, from: number, to: number): void {
    eachUtf8Byte(point, (byte) => this.#track.feed(byte, from, to));
  }
}

/**
 * Text that writes bytes in characters of a code, several of which make one byte. Where a byte begins is not known, as any text
 * may stand before it, so that several tracks read it in all possible ways.
 */
abstract class CodeTracks {
  protected readonly automaton: Automaton;
  /** As many as there are ways, a power of two. */
  protected readonly tracks: readonly Track[];
  /** Characters of the run so far, the value of the last one and where it stands. */
  protected length = 0;
  protected value = 0;
  protected from = 0;
  #gaps = 0;

  constructor(ways: number, automaton: Automaton, cover: Cover) {
    this.automaton = automaton;
    this.tracks = Array.from({ length: ways }, () => new Track(automaton, cover));
  }

  abstract unit(unit: number, from: number, to: number): void;

  /** Codes are written in ASCII. */
  byte(byte: number, from: number, to: number): void {
    this.unit(byte, from, to);
  }

  gap(): void {
    if (this.length > 0 && ++this.#gaps > gapsMax) this.reset();
  }

  finish(): void {}

  reset(): void {
    if (this.length === 0) return;
    this.length = 0;
    for (const track of this.tracks) track.reset();
  }

  isLike(other: this): boolean {
    if (this.length === 0 || other.length === 0) return this.length === other.length;
    const otherWay = this.tracks.length - 1;
    return (
      (this.length & otherWay) === (other.length & otherWay) &&
      this.value === other.value &&
      this.from === other.from &&
      this.#gaps === other.#gaps &&
      this.tracks.every((track, i) => track.isLike(other.tracks[i]!))
    );
  }

  copyFrom(other: this): void {
    this.length = other.length;
    this.value = other.value;
    this.from = other.from;
    this.#gaps = other.#gaps;
    for (const [i, track] of this.tracks.entries()) track.copyFrom(other.tracks[i]!);
  }

  /** A character of the code, after what it means for the tracks. */
  protected took(value: number, from: number): void {
    this.length++;
    this.value = value;
    this.from = from;
    this.#gaps = 0;
  }
}

const base64Values = new Int8Array(128).fill(-1);
for (const [i, c] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  base64Values[c.charCodeAt(0)] = i;
}
base64Values['-'.charCodeAt(0)] = 62;
base64Values['_'.charCodeAt(0)] = 63;

/**
 * Base64, standard or url-safe, in groups of four characters. Each byte takes two of them; those that hold a part of a secret's
 * first or last byte are redacted with it.
 */
export class Base64Tracks extends CodeTracks implements Reader<Base64Tracks> {
  constructor(automaton: Automaton, cover: Cover) {
    super(4, automaton, cover);
  }

  unit(unit: number, from: number, to: number): void {
    const value = unit < 0x80 ? base64Values[unit]! : -1;
    if (value < 0) {
      if (unit === lineFeed || unit === carriageReturn) this.gap();
      else this.reset();
      return;
    }
    if (this.length > 0) {
      const last = this.value;
      for (let way = 0; way < 4; way++) {
        const place = (this.length - way) & 3;
        if (place === 0) continue;
        const byte =
          place === 1 ? (last << 2) | (value >> 4) : place === 2 ? (last << 4) | (value >> 2) : (last << 6) | value;
        this.tracks[way]!.feed(byte & 0xff, this.from, to);
      }
    }
    this.took(value, from);
  }

  liveFrom(): number {
    if (this.length === 0) return nowhere;
    let from = nowhere;
    for (const track of this.tracks) from = Math.min(from, track.liveFrom());
    const { begins6, begins4, begins2 } = this.automaton;
    const { value } = this;
    // In one of the ways the last character holds the first 6, 4 or 2 bits of a byte that is not whole yet.
    const begins = begins6[value] === 1 || begins4[value & 15] === 1 || begins2[value & 3] === 1;
    return begins ? Math.min(from, this.from) : from;
  }
}

/** Between two bytes in hexadecimal: `68 75`, `68:75`, `68, 75`. */
const separators = new Set([...' :-,'].map((c) => c.charCodeAt(0)));
const separatorsMax = 2;

/** Hexadecimal in either case, in pairs of digits. */
export class HexTracks extends CodeTracks implements Reader<HexTracks> {
  #separators = 0;

  constructor(automaton: Automaton, cover: Cover) {
    super(2, automaton, cover);
  }

  unit(unit: number, from: number, to: number): void {
    const value = hexValue(unit);
    if (value < 0) {
      if (unit === lineFeed || unit === carriageReturn) this.gap();
      else if (!separators.has(unit) || ++this.#separators > separatorsMax) this.reset();
      return;
    }
    if (this.length > 0) this.tracks[this.length & 1]!.feed((this.value << 4) | value, this.from, to);
    this.took(value, from);
    this.#separators = 0;
  }

  liveFrom(): number {
    if (this.length === 0) return nowhere;
    const from = Math.min(this.tracks[0]!.liveFrom(), this.tracks[1]!.liveFrom());
    return this.automaton.begins4[this.value] === 1 ? Math.min(from, this.from) : from;
  }

  override reset(): void {
    this.#separators = 0;
    super.reset();
  }

  /** Separators before a first digit make no difference. */
  override isLike(other: this): boolean {
    return super.isLike(other) && (this.length === 0 || this.#separators === other.#separators);
  }

  override copyFrom(other: this): void {
    super.copyFrom(other);
    this.#separators = other.#separators;
  }
}
