// What went wrong in user code, as the report says it: a code, one message, and the place in the function's text. The thrown
// value is hostile too: looking at it may throw.

import { type ChildFailure, type ChildFailureCode, refusedCode } from './protocol.ts';

/** An error of the child's own names: something asked for is not allowed. */
export class NotAllowed extends Error {
  readonly code = refusedCode;
}

const causesMax = 8;

/** Error codes of Node and of this program that say that something was kept from the function. */
const refusals = new Set([refusedCode, 'ERR_ACCESS_DENIED']);

function isRefused(thrown: unknown): boolean {
  let at = thrown as { code?: unknown; cause?: unknown } | null | undefined;
  for (let i = 0; i < causesMax && typeof at === 'object' && at !== null; i++) {
    if (typeof at.code === 'string' && refusals.has(at.code)) return true;
    at = at.cause as typeof at;
  }
  return false;
}

function isOutOfMemory(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const { code } = thrown as NodeJS.ErrnoException;
  return /^Array buffer allocation failed|^Cannot allocate memory/i.test(thrown.message) || code === 'ENOMEM';
}

function textOf(thrown: unknown): string {
  if (thrown instanceof Error) {
    const cause = thrown.cause instanceof Error ? ` (${thrown.cause.message})` : '';
    return `${thrown.name}: ${thrown.message}${cause}`;
  }
  return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The innermost place in the file, from a stack; a syntax error has its place in the first lines, with a caret. */
function placeOf(thrown: unknown, file: string): ChildFailure['at'] {
  if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return undefined;
  const frame = new RegExp(`${escaped(file)}:(\\d+):(\\d+)`).exec(thrown.stack);
  if (frame !== null) return { line: Number(frame[1]), column: Number(frame[2]) };
  const head = new RegExp(`^${escaped(file)}:(\\d+)\\n.*\\n( *)\\^`).exec(thrown.stack);
  return head === null ? undefined : { line: Number(head[1]), column: (head[2] ?? '').length + 1 };
}

/** The failure to report. `code` is what it is unless the thrown value says that something was refused or ran out. */
export function failureOf(thrown: unknown, code: ChildFailureCode, file: string): ChildFailure {
  try {
    const real =
      code !== 'threw' ? code : isRefused(thrown) ? refusedCode : isOutOfMemory(thrown) ? 'out_of_memory' : code;
    const at = placeOf(thrown, file);
    return { code: real, message: textOf(thrown), ...(at === undefined ? {} : { at }) };
  } catch {
    return { code, message: 'a value that cannot be looked at was thrown' };
  }
}
