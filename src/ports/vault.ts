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
}
