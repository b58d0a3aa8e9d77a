// The queues of JetStream, one for each priority of a tier of a pool: a stream that keeps a slip until a runner has taken it,
// and a consumer that the runners of the pool share. A stream each, because then what a runner may ask is named by the one name
// of the consumer. An engine makes them when the first runner of the pool is there; a runner needs no right to make anything.

import {
  AckPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { limits } from '../../base/limits.ts';
import { Fault } from '../../base/result.ts';
import { priorities } from '../../dispatch/strand.ts';
import type { Tier } from '../../model/run.ts';
import type { NatsAddress } from './address.ts';
import { messageOf, type NatsLink } from './connection.ts';
import { type Names, partBytesOf, type QueueOf } from './protocol.ts';

const nanos = 1_000_000;
/** Slips that runners have at a time, all together. */
const takenMax = 100_000;
/** What NATS says of a slip that it does not have, and of a queue. */
const messageMissing = 10_037;
const streamMissing = 10_059;

export class Queues {
  readonly #link: NatsLink;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #names: Names;
  readonly #address: NatsAddress;

  private constructor(link: NatsLink, manager: JetStreamManager, names: Names, address: NatsAddress) {
    this.#link = link;
    this.#client = jetstream(link.connection, { timeout: limits.natsAskMs });
    this.#manager = manager;
    this.#names = names;
    this.#address = address;
  }

  /** Fault `dispatch_unavailable`: the server has no JetStream, or not for these credentials. */
  static async open(link: NatsLink, names: Names, address: NatsAddress): Promise<Queues> {
    try {
      const manager = await jetstreamManager(link.connection, { timeout: limits.natsAskMs });
      return new Queues(link, manager, names, address);
    } catch (e) {
      const hint = 'start the server with JetStream (-js), and let these credentials use it';
      throw new Fault('dispatch_unavailable', `JetStream: ${messageOf(e)}; ${hint}`, undefined, { cause: e });
    }
  }

  /** Makes those of all priorities, or brings them to what they are to be. */
  async provide(tier: Tier, pool: string): Promise<void> {
    await Promise.all(priorities.map((priority) => this.#provide({ tier, pool, priority })));
  }

  async #provide(of: QueueOf): Promise<void> {
    const name = this.#names.stream(of);
    const { leaseMs, replicas } = this.#address;
    const stream = {
      name,
      subjects: [this.#names.queue(of)],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      max_age: limits.natsKeptMs * nanos,
      num_replicas: replicas,
    };
    const consumer = {
      durable_name: this.#names.consumer,
      ack_policy: AckPolicy.Explicit,
      ack_wait: leaseMs * nanos,
      max_ack_pending: takenMax,
    };
    // Another engine may make them at the same moment, to the same effect.
    await this.#manager.streams.add(stream).catch((e: unknown) => {
      if (!(e instanceof JetStreamApiError)) throw e;
      return this.#manager.streams.update(name, stream);
    });
    await this.#manager.consumers.add(name, consumer).catch((e: unknown) => {
      if (!(e instanceof JetStreamApiError)) throw e;
      return this.#manager.consumers.update(name, this.#names.consumer, consumer);
    });
  }

  /** Bytes of requests in a slip: what NATS takes, with room for the rest of it. */
  get slipBytesMax(): number {
    return partBytesOf(this.#link.payloadBytesMax, limits.natsSlipBytesMax);
  }

  /** Answers its place once NATS has it on disk; the same `id` again, within two minutes, is the same slip. */
  async put(of: QueueOf, slip: Uint8Array, id: string): Promise<{ stream: string; seq: number }> {
    const { stream, seq } = await this.#client.publish(this.#names.queue(of), slip, { msgID: id });
    return { stream, seq };
  }

  /** Is it still there, waiting or with a runner? It is not where the queue is gone. */
  async has({ stream, seq }: { readonly stream: string; readonly seq: number }): Promise<boolean> {
    try {
      return (await this.#manager.streams.getMessage(stream, { seq })) !== null;
    } catch (e) {
      if (e instanceof JetStreamApiError && [messageMissing, streamMissing].includes(e.code)) return false;
      throw e;
    }
  }

  async remove({ stream, seq }: { readonly stream: string; readonly seq: number }): Promise<void> {
    await this.#manager.streams.deleteMessage(stream, seq, false).catch((e: unknown) => {
      // Taken meanwhile: whoever has it asks, and is told.
      if (!(e instanceof JetStreamApiError)) throw e;
    });
  }
}
