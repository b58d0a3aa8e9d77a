// Numbers that options of commands take. What is none, or is out of its bounds, is refused before the command does anything; an
// operation may know narrower bounds and refuses by its own code.

import { InvalidArgumentError } from 'commander';

export const portMax = 65_535;

interface Bounds {
  readonly min?: number;
  /** Default: none but the operation's own. */
  readonly max?: number;
}

/** Reads a whole number; `min` is 0 unless it is given. */
export function whole({ min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds = {}): (text: string) => number {
  return read('a whole number', /^\d+$/, { min, max });
}

/** Reads a number that may have a fraction, such as one of seconds or days; `min` is 0 unless it is given. */
export function amount({ min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds = {}): (text: string) => number {
  return read('a number', /^(\d+\.?|\d*\.\d+)$/, { min, max });
}

function read(what: string, pattern: RegExp, { min, max }: Required<Bounds>): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (pattern.test(text) && number >= min && number <= max) return number;
    const upTo = max === Number.MAX_SAFE_INTEGER ? ' on' : ` to ${max}`;
    throw new InvalidArgumentError(`expected ${what} from ${min}${upTo}`);
  };
}
