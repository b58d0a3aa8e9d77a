// Freeze windows of a workspace: named times in which nothing is applied, once from one local time to another or every week, in
// a time zone of their own. One document of the store, changed by owners, each change in Head's audit chain. Whoever has
// `apply:force` goes ahead all the same, and the audit says in which window.

import type { Principal } from '../access/role.ts';
import { isObject, type Json } from '../base/json.ts';
import { must, ok, type Result, refuse } from '../base/result.ts';
import { changeList, listSetting, readList } from './list_setting.ts';
import { permit } from './permit.ts';
import { settingsChanged } from './setting.ts';
import type { Workspace } from './workspace.ts';

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
type Day = (typeof days)[number];

export type FreezeWindow = {
  readonly name: string;
  /** As IANA names it: `Europe/Zurich`, `UTC`. */
  readonly timeZone: string;
  /** Why, for people. */
  readonly reason?: string;
} & (
  | { /** Local times, `2026-12-20T18:00`. */ readonly from: string; readonly to: string }
  | {
      readonly days: readonly Day[];
      /** Local time at which it begins on each of the days, `16:30`. */
      readonly at: string;
      /** How long it lasts, 1 to 168. */
      readonly hours: number;
    }
);

/** A window that is in force, and when it ends, in milliseconds since 1970-01-01 UTC. */
export interface Frozen {
  readonly name: string;
  readonly endsAtMs: number;
  readonly reason?: string;
}

const windowsMax = 100;
const hourMs = 3_600_000;

const freezeSetting = listSetting<FreezeWindow>('freeze windows', 'windows', parseWindow);

export function readFreezes(w: Workspace): Promise<readonly FreezeWindow[]> {
  return readList(w, freezeSetting);
}

/** Each window, with its end where it is in force. */
export async function listFreezes(w: Workspace): Promise<readonly (FreezeWindow & { readonly endsAtMs?: number })[]> {
  const now = w.world.clock.nowMs();
  return (await readFreezes(w)).map((f) => {
    const endsAtMs = endOf(f, now);
    return endsAtMs === undefined ? f : { ...f, endsAtMs };
  });
}

/** Adds a window, or replaces the one of its name. Refuses `access_denied`, `request_malformed`, `limit_exceeded`. */
export async function setFreeze(w: Workspace, principal: Principal, given: unknown): Promise<Result<FreezeWindow>> {
  const may = await permit(w, principal, 'manage', { operation: 'set a freeze window', subject: w.id });
  if (!may.ok) return may;
  const parsed = parseWindow(given);
  if (!parsed.ok) return parsed;
  const window = parsed.value;
  const done = await change(w, principal, `set the freeze window ${tellWindow(window)}`, (all) => {
    const others = all.filter((f) => f.name !== window.name);
    if (others.length < windowsMax) return ok([...others, window].sort((a, b) => (a.name < b.name ? -1 : 1)));
    return refuse('limit_exceeded', {
      path: 'name',
      expected: `at most ${windowsMax} freeze windows`,
      got: String(others.length + 1),
      hint: 'remove one that is over: headwater freeze remove NAME',
    });
  });
  return done.ok ? parsed : done;
}

/** Refuses `access_denied`, `freeze_window_not_found`. */
export async function removeFreeze(w: Workspace, principal: Principal, name: string): Promise<Result<void>> {
  const may = await permit(w, principal, 'manage', { operation: 'remove a freeze window', subject: w.id });
  if (!may.ok) return may;
  return change(w, principal, `remove the freeze window ${JSON.stringify(name)}`, (all) => {
    if (all.some((f) => f.name === name)) return ok(all.filter((f) => f.name !== name));
    return refuse('freeze_window_not_found', {
      path: 'name',
      expected: 'a freeze window of this workspace',
      got: JSON.stringify(name),
      hint: 'list them: headwater freeze list',
    });
  });
}

async function change(
  w: Workspace,
  principal: Principal,
  sentence: string,
  next: (all: readonly FreezeWindow[]) => Result<readonly FreezeWindow[]>,
): Promise<Result<void>> {
  const done = await changeList(w, principal, freezeSetting, { kind: 'freeze.set', subject: w.id, sentence, next });
  if (!done.ok) return done;
  settingsChanged(w);
  return ok(undefined);
}

/** The window in force that ends last; undefined: none is. */
export function frozenAt(windows: readonly FreezeWindow[], nowMs: number): Frozen | undefined {
  let last: Frozen | undefined;
  for (const f of windows) {
    const endsAtMs = endOf(f, nowMs);
    if (endsAtMs === undefined || (last !== undefined && last.endsAtMs >= endsAtMs)) continue;
    last = { name: f.name, endsAtMs, ...(f.reason === undefined ? {} : { reason: f.reason }) };
  }
  return last;
}

export function frozen({ name, endsAtMs, reason }: Frozen): Result<never> {
  const until = new Date(endsAtMs).toISOString();
  return refuse('frozen', {
    path: 'changeSet',
    expected: 'a time in no freeze window',
    got: `${JSON.stringify(name)}, in force until ${until}${reason === undefined ? '' : ` (${reason})`}`,
    hint: `apply it after ${until}, or schedule it: --at; who may force an apply goes ahead with --force`,
    data: { window: name, endsAtMs },
  });
}

/** When a window that is in force ends; undefined: it is not. */
function endOf(f: FreezeWindow, nowMs: number): number | undefined {
  if ('from' in f) {
    const [from, to] = [utcOf(f.timeZone, localTime(f.from)!), utcOf(f.timeZone, localTime(f.to)!)];
    return from <= nowMs && nowMs < to ? to : undefined;
  }
  const [hour, minute] = f.at.split(':').map(Number) as [number, number];
  const today = localAt(f.timeZone, nowMs);
  let last: number | undefined;
  for (let back = 0; back <= 8; back++) {
    const day = new Date(today - back * 24 * hourMs);
    if (!f.days.includes(days[day.getUTCDay()]!)) continue;
    const local = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate(), hour, minute);
    const from = utcOf(f.timeZone, local);
    const to = from + f.hours * hourMs;
    if (from <= nowMs && nowMs < to) last = Math.max(last ?? 0, to);
  }
  return last;
}

/** The local time of a zone as if it were UTC, in milliseconds. */
function localAt(timeZone: string, ms: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms);
  const of = (type: string): number => Number(parts.find((p) => p.type === type)!.value);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}

/** When a local time is. Of one that a zone has twice the first or the second, of one that it skips the hour after. */
function utcOf(timeZone: string, local: number): number {
  const first = local - (localAt(timeZone, local) - local);
  return local - (localAt(timeZone, first) - first);
}

/** As if it were UTC; undefined: no such time. */
function localTime(text: unknown): number | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return undefined;
  const ms = Date.parse(`${text}:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 16) !== text ? undefined : ms;
}

function parseWindow(given: unknown): Result<FreezeWindow> {
  if (!isObject(given)) return wrong('', 'an object', (given as Json) ?? null);
  const { name, timeZone = 'UTC', reason } = given;
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200)
    return wrong('name', 'a name of 1 to 200 characters', name ?? null);
  if (typeof timeZone !== 'string' || !isZone(timeZone))
    return wrong('timeZone', 'a time zone such as Europe/Zurich', timeZone);
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > 1_000))
    return wrong('reason', 'text of at most 1000 characters', reason);
  const about = { name, timeZone, ...(reason === undefined ? {} : { reason }) };
  if (given['days'] === undefined) {
    const { from, to } = given;
    const [first, last] = [localTime(from), localTime(to)];
    if (first === undefined) return wrong('from', 'a local time such as 2026-12-20T18:00', from ?? null);
    if (last === undefined || last <= first)
      return wrong('to', 'a local time after the first, such as 2027-01-03T06:00', to ?? null);
    return ok({ ...about, from: from as string, to: to as string });
  }
  const { days: on, at, hours } = given;
  if (!Array.isArray(on) || on.length === 0 || !on.every((d) => days.includes(d as Day)))
    return wrong('days', `some of ${days.join(', ')}`, on);
  if (typeof at !== 'string' || !/^([01]\d|2[0-3]):[0-5]\d$/.test(at))
    return wrong('at', 'a time of day such as 16:30', at ?? null);
  if (typeof hours !== 'number' || !(hours > 0 && hours <= 168)) return wrong('hours', '1 to 168', hours ?? null);
  return ok({ ...about, days: days.filter((d) => on.includes(d)), at, hours });
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }) !== undefined;
  } catch {
    return false;
  }
}

function tellWindow(f: FreezeWindow): string {
  const when = 'from' in f ? `from ${f.from} to ${f.to}` : `${f.days.join(', ')} at ${f.at} for ${f.hours} hours`;
  return `${JSON.stringify(f.name)}: ${when} (${f.timeZone})`;
}

function wrong(path: string, expected: string, got: Json): Result<never> {
  return refuse('request_malformed', {
    path,
    expected,
    got: JSON.stringify(got),
    hint: 'see headwater freeze set --help',
  });
}

/** A point in time as people and programs write it: milliseconds since 1970, or ISO 8601 with a zone. Refuses `request_malformed`. */
export function mustTime(path: string, given: unknown): number {
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given;
  const isZoned =
    typeof given === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(given);
  const ms = isZoned ? Date.parse(given) : Number.NaN;
  return must<number>(
    Number.isNaN(ms)
      ? wrong(path, 'a time with its zone, such as 2026-12-01T06:00Z or …+01:00', (given as Json) ?? null)
      : ok(ms),
  );
}
