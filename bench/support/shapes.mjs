// Graphs of numbers, the same for the engine and for whoever stands beside it. A graph is a list of nodes; node 0 is the
// source that is edited, every other one sums what it reads and adds `add`. One that reads a single node and adds
// nothing is a plain subscription. What a node reads comes before it.

const follows = (i) => ({ reads: [i], add: 0 });

/** One source, `count` nodes that follow it. */
export const fanOut = (count) => [{ reads: [], add: 0 }, ...Array.from({ length: count }, () => follows(0))];

/** `count` nodes, each of which follows the one before. */
export const chain = (count) => [{ reads: [], add: 0 }, ...Array.from({ length: count }, (_, i) => follows(i))];

/** `side` chains of as many nodes that each add one to the one before: the grid of the benchmark of alien-signals. */
export function grid(side) {
  const nodes = [{ reads: [], add: 0 }];
  for (let row = 0; row < side; row++)
    for (let i = 0; i < side; i++) nodes.push({ reads: [i === 0 ? 0 : nodes.length - 1], add: 1 });
  return nodes;
}

/** `side` rows of as many nodes; each sums the one to its left and the one above it, at the edges the source. */
export function lattice(side) {
  const nodes = [{ reads: [], add: 0 }];
  for (let row = 0; row < side; row++)
    for (let i = 0; i < side; i++) {
      const at = nodes.length;
      nodes.push({ reads: [i === 0 ? 0 : at - 1, row === 0 ? 0 : at - side], add: 0 });
    }
  return nodes;
}

/** What every node is when those that read nothing are `value`, or what `others` has for them. */
export function valuesOf(nodes, value, others = new Map()) {
  const values = [];
  for (const [i, { reads, add }] of nodes.entries())
    values.push(
      reads.length === 0 ? (others.get(i) ?? value) : reads.reduce((sum, read) => sum + values[read], 0) + add,
    );
  return values;
}
