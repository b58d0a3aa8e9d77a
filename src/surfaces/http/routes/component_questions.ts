// What one may ask of components and values besides reading them: where a value comes from, why a function ran, what an edit
// would touch, what has happened, how it was at a past version, what could be followed; the graph; the same edit for many.

import { Type } from 'typebox';
import type { BulkSetReply } from '../../../engine/bulk_set.ts';
import type { LookAgainReply } from '../../../engine/look_again.ts';
import { dotOf, type Graph } from '../../../formats/dot.ts';
import { anyJson, leftOutByPolicy, maybe, shape } from '../model.ts';
import { Answer, inChangeSet, type Route, route } from '../route.ts';
import { etagOf } from '../versions.ts';
import { attributesOf } from './component_input.ts';
import { oneComponent } from './components.ts';

const place = {
  path: Type.String({ description: 'A pointer, such as /domain/Name.' }),
  waitMs: Type.Optional(
    Type.Integer({ minimum: 0, description: 'Waits so long for what is still computed; default 0.' }),
  ),
};
const node = shape('GraphNode', {
  id: Type.String(),
  name: Type.String(),
  schema: Type.String(),
  toDelete: Type.Boolean(),
});
const edge = shape('GraphEdge', {
  kind: Type.String({ description: '`value`: `to` follows `from`; `order`: `to` waits for `from`; `manages`.' }),
  from: Type.String(),
  to: Type.String(),
  fromPath: maybe(Type.String()),
  toPath: maybe(Type.String()),
});
const limit = Type.Optional(Type.Integer({ minimum: 1 }));

export const componentQuestionRoutes: readonly Route[] = [
  route({
    id: 'Components.readComponent',
    method: 'GET',
    path: `${oneComponent}/state`,
    summary:
      'A component with its whole tree, the sources of its values and problems, at the present or a past version.',
    query: Type.Object({
      version: Type.Optional(Type.Integer({ minimum: 0, description: 'Of the change set; default: the present one.' })),
      waitMs: place.waitMs,
    }),
    versioned: true,
    answers: {
      200: shape('ReadComponentResponse', {
        id: Type.String(),
        name: Type.String(),
        version: Type.Integer(),
        toDelete: Type.Boolean(),
        value: anyJson,
        sources: Type.Array(anyJson),
        problems: Type.Array(anyJson),
      }),
    },
    handle: async ({ params, query, operation }) => {
      const read = await operation<{ version: number }>('component.get', { ...query, ...of(params) });
      return new Answer(200, read, { etag: etagOf(read.version) });
    },
  }),
  route({
    id: 'Components.getComponentHistory',
    method: 'GET',
    path: `${oneComponent}/history`,
    summary: 'What happened to a component, oldest first, over all change sets.',
    query: Type.Object({ limit }),
    answers: {
      200: shape('GetComponentHistoryResponse', { component: Type.String(), records: Type.Array(anyJson) }),
    },
    handle: ({ params, query, operation }) => operation('component.history', { ...query, ...of(params) }),
  }),
  route({
    id: 'Components.suggestSources',
    method: 'GET',
    path: `${oneComponent}/suggestions`,
    summary: 'Outputs of other components that usually feed a property.',
    query: Type.Object({ path: place.path, limit }),
    answers: { 200: shape('SuggestSourcesResponse', { suggestions: Type.Array(anyJson) }) },
    handle: async ({ params, query, operation }) => ({
      suggestions: await operation('component.suggest', { ...query, ...of(params) }),
    }),
  }),
  route({
    id: 'Components.explainValue',
    method: 'GET',
    path: `${oneComponent}/explain`,
    summary: 'Where a value comes from, back to what people declared and providers reported.',
    query: Type.Object({ ...place, depth: Type.Optional(Type.Integer({ minimum: 1 })) }),
    answers: {
      200: shape('ExplainValueResponse', { root: anyJson, nodes: Type.Integer(), isCut: Type.Boolean() }),
    },
    handle: ({ params, query, operation }) => operation('explain', { ...query, ...of(params) }),
  }),
  route({
    id: 'Components.whyRun',
    method: 'GET',
    path: `${oneComponent}/why`,
    summary: 'Why a function ran for a value, or did not.',
    query: Type.Object(place),
    answers: { 200: anyJson },
    handle: ({ params, query, operation }) => operation('why', { ...query, ...of(params) }),
  }),
  route({
    id: 'ChangeSets.blastRadius',
    method: 'POST',
    path: `${inChangeSet}/blast-radius`,
    summary: 'What edits would touch at most; without edits, what the change set holds.',
    body: shape('BlastRadiusRequest', {
      edits: Type.Optional(Type.Array(Type.Object({ component: Type.String(), path: Type.String() }))),
      limit,
    }),
    bodyIsOptional: true,
    repeats: 'none',
    answers: {
      200: shape('BlastRadiusResponse', {
        edited: Type.Integer(),
        values: Type.Integer(),
        components: Type.Integer(),
        items: Type.Array(anyJson),
        isCut: Type.Boolean(),
      }),
    },
    handle: ({ params, body, operation }) =>
      operation('blast_radius', { ...(body ?? {}), changeSet: params['change_set_id'] }),
  }),
  route({
    id: 'Components.bulkSet',
    method: 'POST',
    path: `${inChangeSet}/components/bulk-set`,
    summary: 'Sets the same values on all components that a search finds, all of it or nothing.',
    body: shape('BulkSetRequest', {
      queryString: maybe(Type.String()),
      schemaName: maybe(Type.String()),
      schemaCategory: maybe(Type.String()),
      upgradable: maybe(Type.Boolean()),
      attributes: Type.Record(Type.String(), anyJson),
    }),
    repeats: 'engine',
    versioned: true,
    answers: {
      200: shape('BulkSetResponse', { matched: Type.Integer(), version: Type.Integer(), edits: Type.Integer() }),
    },
    handle: async ({ body, edit }) => {
      const { queryString, schemaName, schemaCategory, upgradable, attributes } = body;
      const { matched, version, steps } = await edit<BulkSetReply>('component.bulk_set', {
        ...(typeof queryString === 'string' ? { query: queryString } : {}),
        ...(typeof schemaName === 'string' ? { schema: schemaName } : {}),
        ...(typeof schemaCategory === 'string' ? { category: schemaCategory } : {}),
        ...(typeof upgradable === 'boolean' ? { upgradable } : {}),
        set: attributesOf(attributes),
      });
      return { matched, version, edits: steps.reduce((sum, s) => sum + s.edits, 0) };
    },
  }),
  route({
    id: 'Components.refreshLookups',
    method: 'POST',
    path: `${oneComponent}/lookups/refresh`,
    summary: 'Asks anew for what functions with effects have looked up for a component, or for one value of it.',
    description:
      'One edit a value. Its function runs once more; where the result is equal nothing else runs. Refused (412) where nothing is looked up.',
    body: shape('RefreshLookupsRequest', {
      path: maybe(Type.String({ description: 'A pointer to one value; default: all of the component.' })),
    }),
    bodyIsOptional: true,
    repeats: 'engine',
    versioned: true,
    answers: {
      200: shape('RefreshLookupsResponse', {
        componentId: Type.String(),
        version: Type.Integer(),
        paths: Type.Array(Type.String(), { description: 'Pointers to the values that are asked for anew.' }),
      }),
    },
    handle: async ({ params, body, edit }) => {
      const { component, version, paths } = await edit<LookAgainReply>('lookup.refresh', {
        component: params['component_id'],
        ...(typeof body?.path === 'string' ? { path: body.path } : {}),
      });
      return { componentId: component, version, paths };
    },
  }),
  route({
    id: 'ChangeSets.getGraph',
    method: 'GET',
    path: `${inChangeSet}/graph`,
    summary: 'Components and what leads from one to another, as JSON or as text for Graphviz.',
    query: Type.Object({
      component: Type.Optional(Type.String({ description: 'Only what lies around this one.' })),
      depth: Type.Optional(Type.Integer({ minimum: 0, description: 'Edges away from it; default 1.' })),
      view: Type.Optional(Type.String()),
      limit,
      version: Type.Optional(Type.Integer({ minimum: 0 })),
      format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('dot')])),
    }),
    answers: {
      200: shape('GetGraphResponse', {
        nodes: Type.Array(node),
        edges: Type.Array(edge),
        isCut: Type.Boolean(),
        leftOutByPolicy,
      }),
    },
    handle: async ({ params, query, operation }) => {
      const { format, ...asked } = query;
      const graph = await operation<Graph>('component.graph', { ...asked, changeSet: params['change_set_id'] });
      return format === 'dot' ? new Answer(200, dotOf(graph), { 'content-type': 'text/vnd.graphviz' }) : graph;
    },
  }),
];

const of = (params: Readonly<Record<string, string>>) => ({
  changeSet: params['change_set_id'],
  component: params['component_id'],
});
