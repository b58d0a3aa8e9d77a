// Answers held against the public API v1, whose operations and models are in contract.json as facts. Where the generated
// description is known to say something else than the server did, the difference is written down here.

import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { routes } from '../../src/surfaces/http/routes/all.ts';

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  /** As the client's functions take them: `name: type` or `name?: type`. */
  readonly parameters: readonly string[];
  readonly body: string | null;
  /** The type of what 200 answers. */
  readonly returns: string;
  /** The type of the body by status; null: not said. */
  readonly statuses: Readonly<Record<string, string | null>>;
}

export type Model = string | Readonly<Record<string, string>>;

export const contract = JSON.parse(readFileSync(new URL('contract.json', import.meta.url), 'utf8')) as {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly models: Readonly<Record<string, Model>>;
};

export const operations = contract.operations;

/** Refusals of every operation look like this, whatever its list says. */
const errorType = 'ApiError';

/** Members that the description has as optional text and the server answers as something else, or the other way round. */
const corrected: Readonly<Record<string, string>> = {
  // Flat lists of ids, described as lists of lists.
  'Array<Array<string>>': 'Array<string>',
};

/** The JSON Schema of a type of the contract. */
function schemaOf(type: string): object {
  const text = (corrected[type.trim()] ?? type).trim();
  if (text.startsWith('?')) return schemaOf(text.slice(1));
  const alternatives = splitTop(text, '|');
  if (alternatives.length > 1) return { anyOf: alternatives.map(schemaOf) };
  const list = /^Array<(.*)>$/s.exec(text);
  if (list !== null) return { type: 'array', items: schemaOf(list[1]!) };
  const map = /^\{ \[key: string\]: (.*?);? \}$/s.exec(text);
  if (map !== null) return { type: 'object', additionalProperties: schemaOf(map[1]!) };
  if (text === 'any') return {};
  if (['string', 'number', 'boolean', 'object', 'null'].includes(text)) return { type: text };
  if (text === 'void') return { type: 'null' };
  if (text.endsWith('KindEnum')) return { type: 'string' };
  if (contract.models[text] === undefined) throw new Error(`the contract has no model ${text}`);
  return { $ref: `#/definitions/${text}` };
}

function splitTop(text: string, separator: string): string[] {
  const out = [''];
  let depth = 0;
  for (const c of text) {
    if (c === '<' || c === '{') depth++;
    if (c === '>' || c === '}') depth--;
    if (c === separator && depth === 0) out.push('');
    else out[out.length - 1] += c;
  }
  return out.map((s) => s.trim());
}

function modelSchema(model: Model): object {
  if (typeof model === 'string') return schemaOf(model);
  const members = Object.entries(model);
  return {
    type: 'object',
    required: members.filter(([, t]) => !t.startsWith('?')).map(([name]) => name),
    // A member that may be left out may be null as well, as clients read both the same.
    properties: Object.fromEntries(
      members.map(([name, t]) => [name, t.startsWith('?') ? { anyOf: [schemaOf(t), { type: 'null' }] } : schemaOf(t)]),
    ),
  };
}

const definitions: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(contract.models).map(([name, model]) => [name, modelSchema(model)]),
);

const ajv = new Ajv({ strict: false, allErrors: true });
const checks = new Map<string, ValidateFunction>();

/** What is wrong with an answer by the contract; empty: nothing. Operations that it does not have are not looked at. */
export function wrongByContract(operation: string, status: number, body: unknown): string[] {
  const o = operations[operation];
  if (o === undefined) return [];
  const known = o.statuses[String(status)];
  // 422, 400, 409, 412, 428 and the like are refusals that every client reads as an error, listed or not.
  const type = status < 300 ? (known === undefined ? undefined : o.returns) : errorType;
  if (type === undefined)
    return [`${operation} answers ${status}; the contract has ${Object.keys(o.statuses).join(', ')}`];
  let check = checks.get(type);
  if (check === undefined) {
    check = ajv.compile({ ...schemaOf(type), definitions });
    checks.set(type, check);
  }
  const given = type === 'void' && (body === '' || body === undefined) ? null : body;
  if (check(given)) return [];
  return (check.errors ?? []).map(
    (e) => `${operation} ${status}: ${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`,
  );
}

/** The operation that a request goes to; undefined: none of the contract. `path` without query. */
export function operationAt(method: string, path: string): string | undefined {
  return placeIn(
    Object.entries(operations).map(([id, o]) => ({ ...o, id })),
    method,
    path,
  );
}

/** The id of our route that a request goes to, also one that the contract has not. */
export const routeAt = (method: string, path: string): string | undefined => placeIn(routes, method, path);

interface Place {
  readonly id: string;
  readonly method: string;
  readonly path: string;
}

function placeIn(places: readonly Place[], method: string, path: string): string | undefined {
  const parts = path.split('/').filter((p) => p !== '');
  const fits = places.filter((o) => {
    const own = o.path.split('/').filter((p) => p !== '');
    return (
      o.method === method && own.length === parts.length && own.every((p, i) => p.startsWith('{') || p === parts[i])
    );
  });
  // `find` rather than `{component_id}`: the one with fewer places that take anything.
  const free = (o: Place) => o.path.split('{').length;
  return fits.sort((a, b) => free(a) - free(b))[0]?.id;
}
