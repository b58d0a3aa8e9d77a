// NATS that restarts, is away for long, or never comes back, with runs on their way.

import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { namesOf } from '../../src/adapters/nats/protocol.ts';
import { limits } from '../../src/base/limits.ts';
import { NatsServer } from '../support/nats_server.ts';
import { Effects } from './effects.ts';
import { NatsWorld, newRun, runOn, short, sleep, until } from './world.ts';

let server: NatsServer;
let effects: Effects;
let world: NatsWorld;
beforeAll(async () => {
  effects = await Effects.open();
});
afterAll(() => effects?.close());
beforeEach(async () => {
  server = await NatsServer.open();
  world = new NatsWorld(server, 8_000);
});
afterEach(async () => {
  await world.close();
  await server.close();
});

test('[EN733] runs through a restart of NATS: what is under way and what waits is done once, and calls that only compute too', async () => {
  const engine = await world.engine();
  await Promise.all([world.start('a'), world.start('b')]);
  const tier = await engine.runner('process');
  const isolate = await engine.runner('isolate');
  await until(() => tier.capacity.cpus === 4);
  const names = Array.from({ length: 10 }, () => newRun());
  let begun = 0;
  const runs = names.map((name) =>
    runOn(tier, effects.script(1_000), { input: { name }, allow: effects.allow, onStart: () => begun++ }),
  );
  await until(() => begun === 4);
  const computing: ReturnType<typeof runOn>[] = [];
  let isAway = false;
  const asking = (async () => {
    for (let n = 0; n < 300; n++) {
      computing.push(runOn(isolate, 'function main(i) { return i.n; }', { input: { n } }));
      await sleep(isAway ? 1 : 5);
    }
  })();
  await sleep(300);
  isAway = true;
  await server.stop();
  await sleep(1_500);
  await server.start();
  isAway = false;
  await asking;
  expect((await Promise.all(runs)).map(({ report }) => short(report))).toEqual(names.map((n) => `ok "${n}"`));
  for (const name of names) expect([effects.count(`${name}-before`), effects.count(`${name}-behind`)]).toEqual([1, 1]);
  expect((await Promise.all(computing)).map(({ report }) => short(report))).toEqual(computing.map((_, n) => `ok ${n}`));
  expect(engine.notes.join()).toContain('NATS is away');
  expect(engine.notes.join()).toContain('NATS is back');
});

test('[EN733] NATS that comes back without its queues gets them again, with what waits', async () => {
  const engine = await world.engine();
  const a = await world.start('a');
  const isolate = await engine.runner('isolate');
  expect(short((await runOn(isolate, 'function main() { return 1; }')).report)).toBe('ok 1');
  await server.stop();
  server.forget();
  await server.start();
  const many = await Promise.all([2, 3, 4].map((n) => runOn(isolate, `function main() { return ${n}; }`)));
  expect(many.map(({ report }) => short(report))).toEqual(['ok 2', 'ok 3', 'ok 4']);
  expect(a.said()).toContain('NATS is back');
});

test('[EN815] what waits while NATS loses its queues is offered again, though nothing new comes', {
  timeout: 4 * limits.natsLookMs,
}, async () => {
  const engine = await world.engine();
  const a = await world.start('a', '--cpus', '1');
  const tier = await engine.runner('process');
  const name = newRun();
  const first = runOn(tier, effects.script(4_000), { input: { name }, allow: effects.allow });
  await until(() => effects.count(`${name}-before`) === 1);
  const second = runOn(tier, 'function main() { return 2; }');
  await sleep(500);
  await server.stop();
  server.forget();
  await server.start();
  expect(short((await first).report)).toBe(`ok "${name}"`);
  // Looked at when it has waited for so long, and once every so long.
  const late = sleep(2 * limits.natsLookMs + 15_000).then(() => 'nobody was given it');
  expect(await Promise.race([second.then(({ report }) => short(report)), late])).toBe('ok 2');
  expect(a.said()).toContain('NATS is back');
});

test('[EN815] NATS that comes back with what waits and without those who read it has both again', async () => {
  const engine = await world.engine();
  await world.start('a');
  const isolate = await engine.runner('isolate');
  const names = namesOf(/installation=([^&]*)/.exec(world.query)![1]!);
  const connection = await connect({ servers: `127.0.0.1:${server.port}`, user: 'engine', pass: 'e:ng@ine' });
  const { consumers } = await jetstreamManager(connection);
  const of = { tier: 'isolate', pool: 'default', priority: 'interactive' } as const;
  await consumers.delete(names.stream(of), names.consumer);
  await connection.close();
  await server.stop();
  await server.start();
  // What is put there now is taken by NATS at once.
  await until(() => engine.notes.includes('NATS is back'));
  const late = sleep(20_000).then(() => 'nobody was given it');
  const running = runOn(isolate, 'function main() { return 1; }').then(({ report }) => short(report));
  expect(await Promise.race([running, late])).toBe('ok 1');
});

test('[EN732][EN733] a runner that does not reach the engine for most of its lease ends what it has; the run is lost, not done again', async () => {
  const engine = await world.engine();
  await world.start('a');
  const tier = await engine.runner('process');
  const name = newRun();
  const running = runOn(tier, effects.script(9_000), { input: { name }, allow: effects.allow });
  await until(() => effects.count(`${name}-before`) === 1);
  await server.stop();
  // Longer than the time of the runner, shorter than that of the function.
  await sleep(6_500);
  // Nobody can be heard, and nobody is taken for gone.
  expect(engine.served().length).toBe(2);
  await server.start();
  const { report } = await running;
  expect(short(report)).toBe('runner_lost');
  await sleep(4_000);
  expect([effects.count(`${name}-before`), effects.count(`${name}-behind`)]).toEqual([1, 0]);
  expect(short((await runOn(tier, 'function main() { return 1; }')).report)).toBe('ok 1');
});

test('[EN733] a run whose pool nobody serves for long, and one that NATS does not take, fail with the reason', async () => {
  const engine = await world.engine(2_000);
  const a = await world.start('a');
  const tier = await engine.runner('process');
  await runOn(tier, 'function main() { return 1; }');
  a.process.kill('SIGTERM');
  await a.ended;
  const unserved = await runOn(tier, 'function main() { return 1; }');
  expect(unserved.report.outcome).toMatchObject({
    code: 'runner_lost',
    message: expect.stringContaining('none had begun'),
  });
  await server.stop();
  await expect(runOn(tier, 'function main() { return 1; }')).rejects.toThrow('dispatch_unavailable: NATS took no run');
  await server.start();
});
