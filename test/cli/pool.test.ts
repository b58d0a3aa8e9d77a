// `headwater pool`: which pools of runners the machine has, that an engine that works takes them up, and what is said of what
// waits for one that is not there.

import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Terminal } from './terminal.ts';

const terminal = new Terminal();
const file = join(terminal.folder, '.headwater', 'pools.json');

interface Pools {
  readonly pools: readonly { name: string; cpus: number; memoryMiB: number; isSet: boolean }[];
}
const listed = async () => (await terminal.json<Pools>('pool', 'list')).pools;

describe('headwater pool', () => {
  test('[EN456] lists, sets and removes; default has what the others leave', async () => {
    const [whole, ...none] = await listed();
    expect([whole!.name, whole!.isSet, none]).toEqual(['default', false, []]);
    expect(await terminal.hw('pool', 'set', 'gpu', '--cpus', '0.5', '--memory', '1024')).toMatchObject({
      code: 0,
      out: 'gpu has 0.5 processors, 1024 MiB.\n',
    });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      format: 1,
      pools: { gpu: { cpus: 0.5, memoryMiB: 1024 } },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await terminal.hw('pool', 'set', 'gpu', '--cpus', '0.5', '--memory', '1024')).out).toBe(
      'gpu had 0.5 processors, 1024 MiB already.\n',
    );
    const left = {
      name: 'default',
      cpus: Math.max(1, whole!.cpus - 0.5),
      memoryMiB: Math.max(512, whole!.memoryMiB - 1024),
      isSet: false,
    };
    expect(await listed()).toEqual([left, { name: 'gpu', cpus: 0.5, memoryMiB: 1024, isSet: true }]);
    await terminal.hw('pool', 'set', 'default', '--cpus', '1', '--memory', '600');
    expect((await listed())[0]).toEqual({ name: 'default', cpus: 1, memoryMiB: 600, isSet: true });
    expect((await terminal.hw('pool', 'list')).out).toBe(
      'default  1 processor, 600 MiB\ngpu      0.5 processors, 1024 MiB\n',
    );
    const removed = await terminal.hw('pool', 'remove', 'default');
    expect(removed.out).toBe(
      `default has what the others leave: ${left.cpus} processor${left.cpus === 1 ? '' : 's'}, ${left.memoryMiB} MiB.\n`,
    );
    expect(await terminal.hw('pool', 'remove', 'gpu')).toMatchObject({
      code: 0,
      out: 'There is no pool gpu any more.\n',
      err: expect.stringContaining('`@pool gpu` waits until there is one again'),
    });
    expect(await terminal.json('pool', 'remove', 'gpu')).toEqual({ name: 'gpu', changed: false, pools: [whole] });
  }, 60_000);

  test.each([
    ['GPU', '1', '512', 'name'],
    ['gpu', '0', '512', 'cpus'],
    ['gpu', 'many', '512', 'cpus'],
    ['gpu', '1', '1', 'memory'],
    ['gpu', '1', '512.5', 'memory'],
  ])('refuses the pool %s with %s processors and %s MiB', async (name, cpus, memory, path) => {
    const said = await terminal.hw('pool', 'set', name, '--cpus', cpus, '--memory', memory, '--json');
    expect(said.code).toBe(1);
    expect(JSON.parse(said.out)).toMatchObject({ error: { code: 'request_malformed', path } });
    expect((await listed()).map((p) => p.name)).toEqual(['default']);
  });

  test.each([
    ['{', 'it is not JSON'],
    ['{"pools":{}}', 'its format is not 1'],
    ['{"format":1}', 'pools is no object'],
    ['{"format":1,"pools":{"A":{}}}', '"A" is not the label of a pool'],
    ['{"format":1,"pools":{"a":{"cpus":0,"memoryMiB":512}}}', 'the pool a has no cpus'],
  ])('says what is wrong with a file that reads %s', async (text, why) => {
    writeFileSync(file, text);
    for (const args of [
      ['pool', 'list'],
      ['pool', 'set', 'a', '--cpus', '1', '--memory', '512'],
      ['pool', 'remove', 'a'],
      ['action', 'list'],
    ]) {
      const { code, err } = await terminal.hw(...args);
      expect(code).toBe(1);
      expect(err).toContain(`pools_unreadable: ${file}: ${why}`);
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
    rmSync(file);
  });

  test('[EN456] an engine that works takes up a pool that somebody sets meanwhile', async () => {
    const source = join(terminal.folder, 'look.ts');
    writeFileSync(source, "// @pool gpu\nfunction main() { return { result: 'success', message: 'it ran' }; }");
    writeFileSync(join(terminal.folder, 'input.json'), '{}');
    const tried = (wait: string) =>
      terminal.hw(
        ...['function', 'test', 'look', '--kind', 'qualification', '--text', source],
        '--input',
        'input.json',
        '--wait',
        wait,
      );
    const told = await tried('1');
    expect(told.out).toContain('waiting for a runner of pool gpu: no runner serves the pool gpu');
    expect(told.out).toContain('`headwater pool set gpu --cpus N --memory MIB`');
    const waiting = tried('30');
    // Until it waits.
    await expect
      .poll(async () => (await terminal.hw('run', 'list')).out, { timeout: 20_000 })
      .toContain('waiting for a runner of pool gpu');
    await terminal.hw('pool', 'set', 'gpu', '--cpus', '1', '--memory', '512');
    expect((await waiting).out).toContain('it ran');
  }, 90_000);

  test('[EN452] an apply does not wait for a pool that is not there: the action says so and how to go on', async () => {
    await terminal.hw('pool', 'remove', 'gpu');
    writeFileSync(
      join(terminal.folder, 'thing.ts'),
      `export default defineSchema({
  domain: { Host: { kind: 'string' } },
  actions: {
    // @pool gpu
    make: { kind: 'create', main: () => ({ status: 'ok', resourceId: 'x', payload: null }) },
  },
});`,
    );
    await terminal.hw('change-set', 'create', 'first');
    await terminal.hw('schema', 'author', 'thing.ts', '--name', 'Thing', '--change-set', 'first');
    await terminal.hw('component', 'create', 'Thing', 'one', '--change-set', 'first');
    const applied = await terminal.hw('change-set', 'apply', 'first');
    expect(applied.code).toBe(0);
    expect(applied.out).toContain('+ create one: queued, waiting for a runner of pool gpu');
    expect(applied.err).toContain(
      'define it with `headwater pool set gpu --cpus N --memory MIB`, or take what waits away',
    );
    const [action] = (await terminal.json<{ items: { id: string; waitsForPool?: string }[] }>('action', 'list')).items;
    expect(action?.waitsForPool).toBe('gpu');
    expect((await terminal.hw('action', 'list')).out).toContain('waiting for a runner of pool gpu');
    expect((await terminal.hw('action', 'show', action!.id)).out).toContain(`headwater action cancel ${action!.id}`);
    await terminal.hw('pool', 'set', 'gpu', '--cpus', '1', '--memory', '512');
    expect((await terminal.hw('action', 'run')).out).toContain('+ create one: succeeded');
    expect((await terminal.hw('action', 'list')).out).not.toContain('waiting');
  }, 90_000);
});
