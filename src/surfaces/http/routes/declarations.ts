// Components as documents, as files have them: declared to be so, and read as they would be declared. A document says everything
// by names; what it does not mention stays.

import { Type } from 'typebox';
import type { DeclareReply } from '../../../engine/declare.ts';
import { anyJson, leftOutByPolicy, maybe, shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const texts = Type.Array(Type.String());
/** Closed: a member that is misspelt is refused by the operation, with its place. */
const declaration = shape('ComponentDeclaration', {
  component: Type.String({ description: 'Its name.' }),
  schema: Type.String(),
  resourceId: Type.Optional(Type.String()),
  views: Type.Optional(texts),
  dependsOn: Type.Optional(texts),
  attributes: Type.Optional(
    Type.Record(Type.String(), anyJson, {
      description: 'By pointer: a value, {"$source": {component, path}}, or {"$source": null} for no value.',
    }),
  ),
});

const reply = {
  changeSet: Type.String(),
  version: Type.Integer(),
  dryRun: Type.Boolean(),
  components: Type.Array(
    shape('DeclaredComponent', {
      name: Type.String(),
      state: Type.String({ description: 'created, changed, restored, unchanged or deleted.' }),
    }),
  ),
  edits: Type.Integer({ description: 'Single edits that it came to; 0: everything was that way already.' }),
  comparison: maybe(anyJson),
};

export const declarationRoutes: readonly Route[] = [
  route({
    id: 'Templates.describeTemplate',
    method: 'POST',
    path: `${inChangeSet}/templates/describe`,
    summary: 'The inputs and searches of a template in TypeScript, which is not run.',
    body: shape('DescribeTemplateRequest', {
      name: maybe(Type.String({ description: 'Told in the answer. Default: template.' })),
      text: Type.String({ description: 'Declares `template`: {inputs?, find?, components({inputs, found})}.' }),
    }),
    repeats: 'none',
    answers: {
      200: shape('DescribeTemplateResponse', {
        name: Type.String(),
        inputs: Type.Record(Type.String(), anyJson, { description: 'Properties by name, as schemas have them.' }),
        find: Type.Record(Type.String(), Type.String(), { description: 'Searches by name.' }),
      }),
    },
    handle: ({ params, body: { name, text }, operation }) =>
      operation('template.describe', {
        changeSet: params['change_set_id'],
        text,
        ...(typeof name === 'string' ? { name } : {}),
      }),
  }),
  route({
    id: 'Templates.runTemplate',
    method: 'POST',
    path: `${inChangeSet}/templates/run`,
    summary: 'Runs a template in TypeScript and makes its working set what it declares; again, nothing is edited.',
    body: shape('RunTemplateRequest', {
      name: Type.String({ description: 'Of the view that its components are, and the whole of.' }),
      text: Type.String({ description: 'Declares `template`: {inputs?, find?, components({inputs, found})}.' }),
      inputs: maybe(Type.Record(Type.String(), anyJson)),
      dryRun: maybe(Type.Boolean({ description: 'Says what would change, and edits nothing.' })),
    }),
    repeats: 'engine',
    versioned: true,
    answers: {
      200: shape('RunTemplateResponse', {
        ...reply,
        inputs: Type.Record(Type.String(), anyJson),
        found: Type.Record(Type.String(), Type.Integer()),
        run: Type.String(),
        log: Type.Array(Type.String()),
      }),
    },
    handle: ({ body: { name, text, inputs, dryRun }, edit }) =>
      edit('template.run', {
        name,
        text,
        inputs: (inputs ?? {}) as never,
        dryRun: dryRun === true,
      }),
  }),
  route({
    id: 'Components.declareComponents',
    method: 'POST',
    path: `${inChangeSet}/declarations`,
    summary:
      'Makes components what documents declare them to be, all of it or nothing; a second time nothing is edited.',
    body: shape('DeclareComponentsRequest', {
      components: Type.Array(declaration),
      dryRun: maybe(Type.Boolean({ description: 'Says what would change, and edits nothing.' })),
      view: maybe(Type.String({ description: 'A view that all of them are in.' })),
      prune: maybe(Type.Boolean({ description: 'Components of the view that are not declared are deleted.' })),
    }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: shape('DeclareComponentsResponse', reply) },
    handle: ({ body: { components, dryRun, view, prune }, edit }) =>
      edit<DeclareReply>('component.declare', {
        components: components as never,
        dryRun: dryRun === true,
        prune: prune === true,
        ...(typeof view === 'string' ? { view } : {}),
      }),
  }),
  route({
    id: 'Components.declaredComponents',
    method: 'GET',
    path: `${inChangeSet}/declarations`,
    summary: 'Components as documents that declare them: one by name or id, else all that a search finds.',
    query: Type.Object({
      component: Type.Optional(Type.String()),
      query: Type.Optional(Type.String({ description: 'In the search language.' })),
    }),
    versioned: true,
    answers: { 200: shape('DeclaredComponentsResponse', { components: Type.Array(declaration), leftOutByPolicy }) },
    handle: ({ params, query: { component, query }, operation }) =>
      operation('component.declared', {
        changeSet: params['change_set_id'],
        ...(component === undefined ? {} : { components: [component] }),
        ...(query === undefined ? {} : { query }),
      }),
  }),
];
