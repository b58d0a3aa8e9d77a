// Undoes one way of escaping, character by character, and says of each decoded unit where in the text it came from.
// Escapes may arrive in parts; what turns out to be none is passed on as it stood. Nothing is ever lost or reordered, and at most
// 10 characters wait for the rest of an escape.

export interface Escapes {
  /**
   * `pairs`: JSON, JavaScript and shells: `\n`, `\/`, `\"`, `\u0041`, `\x41`, `\\`. `runs`: the same, but any number of backslashes
   * is one, as in JSON inside JSON; also right where a stray backslash stands before an escape.
   */
  readonly backslash?: 'pairs' | 'runs';
  /** URLs: `%41` is a byte. */
  readonly percent?: boolean;
  /** Forms: `+` is a space. */
  readonly plus?: boolean;
  /** HTML and XML: `&amp;`, `&#65;`, `&#x41;`. */
  readonly entity?: boolean;
}

/** Takes what was decoded: [from, to) is where it stood. */
export interface UnitSink {
  /** A UTF-16 unit. */
  unit(unit: number, from: number, to: number): void;
  /** A byte of UTF-8. */
  byte(byte: number, from: number, to: number): void;
  /** Something between two units that does not count. */
  gap(): void;
  /** No more will come that belongs to this. */
  finish(): void;
  /** Where the earliest text stands that could still become a secret; Infinity for none. */
  liveFrom(): number;
  reset(): void;
}

/** This many things that do not count, in a row, end a match: no more may have to be held back. */
export const gapsMax = 64;

const entityCharsMax = 10;
const backslash = 0x5c;
const percent = 0x25;
const ampersand = 0x26;
const plus = 0x2b;
const letterU = 0x75;
const letterX = 0x78;

const afterBackslash = new Map(
  [...'bfnrtv0'].map((letter, i) => [letter.charCodeAt(0), [8, 12, 10, 13, 9, 11, 0][i]!]),
);
const entities = new Map([
  ['amp', 0x26],
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['quot', 0x22],
  ['apos', 0x27],
  ['nbsp', 0xa0],
]);

/** The value of a hexadecimal digit, -1 for others. */
export function hexValue(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 && unit < 0x80 ? lower - 0x57 : -1;
}

function isAlphanumeric(unit: number): boolean {
  const lower = unit | 0x20;
  return (unit >= 0x30 && unit <= 0x39) || (unit < 0x80 && lower >= 0x61 && lower <= 0x7a);
}

/** One way undone. A sink itself: one behind the other undoes two levels. */
export class Unescape implements UnitSink {
  readonly #sink: UnitSink;
  readonly #runs: boolean;
  readonly #plus: boolean;
  /** By unit below 128: 1 for one that opens an escape. */
  readonly #opens = new Uint8Array(128);
  /** The escape that has begun, and where each of its units stands. */
  readonly #units = new Uint16Array(entityCharsMax);
  readonly #froms = new Float64Array(entityCharsMax);
  readonly #tos = new Float64Array(entityCharsMax);
  #length = 0;
  #gaps = 0;

  constructor(escapes: Escapes, sink: UnitSink) {
    this.#sink = sink;
    this.#runs = escapes.backslash === 'runs';
    this.#plus = escapes.plus ?? false;
    if (escapes.backslash !== undefined) this.#opens[backslash] = 1;
    if (escapes.percent) this.#opens[percent] = 1;
    if (escapes.entity) this.#opens[ampersand] = 1;
  }

  unit(unit: number, from: number, to: number): void {
    const length = this.#length;
    if (length === 0 && (unit >= 0x80 || this.#opens[unit] === 0)) {
      this.#sink.unit(unit === plus && this.#plus ? 0x20 : unit, from, to);
    } else if (this.#runs && length === 1 && unit === backslash && this.#units[0] === backslash) {
      this.#froms[0] = from;
      this.#tos[0] = to;
      this.#sink.gap();
    } else {
      this.#units[length] = unit;
      this.#froms[length] = from;
      this.#tos[length] = to;
      this.#length++;
      this.#gaps = 0;
      if (length > 0) this.#grown(unit, to);
    }
  }

  byte(byte: number, from: number, to: number): void {
    if (byte < 0x80) this.unit(byte, from, to);
    else {
      while (this.#length > 0) this.#giveUp();
      this.#sink.byte(byte, from, to);
    }
  }

  /** No escape has begun. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** A line break: it does not count, here neither. */
  gap(): void {
    if (this.#length > 0 && ++this.#gaps > gapsMax) this.#giveUp();
    this.#sink.gap();
  }

  finish(): void {
    while (this.#length > 0) this.#giveUp();
    this.#sink.finish();
  }

  liveFrom(): number {
    const waiting = this.#length > 0 ? this.#froms[0]! : Number.POSITIVE_INFINITY;
    return Math.min(waiting, this.#sink.liveFrom());
  }

  reset(): void {
    this.#clear();
    this.#sink.reset();
  }

  /** Looks at the escape after one more unit: whole, still growing, or none. */
  #grown(unit: number, to: number): void {
    const first = this.#units[0]!;
    if (first === percent) this.#grownHex(unit, 3, to);
    else if (first === ampersand) this.#grownEntity(unit, to);
    else if (this.#length > 2) this.#grownHex(unit, this.#units[1] === letterU ? 6 : 4, to);
    else if (unit !== letterU && unit !== letterX) {
      const named = afterBackslash.get(unit);
      if (named !== undefined) this.#take(named, to);
      else if (isAlphanumeric(unit)) this.#giveUp();
      else this.#take(unit, to);
    }
  }

  #grownHex(unit: number, length: number, to: number): void {
    if (hexValue(unit) < 0) this.#giveUp();
    else if (this.#length === length) {
      let value = 0;
      for (const digit of this.#units.subarray(length === 3 ? 1 : 2, length)) value = value * 16 + hexValue(digit);
      if (length === 3) {
        const from = this.#clear();
        this.#sink.byte(value, from, to);
      } else this.#take(value, to);
    }
  }

  #grownEntity(unit: number, to: number): void {
    if (unit === 0x3b) {
      const point = entityPoint(String.fromCharCode(...this.#units.subarray(1, this.#length - 1)));
      if (point === undefined) this.#giveUp();
      else this.#take(point, to);
    } else if (this.#length >= entityCharsMax || !(isAlphanumeric(unit) || unit === 0x23)) this.#giveUp();
  }

  #take(point: number, to: number): void {
    const from = this.#clear();
    if (point < 0x1_0000) this.#sink.unit(point, from, to);
    else {
      this.#sink.unit(0xd800 + ((point - 0x1_0000) >> 10), from, to);
      this.#sink.unit(0xdc00 + ((point - 0x1_0000) & 0x3ff), from, to);
    }
  }

  /** Forgets the escape; answers where it began. */
  #clear(): number {
    this.#length = 0;
    return this.#froms[0]!;
  }

  /** No escape after all: its first unit stands for itself, and the others are looked at again. */
  #giveUp(): void {
    const units = this.#units.slice(0, this.#length);
    const froms = this.#froms.slice(0, this.#length);
    const tos = this.#tos.slice(0, this.#length);
    this.#clear();
    this.#sink.unit(units[0]!, froms[0]!, tos[0]!);
    for (let i = 1; i < units.length; i++) this.unit(units[i]!, froms[i]!, tos[i]!);
  }
}

function entityPoint(name: string): number | undefined {
  const named = entities.get(name);
  if (named !== undefined) return named;
  const number = /^#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (number === null) return undefined;
  const point = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
  return point <= 0x10_ffff ? point : undefined;
}
