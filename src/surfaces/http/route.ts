// What a route of the HTTP API is: its place, the shapes of what comes in and goes out, and what it does. One description
// from which requests are checked, the OpenAPI document is made and the client is generated. Handlers translate: what is
// asked for is an operation of the engine, under its own rules of access.

import type { Static, TSchema } from 'typebox';
import type { Principal } from '../../access/role.ts';
import type { FaultCode, RefusalCode } from '../../base/codes.ts';
import type { Json } from '../../base/json.ts';
import { Fault, RefusalError } from '../../base/result.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Bearer } from '../../engine/tokens.ts';
import type { Workspace } from '../../engine/workspace.ts';
import { FaultWithStatus, RefusalWithStatus } from './refusals.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** `public`: anybody. `bearer`: whoever has a valid token. `workspace`: whoever may in the workspace of the path. */
export type Entrance = 'public' | 'bearer' | 'workspace';

export type OperationParams = { readonly [name: string]: Json | undefined };

/** One request, checked, of somebody who was let in. */
export interface RouteCall<Q, B> {
  readonly engine: Engine;
  /** Who asks. With entrance `workspace` as a principal of it; the membership is looked up by each operation. */
  readonly principal: Principal;
  readonly bearer: Bearer;
  /** That of the path; only with entrance `workspace`. */
  readonly workspace: Workspace;
  /** Parts of the path by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** Of the header `Idempotency-Key`, for an operation that remembers its answer in its own commit. */
  readonly idempotencyKey: string | undefined;
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
  /** Aborted when the server closes: what goes on for long ends. */
  readonly closing: AbortSignal;
  /** Request headers, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Carries out an operation of the engine as the caller, in the workspace of the path; a refusal is thrown, and answered. */
  operation<T>(name: string, params?: OperationParams): Promise<T>;
  /**
   * Of a `versioned` route: an operation that edits the change set of the path, with what the request says about versions
   * (`baseVersion`, `ifVersion`) and, where `repeats` is `engine`, its key. Its version, if it answers one, is the answer's `ETag`.
   */
  edit<T extends { readonly version?: number }>(name: string, params?: OperationParams): Promise<T>;
}

/** Something else than 200 with a body: another status, headers, a body that is sent piece by piece. */
export class Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export interface Route {
  /** `Group.operation`, unique. */
  readonly id: string;
  readonly method: Method;
  /** With `{name}` for what varies. */
  readonly path: string;
  readonly entrance: Entrance;
  /** One line, for people. */
  readonly summary: string;
  readonly description?: string;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** A body may be left out. */
  readonly bodyIsOptional?: boolean;
  /** Shapes of what is answered, by status; null: no body. */
  readonly answers: Readonly<Record<number, TSchema | null>>;
  /** Content type of the answers. Default `application/json`. */
  readonly contentType?: string;
  /** Takes `multipart/form-data`; the body is then an object of its fields, files as text. */
  readonly isMultipart?: boolean;
  /**
   * How a repetition with the same `Idempotency-Key` is answered. `engine`: the operation remembers its answer in its own
   * commit. `surface` (the default of what writes): the answer is remembered once it is there. `none`: the key is not looked
   * at, for what changes nothing.
   */
  readonly repeats: 'engine' | 'surface' | 'none';
  /**
   * Is about the state of the change set of the path: takes `If-Match` and, where it writes, `baseVersion`; answers `ETag`. A
   * handler that shows another version answers with an `etag` of its own. `if-match`: does something else with the change set
   * than editing what others edit, so that there is nothing to carry over; takes `If-Match` alone.
   */
  readonly versioned?: true | 'if-match';
  handle(call: RouteCall<never, never>): Promise<unknown>;
}

type Statuses = Readonly<Partial<Record<RefusalCode | FaultCode, number>>>;

interface RouteOf<Q extends TSchema, B extends TSchema>
  extends Omit<Route, 'query' | 'body' | 'repeats' | 'handle' | 'entrance'> {
  readonly query?: Q;
  readonly body?: B;
  /** Default: `workspace` where the path names one, else `bearer`. */
  readonly entrance?: Entrance;
  /** Default: `none` for GET, else `surface`. */
  readonly repeats?: Route['repeats'];
  /** Where refusals of its operations, and faults, are answered otherwise than refusals.ts has it. */
  readonly statuses?: Statuses;
  handle(call: RouteCall<Static<Q>, Static<B>>): Promise<unknown>;
}

/** A route, its handler typed by its shapes. */
export function route<Q extends TSchema, B extends TSchema>({ statuses, ...r }: RouteOf<Q, B>): Route {
  const handle: RouteOf<Q, B>['handle'] =
    statuses === undefined ? r.handle : (call) => refusedAs(statuses, r.handle(call));
  return {
    ...r,
    entrance: r.entrance ?? (r.path.includes('{workspace_id}') ? 'workspace' : 'bearer'),
    repeats: r.repeats ?? (r.method === 'GET' ? 'none' : 'surface'),
    handle: handle as Route['handle'],
  };
}

async function refusedAs(statuses: Statuses, answer: Promise<unknown>) {
  try {
    return await answer;
  } catch (e) {
    if (e instanceof RefusalError) {
      const status = statuses[e.refusal.code];
      throw status === undefined ? e : new RefusalWithStatus(e.refusal, status);
    }
    const status = e instanceof Fault ? statuses[e.code] : undefined;
    throw status === undefined ? e : new FaultWithStatus(e as Fault, status);
  }
}

/** The beginning of what is about a change set. */
export const inChangeSet = '/v1/w/{workspace_id}/change-sets/{change_set_id}';
