// Runners killed, put to sleep and asked to end, and NATS restarted, in an order that a seed says, while runs of both tiers go
// on. Whatever happens, every run comes to an end, no effect is done twice, and what was answered was done.

import { expect, test } from 'vitest';
import { numbersFrom } from '../laws/numbers.ts';
import { NatsWorld, newRun, runOn, type Started, short, sleep, until, worldsOfTests } from './world.ts';

const stormMs = 20_000;
const at = worldsOfTests();

test.each([1, 2])('[EN731][EN732][EN733] storm %i', { timeout: 150_000 }, async (seed) => {
  const world = new NatsWorld(at.server, 3_000);
  const next = numbersFrom(seed);
  const pick = (n: number): number => next() % n;
  try {
    const engine = await world.engine();
    let runners: Started[] = await Promise.all(['r1', 'r2', 'r3'].map((name) => world.start(name)));
    const [tier, isolate] = [await engine.runner('process'), await engine.runner('isolate')];
    let isOver = false;
    const answers = new Map<string, string>();
    const doing: Promise<unknown>[] = [];
    const asking = (async () => {
      for (let n = 0; !isOver; n++) {
        const name = newRun();
        const acting = { input: { name }, allow: at.effects.allow, limits: { cpus: 1 } };
        doing.push(
          runOn(tier, at.effects.script(pick(1_500)), acting).then(({ report }) => answers.set(name, short(report))),
        );
        const computing = Array.from({ length: 5 }, (_, i) =>
          runOn(isolate, 'function main(i) { return i.n; }', { input: { n: `${n} ${i}` } }).then(({ report }) => {
            expect(short(report)).toBe(`ok "${n} ${i}"`);
          }),
        );
        doing.push(...computing);
        await sleep(150 + pick(300));
      }
    })();
    const untilMs = performance.now() + stormMs;
    for (let n = 0; performance.now() < untilMs; n++) {
      await sleep(1_000 + pick(1_500));
      const victim = runners[pick(runners.length)]!;
      const what = pick(10);
      if (what < 4) {
        victim.process.kill('SIGKILL');
        runners = [...runners.filter((r) => r !== victim), await world.start(`r${n + 4}`)];
      } else if (what < 7) {
        victim.process.kill('SIGSTOP');
        // Shorter or longer than the lease.
        setTimeout(() => victim.process.kill('SIGCONT'), 500 + pick(6_000));
      } else if (what < 9) {
        victim.process.kill('SIGTERM');
        runners = [...runners.filter((r) => r !== victim), await world.start(`r${n + 4}`)];
      } else {
        await at.server.stop();
        await sleep(pick(1_000));
        await at.server.start();
      }
    }
    isOver = true;
    await asking;
    let left = doing.length;
    for (const each of doing) void each.finally(() => left--).catch(() => {});
    await until(() => left === 0);
    await Promise.all(doing);
    for (const [name, answer] of answers) {
      const done = [at.effects.count(`${name}-before`), at.effects.count(`${name}-behind`)];
      expect(answer, name).toMatch(/^(ok ".*"|runner_lost)$/);
      if (answer === 'runner_lost') expect(Math.max(...done), name).toBeLessThanOrEqual(1);
      else expect(done, name).toEqual([1, 1]);
    }
    const good = [...answers.values()].filter((a) => a.startsWith('ok')).length;
    expect(good).toBeGreaterThan(answers.size / 3);
  } finally {
    await world.close();
  }
});
