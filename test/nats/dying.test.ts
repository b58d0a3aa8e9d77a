// Runners that die, sleep and are cut off with a run in hand. What was done is counted outside of all of them.

import { connect, type Msg } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { namesOf } from '../../src/adapters/nats/protocol.ts';
import { limits } from '../../src/base/limits.ts';
import { Way } from '../support/way.ts';
import { NatsWorld, newRun, runOn, short, sleep, until, worldsOfTests } from './world.ts';

const at = worldsOfTests();

test('[EN731] what a runner had been given and not begun is run by another, once', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const tier = await engine.runner('process');
  await runOn(tier, 'function main() { return 1; }');
  await sleep(200);
  // NATS hands the slip to who waits for one, and he does nothing with it.
  a.process.kill('SIGSTOP');
  const name = newRun();
  const running = runOn(tier, at.effects.script(10), { input: { name }, allow: at.effects.allow });
  await sleep(300);
  a.process.kill('SIGKILL');
  await at.world.start('b');
  const { report, starts } = await running;
  expect(short(report)).toBe(`ok "${name}"`);
  expect(report.runner).toMatch(/^b, /);
  expect(starts).toBe(1);
  expect([at.effects.count(`${name}-before`), at.effects.count(`${name}-behind`)]).toEqual([1, 1]);
});

test('[EN731] calls that only compute are done by another, with each line of their log once', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const isolate = await engine.runner('isolate');
  const script = `function main(input) {
  console.log('one');
  let n = 0;
  for (let i = 0; i < input.rounds; i++) n = (n * 31 + i) % 1000003;
  console.log('two');
  return n;
}`;
  const limits = { timeMs: 30_000 };
  const alone = await runOn(isolate, script, { input: { rounds: 1_000 }, limits });
  expect(alone.lines.map((l) => l.text)).toEqual(['one', 'two']);
  const running = runOn(isolate, script, { input: { rounds: 400_000_000 }, limits });
  await sleep(500);
  a.process.kill('SIGKILL');
  await at.world.start('b');
  const { report, lines } = await running;
  expect(report.outcome.ok).toBe(true);
  expect(report.runner).toMatch(/^b, /);
  expect(lines.map((l) => `${l.seq} ${l.text}`)).toEqual(['1 one', '2 two']);
});

test('[EN731] a call whose engine is out of reach for longer than a slip may come back is not taken for one that brings runners down', async () => {
  const way = await Way.open(at.server.port);
  const { port } = way;
  const engine = await at.world.engine(undefined, port);
  const a = await at.world.start('a');
  const isolate = await engine.runner('isolate');
  a.process.kill('SIGSTOP');
  // Too large for its slip: it is asked for, of an engine that is not there.
  const running = runOn(isolate, 'function main(i) { return i.text.length; }', {
    input: { text: 'x'.repeat(2 * limits.natsInlineBytesMax) },
  });
  await sleep(300);
  await way.close();
  a.process.kill('SIGCONT');
  await sleep((limits.natsBegunMax + 3) * 1_000);
  const back = await Way.open(at.server.port, port);
  const { report, starts } = await running;
  expect([short(report), starts]).toEqual([`ok ${2 * limits.natsInlineBytesMax}`, 1]);
  await back.close();
});

test('[EN731] a call that brings down every runner that begins it is given up, and no other is asked for it', async () => {
  const engine = await at.world.engine();
  let runner = await at.world.start('r0');
  const isolate = await engine.runner('isolate');
  let isOver = false;
  const running = runOn(isolate, 'function main() { for (;;); }').finally(() => {
    isOver = true;
  });
  let died = 0;
  for (; !isOver && died < 3 * limits.natsBegunMax; died++) {
    // NATS gives it to another when it has heard nothing of it for a lease.
    await Promise.race([running, sleep(4_000)]);
    const next = await at.world.start(`r${died + 1}`);
    runner.process.kill('SIGKILL');
    runner = next;
  }
  const { report } = await running;
  expect(report.outcome).toEqual({
    ok: false,
    code: 'runner_lost',
    message: `${limits.natsBegunMax} runners went away while they had it`,
  });
  expect(died).toBeGreaterThanOrEqual(limits.natsBegunMax);
});

/** What gives the request is lost on its way to the runner `a`, with its connection, from the `nth` part on. */
async function lostInGiving(world: NatsWorld, { nth, inputBytes }: { nth: number; inputBytes: number }) {
  const engine = await world.engine();
  const way = await Way.open(at.server.port);
  let parts = 0;
  way.isToBeLost = (piece) => piece.includes('"is":"granted"') && ++parts === nth;
  await world.start(
    'a',
    '--nats',
    at.server.urlOf('runner', world.query).replace(`:${at.server.port}`, `:${way.port}`),
  );
  const tier = await engine.runner('process');
  const name = newRun();
  const input = { name, text: 'x'.repeat(inputBytes) };
  // It takes all of his room, so that the other one asks first for what he gives back.
  const running = runOn(tier, at.effects.script(10), { input, allow: at.effects.allow, limits: { cpus: 2 } });
  await until(() => way.lost === 1);
  return { way, name, running };
}

test.each([
  { lost: 'the answer', nth: 1, inputBytes: 0 },
  { lost: 'the last part of a large one', nth: 3, inputBytes: 3 * limits.natsPartBytes - 100_000 },
])(
  '[EN816] a runner that was given a run and never got it has it when it asks again, and nobody else: $lost is lost',
  async (lost) => {
    const world = new NatsWorld(at.server, 8_000);
    try {
      const { way, name, running } = await lostInGiving(world, lost);
      await world.start('b');
      const { report, starts } = await running;
      expect([short(report), starts]).toEqual([`ok "${name}"`, 1]);
      expect([at.effects.count(`${name}-before`), at.effects.count(`${name}-behind`)]).toEqual([1, 1]);
      await way.close();
    } finally {
      await world.close();
    }
  },
);

test('[EN816] and so through a time without NATS in which it would have ended what it had begun', async () => {
  const world = new NatsWorld(at.server, 4_000);
  try {
    const { way, name, running } = await lostInGiving(world, { nth: 1, inputBytes: 0 });
    await world.start('b');
    await at.server.stop();
    await sleep(4_000);
    await at.server.start();
    const { report, starts } = await running;
    expect([short(report), starts]).toEqual([`ok "${name}"`, 1]);
    expect(at.effects.count(`${name}-before`)).toBe(1);
    await way.close();
  } finally {
    await world.close();
  }
});

test('[EN732] a slip that comes again because what settled it was lost gives nobody the run once more', async () => {
  const engine = await at.world.engine();
  const connection = await connect({
    servers: at.server.urlOf('engine').replace('nats://engine:e%3Ang%40ine@', ''),
    user: 'engine',
    pass: 'e:ng@ine',
  });
  const installation = /installation=([^&]*)/.exec(at.world.query)![1]!;
  const slips: Msg[] = [];
  connection.subscribe(`${namesOf(installation).queue({ tier: 'process', pool: 'default', priority: '*' as never })}`, {
    callback: (_, m) => void slips.push(m),
  });
  await connection.flush();
  await at.world.start('a');
  const tier = await engine.runner('process');
  const name = newRun();
  const running = runOn(tier, at.effects.script(3_000), { input: { name }, allow: at.effects.allow });
  await until(() => at.effects.count(`${name}-before`) === 1);
  const [slip] = slips;
  for (let n = 0; n < 3; n++) connection.publish(slip!.subject, slip!.data);
  const { report, starts } = await running;
  expect([short(report), starts]).toEqual([`ok "${name}"`, 1]);
  await sleep(500);
  expect([at.effects.count(`${name}-before`), at.effects.count(`${name}-behind`)]).toEqual([1, 1]);
  await connection.close();
});

test('[EN732] a runner that dies in the middle of an effect has lost it, and nobody repeats it', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const tier = await engine.runner('process');
  await at.world.start('b');
  await until(() => tier.capacity.cpus === 4);
  const name = newRun();
  // Both have room: whoever has it is known by its log.
  const runs = [name, `${name}x`].map((each) =>
    runOn(tier, at.effects.script(2_000), { input: { name: each }, allow: at.effects.allow, limits: { cpus: 2 } }),
  );
  await until(() => at.effects.count(`${name}-before`) + at.effects.count(`${name}x-before`) === 2);
  a.process.kill('SIGKILL');
  const killedAtMs = performance.now();
  const reports = (await Promise.all(runs)).map(({ report }) => report);
  const lost = reports.find((r) => !r.outcome.ok)!;
  expect(short(lost)).toBe('runner_lost');
  expect(lost.outcome).toMatchObject({ message: expect.stringContaining('the runner a went away') });
  expect(performance.now() - killedAtMs).toBeLessThan(10_000);
  await sleep(3_000);
  expect([at.effects.count(`${name}-before`), at.effects.count(`${name}x-before`)]).toEqual([1, 1]);
  expect(at.effects.count(`${name}-behind`) + at.effects.count(`${name}x-behind`)).toBe(1);
});

test('[EN732] a runner that slept past its lease ends the run when it is awake, and what it says does not count', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const tier = await engine.runner('process');
  const name = newRun();
  const lines: string[] = [];
  const running = runOn(tier, at.effects.script(6_000), {
    input: { name },
    allow: at.effects.allow,
    onLine: (l) => lines.push(l.text),
  });
  await until(() => lines.length === 1);
  a.process.kill('SIGSTOP');
  const { report } = await running;
  expect(short(report)).toBe('runner_lost');
  await at.world.start('b');
  a.process.kill('SIGCONT');
  await sleep(6_500);
  expect([at.effects.count(`${name}-before`), at.effects.count(`${name}-behind`)]).toEqual([1, 0]);
  expect(lines).toEqual(['between']);
  // It is as good as any other by now.
  await until(() => tier.capacity.cpus === 4);
  const all = await Promise.all(
    [1, 2].map(() => runOn(tier, 'function main() { return 1; }', { limits: { cpus: 2 } })),
  );
  expect(all.map(({ report: r }) => short(r))).toEqual(['ok 1', 'ok 1']);
});

test('[EN732] a result that comes from a runner that slept while another computed it is nobody’s', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const isolate = await engine.runner('isolate');
  await runOn(isolate, 'function main() { return 1; }');
  await sleep(200);
  a.process.kill('SIGSTOP');
  const running = runOn(isolate, "function main() { console.log('x'); return 2; }");
  await sleep(100);
  await at.world.start('b');
  const { report, lines } = await running;
  expect(report.runner).toMatch(/^b, /);
  a.process.kill('SIGCONT');
  await sleep(1_000);
  expect(lines.length).toBe(1);
  const after = await Promise.all([1, 2, 3, 4].map((n) => runOn(isolate, `function main() { return ${n}; }`)));
  expect(after.map(({ report: r }) => short(r))).toEqual(['ok 1', 'ok 2', 'ok 3', 'ok 4']);
});

test('[EN732][EN738] engines share a runner; of one that dies the runner ends what has effects, and the other’s goes on', async () => {
  const [first, second] = [await at.world.engine(), await at.world.engine()];
  await at.world.start('a');
  const [dying, living] = [await first.runner('process'), await second.runner('process')];
  const names = [newRun(), newRun()];
  const runs = [dying, living].map((tier, i) =>
    runOn(tier, at.effects.script(5_000), { input: { name: names[i]! }, allow: at.effects.allow }),
  );
  await until(() => names.every((name) => at.effects.count(`${name}-before`) === 1));
  // As a process that is killed: it says nothing to anybody.
  await first.node.close();
  expect(short((await runs[1]!).report)).toBe(`ok "${names[1]}"`);
  await sleep(1_000);
  expect(names.map((name) => at.effects.count(`${name}-behind`))).toEqual([0, 1]);
});
