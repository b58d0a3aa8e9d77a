// Functions of a schema, by kind: made and bound in one step, and taken off. They are bound to the schema, for all its variants,
// unless `skipOverlay` asks for the variant, which then has to be unlocked.

import { type TProperties, Type } from 'typebox';
import { RefusalError } from '../../../base/result.ts';
import type { BoundReply } from '../../../engine/variant_functions.ts';
import type { ActionFunctionKind, FunctionKind } from '../../../model/function.ts';
import { anyJson, maybe, shape, success } from '../model.ts';
import { inChangeSet, type OperationParams, type Route, route } from '../route.ts';
import { actionKindNames } from './variant_view.ts';

const functionsOf = `${inChangeSet}/schemas/{schema_id}/variant/{schema_variant_id}/funcs`;

/** The kind as the paths name it, what it is here, and as the contract spells it. */
const kinds = {
  action: { kind: 'action', name: 'Action' },
  attribute: { kind: 'attribute', name: 'Attribute' },
  authentication: { kind: 'authentication', name: 'Authentication' },
  codegen: { kind: 'code-generation', name: 'Codegen' },
  management: { kind: 'management', name: 'Management' },
  qualification: { kind: 'qualification', name: 'Qualification' },
} as const satisfies Record<string, { readonly kind: FunctionKind; readonly name: string }>;
type KindInPath = keyof typeof kinds;

const detached = success('DetachFuncBindingV1Response');

const code = {
  name: Type.String(),
  code: Type.String({ description: 'TypeScript with a function `main`.' }),
  displayName: maybe(Type.String()),
  description: maybe(Type.String()),
};
const skipOverlay = { skipOverlay: maybe(Type.Boolean({ description: 'On the variant instead of the schema.' })) };

interface Code {
  readonly name: string;
  readonly code: string;
  readonly displayName?: string | null;
  readonly description?: string | null;
  readonly skipOverlay?: boolean | null;
}

interface Creation<P extends TProperties> {
  readonly at: KindInPath;
  readonly members: P;
  /** What the kind has beside a name and a text. */
  readonly more?: (body: never) => OperationParams;
  readonly answer?: (done: BoundReply) => object;
}

function creation<P extends TProperties>({ at, members, more = () => ({}), answer = () => ({}) }: Creation<P>): Route {
  const { kind, name } = kinds[at];
  const more200 = at === 'attribute' ? { attributePrototypeId: Type.String() } : {};
  return route({
    id: `Schemas.createVariant${name}`,
    method: 'POST',
    path: `${functionsOf}/${at}`,
    summary: `Makes a function of kind ${kind} and binds it.`,
    body: shape(`CreateVariant${name}FuncV1Request`, { ...code, ...members }),
    repeats: 'engine',
    versioned: true,
    // What stands there already has to be taken away first.
    statuses: { already_exists: 412, name_taken: 412 },
    answers: { 200: shape(`CreateVariant${name}FuncV1Response`, { funcId: Type.String(), ...more200 }) },
    handle: async ({ params, body, edit }) => {
      const given = body as unknown as Code;
      const done = await edit<BoundReply>('schema.add_function', {
        schema: params['schema_id'],
        variant: params['schema_variant_id'],
        kind,
        name: given.name,
        text: given.code,
        displayName: given.displayName ?? undefined,
        description: given.description ?? undefined,
        onVariant: at === 'authentication' || given.skipOverlay === true,
        ...more(body as never),
      });
      return { funcId: done.function, ...answer(done) };
    },
  });
}

function detachment(at: KindInPath): Route {
  const { kind, name } = kinds[at];
  return route({
    id: `Schemas.detach${name}FuncBinding`,
    method: 'DELETE',
    path: `${functionsOf}/${at}/{func_id}`,
    summary: `Takes a function of kind ${kind} off the schema; the function stays.`,
    repeats: 'engine',
    versioned: true,
    answers: { 200: detached },
    handle: async ({ params, edit }) => {
      await edit('schema.detach_function', {
        schema: params['schema_id'],
        variant: params['schema_variant_id'],
        function: params['func_id'],
        kind,
      });
      return { success: true };
    },
  });
}

const argumentKinds = ['any', 'array', 'boolean', 'integer', 'float', 'json', 'map', 'object', 'string'];

interface AttributeBody {
  readonly propId: string;
  readonly componentId?: string | null;
  readonly argumentBindings: readonly {
    readonly name: string;
    readonly kind: string;
    readonly elementKind?: string | null;
    readonly propId?: string | null;
    readonly staticValue?: unknown;
  }[];
}

function attributeOf({ propId, componentId, argumentBindings }: AttributeBody): OperationParams {
  if ((componentId ?? null) !== null) {
    throw new RefusalError({
      code: 'operation_not_supported',
      path: 'body/componentId',
      expected: 'a function for every component of the schema',
      got: 'one component',
      hint: 'leave it out; a value of one component follows others through a function by its `$source`',
    });
  }
  return { output: propId, arguments: argumentBindings.map(argumentOf) as never };
}

function argumentOf(b: AttributeBody['argumentBindings'][number], i: number): object {
  const at = `body/argumentBindings/${i}`;
  for (const name of ['kind', 'elementKind'] as const) {
    const kind = b[name] ?? undefined;
    if (kind !== undefined && !argumentKinds.includes(kind.toLowerCase()))
      throw malformed(`${at}/${name}`, argumentKinds.join(', '), JSON.stringify(kind));
  }
  const isProperty = (b.propId ?? null) !== null;
  const isStatic = (b.staticValue ?? null) !== null;
  if (isProperty === isStatic)
    throw malformed(at, 'exactly one of propId and staticValue', isProperty ? 'both' : 'neither');
  return isProperty ? { name: b.name, property: b.propId } : { name: b.name, value: b.staticValue };
}

const malformed = (path: string, expected: string, got: string) =>
  new RefusalError({ code: 'request_malformed', path, expected, got, hint: 'compare it with the operation' });

function actionOf({ kind }: { readonly kind: string }): OperationParams {
  const found = (Object.keys(actionKindNames) as ActionFunctionKind[]).find((k) => k === kind.toLowerCase());
  if (found === undefined)
    throw malformed('body/kind', Object.values(actionKindNames).join(', '), JSON.stringify(kind));
  return { action: found };
}

export const variantFunctionRoutes: readonly Route[] = [
  creation({
    at: 'action',
    members: { kind: Type.String({ description: Object.values(actionKindNames).join(', ') }), ...skipOverlay },
    more: actionOf,
  }),
  creation({
    at: 'attribute',
    members: {
      propId: Type.String({
        description: 'What it gives: a propId of this variant, or a pointer such as /domain/Name.',
      }),
      componentId: maybe(Type.String()),
      argumentBindings: Type.Array(
        shape('AttributeArgumentBindingRequest', {
          name: Type.String(),
          kind: Type.String({ description: argumentKinds.join(', ') }),
          elementKind: maybe(Type.String()),
          propId: maybe(Type.String()),
          staticValue: Type.Optional(anyJson),
        }),
      ),
      ...skipOverlay,
    },
    more: attributeOf,
    answer: (done) => ({ attributePrototypeId: done.binding }),
  }),
  creation({ at: 'authentication', members: {} }),
  creation({ at: 'codegen', members: skipOverlay }),
  creation({ at: 'management', members: skipOverlay }),
  creation({ at: 'qualification', members: skipOverlay }),
  ...(Object.keys(kinds) as KindInPath[]).map(detachment),
];
