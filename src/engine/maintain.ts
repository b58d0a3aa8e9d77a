// Keeping a workspace sound: verify from scratch, and collecting chunks that nothing needs. Verifying trusts nothing that
// was computed before; collecting removes a chunk only when everything that could need it was looked at.

import type { ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import { compareText } from '../base/json.ts';
import { Fault } from '../base/result.ts';
import { blobsOfEntry, blobsOfSteps } from '../merge/log_entry.ts';
import { isActive } from '../model/change_set.ts';
import { idLength, index, present, splitCellKey } from '../model/keys.ts';
import { intentCategories, realityCategories } from '../model/state.ts';
import { impliedKeys } from '../mutation/cell.ts';
import { nounOf, nouns } from '../mutation/nouns.ts';
import type { ChangeSetRow, Checkpoint, StoreProblem, SweepOutcome } from '../ports/store.ts';
import { chunkKind, decodeNode } from '../snapshot/chunk.ts';
import { eachReference } from '../snapshot/chunk_space.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { type Verified, verifyMap } from '../snapshot/verify.ts';
import { type AuditVerdict, verifyAudit } from './audit.ts';
import { refsOf } from './blob_refs.ts';
import { forgetKeys } from './idempotency.ts';
import { logEntries } from './log_pages.ts';
import type { Workspace } from './workspace.ts';

export interface Verdict {
  readonly ok: boolean;
  readonly problems: readonly StoreProblem[];
  readonly changeSets: number;
  readonly chunks: number;
  /** Log entries replayed and compared with the roots stored in them. */
  readonly replayed: number;
  /** Of every change set, Head first, then in the order of their names: what two installations that did the same compare. */
  readonly roots: readonly ChangeSetRoots[];
  readonly audit: AuditVerdict;
}

export interface ChangeSetRoots {
  readonly changeSet: ChangeSetId;
  readonly name: string;
  readonly version: number;
  readonly intent: Hash;
  readonly reality: Hash;
}

export type Progress = (line: string) => void;

/**
 * Checks everything from scratch: the store's own structure, every chunk of the present states, the index against what
 * it is derived from, every log by replay, every audit chain. Stops collecting at `most` problems.
 */
export async function verifyWorkspace(
  w: Workspace,
  options: {
    readonly most: number;
    readonly heads?: AuditVerdict['heads'];
    /** The store's own structure was checked just now, with the workspace before. */
    readonly hasCheckedStore?: true;
    readonly progress: Progress;
  },
): Promise<Verdict> {
  const { most, progress } = options;
  progress('store');
  const problems: StoreProblem[] = options.hasCheckedStore ? [] : [...(await w.store.check(most))];
  const rows = await w.store.listChangeSets(w.id);
  const verified: Verified = new Map();
  let replayed = 0;
  const note = (where: string, e: unknown): void => {
    // A damaged chunk or log is what is looked for; anything else is not verify's to explain.
    if (!(e instanceof Fault)) throw e;
    problems.push({ where, what: e.message });
  };
  for (const [i, row] of rows.entries()) {
    if (problems.length >= most) break;
    progress(`change set ${i + 1} of ${rows.length}: ${row.name}`);
    try {
      replayed += await replayWhole(w, row);
      const state = await w.stateAt(row, row.version);
      if (state.ok) problems.push(...(await checkState(w, row, state.value, verified)));
    } catch (e) {
      note(`change set ${row.id}`, e);
    }
  }
  progress('stored states');
  await alone(w, async () => {
    const stored = new Set<Hash>();
    for (const checkpoint of await w.store.listCheckpoints(w.id)) {
      if (problems.length >= most) break;
      const { changeSet, version } = checkpoint;
      let what = 'computed values';
      try {
        const found = await checkDerived(w, checkpoint, verified);
        problems.push(...found);
        if (found.length > 0) continue;
        what = 'stored state';
        await walkState(w, checkpoint, stored, (hash, text) => {
          if (w.world.digest(text) !== hash)
            throw new Fault('store_damaged', `the text of chunk ${hash} is not what it is called by`);
        });
      } catch (e) {
        note(`${what} of change set ${changeSet} at ${version}`, e);
      }
    }
  });
  progress('audit');
  const audit = await verifyAudit(w, options.heads);
  const all = problems.slice(0, most);
  return {
    ok: all.length === 0 && audit.ok,
    problems: all,
    changeSets: rows.length,
    chunks: verified.size,
    replayed,
    roots: rootsOf(rows),
    audit,
  };
}

function rootsOf(rows: readonly ChangeSetRow[]): ChangeSetRoots[] {
  const ordered = rows.toSorted(
    (a, b) => Number(b.isHead) - Number(a.isHead) || compareText(a.name, b.name) || compareText(a.id, b.id),
  );
  return ordered.map(({ id, name, version, intentRoot, realityRoot }) => ({
    changeSet: id,
    name,
    version,
    intent: intentRoot,
    reality: realityRoot,
  }));
}

/** Replays the whole log from its beginning and compares each entry's roots. Answers the number of entries. */
async function replayWhole(w: Workspace, row: ChangeSetRow): Promise<number> {
  const head = row.isHead ? undefined : await w.head();
  let state = head === undefined ? Snapshot.empty(w.space) : undefined;
  if (head !== undefined) {
    const base = await w.stateAt(head.row, row.openedOn);
    if (!base.ok)
      throw new Fault(
        'store_damaged',
        `change set ${row.id} was opened on version ${row.openedOn}, which Head does not have`,
      );
    state = base.value;
  }
  let count = 0;
  for await (const { entry } of logEntries(w, row.id, 0, row.version)) {
    state = await w.replayOne(state!, entry);
    count++;
  }
  const { intent } = state!.roots();
  if (intent !== row.intentRoot)
    throw new Fault('replay_diverged', `the row of ${row.id} names another root than its log gives`);
  return count;
}

async function checkState(
  w: Workspace,
  row: ChangeSetRow,
  state: Snapshot,
  verified: Verified,
): Promise<StoreProblem[]> {
  return w.read(() => {
    const out: StoreProblem[] = [];
    for (const category of [...intentCategories, ...realityCategories]) {
      const { problem } = verifyMap(w.space, state.map(category).root(), verified);
      if (problem !== undefined)
        out.push({ where: `change set ${row.id}, ${category}${problem.path}`, what: problem.what });
    }
    if (out.length === 0) out.push(...checkIndex(row.id, state));
    return out;
  });
}

/** Are the computed values of a checkpoint all there? Whether they are right is for who computes them. */
async function checkDerived(w: Workspace, checkpoint: Checkpoint, verified: Verified): Promise<StoreProblem[]> {
  const { derivedRoot, changeSet, version } = checkpoint;
  if (derivedRoot === undefined) return [];
  const { problem } = await w.read(() => verifyMap(w.space, derivedRoot, verified));
  if (problem === undefined) return [];
  return [{ where: `computed values of change set ${changeSet} at ${version}${problem.path}`, what: problem.what }];
}

/** The index as it follows from everything else, compared with the one that is stored. */
function checkIndex(changeSet: ChangeSetId, state: Snapshot): StoreProblem[] {
  const wanted: string[] = [];
  for (const [key, text] of state.scan('cells', '')) {
    const place = splitCellKey(key);
    if (!place.element) wanted.push(...impliedKeys(place.component, place.path, text));
  }
  for (const category of ['components', 'schemas', 'functions', 'bindings', 'views', 'secrets'] as const) {
    for (const [key, text] of state.scan(category, '')) {
      const record = JSON.parse(text) as Record<string, never>;
      if (category === 'components' && key.length === idLength)
        wanted.push(index.ofVariant(record['variant']!, key as ComponentId));
      else wanted.push(...nouns[nounOf(category, key)].implied(key, record));
    }
  }
  wanted.sort(compareText);
  let i = 0;
  for (const [key, text] of state.scan('index', '')) {
    while (i > 0 && wanted[i] === wanted[i - 1]) i++;
    if (key !== wanted[i] || text !== present) {
      return [
        {
          where: `change set ${changeSet}, index`,
          what: `found ${JSON.stringify(key)} where ${JSON.stringify(wanted[i] ?? 'nothing')} belongs`,
        },
      ];
    }
    i++;
  }
  while (i > 0 && wanted[i] === wanted[i - 1] && i < wanted.length) i++;
  return i === wanted.length
    ? []
    : [{ where: `change set ${changeSet}, index`, what: `${JSON.stringify(wanted[i])} is missing` }];
}

/**
 * Versions kept readable without replay: of each change set the newest, and the newest with its computed values; of Head
 * also those that active change sets stand on, and every so many.
 */
const keptEvery = 64;

export interface GcOutcome extends SweepOutcome {
  readonly checkpointsRemoved: number;
  /** Ended ones that are over what is kept. */
  readonly actionsRemoved: number;
}

/**
 * Removes chunks that no kept state, log or pending change needs. Everything written from the start of the collection on
 * is kept whatever the marking found, so edits may go on meanwhile.
 */
export function collectGarbage(w: Workspace, progress: Progress): Promise<GcOutcome> {
  return alone(w, () => collect(w, progress));
}

/** One after another: each collection removes checkpoints that another, or who verifies, would be walking. */
function alone<T>(w: Workspace, work: () => Promise<T>): Promise<T> {
  const before = walking.get(w) ?? Promise.resolve();
  const mine = before.then(work);
  walking.set(w, mine.then(nothing, nothing));
  return mine;
}

const walking = new WeakMap<Workspace, Promise<void>>();
const nothing = (): void => {};

async function collect(w: Workspace, progress: Progress): Promise<GcOutcome> {
  const generation = await w.store.nextGeneration(w.id);
  progress('writing what waits');
  // What a resource was sent is named by its step alone until a checkpoint of Head has it.
  await w.head();
  await w.checkpoint();
  const rows = await w.store.listChangeSets(w.id);
  const checkpoints = await w.store.listCheckpoints(w.id);
  const kept = keepWhich(rows, checkpoints);
  const keeps = new Set(kept);
  const gone = checkpoints.filter((c) => !keeps.has(c));
  // Before anything is marked: no state is begun from them any more, and what had been begun is in its branch when that is marked.
  await w.store.removeCheckpoints(w.id, gone);
  await w.checkpoints.built();
  const live = new Set<Hash>();
  progress('marking blobs of the logs');
  for (const row of rows) await markLog(w, row, live);
  progress(`marking ${kept.length} states`);
  for (const c of kept) await walkState(w, c, live);
  await markInUse(w, live);
  progress('sweeping');
  const swept = await w.store.sweep(w.id, generation, (hash) => live.has(hash) || w.space.pinned(hash));
  progress('removing old actions');
  const actionsRemoved = await w.actionRetention.prune();
  await forgetKeys(w);
  return { ...swept, checkpointsRemoved: gone.length, actionsRemoved };
}

/** The checkpoints that a collection keeps. */
export async function keptCheckpoints(w: Workspace): Promise<readonly Checkpoint[]> {
  return keepWhich(await w.store.listChangeSets(w.id), await w.store.listCheckpoints(w.id));
}

function keepWhich(rows: readonly ChangeSetRow[], checkpoints: readonly Checkpoint[]): Checkpoint[] {
  const byId = new Map(rows.map((r) => [r.id, r]));
  const bases = new Set(rows.filter((r) => !r.isHead && isActive(r.status)).map((r) => r.baseVersion));
  const newest = newestOf(checkpoints);
  const newestDerived = newestOf(checkpoints.filter((c) => c.derivedRoot !== undefined));
  return checkpoints.filter((c) => {
    if (newest.get(c.changeSet) === c.version || newestDerived.get(c.changeSet) === c.version) return true;
    return byId.get(c.changeSet)?.isHead === true && (bases.has(c.version) || c.version % keptEvery === 0);
  });
}

function newestOf(checkpoints: readonly Checkpoint[]): Map<ChangeSetId, number> {
  const newest = new Map<ChangeSetId, number>();
  for (const c of checkpoints) newest.set(c.changeSet, Math.max(newest.get(c.changeSet) ?? 0, c.version));
  return newest;
}

/** Blobs that replaying a log reads: those its edits name, and pending changes with the blobs that theirs name. */
async function markLog(w: Workspace, row: ChangeSetRow, live: Set<Hash>): Promise<void> {
  for await (const { entry } of logEntries(w, row.id, 0, row.version)) {
    for (const hash of blobsOfEntry(entry)) live.add(hash);
    if (entry.kind !== 'apply') continue;
    live.add(entry.pending);
    for (const edit of (await w.pendingChange(entry.pending)).edits)
      for (const hash of blobsOfSteps(edit.steps)) live.add(hash);
  }
}

/**
 * Everything below the manifests of a checkpoint and the root of its computed values, but for what is `live` already, read from
 * the store: what is in memory says nothing of what is there. Fault `chunk_missing`.
 */
async function walkState(
  w: Workspace,
  checkpoint: Checkpoint,
  live: Set<Hash>,
  see: (hash: Hash, text: string) => void = nothing,
): Promise<void> {
  const state = await w.read(() =>
    Snapshot.open(w.space, { intent: checkpoint.intentRoot, reality: checkpoint.realityRoot }),
  );
  const tops = checkpoint.derivedRoot === undefined ? state.tops() : [...state.tops(), checkpoint.derivedRoot];
  await walk(tops, live, async (batch) => {
    const texts = await w.store.readChunks(w.id, batch);
    for (const hash of batch) {
      const text = texts.get(hash);
      if (text === undefined) throw new Fault('chunk_missing', `chunk ${hash} is not in the store; run verify`);
      see(hash, text);
    }
    return texts;
  });
}

/**
 * What the states are made of that branches are at now: of one that stands on an old version of Head, no checkpoint that is kept
 * need have it. Whatever is not in the store is in memory.
 */
function markInUse(w: Workspace, live: Set<Hash>): Promise<void> {
  return walk(w.checkpoints.tops(), live, async (batch) => {
    const stored = batch.filter((hash) => !w.space.pinned(hash));
    const waiting = batch.filter((hash) => w.space.pinned(hash));
    const texts = new Map(waiting.map((hash) => [hash, w.space.text(hash)]));
    for (const [hash, text] of await w.store.readChunks(w.id, stored)) texts.set(hash, text);
    // Dropped, and brought back by whatever writes the state.
    for (const hash of stored) if (!texts.has(hash) && w.space.isAtHand(hash)) texts.set(hash, w.space.text(hash));
    return texts;
  });
}

/** Adds everything from `tops` down to `live`, but for what is below what is there already, with the texts that `read` gives of a batch. */
async function walk(
  tops: readonly Hash[],
  live: Set<Hash>,
  read: (batch: readonly Hash[]) => Promise<ReadonlyMap<Hash, string>>,
): Promise<void> {
  let front = tops.filter((hash) => !live.has(hash));
  for (const hash of front) live.add(hash);
  while (front.length > 0) {
    const next: Hash[] = [];
    for (let i = 0; i < front.length; i += markBatch) {
      for (const [hash, text] of await read(front.slice(i, i + markBatch))) {
        if (chunkKind(text) === 'blob') continue;
        eachReference(decodeNode(text, hash), refsOf, (below) => {
          if (live.has(below)) return;
          live.add(below);
          // A blob has nothing below it, and is never a child of an inner node.
          if (chunkKind(text) === 'inner') next.push(below);
        });
      }
    }
    front = next;
  }
}

const markBatch = 256;
