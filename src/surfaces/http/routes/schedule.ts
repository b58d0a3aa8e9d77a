// When change sets are applied: freeze windows of a workspace, and applies at a time. Times on the wire are milliseconds since
// 1970-01-01 UTC where the server says them, and also ISO 8601 with a zone where a client does.

import { Type } from 'typebox';
import type { Json } from '../../../base/json.ts';
import { shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const inWorkspace = '/v1/w/{workspace_id}';

const windowMembers = {
  timeZone: Type.Optional(Type.String({ description: 'Such as Europe/Zurich. Default UTC.' })),
  reason: Type.Optional(Type.String()),
  from: Type.Optional(Type.String({ description: 'Once: a local time such as 2026-12-20T18:00.' })),
  to: Type.Optional(Type.String()),
  days: Type.Optional(Type.Array(Type.String(), { description: 'Every week: sun, mon, tue, wed, thu, fri, sat.' })),
  at: Type.Optional(Type.String({ description: 'A time of day such as 16:30.' })),
  hours: Type.Optional(Type.Number({ description: 'How long it lasts, at most 168.' })),
};

const freezeWindow = shape('FreezeWindow', {
  name: Type.String(),
  ...windowMembers,
  endsAtMs: Type.Optional(Type.Integer({ description: 'Only while it is in force.' })),
});

const scheduledApply = shape('ScheduledApply', {
  id: Type.String(),
  changeSet: Type.String(),
  name: Type.String(),
  atMs: Type.Integer(),
  by: Type.String(),
  askedAtMs: Type.Integer(),
  status: Type.String({ description: 'waiting, applied, refused or cancelled.' }),
  endedAtMs: Type.Optional(Type.Integer()),
  headVersion: Type.Optional(Type.Integer()),
  refusal: Type.Optional(Type.Object({ code: Type.String(), expected: Type.String(), got: Type.String() })),
});

export const scheduleRoutes: readonly Route[] = [
  route({
    id: 'FreezeWindows.listFreezeWindows',
    method: 'GET',
    path: `${inWorkspace}/freeze-windows`,
    summary: 'Times in which nothing is applied.',
    answers: { 200: shape('ListFreezeWindowsResponse', { windows: Type.Array(freezeWindow) }) },
    handle: async ({ operation }) => ({ windows: await operation('freeze.list') }),
  }),
  route({
    id: 'FreezeWindows.setFreezeWindow',
    method: 'PUT',
    path: `${inWorkspace}/freeze-windows/{name}`,
    summary: 'Sets a freeze window, once (from, to) or every week (days, at, hours); for owners.',
    body: shape('SetFreezeWindowRequest', windowMembers),
    answers: { 200: freezeWindow },
    handle: ({ params, body, operation }) =>
      operation('freeze.set', { window: { ...body, name: params['name']! } as Json }),
  }),
  route({
    id: 'FreezeWindows.removeFreezeWindow',
    method: 'DELETE',
    path: `${inWorkspace}/freeze-windows/{name}`,
    summary: 'Removes a freeze window; for owners.',
    answers: { 200: shape('RemoveFreezeWindowResponse', { removed: Type.String() }) },
    handle: ({ params, operation }) => operation('freeze.remove', { name: params['name']! }),
  }),
  route({
    id: 'ScheduledApplies.scheduleApply',
    method: 'POST',
    path: `${inChangeSet}/schedule`,
    summary: 'Has a change set applied at a time, as it is now.',
    description: 'At its time it is refused where it changes or does something else by then, and wherever an apply is.',
    body: shape('ScheduleApplyRequest', {
      at: Type.Union([Type.Integer(), Type.String()], { description: 'Milliseconds, or ISO 8601 with a zone.' }),
    }),
    versioned: 'if-match',
    answers: { 200: scheduledApply },
    handle: ({ params, body, operation }) =>
      operation('apply.schedule', { changeSet: params['change_set_id']!, at: body.at }),
  }),
  route({
    id: 'ScheduledApplies.listScheduledApplies',
    method: 'GET',
    path: `${inWorkspace}/scheduled-applies`,
    summary: 'Applies that wait for their time, and what became of the last ones.',
    answers: { 200: shape('ListScheduledAppliesResponse', { applies: Type.Array(scheduledApply) }) },
    handle: async ({ operation }) => ({ applies: await operation('apply.scheduled') }),
  }),
  route({
    id: 'ScheduledApplies.cancelScheduledApply',
    method: 'DELETE',
    path: `${inWorkspace}/scheduled-applies/{id}`,
    summary: 'Cancels an apply that waits for its time.',
    answers: { 200: scheduledApply },
    handle: ({ params, operation }) => operation('apply.unschedule', { id: params['id']! }),
  }),
];
