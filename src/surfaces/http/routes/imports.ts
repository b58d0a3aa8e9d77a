// What comes in from elsewhere: provider packages, templates and states; and templates that go out. The same operations as on
// the command line; the texts come in the request, so that no file of the server's machine is read.

import { Type } from 'typebox';
import { anyJson, shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const description = (what: string) => ({
  text: Type.String({ description: what }),
  name: Type.String({ description: 'Of its component; one of that name in the change set is brought to it.' }),
});
const imported = (name: string) =>
  shape(name, {
    changeSet: Type.String(),
    version: Type.Integer(),
    created: Type.Integer(),
    removed: Type.Integer(),
    edits: Type.Integer({ description: '0: it is in the change set as it stands.' }),
    genericTypes: Type.Array(Type.String()),
  });

export const importRoutes: readonly Route[] = [
  route({
    id: 'Providers.listProviders',
    method: 'GET',
    path: `${inChangeSet}/providers`,
    summary: 'The provider packages that come with the server, and whether they are installed.',
    answers: {
      200: shape('ListProvidersResponse', {
        providers: Type.Array(
          shape('Provider', {
            name: Type.String(),
            description: Type.String(),
            installed: Type.String({ description: 'no, yes, older or in part' }),
            schemas: Type.Array(Type.String()),
          }),
        ),
      }),
    },
    handle: async ({ params, operation }) => ({
      providers: await operation('provider.list', { changeSet: params['change_set_id'] }),
    }),
  }),
  route({
    id: 'Providers.installProvider',
    method: 'POST',
    path: `${inChangeSet}/providers/{provider}/install`,
    summary: 'Authors the schemas of a provider package.',
    versioned: 'if-match',
    answers: {
      200: shape('InstallProviderResponse', {
        changeSet: Type.String(),
        version: Type.Integer(),
        provider: Type.String(),
        schemas: Type.Array(Type.Object({ name: Type.String(), edits: Type.Integer() })),
        updated: Type.Array(Type.String()),
        edits: Type.Integer(),
      }),
    },
    handle: ({ params, operation }) =>
      operation('provider.install', { changeSet: params['change_set_id'], provider: params['provider'] }),
  }),
  route({
    id: 'Templates.importCloudFormation',
    method: 'POST',
    path: `${inChangeSet}/templates/cloudformation`,
    summary: 'Makes components of the resources of a template, JSON or YAML, and subscriptions of its references.',
    body: shape('ImportCloudFormationRequest', {
      ...description('The template.'),
      moved: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description:
            'Logical ids as they were, each with what the same resource is called now: it keeps its resource.',
        }),
      ),
    }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: imported('ImportCloudFormationResponse') },
    handle: ({ body, edit }) => edit('import.cloudformation', body),
  }),
  route({
    id: 'Templates.importTerraform',
    method: 'POST',
    path: `${inChangeSet}/templates/terraform`,
    summary: 'Makes components of the resources of a state, for which nothing has to be done.',
    body: shape('ImportTerraformRequest', description('A state of version 4, or what `terraform show -json` prints.')),
    repeats: 'engine',
    versioned: true,
    answers: { 200: imported('ImportTerraformResponse') },
    handle: ({ body, edit }) => edit('import.terraform', body),
  }),
  route({
    id: 'Templates.exportCloudFormation',
    method: 'GET',
    path: `${inChangeSet}/templates/cloudformation`,
    summary: 'The template of a component that was imported as one.',
    query: shape('ExportCloudFormationQuery', {
      name: Type.Optional(Type.String({ description: 'Of the template’s component; default: the only one.' })),
      format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('yaml')])),
    }),
    answers: {
      200: shape('ExportCloudFormationResponse', {
        template: anyJson,
        text: Type.String(),
        notes: Type.Array(anyJson),
      }),
    },
    handle: ({ params, query, operation }) =>
      operation('export.cloudformation', { ...query, changeSet: params['change_set_id'] }),
  }),
];
