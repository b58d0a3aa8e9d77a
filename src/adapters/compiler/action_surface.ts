// The types of action functions: what every one of them is called with besides its component, and what it may give. For the
// checks of single functions and for those of `defineSchema`; the engine reads results by `dispatch/action_result`, and those
// of functions that list resources by `dispatch/list_result`.

/** What action functions are called with, and what they give. */
export const actionCall = `/** What an action function gets besides its component. */
interface ActionCall {
  /** The schema's name. */
  schema: string;
  /** The same for every attempt of one action: hand it to the provider where that takes one. */
  idempotencyKey: string;
  /** Counted from 1. */
  attempt: number;
  /**
   * How many attempts this function itself has ended with the status \`error\`. A provider that answers a repeated key with the failed
   * request again gets another key with it; an attempt that was cut off leaves it as it is.
   */
  failures: number;
  /** What the call before said with \`pending\` or \`waiting\`. */
  checkpoint?: any;
  /** The signal that the call before waited for. */
  signal?: { name: string; payload: any };
}
type ActionResult =
  /** Done. Of the payload, as the provider has the resource: null says that there is none any more. */
  | { status: 'ok' | 'warning'; payload?: any; resourceId?: string | null; message?: string | null }
  /** Not done. \`throttled\`, \`transient\` and \`conflict\` are tried again by themselves; default \`permanent\`. */
  | {
      status: 'error';
      message?: string | null;
      payload?: any;
      resourceId?: string | null;
      errorClass?: 'throttled' | 'transient' | 'conflict' | 'permanent' | 'unknown-outcome';
      retryAfterMs?: number | null;
    }
  /** Not finished: called again with the checkpoint, after so long (default 1,000), also by the next engine after a crash. */
  | { status: 'pending'; checkpoint: any; afterMs?: number; message?: string | null }
  /** Not finished: called again when somebody sends the signal. */
  | { status: 'waiting'; signal: string; checkpoint?: any; message?: string | null };
/** A resource without a payload is looked at with the function of kind refresh. */
interface ListedResource { resourceId: string; payload?: any; name?: string | null }
interface ListOutput {
  status: 'ok' | 'warning' | 'error'; resources?: readonly ListedResource[]; cursor?: string | null; message?: string | null;
  errorClass?: 'throttled' | 'transient' | 'conflict' | 'permanent' | 'unknown-outcome'; retryAfterMs?: number;
}
`;
