// Recording runs behind a write that failed: it is told, and what came meanwhile is written all the same.

import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { RunId, WorkspaceId } from '../../src/base/ids.ts';
import { Fault } from '../../src/base/result.ts';
import { LiveRuns } from '../../src/engine/live_runs.ts';
import { RunRecorder } from '../../src/engine/record_runs.ts';
import type { RunRecord } from '../../src/model/run.ts';

test('[EN794] a run that ends while an earlier one cannot be written is written, and the failure is told once', async () => {
  const { runs } = new MemoryStore();
  const workspace = 'w' as WorkspaceId;
  const recorder = new RunRecorder({
    ...{ workspace, store: runs, live: new LiveRuns() },
    wrote: () => {},
    recorded: () => {},
  });
  const put = runs.putRuns.bind(runs);
  const record = (id: string) => recorder.record({ id: id as RunId, status: 'succeeded' } as RunRecord);
  runs.putRuns = () => {
    runs.putRuns = put;
    // It comes while the first is being written.
    record('b');
    return Promise.reject(new Fault('store_failed', 'the disk is full'));
  };
  record('a');
  await expect(recorder.flushed()).rejects.toThrow('the disk is full');
  expect(await runs.findRun(workspace, 'b' as RunId)).toMatchObject({ id: 'b' });
  expect(await runs.findRun(workspace, 'a' as RunId)).toBeUndefined();
  await recorder.flushed();
});
