// One engine as a runner sees it: asked for requests, told what becomes of the runs, and asked every second whether the runs with
// effects that it gave are still this runner's. Who is told that he has lost one ends it; so does who has not reached the
// engine for most of a lease, since the engine may give the run up soon and somebody else may act.

import type { RunId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { isUnheard, type NatsLink } from './connection.ts';
import { EventSender } from './event_sender.ts';
import {
  bytesOf,
  type Claim,
  type ClaimAnswer,
  type Held,
  type HeldAnswer,
  type Names,
  read,
  readFrame,
  type SentRequest,
  type Slip,
} from './protocol.ts';
import type { KeyPair } from './sealing.ts';

/** A run with effects that this runner has. */
interface Holding {
  readonly end: () => void;
  /** Nobody waits for it any more, or another may have it. */
  isLost: boolean;
  /** The engine may have given it to this runner, whatever came of the answer. */
  mayBeGiven: boolean;
}

export interface ContactOptions {
  readonly link: NatsLink;
  readonly names: Names;
  readonly instance: string;
  readonly name: string;
  readonly keys: KeyPair;
  readonly slip: Pick<Slip, 'node' | 'key' | 'leaseMs'>;
  readonly note: (text: string) => void;
  /** This runner is to end, and NATS is away for too long: what it has to tell will not be heard. */
  readonly isCutOff: () => boolean;
}

/** Part of the lease after which a runner that hears nothing ends what it has. */
const fencePart = 0.7;
/** Leases without an answer after which an engine is taken for ended. */
const goneLeases = 2;

export class EngineContact {
  readonly events: EventSender;
  readonly leaseMs: number;
  readonly #options: ContactOptions;
  readonly #holding = new Map<RunId, Holding>();
  /** When the last was asked that it has answered: until then, at least, it was reached. An answer may be read long after. */
  #heardAtMs = performance.now();
  #upAtMs = performance.now();
  #isAsking = false;
  #askedAtMs = 0;

  constructor(options: ContactOptions) {
    const { link, names, instance, slip, note, isCutOff } = options;
    this.#options = options;
    this.leaseMs = slip.leaseMs;
    this.events = new EventSender({
      link,
      instance,
      subject: names.events(slip.node),
      key: slip.key,
      heard: (askedAtMs) => this.#heard(askedAtMs),
      isGivenUp: (sinceMs) => isCutOff() || this.#isGoneSince(sinceMs),
      note,
    });
  }

  /** It does not answer, though NATS does. */
  get isGone(): boolean {
    return this.#isGoneSince(0);
  }

  #isGoneSince(ms: number): boolean {
    const since = Math.max(ms, this.#heardAtMs, this.#upAtMs);
    return this.#options.link.isUp && performance.now() - since > goneLeases * this.leaseMs;
  }

  get isIdle(): boolean {
    return this.#holding.size === 0 && this.events.isEmpty;
  }

  /** From now on it says that it has the run, also where it had lost it. `end` is called when it has not any more. */
  hold(run: RunId, end: () => void): void {
    // What was before it had anything says nothing.
    if (this.#holding.size === 0) this.#heardAtMs = performance.now();
    this.#holding.set(run, { end, isLost: false, mayBeGiven: this.mayBeGiven(run) });
  }

  release(run: RunId): void {
    this.#holding.delete(run);
  }

  hasLost(run: RunId): boolean {
    return this.#holding.get(run)?.isLost !== false;
  }

  /** Of a run that it holds: the engine may have given it to this runner, and then gives it to nobody else. */
  mayBeGiven(run: RunId): boolean {
    return this.#holding.get(run)?.mayBeGiven === true;
  }

  /** undefined: it is not to be run, or not by this runner. Throws what NATS threw when the engine did not answer. */
  async claim(run: RunId): Promise<SentRequest | undefined> {
    const { link, names, instance, name, keys, slip } = this.#options;
    let parts: Uint8Array[] = [];
    for (let wanted = 1; parts.length < wanted; ) {
      const asked: Claim = { instance, name, key: keys.publicKey, run, part: parts.length };
      const askedAtMs = performance.now();
      const question = link.connection.request(names.claim(slip.node), bytesOf(asked), { timeout: limits.natsAskMs });
      const answer = await question.catch((e: unknown) => {
        const holding = this.#holding.get(run);
        if (holding !== undefined) holding.mayBeGiven ||= parts.length > 0 || !isUnheard(e);
        throw e;
      });
      this.#heard(askedAtMs);
      const frame = readFrame<ClaimAnswer>(answer.data);
      if (frame?.head.is !== 'granted') return undefined;
      parts.push(frame.body);
      wanted = frame.head.parts;
      if (parts.length < wanted) continue;
      const plain = keys.open(wanted === 1 ? frame.body : Buffer.concat(parts));
      if (plain !== undefined) return read<SentRequest>(plain);
      // The engine sealed it anew between two parts.
      parts = [];
    }
    return undefined;
  }

  /** Called often. */
  tick(nowMs: number): void {
    const { link } = this.#options;
    if (!link.isUp) this.#upAtMs = nowMs;
    if (this.#holding.size === 0) return;
    if (nowMs - this.#heardAtMs > fencePart * this.leaseMs) for (const run of this.#holding.keys()) this.#lose(run);
    if (this.#isAsking || nowMs - this.#askedAtMs < Math.min(limits.runnerHelloMs, this.leaseMs / 5)) return;
    this.#askedAtMs = nowMs;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const { link, names, instance, slip } = this.#options;
    this.#isAsking = true;
    try {
      const held: Held = { instance, runs: [...this.#holding.keys()] };
      const askedAtMs = performance.now();
      const answer = await link.connection.request(names.held(slip.node), bytesOf(held), {
        timeout: Math.min(limits.natsAskMs, this.leaseMs / 4),
      });
      const said = read<HeldAnswer>(answer.data);
      if (said === undefined) return;
      this.#heard(askedAtMs);
      for (const run of said.lost) this.#lose(run);
      for (const run of said.unwanted) this.#holding.get(run)?.end();
    } catch (e) {
      // It is not there, or NATS is not: how long that lasts is what counts.
      if (!(e instanceof Error)) throw e;
    } finally {
      this.#isAsking = false;
    }
  }

  #heard(askedAtMs: number): void {
    this.#heardAtMs = Math.max(this.#heardAtMs, askedAtMs);
  }

  #lose(run: RunId): void {
    const holding = this.#holding.get(run);
    if (holding === undefined || holding.isLost) return;
    holding.isLost = true;
    holding.end();
  }
}
