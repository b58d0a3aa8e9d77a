// Props of an asset as properties: kinds, widgets, defaults, validations, suggestions. What a widget says about values
// becomes part of the property (options of a select are its enum, a create-only mark is `createOnly`), what it says about
// looks stays beside it.

import { brief, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { isPathKey } from '../../model/path.ts';
import { checkPropertyTree, type Property, type PropertyKind } from '../../model/property.ts';
import { malformed, objectAt, parsed, pointerOfPath, type Reading } from './reading.ts';

const depthMax = 40;

const kinds: Readonly<Record<string, PropertyKind>> = {
  array: 'array',
  boolean: 'boolean',
  float: 'number',
  integer: 'integer',
  json: 'json',
  map: 'map',
  object: 'object',
  string: 'string',
};

/** What an editor shows without being told. */
const ordinaryWidget: Readonly<Record<string, string>> = {
  array: 'array',
  boolean: 'checkbox',
  float: 'text',
  integer: 'text',
  map: 'map',
  object: 'header',
  string: 'text',
};

const propMembers =
  'name kind docLinkRef docLink documentation children entry widget valueFrom hidden defaultValue validationFormat ' +
  'suggestSources suggestAsSourceFor mapKeyFuncs hasInputSocket connectionAnnotation';

/** A list of props as the members of an object. `place` is its pointer in a component; undefined: it has none. */
export function convertMembers(
  list: Json | undefined,
  at: string,
  place: string | undefined,
  reading: Reading,
  depth = 0,
): Property {
  const properties = new Map<string, Property>();
  if (list !== undefined && !Array.isArray(list)) return malformed(at, 'a list of props', list);
  for (const [i, entry] of (list ?? []).entries()) {
    const { name } = objectAt(entry as Json, `${at}/${i}`);
    if (typeof name !== 'string' || !isPathKey(name))
      return malformed(`${at}/${i}/name`, 'the name of a property', name);
    if (properties.has(name)) return malformed(`${at}/${i}/name`, 'a name that is not used before', name);
    const below = place === undefined ? undefined : `${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    properties.set(name, convertProp(entry as JsonObject, `${at}/${name}`, below, reading, depth));
  }
  return { kind: 'object', properties: Object.fromEntries(properties) };
}

function convertProp(
  prop: JsonObject,
  at: string,
  place: string | undefined,
  reading: Reading,
  depth: number,
): Property {
  if (depth > depthMax) return malformed(at, `props at most ${depthMax} deep`, 'deeper ones');
  const given = prop['kind'];
  const kind =
    typeof given === 'string' && Object.hasOwn(kinds, given)
      ? kinds[given]!
      : malformed(`${at}/kind`, Object.keys(kinds).join(', '), given);
  reading.onlyMembers(prop, propMembers, at);
  reading.follow(place, prop['valueFrom'], at);
  const widget = widgetOf(prop, kind, at, reading);
  const docs = [prop['documentation'], ...widget.docs, ...mapKeys(prop, at, place, reading)].filter(
    (d) => typeof d === 'string' && d !== '',
  );
  const link = linkOf(prop, at, reading);
  const validation = validationOf(prop['validationFormat'], at, reading);
  const suggests = suggestionsOf(prop['suggestSources'], `${at}/suggestSources`);
  const feeds = suggestionsOf(prop['suggestAsSourceFor'], `${at}/suggestAsSourceFor`);
  const property: Property = {
    kind,
    ...(docs.length === 0 ? {} : { docs: docs.join('\n\n') }),
    ...(link === undefined ? {} : { link }),
    ...(prop['hidden'] === true ? { hidden: true } : {}),
    ...widget.attributes,
    ...(validation === undefined ? {} : { validation }),
    ...(suggests.length === 0 ? {} : { suggests }),
    ...(feeds.length === 0 ? {} : { feeds }),
    ...partsOf(prop, kind, at, place, reading, depth),
  };
  return withDefault(property, prop['defaultValue'], at, reading);
}

function partsOf(
  prop: JsonObject,
  kind: PropertyKind,
  at: string,
  place: string | undefined,
  reading: Reading,
  depth: number,
): Partial<Property> {
  const { children, entry } = prop;
  if (kind !== 'object' && children !== undefined)
    reading.warn(`${at}/children`, `belong to an object, not to ${kind}`);
  if (kind !== 'array' && kind !== 'map' && entry !== undefined)
    reading.warn(`${at}/entry`, `belongs to a list or map, not to ${kind}`);
  switch (kind) {
    case 'object': {
      const { properties = {} } = convertMembers(children, `${at}/children`, place, reading, depth + 1);
      return { properties };
    }
    case 'array':
    case 'map': {
      if (entry === undefined) reading.warn(`${at}/entry`, 'is missing: the elements may be anything');
      // An element has no place that is known beforehand.
      const element: Property =
        entry === undefined
          ? { kind: 'any' }
          : convertProp(objectAt(entry, `${at}/entry`), `${at}/entry`, undefined, reading, depth + 1);
      return kind === 'array' ? { items: element } : { values: element };
    }
    default:
      return {};
  }
}

interface Widget {
  readonly attributes: Partial<Property>;
  readonly docs: readonly string[];
}

function widgetOf(prop: JsonObject, kind: PropertyKind, at: string, reading: Reading): Widget {
  if (prop['widget'] === undefined) return { attributes: {}, docs: [] };
  const { kind: shown, options: given, ...rest } = objectAt(prop['widget'], `${at}/widget`);
  reading.onlyMembers(rest, '', `${at}/widget`);
  const options = (Array.isArray(given) ? given : []).map((o) => objectAt(o as Json, `${at}/widget/options`));
  const createOnly = options.some((o) => o['label'] === 'si_create_only_prop');
  const choices = options.filter((o) => o['label'] !== 'si_create_only_prop');
  const mark: Partial<Property> = createOnly ? { createOnly: true } : {};
  const name = typeof shown === 'string' && shown !== ordinaryWidget[String(prop['kind'])] ? shown : undefined;
  switch (shown) {
    case 'secret': {
      const definition = choices.find((o) => o['label'] === 'secretKind')?.['value'];
      if (typeof definition === 'string') reading.secretSlots.push({ name: String(prop['name']), definition });
      return { attributes: mark, docs: [] };
    }
    case 'select': {
      const values = choices.map((o) => choiceOf(o['value'], kind));
      const described = choices.filter((o) => o['label'] !== o['value']);
      const isList = values.length > 0 && values.every((v) => v !== undefined);
      if (choices.length > 0 && !isList)
        reading.warn(`${at}/widget/options`, `are no values of the kind ${kind}: ${brief(given)}`);
      return {
        attributes: { ...mark, ...(isList ? { enum: values as Json[] } : { widget: 'select' }) },
        docs: described.length === 0 ? [] : [optionsText(described)],
      };
    }
    case 'comboBox':
      return { attributes: { ...mark, widget: 'comboBox' }, docs: choices.length === 0 ? [] : [optionsText(choices)] };
    default:
      for (const o of choices) reading.warn(`${at}/widget/options`, `has no place in a schema: ${brief(o)}`);
      return { attributes: { ...mark, ...(name === undefined ? {} : { widget: name }) }, docs: [] };
  }
}

/** An option's text as a value of the kind; undefined when it is none. */
function choiceOf(text: Json | undefined, kind: PropertyKind): Json | undefined {
  if (kind === 'string' || typeof text !== 'string') return text;
  const value = parsed(text);
  return (kind === 'integer' && Number.isInteger(value)) || typeof value === kind ? value : undefined;
}

function optionsText(options: readonly JsonObject[]): string {
  const lines = options.map((o) =>
    o['label'] === o['value'] ? `- \`${o['value']}\`` : `- \`${o['value']}\`: ${o['label']}`,
  );
  return `Options:\n${lines.join('\n')}`;
}

/** Keys that a map is offered: those with a source are bound, the others are named in the documentation. */
function mapKeys(prop: JsonObject, at: string, place: string | undefined, reading: Reading): string[] {
  const funcs = (Array.isArray(prop['mapKeyFuncs']) ? prop['mapKeyFuncs'] : []).map((f) =>
    objectAt(f as Json, `${at}/mapKeyFuncs`),
  );
  for (const { key, valueFrom, ...rest } of funcs) {
    reading.onlyMembers(rest, '', `${at}/mapKeyFuncs`);
    const below =
      place === undefined || typeof key !== 'string' ? undefined : `${place}${pointerOfPath(['root', key])}`;
    reading.follow(below, valueFrom, `${at}/mapKeyFuncs`);
  }
  return funcs.length === 0 ? [] : [`Keys: ${funcs.map((f) => `\`${String(f['key'])}\``).join(', ')}.`];
}

function linkOf(prop: JsonObject, at: string, reading: Reading): string | undefined {
  const { docLink, docLinkRef } = prop;
  const found = typeof docLinkRef === 'string' ? reading.link(docLinkRef) : undefined;
  if (docLinkRef !== undefined && found === undefined)
    reading.warn(`${at}/docLinkRef`, `refers to no link of the asset: ${brief(docLinkRef)}`);
  if (typeof docLink !== 'string') return found;
  if (found !== undefined) reading.warn(`${at}/docLinkRef`, `is left out for the link beside it: ${found}`);
  return docLink;
}

function validationOf(format: Json | undefined, at: string, reading: Reading): Json | undefined {
  if (format === undefined) return undefined;
  const described = typeof format === 'string' ? parsed(format) : format;
  if (isObject(described) && typeof described['type'] === 'string') return described;
  reading.warn(`${at}/validationFormat`, `is no description of a Joi schema: ${brief(format)}`);
  return undefined;
}

function suggestionsOf(list: Json | undefined, at: string): { readonly schema: string; readonly path: string }[] {
  return (Array.isArray(list) ? list : []).map((entry) => {
    const { schema, prop } = objectAt(entry as Json, at);
    if (typeof schema !== 'string' || typeof prop !== 'string')
      return malformed(at, 'a schema and a prop', entry as Json);
    return { schema, path: prop.replace(/^\/root(?=\/)/, '') };
  });
}

/** The property with its default, if the property allows it. */
function withDefault(property: Property, value: Json | undefined, at: string, reading: Reading): Property {
  if (value === undefined || value === null) return property;
  const whole = { ...property, default: value };
  if (checkPropertyTree(whole, at, {}).ok) return whole;
  reading.warn(`${at}/defaultValue`, `is no value that the property allows: ${brief(value)}`);
  return property;
}

/** The property that an output socket gives. */
export function pointerOfPropPath(valueFrom: Json, at: string, reading: Reading): string | undefined {
  const { kind, prop_path: path } = objectAt(valueFrom, `${at}/valueFrom`);
  const pointer = kind === 'prop' && Array.isArray(path) ? pointerOfPath(path) : undefined;
  if (pointer === undefined)
    reading.warn(`${at}/valueFrom`, `is no source that a socket can have: ${brief(valueFrom)}`);
  return pointer;
}
