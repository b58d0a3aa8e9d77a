// All components that match a search, in order of id, looked through in portions so that others get their turn. A search that
// names its schemas looks at theirs alone; any other looks at every component: what that costs follows the model.

import type { ComponentId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import { Evaluation } from '../builtins/evaluate.ts';
import { matchSearch, parseSearch, requiredSchemas, type SearchQuery } from '../formats/search.ts';
import { idLength } from '../model/keys.ts';
import { findComponent, resolveSchema, variantInWork } from '../model/lookup.ts';
import type { SchemaRecord } from '../model/schema.ts';
import type { Reader } from '../model/state.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { type ComponentLine, idsAfter, idsOfSchemas, lineOf } from './component.ts';
import { isGone } from './component_detail.ts';
import type { State } from './operation.ts';
import { Asked, searchIndexOf } from './search_index.ts';
import { SearchedValues } from './searched_values.ts';
import { laterTurn } from './turn.ts';

export interface MatchAsk {
  /** In the search language; absent: every component. */
  readonly query?: string;
  /** All of these have to hold as well. */
  readonly schema?: string;
  readonly category?: string;
  readonly upgradable?: boolean;
}

/** Components looked at before others get their turn. */
const portion = 100;

/** Those that are gone are left out. Refuses what the query refuses, `schema_not_found`. */
export async function matchComponents(s: State, head: Snapshot, ask: MatchAsk): Promise<Result<ComponentLine[]>> {
  const query = parseSearch(ask.query ?? '');
  if (!query.ok) return query;
  const names = await s.w.read(() => schemasFor(s, ask, query.value));
  if (!names.ok) return names;
  const all = names.value === undefined ? undefined : await s.w.read(() => idsOfSchemas(s.snapshot, names.value!));
  const looking = { s, head, ask, query: query.value, asked: new Asked() };
  const now = await s.w.head();
  const out: ComponentLine[] = [];
  for (let after = '', at = 0; ; at += portion) {
    const ids = all?.slice(at, at + portion) ?? (await s.w.read(() => firstOf(s.snapshot, after)));
    out.push(...(await s.w.read(() => found(looking, ids, now))));
    if (ids.length < portion) return ok(out);
    after = ids.at(-1)!;
    await laterTurn();
  }
}

function firstOf(state: Reader, after: string): ComponentId[] {
  const ids: ComponentId[] = [];
  for (const id of idsAfter(state, after)) if (ids.push(id) === portion) break;
  return ids;
}

/** Names of the schemas that every match is of one of; undefined: the search does not say. */
function schemasFor(
  s: State,
  { schema, category }: MatchAsk,
  query: SearchQuery,
): Result<readonly string[] | undefined> {
  const catalogue = schema === undefined ? undefined : s.w.catalogue.entry(schema);
  if (schema !== undefined) {
    const id = resolveSchema(s.snapshot, schema);
    if (!id.ok && (id.refusal.code !== 'schema_not_found' || catalogue === undefined)) return id;
  }
  const asked = schema === undefined ? undefined : [schema];
  const required = asked ?? requiredSchemas(query);
  if (category === undefined) return ok(required);
  const within: string[] = [];
  for (const [key, text] of s.snapshot.scan('schemas', '')) {
    const record = key.length === idLength ? (JSON.parse(text) as SchemaRecord) : undefined;
    if (record !== undefined && record.category.toLowerCase() === category.toLowerCase()) within.push(record.name);
  }
  const names = new Set(required?.map((n) => n.toLowerCase()));
  return ok(required === undefined ? within : within.filter((n) => names.has(n.toLowerCase())));
}

interface Looking {
  readonly s: State;
  readonly head: Snapshot;
  readonly ask: MatchAsk;
  readonly query: SearchQuery;
  readonly asked: Asked;
}

function found({ s, head, ask, query, asked }: Looking, ids: readonly ComponentId[], now: Branch): ComponentLine[] {
  const { snapshot, w } = s;
  const values = new SearchedValues(new Evaluation(snapshot, w.propagation.resultsOn(w.world.digest)), query);
  const newest = new Map<string, string | undefined>();
  const isUpgradable = (id: ComponentId): boolean => {
    const { schema, variant } = findComponent(snapshot, id)!;
    if (!newest.has(schema)) newest.set(schema, variantInWork(snapshot, schema));
    const to = newest.get(schema);
    return to !== undefined && to !== variant;
  };
  const out: ComponentLine[] = [];
  const indexed = searchIndexOf(w).search(now.snapshot, snapshot, query, asked);
  for (const id of ids) {
    const known = indexed.matches(id);
    if (known !== undefined) {
      if (known !== false && (ask.upgradable === undefined || ask.upgradable === isUpgradable(id))) out.push(known);
      continue;
    }
    const line = lineOf(snapshot, id);
    if (line === undefined || isGone(snapshot, id, head)) continue;
    if (ask.upgradable !== undefined && ask.upgradable !== isUpgradable(id)) continue;
    if (matchSearch(query, values.subject(line))) out.push(line);
  }
  return out;
}
