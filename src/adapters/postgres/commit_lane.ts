// The writes of one workspace whose order counts, one group after another: commits that wait together are judged and landed by
// one call, in one transaction with one sync. When the connection is lost before the answer, the same group is sent again and
// says so: those of it that have landed are known by their rows and not landed twice.

import type { JsonObject } from '../../base/json.ts';
import { Fault } from '../../base/result.ts';
import { prunedFrom, toRow } from '../../model/action_row.ts';
import { eventsOf } from '../../ports/feed.ts';
import { assertFollowing } from '../../ports/reality_steps.ts';
import type { Commit, CommitOutcome } from '../../ports/store.ts';
import { toColumn } from './column_text.ts';
import type { PostgresDatabase } from './database.ts';
import { isUndone } from './fault.ts';

/** Characters of commits that are sent in one call, unless one alone is longer. */
const groupCharsMax = 8 * 1024 * 1024;
const groupCommitsMax = 500;

interface Waiting {
  /** A commit as it is sent; else `run` is done on its own. */
  readonly commit?: string;
  /** The number of the lease that it is made under; null where nothing is leased. */
  readonly epoch?: number | null;
  readonly run?: () => Promise<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (e: unknown) => void;
}

export class CommitLane {
  readonly #db: PostgresDatabase;
  readonly #workspace: () => Promise<number>;
  readonly #epoch: () => number | null;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /** `workspace`: its integer. `epoch`: the number of the lease that it is held by; null where nothing is leased. */
  constructor(db: PostgresDatabase, workspace: () => Promise<number>, epoch: () => number | null) {
    this.#db = db;
    this.#workspace = workspace;
    this.#epoch = epoch;
  }

  async commit(commit: Commit): Promise<CommitOutcome> {
    const answer = (await this.#enqueue({
      commit: JSON.stringify(sent(commit)),
      // That of now, not of when it is sent: the lease may have been lost and taken again between the two.
      epoch: commit.lease ?? this.#epoch(),
    })) as JsonObject;
    if (answer['ok'] === true) return { ok: true };
    if (typeof answer['fault'] === 'string') {
      const what =
        answer['exists'] === true ? `${answer['in']}: a row exists already: ${answer['fault']}` : answer['fault'];
      throw new Fault('store_failed', what, answer['exists'] === true ? { exists: true } : undefined);
    }
    const { version, revision } = answer;
    return {
      ok: false,
      ...answer,
      ...('changeSet' in answer ? { version: version ?? undefined } : {}),
      ...('action' in answer ? { revision: revision ?? undefined } : {}),
    } as CommitOutcome;
  }

  /** In its turn: after what was queued before, and before what is queued later. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    return this.#enqueue({ run }) as Promise<T>;
  }

  #enqueue(what: Omit<Waiting, 'resolve' | 'reject'>): Promise<unknown> {
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.push({ ...what, resolve, reject }));
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
    return answer;
  }

  async #work(): Promise<void> {
    // What is queued in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#next();
      try {
        const answers = await this.#done(group);
        for (const [i, { resolve }] of group.entries()) resolve(answers[i]);
      } catch (e) {
        for (const { reject } of group) reject(e);
      }
    }
  }

  #next(): Waiting[] {
    const group: Waiting[] = [];
    let chars = 0;
    while (this.#waiting.length > 0 && group.length < groupCommitsMax) {
      const { commit, epoch } = this.#waiting[0]!;
      const isOfGroup = commit !== undefined && epoch === group[0]?.epoch && chars + commit.length <= groupCharsMax;
      if (group.length > 0 && !isOfGroup) break;
      group.push(this.#waiting.shift()!);
      if (commit === undefined) break;
      chars += commit.length;
    }
    return group;
  }

  async #done(group: readonly Waiting[]): Promise<readonly unknown[]> {
    const { run, epoch = null } = group[0]!;
    if (run !== undefined) return [await run()];
    const ref = await this.#workspace();
    const commits = `[${group.map((w) => w.commit).join(',')}]`;
    const ask = async (again: boolean) => {
      const sql = `select ${epoch === null ? 'commit_group' : 'commit_held'}($1, $2::jsonb, $3, $4) as answers`;
      const [row] = await this.#db.once(sql, [ref, commits, again, epoch]);
      return row!['answers'] as readonly unknown[];
    };
    let isAgain = false;
    return this.#db.patiently('committing', async () => {
      try {
        return await ask(isAgain);
      } catch (e) {
        // What the server undid has not landed; of what was lost nobody knows.
        if (!isUndone(e)) isAgain = true;
        throw e;
      }
    });
  }
}

/** Where each of these stands last. */
const lastOf = (ids: readonly string[]): ReadonlyMap<string, number> => new Map(ids.map((id, i) => [id, i]));

/** A commit as `commit_group` takes it. */
function sent(commit: Commit): unknown {
  const { changeSets, log, audit, idempotency, chunks, workspace, reality, actions = [] } = commit;
  assertFollowing(commit);
  const lastChangeSets = lastOf(changeSets.map(({ row }) => row.id));
  const lastActions = lastOf(actions.map(({ record }) => record.id));
  return {
    changeSets: changeSets.map(({ row, expected }, i) => ({
      ...row,
      isLast: lastChangeSets.get(row.id) === i,
      name: toColumn(row.name),
      createdBy: toColumn(row.createdBy),
      expected: expected ?? null,
    })),
    log: log.map((row) => ({ ...row, text: toColumn(row.text) })),
    audit: audit.map((row) => ({
      ...row,
      subject: toColumn(row.subject),
      kind: toColumn(row.kind),
      actor: toColumn(row.actor),
      text: toColumn(row.text),
    })),
    actions: actions.map(({ record, expected }, i) => {
      const { ended_at_ms, ...row } = toRow(record);
      const isLast = lastActions.get(record.id) === i;
      return { ...row, endedAtMs: prunedFrom(record), origins: record.origins, isLast, expected: expected ?? null };
    }),
    events: eventsOf(commit).flatMap((event): { readonly step: number | null; readonly text: string | null }[] => {
      if (event.of === 'audit') return [];
      return event.of === 'reality'
        ? [{ step: event.reality.seq, text: null }]
        : [{ step: null, text: toColumn(JSON.stringify(event.action)) }];
    }),
    ...(workspace === undefined ? {} : { workspace: { ...workspace, name: toColumn(workspace.name) } }),
    ...(reality === undefined
      ? {}
      : {
          reality: {
            expected: reality.expected,
            rows: reality.rows.map((row) => ({ ...row, text: toColumn(row.text) })),
          },
        }),
    ...(idempotency === undefined
      ? {}
      : {
          idempotency: {
            ...idempotency,
            principal: toColumn(idempotency.principal),
            key: toColumn(idempotency.key),
            reply: toColumn(idempotency.reply),
          },
        }),
    ...(chunks === undefined ? {} : { chunks: chunks.map((c) => ({ hash: c.hash, text: toColumn(c.text) })) }),
  };
}
