// A server to knock at over HTTP: an engine on a store of its own in a folder that is removed afterwards, with an owner's
// token. Each answer is held to the shape that its route names, and to the contract of the public API where it has the operation.

import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/base/json.ts';
import { must } from '../../src/base/result.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { callOperation } from '../../src/engine/operations.ts';
import type { IssuedToken } from '../../src/engine/tokens.ts';
import { openFolder } from '../../src/main/data_folder.ts';
import { type HttpOptions, serveHttp } from '../../src/surfaces/http/server.ts';
import { operationAt, routeAt, wrongByContract } from './contract.ts';

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into what it got.
  readonly body: any;
  readonly headers: Headers;
}

export interface Asking {
  readonly body?: unknown;
  /** In place of a body: fields and files. */
  readonly form?: FormData;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the house's; null: none. */
  readonly token?: string | null;
  readonly signal?: AbortSignal;
}

export class HttpHouse {
  readonly engine: Engine;
  readonly address: string;
  /** Of the default workspace. */
  readonly workspace: string;
  /** The owner's. */
  readonly token: string;
  /** The data folder. */
  readonly folder: string;
  /** What the server met that nobody expected. */
  readonly bugs: string[];
  /** `operation status` of each answer, held to its shape. What scripts/statuses.mjs holds against all that are listed. */
  readonly seen = new Set<string>();
  readonly #close: () => Promise<void>;

  private constructor(
    h: Pick<HttpHouse, 'engine' | 'address' | 'workspace' | 'token' | 'folder' | 'bugs'>,
    close: () => Promise<void>,
  ) {
    this.engine = h.engine;
    this.address = h.address;
    this.workspace = h.workspace;
    this.token = h.token;
    this.folder = h.folder;
    this.bugs = h.bugs;
    this.#close = close;
  }

  static async open(options: Partial<HttpOptions> = {}): Promise<HttpHouse> {
    const folder = mkdtempSync(join(tmpdir(), 'headwater-http-'));
    const engine = await openFolder(folder, { written: new URL('../../dist/', import.meta.url) });
    const principal = { id: 'ada', role: 'owner' } as const;
    const call = async (operation: string, params: { readonly [name: string]: Json }) =>
      must(await callOperation({ engine, principal, progress: () => {} }, operation, params));
    const { id } = (await call('workspace.create', { name: 'default' })) as { id: string };
    const { token } = (await call('token.create', {
      workspace: id,
      name: 'tests',
      reach: 'installation',
    })) as IssuedToken;
    const bugs: string[] = [];
    const server = await serveHttp({
      engine,
      host: '127.0.0.1',
      port: 0,
      version: '0.0.0',
      checkAnswers: true,
      onBug: (e, where) => bugs.push(`${where}: ${e instanceof Error ? e.stack : String(e)}`),
      ...options,
    });
    return new HttpHouse({ engine, address: server.address, workspace: id, token, folder, bugs }, async () => {
      await server.close();
      try {
        await engine.close();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }

  /** `path` from the root; with `~` in front, below the workspace. */
  async ask(
    method: string,
    path: string,
    { body, form, headers = {}, token = this.token, signal }: Asking = {},
  ): Promise<Answered> {
    const url = this.#urlOf(path);
    const answer = await fetch(this.address + url, {
      method,
      headers: {
        ...authorization(token),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(signal === undefined ? {} : { signal }),
      ...(form === undefined ? {} : { body: form }),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /^application\/(problem\+)?json\b/.test(answer.headers.get('content-type') ?? '');
    const answered = { status: answer.status, body: isJson ? JSON.parse(text) : text, headers: answer.headers };
    const operation = operationAt(method, url.split('?')[0]!);
    this.note(method, url, answered.status);
    if (operation !== undefined) {
      const wrong = wrongByContract(operation, answered.status, answered.body);
      if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${text.slice(0, 2_000)}`);
    }
    return answered;
  }

  /** The beginning of an answer that goes on: its first piece. A refusal is read whole. */
  async follow(path: string, { headers = {}, token = this.token, signal }: Asking = {}): Promise<Answered> {
    const url = this.#urlOf(path);
    const gone = new AbortController();
    const signals = [gone.signal, ...(signal === undefined ? [] : [signal])];
    const answer = await fetch(this.address + url, {
      headers: { ...authorization(token), ...headers },
      signal: AbortSignal.any(signals),
    });
    this.note('GET', url, answer.status);
    const { status } = answer;
    if (status >= 300) return { status, body: await answer.json(), headers: answer.headers };
    const { value } = await answer.body!.getReader().read();
    gone.abort();
    return { status, body: new TextDecoder().decode(value), headers: answer.headers };
  }

  #urlOf(path: string): string {
    return path.startsWith('~') ? `/v1/w/${this.workspace}${path.slice(1)}` : path;
  }

  /** An answer that came by another way than `ask`. */
  note(method: string, url: string, status: number): void {
    const path = url.split('?')[0]!;
    const id = operationAt(method, path) ?? routeAt(method, path);
    if (id !== undefined) this.seen.add(`${id} ${status}`);
  }

  /** The same, and it has to be done. Throws with what came back otherwise. */
  async must(method: string, path: string, asking: Asking = {}): Promise<Answered['body']> {
    const { status, body } = await this.ask(method, path, asking);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}\n${this.bugs.join('\n')}`);
    return body;
  }

  /** An operation of the engine as the owner, in the default workspace. */
  async call<T>(operation: string, params: { readonly [name: string]: Json | undefined } = {}): Promise<T> {
    const call = { engine: this.engine, principal: { id: 'ada', role: 'owner' } as const, progress: () => {} };
    return must(await callOperation(call, operation, { workspace: this.workspace, ...params })) as T;
  }

  /** What was seen is told to the run that this is part of, if it asks. */
  close(): Promise<void> {
    const folder = process.env['HEADWATER_STATUSES'];
    if (folder !== undefined)
      appendFileSync(join(folder, `${process.pid}.txt`), [...this.seen].map((s) => `${s}\n`).join(''));
    return this.#close();
  }
}

function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}
