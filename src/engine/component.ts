// Reading components: one whole, the list, a search, the history of one. Reads take a snapshot, so a reader sees one
// instant whatever is edited meanwhile; nothing here writes.

import type { ChangeSetId, ComponentId, Hash, SchemaId, VariantId } from '../base/ids.ts';
import { compareText, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result } from '../base/result.ts';
import type { ComponentValue, Results } from '../builtins/assemble.ts';
import { Evaluation, type ViewProblem } from '../builtins/evaluate.ts';
import { matchSearch, parseSearch, requiredSchemas, type SearchQuery } from '../formats/search.ts';
import type { Cell } from '../model/cell.ts';
import { type Declared, elementsOf } from '../model/declared.ts';
import { type Source, sourcesOf } from '../model/expr.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import {
  findComponent,
  findRecord,
  findSchema,
  isMarked,
  nameOf,
  resolveComponent,
  resourceIdOf,
  specOfComponent,
} from '../model/lookup.ts';
import { childPath, decodeSegment, pointerOf } from '../model/path.ts';
import { childProperty, type Definitions, type Property } from '../model/property.ts';
import { rootProperty } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { ViewRecord } from '../model/view.ts';
import { exprSummary } from '../mutation/cell.ts';
import { pointerAt } from '../mutation/tree.ts';
import type { ChangeSetRow } from '../ports/store.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type AuditRecord, readAudit } from './audit.ts';
import { SearchedValues } from './searched_values.ts';
import type { Workspace } from './workspace.ts';

/** Where one declared value comes from. */
export interface SourceLine {
  readonly path: string;
  readonly kind: 'value' | 'subscription' | 'secret' | 'unset';
  readonly value?: Json;
  readonly follows?: string;
  readonly sources?: readonly { readonly component: ComponentId; readonly name: string; readonly path: string }[];
  /** What an author writes to declare the same. */
  readonly input?: Json;
}

export interface ComponentView {
  readonly id: ComponentId;
  readonly name: string;
  readonly schema: { readonly id: SchemaId; readonly name: string; readonly variant: VariantId };
  readonly changeSet: ChangeSetId;
  readonly version: number;
  readonly toDelete: boolean;
  readonly resourceId: string | null;
  /** The whole tree, defaults filled in and followed values computed. */
  readonly value: Json;
  readonly problems: readonly ViewProblem[];
  /** In schema order. */
  readonly sources: readonly SourceLine[];
  readonly views: readonly { readonly id: string; readonly name: string }[];
  readonly dependsOn: readonly ComponentId[];
  readonly flags: readonly string[];
  /** What reality has otherwise than Head says; absent: nothing that is known of. */
  readonly drift?: DriftMention;
}

export interface DriftMention {
  /** `gone`: there is no resource any more. */
  readonly state: 'changed' | 'gone';
  readonly paths: readonly string[];
}

/** `viewOf`: the values as they stand; `inputOf`: as in `sourcesOfComponent`. Refuses `component_not_found`, `ambiguous_name`. */
export function readComponent(
  snapshot: Snapshot,
  row: ChangeSetRow,
  version: number,
  text: string,
  viewOf: (component: ComponentId) => ComponentValue,
  inputOf?: (cell: Cell) => Json,
): Result<ComponentView> {
  const id = resolveComponent(snapshot, text);
  if (!id.ok) return id;
  const component = id.value;
  const record = findComponent(snapshot, component)!;
  const { value, problems, declared } = viewOf(component);
  const below = (part: string) => {
    const prefix = `${component}/${part}/`;
    return [...snapshot.scan('components', prefix)].map(([key]) => key.slice(prefix.length));
  };
  const views = [...snapshot.scan('index', index.viewsOf(component))].map(([key]) => indexUser(key));
  return ok({
    id: component,
    name: nameOf(snapshot, component),
    schema: { id: record.schema, name: findSchema(snapshot, record.schema)?.name ?? '', variant: record.variant },
    changeSet: row.id,
    version,
    toDelete: isMarked(snapshot, component),
    resourceId: resourceIdOf(snapshot, component) ?? null,
    value,
    problems: problems.map((p) => ({ ...p, message: named(snapshot, p.message) })),
    sources: sourcesOfComponent(snapshot, component, declared, inputOf),
    views: views.map((v) => ({ id: v, name: findRecord<ViewRecord>(snapshot, 'views', v)?.name ?? '' })),
    dependsOn: below('depends') as ComponentId[],
    flags: below('flag'),
  });
}

/** A message with the names of the components that it names by their ids. */
function named(reader: Reader, message: string): string {
  return message.replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}(?=\/)/g, (id) => nameOf(reader, id as ComponentId) || id);
}

/**
 * What is declared on a component (`whole`), in schema order; what lies below a followed container is left out. `inputOf`: how an author
 * writes it; absent: that is left out.
 */
function sourcesOfComponent(
  reader: Reader,
  component: ComponentId,
  whole: Declared,
  inputOf?: (cell: Cell) => Json,
): SourceLine[] {
  const spec = specOfComponent(reader, findComponent(reader, component)!)!;
  const out: SourceLine[] = [];
  const line = (cell: Cell, path: string): SourceLine => {
    const input = inputOf === undefined ? {} : { input: inputOf(cell) };
    if ('k' in cell) return { path, kind: 'secret', value: cell.k, ...input };
    if ('u' in cell) return { path, kind: 'unset', ...input };
    if (!('x' in cell)) {
      const value = 'v' in cell ? cell.v : (JSON.parse(reader.blob((cell as { readonly b: Hash }).b)) as Json);
      return { path, kind: 'value', value, ...input };
    }
    const sources = sourcesOf(cell.x).map((s: Source) => ({
      component: s.component,
      name: nameOf(reader, s.component),
      path: pointerAt(reader, s.component, s.path),
    }));
    return { path, kind: 'subscription', follows: exprSummary(reader, cell.x), sources, ...input };
  };
  // The pointer is made on the way down: an element's place among the others is known there, where `pointerAt` would scan for it.
  const walk = (
    declared: Declared,
    pointer: string,
    property: Property | undefined,
    definitions: Definitions,
  ): void => {
    const { cell, path, children } = declared;
    if (cell !== undefined && !('c' in cell)) {
      out.push(line(cell, pointer));
      return;
    }
    for (const [i, { node }] of elementsOf(declared).entries()) {
      walk(node, `${pointer}/${i}`, property && childProperty(property, { element: true }, definitions), definitions);
    }
    const known = property?.kind === 'object' ? Object.keys(property.properties ?? {}) : [];
    const ordered = known.map((key) => childPath(path, key).slice(path.length + 1)).filter((s) => children.has(s));
    for (const segment of new Set([...ordered, ...children.keys()])) {
      const { key } = decodeSegment(segment);
      if (key === undefined) continue;
      const below = `${pointer}${pointerOf([key])}`;
      walk(children.get(segment)!, below, property && childProperty(property, { key }, definitions), definitions);
    }
  };
  walk(whole, '', rootProperty(spec), spec.definitions);
  return out;
}

export interface ComponentLine {
  readonly id: ComponentId;
  readonly name: string;
  readonly schema: string;
  readonly toDelete: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it as `cursor` for the next page; null: this was the last. */
  readonly nextCursor: string | null;
}

/** Components whose id comes after `cursor`, in order of id, that match the search text. */
export function searchComponents(
  snapshot: Snapshot,
  request: { readonly query?: string; readonly cursor?: string; readonly limit?: number },
  results?: Results,
): Result<Page<ComponentLine>> {
  const query = parseSearch(request.query ?? '');
  if (!query.ok) return query;
  const limit = Math.min(Math.max(1, request.limit ?? limits.pageRowsMax), limits.pageRowsMax);
  const items: ComponentLine[] = [];
  const values = new SearchedValues(new Evaluation(snapshot, results), query.value);
  for (const id of candidates(snapshot, query.value, request.cursor ?? '')) {
    const line = lineOf(snapshot, id);
    if (line === undefined || !matchSearch(query.value, values.subject(line))) continue;
    if (items.length === limit) return ok({ items, nextCursor: items.at(-1)!.id });
    items.push(line);
  }
  return ok({ items, nextCursor: null });
}

export function lineOf(reader: Reader, id: ComponentId): ComponentLine | undefined {
  const record = findComponent(reader, id);
  if (record === undefined) return undefined;
  return {
    id,
    name: nameOf(reader, id),
    schema: findSchema(reader, record.schema)?.name ?? '',
    toDelete: isMarked(reader, id),
  };
}

function candidates(reader: Reader, query: SearchQuery, after: string): Iterable<ComponentId> {
  const schemas = requiredSchemas(query);
  return schemas === undefined ? idsAfter(reader, after) : idsOfSchemas(reader, schemas).filter((id) => id > after);
}

/** Every component behind one, in order of id. */
export function* idsAfter(reader: Reader, after: string): Iterable<ComponentId> {
  for (const [key] of reader.scan('components', '', after)) if (key.length === idLength) yield key as ComponentId;
}

/** The components of schemas by name, case aside, in order of id. */
export function idsOfSchemas(reader: Reader, names: readonly string[]): ComponentId[] {
  const ids: ComponentId[] = [];
  const wanted = new Set(names.map((s) => s.toLowerCase()));
  for (const [key, text] of reader.scan('schemas', '')) {
    if (key.length !== idLength || !wanted.has((JSON.parse(text) as { name: string }).name.toLowerCase())) continue;
    for (const [variant] of reader.scan('schemas', `${key}/`)) {
      const of = variant.slice(idLength + 1) as VariantId;
      for (const [pair] of reader.scan('index', index.componentsOf(of))) ids.push(indexUser(pair) as ComponentId);
    }
  }
  return ids.sort(compareText);
}

/** What happened to a component, oldest first: its audit records over the change sets in which it was edited. */
export async function historyOf(w: Workspace, component: ComponentId, limit: number): Promise<AuditRecord[]> {
  return readAudit(w, { subject: component, limit });
}
