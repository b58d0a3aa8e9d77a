// Tools that only look: schemas, components, what a value is made of, what an edit would touch, change sets and their plans,
// actions and runs. They change nothing, anywhere.

import { Type } from 'typebox';
import { changeSetIn, componentIn, cursorIn, limitIn, pathIn, stateIn, type Tool, told, tool } from './tool.ts';

export const findTools: readonly Tool[] = [
  tool({
    name: 'find_schemas',
    title: 'Find schemas',
    description: 'Finds types of components, installed or in the catalogue, by words of their name or category.',
    effect: 'read',
    input: { query: Type.String({ description: 'Such as: vpc, or AWS::EC2' }), limit: limitIn },
    output: { schemas: Type.Array(Type.Unknown()) },
    run: async ({ query, limit = 20 }, operation) => ({
      schemas: await operation('schema.search', { query, limit }),
    }),
  }),
  tool({
    name: 'describe_schema',
    title: 'Describe a schema',
    description: 'Properties of a schema with kind, constraints and what is required, and its functions.',
    effect: 'read',
    input: { schema: Type.String({ description: 'Such as AWS::EC2::VPC' }), changeSet: stateIn },
    output: { schema: told('The schema.') },
    run: async ({ schema, changeSet }, operation) => ({
      schema: await operation('schema.describe', { schema, changeSet }),
    }),
  }),
  tool({
    name: 'search_components',
    title: 'Search components',
    description:
      'Lists or searches components. The query has terms such as schema:AWS::EC2::VPC, name:web*, /domain/CidrBlock:10.*, with ! and |; empty: all.',
    effect: 'read',
    input: { query: Type.Optional(Type.String()), changeSet: stateIn, limit: limitIn, cursor: cursorIn },
    output: { found: told('Components with id, name and schema, and a cursor where there are more.') },
    run: async ({ query, changeSet, limit, cursor }, operation) => ({
      found: await operation('component.search', { query, changeSet, limit, cursor }),
    }),
  }),
  tool({
    name: 'get_component',
    title: 'Get a component',
    description: 'One component whole: values and where they come from, qualifications, its resource, its drift.',
    effect: 'read',
    input: { component: componentIn, changeSet: stateIn },
    output: { component: told('The component.') },
    run: async ({ component, changeSet }, operation) => ({
      component: await operation('component.get', { component, changeSet, waitMs: 2_000 }),
    }),
  }),
  tool({
    name: 'component_history',
    title: 'History of a component',
    description: 'Who did what to a component, in which change set, oldest first.',
    effect: 'read',
    input: { component: componentIn, changeSet: stateIn, limit: limitIn },
    output: { history: told('The entries.') },
    run: async ({ component, changeSet, limit }, operation) => ({
      history: await operation('component.history', { component, changeSet, limit }),
    }),
  }),
  tool({
    name: 'suggest_sources',
    title: 'Suggest sources',
    description: 'Values of other components that a property could follow, best first.',
    effect: 'read',
    input: { component: componentIn, path: pathIn, changeSet: stateIn, limit: limitIn },
    output: { sources: told('Components and paths.') },
    run: async ({ component, path, changeSet, limit }, operation) => ({
      sources: await operation('component.suggest', { component, path, changeSet, limit }),
    }),
  }),
  tool({
    name: 'explain_value',
    title: 'Explain a value',
    description: 'Where a value comes from, back to the edit and the person.',
    effect: 'read',
    input: { component: componentIn, path: pathIn, changeSet: stateIn },
    output: { explanation: told('The value and what it is made of.') },
    run: async ({ component, path, changeSet }, operation) => ({
      explanation: await operation('explain', { component, path, changeSet }),
    }),
  }),
  tool({
    name: 'why_ran',
    title: 'Why a function ran',
    description: 'Why the function of a value ran or did not: what of its input is another, or what it waits for.',
    effect: 'read',
    input: { component: componentIn, path: pathIn, changeSet: stateIn },
    output: { reason: told('The verdict, a sentence, the runs.') },
    run: async ({ component, path, changeSet }, operation) => ({
      reason: await operation('why', { component, path, changeSet }),
    }),
  }),
  tool({
    name: 'list_views',
    title: 'List views',
    description: 'Views with how many components each has; the components of a template are a view of its name.',
    effect: 'read',
    input: { changeSet: stateIn },
    output: { views: Type.Array(Type.Unknown()) },
    run: ({ changeSet }, operation) => operation('view.list', { changeSet }),
  }),
  tool({
    name: 'blast_radius',
    title: 'Blast radius',
    description:
      'What edits of these values, or a whole change set, would touch: values, components, qualifications, actions. Runs nothing.',
    effect: 'read',
    input: {
      changeSet: stateIn,
      edits: Type.Optional(Type.Array(Type.Object({ component: Type.String(), path: Type.String() }))),
      limit: limitIn,
    },
    output: { radius: told('What would be touched.') },
    run: async ({ changeSet, edits, limit }, operation) => ({
      radius: await operation('blast_radius', { changeSet, edits, limit }),
    }),
  }),
  tool({
    name: 'list_change_sets',
    title: 'List change sets',
    description: 'Open change sets, with Head first.',
    effect: 'read',
    input: { all: Type.Optional(Type.Boolean({ description: 'Also those that were applied or abandoned.' })) },
    output: { changeSets: Type.Array(Type.Unknown()) },
    run: async ({ all }, operation) => ({ changeSets: await operation('change_set.list', { all }) }),
  }),
  tool({
    name: 'review_change_set',
    title: 'Review a change set',
    description:
      'What a change set changes, the plan of actions that applying it would queue and why, what merges decided (receipt), what is still being computed.',
    effect: 'read',
    input: { changeSet: changeSetIn },
    output: { review: told('Differences, plan, receipt.'), approvals: told('What has to be approved, and by whom.') },
    run: async ({ changeSet }, operation) => ({
      review: await operation('change_set.review', { changeSet }),
      approvals: await operation('change_set.approvals', { changeSet }),
    }),
  }),
  tool({
    name: 'list_drift',
    title: 'List drift',
    description: 'Where reality differs from what is declared, in groups.',
    effect: 'read',
    input: { changeSet: stateIn, component: Type.Optional(componentIn), limit: limitIn },
    output: { drift: told('Groups of differences.') },
    run: async ({ changeSet, component, limit }, operation) => ({
      drift: await operation('drift.list', { changeSet, component, limit }),
    }),
  }),
  tool({
    name: 'list_actions',
    title: 'List actions',
    description: 'Actions on Head: planned, running, failed, with what they wait for.',
    effect: 'read',
    input: {
      component: Type.Optional(componentIn),
      status: Type.Optional(Type.String({ description: 'One or several, with commas between.' })),
      limit: limitIn,
      cursor: cursorIn,
    },
    output: { actions: told('Newest first.') },
    run: async ({ component, status, limit, cursor }, operation) => ({
      actions: await operation('action.list', { component, status, limit, cursor }),
    }),
  }),
  tool({
    name: 'list_runs',
    title: 'List runs',
    description: 'Runs of functions, newest first, with status and what they ran for.',
    effect: 'read',
    input: {
      changeSet: stateIn,
      component: Type.Optional(componentIn),
      function: Type.Optional(Type.String()),
      status: Type.Optional(Type.String()),
      limit: limitIn,
      cursor: cursorIn,
    },
    output: { runs: told('Newest first.') },
    run: async (given, operation) => ({ runs: await operation('run.list', given) }),
  }),
  tool({
    name: 'get_run',
    title: 'Get a run',
    description: 'One run with its log; secrets are not in it.',
    effect: 'read',
    input: {
      run: Type.String(),
      after: Type.Optional(Type.Integer({ minimum: 0, description: 'Lines after this one.' })),
    },
    output: { run: told('The run.'), log: told('Its log.') },
    run: async ({ run, after = 0 }, operation) => ({
      run: await operation('run.get', { run }),
      log: await operation('run.log', { run, after, limit: 300 }),
    }),
  }),
  tool({
    name: 'read_events',
    title: 'Read events',
    description:
      'What happens in the workspace, or to one change set: edits, applies, actions, runs. Without after: from now on. Waits where there is nothing yet.',
    effect: 'read',
    input: {
      after: Type.Optional(Type.Integer({ minimum: 0, description: 'The position of the answer before.' })),
      changeSet: Type.Optional(changeSetIn),
      kinds: Type.Optional(Type.String({ description: 'With commas between.' })),
      limit: limitIn,
      waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
    },
    output: { events: Type.Array(Type.Unknown()), position: Type.Integer() },
    run: (given, operation) => operation('events.read', given),
  }),
  tool({
    name: 'discover_resources',
    title: 'Discover resources',
    description: 'Resources of a schema that exist at its provider, with which of them are in the model.',
    effect: 'look',
    input: {
      schema: Type.String(),
      changeSet: stateIn,
      secrets: Type.Optional(
        Type.Record(Type.String(), Type.String(), { description: 'Names of secrets by property.' }),
      ),
      domain: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      cursor: cursorIn,
    },
    output: { found: told('Resources, and a cursor where there are more.') },
    run: async ({ schema, changeSet, secrets, domain, cursor }, operation) => ({
      found: await operation('resource.list', { schema, changeSet, secrets, domain: domain as never, cursor }),
    }),
  }),
];
