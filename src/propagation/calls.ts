// Calls of functions that vertices make while they are computed: by what each is known, whether what it gives is at hand,
// and which of them a vertex has to wait for. Nothing runs here.

import type { Hash } from '../base/ids.ts';
import { invariant } from '../base/result.ts';
import type { Call, Evaluated } from '../builtins/assemble.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Answered, Kept } from './derived.ts';
import type { Marked } from './frontier.ts';
import { keyOfCall, type WantedCall } from './wanted.ts';

export interface CallOptions {
  /** What earlier calls gave, when that is at hand; undefined: the call has to run. */
  readonly recall?: (key: Hash, call: Call) => Evaluated | undefined;
  /**
   * What the result of a call depends on besides text and input: of a function with effects, who asks and with which secrets
   * of the state. Default: nothing.
   */
  readonly scopeOf?: (call: Call, address: string, state: Snapshot) => string;
}

/** Answers at hand for vertices that are still to be computed; what was used is kept with the vertex. */
const answersMax = 65_536;

/** One vertex while it is computed. */
interface Computing {
  readonly at: Marked;
  readonly kept: Kept | undefined;
  readonly made: Answered[];
  missing: WantedCall | undefined;
}

/** What a vertex is, its calls, and the first of those that have to run. */
export interface Computed {
  readonly is: Evaluated;
  readonly calls: Answered[];
  readonly missing: WantedCall | undefined;
}

export class Calls {
  readonly #options: CallOptions;
  readonly #state: () => Snapshot;
  readonly #answers = new Map<Hash, Evaluated>();
  /** Those of them that are one value's at one moment, and nobody's again. */
  readonly #once = new Set<Hash>();
  #computing: Computing | undefined;

  /** `state`: the one that is computed of, as it is now. */
  constructor(options: CallOptions, state: () => Snapshot) {
    this.#options = options;
    this.#state = state;
  }

  /** Computes a vertex by `body`, which makes its calls by `make`. */
  computing(at: Marked, kept: Kept | undefined, body: () => Evaluated): Computed {
    const computing: Computing = { at, kept, made: [], missing: undefined };
    this.#computing = computing;
    const is = body();
    this.#computing = undefined;
    return { is, calls: computing.made, missing: computing.missing };
  }

  /** What a call gives, for the vertex that is computed; `pending` when it has to run. */
  readonly make = (call: Call): Evaluated => {
    const computing = this.#computing;
    invariant(computing !== undefined, 'a function was called while no vertex was computed');
    const { key, scope, gave } = this.lookUp(call, computing.at.address, computing.kept);
    if (gave === undefined) {
      const { component, path } = computing.at;
      computing.missing ??= { key, call, at: { component, path }, scope };
      return { state: 'pending' };
    }
    computing.made.push({ key, gave });
    return gave;
  };

  /** What names the call of a vertex, and what it gave where that is at hand. `kept`: what is kept of the vertex. */
  lookUp(call: Call, address: string, kept: Kept | undefined) {
    const state = this.#state();
    const scope = this.#options.scopeOf?.(call, address, state) ?? '';
    const key = keyOfCall(state.space.digest, call, scope);
    const gave =
      kept?.calls?.find((c) => c.key === key)?.gave ?? this.#answers.get(key) ?? this.#options.recall?.(key, call);
    return { key, scope, gave };
  }

  /** What the call that a vertex waited for has given; undefined: it is not at hand. */
  answerOf(key: Hash): Evaluated | undefined {
    return this.#answers.get(key);
  }

  answered({ key, scope }: WantedCall, gave: Evaluated): void {
    this.#answers.set(key, gave);
    if (scope !== '') this.#once.add(key);
    if (this.#answers.size > answersMax) this.forget(this.#answers.keys().next().value!);
  }

  /** The vertex that made them has what they gave. */
  used(calls: readonly Answered[]): void {
    if (this.#once.size > 0) for (const { key } of calls) if (this.#once.has(key)) this.forget(key);
  }

  forget(key: Hash): void {
    this.#answers.delete(key);
    this.#once.delete(key);
  }

  forgetAll(): void {
    this.#answers.clear();
    this.#once.clear();
  }
}
