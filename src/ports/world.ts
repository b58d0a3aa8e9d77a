// What the core is never allowed to reach for itself: time, fresh ids, digests. Production passes the machine's,
// a simulation passes seeded ones; the same code runs on both.

import type { Branded, Digest, ElementId } from '../base/ids.ts';

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number;
}

export interface Ids {
  /** A fresh ULID, later ones greater than earlier ones within this process. */
  ulid<T extends Branded<string, string>>(): T;
  /** A fresh list element id. */
  element(): ElementId;
}

export interface World {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: Digest;
}
