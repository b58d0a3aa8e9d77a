// Secrets of a change set, without what is in them: made, listed by their definition, changed, removed. No answer repeats what
// came in as a content.

import { type Static, Type } from 'typebox';
import type { Json } from '../../../base/json.ts';
import type { SecretGroup, SecretLine } from '../../../engine/secrets.ts';
import { maybe, shape, success } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const from = (description: string) =>
  Type.Union([Type.String(), Type.Record(Type.String(), Type.String())], { description });

const secret = shape('SecretV1', {
  id: Type.String(),
  name: Type.String(),
  definition: Type.String(),
  description: maybe(Type.String()),
  from: maybe(from('Where its content is, if it is not kept here.')),
});

const group = shape('HashMapValue', {
  definition: shape('SecretDefinitionV1', {
    secretDefinition: Type.String(),
    formData: Type.Array(shape('SecretFormDataV1', { name: Type.String(), kind: Type.String() })),
  }),
  secrets: Type.Array(secret),
});

const rawData = maybe(
  Type.Record(Type.String(), Type.String(), { description: 'The content; it is sealed at once and never comes back.' }),
);

const reference = maybe(
  from(
    'In place of a content, where a run reads it: `env:NAME`, `file:/path`, `vault:MOUNT/PATH#FIELD`, or several by member. The owner of the installation has to allow it.',
  ),
);

const viewOf = ({ id, name, definition, description, from }: SecretLine): Static<typeof secret> => {
  return { id, name, definition, description, ...(from === undefined ? {} : { from }) };
};

const one = `${inChangeSet}/secrets/{secret_id}`;

export const secretRoutes: readonly Route[] = [
  route({
    id: 'Secrets.createSecret',
    method: 'POST',
    path: `${inChangeSet}/secrets`,
    summary: 'Makes a secret.',
    body: shape('CreateSecretV1Request', {
      name: Type.String(),
      definitionName: Type.String({ description: 'The kind of secret: what takes it is written for that.' }),
      description: maybe(Type.String()),
      rawData,
      from: reference,
    }),
    repeats: 'engine',
    versioned: 'if-match',
    answers: { 200: shape('CreateSecretV1Response', { secret }) },
    handle: async ({ params, body, idempotencyKey, operation }) => {
      const changeSet = params['change_set_id'];
      const made = await operation<{ secret: string }>('secret.set', {
        changeSet,
        name: body.name,
        definition: body.definitionName,
        ...(body.from != null ? { from: body.from } : {}),
        ...(body.from == null || body.rawData != null ? { content: (body.rawData ?? {}) as Json } : {}),
        mustBeNew: true,
        idempotencyKey,
        ...(body.description == null ? {} : { description: body.description }),
      });
      return { secret: viewOf(await operation('secret.get', { changeSet, secret: made.secret })) };
    },
  }),
  route({
    id: 'Secrets.getSecrets',
    method: 'GET',
    path: `${inChangeSet}/secrets`,
    summary: 'The secrets by definition; definitions without any are there too.',
    versioned: true,
    answers: { 200: Type.Record(Type.String(), group) },
    handle: async ({ params, operation }) => {
      const groups = await operation<SecretGroup[]>('secret.definitions', { changeSet: params['change_set_id'] });
      return Object.fromEntries(
        groups.map(({ definition, fields, secrets }) => [
          definition,
          { definition: { secretDefinition: definition, formData: fields }, secrets: secrets.map(viewOf) },
        ]),
      );
    },
  }),
  route({
    id: 'Secrets.updateSecret',
    method: 'PUT',
    path: one,
    summary: 'Gives a secret another name or description and, where one comes with it, another content.',
    body: shape('UpdateSecretV1Request', {
      id: Type.String({ description: 'That of the secret in the path.' }),
      name: Type.String(),
      description: maybe(Type.String()),
      rawData,
      from: reference,
    }),
    repeats: 'engine',
    versioned: 'if-match',
    answers: { 200: shape('UpdateSecretV1Response', { secret }) },
    handle: async ({ params, body, idempotencyKey, operation }) => {
      const { change_set_id: changeSet, secret_id: id } = params;
      const { secret: changed } = await operation<{ secret: string }>('secret.set', {
        changeSet,
        secret: id,
        ...(body.id === id ? {} : { id: body.id }),
        name: body.name,
        idempotencyKey,
        ...(body.description == null ? {} : { description: body.description }),
        ...(body.rawData == null ? {} : { content: body.rawData as Json }),
        ...(body.from == null ? {} : { from: body.from }),
      });
      return { secret: viewOf(await operation('secret.get', { changeSet, secret: changed })) };
    },
  }),
  route({
    id: 'Secrets.deleteSecret',
    method: 'DELETE',
    path: one,
    summary: 'Removes a secret that nothing uses.',
    versioned: true,
    repeats: 'engine',
    answers: { 200: success('DeleteSecretV1Response') },
    handle: async ({ params, edit }) => {
      const { change_set_id: changeSet, secret_id: id = '' } = params;
      const mutations: Json = [{ kind: 'secret.remove', secret: id }];
      await edit('submit', { changeSet, mutations });
      return { success: true };
    },
  }),
];
