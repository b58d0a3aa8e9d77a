// Concurrency keys over all engines, in tables: an exchange is one call of a function of the database (migrations/0004_keys.ts), which has
// its clock, decides, and is done before it answers. Here keys get names that fit into an index, and limits the form they have there.

import { createHash } from 'node:crypto';
import { compareText } from '../../base/json.ts';
import type { KeyUse } from '../../dispatch/key_use.ts';
import type { KeyAnswers, KeyExchange, KeySeat, KeyStop, SharedKeys } from '../../ports/shared_keys.ts';
import type { PostgresDatabase } from './database.ts';
import { asFault } from './fault.ts';

/** After this long an answer is taken for lost: in time for what is held to be named again before it lapses. */
const answeredMs = 4_000;
/** Between two times that rows which say nothing any more are taken away. */
const cleanedEveryMs = 600_000;

/** In what `key_exchange` takes. */
interface NamedKey {
  readonly key: string;
  readonly atOnce: number | null;
  readonly intervalMs: number;
  readonly burst: number;
}

interface Answers {
  readonly asked: readonly (Exclude<KeyStop, undefined> | null)[];
  readonly open: readonly string[];
}

export class PostgresSharedKeys implements SharedKeys {
  readonly #db: PostgresDatabase;
  readonly #engine: string;
  #cleanedAtMs = performance.now();

  constructor(db: PostgresDatabase, engine: string) {
    this.#db = db;
    this.#engine = engine;
  }

  exchange(of: KeyExchange): Promise<KeyAnswers> {
    return this.#db.entering(async () => {
      const keys = new Map<string, string>();
      const name = (key: string): string => {
        const named = nameOf(key);
        keys.set(named, key);
        return named;
      };
      const named = ({ key, limits }: KeyUse): NamedKey => ({ ...limitsOf(limits), key: name(key) });
      const asked = of.asked.map(({ seat, keys: of }) => ({ seat, keys: inOrder(of.map(named)) }));
      const holding = of.holding?.map(({ seat, keys: of }: KeySeat) => ({
        seat,
        keys: of.map((k) => name(k.key)),
      }));
      const told = of.told.map((t) => ({ ...named(t), ms: t.ms }));
      const stopped = of.stopped.map(named);
      const [waiting, withdrawn] = [of.waiting.map(name), of.withdrawn.map(name)];
      const text = JSON.stringify({ ...of, asked, ...(holding && { holding }), told, stopped, waiting, withdrawn });
      const answers = await this.#exchange(text);
      return {
        asked: answers.asked.map((stop) => (stop === null ? undefined : { ...stop, key: keys.get(stop.key)! })),
        open: answers.open.map((key) => keys.get(key)!),
      };
    });
  }

  /** One attempt: whoever waits for a seat does not want to be told long after. */
  async #exchange(text: string): Promise<Answers> {
    try {
      const [row] = await this.#db.once(
        'select key_exchange($1, $2::jsonb) as answers',
        [this.#engine, text],
        answeredMs,
      );
      if (performance.now() - this.#cleanedAtMs > cleanedEveryMs) {
        await this.#db.once('select key_clean()', [], answeredMs);
        this.#cleanedAtMs = performance.now();
      }
      return row!['answers'] as Answers;
    } catch (e) {
      throw asFault(e, 'asking for seats of concurrency keys');
    }
  }

  async leave(): Promise<void> {
    const sql = 'with turns as (delete from key_turn where engine = $1) delete from key_hold where engine = $1';
    await this.#db.ask('leaving', sql, [this.#engine]);
  }
}

/** As it is where it is short and plain. */
function nameOf(key: string): string {
  const isPlain = key.length <= 256 && /^[\x20-\x7e]*$/.test(key) && !key.startsWith('sha256:');
  return isPlain ? key : `sha256:${createHash('sha256').update(key, 'utf16le').digest('hex')}`;
}

/** The least time between two starts is rounded up to what the server counts in. */
const limitsOf = ({ atOnceMax, perSecond, burst }: KeyUse['limits']): Omit<NamedKey, 'key'> => ({
  atOnce: atOnceMax ?? null,
  intervalMs: perSecond === undefined ? 0 : Math.ceil(1_000_000 / perSecond) / 1_000,
  burst: perSecond === undefined ? 1 : (burst ?? 1),
});

/** Which of several keys stops a request does not hang on the order in which they were named. */
const inOrder = (keys: readonly NamedKey[]): NamedKey[] => keys.toSorted((a, b) => compareText(a.key, b.key));
