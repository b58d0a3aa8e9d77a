// What a runner tells one engine of its runs: in order, each thing once. Events gather while a batch is on its way, so that many
// go together, up to a bound; a batch is sent again until the engine has taken it, and the next one waits for that. It is given
// up only when the engine has been out of reach for so long that it has given up the runs itself, or when this runner is to end
// while NATS is away. Nothing here bounds what gathers: `unsentBytes` says how much it is, to whoever begins more.

import { randomUUID } from 'node:crypto';
import { limits } from '../../base/limits.ts';
import { messageOf, type NatsLink } from './connection.ts';
import {
  type BatchAnswer,
  type BatchHead,
  batchOf,
  bytesOf,
  frameOf,
  partAt,
  partBytesOf,
  partsOf,
  type RunEvent,
  read,
} from './protocol.ts';
import { sealTo } from './sealing.ts';

export interface EventSenderOptions {
  readonly link: NatsLink;
  readonly instance: string;
  readonly subject: string;
  /** The engine's public key. */
  readonly key: string;
  /** The engine has answered what it was asked then. */
  readonly heard: (askedAtMs: number) => void;
  /** Nobody waits at the other end any more when it has not answered since then, or this one waits no longer. */
  readonly isGivenUp: (sinceMs: number) => boolean;
  readonly note: (text: string) => void;
}

interface Unsent {
  /** The event, as text. */
  readonly bytes: Uint8Array;
  readonly isSecret: boolean;
}

const retryMs = 200;
/** How long it is kept back that a run has begun. */
const startedMs = 5;

export class EventSender {
  readonly #options: EventSenderOptions;
  readonly #channel = randomUUID();
  #waiting: Unsent[] = [];
  #unsentBytes = 0;
  #batch = 0;
  #added = 0;
  #taken = 0;
  #isSending = false;
  #timer: NodeJS.Timeout | undefined;
  #wanting: { readonly upTo: number; readonly resolve: (isTaken: boolean) => void }[] = [];

  constructor(options: EventSenderOptions) {
    this.#options = options;
  }

  /** `isSecret`: nobody but the engine may read it. */
  add(event: RunEvent, isSecret: boolean): void {
    const bytes = bytesOf(event);
    this.#added++;
    this.#waiting.push({ bytes, isSecret });
    this.#unsentBytes += bytes.length;
    if (this.#isSending) return;
    // A short call has ended by the time that anybody could be told that it has begun: one message tells both.
    if (event.is === 'started') {
      this.#timer ??= setTimeout(() => this.#begin(), startedMs);
      return;
    }
    this.#begin();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isSending) return;
    this.#isSending = true;
    setImmediate(() => void this.#send());
  }

  get isEmpty(): boolean {
    return this.#taken === this.#added;
  }

  /** Of what was added and is not with the engine. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Resolves true when all that was added until now is with the engine, false when it will never be. */
  taken(): Promise<boolean> {
    if (this.isEmpty) return Promise.resolve(true);
    return new Promise((resolve) => this.#wanting.push({ upTo: this.#added, resolve }));
  }

  /** Never rejects. */
  async #send(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const events = this.#next();
        if (!(await this.#sendBatch(events))) {
          this.#giveUp();
          break;
        }
        this.#taken += events.length;
        for (const { bytes } of events) this.#unsentBytes -= bytes.length;
        const ready = this.#wanting.filter((w) => w.upTo <= this.#taken);
        if (ready.length === 0) continue;
        this.#wanting = this.#wanting.filter((w) => w.upTo > this.#taken);
        for (const { resolve } of ready) resolve(true);
      }
    } catch (e) {
      // The runs that it was about are lost to this engine; those of others go on.
      this.#options.note(`an engine could not be told of its runs: ${messageOf(e)}`);
      this.#giveUp();
    } finally {
      this.#isSending = false;
    }
  }

  /** What has waited longest, as much as fits a batch, one event at least. */
  #next(): readonly Unsent[] {
    let count = 0;
    let bytes = 0;
    for (const event of this.#waiting) {
      bytes += event.bytes.length;
      if (count > 0 && bytes > limits.natsBatchBytesMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #giveUp(): void {
    this.#waiting = [];
    this.#unsentBytes = 0;
    this.#taken = this.#added;
    for (const { resolve } of this.#wanting.splice(0)) resolve(false);
  }

  async #sendBatch(events: readonly Unsent[]): Promise<boolean> {
    const { link, instance, subject, key, isGivenUp } = this.#options;
    const isSealed = events.some(({ isSecret }) => isSecret);
    const plain = batchOf(events.map(({ bytes }) => bytes));
    const bytes = isSealed ? sealTo(key, plain) : plain;
    // An engine without a key is none of this version.
    if (bytes === undefined) return false;
    const partBytes = partBytesOf(link.payloadBytesMax, limits.natsPartBytes);
    const parts = partsOf(bytes, partBytes);
    const batch = ++this.#batch;
    const sinceMs = performance.now();
    for (let part = 0; part < parts; ) {
      if (isGivenUp(sinceMs)) return false;
      const head: BatchHead = { instance, channel: this.#channel, batch, part, parts, isSealed };
      try {
        const frame = frameOf(head, partAt(bytes, partBytes, part));
        const askedAtMs = performance.now();
        const answer = await link.connection.request(subject, frame, { timeout: limits.natsAskMs });
        this.#options.heard(askedAtMs);
        const said = read<BatchAnswer>(answer.data);
        part = said?.is === 'again' ? Math.min(said.from, parts - 1) : part + 1;
      } catch (e) {
        // Away, restarting, or ended: whichever it is shows in time.
        if (link.connection.isClosed() || !(e instanceof Error)) return false;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return true;
  }
}
