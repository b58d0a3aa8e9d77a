// Components: made, read, changed, deleted, as clients of the public API know it. Each edit is one batch of mutations, all of
// it or nothing, and answers the component as it is then.

import { Type } from 'typebox';
import type { DuplicateReply } from '../../../engine/duplicate.ts';
import type { SubmitReply } from '../../../engine/submit.ts';
import { anyJson, maybe, shape } from '../model.ts';
import { inChangeSet, type Route, type RouteCall, route } from '../route.ts';
import { attributesOf, exactlyOne, isUnset, referenceOf, secretsOf } from './component_input.ts';
import { componentAnswer, describe, getComponentResponse, viewOf, wholeOf } from './component_view.ts';

const components = `${inChangeSet}/components`;
export const oneComponent = `${components}/{component_id}`;

const attributes = Type.Optional(
  Type.Union([Type.Record(Type.String(), anyJson), Type.Null()], {
    description:
      'By pointer from the root: a value, or {"$source": …} with a value, a component and a path, a secret, or null.',
  }),
);
const reference = shape('ComponentReference', {
  component: Type.Optional(Type.String({ description: 'Id or name.' })),
  componentId: Type.Optional(Type.String()),
});

type Call = RouteCall<unknown, unknown>;
type Mutation = { readonly kind: string; readonly [member: string]: unknown };

/** The component of the path. */
const named = ({ params }: Pick<Call, 'params'>): string => params['component_id'] ?? '';

const submit = (call: Call, mutations: readonly Mutation[]) =>
  call.edit<SubmitReply>('submit', { mutations: mutations as never });

/** Carries mutations out and answers the component that the first of them is about. */
async function edited(call: Call, mutations: readonly Mutation[]) {
  const { steps } = await submit(call, mutations);
  return { component: viewOf(await describe(call, steps[0]!.subject, true)) };
}

/** An edit that changes nothing, and is refused where no edit may be made: no component waits for itself. */
const nothing = (component: string): Mutation => ({ kind: 'depends_on.remove', component, on: component });

export const componentRoutes: readonly Route[] = [
  route({
    id: 'Components.createComponent',
    method: 'POST',
    path: components,
    summary: 'Makes a component; a schema that only the catalogue has yet is installed with it.',
    body: shape('CreateComponentV1Request', {
      schemaName: Type.String(),
      name: Type.String(),
      attributes,
      viewName: maybe(Type.String()),
      resourceId: maybe(Type.String()),
      managedBy: Type.Optional(Type.Union([reference, Type.Null()])),
      useWorkingCopy: maybe(Type.Boolean()),
    }),
    repeats: 'engine',
    versioned: true,
    statuses: { view_not_found: 412 },
    answers: { 200: componentAnswer('CreateComponentV1Response') },
    handle: async (call) => {
      const { schemaName: schema, name, viewName, resourceId, managedBy, useWorkingCopy, attributes } = call.body;
      const manager = referenceOf(managedBy);
      const create = {
        kind: 'component.create',
        schema,
        name,
        ...(useWorkingCopy === true ? { workingCopy: true } : {}),
        ...(typeof viewName === 'string' ? { views: [viewName] } : {}),
        attributes: {
          ...(typeof resourceId === 'string' && resourceId !== '' ? { '/si/resourceId': resourceId } : {}),
          // What is new has nothing to be unset.
          ...Object.fromEntries(Object.entries(attributesOf(attributes)).filter(([, input]) => !isUnset(input))),
        },
        ...(manager === undefined ? {} : { managedBy: manager }),
      };
      return edited(call, [create]);
    },
  }),
  route({
    id: 'Components.getComponent',
    method: 'GET',
    path: oneComponent,
    summary: 'One component, by id or name.',
    versioned: true,
    answers: { 200: getComponentResponse },
    handle: async (call) => wholeOf(await describe(call, named(call))),
  }),
  route({
    id: 'Components.updateComponent',
    method: 'PUT',
    path: oneComponent,
    summary: 'Changes what is named; what is not named stays.',
    body: shape('UpdateComponentV1Request', {
      name: maybe(Type.String()),
      resourceId: maybe(Type.String()),
      attributes,
      secrets: Type.Optional(Type.Union([Type.Record(Type.String(), anyJson), Type.Null()])),
    }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: componentAnswer('UpdateComponentV1Response') },
    handle: (call) => {
      const component = named(call);
      const { name, resourceId, attributes, secrets } = call.body;
      const values = { ...attributesOf(attributes), ...secretsOf(secrets) };
      return edited(call, [
        nothing(component),
        ...Object.entries(values).map(([path, value]) =>
          isUnset(value)
            ? { kind: 'attribute.unsubscribe', component, path }
            : { kind: 'attribute.set', component, path, value },
        ),
        // Empty as it is read where there is none.
        ...(typeof resourceId === 'string'
          ? [{ kind: 'component.set_resource_id', component, resourceId: resourceId === '' ? null : resourceId }]
          : []),
        // Last: what comes before it may name the component by the name that it has had.
        ...(typeof name === 'string' ? [{ kind: 'component.rename', component, name }] : []),
      ]);
    },
  }),
  route({
    id: 'Components.deleteComponent',
    method: 'DELETE',
    path: oneComponent,
    summary: 'Deletes a component; of one that has a resource a destroy is planned.',
    repeats: 'engine',
    versioned: true,
    answers: { 200: shape('DeleteComponentV1Response', { status: Type.String() }) },
    handle: async (call) => {
      const { steps } = await submit(call, [{ kind: 'component.delete', component: named(call) }]);
      const { resourceId, isOnHead } = await describe(call, steps[0]!.subject, true);
      if (resourceId !== null) return { status: 'marked_for_deletion' };
      return { status: isOnHead ? 'still_exists_on_head' : 'deleted' };
    },
  }),
  route({
    id: 'Components.restoreComponent',
    method: 'POST',
    path: `${oneComponent}/restore`,
    summary: 'Takes the mark of a deletion away.',
    repeats: 'engine',
    versioned: true,
    answers: { 200: shape('RestoreComponentV1Response', { status: Type.Boolean() }) },
    handle: async (call) => {
      await submit(call, [{ kind: 'component.restore', component: named(call) }]);
      return { status: true };
    },
  }),
  route({
    id: 'Components.eraseComponent',
    method: 'POST',
    path: `${oneComponent}/erase`,
    summary: 'Takes a component out of the model and leaves its resource as it is.',
    repeats: 'engine',
    versioned: true,
    answers: { 200: shape('EraseComponentV1Response', { status: Type.Boolean() }) },
    handle: async (call) => {
      await submit(call, [{ kind: 'component.erase', component: named(call) }]);
      return { status: true };
    },
  }),
  route({
    id: 'Components.upgradeComponent',
    method: 'POST',
    path: `${oneComponent}/upgrade`,
    summary: 'Brings a component to the newest variant of its schema, or to the one in work.',
    repeats: 'engine',
    versioned: true,
    answers: { 200: componentAnswer('UpgradeComponentV1Response') },
    handle: (call) => edited(call, [{ kind: 'component.upgrade', component: named(call) }]),
  }),
  route({
    id: 'Components.manageComponent',
    method: 'POST',
    path: `${oneComponent}/manage`,
    summary: 'Has the component of the path manage another.',
    body: shape('ManageComponentV1Request', { componentId: Type.String({ description: 'Who is managed.' }) }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: componentAnswer('ManageComponentV1Response') },
    handle: (call) =>
      edited(call, [{ kind: 'component.manage', component: named(call), managed: call.body.componentId }]),
  }),
  route({
    id: 'Components.duplicateComponents',
    method: 'POST',
    path: `${components}/duplicate`,
    summary: 'Copies components; what they follow among themselves, their copies do among themselves.',
    body: shape('DuplicateComponentsV1Request', {
      components: Type.Array(Type.String()),
      prefix: maybe(Type.String()),
      viewName: maybe(Type.String()),
    }),
    repeats: 'engine',
    versioned: true,
    answers: { 200: shape('DuplicateComponentsV1Response', { components: Type.Array(Type.String()) }) },
    handle: async ({ body: { components, prefix, viewName }, edit }) => {
      const { copies } = await edit<DuplicateReply>('component.duplicate', {
        components,
        ...(typeof prefix === 'string' ? { prefix } : {}),
        ...(typeof viewName === 'string' ? { view: viewName } : {}),
      });
      return { components: copies.map((c) => c.copy) };
    },
  }),
  route({
    id: 'Components.addToView',
    method: 'POST',
    path: `${components}/add_to_view`,
    summary: 'Puts components in a view.',
    body: shape('AddToViewV1Request', { componentIds: Type.Array(Type.String()), viewName: Type.String() }),
    repeats: 'engine',
    versioned: true,
    answers: { 204: null },
    handle: async (call) => {
      const { componentIds, viewName: view } = call.body;
      await submit(
        call,
        componentIds.map((component) => ({ kind: 'view.add_component', view, component })),
      );
    },
  }),
  route({
    id: 'Components.executeManagementFunction',
    method: 'POST',
    path: `${oneComponent}/execute-management-function`,
    summary: 'Starts a management function; how far it is, is asked by the id that is answered.',
    body: shape('ExecuteManagementFunctionV1Request', {
      managementFunction: shape('ManagementFunctionReference', {
        function: Type.Optional(Type.String({ description: 'Id or name.' })),
        managementPrototypeId: Type.Optional(Type.String()),
      }),
      viewName: maybe(Type.String()),
    }),
    versioned: 'if-match',
    answers: {
      200: shape('ExecuteManagementFunctionV1Response', {
        managementFuncJobStateId: Type.String(),
        funcRunId: maybe(Type.String()),
        status: Type.String(),
        message: maybe(Type.String()),
      }),
    },
    handle: (call) => started(call, call.body),
  }),
];

async function started(
  call: Call,
  body: { managementFunction: { function?: string; managementPrototypeId?: string }; viewName?: string | null },
) {
  const { managementFunction, viewName } = body;
  const name = exactlyOne(managementFunction, ['function', 'managementPrototypeId'], 'managementFunction');
  const component = named(call);
  const bound = (await describe(call, component)).functions.find((f) => f.kind === 'management' && f.binding === name);
  const { ticket } = await call.operation<{ ticket: string }>('management.start', {
    changeSet: call.params['change_set_id'],
    component,
    function: bound?.function ?? name,
    ...(typeof viewName === 'string' ? { view: viewName } : {}),
  });
  return { managementFuncJobStateId: ticket, funcRunId: null, status: 'Ok', message: 'enqueued' };
}
