// What the engine asks of a policy engine: to read the policies of a workspace, and to decide by them and by the built-in ones.
// Deciding waits for nothing and reads nothing of the world: the same request has the same answer. A policy that
// cannot be evaluated on a request counts as if it forbade. The caller keeps decisions; nothing is kept here.

import type { PolicyDecision, PolicyLine, PolicyRequest } from '../access/policy.ts';
import type { Result } from '../base/result.ts';

export interface PolicyEngine {
  /**
   * Reads a text of policies; '' has none, and then the built-in ones decide alone. Refuses `policy_invalid` with line and
   * column for what does not read, is not of the schema, or has an id twice or one that is built in.
   */
  open(text: string): Promise<Result<Policies>>;
}

export interface Policies {
  /** In the order of the text. */
  readonly lines: readonly PolicyLine[];
  /** May some of them decide otherwise on reading a component than on reading at all? False only where none can. */
  readonly readsComponents: boolean;
  decide(request: PolicyRequest): PolicyDecision;
  /** It decides nothing from then on. */
  close(): void;
}
