// Where the contents of secrets are: sealed, outside snapshots, logs and audit entries. A content is sealed to the public key of
// its workspace, so that who can seal cannot open; the private half is encrypted by the installation's key.
//
// Contract
// - `seal` gives text that only `open` of the same workspace opens, also after any number of rotations; the same content sealed
//   twice gives different texts. A text that was changed, or is another workspace's, does not open: `secret_unreadable`.
// - `open` is called only for a run that needs the content; what it gives is never logged, stored or put into an error.
// - A public key is given out, or sealed to, only when its private half was unwrapped with the installation's key: nothing is
//   sealed to a key that was slipped in, or that nobody here can open.
// - `rotate` makes a new key pair for a workspace; texts sealed to older ones still open until `reseal` has renewed them.
// - While the installation's key is changed, and wherever that stops, either it or the one before opens everything.
// - The installation's key comes from a file that only its owner can read, or from the environment; another key vault is another
//   adapter of `InstallationKey`.
// Faults: `vault_locked` when the installation's key is missing or is not the one that was used.

import type { WorkspaceId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import type { Result } from '../base/result.ts';

/** Encrypts the private halves. */
export interface InstallationKey {
  /** Which key, for people and for telling keys apart; says nothing about the key itself. */
  readonly fingerprint: string;
  wrap(bytes: Uint8Array, context: string): Promise<string>;
  /** Throws `vault_locked` when the text was wrapped by another key or for another context. */
  unwrap(text: string, context: string): Promise<Uint8Array>;
}

/**
 * The keys of an installation, of which one takes the place of another now and then: `wrap` is by the current one, `unwrap` by
 * whichever wrapped the text, as long as it is kept.
 */
export interface InstallationKeys extends InstallationKey {
  /** The current one alone: it unwraps nothing that another has wrapped. */
  readonly current: InstallationKey;
  /** Makes another key, durably, and uses it from now on; goes on with one that was made before an interruption. */
  beginChange(): Promise<void>;
  /** Nothing is wrapped by the key before any more. Answers where that one is kept, if it is. */
  endChange(): Promise<string | undefined>;
}

/** What a change of the installation's key did. */
export interface KeyChange {
  /** Fingerprints. */
  readonly from: string;
  readonly to: string;
  /** Workspaces whose private keys were encrypted anew; those of the others were, or they have none. */
  readonly rewrapped: readonly WorkspaceId[];
  /** Workspaces of which a key opens with none of the installation's keys: left as they are. */
  readonly locked: readonly WorkspaceId[];
  /** Where the key before is kept; null: nowhere that this process knows. */
  readonly kept: string | null;
}

export interface WorkspaceKey {
  /** 1 for the first. */
  readonly generation: number;
  /** base64. */
  readonly publicKey: string;
  /** As `InstallationKey.wrap` gave it. */
  readonly wrappedPrivateKey: string;
  readonly createdAtMs: number;
}

export interface Vault {
  /** The public key that clients seal to, base64, with its generation. */
  publicKey(workspace: WorkspaceId): Promise<{ readonly generation: number; readonly publicKey: string }>;
  /** Refuses `value_not_storable`, `limit_exceeded`. */
  seal(workspace: WorkspaceId, content: Json): Promise<Result<string>>;
  /** Checks that a text sealed by a client opens, without giving its content away. Refuses `secret_unreadable`, `limit_exceeded`. */
  accept(workspace: WorkspaceId, sealed: string): Promise<Result<void>>;
  /** Refuses `secret_unreadable`, `limit_exceeded`. */
  open(workspace: WorkspaceId, sealed: string): Promise<Result<Json>>;
  /**
   * The same text for the same content, also after rotations, another in every workspace: to recognise a repeated request
   * without keeping what guesses could be tried on. It takes the installation's key to make. Refuses `value_not_storable`.
   */
  keyedHash(workspace: WorkspaceId, content: Json): Promise<Result<string>>;
  rotate(workspace: WorkspaceId): Promise<{ readonly generation: number }>;
  /** The same content sealed to the newest key; the text itself when it is already. Refuses `secret_unreadable`, `limit_exceeded`. */
  reseal(workspace: WorkspaceId, sealed: string): Promise<Result<string>>;
  /**
   * Encrypts the private keys of every workspace by a new installation key, or (`onlyRewrap`) by the one that is current. Done again
   * after an interruption it goes on.
   */
  changeInstallationKey(
    workspaces: () => Promise<readonly WorkspaceId[]>,
    options: { readonly onlyRewrap: boolean; readonly progress?: (workspace: WorkspaceId) => void },
  ): Promise<KeyChange>;
}
