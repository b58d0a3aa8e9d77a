// The work of the transform benchmark, the same for every system: a document of components with a few values each, and
// two sides that each set single values in it, of which a share at the same places.
import { componentId } from './estate.mjs';
import { picker } from './measure.mjs';

export const properties = ['name', 'owner', 'description', 'zone'];

/** Plain components in order: `{ id, values: { name, … } }`. */
export function documentOf(size) {
  return Array.from({ length: size }, (_, i) => ({
    id: componentId(i),
    values: {
      name: `component-${i}`,
      owner: `team-${i % 17}@example.com`,
      description: `what component ${i} of the document is there for`,
      zone: `region-1${'abc'[i % 3]}`,
    },
  }));
}

/**
 * Two sides of `edits` sets each, no place twice within a side: `overlap` of them (a share) at the same places with
 * different values. `apart`: the others are in components of their own, the left side's in the first half. `mixed`: the
 * others are anywhere, so that most components that one side touches are touched by the other too.
 */
export function sidesOf({ size, edits, overlap, spread }) {
  const pick = picker(edits + Math.round(overlap * 1000));
  const shared = Math.round(edits * overlap);
  const taken = new Set();
  const place = (from, to) => {
    for (;;) {
      const at = (from + pick(to - from)) * properties.length + pick(properties.length);
      if (taken.has(at)) continue;
      taken.add(at);
      return at;
    }
  };
  const half = size >> 1;
  const ranges =
    spread === 'apart'
      ? [
          [0, half],
          [half, size],
        ]
      : [
          [0, size],
          [0, size],
        ]; // prettier-ignore
  const both = Array.from({ length: shared }, () => place(0, size));
  return ranges.map(([from, to], side) => {
    const own = Array.from({ length: edits - shared }, () => place(from, to));
    const places = shuffled([...both, ...own], pick);
    return places.map((at, n) => ({
      id: componentId(Math.floor(at / properties.length)),
      property: properties[at % properties.length],
      value: `${side === 0 ? 'left' : 'right'} ${n}`,
    }));
  });
}

function shuffled(list, pick) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = pick(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/** Throws unless `read(id, property)` is what both sides together come to: one of the two where both have set. */
export function checkMerged(read, document, [left, right]) {
  const wanted = new Map();
  for (const side of [left, right])
    for (const { id, property, value } of side) {
      const key = `${id} ${property}`;
      wanted.set(key, [...(wanted.get(key) ?? []), value]);
    }
  for (const { id, values } of document)
    for (const property of properties) {
      const may = wanted.get(`${id} ${property}`) ?? [values[property]];
      const is = read(id, property);
      if (!may.includes(is)) throw new Error(`${id} ${property} is ${is} and should be one of ${may.join(', ')}`);
    }
}
