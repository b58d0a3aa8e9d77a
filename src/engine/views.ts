// Views as people look at them: which there are, and who is in one, with the place of each on the map. What one costs follows
// the page; nothing here writes.

import type { ComponentId, ViewId } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import { approversKey, idLength, placementKey } from '../model/keys.ts';
import { findRecord, resolveView } from '../model/lookup.ts';
import type { Reader } from '../model/state.ts';
import type { ApproverRule, Geometry, ViewRecord } from '../model/view.ts';
import { type ComponentLine, lineOf, type Page } from './component.ts';

export interface ViewLine {
  readonly id: ViewId;
  readonly name: string;
  readonly isDefault: boolean;
  readonly approvers: ApproverRule | null;
}

export function listViews(state: Reader): ViewLine[] {
  const out: ViewLine[] = [];
  let after = '';
  // What is placed in a view lies behind it and is not looked at.
  for (;;) {
    const [first] = state.scan('views', '', after);
    if (first === undefined) return out;
    const id = first[0].slice(0, idLength) as ViewId;
    out.push(lineOfView(state, id));
    after = `${id}~`;
  }
}

function lineOfView(state: Reader, id: ViewId): ViewLine {
  const { name, isDefault } = findRecord<ViewRecord>(state, 'views', id)!;
  return { id, name, isDefault, approvers: findRecord<ApproverRule>(state, 'views', approversKey(id)) ?? null };
}

export interface ViewPage extends ViewLine {
  readonly components: Page<ComponentLine & { readonly geometry: Geometry | null }>;
}

/** Refuses `view_not_found`, `ambiguous_name`. */
export function readView(
  state: Reader,
  name: string,
  { cursor, limit }: { readonly cursor: string; readonly limit: number },
): Result<ViewPage> {
  const view = resolveView(state, name);
  if (!view.ok) return view;
  const prefix = placementKey(view.value, '' as ComponentId);
  const items: (ComponentLine & { geometry: Geometry | null })[] = [];
  let nextCursor: string | null = null;
  for (const [key, text] of state.scan('views', prefix, cursor === '' ? undefined : prefix + cursor)) {
    const line = lineOf(state, key.slice(prefix.length) as ComponentId);
    if (line === undefined) continue;
    if (items.length === limit) {
      nextCursor = items.at(-1)!.id;
      break;
    }
    items.push({ ...line, geometry: (JSON.parse(text) as { geometry: Geometry | null }).geometry });
  }
  return ok({ ...lineOfView(state, view.value), components: { items, nextCursor } });
}
