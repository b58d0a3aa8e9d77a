// Runs of functions: listed, looked at, followed, ended; their numbers, and those of the memo and of what waits. They are the
// workspace's, whichever change set they were made in, so that a path names none.

import { Type } from 'typebox';
import type { Page } from '../../../engine/component.ts';
import type { RunLog } from '../../../engine/runs.ts';
import { runStatuses } from '../../../model/run.ts';
import { lastIdOf, logLines, streamed } from '../event_stream.ts';
import { maybe, shape } from '../model.ts';
import { type Route, route } from '../route.ts';

const inRuns = '/v1/w/{workspace_id}/runs';

const runShape = shape('Run', {
  id: Type.String(),
  changeSet: Type.String(),
  component: Type.String(),
  function: Type.String(),
  functionName: Type.String(),
  kind: Type.String(),
  status: Type.String({ description: runStatuses.join(', ') }),
  tier: Type.String(),
  actor: Type.String(),
  queuedAtMs: Type.Integer(),
  startedAtMs: maybe(Type.Integer()),
  endedAtMs: maybe(Type.Integer()),
  failure: maybe(Type.Object({ code: Type.String(), message: Type.String() })),
});

export const runRoutes: readonly Route[] = [
  route({
    id: 'Runs.listRuns',
    method: 'GET',
    path: inRuns,
    summary: 'Runs, newest first.',
    query: shape('ListRunsQuery', {
      changeSet: Type.Optional(Type.String()),
      component: Type.Optional(Type.String()),
      function: Type.Optional(Type.String()),
      status: Type.Optional(Type.String({ description: 'One or several, with commas between.' })),
      cursor: Type.Optional(Type.String()),
      limit: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
    answers: { 200: shape('ListRunsResponse', { runs: Type.Array(runShape), nextCursor: maybe(Type.String()) }) },
    handle: async ({ query, operation }) => {
      const { items, nextCursor } = await operation<Page<object>>('run.list', query);
      return { runs: items, nextCursor };
    },
  }),
  route({
    id: 'Runs.getStatistics',
    method: 'GET',
    path: `${inRuns}/statistics`,
    summary: 'Numbers of runs, of the memo of results, and of what waits.',
    answers: {
      200: shape('RunStatistics', {
        underWay: Type.Integer(),
        ran: Type.Integer(),
        recalled: Type.Integer(),
        remembered: Type.Integer(),
        backlog: Type.Integer({ description: 'Values that are not settled.' }),
        runners: Type.Array(Type.Object({ tier: Type.String(), cpus: Type.Number(), memoryBytes: Type.Number() })),
      }),
    },
    handle: ({ operation }) => operation('run.statistics'),
  }),
  route({
    id: 'Runs.getRun',
    method: 'GET',
    path: `${inRuns}/{run_id}`,
    summary: 'One run.',
    answers: { 200: runShape },
    handle: ({ params, operation }) => operation('run.get', { run: params['run_id'] }),
  }),
  route({
    id: 'Runs.getLogs',
    method: 'GET',
    path: `${inRuns}/{run_id}/logs`,
    summary: 'Lines of the log behind `after`; where there are none yet, waits at most `waitMs` for some.',
    query: shape('GetLogsQuery', {
      after: Type.Optional(
        Type.Integer({ minimum: 0, description: 'A sequence number; 0, the default: from the first.' }),
      ),
      limit: Type.Optional(Type.Integer({ minimum: 1 })),
      waitMs: Type.Optional(Type.Integer({ minimum: 0 })),
      follow: Type.Optional(
        Type.Boolean({ description: 'Server-sent events until the run has ended; goes on behind Last-Event-ID.' }),
      ),
    }),
    answers: {
      200: shape('RunLog', {
        run: Type.String(),
        status: Type.String(),
        lines: Type.Array(
          Type.Object({ seq: Type.Integer(), atMs: Type.Integer(), stream: Type.String(), text: Type.String() }),
        ),
        after: Type.Integer({ description: 'Pass it on for what comes next.' }),
        complete: Type.Boolean({ description: 'The run has ended, and these lines are the last.' }),
      }),
    },
    handle: async (call) => {
      const { follow, ...asked } = call.query;
      const last = follow === true ? lastIdOf(call) : undefined;
      const from = last === undefined ? asked : { ...asked, after: last };
      const log = await call.operation<RunLog>('run.log', { ...from, run: call.params['run_id'] });
      return follow === true ? streamed(call, logLines(call, log)) : log;
    },
  }),
  route({
    id: 'Runs.killRun',
    method: 'POST',
    path: `${inRuns}/{run_id}/kill`,
    summary: 'Ends a run.',
    answers: { 200: runShape },
    handle: ({ params, operation }) => operation('run.kill', { run: params['run_id'] }),
  }),
  route({
    id: 'Runs.pruneRuns',
    method: 'POST',
    path: `${inRuns}/prune`,
    summary: 'Takes ended runs away that are neither newer than `newerThanMs` nor among the newest `count`.',
    body: shape('PruneRunsRequest', {
      newerThanMs: Type.Optional(Type.Integer({ minimum: 0 })),
      count: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    answers: { 200: shape('PruneRunsResponse', { pruned: Type.Integer() }) },
    handle: ({ body, operation }) => operation('run.prune', body),
  }),
  route({
    id: 'Runs.clearMemo',
    method: 'DELETE',
    path: '/v1/w/{workspace_id}/memo',
    summary: 'Forgets every remembered result.',
    answers: { 200: shape('ClearMemoResponse', { removed: Type.Integer() }) },
    handle: ({ operation }) => operation('memo.clear'),
  }),
];
