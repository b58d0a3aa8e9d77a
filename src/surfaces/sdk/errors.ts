// What goes wrong, as one kind of error: a refusal of the server with its stable code, or no answer at all. Programs go by
// `reason` (docs/errors.md) and `retryable`; `message` and `hint` are for people.

/** What is wrong about one place of a request. */
export interface ErrorPlace {
  /** A pointer into the request or the component. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  readonly hint: string;
}

interface Told {
  readonly message: string;
  /** 0: there was no answer. */
  readonly status: number;
  readonly reason: string;
  readonly retryable: boolean;
  readonly errors?: readonly ErrorPlace[];
  readonly requestId?: string | undefined;
  readonly data?: unknown;
  readonly cause?: unknown;
}

export class HeadwaterError extends Error {
  /** Of the HTTP answer; 0: there was none. */
  readonly status: number;
  /** A stable code, listed in docs/errors.md; `connection_lost` when there was no answer. */
  readonly reason: string;
  /** The same request may succeed later. It has been repeated already as often as was allowed. */
  readonly retryable: boolean;
  readonly errors: readonly ErrorPlace[];
  /** What to do next; empty: nothing is known. */
  readonly hint: string;
  /** By which the server's log names the request. */
  readonly requestId: string | undefined;
  /** More, by reason: ids, cycles, lists. */
  readonly data: unknown;

  constructor({ message, status, reason, retryable, errors = [], requestId, data, cause }: Told) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HeadwaterError';
    this.status = status;
    this.reason = reason;
    this.retryable = retryable;
    this.errors = errors;
    this.hint = errors[0]?.hint ?? '';
    this.requestId = requestId;
    this.data = data;
  }
}

/** No answer came, or it ended before it was whole. */
export function connectionLost(server: string, cause: unknown): HeadwaterError {
  const why = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
  return new HeadwaterError({
    message: `connection_lost: ${server}: ${why}`,
    status: 0,
    reason: 'connection_lost',
    retryable: true,
    cause,
  });
}

/** Of an answer that is no success. Something between here and the server may have given it: then it has no reason. */
export async function errorOf(answer: Response): Promise<HeadwaterError> {
  const requestId = answer.headers.get('x-request-id') ?? undefined;
  const told = { status: answer.status, requestId };
  const text = await answer.text().catch(() => '');
  try {
    const { message, reason, retryable, errors, data } = JSON.parse(text);
    if (typeof reason === 'string')
      return new HeadwaterError({
        ...told,
        message: String(message),
        reason,
        retryable: retryable === true,
        errors,
        data,
      });
  } catch {
    // No JSON, so not of the server.
  }
  const retryable = [429, 502, 503, 504].includes(answer.status);
  const message = `the server answered ${answer.status}${text === '' ? '' : `: ${text.slice(0, 200)}`}`;
  return new HeadwaterError({ ...told, message, reason: 'unknown_answer', retryable });
}
