// Checks stored maps from scratch, and walks what they reach. Verifying trusts nothing that was decoded before: each
// chunk's text is hashed again, decoded, encoded back, and its place in the tree is compared with the one shape that
// its contents allow. A passed subtree is remembered by its hash in the map of `Verified` given, so that a run ended by
// `ChunkMissing` goes on where it was, and versions that share chunks are checked together for the cost of one.

import type { Hash } from '../base/ids.ts';
import { Fault, invariant } from '../base/result.ts';
import { chunkKind, countOf, decodeBlob, decodeNode, encodeNode, type Inner, type Leaf } from './chunk.ts';
import { type ChunkSpace, eachReference } from './chunk_space.ts';
import { keyLevel } from './key_level.ts';

/** What is known of a subtree that passed, or of a blob (level -1). */
interface Passed {
  readonly level: number;
  /** First key; undefined for an empty leaf and for a blob. */
  readonly firstKey: string | undefined;
  readonly count: number;
  /** Children of the node itself. */
  readonly width: number;
}

export type Verified = Map<Hash, Passed>;

export interface VerifyProblem {
  readonly hash: Hash;
  /** Where: indexes of children from the root, such as `/3/0/12`; '' is the root itself. */
  readonly path: string;
  readonly what: string;
}

export interface VerifyReport {
  /** The first problem in order of the walk; undefined when all is well. */
  readonly problem: VerifyProblem | undefined;
  /** Chunks that this run read and passed, blobs included. */
  readonly chunks: number;
  /** UTF-16 units of their text. */
  readonly chars: number;
  /** Entries of the map; 0 with a problem. */
  readonly entries: number;
}

class Bad extends Error {
  readonly problem: VerifyProblem;
  constructor(problem: VerifyProblem) {
    super(problem.what);
    this.problem = problem;
  }
}

/** Checks the whole map of a root. Throws `ChunkMissing` for a chunk that is not at hand; run again with it offered. */
export function verifyMap(space: ChunkSpace, root: Hash, verified: Verified = new Map()): VerifyReport {
  const before = verified.size;
  const totals = { chars: 0 };
  const report = (problem: VerifyProblem | undefined, entries: number): VerifyReport => {
    return { problem, chunks: verified.size - before, chars: totals.chars, entries };
  };
  try {
    const top = check({ space, verified, totals }, root, '');
    const bad = (what: string): VerifyReport => report({ hash: root, path: '', what }, 0);
    if (top.level < 0) return bad('a blob stands where the root should be');
    if (top.level > 0 && top.width < 2) return bad('the root has one child, which should be the root');
    return report(undefined, top.count);
  } catch (e) {
    if (e instanceof Bad) return report(e.problem, 0);
    throw e;
  }
}

interface Run {
  readonly space: ChunkSpace;
  readonly verified: Verified;
  readonly totals: { chars: number };
}

/** Checks a chunk and everything below it: all that can be judged without the chunk's neighbours. */
function check(run: Run, hash: Hash, path: string): Passed {
  const known = run.verified.get(hash);
  if (known !== undefined) return known;
  const text = run.space.text(hash);
  const bad = (what: string): Bad => new Bad({ hash, path, what });
  const actual = run.space.digest(text);
  if (actual !== hash) throw bad(`the content has the hash ${actual}`);
  let passed: Passed;
  try {
    if (chunkKind(text) === 'blob') {
      decodeBlob(text);
      passed = { level: -1, firstKey: undefined, count: 0, width: 0 };
    } else {
      const node = decodeNode(text, hash);
      if (encodeNode(node) !== text) throw bad('the text is not the one its node has');
      passed = node.kind === 'leaf' ? checkLeaf(run, node, path, bad) : checkInner(run, node, path, bad);
    }
  } catch (e) {
    if (e instanceof Fault && e.code === 'store_damaged') throw bad(e.message);
    throw e;
  }
  run.totals.chars += text.length;
  run.verified.set(hash, passed);
  return passed;
}

function checkLeaf(run: Run, leaf: Leaf, path: string, bad: (what: string) => Bad): Passed {
  leaf.keys.forEach((key, i) => {
    if (i === 0) return;
    if (!(leaf.keys[i - 1]! < key)) throw bad(`keys out of order at entry ${i}`);
    if (keyLevel(key) > 0) throw bad(`entry ${i} should start a leaf of its own`);
  });
  if (run.space.refsOf !== undefined) {
    leaf.values.forEach((value, i) => {
      for (const blob of run.space.refsOf!(value)) {
        if (check(run, blob, `${path}/${i}`).level >= 0)
          throw bad(`entry ${i} names a node where it should name a blob`);
      }
    });
  }
  return { level: 0, firstKey: leaf.keys[0], count: leaf.keys.length, width: leaf.keys.length };
}

function checkInner(run: Run, inner: Inner, path: string, bad: (what: string) => Bad): Passed {
  inner.keys.forEach((key, i) => {
    const child = inner.children[i]!;
    invariant(typeof child === 'string', 'a decoded node holds hashes');
    const below = check(run, child, `${path}/${i}`);
    if (below.level !== inner.level - 1) throw bad(`child ${i} is of level ${below.level}, below level ${inner.level}`);
    if (below.firstKey === undefined) throw bad(`child ${i} is empty`);
    if (below.firstKey !== key) throw bad(`child ${i} starts with another key than stated`);
    if (below.count !== inner.counts[i]) throw bad(`child ${i} has ${below.count} entries, stated ${inner.counts[i]}`);
    if (i === 0) return;
    if (!(inner.keys[i - 1]! < key)) throw bad(`keys out of order at child ${i}`);
    const level = keyLevel(key);
    if (level < inner.level) throw bad(`child ${i} should be part of the child before it`);
    if (level > inner.level) throw bad(`child ${i} should start a node of its own`);
  });
  return { level: inner.level, firstKey: inner.keys[0], count: countOf(inner), width: inner.children.length };
}

/**
 * Every chunk that a map's root reaches, blobs included, each once, children before parents. A hash in `seen` is taken
 * as visited with everything below it, and visited hashes are added to it once their subtree is complete: the same set
 * serves many roots, and a walk ended by `ChunkMissing` goes on where it was. Leaves are read only to find blobs.
 */
export function reach(space: ChunkSpace, root: Hash, visit: (hash: Hash) => void, seen: Set<Hash> = new Set()): void {
  const walk = (hash: Hash, level: number | undefined): void => {
    if (seen.has(hash)) return;
    if (level !== 0 || space.refsOf !== undefined) {
      const node = space.node(hash);
      eachReference(node, space.refsOf, (below) => {
        if (node.kind === 'inner') walk(below, node.level - 1);
        else finish(below);
      });
    }
    finish(hash);
  };
  const finish = (hash: Hash): void => {
    if (seen.has(hash)) return;
    seen.add(hash);
    visit(hash);
  };
  walk(root, undefined);
}
