// The shape of every record noun: the form of its key and the JSON type of each field. An encoded mutation that does not
// have it is refused, because what applies a mutation and keeps the index takes both for granted.

import { isHash, isUlid } from '../base/ids.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';
import { overrideModes } from '../model/action.ts';
import { componentFlags } from '../model/component.ts';
import { actionFunctionKinds, actionKinds, functionKinds } from '../model/function.ts';
import { isPathKey, parsePath } from '../model/path.ts';
import type { Noun } from './nouns.ts';

type Check = (value: Json) => boolean;

interface Shape {
  readonly key: (key: string) => boolean;
  readonly fields: Readonly<Record<string, Check>>;
  /** Fields that a record written by an earlier release may lack. */
  readonly newer?: readonly string[];
}

const text: Check = (v) => typeof v === 'string';
const name: Check = (v) => typeof v === 'string' && isPathKey(v);
const flag: Check = (v) => typeof v === 'boolean';
const id: Check = (v) => typeof v === 'string' && isUlid(v);
const hash: Check = (v) => typeof v === 'string' && isHash(v);
const among =
  (list: readonly string[]): Check =>
  (v) =>
    typeof v === 'string' && list.includes(v);
const listOf =
  (item: Check): Check =>
  (v) =>
    Array.isArray(v) && v.every(item);
const orNull =
  (check: Check): Check =>
  (v) =>
    v === null || check(v);
const finite: Check = (v) => typeof v === 'number';

const geometry: Check = (v) =>
  isObject(v) &&
  finite(v['x'] ?? null) &&
  finite(v['y'] ?? null) &&
  orNull(finite)(v['width'] ?? null) &&
  orNull(finite)(v['height'] ?? null);
const argument: Check = (v) => isObject(v) && text(v['name'] ?? null) && (v['path'] === undefined || text(v['path']));
const target: Check = (v) => {
  if (!isObject(v)) return false;
  const [only, ...others] = Object.keys(v);
  return others.length === 0 && (only === 'variant' || only === 'schema') && id(v[only]!);
};

const pair =
  (rest: (text: string) => boolean) =>
  (key: string): boolean =>
    isUlid(key.slice(0, 26)) && rest(key.slice(26));
const edge = (part: string) => pair((r) => r.startsWith(`/${part}/`) && isUlid(r.slice(part.length + 2)));
const second = pair((r) => r.startsWith('/') && isUlid(r.slice(1)));

const shapes: Readonly<Record<Noun, Shape>> = {
  approvers: { key: pair((r) => r === '!approvers'), fields: { approvers: listOf(text), minimum: finite } },
  binding: {
    key: isUlid,
    fields: {
      function: id,
      target,
      arguments: listOf(argument),
      output: orNull(text),
      action: orNull(among(actionFunctionKinds)),
    },
  },
  depends: { key: edge('depends'), fields: {} },
  flag: { key: pair((r) => componentFlags.some((f) => r === `/flag/${f}`)), fields: {} },
  function: {
    key: isUlid,
    fields: { name, displayName: text, description: text, kind: among(functionKinds), text: hash, locked: flag },
  },
  ignored: { key: pair((r) => r.startsWith('/ignore/') && parsePath(r.slice('/ignore'.length)).ok), fields: {} },
  manages: { key: edge('manages'), fields: {} },
  module: { key: (key) => key !== '' && isPathKey(key), fields: { version: text, schemas: listOf(id) } },
  override: {
    key: pair((r) => r.startsWith('/') && actionKinds.some((a) => r.startsWith(`/${a}/`))),
    fields: { mode: among(overrideModes), action: among(actionKinds), name: text, wish: text },
    newer: ['wish'],
  },
  placement: { key: second, fields: { geometry: orNull(geometry) } },
  schema: { key: isUlid, fields: { name, category: text, origin: text, defaultVariant: orNull(id) } },
  secret: { key: isUlid, fields: { name, definition: text, description: text, key: text } },
  variant: { key: second, fields: { name: text, spec: hash, locked: flag } },
  view: { key: isUlid, fields: { name, isDefault: flag } },
};

export function fieldsOf(noun: Noun): readonly string[] {
  return Object.keys(shapes[noun].fields);
}

export function isNounKey(noun: Noun, key: string): boolean {
  return shapes[noun].key(key);
}

/** May `value` stand in that field? False also for a field that the noun has not. */
export function isFieldValue(noun: Noun, field: string, value: Json): boolean {
  const { fields } = shapes[noun];
  return Object.hasOwn(fields, field) && fields[field]!(value);
}

/** The first field that is missing, unknown or of the wrong type; undefined when the record is as it has to be. */
export function recordProblem(noun: Noun, record: JsonObject): string | undefined {
  const { fields, newer = [] } = shapes[noun];
  const unknown = Object.keys(record).find((field) => !Object.hasOwn(fields, field));
  if (unknown !== undefined) return unknown;
  return Object.keys(fields).find((field) =>
    Object.hasOwn(record, field) ? !fields[field]!(record[field]!) : !newer.includes(field),
  );
}
