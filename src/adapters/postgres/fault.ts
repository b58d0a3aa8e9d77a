// Errors of PostgreSQL and of the way to it as the store port's faults: the SQLSTATE decides, the message is kept for people.
// What the store itself finds wrong is a Fault already and passes unchanged.

import { Fault } from '../../base/result.ts';

/** SQLSTATE of an error of the server, or a code of Node's about the connection; '' if there is none. */
function codeOf(e: unknown): string {
  const code = (e as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

const connectionCodes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'];
const connectionMessages =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error/;

/** Is the way to the server gone, or the server itself on its way out? Then what was asked may have been done, or not. */
export function isLost(e: unknown): boolean {
  const code = codeOf(e);
  // Class 08: connection exceptions; 57P01 to 57P03: shut down, crashed, not yet up; 25P03: nothing came in a transaction for too long.
  if (connectionCodes.includes(code) || code.startsWith('08') || /^(57P0[1-3]|25P03)$/.test(code)) return true;
  return e instanceof Error && connectionMessages.test(e.message);
}

/** Did nobody answer in time? */
export function isUnanswered(e: unknown): boolean {
  return e instanceof Error && e.message === 'Query read timeout';
}

/** Lost to others in a way that the server undid: deadlock, serialization. */
export function isUndone(e: unknown): boolean {
  return ['40P01', '40001'].includes(codeOf(e));
}

/** Any error of a store operation as a Fault; Faults pass unchanged. */
export function asFault(e: unknown, doing: string): Fault {
  if (e instanceof Fault) return e;
  const message = e instanceof Error ? e.message || codeOf(e) : String(e);
  const options = { cause: e };
  const code = codeOf(e);
  if (isLost(e))
    return new Fault(
      'store_failed',
      `${doing}: the PostgreSQL server cannot be reached: ${message}`,
      { lost: true },
      options,
    );
  // Of the tables themselves (migrations): the writer has been succeeded.
  if (code === 'HW002') return new Fault('store_busy', `${doing}: ${message}`, undefined, options);
  if (code === '53100')
    return new Fault('store_failed', `${doing}: no space left for the store`, { full: true }, options);
  // Data that cannot be read: XX001 and XX002 are damaged pages.
  if (code === 'XX001' || code === 'XX002')
    return new Fault('store_damaged', `${doing}: ${message}`, undefined, options);
  return new Fault('store_failed', `${doing}: ${message}`, undefined, options);
}
