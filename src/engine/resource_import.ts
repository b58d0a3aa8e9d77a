// Resources that exist become components of a change set: one for each, with what its provider says of it as attributes and
// as what is known of its resource, so that nothing has to be done for it. Importing again makes nothing twice: a resource
// that a component of the change set has is looked at again there, one that Head's has on Head.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import { type Json, sameJson } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { ListedResource, ListPage } from '../dispatch/list_result.ts';
import { type DiscoveryPlan, type FoundResource, type Note, planDiscovery } from '../formats/discovery/plan.ts';
import { findComponent, reportedOf } from '../model/lookup.ts';
import { resourceKeyOf } from '../model/moved.ts';
import { matchPattern } from '../model/pattern.ts';
import { requestAction } from './actions.ts';
import type { Branch } from './branch.ts';
import { caughtUp } from './catch_up.ts';
import type { Progress } from './maintain.ts';
import { permit } from './permit.ts';
import { ProviderCalls, type ProviderReader, providerReaderOf, type ReadAsk } from './provider_reader.ts';
import { submitAdopted } from './resource_batches.ts';
import { importedRecord, type Owner, ownersOf, recordReality, shownIn } from './resources.ts';
import { checkOpen } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface ResourceLine extends ListedResource {
  /** Which component of the state has it; null: none. */
  readonly component: (Owner & { readonly onHead: boolean }) | null;
}

export interface ResourceListReply {
  readonly changeSet: ChangeSetId;
  readonly schema: string;
  readonly resources: readonly ResourceLine[];
  /** Of the next page; null: there is none. */
  readonly cursor: string | null;
  /** What the function said of the page, such as what it leaves out; '' : nothing. */
  readonly message: string;
}

/** One page of what is there. Refuses `access_denied`, what the schema and secrets refuse, `function_failed`. */
export async function listResources(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  ask: ReadAsk & { readonly cursor: string | undefined },
): Promise<Result<ResourceListReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'list resources', subject: ask.schema });
  if (!may.ok) return may;
  const reader = await w.read(() => providerReaderOf(w, branch, ask));
  if (!reader.ok) return reader;
  const page = await new ProviderCalls(w, branch, principal, reader.value).page(ask.cursor);
  if (!page.ok) return page;
  const head = (await w.head()).snapshot;
  const { resources, cursor, message } = page.value;
  return w.read(() => {
    const owners = ownersOf(branch.snapshot, reader.value.schema, ask.domain);
    const lines = resources.map((r): ResourceLine => {
      const owner = owners.get(r.resourceId);
      const component = owner && { ...owner, onHead: findComponent(head, owner.component) !== undefined };
      return { ...r, component: component ?? null };
    });
    return ok({
      changeSet: branch.row.id,
      schema: reader.value.name,
      resources: lines,
      cursor: cursor ?? null,
      message,
    });
  });
}

export interface ImportAsk extends ReadAsk {
  readonly changeSet: ChangeSetId;
  /** Which; undefined: all that no component has. */
  readonly resourceIds: readonly string[] | undefined;
  /** Resource id -> name of its component. Default: the provider's name, else the id. */
  readonly names: Readonly<Record<string, string>>;
}

/** A resource that a component has already, and what became of it. */
export interface KnownResource extends Owner {
  readonly resourceId: string;
  /** `here`: looked at in the change set; `queued`: on Head; `gone`: the provider has it no longer; else why not. */
  readonly refresh: 'here' | 'queued' | 'gone' | 'unsupported';
}

export interface ResourceImportReply {
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly schema: string;
  readonly imported: readonly (Owner & { readonly resourceId: string })[];
  readonly known: readonly KnownResource[];
  readonly subscriptions: number;
  /** Values that could be of several components: none is followed. */
  readonly ambiguous: DiscoveryPlan['ambiguous'];
  /** What was reported and is not declared. */
  readonly untaken: readonly Note[];
  /** What the list function said of its pages, such as what it leaves out. */
  readonly messages: readonly string[];
}

const importing = new WeakMap<Workspace, Map<ChangeSetId, Promise<unknown>>>();

/** Refuses as `listResources` and `submit`, and `resource_not_found`. */
export async function importResources(
  w: Workspace,
  principal: Principal,
  ask: ImportAsk,
  progress: Progress,
): Promise<Result<ResourceImportReply>> {
  const may = await permit(w, principal, 'edit', { operation: 'import resources', subject: ask.changeSet });
  if (!may.ok) return may;
  // One after the other: two at once would each find that no component has the resource.
  const mine = importing.get(w) ?? new Map<ChangeSetId, Promise<unknown>>();
  importing.set(w, mine);
  for (let before = mine.get(ask.changeSet); before !== undefined; before = mine.get(ask.changeSet)) await before;
  const doing = importNow(w, principal, ask, progress);
  const settled = doing.then(
    () => mine.delete(ask.changeSet),
    () => mine.delete(ask.changeSet),
  );
  mine.set(ask.changeSet, settled);
  return doing;
}

async function importNow(
  w: Workspace,
  principal: Principal,
  ask: ImportAsk,
  progress: Progress,
): Promise<Result<ResourceImportReply>> {
  const found = await caughtUp(w, ask.changeSet);
  if (!found.ok) return found;
  const { branch } = found.value;
  const open = checkOpen(branch);
  if (!open.ok) return open;
  const read = await w.read(() => providerReaderOf(w, branch, ask));
  if (!read.ok) return read;
  const reader = read.value;
  const calls = new ProviderCalls(w, branch, principal, reader);
  await w.reality.ready();
  const owners = await w.read(() => ownersOf(branch.snapshot, reader.schema, ask.domain));
  const messages: string[] = [];
  const say = (message: string): void => {
    if (message !== '') messages.push(message);
  };
  const there = await findResources(calls, reader, { ask, owners, say, progress });
  if (!there.ok) return there;
  const fresh = there.value.filter((r) => !owners.has(r.resourceId));
  const known = await lookAgain(w, principal, branch, { ask, owners, reader, calls });
  if (!known.ok) return known;
  const made = await makeComponents(w, principal, { ask, reader, fresh, progress });
  if (!made.ok) return made;
  return ok({ changeSet: ask.changeSet, schema: reader.name, known: known.value, ...made.value, messages });
}

async function makeComponents(
  w: Workspace,
  principal: Principal,
  what: { ask: ImportAsk; reader: ProviderReader; fresh: readonly FoundResource[]; progress: Progress },
): Promise<Result<Omit<ResourceImportReply, 'changeSet' | 'schema' | 'known' | 'messages'>>> {
  const { ask, reader, fresh, progress } = what;
  const now = await caughtUp(w, ask.changeSet);
  if (!now.ok) return now;
  const { branch } = now.value;
  if (fresh.length === 0)
    return ok({ version: branch.row.version, imported: [], subscriptions: 0, ambiguous: [], untaken: [] });
  progress(`linking ${fresh.length} resources`);
  const plan = await w.read(() =>
    planDiscovery({
      schema: reader.name,
      spec: reader.spec,
      resources: fresh,
      known: shownIn(w, branch.snapshot),
      newId: () => w.world.ids.ulid<ComponentId>(),
      matches: branch.snapshot.matches ?? matchPattern,
    }),
  );
  const submitted = await submitAdopted(w, principal, { changeSet: ask.changeSet, plan, reader, progress });
  if (!submitted.ok) return submitted;
  const { version, refused } = submitted.value;
  return ok({
    version,
    imported: plan.components.map(({ id, name, resourceId }) => ({ component: id, name, resourceId })),
    subscriptions: plan.subscriptions - submitted.value.unlinked,
    ambiguous: plan.ambiguous,
    untaken: [...plan.untaken, ...refused],
  });
}

/** What is to be imported, with a payload each. Without ids it is all that there is. */
async function findResources(
  calls: ProviderCalls,
  reader: ProviderReader,
  by: {
    readonly ask: ImportAsk;
    readonly owners: ReadonlyMap<string, Owner>;
    /** Gets what the function says of its pages. */
    readonly say: (message: string) => void;
    readonly progress: Progress;
  },
): Promise<Result<FoundResource[]>> {
  const { ask, owners, say, progress } = by;
  const wanted = ask.resourceIds && new Set(ask.resourceIds.filter((id) => !owners.has(id)));
  const found = new Map<string, ListedResource>();
  if (wanted !== undefined && reader.refresh !== undefined)
    for (const resourceId of wanted) found.set(resourceId, { resourceId, payload: null, name: '' });
  else if (wanted === undefined || wanted.size > 0) {
    const take = ({ resources, message }: ListPage): boolean => {
      say(message);
      for (const r of resources)
        if ((wanted?.has(r.resourceId) ?? !owners.has(r.resourceId)) && !found.has(r.resourceId))
          found.set(r.resourceId, r);
      return wanted !== undefined && found.size === wanted.size;
    };
    const listed = await calls.pages(take, (n) => progress(`${n} resources listed`));
    if (!listed.ok) return listed;
  }
  const looked = await lookAtAll(calls, reader, [...found.values()], progress);
  if (!looked.ok) return looked;
  const named = looked.value.map((r) => ({ ...r, name: ask.names[r.resourceId] ?? r.name }));
  const missing = [...(wanted ?? [])].filter((id) => !named.some((r) => r.resourceId === id));
  return missing.length === 0 ? ok(named) : notThere(missing);
}

function notThere(missing: readonly string[]): Result<never> {
  const shown = missing.slice(0, 10).map((id) => JSON.stringify(id));
  return refuse('resource_not_found', {
    path: 'resourceIds',
    expected: 'ids of resources that the provider has',
    got: `${shown.join(', ')}${missing.length > 10 ? ` and ${missing.length - 10} more` : ''}`,
    hint: 'list the resources of the schema; nothing was imported',
    data: { missing: [...missing] },
  });
}

/** Looks at those of which the list told nothing, several at once; what is gone by then is left out. */
async function lookAtAll(
  calls: ProviderCalls,
  reader: ProviderReader,
  resources: readonly ListedResource[],
  progress: Progress,
): Promise<Result<ListedResource[]>> {
  const payloads = new Map<ListedResource, Json>();
  const waiting = resources.filter((r) => r.payload === null && reader.refresh !== undefined);
  let refused: Result<never> | undefined;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined && refused === undefined; next = waiting.pop()) {
      const looked = await calls.lookAt(next.resourceId);
      if (!looked.ok) refused = looked;
      else payloads.set(next, looked.value);
      progress(`${++done} resources looked at`);
    }
  };
  await Promise.all(Array.from({ length: limits.lookedAtAtOnceMax }, work));
  if (refused !== undefined) return refused;
  const told = resources.map((r) => (payloads.has(r) ? { ...r, payload: payloads.get(r)! } : r));
  return ok(told.filter((r, i) => r.payload !== null || !payloads.has(resources[i]!)));
}

/** Of resources that were named and that components have: those of Head are refreshed there, others here. */
async function lookAgain(
  w: Workspace,
  principal: Principal,
  branch: Branch,
  of: {
    readonly ask: ImportAsk;
    readonly owners: ReadonlyMap<string, Owner>;
    readonly reader: ProviderReader;
    readonly calls: ProviderCalls;
  },
): Promise<Result<KnownResource[]>> {
  const { ask, owners, reader, calls } = of;
  const head = (await w.head()).snapshot;
  const out: KnownResource[] = [];
  for (const resourceId of new Set(ask.resourceIds ?? [])) {
    const owner = owners.get(resourceId);
    if (owner === undefined) continue;
    const { component } = owner;
    const isOnHead = await w.read(() => findComponent(head, component) !== undefined);
    if (isOnHead) {
      const asked = await requestAction(w, principal, { component, kind: 'refresh', name: '' });
      if (!asked.ok && asked.refusal.code !== 'function_not_found') return asked;
      out.push({ ...owner, resourceId, refresh: asked.ok ? 'queued' : 'unsupported' });
      continue;
    }
    if (reader.refresh === undefined) {
      out.push({ ...owner, resourceId, refresh: 'unsupported' });
      continue;
    }
    const payload = await calls.lookAt(resourceId);
    if (!payload.ok) return payload;
    if (payload.value === null) out.push({ ...owner, resourceId, refresh: 'gone' });
    else {
      const before = await w.read(() => reportedOf(branch.snapshot, component));
      if (before === undefined || !sameJson(before.payload, payload.value)) {
        const key = await w.read(() => resourceKeyOf(branch.snapshot, component));
        await recordReality(w, [{ component: key, record: importedRecord(w, { resourceId, payload: payload.value }) }]);
      }
      out.push({ ...owner, resourceId, refresh: 'here' });
    }
  }
  return ok(out);
}
