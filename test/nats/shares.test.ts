// What several engines have of the room of the runners that they share, each with its own queue in front of them.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { EngineNode } from '../../src/adapters/nats/engine_node.ts';
import { protocolVersion } from '../../src/adapters/nats/protocol.ts';
import { Dispatcher } from '../../src/engine/dispatcher.ts';
import { request, sleep, until, worldsOfTests } from './world.ts';

const at = worldsOfTests();

const shortRun = 'async function main() { await new Promise((done) => setTimeout(done, 100)); }';
const longRun = 'async function main() { await new Promise((done) => setTimeout(done, 50_000)); }';

/** An engine's queue and its node. What is asked for is taken out of the queue, or ended, by `end`. */
class Asking {
  readonly dispatcher = new Dispatcher([]);
  readonly #node: EngineNode;
  readonly #asked = new Map<ReturnType<typeof request>['id'], Promise<unknown>>();

  private constructor(node: EngineNode) {
    this.#node = node;
    node.changes(
      (served) => this.dispatcher.serve(served),
      (of) => this.dispatcher.demand(of),
    );
  }

  /** There are runners with so many processors. */
  static async at(cpus: number): Promise<Asking> {
    const asking = new Asking(await at.world.node());
    await until(() => asking.dispatcher.inFront('process').capacity.cpus === cpus);
    return asking;
  }

  /** Of all it may use. */
  get share(): number | undefined {
    return this.dispatcher.runners.find((r) => r.tier === 'process')?.share;
  }

  run(workspace: string, script: string, begun: () => void = () => {}): Promise<unknown> {
    const turn = { workspace, changeSet: 'c', priority: 'interactive' } as const;
    const asked = request('process', script, { turn, limits: { memoryBytes: 64 * 1024 * 1024 } });
    const run = this.dispatcher.inFront('process').run(asked, { started: begun, log() {} });
    const ended = run.finally(() => this.#asked.delete(asked.id));
    this.#asked.set(asked.id, ended);
    return ended;
  }

  async end(): Promise<void> {
    const all = [...this.#asked];
    // What waits first, so that nothing of it begins where something ended.
    for (const [id] of all.toReversed()) this.dispatcher.inFront('process').kill(id);
    await Promise.all(all.map(([, ended]) => ended));
  }

  leave(): Promise<void> {
    return this.#node.close();
  }
}

test('[EN773] engines share the room by the number of workspaces that have something for it', async () => {
  await at.world.start('a', '--cpus', '4', '--memory', '4096');
  const [three, one] = [await Asking.at(4), await Asking.at(4)];
  const begun: string[] = [];
  for (let n = 0; n < 60; n++) {
    for (const workspace of ['w1', 'w2', 'w3']) void three.run(workspace, shortRun, () => begun.push('three'));
    void one.run('w4', shortRun, () => begun.push('one'));
  }
  await until(() => Math.abs(three.share! - 0.75) < 0.01 && Math.abs(one.share! - 0.25) < 0.01);
  const before = begun.length;
  await until(() => begun.length >= before + 48);
  const counted = begun.slice(before + 8, before + 48).filter((name) => name === 'one').length;
  await Promise.all([three.end(), one.end()]);
  // A quarter of 40; without shares it would be half of them.
  expect(counted).toBeGreaterThanOrEqual(7);
  expect(counted).toBeLessThanOrEqual(14);
});

test('[EN773] one run beside floods of other engines waits for one place, not for all that they have sent', async () => {
  await at.world.start('a', '--cpus', '4', '--memory', '4096');
  const floods = await Promise.all([1, 2, 3, 4].map(() => Asking.at(4)));
  const trickle = await Asking.at(4);
  let begun = 0;
  for (const [i, flood] of floods.entries())
    for (let n = 0; n < 60; n++) void flood.run(`flood ${i}`, shortRun, () => begun++);
  await until(() => floods.every(({ share }) => Math.abs(share! - 0.25) < 0.01) && begun > 12);
  const waited: number[] = [];
  for (let n = 0; n < 5; n++) {
    const before = begun;
    let place = Number.NaN;
    await trickle.run('trickle', shortRun, () => {
      place = begun - before;
    });
    waited.push(place);
  }
  await Promise.all(floods.map((flood) => flood.end()));
  // One that ends gives it its place; what was sent in the same moment may be before it. Without shares 12 lie before it.
  expect(waited.toSorted((a, b) => a - b)[2]).toBeLessThanOrEqual(5);
});

test('[EN774] an engine has the whole room while the others want none of it, and what they leave', async () => {
  await at.world.start('a', '--cpus', '4', '--memory', '4096');
  const [one, two] = [await Asking.at(4), await Asking.at(4)];
  let begun = 0;
  for (let n = 0; n < 10; n++) void one.run('w1', longRun, () => begun++);
  await until(() => begun === 4);
  expect(one.share).toBe(1);
  // The other has a part of its own as soon as it wants it, however little there is.
  await until(() => two.share === 0.5);
  for (let n = 0; n < 10; n++) void two.run('w2', longRun);
  await until(() => one.share === 0.5);
  await two.end();
  await until(() => one.share === 1);
  // Who has nothing waiting leaves the others what is over what it has.
  await one.end();
  let his = 0;
  void two.run('w2', longRun, () => his++);
  await until(() => his === 1 && one.share === 0.75);
  begun = 0;
  for (let n = 0; n < 10; n++) void one.run('w1', longRun, () => begun++);
  await until(() => begun === 3);
  expect([one.share, one.dispatcher.waiting]).toEqual([0.75, 7]);
  await Promise.all([one.end(), two.end()]);
});

test('[EN773] what an engine of another version says of its workspaces is nothing to this one: it has other runners', async () => {
  await at.world.start('a', '--cpus', '4', '--memory', '4096');
  const one = await Asking.at(4);
  const { connect } = await import('@nats-io/transport-node');
  const nc = await connect({ servers: `127.0.0.1:${at.server.port}`, user: 'engine', pass: 'e:ng@ine' });
  try {
    const subject = `headwater.${new URLSearchParams(at.world.query).get('installation')}.engines`;
    const pools = { 'process/default': { workspaces: 1, isWaiting: true, used: 0 } };
    const shareAt = async (version: number): Promise<number | undefined> => {
      nc.publish(subject, JSON.stringify({ version, node: `of${version}`, pools, isLeaving: false }));
      await sleep(500);
      return one.share;
    };
    expect(await shareAt(1)).toBe(1);
    expect(await shareAt(protocolVersion)).toBe(0.5);
  } finally {
    await nc.close();
  }
});

test('[EN775] an engine that leaves or dies leaves its share to the others', async () => {
  await at.world.start('a', '--cpus', '4', '--memory', '4096');
  const [one, two] = [await Asking.at(4), await Asking.at(4)];
  for (let n = 0; n < 10; n++) void one.run('w1', longRun);
  for (let n = 0; n < 10; n++) void two.run('w2', longRun);
  await until(() => one.share === 0.5 && two.share === 0.5);
  await two.end();
  for (let n = 0; n < 10; n++) void two.run('w2', longRun);
  await until(() => one.share === 0.5);
  await two.leave();
  await until(() => one.share === 1);

  const file = fileURLToPath(new URL('flooding_engine.mjs', import.meta.url));
  const third = spawn(process.execPath, [file, at.world.url, shortRun], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => third.once('exit', resolve));
  await until(() => one.share === 0.5);
  third.kill('SIGKILL');
  await ended;
  expect(one.share).toBe(0.5);
  await until(() => one.share === 1);
  await one.end();
});
