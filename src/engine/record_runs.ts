// Recording runs: their records, their logs and the results that are remembered are written together, as much as has come while
// the last write was under way, so that much shares one sync. What cannot be written is told to whoever asks for the records
// next; the values themselves can be computed again.

import type { RunId, WorkspaceId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { isEnded, type RunLogLine, type RunRecord } from '../model/run.ts';
import type { MemoRow, RunStore } from '../ports/run_store.ts';
import type { LiveRuns } from './live_runs.ts';
import { laterTurn } from './turn.ts';

/** A line of a run's log on its way to the store. */
export interface LoggedLine {
  readonly run: RunId;
  readonly line: RunLogLine;
}

export class RunRecorder {
  readonly #workspace: WorkspaceId;
  readonly #store: RunStore;
  readonly #live: LiveRuns;
  /** Told how many ended runs have been written. */
  readonly #wrote: (runs: number) => void;
  readonly #recorded: (records: readonly RunRecord[], log: readonly LoggedLine[]) => void;
  #records: RunRecord[] = [];
  #log: LoggedLine[] = [];
  #memo: MemoRow[] = [];
  #writing: Promise<void> | undefined;
  #failed: unknown;

  constructor(options: {
    readonly workspace: WorkspaceId;
    readonly store: RunStore;
    readonly live: LiveRuns;
    readonly wrote: (runs: number) => void;
    /** Told what has been written, once it is. */
    readonly recorded: (records: readonly RunRecord[], log: readonly LoggedLine[]) => void;
  }) {
    this.#workspace = options.workspace;
    this.#store = options.store;
    this.#live = options.live;
    this.#wrote = options.wrote;
    this.#recorded = options.recorded;
  }

  record(record: RunRecord): void {
    this.#records.push(record);
    this.#write();
  }

  log(run: RunId, line: RunLogLine): void {
    this.#log.push({ run, line });
    this.#write();
  }

  remember(row: MemoRow): void {
    this.#memo.push(row);
    this.#write();
  }

  /** Resolves when everything that was given is written. Throws what the store threw. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#failed === undefined) return;
    const failed = this.#failed;
    this.#failed = undefined;
    throw failed;
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    // What else ends in this turn goes with it.
    await laterTurn();
    while (this.#records.length + this.#log.length + this.#memo.length > 0) {
      const [records, log, memo] = [this.#records, this.#log, this.#memo];
      this.#records = [];
      this.#log = [];
      this.#memo = [];
      try {
        if (log.length > 0) await this.#store.appendLog(this.#workspace, log);
        // Neither needs the other: a store with several connections, or one sync for both, takes them at once.
        const recorded = async (): Promise<void> => {
          if (records.length > 0) await this.#store.putRuns(this.#workspace, records);
          this.#recorded(records, log);
        };
        await Promise.all([
          recorded(),
          memo.length > 0 && this.#store.writeMemo(this.#workspace, memo, limits.memoBytesMax),
        ]);
      } catch (e) {
        // What came meanwhile is another write's, and may well be written.
        this.#failed = e;
      } finally {
        this.#told(records, log);
      }
    }
  }

  /** They are written, or never will be. */
  #told(records: readonly RunRecord[], log: readonly { readonly run: RunId }[]): void {
    for (const { run } of log) this.#live.tell(run);
    let ended = 0;
    for (const { id, status } of records) {
      if (!isEnded(status)) continue;
      ended++;
      this.#live.written(id);
    }
    if (ended > 0) this.#wrote(ended);
  }
}
