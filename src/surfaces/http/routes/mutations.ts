// Mutations in the author's own terms, as the command line sends them: the widest way to edit a change set. All other edits
// of the API come to these.

import { Type } from 'typebox';
import { anyJson, maybe, shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const step = shape('MutationStep', {
  kind: Type.String(),
  subject: Type.String({ description: 'Id of what it is about: of the new component, for one.' }),
  path: Type.String(),
  sentence: Type.String(),
  edits: Type.Integer({ description: 'Single edits it came to; 0: it was that way already.' }),
});

/** What an edit of several mutations answers. */
export const submitted = shape('SubmitMutationsResponse', {
  changeSet: Type.String(),
  version: Type.Integer(),
  intentRoot: Type.String(),
  steps: Type.Array(step),
  receipt: maybe(Type.Array(anyJson, { description: 'What became of edits that met others the author had not seen.' })),
});

export const mutationRoutes: readonly Route[] = [
  route({
    id: 'Mutations.submitMutations',
    method: 'POST',
    path: `${inChangeSet}/mutations`,
    summary: 'Carries out a list of mutations, all of it or nothing.',
    description:
      'Each is an object with a `kind`, such as {"kind": "component.rename", "component": "web", "name": "www"}.',
    body: shape('SubmitMutationsRequest', { mutations: Type.Array(Type.Object({ kind: Type.String() })) }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: submitted },
    handle: ({ body, edit }) => edit('submit', { mutations: body.mutations }),
  }),
];
