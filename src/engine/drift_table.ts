// The drift of Head's components, kept: found once for all of them, then only for those that what has changed since reaches.
// It is of one instant of Head; whoever asks gets that of the present one.

import { ActionTable } from '../actions/action_functions.ts';
import { type Drift, driftOf } from '../actions/drifted.ts';
import { subjectOf } from '../actions/subject.ts';
import type { ComponentId } from '../base/ids.ts';
import { compareText, type Json } from '../base/json.ts';
import { marksIn } from '../dispatch/sealed.ts';
import { reach } from '../graph/edges.ts';
import { idLength } from '../model/keys.ts';
import { holderOf, showing } from '../model/moved.ts';
import { type Path, roots, wellKnown } from '../model/path.ts';
import { diff } from '../snapshot/diff.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Branch } from './branch.ts';
import { valuedBy } from './planning.ts';
import { laterTurn } from './turn.ts';
import type { Workspace } from './workspace.ts';

/** What has drifted, and of what that cannot be told; by component, in order. */
export type Drifts = ReadonlyMap<ComponentId, Extract<Drift, { state: 'changed' | 'gone' | 'unknown' }>>;

export interface HeadDrift {
  readonly head: Snapshot;
  readonly drifts: Drifts;
  /** Components of which something was reported. */
  readonly reported: number;
}

/** Components looked at in one turn. */
const portion = 200;

class DriftTable {
  readonly #w: Workspace;
  #at: Snapshot | undefined;
  #found = new Map<ComponentId, Drift>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(w: Workspace) {
    this.#w = w;
  }

  present(waitMs: number): Promise<HeadDrift> {
    const done = this.#running.then(() => this.#followed(waitMs));
    this.#running = done.catch(() => {});
    return done;
  }

  async #followed(waitMs: number): Promise<HeadDrift> {
    const w = this.#w;
    let head = await w.head();
    await this.#follow(head);
    const pending = [...this.#found].filter(([, d]) => d.state === 'unknown').map(([id]) => id);
    if (pending.length > 0 && waitMs > 0) {
      const until = performance.now() + waitMs;
      for (const component of pending) {
        const leftMs = until - performance.now();
        if (leftMs <= 0) break;
        await w.propagation.settled(head, { component, path: wellKnown.domain }, leftMs);
      }
      head = await w.head();
      await this.#follow(head);
    }
    const drifts = [...this.#found].filter(([, d]) => d.state !== 'none').sort(([a], [b]) => compareText(a, b));
    return { head: this.#at!, drifts: new Map(drifts) as Drifts, reported: this.#found.size };
  }

  async #follow(head: Branch): Promise<void> {
    const w = this.#w;
    const before = this.#at;
    const state = head.snapshot;
    const unknown = [...this.#found].filter(([, d]) => d.state === 'unknown').map(([id]) => id);
    const touched = before === undefined ? undefined : await w.read(() => touchedBetween(before, state));
    const found = new Map(touched === undefined ? [] : this.#found);
    const all =
      touched ??
      (await w.read(() => [...state.scan('resources', '')].map(([key]) => holderOf(state, key as ComponentId))));
    const components = [...new Set([...all, ...(touched === undefined ? [] : unknown)])];
    for (let i = 0; i < components.length; i += portion) {
      const some = components.slice(i, i + portion);
      for (const [id, drift] of await w.read(() => driftsOf(w, head, state, some))) {
        if (drift === undefined) found.delete(id);
        else found.set(id, drift);
      }
      await laterTurn();
    }
    this.#at = state;
    this.#found = found;
  }
}

const tables = new WeakMap<Workspace, DriftTable>();

/** Of Head as it is; waits at most `waitMs` for values that are still being computed. */
export function headDrift(w: Workspace, waitMs: number): Promise<HeadDrift> {
  let table = tables.get(w);
  if (table === undefined) {
    table = new DriftTable(w);
    tables.set(w, table);
  }
  return table.present(waitMs);
}

/** Of these components of Head at a state, without what is kept. Call it in `read`. */
export function driftsOf(
  w: Workspace,
  head: Branch,
  state: Snapshot,
  components: readonly ComponentId[],
): [ComponentId, Drift | undefined][] {
  const results = w.propagation.resultsOn(w.space.digest);
  const { valueAt } = valuedBy(state, results, w.propagation.keptOf(head, state));
  const table = new ActionTable(state);
  return components.map((component) => {
    const subject = subjectOf(state, component, { table, valueAt });
    const drift = subject && driftOf(state, subject);
    return [component, drift?.state === 'changed' ? withoutSealed(drift.differences) : drift];
  });
}

/** What was made with a secret is a marker here and there, each of its own place: they say nothing of each other. */
function withoutSealed(differences: Extract<Drift, { state: 'changed' }>['differences']): Drift {
  const isSealed = (value: Json | undefined): boolean => value !== undefined && marksIn(value).size > 0;
  const open = differences.filter((d) => !isSealed(d.intent) && !isSealed(d.reality));
  return open.length === 0 ? { state: 'none' } : { state: 'changed', differences: open };
}

/** Components whose drift may be another; undefined: any. */
function touchedBetween(before: Snapshot, after: Snapshot): ComponentId[] | undefined {
  for (const category of ['schemas', 'functions', 'bindings'] as const)
    for (const _ of diff(before.map(category), after.map(category))) return undefined;
  const touched = new Set<ComponentId>();
  for (const category of ['cells', 'components'] as const)
    for (const { key } of diff(before.map(category), after.map(category)))
      touched.add(key.slice(0, idLength) as ComponentId);
  for (const { key } of diff(before.map('resources'), after.map('resources')))
    for (const component of showing([before, after], key as ComponentId)) touched.add(component);
  const from = [...touched].flatMap((component) => roots.map((root) => ({ component, path: `/${root}` as Path })));
  for (const { component } of reach(after, from, Number.POSITIVE_INFINITY).cells) touched.add(component);
  return [...touched];
}
