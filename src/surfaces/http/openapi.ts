// The OpenAPI 3.1 document, made from the routes: the same shapes by which requests are checked. Named shapes are listed
// once, under the components.

import type { TSchema } from 'typebox';
import { isObject, type Json } from '../../base/json.ts';
import { modelName } from './model.ts';
import { problemShape } from './refusals.ts';
import type { Route } from './route.ts';

type Document = { [key: string]: unknown };

export function openApiOf(routes: readonly Route[], version: string): Document {
  const components = new Map<string, Document>();
  const paths: Record<string, Document> = {};
  for (const r of routes) {
    const operation = operationOf(r, components);
    paths[r.path] = { ...paths[r.path], [r.method.toLowerCase()]: operation };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Headwater', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operationOf(r: Route, components: Map<string, Document>): Document {
  const [tag = ''] = r.id.split('.');
  const parameters: Document[] = [...r.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = r.query as { properties?: Record<string, TSchema>; required?: string[] } | undefined;
  for (const [name, schema] of Object.entries(query?.properties ?? {})) {
    const required = query?.required?.includes(name) === true;
    parameters.push({ name, in: 'query', required, schema: written(schema, components) });
  }
  const carries = r.versioned === true && r.method !== 'GET';
  if (r.versioned !== undefined)
    parameters.push(...versionParameters(carries && query?.properties?.['baseVersion'] === undefined));
  if (r.repeats !== 'none')
    parameters.push({ name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string' } });
  const media = r.isMultipart === true ? 'multipart/form-data' : 'application/json';
  const body = r.body && {
    required: r.bodyIsOptional !== true,
    content: { [media]: { schema: written(r.body, components) } },
  };
  const responses: Record<string, Document> = {};
  for (const [status, schema] of Object.entries(r.answers)) {
    responses[status] = {
      description: Number(status) < 300 ? 'Done.' : 'Refused.',
      ...(r.versioned === true && Number(status) < 300 ? { headers: { ETag: etagHeader } } : {}),
      ...(schema === null
        ? {}
        : { content: { [r.contentType ?? 'application/json']: { schema: written(schema, components) } } }),
    };
  }
  responses['default'] = {
    description: 'Refused, or failed; `reason` says why.',
    content: { 'application/json': { schema: written(problemShape, components) } },
  };
  return {
    operationId: r.id,
    tags: [tag],
    summary: r.summary,
    ...(r.description === undefined ? {} : { description: r.description }),
    ...(r.entrance === 'public' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: body }),
    responses,
  };
}

const etagHeader = {
  description: 'The version of the change set, in quotes; of an edit, the one it came to.',
  schema: { type: 'string' },
};

function versionParameters(carries: boolean): Document[] {
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    required: false,
    description:
      'Only if this is the version of the change set, as an ETag has it; else 412 with the reason version_conflict.',
    schema: { type: 'string' },
  };
  const base = {
    name: 'baseVersion',
    in: 'query',
    required: false,
    description:
      'The version that you saw: the edit is carried over what has come since. Also as a member of the body.',
    schema: { type: 'integer', minimum: 0 },
  };
  return carries ? [ifMatch, base] : [ifMatch];
}

/** A schema as the document has it: references where a part has a name. */
function written(schema: TSchema, components: Map<string, Document>): Document {
  const name = modelName(schema);
  if (name === undefined) return inside(schema, components);
  // Named before it is looked into, so that a shape within itself ends.
  if (!components.has(name) && Object.keys(schema).length > 0) {
    components.set(name, {});
    components.set(name, inside(schema, components));
  }
  return { $ref: `#/components/schemas/${name}` };
}

function inside(schema: TSchema, components: Map<string, Document>): Document {
  const out: Document = {};
  for (const [key, value] of Object.entries(schema)) out[key] = part(value, components);
  const { patternProperties, ...rest } = out;
  // A map: what takes any name is written as generators of clients read it.
  const any = (patternProperties as Document | undefined)?.['^.*$'];
  return any === undefined ? out : { ...rest, additionalProperties: any };
}

function part(value: unknown, components: Map<string, Document>): unknown {
  if (Array.isArray(value)) return value.map((v) => part(v, components));
  return isObject(value as Json) ? written(value as TSchema, components) : value;
}
