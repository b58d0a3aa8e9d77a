// One text of a function, prepared: its compartment, and the closure that makes `main` anew for each call, so that nothing
// that the script declares outlives the call. The text is known to be a whole script of its own before it is put inside
// that closure, so it cannot end the closure early. The globals it names are constants of the closure around it: looked
// up through the compartment they would make loops three times slower.

import { Script } from 'node:vm';
import type { LibraryShelf } from './library_shelf.ts';
import { harden, newCompartment, placesOf, sourcePrefix } from './realm.ts';

export type Main = (input: unknown) => unknown;

export interface At {
  readonly line: number;
  readonly column: number;
}

export interface Version {
  readonly source: string;
  readonly script: string;
  readonly global: unknown;
  readonly make: () => Main | undefined;
  /** UTF-16 units before the script on its first line. */
  readonly prefixLength: number;
}

/** The text is no script, or one that the realm does not evaluate. */
export class NotCompiled extends Error {
  readonly at: At | undefined;
  constructor(message: string, at?: At) {
    super(message);
    this.at = at;
  }
}

/**
 * The line above the builders of a schema definition, as formats/asset/builders has it: a child may read no more of this
 * program than its own files, so it is said again.
 */
const builderMark = '// builders';

/** Names of SES's own that functions have no use for. */
const taken = ['lockdown', 'harden', 'Compartment'];
/** Names that cannot or need not be declared. */
const notHoisted = new Set(['undefined', 'NaN', 'Infinity', 'eval', 'globalThis']);

export interface VersionParts {
  readonly id: number;
  readonly script: string;
  readonly shelf: LibraryShelf;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Throws `NotCompiled`. */
export function prepareVersion({ id, script, shelf, globals }: VersionParts): Version {
  requireScript(script);
  const compartment = newCompartment({ ...globals, ...shelf.namedIn(script) });
  const global = compartment.globalThis;
  for (const name of taken) delete global[name];
  harden(global);
  const words = new Set(script.match(/[A-Za-z_$][\w$]*/g) ?? []);
  const hoisted = Object.getOwnPropertyNames(global).filter((name) => words.has(name) && !notHoisted.has(name));
  const source = `${sourcePrefix}${id}`;
  const prefix = `(function(){"use strict";const {${hoisted.join(',')}}=globalThis;return function(){"use strict";`;
  const suffix = `\n;return typeof main==="function"?main:undefined}})()\n//# sourceURL=${source}`;
  try {
    const make = compartment.evaluate(prefix + script + suffix) as Version['make'];
    return { source, script, global, make, prefixLength: prefix.length };
  } catch (e) {
    throw new NotCompiled((e as Error).message);
  }
}

/** Parses without running: a text that closes more than it opens is no script. */
function requireScript(script: string): void {
  const filename = 'script';
  try {
    new Script(script, { filename });
  } catch (e) {
    const [, line] = /^script:(\d+)/.exec(String((e as Error).stack)) ?? [];
    throw new NotCompiled((e as Error).message, line === undefined ? undefined : { line: Number(line), column: 1 });
  }
}

/** Where in the script an error was made; below the builders of a schema definition, where they were called. */
export function placeIn(version: Version, error: unknown): At | undefined {
  const here = placesOf(error).filter((p) => p.source === version.source);
  const place = here.find((p) => p.line <= writtenLines(version.script)) ?? here[0];
  if (place === undefined) return undefined;
  const column = place.line === 1 ? place.column - version.prefixLength : place.column;
  return { line: place.line, column: Math.max(1, column) };
}

/** Lines of the script that its author has written. */
function writtenLines(script: string): number {
  const mark = script.lastIndexOf(`\n${builderMark}\n`);
  return mark === -1 ? Number.POSITIVE_INFINITY : script.slice(0, mark).split('\n').length;
}
