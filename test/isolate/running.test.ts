// The isolate tier as a runner: what comes back, in which order, whom it blames and whom it spares.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import type { RunId } from '../../src/base/ids.ts';
import type { Runner } from '../../src/ports/runner.ts';
import {
  type Heard,
  isolateChildren,
  message,
  processesBelow,
  processorSeconds,
  run,
  short,
  withIsolate,
} from './runs.ts';

const endless = 'function main() { for (;;); }';
/** Short when `ms` is absent; otherwise it turns in a loop for about so many million steps. */
const turning =
  'function main(input) { let n = 0; for (let i = 0; i < (input.steps ?? 0) * 1e6; i++) n += i % 7; return [input.name, n > -1] }';

/** Ends the children that have used so much processor time: those that are starting have used less than a second. */
function killChildren(overSeconds = 0): void {
  for (const pid of isolateChildren().filter((child) => processorSeconds(child) >= overSeconds)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (e) {
      // It went with the one before.
      if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e;
    }
  }
}

let runner: Runner;
beforeAll(() => {
  runner = openIsolate({ workers: 2 });
});
afterAll(async () => {
  await runner.close();
});

describe('a call', () => {
  test('gives its result as JSON, from a function or an async one, declared in any way', async () => {
    const input = { a: [1, 'é', null], __proto__: null };
    expect(short(await run(runner, 'function main(input) { return input }', input))).toBe('ok {"a":[1,"é",null]}');
    expect(short(await run(runner, 'async function main(input) { await null; return input.a[1] }', input))).toBe(
      'ok "é"',
    );
    expect(short(await run(runner, 'const main = async ({ a }) => a.length;', input))).toBe('ok 3');
    expect(
      short(
        await run(
          runner,
          '"use strict";\nlet n = 1;\nconst more = () => ++n;\nfunction main() { return more() } // end',
        ),
      ),
    ).toBe('ok 2');
  });

  test('that returns nothing has no value', async () => {
    expect((await run(runner, 'function main() {}')).outcome).toEqual({ ok: true, value: undefined });
  });

  test('is told as started once, with its lines in order, before the report', async () => {
    const script = `async function main(input) {
      console.log('one', { a: [1] }, undefined);
      await null;
      console.error('two\\nthree');
      console.log(new Error('four'), [() => 1][0]);
      return 5;
    }`;
    const report = await run(runner, script);
    expect(short(report)).toBe('ok 5');
    expect(report.started).toHaveLength(1);
    expect(report.log.map(({ seq, stream, text }) => [seq, stream, text])).toEqual([
      [1, 'output', 'one {"a":[1]} undefined'],
      [2, 'error', 'two'],
      [3, 'error', 'three'],
      [4, 'output', 'Error: four [function ]'],
    ]);
    for (const line of report.log) expect(line.atMs).toBeGreaterThanOrEqual(report.started[0]!);
  });

  test('that goes on tells its lines while it does', async () => {
    const heard: string[] = [];
    const script =
      'function main() { console.log("now"); for (let i = 0; ; i++) if (i % 1e6 === 0) console.log("still") }';
    const report = await new Promise((resolve) => {
      const request = {
        id: 'live' as RunId,
        kind: 'attribute',
        tier: 'isolate',
        name: 'live',
        code: { hash: script as never, script },
        input: '{}',
        limits: { timeMs: 20_000, memoryBytes: 128 * 1024 ** 2, cpus: 1, outputBytes: 4 * 1024 ** 2 },
      } as const;
      const listener = {
        started: () => {},
        log: ({ text }: { text: string }) => {
          heard.push(text);
          if (heard.length === 3) runner.kill('live' as RunId);
        },
      };
      void runner.run(request, listener).then(resolve);
    });
    expect(report).toMatchObject({ outcome: { ok: false, code: 'killed' } });
    expect(heard.slice(0, 3)).toEqual(['now', 'still', 'still']);
  });

  test('that throws is reported with the place in its text', async () => {
    const at = async (script: string) => {
      const { outcome } = await run(runner, script);
      return outcome.ok ? outcome : [outcome.code, outcome.message, outcome.at];
    };
    expect(await at('function main() { throw new Error("no") }')).toEqual(['threw', 'no', { line: 1, column: 25 }]);
    expect(await at('\n\nasync function main() {\n  await null;\n  null.x }')).toEqual([
      'threw',
      "TypeError: Cannot read properties of null (reading 'x')",
      { line: 5, column: 8 },
    ]);
    expect(await at('function main() {\n  return _.map([1], (x) => x.a.b) }')).toEqual([
      'threw',
      "TypeError: Cannot read properties of undefined (reading 'b')",
      { line: 2, column: 32 },
    ]);
    expect(await at('function main() { throw "a text" }')).toEqual(['threw', 'a text', undefined]);
    const notShown = ['threw', 'It threw something that cannot be shown.', undefined];
    expect(await at('function main() { throw { get message() { throw 1 } } }')).toEqual(notShown);
    expect(await at('function main() { throw new Proxy({}, { getPrototypeOf() { throw 1 } }) }')).toEqual(notShown);
    expect(await at('function main() { return fetch("x") }')).toMatchObject([
      'refused_by_sandbox',
      expect.stringContaining('no fetch'),
      { line: 1, column: 26 },
    ]);
  });

  test('of a text that does not compile, or declares no main, is not compiled', async () => {
    const report = await run(runner, 'function main() {\n  return 1 +;\n}');
    expect(short(report)).toBe('not_compiled');
    expect(report.outcome).toMatchObject({ at: { line: 2 } });
    expect(short(await run(runner, 'function other() {}'))).toBe('not_compiled');
    expect(short(await run(runner, 'function main() { return 010 }'))).toBe('not_compiled');
    expect(short(await run(runner, '// <!-- \nfunction main() { return 1 }'))).toBe('not_compiled');
  });

  test('whose result is no JSON is refused', async () => {
    for (const value of [
      '(() => 1)',
      'Symbol("x")',
      '1n',
      '{ toJSON() { throw new Error("no") } }',
      '(() => { const a = []; a[0] = a; return a })()',
    ])
      expect(short(await run(runner, `function main() { return ${value} }`)), value).toBe('result_invalid');
  });

  test('that rejects a promise nobody looks at goes on, and its log says so', async () => {
    const script = 'async function main() { Promise.reject(new Error("lost")); await null; return 1 }';
    const report = await run(runner, script);
    expect(short(report)).toBe('ok 1');
    expect(report.log).toMatchObject([{ stream: 'error', text: 'A promise was rejected and nobody looked: lost' }]);
  });

  test('may use the libraries, frozen as they are, as elsewhere', async () => {
    const [lodash, joi, yaml, toml, patch] = await Promise.all(
      ['lodash', 'joi', 'yaml', 'smol-toml', 'fast-json-patch'].map(async (name) => {
        const module = await import(name);
        return module.default ?? module;
      }),
    );
    const inTheOpen = new Function(
      '_',
      'Joi',
      'YAML',
      'toml',
      'jsonpatch',
      'Buffer',
      'body',
      'return eval("(" + body + ")()")',
    );
    for (const body of libraryUses) {
      const expected = JSON.stringify(inTheOpen(lodash, joi, yaml, toml, patch, Buffer, `() => ${body}`));
      const report = await run(runner, `function main() { return ${body} }`);
      expect(`${short(report)} ${message(report)}`.trim(), body).toBe(`ok ${expected}`);
    }
  });
});

const libraryUses = [
  '_.chunk([1, 2, 3], 2)',
  '_([1, 2, 3]).map((x) => x * 2).filter((x) => x > 2).value()',
  '_.merge({ a: { b: 1 } }, { a: { c: [2] } })',
  '_.cloneDeep({ a: [1, { b: 2 }], d: new Date(0) })',
  '_.template("hi <%= d.a %>", { variable: "d" })({ a: 1 })',
  '_.set({}, "a.b[0]", 1)',
  '_.groupBy([1, 2, 3], (x) => x % 2)',
  '_.orderBy([{ a: 2 }, { a: 1 }], ["a"])',
  '_.camelCase("foo bar é")',
  '_.memoize((x) => x + 1)(1)',
  '_.isEqual({ a: new Map([[1, new Set([2])]]) }, { a: new Map([[1, new Set([2])]]) })',
  '_.uniqWith([{ a: 1 }, { a: 1 }], _.isEqual)',
  'Joi.object({ a: Joi.string().min(2).required().regex(/^a/), b: Joi.number().integer().max(5).default(3), c: Joi.array().items(Joi.string().email(), Joi.any().valid(1, 2)), d: Joi.date() }).validate({ a: "ab", c: ["a@b.com", 1], d: "2020-01-01" })',
  'Joi.string().pattern(/^x/).label("L").messages({ "string.pattern.base": "no {#label}" }).validate("y").error.message',
  'Joi.extend((joi) => ({ type: "foo", base: joi.string(), validate(v) { return { value: v + "!" } } })).foo().validate("a")',
  'Joi.string().ip({ version: ["ipv4"], cidr: "required" }).validate("10.0.0.0/8")',
  'Joi.string().uri().validate("https://a.b/c")',
  'Joi.string().hostname().validate("a-b.com")',
  'Joi.string().domain().validate("exämple.com").error?.message ?? null',
  'Joi.string().guid().validate("x").error.message',
  'Joi.string().min(3).describe()',
  'Joi.build(Joi.string().min(3).describe()).validate("a").error.message',
  'Joi.object({ a: Joi.number(), b: Joi.number().min(Joi.ref("a")) }).validate({ a: 3, b: 2 }).error.message',
  'Joi.object({ a: Joi.string(), b: Joi.when("a", { is: "x", then: Joi.required() }) }).validate({ a: "x" }).error.message',
  'Joi.alternatives().try(Joi.string(), Joi.number()).validate({}).error.message',
  'Joi.object({ a: Joi.number().default(Joi.ref("b")) , b: Joi.any() }).validate({ b: 4 })',
  'Joi.object({ n: Joi.number() }).options({ abortEarly: false, convert: false }).validate({ n: "1", m: 1 }).error.details',
  'Joi.boolean().truthy("y").validate("y")',
  'Joi.string().valid("a", "b").insensitive().validate("B")',
  'Joi.object().pattern(/^a/, Joi.number()).validate({ ab: "1" })',
  'Joi.array().unique().validate([1, 1]).error.message',
  'Joi.link("#t") && Joi.object({ a: Joi.link("#t") }).id("t").validate({ a: { a: {} } })',
  'YAML.parse("a: &x [1, {b: 2}]\\nc: *x\\nd: |\\n  text\\n")',
  'YAML.parse("a: 2020-01-01\\nb: !!binary aGk=", { version: "1.1" })',
  'YAML.stringify({ a: 1, b: [1, { c: "x\\ny" }], d: null })',
  'YAML.parseDocument("a: [1").errors.map((e) => e.code)',
  'toml.parse("a = 1\\n[b]\\nc = [1, 2]\\nd = 1979-05-27T07:32:00Z")',
  'toml.stringify({ a: 1, b: { c: [1] } })',
  'jsonpatch.compare({ a: 1 }, { a: 2, b: [1] })',
  'jsonpatch.applyPatch({ a: 1 }, [{ op: "add", path: "/b", value: 2 }]).newDocument',
  'Buffer.from("héllo").toString("base64")',
  'Buffer.from("aGk=", "base64").toString()',
  'Buffer.from("68690a", "hex").toString("utf8")',
  'Buffer.concat([Buffer.from("a"), Buffer.from([98, 99])])',
  '[Buffer.byteLength("é"), Buffer.isBuffer(Buffer.alloc(1)), Buffer.from("a").equals(Buffer.from("a"))]',
];

describe('many calls', () => {
  test('thousands at once all come back with their own result, of many texts', async () => {
    const texts = Array.from(
      { length: 20 },
      (_, i) => `function main(input) { console.log(input.n); return input.n * ${i} }`,
    );
    const reports = await Promise.all(Array.from({ length: 6_000 }, (_, n) => run(runner, texts[n % 20]!, { n })));
    for (const [n, report] of reports.entries()) {
      expect(short(report)).toBe(`ok ${n * (n % 20)}`);
      expect(report.log.map(({ seq, text }) => `${seq} ${text}`)).toEqual([`1 ${n}`]);
    }
  });

  test('start in the order in which they came', async () => {
    const order: number[] = [];
    await withIsolate({ workers: 1 }, (one) =>
      Promise.all(
        Array.from({ length: 300 }, (_, n) => run(one, turning, { name: n }, { started: () => order.push(n) })),
      ),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).toHaveLength(300);
  });

  test('have their time from their start, however long they wait', async () => {
    await withIsolate({ workers: 1 }, async (one) => {
      const slow = 'function main() { let n = 0; for (let i = 0; i < 1e8; i++) n += i % 7; return n > 0 }';
      const reports = await Promise.all(Array.from({ length: 12 }, () => run(one, slow, {}, { timeMs: 5_000 })));
      const waitedMs = reports.reduce((sum, report) => sum + report.tookMs, 0);
      for (const report of reports) expect(short(report)).toBe('ok true');
      expect(Math.max(...reports.map((report) => report.tookMs))).toBeLessThan(waitedMs);
    });
  });
});

describe('when a child has to be ended', () => {
  test('the call to blame is reported, those beside it are tried again unseen, and a spare takes over', async () => {
    await withIsolate({ workers: 1 }, async (one) => {
      const script =
        'function main(input) { console.log(input.name); if (input.name === "bad") for (;;); return input.name }';
      // Known to be short, calls of one text are handed over together.
      for (let n = 0; n < 30; n++) await run(one, script, { name: 'warm' });
      const names = Array.from({ length: 60 }, (_, n) => (n === 20 ? 'bad' : `good ${n}`));
      const reports = await Promise.all(names.map((name) => run(one, script, { name }, { timeMs: 400 })));
      for (const [n, report] of reports.entries()) {
        expect(short(report), names[n]).toBe(names[n] === 'bad' ? 'timed_out' : `ok "${names[n]}"`);
        expect(report.started).toHaveLength(1);
        expect(
          report.log.map(({ seq, text }) => `${seq} ${text}`),
          names[n],
        ).toEqual([`1 ${names[n]}`]);
      }
      expect(new Set(reports.map((report) => report.runner)).size).toBeGreaterThan(1);
    });
  });

  test('calls behind one that takes unexpectedly long go elsewhere meanwhile', async () => {
    await withIsolate({ workers: 1 }, async (one) => {
      for (let n = 0; n < 30; n++) await run(one, turning, { name: 'warm' });
      const ended: unknown[] = [];
      const inputs = [{ name: 'long', steps: 400 }, ...Array.from({ length: 20 }, (_, name) => ({ name }))];
      await Promise.all(
        inputs.map((input) => run(one, turning, input).then((report) => ended.push([input.name, short(report)]))),
      );
      expect(ended.at(-1)).toEqual(['long', 'ok ["long",true]']);
      expect(ended).toHaveLength(21);
    });
  });

  test('a child that something else ended costs no call', async () => {
    await withIsolate({ workers: 1 }, async (one) => {
      const reports = run(one, turning, { name: 'x', steps: 1_000 }, { started: () => killChildren() });
      expect(short(await reports)).toBe('ok ["x",true]');
    });
  });

  test('a call whose child is ended from outside twice is lost', { timeout: 60_000 }, async () => {
    await withIsolate({ workers: 1 }, async (one) => {
      const timer = setInterval(() => killChildren(1.5), 100);
      expect(short(await run(one, `${endless} // lost`, {}, { timeMs: 120_000 }))).toBe('runner_lost');
      clearInterval(timer);
      expect(short(await run(one, turning, { name: 1 }))).toBe('ok [1,true]');
    });
  });

  test('three times, its text is quarantined until it changes', async () => {
    const codes: string[] = [];
    for (let n = 0; n < 4; n++) codes.push(short(await run(runner, endless, { n }, { timeMs: 60 })));
    expect(codes).toEqual(['timed_out', 'timed_out', 'timed_out', 'quarantined']);
    // What another workspace gives the same text is its own affair.
    expect(short(await run(runner, endless, {}, { timeMs: 60, workspace: 'other' }))).toBe('timed_out');
    expect(short(await run(runner, `${endless} // changed`, {}, { timeMs: 60 }))).toBe('timed_out');
  });

  test('a promise that never settles, an error, or a kill is no reason for quarantine', async () => {
    const script = 'function main(input) { if (input.loop) for (;;); return new Promise(() => {}) }';
    for (let n = 0; n < 4; n++) expect(short(await run(runner, script))).toBe('timed_out');
    for (let n = 0; n < 4; n++) {
      const id = `loop-${n}`;
      const killed = run(
        runner,
        script,
        { loop: true },
        { id, started: () => setTimeout(() => runner.kill(id as RunId), 20) },
      );
      expect(short(await killed)).toBe('killed');
    }
    expect(short(await run(runner, script))).toBe('timed_out');
  });

  test('after its calls, nothing is noticed', async () => {
    await withIsolate({ workers: 1, callsMax: 50 }, async (one) => {
      const reports = await Promise.all(Array.from({ length: 400 }, (_, name) => run(one, turning, { name })));
      expect(reports.map(short)).toEqual(reports.map((_, n) => `ok [${n},true]`));
      expect(new Set(reports.map((report) => report.runner)).size).toBeGreaterThan(1);
    });
  });
});

describe('kill and close', () => {
  test('a kill ends a call under way, and one that waits, and knows none that has ended', async () => {
    await withIsolate({ workers: 1 }, async (one) => {
      const waiting = run(one, `${endless} // b`, {}, { id: 'waits' });
      const running = run(one, `${endless} // a`, {}, { id: 'runs', started: () => one.kill('runs' as RunId) });
      expect(one.kill('waits' as RunId)).toBe(true);
      expect(short(await waiting)).toBe('killed');
      expect(short(await running)).toBe('killed');
      expect(one.kill('runs' as RunId)).toBe(false);
      expect(short(await run(one, turning, { name: 1 }))).toBe('ok [1,true]');
    });
  });

  test('closing ends every call and every child; later calls are unavailable', async () => {
    const one = openIsolate({ workers: 2 });
    const reports: Promise<Heard>[] = [];
    await new Promise<void>((resolve) => {
      for (let n = 0; n < 10; n++) reports.push(run(one, `${endless} // ${n}`, {}, { started: resolve }));
    });
    await one.close();
    for (const report of await Promise.all(reports)) expect(short(report)).toBe('killed');
    await expect(run(one, turning, {})).rejects.toMatchObject({ code: 'runner_unavailable' });
  });

  test('children end with the engine’s process, also while a call loops and the engine is killed', async () => {
    const program = fileURLToPath(new URL('./fixtures/engine.mjs', import.meta.url));
    for (const how of ['with bubblewrap', 'without']) {
      const engine = spawn(process.execPath, [program, how], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(engine.stdout!, 'data');
      const children = processesBelow(engine.pid!);
      expect(children.length).toBeGreaterThan(0);
      engine.kill('SIGKILL');
      await once(engine, 'exit');
      const alive = () => children.filter((pid) => isolateProcess(pid));
      for (let n = 0; n < 100 && alive().length > 0; n++) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(alive(), how).toEqual([]);
    }
  });
});

function isolateProcess(pid: number): boolean {
  return processesBelow(1).includes(pid);
}

describe('confinement', () => {
  test('says what holds and what is missing, and the tier works with less', async () => {
    expect([...runner.confinement.holds, ...runner.confinement.missing].join(' ')).toContain('bubblewrap');
    await withIsolate({ workers: 1, confinement: { bubblewrap: false, prlimit: false } }, async (bare) => {
      expect(bare.confinement.missing.join(' ')).toContain('bubblewrap');
      expect(bare.confinement.missing.join(' ')).toContain('prlimit');
      expect(short(await run(bare, turning, { name: 1 }))).toBe('ok [1,true]');
      expect(short(await run(bare, endless, {}, { timeMs: 100 }))).toBe('timed_out');
      const hungry = 'function main() { const all = []; for (;;) all.push(new Uint8Array(2 ** 20).fill(1)) }';
      expect(short(await run(bare, hungry))).toBe('out_of_memory');
    });
  });

  test('a child has nothing in its environment but the zone', async () => {
    const script = 'function main() { return new Date(0).getHours() + (1234.5).toLocaleString() }';
    expect(short(await run(runner, script))).toBe('ok "01234.5"');
  });
});
