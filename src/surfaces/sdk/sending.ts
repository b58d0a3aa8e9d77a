// One request and its repetitions. Whatever is sent may be sent again: reading changes nothing, and what writes carries an
// idempotency key, the same each time, by which the server knows a repetition and answers as the first time.

import { connectionLost, errorOf, type HeadwaterError } from './errors.ts';

const attemptsMax = 5;
const firstMs = 200;
const longestMs = 20_000;

/** What the SDK needs of `fetch`, so that another may be given. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Patience {
  /** How often a request is sent at most; 1: never again. Default 5. */
  readonly attempts?: number;
  /** The first wait in ms, doubled with each attempt; the server's `Retry-After` goes before it. Default 200. */
  readonly firstWaitMs?: number;
  /** No wait is longer. Default 20,000. */
  readonly longestWaitMs?: number;
}

export interface Sending extends Patience {
  readonly fetch: Fetch;
  readonly signal?: AbortSignal | undefined;
  /** A reason that stays as it is, however often the request is sent. */
  readonly final?: string | undefined;
}

interface Reading<T> extends Sending {
  /** Takes the answer of a success; an answer that is lost on the way is asked for again. */
  read(answer: Response): Promise<T>;
}

/** Answers what is read of a success. Throws HeadwaterError, or what the signal says. */
export async function send<T>(url: string, init: RequestInit, sending: Reading<T>): Promise<T> {
  const { attempts = attemptsMax, signal } = sending;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const { read, error, afterMs } = await sentOnce(url, init, sending);
    if (error === undefined) return read;
    if (!error.retryable || error.reason === sending.final || attempt >= attempts) throw error;
    await wait(afterMs ?? waitMs(attempt, sending), signal);
  }
}

type Outcome<T> =
  | { readonly read: T; readonly error?: never; readonly afterMs?: never }
  | { readonly read?: never; readonly error: HeadwaterError; readonly afterMs: number | undefined };

async function sentOnce<T>(url: string, init: RequestInit, sending: Reading<T>): Promise<Outcome<T>> {
  const { fetch, signal, longestWaitMs = longestMs } = sending;
  let answer: Response;
  try {
    answer = await fetch(url, signal === undefined ? init : { ...init, signal });
    if (answer.ok) return { read: await sending.read(answer) };
  } catch (e) {
    signal?.throwIfAborted();
    return { error: connectionLost(url, e), afterMs: undefined };
  }
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const afterMs = Number.isFinite(seconds) ? Math.min(seconds * 1_000, longestWaitMs) : undefined;
  return { error: await errorOf(answer), afterMs };
}

/** Between half and the whole of what has doubled each time, so that many who wait do not come at once. */
export function waitMs(attempt: number, { firstWaitMs = firstMs, longestWaitMs = longestMs }: Patience): number {
  const whole = Math.min(firstWaitMs * 2 ** (attempt - 1), longestWaitMs);
  return whole / 2 + Math.random() * (whole / 2);
}

/** Throws what the signal says when it is aborted meanwhile. */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** A key that nobody else has. `crypto.randomUUID` is not there on pages without TLS. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}
