// Which runners there are, by what they say themselves every second. One that was not heard of for several of these is gone,
// counted only while it could have been heard. Those of one tier and pool count together.

import { isObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { isPoolLabel } from '../../dispatch/pool_label.ts';
import type { Tier } from '../../model/run.ts';
import type { Runner } from '../../ports/runner.ts';
import { type Hello, isInstance, isTexts, protocolVersion, tiers } from './protocol.ts';

const missedMax = 5;

interface Present {
  readonly hello: Hello;
  silentMs: number;
}

/** A tier of a pool that somebody serves. */
export interface ServedTier {
  readonly tier: Tier;
  readonly pool: string;
}

export class Presence {
  readonly #known = new Map<string, Present>();
  /** What was asked since somebody came, went or changed: it is asked with every run. */
  readonly #about = new Map<string, Pick<Runner, 'capacity' | 'confinement'>>();

  /** Answers whether anything is other than before. `text`: why it cannot be used, where there is somebody to be told. */
  heard(hello: Hello): { readonly isNews: boolean; readonly text?: string } {
    if (!isInstance(hello.instance)) return { isNews: false };
    const text = wrongWith(hello);
    if (text !== undefined) return { isNews: false, text };
    const before = this.#known.get(hello.instance);
    const isSame = before !== undefined && JSON.stringify(before.hello) === JSON.stringify(hello);
    if (!isSame) this.#about.clear();
    if (hello.isLeaving) return { isNews: this.#known.delete(hello.instance) };
    this.#known.set(hello.instance, { hello, silentMs: 0 });
    return { isNews: !isSame };
  }

  /** Nothing was heard for so long, though it could have been. Answers who is gone by that. */
  silent(ms: number): readonly string[] {
    const gone: string[] = [];
    for (const [instance, present] of this.#known) {
      present.silentMs += ms;
      if (present.silentMs > missedMax * limits.runnerHelloMs) gone.push(instance);
    }
    for (const instance of gone) this.#known.delete(instance);
    if (gone.length > 0) this.#about.clear();
    return gone;
  }

  /** Nobody could be heard until now. */
  excuse(): void {
    for (const present of this.#known.values()) present.silentMs = 0;
  }

  /** In order of the pools' names. */
  served(): readonly ServedTier[] {
    const pools = [...new Set([...this.#known.values()].map(({ hello }) => hello.pool))].sort();
    return pools.flatMap((pool) =>
      tiers.filter((tier) => this.#of({ tier, pool }).length > 0).map((tier) => ({ tier, pool })),
    );
  }

  about(served: ServedTier): Pick<Runner, 'capacity' | 'confinement'> {
    const key = `${served.tier}/${served.pool}`;
    const about = this.#about.get(key) ?? this.#sum(served);
    this.#about.set(key, about);
    return about;
  }

  #sum(served: ServedTier): Pick<Runner, 'capacity' | 'confinement'> {
    const all = this.#of(served);
    const [first] = all;
    const missing = [...new Set(all.flatMap(({ confinement }) => confinement.missing))];
    return {
      capacity: {
        cpus: all.reduce((sum, { capacity }) => sum + capacity.cpus, 0),
        memoryBytes: all.reduce((sum, { capacity }) => sum + capacity.memoryBytes, 0),
      },
      confinement: {
        // What holds in all of them.
        holds: (first?.confinement.holds ?? []).filter((h) => all.every((a) => a.confinement.holds.includes(h))),
        missing,
      },
    };
  }

  #of({ tier, pool }: ServedTier): Pick<Runner, 'capacity' | 'confinement'>[] {
    return [...this.#known.values()].flatMap(({ hello }) => {
      const of = hello.pool === pool ? hello.tiers[tier] : undefined;
      return of === undefined ? [] : [of];
    });
  }
}

function wrongWith({ version, pool, tiers: told }: Hello): string | undefined {
  if (version !== protocolVersion)
    return `it speaks version ${version}, the engine ${protocolVersion}: use one release`;
  if (typeof pool !== 'string' || !isPoolLabel(pool)) return 'its pool is no label';
  if (!isObject(told)) return 'it does not say what it serves';
  for (const tier of tiers) {
    if (told[tier] === undefined) continue;
    const { capacity, confinement } = isObject(told[tier]) ? told[tier] : {};
    if (!isRoom(capacity?.cpus) || !isRoom(capacity?.memoryBytes)) return `its ${tier} tier has no capacity`;
    if (!isTexts(confinement?.holds) || !isTexts(confinement?.missing))
      return `its ${tier} tier does not say what holds`;
  }
  return undefined;
}

const isRoom = (amount: unknown): boolean => Number.isFinite(amount) && Number(amount) > 0;
