// The edits of a change set as they were made, read from its log: each request with its author and steps, where its mutations
// are in the pending change now, and what was taken out of it by an undo. An edit is called by the version that brought it, a
// step of one with several by `VERSION.STEP`, counted from 1.

import type { ChangeSetId } from '../base/ids.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { parseLogEntry, type Through } from '../merge/log_entry.ts';
import type { Step } from '../mutation/compile.ts';
import type { Branch } from './branch.ts';
import { presentOf } from './catch_up.ts';
import type { Workspace } from './workspace.ts';

export interface MadeStep {
  /** What it is called by. */
  readonly id: string;
  readonly step: Step;
  /** Positions of its mutations in the pending change; none: it was undone. */
  at: number[];
  /** The version of the undo that took it out. */
  undoneBy?: number;
}

export interface MadeEdit {
  readonly version: number;
  readonly atMs: number;
  readonly actor: string;
  readonly through?: Through;
  /** It puts back what was undone at that version. */
  readonly redoes?: number;
  readonly steps: readonly MadeStep[];
}

/** Steps that an undo took out. */
export interface Undone {
  readonly version: number;
  readonly actor: string;
  readonly steps: readonly MadeStep[];
  /** Positions before it. */
  readonly dropped: readonly number[];
  /** The version of the edit that put them back. */
  redoneBy?: number;
}

export interface Made {
  readonly edits: readonly MadeEdit[];
  readonly undone: readonly Undone[];
}

/** Undefined when there are edits that the log does not have yet. */
export async function madeEdits(w: Workspace, { row, pending }: Branch): Promise<Made | undefined> {
  const { version: upTo } = row;
  const count = pending.items.length;
  const edits: MadeEdit[] = [];
  const undone: Undone[] = [];
  let standing: MadeStep[] = [];
  for (const { text } of await w.store.readLog(w.id, row.id, 0, upTo)) {
    const entry = parseLogEntry(text);
    if (entry.kind === 'edit') {
      const { version, atMs, actor, through, redoes } = entry;
      const isOne = entry.steps.length === 1;
      const steps = entry.steps.map((step, i): MadeStep => {
        return { id: isOne ? String(version) : `${version}.${i + 1}`, step, at: [] };
      });
      for (const s of steps) for (const _ of s.step.mutations) standing.push(s);
      const from = { ...(through === undefined ? {} : { through }), ...(redoes === undefined ? {} : { redoes }) };
      edits.push({ version, atMs, actor, ...from, steps });
      const put = undone.find((u) => u.version === redoes);
      if (put !== undefined) put.redoneBy = version;
    } else if (entry.kind === 'undo') {
      const { version, actor, dropped } = entry;
      const gone = new Set(dropped);
      const steps = [...new Set(dropped.map((at) => standing[at]!))];
      for (const s of steps) s.undoneBy = version;
      standing = standing.filter((_, at) => !gone.has(at));
      undone.push({ version, actor, steps, dropped });
    }
  }
  standing.forEach((s, at) => {
    s.at.push(at);
  });
  return standing.length === count && row.version === upTo ? { edits, undone } : undefined;
}

/** Those of the steps that ids name: `7` all of version 7, `7.2` its second. Refuses `edit_not_found`. */
export function namedSteps(made: Made, ids: readonly string[]): Result<MadeStep[]> {
  const out: MadeStep[] = [];
  for (const id of ids) {
    const found = made.edits
      .flatMap((e) => (String(e.version) === id ? e.steps : e.steps.filter((s) => s.id === id)))
      .filter((s) => s.at.length > 0);
    if (found.length === 0) return noEdit(id);
    for (const s of found) if (!out.includes(s)) out.push(s);
  }
  return ok(out.sort((a, b) => a.at[0]! - b.at[0]!));
}

export function noEdit(id: string): Result<never> {
  return refuse('edit_not_found', {
    path: 'edits',
    expected: 'an edit that the change set holds, as it lists them: a version, or VERSION.STEP',
    got: id,
    hint: 'see its edits: headwater change-set edits NAME',
  });
}

/** One edit, or one step of several, for people and programs. */
export interface EditLine {
  readonly id: string;
  readonly version: number;
  readonly atMs: number;
  readonly actor: string;
  readonly kind: string;
  readonly subject: string;
  readonly path: string;
  readonly sentence: string;
  /** `not placed`: Head has got in its way, see the receipt. */
  readonly state: 'stands' | 'not placed' | 'undone';
  /** The version of the undo that took it out; put back, there is another edit of its own. */
  readonly undoneBy?: number;
}

/** Every edit that was made in a change set, oldest first. Refuses `change_set_not_found`. */
export async function listEdits(
  w: Workspace,
  id: ChangeSetId,
): Promise<Result<{ readonly changeSet: ChangeSetId; readonly version: number; readonly edits: readonly EditLine[] }>> {
  for (;;) {
    const present = await presentOf(w, id);
    if (!present.ok) return present;
    const { branch, row } = present.value;
    // Of what was applied nothing is pending any more; its log has it.
    const pending = row.status === 'Applied' ? await w.pendingOf(row, row.version) : branch.pending;
    const made = row.isHead ? { edits: [], undone: [] } : await madeEdits(w, { ...branch, row, pending });
    if (made === undefined) continue;
    const stateOf = (s: MadeStep): EditLine['state'] =>
      s.undoneBy !== undefined
        ? 'undone'
        : s.at.every((at) => pending.items[at]?.placed?.length === 0)
          ? 'not placed'
          : 'stands';
    const edits = made.edits.flatMap(({ version, atMs, actor, steps }) =>
      steps.map((s): EditLine => {
        const { kind, subject, path, sentence } = s.step;
        const by = s.undoneBy === undefined ? {} : { undoneBy: s.undoneBy };
        return { id: s.id, version, atMs, actor, kind, subject, path, sentence, state: stateOf(s), ...by };
      }),
    );
    return ok({ changeSet: id, version: row.version, edits });
  }
}
