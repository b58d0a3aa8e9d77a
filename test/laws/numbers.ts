// Numbers from a seed, for the laws: the same on every machine.

/** A small, fast and well mixed generator (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

export type Numbers = () => number;

export const oneOf = <T>(next: Numbers, list: readonly T[]): T => list[next() % list.length]!;

export const chance = (next: Numbers, percent: number): boolean => next() % 100 < percent;

/** The list in another order. */
export function shuffled<T>(next: Numbers, list: readonly T[]): T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const k = next() % (i + 1);
    [out[i], out[k]] = [out[k]!, out[i]!];
  }
  return out;
}
