// Components in numbers: the list with its parts, searches, one looked up by name; and what is known of a resource. A list
// costs what its page does; a search that names no schema looks at every component.

import { Type } from 'typebox';
import { must, refuse } from '../../../base/result.ts';
import type { ComponentLine } from '../../../engine/component.ts';
import type { ResourceView } from '../../../engine/component_detail.ts';
import type { ListedComponent, ListPart } from '../../../engine/component_list.ts';
import type { LeftOut } from '../../../engine/readable.ts';
import { anyJson, leftOutByPolicy, maybe, shape } from '../model.ts';
import { Answer, inChangeSet, type Route, route } from '../route.ts';
import { etagOf } from '../versions.ts';
import { exactlyOne } from './component_input.ts';
import { describe, getComponentResponse, wholeOf } from './component_view.ts';
import { oneComponent } from './components.ts';

const executionStatus = shape('FunctionExecutionStatusV1', {
  state: Type.String(),
  hasActiveRun: Type.Boolean(),
  actionId: maybe(Type.String()),
  funcRunId: maybe(Type.String()),
});
const functionHere = shape('FunctionRelationshipV1', {
  functionName: Type.String(),
  dependsOn: Type.Optional(Type.Array(Type.String())),
  executionStatus: Type.Optional(Type.Union([executionStatus, Type.Null()])),
  executionHistory: Type.Optional(
    Type.Array(
      shape('ExecutionHistoryEntry', { funcRunId: Type.String(), startedAt: Type.String(), state: Type.String() }),
    ),
  ),
});
const functionsHere = Type.Optional(Type.Array(functionHere));

const details = shape('ComponentDetailsV1', {
  componentId: Type.String(),
  name: Type.String(),
  schemaName: Type.String(),
  toDelete: Type.Boolean(),
  codegen: Type.Optional(anyJson),
  subscriptions: Type.Optional(
    Type.Array(
      shape('SubscriptionRelationshipV1', {
        fromPath: Type.String({ description: 'The value that follows.' }),
        toComponentId: Type.String(),
        toComponentName: Type.String(),
        toPath: Type.String({ description: 'The value that is followed.' }),
        currentValue: Type.Optional(anyJson),
      }),
    ),
  ),
  manages: Type.Optional(
    Type.Array(shape('ManagementRelationshipV1', { toComponentId: Type.String(), toComponentName: Type.String() })),
  ),
  actionFunctions: functionsHere,
  managementFunctions: functionsHere,
  qualificationFunctions: functionsHere,
  hasResource: maybe(Type.Boolean()),
  resourceId: maybe(Type.String()),
  resourceStatus: maybe(Type.String()),
  hasDiff: maybe(Type.Boolean()),
  diffStatus: maybe(Type.String()),
});

const flag = Type.Optional(Type.Boolean());
const flags = {
  includeAll: flag,
  includeCodegen: flag,
  includeFunctions: flag,
  includeActionFunctions: flag,
  includeManagementFunctions: flag,
  includeQualificationFunctions: flag,
  includeSubscriptions: flag,
  includeManages: flag,
  includeResourceInfo: flag,
  includeDiffStatus: flag,
  includeExecutionHistory: flag,
};
type Flags = { readonly [name in keyof typeof flags]?: boolean };

const pageDefault = 50;
const pageMax = 300;

export const componentListRoutes: readonly Route[] = [
  route({
    id: 'Components.listComponents',
    method: 'GET',
    path: `${inChangeSet}/components`,
    summary: 'Components in order of id, with as much about each as is asked for.',
    query: Type.Object({
      limit: Type.Optional(Type.String({ description: 'A whole number up to 300; default 50.' })),
      cursor: Type.Optional(Type.String({ description: 'The last id of the page before.' })),
      version: Type.Optional(
        Type.Integer({
          minimum: 0,
          description: 'As it was at that version of the change set; default: the present one.',
        }),
      ),
      ...flags,
    }),
    versioned: true,
    answers: {
      200: shape('ListComponentsV1Response', {
        componentDetails: Type.Array(details),
        nextCursor: maybe(Type.String()),
        leftOutByPolicy,
      }),
    },
    handle: async ({ params, query, operation }) => {
      const { limit, cursor, version, ...asked } = query;
      const parts = partsOf(asked);
      const page = await operation<{ items: ListedComponent[]; nextCursor: string | null } & LeftOut>(
        'component.list',
        {
          changeSet: params['change_set_id'],
          limit: limitOf(limit),
          ...(cursor === undefined ? {} : { cursor }),
          ...(version === undefined ? {} : { version }),
          ...(parts.length === 0 ? {} : { include: parts.join(',') }),
        },
      );
      const { items, ...more } = page;
      const list = { componentDetails: items.map((item) => detailsOf(item, asked)), ...more };
      return version === undefined ? list : new Answer(200, list, { etag: etagOf(version) });
    },
  }),
  route({
    id: 'State.readState',
    method: 'GET',
    path: `${inChangeSet}/state`,
    summary:
      'A page of the state as a document of format headwater.state, version 1: components with values and resources.',
    query: Type.Object({
      limit: Type.Optional(Type.String({ description: 'A whole number up to 300; default 50.' })),
      cursor: Type.Optional(Type.String({ description: 'The last id of the page before.' })),
      version: Type.Optional(Type.Integer({ minimum: 0, description: 'The one that the first page tells.' })),
    }),
    versioned: true,
    answers: {
      200: shape('StatePage', {
        format: Type.String(),
        formatVersion: Type.Integer(),
        workspace: Type.String(),
        changeSet: shape('StatePageChangeSet', {
          id: Type.String(),
          name: Type.String(),
          version: Type.Integer(),
          intentRoot: Type.String(),
          realityRoot: Type.String(),
        }),
        components: Type.Array(
          shape('StateComponent', {
            id: Type.String(),
            name: Type.String(),
            schema: Type.String(),
            toDelete: Type.Boolean(),
            resourceId: Type.Union([Type.String(), Type.Null()]),
            dependsOn: Type.Array(Type.String()),
            value: anyJson,
            problems: Type.Array(anyJson),
          }),
        ),
        nextCursor: Type.Union([Type.String(), Type.Null()]),
        leftOutByPolicy,
      }),
    },
    handle: async ({ params, query, operation }) => {
      const { limit, ...page } = query;
      const state = await operation<{ changeSet: { version: number } }>('state.read', {
        ...page,
        changeSet: params['change_set_id'],
        limit: limitOf(limit),
      });
      return query.version === undefined ? state : new Answer(200, state, { etag: etagOf(query.version) });
    },
  }),
  route({
    id: 'Components.findComponent',
    method: 'GET',
    path: `${inChangeSet}/components/find`,
    summary: 'One component, by name or by id.',
    query: Type.Object({
      component: Type.Optional(Type.String({ description: 'Name or id.' })),
      componentId: Type.Optional(Type.String()),
    }),
    versioned: true,
    answers: { 200: getComponentResponse },
    handle: async (call) =>
      wholeOf(await describe(call, exactlyOne(call.query, ['component', 'componentId'], 'query'))),
  }),
  route({
    id: 'Components.searchComponents',
    method: 'POST',
    path: `${inChangeSet}/components/search`,
    summary: 'Ids of all components that match everything that is named.',
    body: shape('SearchComponentsV1Request', {
      queryString: maybe(Type.String({ description: 'In the search language, as of GET search.' })),
      schemaName: maybe(Type.String()),
      schemaCategory: maybe(Type.String()),
      upgradable: maybe(Type.Boolean()),
    }),
    repeats: 'none',
    answers: { 200: shape('SearchComponentsV1Response', { components: Type.Array(Type.String()), leftOutByPolicy }) },
    handle: async ({ params, body, operation }) => {
      const { queryString, schemaName, schemaCategory, upgradable } = body;
      const { items, ...more } = await operation<{ items: ComponentLine[] } & LeftOut>('component.match', {
        changeSet: params['change_set_id'],
        ...(typeof queryString === 'string' ? { query: queryString } : {}),
        ...(typeof schemaName === 'string' ? { schema: schemaName } : {}),
        ...(typeof schemaCategory === 'string' ? { category: schemaCategory } : {}),
        ...(typeof upgradable === 'boolean' ? { upgradable } : {}),
      });
      return { components: items.map((c) => c.id), ...more };
    },
  }),
  route({
    id: 'Search.search',
    method: 'GET',
    path: `${inChangeSet}/search`,
    summary: 'All components that match a search, such as `schema:AWS::EC2::Instance InstanceType:m8g.*`.',
    query: Type.Object({ q: Type.String() }),
    versioned: true,
    answers: {
      200: shape('SearchV1Response', {
        components: Type.Array(
          shape('ComponentSearchResult', {
            id: Type.String(),
            name: Type.String(),
            schema: shape('ComponentSearchResultSchema', { name: Type.String() }),
          }),
        ),
        leftOutByPolicy,
      }),
    },
    handle: async ({ params, query, operation }) => {
      const changeSet = params['change_set_id'];
      const asked = { changeSet, query: query.q };
      const { items, ...more } = await operation<{ items: ComponentLine[] } & LeftOut>('component.match', asked);
      return { components: items.map(({ id, name, schema }) => ({ id, name, schema: { name: schema } })), ...more };
    },
  }),
  route({
    id: 'Components.getComponentResource',
    method: 'GET',
    path: `${oneComponent}/resource`,
    summary: 'What is known of the resource of a component.',
    versioned: true,
    answers: {
      200: shape('GetComponentResourceDataV1Response', {
        last_synced: Type.String({ description: 'Empty when nobody has looked.' }),
        status: Type.String(),
        payload: Type.Optional(anyJson),
      }),
    },
    handle: async ({ params, operation }) => {
      const { record } = await operation<ResourceView>('component.resource', {
        changeSet: params['change_set_id'],
        component: params['component_id'],
      });
      const at = record?.syncedAtMs ?? null;
      return {
        last_synced: at === null ? '' : new Date(at).toISOString(),
        status: record === null ? 'Unknown' : capital(record.status),
        payload: record?.payload ?? null,
      };
    },
  }),
];

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function limitOf(given: string | undefined): number {
  if (given === undefined) return pageDefault;
  if (/^\d{1,9}$/.test(given) && Number(given) > 0) return Math.min(Number(given), pageMax);
  return must<never>(
    refuse('request_malformed', {
      path: 'query/limit',
      expected: `a whole number from 1 to ${pageMax}`,
      got: JSON.stringify(given),
      hint: 'leave it out for a page of 50',
    }),
  );
}

const partsByFlag: Readonly<Record<keyof Flags, readonly ListPart[]>> = {
  includeAll: ['codegen', 'functions', 'subscriptions', 'manages', 'resource', 'diff', 'history'],
  includeCodegen: ['codegen'],
  includeFunctions: ['functions'],
  includeActionFunctions: ['functions'],
  includeManagementFunctions: ['functions'],
  includeQualificationFunctions: ['functions'],
  includeSubscriptions: ['subscriptions'],
  includeManages: ['manages'],
  includeResourceInfo: ['resource'],
  includeDiffStatus: ['diff'],
  includeExecutionHistory: ['functions', 'history'],
};

function partsOf(asked: Flags): ListPart[] {
  const names = Object.keys(partsByFlag) as (keyof Flags)[];
  return [...new Set(names.filter((name) => asked[name] === true).flatMap((name) => partsByFlag[name]))];
}

function detailsOf(c: ListedComponent, asked: Flags) {
  const wants = (kind: 'Action' | 'Management' | 'Qualification') =>
    asked.includeAll || asked.includeFunctions || asked[`include${kind}Functions`];
  const all =
    asked.includeExecutionHistory === true &&
    !['Action', 'Management', 'Qualification'].some((k) => wants(k as 'Action'));
  const of = (kind: 'Action' | 'Management' | 'Qualification') =>
    wants(kind) || all ? { [`${kind.toLowerCase()}Functions`]: functionsOf(c, kind.toLowerCase()) } : {};
  return {
    componentId: c.id,
    name: c.name,
    schemaName: c.schema,
    toDelete: c.toDelete,
    ...of('Action'),
    ...of('Management'),
    ...of('Qualification'),
    ...(c.codegen === undefined ? {} : { codegen: c.codegen }),
    ...(c.manages === undefined
      ? {}
      : { manages: c.manages.map(({ id, name }) => ({ toComponentId: id, toComponentName: name })) }),
    ...(c.subscriptions === undefined
      ? {}
      : {
          subscriptions: c.subscriptions.map((s) => ({
            fromPath: s.path,
            toComponentId: s.component,
            toComponentName: s.name,
            toPath: s.from,
            currentValue: s.value ?? null,
          })),
        }),
    ...(c.resource === undefined
      ? {}
      : {
          hasResource: c.resource.resourceId !== null,
          resourceId: c.resource.resourceId,
          resourceStatus: c.resource.status === null ? null : capital(c.resource.status),
        }),
    ...(c.diff === undefined ? {} : { hasDiff: c.diff !== 'None', diffStatus: c.diff }),
  };
}

function functionsOf({ functions = [], runs }: ListedComponent, kind: string) {
  return functions
    .filter((f) => f.kind === kind)
    .map((f) => {
      const mine = runs?.filter((r) => r.function === f.name);
      const [last] = mine ?? [];
      return {
        functionName: f.name,
        ...(mine === undefined
          ? {}
          : {
              executionStatus:
                last === undefined
                  ? null
                  : { state: runState(last.state), hasActiveRun: isActive(last.state), funcRunId: last.run },
              executionHistory: mine.map((r) => ({
                funcRunId: r.run,
                startedAt: new Date(r.startedAtMs).toISOString(),
                state: runState(r.state),
              })),
            }),
      };
    });
}

const isActive = (state: string): boolean => ['queued', 'dispatched', 'running'].includes(state);

/** In the words of the public API. */
function runState(state: string): string {
  if (state === 'queued') return 'Created';
  if (state === 'dispatched') return 'Dispatched';
  if (state === 'running') return 'Running';
  if (state === 'succeeded') return 'Success';
  return state === 'cancelled' ? 'Killed' : 'Failure';
}
