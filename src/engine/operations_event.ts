// The operation on events, by name, with plain JSON in and out: what has happened behind a position, or what happens next. And
// what it stands on: the filter that somebody names, and how everything that passes is at this moment.

import { limits } from '../base/limits.ts';
import { must, ok, type Result } from '../base/result.ts';
import { isEnded } from '../model/run.ts';
import { resolveChangeSet } from './change_set.ts';
import { stillThere } from './event_feed.ts';
import {
  type EventFilter,
  eventKinds,
  passes,
  propagationEvent,
  runEvent,
  type WorkspaceEvent,
} from './event_shape.ts';
import { type Handler, integer, inWorkspace, listed, type Params, text } from './operation.ts';
import type { Workspace } from './workspace.ts';

export interface EventsRead {
  /** In the order of their positions; those without one where they came. */
  readonly events: readonly WorkspaceEvent[];
  /** Pass it as `after` for what comes next. */
  readonly position: number;
}

export const eventOperations = {
  /**
   * Behind `after` (default: from now on), at most `limit`; when there are none, waits for some at most `waitMs`. `changeSet`
   * and `kinds` (with commas between) narrow it. Refuses `events_gone`.
   */
  'events.read': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const filter = await eventFilter(w, p);
      const after = p['after'] === undefined ? undefined : integer(p, 'after');
      const limit = Math.min(integer(p, 'limit', limits.pageRowsMax), limits.pageRowsMax);
      const waitMs = Math.min(integer(p, 'waitMs', 0), limits.runWaitMsMax);
      return readEvents(w, { filter, after, limit, waitMs });
    }),
} satisfies Record<string, Handler>;

/** Refuses `request_malformed`, `change_set_not_found`. */
export async function eventFilter(w: Workspace, p: Params): Promise<EventFilter> {
  const kinds = listed(p, 'kinds', eventKinds);
  return {
    ...(p['changeSet'] === undefined ? {} : { changeSet: must(await resolveChangeSet(w, text(p, 'changeSet'))) }),
    ...(kinds === undefined ? {} : { kinds }),
  };
}

interface Ask {
  readonly filter: EventFilter;
  readonly after: number | undefined;
  /** 0: only whether that may be asked, and from where. */
  readonly limit: number;
  readonly waitMs: number;
}

async function readEvents(w: Workspace, { filter, after, limit, waitMs }: Ask): Promise<Result<EventsRead>> {
  if (limit === 0) {
    const page = await w.store.readEvents(w.id, Number.MAX_SAFE_INTEGER, 0);
    const there = stillThere(after, page);
    return there.ok ? ok({ events: [], position: after ?? page.last }) : there;
  }
  const followed = await w.events.follow(filter, after);
  if (!followed.ok) return followed;
  const stream = followed.value;
  const { position: from } = stream;
  try {
    const taken = await stream.take(Math.max(1, waitMs));
    if (taken === 'gone') {
      const page = await w.store.readEvents(w.id, Number.MAX_SAFE_INTEGER, 0);
      return must<never>(stillThere(stream.position, page) as Result<never>);
    }
    if (taken.events.length <= limit) return ok({ events: taken.events, position: taken.position });
    const events = taken.events.slice(0, limit);
    const position = events.findLast((e) => e.position !== undefined)?.position ?? after ?? from;
    return ok({ events, position });
  } finally {
    stream.close();
  }
}

/** How what passes is now: for whoever begins to follow, who cannot have seen it come. */
export function passingNow(w: Workspace, filter: EventFilter): WorkspaceEvent[] {
  const pending = [...w.propagation.pending()].map(([id, n]) => propagationEvent(id, n));
  const of = filter.changeSet === undefined ? {} : { changeSet: filter.changeSet };
  const runs = w.calls.live
    .matching({ ...of, limit: limits.pageRowsMax })
    .filter((r) => !isEnded(r.status))
    .slice(0, limits.pageRowsMax)
    .map(runEvent);
  return [...pending, ...runs].filter((e) => passes(filter, e));
}
