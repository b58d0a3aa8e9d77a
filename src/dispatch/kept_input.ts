// What is kept of a run's argument, so that it can be told later what was another between two runs: all of it when it is
// short, else its members, and of those that are long themselves the hash.

import type { Digest } from '../base/ids.ts';
import { brief, isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { RunInput, RunInputPart } from '../model/run.ts';

/** `text`: canonical JSON. */
export function keptInput(digest: Digest, text: string): RunInput | null {
  if (text.length <= limits.runInputCharsMax) return { whole: text };
  const value = JSON.parse(text) as Json;
  if (!isObject(value)) return null;
  const members = Object.entries(value);
  return members.length > limits.runInputPartsMax
    ? null
    : { parts: members.map(([name, member]) => partOf(digest, name, textOf(member))) };
}

/** Members were read from canonical text, so that equal ones are written the same; by the machine itself, as it is for every run. */
const textOf = (member: Json): string => JSON.stringify(member);

function partOf(digest: Digest, name: string, text: string): RunInputPart {
  return text.length <= limits.runInputPartCharsMax ? { name, text } : { name, hash: digest(text), chars: text.length };
}

/** One member of an argument that is not the same in two runs; null: it was not there. */
export interface InputDifference {
  /** '' for the argument as a whole, when it is no object. */
  readonly name: string;
  readonly was: string | null;
  readonly is: string | null;
}

/** What differs, by name; undefined: that cannot be told from what was kept. */
export function inputDifferences(
  digest: Digest,
  was: RunInput | null,
  is: RunInput | null,
): InputDifference[] | undefined {
  const [before, after] = [partsOf(was), partsOf(is)];
  if (before === undefined || after === undefined) return undefined;
  const out: InputDifference[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(name), after.get(name)];
    if (hashOf(digest, a) === hashOf(digest, b)) continue;
    out.push({ name, was: shown(a), is: shown(b) });
  }
  return out;
}

function partsOf(input: RunInput | null): Map<string, RunInputPart> | undefined {
  if (input === null) return undefined;
  if (input.parts !== undefined) return new Map(input.parts.map((part) => [part.name, part]));
  const value = JSON.parse(input.whole) as Json;
  if (!isObject(value)) return new Map([['', { name: '', text: input.whole }]]);
  return new Map(Object.entries(value).map(([name, member]) => [name, { name, text: textOf(member) }]));
}

function hashOf(digest: Digest, part: RunInputPart | undefined): string {
  if (part === undefined) return '';
  return part.hash ?? digest(part.text);
}

function shown(part: RunInputPart | undefined): string | null {
  if (part === undefined) return null;
  return part.text === undefined ? `${part.chars} characters of JSON` : brief(JSON.parse(part.text) as Json);
}
