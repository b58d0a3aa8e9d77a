// What an apply asks about a change set before Head moves: is anything that its own edits reach still being computed, and
// which actions does it plan? Propagation and the action planner answer; where neither is at work the answers are empty.
//
// Contract: both answer for the state given by its intent root and no later one; they read and never write. The lines are
// for people and part of the receipt; an action names its component, so that approvals bind to it.

import type { ChangeSetId, ComponentId, Hash, WorkspaceId } from '../base/ids.ts';
import type { ActionKind } from '../model/function.ts';

export interface PlannedAction {
  readonly component: ComponentId;
  readonly kind: ActionKind | 'replace';
  /** Paths whose change is the reason, in canonical order. */
  readonly paths: readonly string[];
}

export interface Readiness {
  /** What is not computed yet, a line each; empty: everything is. */
  pending(workspace: WorkspaceId, changeSet: ChangeSetId, intentRoot: Hash): Promise<readonly string[]>;
  /** Resolves when nothing of the change set is pending any more, or after `mostMs`, whichever comes first. */
  quiet(workspace: WorkspaceId, changeSet: ChangeSetId, mostMs: number): Promise<void>;
  /** The actions that applying the state would queue. */
  planned(workspace: WorkspaceId, changeSet: ChangeSetId, intentRoot: Hash): Promise<readonly PlannedAction[]>;
}

/** Where nothing propagates and nothing acts. */
export const alwaysReady: Readiness = {
  pending: () => Promise.resolve([]),
  quiet: () => Promise.resolve(),
  planned: () => Promise.resolve([]),
};
