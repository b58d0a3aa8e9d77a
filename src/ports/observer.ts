// Who hears how the engine's work goes: for traces and metrics. Nothing in the engine depends on what is told here.
//
// Contract
// - `span` runs the body once and answers or throws what it does; it may note when that began and ended.
// - The others return at once and never throw.
// - Attributes hold ids and small words, never values of the model and nothing of a secret.

/** Steps of the engine's work that take a while. */
export type SpanName = 'operation' | 'submit' | 'catch_up' | 'apply' | 'propagate' | 'run';

export type Attributes = { readonly [name: string]: string | number | boolean };

export interface Observer {
  /** One step, within the step that is under way. */
  span<T>(name: SpanName, attributes: Attributes, body: () => Promise<T>): Promise<T>;
  /** A commit of a workspace is durable, or has lost; the time from when it was queued. */
  committed(ms: number, won: boolean): void;
  /** Lines that a merge put on a receipt, by the rule of each. */
  merged(rules: readonly string[]): void;
  /** A run of a function ended: `outcome` is `ok` or a code. */
  ran(tier: string, outcome: string, ms: number): void;
}

/** Nobody listens. */
export const noObserver: Observer = {
  span: (_name, _attributes, body) => body(),
  committed: () => {},
  merged: () => {},
  ran: () => {},
};
