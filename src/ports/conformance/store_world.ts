// Sample rows for the store's conformance suite: a workspace with Head, change sets, and commits that are consistent
// with each other, made with as few words as possible. Pure: ids are counted, hashes come from the digest passed in.

import type { ChangeSetId, Digest, Hash, WorkspaceId } from '../../base/ids.ts';
import type { AuditRow, ChangeSetRow, ChunkRow, Commit, CommitOutcome, LogRow, Store, WorkspaceRow } from '../store.ts';

/** The `n`th id: 26 characters, in order of `n`. */
export function idOf<T extends string>(n: number): T {
  return `01${String(n).padStart(24, '0')}` as T;
}

export class StoreWorld {
  readonly store: Store;
  readonly digest: Digest;
  readonly workspace: WorkspaceId;
  readonly head: ChangeSetId;

  constructor(store: Store, digest: Digest, workspace = 1) {
    this.store = store;
    this.digest = digest;
    this.workspace = idOf<WorkspaceId>(workspace);
    this.head = idOf<ChangeSetId>(100);
  }

  /** The same store seen through another workspace, or another store with the same content. */
  in(workspace: number, store = this.store): StoreWorld {
    return new StoreWorld(store, this.digest, workspace);
  }

  /** Makes the workspace with Head at version 0. */
  found(name = `workspace ${this.workspace}`): Promise<CommitOutcome> {
    const workspace: WorkspaceRow = { id: this.workspace, name, head: this.head, createdAtMs: 1 };
    return this.store.commit(this.workspace, {
      workspace,
      changeSets: [{ row: this.row(this.head, 0), expected: undefined }],
      log: [],
      audit: [],
    });
  }

  /** Makes change set `n`, at version 0. */
  async open(n: number): Promise<ChangeSetId> {
    const id = idOf<ChangeSetId>(n);
    await this.store.commit(this.workspace, {
      changeSets: [{ row: this.row(id, 0), expected: undefined }],
      log: [],
      audit: [],
    });
    return id;
  }

  /** A change set at a version, with as many audit entries. */
  row(id: ChangeSetId, version: number, more: Partial<ChangeSetRow> = {}): ChangeSetRow {
    return {
      id,
      name: `change set ${id}`,
      status: 'Open',
      isHead: id === this.head,
      baseVersion: 0,
      openedOn: 0,
      version,
      intentRoot: this.digest(`intent ${version}`),
      realityRoot: this.digest(`reality ${version}`),
      auditCount: version,
      auditHead: version === 0 ? '' : this.auditHash(id, version),
      createdAtMs: 1,
      createdBy: 'user:a',
      updatedAtMs: version,
      ...more,
    };
  }

  log(changeSet: ChangeSetId, version: number): LogRow {
    return { changeSet, version, text: `{"entry":${version}}` };
  }

  audit(changeSet: ChangeSetId, seq: number, more: Partial<AuditRow> = {}): AuditRow {
    return {
      changeSet,
      seq,
      version: seq,
      subject: `subject ${seq % 3}`,
      kind: seq % 2 === 0 ? 'even' : 'odd',
      actor: 'user:a',
      atMs: seq,
      text: `{"audit":${seq}}`,
      hash: this.auditHash(changeSet, seq),
      ...more,
    };
  }

  auditHash(changeSet: ChangeSetId, seq: number): Hash {
    return this.digest(`audit ${changeSet} ${seq}`);
  }

  /** The commit that brings a change set to `version`: one log and one audit row. */
  step(id: ChangeSetId, version: number, more: Partial<Commit> = {}): Commit {
    return {
      changeSets: [{ row: this.row(id, version), expected: version - 1 }],
      log: [this.log(id, version)],
      audit: [this.audit(id, version)],
      ...more,
    };
  }

  commit(commit: Commit): Promise<CommitOutcome> {
    return this.store.commit(this.workspace, commit);
  }

  chunk(text: string): ChunkRow {
    return { hash: this.digest(text), text };
  }

  async textOf(hash: Hash): Promise<string | undefined> {
    return (await this.store.readChunks(this.workspace, [hash])).get(hash);
  }

  /** Everything that can be read of a change set, for comparing before and after. */
  async everything(id: ChangeSetId): Promise<unknown> {
    const { store, workspace } = this;
    return {
      row: await store.findChangeSet(workspace, id),
      log: await store.readLog(workspace, id, 0, Number.MAX_SAFE_INTEGER),
      audit: await store.readAudit(workspace, { changeSet: id, limit: 1_000_000 }),
      checkpoints: await store.listCheckpoints(workspace),
    };
  }
}
