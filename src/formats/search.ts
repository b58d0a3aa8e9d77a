// The component search language: what a query matches, what it can be narrowed by, and its text.
//
// `prod schema:AWS::EC2::Instance InstanceType:m8g.*|"mac1.metal" !(Tags/Name:web* | Monitoring:false)`
// The grammar is in search_parse.ts. Everything is compared without regard to case. Values of attributes are compared as
// text and whole, so that a beginning is written with a star.

import { unreachable } from '../base/result.ts';
import type { SearchQuery } from './search_parse.ts';
import { matchesPart, matchesWhole, type Pattern } from './search_pattern.ts';

export { parseSearch, type SearchQuery } from './search_parse.ts';

export interface SearchSubject {
  readonly name: string;
  readonly schema: string;
  /** Every scalar below the component's roots, by its pointer, list elements by their index. */
  attributes(): Iterable<readonly [pointer: string, text: string]>;
}

/** Does the query match? Asks for attributes at most once, and only when name and schema do not decide. */
export function matchSearch(query: SearchQuery, subject: SearchSubject): boolean {
  const { name, schema } = subject;
  let attributes: readonly (readonly [string, string])[] | undefined;
  return matchSearchBy(query, { name, schema }, (q) => {
    attributes ??= [...subject.attributes()];
    return hasAttribute(q, attributes);
  });
}

/** The same where it is known which attributes there are; `has` is asked only when name and schema do not decide. */
export function matchSearchBy(
  query: SearchQuery,
  { name, schema }: { readonly name: string; readonly schema: string },
  has: (query: AttributeQuery) => boolean,
): boolean {
  const names = { name: name.toLowerCase(), schema: schema.toLowerCase() };
  return judge(query, names, () => undefined) ?? judge(query, names, has) === true;
}

export type AttributeQuery = Extract<SearchQuery, { kind: 'attribute' }>;

/** All that a query asks of attributes. */
export function attributesIn(query: SearchQuery): readonly AttributeQuery[] {
  switch (query.kind) {
    case 'attribute':
      return [query];
    case 'not':
      return attributesIn(query.of);
    case 'and':
    case 'or':
      return query.of.flatMap(attributesIn);
    case 'all':
    case 'word':
    case 'schema':
      return [];
    default:
      return unreachable(query);
  }
}

/** The query's truth, undefined while that hangs on attributes that are not known (Kleene's three values). */
function judge(
  query: SearchQuery,
  names: { readonly name: string; readonly schema: string },
  attribute: (query: AttributeQuery) => boolean | undefined,
): boolean | undefined {
  switch (query.kind) {
    case 'all':
      return true;
    case 'word':
      return matchesPart(query.pattern, names.name) || matchesPart(query.pattern, names.schema);
    case 'schema':
      return query.patterns.some((pattern) => matchesSchema(pattern, names.schema));
    case 'attribute':
      return attribute(query);
    case 'not': {
      const inner = judge(query.of, names, attribute);
      return inner === undefined ? undefined : !inner;
    }
    case 'and':
    case 'or': {
      const decisive = query.kind === 'or';
      let isKnown = true;
      for (const one of query.of) {
        const truth = judge(one, names, attribute);
        if (truth === decisive) return decisive;
        isKnown &&= truth !== undefined;
      }
      return isKnown ? !decisive : undefined;
    }
    default:
      return unreachable(query);
  }
}

function matchesSchema(pattern: Pattern, schema: string): boolean {
  if (matchesWhole(pattern, schema)) return true;
  return isShort(pattern) && matchesWhole(pattern, schema.split('::').at(-1)!);
}

/** Names only the last part of a schema: `Instance` for `AWS::EC2::Instance`. */
function isShort(pattern: Pattern): boolean {
  return pattern.every((piece) => !piece.text.includes('::'));
}

function wantedOf({ path }: AttributeQuery): { readonly isAbsolute: boolean; readonly wanted: readonly string[] } {
  const isAbsolute = path.startsWith('/');
  const wanted = path
    .toLowerCase()
    .slice(isAbsolute ? 1 : 0)
    .split('/');
  return { isAbsolute, wanted };
}

/** A segment of a pointer of which the name is not known, and any number of those. */
export const anyName = Symbol('any name');
export const anyNames = Symbol('any names');
export type KnownSegment = string | typeof anyName | typeof anyNames;

/** May an attribute at such a pointer be one that is asked for? Segments are as they stand in a pointer. */
export function mayBeAt(query: AttributeQuery, pointer: readonly KnownSegment[]): boolean {
  const { isAbsolute, wanted } = wantedOf(query);
  const segments = pointer.map((s) => (typeof s === 'string' ? s.toLowerCase() : s));
  const may = (i: number, at: number): boolean => {
    if (i < 0 && !isAbsolute) return true;
    if (at < 0) return i < 0;
    const segment = segments[at]!;
    if (segment === anyNames) return may(i, at - 1) || (i >= 0 && may(i - 1, at));
    if (i >= 0 && (segment === anyName || segment === wanted[i]) && may(i - 1, at - 1)) return true;
    return (segment === anyName || isIndex(segment)) && may(i, at - 1);
  };
  return may(wanted.length - 1, segments.length - 1);
}

function hasAttribute(query: AttributeQuery, attributes: readonly (readonly [string, string])[]): boolean {
  const isThere = isAskedAt(query);
  return attributes.some(([pointer, text]) => isThere(pointer) && isAskedValue(query, text.toLowerCase()));
}

/** Is the attribute at a pointer one that is asked for? */
export function isAskedAt(query: AttributeQuery): (pointer: string) => boolean {
  const { isAbsolute, wanted } = wantedOf(query);
  return (pointer) => isAt(wanted, isAbsolute, pointer.toLowerCase().slice(1).split('/'));
}

/** Is a value, in lower case, one that is asked for? */
export function isAskedValue({ patterns, isOther }: AttributeQuery, folded: string): boolean {
  return patterns.some((pattern) => matchesWhole(pattern, folded)) !== isOther;
}

/** Are the segments the last of the pointer's, or all of them? Those of the pointer that are indexes may be left out. */
function isAt(wanted: readonly string[], isAbsolute: boolean, segments: readonly string[]): boolean {
  let at = segments.length - 1;
  for (let i = wanted.length - 1; i >= 0; i--) {
    while (at >= 0 && segments[at] !== wanted[i] && isIndex(segments[at]!)) at--;
    if (at < 0 || segments[at] !== wanted[i]) return false;
    at--;
  }
  return !isAbsolute || segments.slice(0, at + 1).every(isIndex);
}

function isIndex(segment: string): boolean {
  return /^\d+$/.test(segment);
}

/**
 * Schema names, compared without regard to case, one of which every match has; undefined when the query does not say
 * so. For looking in an index first: what is found there still has to be matched.
 */
export function requiredSchemas(query: SearchQuery): readonly string[] | undefined {
  switch (query.kind) {
    case 'schema':
      if (query.patterns.some((pattern) => pattern.length > 1 || isShort(pattern))) return undefined;
      return distinct(query.patterns.map((pattern) => pattern[0]!.text));
    case 'or': {
      const each = query.of.map(requiredSchemas);
      return each.every((names) => names !== undefined) ? distinct(each.flat()) : undefined;
    }
    case 'and': {
      const each = query.of.map(requiredSchemas).filter((names) => names !== undefined);
      return each.sort((a, b) => a.length - b.length)[0];
    }
    case 'all':
    case 'word':
    case 'attribute':
    case 'not':
      return undefined;
    default:
      return unreachable(query);
  }
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
}

/** The query's canonical text: parsing it gives the same query. */
export function searchText(query: SearchQuery): string {
  switch (query.kind) {
    case 'all':
      return '';
    case 'word':
      return patternText(query.pattern);
    case 'schema':
      return `schema:${query.patterns.map(patternText).join('|')}`;
    case 'attribute':
      return `${pathText(query.path)}:${query.isOther ? '!' : ''}${query.patterns.map(patternText).join('|')}`;
    case 'not':
      return `!${memberText(query.of, 'not')}`;
    case 'and':
      return query.of.map((one) => memberText(one, 'and')).join(' ');
    case 'or':
      return query.of.map((one) => memberText(one, 'or')).join(' | ');
    default:
      return unreachable(query);
  }
}

/** A member's text, in parentheses where it binds less than what it is in. */
function memberText(member: SearchQuery, within: 'not' | 'and' | 'or'): string {
  const isLoose = member.kind === 'or' || (member.kind === 'and' && within === 'not');
  return isLoose ? `(${searchText(member)})` : searchText(member);
}

/** Quoted where a character would be taken for something else. */
function patternText(pattern: Pattern): string {
  const plain = pattern.map((piece) => piece.text).join('*');
  const isPlain = plain !== '' && !/[\s()&|"]|^[!:]|(?<!:):(?!:)/.test(plain);
  if (isPlain && pattern.every((piece) => !piece.text.includes('*'))) return plain;
  return `"${pattern.map((piece) => escaped(piece.text)).join('*')}"`;
}

function pathText(path: string): string {
  return /[\s()&|"*:]|^!|^schema$/i.test(path) ? `"${escaped(path)}"` : path;
}

function escaped(text: string): string {
  return text.replace(/["\\*]/g, '\\$&');
}
