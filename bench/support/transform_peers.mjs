// The systems that merge the same two sides. Each makes the document once and answers a function that makes fresh
// replicas with the edits of a side each, which is not measured; `merge` is; `read` and `other` read the merged replica
// and its counterpart, which must agree. Each gets its edits in the form that suits it best: the CRDTs as one change a
// side, of which the other side imports the encoded update; the OT types as one operation a side, transformed both ways,
// of which one is applied. Texts are plain values everywhere, not collaborative ones.
import * as automerge from '@automerge/automerge';
import { LoroDoc, LoroMap } from 'loro-crdt';
import json0 from 'ot-json0';
import json1 from 'ot-json1';
import * as Y from 'yjs';

function yjs(document, sides) {
  const root = new Y.Doc();
  root.transact(() => {
    for (const { id, values } of document) root.getMap('all').set(id, new Y.Map(Object.entries(values)));
  });
  const base = Y.encodeStateAsUpdate(root);
  const before = Y.encodeStateVector(root);
  const read = (doc) => (id, property) => doc.getMap('all').get(id).get(property);
  return () => {
    const docs = sides.map((side) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, base);
      doc.transact(() => {
        for (const { id, property, value } of side) doc.getMap('all').get(id).set(property, value);
      });
      return doc;
    });
    const updates = docs.map((doc) => Y.encodeStateAsUpdate(doc, before));
    return {
      merge: () => Y.applyUpdate(docs[0], updates[1]),
      read: () => read(docs[0]),
      other: () => {
        Y.applyUpdate(docs[1], updates[0]);
        return read(docs[1]);
      },
    };
  };
}

function loro(document, sides) {
  const root = new LoroDoc();
  for (const { id, values } of document) {
    const one = root.getMap('all').setContainer(id, new LoroMap());
    for (const [property, value] of Object.entries(values)) one.set(property, value);
  }
  root.commit();
  const base = root.export({ mode: 'snapshot' });
  const before = root.version();
  const read = (doc) => {
    const all = doc.getMap('all').toJSON();
    return (id, property) => all[id][property];
  };
  return () => {
    const docs = sides.map((side) => {
      const doc = new LoroDoc();
      doc.import(base);
      const all = doc.getMap('all');
      for (const { id, property, value } of side) all.get(id).set(property, value);
      doc.commit();
      return doc;
    });
    const updates = docs.map((doc) => doc.export({ mode: 'update', from: before }));
    return {
      merge: () => docs[0].import(updates[1]),
      read: () => read(docs[0]),
      other: () => {
        docs[1].import(updates[0]);
        return read(docs[1]);
      },
    };
  };
}

function automergePeer(document, sides) {
  const { change, load, save, getHeads, getChangesSince, applyChanges, ImmutableString } = automerge;
  const value = (text) => new ImmutableString(text);
  const all = Object.fromEntries(
    document.map(({ id, values }) => [
      id,
      Object.fromEntries(Object.entries(values).map(([property, text]) => [property, value(text)])),
    ]),
  );
  const root = automerge.from({ all });
  const base = save(root);
  const before = getHeads(root);
  const read = (doc) => (id, property) => doc.all[id][property].toString();
  return () => {
    let [left, right] = sides.map((side) =>
      change(load(base), (draft) => {
        for (const { id, property, value: text } of side) draft.all[id][property] = value(text);
      }),
    );
    const [fromLeft, fromRight] = [left, right].map((doc) => getChangesSince(doc, before));
    return {
      merge: () => {
        [left] = applyChanges(left, fromRight);
      },
      read: () => read(left),
      other: () => {
        [right] = applyChanges(right, fromLeft);
        return read(right);
      },
    };
  };
}

/**
 * Both transforms and one of the two applied. The document is a list of components: applying to an object of as many
 * keys takes json1 a hundred times longer.
 */
function operational({ transform, own, operation, apply }) {
  return (document, sides) => {
    const base = document.map(({ values }) => values);
    const at = new Map(document.map(({ id }, i) => [id, i]));
    const readPlain = (doc) => (id, property) => doc[at.get(id)][property];
    const placed = (side) => side.map(({ id, property, value }) => ({ path: [at.get(id), property], value }));
    const [left, right] = sides.map((side) => operation(placed(side), ([i, property]) => base[i][property]));
    return () => {
      const docs = [left, right].map((op) => apply(own(base), op));
      let transformed;
      let transformMs;
      return {
        merge: () => {
          const since = performance.now();
          transformed = [transform(left, right, 'left'), transform(right, left, 'right')];
          transformMs = performance.now() - since;
          docs[0] = apply(docs[0], transformed[1]);
        },
        more: () => ({ transformMs }),
        read: () => readPlain(docs[0]),
        other: () => readPlain(apply(docs[1], transformed[0])),
      };
    };
  };
}

const otJson0 = operational({
  transform: json0.type.transform,
  // Applied in place.
  own: (base) => structuredClone(base),
  operation: (sets, was) => sets.map(({ path, value }) => ({ p: path, od: was(path), oi: value })),
  apply: (doc, op) => json0.type.apply(doc, op),
});

const otJson1 = operational({
  // Where both sides write, the left one stands; plain `transform` throws there.
  transform: json1.type.transformNoConflict,
  own: (base) => base,
  operation: (sets, was) => {
    let ops = sets.map(({ path, value }) => json1.replaceOp(path, was(path), value));
    while (ops.length > 1)
      ops = ops.flatMap((op, i) => (i % 2 ? [] : [i + 1 < ops.length ? json1.type.compose(op, ops[i + 1]) : op]));
    return ops[0];
  },
  apply: (doc, op) => json1.type.apply(doc, op),
});

export const peers = {
  yjs,
  loro,
  automerge: automergePeer,
  'ot-json1': otJson1,
  'ot-json0': otJson0,
};
