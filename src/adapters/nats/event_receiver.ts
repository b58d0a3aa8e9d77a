// The engine's end of what runners tell: parts are put together, a batch that comes again is answered and not told again, and
// what is sealed is opened. What cannot be read is left out. A runner
// opens a channel each time that it comes to know the engine: the one that was silent longest is forgotten when there are many.

import { limits } from '../../base/limits.ts';
import { type BatchAnswer, type BatchHead, type RunEvent, readBatch, readFrame } from './protocol.ts';
import type { KeyPair } from './sealing.ts';

interface Coming {
  last: number;
  batch: number;
  parts: Uint8Array[];
}

export class EventReceiver {
  readonly #keys: KeyPair;
  readonly #tell: (instance: string, events: readonly RunEvent[]) => void;
  readonly #from = new Map<string, Coming>();

  constructor(keys: KeyPair, tell: (instance: string, events: readonly RunEvent[]) => void) {
    this.#keys = keys;
    this.#tell = tell;
  }

  /** undefined: it cannot be read. */
  take(message: Uint8Array): BatchAnswer | undefined {
    const frame = readFrame<BatchHead>(message);
    if (frame === undefined) return undefined;
    const { head, body } = frame;
    const { instance, channel, batch, part, parts } = head;
    const key = `${instance} ${channel}`;
    // One that was forgotten goes on from where it is.
    const known = this.#from.get(key) ?? { last: batch - 1, batch, parts: [] };
    // In the order in which they were heard last.
    this.#from.delete(key);
    this.#from.set(key, known);
    const [oldest] = this.#from.keys();
    if (this.#from.size > limits.natsChannelsMax) this.#from.delete(oldest!);
    if (batch <= known.last) return { is: 'taken' };
    if (known.batch !== batch) Object.assign(known, { batch, parts: [] });
    if (part < known.parts.length) return { is: 'taken' };
    if (part > known.parts.length) return { is: 'again', from: known.parts.length };
    known.parts.push(body);
    if (known.parts.length < parts) return { is: 'taken' };
    const whole = parts === 1 ? body : Buffer.concat(known.parts);
    known.last = batch;
    known.parts = [];
    const plain = head.isSealed ? this.#keys.open(whole) : whole;
    const events = plain && readBatch(plain);
    if (events === undefined) return undefined;
    this.#tell(instance, events);
    return { is: 'taken' };
  }

  /** Nothing more comes from it. */
  forget(instance: string): void {
    for (const key of [...this.#from.keys()]) if (key.startsWith(`${instance} `)) this.#from.delete(key);
  }
}
