// Refusals of the local agent as its clients see them: a code, what it is answered with, and what is wrong with the request.
// They are thrown from wherever they are found and answered in one place; nothing has happened when one comes.

/** Codes with the status of HTTP that each is answered with. */
export const refusalStatus = {
  token_refused: 401,
  page_refused: 403,
  command_refused: 403,
  request_malformed: 400,
  path_refused: 400,
  not_found: 404,
  already_exists: 409,
  other_kind: 409,
  not_empty: 409,
  key_reused: 409,
  too_large: 413,
  limit_exceeded: 409,
  system_refused: 500,
} as const;

export type AgentCode = keyof typeof refusalStatus;

export interface RefusalDetails {
  /** Pointer into the request, or the path below the root. */
  readonly path?: string;
  readonly expected?: string;
  readonly got?: unknown;
  readonly hint?: string;
}

export class Refused extends Error {
  readonly code: AgentCode;
  readonly details: RefusalDetails;

  constructor(code: AgentCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  toJSON(): object {
    return { error: { code: this.code, message: this.message, ...this.details } };
  }
}

/** What the system says against it, with the path below the root in the place of the one that was opened. */
export function systemRefused(cause: unknown, doing: string, path: string): Refused {
  if (cause instanceof Refused) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  return new Refused('system_refused', `${doing} ${path} failed: ${code}`, {
    path,
    got: code,
    hint: 'look at the permissions and the space of the machine, then try again',
  });
}
