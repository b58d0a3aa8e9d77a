// The types of a schema as declarations: what `main` gets, as an editor completes it. Definitions become named types, so
// that recursive ones end; everything else is written where it stands. Members are optional unless the schema requires them.

import { isObject, type Json } from '../../base/json.ts';
import { parsePointer } from '../../model/path.ts';
import { type Definitions, derefProperty, type Property } from '../../model/property.ts';
import { rootProperty, type VariantSpec } from '../../model/schema.ts';
import type { CheckRequest } from '../../ports/compiler.ts';
import { surfaceOf } from './surface.ts';

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** The text of a `.d.ts` for a function of that kind over that schema. */
export function declarationsOf(request: Omit<CheckRequest, 'text'>): string {
  const { kind, spec } = request;
  const writer = new TypeWriter(spec?.definitions ?? {});
  const input = argumentsType(request, writer);
  return `${schemaNamespace(spec, writer)}\n\n${surfaceOf(kind, input)}\n`;
}

function schemaNamespace(spec: VariantSpec | undefined, writer: TypeWriter): string {
  const open: Property = { kind: 'any' };
  const members = [
    ...writer.definitions(),
    writer.declaration('Domain', spec?.domain ?? open),
    writer.declaration('Secrets', spec?.secrets ?? open),
    writer.declaration('ResourceValue', spec?.resourceValue ?? open),
    writer.declaration('SecretFields', spec?.secretDefinition?.fields ?? { kind: 'map' }),
  ];
  return `declare namespace Schema {\n${members.join('\n')}\n}`;
}

/** The named arguments of an attribute or transformation function; undefined: open. */
function argumentsType({ spec, arguments: named }: Omit<CheckRequest, 'text'>, writer: TypeWriter): string | undefined {
  if (named === undefined) return undefined;
  const members = named.map(({ name, path }) => {
    const property = spec === undefined || path === undefined ? undefined : findProperty(spec, path);
    return writer.member(name, property ?? { kind: 'any' }, '  ');
  });
  return `interface Input {\n${members.join('\n')}\n}`;
}

/** The property at a pointer, elements of lists by any segment; undefined when the schema has none there. */
function findProperty(spec: VariantSpec, path: string): Property | undefined {
  const segments = parsePointer(path);
  if (!segments.ok) return undefined;
  let at: Property | undefined = rootProperty(spec);
  for (const segment of segments.value) {
    at = at === undefined ? undefined : step(derefProperty(at, spec.definitions), segment);
  }
  return at;
}

function step(p: Property, segment: string): Property | undefined {
  switch (p.kind) {
    case 'object':
      return p.properties !== undefined && Object.hasOwn(p.properties, segment) ? p.properties[segment] : undefined;
    case 'map':
      return p.values ?? { kind: 'any' };
    case 'array':
      return p.items ?? { kind: 'any' };
    case 'any':
      return p;
    default:
      return undefined;
  }
}

class TypeWriter {
  readonly #definitions: Definitions;
  /** Definition -> its name in the declarations. */
  readonly #names = new Map<string, string>();

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
    const taken = new Set(['Domain', 'Secrets', 'ResourceValue', 'SecretFields']);
    for (const name of Object.keys(definitions)) {
      const plain = name.replace(/[^\p{ID_Continue}$]/gu, '_').replace(/^(?![\p{ID_Start}$_])/u, '_');
      let free = reserved.has(plain) ? `${plain}_` : plain;
      for (let n = 2; taken.has(free); n++) free = `${plain}${n}`;
      taken.add(free);
      this.#names.set(name, free);
    }
  }

  definitions(): string[] {
    return [...this.#names].map(([name, written]) => this.declaration(written, this.#definitions[name]!));
  }

  /** `interface NAME {…}` for an object, else a type alias. */
  declaration(name: string, p: Property): string {
    const docs = docComment(p, '  ');
    if (p.kind === 'object' && p.properties !== undefined) return `${docs}  interface ${name} ${this.#object(p, '  ')}`;
    return `${docs}  type ${name} = ${this.#type(p, '  ')};`;
  }

  member(name: string, p: Property, indent: string): string {
    const key = identifier.test(name) ? name : JSON.stringify(name);
    const mark = p.required === true || p.default !== undefined ? '' : '?';
    return `${docComment(p, indent)}${indent}${key}${mark}: ${this.#type(p, indent)};`;
  }

  #object(p: Property, indent: string): string {
    const members = Object.entries(p.properties ?? {}).map(([name, m]) => this.member(name, m, `${indent}  `));
    return members.length === 0 ? '{}' : `{\n${members.join('\n')}\n${indent}}`;
  }

  #type(p: Property, indent: string): string {
    if (p.enum !== undefined) return p.enum.map(literalType).join(' | ');
    switch (p.kind) {
      case 'string':
      case 'boolean':
        return p.kind;
      case 'integer':
      case 'number':
        return 'number';
      case 'array':
        return p.items === undefined ? 'any[]' : `Array<${this.#type(p.items, indent)}>`;
      case 'map':
        return `{ [key: string]: ${p.values === undefined ? 'any' : this.#type(p.values, indent)} }`;
      case 'object':
        return p.properties === undefined ? '{ [key: string]: any }' : this.#object(p, indent);
      case 'ref': {
        const name = this.#names.get(p.to ?? '');
        return name === undefined ? 'any' : `Schema.${name}`;
      }
      case 'json':
      case 'any':
        return 'any';
    }
  }
}

const reserved = new Set(
  'any unknown never void null undefined string number boolean symbol object bigint break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new return super switch this throw true try typeof var while with'.split(
    ' ',
  ),
);

function literalType(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(literalType).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${literalType(v)}`);
  return `{ ${members.join('; ')} }`;
}

/** The documentation of a property above its declaration, with what the type itself cannot say. */
function docComment(p: Property, indent: string): string {
  const lines = (p.docs ?? '')
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .filter((line, i, all) => line !== '' || i < all.length - 1);
  const facts = [
    p.default === undefined ? '' : `Default: \`${JSON.stringify(p.default)}\`.`,
    p.format === undefined ? '' : `Format: ${p.format}.`,
    p.pattern === undefined ? '' : `Pattern: \`${p.pattern}\`.`,
    p.createOnly === true ? 'Set only before the resource exists.' : '',
    p.secret === true ? 'A secret.' : '',
  ].filter((fact) => fact !== '');
  const text = [...lines, ...facts].map((line) => line.replaceAll('*/', '*\\/'));
  if (text.length === 0) return '';
  if (text.length === 1) return `${indent}/** ${text[0]} */\n`;
  return `${indent}/**\n${text.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}
