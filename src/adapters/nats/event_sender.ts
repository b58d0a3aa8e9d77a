// What a runner tells one engine of its runs: in order, each thing once. Events gather while a batch is on its way, so that many
// go together; a batch is sent again until the engine has taken it, and the next one waits for that. It is given up only
// when the engine has been out of reach for so long that it has given up the runs itself.

import { randomUUID } from 'node:crypto';
import { limits } from '../../base/limits.ts';
import type { NatsLink } from './connection.ts';
import {
  type BatchAnswer,
  type BatchHead,
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
  /** The engine has answered. */
  readonly heard: () => void;
  /** Nobody waits at the other end any more, when it has not answered since then. */
  readonly isGivenUp: (sinceMs: number) => boolean;
}

const retryMs = 200;
/** How long it is kept back that a run has begun. */
const startedMs = 5;

export class EventSender {
  readonly #options: EventSenderOptions;
  readonly #channel = randomUUID();
  #waiting: RunEvent[] = [];
  #isSealed = false;
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
    this.#added++;
    this.#waiting.push(event);
    this.#isSealed ||= isSecret;
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

  /** Resolves true when all that was added until now is with the engine, false when it will never be. */
  taken(): Promise<boolean> {
    if (this.isEmpty) return Promise.resolve(true);
    return new Promise((resolve) => this.#wanting.push({ upTo: this.#added, resolve }));
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting;
      const isSealed = this.#isSealed;
      this.#waiting = [];
      this.#isSealed = false;
      if (!(await this.#sendBatch(events, isSealed))) {
        this.#giveUp();
        break;
      }
      this.#taken += events.length;
      const ready = this.#wanting.filter((w) => w.upTo <= this.#taken);
      if (ready.length === 0) continue;
      this.#wanting = this.#wanting.filter((w) => w.upTo > this.#taken);
      for (const { resolve } of ready) resolve(true);
    }
    this.#isSending = false;
  }

  #giveUp(): void {
    this.#waiting = [];
    this.#taken = this.#added;
    for (const { resolve } of this.#wanting.splice(0)) resolve(false);
  }

  async #sendBatch(events: readonly RunEvent[], isSealed: boolean): Promise<boolean> {
    const { link, instance, subject, key, isGivenUp } = this.#options;
    const plain = bytesOf({ events });
    const bytes = isSealed ? sealTo(key, plain) : plain;
    // An engine without a key is none of this version.
    if (bytes === undefined) return false;
    const partBytes = partBytesOf(link.payloadBytesMax, limits.natsPartBytes);
    const parts = partsOf(bytes, partBytes);
    const batch = ++this.#batch;
    const sinceMs = performance.now();
    for (let part = 0; part < parts; ) {
      const head: BatchHead = { instance, channel: this.#channel, batch, part, parts, isSealed };
      try {
        const frame = frameOf(head, partAt(bytes, partBytes, part));
        const answer = await link.connection.request(subject, frame, { timeout: limits.natsAskMs });
        this.#options.heard();
        const said = read<BatchAnswer>(answer.data);
        part = said?.is === 'again' ? Math.min(said.from, parts - 1) : part + 1;
      } catch (e) {
        // Away, restarting, or ended: whichever it is shows in time.
        if (isGivenUp(sinceMs) || link.connection.isClosed() || !(e instanceof Error)) return false;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return true;
  }
}
