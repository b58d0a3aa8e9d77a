// Reading what a provider has, without a component: the list function of a schema, page by page, and its refresh function for one
// resource, run in the context of a change set with the secrets that are named. Nothing of the state is changed by it; each
// call is a run with its record and log.

import type { Principal } from '../access/role.ts';
import { actionFunctionsOf, listFunctionOf } from '../actions/action_functions.ts';
import type { ComponentId, SchemaId, SecretId, VariantId } from '../base/ids.ts';
import { canonical, type Json, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { ok, type Result, refuse } from '../base/result.ts';
import { type ActionFailure, actionAnswerOf, classOfThrown } from '../dispatch/action_result.ts';
import { type ListPage, listAnswerOf } from '../dispatch/list_result.ts';
import { decideRetry, type RetryPolicy } from '../dispatch/retry.ts';
import { authenticationOf, type SecretUse } from '../graph/secret_use.ts';
import {
  findRecord,
  findSchema,
  findVariant,
  resolveSchema,
  resolveSecret,
  specOf,
  variantInWork,
} from '../model/lookup.ts';
import type { Path } from '../model/path.ts';
import type { VariantSpec } from '../model/schema.ts';
import type { SecretRecord } from '../model/secret.ts';
import type { Reader } from '../model/state.ts';
import type { RunOutcome } from '../ports/runner.ts';
import { type Callable, callableOf } from './action_call.ts';
import type { Branch } from './branch.ts';
import { failureText } from './run_call.ts';
import { withSchema } from './submit.ts';
import type { Workspace } from './workspace.ts';

export interface ReadAsk {
  readonly schema: string;
  /** Slot -> name or id of a secret. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Filters, as properties below /domain. */
  readonly domain: JsonObject;
}

/** A schema with what it takes to ask its provider. */
export interface ProviderReader {
  readonly schema: SchemaId;
  readonly name: string;
  readonly variant: VariantId;
  /** Otherwise only the catalogue has it yet, and the first component brings it along. */
  readonly isInstalled: boolean;
  readonly spec: VariantSpec;
  /** Slot -> secret. */
  readonly secrets: Readonly<Record<string, SecretId>>;
  readonly domain: JsonObject;
  readonly list: Callable | undefined;
  readonly refresh: Callable | undefined;
  /** As runs are given them. */
  readonly uses: string;
}

/** Refuses `schema_not_found`, `secret_not_found`, `request_malformed`. Call it in `read`. */
export function providerReaderOf(w: Workspace, branch: Branch, ask: ReadAsk): Result<ProviderReader> {
  const isInstalled = resolveSchema(branch.snapshot, ask.schema).ok;
  const state = isInstalled ? branch.snapshot : withSchema(w, branch.snapshot, branch.row.id, ask.schema);
  const id = resolveSchema(state, ask.schema);
  if (!id.ok) return id;
  const schema = id.value;
  const { name } = findSchema(state, schema)!;
  const variant = variantInWork(state, schema);
  const record = variant && findVariant(state, schema, variant);
  if (variant === undefined || record === undefined) {
    return refuse('schema_not_found', {
      path: 'schema',
      expected: 'a schema with a variant',
      got: name,
      hint: 'author it, or install it',
    });
  }
  const spec = specOf(state, record.spec);
  const given = secretsOf(state, spec, ask.secrets);
  if (!given.ok) return given;
  const typed = { schema, variant };
  const refresh = actionFunctionsOf(state, typed).find((f) => f.kind === 'refresh');
  const { secrets, uses } = given.value;
  return ok({
    schema,
    name,
    variant,
    isInstalled,
    spec,
    secrets,
    domain: ask.domain,
    list: callableOf(state, listFunctionOf(state, typed)),
    refresh: callableOf(state, refresh),
    uses: uses.length === 0 ? '' : JSON.stringify(uses),
  });
}

/** In the order of the slots, as the runs of a component get them. */
function secretsOf(
  state: Reader,
  spec: VariantSpec,
  given: ReadAsk['secrets'],
): Result<{ readonly secrets: Record<string, SecretId>; readonly uses: readonly SecretUse[] }> {
  const slots = Object.entries(spec.secrets.properties ?? {});
  const unknown = Object.keys(given).find((slot) => !slots.some(([name]) => name === slot));
  if (unknown !== undefined) {
    return refuse('request_malformed', {
      path: `secrets/${unknown}`,
      expected:
        slots.length === 0 ? 'no secrets: the schema has no slots' : `one of ${slots.map(([n]) => n).join(', ')}`,
      got: JSON.stringify(unknown),
      hint: 'see the slots in `headwater schema describe`',
    });
  }
  const secrets: [string, SecretId][] = [];
  const uses = new Map<SecretId, SecretUse>();
  for (const [slot, property] of slots) {
    if (!Object.hasOwn(given, slot)) continue;
    const secret = resolveSecret(state, given[slot], `secrets/${slot}`);
    if (!secret.ok) return secret;
    const { key, definition } = findRecord<SecretRecord>(state, 'secrets', secret.value)!;
    const kinds = (property.suggests ?? []).map((s) => s.schema);
    if (kinds.length > 0 && !kinds.includes(definition)) {
      return refuse('request_malformed', {
        path: `secrets/${slot}`,
        expected: `a secret of the kind ${kinds.join(' or ')}`,
        got: `${JSON.stringify(given[slot])}, of the kind ${definition}`,
        hint: 'name another secret, or another slot',
      });
    }
    secrets.push([slot, secret.value]);
    uses.set(secret.value, { secret: secret.value, key, definition, functions: authenticationOf(state, definition) });
  }
  return ok({ secrets: Object.fromEntries(secrets), uses: [...uses.values()] });
}

/** Calls to one provider on behalf of somebody. */
export class ProviderCalls {
  readonly #w: Workspace;
  readonly #of: ProviderReader;
  readonly #changeSet: Branch['row']['id'];
  readonly #actor: string;

  constructor(w: Workspace, branch: Branch, principal: Principal, of: ProviderReader) {
    this.#w = w;
    this.#of = of;
    this.#changeSet = branch.row.id;
    this.#actor = principal.id;
  }

  /** One page. Refuses `function_not_found`, `function_failed` and what compiling refuses. */
  async page(cursor: string | undefined): Promise<Result<ListPage>> {
    const { list, name, domain, secrets } = this.#of;
    if (list === undefined) {
      return refuse('function_not_found', {
        path: 'schema',
        expected: `a schema with an action function of kind list`,
        got: `${name}, which has none`,
        hint: 'bind one, or import resources by their ids',
      });
    }
    const input = {
      properties: { si: {}, domain, secrets },
      schema: name,
      ...(cursor === undefined ? {} : { cursor }),
    };
    return this.#tried(list, () => input, listAnswerOf);
  }

  /** Every page, as far as `isEnough` does not say that it has all that it looks for. Refuses as `page`, and `limit_exceeded`. */
  async pages(take: (page: ListPage) => boolean, progress: (resources: number) => void): Promise<Result<number>> {
    const cursors = new Set<string>();
    let cursor: string | undefined;
    let seen = 0;
    do {
      const page = await this.page(cursor);
      if (!page.ok) return page;
      seen += page.value.resources.length;
      if (seen > limits.discoveredMax) {
        return refuse('limit_exceeded', {
          path: 'schema',
          expected: `at most ${limits.discoveredMax} resources`,
          got: 'more',
          hint: 'give filters, or the ids of those that are wanted',
        });
      }
      progress(seen);
      if (take(page.value)) break;
      cursor = page.value.cursor;
      if (cursor !== undefined && cursors.has(cursor)) return failed('result/cursor', 'a cursor that leads on', cursor);
      if (cursor !== undefined) cursors.add(cursor);
    } while (cursor !== undefined);
    return ok(seen);
  }

  /** What a resource is now; null: there is none. Refuses `function_failed` and what compiling refuses. */
  async lookAt(resourceId: string): Promise<Result<Json>> {
    const { refresh, name, domain, secrets, variant } = this.#of;
    const si = { name: resourceId, resourceId };
    const properties = { si, domain, secrets, resource: null, resource_value: {} };
    const idempotencyKey: string = this.#w.world.digest(`${variant}\n${resourceId}`);
    let checkpoint: { readonly checkpoint?: Json } = {};
    for (let calls = 1; calls <= limits.lookCallsMax; calls++) {
      const inputOf = (attempt: number, failures: number): JsonObject => ({
        properties,
        schema: name,
        idempotencyKey,
        attempt,
        failures,
        ...checkpoint,
      });
      const looked = await this.#tried(refresh!, inputOf, actionAnswerOf);
      if (!looked.ok) return looked;
      const { value } = looked;
      if (!('checkpoint' in value)) return ok(value.payload ?? null);
      if (value.status === 'waiting') break;
      checkpoint = { checkpoint: value.checkpoint };
      await waited(Math.min(value.afterMs, limits.listRetryMsMax));
    }
    return failed('schema', `what ${resourceId} is now`, 'a function that does not come to an end by itself');
  }

  /** Runs a function until it succeeds, fails for good or has failed often enough. Reading can always be done again. */
  async #tried<T extends { readonly status: string }>(
    fn: Callable,
    inputOf: (attempt: number, failures: number) => JsonObject,
    read: (text: string | undefined) => Result<T>,
  ): Promise<Result<Exclude<T, ActionFailure>>> {
    for (let attempts = 1, failures = 0; ; attempts++) {
      const { outcome, run } = await this.#run(fn, inputOf(attempts, failures));
      if ('refusal' in outcome) return outcome;
      const said = outcome.ok ? read(outcome.value) : undefined;
      if (said?.ok === false) return said;
      if (said !== undefined && said.value.status !== 'error') return ok(said.value as Exclude<T, ActionFailure>);
      const failure = said?.value as ActionFailure | undefined;
      if (failure !== undefined) failures++;
      const message = failure?.message ?? failureText(outcome as Extract<RunOutcome, { ok: false }>);
      const { errorClass = classOfThrown(message), retryAfterMs } = failure ?? {};
      const next = decideRetry({ errorClass, attempts, retryAfterMs }, 1, listRetries);
      if (next.kind === 'give-up') return failed('schema', `an answer of ${fn.name}`, message, run);
      await waited(Math.min(next.waitMs, limits.listRetryMsMax));
    }
  }

  async #run(
    fn: Callable,
    input: JsonObject,
  ): Promise<{ readonly outcome: RunOutcome | Extract<Result<never>, { ok: false }>; readonly run: string }> {
    const of = {
      call: { ...fn, input: canonical(input) },
      at: { component: '' as ComponentId, path: '' as Path },
      secrets: this.#of.uses,
      changeSet: this.#changeSet,
      actor: this.#actor,
    };
    const to = await this.#w.calls.toRun(of, 'queued');
    if (!to.ok) return { outcome: to, run: '' };
    const { report } = await to.value.start();
    return { outcome: report.outcome, run: to.value.run };
  }
}

const listRetries: RetryPolicy = {
  attemptsMax: limits.listAttemptsMax,
  baseMs: limits.listRetryMs,
  waitMsMax: limits.listRetryMsMax,
};

const waited = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function failed(path: string, expected: string, got: string, run?: string): Result<never> {
  return refuse('function_failed', {
    path,
    expected,
    got,
    hint: run === undefined ? 'correct the function' : `see \`headwater run log ${run}\``,
    ...(run === undefined ? {} : { data: { run } }),
  });
}
