// How pure code sees the state: ordered categories of text entries. A Reader is one immutable instant; a Draft is a
// Reader that collects edits for the next one. What lies behind (Merkle maps, caches, a store) is not visible here.

import type { Digest, Hash } from '../base/ids.ts';
import type { Matches } from './pattern.ts';

/** Categories of the intent root, in canonical order. */
export const intentCategories = [
  'bindings',
  'cells',
  'components',
  'functions',
  'index',
  'modules',
  'overrides',
  'schemas',
  'secrets',
  'views',
] as const;
export type IntentCategory = (typeof intentCategories)[number];

/** Categories of the reality root. */
export const realityCategories = ['resources'] as const;
export type RealityCategory = (typeof realityCategories)[number];

export type Category = IntentCategory | RealityCategory;

export interface Reader {
  get(category: Category, key: string): string | undefined;
  /** Entries whose key starts with `prefix`, in key order (UTF-16 code units); with `after`, only keys greater than it. */
  scan(category: Category, prefix: string, after?: string): Iterable<readonly [string, string]>;
  /** Text of a blob. */
  blob(hash: Hash): string;
  /** The engine for regular expressions of schemas; absent: what can be matched safely without one. */
  readonly matches?: Matches | undefined;
}

export interface Draft extends Reader {
  put(category: Category, key: string, text: string): void;
  remove(category: Category, key: string): void;
  /** Stores a large payload, returns its hash. */
  putBlob(text: string): Hash;
  readonly digest: Digest;
}

/** A draft that writes much at once for less than one by one. */
export interface BulkDraft extends Draft {
  /** As `put` for each. */
  putAll(category: Category, entries: SortedEntries): void;
}

/** Entries in ascending order of keys, one a key. */
export interface SortedEntries {
  readonly keys: readonly string[];
  readonly values: readonly string[];
  /** Told what was there of each that is another now, once or more often. */
  readonly replaced: (key: string, before: string) => void;
}
