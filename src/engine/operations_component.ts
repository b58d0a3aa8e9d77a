// The operations that read components, by name, with plain JSON in and out: one whole, a search, the history of one, what a
// value could follow.

import type { ComponentId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { ok, type Result } from '../base/result.ts';
import type { Results, ViewProblem } from '../builtins/assemble.ts';
import { Evaluation } from '../builtins/evaluate.ts';
import { resolveComponent } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import { historyOf, readComponent, searchComponents } from './component.ts';
import { driftMention } from './drift.ts';
import { type Handler, inState, integer, type Params, type State, text } from './operation.ts';
import { suggestSources } from './schema.ts';
import type { Workspace } from './workspace.ts';

export const componentOperations = {
  'component.get': (c, p) => inState(c, p, (s) => componentIn(s, text(p, 'component'), integer(p, 'waitMs', 0))),
  'component.search': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() =>
        searchComponents(
          s.snapshot,
          {
            ...(p['query'] === undefined ? {} : { query: text(p, 'query') }),
            ...(p['cursor'] === undefined ? {} : { cursor: text(p, 'cursor') }),
            ...(p['limit'] === undefined ? {} : { limit: integer(p, 'limit') }),
          },
          resultsIn(s.w),
        ),
      ),
    ),
  'component.history': (c, p) => inState(c, p, (s) => history(s, p)),
  'component.suggest': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() => suggestSources(s.snapshot, text(p, 'component'), text(p, 'path'), integer(p, 'limit', 20))),
    ),
} satisfies Record<string, Handler>;

const resultsIn = (w: Workspace): Results => w.propagation.resultsOn(w.world.digest);

/** A component, waiting at most `waitMs` for what is still being computed of it. */
async function componentIn(s: State, name: string, waitMs: number): Promise<Result<unknown>> {
  if (waitMs > 0 && s.snapshot === s.branch.snapshot) {
    const id = await s.w.read(() => resolveComponent(s.snapshot, name));
    if (id.ok) await s.w.propagation.settled(s.branch, { component: id.value, path: '' as Path }, waitMs);
  }
  const head = await s.w.head();
  return s.w.read(() => {
    const view = readComponent(s.snapshot, s.row, s.version, name, (id) => viewIn(s, id));
    const drift = view.ok && s.version === s.row.version ? driftMention(s.w, head, view.value.id) : undefined;
    return view.ok && drift !== undefined ? ok({ ...view.value, drift }) : view;
  });
}

/** Of the present version the values that propagation keeps; of another they are computed. */
function viewIn(s: State, component: ComponentId): { value: Json; problems: readonly ViewProblem[] } {
  return s.snapshot === s.branch.snapshot
    ? s.w.propagation.view(s.branch, component)
    : new Evaluation(s.snapshot, resultsIn(s.w)).view(component);
}

async function history(s: State, p: Params): Promise<Result<unknown>> {
  const name = text(p, 'component');
  const id = await s.w.read(() => resolveComponent(s.snapshot, name));
  // What is erased has no name any more, but still a history under its id.
  if (!id.ok && id.refusal.code !== 'component_not_found') return id;
  const component = id.ok ? id.value : (name as ComponentId);
  const records = await historyOf(s.w, component, integer(p, 'limit', 300));
  return !id.ok && records.length === 0 ? id : ok({ component, records });
}
