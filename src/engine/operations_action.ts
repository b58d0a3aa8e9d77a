// The operations on actions, by name, with plain JSON in and out: what is queued and what has ended, steering it, carrying it
// out. A handler checks the form of its parameters and hands on.

import { limits } from '../base/limits.ts';
import { must, ok } from '../base/result.ts';
import { actionStatuses } from '../model/action.ts';
import { resolveComponent } from '../model/lookup.ts';
import { keptActions, pruneActionsTo } from './action_retention.ts';
import { findAction, listActions, requestAction, type Steering, signalAction, steerAction } from './actions.ts';
import { resolveChangeSet } from './change_set.ts';
import {
  type Call,
  type Handler,
  integer,
  inWorkspace,
  listed,
  type Params,
  stateOf,
  text,
  wrong,
} from './operation.ts';
import { plannedLines, unreviewedOf } from './planning.ts';
import { actionsInQueue, actionsSeen } from './waits_for_pool.ts';
import type { Workspace } from './workspace.ts';

const steer =
  (event: Steering): Handler =>
  (c, p) =>
    inWorkspace(c, p, (w) => steerAction(w, c.principal, text(p, 'action'), event));

export const actionOperations = {
  /** Of Head; with `changeSet` those that its apply asked for. `waitsForPool`: a runner of it is all that an action waits for. */
  'action.list': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const page = await listActions(w, await query(w, p));
      return ok({ ...page, items: await actionsSeen(w, page.items) });
    }),
  /** What Head asks for and nobody has reviewed: it waits for a change set. */
  'action.pending': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const head = await w.head();
      await w.actions.ready();
      const { actions } = await w.read(() => plannedLines(head.snapshot, unreviewedOf(w, head)));
      return ok({ actions });
    }),
  'action.get': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const found = await findAction(w, text(p, 'action'));
      return found.ok ? ok((await actionsSeen(w, [found.value]))[0]!) : found;
    }),
  'action.hold': steer('hold'),
  'action.release': steer('release'),
  'action.cancel': steer('cancel'),
  'action.retry': steer('retry'),
  /** `name`, and any JSON as `payload`: for an action whose function waits for it. */
  'action.signal': (c, p) =>
    inWorkspace(c, p, (w) =>
      signalAction(w, c.principal, text(p, 'action'), { name: text(p, 'name'), payload: p['payload'] ?? null }),
    ),
  /** `kind`: refresh (the default) or manual, then with the function's `name`. */
  'action.request': request,
  /**
   * Ended ones that an apply asked for stay when they are newer than `newerThanMs` and among the newest `count`, the others when
   * they are newer than `otherNewerThanMs` and among the newest `otherCount`; the newest of a component always does.
   */
  'action.prune': (c, p) =>
    inWorkspace(c, p, (w) =>
      pruneActionsTo(w, c.principal, {
        applied: {
          newerThanMs: integer(p, 'newerThanMs', keptActions.applied.newerThanMs),
          count: integer(p, 'count', keptActions.applied.count),
        },
        others: {
          newerThanMs: integer(p, 'otherNewerThanMs', keptActions.others.newerThanMs),
          count: integer(p, 'otherCount', keptActions.others.count),
        },
      }),
    ),
  /** Takes up what is queued and waits at most `waitMs` until nothing more can be done. */
  'action.run': (c, p) =>
    inWorkspace(c, p, 'apply', async (w) => {
      await w.acting.wake();
      const isQuiet = await w.acting.quiet(Math.min(integer(p, 'waitMs', 0), limits.actionWaitMsMax));
      return ok({ quiet: isQuiet, open: actionsInQueue(w, w.actions.all()) });
    }),
} satisfies Record<string, Handler>;

async function query(w: Workspace, p: Params) {
  const limit = p['limit'] === undefined ? {} : { limit: integer(p, 'limit') };
  const cursor = p['cursor'] === undefined ? {} : { cursor: text(p, 'cursor') };
  const wanted = listed(p, 'status', actionStatuses);
  const statuses = wanted === undefined ? {} : { statuses: wanted };
  const origin = p['changeSet'] === undefined ? {} : { origin: must(await resolveChangeSet(w, text(p, 'changeSet'))) };
  const component = p['component'] === undefined ? {} : { component: await componentOf(w, p) };
  return { ...limit, ...cursor, ...statuses, ...origin, ...component };
}

async function componentOf(w: Workspace, p: Params) {
  const { snapshot } = await stateOf(w, 'HEAD', undefined);
  return must(await w.read(() => resolveComponent(snapshot, text(p, 'component'))));
}

function request(c: Call, p: Params) {
  return inWorkspace(c, p, async (w) => {
    const kind = text(p, 'kind', 'refresh');
    if (kind !== 'refresh' && kind !== 'manual') return wrong('kind', 'refresh or manual', kind);
    const name = kind === 'manual' ? text(p, 'name') : '';
    return requestAction(w, c.principal, { component: await componentOf(w, p), kind, name });
  });
}
