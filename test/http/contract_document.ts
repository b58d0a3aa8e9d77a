// An OpenAPI document of the public API v1, built from its facts in contract.json and from nothing of ours: what a client
// is generated from that knows that API only. Left out: refusals beyond their status, which a client reads as errors.

import { contract, type Model, type Operation } from './contract.ts';

type Document = { readonly [key: string]: unknown };

/** The one body that the facts leave out: a file, by the notes on that operation. */
const files: Readonly<Record<string, string>> = { 'Schemas.installFromFile': 'pkg_spec' };

export function contractDocument(): Document {
  const { operations, models } = contract;
  const paths: Record<string, Document> = {};
  for (const [id, o] of Object.entries(operations))
    paths[o.path] = { ...paths[o.path], [o.method.toLowerCase()]: operationOf(id, o) };
  return {
    openapi: '3.0.3',
    info: { title: 'Public API', version: '1' },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries(Object.entries(models).map(([name, m]) => [name, modelOf(m)])),
    },
  };
}

function operationOf(id: string, o: Operation): Document {
  const [tag = '', name = ''] = id.split('.');
  const query = o.query.map((q) => {
    const said = o.parameters.find((p) => p.split(/\??:/)[0] === q) ?? `${q}?: string`;
    const [, optional, type = 'string'] = /\??/.test(said) ? (/^\w+(\??): (.*)$/.exec(said) ?? []) : [];
    return { name: q, in: 'query', required: optional !== '?', schema: typeOf(type.replace(' | null', '')) };
  });
  const places = [...o.path.matchAll(/\{(\w+)\}/g)].map(([, place]) => ({
    name: place,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const file = files[id];
  const body =
    file !== undefined
      ? {
          'multipart/form-data': {
            schema: { type: 'object', properties: { [file]: { type: 'string', format: 'binary' } } },
          },
        }
      : o.body === null
        ? undefined
        : { 'application/json': { schema: typeOf(o.body) } };
  const status = Object.keys(o.statuses).find((s) => s.startsWith('2')) ?? '200';
  const content = { 'application/json': { schema: typeOf(o.returns) } };
  return {
    operationId: name,
    tags: [tag],
    parameters: [...places, ...query],
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: { [status]: { description: 'Done.', ...(o.returns === 'void' ? {} : { content }) } },
  };
}

function modelOf(model: Model): Document {
  if (model === null || typeof model !== 'object') return typeOf(model ?? 'any');
  const members = Object.entries(model);
  return {
    type: 'object',
    required: members.filter(([, t]) => !t.startsWith('?')).map(([name]) => name),
    properties: Object.fromEntries(members.map(([name, t]) => [name, typeOf(t)])),
  };
}

/** The schema of a type as the facts write it. */
function typeOf(written: string): Document {
  const type = written.replace(/^\?/, '').trim();
  const list = /^Array<(.*)>$/s.exec(type);
  if (list !== null) return { type: 'array', items: typeOf(list[1]!) };
  const map = /^\{ \[key: string\]: (.*?);? \}$/s.exec(type);
  if (map !== null) return { type: 'object', additionalProperties: typeOf(map[1]!) };
  const alternatives = type.split(' | ');
  const some = alternatives.filter((a) => a !== 'null');
  if (some.length > 1) return { oneOf: some.map(typeOf) };
  if (alternatives.length > 1) return { ...typeOf(some[0]!), nullable: true };
  if (type === 'any' || type === 'void') return {};
  if (['string', 'number', 'boolean', 'object'].includes(type)) return { type };
  if (type.endsWith('KindEnum')) return { type: 'string' };
  return { $ref: `#/components/schemas/${type}` };
}
