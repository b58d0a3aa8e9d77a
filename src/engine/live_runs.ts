// Runs that have not been written as ended yet: queued, running, or on their way to the store. Records are written when
// runs end, many at once; until then who lists runs finds them here, and who follows a run is told here when there is more.

import type { RunId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { must } from '../base/result.ts';
import {
  type ExecutionContext,
  isEnded,
  nextRunStatus,
  type RunEvent,
  type RunRecord,
  type RunStatus,
} from '../model/run.ts';
import type { RunQuery } from '../ports/run_store.ts';
import type { Runner } from '../ports/runner.ts';

interface LiveRun {
  /** Changed in place: most runs end before anybody looks. Whoever looks gets a copy. */
  readonly record: { -readonly [K in keyof RunRecord]: RunRecord[K] };
  readonly runner: Runner;
  /** It was to be ended while it was on its way to its runner, or back. */
  isUnwanted?: true;
}

export class LiveRuns {
  readonly #runs = new Map<RunId, LiveRun>();
  /** Told once when a run has more log, or has ended. */
  readonly #waiting = new Map<RunId, Set<() => void>>();

  get size(): number {
    return this.#runs.size;
  }

  /** Runs that have not ended. */
  get underWay(): number {
    let n = 0;
    for (const { record } of this.#runs.values()) if (!isEnded(record.status)) n++;
    return n;
  }

  has(id: RunId): boolean {
    return this.#runs.has(id);
  }

  find(id: RunId): RunRecord | undefined {
    const live = this.#runs.get(id);
    return live && { ...live.record };
  }

  statusOf(id: RunId): RunStatus | undefined {
    return this.#runs.get(id)?.record.status;
  }

  /** Those that a query asks for, in no order; `before` and `limit` are the caller's. */
  matching({ changeSet, component, function: fn, statuses }: RunQuery): RunRecord[] {
    const out: RunRecord[] = [];
    for (const { record } of this.#runs.values()) {
      if (changeSet !== undefined && record.changeSet !== changeSet) continue;
      if (component !== undefined && record.component !== component) continue;
      if (fn !== undefined && record.function !== fn) continue;
      if (statuses !== undefined && !statuses.includes(record.status)) continue;
      out.push({ ...record });
    }
    return out;
  }

  add(record: RunRecord, runner: Runner): void {
    this.#runs.set(record.id, { record, runner });
  }

  /** The run goes on, and stays here until `written`. Answers its record, which the next move changes. */
  move(id: RunId, event: RunEvent, more: Partial<RunRecord>): RunRecord {
    const { record } = this.#runs.get(id)!;
    record.status = must(nextRunStatus(record.status, event));
    return Object.assign(record, more);
  }

  /** What has become known of a run that has not begun. */
  note(id: RunId, more: Partial<ExecutionContext>): void {
    Object.assign(this.#runs.get(id)!.record, more);
  }

  /** Ends a run at its runner, or before it gets there. False when it is not under way. */
  kill(id: RunId): boolean {
    const live = this.#runs.get(id);
    if (live === undefined || isEnded(live.record.status)) return false;
    if (!live.runner.kill(id)) live.isUnwanted = true;
    return true;
  }

  /** Was it to be ended before it was at its runner? */
  isUnwanted(id: RunId): boolean {
    return this.#runs.get(id)?.isUnwanted === true;
  }

  /** The store has the record of its end, or will never have it. */
  written(id: RunId): void {
    this.#runs.delete(id);
    this.tell(id);
  }

  /** Resolves when a run is not here any more. */
  async untilWritten(id: RunId): Promise<void> {
    while (this.#runs.has(id)) await this.untilMore(id, limits.runWaitMsMax).told;
  }

  /** There is more to read of the run. */
  tell(id: RunId): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    for (const done of waiting) done();
  }

  /** Resolves at the next `tell` of the run, or after `mostMs`. Ask for it before reading what there is. */
  untilMore(id: RunId, mostMs: number): { readonly told: Promise<void>; readonly cancel: () => void } {
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    let done = (): void => {};
    const told = new Promise<void>((resolve) => {
      const timer = setTimeout(() => done(), mostMs);
      done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
        resolve();
      };
      waiting.add(done);
    });
    return { told, cancel: () => done() };
  }
}
