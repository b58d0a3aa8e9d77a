// The level of a key: what decides, from the key alone, where the Merkle map cuts its nodes. One key in 16 has level 1
// or more, one in 512 level 2 or more, and 32 times fewer with every level from there; the shape of a map therefore follows from its keys and from nothing
// else. Changing anything here changes every root ever stored: it would need a new chunk format version.
// Not a defence against someone who picks keys to unbalance a map: a bad choice costs time, never correctness.

/** Highest level a key can have: 32 zero bits, four for the first, five for each further one. No inner node is above. */
export const keyLevelMax = 6;

/** Leaves are small: an edit copies, hashes and in the end writes one, and lies in one of twice the mean size. */
const bitsOfLeaf = 4;
const bitsPerLevel = 5;

/**
 * MurmurHash3_x86_32 with seed 0 over the key's UTF-16 code units as little-endian bytes: two units make one block,
 * an odd last unit is the tail. Source: Austin Appleby, SMHasher, MurmurHash3.cpp (public domain).
 */
export function h32(key: string): number {
  const length = key.length;
  const even = length & ~1;
  let h = 0;
  for (let i = 0; i < even; i += 2) {
    let k = key.charCodeAt(i) | (key.charCodeAt(i + 1) << 16);
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  if (length !== even) {
    let k = Math.imul(key.charCodeAt(even), 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
  }
  h ^= length << 1;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 0 to `keyLevelMax`, from the trailing zero bits of the key's hash. */
export function keyLevel(key: string): number {
  const h = h32(key);
  if (h === 0) return keyLevelMax;
  const zeros = 31 - Math.clz32(h & -h);
  return zeros < bitsOfLeaf ? 0 : 1 + Math.floor((zeros - bitsOfLeaf) / bitsPerLevel);
}
