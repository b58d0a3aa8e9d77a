// Carrying actions out. Everything that may start does, at once: what it waits for has succeeded, nothing else is done to its
// component, its time has come. What an action is about to do is durable before its function starts, and what it came to
// before anything that waits for it starts; so whoever comes after a crash finds it `running` and knows that it may have had
// its effect.

import { actionFunctionOf } from '../actions/action_functions.ts';
import type { ActionId, ComponentId } from '../base/ids.ts';
import { canonical, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { must, ok, type Result, refusalText, refuse } from '../base/result.ts';
import { actionOutcomeOf } from '../dispatch/action_result.ts';
import type { ActionRecord } from '../model/action.ts';
import type { FunctionRecord } from '../model/function.ts';
import { findComponent, findRecord } from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import { type Bound, bindInputs } from './action_inputs.ts';
import { afterwards, changesOf } from './action_outcome.ts';
import { atMost } from './at_most.ts';
import { failureText, type Tested } from './run_call.ts';
import type { Workspace } from './workspace.ts';

export class ActionWork {
  readonly #w: Workspace;
  /** Under way until all of them is durable, also when the table has them as ended by then. */
  readonly #under = new Map<ActionId, { readonly component: ComponentId; readonly done: Promise<void> }>();
  #timer: NodeJS.Timeout | undefined;
  #isAwake = false;
  #isStopped = false;
  /** What ended the work; told to who wakes it next. */
  #failure: unknown;
  /** Called whenever an action has moved. */
  #moved: (() => void)[] = [];

  constructor(w: Workspace) {
    this.#w = w;
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
      await this.#interruptLeft();
    }
    this.#pump();
  }

  get underWay(): number {
    return this.#under.size;
  }

  /** Resolves when nothing is under way and nothing that is queued can start, or after `mostMs`. False: it took longer. */
  async quiet(mostMs: number): Promise<boolean> {
    const until = performance.now() + mostMs;
    while (this.#under.size > 0 || this.#timer !== undefined) {
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

  tell(): void {
    const waiting = this.#moved;
    this.#moved = [];
    for (const done of waiting) done();
  }

  /** Starts nothing more and waits a while for what is under way; what takes longer is ended, and interrupted by that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ended = Promise.all([...this.#under.values()].map((u) => u.done)).then(() => undefined);
    await atMost(ended, limits.actionStopMs);
    for (const id of this.#under.keys()) {
      const run = this.#w.actions.find(id)?.run;
      if (run != null) this.#w.calls.kill(run);
    }
    await ended;
    this.tell();
  }

  /** What runs in no process any more: this one owns the store, so no other does. */
  async #interruptLeft(): Promise<void> {
    const left = this.#w.actions.all().filter((a) => a.status === 'running' || a.status === 'dispatched');
    const actions = left.map((a) => {
      const failure = { code: 'interrupted', message: 'whoever ran it went away; whether it was done is not known' };
      return must(this.#w.actions.step(a.id, ['interrupt'], { failure }));
    });
    if (actions.length > 0) await this.#w.record({ changes: [], actions });
    for (const { record } of actions) await this.#resolve(record);
  }

  /**
   * One that may have been done is done again only where that is safe: looking is, and so is what says so of itself, since it
   * gets the same key again. Of any other a person has to say what became of it.
   */
  async #resolve(action: ActionRecord): Promise<void> {
    const w = this.#w;
    const head = await w.head();
    const call = await w.read(() => callOf(head.snapshot, action, null));
    const isSafe = action.kind === 'refresh' || (call.ok && (await w.calls.isIdempotent(call.value)));
    if (!isSafe || w.actions.find(action.id)?.status !== 'interrupted') return;
    await w.record({ changes: [], actions: [must(w.actions.step(action.id, ['retry'], { endedAtMs: null }))] });
  }

  #pump(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nowMs = this.#w.world.clock.nowMs();
    const busy = new Set([...this.#under.values()].map((u) => u.component));
    // Whether it was done has to be known before anything else is done to the component.
    for (const action of this.#w.actions.all()) if (action.status === 'interrupted') busy.add(action.component);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const action of this.#w.actions.all()) {
      if (action.status !== 'queued' || busy.has(action.component) || this.#waits(action)) continue;
      if ((action.notBeforeMs ?? 0) > nowMs) {
        nextMs = Math.min(nextMs, action.notBeforeMs!);
        continue;
      }
      busy.add(action.component);
      this.#start(action);
    }
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, nextMs - nowMs));
  }

  /** Is something that has to succeed first still open, or not durable? What was cancelled is not waited for. */
  #waits(action: ActionRecord): boolean {
    return action.after.some((id) => this.#under.has(id) || this.#w.actions.find(id) !== undefined);
  }

  #start({ id, component }: ActionRecord): void {
    const done = this.#carryOut(id)
      .catch((e: unknown) => {
        this.#failure = e;
        this.#isAwake = false;
      })
      .finally(() => {
        this.#under.delete(id);
        this.tell();
        if (this.#failure === undefined) this.#pump();
      });
    this.#under.set(id, { component, done });
  }

  async #carryOut(id: ActionId): Promise<void> {
    const { actions, world } = this.#w;
    const action = actions.find(id)!;
    const ready = await this.#prepared(action);
    // Held, cancelled or re-planned meanwhile.
    const now = actions.find(id);
    if (now?.status !== 'queued' || now.revision !== action.revision || this.#isStopped) return;
    if (!ready.ok) {
      const { code } = ready.refusal;
      const change =
        code === 'not_ready'
          ? actions.step(id, ['hold'], { heldBecause: ready.refusal.got ?? refusalText(ready.refusal) })
          : this.#failed(id, { code, message: refusalText(ready.refusal) });
      await this.#w.record({ changes: [], actions: [must(change)] });
      return;
    }
    const { bound, run, start } = ready.value;
    const { inputHash } = bound;
    const started = must(
      actions.step(id, ['dispatch', 'start'], {
        inputHash,
        run,
        attempts: action.attempts + 1,
        fence: action.fence + 1,
        startedAtMs: world.clock.nowMs(),
        failure: null,
      }),
    );
    await this.#w.record({ changes: [], actions: [started] });
    this.tell();
    const tested = await start();
    await this.#ended(id, started.record.fence, bound, tested);
  }

  async #prepared(action: ActionRecord): Promise<Result<Prepared>> {
    const w = this.#w;
    const head = await w.head();
    const bound = await bindInputs(w, head, action);
    if (!bound.ok) return bound;
    const call = await w.read(() => callOf(head.snapshot, action, bound.value.input));
    if (!call.ok) return call;
    const to = await w.calls.toRun({
      call: call.value,
      at: { component: action.component, path: '' as Path },
      changeSet: w.row.head,
      actor: action.actor,
    });
    return to.ok ? ok({ bound: bound.value, ...to.value }) : to;
  }

  /** Records what the function came to, unless somebody else has taken the action over. */
  async #ended(id: ActionId, fence: number, bound: Bound, tested: Tested): Promise<void> {
    const { actions, world } = this.#w;
    const action = actions.find(id);
    if (action?.status !== 'running' || action.fence !== fence) return;
    const { outcome } = tested.report;
    const said = outcome.ok ? actionOutcomeOf(outcome.value) : undefined;
    const endedAtMs = world.clock.nowMs();
    if (!outcome.ok || said?.ok === false || said?.value.status === 'error') {
      const failure = !outcome.ok
        ? { code: outcome.code, message: failureText(outcome) }
        : said?.ok === false
          ? { code: said.refusal.code, message: refusalText(said.refusal) }
          : { code: 'threw', message: said!.value.message || 'the function says that it failed, and not why' };
      // Cut off by the engine's end it may have had its effect.
      const isCutOff = this.#isStopped && !outcome.ok && outcome.code === 'killed';
      const isUnknown = isCutOff || (!outcome.ok && outcome.code === 'runner_lost');
      const change = isUnknown ? actions.step(id, ['interrupt'], { failure }) : this.#failed(id, failure);
      await this.#w.record({ changes: [], actions: [must(change)], by: id });
      return;
    }
    const done = must(said!);
    const { changes, chunks, next } = await this.#w.read(() => ({
      ...changesOf(this.#w, action, bound, done),
      next: afterwards(this.#w, action),
    }));
    // Cancelled while that was read.
    if (actions.find(id)?.fence !== fence) return;
    const succeeded = must(actions.step(id, ['succeed'], { endedAtMs, failure: null }));
    await this.#w.record({ changes, actions: [succeeded, ...next.map((a) => actions.add(a))], by: id, chunks });
  }

  #failed(id: ActionId, failure: ActionRecord['failure']) {
    const { actions, world } = this.#w;
    // One that could not even be started goes through the same steps.
    const steps = actions.find(id)!.status === 'queued' ? (['dispatch', 'fail'] as const) : (['fail'] as const);
    return actions.step(id, steps, { failure, endedAtMs: world.clock.nowMs() });
  }
}

interface Prepared {
  readonly bound: Bound;
  readonly run: ActionRecord['run'] & string;
  readonly start: () => Promise<Tested>;
}

function callOf(state: Parameters<typeof findComponent>[0], action: ActionRecord, properties: Json) {
  const component = findComponent(state, action.component);
  const fn = component && actionFunctionOf(state, component, action.kind, action.name);
  const record = fn && findRecord<FunctionRecord>(state, 'functions', fn.function);
  if (fn === undefined || record === undefined) {
    return refuse('function_not_found', {
      path: 'function',
      expected: `a function for ${action.kind} of ${action.schemaName}`,
      got: 'none is bound any more',
      hint: 'bind one and try the action again, or cancel it',
    });
  }
  const input: JsonObject = { properties, idempotencyKey: action.idempotencyKey };
  const { name, kind, text } = record;
  return ok({ function: fn.function, name, kind, text, input: canonical(input) });
}
