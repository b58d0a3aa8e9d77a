// Tools that change: edits within change sets, asking people, applying what was approved, and what is done about actions.
// Every one takes a key, by which a repetition is known, and edits answer the version of the change set that has them.

import { Type } from 'typebox';
import type { Json } from '../../base/json.ts';
import {
  changeSetIn,
  componentIn,
  editIn,
  keyIn,
  type Operation,
  pathIn,
  type Tool,
  told,
  tool,
  versionOut,
} from './tool.ts';

const attributes = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'Pointer to value, such as {"/domain/CidrBlock": "10.0.0.0/16"}; {"$source": {"component", "path"}} follows another value; {"$source": null} unsets; a pointer ending in /- appends.',
});

interface Edit {
  readonly changeSet: string;
  readonly idempotencyKey: string;
  readonly baseVersion?: number | undefined;
}

interface SubmitReply {
  readonly changeSet: string;
  readonly version: number;
  readonly steps?: readonly { readonly subject: string; readonly sentence: string }[];
}

async function submitted(
  operation: Operation,
  { changeSet, idempotencyKey, baseVersion }: Edit,
  mutations: readonly Json[],
) {
  const reply = await operation<SubmitReply>('submit', {
    changeSet,
    idempotencyKey,
    baseVersion,
    mutations: [...mutations],
  });
  const { steps = [] } = reply;
  return {
    ...reply,
    changeSet: reply.changeSet ?? changeSet,
    done: steps.map((s) => s.sentence),
    subject: steps[0]?.subject ?? '',
  };
}

const editOut = { ...versionOut, done: Type.Array(Type.String({ description: 'What was done, a sentence each.' })) };

/** Decides about drift of a component, all of it or at some paths. */
function driftTool(
  name: string,
  decides: string,
  words: { readonly title: string; readonly description: string },
): Tool {
  return tool({
    ...words,
    name,
    effect: 'edit',
    input: {
      changeSet: changeSetIn,
      component: componentIn,
      paths: Type.Optional(Type.Array(Type.String())),
      idempotencyKey: keyIn,
    },
    output: { decided: told('What was decided.') },
    run: async (given, operation) => ({ decided: await operation(decides, given) }),
  });
}

export const changeTools: readonly Tool[] = [
  tool({
    name: 'create_change_set',
    title: 'Open a change set',
    description: 'Opens an isolated change set on Head. Nothing outside changes until it is applied.',
    effect: 'edit',
    input: { name: Type.String(), idempotencyKey: keyIn },
    output: { changeSet: Type.String(), name: Type.String(), version: Type.Integer() },
    run: async ({ name, idempotencyKey }, operation) => {
      const row = await operation<{ id: string; name: string; version: number }>('change_set.create', {
        name,
        idempotencyKey,
      });
      return { changeSet: row.id, name: row.name, version: row.version };
    },
  }),
  tool({
    name: 'create_component',
    title: 'Create a component',
    description: 'Creates a component in a change set. A schema of the catalogue is installed with it.',
    effect: 'edit',
    input: { ...editIn, schema: Type.String(), name: Type.String(), attributes: Type.Optional(attributes) },
    output: { ...editOut, component: Type.String() },
    run: async ({ schema, name, attributes: values = {}, ...e }, operation) => {
      const made = await submitted(operation, e, [
        { kind: 'component.create', schema, name, attributes: values as { [path: string]: Json } },
      ]);
      return { ...made, component: made.subject };
    },
  }),
  tool({
    name: 'update_component',
    title: 'Update a component',
    description: 'Sets, unsets or links values of a component, all or none of them.',
    effect: 'edit',
    input: { ...editIn, component: componentIn, attributes },
    output: editOut,
    run: ({ component, attributes: values, ...e }, operation) =>
      submitted(
        operation,
        e,
        Object.entries(values).map(([path, value]) => mutationOf(component, path, value as Json)),
      ),
  }),
  tool({
    name: 'rename_component',
    title: 'Rename a component',
    description: 'Gives a component another name. Plans nothing.',
    effect: 'edit',
    input: { ...editIn, component: componentIn, name: Type.String() },
    output: editOut,
    run: ({ component, name, ...e }, operation) =>
      submitted(operation, e, [{ kind: 'component.rename', component, name }]),
  }),
  tool({
    name: 'subscribe',
    title: 'Let a value follow another',
    description: 'From now on the value at path of component is that of another component.',
    effect: 'edit',
    input: { ...editIn, component: componentIn, path: pathIn, fromComponent: componentIn, fromPath: pathIn },
    output: editOut,
    run: ({ component, path, fromComponent, fromPath, ...e }, operation) =>
      submitted(operation, e, [
        { kind: 'attribute.subscribe', component, path, source: { component: fromComponent, path: fromPath } },
      ]),
  }),
  tool({
    name: 'delete_component',
    title: 'Mark a component for deletion',
    description:
      'Marks a component. If it has a resource, applying the change set plans to destroy that; restore_component takes it back.',
    effect: 'edit',
    isDestructive: true,
    input: { ...editIn, component: componentIn },
    output: editOut,
    run: ({ component, ...e }, operation) => submitted(operation, e, [{ kind: 'component.delete', component }]),
  }),
  tool({
    name: 'restore_component',
    title: 'Restore a component',
    description: 'Takes the mark for deletion off a component.',
    effect: 'edit',
    input: { ...editIn, component: componentIn },
    output: editOut,
    run: ({ component, ...e }, operation) => submitted(operation, e, [{ kind: 'component.restore', component }]),
  }),
  tool({
    name: 'import_template',
    title: 'Import a template',
    description: 'Turns a CloudFormation template into components in a change set.',
    effect: 'edit',
    input: {
      changeSet: changeSetIn,
      idempotencyKey: keyIn,
      name: Type.String(),
      text: Type.String({ description: 'JSON or YAML.' }),
      moved: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description:
            'Logical ids as they were, each with what the same resource is called now: it keeps its resource.',
        }),
      ),
    },
    output: { imported: told('What was made, and what could not be.') },
    run: async ({ changeSet, idempotencyKey, name, text, moved }, operation) => ({
      imported: await operation('import.cloudformation', { changeSet, idempotencyKey, name, text, moved }),
    }),
  }),
  tool({
    name: 'import_terraform',
    title: 'Import a Terraform state',
    description:
      'Turns a Terraform state into components in a change set that need nothing done. What is marked as sensitive is left out.',
    effect: 'edit',
    input: {
      changeSet: changeSetIn,
      idempotencyKey: keyIn,
      name: Type.String({ description: 'Of the state; importing again under a name updates it.' }),
      text: Type.String({ description: 'A state of version 4, or what `terraform show -json` prints.' }),
    },
    output: { imported: told('What was made, and what could not be.') },
    run: async (given, operation) => ({ imported: await operation('import.terraform', given) }),
  }),
  tool({
    name: 'import_resources',
    title: 'Import resources',
    description:
      'Brings resources that exist at a provider into a change set, with their values and links between them.',
    effect: 'edit',
    input: {
      changeSet: changeSetIn,
      schema: Type.String(),
      resourceIds: Type.Array(Type.String(), { minItems: 1 }),
      secrets: Type.Optional(Type.Record(Type.String(), Type.String())),
      domain: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      idempotencyKey: keyIn,
    },
    output: { imported: told('What was made, and what could not be.') },
    run: async ({ changeSet, schema, resourceIds, secrets, domain, idempotencyKey }, operation) => ({
      imported: await operation('resource.import', {
        changeSet,
        schema,
        resourceIds,
        secrets,
        domain: domain as never,
        idempotencyKey,
      }),
    }),
  }),
  driftTool('enforce_drift', 'drift.enforce', {
    title: 'Enforce what is declared',
    description: 'Plans, in a change set, to make reality as declared again.',
  }),
  driftTool('accept_drift', 'drift.accept', {
    title: 'Accept reality',
    description: 'Takes over, in a change set, what reality has.',
  }),
  tool({
    name: 'request_approval',
    title: 'Request approval',
    description: 'Asks people to approve a change set. What they say is not this tool’s to give.',
    effect: 'propose',
    input: { changeSet: changeSetIn, idempotencyKey: keyIn },
    output: { state: told('The change set, with what is missing.') },
    run: async ({ changeSet, idempotencyKey }, operation) => ({
      state: await operation('change_set.request_approval', { changeSet, idempotencyKey }),
    }),
  }),
  tool({
    name: 'withdraw_request',
    title: 'Withdraw a request for approval',
    description: 'Takes back your own request for approval of a change set, which is open for edits again.',
    effect: 'propose',
    input: { changeSet: changeSetIn, idempotencyKey: keyIn },
    output: { state: told('The change set.') },
    run: async ({ changeSet, idempotencyKey }, operation) => ({
      state: await operation('change_set.withdraw', { changeSet, idempotencyKey }),
    }),
  }),
  tool({
    name: 'apply_change_set',
    title: 'Apply a change set',
    description:
      'Makes a change set part of Head and starts its actions, which change real resources. Refused where approvals are missing or a budget is exceeded.',
    effect: 'act',
    isDestructive: true,
    input: {
      changeSet: changeSetIn,
      idempotencyKey: keyIn,
      waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
    },
    output: { applied: told('Head’s version, receipt, actions.') },
    run: async ({ changeSet, idempotencyKey, waitMs = 10_000 }, operation) => ({
      applied: await operation('change_set.apply', { changeSet, idempotencyKey, waitMs }),
    }),
  }),
  tool({
    name: 'abandon_change_set',
    title: 'Abandon a change set',
    description: 'Gives a change set up. It can be reopened.',
    effect: 'edit',
    isDestructive: true,
    input: { changeSet: changeSetIn, idempotencyKey: keyIn },
    output: { state: told('The change set.') },
    run: async ({ changeSet, idempotencyKey }, operation) => ({
      state: await operation('change_set.abandon', { changeSet, idempotencyKey }),
    }),
  }),
  tool({
    name: 'change_action',
    title: 'Hold, release, retry or cancel an action',
    description: 'What is done about one action on Head. An action that is under way is not called back.',
    effect: 'act',
    isDestructive: true,
    input: {
      action: Type.String(),
      step: Type.Union([Type.Literal('hold'), Type.Literal('release'), Type.Literal('retry'), Type.Literal('cancel')]),
      idempotencyKey: keyIn,
    },
    output: { action: told('The action.') },
    run: async ({ action, step, idempotencyKey }, operation) => ({
      action: await operation(`action.${step}`, { action, idempotencyKey }),
    }),
  }),
  tool({
    name: 'kill_run',
    title: 'Kill a run',
    description: 'Stops a function that is running. What it has done outside by then stays done.',
    effect: 'act',
    isDestructive: true,
    input: { run: Type.String(), idempotencyKey: keyIn },
    output: { run: told('The run.') },
    run: async ({ run, idempotencyKey }, operation) => ({ run: await operation('run.kill', { run, idempotencyKey }) }),
  }),
  tool({
    name: 'refresh_component',
    title: 'Look at a resource',
    description: 'Queues a refresh on Head: what the provider reports becomes Head’s reality.',
    effect: 'act',
    input: { component: componentIn, idempotencyKey: keyIn },
    output: { action: told('The action.') },
    run: async ({ component, idempotencyKey }, operation) => ({
      action: await operation('action.request', { component, kind: 'refresh', idempotencyKey }),
    }),
  }),
];

/** A path that ends in `/-` appends, `{"$source": null}` unsets; everything else is set, `$source` within it understood. */
function mutationOf(component: string, path: string, value: Json): Json {
  if (path.endsWith('/-')) return { kind: 'list.insert', component, path: path.slice(0, -2), value };
  const isUnset = JSON.stringify(value) === '{"$source":null}';
  return isUnset ? { kind: 'attribute.unset', component, path } : { kind: 'attribute.set', component, path, value };
}
