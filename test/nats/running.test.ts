// Runs on a runner that is another process: what they give, where they go, and what NATS has on its disk of them.

import { expect, test } from 'vitest';
import type { Hash } from '../../src/base/ids.ts';
import { NatsServer } from '../support/nats_server.ts';
import { NatsWorld, newRun, runOn, short, sleep, until, worldsOfTests } from './world.ts';

const at = worldsOfTests();

test('[EN730] calls that only compute give result, failure with its place, and log', async () => {
  const engine = await at.world.engine();
  await at.world.start('a');
  const isolate = await engine.runner('isolate');
  const script = `function main(input) {
  for (let i = 1; i <= 300; i++) console.log('line ' + i);
  return { next: input.n + 1 };
}`;
  const ran = await runOn(isolate, script, { input: { n: 1 } });
  expect(short(ran.report)).toBe('ok {"next":2}');
  expect(ran.starts).toBe(1);
  expect(ran.lines.map((l) => `${l.seq} ${l.text}`)).toEqual(
    Array.from({ length: 300 }, (_, i) => `${i + 1} line ${i + 1}`),
  );
  expect(ran.report.runner).toMatch(/^a, /);
  const threw = await runOn(isolate, "function main() {\n  throw new Error('no');\n}");
  expect(threw.report.outcome).toMatchObject({ ok: false, code: 'threw', at: { line: 2 } });
  const nothing = await runOn(isolate, 'function main() {}');
  expect(nothing.report.outcome).toEqual({ ok: true, value: undefined });
  const many = Array.from({ length: 500 }, (_, n) =>
    runOn(isolate, 'function main(i) { return i.n; }', { input: { n } }),
  );
  expect((await Promise.all(many)).map(({ report }) => short(report))).toEqual(many.map((_, n) => `ok ${n}`));
});

test('[EN730] runs with effects give result, failure, limits, and log as it comes', async () => {
  const engine = await at.world.engine();
  await at.world.start('a');
  const tier = await engine.runner('process');
  const seen: string[] = [];
  let isOver = false;
  const script = `async function main(input) {
  console.log('first'); console.error('second');
  await new Promise((done) => setTimeout(done, 600));
  console.log('third');
  return input.n + 1;
}`;
  const ran = runOn(tier, script, { input: { n: 1 }, onLine: (l) => seen.push(l.text) });
  void ran.then(() => {
    isOver = true;
  });
  await until(() => seen.length === 2);
  expect(isOver).toBe(false);
  const { report, lines, starts } = await ran;
  expect(short(report)).toBe('ok 2');
  expect(starts).toBe(1);
  expect(lines.map((l) => `${l.seq} ${l.stream} ${l.text}`)).toEqual([
    '1 output first',
    '2 error second',
    '3 output third',
  ]);
  expect(short((await runOn(tier, "function main() { throw new Error('no'); }")).report)).toBe('threw');
  const late = await runOn(tier, 'function main() { for (;;); }', { limits: { timeMs: 500 } });
  expect(short(late.report)).toBe('timed_out');
});

test('[EN730] what authentication leaves is told before what the function prints, and its failure ends the run', async () => {
  const engine = await at.world.engine();
  await at.world.start('a');
  const tier = await engine.runner('process');
  const told: string[] = [];
  const authentication = [
    {
      name: 'log in',
      code: {
        hash: 'login' as Hash,
        script: "function main(s) { requestStorage.setItem('token', s.word + '-token'); }",
      },
      secret: { word: 'open sesame' },
    },
  ];
  const ran = await runOn(tier, "function main() { console.log('behind'); return requestStorage.getItem('token'); }", {
    authentication,
    onLine: (l) => told.push(l.text),
  });
  expect(short(ran.report)).toBe('ok "open sesame-token"');
  expect(ran.authenticated).toBe(1);
  expect(ran.left.join()).toContain('open sesame-token');
  const bad = [
    { ...authentication[0]!, code: { hash: 'bad' as Hash, script: "function main() { throw new Error('no'); }" } },
  ];
  const failed = await runOn(tier, 'function main() {}', { authentication: bad });
  expect(short(failed.report)).toBe('authentication_failed');
});

test('[EN735] no word of a secret is on the disk of NATS, as it is or encoded, while calls that only compute are', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const [tier, isolate] = [await engine.runner('process'), await engine.runner('isolate')];
  const secret = `Zx9-${newRun()}-secret`;
  const plain = `plain-${newRun()}`;
  // While it sleeps all of it lies in the queues.
  a.process.kill('SIGSTOP');
  const seen: string[] = [];
  const script = `async function main(input) {
  console.log('the word is ' + requestStorage.getItem('word'));
  await new Promise((done) => setTimeout(done, 500));
  return requestStorage.getItem('word') + input.word;
}`;
  const login = "function main(s) { requestStorage.setItem('word', s.word); }";
  const running = runOn(tier, script, {
    input: { word: secret },
    members: [{ word: '$Host', entry: `${secret.toLowerCase()}.example:443` }],
    authentication: [{ name: 'log in', code: { hash: 'login' as Hash, script: login }, secret: { word: secret } }],
    onLine: (l) => seen.push(l.text),
  });
  const computing = runOn(isolate, 'function main(i) { return i.word; }', { input: { word: plain } });
  await sleep(500);
  const stored = at.server.stored();
  a.process.kill('SIGCONT');
  await until(() => seen.length > 0);
  stored.push(...at.server.stored());
  expect(short((await running).report)).toBe(`ok "${secret}${secret}"`);
  expect(short((await computing).report)).toBe(`ok "${plain}"`);
  stored.push(...at.server.stored());
  const isStored = (text: string): boolean => stored.some(({ bytes }) => bytes.includes(text));
  // The search finds what is there.
  expect(isStored(plain)).toBe(true);
  const bytes = Buffer.from(secret);
  const encoded = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  for (const text of [secret, secret.toLowerCase(), bytes.toString('hex'), ...encoded])
    expect(isStored(text)).toBe(false);
});

test.each(['isolate', 'process'] as const)('[EN736] 5 MB in and out of the %s tier', async (tier) => {
  const engine = await at.world.engine();
  await at.world.start('a');
  const text = 'abcdefghij'.repeat(500_000);
  const script = 'function main(input) { return { back: input.text, length: input.text.length }; }';
  const { report } = await runOn(await engine.runner(tier), script, {
    input: { text },
    limits: { memoryBytes: 512 * 1024 * 1024 },
  });
  expect(report.outcome).toEqual({ ok: true, value: JSON.stringify({ back: text, length: text.length }) });
});

test('[EN818] calls that share a slip are done where NATS takes smaller messages', async () => {
  const server = await NatsServer.open({ payloadBytesMax: 16 * 1024 });
  const world = new NatsWorld(server);
  try {
    const engine = await world.engine(3_000);
    await world.start('a');
    const isolate = await engine.runner('isolate');
    // Small ones, whose slip is full of them, and ones of which few have room in one.
    for (const length of [1, 1_500, 10_000]) {
      const all = Array.from({ length: 300 }, (_, n) =>
        runOn(isolate, 'function main(i) { return i.n; }', { input: { n, text: 'x'.repeat(length) } }),
      );
      expect((await Promise.all(all)).map(({ report }) => short(report))).toEqual(all.map((_, n) => `ok ${n}`));
    }
  } finally {
    await world.close();
    await server.close();
  }
});

test('[EN738] the room of all runners of a pool counts together, and pools come and go', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const tier = await engine.runner('process');
  expect(tier.capacity).toEqual({ cpus: 2, memoryBytes: 2_048 * 1024 * 1024 });
  expect(tier.confinement.holds.length).toBeGreaterThan(0);
  const b = await at.world.start('b');
  await until(() => tier.capacity.cpus === 4);
  const gpu = await at.world.start('g', '--pool', 'gpu');
  expect((await engine.runner('process', 'gpu')).capacity.cpus).toBe(2);
  const { report } = await runOn(await engine.runner('process', 'gpu'), 'function main() { return 1; }');
  expect(report.runner).toMatch(/^g, /);
  gpu.process.kill('SIGTERM');
  await until(() => engine.served().every((r) => r.pool !== 'gpu'));
  b.process.kill('SIGKILL');
  await until(() => tier.capacity.cpus === 2);
  a.process.kill('SIGTERM');
  await until(() => engine.served().length === 0);
  expect(await Promise.all([gpu.ended, a.ended])).toEqual([0, 0]);
});

test('[EN739] installations do not see each other', async () => {
  const other = new NatsWorld(at.server);
  try {
    const [mine, his] = [await at.world.engine(), await other.engine()];
    await at.world.start('mine');
    await other.start('his');
    const { report } = await runOn(await mine.runner('isolate'), 'function main() { return 1; }');
    expect(report.runner).toMatch(/^mine, /);
    expect((await his.runner('process')).capacity.cpus).toBe(2);
    expect((await runOn(await his.runner('process'), 'function main() { return 1; }')).report.runner).toMatch(/^his, /);
    await sleep(1_500);
    expect((await mine.runner('process')).capacity.cpus).toBe(2);
  } finally {
    await other.close();
  }
});
