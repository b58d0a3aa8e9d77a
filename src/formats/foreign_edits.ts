// Edits of a file from outside, tried before they are replayed: a file may have been written by hand, and nothing may come of
// one that no request could make. What concerns the state alone, such as a source that is not there, a cycle or a component
// that is gone, is left to merging, which puts it on the receipt.

import type { RefusalCode } from '../base/codes.ts';
import type { Hash } from '../base/ids.ts';
import { brief, type Json, sameJson } from '../base/json.ts';
import { ok, type Refusal, type Result, refuse } from '../base/result.ts';
import type { Cell, ElementRecord } from '../model/cell.ts';
import type { ComponentImage } from '../model/component.ts';
import { splitCellKey } from '../model/keys.ts';
import { findVariant } from '../model/lookup.ts';
import { type Path, wellKnown } from '../model/path.ts';
import { parseVariantSpec } from '../model/schema.ts';
import type { Draft } from '../model/state.ts';
import { apply, type Mutation, validate } from '../mutation/mutation.ts';

type Creation = Extract<Mutation, { kind: 'component.create' }>;
type Tried = Extract<Mutation, { kind: 'cell.set' | 'element.insert' }>;

/** What merging decides, of a component that is created too. */
const ofOthers: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'path_not_found',
  'secret_not_found',
  'source_not_found',
  'value_cycle',
]);
/** What merging decides of an edit of a component that may be another one here. */
const ofTheState: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  ...ofOthers,
  'already_exists',
  'component_marked',
  'component_not_found',
  'element_not_found',
  'parent_has_value',
]);

/**
 * Tries edits in order on a draft, which is of no use afterwards; `brought` are types that come along with them. Refuses what
 * requests are refused for, with the place in the file.
 */
export function tryForeign(
  draft: Draft,
  { brought, edits }: { readonly brought: readonly Mutation[]; readonly edits: readonly Mutation[] },
): Result<void> {
  for (const m of brought) {
    const tried = trySpec(draft, m);
    if (!tried.ok) return at('refers', tried.refusal);
    apply(draft, m);
  }
  // What others follow or call may come later in the file.
  for (const [i, m] of edits.entries()) {
    const tried = trySpec(draft, m);
    if (!tried.ok) return at(`items/${i}/m`, tried.refusal);
    if (m.kind === 'component.create') apply(draft, { ...m, image: { ...bare(m), cells: elementsOf(m) } });
    else if (m.kind === 'record.create') apply(draft, m);
  }
  for (const [i, m] of edits.entries()) {
    const tried = tryOne(draft, m);
    if (!tried.ok) return at(`items/${i}/m`, tried.refusal);
  }
  return ok(undefined);
}

function at(place: string, refusal: Refusal): Result<never> {
  return { ok: false, refusal: { ...refusal, path: `${place}/${refusal.path.replace(/^\//, '')}` } };
}

function tryOne(draft: Draft, m: Mutation): Result<void> {
  switch (m.kind) {
    case 'component.create':
      return tryCreation(draft, m);
    case 'cell.set':
    case 'element.insert':
      return tryPart(draft, m, ofTheState);
    case 'record.create':
    case 'record.set': {
      const isDefault = m.kind === 'record.create' ? m.record['isDefault'] : m.field === 'isDefault' && m.value;
      if (m.noun !== 'view' || isDefault === false) break;
      return refuse('request_malformed', {
        path: 'isDefault',
        expected: 'false: every workspace has a default view',
        got: brief(isDefault as Json),
        hint: 'leave that view out',
      });
    }
    case 'text.edit':
      // Nothing that is tried here depends on a text.
      return ok(undefined);
    default:
      break;
  }
  apply(draft, m);
  return ok(undefined);
}

/** A whole component as what it is made of: its list elements, then each of its values. */
function tryCreation(draft: Draft, m: Creation): Result<void> {
  const { schema, variant } = m.image.record;
  if (findVariant(draft, schema, variant) === undefined) {
    return refuse('schema_not_found', {
      path: 'image/record',
      expected: 'a schema variant of this workspace or of the file',
      got: variant,
      hint: 'export the change set again',
    });
  }
  apply(draft, { ...m, image: bare(m) });
  for (const part of partsOf(m)) {
    const tried = tryPart(draft, part, ofOthers);
    if (!tried.ok) return tried;
  }
  const mark = m.image.cells[wellKnown.deletedAt];
  if (mark === undefined || sameJson(mark, { v: true })) return ok(undefined);
  return refuse('read_only', {
    path: wellKnown.deletedAt,
    expected: 'the mark of a component that is to be deleted',
    got: brief(mark),
    hint: 'leave it out',
  });
}

function tryPart(draft: Draft, m: Tried, left: ReadonlySet<RefusalCode>): Result<void> {
  const tried = m.kind === 'cell.set' && 'b' in m.cell ? tryBlob(draft, m.path, m.cell.b) : ok(undefined);
  if (!tried.ok) return tried;
  const valid = validate(draft, m);
  if (valid.ok) apply(draft, m);
  return valid.ok || left.has(valid.refusal.code) ? ok(undefined) : valid;
}

/** The image without what it holds. */
function bare({ image }: Creation): ComponentImage {
  return { ...image, cells: {}, dependsOn: [], manages: [] };
}

function elementsOf({ component, image }: Creation): ComponentImage['cells'] {
  return Object.fromEntries(Object.entries(image.cells).filter(([suffix]) => splitCellKey(component + suffix).element));
}

/** List elements before values, each after what it stands in. */
function partsOf({ component, image }: Creation): Tried[] {
  const inserts: Tried[] = [];
  const sets: Tried[] = [];
  for (const suffix of Object.keys(image.cells).sort()) {
    const cell = image.cells[suffix]!;
    const { path, element } = splitCellKey(component + suffix);
    if (element) {
      const { o: order, t: tie } = cell as unknown as ElementRecord;
      inserts.push({ kind: 'element.insert', component, path, order, tie });
    } else if (path !== wellKnown.deletedAt)
      sets.push({ kind: 'cell.set', component, path, cell: cell as unknown as Cell });
  }
  return [...inserts, ...sets];
}

/** A long value is read as the JSON that it is. */
function tryBlob(draft: Draft, path: Path, hash: Hash): Result<void> {
  if (findJson(draft.blob(hash)) !== undefined) return ok(undefined);
  return refuse('request_malformed', {
    path,
    expected: 'a value as JSON under the hash',
    got: hash,
    hint: 'export the change set again',
  });
}

/** The document of a variant is one. */
function trySpec(draft: Draft, m: Mutation): Result<void> {
  if (!('noun' in m) || m.noun !== 'variant' || m.kind === 'record.remove') return ok(undefined);
  const hash = m.kind === 'record.create' ? m.record['spec'] : m.field === 'spec' ? m.value : undefined;
  if (hash === undefined) return ok(undefined);
  const spec = parseVariantSpec(findJson(draft.blob(hash as Hash)), 'spec');
  return spec.ok ? ok(undefined) : spec;
}

function findJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
