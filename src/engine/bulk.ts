// Loading very many components: what their creation one by one would have written, in entries of many. Every component
// is one step with one `component.create`, which carries the whole image; log, audit and apply are those of any other
// change set, written by the same functions, so replay and verify hold. Compiling is what is left out.
// Memory is bounded by one change set: the load is split into several, opened, filled and applied one after another,
// because an apply keeps its pending change as one blob. Chunks are written as it goes. With ids and clock given, two
// loads of the same components have the same roots.

import type { Principal } from '../access/role.ts';
import type { ComponentId, Hash } from '../base/ids.ts';
import { attempt, must, ok, type Result } from '../base/result.ts';
import type { ComponentImage } from '../model/component.ts';
import type { Step } from '../mutation/compile.ts';
import { apply, describe, validate } from '../mutation/mutation.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { applyChangeSet } from './apply.ts';
import type { Branch } from './branch.ts';
import { openChangeSet } from './change_set.ts';
import { untilWon } from './idempotency.ts';
import { commitEdit, type Edited } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface BulkComponent {
  readonly id: ComponentId;
  readonly image: ComponentImage;
}

export interface BulkLoad {
  /** Of the change sets, a number behind it. */
  readonly name: string;
  /** Best in ascending order of ids: then every entry meets the same few nodes at the end of the maps. */
  readonly components: Iterable<BulkComponent>;
  /** Components of one log entry. Default 1,000. */
  readonly perEntry?: number;
  /** Components of one change set, rounded up to whole entries. Default 5,000, a pending change of some 20 MiB. */
  readonly perChangeSet?: number;
  readonly progress?: (loaded: number) => void;
}

/**
 * Loads the components into Head. The caller guarantees that cells fit their schema and that sources exist; that an id is
 * free and its variant there is checked. Head must not be applied to meanwhile. Refuses `access_denied`,
 * `already_exists`, `schema_not_found`; change sets applied before the refusal stay. Answers the number.
 */
export async function loadComponents(w: Workspace, principal: Principal, load: BulkLoad): Promise<Result<number>> {
  const { perEntry = 1_000, perChangeSet = 5_000 } = load;
  const batches = batchesOf(load.components, perEntry);
  let loaded = 0;
  for (let n = 1, batch = batches.next(); !batch.done; n++) {
    const opened = await openChangeSet(w, principal, { name: `${load.name} ${n}` });
    if (!opened.ok) return opened;
    const changeSet = opened.value.id;
    for (let here = 0; here < perChangeSet && !batch.done; batch = batches.next()) {
      const found = await w.branch(changeSet);
      if (!found.ok) return found;
      const written = await writeEntry(w, principal, found.value.branch, batch.value);
      if (!written.ok) return written;
      here += batch.value.length;
      loaded += batch.value.length;
      load.progress?.(loaded);
    }
    const applied = await applyChangeSet(w, principal, { changeSet });
    if (!applied.ok) return applied;
    await w.checkpoint();
  }
  return ok(loaded);
}

function* batchesOf(components: Iterable<BulkComponent>, size: number): Generator<BulkComponent[], undefined> {
  let batch: BulkComponent[] = [];
  for (const component of components) {
    batch.push(component);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
  return undefined;
}

async function writeEntry(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  batch: readonly BulkComponent[],
): Promise<Result<unknown>> {
  const ask = { principal: principal.id, key: undefined, hash: '' as Hash };
  return untilWon(w, ask, async () =>
    w.read((): Promise<Result<unknown> | 'lost'> => {
      const edited = attempt(() => createAll(branch.snapshot, batch));
      return edited.ok ? commitEdit(w, principal, branch, edited.value) : Promise.resolve(edited);
    }),
  );
}

function createAll(before: Snapshot, batch: readonly BulkComponent[]): Edited {
  const draft = before.edit();
  const steps = batch.map(({ id, image }): Step => {
    const create = { kind: 'component.create', component: id, image } as const;
    must(validate(draft, create));
    const sentence = describe(draft, create);
    apply(draft, create);
    return { kind: 'component.create', subject: id, path: '', sentence, mutations: [create], before: [null] };
  });
  const snapshot = draft.finish();
  snapshot.roots();
  return { snapshot, steps };
}
