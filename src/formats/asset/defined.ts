// What `defineSchema` gives, as a variant document and the functions that are bound to it. Properties are written as the
// engine has them, so that there is little to convert; what nobody can have meant is refused with its path.

import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { attempt, must, type Result } from '../../base/result.ts';
import {
  type ActionFunctionKind,
  actionFunctionKinds,
  type BindingArgument,
  type FunctionKind,
} from '../../model/function.ts';
import { isPathKey } from '../../model/path.ts';
import { isRefreshPeriod, parseVariantSpec, type VariantSpec, variantSpecFormat } from '../../model/schema.ts';
import type { ConvertedAsset } from './asset.ts';
import { malformed, objectAt } from './reading.ts';

/** A function of the definition and where it is bound; its text stands in the definition's. */
export interface DefinedBinding {
  readonly kind: FunctionKind;
  readonly name: string;
  readonly arguments: readonly BindingArgument[];
  readonly output: string | null;
  readonly action: ActionFunctionKind | null;
}

const depthMax = 40;

export interface ConvertedDefinition {
  readonly spec: VariantSpec;
  readonly functions: readonly DefinedBinding[];
  readonly secretSlots: ConvertedAsset['secretSlots'];
}

const members = new Set(
  (
    'definedBy docs link domain resource secrets definesSecret definitions primaryIdentifier attributes code ' +
    'qualifications management actions authentication refresh'
  ).split(' '),
);

export function isDefined(value: Json): value is JsonObject {
  return isObject(value) && value['definedBy'] === 'defineSchema';
}

/** Refuses `request_malformed` for what no definition has, `property_tree_invalid` for a tree that contradicts itself. */
export function convertDefined(from: JsonObject): Result<ConvertedDefinition> {
  return attempt(() => {
    for (const name of Object.keys(from))
      if (!members.has(name)) malformed(`/${name}`, `one of ${[...members].slice(1).join(', ')}`, name);
    const secretDefinition = secretDefinitionOf(from['definesSecret']);
    const secretSlots = Object.entries(objectAt(from['secrets'] ?? {}, '/secrets')).map(([name, definition]) => ({
      name,
      definition:
        typeof definition === 'string' ? definition : malformed(`/secrets/${name}`, 'a kind of secret', definition),
    }));
    if (secretDefinition !== undefined) {
      if (secretSlots.length > 0)
        malformed('/secrets', 'no secrets in a schema that defines one', secretSlots[0]!.name);
      secretSlots.push({ name: secretDefinition.name, definition: secretDefinition.name });
    }
    const spec = must(
      parseVariantSpec({
        format: variantSpecFormat,
        ...(from['docs'] === undefined ? {} : { docs: from['docs'] }),
        ...(from['link'] === undefined ? {} : { link: from['link'] }),
        domain: membersOf(from['domain'], '/domain'),
        resourceValue: { ...membersOf(from['resource'] ?? [], '/resource'), readOnly: true },
        secrets: {
          kind: 'object',
          properties: Object.fromEntries(secretSlots.map((s) => [s.name, slotOf(s.definition)])),
        },
        definitions: definitionsOf(from['definitions']),
        ...refreshOf(from['refresh']),
        ...(from['primaryIdentifier'] === undefined ? {} : { primaryIdentifier: from['primaryIdentifier'] }),
        ...(secretDefinition === undefined ? {} : { secretDefinition }),
      } as Json),
    );
    return { spec, secretSlots, functions: functionsIn(from) };
  });
}

/** How often resources are looked at by themselves. */
function refreshOf(from: Json | undefined): { readonly refreshEveryMs?: number } {
  if (from === undefined) return {};
  const { everyMinutes, ...rest } = objectAt(from, '/refresh');
  for (const name of Object.keys(rest)) malformed(`/refresh/${name}`, 'everyMinutes', name);
  const refreshEveryMs = typeof everyMinutes === 'number' ? Math.round(everyMinutes * 60_000) : 0;
  if (isRefreshPeriod(refreshEveryMs)) return { refreshEveryMs };
  return malformed('/refresh/everyMinutes', 'a number of minutes, a second at least', everyMinutes);
}

/** Properties as the script lists them, as the members of an object. */
function membersOf(from: Json | undefined, at: string, depth = 0): JsonObject {
  if (!Array.isArray(from)) return malformed(at, 'properties by name', from);
  if (depth > depthMax) return malformed(at, `properties at most ${depthMax} deep`, 'deeper ones');
  const properties = from.map((entry): [string, Json] => {
    const { name, property } = objectAt(entry as Json, at);
    if (typeof name !== 'string' || !isPathKey(name)) return malformed(at, 'the name of a property', name);
    return [name, propertyOf(property, `${at}/${name}`, depth)];
  });
  return { kind: 'object', properties: Object.fromEntries(properties) };
}

function propertyOf(from: Json | undefined, at: string, depth: number): JsonObject {
  const parts = Object.entries(objectAt(from, at)).map(([name, part]): [string, Json] => {
    if (name === 'properties') return [name, membersOf(part as Json, at, depth + 1)['properties'] as Json];
    const isElement = (name === 'items' || name === 'values') && depth < depthMax;
    return [name, isElement ? propertyOf(part as Json, `${at}/${name}`, depth + 1) : (part as Json)];
  });
  return Object.fromEntries(parts);
}

function definitionsOf(from: Json | undefined): JsonObject {
  const named = Object.entries(objectAt(from ?? {}, '/definitions'));
  return Object.fromEntries(named.map(([name, p]) => [name, propertyOf(p as Json, `/definitions/${name}`, 0)]));
}

const slotOf = (definition: string): JsonObject => ({
  kind: 'string',
  secret: true,
  suggests: [{ schema: definition, path: `/secrets/${definition}` }],
});

function secretDefinitionOf(
  from: Json | undefined,
): { readonly name: string; readonly fields: JsonObject } | undefined {
  if (from === undefined) return undefined;
  const { name, fields } = objectAt(from, '/definesSecret');
  if (typeof name !== 'string' || !isPathKey(name))
    return malformed('/definesSecret/name', 'the name of a secret', name);
  return { name, fields: membersOf(fields, '/definesSecret/fields') };
}

function functionsIn(from: JsonObject): DefinedBinding[] {
  const out: DefinedBinding[] = [];
  const each = (
    section: string,
    kind: FunctionKind,
    of: (given: Json, at: string) => Partial<DefinedBinding>,
  ): void => {
    for (const [name, given] of Object.entries(objectAt(from[section] ?? {}, `/${section}`)))
      out.push({ kind, name, arguments: [], output: null, action: null, ...of(given as Json, `/${section}/${name}`) });
  };
  each('attributes', 'attribute', attributeOf);
  for (const [section, kind] of [
    ['code', 'code-generation'],
    ['qualifications', 'qualification'],
    ['management', 'management'],
    ['authentication', 'authentication'],
  ] as const)
    each(section, kind, () => ({}));
  each('actions', 'action', (given, at) => {
    const { kind } = objectAt(given, at);
    if (!actionFunctionKinds.includes(kind as ActionFunctionKind))
      malformed(`${at}/kind`, actionFunctionKinds.join(', '), kind);
    return { action: kind as ActionFunctionKind };
  });
  return out;
}

function attributeOf(given: Json, at: string): Partial<DefinedBinding> {
  const { arguments: named, output } = objectAt(given, at);
  if (typeof output !== 'string') return malformed(`${at}/output`, 'the pointer that the result goes to', output);
  const args = Object.entries(objectAt(named ?? {}, `${at}/arguments`)).map(([name, path]) =>
    typeof path === 'string' ? { name, path } : malformed(`${at}/arguments/${name}`, 'a pointer to a property', path),
  );
  return { arguments: args, output };
}
