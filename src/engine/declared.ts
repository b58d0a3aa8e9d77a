// Components out of a state as documents: what is declared on each, by names. What an author of the document could not say
// (followed values, reality, defaults) is left out.

import type { ComponentId } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import type { Declaration } from '../formats/declaration.ts';
import { type Declared, readDeclared } from '../model/declared.ts';
import type { FunctionRecord } from '../model/function.ts';
import { dependsKey, index, indexUser } from '../model/keys.ts';
import {
  findComponent,
  findRecord,
  findSchema,
  nameOf,
  resolveComponent,
  resourceIdOf,
  specOfComponent,
} from '../model/lookup.ts';
import { decodeSegment, type Path, wellKnown } from '../model/path.ts';
import { childProperty, type Definitions, derefProperty, type Property } from '../model/property.ts';
import { rootProperty } from '../model/schema.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Reader } from '../model/state.ts';
import type { ViewRecord } from '../model/view.ts';
import { inputOfTree, pointerAt, treeOfDeclared } from '../mutation/tree.ts';

/** Said by members of the document, or by nobody. */
const elsewhere: readonly Path[] = [wellKnown.name, wellKnown.resourceId, wellKnown.movedFrom, wellKnown.lookups];

export function declarationOf(state: Reader, id: ComponentId): Declaration {
  const record = findComponent(state, id)!;
  const spec = specOfComponent(state, record)!;
  const attributes: Record<string, Json> = {};
  const walk = (declared: Declared, property: Property | undefined, definitions: Definitions): void => {
    if (elsewhere.includes(declared.path)) return;
    const isObjectOf = property !== undefined && derefProperty(property, definitions).kind === 'object';
    if (declared.cell !== undefined || !isObjectOf) {
      const tree = treeOfDeclared(state, declared);
      if (tree !== undefined)
        attributes[pointerAt(state, id, declared.path)] = byNames(state, inputOfTree(state, tree));
      return;
    }
    for (const [segment, child] of declared.children) {
      const { key } = decodeSegment(segment);
      if (key !== undefined) walk(child, childProperty(property, { key }, definitions), definitions);
    }
  };
  walk(readDeclared(state, id, '' as Path), rootProperty(spec), spec.definitions);
  const resourceId = resourceIdOf(state, id);
  const views = [...state.scan('index', index.viewsOf(id))].map(
    ([key]) => findRecord<ViewRecord>(state, 'views', indexUser(key))!,
  );
  // In which a component is that was made without a word about views.
  const isUsual = views.length === 1 && views[0]!.isDefault;
  const depends = dependsKey(id, '' as ComponentId);
  const dependsOn = [...state.scan('components', depends)].map(([key]) =>
    referenceTo(state, key.slice(depends.length) as ComponentId),
  );
  return {
    component: nameOf(state, id),
    schema: findSchema(state, record.schema)?.name ?? record.schema,
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(isUsual ? {} : { views: views.map((v) => v.name).sort() }),
    ...(dependsOn.length === 0 ? {} : { dependsOn: dependsOn.sort() }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  };
}

/** Its name where that names nothing else, else its id. */
function referenceTo(state: Reader, id: ComponentId): string {
  const name = nameOf(state, id);
  const found = resolveComponent(state, name);
  return found.ok && found.value === id ? name : id;
}

/** An author's input with names in place of the ids of components, functions and secrets. */
function byNames(state: Reader, input: Json): Json {
  if (Array.isArray(input)) return (input as Json[]).map((item) => byNames(state, item));
  if (!isObject(input)) return input;
  const source = input['$source'];
  if (source !== undefined && isObject(source)) return { $source: sourceByNames(state, source) };
  return Object.fromEntries(Object.entries(input).map(([key, member]) => [key, byNames(state, member)]));
}

function sourceByNames(state: Reader, source: JsonObject): JsonObject {
  const { component, secret, call, args } = source;
  if (typeof component === 'string') return { ...source, component: referenceTo(state, component as ComponentId) };
  if (typeof secret === 'string') return { secret: findRecord<SecretRecord>(state, 'secrets', secret)?.name ?? secret };
  if (typeof call === 'string' && Array.isArray(args)) {
    const fn = findRecord<FunctionRecord>(state, 'functions', call);
    const [first, ...more] = (args as Json[]).map((arg) => byNames(state, arg));
    const of = isObject(first ?? null) ? (first as JsonObject)['$source'] : undefined;
    // Through one function: as people write it.
    if (
      more.length === 0 &&
      of !== undefined &&
      isObject(of) &&
      typeof of['component'] === 'string' &&
      of['func'] === undefined
    )
      return { ...of, ...(fn === undefined ? { func: call } : { function: fn.name }) };
    return { call: fn?.name ?? call, args: first === undefined ? [] : [first, ...more] };
  }
  return source;
}
