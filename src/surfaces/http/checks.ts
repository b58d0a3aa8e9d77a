// Checks of what comes in by the shapes of its route, with a JSON Schema validator. Texts of a query become numbers and
// truths where the shape says so; a body is taken as it is. What is wrong is told at its first place.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { brief, type Json } from '../../base/json.ts';
import { RefusalError } from '../../base/result.ts';

const options = { allErrors: false, strict: false, allowUnionTypes: true } as const;
const plain = new Ajv({ ...options, coerceTypes: false });
const coercing = new Ajv({ ...options, coerceTypes: 'array', useDefaults: true });

const compiled = new WeakMap<TSchema, ValidateFunction>();

function validatorOf(ajv: Ajv, schema: TSchema): ValidateFunction {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = ajv.compile(schema as object);
  compiled.set(schema, made);
  return made;
}

/** Throws a refusal, `request_malformed`. */
export function checkBody(schema: TSchema, body: unknown): void {
  const check = validatorOf(plain, schema);
  if (!check(body)) throw malformed('body', check.errors ?? [], body);
}

/** Changes texts to what the shape says. Throws a refusal, `request_malformed`. */
export function checkQuery(schema: TSchema, query: unknown): void {
  const check = validatorOf(coercing, schema);
  if (!check(query)) throw malformed('query', check.errors ?? [], query);
}

/** What is wrong with an answer of our own; undefined: nothing. */
export function wrongAnswer(schema: TSchema, answer: unknown): string | undefined {
  const check = validatorOf(plain, schema);
  if (check(answer)) return undefined;
  const [first] = check.errors ?? [];
  return `${first?.instancePath} ${first?.message} ${JSON.stringify(first?.params)}`;
}

function malformed(part: 'body' | 'query', errors: readonly ErrorObject[], given: unknown): RefusalError {
  const [error] = errors;
  const path = `${part}${error?.instancePath ?? ''}`;
  const missing =
    error?.keyword === 'required' ? `/${(error.params as { missingProperty: string }).missingProperty}` : '';
  return new RefusalError({
    code: 'request_malformed',
    path: `${path}${missing}`,
    expected: missing === '' ? (allowedIn(errors) ?? error?.message ?? 'another shape') : 'a value',
    got: missing === '' ? brief(at(given, error?.instancePath ?? '') as Json | undefined) : 'nothing',
    hint: 'compare the request with the operation in /openapi.json',
  });
}

/** The values that are allowed at the first place that is wrong; undefined: more than some. Each alternative has an error of its own. */
function allowedIn(errors: readonly ErrorObject[]): string | undefined {
  const [first] = errors;
  if (first?.keyword !== 'const') return undefined;
  const values = errors
    .filter((e) => e.keyword === 'const' && e.instancePath === first.instancePath)
    .map((e) => JSON.stringify((e.params as { allowedValue: unknown }).allowedValue));
  return values.length === 1 ? values[0] : `one of ${values.join(', ')}`;
}

function at(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (v, key) => (v as Record<string, unknown> | undefined)?.[key.replaceAll('~1', '/').replaceAll('~0', '~')],
      value,
    );
}
