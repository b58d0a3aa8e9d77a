// A file of schemas: their definitions as texts, with what stands beside them. What is in it is authored where it is installed,
// in the order of the file, so that it says nothing that an author could not.

import { brief, isObject, type Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';

export const schemaPackageFormat = 'headwater.schemas';
export const schemaPackageVersion = 1;

export interface PackagedSchema {
  readonly name: string;
  readonly category?: string;
  readonly docs?: string;
  readonly link?: string;
  readonly displayName?: string;
  readonly color?: string;
  /** The definition. */
  readonly text: string;
}

export interface SchemaPackage {
  readonly format: typeof schemaPackageFormat;
  readonly version: typeof schemaPackageVersion;
  readonly schemas: readonly PackagedSchema[];
}

/** Refuses `request_malformed`, which says what the file is not. */
export function parseSchemaPackage(text: string): Result<SchemaPackage> {
  let x: Json;
  try {
    x = JSON.parse(text) as Json;
  } catch {
    return bad('', `a package of schemas in JSON with format ${schemaPackageFormat}`, 'no JSON');
  }
  if (!isObject(x) || x['format'] !== schemaPackageFormat)
    return bad('format', schemaPackageFormat, brief(isObject(x) ? (x['format'] ?? null) : x));
  if (x['version'] !== schemaPackageVersion)
    return bad('version', String(schemaPackageVersion), brief(x['version'] ?? null));
  const { schemas } = x;
  if (!Array.isArray(schemas) || schemas.length === 0)
    return bad('schemas', 'at least one schema', brief(schemas ?? null));
  for (const [i, schema] of (schemas as Json[]).entries()) {
    if (!isObject(schema)) return bad(`schemas/${i}`, 'an object', brief(schema));
    for (const name of ['name', 'text'])
      if (typeof schema[name] !== 'string') return bad(`schemas/${i}/${name}`, 'text', brief(schema[name] ?? null));
    for (const name of ['category', 'docs', 'link', 'displayName', 'color'])
      if (schema[name] !== undefined && typeof schema[name] !== 'string')
        return bad(`schemas/${i}/${name}`, 'text', brief(schema[name]));
  }
  return ok(x as unknown as SchemaPackage);
}

function bad(path: string, expected: string, got: string): Result<never> {
  return refuse('request_malformed', {
    path: path === '' ? 'text' : `text/${path}`,
    expected,
    got,
    hint: 'write one with the package of a schema; files of other products are not read',
  });
}
