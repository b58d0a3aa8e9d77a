// Family: cells. `cell.set` and `cell.unset` write one cell of one component; every value an author sets, follows or
// takes away ends as some of these. The index keys a cell implies (who follows what, names, uses of secrets) are kept
// by `writeCell`, which all families use.

import { type ComponentId, isUlid } from '../base/ids.ts';
import { brief, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { findCycle } from '../graph/cycle.ts';
import { type Cell, cellText, isContainer, isFollowing, parseCell } from '../model/cell.ts';
import { type Expr, type Source, sourcesOf, userFunctionsOf } from '../model/expr.ts';
import type { FunctionRecord } from '../model/function.ts';
import { cellKey, elementKey, index, present } from '../model/keys.ts';
import { findComponent, findRecord, isMarked, nameOf, specOfComponent } from '../model/lookup.ts';
import { movedFromOf } from '../model/moved.ts';
import { ancestorsOf, isPathKey, lastSegment, type Path, parentPath, wellKnown } from '../model/path.ts';
import { matchPattern } from '../model/pattern.ts';
import { checkLiteral, kindFits, type Property } from '../model/property.ts';
import { propertyAt, type VariantSpec } from '../model/schema.ts';
import type { Draft, Reader } from '../model/state.ts';
import { isWish, wishedAt } from '../model/wish.ts';
import { hasShape } from './codec.ts';
import { exprProperty } from './expr_kind.ts';
import type { CellMutation, Footprint, Mutation, Operations } from './mutation.ts';

export const cellOperations: Operations<CellMutation> = {
  validate(reader, m) {
    const record = findComponent(reader, m.component);
    if (record === undefined) return missingComponent(m.component);
    if (m.kind === 'cell.unset') return ok(undefined);
    const spec = specOfComponent(reader, record);
    if (spec === undefined) return missingComponent(m.component);
    return validateSet(reader, spec, m);
  },

  apply(draft, m) {
    writeCell(draft, m.component, m.path, m.kind === 'cell.set' ? cellText(m.cell) : undefined);
  },

  invert(before, m): Mutation {
    const { component, path } = m;
    const text = before.get('cells', cellKey(component, path));
    return text === undefined
      ? { kind: 'cell.unset', component, path }
      : { kind: 'cell.set', component, path, cell: parseCell(text) };
  },

  footprint(m): Footprint {
    const writes = [{ category: 'cells' as const, key: cellKey(m.component, m.path), subtree: false }];
    const followed = m.kind === 'cell.set' && 'x' in m.cell ? m.cell.x : undefined;
    const sources = followed === undefined ? [] : sourcesOf(followed);
    const functions = followed === undefined ? [] : userFunctionsOf(followed);
    return {
      reads: [
        { category: 'components', key: m.component, subtree: false },
        ...sources.map((s) => ({ category: 'components' as const, key: s.component as string, subtree: false })),
        ...functions.map((id) => ({ category: 'functions' as const, key: id as string, subtree: false })),
      ],
      writes,
    };
  },

  describe(reader, m) {
    const where = `${m.path} of ${labelOf(reader, m.component)}`;
    if (m.kind === 'cell.unset') return `unset ${where}`;
    return `set ${where} to ${cellSummary(reader, m.cell)}`;
  },

  decode(x: JsonObject) {
    return hasShape(x, { component: 'id', path: 'path', ...(x['kind'] === 'cell.set' ? { cell: 'cell' } : {}) });
  },
};

/** Writes or removes (undefined) one cell and the index keys it implies. */
export function writeCell(draft: Draft, component: ComponentId, path: Path, text: string | undefined): void {
  const key = cellKey(component, path);
  const before = draft.get('cells', key);
  if (before === text) return;
  if (before !== undefined) for (const k of impliedKeys(component, path, before)) draft.remove('index', k);
  if (text === undefined) draft.remove('cells', key);
  else {
    draft.put('cells', key, text);
    for (const k of impliedKeys(component, path, text)) draft.put('index', k, present);
  }
}

/** The index keys that one cell implies. */
export function impliedKeys(component: ComponentId, path: Path, text: string): string[] {
  const out: string[] = [];
  if (isFollowing(text)) {
    const { x } = parseCell(text) as { x: Expr };
    for (const source of sourcesOf(x)) out.push(index.subscriber(source, component, path));
    for (const fn of userFunctionsOf(x)) out.push(index.caller(fn, component, path));
  }
  if (path === wellKnown.name) {
    const cell = parseCell(text);
    // What an index key separates with may not be part of it, here and below.
    if ('v' in cell && typeof cell.v === 'string' && isPathKey(cell.v)) out.push(index.name(cell.v, component));
  }
  if (path === wellKnown.resourceId) {
    const cell = parseCell(text);
    if ('v' in cell && typeof cell.v === 'string' && isPathKey(cell.v)) out.push(index.resource(cell.v, component));
  }
  if (path === wellKnown.movedFrom) {
    const key = movedFromOf(text);
    if (key !== undefined) out.push(index.taker(key, component));
  }
  if (text.startsWith('{"k":')) {
    const cell = parseCell(text);
    if ('k' in cell) out.push(index.secretUse(cell.k, component, path));
  }
  return out;
}

/** A component for people: its name where it has one, with its id. */
export function labelOf(reader: Reader, component: ComponentId): string {
  const name = nameOf(reader, component);
  return name === '' ? component : `${JSON.stringify(name)} (${component})`;
}

/** What a cell holds, in a few words. Values under a secret never get here: they are references. */
function cellSummary(reader: Reader, cell: Cell): string {
  if ('v' in cell) return brief(cell.v);
  if ('b' in cell) return `a long value (${cell.b.slice(0, 12)})`;
  if ('u' in cell) return 'no value';
  if ('c' in cell) return cell.c === 'array' ? '[]' : '{}';
  if ('k' in cell) return `the secret ${cell.k}`;
  return `follow ${exprSummary(reader, cell.x)}`;
}

export function exprSummary(reader: Reader, expr: Expr): string {
  if ('v' in expr) return brief(expr.v, 40);
  if ('s' in expr) return `${nameOf(reader, expr.s[0]) || expr.s[0]}${expr.s[1]}`;
  const [name, first] = expr.f;
  // A text with references in it reads best as it was written.
  if (name === 'sub' && first !== undefined && 'v' in first) return brief(first.v, summaryCharsMax);
  const fn = isUlid(name) ? (findRecord<FunctionRecord>(reader, 'functions', name)?.name ?? name) : name;
  const text = `${fn}(${expr.f
    .slice(1)
    .map((e) => exprSummary(reader, e as Expr))
    .join(', ')})`;
  return text.length <= summaryCharsMax ? text : `${text.slice(0, summaryCharsMax - 1)}…`;
}

const summaryCharsMax = 120;

export function missingComponent(component: string): ReturnType<typeof refuse> {
  return refuse('component_not_found', {
    path: 'component',
    expected: 'a component of this change set',
    got: component,
    hint: 'search for it; it may be in another change set or erased',
  });
}

function validateSet(reader: Reader, spec: VariantSpec, m: CellMutation & { kind: 'cell.set' }): Result<void> {
  const at = m.path;
  const fits = checkLength(at);
  if (!fits.ok) return fits;
  const located = propertyAt(spec, at);
  if (located === undefined) {
    return refuse('path_not_found', {
      path: at,
      expected: 'a property of the schema',
      got: 'none at this path',
      hint: 'compare with `headwater schema describe`; a part that the schema leaves open has kind any',
    });
  }
  // The one that an edit writes although people do not: `component.moved` does.
  const takesOver =
    at === wellKnown.movedFrom &&
    'v' in m.cell &&
    movedFromOf(cellText(m.cell)) !== undefined &&
    m.cell.v !== m.component;
  // And wishes, which `component.look_again` writes.
  const wishes = wishedAt(at) !== undefined && 'v' in m.cell && isWish(m.cell.v);
  if (located.readOnly && !takesOver && !wishes) {
    return refuse('read_only', {
      path: at,
      expected: 'a property that people set',
      got: 'one that the engine or the provider sets',
      hint: 'leave it out; subscribe to it instead',
    });
  }
  const checked = checkCell(reader, located.property, located.secret || at.startsWith('/secrets/'), m);
  if (!checked.ok) return checked;
  if (isMarked(reader, m.component)) {
    return refuse('component_marked', {
      path: at,
      expected: 'a component that is not marked for deletion',
      got: `${labelOf(reader, m.component)}, marked`,
      hint: 'restore it first',
    });
  }
  const above = checkAbove(reader, m);
  if (!above.ok) return above;
  if ('k' in m.cell && reader.get('secrets', m.cell.k) === undefined) {
    return refuse('secret_not_found', {
      path: at,
      expected: 'a secret of this workspace',
      got: m.cell.k,
      hint: 'create the secret first',
    });
  }
  return 'x' in m.cell ? validateSources(reader, spec, located.property, m, m.cell.x) : ok(undefined);
}

function checkCell(
  reader: Reader,
  property: Property,
  secret: boolean,
  m: CellMutation & { kind: 'cell.set' },
): Result<void> {
  const { cell, path } = m;
  if (secret && ('v' in cell || 'b' in cell)) {
    return refuse('secret_value_not_allowed', {
      path,
      expected: 'a reference to a secret, or a subscription to one',
      got: 'a value (not shown)',
      hint: 'create the secret and set {"$source": {"secret": NAME}}',
    });
  }
  if (secret && 'x' in cell && sourcesOf(cell.x).length === 0) {
    return refuse('secret_value_not_allowed', {
      path,
      expected: 'a reference to a secret, or a subscription to one',
      got: 'an expression of literals (not shown)',
      hint: 'create the secret and set {"$source": {"secret": NAME}}',
    });
  }
  if ('k' in cell && !secret) {
    return refuse('kind_mismatch', {
      path,
      expected: `a value of kind ${property.kind}`,
      got: 'a secret',
      hint: 'secrets are set below /secrets',
    });
  }
  if ('b' in cell)
    return checkLiteral(property, JSON.parse(reader.blob(cell.b)) as Json, path, reader.matches ?? matchPattern);
  if ('v' in cell) {
    // A list element may be null while it waits for its value; so may anything of an open tree.
    if (
      cell.v === null &&
      (lastSegment(path).element !== undefined || property.kind === 'any' || property.kind === 'json')
    ) {
      return ok(undefined);
    }
    return checkLiteral(property, cell.v, path, reader.matches ?? matchPattern);
  }
  if ('c' in cell) {
    const fits = cell.c === 'array' ? ['array', 'any'] : ['map', 'object', 'any'];
    if (!fits.includes(property.kind)) {
      return refuse('kind_mismatch', {
        path,
        expected: `a value of kind ${property.kind}`,
        got: `an empty ${cell.c}`,
        hint: 'send a value of that kind',
      });
    }
  }
  return ok(undefined);
}

export function checkLength(path: Path): Result<void> {
  if (path.length <= limits.pathCharsMax) return ok(undefined);
  return refuse('limit_exceeded', {
    path: `${path.slice(0, 80)}…`,
    expected: `a path of at most ${limits.pathCharsMax} characters`,
    got: `${path.length} characters`,
    hint: 'use shorter keys, or a json property for the whole',
  });
}

/** Nothing above may give the value as a whole, and every list element on the way must exist. */
export function checkAbove(reader: Reader, m: { readonly component: ComponentId; readonly path: Path }): Result<void> {
  const lists = [m.path, ...ancestorsOf(m.path)];
  for (const path of lists) {
    if (lastSegment(path).element !== undefined && reader.get('cells', elementKey(m.component, path)) === undefined) {
      return refuse('element_not_found', {
        path,
        expected: 'an element of the list',
        got: 'none with that id',
        hint: 'read the list again and insert the element first',
      });
    }
    if (path === m.path) continue;
    const text = reader.get('cells', cellKey(m.component, path));
    if (text === undefined || isContainer(text)) continue;
    return refuse('parent_has_value', {
      path: m.path,
      expected: 'containers above it that are set part by part',
      got: `${path} is set as a whole (${cellSummary(reader, parseCell(text))})`,
      hint: `unset ${path} first, or set it whole`,
    });
  }
  return ok(undefined);
}

function validateSources(
  reader: Reader,
  spec: VariantSpec,
  property: Property,
  m: CellMutation & { kind: 'cell.set' },
  expr: Expr,
): Result<void> {
  const sources = sourcesOf(expr);
  for (const source of sources) {
    const found = checkSource(reader, source, m.path);
    if (!found.ok) return found;
  }
  const from = exprProperty(reader, expr, m.path);
  if (!from.ok) return from;
  if (!kindFits(property, from.value.property, spec.definitions, from.value.definitions)) {
    return refuse('kind_mismatch', {
      path: m.path,
      expected: `a source of kind ${property.kind}`,
      got: `${exprSummary(reader, expr)} of kind ${from.value.property.kind}`,
      hint: 'follow a source of that kind, or convert it with a function such as toInteger or toText',
    });
  }
  const cycle = findCycle(reader, { component: m.component, path: m.path }, sources);
  if (cycle === undefined) return ok(undefined);
  return cycleRefusal(m.path, cycle, shownCycle(reader, cycle));
}

/** The steps of a cycle for people. */
export function shownCycle(reader: Reader, cycle: readonly Source[]): string[] {
  return cycle.map((a) => `${nameOf(reader, a.component) || a.component}${a.path}`);
}

/** `shown`: the steps, the first again at the end, each computed from the next. */
export function cycleRefusal(
  path: string,
  cycle: unknown,
  shown: readonly string[],
): Extract<Result<never>, { ok: false }> {
  return refuse('value_cycle', {
    path,
    expected: 'a source that does not depend on this value',
    got: `the cycle ${shown.join(' <- ')}`,
    hint: 'take one of the subscriptions or functions on the cycle away',
    data: { cycle },
  });
}

function checkSource(reader: Reader, source: Source, at: Path): Result<void> {
  const record = findComponent(reader, source.component);
  const spec = record && specOfComponent(reader, record);
  if (spec === undefined) {
    return refuse('source_not_found', {
      path: at,
      expected: 'a source component of this change set',
      got: source.component,
      hint: 'search for the component; create it first when it is new',
      data: { source },
    });
  }
  if (propertyAt(spec, source.path) === undefined) {
    return refuse('source_not_found', {
      path: at,
      expected: `a property of ${labelOf(reader, source.component)}`,
      got: source.path,
      hint: 'compare the path with the schema of the source',
      data: { source },
    });
  }
  for (const path of [source.path, ...ancestorsOf(source.path)]) {
    if (lastSegment(path).element === undefined) continue;
    if (reader.get('cells', elementKey(source.component, path)) !== undefined) continue;
    return refuse('source_not_found', {
      path: at,
      expected: `an element of ${parentPath(path)}`,
      got: source.path,
      hint: 'read the list again',
      data: { source },
    });
  }
  return ok(undefined);
}
