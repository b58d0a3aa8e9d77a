// Branded identifiers. Only a parser or the ids port makes one, so an id of one noun cannot stand where another belongs.
// Nouns are ULIDs (26 characters of Crockford base32); list elements have shorter ids of their own.

import { ok, type Result, refuse } from './result.ts';

declare const brand: unique symbol;
export type Branded<T, B extends string> = T & { readonly [brand]: B };

export type WorkspaceId = Branded<string, 'WorkspaceId'>;
export type ChangeSetId = Branded<string, 'ChangeSetId'>;
export type ComponentId = Branded<string, 'ComponentId'>;
export type SchemaId = Branded<string, 'SchemaId'>;
export type VariantId = Branded<string, 'VariantId'>;
export type FunctionId = Branded<string, 'FunctionId'>;
export type BindingId = Branded<string, 'BindingId'>;
export type ViewId = Branded<string, 'ViewId'>;
export type RunId = Branded<string, 'RunId'>;
export type ActionId = Branded<string, 'ActionId'>;
export type SecretId = Branded<string, 'SecretId'>;
/** 12 characters of lower-case base32: identity of one list element, unique within its list. */
export type ElementId = Branded<string, 'ElementId'>;
/** Lower-case hex SHA-256. */
export type Hash = Branded<string, 'Hash'>;

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const element = /^[0-9a-hjkmnp-tv-z]{12}$/;
const hash = /^[0-9a-f]{64}$/;

export function isUlid(text: string): boolean {
  return ulid.test(text);
}

/** Parses any noun's id; `noun` is used in the refusal (code `request_malformed`). */
export function parseId<T extends Branded<string, string>>(noun: string, text: unknown, at = ''): Result<T> {
  if (typeof text === 'string' && ulid.test(text)) return ok(text as T);
  return refuse('request_malformed', {
    path: at,
    expected: `a ${noun} id (26 characters, ULID)`,
    got: JSON.stringify(text) ?? 'nothing',
    hint: `list the ${noun}s to find the id`,
  });
}

export function isElementId(text: string): text is ElementId {
  return element.test(text);
}

export function isHash(text: string): text is Hash {
  return hash.test(text);
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID-shaped id from a hash, for things whose identity is their content (catalogue schemas, for one). */
export function idFromHash<T extends Branded<string, string>>(h: Hash): T {
  return base32(h, 26) as T;
}

/** An element's id from a hash. */
export function elementIdFromHash(h: Hash): ElementId {
  return base32(h, 12).toLowerCase() as ElementId;
}

/** Digits of the lower bits of a hash's first half. */
function base32(h: Hash, digits: number): string {
  let out = '';
  let bits = BigInt(`0x${h.slice(0, 32)}`);
  for (let i = 0; i < digits; i++) {
    out = alphabet[Number(bits & 31n)] + out;
    bits >>= 5n;
  }
  return out;
}

/** A content hash of canonical text. Passed in: the pure core has no cryptography of its own. */
export type Digest = (text: string) => Hash;
