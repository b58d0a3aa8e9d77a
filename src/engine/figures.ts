// What a look at the engine tells of its load, at little cost: of the workspaces in use, and of what waits in front of the
// runners. For metrics; nothing is opened for it.

import type { Engine } from './engine.ts';
import { replayLag } from './replay.ts';

export interface Figures {
  readonly workspaces: readonly {
    readonly workspace: string;
    /** Versions of Head that the change set furthest behind has not been caught up to, and how many are behind. */
    readonly replayLagVersions: number;
    readonly changeSetsBehind: number;
    /** Computed values that are known not to be settled. */
    readonly dirtyValues: number;
    readonly runsEnded: number;
    readonly memoHits: number;
    readonly openActions: number;
  }[];
  /** Runs that wait for their turn, by the key that holds them up; '' for none. */
  readonly waiting: readonly { readonly key: string; readonly count: number; readonly longestMs: number }[];
}

export async function figuresOf(engine: Engine): Promise<Figures> {
  const workspaces = [];
  for (const w of engine.opened()) {
    await w.actions.ready();
    const lag = await replayLag(w);
    const { ran, recalled } = w.calls.statistics;
    workspaces.push({
      workspace: w.id,
      replayLagVersions: lag.versions,
      changeSetsBehind: lag.changeSets,
      dirtyValues: w.propagation.backlog,
      runsEnded: ran,
      memoHits: recalled,
      openActions: w.actions.all().length,
    });
  }
  return { workspaces, waiting: engine.waits() };
}
