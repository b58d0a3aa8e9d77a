// What an edit, or everything a change set holds, would touch: values, components, qualifications and functions, from the
// graph alone. Nothing runs, so it is the most that can happen; where a value comes out equal it ends earlier.

import type { ComponentId, FunctionId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import { Radius, type Reached } from '../graph/radius.ts';
import { isFollowing } from '../model/cell.ts';
import type { Source } from '../model/expr.ts';
import type { FunctionRecord } from '../model/function.ts';
import { idLength, splitAddress } from '../model/keys.ts';
import { findRecord } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import { wishedAt } from '../model/wish.ts';
import { type Changes, changesBetween } from '../propagation/changes.ts';
import { Known } from '../propagation/known.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { type Address, addressed, calledBy, shownAddress } from './explain.ts';
import { laterTurn } from './turn.ts';
import type { Workspace } from './workspace.ts';

export interface BlastRadius {
  /** Places that are edited. */
  readonly edited: number;
  /** Computed values that may be others. */
  readonly values: number;
  /** Components that these belong to, with those edited. */
  readonly components: number;
  readonly qualifications: number;
  /** Runs of functions that this may cause at most, by function, the most first. */
  readonly functions: readonly { readonly id: FunctionId; readonly name: string; readonly runs: number }[];
  /** The longest way from an edit. */
  readonly distance: number;
  /** There is more than was followed: the counts are least ones. */
  readonly isCut: boolean;
  /** Nearest first; at most as many as asked for. */
  readonly items: readonly BlastLine[];
}

export interface BlastLine extends Address {
  /** 0: made in another way by the edit itself; 1: reads what is edited. */
  readonly distance: number;
  /** null: it is touched itself, or reads what is edited. */
  readonly via: Address | null;
  /** The function whose result it is. */
  readonly function: string | null;
}

export interface BlastAsk {
  /** Edits that are thought of; absent: what the change set holds against Head. */
  readonly edits?: readonly { readonly component: string; readonly path: string }[];
  readonly limit: number;
}

/** Addresses looked at before others get their turn. */
const stepAddresses = 500;

/** Refuses `head_is_read_only` for Head without edits, and what names and pointers refuse. */
export async function blastRadius(w: Workspace, branch: Branch, ask: BlastAsk): Promise<Result<BlastRadius>> {
  const { snapshot } = branch;
  const known = new Known(snapshot);
  known.everyValidation = true;
  const start = ask.edits === undefined ? await pending(w, branch, known) : await named(w, snapshot, ask.edits);
  if (!start.ok) return start;
  const { edited, touched } = start.value;
  const usersOf = (address: string): readonly string[] => {
    const { component, path } = splitAddress(address);
    return known.component(component).usersAt(path);
  };
  const radius = new Radius(edited, touched, usersOf, limits.blastValuesMax);
  while (await w.read(() => radius.step(stepAddresses))) await laterTurn();
  return ok(await counted(w, known, edited, radius, Math.min(Math.max(1, ask.limit), limits.pageRowsMax)));
}

interface Start {
  readonly edited: readonly string[];
  readonly touched: readonly string[];
}

function named(w: Workspace, state: Snapshot, edits: NonNullable<BlastAsk['edits']>): Promise<Result<Start>> {
  return w.read(() => {
    const edited = edits.map(({ component, path }) => {
      const at: Source = must(addressed(state, component, path));
      return at.component + at.path;
    });
    return ok({ edited: [...new Set(edited)], touched: [] });
  });
}

async function pending(w: Workspace, { row, snapshot }: Branch, known: Known): Promise<Result<Start>> {
  if (row.isHead) {
    return refuse('head_is_read_only', {
      path: 'changeSet',
      expected: 'a change set other than Head, or the edits that are thought of',
      got: 'Head',
      hint: 'name a change set, or a component and a path',
    });
  }
  const base = await w.stateAt((await w.head()).row, row.baseVersion);
  if (!base.ok) return base;
  return ok(await w.read(() => startOf(changesBetween(base.value, snapshot), known)));
}

/** Where a change between two states begins: what is edited, and what is computed in another way. */
export function startOf(changes: Changes, known: Known): Start {
  const edited = new Set<string>();
  const touched = new Set<string>(changes.callers);
  for (const { component, path, after } of changes.cells) {
    edited.add(component + path);
    if (isFollowing(after)) touched.add(component + path);
    const wished = wishedAt(path);
    if (wished !== undefined) touched.add(component + wished);
  }
  for (const id of changes.components) {
    edited.add(id);
    for (const path of known.component(id).vertices) touched.add(id + path);
  }
  for (const id of changes.rebound) for (const path of known.component(id).facts?.outputs ?? []) touched.add(id + path);
  for (const id of changes.resources)
    for (const path of ['/resource', '/resource_value', '/si/resourceId'] as Path[]) edited.add(id + path);
  return { edited: [...edited], touched: [...touched] };
}

async function counted(
  w: Workspace,
  known: Known,
  edited: readonly string[],
  { reached, isCut }: Radius,
  limit: number,
): Promise<BlastRadius> {
  const components = new Set<string>(edited.map((address) => address.slice(0, idLength)));
  const runs = new Map<FunctionId, number>();
  let qualifications = 0;
  for (let at = 0; at < reached.length; at += stepAddresses) {
    const slice = reached.slice(at, at + stepAddresses);
    const functions = await w.read(() => slice.map((r) => functionAt(known, r.address)));
    for (const [i, { address }] of slice.entries()) {
      components.add(address.slice(0, idLength));
      if (address.startsWith('/qualification/', idLength)) qualifications++;
      const id = functions[i];
      if (id !== undefined) runs.set(id, (runs.get(id) ?? 0) + 1);
    }
    await laterTurn();
  }
  return w.read(() => ({
    edited: edited.length,
    values: reached.length,
    components: components.size,
    qualifications,
    functions: [...runs]
      .map(([id, n]) => ({ id, name: nameOfFunction(known, id), runs: n }))
      .sort((a, b) => b.runs - a.runs || (a.name < b.name ? -1 : 1)),
    distance: reached.at(-1)?.distance ?? 0,
    isCut,
    items: reached.slice(0, limit).map((r) => lineOf(known, r)),
  }));
}

function lineOf(known: Known, { address, distance, via }: Reached): BlastLine {
  const id = functionAt(known, address);
  return {
    ...shownAddress(known.now, splitAddress(address)),
    distance,
    via: via === '' ? null : shownAddress(known.now, splitAddress(via)),
    function: id === undefined ? null : nameOfFunction(known, id),
  };
}

/** The user's function that computes the value at an address. */
export function functionAt(known: Known, address: string): FunctionId | undefined {
  const component = known.component(address.slice(0, idLength) as ComponentId);
  const path = address.slice(idLength) as Path;
  const cell = component.facts?.cellAt(path);
  if (cell === undefined) return component.boundAt(path)?.function;
  return 'x' in cell ? calledBy(cell.x, (name) => known.functionOf(name as FunctionId) !== undefined) : undefined;
}

function nameOfFunction(known: Known, id: FunctionId): string {
  return findRecord<FunctionRecord>(known.now, 'functions', id)?.name ?? id;
}
