// The audit trail: one entry a mutation, in one hash chain per change set, so that change sets do not wait for each
// other. An entry points at its log entry (by version, step and the hash of the log text) instead of copying values.
// Opening, applying and abandoning a change set anchor its chain's head in Head's chain.

import type { ChangeSetId, Digest, Hash } from '../base/ids.ts';
import { isObject } from '../base/json.ts';

/** 1: first. */
export const auditFormat = 1;

export interface AuditEntry {
  readonly format: typeof auditFormat;
  readonly changeSet: ChangeSetId;
  /** 1 for the first of the chain. */
  readonly seq: number;
  /** Log version and step (from 0) it is about; version 0: nothing in the log. */
  readonly version: number;
  readonly step: number;
  /** Hash of the log entry's text; '' with version 0. */
  readonly log: Hash | '';
  readonly atMs: number;
  readonly actor: string;
  readonly kind: string;
  readonly subject: string;
  readonly path: string;
  /** One English sentence. */
  readonly sentence: string;
  /** Head of another chain at that moment. */
  readonly anchor?: { readonly changeSet: ChangeSetId; readonly seq: number; readonly hash: Hash | '' };
  /** Hash of the entry before; '' for the first. */
  readonly prev: Hash | '';
}

export interface ChainHead {
  readonly seq: number;
  readonly hash: Hash | '';
}

export type AuditFact = Omit<AuditEntry, 'format' | 'changeSet' | 'seq' | 'prev'>;

export interface SealedEntry {
  readonly entry: AuditEntry;
  readonly text: string;
  readonly hash: Hash;
}

/** Appends facts to a chain: each entry carries the hash of the one before. */
export function appendEntries(
  digest: Digest,
  changeSet: ChangeSetId,
  head: ChainHead,
  facts: readonly AuditFact[],
): SealedEntry[] {
  let { seq, hash } = head;
  return facts.map((fact) => {
    const entry: AuditEntry = { format: auditFormat, changeSet, seq: ++seq, ...fact, prev: hash };
    const text = entryText(entry);
    hash = digest(text);
    return { entry, text, hash };
  });
}

/** Canonical text of an entry: written with its members in order, which costs a fraction of sorting them. */
function entryText(e: AuditEntry): string {
  const { actor, anchor, atMs, changeSet, format, kind, log, path, prev, sentence, seq, step, subject, version } = e;
  const at = anchor && { changeSet: anchor.changeSet, hash: anchor.hash, seq: anchor.seq };
  const members = { actor, anchor: at, atMs, changeSet, format, kind, log, path, prev, sentence, seq, step };
  return JSON.stringify({ ...members, subject, version });
}

/** What is wrong with a chain, at its first bad place. */
export interface ChainProblem {
  readonly changeSet: ChangeSetId;
  readonly seq: number;
  readonly what: 'altered' | 'removed' | 'reordered' | 'log_altered' | 'cut_tail' | 'anchor_mismatch';
  readonly detail: string;
}

export interface ChainRow {
  readonly seq: number;
  readonly text: string;
  readonly hash: Hash;
}

export interface ChainCheck {
  readonly digest: Digest;
  readonly changeSet: ChangeSetId;
  /** Rows in the order stored. */
  readonly rows: readonly ChainRow[];
  /** What the change set's row says its chain ends with. */
  readonly head: ChainHead;
  /** Hash of the stored text of a log version; undefined when there is none. */
  readonly logHash: (version: number) => Hash | undefined;
  /** A head written down earlier: the chain must contain it. */
  readonly exported?: ChainHead;
}

/** Whoever alters an entry may write its hash anew over any text at all. */
function readEntry(text: string): AuditEntry | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return isObject(entry) ? (entry as unknown as AuditEntry) : undefined;
  } catch (e) {
    if (e instanceof SyntaxError) return undefined;
    throw e;
  }
}

/** Checks a chain from its first entry. Answers the first problem, or undefined. */
export function checkChain(c: ChainCheck): ChainProblem | undefined {
  const bad = (seq: number, what: ChainProblem['what'], detail: string): ChainProblem => ({
    changeSet: c.changeSet,
    seq,
    what,
    detail,
  });
  let prev: Hash | '' = '';
  for (const [i, row] of c.rows.entries()) {
    const seq = i + 1;
    if (row.seq !== seq) {
      const elsewhere = row.seq < seq || c.rows.some((r) => r.seq === seq);
      return bad(seq, elsewhere ? 'reordered' : 'removed', `entry ${row.seq} stands in the place of entry ${seq}`);
    }
    if (c.digest(row.text) !== row.hash) return bad(seq, 'altered', `the text of entry ${seq} is not that of its hash`);
    const entry = readEntry(row.text);
    if (entry === undefined) return bad(seq, 'altered', `the text of entry ${seq} is not that of an entry`);
    if (entry.seq !== seq || entry.changeSet !== c.changeSet)
      return bad(seq, 'reordered', `entry ${seq} was written as ${entry.changeSet} ${entry.seq}`);
    if (entry.prev !== prev) return bad(seq, 'altered', `entry ${seq} does not follow entry ${seq - 1} as stored`);
    if (entry.version > 0) {
      const log = c.logHash(entry.version);
      if (log === undefined)
        return bad(seq, 'removed', `log entry ${entry.version}, which entry ${seq} tells of, is gone`);
      if (log !== entry.log)
        return bad(seq, 'log_altered', `log entry ${entry.version} is not the one that entry ${seq} tells of`);
    }
    prev = row.hash;
  }
  const { seq, hash } = c.head;
  if (seq !== c.rows.length || hash !== prev)
    return bad(
      Math.min(seq, c.rows.length) + 1,
      'cut_tail',
      `the change set's row says the chain ends at ${seq}, it ends at ${c.rows.length}`,
    );
  const x = c.exported;
  if (x === undefined || x.seq === 0) return undefined;
  const there = c.rows[x.seq - 1];
  if (there === undefined)
    return bad(
      c.rows.length + 1,
      'cut_tail',
      `the exported head is entry ${x.seq}; the chain ends at ${c.rows.length}`,
    );
  return there.hash === x.hash
    ? undefined
    : bad(x.seq, 'altered', `entry ${x.seq} is not the one of the exported head`);
}

/** Checks that every anchor in Head's chain is an entry of the chain it names. */
export function checkAnchors(
  head: ChangeSetId,
  rows: readonly ChainRow[],
  hashAt: (changeSet: ChangeSetId, seq: number) => Hash | '' | undefined,
): ChainProblem | undefined {
  for (const row of rows) {
    const anchor = readEntry(row.text)?.anchor;
    if (anchor === undefined || hashAt(anchor.changeSet, anchor.seq) === anchor.hash) continue;
    return {
      changeSet: anchor.changeSet,
      seq: anchor.seq,
      what: 'anchor_mismatch',
      detail: `entry ${row.seq} of Head's chain ${head} anchors entry ${anchor.seq}, which is not the one stored`,
    };
  }
  return undefined;
}
