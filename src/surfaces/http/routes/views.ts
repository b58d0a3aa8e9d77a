// Views: which there are, who is in one and where. They are made, renamed, removed, filled and arranged by mutations, one a
// request.

import { Type } from 'typebox';
import type { SubmitReply } from '../../../engine/submit.ts';
import { anyJson, maybe, shape } from '../model.ts';
import { inChangeSet, type Route, type RouteCall, route } from '../route.ts';

const views = `${inChangeSet}/views`;
const oneView = `${views}/{view_id}`;
const member = `${oneView}/components/{component_id}`;

const view = {
  id: Type.String(),
  name: Type.String(),
  isDefault: Type.Boolean(),
  approvers: maybe(anyJson),
};
const size = Type.Union([Type.Number(), Type.Null()]);
const geometry = shape('Geometry', { x: Type.Number(), y: Type.Number(), width: size, height: size });
const edited = shape('EditViewResponse', { view: Type.String(), version: Type.Integer() });

type Call = RouteCall<unknown, unknown>;

async function edit(call: Call, mutation: { readonly kind: string; readonly [member: string]: unknown }) {
  const given = { view: call.params['view_id'], ...mutation };
  const { version, steps } = await call.edit<SubmitReply>('submit', { mutations: [given as never] });
  return { view: steps[0]!.subject, version };
}

const component = ({ params }: Call) => ({ component: params['component_id'] });
const writes = { repeats: 'engine', versioned: true } as const;

export const viewRoutes: readonly Route[] = [
  route({
    id: 'Views.listViews',
    method: 'GET',
    path: views,
    summary: 'The views of a change set.',
    versioned: true,
    answers: { 200: shape('ListViewsResponse', { views: Type.Array(shape('View', view)) }) },
    handle: ({ params, operation }) => operation('view.list', { changeSet: params['change_set_id'] }),
  }),
  route({
    id: 'Views.getView',
    method: 'GET',
    path: oneView,
    summary: 'A view, by id or name, with a page of its components and their places.',
    query: Type.Object({
      cursor: Type.Optional(Type.String()),
      limit: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
    versioned: true,
    answers: {
      200: shape('GetViewResponse', {
        ...view,
        components: Type.Object({
          items: Type.Array(
            shape('ViewMember', {
              id: Type.String(),
              name: Type.String(),
              schema: Type.String(),
              toDelete: Type.Boolean(),
              geometry: Type.Union([geometry, Type.Null()]),
            }),
          ),
          nextCursor: Type.Union([Type.String(), Type.Null()]),
        }),
      }),
    },
    handle: ({ params, query, operation }) =>
      operation('view.get', { ...query, changeSet: params['change_set_id'], view: params['view_id'] }),
  }),
  route({
    ...writes,
    id: 'Views.createView',
    method: 'POST',
    path: views,
    summary: 'Makes a view.',
    body: shape('CreateViewRequest', { name: Type.String() }),
    answers: { 200: edited },
    handle: async (call) => {
      const mutations = [{ kind: 'view.create', name: call.body.name }];
      const { version, steps } = await call.edit<SubmitReply>('submit', { mutations });
      return { view: steps[0]!.subject, version };
    },
  }),
  route({
    ...writes,
    id: 'Views.renameView',
    method: 'PATCH',
    path: oneView,
    summary: 'Renames a view.',
    body: shape('RenameViewRequest', { name: Type.String() }),
    answers: { 200: edited },
    handle: (call) => edit(call, { kind: 'view.rename', name: call.body.name }),
  }),
  route({
    ...writes,
    id: 'Views.removeView',
    method: 'DELETE',
    path: oneView,
    summary: 'Removes a view; its components stay.',
    answers: { 200: edited },
    handle: (call) => edit(call, { kind: 'view.remove' }),
  }),
  route({
    ...writes,
    id: 'Views.addComponent',
    method: 'POST',
    path: member,
    summary: 'Puts a component in a view.',
    answers: { 200: edited },
    handle: (call) => edit(call, { kind: 'view.add_component', ...component(call) }),
  }),
  route({
    ...writes,
    id: 'Views.removeComponent',
    method: 'DELETE',
    path: member,
    summary: 'Takes a component out of a view; it stays in at least one.',
    answers: { 200: edited },
    handle: (call) => edit(call, { kind: 'view.remove_component', ...component(call) }),
  }),
  route({
    ...writes,
    id: 'Views.setGeometry',
    method: 'PUT',
    path: `${member}/geometry`,
    summary: 'Places a component on the map of a view; null: wherever the console puts it.',
    body: shape('SetGeometryRequest', { geometry: Type.Union([geometry, Type.Null()]) }),
    answers: { 200: edited },
    handle: (call) => edit(call, { kind: 'view.set_geometry', ...component(call), geometry: call.body.geometry }),
  }),
];
