// Children started ahead, so that a run need not wait for a process to start. A spare has run nothing, holds no secret and
// knows nothing of the run it will get; a child is never used twice. Spares are kept for the shapes used last.

import { join } from 'node:path';
import { Fault } from '../../base/result.ts';
import { ConfinedChild } from './confined_child.ts';
import type { Sandbox, Shape } from './sandbox.ts';

export interface Spares {
  /** A child that waits for its order: a spare, or one started now. Throws `runner_unavailable`. */
  take(shape: Shape): Promise<ConfinedChild>;
  /** Starts what is missing; called when there is time for it. */
  refill(): void;
  close(): Promise<void>;
}

export interface SpareOptions {
  readonly sandbox: Sandbox;
  /** The program of the child, as it is called inside. */
  readonly entry: string;
  /** Folder for the children's own folders. */
  readonly folder: string;
  /** Spares at all; 0: every run starts its own child. */
  readonly spares: number;
}

const startsMax = 2;

const keyOf = (shape: Shape): string => JSON.stringify([shape.memoryBytes, [...shape.commands].sort(), shape.network]);

export function openSpares(options: SpareOptions): Spares {
  const { sandbox, entry, folder, spares } = options;
  const idle: ConfinedChild[] = [];
  const alive = new Set<ConfinedChild>();
  const slots = new Set<number>();
  let serial = 0;
  let last: Shape | undefined;
  let closed = false;

  const startChild = (shape: Shape, slot: number): ConfinedChild => {
    try {
      return new ConfinedChild(sandbox, shape, { slot, folder: join(folder, `${++serial}`) }, entry);
    } catch (error) {
      slots.delete(slot);
      const cause = { cause: error };
      throw new Fault('runner_unavailable', `a child cannot be started: ${(error as Error).message}`, undefined, cause);
    }
  };

  const start = (shape: Shape): ConfinedChild => {
    if (closed) throw new Fault('runner_unavailable', 'the process tier is closed');
    let slot = 0;
    while (slots.has(slot)) slot++;
    slots.add(slot);
    const child = startChild(shape, slot);
    alive.add(child);
    const forget = (): void => {
      alive.delete(child);
      slots.delete(slot);
      const at = idle.indexOf(child);
      if (at !== -1) idle.splice(at, 1);
    };
    // Whoever runs something on it hears how it ended.
    child.ended.then(forget, forget);
    return child;
  };

  const take = async (shape: Shape): Promise<ConfinedChild> => {
    last = shape;
    const key = keyOf(shape);
    for (let attempt = 1; ; attempt++) {
      const at = idle.findIndex((child) => child.alive && keyOf(child.shape) === key);
      const child = at === -1 ? start(shape) : idle.splice(at, 1)[0]!;
      try {
        await child.ready;
        return child;
      } catch (error) {
        await child.ended;
        if (attempt >= startsMax) throw error;
      }
    }
  };

  const refill = (): void => {
    if (closed || last === undefined) return;
    const key = keyOf(last);
    const missing = spares - idle.filter((child) => keyOf(child.shape) === key).length;
    try {
      for (let i = 0; i < missing; i++) idle.push(start(last));
    } catch (error) {
      // Only a saving is lost: the next run starts its own child, and says what is wrong if that fails too.
      if (!(error instanceof Fault)) throw error;
    }
    while (idle.length > spares) {
      const oldest = idle.shift();
      oldest?.kill();
    }
  };

  const close = async (): Promise<void> => {
    closed = true;
    for (const child of alive) child.kill();
    await Promise.allSettled([...alive].map((child) => child.ended));
  };

  return { take, refill, close };
}
