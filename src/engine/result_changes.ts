// What users' functions give otherwise in a change set than on Head: of every component that its edits reach, also by another text or
// binding of a function, the results that are others, were not there or are not there any more. Failing qualifications stand first;
// of many the first ones are told, and how many are left out. Nothing is run for it: what is still being computed is told as that.

import type { ComponentId, FunctionId } from '../base/ids.ts';
import { compareText, isObject, type Json, sameJson } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Results } from '../builtins/assemble.ts';
import { type Evaluated, Evaluation } from '../builtins/evaluate.ts';
import { Radius } from '../graph/radius.ts';
import type { Source } from '../model/expr.ts';
import type { FunctionKind, FunctionRecord } from '../model/function.ts';
import { splitAddress } from '../model/keys.ts';
import { findComponent, findRecord, findSchema, isMarked, nameOf } from '../model/lookup.ts';
import { pointerAt } from '../mutation/tree.ts';
import { changesBetween } from '../propagation/changes.ts';
import { Known } from '../propagation/known.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { functionAt, startOf } from './blast_radius.ts';
import type { DiffStatus } from './compare.ts';
import type { KeptValues } from './propagate.ts';
import { laterTurn } from './turn.ts';
import type { Workspace } from './workspace.ts';

/** A result as far as it is known. `chars`: its JSON text has so many, and `value` is how that begins, as text. */
export type ResultSide =
  | { readonly state: 'value'; readonly value: Json; readonly chars?: number }
  | { readonly state: 'error'; readonly message: string }
  | { readonly state: 'pending' };

export interface ResultChange {
  readonly component: ComponentId;
  readonly name: string;
  readonly schema: string;
  readonly function: { readonly id: FunctionId; readonly name: string };
  readonly kind: FunctionKind;
  /** Where the result stands. */
  readonly path: string;
  readonly status: DiffStatus;
  /** null: there was none. */
  readonly was: ResultSide | null;
  readonly is: ResultSide | null;
}

export interface ResultChanges {
  readonly changed: readonly ResultChange[];
  /** So many more are others. */
  readonly leftOut: number;
  /** More values may be others than were looked at. */
  readonly isCut: boolean;
}

/** One side: a state, and its values that are at hand, asked for anew in every turn. */
interface Stand {
  readonly state: Snapshot;
  readonly kept: () => KeptValues | undefined;
}

/** Addresses looked at before others get their turn. */
const stepAddresses = 200;

export async function resultChanges(
  w: Workspace,
  { before, after, results }: { readonly before: Stand; readonly after: Stand; readonly results: Results },
): Promise<ResultChanges> {
  const isAny = await w.read(() => hasFunctions(before.state) || hasFunctions(after.state));
  if (!isAny) return { changed: [], leftOut: 0, isCut: false };
  const [then, now] = [new Known(before.state), new Known(after.state)];
  const start = await w.read(() => {
    const changes = changesBetween(before.state, after.state);
    const { edited, touched } = startOf(changes, now);
    // What a function gave that is not bound any more.
    const gone = [...changes.rebound, ...changes.components].flatMap((id) =>
      (then.component(id).facts?.outputs ?? []).map((path) => id + path),
    );
    return { edited, touched: [...new Set([...touched, ...gone])] };
  });
  const usersOf = (address: string): readonly string[] => {
    const { component, path } = splitAddress(address);
    return now.component(component).usersAt(path);
  };
  const radius = new Radius(start.edited, start.touched, usersOf, limits.blastValuesMax);
  while (await w.read(() => radius.step(stepAddresses))) await laterTurn();
  const edited = new Set(start.edited);
  const addresses = radius.reached.map((r) => r.address).filter((address) => !edited.has(address));
  const first = new First();
  for (let at = 0; at < addresses.length; at += stepAddresses) {
    const slice = addresses.slice(at, at + stepAddresses);
    const found = await w.read(() => {
      const both = { then, now, was: valuesOf(before, results), is: valuesOf(after, results) };
      return slice.flatMap((address) => changeAt(address, both) ?? []);
    });
    for (const change of found) first.add(change);
    await laterTurn();
  }
  return { ...first.told(), isCut: radius.isCut };
}

function valuesOf({ state, kept }: Stand, results: Results): (at: Source) => Evaluated {
  const [evaluation, known] = [new Evaluation(state, results), kept()];
  return (at) => known?.(at) ?? evaluation.valueAt(at);
}

function hasFunctions(state: Snapshot): boolean {
  for (const _ of state.scan('functions', '')) return true;
  return false;
}

interface Both {
  readonly then: Known;
  readonly now: Known;
  readonly was: (at: Source) => Evaluated;
  readonly is: (at: Source) => Evaluated;
}

/** undefined: it is no function's result, as it was, or goes with its component. */
function changeAt(address: string, { then, now, was, is }: Both): ResultChange | undefined {
  const at = splitAddress(address);
  const { component, path } = at;
  if (findComponent(now.now, component) === undefined || isMarked(now.now, component)) return undefined;
  const id = functionAt(now, address) ?? functionAt(then, address);
  if (id === undefined) return undefined;
  const isThere = findComponent(then.now, component) !== undefined && !isMarked(then.now, component);
  const sides = [isThere ? sideOf(was(at)) : null, sideOf(is(at))] as const;
  if (sameJson(sides[0] as unknown as Json, sides[1] as unknown as Json)) return undefined;
  const record =
    findRecord<FunctionRecord>(now.now, 'functions', id) ?? findRecord<FunctionRecord>(then.now, 'functions', id);
  const { schema } = findComponent(now.now, component)!;
  return {
    component,
    name: nameOf(now.now, component),
    schema: findSchema(now.now, schema)?.name ?? schema,
    function: { id, name: record?.name ?? id },
    kind: record?.kind ?? 'attribute',
    path: pointerAt(now.now, component, path),
    status: sides[0] === null ? 'Added' : sides[1] === null ? 'Removed' : 'Modified',
    was: sides[0],
    is: sides[1],
  };
}

function sideOf(e: Evaluated): ResultSide | null {
  if (e.state === 'value') return { state: 'value', value: e.value };
  if (e.state === 'error') return { state: 'error', message: `${e.code}: ${e.message}` };
  return e.state === 'pending' ? { state: 'pending' } : null;
}

/** The first ones of all that are added, with long values cut, and how many there are beside them. */
class First {
  #changes: ResultChange[] = [];
  #count = 0;

  add(change: ResultChange): void {
    this.#count++;
    this.#changes.push(change);
    if (this.#changes.length >= 2 * limits.reviewResultsMax) this.#keepFirst();
  }

  told(): { changed: ResultChange[]; leftOut: number } {
    this.#keepFirst();
    const changed = this.#changes.map((c) => ({ ...c, was: cut(c.was), is: cut(c.is) }));
    return { changed, leftOut: this.#count - changed.length };
  }

  #keepFirst(): void {
    this.#changes = this.#changes
      .sort(
        (a, b) =>
          rank(a) - rank(b) ||
          compareText(a.name, b.name) ||
          compareText(a.component, b.component) ||
          compareText(a.path, b.path),
      )
      .slice(0, limits.reviewResultsMax);
  }
}

/** What fails, then qualifications, values, code. */
function rank({ kind, is }: ResultChange): number {
  if (is?.state === 'error' || (kind === 'qualification' && is?.state === 'value' && !isPassed(is.value))) return 0;
  return kind === 'qualification' ? 1 : kind === 'code-generation' ? 3 : 2;
}

const isPassed = (value: Json): boolean => isObject(value) && value['result'] === 'success';

function cut(side: ResultSide | null): ResultSide | null {
  if (side?.state !== 'value') return side;
  const text = JSON.stringify(side.value);
  return text.length <= limits.reviewResultCharsMax
    ? side
    : { state: 'value', value: text.slice(0, limits.reviewResultCharsMax), chars: text.length };
}
