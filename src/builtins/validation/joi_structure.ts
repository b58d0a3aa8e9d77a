// What Joi says of the parts of a value: items of lists, keys of objects and how they depend on each other, alternatives.
// The work is bounded by the size of the value times that of the description.

import { brief, isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { Finding } from './finding.ts';
import { check, fits, listOf, objectOf, resolveReference, unchecked, within } from './joi.ts';
import { type Checked, matchExpression } from './joi_rules.ts';

export function checkStructure(checked: Checked): Finding[] {
  switch (checked.description['type']) {
    case 'array':
      return checkItems(checked, checked.value as unknown as readonly Json[]);
    case 'object':
      return checkKeys(checked, checked.value as unknown as JsonObject);
    case 'alternatives':
      return checkAlternatives(checked);
    case 'string':
      return checked.description['replacements'] === undefined
        ? []
        : [unchecked(checked.scope, 'replacements in the text')];
    default:
      return [];
  }
}

const presenceOf = (description: Json) => objectOf(objectOf(description)['flags'])['presence'];

function checkItems({ description, scope, fault }: Checked, value: readonly Json[]): Finding[] {
  const out: Finding[] = [];
  const items = listOf(description['items']);
  const ordered = listOf(description['ordered']);
  const forbidden = items.filter((d) => presenceOf(d) === 'forbidden');
  const included = items.filter((d) => presenceOf(d) !== 'forbidden');
  const missing = included.filter((d) => presenceOf(d) === 'required');
  for (const [i, element] of value.entries()) {
    const at = within(scope, value as Json, i);
    if (
      forbidden.some((d) =>
        fits({ ...objectOf(d), flags: { ...objectOf(objectOf(d)['flags']), presence: 'optional' } }, element, at),
      )
    ) {
      out.push({ path: at.path, message: 'contains an excluded value', severity: 'error' });
      continue;
    }
    const place = ordered[i];
    if (place !== undefined) {
      out.push(...check(place, element, at));
      continue;
    }
    if (included.length === 0) {
      if (ordered.length > 0) out.push(fault(`must have at most ${ordered.length} items`));
      continue;
    }
    const filled = missing.findIndex((d) => fits(d, element, at));
    if (filled !== -1) missing.splice(filled, 1);
    out.push(...bestOf(included, element, at));
  }
  for (const [i, place] of ordered.entries()) {
    if (i >= value.length && presenceOf(place) === 'required') out.push(fault(`lacks its item at position ${i}`));
  }
  if (missing.length > 0) out.push(fault(`lacks ${missing.length} of the items that have to be there`));
  return out;
}

/** Findings of the first description that fits, else those of the only one, else that none does. */
function bestOf(descriptions: readonly Json[], value: Json, scope: Checked['scope']): Finding[] {
  let only: Finding[] = [];
  for (const description of descriptions) {
    only = check(description, value, scope);
    if (!only.some((f) => f.severity === 'error')) return only;
  }
  if (descriptions.length === 1) return only;
  return [{ path: scope.path, message: 'does not match any of the allowed types', severity: 'error' }];
}

function checkKeys({ description, flags, scope, fault }: Checked, value: JsonObject): Finding[] {
  const out: Finding[] = [];
  const keys = objectOf(description['keys']);
  const patterns = listOf(description['patterns']).map(objectOf);
  for (const [key, part] of Object.entries(keys)) {
    out.push(...check(part, Object.hasOwn(value, key) ? value[key] : undefined, within(scope, value, key)));
  }
  const closed = description['keys'] !== undefined || patterns.length > 0;
  const open = !closed || flags['unknown'] === true || (flags['unknown'] === undefined && scope.allowUnknown);
  if (description['renames'] !== undefined) out.push(unchecked(scope, 'renamed keys'));
  for (const [key, member] of Object.entries(value)) {
    if (Object.hasOwn(keys, key)) continue;
    const at = within(scope, value, key);
    const verdicts = patterns.map((p) => ({ p, fits: keyFits(p, key, at) }));
    const rules = verdicts.filter((v) => v.fits === true);
    for (const { p } of rules) out.push(...check(p['rule']!, member, at));
    const unsure = verdicts.some((v) => v.fits === undefined);
    if (unsure) out.push(unchecked(at, 'whether the key fits a pattern, which cannot be run in linear time'));
    else if (rules.length === 0 && !open)
      out.push({ path: at.path, message: `${key} is not allowed`, severity: 'error' });
  }
  if (patterns.some((p) => p['matches'] !== undefined))
    out.push(unchecked(scope, 'a rule on the keys that fit a pattern'));
  for (const dependency of listOf(description['dependencies'])) {
    const message = dependencyFault(objectOf(dependency), value);
    if (message !== undefined) out.push(message.startsWith('?') ? unchecked(scope, message.slice(1)) : fault(message));
  }
  return out;
}

function keyFits(pattern: JsonObject, key: string, scope: Checked['scope']): boolean | undefined {
  if (pattern['regex'] !== undefined) return matchExpression(pattern['regex'], key, scope);
  return pattern['schema'] === undefined ? undefined : fits(pattern['schema'], key, scope);
}

function dependencyFault({ rel, peers, key, options }: JsonObject, value: JsonObject): string | undefined {
  if (options !== undefined && objectOf(options)['isPresent'] !== undefined) return '?a dependency between keys';
  const names = listOf(peers).map(String);
  const has = (path: string) => {
    let at: Json | undefined = value;
    for (const step of path.split('.')) at = isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
    return at !== undefined && at !== null;
  };
  const present = names.filter(has);
  const list = names.join(', ');
  switch (rel) {
    case 'and':
      return present.length === 0 || present.length === names.length ? undefined : `must have all of ${list} or none`;
    case 'nand':
      return present.length < names.length ? undefined : `must not have all of ${list}`;
    case 'or':
      return present.length > 0 ? undefined : `must have at least one of ${list}`;
    case 'xor':
      return present.length === 1 ? undefined : `must have exactly one of ${list}`;
    case 'oxor':
      return present.length <= 1 ? undefined : `must have at most one of ${list}`;
    case 'with':
      return !has(String(key)) || present.length === names.length ? undefined : `must have ${list} with ${key}`;
    case 'without':
      return !has(String(key)) || present.length === 0 ? undefined : `must not have ${list} with ${key}`;
    default:
      return `?the dependency ${brief(rel ?? null)}`;
  }
}

function checkAlternatives({ description, flags, value, scope, fault }: Checked): Finding[] {
  const candidates: Json[] = [];
  for (const entry of listOf(description['matches']).map(objectOf)) {
    if (entry['schema'] !== undefined && entry['is'] === undefined && entry['then'] === undefined) {
      candidates.push(entry['schema']);
      continue;
    }
    const subject = entry['ref'] === undefined ? { value } : resolveReference(entry['ref'], scope);
    if (subject === undefined)
      return [unchecked(scope, 'an alternative that depends on something outside of the value')];
    for (const one of entry['switch'] === undefined ? [entry] : listOf(entry['switch']).map(objectOf)) {
      const condition = one['is'] ?? one['schema'];
      const not = one['not'];
      if (condition === undefined && not === undefined) return [unchecked(scope, 'a condition')];
      const holds = not === undefined ? fits(condition!, subject.value, scope) : !fits(not, subject.value, scope);
      const branch = holds ? one['then'] : one['otherwise'];
      if (branch !== undefined) return check(branch, value, scope);
    }
  }
  if (candidates.length === 0) return [];
  const fitting = candidates.filter((d) => fits(d, value, scope)).length;
  switch (flags['match'] ?? 'any') {
    case 'all':
      return fitting === candidates.length ? [] : [fault('does not match all of the required types')];
    case 'one':
      return fitting === 1
        ? []
        : [fault(fitting === 0 ? 'does not match any of the allowed types' : 'matches more than one type')];
    default:
      return bestOf(candidates, value, scope);
  }
}
