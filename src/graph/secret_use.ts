// Which secrets a component uses, and what it takes to use them: the secret cells in its own slots (below /secrets), those
// that its slots follow from slot to slot, and the authentication functions of the secrets' definitions. Only whole
// references count: a slot that computes something over others uses no secret. Values are not looked at, so this says the same
// before and after anything is computed.

import type { BindingId, ComponentId, Hash, SchemaId, SecretId } from '../base/ids.ts';
import { type Cell, parseCell } from '../model/cell.ts';
import type { Source } from '../model/expr.ts';
import type { BindingRecord, FunctionRecord } from '../model/function.ts';
import { cellKey, index, indexUser, splitAddress, splitCellKey } from '../model/keys.ts';
import { findRecord, findSchema, isAbsent } from '../model/lookup.ts';
import { ancestorsOf, type Path } from '../model/path.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Reader } from '../model/state.ts';

/** Where the slots of a component are. */
export const slots = '/secrets' as Path;

/** A secret as a run is to use it: all that it depends on, and all that it takes. */
export interface SecretUse {
  readonly secret: SecretId;
  /** Of its content. */
  readonly key: string;
  readonly definition: string;
  /** The authentication functions that take it, in the order to run them. */
  readonly functions: readonly AuthenticationFunction[];
}

export interface AuthenticationFunction {
  readonly name: string;
  /** Blob of the text. */
  readonly text: Hash;
}

/** Is it the place of all slots, or of one or a part of one? */
export function isSlot(path: Path): boolean {
  return path.startsWith(slots) && (path.length === slots.length || path[slots.length] === '/');
}

/** The secrets that a component uses, in order of its slots, each once. */
export function secretsInUse(reader: Reader, component: ComponentId): readonly SecretUse[] {
  const found = new Map<SecretId, SecretUse>();
  const seen = new Set<string>();
  // Last first: what a slot leads to comes before the next slot.
  const waiting: (Source | SecretId)[] = [{ component, path: slots }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string') {
      const record = findRecord<SecretRecord>(reader, 'secrets', next);
      if (record === undefined || found.has(next)) continue;
      const { key, definition } = record;
      found.set(next, { secret: next, key, definition, functions: authenticationOf(reader, definition) });
    } else if (isSlot(next.path) && !seen.has(next.component + next.path)) {
      seen.add(next.component + next.path);
      waiting.push(...leadsTo(reader, next).reverse());
    }
  }
  return [...found.values()];
}

/** What stands in the slots at an address: secrets, and addresses that they follow. */
function leadsTo(reader: Reader, { component, path }: Source): (Source | SecretId)[] {
  if (isAbsent(reader, component)) return [];
  const from = (cell: Cell, below = ''): (Source | SecretId)[] => {
    if ('k' in cell) return below === '' ? [cell.k] : [];
    if (!('x' in cell) || !('s' in cell.x)) return [];
    return [{ component: cell.x.s[0], path: (cell.x.s[1] + below) as Path }];
  };
  for (const above of ancestorsOf(path)) {
    const text = reader.get('cells', cellKey(component, above));
    const cell = text === undefined ? undefined : parseCell(text);
    // All that is below comes from there.
    if (cell !== undefined && !('c' in cell)) return from(cell, path.slice(above.length));
  }
  const own = reader.get('cells', cellKey(component, path));
  const out = own === undefined ? [] : from(parseCell(own));
  for (const [key, text] of reader.scan('cells', `${component}${path}/`))
    if (!splitCellKey(key).element) out.push(...from(parseCell(text)));
  return out;
}

/**
 * The authentication functions of a secret definition in the order in which they were attached: those of the default variant of
 * the schema of that name, then the schema's own (overlays), one of the same name in the place of the variant's.
 */
export function authenticationOf(reader: Reader, definition: string): readonly AuthenticationFunction[] {
  const byName = new Map<string, AuthenticationFunction>();
  for (const [schemaKey] of reader.scan('index', index.schemasNamed(definition))) {
    const schema = indexUser(schemaKey) as SchemaId;
    const variant = findSchema(reader, schema)?.defaultVariant ?? undefined;
    for (const target of variant === undefined ? [schema] : [variant, schema]) {
      for (const [key] of reader.scan('index', index.bindingsOf(target))) {
        const record = findRecord<BindingRecord>(reader, 'bindings', indexUser(key) as BindingId);
        const fn = record && findRecord<FunctionRecord>(reader, 'functions', record.function);
        if (record === undefined || fn?.kind !== 'authentication') continue;
        byName.set(fn.name, { name: fn.name, text: fn.text });
      }
    }
  }
  return [...byName.values()];
}

/**
 * The secrets that a component uses, as text: another one whenever another secret is in use, a content was replaced, or it is
 * authenticated otherwise. '' when none is.
 */
export function secretUseText(reader: Reader, component: ComponentId): string {
  const uses = secretsInUse(reader, component);
  return uses.length === 0 ? '' : JSON.stringify(uses);
}

/** What `secretUseText` wrote. */
export function parseSecretUse(text: string): readonly SecretUse[] {
  return text === '' ? [] : (JSON.parse(text) as readonly SecretUse[]);
}

/** Which of the secrets of `after` are used otherwise than in `before`: other content, other definition, other authentication. */
export function secretsChanged(before: Reader, after: Reader, candidates?: readonly SecretId[]): readonly SecretId[] {
  const sameAuthentication = new Map<string, boolean>();
  const isSame = (definition: string): boolean => {
    const known = sameAuthentication.get(definition);
    if (known !== undefined) return known;
    const [was, now] = [before, after].map((reader) => JSON.stringify(authenticationOf(reader, definition)));
    const is = was === now;
    sameAuthentication.set(definition, is);
    return is;
  };
  const all = candidates ?? [...after.scan('secrets', '')].map(([key]) => key as SecretId);
  return all.filter((secret) => {
    const [was, is] = [before, after].map((reader) => findRecord<SecretRecord>(reader, 'secrets', secret));
    return was?.key !== is?.key || was?.definition !== is?.definition || (is !== undefined && !isSame(is.definition));
  });
}

/** The components that use what is in any of the slots, themselves or from slot to slot; and those of the slots. */
export function componentsBehind(reader: Reader, from: readonly Source[]): Set<ComponentId> {
  const seen = new Set<string>();
  const out = new Set<ComponentId>();
  const waiting = from.filter((at) => isSlot(at.path));
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (seen.has(at.component + at.path)) continue;
    seen.add(at.component + at.path);
    out.add(at.component);
    for (const prefix of [
      index.subscribersAt(at.component, at.path),
      index.subscribersBelow(at.component, at.path),
      ...ancestorsOf(at.path).map((above) => index.subscribersAt(at.component, above)),
    ]) {
      for (const [key] of reader.scan('index', prefix)) {
        const user = splitAddress(indexUser(key));
        if (isSlot(user.path)) waiting.push(user);
      }
    }
  }
  return out;
}

/** The slots that name a secret. */
export function slotsOf(reader: Reader, secret: SecretId): readonly Source[] {
  return [...reader.scan('index', index.secretUses(secret))].map(([key]) => splitAddress(indexUser(key)));
}
