// What waits at NATS, of several engines, and in which order runners take it.

import { expect, onTestFinished, test } from 'vitest';
import type { Priority } from '../../src/dispatch/strand.ts';
import type { Runner } from '../../src/ports/runner.ts';
import { NatsWorld, newRun, runOn, short, sleep, until, worldsOfTests } from './world.ts';

const at = worldsOfTests();

const turnOf = (priority: Priority) => ({ workspace: 'w', changeSet: 'c', priority });

/** Who began, in order. */
class Order {
  readonly begun: string[] = [];

  run(runner: Runner, name: string, priority: Priority, script = 'function main() {}') {
    return runOn(runner, script, { turn: turnOf(priority), onStart: () => this.begun.push(name) });
  }
}

/** The runner has no room from when this has resolved until `free` is called. */
async function occupied(runner: Runner): Promise<{ free(): void; readonly ended: Promise<unknown> }> {
  let isBegun = false;
  const asked = { id: newRun(), turn: turnOf('interactive'), onStart: () => (isBegun = true) };
  const ended = runOn(
    runner,
    'async function main() { await new Promise((done) => setTimeout(done, 60_000)); }',
    asked,
  );
  await until(() => isBegun);
  return { free: () => runner.kill(asked.id), ended };
}

/** Until what was asked for lies at NATS. */
const placed = () => sleep(500);

test('[EN770] what is more urgent is taken first, whichever engine sent it, and in its order', async () => {
  const [one, two] = [await at.world.engine(), await at.world.engine()];
  await at.world.start('a', '--cpus', '1');
  const [first, second] = [await one.runner('process'), await two.runner('process')];
  const blocked = await occupied(first);
  const order = new Order();
  const runs = ['b1', 'b2', 'b3'].map((name) => order.run(first, name, 'background'));
  await placed();
  runs.push(order.run(second, 'r1', 'replay'), order.run(first, 'r2', 'replay'));
  await placed();
  runs.push(order.run(second, 'i1', 'interactive'));
  await placed();
  runs.push(order.run(first, 'i2', 'interactive'), order.run(second, 'b4', 'background'));
  await placed();
  blocked.free();
  expect((await Promise.all(runs)).map(({ report }) => short(report))).toEqual(runs.map(() => 'ok undefined'));
  expect(order.begun.map((name) => name[0]).join('')).toBe('iirrbbbb');
  expect(order.begun.slice(0, 2)).toEqual(['i1', 'i2']);
});

test('[EN770] calls that only compute are taken in that order too', async () => {
  // Of one engine: what a runner says to two in the same moment has no order.
  const engine = await at.world.engine();
  const a = await at.world.start('a', '--cpus', '1');
  const tier = await engine.runner('isolate');
  const order = new Order();
  await order.run(tier, 'before', 'background');
  a.process.kill('SIGSTOP');
  const runs = [];
  for (let n = 0; n < 20; n++) {
    runs.push(order.run(tier, 'b', 'background'));
    // A slip of its own.
    await sleep(5);
  }
  for (let n = 0; n < 20; n++) {
    runs.push(order.run(tier, 'i', 'interactive'));
    await sleep(5);
  }
  await placed();
  a.process.kill('SIGCONT');
  await Promise.all(runs);
  // One of each was on its way to who waited for one.
  const [, ...begun] = order.begun;
  expect(begun.lastIndexOf('i')).toBeLessThan(22 + 2);
  expect(begun.filter((name) => name === 'b')).toHaveLength(20);
});

test('[EN771] what is not urgent is not passed over for ever by what is', async () => {
  const [one, two] = [await at.world.engine(), await at.world.engine()];
  await at.world.start('a', '--cpus', '1');
  const [first, second] = [await one.runner('process'), await two.runner('process')];
  const blocked = await occupied(first);
  const order = new Order();
  const runs = [order.run(first, 'b', 'background'), order.run(first, 'r', 'replay')];
  await placed();
  for (let n = 0; n < 14; n++) runs.push(order.run(second, 'i', 'interactive'));
  await placed();
  blocked.free();
  await Promise.all(runs);
  const places = ['r', 'b'].map((name) => order.begun.indexOf(name));
  for (const place of places) {
    expect(place).toBeGreaterThan(5);
    expect(place).toBeLessThan(11);
  }
});

test('[EN772] what comes to a runner when it has no room goes at once to one that has', async () => {
  const engine = await at.world.engine();
  await Promise.all(['a', 'b'].map((name) => at.world.start(name, '--cpus', '1')));
  const tier = await engine.runner('process');
  await until(() => tier.capacity.cpus === 2);
  // The one that is occupied has asked for what there is of each priority, and may be given it; the other has room.
  for (let round = 0; round < 4; round++) {
    const blocked = await occupied(tier);
    for (const priority of ['replay', 'background'] as const)
      expect(short((await new Order().run(tier, 'it', priority)).report)).toBe('ok undefined');
    blocked.free();
    await blocked.ended;
  }
});

test('[EN772] room that is kept for a large run is for nobody else, and what comes goes to another runner', async () => {
  // With a lease after which nothing comes back in the time of the test.
  const world = new NatsWorld(at.server, 300_000);
  onTestFinished(() => world.close());
  const engine = await world.engine();
  await world.start('a');
  const tier = await engine.runner('process');
  const blocked = await occupied(tier);
  const turn = turnOf('replay');
  const large = runOn(tier, 'function main() {}', { turn, limits: { cpus: 2 } });
  await placed();
  await world.start('b', '--cpus', '1');
  await until(() => tier.capacity.cpus === 3);
  for (const priority of ['background', 'interactive', 'replay'] as const) {
    const { report } = await new Order().run(tier, 'it', priority);
    expect(report.runner).toMatch(/^b, /);
  }
  blocked.free();
  expect((await large).report.runner).toMatch(/^a, /);
});
