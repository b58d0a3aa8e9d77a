// Ending runs and runners on request, what a runner may do at NATS, and what is refused at the start.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openEngineNode } from '../../src/adapters/nats/engine_node.ts';
import { limits } from '../../src/base/limits.ts';
import { endedBeforeItBegan } from '../../src/ports/runner.ts';
import { freePort } from '../support/free_port.ts';
import { NatsServer } from '../support/nats_server.ts';
import { NatsWorld, newRun, request, runOn, short, sleep, until, worldsOfTests } from './world.ts';

const at = worldsOfTests();

test('[EN734] a run that is under way is ended, and one that waits is never begun', async () => {
  const engine = await at.world.engine();
  await at.world.start('a', '--cpus', '1');
  const tier = await engine.runner('process');
  const [first, second] = [newRun(), newRun()];
  const asked = { id: newRun(), input: { name: first }, allow: at.effects.allow };
  const running = runOn(tier, at.effects.script(20_000), asked);
  await until(() => at.effects.count(`${first}-before`) === 1);
  const waiting = { id: newRun(), input: { name: second }, allow: at.effects.allow };
  const never = runOn(tier, at.effects.script(10), waiting);
  await sleep(300);
  expect(tier.kill(waiting.id)).toBe(true);
  expect((await never).report).toEqual(endedBeforeItBegan);
  const killedAtMs = performance.now();
  expect(tier.kill(asked.id)).toBe(true);
  const { report } = await running;
  expect(short(report)).toBe('killed');
  expect(performance.now() - killedAtMs).toBeLessThan(3_000);
  expect(tier.kill(asked.id)).toBe(false);
  expect(short((await runOn(tier, 'function main() { return 1; }')).report)).toBe('ok 1');
  await sleep(500);
  expect([at.effects.count(`${first}-behind`), at.effects.count(`${second}-before`)]).toEqual([0, 0]);
});

test('[EN734] a call that only computes is ended at once, and its runner works on', async () => {
  const engine = await at.world.engine();
  await at.world.start('a');
  const isolate = await engine.runner('isolate');
  const asked = request('isolate', 'function main() { for (;;); }');
  let begun = 0;
  const running = isolate.run(asked, { started: () => begun++, log: () => {} });
  await until(() => begun === 1);
  expect(isolate.kill(asked.id)).toBe(true);
  expect(short(await running)).toBe('killed');
  const after = await Promise.all([1, 2, 3, 4].map((n) => runOn(isolate, `function main() { return ${n}; }`)));
  expect(after.map(({ report }) => short(report))).toEqual(['ok 1', 'ok 2', 'ok 3', 'ok 4']);
});

test('[EN734] an engine that ends has what it asked for ended', async () => {
  const engine = await at.world.engine();
  await at.world.start('a');
  const tier = await engine.runner('process');
  const name = newRun();
  const running = runOn(tier, at.effects.script(3_000), { input: { name }, allow: at.effects.allow });
  await until(() => at.effects.count(`${name}-before`) === 1);
  await tier.close();
  expect(short((await running).report)).toBe('killed');
  await expect(tier.run(request('process', 'function main() {}'), { started() {}, log() {} })).rejects.toThrow(
    'runner_unavailable',
  );
  await sleep(3_000);
  expect(at.effects.count(`${name}-behind`)).toBe(0);
});

test('[EN738] a runner that is asked to end takes nothing more, ends what it has and leaves; another takes the rest', async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a', '--cpus', '1');
  const tier = await engine.runner('process');
  const names = [newRun(), newRun()];
  const runs = names.map((name) => runOn(tier, at.effects.script(1_500), { input: { name }, allow: at.effects.allow }));
  await until(() => names.some((name) => at.effects.count(`${name}-before`) === 1));
  a.process.kill('SIGTERM');
  await until(() => engine.served().length === 0);
  await at.world.start('b');
  const reports = (await Promise.all(runs)).map(({ report }) => report);
  expect(reports.map(short)).toEqual(names.map((name) => `ok "${name}"`));
  expect(reports.map((r) => r.runner.split(',')[0]).sort()).toEqual(['a', 'b']);
  expect(await a.ended).toBe(0);
  expect(a.said()).toContain('Ended.');
  for (const name of names) expect(at.effects.count(`${name}-behind`)).toBe(1);
});

test('[EN813] a runner that is asked to end while NATS is away ends, with a run that it can tell nobody of', {
  timeout: 90_000,
}, async () => {
  const engine = await at.world.engine();
  const a = await at.world.start('a');
  const tier = await engine.runner('process');
  const name = newRun();
  const running = runOn(tier, at.effects.script(60_000), { input: { name }, allow: at.effects.allow });
  await until(() => at.effects.count(`${name}-before`) === 1);
  await at.server.stop();
  try {
    a.process.kill('SIGTERM');
    // Its lease, what it waits, and a question that was under way.
    const mostMs = 2_500 + limits.natsLeaveMs + limits.natsAskMs + 10_000;
    expect(await Promise.race([a.ended, sleep(mostMs).then(() => 'still there')])).toBe(0);
  } finally {
    await at.server.start();
  }
  expect(short((await running).report)).toBe('runner_lost');
  expect(at.effects.count(`${name}-behind`)).toBe(0);
});

test('[EN737] wrong credentials, no server, no rights and no JetStream are refused with the reason and no password', async () => {
  const runner = await at.world.start('x', '--nats', at.server.urlOf('nobody'));
  expect(await runner.ended).toBe(1);
  expect(runner.said()).toMatch(/dispatch_unavailable: NATS at 127\.0\.0\.1:\d+: .*[Aa]uthorization/);
  expect(runner.said()).not.toContain('wrong');
  const nowhere = await at.world.start('x', '--nats', `nats://127.0.0.1:${await freePort()}`);
  expect(await nowhere.ended).toBe(1);
  expect(nowhere.said()).toContain('dispatch_unavailable');
  const notOne = await at.world.start('x', '--nats', 'http://user:hidden@127.0.0.1');
  expect(await notOne.ended).toBe(1);
  expect(notOne.said()).toContain('request malformed at nats');
  expect(notOne.said()).not.toContain('hidden');
  const noLabel = await at.world.start('x', '--pool', 'Not One');
  expect(await noLabel.ended).toBe(1);
  expect(noLabel.said()).toContain('request malformed at name');
  const noRoom = await at.world.start('x', '--memory', '1');
  expect(noRoom.said()).toContain('request malformed at memory');
  const noFile = await at.world.start('x', '--nats-creds', '/nowhere/x.creds');
  expect(await noFile.ended).toBe(1);
  expect(noFile.said()).toContain('credentials cannot be read');
  await expect(openEngineNode({ url: at.server.urlOf('nobody') })).rejects.toThrow('dispatch_unavailable');
  await expect(openEngineNode({ url: at.server.urlOf('stranger') })).rejects.toThrow(
    /dispatch_unavailable: JetStream: /,
  );
  const plain = await NatsServer.open({ hasJetStream: false });
  try {
    await expect(openEngineNode({ url: plain.urlOf('engine') })).rejects.toThrow(/dispatch_unavailable: JetStream: /);
  } finally {
    await plain.close();
  }
});

test('[EN737][EN817] with rights that name their installation a runner and an engine do all, and nothing of another installation', async () => {
  const [mine, other] = ['mine', 'other'];
  const server = await NatsServer.open({ installations: [mine, other] });
  const world = new NatsWorld(server, 2_500, mine);
  const { connect } = await import('@nats-io/transport-node');
  const stranger = await connect({ servers: `127.0.0.1:${server.port}`, user: `runner-${other}`, pass: 'runs' });
  const refused: string[] = [];
  let seen = '';
  const hear = (subject: string): unknown =>
    stranger.subscribe(subject, {
      callback: (error, m) => {
        if (error !== null) refused.push(subject);
        else seen += new TextDecoder().decode(m.data);
      },
    });
  try {
    world.engineUser = `engine-${mine}`;
    const engine = await world.engine();
    await world.start('a', '--nats', server.urlOf(`runner-${mine}`, world.query));
    const all = ['_INBOX.>', `_INBOX.${mine}.>`, `headwater.${mine}.runner.>`, `_INBOX.${other}.>`];
    for (const subject of all) hear(subject);
    await stranger.flush();
    await until(() => refused.length === 3);
    expect(refused).toEqual(all.slice(0, 3));
    const isolate = await engine.runner('isolate');
    const { report } = await runOn(isolate, 'function main(i) { return i.x; }', { input: { x: 'of the first one' } });
    expect(short(report)).toBe('ok "of the first one"');
    const acting = await runOn(await engine.runner('process'), 'function main() { return 1; }');
    expect(short(acting.report)).toBe('ok 1');
    await stranger.flush();
    expect(seen).toBe('');
  } finally {
    await stranger.close();
    await world.close();
    await server.close();
  }
});

test('[EN737] the rights that the page lists are those that the runners of these tests have', () => {
  const page = readFileSync(new URL('../../docs/runners.md', import.meta.url), 'utf8');
  for (const subject of NatsServer.runnerSubjects) expect(page).toContain(subject);
});

test.each([1, 3])('[EN739] a runner of another version (%i) is not used, and is told so', async (version) => {
  const engine = await at.world.engine();
  const { connect } = await import('@nats-io/transport-node');
  const nc = await connect({ servers: `127.0.0.1:${at.server.port}`, user: 'engine', pass: 'e:ng@ine' });
  try {
    const root = `headwater.${new URLSearchParams(at.world.query).get('installation')}`;
    const told = nc.subscribe(`${root}.runner.later`, { max: 1 });
    const room = { capacity: { cpus: 1, memoryBytes: 1 }, confinement: { holds: [], missing: [] } };
    const hello = { version, instance: 'later', name: 'later', pool: 'default', tiers: { process: room } };
    nc.publish(`${root}.hello`, JSON.stringify(hello));
    for await (const message of told)
      expect(message.json()).toEqual({ refused: expect.stringContaining(`version ${version}`) });
    expect(engine.served()).toEqual([]);
  } finally {
    await nc.close();
  }
});
