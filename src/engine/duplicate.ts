// Copies of several components at once. What they follow, depend on and manage among themselves, their copies do among
// themselves; what lies outside is followed as before. One batch, all of it or nothing.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId, ComponentId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { attempt, must, type Result, refuse } from '../base/result.ts';
import { isFollowing, parseCell } from '../model/cell.ts';
import { mapSources, sourcesOf } from '../model/expr.ts';
import { splitCellKey } from '../model/keys.ts';
import { nameOf, resolveComponent } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { Request } from '../mutation/request.ts';
import { pointerAt } from '../mutation/tree.ts';
import { presentOf } from './catch_up.ts';
import { askOf, repeated } from './idempotency.ts';
import { type SubmitFor, type SubmitReply, submitAs } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface DuplicateAsk {
  readonly changeSet: ChangeSetId;
  /** Ids or names. */
  readonly components: readonly string[];
  /** In front of the names of the originals; default: ` copy` behind them. */
  readonly prefix?: string;
  /** The view that they are put in; default: those of their originals. */
  readonly view?: string;
  readonly idempotencyKey?: string;
  readonly baseVersion?: number;
  readonly ifVersion?: number;
}

export interface DuplicateReply extends SubmitReply {
  /** In the order asked for. */
  readonly copies: readonly { readonly original: ComponentId; readonly copy: ComponentId }[];
}

/** Refuses what lookups and `submit` refuse, and `request_malformed` without components. */
export async function duplicateComponents(
  w: Workspace,
  principal: Principal,
  asked: DuplicateAsk,
): Promise<Result<DuplicateReply>> {
  const { idempotencyKey, ...what } = asked;
  const ask = askOf(w, idempotencyKey, { duplicate: what as unknown as Json });
  if (!ask.ok) return ask;
  return repeated(w, { principal: principal.id, ...ask.value }, async () => {
    const found = await presentOf(w, asked.changeSet);
    if (!found.ok) return found;
    const { snapshot, row } = found.value;
    const made = await w.read(() => attempt(() => copiesOf(w, snapshot, asked)));
    if (!made.ok) return made;
    const { copies, mutations } = made.value;
    const as = (reply: SubmitReply): DuplicateReply => ({ ...reply, copies });
    // What the copies are made of was read at this version, whatever the author saw.
    const { ifVersion, baseVersion = row.version } = asked;
    const request: SubmitFor = {
      changeSet: asked.changeSet,
      mutations,
      baseVersion,
      ...(ifVersion === undefined ? {} : { ifVersion }),
    };
    return submitAs(w, principal, request, { ...ask.value, as });
  });
}

interface Copies {
  readonly copies: DuplicateReply['copies'];
  readonly mutations: readonly Request[];
}

function copiesOf(w: Workspace, state: Reader, { components, prefix, view }: DuplicateAsk): Copies {
  if (components.length === 0)
    must(
      refuse('request_malformed', {
        path: 'components',
        expected: 'ids or names of components',
        got: 'none',
        hint: 'name at least one',
      }),
    );
  const copyOf = new Map<ComponentId, ComponentId>();
  for (const text of components)
    copyOf.set(must(resolveComponent(state, text, 'components')), w.world.ids.ulid<ComponentId>());
  const mutations: Request[] = [];
  for (const [component, id] of copyOf) {
    const name = prefix === undefined ? {} : { name: `${prefix}${nameOf(state, component)}` };
    const views = view === undefined ? {} : { views: [view] };
    mutations.push({ kind: 'component.duplicate', component, id, ...name, ...views });
  }
  for (const [original, copy] of copyOf) mutations.push(...amongCopies(state, { original, copy, copyOf }));
  return { copies: [...copyOf].map(([original, copy]) => ({ original, copy })), mutations };
}

function* amongCopies(
  state: Reader,
  of: { original: ComponentId; copy: ComponentId; copyOf: ReadonlyMap<ComponentId, ComponentId> },
): Iterable<Request> {
  const { original, copy, copyOf } = of;
  for (const [key, text] of state.scan('cells', original)) {
    const cell = isFollowing(text) ? parseCell(text) : undefined;
    if (cell === undefined || !('x' in cell)) continue;
    if (!sourcesOf(cell.x).some((s) => s.component !== original && copyOf.has(s.component))) continue;
    const expression = mapSources(cell.x, (s) => ({ s: [copyOf.get(s.component) ?? s.component, s.path] }));
    const path = pointerAt(state, original, splitCellKey(key).path);
    yield { kind: 'attribute.set', component: copy, path, value: { $source: { expression: expression as never } } };
  }
  for (const on of below(state, `${original}/depends/`)) {
    const other = copyOf.get(on);
    if (other === undefined) continue;
    yield { kind: 'depends_on.add', component: copy, on: other };
    yield { kind: 'depends_on.remove', component: copy, on };
  }
  for (const managed of below(state, `${original}/manages/`)) {
    const other = copyOf.get(managed);
    if (other !== undefined) yield { kind: 'component.manage', component: copy, managed: other };
  }
}

const below = (state: Reader, prefix: string): ComponentId[] =>
  [...state.scan('components', prefix)].map(([key]) => key.slice(prefix.length) as ComponentId);
