// How a runner asks the queues of its pool and tier for slips, one queue for each priority. `ask` gives what is there now and says
// how much; `wait` leaves a question with NATS, which is answered when something comes. At most one question is open with each
// queue, so that an open one means: nothing was there. A question is answered with slips (`arrived`) and ended by a status.
//
// The questions are the product's own and not the client library's, which knows none that is answered with "nothing is there",
// and makes a subscription for each. All of them share one here, which is made anew when the connection was: what NATS was
// asked before is then answered to nobody.

import { jetstream } from '@nats-io/jetstream';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { type Priority, priorities } from '../../dispatch/strand.ts';
import type { Tier } from '../../model/run.ts';
import { messageOf, type NatsLink } from './connection.ts';
import { bytesOf, type Names } from './protocol.ts';

export interface QueueReaderOptions {
  readonly link: NatsLink;
  readonly names: Names;
  readonly tier: Tier;
  readonly pool: string;
  /** One slip, to be settled by whoever hears of it. */
  readonly arrived: (slip: TakenSlip) => void;
  /** A question has ended. */
  readonly ended: () => void;
}

/** A slip in hand. What settles it (`ack`, `nak`, `term`) counts once. */
export class TakenSlip {
  readonly data: Uint8Array;
  readonly priority: Priority;
  /** Which delivery of it this is, from 1. */
  readonly deliveries: number;
  readonly #message: Msg;
  #isSettled = false;

  constructor(message: Msg, priority: Priority) {
    this.data = message.data;
    this.priority = priority;
    this.deliveries = deliveriesIn(message.reply!);
    this.#message = message;
  }

  /** It is done with. */
  ack(): void {
    this.#settle('+ACK');
  }

  /** Somebody else is to have it, or this runner again, after so long. */
  nak(afterMs = 0): void {
    this.#settle(afterMs === 0 ? '-NAK' : `-NAK ${JSON.stringify({ delay: afterMs * nanos })}`);
  }

  /** Nobody is to have it any more. */
  term(): void {
    this.#settle('+TERM');
  }

  /** It is being worked on. */
  working(): void {
    if (!this.#isSettled) this.#message.respond('+WPI');
  }

  #settle(text: string): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#message.respond(text);
  }
}

interface Question {
  /** Of its answer's subject. */
  readonly token: string;
  readonly sinceMs: number;
  left: number;
  got: number;
  /** Of `ask`, until it has its answer. */
  answer: ((got: number) => void) | undefined;
}

const nanos = 1_000_000;
/** How long a question waits at NATS. */
const waitMs = 5_000;
/** Without an answer for so long somebody else was given what was there: the question has become one that waits. */
const askedMs = 100;
/** An answer that is late by so much does not come. */
const lateMs = 2_000;
/** Answers to what was asked before are still taken for so long. */
const oldMs = 1_000;
/** Nothing there, and nothing came in time. */
const nothing = [404, 408];
const heartbeat = 100;

export class QueueReader {
  readonly #options: QueueReaderOptions;
  readonly #open = new Map<Priority, Question>();
  #inbox = '';
  #subscription: Subscription | undefined;
  #asked = 0;
  #isFound = false;
  #trouble: Error | undefined;

  constructor(options: QueueReaderOptions) {
    this.#options = options;
    this.again();
  }

  isOpen(priority: Priority): boolean {
    return this.#open.has(priority);
  }

  /** Forgets what it has asked, and that the queues are there. */
  again(): void {
    this.#isFound = false;
    const { link } = this.#options;
    const old = this.#subscription;
    // What is on its way still has somebody to come to.
    if (old !== undefined) setTimeout(() => old.unsubscribe(), oldMs).unref();
    const inbox = link.inbox();
    this.#inbox = inbox;
    for (const priority of [...this.#open.keys()]) this.#end(priority);
    this.#subscription = link.connection.subscribe(`${inbox}.*`, {
      callback: (error, m) => {
        if (error !== null) return;
        try {
          this.#heard(m, inbox);
        } catch (e) {
          // Thrown out of here it would end the reading of everything that comes over the connection.
          this.#trouble = e instanceof Error ? e : new Error(messageOf(e));
          this.#options.ended();
        }
      },
    });
  }

  close(): void {
    this.#subscription?.unsubscribe();
  }

  /** Throws where one of the queues is not there: NATS gives questions to such a one no answer. */
  async find(): Promise<void> {
    if (this.#isFound) return;
    const { link, names, tier, pool } = this.#options;
    const { consumers } = jetstream(link.connection);
    const inbox = this.#inbox;
    const find = (priority: Priority) => consumers.get(names.stream({ tier, pool, priority }), names.consumer);
    await Promise.all(priorities.map(find));
    this.#isFound = inbox === this.#inbox;
  }

  /** What is there now, `count` at most. Answers how much came. Throws what went wrong with it or another question. */
  async ask(priority: Priority, count: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const got = await new Promise<number>((resolve) => {
      const question = this.#put(priority, count, { no_wait: true });
      question.answer = resolve;
      const giveUp = (): void => {
        question.answer = undefined;
        resolve(question.got);
      };
      // An answer that this process was too slow to read is read before NATS has answered once more.
      timer = setTimeout(() => void this.#options.link.connection.flush().then(giveUp, giveUp), askedMs);
    });
    clearTimeout(timer);
    this.check();
    return got;
  }

  /** What comes first, and what is there besides by then, `count` at most. */
  wait(priority: Priority, count: number): void {
    this.#put(priority, count, { no_wait: true, expires: waitMs * nanos });
  }

  /** Throws what went wrong with a question since. */
  check(): void {
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (trouble !== undefined) throw trouble;
  }

  /** Called often. A question that has no answer by now is not with NATS any more, or the queue is gone: all are asked anew. */
  tick(nowMs: number): void {
    if (!this.#options.link.isUp) return;
    const isLate = [...this.#open.values()].some(({ sinceMs }) => nowMs - sinceMs > waitMs + lateMs);
    if (isLate) this.again();
  }

  #put(priority: Priority, count: number, how: { readonly no_wait: true; readonly expires?: number }): Question {
    const { link, names, tier, pool } = this.#options;
    const token = String(++this.#asked);
    const question: Question = { token, sinceMs: performance.now(), left: count, got: 0, answer: undefined };
    this.#open.set(priority, question);
    const stream = names.stream({ tier, pool, priority });
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${names.consumer}`;
    link.connection.publish(subject, bytesOf({ batch: count, ...how }), { reply: `${this.#inbox}.${token}` });
    return question;
  }

  #heard(m: Msg, inbox: string): void {
    if (m.reply?.startsWith('$JS.ACK.')) {
      const priority = priorities.find((p) => m.subject.endsWith(`.${p}`));
      if (priority === undefined) return;
      const question = inbox === this.#inbox ? this.#open.get(priority) : undefined;
      if (question !== undefined) {
        question.got++;
        question.left--;
      }
      this.#options.arrived(new TakenSlip(m, priority));
      if (question?.left === 0) this.#end(priority);
      return;
    }
    const code = m.headers?.code;
    if (code === undefined || code === heartbeat) return;
    for (const [priority, { token }] of this.#open) {
      if (m.subject !== `${this.#inbox}.${token}`) continue;
      if (!nothing.includes(code)) this.#trouble = new Error(m.headers!.description);
      this.#end(priority);
      return;
    }
  }

  #end(priority: Priority): void {
    const question = this.#open.get(priority);
    this.#open.delete(priority);
    if (question?.answer !== undefined) question.answer(question.got);
    else this.#options.ended();
  }
}

/** `$JS.ACK.STREAM.CONSUMER.DELIVERIES…`, with a domain and a hash of the account before the stream from some servers. */
function deliveriesIn(reply: string): number {
  const tokens = reply.split('.');
  return Number(tokens[tokens.length <= 9 ? 4 : 6]);
}
