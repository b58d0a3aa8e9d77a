// The same merge by the engine: Head with the right side's edits, a change set with the left side's, both on snapshots in
// memory. `merge` indexes both sides and makes the merged state with its receipt; `more` names it by its root, which hashes
// what changed, and then makes both transformed logs, L' and h'.
import { systemWorld } from '../../dist/adapters/system/world.js';
import { Pending } from '../../dist/merge/item.js';
import { merge } from '../../dist/merge/merge.js';
import { Side } from '../../dist/merge/side.js';
import { compileRequest } from '../../dist/mutation/compile.js';
import { bareImage } from '../../dist/mutation/component.js';
import { apply } from '../../dist/mutation/mutation.js';
import { ChunkSpace } from '../../dist/snapshot/chunk_space.js';
import { Snapshot } from '../../dist/snapshot/snapshot.js';
import { componentId } from './estate.mjs';
import { must } from './measure.mjs';
import { properties } from './transform_work.mjs';

const changeSet = componentId(-1 >>> 0);
const pathOf = (property) => (property === 'name' ? '/si/name' : `/domain/${property}`);

const spec = {
  format: 1,
  domain: {
    kind: 'object',
    properties: Object.fromEntries(properties.filter((p) => p !== 'name').map((p) => [p, { kind: 'string' }])),
  },
  resourceValue: { kind: 'object', properties: {} },
  secrets: { kind: 'object', properties: {} },
  definitions: {},
};

function stateOf(document) {
  const space = new ChunkSpace({
    digest: systemWorld().digest,
    source: { read: () => undefined },
    cacheBytesMax: 256 * 2 ** 20,
  });
  let count = 0;
  const ids = {
    ulid: () => `02${String(++count).padStart(24, '0')}`,
    element: () => String(++count).padStart(12, '0'),
  };
  const draft = Snapshot.empty(space).edit();
  const { subject } = must(compileRequest(draft, changeSet, ids, { kind: 'schema.create', name: 'Item', spec }));
  const record = { schema: subject, variant: JSON.parse(draft.get('schemas', subject)).defaultVariant };
  for (const { id, values } of document) {
    const { name, ...others } = values;
    const image = bareImage(record, name);
    for (const [property, v] of Object.entries(others)) image.cells[pathOf(property)] = { v };
    apply(draft, { kind: 'component.create', component: id, image });
  }
  return draft.finish();
}

const mutationsOf = (side) =>
  side.map(({ id, property, value }) => ({
    kind: 'cell.set',
    component: id,
    path: pathOf(property),
    cell: { v: value },
  }));

function applied(on, mutations) {
  const draft = on.edit();
  for (const m of mutations) apply(draft, m);
  return draft.finish();
}

export function own(document, sides) {
  const base = stateOf(document);
  base.roots();
  const [left, right] = sides.map(mutationsOf);
  const [present, head] = [left, right].map((side) => {
    const state = applied(base, side);
    state.roots();
    return state;
  });
  const items = left.map((m) => ({ m, author: 'ann', atMs: 1, version: 1, role: 'change-set' }));
  const edits = right.map((m) => ({ m, author: 'bob', atMs: 2, changeSet, version: 1 }));
  const reader = (state) => (id, property) => JSON.parse(state.get('cells', id + pathOf(property))).v;
  return () => {
    let merged;
    let logs;
    return {
      merge: () => {
        const pending = new Pending();
        pending.append(items);
        merged = merge({ head, present, pending, theirs: Side.of(edits) }, 1);
      },
      more: () => {
        const sealMs = timedNow(() => merged.state.roots());
        const logsMs = timedNow(() => {
          logs = [merged.rebased(), merged.headPrime()];
        });
        return { sealMs, logsMs, lines: merged.settlement.lines.length };
      },
      read: () => reader(merged.state),
      other: () => {
        const [viaHead, viaOwn] = [applied(head, logs[0]), applied(present, logs[1])];
        for (const state of [viaHead, viaOwn])
          if (state.roots().intent !== merged.state.roots().intent)
            throw new Error('a transformed log leads elsewhere');
        return reader(viaOwn);
      },
    };
  };
}

function timedNow(body) {
  const since = performance.now();
  body();
  return performance.now() - since;
}
