// Reading a request from outside: its kind is known, it has the members of that kind and no others, each of the right
// JSON type and storable. What members mean (names, pointers, values) is checked where a request is compiled.

import { isUlid } from '../base/ids.ts';
import { brief, checkJson, isObject, type Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import type { Request, RequestKind } from './request.ts';

/** `input`, `inputs`: what is in them is left to treeOfInput, which walks it anyway. A `?` behind it: may be left out. */
type Member =
  | 'text'
  | 'id'
  | 'input'
  | 'inputs'
  | 'flag'
  | 'number'
  | 'texts'
  | 'record'
  | 'records'
  | 'recordOrNull'
  | 'textOrNull';
type Field = Member | `${Member}?`;

type RequestOf<K> = Request extends infer R ? (R extends { kind: infer Q } ? (K extends Q ? R : never) : never) : never;
type Shapes = { readonly [K in RequestKind]: { readonly [F in Exclude<keyof RequestOf<K>, 'kind'>]-?: Field } };

const component = { component: 'text' } as const;
const valueAt = { ...component, path: 'text' } as const;
const variant = { variant: 'text' } as const;
const override = { ...component, action: 'text', name: 'text?' } as const;

const shapes: Shapes = {
  'component.create': {
    schema: 'text',
    variant: 'text?',
    workingCopy: 'flag?',
    name: 'text',
    id: 'id?',
    views: 'texts?',
    attributes: 'inputs?',
    managedBy: 'text?',
  },
  'component.rename': { ...component, name: 'text' },
  'component.delete': component,
  'component.restore': component,
  'component.erase': component,
  'component.upgrade': { ...component, variant: 'text?' },
  'component.duplicate': { ...component, id: 'id?', name: 'text?', views: 'texts?' },
  'component.moved': { from: 'text', to: 'text' },
  'component.look_again': valueAt,
  'component.set_resource_id': { ...component, resourceId: 'textOrNull' },
  'component.protect': { ...component, on: 'flag' },
  'component.retain': { ...component, on: 'flag' },
  'component.ignore_changes': { ...valueAt, on: 'flag' },
  'component.manage': { ...component, managed: 'text' },
  'component.unmanage': { ...component, managed: 'text' },
  'depends_on.add': { ...component, on: 'text' },
  'depends_on.remove': { ...component, on: 'text' },
  'attribute.set': { ...valueAt, value: 'input' },
  'attribute.unset': valueAt,
  'attribute.subscribe': { ...valueAt, source: 'input' },
  'attribute.unsubscribe': valueAt,
  'list.insert': { ...valueAt, index: 'number?', value: 'input' },
  'list.move': { ...valueAt, from: 'number', to: 'number' },
  'list.remove': { ...valueAt, index: 'number' },
  'map.put': { ...valueAt, key: 'text', value: 'input' },
  'map.remove': { ...valueAt, key: 'text' },
  'view.create': { name: 'text', id: 'id?' },
  'view.rename': { view: 'text', name: 'text' },
  'view.remove': { view: 'text' },
  'view.add_component': { view: 'text', ...component },
  'view.remove_component': { view: 'text', ...component },
  'view.set_geometry': { view: 'text', ...component, geometry: 'recordOrNull' },
  'view.set_approvers': { view: 'text', rule: 'recordOrNull' },
  'schema.create': { id: 'id?', name: 'text', category: 'text?', spec: 'record' },
  'schema.define': {
    id: 'id?',
    name: 'text',
    category: 'text?',
    spec: 'record',
    text: 'text',
    follows: 'records?',
    functions: 'records?',
    gone: 'texts?',
    isNew: 'flag?',
  },
  'schema.install': { name: 'text', category: 'text', origin: 'text', spec: 'record' },
  'schema.edit_variant': { ...variant, spec: 'record', name: 'text?' },
  'schema.lock_variant': variant,
  'schema.unlock_variant': { ...variant, id: 'id?' },
  'schema.set_default': { schema: 'text', ...variant },
  'function.create': {
    id: 'id?',
    name: 'text',
    functionKind: 'text',
    text: 'text',
    displayName: 'text?',
    description: 'text?',
  },
  'function.edit_text': { function: 'text', text: 'text' },
  'function.set_metadata': { function: 'text', name: 'text?', displayName: 'text?', description: 'text?' },
  'function.lock': { function: 'text' },
  'function.unlock': { function: 'text', id: 'id?' },
  'binding.attach': {
    id: 'id?',
    function: 'text',
    schema: 'text?',
    variant: 'text?',
    arguments: 'records?',
    output: 'text?',
    action: 'text?',
  },
  'binding.detach': { binding: 'text' },
  'secret.put': { secret: 'text?', id: 'id?', name: 'text', definition: 'text', description: 'text?', key: 'text' },
  'secret.rename': { secret: 'text', name: 'text' },
  'secret.remove': { secret: 'text' },
  'action.skip': override,
  'action.hold': override,
  'action.add': override,
  'action.remove': override,
};

export const requestKinds = Object.keys(shapes) as readonly RequestKind[];

/** Nesting of a schema document: two levels for each level of its tree, and its defaults. */
const documentDepthMax = 192;

/** Checks the shape of a request. Refuses `request_malformed`, `value_not_storable`. */
export function parseRequest(x: unknown): Result<Request> {
  if (!isObject(x)) return malformed('request', 'an object with a kind', x);
  const { kind } = x;
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) {
    const family = typeof kind === 'string' ? `${kind.split('.')[0]}.` : '';
    const near = requestKinds.filter((k) => k.startsWith(family));
    return malformed('kind', `one of ${(near.length === 0 ? requestKinds : near).join(', ')}`, kind);
  }
  const shape: Readonly<Record<string, Field>> = shapes[kind as RequestKind];
  for (const name of Object.keys(x)) {
    if (name === 'kind' || x[name] === undefined || Object.hasOwn(shape, name)) continue;
    return malformed(name.slice(0, 80) || 'request', `no member but ${Object.keys(shape).join(', ')}`, name);
  }
  for (const [name, field] of Object.entries(shape)) {
    const optional = field.endsWith('?');
    const value = Object.hasOwn(x, name) ? x[name] : undefined;
    if (value === undefined && optional) continue;
    const member = (optional ? field.slice(0, -1) : field) as Member;
    if (value === undefined) return malformed(name, expected[member], value);
    if (member !== 'input' && member !== 'inputs') {
      const storable = checkJson(value, name, documentDepthMax);
      if (!storable.ok) return storable;
    }
    if (!fits(value, member)) return malformed(name, expected[member], value);
  }
  return ok(x as unknown as Request);
}

const expected: Readonly<Record<Member, string>> = {
  text: 'text',
  id: 'a ULID',
  input: 'a value',
  inputs: 'an object of pointers and values',
  flag: 'true or false',
  number: 'a number',
  texts: 'a list of texts',
  record: 'an object',
  records: 'a list of objects',
  recordOrNull: 'an object, or null',
  textOrNull: 'text, or null',
};

function fits(value: Json, member: Member): boolean {
  switch (member) {
    case 'text':
      return typeof value === 'string';
    case 'id':
      return typeof value === 'string' && isUlid(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number';
    case 'texts':
      return Array.isArray(value) && value.every((v) => typeof v === 'string');
    case 'record':
    case 'inputs':
      return isObject(value);
    case 'records':
      return Array.isArray(value) && value.every(isObject);
    case 'recordOrNull':
      return value === null || isObject(value);
    case 'textOrNull':
      return value === null || typeof value === 'string';
    case 'input':
      return true;
  }
}

function malformed(path: string, wanted: string, got: unknown): ReturnType<typeof refuse> {
  const shown = checkJson(got, path, documentDepthMax);
  return refuse('request_malformed', {
    path,
    expected: wanted,
    got: got === undefined ? 'nothing' : shown.ok ? brief(shown.value) : shown.refusal.got,
    hint: 'compare with the request format in the documentation',
  });
}
