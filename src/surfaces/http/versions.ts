// Versions of change sets on the wire, for routes that are `versioned`. `baseVersion` (query, or a member of the body): the
// version that the author saw; the edit is carried over what has come since. `If-Match: "7"`: only if that is still the
// version; refused where a route does not take it, so that nobody relies on what nobody looks at. `ETag`: the version that an answer shows or an edit came to. What is computed and what reality reports move
// without a version, so that an answer is never called unchanged: `If-None-Match` is not looked at.

import { isObject, type Json } from '../../base/json.ts';
import { must, RefusalError, refuse } from '../../base/result.ts';
import { wrongVersion } from '../../engine/submit.ts';
import type { Workspace } from '../../engine/workspace.ts';
import type { ChangeSetRow } from '../../ports/store.ts';
import type { OperationParams, Route } from './route.ts';

/** What a request says about the version of its change set. */
export interface Seen {
  readonly baseVersion?: number;
  readonly ifVersion?: number;
}

interface Said {
  readonly versioned: Route['versioned'];
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly ifMatch: string | undefined;
}

/** Throws a refusal, `request_malformed`. */
export function seenOf({ versioned, query, body, ifMatch }: Said): Seen {
  const ifVersion = ifVersionOf(ifMatch);
  if (versioned === undefined && ifVersion !== undefined) return notTaken(ifMatch!);
  const only = ifVersion === undefined ? {} : { ifVersion };
  if (versioned !== true) return only;
  const inBody = isObject(body as Json) ? (body as { readonly [name: string]: Json })['baseVersion'] : undefined;
  const base = inBody ?? (query['baseVersion'] as string | undefined);
  return base === undefined || base === null ? only : { ...only, baseVersion: wholeOf(base) };
}

function ifVersionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const version = /^\s*"(\d{1,15})"\s*$/.exec(ifMatch);
  if (version === null) return malformed('If-Match', 'one version in quotes, as an ETag has it, or *', ifMatch);
  return Number(version[1]);
}

function notTaken(ifMatch: string): never {
  const expected = 'no If-Match: this request is not held to a version';
  const hint = 'leave the header out; /openapi.json says which requests take it';
  return must<never>(refuse('request_malformed', { path: 'If-Match', expected, got: ifMatch, hint }));
}

function wholeOf(given: Json): number {
  const version = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : given;
  if (typeof version === 'number' && Number.isSafeInteger(version) && version >= 0) return version;
  return malformed('baseVersion', 'the version of the change set that you saw, a whole number', given);
}

function malformed(path: string, expected: string, got: Json): never {
  const hint = 'take it from the ETag of an earlier answer';
  return must<never>(refuse('request_malformed', { path, expected, got: JSON.stringify(got), hint }));
}

export const etagOf = (version: number): string => `"${version}"`;

/**
 * The versions of one request. What it shows is named before it is read, so that an answer may be newer than it says, never
 * older; what it edits is named by the edit.
 */
export class Versions {
  readonly #seen: Seen;
  readonly #changeSet: string;
  readonly #operation: <T>(name: string, params: OperationParams) => Promise<T>;
  /** Undefined: the answer is of no one version. */
  version: number | undefined;

  constructor(seen: Seen, changeSet: string, operation: <T>(name: string, params: OperationParams) => Promise<T>) {
    this.#seen = seen;
    this.#changeSet = changeSet;
    this.#operation = operation;
  }

  /**
   * Before the work is done. An operation that takes `ifVersion` looks once more in its own commit. What was answered under
   * the key before is answered again, whatever has moved. Throws a refusal, `version_conflict`.
   */
  async before(
    reads: boolean,
    asked: { readonly w: Workspace; readonly principal: string; readonly key?: string | undefined },
  ) {
    const { ifVersion } = this.#seen;
    if (!reads && ifVersion === undefined) return;
    const { version } = await this.#operation<ChangeSetRow>('change_set.get', { changeSet: this.#changeSet });
    if (reads) this.version = version;
    const wrong = wrongVersion(version, ifVersion);
    if (wrong === undefined || (await isAnswered(asked))) return;
    throw new RefusalError(wrong);
  }

  /** Carries out an operation that edits the change set, with what the request says about versions. */
  async edit<T extends { readonly version?: number }>(name: string, params: OperationParams): Promise<T> {
    const done = await this.#operation<T>(name, { ...params, changeSet: this.#changeSet, ...this.#seen });
    this.version = done.version;
    return done;
  }
}

async function isAnswered({ w, principal, key }: { w: Workspace; principal: string; key?: string | undefined }) {
  return key !== undefined && (await w.store.findIdempotent(w.id, principal, key)) !== undefined;
}
