// Commits that are durable in the journal and not yet in the tables. An ordinary commit is checked against what is in
// memory (this process owns the file, so nobody else changes a change set's row), becomes part of one journal record
// and is acknowledged; its rows are written later, many commits in one transaction.
//
// "Ordinary" is a commit of which is known beforehand that its rows can be written: it continues the log and the audit
// chains of the change sets that it moves and the steps of reality, and its idempotency key is free. Any other is the
// tables' to judge: the queue moves everything first and runs it in a transaction. Until it is moved, a commit is answered
// from here: the rows of change sets, logs, steps of reality, positions, single actions, idempotency records and chunks; whoever
// reads the audit or lists actions moves first.

import { randomBytes } from 'node:crypto';
import type { ActionId, ChangeSetId, Hash, WorkspaceId } from '../../base/ids.ts';
import { Fault } from '../../base/result.ts';
import type { ActionRecord } from '../../model/action.ts';
import { eventsOf } from '../../ports/feed.ts';
import type {
  ChangeSetRow,
  Commit,
  CommitOutcome,
  EventPage,
  EventRow,
  IdempotencyRow,
  LogRow,
  RealityRow,
} from '../../ports/store.ts';
import { fromJournal, isStorableAction, type JournaledCommit, toJournal } from './action_journal.ts';
import type { ActionTable } from './action_table.ts';
import { isStorable } from './column_text.ts';
import type { CommitWriter } from './commit_writer.ts';
import type { Database, Statement } from './driver.ts';
import type { EventTable } from './event_table.ts';
import { isNoSpace, JournalFile, journalIdBytes, journalPath, readJournal } from './journal_file.ts';
import type { RealityTable } from './reality_table.ts';
import type { Refs } from './refs.ts';
import type { RowReader } from './row_reader.ts';

/** Commits in the journal before they are moved: enough that they share the pages of every index. */
const pendingCommitsMax = 256;
/** Text of one commit, in UTF-16 units; a larger one goes to the tables at once, written once instead of twice. */
export const journaledCharsMax = 64 * 1024;
/** Rows of change sets remembered after they were moved. */
const rememberedRowsMax = 4_096;

interface Pending {
  readonly workspace: WorkspaceId;
  readonly commit: Commit;
}

/** What the commits of a group that were judged before the next will have made. */
interface Group {
  readonly rows: Map<string, ChangeSetRow>;
  readonly keys: Set<string>;
  /** By workspace, the last step of reality. */
  readonly reality: Map<WorkspaceId, number>;
  /** By action, its revision. */
  readonly revisions: Map<string, number>;
}

const landed: CommitOutcome = { ok: true };

export class Journal {
  readonly #reader: RowReader;
  readonly #refs: Refs;
  readonly #writer: CommitWriter;
  readonly #reality: RealityTable;
  readonly #actions: ActionTable;
  readonly #eventTable: EventTable;
  readonly #path: string;
  readonly #setFile: Statement;
  readonly #setMoved: Statement;
  #file: JournalFile | undefined;
  /** Number of the last record. */
  #last: number;
  #pending: Pending[] = [];
  readonly #rows = new Map<string, ChangeSetRow>();
  #movedRows = new Map<string, ChangeSetRow>();
  /** By change set, in order; they follow those in the tables. */
  readonly #logs = new Map<string, LogRow[]>();
  readonly #answers = new Map<string, IdempotencyRow>();
  readonly #chunks = new Map<string, string>();
  /** By workspace, in order; they follow those in the table. */
  readonly #steps = new Map<WorkspaceId, RealityRow[]>();
  /** By workspace, in order; their positions follow those in the tables, and are those that they will have there. */
  readonly #events = new Map<WorkspaceId, EventRow[]>();
  readonly #records = new Map<string, { readonly workspace: WorkspaceId; readonly record: ActionRecord }>();

  /** Takes over what an owner that died has left in the journal; `move` it before anything else. */
  constructor(parts: {
    readonly db: Database;
    readonly file: string;
    readonly reader: RowReader;
    readonly refs: Refs;
    readonly writer: CommitWriter;
    readonly reality: RealityTable;
    readonly actions: ActionTable;
    readonly events: EventTable;
  }) {
    const { db, file } = parts;
    this.#reader = parts.reader;
    this.#refs = parts.refs;
    this.#writer = parts.writer;
    this.#reality = parts.reality;
    this.#actions = parts.actions;
    this.#eventTable = parts.events;
    this.#path = journalPath(file);
    this.#setFile = db.prepare('update journal set file = ?');
    this.#setMoved = db.prepare('update journal set moved = ?');
    const state = db.prepare('select file, moved from journal').get() as { file: string; moved: number };
    this.#last = state.moved;
    for (const { number, payload } of readJournal(this.#path, state.file, state.moved)) {
      for (const [workspace, commit] of JSON.parse(payload) as [WorkspaceId, JournaledCommit][])
        this.#keep({ workspace, commit: fromJournal(commit) });
      this.#last = number;
    }
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  get isFull(): boolean {
    return this.#pending.length >= pendingCommitsMax;
  }

  /**
   * What becomes of commits that were queued together, in order: the outcome of each, once all that landed are durable.
   * Undefined, and nothing written, when one of them is not ordinary or the journal has no room: move, and run them.
   */
  write(commits: readonly Pending[]): CommitOutcome[] | undefined {
    const group: Group = { rows: new Map(), keys: new Set(), reality: new Map(), revisions: new Map() };
    const outcomes: CommitOutcome[] = [];
    for (const { workspace, commit } of commits) {
      const outcome = this.#judge(workspace, commit, group);
      if (outcome === undefined) return undefined;
      outcomes.push(outcome);
    }
    const good = commits.filter((_, i) => outcomes[i]!.ok);
    if (good.length === 0) return outcomes;
    const payload = JSON.stringify(good.map(({ workspace, commit }) => [workspace, toJournal(commit)]));
    const file = this.#open();
    if (file === undefined || !file.append(this.#last + 1, payload)) return undefined;
    this.#last++;
    for (const one of good) this.#keep(one);
    return outcomes;
  }

  /** Writes the rows of everything pending. Inside a transaction only; `moved` when it has landed. */
  move(): void {
    if (this.isEmpty) return;
    for (const { workspace, commit } of this.#pending) this.#writer.append(workspace, commit);
    // A row that several commits moved is written once, as the last of them left it.
    for (const [key, row] of this.#rows)
      this.#writer.setChangeSet(key.slice(0, -row.id.length - 1) as WorkspaceId, row);
    for (const { workspace, record } of this.#records.values()) this.#writer.setAction(workspace, record);
    this.#setMoved.run(this.#last);
  }

  /** What was pending when `move` ran is in the tables, durably. */
  moved(): void {
    if (this.isEmpty) return;
    this.#pending = [];
    for (const [key, row] of this.#rows) this.#movedRows.set(key, row);
    if (this.#movedRows.size > rememberedRowsMax) this.#movedRows = new Map(this.#rows);
    for (const map of [this.#rows, this.#logs, this.#answers, this.#chunks, this.#steps, this.#events, this.#records])
      map.clear();
    this.#file?.rewind();
  }

  /** The tables were written by another way: what is remembered of them ends. */
  forgetMoved(): void {
    this.#movedRows.clear();
  }

  changeSet(workspace: WorkspaceId, id: ChangeSetId): ChangeSetRow | undefined {
    const key = `${workspace} ${id}`;
    const known = this.#rows.get(key) ?? this.#movedRows.get(key);
    if (known !== undefined) return known;
    const row = this.#reader.changeSet(workspace, id);
    if (row !== undefined) this.#movedRows.set(key, row);
    return row;
  }

  /** Ascending by id. */
  changeSets(workspace: WorkspaceId): ChangeSetRow[] {
    const rows = new Map(this.#reader.changeSets(workspace).map((row) => [row.id, row]));
    const before = rows.size;
    for (const [key, row] of this.#rows) if (key === `${workspace} ${row.id}`) rows.set(row.id, row);
    const all = [...rows.values()];
    return rows.size === before ? all : all.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  log(
    workspace: WorkspaceId,
    changeSet: ChangeSetId,
    range: { readonly after: number; readonly upTo: number; readonly limit: number },
  ): LogRow[] {
    const rows = this.#reader.log(workspace, changeSet, range);
    const pending = this.#logs.get(`${workspace} ${changeSet}`) ?? [];
    const within = pending.filter((l) => l.version > range.after && l.version <= range.upTo);
    return within.length === 0 ? rows : [...rows, ...within].slice(0, range.limit);
  }

  idempotent(workspace: WorkspaceId, principal: string, key: string): IdempotencyRow | undefined {
    return this.#answers.get(nameOf(workspace, principal, key)) ?? this.#reader.idempotent(workspace, principal, key);
  }

  /** The text of a chunk that came with a pending commit. */
  chunk(workspace: WorkspaceId, hash: Hash): string | undefined {
    return this.#chunks.size === 0 ? undefined : this.#chunks.get(`${workspace} ${hash}`);
  }

  /** Number of the last step of reality; 0: there is none. */
  realitySeq(workspace: WorkspaceId): number {
    return this.#steps.get(workspace)?.at(-1)?.seq ?? this.#reality.lastSeq(workspace);
  }

  realitySteps(workspace: WorkspaceId, after: number, limit: number): RealityRow[] {
    const rows = this.#reality.read(workspace, after, limit);
    const pending = (this.#steps.get(workspace) ?? []).filter((step) => step.seq > after);
    return pending.length === 0 ? rows : [...rows, ...pending].slice(0, Math.max(0, limit));
  }

  events(workspace: WorkspaceId, after: number, limit: number): EventPage {
    const page = this.#eventTable.read(workspace, after, limit);
    const pending = this.#events.get(workspace);
    if (pending === undefined) return page;
    const first = pending[0]!.position;
    const wanted = Math.max(0, limit - page.rows.length);
    // Positions of one workspace's pending commits follow one another.
    const from = Math.max(0, after + 1 - first);
    const rows = [...page.rows, ...pending.slice(from, from + wanted)];
    return { ...page, rows, last: pending.at(-1)!.position };
  }

  action(workspace: WorkspaceId, id: ActionId): ActionRecord | undefined {
    return this.#records.get(`${workspace} ${id}`)?.record ?? this.#actions.find(workspace, id);
  }

  /** Gives the file up: removed when everything in it was moved, else left for the next owner. */
  close(): void {
    if (this.isEmpty) this.#file?.remove();
    else this.#file?.close();
    this.#file = undefined;
  }

  /** The outcome of an ordinary commit after those of its group before it; undefined when it is not ordinary. */
  #judge(workspace: WorkspaceId, commit: Commit, before: Group): CommitOutcome | undefined {
    if (commit.workspace !== undefined || this.#refs.findWorkspace(workspace) === undefined) return undefined;
    const stale = this.#refusal(workspace, commit, before);
    if (stale !== undefined) return stale;
    let logs = 0;
    let audits = 0;
    const next = new Map<string, ChangeSetRow>();
    for (const { row } of commit.changeSets) {
      const name = `${workspace} ${row.id}`;
      const present = before.rows.get(name) ?? this.changeSet(workspace, row.id);
      let version = present?.version ?? 0;
      for (const l of commit.log) if (l.changeSet === row.id && l.version === ++version) logs++;
      let seq = present?.auditCount ?? 0;
      for (const a of commit.audit) if (a.changeSet === row.id && a.seq === ++seq) audits++;
      if (version !== row.version || seq !== row.auditCount) return undefined;
      next.set(name, row);
    }
    if (next.size !== commit.changeSets.length || logs !== commit.log.length || audits !== commit.audit.length)
      return undefined;
    if (commit.reality?.rows.some((step, i) => step.seq !== commit.reality!.expected + i + 1)) return undefined;
    const revisions = new Map(
      commit.actions?.map(({ record }) => [`${workspace} ${record.id}`, record.revision] as const),
    );
    if (revisions.size !== (commit.actions?.length ?? 0) || !isStorableCommit(commit)) return undefined;
    if (commit.idempotency !== undefined) {
      const { principal, key } = commit.idempotency;
      const name = nameOf(workspace, principal, key);
      if (before.keys.has(name) || this.idempotent(workspace, principal, key) !== undefined) return undefined;
      before.keys.add(name);
    }
    for (const [name, row] of next) before.rows.set(name, row);
    for (const [name, revision] of revisions) before.revisions.set(name, revision);
    if (commit.reality) before.reality.set(workspace, commit.reality.expected + commit.reality.rows.length);
    return landed;
  }

  /** What is not as the commit expects it to be, after those of its group before it. */
  #refusal(workspace: WorkspaceId, commit: Commit, before: Group): CommitOutcome | undefined {
    for (const { row, expected } of commit.changeSets) {
      const present = before.rows.get(`${workspace} ${row.id}`) ?? this.changeSet(workspace, row.id);
      if (present?.version !== expected) return { ok: false, changeSet: row.id, version: present?.version };
    }
    if (commit.reality) {
      const reality = before.reality.get(workspace) ?? this.realitySeq(workspace);
      if (reality !== commit.reality.expected) return { ok: false, reality };
    }
    for (const { record, expected } of commit.actions ?? []) {
      const name = `${workspace} ${record.id}`;
      const revision =
        before.revisions.get(name) ??
        this.#records.get(name)?.record.revision ??
        this.#actions.revision(workspace, record.id);
      if (revision !== expected) return { ok: false, action: record.id, revision };
    }
    return undefined;
  }

  #keep(pending: Pending): void {
    const { workspace, commit } = pending;
    this.#pending.push(pending);
    for (const { row } of commit.changeSets) this.#rows.set(`${workspace} ${row.id}`, row);
    for (const row of commit.log) {
      const key = `${workspace} ${row.changeSet}`;
      const rows = this.#logs.get(key);
      if (rows === undefined) this.#logs.set(key, [row]);
      else rows.push(row);
    }
    if (commit.reality) {
      const steps = this.#steps.get(workspace);
      if (steps === undefined) this.#steps.set(workspace, [...commit.reality.rows]);
      else steps.push(...commit.reality.rows);
    }
    this.#number(workspace, commit);
    for (const { record } of commit.actions ?? [])
      this.#records.set(`${workspace} ${record.id}`, { workspace, record });
    for (const { hash, text } of commit.chunks ?? []) this.#chunks.set(`${workspace} ${hash}`, text);
    const answer = commit.idempotency;
    if (answer) this.#answers.set(nameOf(workspace, answer.principal, answer.key), answer);
  }

  #number(workspace: WorkspaceId, commit: Commit): void {
    const unnumbered = eventsOf(commit);
    if (unnumbered.length === 0) return;
    const events = this.#events.get(workspace) ?? [];
    this.#events.set(workspace, events);
    // Only workspaces that are in the tables have ordinary commits.
    let last = events.at(-1)?.position ?? this.#refs.lastPosition(this.#refs.findWorkspace(workspace)!);
    for (const event of unnumbered) events.push({ position: ++last, ...event });
  }

  /** The file, made with the first commit; undefined when there is no space for one: the tables say so themselves. */
  #open(): JournalFile | undefined {
    if (this.#file !== undefined) return this.#file;
    if (!this.isEmpty) throw new Fault('store_failed', 'a journal is made anew only when it was moved');
    const id = randomBytes(journalIdBytes).toString('hex');
    try {
      // First the file, whose old records this removes, then the id that new ones will carry.
      const file = new JournalFile(this.#path, id);
      this.#setFile.run(id);
      this.#file = file;
    } catch (e) {
      if (!isNoSpace(e)) throw e;
    }
    return this.#file;
  }
}

function nameOf(workspace: WorkspaceId, principal: string, key: string): string {
  return JSON.stringify([workspace, principal, key]);
}

/** Would the tables take every text? */
function isStorableCommit(commit: Commit): boolean {
  return (
    commit.changeSets.every(({ row }) => isStorable(row.name) && isStorable(row.createdBy)) &&
    commit.log.every((l) => isStorable(l.text)) &&
    commit.audit.every((a) => [a.text, a.subject, a.kind, a.actor].every(isStorable)) &&
    (commit.chunks ?? []).every((c) => isStorable(c.text)) &&
    (commit.reality?.rows ?? []).every((step) => isStorable(step.text)) &&
    (commit.actions ?? []).every(({ record }) => isStorableAction(record)) &&
    (commit.idempotency === undefined ||
      [commit.idempotency.principal, commit.idempotency.key, commit.idempotency.reply].every(isStorable))
  );
}
