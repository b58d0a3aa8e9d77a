// One run under faults: clients at work while engines are killed and paused for longer than a lease, the database restarts, connections
// are cut and slowed down, in an order that the seed gives; and what has to be true when all of it is over.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Numbers, numbersFrom, oneOf } from '../laws/numbers.ts';
import { Applier, type Client, Editor } from './load.ts';
import type { Elsewhere, Node, Site } from './site.ts';

export interface Faults {
  readonly seed: number;
  readonly seconds: number;
}

export interface Outcome {
  /** What is not as it has to be. */
  readonly wrong: string[];
  /** Faults in the order in which they were done, with the second. */
  readonly history: readonly string[];
  readonly edits: number;
  readonly applied: number;
  readonly effects: number;
  /** Of all actions, how many took so many attempts. */
  readonly attempts: Readonly<Record<string, number>>;
}

const kinds = ['kill', 'kill', 'pause', 'restart', 'cut', 'cut', 'slow'] as const;
/** Where functions run at runners elsewhere. */
const kindsElsewhere = [...kinds, 'kill a runner', 'kill a runner', 'pause a runner', 'restart NATS'] as const;
/** Longer than a lease. */
const pausedMs = 7_500;
const quietMs = 60_000;

export const runFaults = (site: Site, faults: Faults): Promise<Outcome> => underLoad(site, faults, doFaults);

/** What happens to the site while clients are at work, for as long as it is not over. */
type Disturbance = (site: Site, doing: Doing) => Promise<void>;

/** Clients at work while `disturb` does what it does; and what is not as it has to be when both are over. */
export async function underLoad(site: Site, { seed, seconds }: Faults, disturb: Disturbance): Promise<Outcome> {
  const next = numbersFrom(seed);
  const tag = `s${seed}`;
  const of = (n: number): Numbers => numbersFrom(seed * 1_000 + n);
  const editors = site.workspaces.flatMap((workspace, w) =>
    [0, 1].map((e) => new Editor(site, of(w * 10 + e), { workspace, name: `${tag}-edit-${w}-${e}` })),
  );
  const appliers = site.workspaces.map(
    (workspace, w) => new Applier(site, of(100 + w), { workspace, name: `${tag}-thing-${w}` }),
  );
  const sinceMs = performance.now();
  const isOver = () => performance.now() - sinceMs > seconds * 1_000;
  const history: string[] = [];
  const failed: string[] = [];
  const clients: readonly Client[] = [...editors, ...appliers];
  const working = clients.map((c) => c.run(isOver).catch((e: unknown) => void failed.push(String(e))));
  await disturb(site, {
    next,
    isOver,
    tell: (what) => history.push(`${((performance.now() - sinceMs) / 1_000).toFixed(1)} ${what}`),
  });
  await Promise.all(working);
  await mend(site);
  const wrong = [...failed, ...(await quiet(site)), ...site.ended, ...editors.flatMap((e) => e.stale)];
  // Nobody could be asked.
  if (site.ended.length === 0) wrong.push(...(await edited(site, editors)), ...(await caughtUp(site)));
  const effects = await site.provider.journal();
  wrong.push(...effected(effects, appliers));
  if (wrong.length > 0) history.push(...(await toldOfThings(site, wrong)));
  return {
    wrong,
    history,
    edits: editors.reduce((n, e) => n + e.acknowledged.length, 0),
    applied: appliers.reduce((n, a) => n + a.made.length + a.removed.length, 0),
    effects: effects.length,
    attempts: await attemptsOf(site),
  };
}

async function attemptsOf(site: Site): Promise<Record<string, number>> {
  const rows = await site.rows<{ attempts: string; actions: number }>(
    `select text::json->>'attempts' as attempts, count(*)::int as actions from action group by 1 order by count(*) desc`,
  );
  return Object.fromEntries(rows.map(({ attempts, actions }) => [attempts, actions]));
}

/** What became of the actions of things that are named in what is wrong, and what the audit says of them, for people. */
async function toldOfThings(site: Site, wrong: readonly string[]): Promise<string[]> {
  const names = new Set(wrong.flatMap((w) => w.match(/s\d+-thing-\d+-\d+/g) ?? []));
  const rows = await site.rows<{ id: string; component: string; status: string; text: string }>(
    'select id, component, status, text from action order by id',
  );
  const components = new Set<string>();
  const actions = rows.flatMap(({ id, component, status, text }) => {
    const { componentName, kind, idempotencyKey: _, inputHash: __, ...rest } = JSON.parse(text);
    if (!names.has(componentName)) return [];
    components.add(component);
    return [JSON.stringify({ componentName, kind, status, id, ...rest })];
  });
  const audit = await site.rows<{ text: string }>(
    'select text from audit where text like any ($1) order by change_set, seq',
    [[...names].map((name) => `%${name}%`)],
  );
  const runs = await site.rows<{ text: string }>('select text from run where component = any ($1) order by id', [
    [...components],
  ]);
  const called = runs.map(({ text }) => {
    const { functionName, status, runner, queuedAtMs, startedAtMs, endedAtMs, failure } = JSON.parse(text);
    return JSON.stringify({ functionName, status, runner, queuedAtMs, startedAtMs, endedAtMs, failure });
  });
  return [...actions, ...called, ...audit.map(({ text }) => text)];
}

type Kind = (typeof kindsElsewhere)[number];

const isOfRunners = (kind: Kind): boolean => kind === 'kill a runner' || kind === 'pause a runner';

function toldOf(kind: Kind, node: number, runner: string | undefined): string {
  if (isOfRunners(kind)) return runner ?? '';
  return kind === 'restart' ? 'the database' : kind === 'restart NATS' ? '' : String(node);
}

export interface Doing {
  readonly next: Numbers;
  readonly isOver: () => boolean;
  readonly tell: (what: string) => void;
}

async function doFaults(site: Site, { next, isOver, tell }: Doing): Promise<void> {
  const under: Promise<void>[] = [];
  const away = new Set<Node>();
  const lost = new Set<Elsewhere>();
  let natsIsAway = false;
  while (!isOver()) {
    await sleep(300 + (next() % 1_500));
    const kind = oneOf<Kind>(next, site.nats === undefined ? kinds : kindsElsewhere);
    const node = oneOf(next, site.nodes);
    // At least one is there.
    if ((kind === 'kill' || kind === 'pause') && (away.has(node) || away.size >= site.nodes.length - 1)) continue;
    const runner = site.runners.length === 0 ? undefined : oneOf(next, site.runners);
    if (isOfRunners(kind) && (runner === undefined || lost.has(runner) || lost.size >= site.runners.length - 1))
      continue;
    tell(`${kind} ${toldOf(kind, site.nodes.indexOf(node), runner?.name)}`);
    const work = async (): Promise<void> => {
      switch (kind) {
        case 'kill':
          away.add(node);
          await site.kill(node);
          await sleep(next() % 3_000);
          await site.start(node);
          away.delete(node);
          return;
        case 'pause':
          away.add(node);
          site.pause(node);
          await sleep(pausedMs);
          site.resume(node);
          away.delete(node);
          return;
        case 'restart':
          await site.server.stop();
          await sleep(next() % 800);
          await site.server.start();
          return;
        case 'cut':
          node.way.cut();
          return;
        case 'slow':
          node.way.delayMs = 40;
          await sleep(2_000);
          node.way.delayMs = 0;
          return;
        case 'kill a runner':
          lost.add(runner!);
          await site.killRunner(runner!);
          await sleep(next() % 2_000);
          await site.run(runner!);
          lost.delete(runner!);
          return;
        case 'pause a runner':
          lost.add(runner!);
          site.signalRunner(runner!, 'SIGSTOP');
          await sleep(5_500);
          site.signalRunner(runner!, 'SIGCONT');
          lost.delete(runner!);
          return;
        case 'restart NATS':
          if (natsIsAway) return;
          natsIsAway = true;
          await site.nats!.stop();
          await sleep(next() % 1_500);
          await site.nats!.start();
          natsIsAway = false;
      }
    };
    // The database is there once at a time; what happens to engines goes on beside.
    if (kind === 'restart') await work();
    else under.push(work());
  }
  await Promise.all(under);
}

async function mend(site: Site): Promise<void> {
  for (const node of site.nodes) {
    node.way.delayMs = 0;
    if (node.isPaused) site.resume(node);
    if (node.served === undefined) await site.start(node);
  }
}

/** Everything that was begun is brought to its end. */
async function quiet(site: Site): Promise<string[]> {
  const until = performance.now() + quietMs;
  for (;;) {
    const open = await site.rows<{ status: string; text: string }>(
      'select status, text from action where ended_at_ms is null',
    );
    if (open.length === 0) return [];
    if (performance.now() > until) return open.map((a) => `an action is still ${a.status}: ${a.text.slice(0, 300)}`);
    await sleep(200);
  }
}

/** Every acknowledged edit is in the audit exactly once, in order, and the last one is what is there. */
async function edited(site: Site, editors: readonly Editor[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const editor of editors) {
    const rows = await site.rows<{ text: string }>(
      `select a.text from audit a join change_set c on c.ref = a.change_set where c.id = $1 and a.kind = 'attribute.set' order by a.seq`,
      [editor.changeSet],
    );
    const found = rows.flatMap(({ text }) => text.match(new RegExp(`${editor.name} \\d+\\.`)) ?? []);
    const { acknowledged } = editor;
    if (rows.length !== found.length)
      wrong.push(`${editor.name}: ${rows.length} entries, of which ${found.length} tell a text`);
    // One that was still under way when all was over may be there beside.
    const more = found.slice(acknowledged.length);
    if (found.slice(0, acknowledged.length).join() !== acknowledged.join() || more.length > 1)
      wrong.push(
        `${editor.name}: acknowledged ${acknowledged.length}, in the audit ${found.length}: ${difference(acknowledged, found)}`,
      );
    const path = `/v1/w/${editor.workspace}/change-sets/${editor.changeSet}/components/${editor.component}`;
    for (const n of site.nodes.keys()) {
      const { body } = await site.ask<{ component: { attributes: Record<string, unknown> } }>(() => n, 'GET', path);
      const is = body.component?.attributes['/domain/Zone'];
      if (is !== found.at(-1)) wrong.push(`${editor.name}: engine ${n} shows ${String(is)}, not ${found.at(-1)}`);
    }
  }
  return wrong;
}

function difference(wanted: readonly string[], got: readonly string[]): string {
  const missing = wanted.filter((t) => !got.includes(t));
  const twice = got.filter((t, i) => got.indexOf(t) !== i);
  return `missing ${missing.join(' ')}; twice ${twice.join(' ')}`;
}

async function caughtUp(site: Site): Promise<string[]> {
  const until = performance.now() + quietMs;
  for (;;) {
    const behind = await site.rows<{ name: string; base: number; head: number }>(
      `select c.name, c.base_version as base, h.version as head from change_set c
       join change_set h on h.workspace = c.workspace and h.is_head where c.status = 'Open' and not c.is_head and c.base_version <> h.version`,
    );
    if (behind.length === 0) return [];
    if (performance.now() > until)
      return behind.map((b) => `change set ${b.name} stands at ${b.base} of Head's ${b.head}`);
    await sleep(200);
  }
}

/** Each thing was made once and taken away once, where somebody was told so; and nothing happened twice. */
function effected(effects: Awaited<ReturnType<Site['provider']['journal']>>, appliers: readonly Applier[]): string[] {
  const wrong: string[] = [];
  const names = new Map<string, string>();
  const seen = new Map<string, number>();
  for (const { op, id, name } of effects) {
    if (op === 'create') names.set(id, name!);
    if (op === 'update') continue;
    const what = `${op} ${names.get(id) ?? id}`;
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  for (const [what, times] of seen) if (times !== 1) wrong.push(`${what}: ${times} times`);
  for (const { made, removed } of appliers) {
    for (const name of made) {
      const [isMade, isGone] = [seen.has(`create ${name}`), seen.has(`destroy ${name}`)];
      // What was deleted before it was begun is not made at all.
      if (removed.includes(name) ? isMade !== isGone : !isMade || isGone)
        wrong.push(`${name}: ${isMade ? '' : 'not '}made, ${isGone ? '' : 'not '}taken away`);
    }
  }
  return wrong;
}
