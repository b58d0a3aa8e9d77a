// `headwater/sdk`: a typed client of the HTTP API, for Node and browsers: it needs `fetch` and web streams and imports
// nothing. Each operation of the OpenAPI document is a method of its group; what is generated says how it is sent. Left out:
// anything that the server decides, such as what is allowed.

import { follow, type HeadwaterEvent } from './events.ts';
import { type Operations, operations, type Sent } from './generated/operations.ts';
import { type Fetch, newKey, type Patience, send } from './sending.ts';

export { type ErrorPlace, HeadwaterError } from './errors.ts';
export type { HeadwaterEvent } from './events.ts';
export type * from './generated/models.ts';
export type { Operations } from './generated/operations.ts';

export interface HeadwaterOptions extends Patience {
  /** `http://host:port`. */
  readonly server: string;
  readonly token: string;
  /** An id or a name. Default: the one that has the token. */
  readonly workspace?: string;
  /** Default: that of the platform. */
  readonly fetch?: Fetch;
}

export interface CallOptions {
  /** Only at this version of the change set; otherwise HeadwaterError `version_conflict`. */
  readonly ifMatch?: number;
  /** Of a write. Default: a new one for each call, the same for its repetitions. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export interface Answered<T> {
  readonly answer: T;
  /** Of the change set that the operation is about; undefined: it is about none. */
  readonly version: number | undefined;
  readonly requestId: string | undefined;
}

export type OperationId = keyof Operations;
type Args<I extends OperationId> = Operations[I]['args'];
type Given<I extends OperationId> =
  Record<never, never> extends Args<I>
    ? [args?: Args<I>, options?: CallOptions]
    : [args: Args<I>, options?: CallOptions];
type GroupName = OperationId extends infer I ? (I extends `${infer G}.${string}` ? G : never) : never;
type Group<G extends string> = {
  readonly [I in OperationId as I extends `${G}.${infer N}` ? N : never]: (
    ...given: Given<I>
  ) => Promise<Operations[I]['answer']>;
};
/** Operations whose answers come page by page. */
export type PagedId = { [I in OperationId]: [Operations[I]['item']] extends [never] ? never : I }[OperationId];

/** The operations by group: `client.changeSets.createChangeSet({ body: { changeSetName: 'net' } })`. */
export type Api = { readonly [G in GroupName as Uncapitalize<G>]: Group<G> };

class Client {
  readonly #options: HeadwaterOptions;
  readonly #fetch: Fetch;
  #own: Promise<string> | undefined;

  constructor(options: HeadwaterOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#own = options.workspace === undefined ? undefined : Promise.resolve(options.workspace);
    for (const id of Object.keys(operations) as OperationId[]) {
      const [group = '', name = ''] = id.split('.');
      const at = group[0]!.toLowerCase() + group.slice(1);
      const groups = this as unknown as Record<string, Record<string, unknown>>;
      groups[at] = groups[at] ?? {};
      groups[at][name] = async (args: object, options: CallOptions) => (await this.#send(id, args, options)).answer;
    }
  }

  /** The same as the method of that name, with the version that the change set came to. */
  send<I extends OperationId>(id: I, ...[args, options]: Given<I>): Promise<Answered<Operations[I]['answer']>> {
    return this.#send(id, args, options) as Promise<Answered<Operations[I]['answer']>>;
  }

  /** Everything that a list has, page by page as it is iterated. */
  async *each<I extends PagedId>(id: I, ...[args, options]: Given<I>): AsyncGenerator<Operations[I]['item']> {
    const list = operations[id].list!;
    for (let cursor: string | null | undefined; ; ) {
      const asked = { ...args, ...(cursor === undefined ? {} : { cursor }) };
      const page = (await this.#send(id, asked, options)).answer as { nextCursor?: string | null } & Record<
        string,
        unknown
      >;
      yield* page[list] as Operations[I]['item'][];
      cursor = page.nextCursor;
      if (cursor === null || cursor === undefined) return;
    }
  }

  /** What happens, behind `after` or from now on, through lost connections; of one change set where it is named. */
  async *events({
    after,
    kinds,
    change_set_id,
    workspace_id,
    signal,
  }: FollowOptions = {}): AsyncGenerator<HeadwaterEvent> {
    const id = change_set_id === undefined ? 'Events.streamWorkspaceEvents' : 'Events.streamChangeSetEvents';
    const args = { kinds: kinds?.join(','), change_set_id, workspace_id };
    const url = await this.#urlOf(operations[id], args, signal);
    yield* follow(url, this.#headers(), { ...this.#options, fetch: this.#fetch, signal, after });
  }

  async #send(id: OperationId, args: object = {}, options: CallOptions = {}): Promise<Answered<unknown>> {
    const told: Sent = operations[id];
    const { body } = args as { body?: unknown };
    const { ifMatch, idempotencyKey, signal } = options;
    const headers = {
      ...this.#headers(),
      ...(told.keyed === true ? { 'idempotency-key': idempotencyKey ?? newKey() } : {}),
      ...(ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` }),
      ...(body === undefined || told.form === true ? {} : { 'content-type': 'application/json' }),
    };
    const sent = body === undefined ? {} : { body: told.form === true ? formOf(body) : JSON.stringify(body) };
    const url = await this.#urlOf(told, args, signal);
    // A version that is gone does not come again.
    const final = ifMatch === undefined ? undefined : 'version_conflict';
    const sending = { ...this.#options, fetch: this.#fetch, signal, final, read: readWhole };
    return send(url, { method: told.method, headers, ...sent }, sending);
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#options.token}` };
  }

  async #urlOf(told: Sent, args: object, signal?: AbortSignal | undefined): Promise<string> {
    const given = args as Readonly<Record<string, unknown>>;
    let { path } = told;
    for (const [place, name = ''] of told.path.matchAll(/\{(\w+)\}/g)) {
      const value = given[name] ?? (name === 'workspace_id' ? await this.#workspace(signal) : undefined);
      if (value === undefined) throw new TypeError(`${told.method} ${told.path}: ${name} is not given`);
      path = path.replace(place, encodeURIComponent(String(value)));
    }
    const url = new URL(path, this.#options.server);
    for (const name of told.query ?? [])
      if (given[name] !== undefined && given[name] !== null) url.searchParams.set(name, String(given[name]));
    return url.href;
  }

  /** Asked once; a failure is forgotten. */
  #workspace(signal?: AbortSignal | undefined): Promise<string> {
    this.#own ??= this.#send('Whoami.whoami', {}, signal === undefined ? {} : { signal })
      .then(({ answer }) => (answer as { workspaceId: string }).workspaceId)
      .catch((e) => {
        this.#own = undefined;
        throw e;
      });
    return this.#own;
  }
}

export interface FollowOptions {
  /** Tell what came behind this position first. */
  readonly after?: number | undefined;
  /** Default: all. */
  readonly kinds?: readonly string[];
  readonly change_set_id?: string;
  readonly workspace_id?: string;
  readonly signal?: AbortSignal;
}

async function readWhole(answer: Response): Promise<Answered<unknown>> {
  const text = await answer.text();
  const isJson = /^application\/json\b/.test(answer.headers.get('content-type') ?? '');
  const version = /^"(\d+)"$/.exec(answer.headers.get('etag') ?? '')?.[1];
  return {
    answer: text === '' ? undefined : isJson ? JSON.parse(text) : text,
    version: version === undefined ? undefined : Number(version),
    requestId: answer.headers.get('x-request-id') ?? undefined,
  };
}

function formOf(body: unknown): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body as Record<string, string>)) form.append(name, value);
  return form;
}

export type Headwater = Client & Api;

/** A client of one server with one token. Asks nothing yet. */
export const Headwater = Client as unknown as new (options: HeadwaterOptions) => Headwater;
