// SQLite's errors as the store port's faults: the result code decides the fault's code, the message is kept for people.
// What the store itself finds wrong is a Fault already and passes unchanged.

import { Fault } from '../../base/result.ts';

const primary = { busy: 5, locked: 6, io: 10, corrupt: 11, full: 13, constraint: 19, notADatabase: 26 } as const;

/** SQLite's primary result code of an error, 0 if it is not SQLite's. */
function resultCode(e: unknown): number {
  const code = (e as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : 0;
}

export function isBusy(e: unknown): boolean {
  const code = resultCode(e);
  return code === primary.busy || code === primary.locked;
}

/** Did the device fail? Then what a failed sync left behind is unknown, and a repeated one may wrongly succeed. */
export function isDeviceFailure(e: unknown): boolean {
  return resultCode(e) === primary.io;
}

export function isConstraint(e: unknown): boolean {
  return resultCode(e) === primary.constraint;
}

/** Any error of a store operation as a Fault; Faults pass unchanged. */
export function asFault(e: unknown, doing: string): Fault {
  if (e instanceof Fault) return e;
  const message = e instanceof Error ? e.message : String(e);
  const code = resultCode(e);
  const options = { cause: e };
  if (isBusy(e)) return new Fault('store_busy', `${doing}: another process owns the file`, undefined, options);
  if (code === primary.corrupt || code === primary.notADatabase)
    return new Fault('store_damaged', `${doing}: ${message}`, undefined, options);
  if (code === primary.full)
    return new Fault('store_failed', `${doing}: no space left for the store`, { full: true }, options);
  return new Fault('store_failed', `${doing}: ${message}`, undefined, options);
}

/** Runs one operation, its errors translated. */
export function guarded<T>(doing: string, body: () => T): T {
  try {
    return body();
  } catch (e) {
    throw asFault(e, doing);
  }
}
