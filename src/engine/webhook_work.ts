// Delivering webhooks: for each one a reader that goes through the events of its workspace in order and sends those that it is for,
// each until it was taken or the webhook is given up. How far it is stands in the store, written behind what was taken, so
// that after a crash some are sent again, under the same id, and none is left out.

import { isObject, type Json } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { WebhookOutcome, WebhookSender } from '../ports/webhook_sender.ts';
import { engineActor } from './catch_up.ts';
import { durableKinds, type WorkspaceEvent } from './event_shape.ts';
import { disableWebhook, type KeptWebhook, keptWebhooks, noWebhook, type Webhook, webhookOf } from './webhooks.ts';
import type { Workspace } from './workspace.ts';

/** One attempt. */
export interface Delivery {
  /** The `webhook-id`. */
  readonly id: string;
  readonly kind: string;
  readonly atMs: number;
  /** 1 for the first. */
  readonly attempt: number;
  readonly status?: number;
  readonly error?: string;
}

interface Progress {
  position: number;
  /** Newest last. */
  recent: Delivery[];
}

export interface WebhookLine extends Webhook {
  /** Events up to here were taken. */
  readonly position: number;
  readonly recent: readonly Delivery[];
}

const stateName = 'webhook deliveries';
const stateFormat = 1;
const takeMs = 60_000;

export class WebhookWork {
  readonly #w: Workspace;
  readonly #sender: WebhookSender | undefined;
  readonly #readers = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  #progress: Map<string, Progress> | undefined;
  #looking: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** Wait before the second attempt; the others wait longer and longer. */
  retryMs: number = limits.webhookRetryMs;

  constructor(w: Workspace, sender: WebhookSender | undefined) {
    this.#w = w;
    this.#sender = sender;
  }

  /** There may be others, or the engine has just begun. */
  wake(): void {
    this.#looking = this.#looking.then(() => this.#look()).catch(() => this.#later());
  }

  /** What the store could not do now it is asked for again. */
  #later(): void {
    if (!this.#isStopped) setTimeout(() => this.wake(), this.retryMs).unref();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#looking;
    for (const { stop } of this.#readers.values()) stop.abort();
    await Promise.all([...this.#readers.values()].map((r) => r.ended));
    await this.#writing;
  }

  async list(): Promise<readonly WebhookLine[]> {
    const all = await keptWebhooks(this.#w);
    const progress = await this.#known();
    return all.map((hook) => {
      const { position = hook.after, recent = [] } = progress.get(hook.id) ?? {};
      return { ...webhookOf(hook), position, recent: [...recent] };
    });
  }

  /** Sends an event of kind `test`, once. Refuses `webhook_not_found`. */
  async test(id: string): Promise<Result<Delivery>> {
    const hook = (await keptWebhooks(this.#w)).find((h) => h.id === id);
    if (hook === undefined) return noWebhook(id);
    const event = { kind: 'test', id: `${id}_test_${this.#w.world.ids.ulid<never>()}`, changeSets: [], data: {} };
    return ok(await this.#send(hook, event, { attempt: 1, signal: new AbortController().signal }));
  }

  async #look(): Promise<void> {
    if (this.#isStopped) return;
    const all = await keptWebhooks(this.#w);
    const on = new Map(all.filter((h) => h.disabled === undefined).map((h) => [h.id, h]));
    for (const [id, reader] of this.#readers) {
      if (on.has(id)) continue;
      reader.stop.abort();
      this.#readers.delete(id);
    }
    if (on.size === 0) return;
    const progress = await this.#known();
    for (const hook of on.values()) {
      if (this.#readers.has(hook.id) || this.#isStopped) continue;
      const known = progress.get(hook.id) ?? { position: hook.after, recent: [] };
      progress.set(hook.id, known);
      const stop = new AbortController();
      const ended = this.#deliver(hook, known, stop.signal).catch(() => {
        // By the store.
        if (this.#readers.get(hook.id)?.stop === stop) this.#readers.delete(hook.id);
        this.#later();
      });
      this.#readers.set(hook.id, { stop, ended });
    }
  }

  async #deliver(hook: KeptWebhook, progress: Progress, signal: AbortSignal): Promise<void> {
    const kinds = hook.kinds.length === 0 ? durableKinds : hook.kinds;
    while (!signal.aborted) {
      const followed = await this.#w.events.follow({ kinds }, progress.position);
      if (!followed.ok) {
        // Removed before they were told: they are events of long ago, and go on missing.
        const { removedUpTo, last } = await this.#w.store.readEvents(this.#w.id, Number.MAX_SAFE_INTEGER, 0);
        this.#note(progress, { id: hook.id, kind: 'gone', atMs: this.#now(), attempt: 1, error: followed.refusal.got });
        progress.position = progress.position > last ? last : removedUpTo;
        continue;
      }
      const stream = followed.value;
      const close = (): void => stream.close();
      signal.addEventListener('abort', close);
      try {
        while (!signal.aborted && !stream.isClosed) {
          // What a person may is looked at again by who tells one. This tells nobody, and would be told so without a pause.
          stream.mustLookAgain = false;
          const taken = await stream.take(takeMs);
          if (taken === 'gone') break;
          for (const event of taken.events) {
            if (event.position === undefined) continue;
            if (!(await this.#until(hook, progress, event, signal))) return;
            progress.position = event.position;
            this.#write();
          }
          if (signal.aborted || taken.position === progress.position) continue;
          progress.position = Math.max(progress.position, taken.position);
        }
      } finally {
        signal.removeEventListener('abort', close);
        stream.close();
      }
    }
  }

  /** Sends an event until it is taken. False: it was given up. */
  async #until(hook: KeptWebhook, progress: Progress, event: WorkspaceEvent, signal: AbortSignal): Promise<boolean> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const told = { ...event, id: `${hook.id}_${event.position}` };
      const sent = await this.#send(hook, told, { attempt, signal });
      if (signal.aborted) return false;
      this.#note(progress, sent);
      const { status = 0 } = sent;
      if (status >= 200 && status < 300) return true;
      if (status === 410 || attempt >= limits.webhookAttemptsMax) {
        const why =
          status === 410 ? 'it answered 410, gone' : `${attempt} attempts failed: ${sent.error ?? `status ${status}`}`;
        this.#readers.delete(hook.id);
        await disableWebhook(this.#w, engineActor, hook.id, why);
        return false;
      }
      this.#write();
      await pause(Math.min(this.retryMs * 2 ** (attempt - 1), limits.webhookRetryMaxMs), signal);
    }
    return false;
  }

  async #send(
    hook: KeptWebhook,
    event: {
      readonly id: string;
      readonly kind: string;
      readonly changeSets: readonly string[];
      readonly data: Json;
      readonly position?: number;
    },
    { attempt, signal }: { readonly attempt: number; readonly signal: AbortSignal },
  ): Promise<Delivery> {
    const atMs = this.#now();
    const { id, kind, changeSets, data, position } = event;
    const about = {
      workspace: this.#w.id,
      changeSets: [...changeSets],
      ...(position === undefined ? {} : { position }),
    };
    const { atMs: happened } = isObject(data) ? data : {};
    const timestamp = new Date(typeof happened === 'number' ? happened : atMs).toISOString();
    const body = JSON.stringify({ type: kind, timestamp, data: { ...about, event: data } });
    const key = await this.#w.vault?.open(this.#w.id, hook.sealed).catch((e: Error) => e);
    let outcome: WebhookOutcome;
    if (this.#sender === undefined) outcome = { error: 'this engine sends no webhooks' };
    else if (key === undefined || key instanceof Error || !key.ok) outcome = { error: 'its signing key does not open' };
    else {
      const message = {
        url: hook.url,
        id,
        atMs,
        body,
        key: key.value as string,
        timeoutMs: limits.webhookTimeoutMs,
        signal,
      };
      outcome = await this.#sender.send(message);
    }
    return { id, kind, atMs, attempt, ...outcome };
  }

  #now(): number {
    return this.#w.world.clock.nowMs();
  }

  #note(progress: Progress, delivery: Delivery): void {
    progress.recent.push(delivery);
    if (progress.recent.length > limits.webhookRecentMax) progress.recent.shift();
  }

  async #known(): Promise<Map<string, Progress>> {
    if (this.#progress !== undefined) return this.#progress;
    const text = await this.#w.store.getSetting(this.#w.id, stateName);
    const document = text === undefined ? {} : (JSON.parse(text) as { hooks?: Record<string, Progress> });
    this.#progress ??= new Map(Object.entries(document.hooks ?? {}));
    return this.#progress;
  }

  /** Behind what was taken; what comes while one write is under way is in the next. */
  #write(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    this.#writing = this.#writing
      .then(() => {
        const text = JSON.stringify({ format: stateFormat, hooks: Object.fromEntries(progress) });
        return this.#w.store.putSetting(this.#w.id, stateName, text);
      })
      // Sent again after a restart, at worst.
      .catch(() => {});
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done);
  });
}
