// Who declared something, when and where: found in the audit trail, among what is part of the state that is looked at. Runs
// are found the same way: the last of a value, and the one that gave a remembered result.

import type { ChangeSetId, ComponentId, FunctionId, Hash, RunId } from '../base/ids.ts';
import { isObject, type Json, sameJson } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Call } from '../builtins/assemble.ts';
import type { Source } from '../model/expr.ts';
import { isEnded, type RunRecord } from '../model/run.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import { type AuditChange, type AuditRecord, readAudit } from './audit.ts';
import { listRuns } from './runs.ts';
import { poolOfValue } from './waits_for_pool.ts';
import type { Workspace } from './workspace.ts';

/** The mutation behind something declared. */
export interface SetBy {
  readonly actor: string;
  readonly atMs: number;
  readonly changeSet: { readonly id: ChangeSetId; readonly name: string };
  /** Version of that change set. */
  readonly version: number;
  readonly kind: string;
  readonly sentence: string;
  /** What is there now is what a merge made of that edit and others. */
  readonly merged?: true;
}

/** A run, as other answers refer to it. */
export interface RunLine {
  readonly id: RunId;
  readonly status: RunRecord['status'];
  readonly changeSet: ChangeSetId;
  readonly component: ComponentId | '';
  readonly output: string;
  readonly endedAtMs: number | null;
  readonly tookMs: number | null;
  readonly actor: string;
  readonly failure: RunRecord['failure'];
}

export function lineOfRun(r: RunRecord): RunLine {
  const { id, status, changeSet, component, output, endedAtMs, startedAtMs, actor, failure } = r;
  const tookMs = startedAtMs === null || endedAtMs === null ? null : Math.max(0, endedAtMs - startedAtMs);
  return { id, status, changeSet, component, output, endedAtMs, tookMs, actor, failure };
}

export class Provenance {
  readonly #w: Workspace;
  /** The change set that is looked at. */
  readonly #row: ChangeSetRow;
  readonly #trails = new Map<string, Promise<readonly AuditRecord[]>>();
  readonly #rows = new Map<ChangeSetId, Promise<ChangeSetRow | undefined>>();
  readonly #runsOf = new Map<string, Promise<readonly RunRecord[]>>();

  constructor(w: Workspace, row: ChangeSetRow) {
    this.#w = w;
    this.#row = row;
  }

  get changeSet(): ChangeSetId {
    return this.#row.id;
  }

  /** The mutation that declared the cell that stands at an address; null: the trail does not say. */
  async ofCell({ component, path }: Source, cell: Json): Promise<SetBy | null> {
    let touched: AuditRecord | undefined;
    for (const record of (await this.#trail(component)).toReversed()) {
      const cells = record.changes.map((c) => cellSetBy(c, path)).filter((c) => c !== undefined);
      if (cells.length === 0 || !(await this.#isPart(record.changeSet))) continue;
      if (sameJson(cells.at(-1), cell)) return this.#setBy(record);
      touched ??= record;
    }
    return touched === undefined ? null : { ...(await this.#setBy(touched)), merged: true };
  }

  /** The newest mutation of a noun that is part of the state; null: the trail does not say. */
  async ofNoun(id: string): Promise<SetBy | null> {
    for (const record of (await this.#trail(id)).toReversed())
      if (await this.#isPart(record.changeSet)) return this.#setBy(record);
    return null;
  }

  /** Runs for a value, newest first: those of this change set before others, as far as the newest of the component go back. */
  async runsAt({ component, path }: Source): Promise<readonly RunRecord[]> {
    const all = await this.#runs({ component });
    const here = all.filter((r) => r.output === path);
    return [...here.filter((r) => r.changeSet === this.#row.id), ...here.filter((r) => r.changeSet !== this.#row.id)];
  }

  /** The run whose result the call of a value has: its own, or another's that was remembered. */
  async runThatGave(at: Source, call: Call): Promise<RunRecord | undefined> {
    const { inputHash, codeHash } = await this.hashesOf(call);
    const isIt = (r: RunRecord): boolean =>
      r.function === call.function && r.inputHash === inputHash && r.codeHash === codeHash && isEnded(r.status);
    return (await this.runsAt(at)).find(isIt) ?? (await this.#runs({ function: call.function })).find(isIt);
  }

  /** The pool that a run for a value waits for, and that nothing serves. */
  poolOf(at: Source): string | undefined {
    return poolOfValue(this.#w, at);
  }

  /** What runs of a call have on their records. */
  async hashesOf({ input, text, kind }: Call): Promise<{ inputHash: Hash; codeHash: Hash | undefined }> {
    const source = await this.#w.read(() => this.#w.space.blob(text));
    const compiled = this.#w.calls.compiler?.compile(source, kind);
    return { inputHash: this.#w.world.digest(input), codeHash: compiled?.ok ? compiled.value.hash : undefined };
  }

  #runs(of: { component: ComponentId } | { function: FunctionId }): Promise<readonly RunRecord[]> {
    const key = JSON.stringify(of);
    let runs = this.#runsOf.get(key);
    if (runs === undefined) {
      runs = listRuns(this.#w, { ...of, limit: limits.pageRowsMax }).then((page) =>
        page.items.filter((r) => r.test === null),
      );
      this.#runsOf.set(key, runs);
    }
    return runs;
  }

  #trail(subject: string): Promise<readonly AuditRecord[]> {
    let trail = this.#trails.get(subject);
    if (trail === undefined) {
      trail = readAudit(this.#w, { subject, limit: limits.pageRowsMax });
      this.#trails.set(subject, trail);
    }
    return trail;
  }

  #find(id: ChangeSetId): Promise<ChangeSetRow | undefined> {
    let row = this.#rows.get(id);
    if (row === undefined) {
      row = id === this.#row.id ? Promise.resolve(this.#row) : this.#w.store.findChangeSet(this.#w.id, id);
      this.#rows.set(id, row);
    }
    return row;
  }

  /** Are edits of that change set in the state that is looked at? */
  async #isPart(id: ChangeSetId): Promise<boolean> {
    if (id === this.#row.id) return true;
    const row = await this.#find(id);
    return row !== undefined && (row.isHead || row.status === 'Applied');
  }

  async #setBy(r: AuditRecord): Promise<SetBy> {
    const name = (await this.#find(r.changeSet))?.name ?? '';
    return {
      actor: r.actor,
      atMs: r.atMs,
      changeSet: { id: r.changeSet, name },
      version: r.version,
      kind: r.kind,
      sentence: r.sentence,
    };
  }
}

/** The cell that a change put at a path; undefined: it put none there. */
function cellSetBy(change: AuditChange, path: string): Json | undefined {
  if (change.kind === 'cell.set') return change.path === path ? change.after : undefined;
  if (change.kind !== 'component.create') return undefined;
  const image = (change.after as { image?: { cells?: Json } } | null)?.image;
  const cells = image?.cells;
  return isObject(cells) && Object.hasOwn(cells, path) ? cells[path] : undefined;
}
