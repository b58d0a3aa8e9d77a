// Schemas and their variants: found, installed, made of definitions. A schema of the catalogue has its ids before it is
// installed, so that what is asked about one is answered at once.

import { Type } from 'typebox';
import type { AuthorReply } from '../../../engine/author.ts';
import type { Page } from '../../../engine/component.ts';
import type { PackageReply } from '../../../engine/install_package.ts';
import type { FoundSchema, InstalledReply, ListedSchema } from '../../../engine/schema_catalogue.ts';
import type { VariantView } from '../../../engine/schema_variant.ts';
import type { UnlockedReply } from '../../../engine/variant_functions.ts';
import { anyJson, maybe, shape, success } from '../model.ts';
import { inChangeSet, type OperationParams, type Route, type RouteCall, route } from '../route.ts';
import { variantShape, variantView } from './variant_view.ts';

const inSchemas = `${inChangeSet}/schemas`;
const oneSchema = `${inSchemas}/{schema_id}`;
const oneVariant = `${oneSchema}/variant/{schema_variant_id}`;

const schemaShape = shape('GetSchemaV1Response', {
  schemaId: Type.String(),
  name: Type.String(),
  defaultVariantId: Type.String(),
  variantIds: Type.Array(Type.String()),
});
const lineShape = shape('SchemaResponse', {
  schemaId: Type.String(),
  schemaName: Type.String(),
  category: maybe(Type.String()),
  installed: Type.Boolean(),
});

export const diagnosticShape = shape('Diagnostic', {
  severity: Type.String(),
  line: Type.Integer({ description: 'From 1, as column.' }),
  column: Type.Integer(),
  length: Type.Integer(),
  message: Type.String(),
  code: Type.String(),
});

const about = {
  description: maybe(Type.String()),
  link: maybe(Type.String()),
  color: maybe(Type.String({ description: '#rrggbb' })),
};

const schemaView = (s: FoundSchema) => ({
  schemaId: s.id,
  name: s.name,
  defaultVariantId: s.defaultVariant,
  variantIds: s.variants,
});
const lineView = (s: ListedSchema) => ({
  schemaId: s.id,
  schemaName: s.name,
  category: s.category,
  installed: s.installed,
});

type Ask = Pick<RouteCall<unknown, unknown>, 'params'>;

/** What the path names. */
const named = ({ params }: Ask): OperationParams => ({
  changeSet: params['change_set_id'],
  schema: params['schema_id'],
  ...(params['schema_variant_id'] === undefined ? {} : { variant: params['schema_variant_id'] }),
});

type About = { readonly description?: string | null; readonly link?: string | null; readonly color?: string | null };
const said = ({ description, link, color }: About): OperationParams => ({
  docs: description ?? undefined,
  link: link ?? undefined,
  color: color ?? undefined,
});

export const schemaRoutes: readonly Route[] = [
  route({
    id: 'Schemas.listSchemas',
    method: 'GET',
    path: inSchemas,
    summary: 'Installed schemas and those of the catalogue, by name.',
    query: shape('ListSchemasQuery', {
      limit: Type.Optional(Type.String({ description: '1 to 300; default 50.' })),
      cursor: Type.Optional(Type.String({ description: 'The nextCursor of the page before.' })),
    }),
    versioned: true,
    answers: {
      200: shape('ListSchemaV1Response', { schemas: Type.Array(lineShape), nextCursor: maybe(Type.String()) }),
    },
    handle: async ({ params, query, operation }) => {
      const page = await operation<Page<ListedSchema>>('schema.list', {
        changeSet: params['change_set_id'],
        limit: Math.min(Math.max(1, wholeNumber(query.limit ?? '50')), 300),
        cursor: query.cursor,
      });
      return { schemas: page.items.map(lineView), nextCursor: page.nextCursor };
    },
  }),
  route({
    id: 'Schemas.createSchema',
    method: 'POST',
    path: inSchemas,
    summary: 'Runs a definition and makes a schema of it.',
    body: shape('CreateSchemaV1Request', {
      name: Type.String(),
      code: Type.String({ description: 'The definition, in TypeScript.' }),
      category: maybe(Type.String()),
      ...about,
    }),
    repeats: 'engine',
    versioned: true,
    statuses: { name_taken: 422 },
    answers: { 200: schemaShape },
    handle: async ({ params, body, edit, operation }) => {
      const changeSet = params['change_set_id'];
      const { schema } = await edit<AuthorReply>('schema.author', {
        name: body.name,
        text: body.code,
        category: body.category ?? undefined,
        isNew: true,
        ...said(body),
      });
      return schemaView(await operation('schema.get', { changeSet, schema }));
    },
  }),
  route({
    id: 'Schemas.findSchema',
    method: 'GET',
    path: `${inSchemas}/find`,
    summary: 'A schema by its name or id.',
    query: shape('FindSchemaQuery', { schema: Type.Optional(Type.String()), schemaId: Type.Optional(Type.String()) }),
    versioned: true,
    answers: { 200: shape('FindSchemaV1Response', lineShape.properties) },
    handle: async ({ params, query, operation }) =>
      lineView(
        await operation('schema.get', {
          changeSet: params['change_set_id'],
          schema: query.schema ?? query.schemaId,
        }),
      ),
  }),
  route({
    id: 'Schemas.searchSchemas',
    method: 'POST',
    path: `${inSchemas}/search`,
    summary: 'The schemas of a category.',
    body: shape('SearchSchemasV1Request', { category: maybe(Type.String()) }),
    repeats: 'none',
    answers: { 200: shape('SearchSchemasV1Response', { schemas: Type.Array(lineShape) }) },
    handle: async ({ params, body, operation }) => {
      const changeSet = params['change_set_id'];
      const page = await operation<Page<ListedSchema>>('schema.list', {
        changeSet,
        category: body.category ?? undefined,
      });
      return { schemas: page.items.map(lineView) };
    },
  }),
  route({
    id: 'Schemas.installFromFile',
    method: 'POST',
    path: `${inSchemas}/install_from_file`,
    summary: 'Authors the schemas of a package; answers the first.',
    isMultipart: true,
    body: shape('InstallFromFileRequest', {
      pkg_spec: Type.String({ description: 'A package of schemas, as Schemas.exportSchema gives it.' }),
    }),
    versioned: 'if-match',
    answers: {
      200: shape('InstallFromFileV1Response', {
        schemaId: Type.String(),
        schemaName: Type.String(),
        schemaVariantId: Type.String(),
        category: Type.String(),
        displayName: Type.String(),
      }),
    },
    handle: async ({ params, body, operation }) => {
      const changeSet = params['change_set_id'];
      const done = await operation<PackageReply>('schema.install_package', { changeSet, text: body.pkg_spec });
      const { schema, variant } = done.schemas[0]!;
      const view = await operation<VariantView>('schema.variant', { changeSet, schema, variant });
      return {
        schemaId: schema,
        schemaName: view.schemaName,
        schemaVariantId: variant,
        category: view.category,
        displayName: view.displayName,
        schemas: done.schemas,
      };
    },
  }),
  route({
    id: 'Schemas.getSchema',
    method: 'GET',
    path: oneSchema,
    summary: 'A schema with the ids of its variants.',
    versioned: true,
    answers: { 200: schemaShape },
    handle: async (call) => schemaView(await call.operation('schema.get', named(call))),
  }),
  route({
    id: 'Schemas.installSchema',
    method: 'POST',
    path: `${oneSchema}/install`,
    summary: 'Brings a schema of the catalogue into the change set.',
    repeats: 'engine',
    versioned: true,
    answers: { 200: schemaShape },
    handle: async (call) => {
      return schemaView(await call.edit<InstalledReply>('schema.install', named(call)));
    },
  }),
  route({
    id: 'Schemas.unlockSchema',
    method: 'POST',
    path: `${oneSchema}/unlock`,
    summary: 'The unlocked variant of a schema, made when there is none.',
    repeats: 'engine',
    versioned: true,
    answers: {
      200: shape('UnlockedSchemaV1Response', {
        schemaId: Type.String(),
        unlockedVariantId: Type.String(),
        unlockedVariant: variantShape,
      }),
    },
    handle: async (call) => {
      const { edit, operation } = call;
      const done = await edit<UnlockedReply>('schema.unlock', named(call));
      const { schema, variant } = done;
      const view = await operation<VariantView>('schema.variant', { ...named(call), schema, variant });
      return { schemaId: schema, unlockedVariantId: variant, unlockedVariant: variantView(view) };
    },
  }),
  route({
    id: 'Schemas.contribute',
    method: 'POST',
    path: `${oneSchema}/contribute`,
    summary: 'Refused: there is no module index to contribute to.',
    statuses: { operation_not_supported: 400 },
    answers: { 200: null },
    handle: (call) => call.operation('schema.contribute', named(call)),
  }),
  route({
    id: 'Schemas.getDefaultVariant',
    method: 'GET',
    path: `${oneSchema}/variant/default`,
    summary: 'The variant that new components are of.',
    versioned: true,
    answers: { 200: variantShape },
    handle: async (call) => variantView(await call.operation('schema.variant', named(call))),
  }),
  route({
    id: 'Schemas.getVariant',
    method: 'GET',
    path: oneVariant,
    summary: 'A variant: its properties and functions.',
    versioned: true,
    answers: { 200: variantShape },
    handle: async (call) => variantView(await call.operation('schema.variant', named(call))),
  }),
  route({
    id: 'Schemas.updateSchemaVariant',
    method: 'PUT',
    path: oneVariant,
    summary: 'Makes an unlocked variant anew of a definition; `name` is what people call the type.',
    description: 'Where components are on the variant and its properties become others, that is another variant.',
    body: shape('UpdateSchemaVariantV1Request', {
      name: Type.String(),
      code: Type.String(),
      category: Type.String(),
      ...about,
    }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: variantShape },
    handle: async (call) => {
      const { body, edit, operation } = call;
      const { schema, variant } = await edit<AuthorReply>('schema.update_variant', {
        ...named(call),
        text: body.code,
        category: body.category,
        displayName: body.name,
        ...said(body),
      });
      return variantView(await operation('schema.variant', { ...named(call), schema, variant }));
    },
  }),
  route({
    id: 'Schemas.checkDefinition',
    method: 'POST',
    path: `${inSchemas}/check`,
    summary: 'What is wrong with a definition, types included; changes nothing.',
    body: shape('CheckDefinitionRequest', { code: Type.String() }),
    repeats: 'none',
    answers: {
      200: shape('CheckDefinitionResponse', {
        ok: Type.Boolean(),
        diagnostics: Type.Array(diagnosticShape),
        warnings: Type.Array(Type.Object({ path: Type.String(), message: Type.String() })),
      }),
    },
    handle: ({ params, body, operation }) =>
      operation('schema.check', { changeSet: params['change_set_id'], text: body.code }),
  }),
  route({
    id: 'Schemas.getTypes',
    method: 'GET',
    path: `${oneSchema}/types`,
    summary: 'Types for an editor: of functions of a kind over the schema, as a .d.ts.',
    query: shape('GetTypesQuery', { kind: Type.Optional(Type.String({ description: 'Default: qualification.' })) }),
    answers: {
      200: shape('GetTypesResponse', {
        kind: Type.String(),
        schema: maybe(Type.String()),
        text: Type.String(),
      }),
    },
    handle: async (call) => {
      const { name } = await call.operation<FoundSchema>('schema.get', named(call));
      return call.operation('schema.declarations', { ...named(call), schema: name, kind: call.query.kind });
    },
  }),
  route({
    id: 'Schemas.exportSchema',
    method: 'GET',
    path: `${oneSchema}/package`,
    summary: 'A schema that was made of a definition, as a package for Schemas.installFromFile.',
    versioned: true,
    answers: {
      200: shape('SchemaPackage', { format: Type.String(), version: Type.Integer(), schemas: Type.Array(anyJson) }),
    },
    handle: ({ params, operation }) =>
      operation('schema.package', { changeSet: params['change_set_id'], schemas: [params['schema_id'] ?? ''] }),
  }),
  route({
    id: 'Schemas.setRefresh',
    method: 'PUT',
    path: `/v1/w/{workspace_id}/schemas/{schema_id}/refresh`,
    summary:
      'How often resources of a schema are looked at by themselves: milliseconds, 0 never, null as the schema says.',
    body: shape('SetRefreshRequest', { everyMs: Type.Union([Type.Integer(), Type.Null()]) }),
    answers: { 200: success('SetRefreshResponse') },
    handle: async ({ params, body, operation }) => {
      await operation('schema.set_refresh', { schema: params['schema_id'], everyMs: body.everyMs });
      return { success: true };
    },
  }),
];

/** NaN goes on, and is refused where it is read. */
const wholeNumber = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);
