// Metrics that are read when somebody asks for them: how far change sets are behind Head, what waits, what is dirty, what the
// memo gave. Of all workspaces that are in use; reading them opens none.

import { Gauge, type Registry } from 'prom-client';
import type { Figures } from '../../engine/figures.ts';

/** With what is read of the process. */
export interface ProcessFigures extends Figures {
  readonly residentBytes: number;
  readonly eventLoopDelayMs: number;
}

/** Answers what reads them anew; call it before the registry is told. */
export function registerGauges(registry: Registry, read: () => Promise<ProcessFigures>): () => Promise<void> {
  const registers = [registry];
  const ofWorkspace = (name: string, help: string) =>
    new Gauge({ name: `headwater_${name}`, help, labelNames: ['workspace'], registers });
  const figures = {
    replayLagVersions: ofWorkspace('replay_lag_versions', 'Versions that the change set furthest behind Head lacks.'),
    changeSetsBehind: ofWorkspace('change_sets_behind', 'Open change sets behind Head.'),
    dirtyValues: ofWorkspace('dirty_values', 'Computed values that are not settled.'),
    runsEnded: ofWorkspace('runs_ended', 'Runs of functions since the workspace was opened.'),
    memoHits: ofWorkspace('memo_hits', 'Results found in the memo since the workspace was opened.'),
    openActions: ofWorkspace('open_actions', 'Actions that have not ended.'),
  } as const;
  const depth = new Gauge({
    name: 'headwater_queue_depth',
    help: 'Runs that wait for their turn, by the key that holds them up.',
    labelNames: ['key'],
    registers,
  });
  const wait = new Gauge({
    name: 'headwater_queue_wait_milliseconds',
    help: 'The longest wait of those, by the same key.',
    labelNames: ['key'],
    registers,
  });
  const resident = new Gauge({ name: 'headwater_resident_bytes', help: 'Memory of the process.', registers });
  const delay = new Gauge({
    name: 'headwater_event_loop_delay_milliseconds',
    help: 'The longest time in which the event loop was held up since the last reading.',
    registers,
  });
  return async () => {
    const now = await read();
    delay.set(now.eventLoopDelayMs);
    resident.set(now.residentBytes);
    for (const gauge of [...Object.values(figures), depth, wait]) gauge.reset();
    for (const w of now.workspaces)
      for (const name of Object.keys(figures) as (keyof typeof figures)[])
        figures[name].set({ workspace: w.workspace }, w[name]);
    for (const { key, count, longestMs } of now.waiting) {
      depth.set({ key }, count);
      wait.set({ key }, longestMs);
    }
  };
}
