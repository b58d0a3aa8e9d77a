// Undo and redo: a pending change without some of its edits is what it would be had they never been made.

import { expect, test } from 'vitest';
import type { EditLine } from '../../src/engine/made_edits.ts';
import type { SubmitReply } from '../../src/engine/submit.ts';
import type { UndoReply } from '../../src/engine/undo.ts';
import { eachStore, type House, owner, sqliteHouse } from './house.ts';

const bob = { id: 'bob', role: 'owner' } as const;

const edits = async (house: House, changeSet: string): Promise<readonly EditLine[]> =>
  (await house.call<{ edits: EditLine[] }>('change_set.edits', { changeSet })).edits;
const undo = (house: House, changeSet: string, more = {}, who = owner) =>
  house.call<UndoReply>('change_set.undo', { changeSet, ...more }, who);
const redo = (house: House, changeSet: string, more = {}, who = owner) =>
  house.call<SubmitReply>('change_set.redo', { changeSet, ...more }, who);
const follows = (component: string) => ({ $source: { component, path: '/domain/text' } });

/** A workspace whose Head has a box, and an open change set. */
async function withBox(house: House): Promise<{ box: string; changeSet: string }> {
  const first = await house.withBox();
  const box = await house.create(first, 'box', { '/domain/text': 'head' });
  await house.call('change_set.apply', { changeSet: first });
  return { box, changeSet: await house.open('mine') };
}

eachStore((make) => {
  test('[EN600] edits are listed with ids, authors and whether they stand', async () => {
    const house = await make();
    const { box, changeSet } = await withBox(house);
    await house.set(changeSet, box, '/domain/text', 'one');
    await house.submit(
      changeSet,
      { kind: 'attribute.set', component: box, path: '/domain/size', value: 7 },
      { kind: 'component.create', schema: 'Box', name: 'second' },
    );
    const before = await edits(house, changeSet);
    expect(before.map((e) => [e.id, e.actor, e.state])).toEqual([
      ['1', 'ada', 'stands'],
      ['2.1', 'ada', 'stands'],
      ['2.2', 'ada', 'stands'],
    ]);
    expect(before[1]!.sentence).toMatch(/size/);
    await undo(house, changeSet, { edits: ['2.1'] });
    expect((await edits(house, changeSet))[1]).toMatchObject({ id: '2.1', state: 'undone', undoneBy: 3 });
    expect(await edits(house, 'HEAD')).toEqual([]);
    await house.call('change_set.apply', { changeSet });
    expect((await edits(house, changeSet)).map((e) => e.state)).toEqual(['stands', 'undone', 'stands']);
  });

  test('[EN601] an earlier edit shows again, then Head; a restart and verify find the same', async () => {
    const house = await make();
    const { box, changeSet } = await withBox(house);
    const { intentRoot } = await house.row(changeSet);
    await house.set(changeSet, box, '/domain/text', 'one');
    const one = (await house.row(changeSet)).intentRoot;
    await house.set(changeSet, box, '/domain/text', 'two');
    expect((await undo(house, changeSet)).undone).toMatchObject([{ id: '2' }]);
    expect((await house.row(changeSet)).intentRoot).toBe(one);
    expect((await house.value(changeSet, box))['text']).toBe('one');
    await undo(house, changeSet);
    expect((await house.row(changeSet)).intentRoot).toBe(intentRoot);
    await house.reopen();
    expect((await house.row(changeSet)).intentRoot).toBe(intentRoot);
    expect((await house.value(changeSet, box, 2))['text']).toBe('two');
    await house.sound();
    const told = await house.call<{ sentence: string }[]>('audit.list', { changeSet, kind: 'edit.undo' });
    expect(told.map((e) => e.sentence.slice(0, 7)).toSorted()).toEqual(['undo 1:', 'undo 2:']);
  });

  test('[EN602] the caller’s own last edit is undone, and the own last undo is put back', async () => {
    const house = await make();
    const { box, changeSet } = await withBox(house);
    await house.set(changeSet, box, '/domain/text', 'of ada');
    await house.call(
      'submit',
      { changeSet, mutations: [{ kind: 'attribute.set', component: box, path: '/domain/size', value: 9 }] },
      bob,
    );
    await undo(house, changeSet);
    expect(await house.value(changeSet, box)).toMatchObject({ text: 'head', size: 9 });
    expect((await house.refused('change_set.undo', { changeSet })).code).toBe('edit_not_found');
    await undo(house, changeSet, { ofAnyone: true });
    await redo(house, changeSet, {}, owner);
    expect((await house.value(changeSet, box))['size']).toBe(9);
    await redo(house, changeSet);
    expect(await house.value(changeSet, box)).toMatchObject({ text: 'of ada', size: 9 });
    expect((await house.refused('change_set.redo', { changeSet })).code).toBe('edit_not_found');
    expect((await house.refused('change_set.redo', { changeSet, undo: 3 })).code).toBe('edit_not_found');
  });

  test('[EN603] what others need is undone with them or not at all', async () => {
    const house = await make();
    const { changeSet } = await withBox(house);
    const source = await house.create(changeSet, 'source', { '/domain/text': 'x' });
    await house.set(changeSet, source, '/domain/size', 5);
    await house.create(changeSet, 'follower', { '/domain/text': follows('source') });
    await house.create(changeSet, 'apart');
    const before = await house.row(changeSet);
    const refusal = await house.refused('change_set.undo', { changeSet, edits: ['1'] });
    expect(refusal).toMatchObject({ code: 'edit_needed', data: { edits: ['2', '3'] } });
    expect(await house.row(changeSet)).toEqual(before);
    const reply = await undo(house, changeSet, { edits: ['1'], withNeeding: true });
    expect(reply.undone.map((e) => e.id)).toEqual(['1', '2', '3']);
    expect((await edits(house, changeSet)).filter((e) => e.state === 'stands').map((e) => e.id)).toEqual(['4']);
    // And all of it comes back at once.
    await redo(house, changeSet);
    expect((await house.row(changeSet)).intentRoot).toBe(before.intentRoot);
    await house.sound();
  });
});

test('[EN603] a schema that components use, and an unknown edit, are not undone', async () => {
  const house = await sqliteHouse().start();
  const changeSet = await house.withBox(false);
  await house.create(changeSet, 'box');
  expect((await house.refused('change_set.undo', { changeSet, edits: ['1'] })).code).toBe('edit_needed');
  for (const id of ['9', 'x', '2.2', ''])
    expect((await house.refused('change_set.undo', { changeSet, edits: [id] })).code).toBe('edit_not_found');
  expect((await house.refused('change_set.undo', { changeSet: 'HEAD' })).code).toBe('head_is_read_only');
  expect((await house.refused('change_set.undo', { changeSet, ifVersion: 1 })).code).toBe('version_conflict');
  await house.close();
});

test('[EN601] undone before or after Head moved, it comes to the same as never made', async () => {
  const house = await sqliteHouse().start();
  const first = await house.withBox();
  const boxes: string[] = [];
  for (let i = 0; i < 4; i++) boxes.push(await house.create(first, `box${i}`, { '/domain/text': 'head' }));
  await house.call('change_set.apply', { changeSet: first });
  // A small generator with a seed: the worlds are the same each time.
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const paths = ['/domain/text', '/domain/size', '/domain/inner/a', '/domain/doc'] as const;
  const request = (canDelete = true) => {
    const path = paths[next(paths.length)]!;
    const component = boxes[next(boxes.length)]!;
    if (canDelete && next(5) === 0) return { kind: 'component.delete', component };
    if (next(4) === 0) return { kind: 'attribute.unset', component, path };
    return { kind: 'attribute.set', component, path, value: path === '/domain/size' ? next(90) : `v${next(90)}` };
  };
  let compared = 0;
  for (let world = 0; world < 60; world++) {
    const [mine, twin] = [await house.open(`mine ${world}`), await house.open(`twin ${world}`)];
    const head = await house.open(`head ${world}`);
    const made = Array.from({ length: 2 + next(5) }, request);
    const dropped = next(made.length);
    const isMovedFirst = next(2) === 0;
    const move = async () => {
      await house.attempt('submit', { changeSet: head, mutations: [request(false), request(false)] });
      await house.call('change_set.apply', { changeSet: head });
    };
    let version = 0;
    let id = '';
    for (const [i, m] of made.entries()) {
      const one = await house.attempt<SubmitReply>('submit', { changeSet: mine, mutations: [m] });
      if (one.ok && i === dropped && one.value.version > version) id = String(one.value.version);
      if (one.ok) version = one.value.version;
      if (i !== dropped) await house.attempt('submit', { changeSet: twin, mutations: [m] });
    }
    if (isMovedFirst) await move();
    const done = await house.attempt('change_set.undo', { changeSet: mine, edits: [id] });
    if (!isMovedFirst) await move();
    const isSame = (await house.row(mine)).intentRoot === (await house.row(twin)).intentRoot;
    // An edit that changed nothing on top of the one undone is in the twin and is no edit here.
    const kept = (await edits(house, mine)).filter((e) => e.state !== 'undone').length;
    if (done.ok && kept === (await edits(house, twin)).length) {
      compared++;
      expect(isSame, `world ${world}`).toBe(true);
    }
    for (const changeSet of [mine, twin]) await house.call('change_set.abandon', { changeSet });
  }
  expect(compared).toBeGreaterThan(20);
  await house.sound();
  await house.close();
});

test('[EN604] a redo is carried over Head, stays its author’s, and is refused where nothing is left to stand on', async () => {
  const house = await sqliteHouse().start();
  const { box, changeSet } = await withBox(house);
  await house.set(changeSet, box, '/domain/text', 'mine');
  await undo(house, changeSet);
  const other = await house.open('other');
  await house.set(other, box, '/domain/text', 'theirs');
  await house.call('change_set.apply', { changeSet: other });
  expect((await house.value(changeSet, box))['text']).toBe('theirs');
  await redo(house, changeSet, { ofAnyone: true }, bob as never);
  expect((await house.value(changeSet, box))['text']).toBe('mine');
  const w = await house.workspace();
  const branch = await w.branch(changeSet as never);
  expect(branch.ok && branch.value.branch.pending.items.map((i) => i.author)).toEqual(['ada']);
  await undo(house, changeSet, { ofAnyone: true });
  const eraser = await house.open('eraser');
  await house.submit(eraser, { kind: 'component.erase', component: box });
  await house.call('change_set.apply', { changeSet: eraser });
  const before = await house.row(changeSet).then(() => house.row(changeSet));
  expect((await house.refused('change_set.redo', { changeSet })).code).toBe('version_conflict');
  expect(await house.row(changeSet)).toEqual(before);
  await house.sound();
  await house.close();
});

test('[EN606] what was undone is not applied, split or exported', async () => {
  const house = await sqliteHouse().start();
  const { box, changeSet } = await withBox(house);
  await house.set(changeSet, box, '/domain/text', 'kept');
  await house.set(changeSet, box, '/domain/size', 8);
  await house.create(changeSet, 'gone');
  await undo(house, changeSet, { edits: ['2', '3'] });
  const file = await house.call<{ items: unknown[] }>('change_set.export', { changeSet });
  expect(file.items).toHaveLength(1);
  const part = await house.call<{ edits: number }>('change_set.split', { changeSet, components: ['box'] });
  expect(part.edits).toBe(1);
  const receipt = await house.call<{ edits: number }>('change_set.apply', { changeSet });
  expect(receipt.edits).toBe(1);
  expect(await house.value('HEAD', box)).toMatchObject({ text: 'kept', size: 3 });
  expect((await house.refused('component.get', { component: 'gone' })).code).toBe('component_not_found');
  await house.sound();
  await house.close();
});

test('[EN605] picked edits are made in the other change set, with their authors, and stay where they were', async () => {
  const house = await sqliteHouse().start();
  const { box, changeSet } = await withBox(house);
  const into = await house.open('into');
  await house.set(changeSet, box, '/domain/text', 'picked');
  await house.create(changeSet, 'source', { '/domain/text': 'x' });
  await house.create(changeSet, 'follower', { '/domain/text': follows('source') });
  const pick = (...ids: string[]) => ({ changeSet, into, edits: ids });
  const reply = await house.call<SubmitReply>('change_set.pick', pick('1'), bob as never);
  expect(reply.steps[0]!.sentence).toMatch(/^pick 1 of "mine"/);
  expect((await house.value(into, box))['text']).toBe('picked');
  const before = await house.row(into);
  expect(await house.refused('change_set.pick', pick('3'))).toMatchObject({
    code: 'edit_lacks',
    data: { edits: ['2'] },
  });
  expect(await house.row(into)).toEqual(before);
  await house.call('change_set.pick', pick('3', '2'));
  expect((await house.row(into)).intentRoot).toBe((await house.row(changeSet)).intentRoot);
  expect((await edits(house, changeSet)).map((e) => e.state)).toEqual(['stands', 'stands', 'stands']);
  expect((await house.refused('change_set.pick', { ...pick('1'), into: changeSet })).code).toBe('request_malformed');
  expect((await house.refused('change_set.pick', { ...pick('1'), into: 'HEAD' })).code).toBe('head_is_read_only');
  // Applied in one, they are found made in the other.
  await house.call('change_set.apply', { changeSet: into });
  const review = await house.call<{ components: unknown[] }>('change_set.review', { changeSet });
  expect(review.components).toEqual([]);
  await house.sound();
  await house.close();
});

test('[EN604] the text of a function is put back on the text it was made on', async () => {
  const house = await sqliteHouse().start();
  const changeSet = await house.withBox();
  const text = (body: string) => `export default function main() { return '${body}'; }`;
  const made = await house.submit(changeSet, {
    kind: 'function.create',
    name: 'f',
    functionKind: 'attribute',
    text: text('a'),
  } as never);
  const fn = made.steps[0]!.subject;
  const roots = [(await house.row(changeSet)).intentRoot];
  for (const body of ['bb', 'ccc']) {
    await house.submit(changeSet, { kind: 'function.edit_text', function: fn, text: text(body) } as never);
    roots.push((await house.row(changeSet)).intentRoot);
  }
  expect((await house.refused('change_set.undo', { changeSet, edits: ['2'] })).code).toBe('edit_needed');
  for (const at of [1, 0]) {
    await undo(house, changeSet);
    expect((await house.row(changeSet)).intentRoot).toBe(roots[at]);
  }
  for (const at of [1, 2]) {
    await redo(house, changeSet);
    expect((await house.row(changeSet)).intentRoot).toBe(roots[at]);
  }
  await house.sound();
  await house.close();
});

test('[EN601] a late edit is told nothing of an edit that was undone meanwhile', async () => {
  const house = await sqliteHouse().start();
  const { box, changeSet } = await withBox(house);
  const set = (value: string, who = owner) =>
    house.call<SubmitReply>(
      'submit',
      {
        changeSet,
        baseVersion: 0,
        mutations: [{ kind: 'attribute.set', component: box, path: '/domain/text', value }],
      },
      who,
    );
  const first = { kind: 'attribute.set', component: box, path: '/domain/text', value: 'bob' };
  await house.call('submit', { changeSet, mutations: [first] }, bob as never);
  expect((await set('late')).receipt).toHaveLength(1);
  await undo(house, changeSet, { edits: ['1', '2'] });
  expect((await set('later')).receipt ?? []).toEqual([]);
  expect((await house.value(changeSet, box))['text']).toBe('later');
  await house.sound();
  await house.close();
});
