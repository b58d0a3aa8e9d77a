// The other engines at the same runners, by what they say themselves: what each wants a pool for, and by that what of the pool's
// room is this engine's. One that was not heard of for a lease wants nothing any more, counted only while it could have been.

import { type Contender, engineShare } from '../../dispatch/engine_share.ts';
import type { PoolDemand } from '../../ports/runner.ts';
import { type EngineWord, protocolVersion } from './protocol.ts';

interface Engine {
  readonly pools: Readonly<Record<string, PoolDemand>>;
  silentMs: number;
}

export class EngineShares {
  readonly #engines = new Map<string, Engine>();

  /** Answers whether it was not known. What an engine of another version says is nothing to this one: it has other runners. */
  heard({ version, node, pools, isLeaving }: EngineWord): boolean {
    if (version !== protocolVersion || typeof node !== 'string' || typeof pools !== 'object' || pools === null)
      return false;
    if (isLeaving) {
      this.#engines.delete(node);
      return false;
    }
    const isNew = !this.#engines.has(node);
    this.#engines.set(node, { pools, silentMs: 0 });
    return isNew;
  }

  /** Nothing was heard for so long, though it could have been. */
  silent(ms: number, leaseMs: number): void {
    for (const [node, engine] of this.#engines) {
      engine.silentMs += ms;
      if (engine.silentMs > leaseMs) this.#engines.delete(node);
    }
  }

  /** Nobody could be heard until now. */
  excuse(): void {
    for (const engine of this.#engines.values()) engine.silentMs = 0;
  }

  /** What of the pool's room is for this engine, which has so many workspaces with something for it. 1: all. */
  of(pool: string, workspaces: number): number {
    const others = [...this.#engines.values()].flatMap(({ pools }) => contender(pools[pool]));
    return engineShare(workspaces, others);
  }
}

function contender(of: PoolDemand | null | undefined): readonly Contender[] {
  const isRead = Number.isFinite(of?.workspaces) && Number.isFinite(of?.used);
  return of && isRead && of.workspaces > 0 && of.used >= 0 ? [of] : [];
}
