// What a function declares about its run in line comments.

import { afterAll, describe, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';

const compiler = openCompiler();
afterAll(() => compiler.close());

const main = 'function main(input) { return input.a; }';

function compiled(comments: string) {
  const result = compiler.compile(`${comments}\n${main}`, 'attribute');
  if (!result.ok) throw new Error(`${result.refusal.path} ${result.refusal.got}`);
  return result.value;
}

function refused(comments: string): string {
  const result = compiler.compile(`${comments}\n${main}`, 'attribute');
  if (result.ok) throw new Error(`compiled: ${JSON.stringify(result.value)}`);
  return `${result.refusal.path} ${result.refusal.got}`;
}

describe('directives', () => {
  test('nothing is declared by default', () => {
    const { tier, allow, limits } = compiled('');
    expect({ tier, allow, limits }).toEqual({ tier: 'isolate', allow: undefined, limits: undefined });
  });

  test('hosts and commands add up over comments, and make the function one with effects', () => {
    const { tier, allow } = compiled(
      '// @network api.example.com *.amazonaws.com\n// @network [::1]:8080 10.0.0.7:443\n  // @commands aws kubectl-1.29\r\n',
    );
    expect(tier).toBe('process');
    expect(allow).toEqual({
      network: ['api.example.com', '*.amazonaws.com', '[::1]:8080', '10.0.0.7:443'],
      commands: ['aws', 'kubectl-1.29'],
    });
  });

  test('keys are names with places, and what they let through', () => {
    const { keys } = compiled('// @key aws/{/domain/Region} at-once=20 per-second=10.5 burst=5\n// @key all');
    expect(keys).toEqual([
      { template: 'aws/{/domain/Region}', limits: { atOnceMax: 20, perSecond: 10.5, burst: 5 } },
      { template: 'all', limits: {} },
    ]);
    for (const words of [
      '',
      'a b',
      'a at-once=0',
      'a at-once=1.5',
      'a burst=1 burst=2',
      '{domain}',
      'a{/x',
      'a per-second=x',
    ])
      expect(refused(`// @key ${words}`)).toMatch(/`@key` takes a name/);
  });

  test('[EN450] a pool is one label, and makes the function one of the process tier; default is what one without it has', () => {
    const of = (comments: string) => {
      const { tier, pool } = compiled(comments);
      return { tier, pool };
    };
    expect(of('// @pool gpu')).toEqual({ tier: 'process', pool: 'gpu' });
    expect(of('  // @pool eu-west-1\n// @effects')).toEqual({ tier: 'process', pool: 'eu-west-1' });
    expect(of(`// @pool ${'a'.repeat(63)}`).pool).toHaveLength(63);
    for (const none of ['', '// @pool default', '// the @pool gpu', '/* @pool gpu */', '// @pools gpu'])
      expect(of(none)).toEqual({ tier: 'isolate', pool: undefined });
  });

  test('a pool that stands twice is refused, and one of an authentication function', () => {
    expect(refused('// @pool gpu\n// @pool cpu')).toMatch(/^text:2:1 directive_invalid.*twice/);
    const result = compiler.compile(`// @pool gpu\n${main}`, 'authentication');
    expect(result.ok ? '' : `${result.refusal.path} ${result.refusal.got}`).toMatch(
      /^text:1:4 directive_invalid.*where the function behind it does/,
    );
  });

  test('sockets and members of secrets are reached, too', () => {
    const { tier, allow } = compiled('// @network $Endpoint $Host:$Port $Host:5432 unix:/run/podman/podman.sock');
    expect(tier).toBe('process');
    expect(allow?.network).toEqual(['$Endpoint', '$Host:$Port', '$Host:5432', 'unix:/run/podman/podman.sock']);
  });

  test('what is stored in the clear is named, and makes no function one with effects', () => {
    const { tier, plain } = compiled('// @plain AWS_REGION account\n// @plain a.b:c/d');
    expect({ tier, plain }).toEqual({ tier: 'isolate', plain: ['AWS_REGION', 'account', 'a.b:c/d'] });
    expect(compiled('').plain).toBeUndefined();
  });

  test('limits have units, and leave a pure function pure', () => {
    const { tier, limits } = compiled('// @timeout 1.5s\n// @memory 256MiB\n// @cpus 0.5');
    expect(tier).toBe('isolate');
    expect(limits).toEqual({ timeMs: 1_500, memoryBytes: 256 * 1024 * 1024, cpus: 0.5 });
    expect(compiled('// @effects\n// @memory 2GiB\n// @timeout 5m').limits).toEqual({
      memoryBytes: 2 * 1024 ** 3,
      timeMs: 300_000,
    });
  });

  test('only a line comment that begins with it is one: not a block comment, a string, or a sentence', () => {
    for (const text of [
      '/* @network a.b */',
      '/** @timeout nonsense */',
      'const s = "// @commands aws"',
      '// see @network a',
    ])
      expect(compiled(text)).toMatchObject({ tier: 'isolate' });
  });

  test.each([
    ['// @network', 'got none'],
    ['// @network http://a.b', 'got http://a.b'],
    ['// @network *', 'got *'],
    ['// @network a.b:0', 'got a.b:0'],
    ['// @network a.b:65536', 'got a.b:65536'],
    ['// @network *.[::1]', 'got *.[::1]'],
    ['// @network $', 'got $'],
    ['// @network $a.b', 'got $a.b'],
    ['// @network *.$Host', 'got *.$Host'],
    ['// @network $Host:$', 'got $Host:$'],
    ['// @network $Host:0', 'got $Host:0'],
    ['// @network $Host:$Port:1', 'got $Host:$Port:1'],
    ['// @network unix:run/x.sock', 'got unix:run/x.sock'],
    ['// @network unix:/run/../x.sock', 'got unix:/run/../x.sock'],
    ['// @network unix://run/x.sock', 'got unix://run/x.sock'],
    ['// @commands /bin/sh', 'got /bin/sh'],
    ['// @commands ../x', 'got ../x'],
    ['// @plain', 'got none'],
    ['// @plain REGION, account', 'got REGION,'],
    ['// @timeout 30', 'got 30'],
    ['// @timeout 2h', 'got 2h'],
    ['// @timeout 61m', 'got 61m'],
    ['// @timeout 1ms', 'got 1ms'],
    ['// @timeout 1s 2s', 'got 1s 2s'],
    ['// @memory 256MB', 'got 256MB'],
    ['// @cpus 0', 'got 0'],
    ['// @pool', 'got none'],
    ['// @pool gpu cpu', 'got gpu cpu'],
    ['// @pool GPU', 'got GPU'],
    ['// @pool -gpu', 'got -gpu'],
    ['// @pool gpu-', 'got gpu-'],
    ['// @pool g_pu', 'got g_pu'],
    [`// @pool ${'a'.repeat(64)}`, `got ${'a'.repeat(64)}`],
    ['// @cpus 1e3', 'got 1e3'],
  ])('%s is refused at its place', (comment, got) => {
    const said = refused(`\n  ${comment}`);
    expect(said).toMatch(/^text:2:3 directive_invalid/);
    expect(said).toContain(got);
  });

  test('a limit that stands twice is refused, and so is more memory than a pure function can get', () => {
    expect(refused('// @timeout 1s\n// @timeout 2s')).toMatch(/^text:2:1 directive_invalid.*twice/);
    expect(refused('// @memory 1GiB')).toMatch(/^text:1:4 directive_invalid.*512MiB/);
    expect(compiled('// @effects\n// @memory 1GiB').tier).toBe('process');
  });
});
