// What comes up while an asset is read: bindings and sockets that its properties imply, links they refer to, and warnings.
// Data that no builder makes ends the reading with a refusal.

import { brief, isObject, type Json, type JsonObject } from '../../base/json.ts';
import { RefusalError, refuse } from '../../base/result.ts';
import type { AssetBinding } from './asset.ts';

export interface Warning {
  /** A pointer into the asset. */
  readonly path: string;
  readonly message: string;
}

export class Reading {
  readonly bindings: AssetBinding[] = [];
  readonly fromSockets: { readonly socket: string; readonly target: string }[] = [];
  readonly secretSlots: { readonly name: string; readonly definition: string }[] = [];
  readonly warnings: Warning[] = [];
  readonly #links: ReadonlyMap<string, string>;
  readonly #usedLinks = new Set<string>();

  constructor(links: ReadonlyMap<string, string>) {
    this.#links = links;
  }

  warn(path: string, message: string): void {
    this.warnings.push({ path, message });
  }

  /** A warning for every member that is not one of `names` (parted by spaces) and says something. */
  onlyMembers(object: JsonObject, names: string, at: string): void {
    const known = new Set(names.split(' '));
    for (const [name, value] of Object.entries(object)) {
      if (!known.has(name) && value !== undefined && value !== null) {
        this.warn(`${at}/${name}`, `has no place in a schema: ${brief(value)}`);
      }
    }
  }

  /** The page that a key of the asset's links stands for. */
  link(key: string): string | undefined {
    this.#usedLinks.add(key);
    return this.#links.get(key);
  }

  unusedLinks(): readonly (readonly [key: string, url: string])[] {
    return [...this.#links].filter(([key]) => !this.#usedLinks.has(key));
  }

  /** The property at `output` takes its value from elsewhere. `output` undefined: it has no place of its own. */
  follow(output: string | undefined, valueFrom: Json | undefined, at: string): void {
    if (valueFrom === undefined) return;
    const { kind, socket_name: socket, prop_path: path, ...rest } = objectAt(valueFrom, `${at}/valueFrom`);
    this.onlyMembers(rest, '', `${at}/valueFrom`);
    if (output === undefined) {
      this.warn(`${at}/valueFrom`, 'gives a value to the elements of a list or map, which cannot be bound');
    } else if (kind === 'inputSocket' && typeof socket === 'string') this.fromSockets.push({ socket, target: output });
    else if (kind === 'prop' && Array.isArray(path)) {
      const pointer = pointerOfPath(path);
      if (pointer === undefined) this.warn(`${at}/valueFrom`, `names no property: ${brief(path)}`);
      else this.bindings.push({ output, path: pointer });
    } else this.warn(`${at}/valueFrom`, `is no source that a property can have: ${brief(valueFrom)}`);
  }
}

/** `['root', 'domain', 'a']` as `/domain/a`; undefined when it does not begin at the root. */
export function pointerOfPath(path: readonly Json[]): string | undefined {
  const [root, ...rest] = path;
  if (root !== 'root' || rest.length === 0 || !rest.every((s) => typeof s === 'string')) return undefined;
  return rest.map((s) => `/${(s as string).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function objectAt(x: Json | undefined, at: string): JsonObject {
  return isObject(x) ? x : malformed(at, 'an object', x);
}

/** A list of texts that is kept as JSON text. */
export function textsOf(x: Json | undefined, at: string, reading: Reading): string[] {
  if (x === undefined || x === null) return [];
  const list = typeof x === 'string' ? parsed(x) : x;
  if (Array.isArray(list) && list.every((t) => typeof t === 'string')) return list;
  reading.warn(at, `is no list of texts: ${brief(x)}`);
  return [];
}

/** JSON text as a value; undefined when it is none. */
export function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch (e) {
    if (e instanceof SyntaxError) return undefined;
    throw e;
  }
}

/** Links in Markdown, one a line. */
export function linksText(links: readonly (readonly [key: string, url: string])[]): string {
  return links.map(([key, url]) => `[${key}](${url})`).join('\n');
}

export function malformed(path: string, expected: string, got: Json | undefined): never {
  throw new RefusalError(
    refuse('request_malformed', {
      path,
      expected,
      got: brief(got),
      hint: 'return what AssetBuilder builds',
    }).refusal,
  );
}
