// What a runner takes from the queues of one tier, the most urgent first, and what it does with it: as much as it has room for,
// and every slip is settled. A slip of calls that only compute is settled when the engine has all their results: until then, and
// when this process dies, NATS gives it to another. One of a run with effects is settled when the engine has said whose the run
// is; one that comes when there is no room any more goes back at once, to whoever has some.

import type { RunId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { PriorityTurns } from '../../dispatch/priority_turns.ts';
import { RunnerLoad } from '../../dispatch/runner_load.ts';
import { type Priority, priorities } from '../../dispatch/strand.ts';
import type { Runner, RunReport } from '../../ports/runner.ts';
import { messageOf, type NatsLink } from './connection.ts';
import type { EngineContact } from './engine_contact.ts';
import { type Names, type RunEvent, read, type SentRequest, type Slip, type SlipRun } from './protocol.ts';
import { QueueReader, type TakenSlip } from './queue_reader.ts';

export interface IntakeOptions {
  readonly link: NatsLink;
  readonly names: Names;
  readonly runner: Runner;
  readonly pool: string;
  /** Who this runner is, for the records of runs. */
  readonly name: string;
  readonly contactWith: (slip: Slip) => EngineContact;
  readonly note: (text: string) => void;
}

const retryMs = 500;
/** A slip whose engine is not there comes back after so long. */
const awayMs = 1_000;
/** Times that it comes back before its engine is taken for ended. */
const awaysMax = 120;
/** Signs of life in the time after which NATS gives a slip to another. */
const signsPerLease = 4;

export class Intake {
  readonly #options: IntakeOptions;
  readonly #load: RunnerLoad;
  /** Slips in hand. */
  readonly #inHand = new Map<TakenSlip, { readonly leaseMs: number; saidAtMs: number }>();
  readonly #underWay = new Set<RunId>();
  /** Runs with effects that this runner has asked for, and whether it was given them. */
  readonly #acting = new Map<RunId, 'asked' | 'given'>();
  readonly #turns = new PriorityTurns();
  readonly #reader: QueueReader;
  /** Slips of runs with effects that came and have not been looked at. */
  readonly #arrived: TakenSlip[] = [];
  /** The room that is left, and what comes free, is for one that is in hand. */
  #isPromised = false;
  #isDraining = false;
  #isStirred = false;
  #wake: (() => void) | undefined;
  #ended: Promise<void>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { link, names, runner, pool } = options;
    this.#load = new RunnerLoad(() => runner.capacity);
    this.#reader = new QueueReader({
      link,
      names,
      tier: runner.tier,
      pool,
      arrived: (slip) => this.#arrive(slip),
      ended: () => this.#stir(),
    });
    this.#ended = this.#take();
  }

  /** Takes nothing more; resolves when all that it had is settled. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#stir();
    await this.#ended;
    while (this.#inHand.size > 0 || this.#load.underWay > 0) await this.#untilStirred();
    this.#reader.close();
  }

  /** The connection was made anew: what was asked over the one before is asked again. */
  again(): void {
    this.#reader.again();
  }

  /** Called often: NATS hears that what is in hand is being worked on. */
  tick(nowMs: number): void {
    this.#reader.tick(nowMs);
    for (const [message, told] of this.#inHand) {
      if (nowMs - told.saidAtMs < told.leaseMs / signsPerLease) continue;
      told.saidAtMs = nowMs;
      message.working();
    }
  }

  /** Nobody wants it any more. */
  unwanted(run: RunId): void {
    if (this.#underWay.has(run)) this.#options.runner.kill(run);
  }

  async #take(): Promise<void> {
    let isSaid = false;
    while (!this.#isDraining) {
      try {
        this.#reader.check();
        await this.#reader.find();
        const isAsleep = this.#room() === 0 || !(await this.#askNext());
        if (isSaid) this.#options.note(`the queue of ${this.#what} is there`);
        isSaid = false;
        if (this.#arrived.length > 0) await this.#actOnArrived();
        else if (isAsleep) await this.#untilStirred();
      } catch (e) {
        this.#reader.again();
        // An engine makes the queue when it has heard of this runner, and again where NATS has lost it.
        if (!isSaid && !this.#isDraining) this.#options.note(`waiting for the queue of ${this.#what}: ${messageOf(e)}`);
        isSaid = true;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  get #what(): string {
    return `${this.#options.runner.tier}/${this.#options.pool}`;
  }

  /** Slips that it may take now. */
  #room(): number {
    const { runner } = this.#options;
    if (runner.tier === 'isolate') return Math.max(0, limits.natsSlipsMax - this.#inHand.size);
    return this.#load.has({ cpus: limits.runCpusMin, memoryBytes: limits.runBytesMin }) ? 1 : 0;
  }

  /**
   * Asks the queues one after the other, and leaves a question with each where nothing is. Where one is open nothing was, and it
   * is not asked. Answers whether anything came, or may have come.
   */
  async #askNext(): Promise<boolean> {
    const closed = this.#turns.order().filter((priority) => {
      if (this.#reader.isOpen(priority)) this.#turns.foundEmpty(priority);
      return !this.#reader.isOpen(priority);
    });
    const wait = (priority: Priority): void => this.#reader.wait(priority, Math.ceil(this.#room() / priorities.length));
    // Whatever is in the only one goes before nothing.
    if (closed.length === 1) wait(closed[0]!);
    if (closed.length <= 1) return false;
    for (const priority of closed) {
      const room = this.#room();
      if (room === 0 || this.#arrived.length > 0) return true;
      const due = this.#turns.due(priority);
      const wanted = due === 0 ? room : Math.min(room, due);
      const got = await this.#reader.ask(priority, wanted);
      if (got === 0) this.#turns.foundEmpty(priority);
      // What is more urgent may have come meanwhile, and one that had something coming had no more than that.
      if (got === wanted) return true;
    }
    if (this.#arrived.length > 0 || this.#room() === 0) return true;
    for (const priority of closed) if (!this.#reader.isOpen(priority)) wait(priority);
    return false;
  }

  #arrive(message: TakenSlip): void {
    if (this.#isDraining || this.#isPromised) {
      message.nak();
      return;
    }
    if (this.#options.runner.tier === 'isolate') {
      this.#turns.took(message.priority);
      void this.#compute(message);
    } else this.#arrived.push(message);
    this.#stir();
  }

  /** Some may have been asked for while there was room that something else has now. */
  async #actOnArrived(): Promise<void> {
    this.#arrived.sort((a, b) => priorities.indexOf(a.priority) - priorities.indexOf(b.priority));
    for (let next = this.#arrived.shift(); next !== undefined; next = this.#arrived.shift()) {
      if (this.#isDraining || this.#room() === 0) {
        next.nak();
        continue;
      }
      this.#turns.took(next.priority);
      await this.#act(next);
    }
  }

  /** Resolves when something may be other than when this was called last. */
  async #untilStirred(): Promise<void> {
    if (!this.#isStirred)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#isStirred = false;
  }

  #stir(): void {
    this.#isStirred = true;
    this.#wake?.();
    this.#wake = undefined;
  }

  #settled(message: TakenSlip): void {
    this.#inHand.delete(message);
    this.#stir();
  }

  #begin(message: TakenSlip): Slip | undefined {
    const slip = read<Slip>(message.data);
    if (slip === undefined || !Array.isArray(slip.runs)) {
      this.#options.note('a slip that cannot be read was thrown away');
      message.term();
      return undefined;
    }
    this.#inHand.set(message, { leaseMs: slip.leaseMs, saidAtMs: performance.now() });
    return slip;
  }

  /** Calls that only compute. */
  async #compute(message: TakenSlip): Promise<void> {
    const slip = this.#begin(message);
    if (slip === undefined) return;
    const contact = this.#options.contactWith(slip);
    const isHere = slip.runs.some((run) => this.#underWay.has(run.id));
    try {
      if (isHere) {
        // Its own, come back: it slept, or NATS did. What it tells then is as good.
        message.nak(awayMs);
        return;
      }
      const attempts = message.deliveries;
      await Promise.all(slip.runs.map((run) => this.#computeOne(slip, run, contact, attempts)));
      // A result that the engine never got: another asks it, or finds that it is gone.
      if (await contact.events.taken()) message.ack();
      else message.term();
    } catch (e) {
      this.#away(message, e);
    } finally {
      this.#settled(message);
    }
  }

  async #computeOne(slip: Slip, of: SlipRun, contact: EngineContact, deliveries: number): Promise<void> {
    const attempt = of.placing * 1_000 + deliveries;
    // It comes back when a runner died of it, and when an engine was away for a moment: which it was the engine knows, which has
    // heard how many began.
    const isDoubtful = deliveries > limits.natsBegunMax;
    const isTold = of.request !== undefined && !isDoubtful;
    const request = isTold
      ? { ...of.request, code: { hash: of.request.code, script: slip.codes[of.request.code]! } }
      : await contact.claim(of.id);
    if (request === undefined) return;
    if (isDoubtful) {
      // So that it counts whatever it does to this process.
      contact.events.add({ run: of.id, attempt, is: 'started', atMs: Date.now() }, false);
      if (!(await contact.events.taken())) return;
    }
    await this.#run(request, contact, { attempt, isSecret: false });
  }

  /** A run with effects: its room first, then the request, which only one gets, then the run. Returns when it has its room. */
  async #act(message: TakenSlip): Promise<void> {
    const slip = this.#begin(message);
    const of = slip?.runs[0];
    if (slip === undefined || of === undefined) return;
    const need = { cpus: of.cpus, memoryBytes: of.memoryBytes };
    // Nothing smaller overtakes it here; elsewhere it may find its room first, when this runner ends.
    this.#isPromised = true;
    try {
      if (!this.#load.has(need)) for (const other of this.#arrived.splice(0)) other.nak();
      while (!this.#load.has(need)) {
        await this.#untilStirred();
        if (!this.#isDraining || this.#load.has(need)) continue;
        message.nak();
        this.#settled(message);
        return;
      }
    } finally {
      this.#isPromised = false;
    }
    this.#load.take(need);
    void this.#actOn(message, of, this.#options.contactWith(slip)).finally(() => {
      this.#load.free(need);
      this.#stir();
    });
  }

  async #actOn(message: TakenSlip, { id, placing }: SlipRun, contact: EngineContact): Promise<void> {
    const known = this.#acting.get(id);
    if (known !== undefined) {
      // Its own, come back: what settled it was lost on the way. The engine would give the run to this runner again.
      if (known === 'given') message.ack();
      else message.nak(awayMs);
      this.#settled(message);
      return;
    }
    this.#acting.set(id, 'asked');
    try {
      let request: SentRequest | undefined;
      try {
        request = await this.#claim(id, contact);
        this.#acting.set(id, 'given');
        message.ack();
      } catch (e) {
        this.#away(message, e);
      } finally {
        this.#settled(message);
      }
      if (request === undefined) return;
      const attempt = placing * 1_000 + message.deliveries;
      await this.#run(request, contact, { attempt, isSecret: true });
      await contact.events.taken();
    } finally {
      contact.release(id);
      this.#acting.delete(id);
    }
  }

  /**
   * Asks until the engine answers, where it may have given the run: then nobody else gets it, and nothing of it is begun. What is
   * asked again is given again. Throws when the engine cannot have given it, or has ended.
   */
  async #claim(id: RunId, contact: EngineContact): Promise<SentRequest | undefined> {
    const { runner, link } = this.#options;
    for (;;) {
      // Lost, when this runner was cut off for long: the answer says whether it is.
      contact.hold(id, () => runner.kill(id));
      try {
        const request = await contact.claim(id);
        if (request === undefined || !contact.hasLost(id)) return request;
      } catch (e) {
        if (!contact.mayBeGiven(id)) throw e;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
        // Who is to end does not wait for a connection for longer than it would with what it has begun.
        const isToEnd = this.#isDraining && contact.hasLost(id);
        if (isToEnd || contact.isGone || link.connection.isClosed()) throw e;
      }
    }
  }

  /** The engine did not answer: perhaps NATS or the engine is away for a moment, perhaps the engine has ended. */
  #away(message: TakenSlip, e: unknown): void {
    if (!(e instanceof Error)) throw e;
    if (message.deliveries < awaysMax) message.nak(awayMs);
    else message.term();
  }

  async #run(
    request: SentRequest,
    contact: EngineContact,
    { attempt, isSecret }: { readonly attempt: number; readonly isSecret: boolean },
  ): Promise<void> {
    const { runner, name } = this.#options;
    const { id: run } = request;
    const tell = (event: RunEvent): void => contact.events.add(event, isSecret);
    this.#underWay.add(run);
    try {
      const report = await runner.run(request, {
        started: (atMs) => tell({ run, attempt, is: 'started', atMs }),
        log: (line) => tell({ run, attempt, is: 'log', line }),
        left: (texts) => tell({ run, attempt, is: 'left', texts }),
        authenticated: () => tell({ run, attempt, is: 'authenticated' }),
      });
      const isCutOff = isSecret && !report.outcome.ok && report.outcome.code === 'killed' && contact.hasLost(run);
      tell({
        run,
        attempt,
        is: 'ended',
        report: { ...(isCutOff ? cutOff(report) : bare(report)), runner: `${name}, ${report.runner}` },
      });
    } catch (e) {
      tell({ run, attempt, is: 'fault', message: `${name}: ${messageOf(e)}` });
    } finally {
      this.#underWay.delete(run);
    }
  }
}

/** The text of a value is enough. */
function bare(report: RunReport): RunReport {
  const { outcome } = report;
  return outcome.ok ? { ...report, outcome: { ok: true, value: outcome.value } } : report;
}

/** Ended because this runner did not reach the engine, which must not take that for somebody's wish. */
function cutOff(report: RunReport): RunReport {
  const message = 'the runner did not reach the engine for most of its lease and ended the run';
  return { ...report, outcome: { ok: false, code: 'runner_lost', message } };
}
