// One system doing the merge, a round for each line on standard input: `transform_child.mjs SYSTEM WORK_JSON`. Says
// `ready` on a line when fresh replicas are there, then, as JSON, the milliseconds that merging took.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { own } from './transform_own.mjs';
import { peers } from './transform_peers.mjs';
import { checkMerged, documentOf, properties, sidesOf } from './transform_work.mjs';

const [name, work] = process.argv.slice(2);
const { size, edits, overlap, spread } = JSON.parse(work);
const document = documentOf(size);
const sides = sidesOf({ size, edits, overlap, spread });
const round = (name === 'headwater' ? own : peers[name])(document, sides);
const say = (line) => writeSync(1, `${line}\n`);
let checked = false;

for await (const _ of createInterface({ input: process.stdin })) {
  const { merge, more = () => ({}), read, other } = round();
  // Nobody pays for what preparing has left behind.
  globalThis.gc?.();
  say('ready');
  const since = performance.now();
  merge();
  const figures = { ms: performance.now() - since, ...more() };
  if (!checked) check(read(), other());
  checked = true;
  say(JSON.stringify(figures));
}

/** Both replicas hold the same, and what both sides together come to. */
function check(read, other) {
  checkMerged(read, document, sides);
  for (const { id } of document)
    for (const property of properties)
      if (read(id, property) !== other(id, property))
        throw new Error(`${name}: the replicas differ at ${id} ${property}`);
}
