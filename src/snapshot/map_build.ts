// Building a whole map from entries in order: one open node per level, sealed as soon as its last entry is known, so
// that memory is the depth of the map and not its size. Gives the same chunks as any other way to the same contents.
// Also owns sealing: turning nodes without hashes into chunks.

import type { Hash } from '../base/ids.ts';
import { invariant } from '../base/result.ts';
import { encodeNode, innerOf, leafOf, type Node } from './chunk.ts';
import type { ChunkSpace } from './chunk_space.ts';
import { keyLevel, keyLevelMax } from './key_level.ts';
import { checkEntry } from './map_edit.ts';

/** Receives the chunks of a build, children before parents, each once per place it occurs. */
export type ChunkSink = (hash: Hash, text: string) => void;

/**
 * The hash of a node, which is encoded, hashed and handed to the space once, after everything new below it. Pointers to
 * children become hashes, so that a sealed node keeps nothing below it in memory.
 */
export function seal(space: ChunkSpace, node: Node): Hash {
  if (node.hash !== undefined) return node.hash;
  if (node.kind === 'inner') {
    for (let i = 0; i < node.children.length; i++) {
      const child = node.children[i]!;
      if (typeof child !== 'string') node.children[i] = seal(space, child);
    }
  }
  node.hash = space.add(encodeNode(node), node);
  return node.hash;
}

interface OpenInner {
  keys: string[];
  children: Hash[];
  counts: number[];
}

/**
 * The root hash of the map with these entries, whose keys must ascend strictly (a bug in the caller if not). Chunks go
 * to the space as unwritten; with a sink they go there instead, and the caller has them written before it uses the root.
 */
export function buildRoot(space: ChunkSpace, entries: Iterable<readonly [string, string]>, sink?: ChunkSink): Hash {
  const emit = (node: Node): Hash => {
    const text = encodeNode(node);
    // Without the node: a bulk build would otherwise hold every entry twice until it is written.
    if (sink === undefined) return space.add(text);
    const hash = space.digest(text);
    sink(hash, text);
    return hash;
  };
  let keys: string[] = [];
  let values: string[] = [];
  /** By level; [0] is not used. */
  const open: OpenInner[] = [];

  const push = (level: number, key: string, child: Hash, count: number): void => {
    open[level] ??= { keys: [], children: [], counts: [] };
    open[level].keys.push(key);
    open[level].children.push(child);
    open[level].counts.push(count);
  };
  const closeLeaf = (): void => {
    push(1, keys[0]!, emit(leafOf(keys, values)), keys.length);
    keys = [];
    values = [];
  };
  const closeInner = (level: number): void => {
    const node = open[level]!;
    const count = node.counts.reduce((sum, n) => sum + n, 0);
    push(level + 1, node.keys[0]!, emit(innerOf(level, node.keys, node.children, node.counts)), count);
    open[level] = { keys: [], children: [], counts: [] };
  };

  let previous: string | undefined;
  for (const [key, value] of entries) {
    invariant(previous === undefined || previous < key, 'entries for a build are not in strictly ascending order');
    checkEntry(key, value);
    previous = key;
    const level = keys.length === 0 ? 0 : keyLevel(key);
    if (level >= 1) closeLeaf();
    for (let l = 1; l < level; l++) closeInner(l);
    keys.push(key);
    values.push(value);
  }
  // A node goes into one above it only if it is not alone on its level.
  if (open[1] === undefined) return emit(leafOf(keys, values));
  closeLeaf();
  for (let level = 1; level <= keyLevelMax; level++) {
    const node = open[level]!;
    if (open[level + 1] === undefined) return emit(innerOf(level, node.keys, node.children, node.counts));
    closeInner(level);
  }
  throw new Error('invariant broken: a level above the highest');
}
