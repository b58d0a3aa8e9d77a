// Aligning a list given whole with the list the author saw: one deterministic diff, so that matched elements keep their
// ids and their order keys. First the longest common subsequence by content, then equal content elsewhere (a move), then
// by position among what is left between two matches; the rest is inserted and removed.

/** For each wanted item: the index of the present element it is, or undefined for a new one. */
export function alignLists(present: readonly string[], wanted: readonly string[]): (number | undefined)[] {
  const match: (number | undefined)[] = wanted.map(() => undefined);
  const taken = present.map(() => false);
  const take = (w: number, p: number): void => {
    match[w] = p;
    taken[p] = true;
  };
  for (const [w, p] of commonSubsequence(present, wanted)) take(w, p);
  const anchors = match.slice();

  const free = new Map<string, number[]>();
  present.forEach((text, p) => {
    if (!taken[p]) free.set(text, [...(free.get(text) ?? []), p]);
  });
  wanted.forEach((text, w) => {
    const p = match[w] === undefined ? free.get(text)?.shift() : undefined;
    if (p !== undefined) take(w, p);
  });

  // Between two anchors, pair what is left on both sides in order.
  let w = 0;
  let p = 0;
  const pairGap = (wEnd: number, pEnd: number): void => {
    for (; w < wEnd; w++) {
      if (match[w] !== undefined) continue;
      while (p < pEnd && taken[p]) p++;
      if (p < pEnd) take(w, p);
    }
    w = wEnd;
    p = pEnd;
  };
  for (let i = 0; i <= wanted.length; i++) {
    if (i < wanted.length && anchors[i] === undefined) continue;
    pairGap(i, i < wanted.length ? anchors[i]! : present.length);
    w = i + 1;
    p = (i < wanted.length ? anchors[i]! : present.length) + 1;
  }
  return match;
}

/** Cells of the quadratic table above which equal texts are matched greedily instead. */
const tableCellsMax = 1_000_000;

/** Pairs (wanted index, present index) of a longest common subsequence, ascending. */
function commonSubsequence(present: readonly string[], wanted: readonly string[]): [number, number][] {
  const out: [number, number][] = [];
  let start = 0;
  while (start < present.length && start < wanted.length && present[start] === wanted[start]) {
    out.push([start, start]);
    start++;
  }
  let pEnd = present.length;
  let wEnd = wanted.length;
  const tail: [number, number][] = [];
  while (pEnd > start && wEnd > start && present[pEnd - 1] === wanted[wEnd - 1]) tail.push([--wEnd, --pEnd]);
  const n = pEnd - start;
  const m = wEnd - start;
  if (n * m > tableCellsMax) out.push(...greedy(present, wanted, start, pEnd, wEnd));
  else if (n > 0 && m > 0) {
    const width = m + 1;
    const table = new Uint32Array((n + 1) * width);
    for (let i = n - 1; i >= 0; i--) {
      for (let j = m - 1; j >= 0; j--) {
        table[i * width + j] =
          present[start + i] === wanted[start + j]
            ? table[(i + 1) * width + j + 1]! + 1
            : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
      }
    }
    for (let i = 0, j = 0; i < n && j < m; ) {
      if (present[start + i] === wanted[start + j]) out.push([start + j++, start + i++]);
      else if (table[(i + 1) * width + j]! >= table[i * width + j + 1]!) i++;
      else j++;
    }
  }
  return [...out, ...tail.reverse()];
}

/** In one pass: each wanted item takes the first equal present element behind the last taken. */
function greedy(
  present: readonly string[],
  wanted: readonly string[],
  start: number,
  pEnd: number,
  wEnd: number,
): [number, number][] {
  const places = new Map<string, number[]>();
  for (let i = start; i < pEnd; i++) {
    const at = places.get(present[i]!);
    if (at) at.push(i);
    else places.set(present[i]!, [i]);
  }
  const out: [number, number][] = [];
  let after = start - 1;
  for (let j = start; j < wEnd; j++) {
    const at = places.get(wanted[j]!);
    while (at && at.length > 0 && at[0]! <= after) at.shift();
    const next = at?.shift();
    if (next === undefined) continue;
    out.push([j, next]);
    after = next;
  }
  return out;
}
