// Change sets that meet on Head: catching up, applying over each other, receipts, late edits, on every store. What each
// pair of edits comes to is shown in test/merge; here it is that the engine does it, says it and keeps it.

import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { ApplyReceipt } from '../../src/engine/apply_receipt.ts';
import type { Review } from '../../src/engine/operations.ts';
import type { SubmitReply } from '../../src/engine/submit.ts';
import { boxSpec as box, eachStore, type House } from './house.ts';

const boxSpec = box as unknown as Json;

const set = (component: string, path: string, value: Json): Json => ({ kind: 'attribute.set', component, path, value });
const follow = (component: string, path: string, from: string, at: string): Json =>
  set(component, path, { $source: { component: from, path: at } });

/** Head with the components a and b of schema Box; answers their ids. */
async function twoBoxes(house: House): Promise<{ a: string; b: string }> {
  const first = await house.withBox();
  const a = await house.create(first, 'a', { '/domain/text': 'base', '/domain/list': ['x', 'y', 'z'] });
  const b = await house.create(first, 'b', { '/domain/text': 'other' });
  await house.call('change_set.apply', { changeSet: first });
  return { a, b };
}

const apply = (house: House, changeSet: string): Promise<ApplyReceipt> =>
  house.call<ApplyReceipt>('change_set.apply', { changeSet });

/** Everything a reader sees of an open change set and of Head survives a restart, and verify finds nothing. */
async function lasts(house: House, ...changeSets: string[]): Promise<void> {
  const see = async (): Promise<string> =>
    JSON.stringify([
      await house.rows(),
      ...(await Promise.all(changeSets.map((c) => house.call('change_set.receipt', { changeSet: c })))),
    ]);
  const before = await see();
  await house.reopen();
  expect(await see()).toBe(before);
  await house.sound();
}

describe('merging', () => {
  eachStore((make) => {
    test('[EN30] B10 disjoint edits of two change sets are both on Head; of one place the later apply stands, and says what it stands over', async () => {
      const house = await make();
      const { a } = await twoBoxes(house);
      const [one, two] = [await house.open('one'), await house.open('two')];
      await house.submit(one, set(a, '/domain/size', 7), set(a, '/domain/text', 'one'));
      await house.submit(two, set(a, '/domain/colour', 'green'), set(a, '/domain/text', 'two'));
      await apply(house, one);
      const review = await house.call<Review>('change_set.review', { changeSet: two });
      expect(review.receipt).toMatchObject([
        {
          rule: 'value-value',
          outcome: 'overridden',
          path: '/domain/text',
          now: '{"v":"two"}',
          mine: { author: 'ada', wanted: { cell: { v: 'two' } } },
          theirs: { author: 'ada', wanted: { cell: { v: 'one' } }, changeSet: one, version: 4 },
          otherwise: [{ kind: 'cell.set', cell: { v: 'one' } }],
        },
      ]);
      const receipt = await apply(house, two);
      expect(receipt.receipt).toHaveLength(1);
      expect(await house.value('HEAD', a)).toMatchObject({ size: 7, colour: 'green', text: 'two' });
      expect((await house.call<ApplyReceipt>('change_set.outcome', { changeSet: two })).receipt).toEqual(
        receipt.receipt,
      );
      await lasts(house, one, two);
    });

    test('[EN30] B11 what Head deletes is gone in an open change set, whose edit is on the receipt with who deleted it', async () => {
      const house = await make();
      const { a, b } = await twoBoxes(house);
      const [open, marks, erases] = [await house.open('open'), await house.open('marks'), await house.open('erases')];
      await house.submit(open, set(a, '/domain/size', 9), set(b, '/domain/size', 9));
      await house.submit(marks, { kind: 'component.delete', component: a });
      await house.submit(erases, { kind: 'component.erase', component: b });
      await apply(house, marks);
      await apply(house, erases);
      const { lines } = await house.call<{ lines: Json[] }>('change_set.receipt', { changeSet: open });
      expect(lines).toMatchObject([
        {
          rule: 'mark-edit',
          outcome: 'masked',
          subject: a,
          theirs: { author: 'ada' },
          otherwise: [{ kind: 'component.unmark' }],
        },
        {
          rule: 'erase-edit',
          outcome: 'dropped',
          subject: b,
          theirs: { author: 'ada' },
          otherwise: [{ kind: 'component.create' }],
        },
      ]);
      expect((await house.refused('component.get', { changeSet: open, component: b })).code).toBe(
        'component_not_found',
      );
      await lasts(house, open);
    });

    test('[ME65] a line that an edit is masked by a deletion is gone when Head restores the component', async () => {
      const house = await make();
      const { a, b } = await twoBoxes(house);
      const open = await house.open('open');
      await house.submit(open, set(a, '/domain/size', 9), follow(b, '/domain/text', a, '/domain/text'));
      const told = async () => {
        const reply = await house.call<{ lines: { rule: string; outcome: string; inForce: boolean }[] }>(
          'change_set.receipt',
          { changeSet: open },
        );
        return reply.lines.filter((l) => l.inForce).map((l) => [l.rule, l.outcome]);
      };
      for (const kind of ['component.delete', 'component.restore']) {
        const other = await house.open(kind);
        await house.submit(other, { kind, component: a });
        await apply(house, other);
        const masked = ['mark-edit', 'source-deleted'].map((rule) => [rule, 'masked']);
        expect(await told()).toEqual(kind === 'component.delete' ? masked : []);
      }
      expect((await house.value(open, a))['size']).toBe(9);
      await lasts(house, open);
    });

    test('[EN30] B14 nothing dangles when the source of a subscription is erased elsewhere', async () => {
      const house = await make();
      const { a, b } = await twoBoxes(house);
      const [follows, erases] = [await house.open('follows'), await house.open('erases')];
      await house.submit(follows, follow(a, '/domain/text', b, '/domain/text'));
      await house.submit(erases, { kind: 'component.erase', component: b });
      await apply(house, erases);
      const review = await house.call<Review>('change_set.review', { changeSet: follows });
      expect(review.receipt).toMatchObject([
        { rule: 'source-erased', outcome: 'repaired', subject: a, path: '/domain/text' },
      ]);
      await apply(house, follows);
      await lasts(house, follows);
    });

    test('[EN30] A19 two subscriptions that together close a cycle: Head’s stays, the other returns to its source and comes back when it can', async () => {
      const house = await make();
      const { a, b } = await twoBoxes(house);
      const [one, two] = [await house.open('one'), await house.open('two')];
      await house.submit(one, follow(a, '/domain/text', b, '/domain/text'));
      await house.submit(two, follow(b, '/domain/text', a, '/domain/text'));
      await apply(house, one);
      const review = await house.call<Review>('change_set.review', { changeSet: two });
      expect(review.receipt).toMatchObject([
        { rule: 'value-cycle', outcome: 'dropped', subject: b, path: '/domain/text' },
      ]);
      expect(review.receipt[0]!.cycle!.length).toBeGreaterThan(2);
      expect(await house.value(two, b)).toMatchObject({ text: 'other' });
      const back = await house.submit(two, set(a, '/domain/text', 'free'));
      expect(await house.value(two, b)).toMatchObject({ text: 'free' });
      // Who takes the other subscription off has seen it: nothing is lost, and nothing is left to say.
      expect((await house.call<Review>('change_set.review', { changeSet: two })).receipt).toEqual([]);
      expect(back.version).toBeGreaterThan(1);
      await apply(house, two);
      expect(await house.value('HEAD', b)).toMatchObject({ text: 'free' });
      await lasts(house, two);
    });

    test('[EN30] B21 B32 one placement of one component in one view, and a view that goes takes nothing with it', async () => {
      const house = await make();
      const { a } = await twoBoxes(house);
      const views = await house.open('views');
      await house.submit(views, { kind: 'view.create', name: 'Net' });
      await apply(house, views);
      const [one, two, gone] = [await house.open('one'), await house.open('two'), await house.open('gone')];
      for (const c of [one, two]) await house.submit(c, { kind: 'view.add_component', view: 'Net', component: a });
      await house.submit(two, { kind: 'view.remove_component', view: 'DEFAULT', component: a });
      await house.submit(gone, { kind: 'view.remove', view: 'Net' });
      expect((await apply(house, one)).receipt).toEqual([]);
      expect(await apply(house, gone)).toMatchObject({ receipt: [{ rule: 'view-removed' }] });
      const review = await house.call<Review>('change_set.review', { changeSet: two });
      expect(review.receipt.map((l) => l.rule)).toContain('view-removed');
      await apply(house, two);
      await lasts(house, two);
    });

    test('[EN30] B18 B19 B23 one unlocked variant, one default, and the apply locks what the change set worked on', async () => {
      const house = await make();
      await twoBoxes(house);
      const variants = await house.call<{ records: { noun: string; key: string }[] }>('diff', { fromVersion: 1 });
      const variant = variants.records.find((r) => r.noun === 'variant')!.key.slice(27);
      const [one, two] = [await house.open('one'), await house.open('two')];
      for (const c of [one, two]) await house.submit(c, { kind: 'schema.unlock_variant', variant });
      const review = await house.call<Review>('change_set.review', { changeSet: one });
      expect(review.atApply.join('; ')).toContain('set locked of variant');
      await apply(house, one);
      await apply(house, two);
      const all = await house.call<{ records: { noun: string; fields: { field: string; new: Json }[] }[] }>('diff', {
        fromVersion: 1,
      });
      const locked = all.records
        .filter((r) => r.noun === 'variant')
        .map((r) => r.fields.find((f) => f.field === 'locked')!.new);
      expect(locked).toEqual([true, true, true]);
      await lasts(house, one, two);
    });

    test('[EN30] B15 B17 a decision about an erased component is no orphan; of two actions of one kind one is left', async () => {
      const house = await make();
      const { a } = await twoBoxes(house);
      const [holds, erases] = [await house.open('holds'), await house.open('erases')];
      await house.submit(holds, { kind: 'action.hold', component: a, action: 'update' });
      await house.submit(erases, { kind: 'component.erase', component: a });
      await apply(house, holds);
      expect(await apply(house, erases)).toMatchObject({ receipt: [{ subject: a }] });
      const [one, two] = [await house.open('one'), await house.open('two')];
      for (const [changeSet, name] of [
        [one, 'make'],
        [two, 'build'],
      ] as const) {
        await house.submit(changeSet, { kind: 'function.create', name, functionKind: 'action', text: `${name}();` });
        await house.submit(changeSet, { kind: 'binding.attach', function: name, schema: 'Box', action: 'create' });
      }
      await apply(house, one);
      expect(await apply(house, two)).toMatchObject({ receipt: [{ rule: 'exclusive-action', outcome: 'repaired' }] });
      const head = (await (await house.workspace()).head()).snapshot;
      const bindings = [...head.scan('bindings', '')].map(([, text]) => JSON.parse(text) as { action: string });
      expect(bindings.filter((b) => b.action === 'create')).toHaveLength(1);
      await lasts(house, one, two);
    });

    test('[EN30] B22 two edits of one function’s text are both in it', async () => {
      const house = await make();
      const first = await house.open('functions');
      await house.submit(first, {
        kind: 'function.create',
        name: 'f',
        functionKind: 'qualification',
        text: 'one\ntwo\nthree\n',
      });
      // An overlay is edited although it is locked: it is no part of a locked variant.
      await house.submit(first, { kind: 'schema.create', name: 'Box', spec: boxSpec });
      await house.submit(first, { kind: 'binding.attach', function: 'f', schema: 'Box' });
      await apply(house, first);
      const [one, two] = [await house.open('one'), await house.open('two')];
      await house.submit(one, { kind: 'function.edit_text', function: 'f', text: 'ONE\ntwo\nthree\n' });
      await house.submit(two, { kind: 'function.edit_text', function: 'f', text: 'one\ntwo\nTHREE\n' });
      await apply(house, one);
      expect(await apply(house, two)).toMatchObject({ receipt: [{ rule: 'text-text', outcome: 'transformed' }] });
      const w = await house.workspace();
      const head = await w.head();
      const [[, text]] = [...head.snapshot.scan('functions', '')] as [[string, string]];
      expect(head.snapshot.blob((JSON.parse(text) as { text: never }).text)).toBe('ONE\ntwo\nTHREE\n');
      await lasts(house, two);
    });

    test('[EN30] one resource id imported twice: both are kept and noted, neither is deleted until one lets go', async () => {
      const house = await make();
      const { a, b } = await twoBoxes(house);
      const [one, two] = [await house.open('one'), await house.open('two')];
      const imported = (component: string): Json => ({
        kind: 'component.set_resource_id',
        component,
        resourceId: 'vpc-1',
      });
      await house.submit(one, imported(a));
      await house.submit(two, imported(b));
      await apply(house, one);
      const receipt = await apply(house, two);
      expect(receipt.receipt).toMatchObject([{ rule: 'resource-shared', outcome: 'noted', subject: b }]);
      const three = await house.open('three');
      const mutations: Json[] = [{ kind: 'component.delete', component: a }];
      expect(await house.refused('submit', { changeSet: three, mutations })).toMatchObject({
        code: 'resource_shared',
        data: { components: [b] },
      });
      await house.submit(three, { kind: 'component.set_resource_id', component: b, resourceId: null });
      await house.submit(three, { kind: 'component.delete', component: a });
      await apply(house, three);
      await lasts(house, three);
    });

    test('[EN31] an edit made before a catch-up and brought after it is as if it had come before', async () => {
      const states: Json[] = [];
      for (const late of [false, true]) {
        const house = await make();
        const { a } = await twoBoxes(house);
        const [mine, theirs] = [await house.open('mine'), await house.open('theirs')];
        await house.submit(theirs, set(a, '/domain/text', 'head'), {
          kind: 'list.remove',
          component: a,
          path: '/domain/list',
          index: 0,
        });
        await house.submit(mine, set(a, '/domain/size', 4));
        const mutations = [
          set(a, '/domain/text', 'mine'),
          { kind: 'list.insert', component: a, path: '/domain/list', index: 1, value: 'new' },
        ];
        if (!late) await house.call('submit', { changeSet: mine, mutations });
        await apply(house, theirs);
        await house.row(mine);
        const reply = late
          ? await house.call<SubmitReply>('submit', { changeSet: mine, baseVersion: 1, mutations })
          : undefined;
        states.push((await house.value(mine, a)) as Json);
        expect(await house.value(mine, a)).toMatchObject({ text: 'mine', size: 4, list: ['new', 'y', 'z'] });
        if (reply !== undefined) expect(reply.version).toBe(3);
        await lasts(house, mine);
      }
      expect(states[1]).toEqual(states[0]);
    });

    test('[EN31] a late edit of a text is carried over what Head did to it while the change set had nothing to do with it', async () => {
      const house = await make();
      const first = await house.open('first');
      await house.submit(first, {
        kind: 'function.create',
        name: 'f',
        functionKind: 'qualification',
        text: 'first();\na();\nlast();\n',
      });
      await house.submit(first, { kind: 'schema.create', name: 'Box', spec: boxSpec });
      await house.submit(first, { kind: 'binding.attach', function: 'f', schema: 'Box' });
      await apply(house, first);
      const [mine, theirs] = [await house.open('mine'), await house.open('theirs')];
      await house.submit(mine, { kind: 'view.create', name: 'of mine' });
      const edit = (t: string): Json => ({ kind: 'function.edit_text', function: 'f', text: t });
      await house.submit(theirs, edit('FIRST();\nb();\nlast();\n'));
      await apply(house, theirs);
      await house.row(mine);
      await house.call('submit', {
        changeSet: mine,
        baseVersion: 1,
        mutations: [edit('first();\na();\nLAST();\n')],
      });
      await apply(house, mine);
      const { snapshot } = await (await house.workspace()).head();
      const [[, record]] = [...snapshot.scan('functions', '')] as [[string, string]];
      expect(snapshot.blob((JSON.parse(record) as { text: never }).text)).toBe('FIRST();\nb();\nLAST();\n');
      await house.sound();
    });

    test('[EN32] replay reaches every open change set in the background, and after a restart', async () => {
      const house = await make();
      const { a } = await twoBoxes(house);
      const open = await Promise.all(Array.from({ length: 12 }, (_, i) => house.open(`c${i}`)));
      await Promise.all(open.map((c, i) => house.set(c, a, '/domain/size', i)));
      const mover = await house.open('mover');
      await house.set(mover, a, '/domain/text', 'moved');
      await apply(house, mover);
      const w = await house.workspace();
      await w.replay.idle();
      const stored = await house.engine.store.listChangeSets(w.id);
      expect(stored.filter((r) => r.status === 'Open' && !r.isHead).map((r) => r.baseVersion)).toEqual(
        open.map(() => 4),
      );
      expect(await house.call('statistics')).toMatchObject({ replayLag: { versions: 0, changeSets: 0 } });
      for (const [i, c] of open.entries()) expect(await house.value(c, a)).toMatchObject({ text: 'moved', size: i });
      await lasts(house, ...open);
    });

    test('[EN33] a revert takes back what is not changed again since, and says what stays', async () => {
      const house = await make();
      const { a, b } = await twoBoxes(house);
      const [bad, later] = [await house.open('bad'), await house.open('later')];
      await house.submit(bad, set(a, '/domain/text', 'bad'), set(a, '/domain/size', 1), {
        kind: 'component.erase',
        component: b,
      });
      const made = await house.create(bad, 'made');
      const used = await house.create(bad, 'used', { '/domain/text': 'u' });
      await apply(house, bad);
      await house.submit(later, set(a, '/domain/size', 2), follow(a, '/domain/inner/a', used, '/domain/text'));
      await apply(house, later);
      const reply = await house.call<{ changeSet: { id: string; name: string }; receipt: Json[] }>(
        'change_set.revert',
        { changeSet: bad },
      );
      expect(reply.changeSet.name).toBe('revert bad');
      expect(reply.receipt).toContainEqual(
        expect.objectContaining({ rule: 'revert-head', outcome: 'superseded', subject: a, path: '/domain/size' }),
      );
      expect(reply.receipt).toContainEqual(expect.objectContaining({ rule: 'revert-head', subject: used }));
      await apply(house, reply.changeSet.id);
      expect(await house.value('HEAD', a)).toMatchObject({ text: 'base', size: 2, inner: { a: 'u' } });
      expect(await house.value('HEAD', b)).toMatchObject({ text: 'other' });
      expect(await house.value('HEAD', used)).toMatchObject({ text: 'u' });
      expect((await house.refused('component.get', { changeSet: 'HEAD', component: made })).code).toBe(
        'component_not_found',
      );
      await lasts(house, reply.changeSet.id);
    });

    test('[EN33] reverting a range of versions right away gives the state before them', async () => {
      const house = await make();
      const { a, b } = await twoBoxes(house);
      const before = await house.row('HEAD');
      for (const [i, edit] of [
        set(a, '/domain/text', 'one'),
        { kind: 'component.delete', component: b },
        { kind: 'list.move', component: a, path: '/domain/list', from: 0, to: 2 },
      ].entries()) {
        const c = await house.open(`c${i}`);
        await house.submit(c, edit);
        await apply(house, c);
      }
      const { version } = await house.row('HEAD');
      const range = { first: before.version + 1, last: version };
      const reply = await house.call<{ changeSet: { id: string } }>('change_set.revert', range);
      await apply(house, reply.changeSet.id);
      expect((await house.row('HEAD')).intentRoot).toBe(before.intentRoot);
      expect((await house.refused('change_set.revert', { first: 1 })).code).toBe('version_not_found');
      await lasts(house);
    });
  });
});
