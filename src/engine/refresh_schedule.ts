// Looking at resources again by itself. A schema says how often (`refreshEveryMs`), a workspace may say otherwise; of a schema
// of which nobody says, nothing is done. When a resource is due follows from when its provider was last asked, which is kept
// with it, so that a restart changes nothing; a part of the period that follows from its id keeps those that were made together
// from being asked together. It goes on in an engine that has taken the work on actions up, and takes turns behind everything
// that somebody asked for.

import type { ActionId, ComponentId, SchemaId, VariantId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import { must } from '../base/result.ts';
import type { ActionRecord } from '../model/action.ts';
import { idLength, index, indexUser } from '../model/keys.ts';
import {
  findComponent,
  findRecord,
  findSchema,
  isMarked,
  lostIdOf,
  reportedOf,
  resourceIdOf,
  specOf,
} from '../model/lookup.ts';
import type { SchemaRecord, VariantRecord } from '../model/schema.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { engineActor } from './catch_up.ts';
import { newAction } from './queue_actions.ts';
import { type RefreshSettings, readRefreshSettings } from './refresh_settings.ts';
import { laterTurn } from './turn.ts';
import type { Workspace } from './workspace.ts';

interface Due {
  readonly component: ComponentId;
  readonly everyMs: number;
  readonly atMs: number;
}

/** Components looked at in one turn. */
const portion = 500;
/** What of a period depends on the resource. */
const spread = 0.1;

export class RefreshSchedule {
  readonly #w: Workspace;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isOn = false;
  #isStopped = false;
  /** Earliest first. */
  #queue: Due[] = [];
  /** When what is due is looked for next. */
  #lookAtMs = 0;
  readonly #open = new Set<ActionId>();

  constructor(w: Workspace) {
    this.#w = w;
  }

  /** The work on actions has been taken up, or there may be more of it. */
  wake(): void {
    if (this.#isStopped) return;
    const lookAtMs = this.#w.world.clock.nowMs() + limits.refreshLookMs;
    const isSooner = !this.#isOn || lookAtMs < this.#lookAtMs;
    if (!isSooner) return;
    this.#lookAtMs = lookAtMs;
    const wasOn = this.#isOn;
    this.#isOn = true;
    if (!wasOn) this.#later();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #later(): void {
    if (this.#isStopped) return;
    const next = Math.min(this.#queue[0]?.atMs ?? Number.POSITIVE_INFINITY, this.#lookAtMs);
    const waitMs = Math.min(
      Math.max(next - this.#w.world.clock.nowMs(), limits.refreshSpacingMs),
      limits.refreshLookMs,
    );
    this.#timer = setTimeout(() => {
      this.#running = this.#turn().then(
        () => this.#later(),
        // Whoever wakes the work next hears what is wrong, and this goes on then.
        () => {
          this.#isOn = false;
        },
      );
    }, waitMs);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    const w = this.#w;
    if (w.acting.hasFailed) throw new Error('the work on actions has ended');
    if (w.world.clock.nowMs() >= this.#lookAtMs) await this.#look();
    for (const id of this.#open) if (!isGoingOn(w.actions.find(id))) this.#open.delete(id);
    const first = this.#queue[0];
    if (this.#isStopped || first === undefined || first.atMs > w.world.clock.nowMs()) return;
    if (this.#open.size >= limits.refreshesAtOnceMax) return;
    this.#queue.shift();
    await this.#refresh(first);
  }

  async #look(): Promise<void> {
    const w = this.#w;
    const settings = await readRefreshSettings(w);
    const head = await w.head();
    await w.actions.ready();
    const state = head.snapshot;
    const periods = await w.read(() => periodsIn(state, settings));
    const components = [...periods.keys()];
    const queue: Due[] = [];
    for (let i = 0; i < components.length && !this.#isStopped; i += portion) {
      const some = components.slice(i, i + portion);
      queue.push(...(await w.read(() => some.flatMap((c) => dueOf(w, state, c, periods.get(c)!) ?? []))));
      await laterTurn();
    }
    this.#queue = queue.sort((a, b) => a.atMs - b.atMs);
    // Often enough to find what was made meanwhile about when it is due.
    this.#lookAtMs = w.world.clock.nowMs() + Math.min(limits.refreshLookMsMax, ...periods.values());
  }

  async #refresh({ component, everyMs }: Due): Promise<void> {
    const w = this.#w;
    const head = await w.head();
    const asked = { component, kind: 'refresh', actor: engineActor, origins: [] } as const;
    // Together: what of it is fetched comes before both, so that nothing is begun in between.
    const { due, action } = await w.read(() => ({
      due: dueOf(w, head.snapshot, component, everyMs),
      action: newAction(w, head.snapshot, asked),
    }));
    // Looked at, changed or destroyed meanwhile; it is seen again at the next look.
    if (due === undefined || this.#isStopped) return;
    const nowMs = w.world.clock.nowMs();
    if (due.atMs > nowMs) return this.#insert(due);
    const failed = w.actions.of(component).find((a) => a.kind === 'refresh');
    if (failed !== undefined) {
      const again = { failure: null, notBeforeMs: null, endedAtMs: null };
      await w.record({ changes: [], actions: [must(w.actions.step(failed.id, ['retry'], again))] });
      this.#open.add(failed.id);
    } else {
      if (action === undefined) return;
      await w.record({ changes: [], actions: [w.actions.add(action)] });
      this.#open.add(action.id);
    }
    this.#insert({ component, everyMs, atMs: nowMs + everyMs });
    const lookAtMs = this.#lookAtMs;
    if (!w.acting.hasFailed) await w.acting.wake();
    // Nothing new has come of that.
    this.#lookAtMs = lookAtMs;
  }

  #insert(due: Due): void {
    const place = this.#queue.findIndex((d) => d.atMs > due.atMs);
    this.#queue.splice(place < 0 ? this.#queue.length : place, 0, due);
  }
}

/** Asked for by nobody but the schedule. */
export function isScheduled({ kind, actor, origins }: ActionRecord): boolean {
  return kind === 'refresh' && actor === engineActor && origins.length === 0;
}

const isGoingOn = (action: ActionRecord | undefined): boolean =>
  action !== undefined && ['queued', 'dispatched', 'running'].includes(action.status);

/** Components whose resources are looked at by themselves, and how often. */
function periodsIn(state: Snapshot, settings: RefreshSettings): Map<ComponentId, number> {
  const out = new Map<ComponentId, number>();
  for (const [key, text] of state.scan('schemas', '')) {
    if (key.length !== idLength) continue;
    const { name } = JSON.parse(text) as SchemaRecord;
    for (const [variant, record] of state.scan('schemas', `${key}/`)) {
      const everyMs = periodOf(
        name,
        specOf(state, (JSON.parse(record) as VariantRecord).spec).refreshEveryMs,
        settings,
      );
      if (everyMs === 0) continue;
      const id = variant.slice(idLength + 1) as VariantId;
      for (const [pair] of state.scan('index', index.componentsOf(id))) {
        const component = indexUser(pair) as ComponentId;
        // A variant may be that of several schemas.
        if (findComponent(state, component)?.schema === (key as SchemaId)) out.set(component, everyMs);
      }
    }
  }
  return out;
}

/** 0: never. */
function periodOf(schema: string, declaredMs: number | undefined, settings: RefreshSettings): number {
  return Object.hasOwn(settings, schema) ? settings[schema]! : (declaredMs ?? 0);
}

/** When it is due; undefined: there is nothing to look at, or something else is being done or has to be decided first. */
function dueOf(w: Workspace, state: Snapshot, component: ComponentId, everyMs: number): Due | undefined {
  if (findComponent(state, component) === undefined || isMarked(state, component)) return undefined;
  if ((resourceIdOf(state, component) ?? lostIdOf(state, component)) === undefined) return undefined;
  const open = w.actions.of(component);
  const failed = open.find((a) => a.kind === 'refresh');
  if (open.some((a) => a.status !== 'failed')) return undefined;
  const syncedAtMs = reportedOf(state, component)?.syncedAtMs ?? null;
  const sinceMs = failed === undefined ? syncedAtMs : Math.max(syncedAtMs ?? 0, failed.endedAtMs ?? 0);
  if (sinceMs === null) return { component, everyMs, atMs: 0 };
  const part = Number.parseInt(w.world.digest(`${component} ${sinceMs}`).slice(0, 8), 16) / 2 ** 32;
  return { component, everyMs, atMs: sinceMs + Math.round(everyMs * (1 + spread * part)) };
}

/** How often the resources of a component are looked at by themselves, and when next; undefined: they are not. */
export async function scheduleOf(
  w: Workspace,
  component: ComponentId,
): Promise<{ readonly everyMs: number; readonly nextAtMs: number | null } | undefined> {
  const settings = await readRefreshSettings(w);
  const head = await w.head();
  await w.actions.ready();
  return w.read(() => {
    const state = head.snapshot;
    const record = findComponent(state, component);
    const schema = record && findSchema(state, record.schema);
    const variant = record && findRecord<VariantRecord>(state, 'schemas', `${record.schema}/${record.variant}`);
    if (schema === undefined || variant === undefined) return undefined;
    const everyMs = periodOf(schema.name, specOf(state, variant.spec).refreshEveryMs, settings);
    if (everyMs === 0) return undefined;
    return { everyMs, nextAtMs: dueOf(w, state, component, everyMs)?.atMs ?? null };
  });
}
