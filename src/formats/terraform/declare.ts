// Values as they are declared: an author's input in which nothing of the file is read as a source. Null is Terraform's
// word for what is not set, so a member that is null is not declared. Names that no path can have cannot be declared.

import { isObject, type Json } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { isPathKey } from '../../model/path.ts';
import type { Input } from '../../mutation/request.ts';

// Room for what stands in front, and for the ids of list elements, which are longer than indexes.
const pathCharsMax = limits.pathCharsMax / 2;

/** Can `name` be a property or a key below a path of so many characters? */
export function isName(name: string, pathChars: number): boolean {
  return isPathKey(name) && name !== '$source' && pathChars + 2 * name.length <= pathCharsMax;
}

/** Can all of it be declared below a path of so many characters? */
export function isDeclarable(json: Json, pathChars = 0): boolean {
  if (pathChars > pathCharsMax) return false;
  if (Array.isArray(json)) return json.every((item: Json) => isDeclarable(item, pathChars + 16));
  if (!isObject(json)) return true;
  return Object.entries(json).every(
    ([key, member]) => isPathKey(key) && isDeclarable(member, pathChars + 2 * key.length + 1),
  );
}

/** The value as an input; `link` may put a source in place of a text. */
export function inputOf(json: Json, link: (text: string) => Input | undefined): Input {
  if (typeof json === 'string') return link(json) ?? json;
  if (Array.isArray(json)) return json.map((item: Json) => inputOf(item, link));
  if (!isObject(json)) return json;
  if ((Object.hasOwn(json, '$source') ? json['$source']! : null) !== null)
    return { $source: { value: withoutNulls(json) } };
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, member]): [string, Input][] =>
      member === null ? [] : [[key, inputOf(member, link)]],
    ),
  );
}

function withoutNulls(json: Json): Json {
  if (Array.isArray(json)) return json.map((item: Json) => withoutNulls(item));
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, member]): [string, Json][] =>
      member === null ? [] : [[key, withoutNulls(member)]],
    ),
  );
}
