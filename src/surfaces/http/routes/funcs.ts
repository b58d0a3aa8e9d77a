// Functions: looked at, checked, tried, changed, and what a run of one was. They are bound to schemas by variant_functions.ts;
// checking and trying change nothing, so that they are open to Head too.

import { Type } from 'typebox';
import type { Page } from '../../../engine/component.ts';
import type { FunctionLine, FunctionView } from '../../../engine/functions.ts';
import type { SubmitReply } from '../../../engine/submit.ts';
import { anyJson, maybe, shape, success } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';
import { funcRunShape, funcRunView } from './func_run_view.ts';
import { diagnosticShape } from './schemas.ts';
import { functionKindNames } from './variant_view.ts';

const inFuncs = `${inChangeSet}/funcs`;
const oneFunc = `${inFuncs}/{func_id}`;

const argumentList = Type.Optional(
  Type.Array(Type.Object({ name: Type.String(), path: Type.Optional(Type.String()), value: Type.Optional(anyJson) })),
);
const checked = {
  function: Type.Optional(Type.String({ description: 'By id or name; else `kind` says what the code is.' })),
  code: Type.Optional(Type.String({ description: 'In place of what is saved.' })),
  kind: Type.Optional(Type.String()),
  schema: Type.Optional(Type.String({ description: 'Whose types count; default: the one that it is bound to.' })),
  arguments: argumentList,
};

export const funcRoutes: readonly Route[] = [
  route({
    id: 'Funcs.listFuncs',
    method: 'GET',
    path: inFuncs,
    summary: 'The functions of a change set, by name.',
    query: shape('ListFuncsQuery', {
      kind: Type.Optional(Type.String()),
      cursor: Type.Optional(Type.String()),
      limit: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
    versioned: true,
    answers: {
      200: shape('ListFuncsResponse', {
        funcs: Type.Array(
          shape('FuncLine', {
            id: Type.String(),
            name: Type.String(),
            kind: Type.String(),
            isLocked: Type.Boolean(),
            schemas: Type.Array(Type.String()),
          }),
        ),
        nextCursor: maybe(Type.String()),
      }),
    },
    handle: async ({ params, query, operation }) => {
      const page = await operation<Page<FunctionLine>>('function.list', {
        ...query,
        changeSet: params['change_set_id'],
      });
      const funcs = page.items.map(({ id, name, kind, locked, schemas }) => ({
        id,
        name,
        kind: functionKindNames[kind],
        isLocked: locked,
        schemas,
      }));
      return { funcs, nextCursor: page.nextCursor };
    },
  }),
  route({
    id: 'Funcs.createTransformation',
    method: 'POST',
    path: `${inFuncs}/transformation`,
    summary: 'Makes a transformation function, through which values can be followed.',
    body: shape('CreateTransformationFuncV1Request', {
      name: Type.String(),
      code: Type.String(),
      displayName: maybe(Type.String()),
      description: maybe(Type.String()),
    }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: shape('CreateTransformationFuncV1Response', { funcId: Type.String() }) },
    handle: async ({ body, edit }) => {
      const { name, code: text, displayName, description } = body;
      const create = {
        kind: 'function.create',
        name,
        functionKind: 'transformation',
        text,
        ...(typeof displayName === 'string' ? { displayName } : {}),
        ...(typeof description === 'string' ? { description } : {}),
      };
      const done = await edit<SubmitReply>('submit', { mutations: [create] });
      return { funcId: done.steps[0]!.subject };
    },
  }),
  route({
    id: 'Funcs.checkFunc',
    method: 'POST',
    path: `${inFuncs}/check`,
    summary: 'What is wrong with a function or a text, types included; changes nothing.',
    body: shape('CheckFuncRequest', checked),
    repeats: 'none',
    answers: {
      200: shape('CheckFuncResponse', {
        ok: Type.Boolean(),
        diagnostics: Type.Array(diagnosticShape),
        tier: maybe(Type.String({ description: 'Where it would run: isolate or process.' })),
        effects: Type.Array(Type.String()),
      }),
    },
    handle: ({ params, body: { code, ...body }, operation }) =>
      operation('function.check', { ...(body as object), changeSet: params['change_set_id'], text: code }),
  }),
  route({
    id: 'Funcs.testFunc',
    method: 'POST',
    path: `${inFuncs}/test`,
    summary: 'Runs a function or a text on a component, or on an input, without changing anything.',
    body: shape('TestFuncRequest', {
      function: Type.Optional(Type.String()),
      code: Type.Optional(Type.String()),
      kind: Type.Optional(Type.String()),
      component: Type.Optional(Type.String()),
      path: Type.Optional(Type.String({ description: 'Of a transformation: the value that it is given.' })),
      arguments: argumentList,
      input: Type.Optional(anyJson),
      waitMs: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    answers: {
      200: shape('TestFuncResponse', {
        run: Type.String(),
        status: Type.String(),
        input: anyJson,
        outcome: Type.Optional(anyJson),
        log: Type.Array(anyJson),
        logCut: Type.Boolean(),
      }),
    },
    handle: ({ params, body: { code, ...body }, operation }) =>
      operation('function.test', { ...(body as object), changeSet: params['change_set_id'], text: code }),
  }),
  route({
    id: 'Funcs.getFuncRun',
    method: 'GET',
    path: `${inFuncs}/runs/{func_run_id}`,
    summary: 'A run with its log and what it was for.',
    answers: { 200: shape('GetFuncRunV1Response', { funcRun: funcRunShape }) },
    handle: async ({ params, operation }) => ({
      funcRun: funcRunView(
        await operation('run.view', { changeSet: params['change_set_id'], run: params['func_run_id'] }),
      ),
    }),
  }),
  route({
    id: 'Funcs.getFunc',
    method: 'GET',
    path: oneFunc,
    summary: 'A function with its text.',
    versioned: true,
    answers: {
      200: shape('GetFuncV1Response', {
        code: Type.String(),
        name: Type.String(),
        description: maybe(Type.String()),
        displayName: maybe(Type.String()),
        kind: Type.String(),
        isLocked: Type.Boolean(),
        link: maybe(Type.String()),
      }),
    },
    handle: async ({ params, operation }) => {
      const fn = await operation<FunctionView>('function.get', {
        changeSet: params['change_set_id'],
        function: params['func_id'],
      });
      return {
        funcId: fn.id,
        code: fn.text,
        name: fn.name,
        description: fn.description,
        displayName: fn.displayName,
        kind: functionKindNames[fn.kind],
        isLocked: fn.locked,
        link: null,
        bound: fn.bound,
      };
    },
  }),
  route({
    id: 'Funcs.updateFunc',
    method: 'PUT',
    path: oneFunc,
    summary: 'Gives a function another text, and where they are given another name and description.',
    body: shape('UpdateFuncV1Request', {
      code: Type.String(),
      displayName: maybe(Type.String()),
      description: maybe(Type.String()),
    }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: success('UpdateFuncV1Response') },
    handle: async ({ params, body, edit }) => {
      const fn = params['func_id'] ?? '';
      const { code: text, displayName, description } = body;
      const said = {
        ...(typeof displayName === 'string' ? { displayName } : {}),
        ...(typeof description === 'string' ? { description } : {}),
      };
      const mutations = [
        { kind: 'function.edit_text', function: fn, text },
        ...(Object.keys(said).length === 0 ? [] : [{ kind: 'function.set_metadata', function: fn, ...said }]),
      ];
      await edit('submit', { mutations });
      return { success: true };
    },
  }),
  route({
    id: 'Funcs.unlockFunc',
    method: 'POST',
    path: `${oneFunc}/unlock`,
    summary: 'What can be edited in the place of a function on an unlocked variant.',
    body: shape('UnlockFuncV1Request', { schemaVariantId: Type.String() }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: shape('UnlockFuncV1Response', { unlockedFuncId: Type.String() }) },
    handle: async ({ params, body, edit }) => {
      const done = await edit<{ function: string; version: number }>('function.unlock', {
        function: params['func_id'],
        variant: body.schemaVariantId,
      });
      return { unlockedFuncId: done.function };
    },
  }),
  route({
    id: 'Funcs.getFuncTypes',
    method: 'GET',
    path: `${oneFunc}/types`,
    summary: 'Types for an editor of the function, as a .d.ts.',
    query: shape('GetFuncTypesQuery', { schema: Type.Optional(Type.String()) }),
    answers: {
      200: shape('GetTypesResponse', { kind: Type.String(), schema: maybe(Type.String()), text: Type.String() }),
    },
    handle: ({ params, query, operation }) =>
      operation('function.declarations', {
        changeSet: params['change_set_id'],
        function: params['func_id'],
        schema: query.schema,
      }),
  }),
];
