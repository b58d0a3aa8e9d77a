// A runner's side: what it has is offered to whichever engines are at the same NATS. It says every second that it is there, takes
// from the queues of its pool, one for each tier, and needs nothing but that one connection: no database, no data folder.

import { randomUUID } from 'node:crypto';
import type { RunId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import type { Runner } from '../../ports/runner.ts';
import { parseAddress } from './address.ts';
import { CallGate } from './call_gate.ts';
import { messageOf, openLink } from './connection.ts';
import { EngineContact } from './engine_contact.ts';
import { Intake } from './intake.ts';
import { bytesOf, type Hello, isTexts, namesOf, protocolVersion, read, type Slip } from './protocol.ts';
import { makeKeyPair } from './sealing.ts';

export interface RunnerProcessOptions {
  /** See address.ts. */
  readonly url: string;
  readonly creds?: string;
  readonly pool: string;
  /** For people, and in the records of what it ran. */
  readonly name: string;
  /** One a tier, whose it is from then on. */
  readonly runners: readonly Runner[];
  /** Hears what the person who started it should know. */
  readonly note: (text: string) => void;
}

export interface RunnerProcess {
  /** Takes nothing more, ends what it has, and leaves. While NATS is away it does not wait for ever to tell what came of it. */
  drain(): Promise<void>;
}

const tickMs = 100;

/** Refuses what is no address. Faults: `dispatch_unavailable`. */
export async function openRunnerProcess(options: RunnerProcessOptions): Promise<RunnerProcess> {
  const { url, creds, pool, name, runners, note } = options;
  const address = parseAddress(url);
  const names = namesOf(address.installation);
  const instance = randomUUID().replaceAll('-', '');
  let sayHello = (): void => {};
  let intakes: readonly Intake[] = [];
  const link = await openLink({
    address,
    name: `headwater runner ${name}`,
    ...(creds === undefined ? {} : { creds }),
    moved: (isUp) => {
      note(isUp ? 'NATS is back' : 'NATS is away: it is tried again and again');
      if (!isUp) return;
      sayHello();
      for (const intake of intakes) intake.again();
    },
  });
  const { connection } = link;
  const keys = await makeKeyPair();
  const engines = new Map<string, EngineContact>();
  let isLeaving = false;
  /** When NATS was there last; once this runner is to end, not before it was asked to. */
  let reachedAtMs = performance.now();
  const isCutOff = (): boolean => isLeaving && !link.isUp && performance.now() - reachedAtMs > limits.natsLeaveMs;
  const contactWith = (slip: Slip): EngineContact => {
    const known = engines.get(slip.node);
    if (known !== undefined) return known;
    const contact = new EngineContact({ link, names, instance, name, keys, slip, note, isCutOff });
    engines.set(slip.node, contact);
    return contact;
  };
  sayHello = () => {
    const served = runners.map((r) => [r.tier, { capacity: r.capacity, confinement: r.confinement }] as const);
    const hello: Hello = {
      version: protocolVersion,
      instance,
      name,
      pool,
      tiers: Object.fromEntries(served),
      isLeaving,
    };
    connection.publish(names.hello, bytesOf(hello));
  };
  const unsentBytes = (): number => [...engines.values()].reduce((sum, { events }) => sum + events.unsentBytes, 0);
  const gates: CallGate[] = [];
  intakes = runners.map((of) => {
    const runner = of.tier === 'isolate' ? new CallGate(of, unsentBytes) : of;
    if (runner instanceof CallGate) gates.push(runner);
    return new Intake({ link, names, runner, pool, name, contactWith, note });
  });
  let refused = '';
  const hear = (subject: string, handle: (data: Uint8Array) => void): void => {
    connection.subscribe(subject, {
      callback: (error, m) => {
        if (error !== null) return;
        try {
          handle(m.data);
        } catch (e) {
          // Thrown out of here it would end the reading of everything that comes over the connection.
          note(`a message at ${subject} was left alone: ${messageOf(e)}`);
        }
      },
    });
  };
  const unwanted = (data: Uint8Array): void => {
    const said = read<{ unwanted?: readonly RunId[]; refused?: string }>(data);
    const runs = isTexts(said?.unwanted) ? (said.unwanted as readonly RunId[]) : [];
    for (const run of runs) for (const intake of intakes) intake.unwanted(run);
    if (typeof said?.refused !== 'string' || said.refused === refused) return;
    refused = said.refused;
    note(`an engine does not use this runner: ${refused}`);
  };
  hear(names.call, () => sayHello());
  hear(names.unwanted, unwanted);
  hear(names.runner(instance), unwanted);
  sayHello();
  const greeting = setInterval(() => sayHello(), limits.runnerHelloMs);
  const ticking = setInterval(() => {
    const nowMs = performance.now();
    if (link.isUp) reachedAtMs = nowMs;
    for (const intake of intakes) intake.tick(nowMs);
    for (const gate of gates) gate.look();
    for (const [node, contact] of engines) {
      contact.tick(nowMs);
      if (contact.isIdle && contact.isGone) engines.delete(node);
    }
  }, tickMs);
  return {
    drain: async () => {
      isLeaving = true;
      reachedAtMs = performance.now();
      sayHello();
      await Promise.all(intakes.map((intake) => intake.drain()));
      clearInterval(greeting);
      clearInterval(ticking);
      await Promise.all(runners.map((runner) => runner.close()));
      await link.close();
    },
  };
}
