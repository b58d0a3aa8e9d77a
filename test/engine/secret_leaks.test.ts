// [D20] Every way out of a run that was given a secret: nothing of it is in any file of the data folder, in any answer of any
// operation, or in what is kept of runs. The same search finds every one of them when redaction is switched off. All of it
// twice: for the content of the secret, and for a token that the authentication function got with it.

import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { Redactor } from '../../src/dispatch/redact.ts';
import type { RedactionStream } from '../../src/dispatch/redaction_stream.ts';
import { operationNames } from '../../src/engine/operations.ts';
import type { House } from './house.ts';
import { bind, secretHouse, secretOf, seen, setSecret, thingSpec } from './secret_house.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

interface Way {
  readonly text: string;
  /** Default: qualification. */
  readonly kind?: 'code-generation' | 'attribute';
  /** Also without redaction nothing is said of it. */
  readonly isNeverTold?: true;
  /** Default: one that hands the password on. */
  readonly authentication?: string;
}

const quiet = `return { result: 'success' };`;
const main = (body: string) => `function main() { const p = requestStorage.getItem('password'); ${body} }`;
const bytes = `Array.from(new TextEncoder().encode(p))`;
const hex = `${bytes}.map((b) => b.toString(16).padStart(2, '0'))`;

/** How a password gets out, by name. */
const ways: Readonly<Record<string, Way>> = {
  'the log, as it is': { text: main(`console.log('password is', p); ${quiet}`) },
  'the log of errors': { text: main(`console.error(new Error(p)); ${quiet}`) },
  'the log, in an object': { text: main(`console.log({ deep: [{ p }] }); ${quiet}`) },
  'the log, JSON in JSON': { text: main(`console.log(JSON.stringify({ a: JSON.stringify({ p }) })); ${quiet}`) },
  'the log, base64': { text: main(`console.log('Basic ' + Buffer.from('ada:' + p).toString('base64')); ${quiet}`) },
  'the log, base64 for urls': { text: main(`console.log(Buffer.from('x' + p).toString('base64url')); ${quiet}`) },
  'the log, hexadecimal': { text: main(`console.log(Buffer.from(p).toString('hex').toUpperCase()); ${quiet}`) },
  'the log, a printed buffer': { text: main(`console.log(Buffer.from(p)); ${quiet}`) },
  'the log, in a url': { text: main(`console.log('https://a.b/?p=' + encodeURIComponent(p)); ${quiet}`) },
  'the log, every byte escaped': { text: main(`console.log(${hex}.map((h) => '%' + h).join('')); ${quiet}`) },
  'the log, over lines': {
    text: main(`for (let i = 0; i < p.length; i += 5) console.log(p.slice(i, i + 5)); ${quiet}`),
  },
  'the log, over writes': {
    text: main(`process.stdout.write(p.slice(0, 9)); process.stdout.write(p.slice(9) + '\\n'); ${quiet}`),
  },
  'the log, of a run that is killed': {
    text: `// @timeout 3s\n${main(`console.log(p); for (;;) {}`)}`,
  },
  // Its bound falls between two pieces of one line, and within the password.
  'the log, cut at its bound': {
    text: main(`console.log('z'.repeat(511 * 8 * 1024 - 8) + p + 'z'.repeat(20_000)); ${quiet}`),
  },
  'the output of a command': {
    text: `// @commands sh\nasync function main() {
      const { stdout } = await siExec.waitUntilEnd('sh', ['-c', 'echo "$PASSWORD"; echo "$PASSWORD" >&2; exit 3']);
      return { result: 'failure', message: 'it said ' + stdout };
    }`,
  },
  'the result': { text: main(`return { result: 'failure', message: 'wrong password ' + p };`) },
  'the result, encoded': {
    text: main(`return { format: 'text', code: Buffer.from(p).toString('base64') + ' ' + ${hex}.join('') };`),
    kind: 'code-generation',
  },
  'a result that becomes a value': { text: main(`return 'psql://ada:' + p + '@db';`), kind: 'attribute' },
  'a result of the wrong shape': { text: main(`return { result: p };`) },
  'a result that cannot be kept': {
    text: main(`let deep = p; for (let i = 0; i < 200; i++) deep = { [p]: deep }; return deep;`),
    isNeverTold: true,
  },
  'an error': { text: main(`throw new Error('cannot log in as ada with ' + p);`) },
  'an error that is no Error': {
    text: main(`throw { status: 401, headers: { authorization: Buffer.from(p).toString('base64') } };`),
  },
  'an error, cut at its bound': { text: main(`throw new Error('w'.repeat(4096 - 7 - 20) + p);`) },
  'a rejection that nobody awaits': {
    text: main(`Promise.reject(new Error(p)); return new Promise((done) => setTimeout(done, 1000));`),
  },
  'the log of authentication': {
    text: main(quiet),
    authentication: `function main(secret) { console.log('got', secret); }`,
  },
  'the error of authentication': {
    text: main(quiet),
    authentication: `function main(secret) { throw new Error('401 for ' + JSON.stringify(secret)); }`,
  },
};

/** What gets out: the content, or what is no form of it that anybody could know. */
type What = 'the content' | 'a token';

const turned = (text: string) => Array.from(text).reverse().join('');
const token = `const token = Array.from(secret.password).reverse().join('');`;
const store = (value: string) =>
  `requestStorage.setItem('password', ${value}); requestStorage.setEnv('PASSWORD', ${value});`;

/** The authentication functions of ways that have none of their own, and of the ways that have one. */
const authentications: Readonly<Record<What, (way: string) => string>> = {
  'the content': (way) => ways[way]!.authentication ?? `function main(secret) { ${store('secret.password')} }`,
  'a token': (way) => {
    // Printed before it was stored: nobody could know it then.
    const before = way === 'the log of authentication' ? `console.log('got', token);` : '';
    const after = way === 'the error of authentication' ? `throw new Error('401 for ' + token);` : '';
    return `function main(secret) { ${token} ${before} ${store('token')} ${after} }`;
  },
};

const letters = 'ghjkmnpqrstvwxyz';

interface Planted {
  readonly way: string;
  /** Part of the password: letters that no hash and no id has. Any part of 8 of them is looked for. */
  readonly core: string;
  readonly password: string;
  readonly component: string;
}

function fresh(way: string, what: What): Omit<Planted, 'component'> {
  const core = Array.from({ length: 24 }, () => letters[randomInt(letters.length)]).join('');
  const password = `${core.slice(0, 12)}${core.slice(12)}"é/\\`;
  return what === 'the content' ? { way, core, password } : { way, core, password: turned(password) };
}

/** What of a password would tell of it, in the forms in which it gets out. */
function forms({ core }: Planted): string[] {
  const out = new Set<string>();
  // Split over lines, one of these is still whole; a shorter part is not worth looking for.
  for (const part of [core.slice(0, 12), core.slice(12), core.slice(6, 18), core.slice(0, 5), core.slice(10, 15)]) {
    out.add(part);
    if (part.length < 12) continue;
    const inHex = Buffer.from(part).toString('hex');
    for (const gap of ['', ' ', '%']) {
      const spaced = inHex.match(/../g)!.join(gap);
      out.add(spaced).add(spaced.toUpperCase());
    }
    for (const shift of [0, 1, 2])
      out.add(
        Buffer.from('-'.repeat(shift) + part)
          .toString('base64')
          .slice(4, -4),
      );
  }
  return [...out];
}

function foundIn(text: string, planted: readonly Planted[]): string[] {
  return planted.filter((p) => forms(p).some((form) => text.includes(form))).map((p) => p.way);
}

/** Every file below a folder, as bytes. */
function filesOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

async function plant(house: House, what: What): Promise<{ changeSet: string; planted: Planted[] }> {
  const changeSet = await house.open();
  const planted: Planted[] = [];
  for (const [way, { text, kind }] of Object.entries(ways)) {
    const secret = fresh(way, what);
    await house.submit(changeSet, { kind: 'schema.create', name: way, spec: thingSpec as unknown as Json });
    await bind(house, changeSet, {
      name: `log in for ${way}`,
      functionKind: 'authentication',
      schema: way,
      text: authentications[what](way),
    });
    await bind(house, changeSet, {
      name: `tell for ${way}`,
      functionKind: kind ?? 'qualification',
      text,
      schema: way,
      ...(kind === 'attribute' ? { output: '/domain/told', arguments: [{ name: 'text', path: '/domain/text' }] } : {}),
    });
    await setSecret(house, changeSet, way, { password: secret.password, port: 5432 }, way);
    const reply = await house.submit(changeSet, {
      kind: 'component.create',
      schema: way,
      name: way,
      attributes: { '/secrets/first': secretOf(way), '/domain/text': way },
    });
    planted.push({ ...secret, component: reply.steps[0]!.subject });
  }
  for (const { component } of planted) await seen(house, changeSet, component);
  return { changeSet, planted };
}

/** Parameters for every operation that only reads; what needs more than these is asked apart. */
async function answers(house: House, changeSet: string, planted: readonly Planted[]): Promise<string> {
  const out: unknown[] = [];
  const asked = new Set<string>();
  const ask = async (operation: string, params: Record<string, Json>) => {
    asked.add(operation);
    out.push(await house.attempt(operation, params));
  };
  for (const { way, component } of planted) {
    await ask('component.get', { changeSet, component });
    await ask('component.history', { changeSet, component });
    await ask('component.suggest', { changeSet, component, path: '/domain/text' });
    await ask('secret.get', { changeSet, secret: way });
    await ask('schema.describe', { changeSet, schema: way });
  }
  await ask('submit', { changeSet, mutations: [{ kind: 'secret.put', name: 'x' }] });
  const general: Record<string, Json> = {
    changeSet,
    from: 'HEAD',
    to: changeSet,
    query: '',
    destination: '/nowhere/at all',
    heads: [],
  };
  const never = [
    'change_set.abandon',
    'change_set.apply',
    'change_set.create',
    'workspace.create',
    'member.set',
    'backup',
  ];
  for (const operation of operationNames)
    if (!asked.has(operation) && !never.includes(operation)) await ask(operation, general);
  // As many again, once it is Head.
  const applied = await house.attempt('change_set.apply', { changeSet, waitMs: 60_000 });
  out.push(applied);
  for (const { component } of planted) out.push(await house.attempt('component.get', { component, waitMs: 60_000 }));
  return JSON.stringify(out);
}

/** Everything that is kept of runs, read back. */
async function keptOfRuns(house: House): Promise<string> {
  const w = await house.workspace();
  await w.calls.flushed();
  const out: unknown[] = [];
  for (const run of await w.store.runs.listRuns(w.id, { limit: 10_000 }))
    out.push(run, await w.store.runs.readRunLog(w.id, run.id, 0, 100_000));
  return JSON.stringify(out);
}

const unescaped = (text: string) => text.replaceAll('\\\\', '\\');

async function searchAll(what: What): Promise<{
  found: Record<'files' | 'answers' | 'runs', string[]>;
  told: string;
  runs: string;
}> {
  const { house, folder } = await secretHouse();
  const { changeSet, planted } = await plant(house, what);
  const runs = await keptOfRuns(house);
  const told = await answers(house, changeSet, planted);
  const open = filesOf(folder);
  await (await house.workspace()).checkpoint();
  await house.close();
  const files = `${open}\n${filesOf(folder)}`;
  // The search reads what it should: what is no secret is there.
  for (const text of [files, told, runs]) expect(text).toContain('the log, base64 for urls');
  return {
    found: {
      files: foundIn(files, planted),
      answers: foundIn(unescaped(told), planted),
      runs: foundIn(unescaped(runs), planted),
    },
    told,
    runs,
  };
}

describe.each<What>(['the content', 'a token'])('[D20] [EN121] a secret that gets out of a run: %s', (what) => {
  test('is nowhere: not in a file, not in an answer, not in what is kept of runs', async () => {
    const { found, told, runs } = await searchAll(what);
    expect(found).toEqual({ files: [], answers: [], runs: [] });
    expect(told).toContain('[redacted]');
    // The runs whose results held one say so: the command, the three results that are values, the one of the wrong shape.
    expect(runs.match(/"tainted":true/g)).toHaveLength(5);
  }, 400_000);

  test('is found by the same search, whatever way it took, where redaction is switched off', async () => {
    const through = { push: (text: string) => text, flush: () => '', found: 0 } as unknown as RedactionStream;
    vi.spyOn(Redactor.prototype, 'stream').mockReturnValue(through);
    vi.spyOn(Redactor.prototype, 'redact').mockImplementation((text) => text);
    vi.spyOn(Redactor.prototype, 'finds').mockReturnValue(false);
    const { found } = await searchAll(what);
    const all = Object.keys(ways).filter((way) => ways[way]!.isNeverTold !== true);
    expect(new Set([...found.files, ...found.answers, ...found.runs])).toEqual(new Set(all));
    const ofRuns = all.filter((way) => /log|error|rejection|shape|result|output/.test(way));
    expect(found.runs).toEqual(ofRuns);
    expect(found.files).toEqual(expect.arrayContaining(ofRuns));
  }, 400_000);
});
