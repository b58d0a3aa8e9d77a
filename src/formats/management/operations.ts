// What a management function returns, as data of known shape: `{status, message?, ops?}` with what to create, update, delete,
// erase, take out of views, which actions to add and remove, which views to make and remove. Components are called by the
// names that the result gives them; what those mean is looked up in requests.ts.

import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { attempt, type Result, refuse } from '../../base/result.ts';
import { below, fail, type LeftOut, membersAt, misfit, objectAt, onlyMembers, textAt, textsAt } from './reading.ts';

/** A place on the map in pixels; what is absent stays as it is. */
export interface Position {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
}

/** Something said of one component, or about one view, and where in the result that stands. */
interface Said {
  readonly name: string;
  readonly at: string;
}

export interface Placing extends Said {
  readonly position: Position;
}

export interface CreateOperation extends Said {
  /** Name of a schema; absent: that of the component that the function runs on. */
  readonly kind?: string;
  readonly properties?: JsonObject;
  readonly attributes?: JsonObject;
  /** By view; `current`: in the view that the function was run in; absent: there, and the console finds a place. */
  readonly geometry?: { readonly current: Position } | { readonly views: readonly Placing[] };
}

export interface UpdateOperation extends Said {
  readonly properties?: JsonObject;
  readonly attributes?: JsonObject;
  readonly geometry: readonly Placing[];
}

export interface ActionOperation extends Said {
  /** `create`, `update`, `destroy`, `refresh`, or the name of a manual action's function. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface Operations {
  readonly create: readonly CreateOperation[];
  readonly update: readonly UpdateOperation[];
  readonly delete: readonly string[];
  readonly erase: readonly string[];
  /** Components by the view that they leave. */
  readonly remove: readonly (Said & { readonly components: readonly string[] })[];
  readonly actions: readonly ActionOperation[];
  readonly views: { readonly create: readonly string[]; readonly remove: readonly string[] };
}

export interface ManagementResult {
  readonly status: 'ok' | 'error';
  readonly message: string | null;
  readonly operations: Operations;
  readonly leftOut: readonly LeftOut[];
}

const resultMembers = ['status', 'message', 'error', 'ops'];

/**
 * Reads a result. Refuses `operations_invalid` with the place in `path`, and `operation_not_supported` for what has no
 * counterpart here.
 */
export function parseManagementResult(result: Json | undefined): Result<ManagementResult> {
  return attempt(() => {
    if (!isObject(result)) return misfit('result', '{status, message?, ops?}', result);
    const { status } = result;
    if (status !== 'ok' && status !== 'error') return misfit('/status', 'ok or error', status);
    const leftOut = Object.entries(result)
      .filter(([name, value]) => !resultMembers.includes(name) && value !== null)
      .map(([name]) => ({ path: below('', name), why: 'says nothing to the engine' }));
    const message = textOrNone(result['message'], '/message') ?? textOrNone(result['error'], '/error');
    return { status, message, operations: operationsAt(result['ops'], '/ops'), leftOut };
  });
}

function textOrNone(x: Json | undefined, at: string): string | null {
  return typeof x === 'string' ? x : x === undefined || x === null ? null : misfit(at, 'text', x);
}

function operationsAt(x: Json | undefined, at: string): Operations {
  const ops = objectAt(x, at) ?? {};
  onlyMembers(ops, 'create update delete erase remove actions views', at);
  const views = objectAt(ops['views'], `${at}/views`) ?? {};
  onlyMembers(views, 'create remove', `${at}/views`);
  return {
    create: membersAt(ops['create'], `${at}/create`).map(creation),
    update: membersAt(ops['update'], `${at}/update`).map(change),
    delete: textsAt(ops['delete'], `${at}/delete`),
    erase: textsAt(ops['erase'], `${at}/erase`),
    remove: membersAt(ops['remove'], `${at}/remove`).map(([name, value, here]) => ({
      name,
      at: here,
      components: textsAt(value, here),
    })),
    actions: membersAt(ops['actions'], `${at}/actions`).map(([name, value, here]) => {
      const { add, remove, ...rest } = objectAt(value, here) ?? {};
      onlyMembers(rest, 'add remove', here);
      return { name, at: here, add: textsAt(add, `${here}/add`), remove: textsAt(remove, `${here}/remove`) };
    }),
    views: {
      create: textsAt(views['create'], `${at}/views/create`),
      remove: textsAt(views['remove'], `${at}/views/remove`),
    },
  };
}

type Member = readonly [name: string, value: Json, at: string];

function creation([name, value, at]: Member): CreateOperation {
  const given = objectAt(value, at) ?? {};
  onlyMembers(given, 'kind properties attributes geometry connect parent', at);
  supported(given, at);
  const kind = textAt(given['kind'], `${at}/kind`);
  const geometry = geometryOfNew(given['geometry'], `${at}/geometry`);
  return {
    name,
    at,
    ...(kind === undefined ? {} : { kind }),
    ...values(given, at),
    ...(geometry === undefined ? {} : { geometry }),
  };
}

function change([name, value, at]: Member): UpdateOperation {
  const given = objectAt(value, at) ?? {};
  onlyMembers(given, 'properties attributes geometry connect parent', at);
  supported(given, at);
  return { name, at, ...values(given, at), geometry: membersAt(given['geometry'], `${at}/geometry`).map(placing) };
}

function values(given: JsonObject, at: string): Pick<CreateOperation, 'properties' | 'attributes'> {
  const properties = objectAt(given['properties'], `${at}/properties`);
  const attributes = objectAt(given['attributes'], `${at}/attributes`);
  return { ...(properties === undefined ? {} : { properties }), ...(attributes === undefined ? {} : { attributes }) };
}

/** Sockets and frames are not part of this model. What asks for none of them asks for nothing. */
function supported({ connect, parent }: JsonObject, at: string): void {
  if (saysSomething(connect))
    notSupported(`${at}/connect`, connect!, 'subscribe to the value in `attributes`: {"$source": {component, path}}');
  if (saysSomething(parent)) notSupported(`${at}/parent`, parent!, 'place components by views and their geometry');
}

function saysSomething(x: Json | undefined): boolean {
  if (x === undefined || x === null) return false;
  return typeof x !== 'object' || Object.values(x).some(saysSomething);
}

function notSupported(path: string, got: Json, hint: string): never {
  return fail(refuse('operation_not_supported', { path, expected: 'nothing', got: JSON.stringify(got), hint }));
}

function geometryOfNew(x: Json | undefined, at: string): CreateOperation['geometry'] {
  const given = objectAt(x, at);
  if (given === undefined) return undefined;
  const isByView = Object.values(given).every(isObject) && Object.keys(given).length > 0;
  return isByView ? { views: membersAt(given, at).map(placing) } : { current: position(given, at) };
}

function placing([name, value, at]: Member): Placing {
  return { name, at, position: position(objectAt(value, at) ?? {}, at) };
}

function position(given: JsonObject, at: string): Position {
  onlyMembers(given, 'x y width height', at);
  const out: { -readonly [side in keyof Position]: number } = {};
  for (const side of ['x', 'y', 'width', 'height'] as const) {
    const n = given[side];
    if (n === undefined || n === null) continue;
    const isSize = side === 'width' || side === 'height';
    if (typeof n !== 'number' || (isSize && n < 0)) misfit(below(at, side), 'a number of pixels', n);
    out[side] = n;
  }
  return out;
}
