// The run store in memory: the same answers as a durable one, which the conformance suite holds it to. Records and texts
// are copied in, so a caller that changes an object afterwards changes nothing here.

import type { Hash, RunId, WorkspaceId } from '../../base/ids.ts';
import { compareText } from '../../base/json.ts';
import { isEnded, type RunLogLine, type RunRecord } from '../../model/run.ts';
import type { ChangeSetVersion, MemoRow, RunQuery, RunStatistics, RunStore } from '../../ports/run_store.ts';

class Space {
  readonly runs = new Map<RunId, RunRecord>();
  readonly logs = new Map<RunId, Map<number, RunLogLine>>();
  /** Those not asked for longest first. */
  readonly memo = new Map<Hash, string>();
  memoBytes = 0;
  readonly documents = new Map<string, string>();
  readonly sealed = new Map<string, string>();
}

export class MemoryRunStore implements RunStore {
  readonly #spaces = new Map<WorkspaceId, Space>();
  readonly #assertOpen: () => void;
  readonly #changeSets: (workspace: WorkspaceId) => readonly ChangeSetVersion[];

  /** `assertOpen` throws once the store is closed; `changeSets`: those of a workspace as they are now. */
  constructor(assertOpen: () => void, changeSets: (workspace: WorkspaceId) => readonly ChangeSetVersion[]) {
    this.#assertOpen = assertOpen;
    this.#changeSets = changeSets;
  }

  async putRuns(workspace: WorkspaceId, runs: readonly RunRecord[]): Promise<void> {
    const space = this.#space(workspace);
    for (const run of runs) space.runs.set(run.id, { ...run, failure: run.failure && { ...run.failure } });
  }

  async findRun(workspace: WorkspaceId, id: RunId): Promise<RunRecord | undefined> {
    return this.#space(workspace).runs.get(id);
  }

  async listRuns(workspace: WorkspaceId, query: RunQuery): Promise<readonly RunRecord[]> {
    const { changeSet, component, statuses, before } = query;
    const found = [...this.#space(workspace).runs.values()].filter(
      (run) =>
        (changeSet === undefined || run.changeSet === changeSet) &&
        (component === undefined || run.component === component) &&
        (query.function === undefined || run.function === query.function) &&
        (statuses === undefined || statuses.includes(run.status)) &&
        (before === undefined || run.id < before),
    );
    return found.sort(newestFirst).slice(0, Math.max(0, query.limit));
  }

  async appendLog(
    workspace: WorkspaceId,
    lines: readonly { readonly run: RunId; readonly line: RunLogLine }[],
  ): Promise<void> {
    const { logs } = this.#space(workspace);
    for (const { run, line } of lines) {
      const log = logs.get(run) ?? new Map<number, RunLogLine>();
      logs.set(run, log);
      if (!log.has(line.seq)) log.set(line.seq, { ...line });
    }
  }

  async readRunLog(workspace: WorkspaceId, run: RunId, after: number, limit: number): Promise<readonly RunLogLine[]> {
    const lines = [...(this.#space(workspace).logs.get(run)?.values() ?? [])].filter((line) => line.seq > after);
    return lines.sort((a, b) => a.seq - b.seq).slice(0, Math.max(0, limit));
  }

  async pruneRuns(workspace: WorkspaceId, endedBeforeMs: number, keepCount: number): Promise<number> {
    const space = this.#space(workspace);
    const ended = [...space.runs.values()].filter((run) => isEnded(run.status)).sort(newestFirst);
    const isOld = (run: RunRecord): boolean => (run.endedAtMs ?? run.queuedAtMs) < endedBeforeMs;
    const gone = [...ended.filter(isOld), ...ended.filter((run) => !isOld(run)).slice(Math.max(0, keepCount))];
    for (const { id } of gone) {
      space.runs.delete(id);
      space.logs.delete(id);
    }
    return gone.length;
  }

  async readMemo(workspace: WorkspaceId, keys: readonly Hash[]): Promise<ReadonlyMap<Hash, string>> {
    const { memo } = this.#space(workspace);
    const found = new Map<Hash, string>();
    for (const key of keys) {
      const text = memo.get(key);
      if (text === undefined) continue;
      found.set(key, text);
      memo.delete(key);
      memo.set(key, text);
    }
    return found;
  }

  async writeMemo(workspace: WorkspaceId, rows: readonly MemoRow[], memoBytesMax: number): Promise<void> {
    const space = this.#space(workspace);
    for (const { key, text } of rows) {
      removeMemo(space, key);
      space.memo.set(key, text);
      space.memoBytes += bytesOf(key, text);
    }
    for (const key of space.memo.keys()) {
      if (space.memoBytes <= memoBytesMax) break;
      removeMemo(space, key);
    }
  }

  async clearMemo(workspace: WorkspaceId): Promise<number> {
    const space = this.#space(workspace);
    const { size } = space.memo;
    space.memo.clear();
    space.memoBytes = 0;
    return size;
  }

  async readDocument(workspace: WorkspaceId, name: string): Promise<string | undefined> {
    return this.#space(workspace).documents.get(name);
  }

  async writeDocument(
    workspace: WorkspaceId,
    name: string,
    text: string,
    expected: string | undefined,
  ): Promise<boolean> {
    const { documents } = this.#space(workspace);
    if (documents.get(name) !== expected) return false;
    documents.set(name, text);
    return true;
  }

  async putSealed(workspace: WorkspaceId, key: string, sealed: string): Promise<void> {
    this.#space(workspace).sealed.set(key, sealed);
  }

  async readSealed(workspace: WorkspaceId, key: string): Promise<string | undefined> {
    return this.#space(workspace).sealed.get(key);
  }

  async listSealed(workspace: WorkspaceId): Promise<readonly string[]> {
    return [...this.#space(workspace).sealed.keys()].sort(compareText);
  }

  async removeSealed(workspace: WorkspaceId, keys: readonly string[]): Promise<number> {
    const { sealed } = this.#space(workspace);
    return keys.filter((key) => sealed.delete(key)).length;
  }

  async removeSealedAt(
    workspace: WorkspaceId,
    keys: readonly string[],
    at: readonly ChangeSetVersion[],
  ): Promise<number | undefined> {
    const now = this.#changeSets(workspace);
    const versions = new Map(at.map(({ id, version }) => [id, version]));
    const isAt = now.length === versions.size && now.every((row) => versions.get(row.id) === row.version);
    return isAt ? this.removeSealed(workspace, keys) : undefined;
  }

  async statistics(workspace: WorkspaceId): Promise<RunStatistics> {
    const space = this.#space(workspace);
    let logLines = 0;
    for (const log of space.logs.values()) logLines += log.size;
    return { runs: space.runs.size, logLines, memoEntries: space.memo.size, memoBytes: space.memoBytes };
  }

  #space(workspace: WorkspaceId): Space {
    this.#assertOpen();
    const space = this.#spaces.get(workspace) ?? new Space();
    this.#spaces.set(workspace, space);
    return space;
  }
}

function newestFirst(a: RunRecord, b: RunRecord): number {
  return compareText(b.id, a.id);
}

function bytesOf(key: Hash, text: string): number {
  return key.length + Buffer.byteLength(text);
}

function removeMemo(space: Space, key: Hash): void {
  const text = space.memo.get(key);
  if (text === undefined) return;
  space.memo.delete(key);
  space.memoBytes -= bytesOf(key, text);
}
