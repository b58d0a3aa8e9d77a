// Writes src/surfaces/sdk/generated/, the types and the table of operations of the SDK, from the OpenAPI document of the
// compiled routes. The build runs it between the HTTP API and the SDK; what it writes is not kept in the repository, so that
// it never lags behind. A line of a table for each operation, an interface for each named shape.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { root } from './steps.mjs';

const folder = `${root}src/surfaces/sdk/generated`;

/** The document that `headwater serve` answers. */
export async function builtDocument() {
  const at = (path) => pathToFileURL(`${root}dist/surfaces/http/${path}`).href;
  const { openApiOf } = await import(at('openapi.js'));
  const { routes } = await import(at('routes/all.js'));
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  return openApiOf(routes, version);
}

const opening = (about) => `// ${about}
// Written by scripts/sdk.mjs from the OpenAPI document; not to be edited.

`;
const doc = (text, indent = '') =>
  text === undefined || text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '*\\/').replaceAll('\n', ' ')} */\n`;
const named = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

/** The TypeScript type of a schema. `ref` writes the name of a shape. */
function typeOf(schema, ref) {
  if (schema.$ref !== undefined) return ref(schema.$ref.split('/').at(-1));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return [...new Set(several.map((s) => typeOf(s, ref)))].join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, ref)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `Array<${schema.items === undefined ? 'unknown' : typeOf(schema.items, ref)}>`;
    case 'object':
      return objectType(schema, ref);
    default:
      return 'unknown';
  }
}

function objectType({ properties, required = [], additionalProperties }, ref) {
  if (properties === undefined || Object.keys(properties).length === 0) {
    const of = typeof additionalProperties === 'object' ? typeOf(additionalProperties, ref) : 'unknown';
    return `{ [name: string]: ${of} }`;
  }
  return `{ ${membersOf(properties, required, ref).join('; ')} }`;
}

function membersOf(properties, required, ref) {
  return Object.entries(properties).map(
    ([name, s]) => `${named(name)}${required.includes(name) ? '' : '?'}: ${typeOf(s, ref)}`,
  );
}

function modelText(name, schema) {
  if (schema.type !== 'object' || schema.properties === undefined)
    return `${doc(schema.description)}export type ${name} = ${typeOf(schema, (n) => n)};\n`;
  const { properties, required = [] } = schema;
  const members = Object.entries(properties).map(
    ([member, s]) => `${doc(s.description, '  ')}  ${membersOf({ [member]: s }, required, (n) => n)[0]};\n`,
  );
  return `${doc(schema.description)}export interface ${name} {\n${members.join('')}}\n`;
}

/** What the SDK knows of an operation: types of what goes in and comes out, and how it is sent. */
function operationOf(path, method, o, schemas) {
  const ref = (name) => `models.${name}`;
  const parameters = o.parameters ?? [];
  const at = (place) => parameters.filter((p) => p.in === place);
  const [media, content] = Object.entries(o.requestBody?.content ?? {})[0] ?? [];
  const answers = Object.entries(o.responses).filter(([status]) => status < '300');
  const [type, answer] = Object.entries(answers[0][1].content ?? {})[0] ?? [];
  const isStream = type !== undefined && !type.startsWith('application/json');
  const members = [
    ...at('path').map((p) => `${named(p.name)}${p.name === 'workspace_id' ? '?' : ''}: string`),
    ...at('query').map((p) => `${named(p.name)}${p.required ? '' : '?'}: ${typeOf(p.schema, ref)}`),
    ...(content === undefined ? [] : [`body${o.requestBody.required ? '' : '?'}: ${typeOf(content.schema, ref)}`]),
  ];
  const list = at('query').some((p) => p.name === 'cursor') ? listOf(answer, schemas) : undefined;
  const gives = answer === undefined ? 'undefined' : isStream ? 'string' : typeOf(answer.schema, ref);
  const types = `${doc(o.summary, '  ')}  ${JSON.stringify(o.operationId)}: { args: { ${members.join('; ')} }; answer: ${gives}; item: ${
    list === undefined ? 'never' : typeOf(list.items, ref)
  } };\n`;
  const told = {
    method: method.toUpperCase(),
    path,
    ...(at('query').length === 0 ? {} : { query: at('query').map((p) => p.name) }),
    ...(media === 'multipart/form-data' ? { form: true } : {}),
    ...(at('header').some((p) => p.name === 'Idempotency-Key') ? { keyed: true } : {}),
    ...(list === undefined ? {} : { list: list.name }),
  };
  return { types, row: `  ${JSON.stringify(o.operationId)}: ${JSON.stringify(told)},\n` };
}

/** The one list of a page, beside `nextCursor`. */
function listOf(answer, schemas) {
  const shape = schemas[answer?.schema.$ref?.split('/').at(-1)] ?? answer?.schema;
  if (shape?.properties?.nextCursor === undefined) return undefined;
  const [name, list] = Object.entries(shape.properties).find(([, s]) => s.type === 'array') ?? [];
  return name === undefined ? undefined : { name, items: list.items };
}

/** The files below generated/ by name. */
export function sdkSources(document) {
  const { schemas } = document.components;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, o]) => operationOf(path, method, o, schemas)),
  );
  return {
    'models.ts': `${opening('The shapes of the HTTP API.')}${Object.entries(schemas)
      .map(([name, s]) => modelText(name, s))
      .join('\n')}`,
    'operations.ts': `${opening('The operations of the HTTP API: what each takes and gives, and how it is sent.')}import type * as models from './models.ts';

export interface Operations {
${operations.map((o) => o.types).join('')}}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly query?: readonly string[];
  readonly form?: boolean;
  readonly keyed?: boolean;
  readonly list?: string;
}

export const operations: Readonly<Record<keyof Operations, Sent>> = {
${operations.map((o) => o.row).join('')}};
`,
  };
}

/** Has it been written at all? */
export const isSdkWritten = () => existsSync(`${folder}/operations.ts`) && existsSync(`${folder}/models.ts`);

/** Writes what is another than before. Answers whether anything was. */
export function writeSdk(document) {
  mkdirSync(folder, { recursive: true });
  let isAnother = false;
  for (const [name, text] of Object.entries(sdkSources(document))) {
    const file = `${folder}/${name}`;
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    writeFileSync(file, text);
    isAnother = true;
  }
  return isAnother;
}
