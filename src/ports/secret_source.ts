// Reads contents of secrets that are kept elsewhere: variables of the engine's environment, files of its machine, a key vault.
//
// Contract
// - Nothing is readable but what the installation's owner allows on the machine itself; the list is looked at in every call, so
//   that what is taken back is not read once more.
// - `read` goes to the source each time and keeps nothing. It ends within `limits.secretSourceMs`, with a content of at most
//   `limits.secretSourceBytesMax` that is text and not empty; of a file or a variable one line break at the end is left out.
// - A file is a regular one that lies, links followed, below an allowed folder, and never in the data folder.
// - No refusal and no fault has anything of a content in it, nor of what a server answered.
// Faults: `secret_source_unavailable` (missing, not readable, unreachable), `secret_sources_unreadable` (the owner's list).

import type { Result } from '../base/result.ts';
import type { SecretReference } from '../model/secret_reference.ts';

export interface SecretSource {
  /** Whether it may be read, by what it is called; says nothing of whether it is there. Refuses `secret_source_denied`. */
  check(reference: SecretReference): Result<void>;
  /** Refuses `secret_source_denied`. */
  read(reference: SecretReference): Promise<Result<string>>;
}
