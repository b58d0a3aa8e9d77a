// Three kinds of failure, three channels: refusals are returned values (`Result`), faults of the outside world are
// thrown as `Fault`, bugs are assertions (`invariant`, `unreachable`). Codes are listed in codes.ts.

import type { FaultCode, RefusalCode } from './codes.ts';

/** Why a request was not carried out. The state is as if the request had not been made. */
export interface Refusal {
  readonly code: RefusalCode;
  /** Where: a JSON pointer in the request or the component, with its id in front when known. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  /** What to do next. */
  readonly hint: string;
  /** More, typed by code, for programs: ids, cycles, lists. */
  readonly data?: unknown;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export type RefusalDetail = Omit<Refusal, 'code'>;

export function refuse(code: RefusalCode, detail: RefusalDetail): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code, ...detail } };
}

/** The refusal as one sentence for people. */
export function refusalText(r: Refusal): string {
  return `${r.code}: ${r.path === '' ? '' : `${r.path}: `}expected ${r.expected}, got ${r.got}. ${r.hint}`;
}

/** A failure of the outside world: disk, lock, damaged data. Carries a code; never describes a bad request. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly data: unknown;
  constructor(code: FaultCode, message: string, data?: unknown, options?: { cause?: unknown }) {
    super(`${code}: ${message}`, options);
    this.name = 'Fault';
    this.code = code;
    this.data = data;
  }
}

/** A refusal that has to cross a place where only exceptions pass (a deep walk, a callback). Caught by `attempt`. */
export class RefusalError extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusalText(refusal));
    this.name = 'RefusalError';
    this.refusal = refusal;
  }
}

/** The value, or throws `RefusalError`. */
export function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new RefusalError(result.refusal);
}

/** Runs `body`; a thrown `RefusalError` becomes a refusal again, anything else passes through. */
export function attempt<T>(body: () => T): Result<T> {
  try {
    return ok(body());
  } catch (e) {
    if (e instanceof RefusalError) return { ok: false, refusal: e.refusal };
    throw e;
  }
}

/** A bug if false. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** Closes an exhaustive switch. */
export function unreachable(x: never): never {
  throw new Error(`invariant broken: unreachable case ${JSON.stringify(x)}`);
}
