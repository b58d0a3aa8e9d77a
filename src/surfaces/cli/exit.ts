// Exit codes, and how a refusal or a fault is told: to people on standard error, to programs as JSON on standard output.
// A code decides the exit code; the text never does.

import type { FaultCode, RefusalCode } from '../../base/codes.ts';
import type { Fault, Refusal } from '../../base/result.ts';

export const exitCodes = {
  ok: 0,
  error: 1,
  /** Changes are present; only with --detailed-exitcode. */
  changes: 2,
  /** Refused by policy or approval. */
  refused: 3,
  /** The state has moved on. */
  stale: 4,
  /** The same may go well later: another process owns the data folder and does not answer, a server takes no more at present. */
  busy: 75,
} as const;

const byCode: Partial<Record<RefusalCode | FaultCode, number>> = {
  access_denied: exitCodes.refused,
  approval_required: exitCodes.refused,
  frozen: exitCodes.refused,
  plan_denied: exitCodes.refused,
  secret_source_denied: exitCodes.refused,
  budget_exceeded: exitCodes.refused,
  version_conflict: exitCodes.stale,
  plan_stale: exitCodes.stale,
  not_ready: exitCodes.busy,
  store_busy: exitCodes.busy,
  workspace_elsewhere: exitCodes.busy,
  server_unavailable: exitCodes.busy,
  too_many_requests: exitCodes.busy,
};

export function exitCodeOf(code: RefusalCode | FaultCode): number {
  return byCode[code] ?? exitCodes.error;
}

/** A refusal for people: what happened, where, what to do. */
export function tellRefusal(r: Refusal): string {
  return [
    `refused: ${r.code.replaceAll('_', ' ')}${r.path === '' ? '' : ` at ${r.path}`}`,
    `  expected  ${r.expected}`,
    `  got       ${r.got}`,
    `  next      ${r.hint}`,
  ].join('\n');
}

/** The same for programs. */
export function refusalJson(r: Refusal): { error: Refusal } {
  return { error: r };
}

export function faultJson(f: Fault): { error: { code: string; message: string } } {
  return { error: { code: f.code, message: f.message } };
}
