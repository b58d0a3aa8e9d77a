// What a schema definition builds (an “asset”: data made by the builders of asset/builders) as a variant document, and what it
// implies beside it: bindings, sockets, the definition of a secret. Nothing is dropped in silence: what has no place in a
// variant is a warning that names it.

import type { Json, JsonObject } from '../../base/json.ts';
import { attempt, must, type Result } from '../../base/result.ts';
import type { Property } from '../../model/property.ts';
import { parseVariantSpec, type VariantSpec, variantSpecFormat } from '../../model/schema.ts';
import { convertMembers, pointerOfPropPath } from './props.ts';
import { linksText, malformed, objectAt, Reading, textsOf, type Warning } from './reading.ts';

/** `output` follows `path`: the identity of another property of the same component. */
export interface AssetBinding {
  readonly output: string;
  readonly path: string;
}

/** A named end of a connection, as older schemas have them. */
export interface AssetSocket {
  readonly direction: 'input' | 'output';
  readonly name: string;
  readonly arity: 'one' | 'many';
  readonly annotations: readonly string[];
  readonly hidden: boolean;
  /** output: the property whose value it gives. */
  readonly source?: string;
  /** input: the properties that take what is connected. */
  readonly targets: readonly string[];
}

export interface ConvertedAsset {
  readonly spec: VariantSpec;
  readonly bindings: readonly AssetBinding[];
  readonly sockets: readonly AssetSocket[];
  /** Slots of the secrets, and the definition that each takes. */
  readonly secretSlots: readonly { readonly name: string; readonly definition: string }[];
  /** Set when the schema defines a secret: its name and the fields that a secret of it has. */
  readonly secretDefinition?: { readonly name: string; readonly fields: Property };
  readonly warnings: readonly Warning[];
}

const assetMembers =
  'props secretProps secretDefinition secretName resourceProps siPropValueFroms inputSockets outputSockets docLinks';

/**
 * Converts what a schema definition returned. Refuses `request_malformed` for data that no builder makes,
 * `property_tree_invalid` for a tree that contradicts itself.
 */
export function convertAsset(asset: Json): Result<ConvertedAsset> {
  return attempt(() => {
    const from = objectAt(asset, '');
    const reading = new Reading(linksOf(from['docLinks']));
    reading.onlyMembers(from, assetMembers, '');
    const domain = convertMembers(from['props'], '/props', '/domain', reading);
    const resourceValue = convertMembers(from['resourceProps'], '/resourceProps', '/resource_value', reading);
    const secrets = secretSlots(from['secretProps'], reading);
    const sockets = [
      ...socketsOf(from['inputSockets'], 'input', '/inputSockets', reading),
      ...socketsOf(from['outputSockets'], 'output', '/outputSockets', reading),
    ];
    fixedBindings(from['siPropValueFroms'], reading);
    const secretDefinition = secretDefinitionOf(from, reading);
    const docs = linksText(reading.unusedLinks());
    const spec = must(
      parseVariantSpec({
        format: variantSpecFormat,
        ...(docs === '' ? {} : { docs }),
        domain,
        resourceValue: { ...resourceValue, readOnly: true },
        secrets: { kind: 'object', properties: secrets },
        definitions: {},
      }),
    );
    return {
      spec,
      bindings: reading.bindings,
      sockets: connected(sockets, reading),
      secretSlots: reading.secretSlots,
      ...(secretDefinition === undefined ? {} : { secretDefinition }),
      warnings: reading.warnings,
    };
  });
}

function linksOf(links: Json | undefined): ReadonlyMap<string, string> {
  if (links === undefined) return new Map();
  const entries = Object.entries(objectAt(links, '/docLinks'));
  return new Map(
    entries.map(([key, url]) => (typeof url === 'string' ? [key, url] : malformed(`/docLinks/${key}`, 'text', url))),
  );
}

/** One secret string a slot; the definition it takes is named by an option of its widget. */
function secretSlots(list: Json | undefined, reading: Reading): { readonly [name: string]: Property } {
  const out: [name: string, property: Property][] = [];
  const { properties = {} } = convertMembers(list, '/secretProps', '/secrets', reading);
  for (const [name, property] of Object.entries(properties)) {
    const definition = reading.secretSlots.find((s) => s.name === name)?.definition;
    if (definition === undefined) reading.warn(`/secretProps/${name}`, 'names no kind of secret');
    const source = definition === undefined ? [] : [{ schema: definition, path: `/secrets/${definition}` }];
    const suggests = [...source, ...(property.suggests ?? [])];
    out.push([name, { ...property, secret: true, ...(suggests.length === 0 ? {} : { suggests }) }]);
  }
  return Object.fromEntries(out);
}

function secretDefinitionOf(asset: JsonObject, reading: Reading): ConvertedAsset['secretDefinition'] {
  if (asset['secretDefinition'] === undefined) return undefined;
  const fields = convertMembers(asset['secretDefinition'], '/secretDefinition', undefined, reading);
  const name = asset['secretName'] ?? reading.secretSlots[0]?.definition;
  if (typeof name !== 'string') return malformed('/secretName', 'the name of the secret that is defined', name);
  // What is typed into a masked field is the secret part of the secret.
  const properties = Object.entries(fields.properties ?? {}).map(([key, { widget, ...p }]): [string, Property] => [
    key,
    widget === 'password' ? { ...p, secret: true } : { ...p, ...(widget === undefined ? {} : { widget }) },
  ]);
  return { name, fields: { ...fields, properties: Object.fromEntries(properties) } };
}

/** Values of the fixed tree under /si, and of the resource. */
function fixedBindings(list: Json | undefined, reading: Reading): void {
  const outputs: Readonly<Record<string, string>> = {
    name: '/si/name',
    color: '/si/color',
    resourcePayload: '/resource/payload',
  };
  for (const [i, entry] of (Array.isArray(list) ? list : []).entries()) {
    const at = `/siPropValueFroms/${i}`;
    const { kind, valueFrom, ...rest } = objectAt(entry, at);
    reading.onlyMembers(rest, '', at);
    const output = typeof kind === 'string' && Object.hasOwn(outputs, kind) ? outputs[kind] : undefined;
    if (output === undefined) reading.warn(`${at}/kind`, `is no value that a schema sets: ${String(kind)}`);
    else reading.follow(output, valueFrom, at);
  }
}

function socketsOf(list: Json | undefined, direction: 'input' | 'output', at: string, reading: Reading): AssetSocket[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return malformed(at, 'a list of sockets', list);
  return list.map((entry: Json, i): AssetSocket => {
    const place = `${at}/${i}`;
    const { name, arity, connectionAnnotations, uiHidden, valueFrom, ...rest } = objectAt(entry, place);
    reading.onlyMembers(rest, '', place);
    if (typeof name !== 'string') return malformed(`${place}/name`, 'text', name);
    const source = valueFrom === undefined ? undefined : pointerOfPropPath(valueFrom, place, reading);
    if (source !== undefined && direction === 'input')
      reading.warn(`${place}/valueFrom`, 'gives an input a value, which only an output has');
    return {
      direction,
      name,
      arity: arity === 'many' ? 'many' : 'one',
      annotations: textsOf(connectionAnnotations, `${place}/connectionAnnotations`, reading),
      hidden: uiHidden === true,
      ...(source === undefined ? {} : { source }),
      targets: [],
    };
  });
}

/** Inputs with the properties that take from them; a property that takes from an unknown socket is a warning. */
function connected(sockets: readonly AssetSocket[], reading: Reading): AssetSocket[] {
  const inputs = new Set(sockets.filter((s) => s.direction === 'input').map((s) => s.name));
  for (const { socket, target } of reading.fromSockets) {
    if (!inputs.has(socket))
      reading.warn(target, `takes its value from the input socket ${socket}, which there is not`);
  }
  return sockets.map((s) => {
    if (s.direction === 'output') return s;
    return { ...s, targets: reading.fromSockets.filter((f) => f.socket === s.name).map((f) => f.target) };
  });
}
