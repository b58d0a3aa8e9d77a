// What holds user code in. Each attack first succeeds where nothing holds it (a bare context, or the plain process), then
// meets a coded refusal, while a second runner's worth of innocent calls goes on and nothing is left behind.

import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import type { Runner } from '../../src/ports/runner.ts';
import { bare } from './bare.ts';
import { isolateChildren, message, run, short } from './runs.ts';
import { libraryThings, traceEverywhere } from './traces.ts';

const gib = 1024 ** 3;
const innocent = 'function main(input) { return input.n + 1 }';

/** Files of this process in the isolate tier's folders, which have no name any more. */
const marks = () =>
  readdirSync('/proc/self/fd')
    .map((fd) => fileOf(fd))
    .filter((file) => /\/headwater-\w+\/mark/.test(file));

function fileOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // That of the reading itself.
    return '';
  }
}

let runner: Runner;
beforeAll(() => {
  runner = openIsolate({ workers: 1 });
});
afterEach(async () => {
  expect(short(await run(runner, innocent, { n: 1 })), 'an innocent call afterwards').toBe('ok 2');
});
afterAll(async () => {
  expect(isolateChildren()).not.toEqual([]);
  expect(marks()).not.toEqual([]);
  await runner.close();
  expect(isolateChildren(), 'children left').toEqual([]);
  expect(marks(), 'files left').toEqual([]);
});

describe('a call that does not end', () => {
  const endless = {
    'an infinite loop': 'function main() { for (;;); }',
    'a regular expression that backtracks without end':
      'function main() { return /^(a+)+$/.test("a".repeat(40) + "b") }',
    'microtasks that beget microtasks': 'async function main() { for (;;) await null }',
    'microtasks left behind by a call that has returned':
      'function main() { const again = () => Promise.resolve().then(again); again(); return 1 }',
    'built-in functions that take long': 'function main() { const x = 7n ** 5000000n; for (;;) x * x }',
    'a getter of its result': 'function main() { return { get x() { for (;;); } } }',
  };
  test.each(Object.entries(endless))('%s is timed out', async (_, script) => {
    expect(bare('vm', script, { timeoutMs: 1_500 }).isStuck).toBe(true);
    const report = await run(runner, script, {}, { timeMs: 300 });
    expect(short(report)).toBe('timed_out');
    expect(report.started).toHaveLength(1);
  });

  test('a promise that never settles is timed out, at once, and its process goes on', async () => {
    const script = 'function main() { return new Promise(() => {}) }';
    // Bare, the program just ends without a word.
    expect(bare('vm', script)).toEqual({ status: 0, isStuck: false });
    const report = await run(runner, script);
    expect(short(report)).toBe('timed_out');
    expect(report.exit).toBe(null);
  });
});

describe('a call that takes memory', () => {
  const hungry = {
    '1 GiB of heap': `function main() { const all = []; for (let i = 0; i < 1300; i++) all.push(new Array(1e5).fill(i)); return all.length }`,
    '1 GiB of array buffers':
      'function main() { const all = []; for (let i = 0; i < 1024; i++) all.push(new Uint8Array(2 ** 20).fill(1)); return all.length }',
  };
  test.each(Object.entries(hungry))('%s is out of memory', async (_, script) => {
    expect(bare('eval', script).rss).toBeGreaterThan(0.9 * gib);
    const report = await run(runner, script);
    expect(short(report)).toBe('out_of_memory');
    expect(report.peakMemoryBytes).toBeLessThan(0.9 * gib);
  });

  test('more heap than a process has is out of memory where memory cannot be watched either', async () => {
    const small = openIsolate({ workers: 1, memoryBytes: 32 * 1024 ** 2 });
    const script = 'function main() { const all = []; for (;;) all.push({ all: [all.length] }) }';
    expect(short(await run(small, script, {}, { timeMs: 60_000 }))).toBe('out_of_memory');
    expect(short(await run(small, innocent, { n: 1 }))).toBe('ok 2');
    await small.close();
  });

  test('one buffer larger than the process may map is out of memory', async () => {
    const script = 'function main() { return new ArrayBuffer(6 * 2 ** 30).byteLength }';
    expect(bare('eval', script).value).toBe(6 * gib);
    expect(short(await run(runner, script))).toBe('out_of_memory');
  });

  test('recursion without end is thrown to the function', async () => {
    const script = 'function main() { const deeper = () => deeper() + 1; return deeper() }';
    expect(bare('eval', script).status).toBe(1);
    const report = await run(runner, script);
    expect(short(report)).toBe('threw');
    expect(message(report)).toContain('Maximum call stack size exceeded');
  });

  test('recursion that logs where the stack ends leaves the log in order', async () => {
    const script = `function main() {
      let depth = 0;
      const deeper = () => { depth++; try { deeper() } catch { } console.log('x'.repeat(depth % 3000)) };
      deeper();
      return 'done';
    }`;
    const report = await run(runner, script, {}, { outputBytes: 64 * 1024 ** 2 });
    expect(['ok "done"', 'threw']).toContain(short(report));
    expect(report.log.map((line) => line.seq)).toEqual(report.log.map((_, i) => i + 1));
  });
});

describe('a call that writes much', () => {
  const much = { memoryBytes: gib };
  test('100 MiB of result are refused', async () => {
    for (const script of [
      'function main() { return "x".repeat(100 * 2 ** 20) }',
      'function main() { return Array(100).fill("x".repeat(2 ** 20)) }',
    ]) {
      expect(bare('vm', script).value).toMatch(/^1048\d{5} characters$/);
      expect(short(await run(runner, script, {}, much))).toBe('output_too_large');
    }
  });

  test('100 MiB of log are refused, also when the refusal is caught', async () => {
    const body = 'for (let i = 0; i < 6400; i++)';
    const caught = `function main() { ${body} try { console.log("x".repeat(2 ** 14 - 1)) } catch {} ; for (;;); }`;
    const open = `function main() { ${body} console.log("x".repeat(2 ** 14 - 1)) }`;
    expect(bare('vm', open).logged).toBeGreaterThan(99 * 1024 ** 2);
    for (const script of [open, caught]) {
      const report = await run(runner, script);
      expect(short(report)).toBe('output_too_large');
      const bytes = report.log.reduce((sum, line) => sum + line.text.length + 1, 0);
      expect(bytes).toBeLessThanOrEqual(4 * 1024 ** 2);
      expect(bytes).toBeGreaterThan(3.9 * 1024 ** 2);
    }
  });

  test('a result over its bound is counted in bytes, one at its bound passes', async () => {
    const script = 'function main(input) { return input }';
    expect(short(await run(runner, script, 'é'.repeat(49), { outputBytes: 100 }))).toBe(`ok "${'é'.repeat(49)}"`);
    expect(short(await run(runner, script, 'é'.repeat(50), { outputBytes: 100 }))).toBe('output_too_large');
  });

  test('a log line over 16 KiB is cut and says so', async () => {
    const { log } = await run(runner, 'function main() { console.log("é".repeat(2 ** 14)) }');
    expect(Buffer.byteLength(log[0]!.text)).toBeLessThanOrEqual(16 * 1024);
    expect(log[0]!.text).toMatch(/^é{8000,}… \(cut\)$/);
  });
});

describe('a call that reaches for the world', () => {
  const reaching: Record<string, { readonly mode?: 'vm' | 'eval'; readonly script: string; readonly code?: string }> = {
    process: { script: 'function main() { return process.version }' },
    require: { script: 'function main() { return require("node:os").cpus().length }' },
    'a file': { script: 'function main() { return require("node:fs").readFileSync("/etc/passwd", "utf8") }' },
    'a timer': { script: 'function main() { return new Promise((done) => setTimeout(done, 1, "later")) }' },
    'the clock': { script: 'function main() { return Date.now() }' },
    'the date': { script: 'function main() { return new Date().getFullYear() }' },
    chance: { script: 'function main() { return Math.random() }' },
    'a module': {
      script: 'async function main() { return (await import("node:os")).cpus().length }',
      code: 'not_compiled',
    },
    'a module, in text that is evaluated': {
      script: 'async function main() { return (await (0, eval)("import" + "(\\"node:os\\")")).cpus().length }',
    },
    'the process, through the constructor of what it is called on': {
      mode: 'vm',
      script: 'function main(input) { return input.constructor.constructor("return process")().version }',
    },
    'the process, through a function of the host': {
      mode: 'vm',
      script: 'function main() { return console.log.constructor("return process")().version }',
    },
  };
  test.each(Object.entries(reaching))(
    '%s is refused',
    async (_, { mode = 'eval', script, code = 'refused_by_sandbox' }) => {
      const free = bare(mode, script);
      expect(free.status, 'the attack in the open').toBe(0);
      expect(free.value).toBeDefined();
      const report = await run(runner, script);
      expect(short(report), message(report)).toBe(code);
    },
  );

  test('the network is refused, and nothing arrives', async () => {
    const counting = `
      const { parentPort } = require('node:worker_threads');
      let asked = 0;
      const server = require('node:http').createServer((request, response) => response.end('reached ' + ++asked));
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
      parentPort.on('message', () => parentPort.postMessage(asked));`;
    // A thread of its own: the bare attack holds up this one.
    const server = new Worker(counting, { eval: true });
    try {
      const said = async (): Promise<number> => ((await once(server, 'message')) as [number])[0];
      const port = await said();
      const script = `async function main() { return (await fetch('http://127.0.0.1:${port}/')).text() }`;
      expect(bare('eval', script).value).toBe('reached 1');
      expect(short(await run(runner, script))).toBe('refused_by_sandbox');
      for (const way of [
        `require('node:net').connect(${port})`,
        `new WebSocket('ws://127.0.0.1:${port}/')`,
        `new XMLHttpRequest()`,
        `navigator.sendBeacon('http://127.0.0.1:${port}/')`,
      ])
        expect(short(await run(runner, `function main() { ${way} }`)), way).toMatch(/^(refused_by_sandbox|threw)$/);
      const asked = said();
      server.postMessage('asked?');
      expect(await asked).toBe(1);
    } finally {
      await server.terminate();
    }
  });

  test('no constructor leads out of the realm', async () => {
    const ways = [
      'this',
      'globalThis',
      'input',
      'input.list',
      '(() => {})',
      '(async () => {})',
      '(function* () {})',
      '(async function* () {})',
      'console',
      'console.log',
      '_',
      '_.map',
      'Joi',
      'Joi.string()',
      'YAML.parse',
      'toml.parse',
      'jsonpatch.compare',
      'Buffer',
      'Buffer.from',
      'Buffer.from("a")',
      'new Error("x")',
      'Promise.resolve()',
      'new TextEncoder()',
      'Reflect',
    ];
    const script = `function main(input) {
      const found = [];
      const ways = [${ways.map((way) => `() => ${way}`).join(',')}];
      for (const way of ways) {
        for (let at = way(), depth = 0; at !== null && at !== undefined && depth < 6; at = Object.getPrototypeOf(at), depth++) {
          for (const make of [at.constructor, at.constructor?.constructor]) {
            try {
              const world = make('return typeof process + typeof require + typeof globalThis.process')();
              if (typeof world === 'string' && world !== 'undefinedundefinedundefined') found.push(String(way) + world);
            } catch { }
          }
        }
      }
      return found;
    }`;
    const out = `function main(input) { return input.constructor.constructor('return typeof process')() }`;
    expect(bare('vm', out).value).toBe('object');
    expect(short(await run(runner, script, { list: [1] }))).toBe('ok []');
  });

  test('stacks, symbols and names of the realm tell nothing of the host', async () => {
    const script = `function main() {
      let stack = '';
      try { null.x } catch (e) { stack = e.stack }
      Error.prepareStackTrace = (_, sites) => sites;
      const sites = new Error('x').stack;
      return { stack, sites, limit: Error.stackTraceLimit === 3, names: Object.getOwnPropertyNames(globalThis).filter((name) =>
        /process|global$|require|Compartment|lockdown|harden|WebAssembly|Atomics|SharedArrayBuffer|WeakRef|Finalization|Intl|structuredClone|performance|crypto/.test(name)) };
    }`;
    const report = await run(runner, script);
    expect(['threw', 'ok {"stack":"","sites":"","limit":false,"names":[]}']).toContain(short(report));
  });
});

describe('a call that pollutes prototypes', () => {
  const polluting = {
    'by its name': 'Object.prototype.polluted = 1',
    'through what it is called on': 'input.__proto__.polluted = 1',
    'through a constructor': 'input.constructor.prototype.polluted = 1',
    'by a definition': 'Object.defineProperty(Object.prototype, "polluted", { value: 1 })',
    'by a merge of parsed text':
      'const merge = (a, b) => { for (const k of Object.keys(b)) { if (typeof b[k] === "object") merge(a[k], b[k]); else a[k] = b[k] } }; merge({}, JSON.parse(`{"__proto__":{"polluted":1}}`))',
  };
  test.each(Object.entries(polluting))('%s has thrown, and no other call sees it', async (_, attack) => {
    const script = `function main(input) { ${attack}; return ({}).polluted }`;
    expect(bare('eval', script).value).toBe(1);
    expect(short(await run(runner, script))).toBe('threw');
    expect(short(await run(runner, 'function main(input) { return [({}).polluted, input.polluted] }'))).toBe(
      'ok [null,null]',
    );
  });
});

describe('a call that leaves something behind', () => {
  /** Each answers whether an earlier call has left its trace. */
  const traces: Record<string, string> = {
    'in a global variable':
      'function main() { const seen = globalThis.trace === 1; globalThis.trace = 1; return seen }',
    'in the prototype of all objects':
      'function main() { const seen = ({}).trace === 1; Object.prototype.trace = 1; return seen }',
    'in a function of the language': 'function main() { const seen = Array.trace === 1; Array.trace = 1; return seen }',
    'in an object of the language': 'function main() { const seen = Math.trace === 1; Math.trace = 1; return seen }',
    'in the console': 'function main() { const seen = console.trace2 === 1; console.trace2 = 1; return seen }',
    'in a variable beside main': 'let calls = 0; function main() { return calls++ > 0 }',
    'in a property of main': 'function main() { const seen = main.trace === 1; main.trace = 1; return seen }',
    'in a regular expression':
      'const pattern = /a/g; function main() { const at = pattern.lastIndex; pattern.test("aa"); return at > 0 }',
    'in a class': 'class C { static calls = 0 } function main() { return C.calls++ > 0 }',
    'under a registered symbol':
      'function main() { const key = Symbol.for("trace"); const seen = globalThis[key] === 1; globalThis[key] = 1; return seen }',
    'in the frozen texts of a template':
      'const tag = (texts) => texts; const at = () => tag`a`; function main() { const texts = at(); const seen = texts.trace === 1; try { texts.trace = 1 } catch { } return seen }',
  };
  const withoutTraceInBare = new Set(['in the frozen texts of a template']);
  test.each(Object.entries(traces))('%s does not find it', async (name, script) => {
    if (!withoutTraceInBare.has(name)) expect(bare('vm', script, { calls: 2 }).value).toBe(true);
    const first = await run(runner, script);
    const second = await run(runner, script);
    expect(['ok false', 'threw']).toContain(short(first));
    expect(short(second)).toBe(short(first));
  });

  test.each([
    ['lodash', '_'],
    ['lodash’s settings', '_.templateSettings'],
    ['lodash’s functions', '_.prototype'],
    ['lodash’s memory', '_.memoize'],
    ['Joi', 'Joi'],
    ['a schema of Joi', 'Object.getPrototypeOf(Joi.string())'],
    ['a set of Joi', 'Joi._types'],
    ['YAML', 'YAML'],
    ['YAML’s documents', 'Object.getPrototypeOf(YAML.parseDocument("a: 1"))'],
    ['toml', 'toml'],
    ['the JSON patch', 'jsonpatch'],
    ['Buffer', 'Buffer'],
    ['its prototype', 'Buffer.prototype'],
  ])('in %s does not find it', async (_, what) => {
    const script = `function main() { const at = ${what}; const seen = at.trace === 1; at.trace = 1; return seen }`;
    expect(short(await run(runner, script))).toBe('threw');
    expect(short(await run(runner, `function main() { return ${what}.trace === 1 }`))).toBe('ok false');
  });

  test.each(Object.entries(libraryThings))(
    'anywhere in what can be reached from %s does not find it',
    async (_, things) => {
      const script = traceEverywhere(things);
      const [first, second] = [await run(runner, script), await run(runner, script)];
      expect(short(first), message(first)).toMatch(/^ok \{"walked":\d{3,},"found":\[\],"failed":\[\]\}$/);
      expect(short(second), message(second)).toBe(short(first));
    },
  );

  test('where it can be left, is found by the same walk', async () => {
    const own = 'const shared = { map: new Map(), date: new Date(0) };';
    const script = `${own} ${traceEverywhere('[() => shared]')}`;
    const { value } = bare('vm', script, { calls: 2 }) as { value: { found: string[] } };
    expect(value.found).toEqual(expect.arrayContaining(['property #0', 'map #0.map', 'date #0.date']));
  });

  test('in what lodash counts does not find it', async () => {
    const script = 'function main() { return [_.uniqueId("n"), _.uniqueId("n")] }';
    for (let n = 0; n < 3; n++) expect(short(await run(runner, script))).toBe('ok ["n1","n2"]');
  });

  test('with lodash’s clock, which it reads for itself, behaves the same after a thousand calls', async () => {
    const script = 'function main() { return _.curry((a, b) => a + b)(1)(2) + _.partialRight((a, b) => a - b, 1)(3) }';
    const all = await Promise.all(Array.from({ length: 1_500 }, () => run(runner, script)));
    expect(new Set(all.map(short))).toEqual(new Set(['ok 5']));
    expect(short(await run(runner, 'function main() { return _.now() }'))).toBe('refused_by_sandbox');
  });

  test('a text that closes more than it opens is no script', async () => {
    const script =
      'function main() { return 1 } return main }; let calls = 0; return function () { function main() { return calls++ }';
    expect(short(await run(runner, script))).toBe('not_compiled');
  });
});
