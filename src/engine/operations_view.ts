// The operations that look at views, by name, with plain JSON in and out. Views are made and changed by mutations, as all that a
// change set holds.

import { limits } from '../base/limits.ts';
import { ok } from '../base/result.ts';
import { type Handler, inState, integer, text } from './operation.ts';
import { listViews, readView } from './views.ts';

export const viewOperations = {
  'view.list': (c, p) => inState(c, p, (s) => s.w.read(() => ok({ views: listViews(s.snapshot) }))),
  /** With one page of who is in it. */
  'view.get': (c, p) =>
    inState(c, p, (s) =>
      s.w.read(() =>
        readView(s.snapshot, text(p, 'view'), {
          cursor: text(p, 'cursor', ''),
          limit: Math.min(Math.max(1, integer(p, 'limit', limits.pageRowsMax)), limits.pageRowsMax),
        }),
      ),
    ),
} satisfies Record<string, Handler>;
