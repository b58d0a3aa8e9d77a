// An engine's side of the runners elsewhere: who is there becomes the runners that the dispatcher sees; who takes a slip gets
// the request from here, once; what runners tell goes to the runs; a run whose runner is silent for longer than its lease is
// lost. Silence counts only while NATS and this process could have heard: a server that restarts loses nobody.

import { randomUUID } from 'node:crypto';
import type { Msg } from '@nats-io/transport-node';
import type { RunId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import type { PoolDemand, Runner, RunnerChanges } from '../../ports/runner.ts';
import { type NatsAddress, parseAddress } from './address.ts';
import { messageOf, type NatsLink, openLink } from './connection.ts';
import { EngineShares } from './engine_shares.ts';
import { EventReceiver } from './event_receiver.ts';
import { Presence, type ServedTier } from './presence.ts';
import {
  bytesOf,
  type Claim,
  type ClaimAnswer,
  type EngineWord,
  frameOf,
  type Held,
  type HeldAnswer,
  type Hello,
  type Names,
  namesOf,
  partAt,
  partBytesOf,
  partsOf,
  protocolVersion,
  type RunEvent,
  read,
} from './protocol.ts';
import { Queues } from './queue.ts';
import { RemotePool } from './remote_pool.ts';
import type { RemoteRun } from './remote_run.ts';
import { type KeyPair, makeKeyPair, sealTo } from './sealing.ts';

export interface EngineNode {
  readonly changes: RunnerChanges;
  /** When no run is under way any more. */
  close(): Promise<void>;
}

export interface EngineNodeOptions {
  /** See address.ts. */
  readonly url: string;
  /** File with credentials of NATS. */
  readonly creds?: string;
  /** How long NATS may take no run, and a pool be served by nobody, before a run of it is given up. Default 120,000. */
  readonly patienceMs?: number;
  /** Hears what somebody who runs this should know: that NATS is away, or a queue cannot be made. */
  readonly note?: (text: string) => void;
}

const tickMs = 250;
/** A longer time between two ticks is a process that slept: nothing could be heard in it. */
const tickMsMax = 1_000;

/** Refuses what is no address. Faults: `dispatch_unavailable`. */
export async function openEngineNode({
  url,
  creds,
  patienceMs = limits.natsPatienceMs,
  note = () => {},
}: EngineNodeOptions): Promise<EngineNode> {
  const address = parseAddress(url);
  const names = namesOf(address.installation);
  const node = { current: undefined as Node | undefined };
  const moved = (isUp: boolean): void => {
    note(isUp ? 'NATS is back' : 'NATS is away: runs wait, and it is tried again and again');
    if (isUp) node.current?.heardAgain();
  };
  const link = await openLink({ address, name: 'headwater engine', moved, ...(creds === undefined ? {} : { creds }) });
  try {
    const queues = await Queues.open(link, names, address);
    node.current = new Node({ link, queues, names, address, keys: await makeKeyPair(), patienceMs, note });
    return node.current;
  } catch (e) {
    await link.close();
    throw e;
  }
}

interface NodeParts {
  readonly link: NatsLink;
  readonly queues: Queues;
  readonly names: Names;
  readonly address: NatsAddress;
  readonly keys: KeyPair;
  readonly patienceMs: number;
  readonly note: (text: string) => void;
}

const poolKey = ({ tier, pool }: ServedTier): string => `${tier}/${pool}`;

class Node implements EngineNode {
  readonly #parts: NodeParts;
  readonly #id = randomUUID().replaceAll('-', '');
  readonly #runs = new Map<RunId, RemoteRun>();
  readonly #presence = new Presence();
  readonly #pools = new Map<string, RemotePool>();
  /** Pools whose queues have been made. */
  readonly #provided = new Set<string>();
  /** Those of which NATS cannot have lost any since, as far as can be known. */
  readonly #sure = new Set<string>();
  readonly #shares = new EngineShares();
  readonly #receiver: EventReceiver;
  readonly #timer: NodeJS.Timeout;
  #served: ((runners: readonly Runner[]) => void) | undefined;
  #demand: ((of: ServedTier) => PoolDemand) | undefined;
  /** What the other engines were told last, and when. */
  #said = '';
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #tickedAtMs = performance.now();
  #lookedAtMs = performance.now();

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.#receiver = new EventReceiver(parts.keys, (instance, events) => this.#told(instance, events));
    const { names } = parts;
    this.#answer(names.hello, (m) => this.#heard(m));
    this.#answer(names.engines, (m) => this.#heardEngine(m));
    this.#answer(names.claim(this.#id), (m) => m.respond(this.#claimed(m)));
    this.#answer(names.held(this.#id), (m) => m.respond(this.#held(m)));
    this.#answer(names.events(this.#id), (m) => m.respond(bytesOf(this.#receiver.take(m.data) ?? {})));
    parts.link.connection.publish(names.call);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  readonly changes: RunnerChanges = (served, demand) => {
    this.#served = served;
    this.#demand = demand;
    void this.#serve();
    return () => {
      this.#served = undefined;
      this.#demand = undefined;
    };
  };

  heardAgain(): void {
    this.#presence.excuse();
    this.#shares.excuse();
    for (const { holder } of this.#runs.values()) if (holder !== undefined) holder.silentMs = 0;
    this.#parts.link.connection.publish(this.#parts.names.call);
    // It may be back without its queues, or without those who read them.
    this.#sure.clear();
    void this.#serve();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#parts.link.connection.isClosed()) this.#say({ pools: {}, isLeaving: true });
    await this.#parts.link.close();
  }

  #answer(subject: string, handle: (m: Msg) => void): void {
    this.#parts.link.connection.subscribe(subject, {
      callback: (error, m) => {
        // A subscription that ends with the connection says so by an error, too.
        if (error !== null) return;
        try {
          handle(m);
        } catch (e) {
          // Thrown out of here it would end the reading of everything that comes over the connection.
          this.#parts.note(`a message at ${subject} was left alone: ${messageOf(e)}`);
        }
      },
    });
  }

  #heard(m: Msg): void {
    const hello = read<Hello>(m.data);
    if (hello === undefined) return;
    const { isNews, text } = this.#presence.heard(hello);
    if (text !== undefined)
      this.#parts.link.connection.publish(this.#parts.names.runner(hello.instance), bytesOf({ refused: text }));
    if (isNews) void this.#serve();
  }

  /** Tells the dispatcher who is there, once there is a queue for each. */
  async #serve(): Promise<void> {
    // Who has gone is gone at once, however long the queues of others take.
    this.#show();
    for (const of of this.#presence.served()) {
      const key = poolKey(of);
      if (this.#sure.has(key)) continue;
      this.#sure.add(key);
      try {
        await this.#parts.queues.provide(of.tier, of.pool);
        this.#provided.add(key);
      } catch (e) {
        this.#sure.delete(key);
        this.#parts.note(`the queue of ${key} cannot be made, its runners wait: ${messageOf(e)}`);
      }
    }
    this.#show();
  }

  #show(): void {
    const pools = this.#presence.served().filter((of) => this.#provided.has(poolKey(of)));
    this.#served?.(pools.map((of) => this.#pool(of)));
  }

  #heardEngine(m: Msg): void {
    const word = read<EngineWord>(m.data);
    if (word === undefined || word.node === this.#id) return;
    // Who is new is to know soon of what there is.
    if (this.#shares.heard(word)) this.#saidAtMs = Number.NEGATIVE_INFINITY;
    this.#share();
  }

  /** Tells the other engines what this one wants, when that is something else than before, and every second. */
  #tellEngines(nowMs: number): void {
    const wanted = this.#presence.served().flatMap((of) => {
      const demand = this.#demand?.(of);
      return demand === undefined || demand.workspaces === 0 ? [] : [[poolKey(of), demand] as const];
    });
    const pools = Object.fromEntries(wanted);
    const said = JSON.stringify(pools);
    if (said === this.#said && nowMs - this.#saidAtMs < limits.runnerHelloMs) return;
    this.#said = said;
    this.#saidAtMs = nowMs;
    this.#say({ pools, isLeaving: false });
  }

  #say(word: Pick<EngineWord, 'pools' | 'isLeaving'>): void {
    const { link, names } = this.#parts;
    const all: EngineWord = { version: protocolVersion, node: this.#id, ...word };
    link.connection.publish(names.engines, bytesOf(all));
  }

  /** Settles what of each pool's room is this engine's, and lets the dispatcher know where that is something else than before. */
  #share(): void {
    let isOther = false;
    const served = new Set(this.#presence.served().map(poolKey));
    for (const [key, pool] of this.#pools) {
      // Without runners it has no room of which there could be a share.
      if (!served.has(key)) continue;
      const share = this.#shares.of(key, this.#demand?.(pool).workspaces ?? 0);
      isOther ||= share !== pool.share;
      pool.share = share;
    }
    if (isOther) this.#show();
  }

  #pool(of: ServedTier): RemotePool {
    const key = poolKey(of);
    const known = this.#pools.get(key);
    if (known !== undefined && !known.isClosed) return known;
    const { queues, keys, address } = this.#parts;
    const pool: RemotePool = new RemotePool({
      ...of,
      queues,
      patienceMs: this.#parts.patienceMs,
      slip: { node: this.#id, key: keys.publicKey, leaseMs: address.leaseMs },
      about: () => this.#presence.about(of),
      runs: this.#runs,
      unwanted: (run) => this.#unwanted(run),
      closed: () => {
        // It may be there again by now.
        if (this.#pools.get(key) === pool) this.#pools.delete(key);
      },
    });
    pool.share = this.#shares.of(key, this.#demand?.(of).workspaces ?? 0);
    this.#pools.set(key, pool);
    return pool;
  }

  #unwanted({ holder, request }: RemoteRun): void {
    const { link, names } = this.#parts;
    const subject = holder === undefined ? names.unwanted : names.runner(holder.instance);
    link.connection.publish(subject, bytesOf({ unwanted: [request.id] }));
  }

  /** Who asks first gets the request of a run with effects, and nobody after him. */
  #claimed(m: Msg): Uint8Array {
    const gone = frameOf({ is: 'gone' } satisfies ClaimAnswer, new Uint8Array());
    const claim = read<Claim>(m.data);
    const run = claim && this.#runs.get(claim.run);
    if (claim === undefined || run === undefined || run.isOver || run.isUnwanted) return gone;
    if (run.isPure && run.begun >= limits.natsBegunMax) {
      run.fail('runner_lost', `${run.begun} runners went away while they had it`);
      return gone;
    }
    const { instance, name, key, part } = claim;
    if (!run.isPure && run.holder !== undefined && run.holder.instance !== instance) return gone;
    // Each that asks for a pure one gets a box of its own: parts of two boxes are no request.
    const isNew = part === 0 || run.sealed === undefined;
    const box = isNew ? sealTo(key, bytesOf(run.sent)) : run.sealed;
    if (box === undefined) return gone;
    run.sealed = box;
    // The runner counts its lease anew from here, also where it asks again.
    if (!run.isPure) run.holder = { instance, name, silentMs: 0 };
    const partBytes = partBytesOf(this.#parts.link.payloadBytesMax, limits.natsPartBytes);
    const parts = partsOf(box, partBytes);
    if (part >= parts) return gone;
    const answer = frameOf({ is: 'granted', parts } satisfies ClaimAnswer, partAt(box, partBytes, part));
    if (part === parts - 1) run.sealed = undefined;
    return answer;
  }

  #held(m: Msg): Uint8Array {
    const held = read<Held>(m.data);
    const lost: RunId[] = [];
    const unwanted: RunId[] = [];
    for (const id of Array.isArray(held?.runs) ? held.runs : []) {
      const run = this.#runs.get(id);
      if (run === undefined || run.isOver || (run.holder !== undefined && run.holder.instance !== held?.instance)) {
        lost.push(id);
        continue;
      }
      if (run.holder !== undefined) run.holder.silentMs = 0;
      if (run.isUnwanted) unwanted.push(id);
    }
    return bytesOf({ lost, unwanted } satisfies HeldAnswer);
  }

  #told(instance: string, events: readonly RunEvent[]): void {
    for (const event of events) this.#runs.get(event.run)?.tell(instance, event);
  }

  #tick(): void {
    const nowMs = performance.now();
    const ms = Math.min(nowMs - this.#tickedAtMs, tickMsMax);
    this.#tickedAtMs = nowMs;
    if (!this.#parts.link.isUp) return;
    this.#shares.silent(ms, this.#parts.address.leaseMs);
    this.#tellEngines(nowMs);
    this.#share();
    const gone = this.#presence.silent(ms);
    for (const instance of gone) this.#receiver.forget(instance);
    if (gone.length > 0) void this.#serve();
    const served = new Set(this.#presence.served().map(poolKey));
    for (const run of [...this.#runs.values()]) this.#watch(run, ms, served);
    if (nowMs - this.#lookedAtMs < limits.natsLookMs) return;
    // A queue that could not be made is tried again.
    if ([...served].some((key) => !this.#sure.has(key))) void this.#serve();
    this.#lookedAtMs = nowMs;
    void this.#look();
  }

  #watch(run: RemoteRun, ms: number, served: ReadonlySet<string>): void {
    const { holder, request } = run;
    if (holder !== undefined) {
      holder.silentMs += ms;
      if (holder.silentMs > this.#parts.address.leaseMs)
        run.fail('runner_lost', `the runner ${holder.name} went away while it had the run`);
      return;
    }
    const { tier, pool = 'default' } = request;
    run.unservedMs = served.has(poolKey({ tier, pool })) ? 0 : run.unservedMs + ms;
    const { patienceMs } = this.#parts;
    if (run.unservedMs <= patienceMs) return;
    run.fail('runner_lost', `no runner of the pool ${pool} was there for ${patienceMs} ms; none had begun it`);
  }

  /** What waits and is in no queue any more, because NATS has lost it or its runner what it told, is offered again. */
  async #look(): Promise<void> {
    const nowMs = performance.now();
    const places = new Map<string, RemoteRun[]>();
    for (const run of this.#runs.values()) {
      if (run.holder !== undefined || run.place === undefined || nowMs - run.placedAtMs < limits.natsLookMs) continue;
      const at = `${run.place.stream} ${run.place.seq}`;
      places.set(at, [...(places.get(at) ?? []), run]);
    }
    for (const runs of places.values()) {
      const { place } = runs[0]!;
      // Away: it is looked at the next time.
      const isThere = place === undefined || (await this.#parts.queues.has(place).catch(() => true));
      if (isThere) continue;
      for (const run of runs) {
        const { tier, pool = 'default' } = run.request;
        if (!run.isOver && run.holder === undefined) this.#pools.get(poolKey({ tier, pool }))?.offer(run);
      }
    }
  }
}
