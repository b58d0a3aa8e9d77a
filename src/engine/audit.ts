// Audit in the engine: the rows that go with a commit, the trail as records, and its verification. What an entry is and
// how a chain is checked is in src/audit; this file joins entries to the log entries that they point at.

import {
  type AuditEntry,
  type AuditFact,
  appendEntries,
  type ChainHead,
  type ChainProblem,
  checkAnchors,
  checkChain,
} from '../audit/entry.ts';
import type { ChangeSetId, Hash } from '../base/ids.ts';
import { brief, type Json } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import { type LogEntry, parseLogEntry } from '../merge/log_entry.ts';
import { type Cell, isFollowing, parseCell } from '../model/cell.ts';
import type { Reader } from '../model/state.ts';
import { exprSummary } from '../mutation/cell.ts';
import type { Step } from '../mutation/compile.ts';
import type { AuditQuery, AuditRow, ChangeSetRow } from '../ports/store.ts';
import type { Workspace } from './workspace.ts';

export interface Fact {
  readonly kind: string;
  readonly subject: string;
  readonly path: string;
  readonly sentence: string;
  readonly anchor?: NonNullable<AuditEntry['anchor']>;
}

interface Sealed {
  readonly rows: AuditRow[];
  readonly head: { readonly auditCount: number; readonly auditHead: Hash | '' };
}

/** Audit rows for facts about one log entry, appended to the chain of `row`. */
export function auditRows(
  w: Workspace,
  row: ChangeSetRow,
  text: string,
  entry: LogEntry,
  facts: readonly Fact[],
): Sealed {
  const log = w.world.digest(text);
  return seal(
    w,
    row,
    facts.map((f, step) => ({ version: entry.version, step, log, atMs: entry.atMs, actor: entry.actor, ...plain(f) })),
  );
}

/** Audit rows for facts that are not about a log entry of this chain. */
export function plainAuditRows(
  w: Workspace,
  row: ChangeSetRow,
  who: { actor: string; atMs: number },
  facts: readonly Fact[],
): Sealed {
  return seal(
    w,
    row,
    facts.map((f) => ({ version: 0, step: 0, log: '' as const, ...who, ...plain(f) })),
  );
}

/** Writes an entry of Head's chain about something that is in no log; resolves when it is durable. */
export async function noteOnHead(w: Workspace, actor: string, fact: Fact): Promise<void> {
  for (;;) {
    const head = await w.head();
    const audit = plainAuditRows(w, head.row, { actor, atMs: w.world.clock.nowMs() }, [fact]);
    const row = { ...head.row, ...audit.head };
    const durable = await w.advance([{ branch: head, row, snapshot: head.snapshot }], {
      changeSets: [{ row, expected: head.row.version }],
      log: [],
      audit: audit.rows,
    });
    if (durable) return;
  }
}

/** The members of a fact and no others: what is handed in may be a whole step. */
function plain({ kind, subject, path, sentence, anchor }: Fact): Fact {
  return { kind, subject, path, sentence, ...(anchor === undefined ? {} : { anchor }) };
}

function seal(w: Workspace, row: ChangeSetRow, facts: readonly AuditFact[]): Sealed {
  const sealed = appendEntries(w.world.digest, row.id, { seq: row.auditCount, hash: row.auditHead }, facts);
  const last = sealed.at(-1);
  return {
    rows: sealed.map(({ entry, text, hash }) => ({
      changeSet: entry.changeSet,
      seq: entry.seq,
      version: entry.version,
      subject: entry.subject,
      kind: entry.kind,
      actor: entry.actor,
      atMs: entry.atMs,
      text,
      hash,
    })),
    head:
      last === undefined
        ? { auditCount: row.auditCount, auditHead: row.auditHead }
        : { auditCount: last.entry.seq, auditHead: last.hash },
  };
}

/** An audit entry with what its log entry says. */
export interface AuditRecord extends AuditEntry {
  readonly hash: Hash;
  readonly changes: readonly AuditChange[];
}

/** One edit, with the stored cell before and after; for other edits than of values, the mutation itself. */
export interface AuditChange {
  readonly kind: string;
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
  /** What was there before, for people; names are those of now. Absent: nothing was. */
  readonly was?: string;
}

export async function readAudit(w: Workspace, query: AuditQuery): Promise<AuditRecord[]> {
  const out: AuditRecord[] = [];
  let last: { at: string; entry: LogEntry } | undefined;
  for (const row of await w.store.readAudit(w.id, query)) {
    const entry = entryOf(row);
    const at = `${row.changeSet} ${entry.version}`;
    if (entry.version > 0 && last?.at !== at) {
      const [log] = await w.store.readLog(w.id, row.changeSet, entry.version - 1, entry.version, 1);
      last = log === undefined ? undefined : { at, entry: parseLogEntry(log.text) };
    }
    const step = last?.at === at && last.entry.kind === 'edit' ? last.entry.steps[entry.step] : undefined;
    out.push({ ...entry, hash: row.hash, changes: step === undefined ? [] : await changesOf(w, row.changeSet, step) });
  }
  return out;
}

function entryOf(row: AuditRow): AuditEntry {
  try {
    return JSON.parse(row.text) as AuditEntry;
  } catch (e) {
    const what = `audit entry ${row.seq} of ${row.changeSet} is not JSON; run audit verify`;
    throw new Fault('store_damaged', what, undefined, { cause: e });
  }
}

async function changesOf(w: Workspace, changeSet: ChangeSetId, step: Step): Promise<AuditChange[]> {
  const followed = step.before.some(isFollowing);
  const present = followed ? await w.present(changeSet) : undefined;
  const reader = present?.ok ? present.value.snapshot : undefined;
  return w.read(() =>
    step.mutations.map((m, i) => {
      const text = step.before[i];
      const was = text == null ? {} : { was: shownCell(reader, parseCell(text)) };
      const before = text == null ? null : (JSON.parse(text) as Json);
      const { kind, ...rest } = m as unknown as { kind: string; path?: string; cell?: Json };
      const after = kind === 'cell.set' || kind === 'cell.unset' ? (rest.cell ?? null) : (rest as unknown as Json);
      return { kind, path: rest.path ?? '', before, after, ...was };
    }),
  );
}

function shownCell(reader: Reader | undefined, cell: Cell): string {
  if ('v' in cell) return brief(cell.v, 40);
  if ('x' in cell) return reader === undefined ? '<- a source' : `<- ${exprSummary(reader, cell.x)}`;
  if ('b' in cell) return 'a long value';
  if ('c' in cell) return cell.c === 'map' ? 'an empty map' : 'an empty list';
  return 'u' in cell ? 'unset' : 'a secret';
}

export interface AuditVerdict {
  readonly ok: boolean;
  readonly chains: number;
  readonly entries: number;
  readonly problem?: ChainProblem;
  /** Heads of all chains: written down elsewhere, they show later that no tail was cut. */
  readonly heads: readonly (ChainHead & { readonly changeSet: ChangeSetId })[];
}

/** The chain as the row knows it: what has been appended since the row was read is the next verification's. */
async function chainOf(w: Workspace, row: ChangeSetRow): Promise<readonly AuditRow[]> {
  const chain = await w.store.readAudit(w.id, { changeSet: row.id, fromSeq: 1, limit: Number.MAX_SAFE_INTEGER });
  if (chain.length <= row.auditCount) return chain;
  const now = await w.store.findChangeSet(w.id, row.id);
  return now === undefined || now.auditCount === row.auditCount ? chain : chain.slice(0, row.auditCount);
}

/** Checks every chain and the anchors; stops at the first problem. `exported` are heads written down earlier. */
export async function verifyAudit(w: Workspace, exported: AuditVerdict['heads'] = []): Promise<AuditVerdict> {
  const rows = await w.store.listChangeSets(w.id);
  const heads: (ChainHead & { changeSet: ChangeSetId })[] = [];
  let entries = 0;
  const known = new Map<ChangeSetId, readonly AuditRow[]>();
  for (const row of rows) {
    const chain = await chainOf(w, row);
    known.set(row.id, chain);
    entries += chain.length;
    const logs = new Map(
      (await w.store.readLog(w.id, row.id, 0, Number.MAX_SAFE_INTEGER)).map((l) => [l.version, w.world.digest(l.text)]),
    );
    const head = { seq: row.auditCount, hash: row.auditHead };
    const wanted = exported.find((x) => x.changeSet === row.id);
    const problem = checkChain({
      digest: w.world.digest,
      changeSet: row.id,
      rows: chain,
      head,
      logHash: (v) => logs.get(v),
      ...(wanted ? { exported: wanted } : {}),
    });
    if (problem !== undefined) return { ok: false, chains: rows.length, entries, problem, heads };
    heads.push({ changeSet: row.id, ...head });
  }
  const gone = exported.find((x) => !known.has(x.changeSet));
  if (gone !== undefined) {
    const problem: ChainProblem = {
      changeSet: gone.changeSet,
      seq: 1,
      what: 'removed',
      detail: 'the whole chain of the exported head is gone',
    };
    return { ok: false, chains: rows.length, entries, problem, heads };
  }
  const problem = checkAnchors(w.row.head, known.get(w.row.head) ?? [], (changeSet, seq) =>
    seq === 0 ? '' : known.get(changeSet)?.[seq - 1]?.hash,
  );
  return { ok: problem === undefined, chains: rows.length, entries, ...(problem ? { problem } : {}), heads };
}
