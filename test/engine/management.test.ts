// Management functions, run on real components by the real runners: what they return is one batch of edits, all of it or nothing.

import { describe, expect, test } from 'vitest';
import type { ChangeSetId, ComponentId } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import type { Page } from '../../src/engine/component.ts';
import type { ManagementReply } from '../../src/engine/management.ts';
import { managedBy } from '../../src/engine/management_input.ts';
import type { RunRecord } from '../../src/model/run.ts';
import { withFunctions } from './function_house.ts';
import { eachStore, type House, type Params } from './house.ts';

interface Seen {
  readonly value: {
    readonly si: { name: string; resourceId?: string };
    readonly domain: Record<string, Json>;
  } & Record<string, Json>;
  readonly views: readonly { name: string }[];
  readonly sources: readonly { path: string; kind: string }[];
  readonly toDelete: boolean;
}

const get = (house: House, changeSet: string, component: string, waitMs = 0) =>
  house.call<Seen>('component.get', { changeSet, component, waitMs });

/** A management function bound to Box, with `text` as the body of `main`. */
async function withFunction(house: House, changeSet: string, body: string, name = 'manage'): Promise<void> {
  await house.submit(
    changeSet,
    {
      kind: 'function.create',
      name,
      functionKind: 'management',
      text: `async function main({ thisComponent, components, currentView }) {\n${body}\n}`,
    },
    { kind: 'binding.attach', function: name, schema: 'Box' },
  );
}

/** Ids of what a component manages. */
async function managed(house: House, changeSet: string, component: string): Promise<string[]> {
  const w = await house.workspace();
  const found = await w.present(changeSet as ChangeSetId);
  if (!found.ok) throw new Error('no change set');
  const { snapshot } = found.value;
  return w.read(() => managedBy(snapshot, component as ComponentId));
}

/** The function returns these operations. */
const returning = (ops: Json): string => `return { status: 'ok', ops: ${JSON.stringify(ops)} };`;

async function untilRunning(house: House): Promise<string> {
  for (;;) {
    const { items } = await house.call<Page<RunRecord>>('run.list', { status: 'running' });
    if (items[0] !== undefined) return items[0].id;
    await new Promise((done) => setTimeout(done, 20));
  }
}

const run = (house: House, changeSet: string, more: Params = {}) =>
  house.call<ManagementReply>('management.run', { changeSet, component: 'a', function: 'manage', ...more });

const refused = (house: House, changeSet: string, more: Params = {}) =>
  house.refused('management.run', { changeSet, component: 'a', function: 'manage', ...more });

/** A change set with `a` and a function that returns `ops`, and the reply of its run. */
async function ran(house: House, ops: Json): Promise<{ changeSet: string; reply: ManagementReply }> {
  const changeSet = await house.withBox();
  await house.create(changeSet, 'a', { '/domain/text': 'hello', '/domain/size': 5 });
  await withFunction(house, changeSet, returning(ops));
  return { changeSet, reply: await run(house, changeSet) };
}

const idOf = ({ created }: ManagementReply, name: string): string => created.find((c) => c.name === name)!.component;

describe('what a management function returns', () => {
  eachStore((make) => {
    test('[EN100] A34 creates, values, subscriptions in any order, other schemas, new views, updates and deletions are one batch', async () => {
      const house = await make(withFunctions);
      const changeSet = await house.withBox();
      await house.create(changeSet, 'a', { '/domain/text': 'hello' });
      for (const name of ['old', 'older']) {
        await house.create(changeSet, name);
        await house.submit(changeSet, { kind: 'component.manage', component: 'a', managed: name });
      }
      await house.submit(changeSet, { kind: 'view.create', name: 'gone' });
      const { version } = await house.row(changeSet);
      await withFunction(
        house,
        changeSet,
        returning({
          create: {
            first: {
              // Follows what is created after it, and after that is again itself followed.
              attributes: {
                '/domain/text': { $source: { component: 'second', path: '/domain/inner/a' } },
                '/domain/list/-': 'one',
              },
              geometry: { x: 10, y: 20 },
            },
            second: {
              kind: 'Test::Catalogued',
              properties: { domain: { size: 8, tags: { k: 'v' } } },
              attributes: {
                '/domain/inner/a': { $source: { component: 'self', path: '/domain/text' } },
                '/domain/inner/c': { $source: { component: 'first', path: '/si/name' } },
              },
              geometry: { side: { x: 1, y: 2, width: 3, height: 4 }, DEFAULT: {} },
            },
          },
          update: {
            self: { attributes: { '/domain/inner/c': { $source: { component: 'first', path: '/domain/list/0' } } } },
            old: { properties: { domain: { text: 'kept', colour: 'green' } }, geometry: { side: { x: 7 } } },
          },
          delete: ['older'],
          views: { create: ['side'], remove: ['gone'] },
        }),
      );
      const reply = await run(house, changeSet);
      expect(reply.version).toBe(version + 2);
      expect(reply.steps).toHaveLength(reply.mutations.length);
      const [first, second] = [idOf(reply, 'first'), idOf(reply, 'second')];
      expect((await get(house, changeSet, first)).value.domain).toMatchObject({ text: 'hello', list: ['one'] });
      expect(await get(house, changeSet, second)).toMatchObject({
        value: { domain: { size: 8, tags: { k: 'v' }, inner: { a: 'hello', c: 'first' } } },
        views: expect.arrayContaining([
          expect.objectContaining({ name: 'side' }),
          expect.objectContaining({ name: 'DEFAULT' }),
        ]),
      });
      expect((await get(house, changeSet, 'a')).value.domain['inner']).toMatchObject({ c: 'one' });
      expect(await get(house, changeSet, 'old')).toMatchObject({
        value: { domain: { text: 'kept', colour: 'green' } },
      });
      expect((await get(house, changeSet, 'older')).toDelete).toBe(true);
      expect(await managed(house, changeSet, reply.component)).toEqual(expect.arrayContaining([first, second]));
      expect(await managed(house, changeSet, reply.component)).toHaveLength(4);
      await house.call('change_set.apply', { changeSet });
      await house.sound();
    });

    test('[EN100] A34 erase, leaving views, removing them, an unknown placeholder; an upgrade keeps what is managed', async () => {
      const house = await make(withFunctions);
      const changeSet = await house.withBox();
      await house.create(changeSet, 'a');
      await withFunction(
        house,
        changeSet,
        `const there = Object.entries(components).map(([id, c]) => [id, c.properties.si.name]);
         if (there.length === 0) return { status: 'ok', ops: {
           views: { create: ['side'] }, create: { b: { geometry: { side: {}, DEFAULT: {} } }, c: {}, d: {} } } };
         if (there.length === 3) return { status: 'ok', ops: {
           remove: { side: ['b'] }, views: { remove: ['side'] }, delete: ['d'], erase: ['c'], actions: { b: { add: ['refresh'] } } } };
         return { status: 'ok', ops: { update: { c: {} } } };`,
      );
      const first = await run(house, changeSet);
      await run(house, changeSet);
      expect((await get(house, changeSet, 'b')).views.map((v) => v.name)).toEqual(['DEFAULT']);
      expect((await get(house, changeSet, 'd')).toDelete).toBe(true);
      expect(await house.refused('component.get', { changeSet, component: 'c' })).toMatchObject({
        code: 'component_not_found',
      });
      const before = await house.everything();
      expect(await refused(house, changeSet)).toMatchObject({
        code: 'component_not_found',
        path: '/ops/update/c',
        got: '"c"',
      });
      expect(await house.everything()).toBe(before);
      const left = [idOf(first, 'b'), idOf(first, 'd')];
      expect(await managed(house, changeSet, first.component)).toEqual(left);
      const { variant } = (
        await house.call<{ schema: { variant: string } }>('component.get', { changeSet, component: 'a' })
      ).schema;
      const unlocked = await house.submit(changeSet, { kind: 'schema.unlock_variant', variant });
      await house.submit(changeSet, { kind: 'component.upgrade', component: 'a', variant: unlocked.steps[0]!.subject });
      expect(await managed(house, changeSet, first.component)).toEqual(left);
      await house.sound();
    });

    test('[EN101] one edit that is refused takes the others with it, and the place in the result is named', async () => {
      const house = await make(withFunctions);
      const changeSet = await house.withBox();
      await house.create(changeSet, 'a');
      await withFunction(
        house,
        changeSet,
        returning({
          create: { b: {}, c: { attributes: { '/domain/size': 'large' } } },
          update: { self: { attributes: { '/domain/text': 'set' } } },
        }),
      );
      const before = await house.everything();
      const refusal = await refused(house, changeSet);
      expect(refusal).toMatchObject({
        code: 'kind_mismatch',
        path: expect.stringMatching(/^\/ops\/create\/c\/attributes\/~1domain~1size: /),
        data: { run: expect.any(String), log: [] },
      });
      expect(await house.everything()).toBe(before);
    });

    test('[EN102] log, audit and run say who asked, by which run, and at which version it read', async () => {
      const house = await make(withFunctions);
      const { changeSet, reply } = await ran(house, { create: { b: {} } });
      const audit = await house.call<AuditRecord[]>('audit.list', { changeSet, subject: idOf(reply, 'b') });
      expect(audit.map((r) => [r.actor, r.kind, r.sentence])).toEqual([
        ['ada', 'component.create', expect.stringMatching(`by manage in run ${reply.run}$`)],
      ]);
      const w = await house.workspace();
      const [entry] = await house.engine.store.readLog(w.id, changeSet as never, reply.version - 1, reply.version);
      expect(JSON.parse(entry!.text)).toMatchObject({
        actor: 'ada',
        through: { run: reply.run, function: reply.function.id, functionName: 'manage' },
      });
      const record = await house.call<RunRecord>('run.get', { run: reply.run });
      expect(record).toMatchObject({
        status: 'succeeded',
        kind: 'management',
        component: reply.component,
        changeSet,
        actor: 'ada',
        tier: 'isolate',
        test: null,
        management: { readAt: reply.version - 1, result: expect.stringContaining('"create"') },
      });
      for (const hash of [record.codeHash, record.inputHash, record.outputHash]) expect(hash).toBeTruthy();
      await house.call('change_set.apply', { changeSet });
      await house.reopen();
      await house.sound();
    });

    test('[EN103] the same key runs it once, and its answer is given again', async () => {
      const house = await make(withFunctions);
      const changeSet = await house.withBox();
      await house.create(changeSet, 'a');
      await withFunction(house, changeSet, returning({ create: { b: {} } }));
      const first = await run(house, changeSet, { idempotencyKey: 'k' });
      const again = await Promise.all([1, 2].map(() => run(house, changeSet, { idempotencyKey: 'k' })));
      expect(again).toEqual([first, first]);
      await house.reopen();
      expect(await run(house, changeSet, { idempotencyKey: 'k' })).toEqual(first);
      expect((await house.call<Page<RunRecord>>('run.list', {})).items).toHaveLength(1);
      expect(await refused(house, changeSet, { idempotencyKey: 'k', view: 'DEFAULT' })).toMatchObject({
        code: 'idempotency_key_reused',
      });
    });

    test('[EN104] what others edit while it runs is met as a late edit: it stays where both can stay, and the receipt says what met', async () => {
      const house = await make(withFunctions);
      const changeSet = await house.withBox();
      await house.create(changeSet, 'a', { '/domain/text': 'read' });
      await withFunction(
        house,
        changeSet,
        `await new Promise((done) => setTimeout(done, 1500));
         return { status: 'ok', ops: {
           create: { b: { attributes: { '/domain/text': thisComponent.properties.domain.text } } },
           update: { self: { attributes: { '/domain/colour': 'green' } } } } };`,
      );
      const { version } = await house.row(changeSet);
      const running = run(house, changeSet);
      await untilRunning(house);
      await house.set(changeSet, 'a', '/domain/text', 'later');
      await house.set(changeSet, 'a', '/domain/colour', 'red');
      const reply = await running;
      expect(reply).toMatchObject({ readAt: version, version: version + 3 });
      expect(reply.receipt?.length).toBeGreaterThan(0);
      expect((await get(house, changeSet, 'b')).value.domain['text']).toBe('read');
      expect((await get(house, changeSet, 'a')).value.domain).toMatchObject({ text: 'later', colour: 'green' });
      await house.sound();
    });

    test('[EN104] a late edit that cannot stay is refused whole', async () => {
      const house = await make(withFunctions);
      const changeSet = await house.withBox();
      await house.create(changeSet, 'a');
      await house.create(changeSet, 'b');
      await house.submit(changeSet, { kind: 'component.manage', component: 'a', managed: 'b' });
      await withFunction(
        house,
        changeSet,
        `await new Promise((done) => setTimeout(done, 1500));
         return { status: 'ok', ops: { create: { c: {} }, update: { b: { attributes: { '/domain/text': 'x' } } } } };`,
      );
      const running = house.attempt('management.run', { changeSet, component: 'a', function: 'manage' });
      await untilRunning(house);
      await house.submit(changeSet, { kind: 'component.erase', component: 'b' });
      const before = await house.everything();
      const result = await running;
      expect(result).toMatchObject({
        ok: false,
        refusal: { code: 'version_conflict', data: { run: expect.any(String) } },
      });
      expect(await house.everything()).toBe(before);
    });
  });
});
