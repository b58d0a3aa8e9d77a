// Carrying actions out. Everything that may start does as soon as its turn comes: what it waits for has succeeded, nothing
// else is done to its component, its time has come. What an action is about to do is durable before its function starts, and
// what it came to before anything that waits for it starts; so whoever comes after a crash finds it `running` and knows that
// it may have had its effect. A change of an action costs looking at those that it concerns, not at all that are open.

import type { ActionId, ComponentId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { must } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import { resolveInterrupted } from './action_probe.ts';
import { type Carrier, carryOut, neededBy } from './action_run.ts';
import { atMost } from './at_most.ts';
import { isScheduled } from './refresh_schedule.ts';
import type { Workspace } from './workspace.ts';

export interface ActionWorkOptions {
  /** Default: `limits.actionLeaseMs`. */
  readonly leaseMs?: number;
  /**
   * May another process carry out actions of the same store? Then a call of an earlier one is taken over when its lease has
   * ended. Default: no, whoever opens the store owns it alone, and earlier ones are gone.
   */
  readonly isShared?: boolean;
  /** The clock that leases count by, where several processes have to agree on it. Default: this machine's. */
  readonly nowMs?: () => number;
}

export class ActionWork {
  readonly #w: Workspace;
  readonly #isShared: boolean;
  readonly #by: Carrier;
  /** Under way until all of them is durable, also when the table has them as ended by then; or waiting for their turn. */
  readonly #under = new Map<ActionId, { readonly component: ComponentId; readonly done: Promise<void> }>();
  /** The action that is under way for a component, or is next to be. */
  readonly #busy = new Map<ComponentId, ActionId>();
  /** To be looked at. */
  #dirty = new Set<ActionId>();
  /** Not before a time. */
  readonly #delayed = new Map<ActionId, number>();
  /** How far the longest chain of those that wait for it goes; kept while no new ones come. */
  #ranks = new Map<ActionId, number>();
  #timer: NodeJS.Timeout | undefined;
  #takeover: NodeJS.Timeout | undefined;
  #isAwake = false;
  #isStopped = false;
  /** The version of Head that those which lack a runner were looked at with. */
  #lackingOn = 0;
  /** What ended the work; told to who wakes it next. */
  #failure: unknown;
  /** Called whenever an action has moved. */
  #moved: (() => void)[] = [];

  constructor(w: Workspace, options: ActionWorkOptions) {
    const { leaseMs = limits.actionLeaseMs, isShared = false, nowMs = () => w.world.clock.nowMs() } = options;
    this.#w = w;
    this.#isShared = isShared;
    this.#by = {
      owner: w.world.ids.ulid<ActionId>(),
      leaseMs,
      isShared,
      nowMs,
      isStopped: () => this.#isStopped,
      tell: () => this.tell(),
    };
  }

  /** Takes the work up: first what an earlier process left behind, then whatever may start. */
  async wake(): Promise<void> {
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
    if (this.#isStopped) return;
    await this.#w.actions.ready();
    await this.#w.reality.ready();
    if (!this.#isAwake) {
      this.#isAwake = true;
      // Whoever found one interrupted may have gone before he found out what became of it.
      const found = this.#w.actions.all().filter((a) => a.status === 'interrupted' && !this.#under.has(a.id));
      try {
        await this.#takeOver();
        for (const action of found) await resolveInterrupted(this.#w, action);
      } catch (e) {
        // Whoever wakes it next does what is left of that.
        this.#isAwake = false;
        throw e;
      }
    }
    await this.#lookAtLacking();
    this.#pump();
    this.#w.refreshing.wake();
  }

  /** Does something wait for a pool that nothing serves? */
  get isLacking(): boolean {
    return [...this.#under.keys()].some((id) => this.#w.dispatcher.lacks(id) !== undefined);
  }

  get isAwake(): boolean {
    return this.#isAwake;
  }

  /** Nothing is carried out before it is woken again. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  get underWay(): number {
    return this.#under.size;
  }

  /**
   * Resolves when nothing is under way and nothing can start by itself any more, or after `mostMs`. False: it took longer. What
   * waits for a pool that nothing serves can not.
   */
  async quiet(mostMs: number): Promise<boolean> {
    const until = performance.now() + mostMs;
    const isAskedFor = (id: ActionId): boolean => {
      if (this.#w.dispatcher.lacks(id) !== undefined) return false;
      const action = this.#w.actions.isRead ? this.#w.actions.find(id) : undefined;
      return action === undefined || !isScheduled(action);
    };
    while ([...this.#under.keys()].some(isAskedFor) || this.#timer !== undefined) {
      const leftMs = until - performance.now();
      if (leftMs <= 0 || this.#isStopped) return false;
      await this.untilMoved(leftMs);
    }
    return true;
  }

  /** Resolves when an action has moved, or after `mostMs`. */
  untilMoved(mostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.#moved.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** On another Head its functions may belong to another pool. */
  async #lookAtLacking(): Promise<void> {
    if (!this.isLacking) return;
    const { version } = (await this.#w.head()).row;
    const isAnother = version !== this.#lackingOn;
    this.#lackingOn = version;
    const { dispatcher } = this.#w;
    for (const [id, { component }] of this.#under) {
      if (dispatcher.lacks(id) === undefined) continue;
      this.#standBack(id, component);
      if (isAnother) dispatcher.leave(id);
    }
  }

  /** What lacks a runner keeps nothing else of its component waiting. */
  #standBack(id: ActionId, component: ComponentId): void {
    if (this.#busy.get(component) !== id) return;
    this.#busy.delete(component);
    this.#mark(id, component);
  }

  /** After it had stood back: is nothing else done to its component now? */
  #stepForward(id: ActionId, component: ComponentId): boolean {
    const holder = this.#busy.get(component);
    if (holder === id) return true;
    if (holder !== undefined) return false;
    if (this.#w.actions.of(component).some((other) => other.id !== id && isInTheWay(other))) return false;
    this.#busy.set(component, id);
    return true;
  }

  /** Resolves when an action is not under way here any more, or after `mostMs`. */
  async ended(id: ActionId, mostMs: number): Promise<void> {
    const under = this.#under.get(id);
    if (under !== undefined) await atMost(under.done, mostMs);
  }

  tell(): void {
    const waiting = this.#moved;
    this.#moved = [];
    for (const done of waiting) done();
  }

  /** Starts nothing more and waits a while for what is under way; what takes longer is ended, and interrupted by that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#takeover);
    this.#timer = undefined;
    for (const id of this.#under.keys()) if (this.#w.dispatcher.isWaiting(id)) this.#w.dispatcher.leave(id);
    const ended = Promise.all([...this.#under.values()].map((u) => u.done)).then(() => undefined);
    await atMost(ended, limits.actionStopMs);
    for (const id of this.#under.keys()) {
      const run = this.#w.actions.isRead ? this.#w.actions.find(id)?.run : null;
      if (run != null) this.#w.calls.kill(run);
    }
    await ended;
    this.tell();
  }

  /**
   * What runs in no process any more: of a store that nobody else has, everything that was running; else what has given no sign
   * of life for so long that its owner may be taken for dead.
   */
  async #takeOver(): Promise<void> {
    const { actions } = this.#w;
    const nowMs = this.#by.nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    const left: ActionRecord[] = [];
    for (const action of actions.all()) {
      const isBegun =
        action.status === 'running' || (action.status === 'dispatched' && action.checkpoint === undefined);
      if (!isBegun || this.#under.has(action.id)) continue;
      const untilMs = this.#isShared ? (action.lease?.untilMs ?? 0) : 0;
      if (untilMs > nowMs) nextMs = Math.min(nextMs, untilMs);
      else left.push(action);
    }
    const failure = { code: 'interrupted', message: 'whoever ran it went away; whether it was done is not known' };
    const steps = left.map(({ id }) => must(actions.step(id, ['interrupt'], { failure })));
    // Each for itself: another engine may be quicker with some of them.
    const taken = await Promise.all(steps.map((step) => this.#w.record({ changes: [], actions: [step] })));
    for (const [i, { record }] of steps.entries()) if (taken[i]) await resolveInterrupted(this.#w, record);
    this.#watch(nextMs);
  }

  /** Looks then at what others have under way. */
  #watch(atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY || this.#isStopped || this.#takeover !== undefined) return;
    this.#takeover = setTimeout(() => this.#lookAgain(), Math.max(0, atMs - this.#by.nowMs()) + 1);
  }

  /** What somebody else had under way, as it is in the store now. */
  #lookAgain(): void {
    this.#takeover = undefined;
    const again = async (): Promise<void> => {
      await this.#w.actions.readOn((ids) => this.#w.recorded(ids));
      await this.#takeOver();
      this.#pump();
    };
    again().catch((e: unknown) => this.#fail(e));
  }

  #fail(e: unknown): void {
    this.#failure = e;
    this.#isAwake = false;
    this.tell();
  }

  #pump(): void {
    const { actions, world, dispatcher } = this.#w;
    // What was queued was not written: who wakes the work next reads it again.
    if (this.#isStopped || !actions.isRead) return;
    for (const id of actions.takeMoved()) {
      const action = actions.find(id);
      if (action?.revision === 1 && action.after.length > 0) this.#ranks.clear();
      this.#mark(id, action?.component);
      // Held, cancelled or re-planned while it waited for its turn.
      if (!isWaitingToStart(action) && dispatcher.isWaiting(id)) dispatcher.leave(id);
    }
    const nowMs = world.clock.nowMs();
    for (const [id, atMs] of this.#delayed) if (atMs <= nowMs) this.#dirty.add(id);
    const dirty = [...this.#dirty].sort();
    this.#dirty = new Set();
    for (const id of dirty) {
      this.#delayed.delete(id);
      const action = actions.find(id);
      if (action === undefined || !this.#isStartable(action)) continue;
      if ((action.notBeforeMs ?? 0) > nowMs) this.#delayed.set(id, action.notBeforeMs!);
      else this.#start(action);
    }
    this.#alarm(nowMs);
  }

  #alarm(nowMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#delayed.size === 0) return;
    const nextMs = Math.min(...this.#delayed.values());
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, Math.min(nextMs - nowMs, limits.timerMsMax)));
  }

  /** What a change of an action may let start: itself, what it was in the way of, what waits for it. */
  #mark(id: ActionId, component: ComponentId | undefined): void {
    const { actions } = this.#w;
    if (component !== undefined) for (const mine of actions.idsOf(component)) this.#dirty.add(mine);
    if (actions.isOpen(id)) return;
    for (const follower of actions.followersOf(id)) this.#dirty.add(follower);
  }

  #isStartable(action: ActionRecord): boolean {
    const { id, component } = action;
    if (!isWaitingToStart(action) || this.#busy.has(component) || this.#under.has(id)) return false;
    // Something that has to succeed first is still open, or not durable. Who cancels one has those held that wait for it.
    if (action.after.some((first) => this.#under.has(first) || this.#w.actions.find(first) !== undefined)) return false;
    return this.#w.actions.of(component).every((other) => other.id === id || !isInTheWay(other));
  }

  #start(action: ActionRecord): void {
    const { id, component } = action;
    this.#busy.set(component, id);
    const done = this.#inTurn(action)
      .catch((e: unknown) => this.#fail(e))
      .finally(() => {
        this.#under.delete(id);
        if (this.#busy.get(component) === id) this.#busy.delete(component);
        this.#mark(id, component);
        this.tell();
        this.#watch(this.#w.actions.isOpen(id) ? othersUntilMs(this.#w.actions.find(id)!) : Number.POSITIVE_INFINITY);
        if (this.#failure === undefined) this.#pump();
      });
    this.#under.set(id, { component, done });
  }

  async #inTurn(action: ActionRecord): Promise<void> {
    const { dispatcher, id: workspace, row } = this.#w;
    const { id, component, origins } = action;
    const needed = await neededBy(this.#w, action);
    // What cannot be called needs no room to fail.
    if (needed !== undefined) {
      const changeSet = origins[0] ?? row.head;
      const of = {
        id,
        workspace,
        changeSet,
        priority: isScheduled(action) ? 'background' : 'interactive',
        rank: this.#rankOf(id),
      } as const;
      const turn = dispatcher.enter({ ...of, ...needed });
      if (dispatcher.lacks(id) !== undefined) {
        this.#standBack(id, component);
        this.#pump();
        this.tell();
      }
      if (!(await turn)) return;
    }
    try {
      // What is done to its component now lets it be looked at anew when it has ended.
      if (this.#stepForward(id, component)) await carryOut(this.#w, id, this.#by, needed);
    } finally {
      if (needed !== undefined) dispatcher.leave(id);
    }
  }

  /** How many actions the longest chain has that begins with this one. */
  #rankOf(id: ActionId): number {
    const ranks = this.#ranks;
    const path: ActionId[] = [id];
    const open = new Set(path);
    while (path.length > 0) {
      const at = path.at(-1)!;
      const followers = this.#w.actions.followersOf(at);
      const unknown = ranks.has(at) ? undefined : followers.find((f) => !ranks.has(f) && !open.has(f));
      if (unknown !== undefined) {
        path.push(unknown);
        open.add(unknown);
        continue;
      }
      path.pop();
      let longest = 0;
      for (const f of followers) longest = Math.max(longest, ranks.get(f) ?? 0);
      ranks.set(at, longest + 1);
    }
    return ranks.get(id)!;
  }
}

/** Until when the one who makes the call that is under way may be alive. */
const othersUntilMs = ({ status, lease }: ActionRecord): number =>
  status === 'running' ? (lease?.untilMs ?? 0) : Number.POSITIVE_INFINITY;

/** Queued, or between two calls of its function and not waiting for a signal. */
export function isWaitingToStart(action: ActionRecord | undefined): boolean {
  if (action?.status === 'dispatched') return action.checkpoint !== undefined && action.waitsFor === undefined;
  return action?.status === 'queued';
}

/** Nothing else is done to its component before it is known what became of it. */
export const isInTheWay = ({ status }: ActionRecord): boolean =>
  status === 'running' || status === 'dispatched' || status === 'interrupted';
