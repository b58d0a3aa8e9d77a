// What a path names is what a request is about: every route that also takes a query or a body is given members called as what
// its path gives, and has to call the same operations with the same parameters. Nothing behind the handlers is there; the
// table of routes is the program's own, so that a new one is tried without being named here.

import { expect, test } from 'vitest';
import { isObject, type Json } from '../../src/base/json.ts';
import type { OperationParams, Route, RouteCall } from '../../src/surfaces/http/route.ts';
import { routes } from '../../src/surfaces/http/routes/all.ts';
import { Versions } from '../../src/surfaces/http/versions.ts';

const tried = routes
  .filter((r) => r.path.replace('{workspace_id}', '').includes('{') && (r.body ?? r.query) !== undefined)
  // Its body is what the operation of its path is given.
  .filter((r) => r.id !== 'Operations.callOperation');

interface Schema {
  readonly type?: string;
  readonly anyOf?: readonly Schema[];
  readonly const?: Json;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** The least that a schema takes. */
function least({ type, anyOf, const: constant, minimum, properties = {}, required = [] }: Schema): Json {
  if (constant !== undefined) return constant;
  if (anyOf !== undefined) return least(anyOf[0]!);
  if (type === 'string') return 'text';
  if (type === 'integer' || type === 'number') return minimum ?? 0;
  if (type === 'boolean') return true;
  if (type === 'array') return [];
  return Object.fromEntries(required.map((name) => [name, least(properties[name] ?? {})]));
}

/** Whatever is read from an answer is there, so that a handler comes to all that it asks. */
const anything: unknown = new Proxy(() => anything, {
  get: (_, name) => {
    if (name === 'then') return undefined;
    if (name === Symbol.iterator) return () => [].values();
    return name === Symbol.toPrimitive ? () => 'text' : anything;
  },
  ownKeys: () => ['prototype'],
});

/** What a handler takes beside the least of its shape. */
const needed: Readonly<Record<string, object>> = {
  'Components.executeManagementFunction': { managementFunction: { function: 'text' } },
  'Components.findComponent': { component: 'text' },
  'Schemas.createVariantAction': { kind: 'Create' },
};

/** The operations that a handler asks for, with what it gives them. */
async function called(r: Route, more: Readonly<Record<string, string>>): Promise<[string, OperationParams][]> {
  const out: [string, OperationParams][] = [];
  const operation = async (name: string, params: OperationParams = {}) => {
    out.push([name, JSON.parse(JSON.stringify(params)) as OperationParams]);
    return anything as never;
  };
  const params = Object.fromEntries([...r.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, `the ${name}`]));
  const filled = (schema: object | undefined) => ({
    ...(schema === undefined ? {} : (least(schema as Schema) as object)),
    ...needed[r.id],
    ...more,
  });
  const versions = new Versions({}, params['change_set_id']!, operation);
  const call = {
    params,
    query: filled(r.query),
    body: filled(r.body),
    headers: {},
    operation,
    edit: (name: string, asked: OperationParams = {}) => versions.edit(name, asked),
  } as unknown as RouteCall<never, never>;
  try {
    await r.handle(call);
  } catch (e) {
    // An answer that is nothing real may come to an end anywhere; what was asked before it counts.
    if (out.length === 0) throw new Error(`${r.id} asks for nothing`, { cause: e });
  }
  return out;
}

/** Names of what is given as the path has it, at any depth. */
function fromPath(given: unknown): string[] {
  if (Array.isArray(given)) return given.flatMap(fromPath);
  if (!isObject(given as Json)) return [];
  return Object.entries(given as object).flatMap(([name, value]) =>
    typeof value === 'string' && value.startsWith('the ') ? [name] : fromPath(value),
  );
}

test('[EN821] no member of a query or a body takes the place of what the path names', async () => {
  expect(tried.length).toBeGreaterThan(60);
  const wrong: string[] = [];
  for (const r of tried) {
    const plain = await called(r, {});
    const names = new Set([...fromPath(plain.map(([, params]) => params)), 'changeSet', 'workspace']);
    const over = await called(r, Object.fromEntries([...names].map((name) => [name, 'another'])));
    const others = over.filter(([, params]) => JSON.stringify(params).includes('another'));
    if (fromPath(over).length !== fromPath(plain).length) wrong.push(`${r.id}: ${JSON.stringify(others)}`);
  }
  expect(wrong).toEqual([]);
});
