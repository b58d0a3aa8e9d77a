// What a workspace is given besides its store and its world: what the composition root decides. Everything but the catalogue
// has a default, with which a workspace works and some of what people ask for is refused.

import type { Matches } from '../model/pattern.ts';
import type { Catalogue } from '../ports/catalogue.ts';
import type { Observer } from '../ports/observer.ts';
import type { PolicyEngine } from '../ports/policy_engine.ts';
import type { Readiness } from '../ports/readiness.ts';
import type { SecretSource } from '../ports/secret_source.ts';
import type { Vault } from '../ports/vault.ts';
import type { WebhookSender } from '../ports/webhook_sender.ts';
import type { ActionRetentionOptions } from './action_retention.ts';
import type { ActionWorkOptions } from './action_work.ts';
import type { FunctionHost } from './compiled_functions.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { RetentionOptions } from './retention.ts';

export interface WorkspaceOptions {
  /** Schemas that can be installed. */
  readonly catalogue: Catalogue;
  /** What is said before an apply about what is pending and planned; default: what propagation says. */
  readonly readiness?: Readiness;
  /** What users' functions need; default: they give an error that says that they cannot run. */
  readonly functions?: FunctionHost;
  /** The queue in front of the runners, which is one for all workspaces; default: one for this workspace. */
  readonly dispatcher?: Dispatcher;
  /** How actions are carried out. */
  readonly actions?: ActionWorkOptions;
  /** Who hears how the work goes; default: nobody. */
  readonly observer?: Observer;
  /** Engine for the regular expressions of schemas; default: those that are safe without one. */
  readonly matches?: Matches;
  /** How long ended runs are kept, and how many. */
  readonly retention?: RetentionOptions;
  /** How long actions that have ended are kept, and how many. */
  readonly actionRetention?: ActionRetentionOptions;
  /** What opens and seals the contents of secrets; default: nothing does. */
  readonly vault?: Vault;
  /** What reads contents that secrets refer to; default: nothing does. */
  readonly secretSource?: SecretSource;
  /** What reads and decides by policies; default: nothing does, and a workspace that has some refuses everything. */
  readonly policies?: PolicyEngine;
  /** What sends webhooks; default: nothing does. */
  readonly webhooks?: WebhookSender;
  /** Another engine drives it: nothing is done in it, and what is read is read anew each time. Default false. */
  readonly isVisited?: boolean;
  /** The number of the lease under which it is driven here (`ports/leases.ts`); default: nothing is leased. */
  readonly lease?: number;
  /** Bytes of decoded chunks kept in memory. */
  readonly cacheBytesMax?: number;
  /** Bytes of chunks that may wait to be written before a checkpoint is started. */
  readonly unwrittenBytesMax?: number;
}
