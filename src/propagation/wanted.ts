// Calls of users' functions as propagation names them: by what their result depends on and nothing else, so that the same
// call is one wherever it is made.

import type { Digest, Hash } from '../base/ids.ts';
import type { Call } from '../builtins/assemble.ts';
import type { Source } from '../model/expr.ts';

/** A call that something waits for. */
export interface WantedCall {
  /** Of the function's text and the input together. */
  readonly key: Hash;
  readonly call: Call;
  /** The vertex that asked first. */
  readonly at: Source;
  /** What else the result depends on; see `PropagationOptions.scopeOf`. */
  readonly scope: string;
}

/** What names a call: equal keys, equal results. `scope`: see `PropagationOptions.scopeOf`. */
export function keyOfCall(digest: Digest, { kind, text, input }: Call, scope = ''): Hash {
  return digest(`${kind}\n${text}\n${scope}\n${input}`);
}
