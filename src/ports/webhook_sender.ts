// Sends one message of a webhook, signed as the Standard Webhooks specification says (https://www.standardwebhooks.com): the
// headers `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`, `v1,` and the base64 of the HMAC-SHA256 of
// `id.timestamp.body` with the bytes that the key holds behind `whsec_`.
//
// Contract
// - One POST, no redirect is followed, nothing is read of the answer but its status. It ends within `timeoutMs`, or at once when
//   `signal` aborts. Never rejects: what went wrong is its outcome.
// - It connects to no address of this machine, of a private network or of a link, whatever the name resolves to, unless the
//   installation's owner allows that host; the address that was looked at is the one that is connected to.

/** As much of an `AbortSignal` as is needed. */
export interface AbortLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface WebhookMessage {
  readonly url: string;
  /** The same for every attempt at one event. */
  readonly id: string;
  /** Of the attempt, milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
  readonly body: string;
  /** `whsec_` and base64. */
  readonly key: string;
  readonly timeoutMs: number;
  readonly signal: AbortLike;
}

/** The status that was answered, or why there was none. */
export type WebhookOutcome = { readonly status: number } | { readonly error: string };

export interface WebhookSender {
  send(message: WebhookMessage): Promise<WebhookOutcome>;
}
