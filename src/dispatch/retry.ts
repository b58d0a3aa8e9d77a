// Whether a failed attempt is made again, and when: by the class of its error, with exponential backoff and full jitter
// (Brooker: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), within bounds. Chance is an argument. Whether an
// effect may be repeated is not decided here: where the outcome is unknown, the answer is to look first.

import { limits } from '../base/limits.ts';

/**
 * `throttled`: asked too often. `transient`: a fault that passes (network, 5xx). `conflict`: somebody else is at the same
 * thing. `permanent`: the same again would give the same. `unknown-outcome`: it may have had its effect.
 */
export type ErrorClass = 'throttled' | 'transient' | 'conflict' | 'permanent' | 'unknown-outcome';

export interface RetryPolicy {
  /** Attempts in all, the first one counted. */
  readonly attemptsMax: number;
  /** Longest wait before the second attempt; it doubles with each. */
  readonly baseMs: number;
  /** Longest wait at all. */
  readonly waitMsMax: number;
}

export const retryPolicies: Readonly<Record<ErrorClass, RetryPolicy>> = {
  throttled: { attemptsMax: 30, baseMs: 1_000, waitMsMax: 120_000 },
  transient: { attemptsMax: 6, baseMs: 500, waitMsMax: 60_000 },
  conflict: { attemptsMax: 10, baseMs: 2_000, waitMsMax: 60_000 },
  permanent: { attemptsMax: 1, baseMs: 0, waitMsMax: 0 },
  'unknown-outcome': { attemptsMax: 6, baseMs: 1_000, waitMsMax: 60_000 },
};

/**
 * Of an attempt that whoever carried it out took with him, an engine or a runner that went away: that says nothing of the call, and while
 * machines come and go it happens again and again. So it is made more often than what came to an end of its own, and for minutes; not
 * for ever, since it may be what takes them away.
 */
export const lostPolicy: RetryPolicy = { attemptsMax: 30, baseMs: 1_000, waitMsMax: 20_000 };

export interface FailedAttempt {
  readonly errorClass: ErrorClass;
  /** Attempts made so far, this one counted: at least 1. */
  readonly attempts: number;
  /** Whoever carried it out went away with it: `lostPolicy`, whatever its class. Default false. */
  readonly isLost?: boolean;
  /** What the provider asked for; see `retryAfterMs`. */
  readonly retryAfterMs?: number | undefined;
}

export type RetryDecision =
  /** `probe`: it may have had its effect; find out, and make no other attempt unless it is known that it had none. */
  | { readonly kind: 'retry' | 'probe'; readonly waitMs: number }
  | { readonly kind: 'give-up'; readonly because: 'permanent' | 'attempts' };

/** `chance`: evenly from 0 to below 1. Waits are whole milliseconds, never shorter than what the provider asked for. */
export function decideRetry(
  { errorClass, attempts, isLost = false, retryAfterMs = 0 }: FailedAttempt,
  chance: number,
  policy: RetryPolicy = isLost ? lostPolicy : retryPolicies[errorClass],
): RetryDecision {
  if (errorClass === 'permanent') return { kind: 'give-up', because: 'permanent' };
  if (attempts >= policy.attemptsMax) return { kind: 'give-up', because: 'attempts' };
  const jittered = Math.floor(chance * backoffMs(attempts, policy));
  const asked = Math.min(Math.max(0, Math.ceil(retryAfterMs)), limits.retryAfterMsMax);
  // Everybody was told the same time: the jitter goes on top of it, of one step only.
  const waitMs = asked === 0 ? jittered : asked + Math.min(jittered, Math.floor(chance * policy.baseMs));
  return { kind: errorClass === 'unknown-outcome' ? 'probe' : 'retry', waitMs };
}

/** The longest wait after so many attempts. */
export function backoffMs(attempts: number, { baseMs, waitMsMax }: RetryPolicy): number {
  let ms = baseMs;
  for (let i = 1; i < attempts && ms < waitMsMax; i++) ms *= 2;
  return Math.min(ms, waitMsMax);
}
