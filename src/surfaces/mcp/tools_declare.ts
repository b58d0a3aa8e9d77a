// Tools that make many components at once what a text says of them: templates in TypeScript, documents of components, and management
// functions. What can be looked at before it is done has a tool of its own, that only looks, so that hints stay honest.

import { Type } from 'typebox';
import { changeSetIn, componentIn, cursorIn, exactIn, keyIn, limitIn, stateIn, type Tool, told, tool } from './tool.ts';

const template = {
  name: Type.String({ minLength: 1, description: 'Of the view that its components are, and the whole of.' }),
  text: Type.String({
    description:
      'TypeScript that declares `template`: {inputs?, find?, components({inputs, found})}, where components returns documents as declare_components takes them. It only computes.',
  }),
  inputs: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Values by name.' })),
};

const documents = {
  components: Type.Array(
    Type.Object(
      {
        component: Type.String({ description: 'Its name.' }),
        schema: Type.String(),
        resourceId: Type.Optional(Type.String({ description: 'Of a resource that is there already.' })),
        views: Type.Optional(Type.Array(Type.String())),
        dependsOn: Type.Optional(Type.Array(Type.String())),
        attributes: Type.Optional(
          Type.Record(Type.String(), Type.Unknown(), {
            description:
              'Pointer to value; {"$source": {"component", "path"}} follows another value, {"$source": null} declares that there is none.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    { minItems: 1, description: 'What they do not mention stays as it is.' },
  ),
  view: Type.Optional(Type.String({ description: 'A view that all of them are in.' })),
  prune: Type.Optional(Type.Boolean({ description: 'Components of that view that are not declared are deleted.' })),
};

const declaredOut = {
  changeSet: Type.String(),
  version: Type.Integer({ description: 'Of the change set; as before where nothing is edited.' }),
  edits: Type.Integer({ description: 'Single edits that it comes to; 0: everything is that way already.' }),
  components: Type.Array(
    Type.Object({
      name: Type.String(),
      state: Type.String({ description: 'created, changed, restored, unchanged or deleted.' }),
    }),
  ),
};
const previewOut = { ...declaredOut, comparison: told('What would be another; absent where nothing would.') };
const templateOut = {
  inputs: told('As the template got them.'),
  found: told('How many components each search found.'),
  run: Type.String(),
  log: Type.Array(Type.String()),
};

export const declareTools: readonly Tool[] = [
  tool({
    name: 'describe_template',
    title: 'Describe a template',
    description: 'The inputs of a template in TypeScript with kind, default and constraints, and what it searches for.',
    effect: 'read',
    input: { text: template.text, name: Type.Optional(template.name), changeSet: stateIn },
    output: {
      name: Type.String(),
      inputs: told('Properties by name, as schemas have them.'),
      find: told('Searches by name.'),
    },
    run: ({ text, name, changeSet = 'HEAD' }, operation) => operation('template.describe', { changeSet, text, name }),
  }),
  tool({
    name: 'preview_template',
    title: 'Preview a template',
    description: 'Runs a template and says what it would create, change and delete. Nothing is edited.',
    effect: 'read',
    input: { ...template, changeSet: stateIn },
    output: { ...previewOut, ...templateOut },
    run: ({ inputs, changeSet = 'HEAD', ...given }, operation) =>
      operation('template.run', { ...given, inputs: inputs as never, changeSet, dryRun: true }),
  }),
  tool({
    name: 'run_template',
    title: 'Run a template',
    description:
      'Makes the components of a template what it declares, in a change set. Run again nothing is edited; with other inputs it converges, and what it does not declare any more is deleted.',
    effect: 'edit',
    isDestructive: true,
    input: { ...exactIn, ...template },
    output: { ...declaredOut, ...templateOut },
    run: ({ inputs, ...given }, operation) => operation('template.run', { ...given, inputs: inputs as never }),
  }),
  tool({
    name: 'get_declarations',
    title: 'Get components as documents',
    description:
      'Components as documents that declare_components takes: those that are named, else all that a search finds.',
    effect: 'read',
    input: {
      components: Type.Optional(Type.Array(componentIn, { minItems: 1 })),
      query: Type.Optional(Type.String({ description: 'As search_components takes it.' })),
      changeSet: stateIn,
    },
    output: { components: Type.Array(Type.Unknown()) },
    run: (given, operation) => operation('component.declared', given),
  }),
  tool({
    name: 'preview_components',
    title: 'Preview declared components',
    description: 'Says what declare_components would create, change and delete. Nothing is edited.',
    effect: 'read',
    input: { ...documents, changeSet: stateIn },
    output: previewOut,
    run: ({ components, changeSet = 'HEAD', ...given }, operation) =>
      operation('component.declare', { ...given, components: components as never, changeSet, dryRun: true }),
  }),
  tool({
    name: 'declare_components',
    title: 'Declare components',
    description:
      'Makes components what documents declare them to be, all or none, in a change set. Declared again nothing is edited.',
    effect: 'edit',
    isDestructive: true,
    input: { ...exactIn, ...documents },
    output: declaredOut,
    run: ({ components, ...given }, operation) =>
      operation('component.declare', { ...given, components: components as never }),
  }),
  tool({
    name: 'list_functions',
    title: 'List functions',
    description:
      'Functions with kind and the schemas that they are bound to. Those of kind management can be run on a component.',
    effect: 'read',
    input: {
      kind: Type.Optional(Type.String({ description: 'Such as management, action, qualification or policy.' })),
      changeSet: stateIn,
      limit: limitIn,
      cursor: cursorIn,
    },
    output: { functions: told('In order of their names, and a cursor where there are more.') },
    run: async (given, operation) => ({ functions: await operation('function.list', given) }),
  }),
  tool({
    name: 'get_function',
    title: 'Get a function',
    description: 'One function with its text, where it is bound and with which arguments.',
    effect: 'read',
    input: { function: Type.String({ description: 'By id or name.' }), changeSet: stateIn },
    output: { function: told('The function.') },
    run: async (given, operation) => ({ function: await operation('function.get', given) }),
  }),
  tool({
    name: 'run_management_function',
    title: 'Run a management function',
    description:
      'Runs a management function on a component. What it returns is carried out in the change set as one batch; the function itself may reach what is outside, also with dryRun.',
    effect: 'act',
    isDestructive: true,
    input: {
      changeSet: changeSetIn,
      idempotencyKey: keyIn,
      component: componentIn,
      function: Type.String({ description: 'By id or name.' }),
      view: Type.Optional(Type.String({ description: 'That it is run in. Default: the default one.' })),
      dryRun: Type.Optional(Type.Boolean({ description: 'Only says what it would change.' })),
    },
    output: { ran: told('What was edited, the run and its log.') },
    run: async (given, operation) => ({ ran: await operation('management.run', given) }),
  }),
];
