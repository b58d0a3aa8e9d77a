// The fair queue, case by case: order, keys, buckets, taking away, what is kept and how often something is looked at.

import { describe, expect, test, vi } from 'vitest';
import { FairQueue } from '../../src/dispatch/fair_queue.ts';
import { FairShare, Flow } from '../../src/dispatch/fair_share.ts';
import { KeyGate, type KeyLimits } from '../../src/dispatch/key_gate.ts';
import { Parking } from '../../src/dispatch/parking.ts';
import { item, type SimulatedItem } from './simulation.ts';

function queueOf(limits: Readonly<Record<string, KeyLimits>> = {}, creditMs = 0) {
  return new FairQueue<SimulatedItem>({ limitsOf: (key) => limits[key] ?? {}, creditMs });
}

/** Ids of all that may start now, in order. */
function takeAll(queue: FairQueue<SimulatedItem>, nowMs = 0): string[] {
  const out: string[] = [];
  for (let one = queue.take('p', nowMs); one !== undefined; one = queue.take('p', nowMs)) out.push(one.id);
  return out;
}

describe('order', () => {
  test('[DI3] is priority, rank, coming inside a change set', () => {
    const queue = queueOf();
    queue.push(item('b1'), 0);
    queue.push(item('b2', { rank: 5 }), 0);
    queue.push(item('b3'), 0);
    queue.push(item('r', { priority: 'replay' }), 0);
    queue.push(item('i1', { priority: 'interactive' }), 0);
    queue.push(item('i2', { priority: 'interactive', rank: 1 }), 0);
    expect(takeAll(queue)).toEqual(['i2', 'i1', 'r', 'b2', 'b1', 'b3']);
  });

  test('[DI3] is kept where a more urgent one comes while others wait for the key', () => {
    const queue = queueOf({ k: { atOnceMax: 1 } });
    for (const id of ['a', 'b', 'c']) queue.push(item(id, { keys: ['k'] }), 0);
    queue.push(item('other', { keys: ['k', 'l'] }), 0);
    expect(takeAll(queue)).toEqual(['a']);
    queue.ended('a', 10, 10);
    queue.push(item('now', { keys: ['k', 'l'], priority: 'interactive' }), 10);
    expect(takeAll(queue, 10)).toEqual(['now']);
  });

  test('[DI3] is kept where one was ready before a key closed and a more urgent one came after', () => {
    const queue = queueOf({ k: { atOnceMax: 1 } });
    for (const id of ['a', 'b']) queue.push(item(id, { keys: ['k'] }), 0);
    expect(takeAll(queue)).toEqual(['a']);
    queue.ended('a', 1_000, 1);
    queue.push(item('other', { workspace: 'v', keys: ['k'] }), 1);
    expect(queue.take('p', 1)?.id).toBe('other');
    queue.push(item('now', { keys: ['k', 'l'], priority: 'interactive' }), 1);
    queue.push(item('without', { priority: 'replay' }), 1);
    expect(queue.take('p', 1)?.id).toBe('without');
    queue.ended('other', 1, 2);
    expect(takeAll(queue, 2)).toEqual(['now']);
  });

  test('[DI21] what is given back has used nothing: its workspace is not passed over for it', () => {
    const queue = queueOf();
    for (const workspace of ['a', 'b', 'c'])
      for (const n of [1, 2]) queue.push(item(`${workspace}${n}`, { workspace, keys: [workspace] }), 0);
    expect(queue.take('p', 0)?.id).toBe('a1');
    queue.giveBack('a1', 0);
    expect([queue.size, queue.underWay, queue.underWayOf('a')]).toEqual([6, 0, 0]);
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  });

  test('[DI1] alternates between workspaces, and inside one between change sets', () => {
    const queue = queueOf();
    for (let i = 0; i < 3; i++) queue.push(item(`ax${i}`, { workspace: 'a', changeSet: 'x' }), 0);
    queue.push(item('ay', { workspace: 'a', changeSet: 'y' }), 0);
    for (let i = 0; i < 3; i++) queue.push(item(`b${i}`, { workspace: 'b' }), 0);
    expect(takeAll(queue)).toEqual(['ax0', 'b0', 'ay', 'b1', 'ax1', 'b2', 'ax2']);
  });

  test('[DI11] a change set whose runs turned out long waits until the others have had as much', () => {
    const queue = queueOf();
    queue.push(item('x', { changeSet: 'x' }), 0);
    expect(takeAll(queue)).toEqual(['x']);
    for (let i = 0; i < 5; i++) queue.push(item(`y${i}`, { changeSet: 'y' }), 0);
    queue.push(item('x2', { changeSet: 'x' }), 0);
    queue.ended('x', 3, 3);
    expect(takeAll(queue, 3)).toEqual(['y0', 'x2', 'y1', 'y2', 'y3', 'y4']);
  });

  test('[DI11] a long absence gives a workspace its credit and no more', () => {
    const queue = queueOf({}, 4);
    queue.push(item('b', { workspace: 'b' }), 0);
    for (let i = 0; i < 200; i++) queue.push(item(`a${i}`, { workspace: 'a' }), 0);
    for (let i = 0; i < 101; i++) queue.ended(queue.take('p', i)!.id, 1, i);
    for (let i = 0; i < 20; i++) queue.push(item(`b${i}`, { workspace: 'b' }), 101);
    const next = Array.from({ length: 12 }, () => queue.take('p', 101)!.workspace);
    // Four by the credit, one because the other has had the present turn, one that is a tie; then by turns.
    expect(next.join('')).toBe('bbbbbbababab');
  });

  test('[DI11] what was idle while its runs were under way is charged for them less its idle time, once', () => {
    const share = new FairShare<Flow>(0, (name, order) => new Flow(name, order));
    const [a, b] = [share.flow('a'), share.flow('b')];
    share.hold(a);
    share.enter(b);
    const runs = [share.charge(b, 1), share.charge(b, 1)];
    share.leave(b);
    share.enter(a);
    for (let i = 0; i < 50; i++) share.settle(a, share.charge(a, 1), 1);
    share.enter(b);
    expect(b.start).toBe(50);
    // Two of 40 take it to 80, not to 50 and 78 more; the first of them alone ended while it was idle.
    share.settle(b, runs[0]!, 40);
    expect(b.start).toBe(50);
    share.settle(b, runs[1]!, 40);
    expect(b.start).toBe(80);
  });
});

describe('keys', () => {
  test('[DI4] let through as many as they say, one key beside another', () => {
    const queue = queueOf({ k: { atOnceMax: 2 }, l: { atOnceMax: 1 } });
    queue.push(item('kl1', { keys: ['k', 'l', 'k'] }), 0);
    queue.push(item('kl2', { keys: ['l', 'k'] }), 0);
    queue.push(item('k1', { keys: ['k'] }), 0);
    queue.push(item('k2', { keys: ['k'] }), 0);
    queue.push(item('none'), 0);
    expect(takeAll(queue)).toEqual(['kl1', 'k1', 'none']);
    expect([queue.underWayOf('k'), queue.underWayOf('l')]).toEqual([2, 1]);
    queue.ended('k1', 1, 1);
    expect(takeAll(queue, 1)).toEqual(['k2']);
    queue.ended('kl1', 1, 2);
    expect(takeAll(queue, 2)).toEqual(['kl2']);
    for (const id of ['kl2', 'k2']) queue.ended(id, 1, 3);
    expect([queue.underWayOf('k'), queue.underWayOf('l')]).toEqual([0, 0]);
  });

  test('[DI4] are common to all pools', () => {
    const queue = queueOf({ k: { atOnceMax: 1 } });
    queue.push(item('a', { keys: ['k'], pool: 'q' }), 0);
    queue.push(item('b', { keys: ['k'] }), 0);
    expect(takeAll(queue)).toEqual(['b']);
    expect(queue.take('q', 0)).toBeUndefined();
    queue.ended('b', 1, 1);
    expect(queue.take('q', 1)?.id).toBe('a');
  });

  test('[DI4] can be stopped, opened and changed while items wait', () => {
    const queue = queueOf({ k: { atOnceMax: 0 } });
    for (const id of ['a', 'b', 'c', 'd']) queue.push(item(id, { keys: ['k'] }), 0);
    expect(takeAll(queue)).toEqual([]);
    queue.setLimits('k', { atOnceMax: 3 }, 1);
    expect(takeAll(queue, 1)).toEqual(['a', 'b', 'c']);
    queue.setLimits('k', { atOnceMax: 1 }, 2);
    queue.ended('a', 1, 2);
    queue.ended('b', 1, 2);
    expect(takeAll(queue, 2)).toEqual([]);
    queue.ended('c', 1, 3);
    expect(takeAll(queue, 3)).toEqual(['d']);
  });

  test('[DI5] [DI7] give by their rate after their burst, and the queue tells when', () => {
    const queue = queueOf({ k: { perSecond: 100, burst: 3 } });
    for (let i = 0; i < 6; i++) queue.push(item(`${i}`, { keys: ['k'] }), 0);
    expect(takeAll(queue)).toEqual(['0', '1', '2']);
    expect(queue.nextAtMs()).toBe(10);
    expect(takeAll(queue, 9.9)).toEqual([]);
    expect(takeAll(queue, 10)).toEqual(['3']);
    expect(takeAll(queue, 35)).toEqual(['4', '5']);
    expect(queue.nextAtMs()).toBeUndefined();
  });

  test('[DI5] never give more in any time than rate and burst allow, at any moments', () => {
    const [perSecond, burst] = [37, 5];
    const gate = new KeyGate('k', { perSecond, burst });
    const starts: number[] = [];
    for (let at = 0, i = 0; at < 3_000; at += (i++ * 7919) % 13) {
      if (!gate.isOpen(at)) continue;
      gate.start(at);
      gate.end();
      starts.push(at);
    }
    expect(starts.length).toBeGreaterThan(100);
    for (let i = 0; i < starts.length; i++) {
      for (let j = i; j < starts.length; j++) {
        expect(j - i + 1).toBeLessThanOrEqual(burst + ((starts[j]! - starts[i]!) / 1_000) * perSecond + 1e-6);
      }
    }
  });

  test('[DI6] wait as long as a provider asks, then let one through, then go by the rate', () => {
    const queue = queueOf({ k: { perSecond: 100, burst: 5 } });
    for (let i = 0; i < 4; i++) queue.push(item(`${i}`, { keys: ['k'] }), 0);
    queue.retryAfter('k', 500, 0);
    queue.retryAfter('k', 20, 0);
    expect(takeAll(queue, 499)).toEqual([]);
    expect(queue.nextAtMs()).toBe(500);
    expect(takeAll(queue, 500)).toEqual(['0']);
    expect(takeAll(queue, 509)).toEqual([]);
    expect(takeAll(queue, 520)).toEqual(['1', '2']);
  });

  test('[DI6] without a rate open altogether at the time that a provider asked for', () => {
    const queue = queueOf();
    for (let i = 0; i < 3; i++) queue.push(item(`${i}`, { keys: ['k'] }), 0);
    queue.push(item('free'), 0);
    queue.retryAfter('k', 500, 0);
    expect(takeAll(queue, 1)).toEqual(['free']);
    expect(takeAll(queue, 500)).toEqual(['0', '1', '2']);
  });

  test('[DI8] are shared by change sets by time, though one of them floods', () => {
    const queue = queueOf({ k: { atOnceMax: 1 } });
    for (let i = 0; i < 100; i++) queue.push(item(`x${i}`, { changeSet: 'x', keys: ['k'] }), 0);
    for (let i = 0; i < 10; i++) queue.push(item(`y${i}`, { changeSet: 'y', keys: ['k'] }), 0);
    const order: string[] = [];
    for (let at = 0; at < 20; at++) {
      const [one, ...others] = takeAll(queue, at);
      expect(others).toEqual([]);
      order.push(one![0]!);
      queue.ended(one!, 1, at);
    }
    expect(order.filter((c) => c === 'y').length).toBe(10);
  });

  test.each([
    ['at every moment', takeAll],
    ['when one has ended', (queue: FairQueue<SimulatedItem>, at: number) => [queue.take('p', at)!.id]],
  ])('[DI8] are shared by change sets as long as both need them, asked for %s', (_, take) => {
    const queue = queueOf({ k: { atOnceMax: 1 } });
    for (let i = 0; i < 50; i++) {
      for (const changeSet of ['x', 'y']) queue.push(item(`${changeSet}${i}`, { changeSet, keys: ['k'] }), 0);
    }
    let [running] = takeAll(queue);
    let ofX = 0;
    for (let at = 1; at <= 40; at++) {
      queue.ended(running!, 1, at);
      [running] = take(queue, at);
      if (running!.startsWith('x')) ofX++;
    }
    expect(ofX).toBe(20);
  });

  test('[DI8] give one to each of two change sets when two have ended', () => {
    const queue = queueOf({ k: { atOnceMax: 2 } });
    for (let i = 0; i < 9; i++) {
      for (const changeSet of ['x', 'y']) queue.push(item(`${changeSet}${i}`, { changeSet, keys: ['k'] }), 0);
    }
    for (const id of takeAll(queue)) queue.ended(id, 1, 1);
    const next = [queue.take('p', 1)!, queue.take('p', 1)!];
    expect(next.map((i) => i.changeSet).sort()).toEqual(['x', 'y']);
  });

  test('[DI8] go to the change set that has used least when they open, whatever it was when they closed', () => {
    const queue = queueOf({ k: { atOnceMax: 1 } });
    queue.push(item('z', { changeSet: 'z', keys: ['k'] }), 0);
    expect(takeAll(queue)).toEqual(['z']);
    for (const changeSet of ['x', 'y']) queue.push(item(`${changeSet} k`, { changeSet, keys: ['k'] }), 0);
    expect(takeAll(queue)).toEqual([]);
    for (let i = 0; i < 5; i++) {
      queue.push(item(`x ${i}`, { changeSet: 'x' }), i);
      expect(takeAll(queue, i)).toEqual([`x ${i}`]);
      queue.ended(`x ${i}`, 1, i);
    }
    queue.ended('z', 1, 6);
    expect(takeAll(queue, 6)).toEqual(['y k']);
  });
});

describe('what has no room', () => {
  test('[DI7] [DI8] is waited for when it is next', () => {
    const queue = queueOf();
    queue.push(item('large', { cpus: 8 }), 0);
    queue.push(item('small'), 0);
    expect(queue.take('p', 0, (i) => i.cpus < 8)).toBeUndefined();
    expect(takeAll(queue)).toEqual(['large', 'small']);
  });
});

describe('taking away', () => {
  test('[DI9] lets the next through, ready or waiting for a key', () => {
    const queue = queueOf({ k: { atOnceMax: 1 } });
    for (const id of ['a', 'b', 'c']) queue.push(item(id, { keys: ['k'], changeSet: id }), 0);
    queue.push(item('d', { workspace: 'v' }), 0);
    expect(takeAll(queue)).toEqual(['a', 'd']);
    expect([queue.size, queue.waitingOf('w'), queue.waitingOf('v')]).toEqual([2, 2, 0]);
    queue.ended('a', 1, 1);
    expect(queue.remove('b', 1)?.id).toBe('b');
    expect(queue.remove('b', 1)).toBeUndefined();
    expect(takeAll(queue, 1)).toEqual(['c']);
    expect(queue.remove('c', 1)).toBeUndefined();
    expect([queue.size, queue.waitingOf('w'), queue.underWay]).toEqual([0, 0, 2]);
    expect(queue.ended('b', 1, 1)).toBe(false);
  });
});

describe('what is at rest', () => {
  test('[DI12] is not looked at while its key is closed, and one strand is when it opens', () => {
    const queue = queueOf({ account: { atOnceMax: 1 } });
    const count = 20_000;
    for (let i = 0; i < count; i++) queue.push(item(`${i}`, { keys: ['account', `component ${i}`] }), 0);
    expect(takeAll(queue)).toEqual(['0']);
    const looked = vi.spyOn(KeyGate.prototype, 'isOpen');
    try {
      for (let i = 0; i < 500; i++) {
        expect(takeAll(queue, i)).toEqual([]);
        queue.ended(`${i}`, 1, i);
        expect(takeAll(queue, i)).toEqual([`${i + 1}`]);
      }
      expect(looked.mock.calls.length).toBeLessThan(500 * 10);
    } finally {
      looked.mockRestore();
    }
  });

  test('[DI14] is forgotten: flows that have nothing left, and all of them when nothing is left at all', () => {
    const share = new FairShare<Flow>(0, (name, order) => new Flow(name, order));
    const busy = share.flow('busy');
    share.hold(busy);
    for (let i = 0; i < 5_000; i++) {
      const flow = share.flow(`${i}`);
      share.hold(flow);
      share.enter(flow);
      share.settle(flow, share.charge(flow, 1), 1);
      share.leave(flow);
      share.drop(flow);
      share.enter(busy);
      share.settle(busy, share.charge(busy, 1), 1);
      share.leave(busy);
    }
    expect(share.size).toBeLessThan(200);
    share.drop(busy);
    expect(share.size).toBe(0);
  });

  test('[DI14] is forgotten: gates that nobody names, when they would let through what a new one does', () => {
    const parking = new Parking<SimulatedItem>(() => ({ perSecond: 1_000 }));
    const set = parking.gate('set');
    set.isSet = true;
    for (let i = 0; i < 5_000; i++) {
      const gate = parking.gate(`${i}`);
      gate.start(i);
      gate.end();
      parking.sweep(i);
    }
    expect(parking.size).toBeLessThan(600);
    expect(parking.find('4999')).toBeDefined();
    expect(parking.find('set')).toBe(set);
  });
});
