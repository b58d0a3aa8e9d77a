// The hardened realm of a child: SES loaded and locked down, and what functions are made in. After `lockDown` every
// built-in object is frozen and tamed (no clock, no chance, no locale, no way from an object to a constructor that
// evaluates outside of its compartment), so that functions can share one realm and still carry nothing to each other.
//
// A stack is empty for user code, so that no result depends on where this program lies; the place in user code that a
// stack had is kept here, for the report.

import { createRequire } from 'node:module';

export interface Compartment {
  readonly globalThis: Record<string, unknown>;
  evaluate(source: string, options?: Readonly<Record<string, boolean>>): unknown;
}

/** A place in a script evaluated with `//# sourceURL`. */
export interface Place {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

interface HardenedGlobals {
  lockdown(options: Readonly<Record<string, string>>): void;
  harden<T>(value: T): T;
  Compartment: new (globals: Readonly<Record<string, unknown>>) => Compartment;
}

interface CallSite {
  getScriptNameOrSourceURL(): unknown;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}

const globals = globalThis as unknown as HardenedGlobals;
const places = new WeakMap<object, readonly Place[]>();

/** Sources of functions begin so; what begins otherwise is this program or a library. */
export const sourcePrefix = 'function:';

/** Frames that V8 keeps of a stack: enough to find the function below a library's frames. */
const stackFrames = 50;

/** To be called once, before anything of user code or of a library is evaluated. */
export function lockDown(sesFile: string): void {
  createRequire(import.meta.url)(sesFile);
  Error.stackTraceLimit = stackFrames;
  globals.lockdown({
    errorTaming: 'safe',
    // Libraries and functions assign to what they inherit (`error.name = …`, `x.toString = …`).
    overrideTaming: 'severe',
    consoleTaming: 'unsafe',
    domainTaming: 'unsafe',
    errorTrapping: 'none',
    unhandledRejectionTrapping: 'none',
    reporting: 'none',
  });
  Error.prepareStackTrace = (error: object, sites: readonly CallSite[]): string => {
    const found: Place[] = [];
    for (const site of sites) {
      const source = site.getScriptNameOrSourceURL();
      if (typeof source !== 'string' || !source.startsWith(sourcePrefix)) continue;
      found.push({ source, line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 });
    }
    places.set(error, found);
    return '';
  };
}

export function harden<T>(value: T): T {
  return globals.harden(value);
}

export function newCompartment(endowments: Readonly<Record<string, unknown>>): Compartment {
  return new globals.Compartment(endowments);
}

/** Where in user code an error was made, and from where that was called; empty when that is not known. */
export function placesOf(error: unknown): readonly Place[] {
  if (typeof error !== 'object' || error === null) return [];
  // Reading the stack makes V8 call `prepareStackTrace`, once.
  void (error as { stack?: unknown }).stack;
  return places.get(error) ?? [];
}
