// Functions that are started and asked about later: debug functions, and what became of management functions. The id that is
// answered is a ticket of the engine, which outlives the request and the engine.

import { Type } from 'typebox';
import type { Started } from '../../../engine/start_function.ts';
import type { TicketView } from '../../../engine/tickets.ts';
import { anyJson, maybe, shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const states = 'pending, executing, operating, success, failure';

export const startedRoutes: readonly Route[] = [
  route({
    id: 'DebugFuncs.execDebugFunc',
    method: 'POST',
    path: `${inChangeSet}/debug-funcs`,
    summary: 'Runs a text on a component; answers at once, its state says how it goes.',
    description: 'The function `handler` of the text gets {component, debugInput}. It changes nothing in the model.',
    body: shape('ExecDebugFuncV1Request', {
      componentId: Type.String(),
      code: Type.String(),
      handler: Type.String(),
      name: Type.String(),
      debugInput: Type.Optional(anyJson),
    }),
    answers: { 200: shape('ExecDebugFuncV1Response', { debugFuncJobStateId: Type.String() }) },
    handle: async ({ params, body, operation }) => {
      const { ticket } = await operation<Started>('debug.start', {
        changeSet: params['change_set_id'],
        name: body.name,
        text: body.code,
        handler: body.handler,
        component: body.componentId,
        input: body.debugInput as never,
      });
      return { debugFuncJobStateId: ticket };
    },
  }),
  route({
    id: 'DebugFuncs.getDebugFuncState',
    method: 'GET',
    path: `${inChangeSet}/debug-funcs/{debug_func_job_state_id}`,
    summary: `How a debug function goes: ${states}.`,
    answers: {
      200: shape('GetDebugFuncJobStateV1Response', {
        id: Type.String(),
        state: Type.String(),
        funcRunId: maybe(Type.String()),
        result: Type.Optional(anyJson),
        failure: maybe(Type.String()),
      }),
    },
    handle: async ({ params, operation }) => {
      const { id, state, run, result, failure } = await operation<TicketView>('debug.state', {
        changeSet: params['change_set_id'],
        ticket: params['debug_func_job_state_id'],
      });
      return { id, state, funcRunId: run, result, failure };
    },
  }),
  route({
    id: 'ManagementFuncs.getManagementFuncRunState',
    method: 'GET',
    path: `${inChangeSet}/management-funcs/{management_func_job_state_id}`,
    summary: `How a management function goes: ${states}.`,
    answers: {
      200: shape('GetManagementFuncJobStateV1Response', {
        state: Type.String(),
        funcRunId: maybe(Type.String()),
        failure: maybe(Type.String()),
      }),
    },
    handle: async ({ params, operation }) => {
      const { state, run, failure } = await operation<TicketView>('management.state', {
        changeSet: params['change_set_id'],
        ticket: params['management_func_job_state_id'],
      });
      return { state, funcRunId: run, failure };
    },
  }),
];
