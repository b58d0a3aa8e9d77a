// Actions as a change set shows them: those of Head and those that its apply would queue; held, cancelled, tried again, and
// asked for of a component.

import { type Static, Type } from 'typebox';
import { unreachable } from '../../../base/result.ts';
import type { ChangeSetAction } from '../../../engine/change_set_actions.ts';
import type { ActionStatus } from '../../../model/action.ts';
import type { ActionKind } from '../../../model/function.ts';
import { maybe, model, shape, success } from '../model.ts';
import { inChangeSet, type Method, type Route, route } from '../route.ts';

const action = shape('ActionViewV1', {
  id: Type.String(),
  prototypeId: Type.String(),
  componentId: maybe(Type.String()),
  name: Type.String(),
  description: maybe(Type.String()),
  kind: Type.String({ description: 'Create, Destroy, Manual, Refresh or Update.' }),
  state: Type.String({ description: 'Queued, Dispatched, Running, Failed or OnHold.' }),
  originatingChangeSetId: Type.String(),
  funcRunId: maybe(Type.String()),
});

const reference = model(
  'ActionReference',
  Type.Union([
    shape('ActionReferenceOneOf', { function: Type.String({ description: 'The name of an action function.' }) }),
    shape('ActionReferenceOneOf1', { actionPrototypeId: Type.String() }),
  ]),
);

const kinds: Readonly<Record<ActionKind, string>> = {
  create: 'Create',
  update: 'Update',
  destroy: 'Destroy',
  refresh: 'Refresh',
  manual: 'Manual',
};
export const kindOf = (kind: ActionKind): string => kinds[kind];

export function stateOf(status: ActionStatus): string {
  switch (status) {
    case 'queued':
      return 'Queued';
    case 'on-hold':
      return 'OnHold';
    case 'dispatched':
      return 'Dispatched';
    case 'running':
      return 'Running';
    // What became of an interrupted one is not known; somebody has to look, as at one that failed.
    case 'failed':
    case 'interrupted':
      return 'Failed';
    case 'succeeded':
    case 'cancelled':
      throw new Error(`invariant broken: an action that is ${status} is in no list`);
    default:
      return unreachable(status);
  }
}

function viewOf(a: ChangeSetAction): Static<typeof action> {
  return {
    id: a.id,
    prototypeId: a.prototype,
    componentId: a.component,
    name: a.name,
    description: a.description === '' ? null : a.description,
    kind: kindOf(a.kind),
    state: stateOf(a.status),
    originatingChangeSetId: a.origins[0]!,
    funcRunId: a.run,
  };
}

interface Steer {
  readonly id: string;
  readonly verb: string;
  readonly event: string;
  readonly summary: string;
  readonly answer: string;
}

const steering = ({ id, verb, event, summary, answer }: Steer): Route =>
  route({
    id,
    method: 'POST' satisfies Method,
    path: `${inChangeSet}/actions/{action_id}/${verb}`,
    summary,
    versioned: 'if-match',
    answers: { 200: success(answer) },
    handle: async ({ params, operation }) => {
      const { change_set_id: changeSet, action_id: action } = params;
      await operation('change_set.steer_action', { changeSet, action, event });
      return { success: true };
    },
  });

export const actionRoutes: readonly Route[] = [
  route({
    id: 'Actions.getActions',
    method: 'GET',
    path: `${inChangeSet}/actions`,
    summary: 'The actions of Head that have not ended, and those that the change set would queue.',
    answers: { 200: shape('GetActionsV1Response', { actions: Type.Array(action) }) },
    handle: async ({ params, operation }) => {
      const changeSet = params['change_set_id'];
      const { actions } = await operation<{ actions: ChangeSetAction[] }>('change_set.actions', { changeSet });
      return { actions: actions.map(viewOf) };
    },
  }),
  steering({
    id: 'Actions.cancelAction',
    verb: 'cancel',
    event: 'cancel',
    summary: 'Cancels an action; one that a change set plans is left out of it.',
    answer: 'CancelActionV1Response',
  }),
  steering({
    id: 'Actions.putOnHold',
    verb: 'put_on_hold',
    event: 'hold',
    summary: 'Keeps an action from beginning until it is tried again.',
    answer: 'PutOnHoldActionV1Response',
  }),
  steering({
    id: 'Actions.retryAction',
    verb: 'retry',
    event: 'retry',
    summary: 'Queues an action again that failed or is held.',
    answer: 'RetryActionV1Response',
  }),
  route({
    id: 'Components.addAction',
    method: 'POST',
    path: `${inChangeSet}/components/{component_id}/action`,
    summary: 'Asks for an action of a component, with the apply of the change set.',
    description:
      'By the name of its function or what binds that to the schema. On Head for refresh and manual ones only, at once.',
    body: shape('AddActionV1Request', { action: reference }),
    // A component without the resource that the action is about is not what the path did not find.
    statuses: { resource_not_found: 412 },
    versioned: 'if-match',
    answers: { 200: success('AddActionV1Response') },
    handle: async ({ params, body, operation }) => {
      const { change_set_id: changeSet, component_id: component } = params;
      const named =
        'function' in body.action ? { function: body.action.function } : { prototype: body.action.actionPrototypeId };
      await operation('change_set.add_action', { changeSet, component, ...named });
      return { success: true };
    },
  }),
];
