// Values that functions make with secrets: what readers see, what other functions get, what is kept, and when it runs again.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import { marksIn } from '../../src/dispatch/sealed.ts';
import type { Path } from '../../src/model/path.ts';
import type { House } from './house.ts';
import {
  bind,
  follows,
  runsOf,
  secretHouse,
  secretOf,
  seen,
  setSecret,
  thing,
  thingSpec,
  withSchemas,
} from './secret_house.ts';

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

const password = 'ghjkmnpqrstvwxyz';
const telling = `function main() { return 'psql://ada:' + requestStorage.getItem('password') + '@db'; }`;
const marked = /^psql:\/\/ada:\[sealed [0-9a-f]{32}\]@db$/;
const text = [{ name: 'text', path: '/domain/text' }];

/** Schemas `Reader` (has effects) and `Pure`, whose functions read `/domain/text` and give `/domain/told`; `a` of `Thing` has the secret. */
async function opened() {
  const { house, folder } = await secretHouse();
  houses.push(house);
  const changeSet = await withSchemas(house);
  for (const name of ['Reader', 'Pure'])
    await house.submit(changeSet, { kind: 'schema.create', name, spec: thingSpec as unknown as Json });
  const attribute = { functionKind: 'attribute', output: '/domain/told', arguments: text };
  await bind(house, changeSet, { ...attribute, name: 'tell', text: telling });
  await bind(house, changeSet, {
    ...attribute,
    name: 'read',
    schema: 'Reader',
    text: `// @effects\nfunction main({ text }) { console.log('got', text); return text.length + ' characters: ' + text; }`,
  });
  await bind(house, changeSet, {
    ...attribute,
    name: 'pass on',
    schema: 'Pure',
    text: `function main({ text }) { return 'length ' + text.length + ', ' + text; }`,
  });
  await setSecret(house, changeSet, 'staging', { password });
  const a = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging'), '/domain/text': 'x' });
  const told = async (id: string, of = changeSet): Promise<string> => {
    const { value, problems } = await seen(house, of, id);
    expect(problems).toEqual([]);
    return value.domain!['told'] as string;
  };
  const reading = async (schema: string, name: string, source: string) => {
    const attributes = { '/domain/text': follows(source, '/domain/told') };
    const reply = await house.submit(changeSet, { kind: 'component.create', schema, name, attributes });
    return reply.steps[0]!.subject;
  };
  return { house, folder, changeSet, a, told, reading };
}

async function keptOfRuns(house: House): Promise<string> {
  const w = await house.workspace();
  const out: unknown[] = [];
  for (const run of await runsOf(house)) out.push(run, await w.store.runs.readRunLog(w.id, run.id, 0, 1_000));
  return JSON.stringify(out);
}

function filesOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

const made = async (house: House): Promise<string[]> => {
  const w = await house.workspace();
  return (await w.store.runs.listSealed(w.id)).filter((key) => key.startsWith('made-'));
};

const runsNamed = async (house: House, name: string) => (await runsOf(house)).filter((r) => r.functionName === name);

describe('[EN123] what a function makes with a secret', () => {
  test('is a marker for readers, the real thing for a function with effects, a marker for a pure one; it is in no file', async () => {
    const { house, folder, changeSet, a, told, reading } = await opened();
    const b = await reading('Reader', 'b', a);
    const c = await reading('Pure', 'c', b);
    const d = await reading('Reader', 'd', c);
    const whole = `psql://ada:${password}@db`;
    expect(await told(a)).toMatch(marked);
    // It has got the real one, and gives it on sealed, at its own place.
    const ofB = await told(b);
    expect(ofB).toMatch(/^(\d+) characters: psql:\/\/ada:\[sealed [0-9a-f]{32}\]@db$/);
    expect(Number.parseInt(ofB, 10)).toBe(whole.length);
    expect([...marksIn(ofB)]).not.toEqual([...marksIn(await told(a))]);
    // A pure function counts what it sees, and hands it on; behind it, the real one is there again.
    expect(await told(c)).toBe(`length ${ofB.length}, ${ofB}`);
    const real = `length ${ofB.length}, ${whole.length} characters: ${whole}`;
    expect(Number.parseInt(await told(d), 10)).toBe(real.length);

    const runs = await keptOfRuns(house);
    expect(runs).toContain('got psql://ada:[redacted]@db');
    const explained = await house.call('explain', { changeSet, component: b, path: '/domain/told' });
    expect(explained).toMatchObject({ root: { isSealed: true, value: ofB } });
    await (await house.workspace()).checkpoint();
    const answers = JSON.stringify([
      explained,
      await seen(house, changeSet, d),
      await house.call('change_set.review', { changeSet }),
    ]);
    for (const kept of [runs, answers, filesOf(folder)]) {
      for (const form of [
        password,
        Buffer.from(password).toString('hex'),
        Buffer.from(password).toString('base64').slice(0, 18),
      ])
        expect(kept.includes(form)).toBe(false);
      expect(kept).toContain('[sealed ');
    }
    expect(await house.call('change_set.apply', { changeSet, waitMs: 60_000 })).toBeTruthy();
    expect(await told(b, 'HEAD')).toBe(ofB);
  });

  test('is opened after a restart, and after the keys were rotated', async () => {
    const { house, a, told, reading } = await opened();
    const ofA = await told(a);
    await house.reopen();
    expect(await house.call('secret.rotate')).toMatchObject({ generation: 2, resealed: 2, unreadable: [] });
    const b = await reading('Reader', 'b', a);
    expect(await told(b)).toContain(`${`psql://ada:${password}@db`.length} characters`);
    expect(await told(a)).toBe(ofA);
    expect(await house.call('secret.collect')).toMatchObject({ removed: 0 });
  });

  test('comes out of no run that was only tried, of no qualification, and of no pure function that could ask for it', async () => {
    const { house, changeSet, a, told } = await opened();
    expect(await told(a)).toMatch(marked);
    const before = await made(house);
    expect(before).toHaveLength(1);
    await bind(house, changeSet, {
      name: 'check',
      functionKind: 'qualification',
      text: `function main() { return { result: 'success', message: 'with ' + requestStorage.getItem('password') }; }`,
    });
    expect((await seen(house, changeSet, a)).value.qualification!['check']!.message).toBe('with [redacted]');
    const tried = await house.call('function.test', { changeSet, component: a, function: 'tell' });
    expect(tried).toMatchObject({ outcome: { ok: true, value: 'psql://ada:[redacted]@db' } });
    const marker = (await told(a)).slice(11, -3);
    const given = {
      text: `// @effects\nfunction main({ t }) { return t.length; }`,
      kind: 'attribute',
      input: { t: marker },
    };
    expect(await house.call('function.test', { changeSet, ...given })).toMatchObject({
      outcome: { ok: true, value: marker.length },
    });
    expect(await made(house)).toEqual(before);
  });

  test('that is not kept any more fails the run that needs it, and says what to do', async () => {
    const { house, changeSet, a, told, reading } = await opened();
    await told(a);
    const w = await house.workspace();
    await w.store.runs.removeSealed(w.id, await made(house));
    const b = await reading('Reader', 'b', a);
    const { problems } = await seen(house, changeSet, b);
    expect(problems).toMatchObject([{ path: '/domain/told', code: 'authentication_failed' }]);
    expect(problems[0]!.message).toMatch(
      /\[sealed [0-9a-f]{32}\], which is not kept here. put another content into the secret/,
    );
    await setSecret(house, changeSet, 'staging', { password: `${password}-2` });
    expect(await told(b)).toContain('characters: psql://ada:[sealed ');
  });
});

describe('[EN124] a marker', () => {
  test('is the same for the same content, so that nothing behind it runs again; for another it is another', async () => {
    const { house, changeSet, a, told, reading } = await opened();
    const b = await reading('Reader', 'b', a);
    const [ofA, ofB] = [await told(a), await told(b)];
    await setSecret(house, changeSet, 'staging', { password });
    expect([await told(a), await told(b)]).toEqual([ofA, ofB]);
    expect([(await runsNamed(house, 'tell')).length, (await runsNamed(house, 'read')).length]).toEqual([2, 1]);
    await setSecret(house, changeSet, 'staging', { password: `${password}-2` });
    expect(await told(a)).not.toBe(ofA);
    expect(await told(b)).toContain(`${`psql://ada:${password}-2@db`.length} characters`);
    expect((await runsNamed(house, 'read')).length).toBe(2);
  });

  test('is no digest of the content, and another in every component', async () => {
    const { house, changeSet, a, told } = await opened();
    const other = await thing(house, changeSet, 'other', { '/secrets/first': secretOf('staging') });
    const [one, two] = [[...marksIn(await told(a))][0]!, [...marksIn(await told(other))][0]!];
    expect(one).not.toBe(two);
    const { digest } = (await house.workspace()).world;
    const guesses = [
      password,
      JSON.stringify(password),
      JSON.stringify({ made: password, component: a, path: '/domain/told' }),
    ];
    for (const guess of guesses) expect(digest(guess).slice(0, 32)).not.toBe(one);
    expect(await made(house)).toEqual([one, two].map((mark) => `made-${mark}`).sort());
  });
});

describe('[EN795] what is sealed is known decoded as well', () => {
  const secret = 'ghjk"mnpq\nrstvw-\'xyz';
  const ways = {
    base64: [
      `function main() { return 'Basic ' + btoa('ada:' + requestStorage.getItem('password')); }`,
      `atob(text.slice(6))`,
    ],
    JSON: [
      `function main() { return JSON.stringify({ user: 'ada', password: requestStorage.getItem('password') }); }`,
      `JSON.parse(text).password`,
    ],
  } as const;
  test.each(Object.entries(ways))('%s: who decodes it neither prints nor returns it', async (_how, [make, decode]) => {
    const { house } = await secretHouse();
    houses.push(house);
    const changeSet = await withSchemas(house);
    await house.submit(changeSet, { kind: 'schema.create', name: 'Reader', spec: thingSpec as unknown as Json });
    const attribute = { functionKind: 'attribute', output: '/domain/told', arguments: text };
    await bind(house, changeSet, { ...attribute, name: 'tell', text: make });
    const reading = `// @effects
function main({ text }) { const plain = ${decode}; console.log('got', plain); return 'all of ' + plain.length + ': ' + plain; }`;
    await bind(house, changeSet, { ...attribute, name: 'read', schema: 'Reader', text: reading });
    await setSecret(house, changeSet, 'staging', { password: secret });
    const a = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging'), '/domain/text': 'x' });
    const attributes = { '/domain/text': follows(a, '/domain/told') };
    const created = { kind: 'component.create', schema: 'Reader', name: 'b', attributes };
    const b = (await house.submit(changeSet, created)).steps[0]!.subject;
    const told = (await seen(house, changeSet, b)).value.domain!['told'];
    // It had the secret in hand, and what it made of it is sealed in turn.
    expect(told).toMatch(/^all of \d+: .*\[sealed [0-9a-f]{32}\]/s);
    const w = await house.workspace();
    for (const run of await runsOf(house)) {
      const log = await w.store.runs.readRunLog(w.id, run.id, 0, 1_000);
      if (run.functionName === 'read') expect(JSON.stringify(log)).toContain('[redacted]');
      expect(JSON.stringify([run, log])).not.toContain('rstvw');
    }
    const kept = (await w.store.runs.listSealed(w.id)).filter((key) => key.startsWith('held-'));
    expect(kept.length).toBeGreaterThan(0);
  });

  test('and goes with it when no value has it any more', async () => {
    const { house, changeSet, a, told } = await opened();
    await told(a);
    const encoded = `function main() { return btoa('ada:' + requestStorage.getItem('password')); }`;
    await house.submit(changeSet, { kind: 'function.edit_text', function: 'tell', text: encoded });
    await told(a);
    const { store, id } = await house.workspace();
    expect((await store.runs.listSealed(id)).filter((key) => key.startsWith('held-'))).toHaveLength(1);
    await house.submit(changeSet, { kind: 'attribute.unset', component: a, path: '/secrets/first' });
    await seen(house, changeSet, a);
    await house.reopen();
    await house.call('gc');
    const again = await house.workspace();
    // That, and what it told before.
    expect(await again.sealedValues.collect()).toBe(2);
    expect((await again.store.runs.listSealed(id)).filter((key) => /^(held|made)-/.test(key))).toEqual([]);
  });
});

test('[EN796] of an authentication function on trial neither the secret it is given nor what it stores is kept or printed', async () => {
  const { house } = await secretHouse();
  houses.push(house);
  const changeSet = await withSchemas(house);
  const trial = `function main(secret) {
  const token = 'tok-' + secret.password.slice(4);
  console.log('with', secret.password);
  requestStorage.setItem('token', token);
  console.log('logged in', token);
  throw new Error('no ' + token);
}`;
  const input = { password };
  await house.call('function.test', { changeSet, text: trial, kind: 'authentication', input });
  const w = await house.workspace();
  const [record] = await runsOf(house);
  const log = await w.store.runs.readRunLog(w.id, record!.id, 0, 1_000);
  expect(log.map((l) => l.text)).toEqual(['with [redacted]', 'logged in [redacted]']);
  expect(record).toMatchObject({ input: null, failure: { code: 'threw' } });
  expect(JSON.stringify([record, log])).not.toContain(password.slice(4));
  expect(record!.inputHash).not.toBe(w.world.digest(JSON.stringify(input)));
});

describe('[EN125] a collection', () => {
  test('removes what no computed value has any more, and nothing that one has, in memory, in a checkpoint or on its way', async () => {
    const { house, changeSet, a, told, reading } = await opened();
    const b = await reading('Reader', 'b', a);
    await told(b);
    const first = await made(house);
    await setSecret(house, changeSet, 'staging', { password: `${password}-2` });
    await told(b);
    const second = (await made(house)).filter((key) => !first.includes(key));
    expect([first.length, second.length]).toEqual([2, 2]);
    // Nothing has the first ones; but they were sealed since the engine started, and could be on their way.
    expect(await house.call('secret.collect')).toMatchObject({ removed: 0 });
    await house.reopen();
    await house.call('gc');
    const c = await reading('Reader', 'c', a);
    expect(await house.call('secret.collect')).toMatchObject({ removed: 2 });
    expect(await made(house)).toEqual(expect.arrayContaining(second));
    for (const key of first) expect(await made(house)).not.toContain(key);
    expect(await told(c)).toContain(`${`psql://ada:${password}-2@db`.length} characters`);
    const audit = await house.call<{ sentence: string }[]>('audit.list', { kind: 'secret.collect' });
    expect(audit.map((each) => each.sentence)).toEqual(['collect 2 sealed values that nothing has']);
  });

  test('that is under way is waited for by what is sealed, which is then kept', async () => {
    const { house, changeSet, a, told } = await opened();
    await told(a);
    const [key] = await made(house);
    await house.submit(changeSet, { kind: 'attribute.unset', component: a, path: '/secrets/first' });
    await seen(house, changeSet, a);
    await house.reopen();
    await house.call('gc');
    const again = await house.workspace();
    const remove = again.store.runs.removeSealed.bind(again.store.runs);
    let sealing: Promise<unknown> = Promise.resolve();
    again.store.runs.removeSealed = async (...given) => {
      // The removal is asked for; before it has landed the same is sealed again.
      const removal = remove(...given);
      sealing = again.sealedValues.seal({ component: a as ComponentId, path: '/domain/told' as Path }, password, []);
      return removal;
    };
    expect(await again.sealedValues.collect()).toBe(1);
    expect(`made-${[...marksIn((await sealing) as Json)][0]}`).toBe(key);
    expect(await made(house)).toEqual([key]);
  });
});
