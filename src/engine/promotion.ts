// Promotion: the pending edits of a change set as one file, replayed onto another workspace as a change set there. What
// the edits refer to is found by the ids given, by the same id, or by name; types that are missing come along. What does
// not fit the other Head is decided by the rules of merging and stands on the receipt.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import { brief, type JsonObject } from '../base/json.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import { tryForeign } from '../formats/foreign_edits.ts';
import { mapIds, matchIds, type Portable, parsePortable, portableOf } from '../formats/portable.ts';

import { type Item, Pending } from '../merge/item.ts';
import { merge } from '../merge/merge.ts';
import type { ReceiptLine } from '../merge/receipt.ts';
import { unitOf } from '../merge/side.ts';
import { idLength } from '../model/keys.ts';
import type { Step } from '../mutation/compile.ts';
import { readImage } from '../mutation/component.ts';
import { describe, type Mutation } from '../mutation/mutation.ts';
import { nounOf } from '../mutation/nouns.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import type { Snapshot, SnapshotDraft } from '../snapshot/snapshot.ts';
import { presentOf } from './catch_up.ts';
import { openChangeSet } from './change_set.ts';
import { askOf, keyOfPart, repeated, untilWon } from './idempotency.ts';
import { permit } from './permit.ts';
import { commitEdit, type SubmitReply } from './submit.ts';
import type { Workspace } from './workspace.ts';

/** The change set as a portable document; of Head everything in it, as creations. Refuses `change_set_not_found`. */
export async function exportChangeSet(w: Workspace, id: ChangeSetId): Promise<Result<Portable>> {
  const present = await presentOf(w, id);
  if (!present.ok) return present;
  const { branch, row, snapshot } = present.value;
  const from = { workspace: w.row.name, changeSet: id, headVersion: row.baseVersion };
  const about = { name: row.isHead ? w.row.name : row.name, from };
  const pending = row.status === 'Applied' ? await w.pendingOf(row, row.version) : branch.pending;
  return w.read(() => {
    const items = row.isHead ? itemsOfWhole(snapshot, row) : pending.items;
    return ok(portableOf(snapshot, items, about));
  });
}

/** A whole state as creations, each after what it refers to; the default view is one that every workspace has. */
function itemsOfWhole(state: Snapshot, row: ChangeSetRow): Item[] {
  const mutations: Mutation[] = [];
  for (const category of ['schemas', 'functions', 'secrets', 'modules', 'bindings', 'views'] as const) {
    for (const [key, text] of state.scan(category, '')) {
      const noun = nounOf(category, key);
      const record = JSON.parse(text) as JsonObject;
      if (noun === 'placement' || record['isDefault'] === true) continue;
      mutations.push({ kind: 'record.create', noun, key, record });
    }
  }
  for (const [key] of state.scan('components', '')) {
    if (key.length !== idLength) continue;
    const component = key as ComponentId;
    mutations.push({ kind: 'component.create', component, image: readImage(state, component)! });
  }
  for (const category of ['views', 'overrides'] as const) {
    for (const [key, text] of state.scan(category, '')) {
      const noun = nounOf(category, key);
      if (noun === 'placement' || noun === 'override')
        mutations.push({ kind: 'record.create', noun, key, record: JSON.parse(text) as JsonObject });
    }
  }
  return mutations.map((m) => ({
    m,
    author: row.createdBy,
    atMs: row.updatedAtMs,
    version: row.version,
    role: 'change-set',
  }));
}

export interface PromoteRequest {
  /** An exported change set. */
  readonly text: string;
  readonly name?: string;
  /** Ids there -> ids here, for what cannot be found by itself. */
  readonly ids?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
}

export interface PromoteReply {
  readonly changeSet: ChangeSetRow;
  readonly edits: number;
  /** Ids there -> ids here, of everything referred to. */
  readonly ids: Readonly<Record<string, string>>;
  /** Names of types that were missing and came along. */
  readonly brought: readonly string[];
  readonly receipt: readonly ReceiptLine[];
}

/**
 * Opens a change set with the edits of the file. Refuses `request_malformed`, `references_not_found`, and the codes of values
 * that no request could set.
 */
export async function promote(
  w: Workspace,
  principal: Principal,
  request: PromoteRequest,
): Promise<Result<PromoteReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'promote a change set', subject: '' });
  if (!may.ok) return may;
  const { text, ids = {}, idempotencyKey } = request;
  const ask = askOf(w, idempotencyKey, { promote: text, ids });
  if (!ask.ok) return ask;
  const parsed = parsePortable(text);
  if (!parsed.ok) return parsed;
  const file = parsed.value;
  for (const [hash, blob] of Object.entries(file.blobs)) {
    if (w.space.putBlob(blob) === hash) continue;
    return refuse('request_malformed', {
      path: `blobs/${hash}`,
      expected: 'the text of that hash',
      got: brief(blob, 40),
      hint: 'the file was altered; export the change set again',
    });
  }
  const replayed = { file, ids, name: request.name ?? file.name };
  return repeated<PromoteReply>(w, { principal: principal.id, ...ask.value }, () =>
    promoteAs(w, principal, replayed, { ...ask.value, as: (reply) => reply }),
  );
}

/** What holds of an edit where it comes from, in the same workspace: whose it is, who wins, and whether somebody has to look. */
export type Decided = Pick<Item, 'author' | 'atMs' | 'role' | 'review'>;

/** What is replayed. */
interface Replayed {
  readonly file: Portable;
  readonly ids: Readonly<Record<string, string>>;
  readonly name: string;
  /**
   * Of each edit, where the engine itself made the file of a change set of this workspace; absent: it is from outside. Such a
   * file may name as author whom it likes, and nobody approves what they wrote: its edits are those of whoever promotes
   * it. They are tried as requests are.
   */
  readonly decided?: readonly Decided[];
}

/** As `promote`, inside another operation that has looked for an earlier answer itself, and whose answer it gives. */
export async function promoteAs<T>(
  w: Workspace,
  principal: Principal,
  { file, ids, name, decided }: Replayed,
  ask: AskedAs<T>,
): Promise<Result<T>> {
  const head = await w.head();
  const matched = await w.read(() => matchIds(head.snapshot, file.refers, ids));
  if (matched.missing.length > 0) return notFound(matched.missing);
  if (decided === undefined) {
    const tried = await w.read(() => {
      const draft = head.snapshot.edit();
      return tryForeign(draft, { brought: broughtRecords(draft, file, matched), edits: editsOf(file, matched) });
    });
    if (!tried.ok) return tried;
  }
  const idempotencyKey = keyOfPart(w, ask.key, 'opened');
  const opened = await openChangeSet(w, principal, { name, ...(idempotencyKey && { idempotencyKey }) });
  if (!opened.ok) return opened;
  const { key: own, hash } = ask;
  return untilWon(w, { principal: principal.id, key: own, hash }, () =>
    place(w, principal, opened.value.id, { file, matched, decided, ask }),
  );
}

interface AskedAs<T> {
  readonly key: string | undefined;
  readonly hash: Hash;
  readonly as: (reply: PromoteReply) => T;
}

function decisionOf(item: Decided | undefined): Partial<Decided> {
  if (item === undefined) return {};
  const { author, atMs, role, review } = item;
  return { author, atMs, role, ...(review && { review }) };
}

function notFound(missing: ReturnType<typeof matchIds>['missing']): Result<never> {
  const shown = missing.slice(0, 5).map((k) => `${k.noun} ${JSON.stringify(k.name)} (${k.id})`);
  return refuse('references_not_found', {
    path: 'ids',
    expected: 'everything that the edits refer to in this workspace, by id or by a name that one has',
    got: `nothing for ${shown.join(', ')}${missing.length > 5 ? ', …' : ''}`,
    hint: 'create them first, or say which is meant: ids, from the id there to the id here',
    data: { missing: missing.map(({ id, noun, name }) => ({ id, noun, name })) },
  });
}

async function place<T>(
  w: Workspace,
  principal: Principal,
  id: ChangeSetId,
  what: {
    readonly file: Portable;
    readonly matched: ReturnType<typeof matchIds>;
    readonly decided: readonly Decided[] | undefined;
    readonly ask: AskedAs<T>;
  },
): Promise<Result<T> | 'lost'> {
  const { file, matched, decided, ask } = what;
  const present = must(await presentOf(w, id));
  const { branch } = present;
  return w.read(() => {
    const head = w.knownHead();
    if (head === undefined || head.row.version !== branch.row.baseVersion || !w.isCurrent(branch))
      return Promise.resolve('lost' as const);
    const by = {
      author: principal.id,
      atMs: w.world.clock.nowMs(),
      version: branch.row.version + 1,
      role: 'change-set' as const,
    };
    const carried = broughtRecords(branch.snapshot.edit(), file, matched);
    const extra: Item[] = [
      ...carried.map((m) => ({ m, ...by })),
      ...editsOf(file, matched).map((m, n) => ({ m, ...by, ...decisionOf(decided?.[n]) })),
    ];
    const m = merge({ head: head.snapshot, present: branch.snapshot, pending: new Pending(), extra, route: 'own' }, 0);
    const { lines } = m.settlement;
    const steps: Step[] = extra.map((item) => ({
      kind: 'engine.promote',
      subject: unitOf(item.m),
      path: 'path' in item.m ? item.m.path : '',
      sentence: describe(m.state, item.m),
      mutations: [item.m],
      before: [null],
    }));
    const settled = { ...m.settlement, mutations: m.headPrime(), added: m.added };
    const receipt = lines.length === 0 ? {} : { receipt: lines };
    const replyOf = (row: ChangeSetRow): PromoteReply => ({
      changeSet: row,
      edits: file.items.length,
      ids: Object.fromEntries([...matched.map].sort()),
      brought: matched.brought.map((x) => file.refers[x]!.schema ?? file.refers[x]!.name),
      receipt: lines,
    });
    // The row that is written with it: others may have moved it by the time that it is durable.
    let answer: T | undefined;
    const as = (_: SubmitReply, row: ChangeSetRow): T => {
      answer = ask.as(replyOf(row));
      return answer;
    };
    const edited = { snapshot: m.state, steps, settled, atMs: by.atMs, ...receipt };
    return commitEdit(w, principal, branch, edited, { ...ask, as }).then((done) =>
      done === 'lost' || !done.ok ? done : ok(answer as T),
    );
  });
}

/** The edits of the file in the ids of this workspace. */
function editsOf(file: Portable, { map }: ReturnType<typeof matchIds>): Mutation[] {
  return file.items.map(({ m }) => mapIds(m, (id) => map.get(id) ?? id));
}

/** Types that the workspace has not, as the file has them. */
function broughtRecords(draft: SnapshotDraft, file: Portable, matched: ReturnType<typeof matchIds>): Mutation[] {
  const out: Mutation[] = [];
  const known = (id: string): string => matched.map.get(id) ?? id;
  for (const id of matched.brought) {
    const { noun, record, schemaId } = file.refers[id]!;
    if (record === undefined) continue;
    const key = noun === 'variant' ? `${known(schemaId!)}/${id}` : id;
    if (key.length < idLength || draft.get('schemas', key) !== undefined) continue;
    const m: Mutation = { kind: 'record.create', noun: noun === 'variant' ? 'variant' : 'schema', key, record };
    out.push(mapIds(m, known));
  }
  return out;
}
