// An engine's side of concurrency keys that are shared, for tests: its store, and exchanges that say only what matters.

import { openPostgresStore, type PostgresStore } from '../../src/adapters/postgres/store.ts';
import type { KeyLimits } from '../../src/dispatch/key_gate.ts';
import type { KeyUse } from '../../src/dispatch/key_use.ts';
import type { KeyAnswers, KeyExchange, KeySeat, KeyStop } from '../../src/ports/shared_keys.ts';
import type { PostgresServer } from '../support/postgres_server.ts';

/** Times that no test waits for. */
const longMs = 60_000;

export const use = (key: string, limits: KeyLimits = {}): KeyUse => ({ key, limits });

export interface KeyStore extends PostgresStore {
  readonly keys: NonNullable<PostgresStore['keys']>;
}

/** `url`: of the database; default: of the server. */
export async function openKeyStore(
  server: PostgresServer,
  schema: string,
  id: string,
  url = server.urlOf('postgres'),
): Promise<KeyStore> {
  const node = { id, address: null };
  return (await openPostgresStore({ url, schema, node, connectionsMax: 4 })) as KeyStore;
}

export class KeyEngine {
  readonly store: KeyStore;
  readonly held = new Map<number, readonly KeyUse[]>();
  holdMs = longMs;
  turnMs = longMs;
  agedMs = longMs;
  #seats = 0;

  constructor(store: KeyStore) {
    this.store = store;
  }

  exchange(of: Partial<KeyExchange>): Promise<KeyAnswers> {
    const { holdMs, turnMs, agedMs } = this;
    const nothing = {
      lastSeat: this.#seats,
      given: [],
      told: [],
      asked: [],
      stopped: [],
      waiting: [],
      withdrawn: [],
    };
    return this.store.keys.exchange({ holdMs, turnMs, agedMs, ...nothing, ...of });
  }

  /** The seat, or what stops it. */
  async ask(...keys: readonly KeyUse[]): Promise<number | Exclude<KeyStop, undefined>> {
    const seat = ++this.#seats;
    const [stop] = (await this.exchange({ asked: [{ seat, keys }] })).asked;
    if (stop !== undefined) return stop;
    this.held.set(seat, keys);
    return seat;
  }

  async give(seat: unknown): Promise<void> {
    this.held.delete(seat as number);
    await this.exchange({ given: [seat as number] });
  }

  /** Names all that is held. */
  async renew(): Promise<void> {
    const holding = [...this.held].map(([seat, keys]): KeySeat => ({ seat, keys }));
    await this.exchange({ holding });
  }
}
