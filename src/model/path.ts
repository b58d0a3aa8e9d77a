// Paths into a component's tree. A *pointer* is what people and clients write: RFC 6901, list elements by index
// (`/domain/Tags/0/Key`). A *path* is what the engine stores: list elements by their stable id, marked with `@`
// (`/domain/Tags/@k3v…/Key`), so a path keeps its meaning when the list changes. A map key that begins with `@` is
// written `~2…` in a path. Translating a pointer needs the state (see mutation/resolve.ts); this file is syntax only.

import { type Branded, type ElementId, isElementId } from '../base/ids.ts';
import { loneSurrogate } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';

export type Path = Branded<string, 'Path'>;

/** The roots of every component tree. */
export const roots = [
  'si',
  'domain',
  'secrets',
  'resource',
  'resource_value',
  'code',
  'qualification',
  'deleted_at',
] as const;

/** Paths the engine itself knows. */
export const wellKnown = {
  name: '/si/name' as Path,
  color: '/si/color' as Path,
  type: '/si/type' as Path,
  resourceId: '/si/resourceId' as Path,
  movedFrom: '/si/movedFrom' as Path,
  lookups: '/si/lookups' as Path,
  enabled: '/si/enabled' as Path,
  metadata: '/si/metadata' as Path,
  domain: '/domain' as Path,
  secrets: '/secrets' as Path,
  resource: '/resource' as Path,
  resourceValue: '/resource_value' as Path,
  deletedAt: '/deleted_at' as Path,
} as const;

/** Where the engine's own qualification stands, on components whose schema has constraints. */
export const validationPath = '/qualification/validation' as Path;

// A control character would be unreadable in a path and is the separator of index keys.
const control = /[\u0000-\u001f]/;

/** What a refusal calls a path that is none. */
function named(text: unknown): string {
  return typeof text === 'string' && text !== '' ? text.slice(0, 200) : 'path';
}

/** Splits an RFC 6901 pointer into its raw segments. A leading `/root` is dropped. Refuses `path_invalid`. */
export function parsePointer(text: unknown): Result<string[]> {
  const bad = (got: string) =>
    refuse('path_invalid', {
      path: named(text),
      expected: 'a JSON pointer such as /domain/VpcId',
      got,
      hint: 'start with /, separate names with /, write ~1 for / and ~0 for ~ inside a name',
    });
  if (typeof text !== 'string') return bad(typeof text);
  if (text.length > limits.pathCharsMax) return bad(`${text.length} characters, the most is ${limits.pathCharsMax}`);
  if (!text.startsWith('/')) return bad(JSON.stringify(text));
  if (control.test(text)) return bad('a control character');
  if (loneSurrogate.test(text)) return bad('a lone surrogate');
  if (/~(?![01])/.test(text)) return bad('~ without 0 or 1 behind it');
  const segments = text
    .slice(1)
    .split('/')
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (segments[0] === 'root' && segments.length > 1) segments.shift();
  return ok(segments);
}

/** Writes raw segments as an RFC 6901 pointer. */
export function pointerOf(segments: readonly string[]): string {
  return segments.map((s) => `/${s.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** May `key` be a map key or member name in a path? */
export function isPathKey(key: string): boolean {
  return !control.test(key) && !loneSurrogate.test(key);
}

/** `parent` extended by a member name or map key. */
export function childPath(parent: Path, key: string): Path {
  const escaped = key.replaceAll('~', '~0').replaceAll('/', '~1');
  return `${parent}/${escaped.startsWith('@') ? `~2${escaped.slice(1)}` : escaped}` as Path;
}

/** `parent` extended by a list element. */
export function elementPath(parent: Path, element: ElementId): Path {
  return `${parent}/@${element}` as Path;
}

/** One step of a path: a member or map key, or a list element. */
export type Segment =
  | { readonly key: string; readonly element?: never }
  | { readonly element: ElementId; readonly key?: never };

export function decodeSegment(text: string): Segment {
  if (text.startsWith('@')) return { element: text.slice(1) as ElementId };
  const unescaped = text.startsWith('~2') ? `@${text.slice(2)}` : text;
  return { key: unescaped.replaceAll('~1', '/').replaceAll('~0', '~') };
}

export function segmentsOf(path: Path): Segment[] {
  return path === '' ? [] : path.slice(1).split('/').map(decodeSegment);
}

/** The path one step up; '' above a root. */
export function parentPath(path: Path): Path {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) as Path;
}

export function lastSegment(path: Path): Segment {
  return decodeSegment(path.slice(path.lastIndexOf('/') + 1));
}

/** Does `path` equal `ancestor` or lie below it? */
export function isWithin(path: string, ancestor: string): boolean {
  return path.startsWith(ancestor) && (path.length === ancestor.length || path.charCodeAt(ancestor.length) === 47);
}

/** Does either contain the other? */
export function overlaps(a: string, b: string): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

/** The proper ancestors of a path, nearest first, roots included. */
export function ancestorsOf(path: Path): Path[] {
  const out: Path[] = [];
  for (let p = parentPath(path); p !== ''; p = parentPath(p)) out.push(p);
  return out;
}

/** Checks a stored path read from outside (a log, a mutation built by code). Refuses `path_invalid`. */
export function parsePath(text: unknown): Result<Path> {
  const bad = (got: string) =>
    refuse('path_invalid', {
      path: named(text),
      expected: 'a stored path such as /domain/Tags/@0123456789ab/Key',
      got,
      hint: 'use the path that the engine printed, or a pointer where one is taken',
    });
  if (typeof text !== 'string') return bad(typeof text);
  if (text.length > limits.pathCharsMax) return bad(`${text.length} characters, the most is ${limits.pathCharsMax}`);
  if (!text.startsWith('/') || control.test(text) || loneSurrogate.test(text)) return bad(JSON.stringify(text));
  for (const part of text.slice(1).split('/')) {
    if (part.startsWith('@') && !isElementId(part.slice(1))) return bad(JSON.stringify(text));
    if (/~(?![012])|.~2/.test(part)) return bad(JSON.stringify(text));
  }
  return ok(text as Path);
}
