// Components as people write them into files: one document a component, with its name, its schema and what is declared on it,
// in YAML or JSON. What is written of a component can be read in again. A document says everything by names, so that it is good
// in any workspace; what it does not mention stays as it is.

import { parseAllDocuments, stringify } from 'yaml';
import { brief, isObject, type Json, type JsonObject } from '../base/json.ts';
import { ok, type Refusal, type Result } from '../base/result.ts';

export interface Declaration {
  /** Its name. With the schema it says which component this is. */
  readonly component: string;
  readonly schema: string;
  readonly resourceId?: string;
  /** Names of all views that it is in. */
  readonly views?: readonly string[];
  /** Names of all components that it waits for. */
  readonly dependsOn?: readonly string[];
  /** By pointer, as an author writes them (`Attributes`); `{"$source": null}` declares that there is no value. */
  readonly attributes?: JsonObject;
}

const members: { readonly [member: string]: (x: Json) => string | undefined } = {
  component: (x) => (typeof x === 'string' && x !== '' ? undefined : 'a name'),
  schema: (x) => (typeof x === 'string' && x !== '' ? undefined : 'the name of a schema'),
  resourceId: (x) => (typeof x === 'string' && x !== '' ? undefined : 'the id of a resource'),
  views: (x) => (isTexts(x) ? undefined : 'a list of names'),
  dependsOn: (x) => (isTexts(x) ? undefined : 'a list of names'),
  attributes: (x) => (isObject(x) ? undefined : 'values by pointer'),
};
const required = ['component', 'schema'];

const isTexts = (x: Json): boolean => Array.isArray(x) && x.every((v) => typeof v === 'string');

const bad = (path: string, expected: string, got: string, hint = 'correct the document'): Result<never> => ({
  ok: false,
  refusal: { code: 'request_malformed', path, expected, got, hint },
});

/** One document. Refuses `request_malformed` at `at`, for what no document has, too. */
function parseDeclaration(x: Json, at: string): Result<Declaration> {
  if (!isObject(x)) return bad(at, 'a component with `component` and `schema`', brief(x));
  const unknown = Object.keys(x).find((key) => !Object.hasOwn(members, key));
  if (unknown !== undefined)
    return bad(`${at}/${unknown}`, `only ${Object.keys(members).join(', ')}`, brief(unknown), 'remove it');
  const missing = required.find((key) => x[key] === undefined);
  if (missing !== undefined) return bad(`${at}/${missing}`, members[missing]!('')!, 'nothing');
  for (const [key, value] of Object.entries(x)) {
    const expected = members[key]!(value);
    if (expected !== undefined) return bad(`${at}/${key}`, expected, brief(value));
  }
  const pointer = Object.keys((x['attributes'] ?? {}) as JsonObject).find((key) => !key.startsWith('/'));
  if (pointer !== undefined)
    return bad(`${at}/attributes`, 'pointers from the root, such as /domain/Name', brief(pointer));
  return ok(x as unknown as Declaration);
}

/** A list of them, no component twice. Refuses `request_malformed` at `components/N/…`. */
export function parseDeclarations(x: Json): Result<Declaration[]> {
  if (!Array.isArray(x)) return bad('components', 'a list of components', brief(x));
  const out: Declaration[] = [];
  const seen = new Map<string, number>();
  for (const [i, item] of (x as Json[]).entries()) {
    const parsed = parseDeclaration(item, `components/${i}`);
    if (!parsed.ok) return parsed;
    const { component } = parsed.value;
    const before = seen.get(component);
    if (before !== undefined)
      return bad(`components/${i}/component`, 'each component once', `${brief(component)}, as in components/${before}`);
    seen.set(component, i);
    out.push(parsed.value);
  }
  return ok(out);
}

/** A document of a file that is to be one component. */
export interface Document {
  /** Counted from 1 within its text. */
  readonly number: number;
  readonly value: Json;
}

/** The documents of a text in YAML or JSON; a list of components is one document each. Refuses `request_malformed`. */
export function documentsOf(text: string): Result<Document[]> {
  const values: Json[] = [];
  for (const document of parseAllDocuments(text)) {
    const at = `document ${values.length + 1}`;
    const [error] = document.errors;
    if (error !== undefined) return bad(at, 'YAML or JSON', error.message.split('\n')[0]!.replace(/:$/, ''));
    const value = document.toJS() as Json | undefined;
    if (value === null || value === undefined) continue;
    if (Array.isArray(value)) values.push(...(value as Json[]));
    else values.push(value);
  }
  return ok(values.map((value, i) => ({ number: i + 1, value })));
}

/** The text of a file with these components. */
export function declarationsText(list: readonly Declaration[], format: 'json' | 'yaml'): string {
  if (format === 'json') return `${JSON.stringify(list, null, 2)}\n`;
  return list.map((d) => stringify(d, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
}

/** A refusal about `components/N` as one about where that document stands. */
export function refusalAt(refusal: Refusal, places: readonly string[]): Refusal {
  const [, number = '', rest = ''] = /^components\/(\d+)[/:]?\s*(.*)$/s.exec(refusal.path) ?? [];
  const place = places[number === '' ? -1 : Number(number)];
  return place === undefined ? refusal : { ...refusal, path: `${place}${rest === '' ? '' : `: ${rest}`}` };
}
