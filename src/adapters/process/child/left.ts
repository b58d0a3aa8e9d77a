// What authentication functions leave for those after them, told to the adapter, which has it taken out of whatever the run
// prints and returns: items and variables of requestStorage, variables of the process, names they made global, and files in the
// private folders. What they keep elsewhere (a closure, a prototype) is not known.
//
// Strings of 4 characters or more and numbers count, wherever in a value they are; `true`, `false`, `null` and `undefined` as
// texts do not. A value may be changed after it was stored: everything is looked at again when a function has ended.

import { isNativeError } from 'node:util/types';
import { writeFrame } from './output.ts';
import { frame, type LeftMax } from './protocol.ts';

/** Shorter texts are not looked for. */
const textCharsMin = 4;
const plainWords = /^\s*(?:true|false|null|undefined)\s*$/i;

const tooMuch = (what: string): Error =>
  new Error(
    `the authentication functions leave ${what} in requestStorage and variables: leave what the functions after them need`,
  );

/** The texts that were told, so that none is told twice, and how many bytes they have. */
export class Left {
  readonly #told = new Set<string>();
  readonly #max: LeftMax;
  #bytes = 0;

  constructor(max: LeftMax) {
    this.#max = max;
  }

  /** Throws when it is more than anybody can look for; then it was not told. */
  tell(value: unknown): void {
    const fresh = new Set<string>();
    let bytes = this.#bytes;
    for (const text of leavesOf(value, this.#max.parts)) {
      if (text.length < textCharsMin || plainWords.test(text) || this.#told.has(text) || fresh.has(text)) continue;
      bytes += Buffer.byteLength(JSON.stringify(text));
      if (bytes > this.#max.bytes) throw tooMuch(`more than ${this.#max.bytes} bytes`);
      fresh.add(text);
    }
    if (fresh.size === 0) return;
    writeFrame(frame.left, JSON.stringify([...fresh]));
    this.#bytes = bytes;
    for (const text of fresh) this.#told.add(text);
  }
}

/** Something left under a name; `value` undefined: it is too much to be read. */
export interface Thing {
  readonly name: string;
  readonly value: unknown;
}

/** Tells what was left beside requestStorage; answers the names of what is too much to be told, or to be read. */
export function tellEach(things: readonly Thing[], max: LeftMax): string[] {
  const left = new Left(max);
  return things.flatMap(({ name, value }) => {
    if (value === undefined) return [name];
    try {
      left.tell(value);
      return [];
    } catch {
      // The names say what was not told; those after it may still find room.
      return [name];
    }
  });
}

interface Surroundings {
  /** Values of variables of the process that are new or others. */
  variables(): unknown[];
  /** Names that were made global since. */
  globals(): Thing[];
}

/** Remembers variables and global names as they are now. */
export function surroundings(): Surroundings {
  const env = { ...process.env };
  const names = new Set(Object.getOwnPropertyNames(globalThis));
  return {
    variables: () => Object.entries(process.env).flatMap(([name, value]) => (env[name] === value ? [] : [value])),
    globals: () =>
      Object.getOwnPropertyNames(globalThis).flatMap((name) => {
        const property = names.has(name) ? undefined : Object.getOwnPropertyDescriptor(globalThis, name);
        const value: unknown = property?.value;
        return value === undefined || typeof value === 'function' ? [] : [{ name, value }];
      }),
  };
}

/** Strings and numbers in a value of any kind. What throws when it is looked at gives nothing, to the functions after it neither. */
function* leavesOf(value: unknown, partsMax: number): Generator<string> {
  const waiting: unknown[] = [value];
  const seen = new Set<object>();
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'string') yield next;
    else if (typeof next === 'number' || typeof next === 'bigint') yield String(next);
    else if (typeof next === 'object' && next !== null && !seen.has(next)) {
      seen.add(next);
      if (seen.size > partsMax) throw tooMuch(`a value of more than ${partsMax} parts`);
      yield* textOf(next);
      if (!ArrayBuffer.isView(next)) waiting.push(...membersOf(next));
    }
  }
}

/** An object that is a text: bytes, an address. */
function textOf(object: object): string[] {
  if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) {
    const bytes = ArrayBuffer.isView(object)
      ? Buffer.from(object.buffer, object.byteOffset, object.byteLength)
      : Buffer.from(object);
    const text = bytes.toString('utf8');
    return [text.includes('\ufffd') ? bytes.toString('latin1') : text];
  }
  return object instanceof URL ? [object.href, object.username, object.password] : [];
}

function membersOf(object: object): unknown[] {
  try {
    if (isNativeError(object)) return [object.message, object.cause];
    if (object instanceof Map || object instanceof Headers || object instanceof URLSearchParams)
      return [...object.entries()].flat();
    if (object instanceof Set) return [...object];
    return Object.values(object);
  } catch {
    return [];
  }
}
