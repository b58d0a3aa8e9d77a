// The same linked model for the engine and for terraform: layers of numbers, where every component sums one or two of the
// layer before, and one that is edited because its change reaches just as many components as asked for. Made from the
// size alone; what an edit reaches is counted by walking the links, before anybody plans anything.
import { picker } from './measure.mjs';

const layers = 10;
/** Graphs that are tried. */
const seedsMax = 1_000;

/** What each component reads, by number: the first layer nothing, all others one or two of the layer before. */
function linkedNodes(size, seed) {
  const pick = picker(seed);
  const width = Math.ceil(size / layers);
  return Array.from({ length: size }, (_, i) => {
    const from = (Math.floor(i / width) - 1) * width;
    if (from < 0) return { reads: [], add: 0 };
    const reads = new Set();
    for (let n = 1 + pick(2); reads.size < n; ) reads.add(from + pick(width));
    return { reads: [...reads], add: 0 };
  });
}

/** The components that a change of one makes another, itself first. */
export function reachOf(nodes, edited) {
  const reached = new Set([edited]);
  // What a component reads comes before it, so one pass finds all.
  for (let i = edited + 1; i < nodes.length; i++) if (nodes[i].reads.some((read) => reached.has(read))) reached.add(i);
  return reached;
}

/** A linked model of that size, and a component without sources whose change makes `wanted` components others, with itself. */
export function linkedModel(size, wanted) {
  for (let seed = size; seed < size + seedsMax; seed++) {
    const nodes = linkedNodes(size, seed);
    for (let edited = 0; edited < nodes.length && nodes[edited].reads.length === 0; edited++)
      if (reachOf(nodes, edited).size === wanted) return { nodes, edited, reach: wanted };
  }
  throw new Error(`no edit reaches ${wanted} of ${size} components`);
}

/** Models that are measured: how many components an edit makes others, by size. */
export const reached = new Map([
  [200, 20],
  [1_000, 34],
  [5_000, 55],
  [10_000, 60],
]);
