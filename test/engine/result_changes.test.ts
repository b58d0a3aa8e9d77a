// What a review tells of results of users' functions: those that edits reach, those of functions that are others themselves, and
// how many are left out.

import { afterEach, describe, expect, test } from 'vitest';
import type { FunctionView } from '../../src/engine/functions.ts';
import type { Review } from '../../src/engine/operations.ts';
import type { ResultSide } from '../../src/engine/result_changes.ts';
import { functionHouse, settled, withWeb } from './function_house.ts';
import type { House } from './house.ts';

const open: House[] = [];
afterEach(async () => {
  for (const house of open.splice(0)) await house.close();
});

/** `web` and `proxy` on Head, and a change set behind them. */
async function onHead(): Promise<{ house: House; changeSet: string }> {
  const house = await functionHouse();
  open.push(house);
  await house.call('change_set.apply', { changeSet: await withWeb(house), waitMs: 20_000 });
  return { house, changeSet: await house.open('second') };
}

const resultsOf = async (house: House, changeSet: string) =>
  (await house.call<Review>('change_set.review', { changeSet })).results;

const told = (side: ResultSide | null): unknown =>
  side === null ? null : side.state === 'value' ? side.value : side.state === 'error' ? side.message : side.state;

async function lines(house: House, changeSet: string): Promise<unknown[]> {
  await settled(house, changeSet);
  const { changed, leftOut, isCut } = await resultsOf(house, changeSet);
  expect([leftOut, isCut]).toEqual([0, false]);
  return changed.map((c) => [c.name, c.function.name, c.status, told(c.was), told(c.is)]);
}

const yaml = (host: string) => ({ format: 'yaml', code: expect.stringContaining(`Host: ${host}`) });
const low = { result: 'warning', message: 'privileged' };
const editText = (name: string, text: string) => ({ kind: 'function.edit_text', function: name, text });
const gaveUp = "function main() { return { result: 'failure', message: 'not like this' }; }";

describe('[EN721] a review', () => {
  test('tells each result that an edit makes another, what fails first, and none that stays', async () => {
    const { house, changeSet } = await onHead();
    expect(await lines(house, changeSet)).toEqual([]);
    await house.set(changeSet, 'web', '/domain/Host', 'other.org');
    expect(await lines(house, changeSet)).toEqual([
      ['web', 'url', 'Modified', 'http://example.org:80', 'http://other.org:80'],
      ['proxy', 'conf', 'Modified', expect.objectContaining({ format: 'yaml' }), expect.anything()],
      ['web', 'conf', 'Modified', yaml('example.org'), yaml('other.org')],
    ]);
    await house.set(changeSet, 'web', '/domain/Port', 70_000);
    const [first] = await lines(house, changeSet);
    expect(first).toEqual(['web', 'portOk', 'Modified', low, expect.stringContaining('no such port')]);
    await house.set(changeSet, 'web', '/domain/Port', 80);
    await house.set(changeSet, 'web', '/domain/Host', 'example.org');
    expect(await lines(house, changeSet)).toEqual([]);
  });

  test('tells those of a function whose text is another, though no value was edited', async () => {
    const { house, changeSet } = await onHead();
    await house.submit(changeSet, editText('portOk', gaveUp));
    const failure = { result: 'failure', message: 'not like this' };
    expect(await lines(house, changeSet)).toEqual([
      ['proxy', 'portOk', 'Modified', low, failure],
      ['web', 'portOk', 'Modified', low, failure],
    ]);
    // A text that gives the same is another text and nothing more.
    await house.submit(changeSet, editText('portOk', `function main() { return ${JSON.stringify(low)}; }`));
    expect(await lines(house, changeSet)).toEqual([]);
  });

  test('tells what is new with a component or a binding and what goes with a binding, not what goes with its component', async () => {
    const { house, changeSet } = await onHead();
    const { bound } = await house.call<FunctionView>('function.get', { function: 'conf' });
    await house.submit(
      changeSet,
      { kind: 'binding.detach', binding: bound[0]!.binding },
      { kind: 'function.create', name: 'never', functionKind: 'qualification', text: gaveUp },
      { kind: 'binding.attach', function: 'never', schema: 'Web' },
      { kind: 'component.create', schema: 'Web', name: 'third', attributes: { '/domain/Host': 'c' } },
      { kind: 'component.delete', component: 'proxy' },
    );
    await settled(house, changeSet, 'web', 'third');
    const { changed } = await resultsOf(house, changeSet);
    expect(changed.map((c) => [c.name, c.function.name, c.kind, c.path, told(c.was), told(c.is)])).toEqual([
      [
        'third',
        'never',
        'qualification',
        '/qualification/never',
        null,
        { result: 'failure', message: 'not like this' },
      ],
      ['third', 'portOk', 'qualification', '/qualification/portOk', null, low],
      ['web', 'never', 'qualification', '/qualification/never', null, { result: 'failure', message: 'not like this' }],
      ['third', 'url', 'attribute', '/domain/Url', null, 'http://c:80'],
      ['web', 'conf', 'code-generation', '/code/conf', yaml('example.org'), null],
    ]);
    expect(changed.at(-1)).toMatchObject({ status: 'Removed', schema: 'Web' });
  });
});

test('[EN722] a review tells the first three hundred results, says how many it left out, and shortens long ones', async () => {
  const { house, changeSet } = await onHead();
  const names = Array.from({ length: 120 }, (_, i) => `many ${i}`);
  const create = (name: string) => ({
    kind: 'component.create',
    schema: 'Web',
    name,
    attributes: { '/domain/Host': name },
  });
  await house.submit(changeSet, ...names.map(create));
  await house.set(changeSet, 'web', '/domain/Note', 'x'.repeat(5_000));
  await settled(house, changeSet, ...names, 'web', 'proxy');
  const { changed, leftOut, isCut } = await resultsOf(house, changeSet);
  // Of each a qualification, a value and a code; and the code of `web`.
  expect([changed.length, leftOut, isCut]).toEqual([300, 61, false]);
  expect(changed.filter((c) => c.kind !== 'code-generation')).toHaveLength(240);
  await house.submit(changeSet, ...names.map((component) => ({ kind: 'component.delete', component })));
  await settled(house, changeSet);
  const { changed: long } = await resultsOf(house, changeSet);
  expect(long).toHaveLength(1);
  const { is } = long[0]! as { is: { value: string; chars: number } };
  expect([is.value.length, is.chars > 5_000, is.value.startsWith('{"code"')]).toEqual([2_000, true, true]);
});
