// Writing an import of resources into its change set, in batches of bounded size: components first, then what follows others, then
// what is known of their resources. What the change set refuses of one resource is told and left out, and does not hold up
// the others.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId, Hash } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { ok, type Refusal, type Result } from '../base/result.ts';
import type { AdoptedComponent, DiscoveryPlan, Link, Note } from '../formats/discovery/plan.ts';
import { pointerOf } from '../model/path.ts';
import type { Input, Request } from '../mutation/request.ts';
import type { Progress } from './maintain.ts';
import type { ProviderReader } from './provider_reader.ts';
import { importedRecord, recordReality } from './resources.ts';
import { submitAs } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface Submitted {
  readonly version: number;
  /** What the change set did not take. */
  readonly refused: readonly Note[];
  /** Sources among it. */
  readonly unlinked: number;
}

/** One request, and what it does for which resource. */
interface Part {
  readonly request: Request;
  readonly of: AdoptedComponent;
  readonly link?: Link;
}

/** Refusals of single values in one batch after which it is refused as a whole. */
const refusalsMax = 100;

export async function submitAdopted(
  w: Workspace,
  principal: Principal,
  what: {
    readonly changeSet: ChangeSetId;
    readonly plan: DiscoveryPlan;
    readonly reader: ProviderReader;
    readonly progress: Progress;
  },
): Promise<Result<Submitted>> {
  const { changeSet, plan, reader, progress } = what;
  const { components } = plan;
  const secrets = Object.entries(reader.secrets).map(([slot, secret]): [string, Input] => [
    pointerOf(['secrets', slot]),
    { $source: { secret } },
  ]);
  const total = components.length;
  const there = new Set<ComponentId>();
  const isNew = new Set(components.map((c) => c.id));
  const later: Part[] = [];
  const refused: Note[] = [];
  let unlinked = 0;
  let version = 0;
  const submit = async (parts: Part[]): Promise<Result<void>> => {
    const done = await submitParts(w, principal, changeSet, parts);
    if (!done.ok) return done;
    version = done.value.version;
    refused.push(...done.value.refused);
    unlinked += done.value.unlinked;
    return ok(undefined);
  };
  for (let from = 0; from < total; from += limits.importedAtOnceMax) {
    const batch = components.slice(from, from + limits.importedAtOnceMax);
    progress(`${from} of ${total} resources imported`);
    for (const c of batch) there.add(c.id);
    // A source has to be there before somebody follows it.
    const isThere = (link: Link) => link.targets.every((t) => !isNew.has(t.component) || there.has(t.component));
    const parts = batch.flatMap((c): Part[] => {
      const linked = new Set(c.links.filter(isThere).map((l) => l.path));
      const attributes = [...secrets, ...Object.entries(c.attributes).filter(([path]) => !linked.has(path))];
      const create: Request = {
        kind: 'component.create',
        ...(reader.isInstalled ? { schema: reader.schema, variant: reader.variant } : { schema: reader.name }),
        name: c.name,
        id: c.id,
        attributes: Object.fromEntries(attributes),
      };
      const { resourceId } = c;
      return [
        { request: create, of: c },
        { request: { kind: 'component.set_resource_id', component: c.id, resourceId }, of: c },
      ];
    });
    const links = batch.flatMap((c) => c.links.map((link) => partOf(c, link)));
    later.push(...links.filter((p) => !isThere(p.link!)));
    const done = await submit([...parts, ...links.filter((p) => isThere(p.link!))]);
    if (!done.ok) return done;
    await recordReality(
      w,
      batch.map(({ id: component, resourceId, payload }) => ({
        component,
        record: importedRecord(w, { resourceId, payload }),
      })),
    );
  }
  for (let from = 0; from < later.length; from += limits.importedAtOnceMax) {
    progress(`${from} of ${later.length} late links made`);
    const done = await submit(later.slice(from, from + limits.importedAtOnceMax));
    if (!done.ok) return done;
  }
  return ok({ version, refused, unlinked });
}

function partOf(of: AdoptedComponent, link: Link): Part {
  return { request: { kind: 'attribute.set', component: of.id, path: link.path, value: link.value }, of, link };
}

/** Tries again without what was refused, as long as that is a value of one resource. */
async function submitParts(
  w: Workspace,
  principal: Principal,
  changeSet: ChangeSetId,
  parts: Part[],
): Promise<Result<Submitted>> {
  const refused: Note[] = [];
  let unlinked = 0;
  for (let left = parts; ; ) {
    const mutations = left.map((p) => p.request);
    const done = await submitAs(
      w,
      principal,
      { changeSet, mutations },
      {
        key: undefined,
        hash: '' as Hash,
        as: (reply) => reply,
      },
    );
    if (done.ok) return ok({ version: done.value.version, refused, unlinked });
    const next = refused.length < refusalsMax ? without(left, done.refusal) : undefined;
    if (next === undefined) return done;
    left = next.parts;
    refused.push(next.note);
    unlinked += next.unlinked;
  }
}

function without(
  parts: readonly Part[],
  refusal: Refusal,
): { readonly parts: Part[]; readonly note: Note; readonly unlinked: number } | undefined {
  const at = /^mutations\/(\d+): (.*)$/.exec(refusal.path ?? '');
  const index = Number(at?.[1] ?? -1);
  const part = parts[index];
  if (part === undefined) return undefined;
  const { request, of, link } = part;
  const reason = `${refusal.code}: expected ${refusal.expected ?? ''}, got ${refusal.got ?? ''}`;
  const replaced = (by: Part[], path: string, n: number) => ({
    parts: [...parts.slice(0, index), ...by, ...parts.slice(index + 1)],
    note: { resourceId: of.resourceId, path, reason },
    unlinked: n,
  });
  if (link !== undefined) {
    // The literal takes its place.
    const value = of.attributes[link.path];
    const literal: Request = { kind: 'attribute.set', component: of.id, path: link.path, value: value ?? null };
    return replaced([{ request: literal, of }], link.path, link.targets.length);
  }
  if (request.kind === 'attribute.set') return replaced([], request.path, 0);
  if (request.kind !== 'component.create') return undefined;
  const named = Object.keys(request.attributes ?? {}).find(
    (path) => path.startsWith('/domain/') && isWithin(at?.[2] ?? '', path),
  );
  if (named === undefined) return undefined;
  const { [named]: _gone, ...attributes } = request.attributes!;
  return replaced([{ request: { ...request, attributes }, of }], named, 0);
}

const isWithin = (path: string, of: string): boolean => path === of || path.startsWith(`${of}/`);
