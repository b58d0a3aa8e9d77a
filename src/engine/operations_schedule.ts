// When change sets are applied, as operations by name with plain JSON in and out: freeze windows, and applies at a time. Times are
// read here, whatever form they come in.

import { ok } from '../base/result.ts';
import { listFreezes, mustTime, removeFreeze, setFreeze } from './freeze.ts';
import { changeSetOf, type Handler, inWorkspace, text } from './operation.ts';
import { cancelScheduled, listScheduled, scheduleApply } from './scheduled_apply.ts';

export const scheduleOperations = {
  /** Each window, with `endsAtMs` where it is in force. */
  'freeze.list': (c, p) => inWorkspace(c, p, async (w) => ok(await listFreezes(w))),
  /** `window`: `name`, `timeZone` (default UTC), optional `reason`, and `from` and `to`, or `days`, `at` and `hours`. */
  'freeze.set': (c, p) => inWorkspace(c, p, (w) => setFreeze(w, c.principal, p['window'])),
  'freeze.remove': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const done = await removeFreeze(w, c.principal, text(p, 'name'));
      return done.ok ? ok({ removed: text(p, 'name') }) : done;
    }),
  /** `at`: milliseconds since 1970, or ISO 8601 with a zone. */
  'apply.schedule': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const atMs = mustTime('at', p['at']);
      return scheduleApply(w, c.principal, { changeSet: await changeSetOf(w, p), atMs });
    }),
  /** Waiting ones, and what became of the last that ended. */
  'apply.scheduled': (c, p) => inWorkspace(c, p, async (w) => ok(await listScheduled(w))),
  'apply.unschedule': (c, p) => inWorkspace(c, p, (w) => cancelScheduled(w, c.principal, text(p, 'id'))),
} satisfies Record<string, Handler>;
