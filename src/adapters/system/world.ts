// The machine's clock, fresh ids and digests.
//
// ULIDs (48 bits of milliseconds, 80 of chance; https://github.com/ulid/spec, monotonic variant) grow within a process
// whatever the clock does: in the same millisecond, and after a step back of the clock, the last one is counted up by
// one. Two processes never need to agree: their ids differ by chance. Chance is the kernel's, drawn in batches because
// a call for each id would cost more than the id.

import crypto from 'node:crypto';
import type { Branded, Digest, ElementId, Hash } from '../../base/ids.ts';
import type { Ids, World } from '../../ports/world.ts';

const upper = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const lower = upper.toLowerCase();

const timeChars = 10;
const chanceChars = 16;
const elementChars = 12;
const batchBytes = 8_192;

/** Random base32 digits (0 to 31), one byte of chance each. */
function digitSource(): () => number {
  const batch = Buffer.alloc(batchBytes);
  let next = batchBytes;
  return () => {
    if (next === batchBytes) {
      crypto.randomFillSync(batch);
      next = 0;
    }
    return batch[next++]! & 31;
  };
}

/** Fresh ids by the given clock. The world below uses the machine's; a test passes one that stands or steps back. */
export function systemIds(nowMs: () => number): Ids {
  const digit = digitSource();
  const chance = new Uint8Array(chanceChars);
  /** The characters of the id, of which a text is made at once: put together one by one it would be as many texts. */
  const chars = Buffer.alloc(timeChars + chanceChars);
  let lastMs = -1;

  const startMillisecond = (ms: number) => {
    lastMs = ms;
    for (let i = timeChars - 1; i >= 0; i--) {
      chars[i] = upper.charCodeAt(ms % 32);
      ms = Math.floor(ms / 32);
    }
    for (let i = 0; i < chanceChars; i++) chance[i] = digit();
  };

  /** Counts the chance part up by one; after its last value, which chance makes unreachable, the next millisecond. */
  const countUp = () => {
    for (let i = chanceChars - 1; i >= 0; i--) {
      if (chance[i]! < 31) {
        chance[i]!++;
        return;
      }
      chance[i] = 0;
    }
    startMillisecond(lastMs + 1);
  };

  return {
    ulid<T extends Branded<string, string>>(): T {
      const ms = nowMs();
      if (ms > lastMs) startMillisecond(ms);
      else countUp();
      for (let i = 0; i < chanceChars; i++) chars[timeChars + i] = upper.charCodeAt(chance[i]!);
      return chars.toString('latin1') as T;
    },
    element(): ElementId {
      let text = '';
      for (let i = 0; i < elementChars; i++) text += lower[digit()];
      return text as ElementId;
    },
  };
}

/** Lower-case hex SHA-256 of the text in UTF-8. The call in one step, where Node has it, is nearly twice as fast on short texts. */
const digest: Digest =
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text) as Hash
    : (text) => crypto.createHash('sha256').update(text, 'utf8').digest('hex') as Hash;

/** The world of this machine and process. Make one per process: ULIDs grow within one of them. */
export function systemWorld(): World {
  return { clock: { nowMs: Date.now }, ids: systemIds(Date.now), digest };
}
