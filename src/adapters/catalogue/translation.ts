// Types of the specification as properties. One `Translation` serves one resource type and collects the definitions it
// reaches; a structure becomes a named definition the first time it is met and a `ref` ever after, so recursive types
// are finite. Two structures of one name are told apart by a number behind the second. Unions follow one rule: members
// that are alike become one property that takes them all, anything else is `any` with the choice told in its docs.

import { compareText } from '../../base/json.ts';
import type { Property } from '../../model/property.ts';
import { paragraphs, propertyDocs } from './docs.ts';
import {
  definitionId,
  type Spec,
  type SpecDefinition,
  type SpecProperty,
  type SpecType,
  specDefinition,
} from './spec.ts';

/** Which output of which type feeds a property; `list`: the output is itself a list. */
interface Suggestion {
  readonly schema: string;
  readonly path: string;
  readonly list: boolean;
}

/** Finds the output a relationship names; undefined when the named type has no such output. */
export type FindOutput = (schema: string, propertyName: string) => Suggestion | undefined;

export class Translation {
  readonly definitions: { [name: string]: Property } = {};
  private readonly names = new Map<string, string>();
  private readonly spec: Spec;
  private readonly findOutput: FindOutput;

  constructor(spec: Spec, findOutput: FindOutput) {
    this.spec = spec;
    this.findOutput = findOutput;
  }

  /** The members of an object, in order of their names. */
  properties(from: { readonly [name: string]: SpecProperty }): { [name: string]: Property } {
    const out: { [name: string]: Property } = {};
    for (const name of Object.keys(from).sort(compareText)) {
      if (from[name]!.deprecated !== 'IGNORE') out[name] = this.property(from[name]!);
    }
    return out;
  }

  property(from: SpecProperty): Property {
    const { docs: note, ...typed } = this.type(from.type);
    const docs = propertyDocs(from, note);
    const property: Property = {
      ...typed,
      ...(docs === undefined ? {} : { docs }),
      ...(from.required === true ? { required: true } : {}),
      ...(from.causesReplacement === 'yes' ? { createOnly: true } : {}),
    };
    return this.withSuggestions(property, from.relationshipRefs ?? []);
  }

  /** An output: what the provider reports has a kind and docs, and nothing that an edit would have to obey. */
  output(from: SpecProperty): Property {
    const { type, documentation, deprecated } = from;
    return this.property({
      type,
      ...(documentation === undefined ? {} : { documentation }),
      ...(deprecated === undefined ? {} : { deprecated }),
    });
  }

  /** A type by itself; `docs` is set only where the type says less than the specification does. */
  type(type: SpecType): Property {
    switch (type.type) {
      case 'string':
      case 'integer':
        return type.allowedValues === undefined ? { kind: type.type } : { kind: type.type, enum: type.allowedValues };
      case 'number':
      case 'boolean':
        return { kind: type.type };
      case 'date-time':
        return { kind: 'string', format: 'date-time' };
      case 'json':
      case 'null':
        return { kind: 'any' };
      case 'array':
        return { kind: 'array', items: this.type(type.element) };
      case 'map':
        return { kind: 'map', values: this.type(type.element) };
      case 'union':
        return this.union(type.types);
      case 'ref':
      case 'tag': {
        const id = definitionId(type)!;
        return { kind: 'ref', to: this.define(id, () => specDefinition(this.spec, id)) };
      }
    }
  }

  private define(key: string, find: () => SpecDefinition): string {
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const definition = find();
    let name = definition.name;
    for (let n = 2; Object.hasOwn(this.definitions, name); n++) name = `${definition.name}${n}`;
    this.names.set(key, name);
    this.definitions[name] = { kind: 'object' };
    const docs = paragraphs(definition.documentation);
    this.definitions[name] = {
      kind: 'object',
      ...(docs === undefined ? {} : { docs }),
      properties: this.properties(definition.properties),
    };
    return name;
  }

  private union(types: readonly SpecType[]): Property {
    const members = distinct(flatten(types).filter((t) => t.type !== 'null'));
    if (members.length === 0) return { kind: 'any' };
    if (members.length === 1) return this.type(members[0]!);
    const elements = members.flatMap((t) => (t.type === 'array' || t.type === 'map' ? [t.element] : []));
    if (members.every((t) => t.type === 'array')) return { kind: 'array', items: this.union(elements) };
    if (members.every((t) => t.type === 'map')) return { kind: 'map', values: this.union(elements) };
    if (members.every((t) => t.type === 'string' || t.type === 'date-time')) return scalar('string', members);
    if (members.every((t) => t.type === 'integer')) return scalar('integer', members);
    if (members.every((t) => t.type === 'integer' || t.type === 'number')) return { kind: 'number' };
    const ids = members.map(definitionId);
    if (ids.every((id) => id !== undefined)) {
      const key = `union ${[...ids].sort(compareText).join(' ')}`;
      return { kind: 'ref', to: this.define(key, () => merged(ids.map((id) => specDefinition(this.spec, id)))) };
    }
    return { kind: 'any', docs: `Takes ${orList(members.map((t) => this.describe(t)))}.` };
  }

  private describe(type: SpecType): string {
    switch (type.type) {
      case 'string':
        return 'text';
      case 'integer':
        return 'an integer';
      case 'json':
        return 'a JSON document';
      case 'array':
        return 'a list';
      case 'map':
        return 'a map';
      case 'ref':
      case 'tag':
        return `an object (${specDefinition(this.spec, definitionId(type)!).name})`;
      default:
        return `a ${type.type}`;
    }
  }

  /** Puts each suggestion where its value goes: an output that is one value feeds the elements of a list of values. */
  private withSuggestions(property: Property, refs: NonNullable<SpecProperty['relationshipRefs']>): Property {
    const found = new Map<string, Suggestion>();
    for (const { cloudFormationType, propertyName } of refs) {
      const output = this.findOutput(cloudFormationType, propertyName);
      if (output !== undefined) found.set(`${output.schema} ${output.path}`, output);
    }
    const inner = property.kind === 'array' ? property.items : property.kind === 'map' ? property.values : undefined;
    const takesElements = inner !== undefined && ['string', 'integer', 'number', 'boolean'].includes(inner.kind);
    const toElements = [...found.values()].filter((s) => takesElements && !s.list);
    const toProperty = [...found.values()].filter((s) => !toElements.includes(s));
    let out = toProperty.length === 0 ? property : { ...property, suggests: toProperty.map(written) };
    if (toElements.length > 0) {
      const fed = { ...inner!, suggests: toElements.map(written) };
      out = out.kind === 'array' ? { ...out, items: fed } : { ...out, values: fed };
    }
    return out;
  }
}

function written(s: Suggestion): { schema: string; path: string } {
  return { schema: s.schema, path: s.path };
}

function flatten(types: readonly SpecType[]): SpecType[] {
  return types.flatMap((t) => (t.type === 'union' ? flatten(t.types) : [t]));
}

function distinct(types: readonly SpecType[]): SpecType[] {
  return [...new Map(types.map((t) => [JSON.stringify(t), t])).values()];
}

/** One scalar kind with the values of all members, if every member lists its values. */
function scalar(kind: 'string' | 'integer', members: readonly SpecType[]): Property {
  const lists = members.map((t) => (t.type === 'string' || t.type === 'integer' ? t.allowedValues : undefined));
  if (lists.some((l) => l === undefined)) return { kind };
  return { kind, enum: [...new Set(lists.flatMap((l) => l as readonly (string | number)[]))] };
}

/** One structure that takes every value of the given ones: required is what all of them require. */
function merged(definitions: readonly SpecDefinition[]): SpecDefinition {
  const names = definitions.map((d) => d.name);
  const properties: { [name: string]: SpecProperty } = {};
  for (const name of new Set(definitions.flatMap((d) => Object.keys(d.properties)))) {
    const all = definitions.flatMap((d) => (Object.hasOwn(d.properties, name) ? [d.properties[name]!] : []));
    const { required: _required, causesReplacement: _causes, ...first } = all[0]!;
    properties[name] = {
      ...first,
      type: all.length === 1 ? first.type : { type: 'union', types: all.map((p) => p.type) },
      required: all.length === definitions.length && all.every((p) => p.required === true),
      causesReplacement: all.every((p) => p.causesReplacement === 'yes') ? 'yes' : 'no',
      relationshipRefs: all.flatMap((p) => p.relationshipRefs ?? []),
    };
  }
  return {
    name: names.length <= 3 ? names.join('Or') : `${names[0]}OrOther`,
    documentation: `Takes the members of ${orList(names)}.`,
    properties,
  };
}

function orList(parts: readonly string[]): string {
  const unique = [...new Set(parts)];
  return unique.length === 1 ? unique[0]! : `${unique.slice(0, -1).join(', ')} or ${unique.at(-1)}`;
}
