// What a step from one state to another may have changed for values: addresses whose readers have to be looked at,
// components of which anything may be another, and vertices that came or went. Made by comparing the two states, so it does
// not matter how one led to the other: an edit, a catch-up, an apply, a revert.

import type { ComponentId, SecretId, VariantId } from '../base/ids.ts';
import { componentsBehind, isSlot, secretsChanged, slots, slotsOf } from '../graph/secret_use.ts';
import { isFollowing } from '../model/cell.ts';
import type { Source } from '../model/expr.ts';
import type { BindingRecord, FunctionRecord } from '../model/function.ts';
import { idLength, index, indexUser, splitAddress, splitCellKey } from '../model/keys.ts';
import { isAbsent, reportedText } from '../model/lookup.ts';
import { movedFromOf, showing } from '../model/moved.ts';
import { type Path, wellKnown } from '../model/path.ts';
import type { VariantRecord } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import { diff } from '../snapshot/diff.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

export interface CellChange {
  readonly component: ComponentId;
  readonly path: Path;
  /** Of a list element's place, not of its value. */
  readonly element: boolean;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface EdgeChange {
  /** The address read. */
  readonly source: { readonly component: ComponentId; readonly path: Path };
  /** The cell that reads it, as an address. */
  readonly user: string;
  readonly added: boolean;
}

export interface Changes {
  readonly cells: readonly CellChange[];
  readonly edges: readonly EdgeChange[];
  /** Components of which every value and every reader has to be looked at, in order. */
  readonly components: readonly ComponentId[];
  /** Components that may have other bound functions than before. */
  readonly rebound: readonly ComponentId[];
  /** Addresses of cells whose expression calls a function that is another. */
  readonly callers: readonly string[];
  /** Components whose reported resource is another. */
  readonly resources: readonly ComponentId[];
  /** Components whose functions run with other secrets than before, or with other contents of them. */
  readonly secrets: readonly ComponentId[];
}

const cellPrefix = 'cell:';

export function changesBetween(before: Snapshot, after: Snapshot): Changes {
  const cells: CellChange[] = [];
  const edges: EdgeChange[] = [];
  const whole = new Set<ComponentId>();
  const taken = new Set<ComponentId>();
  const mayComeOrGo = new Set<ComponentId>();
  for (const { key, before: was, after: is } of diff(before.map('cells'), after.map('cells'))) {
    const { component, path, element } = splitCellKey(key);
    if (path === wellKnown.deletedAt || path === wellKnown.resourceId) mayComeOrGo.add(component);
    // Whose resource changes hands: it is another for who has it and for who had it.
    if (path === wellKnown.movedFrom)
      for (const key of [component, movedFromOf(was), movedFromOf(is)]) if (key !== undefined) taken.add(key);
    cells.push({ component, path, element, before: was, after: is });
  }
  for (const { key, after: is } of diff(before.map('index'), after.map('index'))) {
    if (!key.startsWith(cellPrefix)) continue;
    const end = key.indexOf('\u0000');
    edges.push({
      source: splitAddress(key.slice(cellPrefix.length, end)),
      user: indexUser(key),
      added: is !== undefined,
    });
  }
  for (const { key } of diff(before.map('components'), after.map('components')))
    if (key.length === idLength) whole.add(key as ComponentId);
  for (const { key } of diff(before.map('resources'), after.map('resources'))) taken.add(key as ComponentId);
  const resources = [...new Set([...taken].flatMap((key) => showing([before, after], key)))].filter(
    // Of a resource that changes hands nothing may be known yet.
    (component) => reportedText(before, component) !== reportedText(after, component),
  );
  const functions = changedFunctions(before, after);
  const { respecified, rebound } = ofChangedTypes(before, after, functions);
  for (const component of respecified) whole.add(component);
  // What a user's function gives a cell has to fit the property there, which may be another.
  const refitted = [...whole].flatMap((component) => callersIn(after, component));
  // Marked and not kept by a resource: all of it comes or goes.
  for (const component of [...mayComeOrGo, ...resources])
    if (isAbsent(before, component) !== isAbsent(after, component)) whole.add(component);
  const callers = new Set<string>(refitted);
  for (const [id, isOther] of functions) {
    if (!isOther) continue;
    for (const [key] of after.scan('index', index.callersOf(id))) callers.add(indexUser(key));
  }
  const secrets = usersOfSecrets(before, after, cells, whole);
  for (const component of secrets) for (const address of callersIn(after, component)) callers.add(address);
  return {
    cells,
    edges,
    components: [...whole].sort(),
    rebound: [...rebound].sort(),
    callers: [...callers].sort(),
    resources,
    secrets: [...secrets].sort(),
  };
}

/** Components that use a secret whose content, or whose use, is another; or that use another one. */
function usersOfSecrets(
  before: Snapshot,
  after: Snapshot,
  cells: readonly CellChange[],
  whole: ReadonlySet<ComponentId>,
): Set<ComponentId> {
  // Most states have no secret, and then nothing can use one.
  if (!has(after.scan('secrets', '')) && !has(before.scan('secrets', ''))) return new Set();
  const from: Source[] = cells.filter((c) => !c.element && isSlot(c.path));
  const hasSlots = (reader: Snapshot, component: ComponentId) => has(reader.scan('cells', `${component}${slots}/`));
  for (const component of whole)
    if (hasSlots(before, component) || hasSlots(after, component)) from.push({ component, path: slots });
  const isTyped = (['bindings', 'functions', 'schemas'] as const).some((c) => has(diff(before.map(c), after.map(c))));
  const replaced = [...diff(before.map('secrets'), after.map('secrets'))].map(({ key }) => key as SecretId);
  for (const secret of secretsChanged(before, after, isTyped ? undefined : replaced))
    from.push(...slotsOf(after, secret));
  return from.length === 0 ? new Set() : componentsBehind(after, from);
}

/** Addresses of a component's cells whose expression calls a function that somebody wrote. */
function callersIn(reader: Reader, component: ComponentId): string[] {
  const out: string[] = [];
  for (const [key, text] of reader.scan('cells', `${component}/`))
    if (isFollowing(text) && callOfUser.test(text)) out.push(key);
  return out;
}

const callOfUser = /\{"f":\["[0-7][0-9A-HJKMNP-TV-Z]{25}"/;

function has(entries: Iterable<unknown>): boolean {
  for (const _ of entries) return true;
  return false;
}

/** Functions whose records are others; true: also what a call of it gives may be another. */
function changedFunctions(before: Snapshot, after: Snapshot): Map<string, boolean> {
  const out = new Map<string, boolean>();
  for (const { key, before: was, after: is } of diff(before.map('functions'), after.map('functions'))) {
    const [a, b] = [was, is].map((text) => (text === undefined ? undefined : (JSON.parse(text) as FunctionRecord)));
    out.set(key, a?.text !== b?.text || a?.kind !== b?.kind);
  }
  return out;
}

/** Components whose variant's document is another, and those that a changed binding or function is bound to. */
function ofChangedTypes(
  before: Snapshot,
  after: Snapshot,
  functions: ReadonlyMap<string, boolean>,
): { respecified: Set<ComponentId>; rebound: Set<ComponentId> } {
  const respecified = new Set<ComponentId>();
  for (const { key, before: was, after: is } of diff(before.map('schemas'), after.map('schemas'))) {
    if (key.length === idLength) continue;
    const [a, b] = [was, is].map((text) => (text === undefined ? undefined : (JSON.parse(text) as VariantRecord)));
    // Locking it, or another name for it, changes no value.
    if (a?.spec === b?.spec) continue;
    const variant = key.slice(idLength + 1) as VariantId;
    for (const reader of [before, after]) for (const c of componentsOf(reader, variant)) respecified.add(c);
  }
  const variants = new Set<string>();
  const schemas = new Set<string>();
  const target = (text: string | undefined): void => {
    if (text === undefined) return;
    const { target: at } = JSON.parse(text) as BindingRecord;
    if (at.variant !== undefined) variants.add(at.variant);
    else schemas.add(at.schema!);
  };
  for (const { before: was, after: is } of diff(before.map('bindings'), after.map('bindings'))) {
    target(was);
    target(is);
  }
  if (functions.size > 0) {
    for (const reader of [before, after]) {
      for (const [, text] of reader.scan('bindings', ''))
        if (functions.has((JSON.parse(text) as BindingRecord).function)) target(text);
    }
  }
  const rebound = new Set<ComponentId>();
  for (const reader of [before, after]) {
    for (const schema of schemas)
      for (const [key] of reader.scan('schemas', `${schema}/`)) variants.add(key.slice(schema.length + 1));
    for (const variant of variants) for (const c of componentsOf(reader, variant as VariantId)) rebound.add(c);
  }
  return { respecified, rebound };
}

function* componentsOf(reader: Reader, variant: VariantId): Iterable<ComponentId> {
  for (const [key] of reader.scan('index', index.componentsOf(variant))) yield indexUser(key) as ComponentId;
}
