// A Joi schema as it describes itself (`schema.describe()`, Joi 17 and 18), held against a value. Values are JSON, so texts
// that Joi would convert (`"5"` for a number) are taken as converted, unless the schema is strict. What a description
// cannot carry (functions) or what is not evaluated here is reported as unchecked, never passed over.

import { brief, canonical, isObject, type Json, type JsonObject, sameJson } from '../../base/json.ts';
import { childPointer, type Finding, type Matches, unknownValue } from './finding.ts';
import { checkRules } from './joi_rules.ts';

const depthMax = 48;

/** Members of a description that say nothing about which values fit. */
const silentMembers = new Set(
  'type flags rules allow invalid preferences examples metas notes tags externals shared'.split(' '),
);
const silentFlags = new Set(
  (
    'presence only default label description unit result id empty failover unknown single sparse match insensitive ' +
    'unsafe sensitive truncate format encoding cast artifact error forbidden'
  ).split(' '),
);

export interface JoiScope {
  readonly path: string;
  readonly matches: Matches;
  /** Values around the one that is checked, the innermost last: what references look at. */
  readonly around: readonly Json[];
  readonly convert: boolean;
  readonly allowUnknown: boolean;
  readonly presence: string;
  readonly depth: number;
}

/** Holds `value` against a description; null is no value, as it is for every property. `path` is where the value is. */
export function checkJoi(description: Json, value: Json | undefined, path: string, matches: Matches): Finding[] {
  const scope: JoiScope = {
    path,
    matches,
    around: [],
    convert: true,
    allowUnknown: false,
    presence: 'optional',
    depth: 0,
  };
  const takesNull = isObject(description) && listOf(description['allow']).includes(null);
  return check(description, value === null && !takesNull ? undefined : value, scope);
}

/** Does the value fit, as far as it can be told? */
export function fits(description: Json, value: Json | undefined, scope: JoiScope): boolean {
  return !check(description, value, scope).some((f) => f.severity === 'error');
}

export function check(description: Json, given: Json | undefined, outer: JoiScope): Finding[] {
  if (given === unknownValue) return [];
  if (!isObject(description) || typeof description['type'] !== 'string') {
    return [unchecked(outer, `a description without a type: ${brief(description)}`)];
  }
  if (outer.depth > depthMax) return [unchecked(outer, 'a description nested too deeply')];
  const preferences = objectOf(description['preferences']);
  const scope: JoiScope = {
    ...outer,
    depth: outer.depth + 1,
    convert: preferences['convert'] === undefined ? outer.convert : preferences['convert'] === true,
    allowUnknown: preferences['allowUnknown'] === undefined ? outer.allowUnknown : preferences['allowUnknown'] === true,
    presence: typeof preferences['presence'] === 'string' ? preferences['presence'] : outer.presence,
  };
  const resolved = resolveWhens(description, given, scope);
  return [...resolved.findings, ...checkResolved(resolved.description, given, scope)];
}

/** The description with the branches of its conditions that hold laid over it. */
function resolveWhens(
  description: JsonObject,
  value: Json | undefined,
  scope: JoiScope,
): { readonly description: JsonObject; readonly findings: Finding[] } {
  const findings: Finding[] = [];
  let out = description;
  for (const when of listOf(description['whens'])) {
    const branch = branchOf(objectOf(when), value, scope);
    if (branch === 'unknown') findings.push(unchecked(scope, 'a condition on something outside of the value'));
    else if (branch !== undefined) {
      out = laidOver(out, objectOf(branch));
      if (objectOf(when)['break'] === true) break;
    }
  }
  return { description: out, findings };
}

/** The branch that a condition chooses; undefined: none. */
function branchOf(when: JsonObject, value: Json | undefined, scope: JoiScope): Json | undefined | 'unknown' {
  const subject = when['ref'] === undefined ? { value } : resolveReference(when['ref'], scope);
  if (subject === undefined) return 'unknown';
  for (const one of when['switch'] === undefined ? [when] : listOf(when['switch'])) {
    const { is, then, otherwise, not, schema } = objectOf(one);
    const condition = is ?? not ?? schema;
    if (condition === undefined) return 'unknown';
    const holds = fits(condition, subject.value, { ...scope, convert: false }) !== (not !== undefined);
    if (holds && then !== undefined) return then;
    if (!holds && otherwise !== undefined) return otherwise;
  }
  return undefined;
}

/** Joi's concat: what both say, the second over the first. */
function laidOver(under: JsonObject, over: JsonObject): JsonObject {
  const list = (name: string) => [...listOf(under[name]), ...listOf(over[name])];
  const lists = Object.fromEntries(
    ['rules', 'allow', 'invalid', 'dependencies', 'matches']
      .map((n) => [n, list(n)] as const)
      .filter(([, l]) => l.length > 0),
  );
  return {
    ...under,
    ...over,
    type: over['type'] === 'any' ? under['type']! : over['type']!,
    flags: { ...objectOf(under['flags']), ...objectOf(over['flags']) },
    ...(under['keys'] === undefined && over['keys'] === undefined
      ? {}
      : { keys: { ...objectOf(under['keys']), ...objectOf(over['keys']) } }),
    ...lists,
    whens: [],
  };
}

function checkResolved(description: JsonObject, given: Json | undefined, scope: JoiScope): Finding[] {
  const flags = objectOf(description['flags']);
  let value = given;
  if (value !== undefined && flags['empty'] !== undefined && fits(flags['empty'], value, scope)) value = undefined;
  const name = typeof flags['label'] === 'string' ? flags['label'] : (scope.path.split('/').at(-1) ?? '');
  const fault = (message: string) => error(scope, `${name === '' ? 'The value' : name} ${message}`);
  const presence = String(flags['presence'] ?? scope.presence);
  if (value === undefined) return presence === 'required' ? [fault('is required')] : [];
  if (presence === 'forbidden') return [fault('is not allowed')];

  const out: Finding[] = [];
  for (const member of Object.keys(description)) {
    if (!silentMembers.has(member) && !typeMembers.has(member)) out.push(unchecked(scope, `“${member}”`));
  }
  if (description['externals'] !== undefined) out.push(unchecked(scope, 'an external rule'));
  for (const flag of Object.keys(flags)) if (!silentFlags.has(flag)) out.push(unchecked(scope, `the flag “${flag}”`));

  const among = (list: readonly Json[]) => listed(list, value as Json, flags['insensitive'] === true, scope);
  if (among(listOf(description['allow']))) return out;
  if (among(listOf(description['invalid']))) return [...out, fault('contains an invalid value')];
  if (flags['only'] === true) {
    const values = listOf(description['allow']).filter((v) => !isOverride(v));
    return [...out, fault(`must be one of ${values.map((v) => brief(plain(v), 40)).join(', ')}`)];
  }
  const found = checkRules({ description, flags, value, scope, fault });
  // A value that is replaced when it is wrong is never wrong.
  const failover = flags['failover'] !== undefined;
  return [...out, ...(failover ? found.filter((f) => f.severity !== 'error') : found)];
}

const typeMembers = new Set(
  'items ordered keys patterns dependencies renames matches truthy falsy replacements link whens'.split(' '),
);

function listed(list: readonly Json[], value: Json, insensitive: boolean, scope: JoiScope): boolean {
  return list.some((entry) => {
    if (isOverride(entry)) return false;
    if (isObject(entry) && entry['ref'] !== undefined) {
      const found = resolveReference(entry['ref'], scope);
      return found !== undefined && sameJson(found.value, value);
    }
    const known = plain(entry);
    if (insensitive && typeof known === 'string' && typeof value === 'string') {
      return known.toLowerCase() === value.toLowerCase();
    }
    return sameJson(known, value);
  });
}

const isOverride = (entry: Json) => isObject(entry) && entry['override'] === true;

/** Objects among listed values are wrapped. */
function plain(entry: Json): Json {
  return isObject(entry) && Object.keys(entry).length === 1 && entry['value'] !== undefined ? entry['value'] : entry;
}

/** What a reference points at; undefined when it is outside of what is checked. */
export function resolveReference(reference: Json, scope: JoiScope): { readonly value: Json | undefined } | undefined {
  const { path, ancestor, type, adjust, map, in: isIn, iterables } = objectOf(reference);
  if (!Array.isArray(path) || type === 'local' || type === 'global') return undefined;
  if (adjust !== undefined || map !== undefined || isIn !== undefined || iterables !== undefined) return undefined;
  const up = ancestor === 'root' ? scope.around.length : ancestor === undefined ? 1 : Number(ancestor);
  let at: Json | undefined = scope.around[scope.around.length - up];
  if (at === undefined) return undefined;
  for (const key of path) {
    at = Array.isArray(at)
      ? at[Number(key)]
      : isObject(at) && Object.hasOwn(at, String(key))
        ? at[String(key)]
        : undefined;
  }
  return at === unknownValue ? undefined : { value: at };
}

/** The scope of a part of `value`. */
export function within(scope: JoiScope, value: Json, key: string | number): JoiScope {
  return { ...scope, path: childPointer(scope.path, key), around: [...scope.around, value] };
}

export function objectOf(x: Json | undefined): JsonObject {
  return isObject(x) ? x : {};
}

export function listOf(x: Json | undefined): readonly Json[] {
  return Array.isArray(x) ? x : [];
}

export function error(scope: JoiScope, message: string): Finding {
  return { path: scope.path, message, severity: 'error' };
}

export function unchecked(scope: JoiScope, what: string): Finding {
  return { path: scope.path, message: `Not checked: ${what}.`, severity: 'unchecked' };
}

/** Canonical text, or that of one member: what makes two elements the same. */
export function identity(element: Json, path: string | undefined): string {
  let at: Json | undefined = element;
  for (const key of path?.split('.') ?? []) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at === undefined ? 'undefined' : canonical(at);
}
