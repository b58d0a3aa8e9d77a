// The entries of the cloud's journal. They are all there is: what exists and what became of each request follows from
// them in order. An effect is an entry of its own, so that whoever reads the journal can count effects and not answers.

import type { JsonObject } from '../../base/json.ts';
import type { HandlerCode } from './outcome.ts';

/** 1: first. */
export const journalFormat = 1;

export type ChangeOperation = 'CREATE' | 'UPDATE' | 'DELETE';

/** A resource lives in a region, or in `global` when its service has none. */
export interface ResourceKey {
  readonly region: string;
  readonly type: string;
  readonly identifier: string;
}

/** The first entry. */
export interface OpenedEntry {
  readonly kind: 'opened';
  readonly format: typeof journalFormat;
}

/** A request was accepted; it is carried out when it is due, also by a later process. */
export interface AcceptedEntry {
  readonly kind: 'accepted';
  /** The request token. */
  readonly token: string;
  readonly clientToken?: string;
  /** Digest of the operation and everything it was asked with, but for the client token. */
  readonly digest: string;
  readonly operation: ChangeOperation;
  readonly region: string;
  readonly type: string;
  /** Absent for a create: it is known with the effect. */
  readonly identifier?: string;
  /** CREATE: the desired state. */
  readonly desired?: JsonObject;
  /** UPDATE: the patch. */
  readonly patch?: readonly JsonObject[];
  /** Arn of the session of a role that asked; absent: somebody with made-up keys. */
  readonly by?: string;
  readonly acceptedMs: number;
  readonly dueMs: number;
  /** It ends with this code, by a rule: without its effect, or after it. */
  readonly failure?: { readonly code: HandlerCode; readonly message: string; readonly effect: boolean };
}

/** Something changed: `properties` is what there is now, absent when there is nothing any more. */
export interface EffectEntry extends ResourceKey {
  readonly kind: 'effect';
  readonly token: string;
  readonly operation: ChangeOperation;
  readonly properties?: JsonObject;
  readonly atMs: number;
}

export interface EndedEntry {
  readonly kind: 'ended';
  readonly token: string;
  readonly status: 'SUCCESS' | 'FAILED' | 'CANCEL_COMPLETE';
  readonly code?: HandlerCode;
  readonly message?: string;
  readonly atMs: number;
}

export type Entry = OpenedEntry | AcceptedEntry | EffectEntry | EndedEntry;
