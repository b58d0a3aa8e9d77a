// More operations on change sets, by name, with plain JSON in and out: what is done to one beside editing and reviewing it,
// and the actions that come from it.

import { isAlone } from '../access/approval.ts';
import { must, ok } from '../base/result.ts';
import { applyChangeSet, makePlan } from './apply.ts';
import { applyOutcome } from './apply_receipt.ts';
import { requestApproval } from './approvals.ts';
import { abandonAll, renameChangeSet, resolveChangeSet } from './change_set.ts';
import { actionsOf, addAction, mergeStatusOf, steerInChangeSet } from './change_set_actions.ts';
import { listEdits } from './made_edits.ts';
import { readMembers } from './members.ts';
import { changeSetOf, type Handler, integer, inWorkspace, type Params, text, textList, wrong } from './operation.ts';
import { pick } from './pick.ts';
import { readReceipt } from './receipt.ts';
import { redo, undo } from './undo.ts';

export const changeSetOperations = {
  /** Every edit, oldest first, with what it is called by and whether it stands. */
  'change_set.edits': (c, p) => inWorkspace(c, p, async (w) => listEdits(w, await changeSetOf(w, p))),
  /** `edits` (default: the caller's last one); `withNeeding`: with those that need them; `ofAnyone`: the last one of anybody. */
  'change_set.undo': (c, p) =>
    inWorkspace(c, p, async (w) =>
      undo(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        ...(p['edits'] === undefined ? {} : { edits: textList(p, 'edits') }),
        ...(p['withNeeding'] === true ? { withNeeding: true } : {}),
        ...whose(p),
      }),
    ),
  /** What an `undo` (its version; default: the caller's last one) took out is put back. */
  'change_set.redo': (c, p) =>
    inWorkspace(c, p, async (w) =>
      redo(w, c.principal, {
        changeSet: await changeSetOf(w, p),
        ...(p['undo'] === undefined ? {} : { undo: integer(p, 'undo') }),
        ...whose(p),
      }),
    ),
  /** Makes `edits` of a change set in another one (`into`), too. */
  'change_set.pick': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const from = await changeSetOf(w, p);
      const into = must(await resolveChangeSet(w, text(p, 'into')));
      return pick(w, c.principal, { from, into, edits: textList(p, 'edits'), ...keyOf(p) });
    }),
  /** With `applyWhenAlone`, where nobody else could approve anything it is applied at once, after at most `waitMs`. */
  'change_set.request_approval': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const changeSet = await changeSetOf(w, p);
      if (p['applyWhenAlone'] !== true || !isAlone(await readMembers(w)))
        return requestApproval(w, c.principal, changeSet);
      return applyChangeSet(w, c.principal, { changeSet, waitMs: integer(p, 'waitMs', 0) });
    }),
  /** What became of an apply whose answer was not seen. */
  'change_set.outcome': (c, p) => inWorkspace(c, p, async (w) => applyOutcome(w, await changeSetOf(w, p))),
  /** Every line of the receipt, `inForce` telling those that still say what is so. */
  'change_set.receipt': (c, p) => inWorkspace(c, p, async (w) => readReceipt(w, await changeSetOf(w, p))),
  /** What its apply would do, as a document that `change_set.apply` takes as `plan`. */
  'change_set.plan': (c, p) =>
    inWorkspace(c, p, async (w) => makePlan(w, await changeSetOf(w, p), integer(p, 'waitMs', 0))),
  /** An apply without the approvals that are missing. */
  'change_set.force_apply': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const changeSet = await changeSetOf(w, p);
      const how = {
        force: true,
        waitMs: integer(p, 'waitMs', 0),
        leaveQueued: p['leaveQueued'] === true,
        ...(p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') }),
      };
      return applyChangeSet(w, c.principal, { changeSet, ...how, ...keyOf(p) });
    }),
  'change_set.rename': (c, p) =>
    inWorkspace(c, p, async (w) => renameChangeSet(w, c.principal, await changeSetOf(w, p), text(p, 'name'))),
  /** Abandons all that are neither applied nor abandoned. */
  'change_set.purge': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const done = await abandonAll(w, c.principal);
      return done.ok ? ok({ abandoned: done.value.map((r) => r.id) }) : done;
    }),
  /** The change set, and those of its actions that have not ended. */
  'change_set.merge_status': (c, p) => inWorkspace(c, p, async (w) => mergeStatusOf(w, await changeSetOf(w, p))),
  /** Those of Head that have not ended, and those that the change set plans. */
  'change_set.actions': (c, p) =>
    inWorkspace(c, p, async (w) => {
      const actions = await actionsOf(w, await changeSetOf(w, p));
      return actions.ok ? ok({ actions: actions.value }) : actions;
    }),
  /** `event`: hold, release, cancel or retry. */
  'change_set.steer_action': (c, p) =>
    inWorkspace(c, p, 'edit', async (w) => {
      const event = text(p, 'event');
      if (event !== 'hold' && event !== 'release' && event !== 'cancel' && event !== 'retry')
        return wrong('event', 'hold, release, cancel or retry', event);
      return steerInChangeSet(w, c.principal, await changeSetOf(w, p), { action: text(p, 'action'), event });
    }),
  /** By the name of its `function`, or what binds it (`prototype`). */
  'change_set.add_action': (c, p) =>
    inWorkspace(c, p, 'edit', async (w) => {
      const action =
        p['prototype'] === undefined ? { function: text(p, 'function') } : { prototype: text(p, 'prototype') };
      return addAction(w, c.principal, await changeSetOf(w, p), { component: text(p, 'component'), action });
    }),
} satisfies Record<string, Handler>;

function keyOf(p: Params): { idempotencyKey?: string } {
  return p['idempotencyKey'] === undefined ? {} : { idempotencyKey: text(p, 'idempotencyKey') };
}

function whose(p: Params): { ofAnyone?: true; ifVersion?: number; idempotencyKey?: string } {
  return {
    ...(p['ofAnyone'] === true ? { ofAnyone: true } : {}),
    ...(p['ifVersion'] === undefined ? {} : { ifVersion: integer(p, 'ifVersion') }),
    ...keyOf(p),
  };
}
