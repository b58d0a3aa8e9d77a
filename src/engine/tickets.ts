// Functions that are started and looked at later: somebody's text run on a component to find something out, and management
// functions. A start answers a ticket once that is written down; how the function ended is written when it has. One whose engine
// went away before that has failed, and says so. Starting them is in start_function.ts.
//
// Both are written as answers of the engine itself, which are kept as long as others and taken away with them.

import type { ChangeSetId, RunId } from '../base/ids.ts';
import type { Json } from '../base/json.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { isEnded } from '../model/run.ts';
import { findRun } from './runs.ts';
import type { Workspace } from './workspace.ts';

/** `operating`: what a management function returned is being carried out. */
export type TicketState = 'pending' | 'executing' | 'operating' | 'success' | 'failure';
export type TicketKind = 'debug' | 'management';

export interface TicketView {
  readonly id: string;
  readonly kind: TicketKind;
  readonly changeSet: ChangeSetId;
  readonly state: TicketState;
  /** null: it has not begun. */
  readonly run: RunId | null;
  /** What a debug function returned; null: nothing, nothing yet, or more than is kept. */
  readonly result: Json;
  /** Why it failed; null: it has not. */
  readonly failure: string | null;
}

/** Under way. */
interface LiveTicket {
  readonly kind: TicketKind;
  readonly changeSet: ChangeSetId;
  run: RunId | null;
  isOperating: boolean;
  /** Set when it has ended and that could not be written. */
  end: TicketEnd | undefined;
}

interface TicketEnd {
  readonly run: RunId | null;
  readonly failure: string | null;
}

const live = new WeakMap<Workspace, Map<string, LiveTicket>>();

function liveIn(w: Workspace): Map<string, LiveTicket> {
  const tickets = live.get(w) ?? new Map<string, LiveTicket>();
  live.set(w, tickets);
  return tickets;
}

/** Nobody's id, so that no key of a caller is one of these. */
const engineItself = '';

async function write(w: Workspace, key: string, value: object): Promise<void> {
  const reply = JSON.stringify(value);
  const idempotency = {
    principal: engineItself,
    key,
    requestHash: w.world.digest(key),
    reply,
    atMs: w.world.clock.nowMs(),
  };
  await w.commit({ changeSets: [], log: [], audit: [], idempotency });
}

async function readBack<T>(w: Workspace, key: string): Promise<T | undefined> {
  const row = await w.store.findIdempotent(w.id, engineItself, key);
  return row && (JSON.parse(row.reply) as T);
}

/** A ticket that is written down; the caller says when it has ended. */
export async function openTicket(w: Workspace, kind: TicketKind, changeSet: ChangeSetId): Promise<OpenTicket> {
  const id = w.world.ids.ulid<RunId>() as string;
  const ticket: LiveTicket = { kind, changeSet, run: null, isOperating: false, end: undefined };
  await write(w, `ticket ${id}`, { kind, changeSet });
  liveIn(w).set(id, ticket);
  return new OpenTicket(w, id, ticket);
}

export class OpenTicket {
  readonly id: string;
  readonly #w: Workspace;
  readonly #ticket: LiveTicket;

  constructor(w: Workspace, id: string, ticket: LiveTicket) {
    this.#w = w;
    this.id = id;
    this.#ticket = ticket;
  }

  begins(run: RunId): void {
    this.#ticket.run = run;
  }

  operates(): void {
    this.#ticket.isOperating = true;
  }

  /** `failure` null: it came to its end. Never rejects: what cannot be written is kept as long as the engine lives. */
  async ends(failure: string | null): Promise<void> {
    const end = { run: this.#ticket.run, failure };
    this.#ticket.end = end;
    try {
      await write(this.#w, `ticket ${this.id} end`, end);
      liveIn(this.#w).delete(this.id);
    } catch {
      // It is told from memory.
    }
  }
}

/** Refuses `run_not_found`. */
export async function findTicket(w: Workspace, id: string, kind: TicketKind): Promise<Result<TicketView>> {
  const here = liveIn(w).get(id);
  const ticket = here ?? (await readBack<Pick<LiveTicket, 'kind' | 'changeSet'>>(w, `ticket ${id}`));
  if (ticket === undefined || ticket.kind !== kind) {
    return refuse('run_not_found', {
      path: 'ticket',
      expected: `the id of a ${kind} function that was started in this workspace`,
      got: JSON.stringify(id),
      hint: 'start it again; what has ended is kept for a while only',
    });
  }
  const of = { id, kind, changeSet: ticket.changeSet };
  if (here !== undefined && here.end === undefined) {
    const { run, isOperating } = here;
    const status = run === null ? undefined : w.calls.live.statusOf(run);
    const hasBegun = isOperating || (run !== null && status !== 'queued' && status !== 'dispatched');
    const state = isOperating ? 'operating' : hasBegun ? 'executing' : 'pending';
    return ok({ ...of, state, run: hasBegun ? run : null, result: null, failure: null });
  }
  const end = here?.end ?? (await readBack<TicketEnd>(w, `ticket ${id} end`));
  if (end === undefined) {
    const failure = 'the engine went away while it ran; start it again';
    return ok({ ...of, state: 'failure', run: null, result: null, failure });
  }
  const { run, failure } = end;
  return ok({ ...of, state: failure === null ? 'success' : 'failure', run, result: await resultOf(w, run), failure });
}

async function resultOf(w: Workspace, run: RunId | null): Promise<Json> {
  const found = run === null ? undefined : await findRun(w, run);
  if (found?.ok !== true || !isEnded(found.value.status)) return null;
  const text = found.value.test?.result ?? null;
  return text === null ? null : (JSON.parse(text) as Json);
}
