// An engine whose users attack it: each text first does what it is for where nothing holds it, then it is a function of a
// component. Its value says with a code why there is none, everything else goes on, and nothing is left when the engine ends.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import type { ComponentView } from '../../src/engine/component.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { type Bare, bare } from '../isolate/bare.ts';
import { processesBelow } from '../isolate/runs.ts';
import { processesWith } from '../process/tier_under_test.ts';
import { type House, sqliteHouse } from './house.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));
const gib = 1024 ** 3;

interface Attack {
  readonly script: string;
  /** Before the script; what holds nothing knows nothing of it. */
  readonly declares?: string;
  readonly mode?: 'vm' | 'eval';
  readonly calls?: number;
  readonly timeoutMs?: number;
  /** What it does in the open. */
  readonly succeeds: (bare: Bare) => boolean;
  readonly code: string;
  readonly tier?: 'process';
}

/** How a text that names nothing with effects asks for the process. */
const found = '(() => {}).constructor("return process")()';
/** How long the bomb's processes would be there: no other's are there for so long. */
const mark = `${300_000_000 + process.pid}`;
const short = '// @timeout 500ms\n';

const attacks: Readonly<Record<string, Attack>> = {
  'an infinite loop': {
    declares: short,
    script: 'function main() { for (;;); }',
    timeoutMs: 1_500,
    succeeds: (b) => b.isStuck,
    code: 'timed_out',
  },
  'an exponential regular expression': {
    declares: short,
    script: 'function main() { return { format: "text", code: String(/^(a+)+$/.test("a".repeat(40) + "b")) } }',
    timeoutMs: 1_500,
    succeeds: (b) => b.isStuck,
    code: 'timed_out',
  },
  'an allocation of 1 GiB': {
    mode: 'eval',
    script:
      'function main() { const all = []; for (let i = 0; i < 1024; i++) all.push(new Uint8Array(2 ** 20).fill(1)); return { format: "text", code: String(all.length) } }',
    succeeds: (b) => (b.rss ?? 0) > 0.9 * gib,
    code: 'out_of_memory',
  },
  'a deep recursion': {
    script: 'function main() { const deeper = () => deeper() + 1; return deeper() }',
    succeeds: (b) => b.status !== 0,
    code: 'threw',
  },
  'a pollution of prototypes': {
    script:
      'function main(input) { Object.prototype.polluted = "yes"; return { format: "text", code: ({}).polluted } }',
    succeeds: (b) => (b.value as { code: string }).code === 'yes',
    code: 'threw',
  },
  'an escape by a constructor': {
    script:
      'function main(input) { return { format: "text", code: input.constructor.constructor("return process")().version } }',
    succeeds: (b) => (b.value as { code: string }).code === process.version,
    code: 'refused_by_sandbox',
  },
  'the process': {
    mode: 'eval',
    script: `function main() { return { format: "text", code: ${found}.version } }`,
    succeeds: (b) => (b.value as { code: string }).code === process.version,
    code: 'refused_by_sandbox',
  },
  'a module that is required': {
    mode: 'eval',
    script: `function main() { const required = ${found}.getBuiltinModule("node:module").createRequire("/")("node:os"); return { format: "text", code: required.EOL } }`,
    succeeds: (b) => (b.value as { code: string }).code === '\n',
    code: 'refused_by_sandbox',
  },
  'a module that is imported': {
    mode: 'eval',
    script: 'async function main() { return { format: "text", code: (await import("node:os")).EOL } }',
    succeeds: (b) => (b.value as { code: string }).code === '\n',
    code: 'not_compiled',
  },
  'a file': {
    mode: 'eval',
    script: `function main() { return { format: "text", code: ${found}.getBuiltinModule("node:fs").readFileSync("/etc/passwd", "utf8") } }`,
    succeeds: (b) => (b.value as { code: string }).code.includes('root:'),
    code: 'refused_by_sandbox',
  },
  'the network': {
    mode: 'eval',
    script: `async function main() {
        const http = ${found}.getBuiltinModule('node:http');
        const server = http.createServer((request, response) => response.end('reached'));
        await new Promise((done) => server.listen(0, '127.0.0.1', done));
        const response = await new Promise((done) => http.get({ port: server.address().port, agent: false }, done));
        let code = '';
        for await (const part of response) code += part;
        server.close();
        return { format: 'text', code };
      }`,
    succeeds: (b) => (b.value as { code: string }).code === 'reached',
    code: 'refused_by_sandbox',
  },
  'what it kept of an earlier call': {
    calls: 2,
    script: 'let calls = 0; function main() { return { format: "text", code: calls++ === 0 ? null : "again" } }',
    succeeds: (b) => (b.value as { code: string }).code === 'again',
    code: 'result_invalid',
  },
  'a result of 100 MiB': {
    declares: '// @memory 512MiB\n',
    script: 'function main() { return { format: "text", code: "x".repeat(100 * 2 ** 20) } }',
    succeeds: (b) => /^1048\d{5} characters$/.test(String(b.value)),
    code: 'output_too_large',
  },
  'a log of 100 MiB': {
    script: 'function main() { for (let i = 0; i < 6400; i++) console.log("x".repeat(2 ** 14 - 1)) }',
    succeeds: (b) => (b.logged ?? 0) > 99 * 2 ** 20,
    code: 'output_too_large',
  },
  'a promise that never settles': {
    script: 'function main() { return new Promise(() => {}) }',
    succeeds: (b) => b.status === 0 && b.value === undefined,
    code: 'timed_out',
  },
  'a bomb of processes': {
    mode: 'eval',
    declares: '// @commands sh sleep\n// @timeout 2s\n',
    script: `async function main() {
      const { spawn } = process.getBuiltinModule('child_process');
      const all = Array.from({ length: 150 }, () => spawn('sh', ['-c', 'exec sleep ${mark}'], { stdio: 'ignore' }));
      let failed = 0;
      for (const child of all) child.on('error', () => failed++);
      await new Promise((r) => setTimeout(r, 500));
      const started = all.filter((child) => child.pid !== undefined && child.exitCode === null).length;
      for (const child of all) child.kill('SIGKILL');
      if (started < 150) for (;;);
      return { format: 'text', code: String(started) };
    }`,
    succeeds: (b) => (b.value as { code: string }).code === '150',
    code: 'timed_out',
    tier: 'process',
  },
  'the environment of the engine': {
    mode: 'eval',
    script:
      'function main() { const seen = process.env.HEADWATER_ENGINES_OWN; if (seen === undefined) throw new Error("nothing there"); return { format: "text", code: seen } }',
    succeeds: (b) => (b.value as { code: string }).code === 'its own',
    code: 'threw',
    tier: 'process',
  },
};

let house: House;
let changeSet: string;
let temporary: string;
let n = 0;
beforeAll(async () => {
  process.env['HEADWATER_ENGINES_OWN'] = 'its own';
  temporary = mkdtempSync(join(tmpdir(), 'headwater-contained-'));
  house = await sqliteHouse({
    functions: () => ({
      compiler: openCompiler(),
      runners: [openIsolate({ workers: 1 }), openProcessTier({ program, temporary })],
    }),
  }).start();
  changeSet = await house.withBox(false);
  await house.submit(
    changeSet,
    {
      kind: 'function.create',
      name: 'innocent',
      functionKind: 'attribute',
      text: 'function main({ size }) { return "size " + size + ({}).polluted; }',
    },
    {
      kind: 'binding.attach',
      function: 'innocent',
      schema: 'Box',
      arguments: [{ name: 'size', path: '/domain/size' }],
      output: '/domain/text',
    },
  );
  await house.create(changeSet, 'victim');
});
afterAll(async () => {
  delete process.env['HEADWATER_ENGINES_OWN'];
  await house.sound();
  await house.close();
  expect(processesBelow(process.pid).filter((pid) => !before.includes(pid))).toEqual([]);
  expect(processesWith(mark)).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(temporary, { recursive: true });
});
const before = processesBelow(process.pid);

test.each(Object.entries(attacks))(
  '%s as a function of a component is refused with a code, and the engine goes on',
  async (name, attack) => {
    const {
      script,
      declares = '',
      mode = 'vm',
      calls = 1,
      timeoutMs = 20_000,
      succeeds,
      code,
      tier = 'isolate',
    } = attack;
    const open = bare(mode, script, { calls, timeoutMs });
    expect(succeeds(open), JSON.stringify(open)).toBe(true);

    const reply = await house.submit(
      changeSet,
      { kind: 'function.create', name, functionKind: 'code-generation', text: declares + script },
      { kind: 'binding.attach', function: name, schema: 'Box' },
    );
    try {
      const size = ++n;
      await house.set(changeSet, 'victim', '/domain/size', size);
      const view = await house.call<ComponentView>('component.get', { changeSet, component: 'victim', waitMs: 60_000 });
      expect(view.problems.map((p) => [p.path, p.code])).toEqual([[expect.stringContaining('/code/'), code]]);
      expect(view.value).toMatchObject({ domain: { size, text: `size ${size}undefined` } });
      await (await house.workspace()).calls.flushed();
      const { items } = await house.call<{ items: RunRecord[] }>('run.list', { changeSet, function: name });
      if (code === 'not_compiled') expect(items).toEqual([]);
      else expect(items[0]).toMatchObject({ tier, failure: { code } });
    } finally {
      await house.submit(changeSet, { kind: 'binding.detach', binding: reply.steps[1]!.subject });
    }
  },
);
