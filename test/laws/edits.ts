// Edits of random cases: draws that mean something in any state, requests that name what they are about, and mutations
// as they are. Carrying them out leaves out what is refused, so that any part of a list is a list.

import type { ChangeSetId } from '../../src/base/ids.ts';
import type { Draft } from '../../src/model/state.ts';
import { compileRequest, type Ids } from '../../src/mutation/compile.ts';
import { apply, type Mutation, validate } from '../../src/mutation/mutation.ts';
import type { Request, RequestKind } from '../../src/mutation/request.ts';
import { requestKinds } from '../../src/mutation/request_shape.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { type Draw, requestOf } from '../mutation/random_requests.ts';
import { changeSet, otherChangeSet, seededIds } from '../support/model_world.ts';
import type { Numbers } from './numbers.ts';

export type Edit = Draw | { readonly request: Request } | { readonly mutation: Mutation };

const frequent: readonly RequestKind[] = [
  ...Array<RequestKind>(12).fill('attribute.set'),
  ...Array<RequestKind>(6).fill('attribute.subscribe'),
  ...Array<RequestKind>(3).fill('attribute.unset'),
  ...Array<RequestKind>(4).fill('list.insert'),
  ...Array<RequestKind>(3).fill('list.move'),
  ...Array<RequestKind>(4).fill('list.remove'),
  ...Array<RequestKind>(3).fill('map.put'),
  ...Array<RequestKind>(2).fill('component.erase'),
  ...Array<RequestKind>(2).fill('component.delete'),
  ...Array<RequestKind>(2).fill('component.upgrade'),
  ...Array<RequestKind>(2).fill('function.edit_text'),
  ...Array<RequestKind>(2).fill('depends_on.add'),
  ...Array<RequestKind>(2).fill('component.manage'),
  ...requestKinds,
];

export function drawsFrom(next: Numbers, count: number): Draw[] {
  return Array.from({ length: count }, () => ({
    kind: frequent[next() % frequent.length]!,
    numbers: Array.from({ length: 24 }, next),
    spoil: 99,
  }));
}

/** Draws that often mean the same places as others: the beginning of their numbers is kept, the end is not. */
export function echoes(next: Numbers, of: readonly Draw[], count: number): Draw[] {
  return drawsFrom(next, count).map((fresh) => {
    if (of.length === 0 || next() % 100 >= 92) return fresh;
    const original = of[next() % of.length]!;
    const keep = 2 + (next() % 14);
    const kind = next() % 100 < 75 ? original.kind : fresh.kind;
    return { ...fresh, kind, numbers: [...original.numbers.slice(0, keep), ...fresh.numbers.slice(keep)] };
  });
}

export interface Carried {
  readonly snapshot: Snapshot;
  readonly mutations: Mutation[];
  /** How many mutations each edit gave. */
  readonly sizes: number[];
}

/** What a state becomes by edits; those that are refused are left out. Ids are of the seed. */
export function carryOut(on: Snapshot, idSeed: number, edits: readonly Edit[], ids: Ids = seededIds(idSeed)): Carried {
  const world = { snapshot: on, ids };
  const mutations: Mutation[] = [];
  const sizes: number[] = [];
  const author = (idSeed % 2 === 1 ? changeSet : otherChangeSet) as ChangeSetId;
  for (const edit of edits) {
    const draft = world.snapshot.edit();
    const list = carry(draft, author, world, edit);
    sizes.push(list?.length ?? 0);
    if (list === undefined || list.length === 0) continue;
    world.snapshot = draft.finish();
    mutations.push(...list);
  }
  return { snapshot: world.snapshot, mutations, sizes };
}

function carry(
  draft: Draft,
  author: ChangeSetId,
  world: { snapshot: Snapshot; ids: Ids },
  edit: Edit,
): readonly Mutation[] | undefined {
  if ('mutation' in edit) {
    if (!validate(draft, edit.mutation).ok) return undefined;
    apply(draft, edit.mutation);
    return [edit.mutation];
  }
  const request = 'request' in edit ? edit.request : (requestOf(world, edit) as unknown as Request);
  const step = compileRequest(draft, author, world.ids, request);
  return step.ok ? step.value.mutations : undefined;
}
