// Following a workspace: everything durable in one order, resumed at any point without a gap and without a repetition.

import { afterEach, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { must } from '../../src/base/result.ts';
import type { AuditRecord } from '../../src/engine/audit.ts';
import type { EventStream } from '../../src/engine/event_feed.ts';
import type { WorkspaceEvent } from '../../src/engine/event_shape.ts';
import type { EventsRead } from '../../src/engine/operations_event.ts';
import { functionHouse, withWeb } from './function_house.ts';
import { eachStore, type House, type Params, sqliteHouse } from './house.ts';

const read = (house: House, params: Params = {}): Promise<EventsRead> =>
  house.call<EventsRead>('events.read', { after: 0, limit: 300, ...params });

/** Everything there is, page by page. */
async function all(house: House, params: Params = {}): Promise<readonly WorkspaceEvent[]> {
  const out: WorkspaceEvent[] = [];
  for (let after = 0; ; ) {
    const page = await read(house, { ...params, after });
    if (page.events.length === 0) return out;
    out.push(...page.events);
    after = page.position;
  }
}

const positions = (events: readonly WorkspaceEvent[]): number[] => events.map((e) => e.position!);
const what = (event: WorkspaceEvent): string => `${event.kind} ${String((event.data as { what?: string }).what ?? '')}`;

/** Takes until there is nothing more. */
async function drained(stream: EventStream): Promise<WorkspaceEvent[]> {
  const out: WorkspaceEvent[] = [];
  for (;;) {
    const taken = await stream.take(200);
    if (taken === 'gone') throw new Error('gone');
    if (taken.events.length === 0) return out;
    out.push(...taken.events);
  }
}

/** A generator of numbers from a seed (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

eachStore((make) => {
  test('[EN560] what is durable is an event, in the order of the logs', async () => {
    const house = await make();
    const changeSet = await house.withBox();
    const box = await house.create(changeSet, 'a', { '/domain/text': 'x' });
    const other = await house.open('other');
    await house.set(changeSet, box, '/domain/size', 7);
    await house.call('change_set.apply', { changeSet });
    await house.call('change_set.get', { changeSet: other });
    const events = await all(house);
    expect(positions(events)).toEqual([...new Set(positions(events))].sort((a, b) => a - b));
    const told = events.filter((e) => e.changeSets[0] === changeSet).map(what);
    expect(told).toEqual([
      'change_set change_set.open',
      'mutation component.create',
      'mutation attribute.set',
      'apply change_set.apply',
    ]);
    expect(events.map(what)).toContain('replay change_set.catch_up');
    // Each chain of the audit, whole and in its order; nothing that is not in one.
    const audit = await house.call<AuditRecord[]>('audit.list', { limit: 10_000 });
    for (const chain of new Set(audit.map((a) => a.changeSet)))
      expect(events.filter((e) => e.changeSets[0] === chain).map((e) => (e.data as { seq: number }).seq)).toEqual(
        audit.filter((a) => a.changeSet === chain).map((a) => a.seq),
      );
    expect(events.length).toBe(audit.length);
  });

  test('[EN561] followed while many write, nothing is missed, twice or out of order', async () => {
    const house = await make();
    const changeSet = await house.withBox();
    const box = await house.create(changeSet, 'a');
    const w = await house.workspace();
    const { position } = await read(house, { after: undefined as never, limit: 0 });
    const stream = must(await w.events.follow({}));
    const seen: WorkspaceEvent[] = [];
    const following = (async () => {
      for (;;) {
        const taken = await stream.take(1_000);
        if (taken === 'gone') throw new Error('gone');
        seen.push(...taken.events);
        if (stream.isClosed) return;
      }
    })();
    const sets = Array.from({ length: 60 }, (_, i) => house.set(changeSet, box, '/domain/size', i));
    await Promise.all(sets);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stream.close();
    await following;
    const durable = seen.filter((e) => e.position !== undefined);
    expect(durable).toEqual((await all(house)).filter((e) => e.position! > position));
    expect(durable.length).toBeGreaterThanOrEqual(60);
    expect(w.events.size).toBe(0);
  });

  test('[EN562] by change set and by kind', async () => {
    const house = await make();
    const a = await house.withBox();
    await house.create(a, 'a');
    const b = await house.open('b');
    await house.create(b, 'b');
    await house.call('change_set.apply', { changeSet: b });
    // Its replay onto the others is told, too, in its own time.
    await (await house.workspace()).replay.idle();
    const everything = await all(house);
    for (const changeSet of [a, b]) {
      const some = await all(house, { changeSet });
      expect(some).toEqual(everything.filter((e) => e.changeSets.includes(changeSet as never)));
      expect(some.length).toBeGreaterThan(1);
    }
    const applies = await all(house, { kinds: 'apply' });
    expect(applies).toEqual(everything.filter((e) => e.kind === 'apply'));
    // In its own chain and in Head's, which names it; each is told to those who follow it.
    expect(applies.filter((e) => e.changeSets[0] === b || (e.data as { subject: string }).subject === b).length).toBe(
      2,
    );
    expect(applies.filter((e) => e.changeSets.includes(b as never)).length).toBe(1);
    expect((await house.refused('events.read', { kinds: 'apply,nonsense' })).code).toBe('request_malformed');
    expect((await house.refused('events.read', { changeSet: 'nonsense' })).code).toBe('change_set_not_found');
  });

  test('[EN562] a page holds no more than was asked for, and the next goes on from it', async () => {
    const house = await make();
    const changeSet = await house.withBox();
    for (let i = 0; i < 7; i++) await house.create(changeSet, `b${i}`);
    const everything = await all(house);
    const out: WorkspaceEvent[] = [];
    for (let after = 0; ; ) {
      const page = await read(house, { after, limit: 2 });
      if (page.events.length === 0) break;
      expect(page.events.length).toBeLessThanOrEqual(2);
      out.push(...page.events);
      after = page.position;
    }
    expect(out).toEqual(everything);
  });

  test('[EN563] who takes nothing for long has a bounded number waiting, and misses nothing durable', async () => {
    const house = await make();
    const changeSet = await house.withBox();
    const box = await house.create(changeSet, 'a');
    const w = await house.workspace();
    const stream = must(await w.events.follow({ changeSet: changeSet as never }));
    const { position } = stream;
    expect(await drained(stream)).toEqual([]);
    const many = limits.eventsWaitingMax + 50;
    for (let i = 0; i < many; i += 50)
      await house.submit(
        changeSet,
        ...Array.from({ length: 50 }, (_, n) => ({
          kind: 'attribute.set' as const,
          component: box,
          path: '/domain/size',
          value: i + n,
        })),
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const first = await stream.take(1_000);
    expect(first !== 'gone' && first.missedPassing).toBe(true);
    const seen = [...(first === 'gone' ? [] : first.events), ...(await drained(stream))];
    stream.close();
    const expected = (await all(house, { changeSet })).filter((e) => e.position! > position);
    expect(positions(seen)).toEqual(positions(expected));
    expect(seen.length).toBeGreaterThanOrEqual(many);
  });

  test('[EN564] a position that is gone, or never was, is refused with what to do', async () => {
    const house = await make();
    await house.withBox();
    const { position } = await read(house, { limit: 0, after: undefined as never });
    const ahead = await house.refused('events.read', { after: position + 1 });
    expect(ahead).toMatchObject({ code: 'events_gone', path: 'after' });
    expect(ahead.hint).toContain(String(position));
    const w = await house.workspace();
    const actions = Array.from({ length: 3 }, (_, i) => ({ seq: i + 1, text: stepText }));
    await w.store.commit(w.id, { changeSets: [], log: [], audit: [], reality: { expected: 0, rows: actions } });
    await w.store.pruneEvents(w.id, 1);
    expect((await house.refused('events.read', { after: position })).code).toBe('events_gone');
    const rest = await read(house, { after: position + 2 });
    expect(rest.events).toMatchObject([{ kind: 'resource', data: { step: 3, components: [{ isGone: true }] } }]);
  });
});

const stepText = JSON.stringify({ format: 1, atMs: 1, action: null, changes: [{ component: 'c', record: null }] });

/** Answers come as late as they like: what is read may be older than what others were told meanwhile. */
function slowReads(house: House, next: (below: number) => number): void {
  const { store } = house.engine;
  const plain = store.readEvents.bind(store);
  store.readEvents = async (...args) => {
    const page = await plain(...args);
    for (let turns = next(6); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    if (next(4) === 0) await new Promise((resolve) => setTimeout(resolve, next(30)));
    return page;
  };
}

/** Follows all the while, so that there is always somebody to be told; ends it, and looks whether it saw everything once. */
async function keep(house: House): Promise<() => Promise<void>> {
  const stream = must(await (await house.workspace()).events.follow({}));
  const { position } = stream;
  const seen: number[] = [];
  const keeping = (async () => {
    while (!stream.isClosed) {
      const taken = await stream.take(1_000);
      if (taken === 'gone') throw new Error('gone');
      for (const e of taken.events) if (e.position !== undefined) seen.push(e.position);
    }
  })();
  return async () => {
    stream.close();
    await keeping;
    const last = seen.at(-1) ?? position;
    const expected = positions(await all(house)).filter((at) => at > position && at <= last);
    expect(seen).toEqual(expected);
  };
}

describe('resuming', () => {
  const seeds = Array.from({ length: 12 }, (_, i) => i + 1);
  test.each(seeds)(
    '[EN561] a client that is cut at random and comes again sees everything once, seed %i',
    async (seed) => {
      const house = await sqliteHouse().start();
      try {
        const next = numbersFrom(seed);
        slowReads(house, next);
        const changeSet = await house.withBox();
        const box = await house.create(changeSet, 'a');
        const seen: WorkspaceEvent[] = [];
        let after = 0;
        let stream: EventStream | undefined;
        let kept = await keep(house);
        let wrote: Promise<unknown>[] = [];
        for (let step = 0; step < 60; step++) {
          switch (next(6)) {
            case 0:
              wrote.push(house.set(changeSet, box, '/domain/size', step));
              break;
            case 1:
              wrote.push(house.create(changeSet, `n${step}`));
              break;
            case 2:
              // Cut: what it had not taken it has not seen.
              stream?.close();
              stream = undefined;
              break;
            case 3:
              if (next(4) > 0) break;
              await Promise.all(wrote);
              wrote = [];
              stream = undefined;
              await kept();
              await house.reopen();
              slowReads(house, next);
              kept = await keep(house);
              break;
            default: {
              const w = await house.workspace();
              stream ??= must(await w.events.follow({}, after));
              const taken = await stream.take(1 + next(40));
              if (taken === 'gone') throw new Error('gone');
              const durable = taken.events.filter((e) => e.position !== undefined);
              seen.push(...durable);
              after = taken.position;
            }
          }
        }
        await Promise.all(wrote);
        stream?.close();
        await kept();
        const w = await house.workspace();
        const rest = must(await w.events.follow({}, after));
        seen.push(...(await drained(rest)).filter((e) => e.position !== undefined));
        rest.close();
        expect(positions(seen)).toEqual(positions(await all(house)));
      } finally {
        await house.close();
      }
    },
  );
});

describe('what passes', () => {
  let house: House | undefined;
  afterEach(() => house?.close());

  test('[EN565] pending values, runs and their logs are told once they are recorded, without a position', async () => {
    house = await functionHouse();
    const changeSet = await withWeb(house);
    const w = await house.workspace();
    const stream = must(
      await w.events.follow({ kinds: ['propagation', 'run', 'run_log'], changeSet: changeSet as never }),
    );
    await drained(stream);
    await house.set(changeSet, 'web', '/domain/Host', 'followed.example');
    await house.call('explain', { changeSet, component: 'web', path: '/domain/Url', waitMs: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const events = await drained(stream);
    stream.close();
    expect(events.every((e) => e.position === undefined)).toBe(true);
    const runs = events.filter((e) => e.kind === 'run');
    expect(runs.map((e) => e.data)).toContainEqual(
      expect.objectContaining({ functionName: 'url', status: 'succeeded', changeSet }),
    );
    const lines = events.filter((e) => e.kind === 'run_log').map((e) => (e.data as { text: string }).text);
    expect(lines).toContain('making followed.example');
    const pending = events.filter((e) => e.kind === 'propagation').map((e) => (e.data as { pending: number }).pending);
    expect(pending.at(-1)).toBe(0);
    expect(Math.max(...pending)).toBeGreaterThan(0);
  });
});
