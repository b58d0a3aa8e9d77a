// Which blobs a stored value names: what a chunk with that value keeps alive. Asked of every value of every new leaf, so it
// looks at one character before anything else.

import type { Hash } from '../base/ids.ts';

// A cell that is a blob, a variant's document, a function's text, what a resource was last sent: each names its blob last.
const blobRef = /(?:^\{"b":|,"(?:spec|text|sent)":)"([0-9a-f]{64})"\}$/;

/** Hashes of blobs that a stored value names. */
export function refsOf(value: string): Hash[] {
  // The quote that opens the hash, before the expression: this is asked of every value of every new leaf.
  if (value.length < 70 || value.charCodeAt(value.length - 67) !== 34) return [];
  const hash = blobRef.exec(value)?.[1];
  return hash === undefined ? [] : [hash as Hash];
}
