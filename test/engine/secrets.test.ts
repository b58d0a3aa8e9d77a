// Secrets in runs: who gets which, in which order, when what depends on them runs again, and what happens without.

import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/access/role.ts';
import { openCompiler } from '../../src/adapters/compiler/compiler.ts';
import { openIsolate } from '../../src/adapters/isolate/isolate.ts';
import { openProcessTier } from '../../src/adapters/process/tier.ts';
import type { ChangeSetId, ComponentId, FunctionId, Hash } from '../../src/base/ids.ts';
import { canonical, type Json } from '../../src/base/json.ts';
import type { Path } from '../../src/model/path.ts';
import type { Runner } from '../../src/ports/runner.ts';
import type { House } from './house.ts';
import {
  bind,
  follows,
  runsOf,
  type Seen,
  secretHouse,
  secretOf,
  seen,
  setSecret,
  thing,
  thingSpec,
  vaults,
  withSchemas,
} from './secret_house.ts';

const program = fileURLToPath(new URL('../../dist/adapters/process/child', import.meta.url));

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});
afterAll(() => {
  vaults.splice(0);
});

async function opened(options?: Parameters<typeof secretHouse>[0]) {
  const made = await secretHouse(options);
  houses.push(made.house);
  return made;
}

/** Says how long the password is that it was given. */
const told = `function main() {
  const password = requestStorage.getItem('password');
  return { result: 'success', message: password === undefined ? 'none' : 'length ' + password.length };
}`;
const check = { name: 'check', functionKind: 'qualification', text: told };

describe('a run of a function with effects', () => {
  test('[C19] gets the content of the secret in its slot; a replaced content runs it again, a renamed secret does not', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    await bind(house, changeSet, check);
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse' });
    const id = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging') });
    expect((await seen(house, changeSet, id)).value.qualification).toEqual({
      check: { result: 'success', message: 'length 13' },
    });

    await setSecret(house, changeSet, 'staging', { password: 'correct-horse-battery' });
    expect((await seen(house, changeSet, id)).value.qualification!['check']!.message).toBe('length 21');
    expect((await runsOf(house)).map((r) => [r.functionName, r.status])).toEqual([
      ['check', 'succeeded'],
      ['check', 'succeeded'],
    ]);

    await house.submit(changeSet, { kind: 'secret.rename', secret: 'staging', name: 'production' });
    await seen(house, changeSet, id);
    expect(await runsOf(house)).toHaveLength(2);
  });

  test('[C19] reads the secret as it is now, also when it was asked for with the one before', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse' });
    const id = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging') });
    await setSecret(house, changeSet, 'staging', { password: 'longer-than-before' });
    const w = await house.workspace();
    const { steps } = await house.submit(changeSet, {
      kind: 'function.create',
      name: 'tried',
      functionKind: 'management',
      text: told,
    });
    const found = await w.branch(changeSet as ChangeSetId);
    if (!found.ok) throw new Error('no branch');
    const { snapshot } = found.value.branch;
    const fn = steps[0]!.subject;
    const { text } = JSON.parse(snapshot.get('functions', fn)!) as { text: Hash };
    const tried = await w.calls.test(
      {
        call: { function: fn as FunctionId, name: 'tried', kind: 'management', text, input: '{}' },
        at: { component: id as ComponentId, path: '' as Path },
        changeSet: changeSet as ChangeSetId,
        actor: 'ada',
      },
      true,
    );
    if (!tried.ok) throw new Error('it does not compile');
    const { gave } = await tried.value.ended;
    expect(gave).toEqual({ state: 'value', value: { message: 'length 18', result: 'success' } });
  });

  test('[C19] a function reads the new content even before propagation has come to what depends on the secret', async () => {
    // The runs of `check` wait at the door of the process tier.
    let isHeld = false;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const held: string[] = [];
    const { house } = await opened({
      functions: () => {
        const tier = openProcessTier({ program });
        const run: Runner['run'] = async (request, listener) => {
          if (isHeld && request.name === 'check') {
            held.push(request.name);
            await released;
          }
          return tier.run(request, listener);
        };
        return { compiler: openCompiler(), runners: [openIsolate({ workers: 1 }), { ...tier, run }] };
      },
    });
    const changeSet = await withSchemas(house);
    await bind(house, changeSet, check);
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse' });
    const id = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging') });
    const messageOf = (s: Seen) => s.value.qualification!['check']!.message;
    expect(messageOf(await seen(house, changeSet, id))).toBe('length 13');

    isHeld = true;
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse-battery' });
    const tried = await house.call('function.test', { changeSet, component: id, text: told, kind: 'qualification' });
    expect(tried).toMatchObject({ outcome: { ok: true, value: { message: 'length 21' } } });
    // Only now does what depends on it run: until then it has its last value, and is marked.
    const before = await house.call<Seen>('component.get', { changeSet, component: id });
    expect(messageOf(before)).toBe('length 13');
    expect(before.problems).toMatchObject([{ path: '/qualification/check', code: 'pending' }]);
    release();
    expect(messageOf(await seen(house, changeSet, id))).toBe('length 21');
    expect(held).toEqual(['check']);
  });

  test('[C20] gets a secret that comes through a chain of subscriptions, and runs again when the far end is another', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    await setSecret(house, changeSet, 'one', { password: 'correct-horse' });
    await setSecret(house, changeSet, 'two', { password: 'battery-staple-x' });
    const a = await thing(house, changeSet, 'a', { '/secrets/second': secretOf('one') });
    const b = await thing(house, changeSet, 'b', { '/secrets/first': follows(a, '/secrets/second') });
    const c = await thing(house, changeSet, 'c', { '/secrets/second': follows(b, '/secrets/first') });
    await bind(house, changeSet, check);
    const messageOf = async (id: string) => {
      const { value, problems } = await seen(house, changeSet, id);
      expect(problems).toEqual([]);
      return value.qualification!['check']!.message;
    };
    expect(await messageOf(c)).toBe('length 13');

    // The slot at the far end names another secret; then its content is another; then the chain ends.
    await house.set(changeSet, a, '/secrets/second', secretOf('two'));
    expect(await messageOf(c)).toBe('length 16');
    await setSecret(house, changeSet, 'two', { password: 'just-seven-words-of-it' });
    expect(await messageOf(c)).toBe('length 22');
    await house.submit(changeSet, { kind: 'attribute.unset', component: b, path: '/secrets/first' });
    expect(await messageOf(c)).toBe('none');
    await house.set(changeSet, b, '/secrets/first', follows(a, '/secrets/second'));
    expect(await messageOf(c)).toBe('length 22');
    await house.submit(changeSet, { kind: 'component.delete', component: a });
    expect(await messageOf(c)).toBe('none');
  });

  test('[D12] an action gets a secret that its slot follows: authentication sees the content, the action its environment', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    const text = `// @commands printenv
async function main() {
  const { stdout } = await siExec.waitUntilEnd('printenv', ['PASSWORD']);
  return { status: 'ok', resourceId: 'r-' + stdout.trim().length, payload: { told: stdout.trim() } };
}`;
    await house.submit(changeSet, { kind: 'function.create', name: 'make', functionKind: 'action', text });
    await house.submit(changeSet, { kind: 'binding.attach', function: 'make', schema: 'Thing', action: 'create' });
    await setSecret(house, changeSet, 'one', { password: 'correct-horse' });
    const a = await thing(house, changeSet, 'a', { '/secrets/second': secretOf('one') });
    await house.submit(changeSet, { kind: 'action.skip', component: a, action: 'create' });
    const b = await thing(house, changeSet, 'b', { '/secrets/first': follows(a, '/secrets/second') });
    await house.call('change_set.apply', { changeSet, waitMs: 30_000 });
    for (let isQuiet = false; !isQuiet; )
      isQuiet = (await house.call<{ quiet: boolean }>('action.run', { waitMs: 60_000 })).quiet;
    const { items } = await house.call<{ items: { component: string; status: string; failure: unknown }[] }>(
      'action.list',
      {},
    );
    expect(items.map(({ component, status, failure }) => [component, status, failure])).toEqual([
      [b, 'succeeded', null],
    ]);
    // The length of the password, and not a word of it.
    const told = await house.call<{ resourceId: string }>('component.get', { component: b });
    expect(told.resourceId).toBe('r-13');
    expect(JSON.stringify(told)).not.toContain('correct-horse');
  });

  test('[EN170] [D23] authentication functions run in order and share what they leave; overlays take the place of the variant’s', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    const add = (word: string) =>
      `// @plain order\nfunction main() { requestStorage.setItem('order', (requestStorage.getItem('order') ?? '') + '${word} '); }`;
    await bind(house, changeSet, { name: 'z first', functionKind: 'authentication', text: add('z'), schema: 'Cloud' });
    await bind(house, changeSet, { name: 'a second', functionKind: 'authentication', text: add('a'), schema: 'Cloud' });
    await bind(house, changeSet, {
      name: 'check',
      functionKind: 'qualification',
      text: `// @network api.example.com\n// @commands true\n// @timeout 9s\nfunction main() { return { result: 'success', message: requestStorage.getItem('order') + requestStorage.getItem('password').length }; }`,
    });
    await setSecret(house, changeSet, 'one', { password: 'correct-horse' });
    await setSecret(house, changeSet, 'two', { password: 'second' });
    const id = await thing(house, changeSet, 'a', {
      '/secrets/first': secretOf('one'),
      '/secrets/second': secretOf('two'),
    });
    // Each secret by all functions of its definition, in the order of the slots.
    expect((await seen(house, changeSet, id)).value.qualification!['check']!.message).toBe('z a z a 6');
    const [run] = await runsOf(house);
    expect(run).toMatchObject({
      changeSet,
      component: id,
      actor: 'ada',
      tier: 'process',
      limits: { timeMs: 9_000, memoryBytes: 512 * 1024 * 1024, cpus: 1 },
      credentials: ['one', 'two'].map(() => ({ functions: ['log in', 'z first', 'a second'] })),
      network: ['api.example.com'],
      commands: ['true'],
    });
    expect(new Set(run!.credentials.map((c) => c.secret)).size).toBe(2);
    expect(JSON.stringify(run)).not.toContain('correct-horse');
  });

  test('[D23] does not start when authentication fails, and runs when the secret is replaced by one that serves', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    await bind(house, changeSet, {
      name: 'strict',
      functionKind: 'authentication',
      text: `function main(secret) { if (secret.password === 'wrong-password') throw new Error('refused: ' + secret.password); }`,
      schema: 'Cloud',
    });
    await bind(house, changeSet, { ...check, text: `console.log('main has run');\n${told}` });
    await setSecret(house, changeSet, 'staging', { password: 'wrong-password' });
    const id = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging') });
    const failed = await seen(house, changeSet, id);
    expect(failed.problems).toMatchObject([{ path: '/qualification/check', code: 'authentication_failed' }]);
    expect(failed.problems[0]!.message).toContain('refused: [redacted]');
    const [run] = await runsOf(house);
    expect(run).toMatchObject({ status: 'failed', failure: { code: 'authentication_failed' } });
    const w = await house.workspace();
    expect(await w.store.runs.readRunLog(w.id, run!.id, 0, 100)).toEqual([]);

    await setSecret(house, changeSet, 'staging', { password: 'right-password' });
    expect((await seen(house, changeSet, id)).value.qualification!['check']!.message).toBe('length 14');
  });

  test('does not start where the definition has no authentication function, or the content is gone', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    await bind(house, changeSet, check);
    await setSecret(house, changeSet, 'odd', { password: 'correct-horse' }, 'Nothing');
    const id = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('odd') });
    expect((await seen(house, changeSet, id)).problems).toMatchObject([
      { code: 'authentication_failed', message: expect.stringContaining('has no authentication function') },
    ]);
    // Bound later, it serves: authentication is part of what the call depends on.
    await house.submit(changeSet, { kind: 'schema.create', name: 'Nothing', spec: thingSpec as unknown as Json });
    await house.submit(changeSet, { kind: 'binding.attach', function: 'log in', schema: 'Nothing' });
    expect((await seen(house, changeSet, id)).value.qualification!['check']!.message).toBe('length 13');

    const w = await house.workspace();
    const [line] = await house.call<{ key: string }[]>('secret.list', { changeSet });
    await w.store.runs.removeSealed(w.id, [line!.key]);
    await house.submit(changeSet, { kind: 'function.edit_text', function: 'check', text: `${told}\n// again` });
    expect((await seen(house, changeSet, id)).problems).toMatchObject([
      { code: 'authentication_failed', message: expect.stringContaining('set the secret again') },
    ]);
  });

  test('gets the secrets of its own component only; a pure function gets none and is not run again', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    await bind(house, changeSet, check);
    await bind(house, changeSet, {
      name: 'pure',
      functionKind: 'code-generation',
      text: `function main(input) { return { format: 'text', code: typeof requestStorageOf + JSON.stringify(input.domain) }; }\nconst requestStorageOf = undefined;`,
    });
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse' });
    const a = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging') });
    const b = await thing(house, changeSet, 'b', { '/domain/text': 'b' });
    expect((await seen(house, changeSet, a)).value.qualification!['check']!.message).toBe('length 13');
    expect((await seen(house, changeSet, b)).value.qualification!['check']!.message).toBe('none');
    const before = (await runsOf(house)).filter((r) => r.functionName === 'pure').length;
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse-battery' });
    await seen(house, changeSet, a);
    await seen(house, changeSet, b);
    const runs = await runsOf(house);
    expect(runs.filter((r) => r.functionName === 'pure')).toHaveLength(before);
    expect(
      runs
        .filter((r) => r.functionName === 'check')
        .map((r) => r.component)
        .sort(),
    ).toEqual([a, b, a].sort());
  });
});

describe('setting a secret', () => {
  test('gives another content under another key, and no operation gives the content', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    const first = await setSecret(house, changeSet, 'staging', { password: 'correct-horse' });
    expect(first.created).toBe(true);
    const [one] = await house.call<{ key: string }[]>('secret.list', { changeSet });
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse' });
    const [two] = await house.call<{ key: string }[]>('secret.list', { changeSet });
    expect(two!.key).not.toBe(one!.key);
    await house.call('secret.set', { changeSet, name: 'staging', content: 1, description: 'for tests' });
    expect(await house.call('secret.get', { changeSet, secret: 'staging' })).toEqual({
      id: first.secret,
      name: 'staging',
      definition: 'Cloud',
      description: 'for tests',
      key: expect.any(String),
      slots: [],
      authentication: ['log in'],
    });
  });

  test('takes what a client sealed to the public key, and refuses what does not open here', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    const w = await house.workspace();
    const sealed = await vaults.at(-1)!.seal(w.id, { password: 'sealed-by-client' });
    if (!sealed.ok) throw new Error('not sealed');
    await bind(house, changeSet, check);
    await house.call('secret.set', { changeSet, name: 's', definition: 'Cloud', sealed: sealed.value });
    const id = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('s') });
    expect((await seen(house, changeSet, id)).value.qualification!['check']!.message).toBe('length 16');
    const broken = `${sealed.value.slice(0, -2)}AA`;
    const refusal = await house.refused('secret.set', { changeSet, name: 's', sealed: broken });
    expect(refusal.code).toBe('secret_unreadable');
    expect(await house.refused('secret.set', { changeSet, name: 's' })).toMatchObject({ code: 'request_malformed' });
    expect(await house.refused('secret.set', { changeSet, name: 's', content: 1, sealed: 'x' })).toMatchObject({
      code: 'request_malformed',
      got: 'both',
    });
    expect(await house.refused('secret.set', { changeSet, name: 'new', content: 1 })).toMatchObject({
      path: 'definition',
    });
  });

  test('leaves no content behind when it is refused, and says nothing of it', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    const w = await house.workspace();
    await house.call('change_set.abandon', { changeSet });
    const content = { password: 'never-to-be-kept' };
    const refusal = await house.refused('secret.set', { changeSet, name: 's', definition: 'Cloud', content });
    expect(JSON.stringify(refusal)).not.toContain('never-to-be-kept');
    expect(await w.store.runs.listSealed(w.id)).toEqual([]);
    const bad = await house.refused('secret.set', {
      changeSet,
      name: 's',
      definition: 'Cloud',
      content: 'lone \ud800 half',
    });
    expect(bad).toMatchObject({
      code: 'value_not_storable',
      path: 'secret.set/content',
      got: 'text with a lone surrogate',
    });
    expect(JSON.stringify(bad)).not.toContain('half');
    const long = await house.refused('secret.set', {
      changeSet,
      name: 's',
      definition: 'Cloud',
      content: 'x'.repeat(300_000),
    });
    expect(long.code).toBe('limit_exceeded');
    expect(
      await house.refused('secret.set', {
        changeSet,
        name: 's',
        definition: 'Cloud',
        sealed: { a: 'never-to-be-kept' },
      }),
    ).toMatchObject({
      got: 'object (not shown)',
    });
  });

  test('is refused to who may not edit, which is audited without the content; keys are for who maintains the store', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    const viewer: Principal = { id: 'eve', role: 'viewer' };
    const editor: Principal = { id: 'bob', role: 'collaborator' };
    const content = { password: 'never-to-be-kept' };
    const asked = { changeSet, name: 's', definition: 'Cloud', content };
    expect((await house.refused('secret.set', asked, viewer)).code).toBe('access_denied');
    expect((await house.refused('secret.rotate', {}, editor)).code).toBe('access_denied');
    expect((await house.refused('secret.collect', {}, editor)).code).toBe('access_denied');
    const audit = await house.call<{ sentence: string }[]>('audit.list', { kind: 'access.denied' });
    expect(audit.map((a) => a.sentence)).toEqual([
      'refuse eve (viewer) to set a secret',
      'refuse bob (collaborator) to rotate the keys of secrets',
      'refuse bob (collaborator) to collect contents of secrets',
    ]);
  });

  test('under an idempotency key happens once; another content under the key is refused; the record allows no guessing', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    const w = await house.workspace();
    const asked = {
      changeSet,
      name: 's',
      definition: 'Cloud',
      content: { password: 'correct-horse' },
      idempotencyKey: 'k',
    };
    const [one, two] = await Promise.all([house.call('secret.set', asked), house.call('secret.set', asked)]);
    expect(two).toEqual(one);
    expect(await house.call('secret.set', asked)).toEqual(one);
    expect(await w.store.runs.listSealed(w.id)).toHaveLength(1);
    expect((await house.refused('secret.set', { ...asked, content: { password: 'other' } })).code).toBe(
      'idempotency_key_reused',
    );
    const record = await w.store.findIdempotent(w.id, 'ada', 'k');
    // What an owner of the database could compute from a guess of the content.
    const { idempotencyKey: _, content, ...rest } = asked;
    for (const guess of [{ secret: { ...rest, about: canonical(content) } }, { secret: { ...rest, content } }])
      expect(record!.requestHash).not.toBe(w.world.digest(canonical(guess)));
    expect(record!.reply).not.toContain('correct-horse');
  });

  test('in another change set is not seen until it is applied; a removed secret must not be in use', async () => {
    const { house } = await opened();
    const changeSet = await withSchemas(house);
    await setSecret(house, changeSet, 'staging', { password: 'correct-horse' });
    const id = await thing(house, changeSet, 'a', { '/secrets/first': secretOf('staging') });
    await bind(house, changeSet, check);
    await house.call('change_set.apply', { changeSet, waitMs: 60_000 });
    const other = await house.open('other');
    await setSecret(house, other, 'staging', { password: 'other-correct-horse' });
    expect((await seen(house, other, id)).value.qualification!['check']!.message).toBe('length 19');
    expect((await seen(house, 'HEAD', id)).value.qualification!['check']!.message).toBe('length 13');
    const refusal = await house.attempt('submit', {
      changeSet: other,
      mutations: [{ kind: 'secret.remove', secret: 'staging' }],
    });
    expect(refusal.ok).toBe(false);
    await house.call('change_set.apply', { changeSet: other, waitMs: 60_000 });
    expect((await seen(house, 'HEAD', id)).value.qualification!['check']!.message).toBe('length 19');
    await house.sound();
  });
});
