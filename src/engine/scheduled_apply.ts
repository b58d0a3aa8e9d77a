// Applies that are to be made at a time: who asked for what, as it was then, and what became of it. One document of the store,
// written before it is acknowledged and again with the outcome; the apply itself is asked for under a key of its own, so
// that a crash between the two repeats nothing. Carrying them out is in apply_schedule.ts.

import type { Principal } from '../access/role.ts';
import type { ChangeSetId } from '../base/ids.ts';
import { canonical, type Json } from '../base/json.ts';
import { Fault, ok, type Refusal, type Result, refuse } from '../base/result.ts';
import { isActive, transition } from '../model/change_set.ts';
import { applyChangeSet } from './apply.ts';
import { presentOf } from './catch_up.ts';
import { headStays } from './change_set.ts';
import { changeList, listSetting, readList } from './list_setting.ts';
import { actingAs } from './members.ts';
import { permit } from './permit.ts';
import { groundsOf } from './requirements.ts';
import { whyEnded } from './tokens.ts';
import type { Workspace } from './workspace.ts';

export interface ScheduledApply {
  readonly id: string;
  readonly changeSet: ChangeSetId;
  readonly name: string;
  /** When it is to be applied, milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
  readonly by: string;
  readonly askedAtMs: number;
  readonly status: 'waiting' | 'applied' | 'refused' | 'cancelled';
  readonly endedAtMs?: number;
  /** Of one that was applied. */
  readonly headVersion?: number;
  /** Of one that was refused. */
  readonly refusal?: Pick<Refusal, 'code' | 'expected' | 'got'>;
}

/** As it is kept: with what it was asked for as. */
interface Kept extends ScheduledApply {
  readonly principal: Principal;
  /** Hash of what the change set changed and planned. */
  readonly fingerprint: string;
}

const waitingMax = 1_000;
const endedMax = 200;
/** How far ahead one may be asked for. */
const aheadMsMax = 366 * 24 * 3_600_000;
/** How long what is still being computed at the time is waited for. */
const quietMs = 60_000;

const setting = listSetting<Kept>('scheduled applies', 'applies');

const read = (w: Workspace): Promise<readonly Kept[]> => readList(w, setting);

const lineOf = ({ principal: _p, fingerprint: _f, ...line }: Kept): ScheduledApply => line;

/** Waiting ones and the last that ended, by when they are due. */
export async function listScheduled(w: Workspace): Promise<readonly ScheduledApply[]> {
  return (await read(w)).map(lineOf).sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
}

/** When the next one is due; undefined: none waits. */
export async function nextDueMs(w: Workspace): Promise<number | undefined> {
  const due = (await read(w)).filter((s) => s.status === 'waiting').map((s) => s.atMs);
  return due.length === 0 ? undefined : Math.min(...due);
}

/**
 * Has a change set applied at a time, as it is now; one that waits for the same change set gives way. Refuses `access_denied`,
 * `change_set_not_found`, `change_set_not_open`, `head_is_read_only`, `request_malformed`, `limit_exceeded`.
 */
export async function scheduleApply(
  w: Workspace,
  principal: Principal,
  request: { readonly changeSet: ChangeSetId; readonly atMs: number },
): Promise<Result<ScheduledApply>> {
  const may = await permit(w, principal, 'apply', { operation: 'schedule an apply', subject: request.changeSet });
  if (!may.ok) return may;
  const { atMs } = request;
  const nowMs = w.world.clock.nowMs();
  if (atMs <= nowMs || atMs > nowMs + aheadMsMax) {
    return refuse('request_malformed', {
      path: 'at',
      expected: 'a time from now on, at most a year ahead',
      got: new Date(Math.min(atMs, 8.64e15)).toISOString(),
      hint: 'without a time it is applied at once',
    });
  }
  const seen = await fingerprintOf(w, request.changeSet);
  if (!seen.ok) return seen;
  const { name, fingerprint } = seen.value;
  const id = w.world.ids.ulid<never>() as string;
  const { id: by } = principal;
  const next: Kept = {
    ...{ id, changeSet: request.changeSet, name, atMs, by, askedAtMs: nowMs, status: 'waiting' },
    principal,
    fingerprint,
  };
  const at = new Date(atMs).toISOString();
  const done = await change(w, by, {
    sentence: `schedule the apply of change set ${JSON.stringify(name)} at ${at}`,
    subject: next.changeSet,
    next: (all) => {
      const others = all.map((s): Kept => {
        const isReplaced = s.status === 'waiting' && s.changeSet === next.changeSet;
        return isReplaced ? { ...s, status: 'cancelled', endedAtMs: nowMs } : s;
      });
      if (others.filter((s) => s.status === 'waiting').length < waitingMax) return ok([...others, next]);
      return refuse('limit_exceeded', {
        path: 'changeSet',
        expected: `at most ${waitingMax} scheduled applies`,
        got: String(waitingMax + 1),
        hint: 'cancel one: headwater change-set unschedule ID',
      });
    },
  });
  if (!done.ok) return done;
  w.scheduled.wake();
  return ok(lineOf(next));
}

/** Refuses `access_denied`, `schedule_not_found` where it does not wait. */
export async function cancelScheduled(w: Workspace, principal: Principal, id: string): Promise<Result<ScheduledApply>> {
  const may = await permit(w, principal, 'apply', { operation: 'cancel a scheduled apply', subject: id });
  if (!may.ok) return may;
  const known = (await read(w)).find((s) => s.id === id && s.status === 'waiting');
  if (known === undefined || w.scheduled.underWay === id) return notWaiting(id);
  const nowMs = w.world.clock.nowMs();
  return end(w, principal.id, known, {
    sentence: `cancel the scheduled apply of change set ${JSON.stringify(known.name)}`,
    status: 'cancelled',
    endedAtMs: nowMs,
  });
}

/** Carries out what is due, the earliest first; what fails by a fault stays waiting, and the fault is thrown. */
export async function applyDue(w: Workspace, isStopped: () => boolean): Promise<void> {
  for (;;) {
    const nowMs = w.world.clock.nowMs();
    const due = (await read(w)).filter((s) => s.status === 'waiting' && s.atMs <= nowMs);
    const first = due.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))[0];
    if (first === undefined || isStopped()) return;
    w.scheduled.underWay = first.id;
    const done = await carryOut(w, first).finally(() => {
      w.scheduled.underWay = undefined;
    });
    const name = JSON.stringify(first.name);
    const endedAtMs = w.world.clock.nowMs();
    const about = `scheduled apply of change set ${name}`;
    let ended: Result<ScheduledApply>;
    if (done.ok) {
      const { headVersion } = done.value;
      const sentence = `${about}: applied as version ${headVersion} of Head`;
      ended = await end(w, first.by, first, { sentence, status: 'applied', headVersion, endedAtMs });
    } else {
      const { code, expected, got } = done.refusal;
      const sentence = `${about}: refused, ${code}: expected ${expected}, got ${got}`;
      ended = await end(w, first.by, first, {
        sentence,
        status: 'refused',
        refusal: { code, expected, got },
        endedAtMs,
      });
    }
    if (!ended.ok && ended.refusal.code !== 'schedule_not_found')
      throw new Fault('store_failed', `the outcome of the ${about} cannot be written: ${ended.refusal.got}`);
  }
}

/** As who asked for it, with what they may do by now, and only while it is what they asked for. */
async function carryOut(w: Workspace, s: Kept): Promise<Result<{ readonly headVersion: number }>> {
  const { token, home } = s.principal;
  if (token !== undefined && home !== undefined) {
    const why = await whyEnded(w, home, token);
    if (why !== undefined) {
      const hint = 'schedule it again';
      return refuse('access_denied', { path: '', expected: 'the token it was asked for with', got: why, hint });
    }
  }
  const who = await actingAs(w, s.principal, 'apply as scheduled');
  if (!who.ok) return who;
  const row = await w.store.findChangeSet(w.id, s.changeSet);
  // Applied already: by this very schedule, whose outcome a crash kept from being written, or else refused as it should be.
  if (row !== undefined && isActive(row.status)) {
    await w.readiness.quiet(w.id, s.changeSet, quietMs);
    const seen = await fingerprintOf(w, s.changeSet);
    if (!seen.ok) return seen;
    if (seen.value.fingerprint !== s.fingerprint) {
      return refuse('version_conflict', {
        path: 'changeSet',
        expected: 'the change set as it was when its apply was scheduled',
        got: 'one that changes or does something else by now',
        hint: 'review it and schedule it again',
      });
    }
  }
  return applyChangeSet(w, who.value, { changeSet: s.changeSet, idempotencyKey: `scheduled ${s.id}`, waitMs: quietMs });
}

/** What a change set changes and what it would do, as one hash: the same while Head only passes by. */
async function fingerprintOf(
  w: Workspace,
  id: ChangeSetId,
): Promise<Result<{ readonly name: string; readonly fingerprint: string }>> {
  const present = await presentOf(w, id);
  if (!present.ok) return present;
  const { branch, row } = present.value;
  if (row.isHead) return headStays('apply');
  if (!isActive(row.status)) return transition(row.status, 'apply') as Result<never>;
  await w.actions.ready();
  const { actions } = await groundsOf(w, branch);
  const planned = actions.map(({ component, kind, paths }) => [component, kind, [...paths]]);
  const what = [branch.pending.effective(), planned] as unknown as Json;
  return ok({ name: row.name, fingerprint: w.world.digest(canonical(what)) });
}

async function end(
  w: Workspace,
  actor: string,
  s: Kept,
  to: Pick<Kept, 'status' | 'endedAtMs' | 'headVersion' | 'refusal'> & { readonly sentence: string },
): Promise<Result<ScheduledApply>> {
  const { sentence, ...ended } = to;
  const next: Kept = { ...s, ...ended };
  const done = await change(w, actor, {
    sentence,
    subject: s.changeSet,
    next: (all) => {
      // Cancelled or replaced meanwhile.
      if (!all.some((x) => x.id === s.id && x.status === 'waiting')) return notWaiting(s.id);
      return ok(all.map((x) => (x.id === s.id ? next : x)));
    },
  });
  return done.ok ? ok(lineOf(next)) : done;
}

function change(
  w: Workspace,
  actor: string,
  {
    next,
    ...told
  }: {
    readonly sentence: string;
    readonly subject: string;
    readonly next: (all: readonly Kept[]) => Result<readonly Kept[]>;
  },
): Promise<Result<readonly Kept[]>> {
  return changeList(w, { id: actor, role: 'owner' }, setting, {
    kind: 'apply.schedule',
    ...told,
    next: (all) => {
      const applies = next(all);
      if (!applies.ok) return applies;
      const ended = new Set(applies.value.filter((s) => s.status !== 'waiting').slice(-endedMax));
      return ok(applies.value.filter((s) => s.status === 'waiting' || ended.has(s)));
    },
  });
}

function notWaiting(id: string): Result<never> {
  return refuse('schedule_not_found', {
    path: 'id',
    expected: 'a scheduled apply that waits for its time',
    got: JSON.stringify(id),
    hint: 'list them: headwater change-set scheduled',
  });
}
