// The types of Joi and their rules. Each rule of a description is either evaluated or reported as unchecked. A description
// cannot say that a rule had a function: such a rule has arguments without any in them.

import { brief, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { type Finding, unknownValue } from './finding.ts';
import { error, fits, identity, type JoiScope, listOf, objectOf, resolveReference, unchecked, within } from './joi.ts';
import { checkStructure } from './joi_structure.ts';
import {
  isBase64,
  isCreditCard,
  isDate,
  isDateTime,
  isDomain,
  isDuration,
  isEmail,
  isGuid,
  isHostname,
  isIp,
  isRelativeUri,
  uriScheme,
  utf8Bytes,
} from './text.ts';

export interface Checked {
  readonly description: JsonObject;
  readonly flags: JsonObject;
  readonly value: Exclude<Json, null> | null;
  readonly scope: JoiScope;
  readonly fault: (message: string) => Finding;
}

/** undefined: the rule is met; a message when it is not; `unknown` when that cannot be told. */
export type Verdict = string | undefined | { readonly unknown: string };

/** Functions are left out of a description: a rule that had one has arguments without any. */
const hasFunction = (args: JsonObject) => Object.keys(args).length === 0 && args !== noArguments;
const noArguments: JsonObject = {};

type RuleCheck = (value: never, args: JsonObject, checked: Checked) => Verdict;

export function checkRules(checked: Checked): Finding[] {
  const { description, scope, fault } = checked;
  const type = String(description['type']);
  const converted = convert(type, checked);
  if (converted === undefined) return [fault(`must be ${article(type)}`)];
  if ('unknown' in converted) return [unchecked(scope, converted.unknown)];
  const { value } = converted;
  if (value === '' && type === 'string') return [fault('is not allowed to be empty')];
  const rules = rulesOf(type);
  const isLong = typeof value === 'string' && value.length > limits.formatTextCharsMax;
  const out: Finding[] = [];
  for (const entry of listOf(description['rules'])) {
    const rule = objectOf(entry);
    const name = String(rule['name']);
    const args = rule['args'] === undefined ? noArguments : resolvedArgs(objectOf(rule['args']), scope);
    const known = Object.hasOwn(rules, name) && (isMeasure.has(name) || !isLong);
    const run = known ? rules[name] : undefined;
    const verdict: Verdict =
      args === undefined || run === undefined
        ? {
            unknown: args === undefined ? `the rule “${name}”, which looks outside of the value` : `the rule “${name}”`,
          }
        : run(value as never, args, checked);
    if (verdict === undefined) continue;
    if (typeof verdict !== 'string') out.push(unchecked(scope, verdict.unknown));
    else {
      const finding = own(rule, name, checked, args!) ?? fault(verdict);
      out.push(rule['warn'] === true ? { ...finding, severity: 'warning' } : finding);
    }
  }
  return [...out, ...checkStructure({ ...checked, value })];
}

/** Rules that a text of any length can be held against. */
const isMeasure = new Set(['min', 'max', 'length', 'pattern']);

/** The author's own message of a rule. */
function own(rule: JsonObject, name: string, { description, scope }: Checked, args: JsonObject): Finding | undefined {
  const messages = objectOf(objectOf(description['preferences'])['messages']);
  const message = rule['message'] ?? messages[`${String(description['type'])}.${name}`];
  const text = typeof message === 'string' ? message : objectOf(message)['template'];
  if (typeof text !== 'string') return undefined;
  const label = objectOf(description['flags'])['label'] ?? scope.path.split('/').at(-1) ?? 'value';
  const known: JsonObject = { ...args, label };
  const filled = text.replaceAll(/\{#?\{?#?(\w+)\}?\}/g, (whole, key: string) =>
    Object.hasOwn(known, key) ? (typeof known[key] === 'string' ? known[key] : brief(known[key], 40)) : whole,
  );
  return error(scope, filled);
}

/** Arguments with references in them looked up; undefined when one points outside. */
function resolvedArgs(args: JsonObject, scope: JoiScope): JsonObject | undefined {
  const out: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(args)) {
    const ref = isObject(value) ? value['ref'] : undefined;
    if (ref === undefined) {
      out[name] = value;
      continue;
    }
    const found = resolveReference(ref, scope);
    if (found?.value === undefined) return undefined;
    out[name] = found.value;
  }
  return out;
}

/** The value as a value of the type; undefined when it is none. */
function convert(type: string, { value, scope, description, flags }: Checked) {
  switch (type) {
    case 'any':
    case 'alternatives':
      return { value };
    case 'string':
      return typeof value === 'string' ? { value } : undefined;
    case 'number': {
      if (typeof value === 'number') return { value };
      const isNumber = typeof value === 'string' && /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(value);
      return scope.convert && isNumber ? { value: Number(value) } : undefined;
    }
    case 'boolean': {
      if (typeof value === 'boolean') return { value };
      if (listOf(description['truthy']).includes(value)) return { value: true };
      if (listOf(description['falsy']).includes(value)) return { value: false };
      const text = typeof value === 'string' ? (flags['sensitive'] === true ? value : value.toLowerCase()) : '';
      return scope.convert && (text === 'true' || text === 'false') ? { value: text === 'true' } : undefined;
    }
    case 'date':
      if (typeof value === 'number') return flags['format'] === 'iso' ? undefined : { value };
      if (typeof value !== 'string') return undefined;
      if (isDate(value) || isDateTime(value)) return { value };
      return flags['format'] === 'iso' ? undefined : { unknown: 'a date that is not written as ISO 8601 has it' };
    case 'array':
      if (Array.isArray(value)) return { value: value as Json };
      return flags['single'] === true ? { value: [value] as Json } : undefined;
    case 'object':
      return isObject(value) ? { value: value as Json } : undefined;
    case 'binary':
      return typeof value === 'string' ? { value } : undefined;
    default:
      return { unknown: `the type “${type}”` };
  }
}

function article(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

const number = (x: Json | undefined) => Number(x);
const unless = (holds: boolean, message: string): Verdict => (holds ? undefined : message);
const options = (args: JsonObject) => objectOf(args['options']);
const texts = (x: Json | undefined): string[] | undefined =>
  typeof x === 'string' ? [x] : Array.isArray(x) ? x.filter((v) => typeof v === 'string') : undefined;

const lengthOf = (value: string, args: JsonObject): number =>
  args['encoding'] === undefined ? value.length : utf8Bytes(value);

const stringRules: Readonly<Record<string, RuleCheck>> = {
  min: (v: string, a) => unless(lengthOf(v, a) >= number(a['limit']), `must be at least ${a['limit']} characters long`),
  max: (v: string, a) => unless(lengthOf(v, a) <= number(a['limit']), `must be at most ${a['limit']} characters long`),
  length: (v: string, a) => unless(lengthOf(v, a) === number(a['limit']), `must be ${a['limit']} characters long`),
  pattern: (v: string, a, { scope }) => {
    const found = matchExpression(a['regex'], v, scope);
    if (found === undefined) return { unknown: `the pattern ${brief(a['regex'])}, which cannot be run in linear time` };
    const { invert, name } = options(a);
    const said = typeof name === 'string' ? `the ${name} pattern` : `the pattern ${String(a['regex'])}`;
    return unless(found !== (invert === true), invert === true ? `must not match ${said}` : `must match ${said}`);
  },
  email: (v: string, a) => {
    const { minDomainSegments, allowUnicode, tlds, multiple, separator, allowUnderscore } = options(a);
    if (allowUnderscore !== undefined) return { unknown: 'underscores in the domain of an email address' };
    const parts = multiple === true ? v.split(String(separator ?? ',')).map((p) => p.trim()) : [v];
    const segments = minDomainSegments === undefined ? 2 : number(minDomainSegments);
    const allowed = texts(objectOf(tlds)['allow']);
    const ok = parts.every((p) => {
      const top = p.slice(p.lastIndexOf('.') + 1);
      return isEmail(p, segments, allowUnicode !== false) && (allowed === undefined || allowed.includes(top));
    });
    return unless(ok, 'must be a valid email');
  },
  uri: (v: string, a) => {
    const { scheme, allowRelative, relativeOnly, domain } = options(a);
    if (domain !== undefined) return { unknown: 'the domain of a URI' };
    const schemes = texts(scheme);
    if (Array.isArray(scheme) && schemes!.length < scheme.length) return { unknown: 'a URI scheme given as a pattern' };
    const found = uriScheme(v);
    const relative = (allowRelative === true || relativeOnly === true) && isRelativeUri(v);
    const absolute = relativeOnly !== true && found !== undefined && (schemes?.includes(found) ?? true);
    return unless(
      relative || absolute,
      `must be a valid uri${schemes === undefined ? '' : ` of ${schemes.join(', ')}`}`,
    );
  },
  hostname: (v: string) => unless(isHostname(v), 'must be a valid hostname'),
  domain: (v: string, a) => {
    const { minDomainSegments, allowUnicode } = options(a);
    const segments = minDomainSegments === undefined ? 2 : number(minDomainSegments);
    return unless(isDomain(v, segments, allowUnicode !== false), 'must be a valid domain name');
  },
  ip: (v: string, a) => {
    const { cidr, version } = options(a);
    const versions = texts(version);
    if (versions?.includes('ipvfuture')) return { unknown: 'addresses of future versions' };
    const mode = cidr === 'required' || cidr === 'forbidden' ? cidr : 'optional';
    return unless(
      isIp(v, versions, mode),
      `must be a valid ip address${versions === undefined ? '' : ` of ${versions.join(', ')}`}`,
    );
  },
  guid: (v: string, a) => unless(isGuid(v, texts(options(a)['version'])), 'must be a valid GUID'),
  alphanum: (v: string) => unless(/^[a-zA-Z0-9]+$/.test(v), 'must only contain letters and digits'),
  token: (v: string) => unless(/^\w+$/.test(v), 'must only contain letters, digits and underscores'),
  hex: (v: string, a, { scope }) => {
    const { prefix, byteAligned } = options(a);
    const digits = prefix === true || prefix === 'optional' ? v.replace(/^0x/i, '') : v;
    const ok = /^[a-f0-9]+$/i.test(digits) && (prefix !== true || digits !== v);
    // A digit that is missing in front is put there, unless the schema is strict.
    const aligned = scope.convert || byteAligned !== true || digits.length % 2 === 0;
    return unless(ok && aligned, 'must only contain hexadecimal digits');
  },
  base64: (v: string, a) => {
    const { urlSafe, paddingRequired } = options(a);
    return unless(isBase64(v, urlSafe === true, paddingRequired !== false), 'must be a valid base64 string');
  },
  isoDate: (v: string) => unless(isDate(v) || isDateTime(v), 'must be an ISO 8601 date'),
  isoDuration: (v: string) => unless(isDuration(v), 'must be an ISO 8601 duration'),
  creditCard: (v: string) => unless(isCreditCard(v), 'must be a credit card'),
  dataUri: (v: string) => unless(/^data:[\w+-]+\/[\w+.-]+;(?:[\w=-]+;)?base64,/.test(v), 'must be a valid dataUri'),
  case: (v: string, a, { scope }) => {
    const lower = a['direction'] === 'lower';
    return unless(
      scope.convert || v === (lower ? v.toLowerCase() : v.toUpperCase()),
      `must only contain ${lower ? 'lower' : 'upper'}case`,
    );
  },
  trim: (v: string, a, { scope }) =>
    unless(scope.convert || a['enabled'] === false || v === v.trim(), 'must not begin or end with white space'),
  normalize: (v: string, a, { scope }) =>
    unless(scope.convert || v === v.normalize(String(a['form'])), 'must be normalised'),
};

const numberRules: Readonly<Record<string, RuleCheck>> = {
  integer: (v: number) => unless(Number.isInteger(v), 'must be an integer'),
  min: (v: number, a) => unless(v >= number(a['limit']), `must be at least ${a['limit']}`),
  max: (v: number, a) => unless(v <= number(a['limit']), `must be at most ${a['limit']}`),
  greater: (v: number, a) => unless(v > number(a['limit']), `must be greater than ${a['limit']}`),
  less: (v: number, a) => unless(v < number(a['limit']), `must be less than ${a['limit']}`),
  multiple: (v: number, a) => {
    const times = v / number(a['base']);
    const tolerance = 1e-9 * Math.max(1, Math.abs(times));
    return unless(Math.abs(times - Math.round(times)) <= tolerance, `must be a multiple of ${a['base']}`);
  },
  precision: (v: number, a, { scope }) => {
    const decimals = (String(v).split('.')[1] ?? '').length;
    return unless(scope.convert || decimals <= number(a['limit']), `must have at most ${a['limit']} decimals`);
  },
  sign: (v: number, a) => unless(a['sign'] === 'positive' ? v > 0 : v < 0, `must be a ${a['sign']} number`),
  port: (v: number) => unless(Number.isInteger(v) && v >= 0 && v <= 65_535, 'must be a valid port'),
};

const arrayRules: Readonly<Record<string, RuleCheck>> = {
  min: (v: readonly Json[], a) => unless(v.length >= number(a['limit']), `must have at least ${a['limit']} items`),
  max: (v: readonly Json[], a) => unless(v.length <= number(a['limit']), `must have at most ${a['limit']} items`),
  length: (v: readonly Json[], a) => unless(v.length === number(a['limit']), `must have ${a['limit']} items`),
  unique: (v: readonly Json[], a) => {
    const comparator = a['comparator'];
    if (hasFunction(a)) return { unknown: 'a comparator of elements' };
    if (comparator !== undefined && typeof comparator !== 'string') return { unknown: 'a comparator of elements' };
    const seen = new Set<string>();
    const at = v.findIndex((e) => {
      if (e === unknownValue) return false;
      const id = identity(e, comparator);
      return seen.size === seen.add(id).size && !(id === 'undefined' && options(a)['ignoreUndefined'] === true);
    });
    return unless(at === -1, `has a duplicate at position ${at}`);
  },
  has: (v: readonly Json[], a, { scope }) =>
    unless(
      v.some((e, i) => fits(a['schema']!, e, within(scope, v as Json, i))),
      'lacks an item that has to be there',
    ),
  sort: (_v: readonly Json[], _a, { scope }) => (scope.convert ? undefined : { unknown: 'the order of items' }),
};

const objectRules: Readonly<Record<string, RuleCheck>> = {
  min: (v: JsonObject, a) =>
    unless(Object.keys(v).length >= number(a['limit']), `must have at least ${a['limit']} keys`),
  max: (v: JsonObject, a) =>
    unless(Object.keys(v).length <= number(a['limit']), `must have at most ${a['limit']} keys`),
  length: (v: JsonObject, a) => unless(Object.keys(v).length === number(a['limit']), `must have ${a['limit']} keys`),
};

const ruleTables: Readonly<Record<string, Readonly<Record<string, RuleCheck>>>> = {
  string: stringRules,
  number: numberRules,
  array: arrayRules,
  object: objectRules,
};

function rulesOf(type: string): Readonly<Record<string, RuleCheck>> {
  return Object.hasOwn(ruleTables, type) ? ruleTables[type]! : {};
}

/** A regular expression as Joi describes it (`/…/flags`); undefined: it cannot be run. */
export function matchExpression(described: Json | undefined, text: string, scope: JoiScope): boolean | undefined {
  const found = typeof described === 'string' ? /^\/([\s\S]*)\/([a-z]*)$/.exec(described) : null;
  if (found === null || /[vy]/.test(found[2]!)) return undefined;
  const flags = found[2]!.replaceAll(/[^ims]/g, '');
  return scope.matches(flags === '' ? found[1]! : `(?${flags})${found[1]!}`, text);
}
