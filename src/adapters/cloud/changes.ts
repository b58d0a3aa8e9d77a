// The life of a request that changes something: accepted, carried out when it is due, ended. Everything that is decided
// is an entry of the journal first; an open request of an earlier process is carried out by the next one, once.

import { createHash, randomUUID } from 'node:crypto';
import { canonical, type Json, type JsonObject } from '../../base/json.ts';
import { invariant } from '../../base/result.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Catalogue } from '../../ports/catalogue.ts';
import { assignProperties, identifierOf } from './assign.ts';
import { isHandlerCode, type Verdict } from './control_rules.ts';
import type { AcceptedEntry, ChangeOperation, EffectEntry, EndedEntry, Entry } from './entry.ts';
import { applyPatch } from './json_patch.ts';
import type { LogFile } from './log_file.ts';
import { desiredFindings, forbiddenChanges, inputsOf, type Matches } from './model.ts';
import { done, fail, type HandlerCode, type Outcome } from './outcome.ts';
import type { CloudRequest, CloudState, Resource } from './state.ts';

/** A change as it is asked for, of a type that is known. */
export interface Asked {
  readonly operation: ChangeOperation;
  readonly region: string;
  readonly type: string;
  readonly clientToken?: string;
  readonly identifier?: string;
  readonly desired?: JsonObject;
  readonly patch?: readonly JsonObject[];
  /** Who asks, where that is known. */
  readonly by?: string;
}

/** The largest wait of a timer. */
const waitMsMax = 2_147_483_647;

export class Changes {
  readonly #catalogue: Pick<Catalogue, 'load'>;
  readonly #matches: Matches;
  readonly #state: CloudState;
  readonly #log: LogFile;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(parts: { catalogue: Pick<Catalogue, 'load'>; matches: Matches; state: CloudState; log: LogFile }) {
    this.#catalogue = parts.catalogue;
    this.#matches = parts.matches;
    this.#state = parts.state;
    this.#log = parts.log;
  }

  /** Takes up what an earlier process has accepted and not ended. */
  resume(): void {
    for (const { accepted } of this.#state.openRequests()) this.#schedule(accepted);
  }

  /** Waits for nothing: open requests are carried out by the next process. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** The request that the client token names already, if it asked the same; a conflict if it did not. */
  findRepeated(asked: Asked): Outcome<CloudRequest | undefined> {
    if (asked.clientToken === undefined) return done(undefined);
    const known = this.#state.findByClientToken(asked.clientToken);
    if (known === undefined || known.accepted.digest === digestOf(asked)) return done(known);
    return fail(
      'ClientTokenConflictException',
      `The client token ${asked.clientToken} was used for request ${known.accepted.token}, which asked for something else.`,
    );
  }

  /** Why the change can't be accepted; nothing when it can. */
  check(asked: Asked): Outcome<void> {
    const spec = this.#mustLoad(asked.type);
    if (asked.operation === 'CREATE') return this.#checkCreate(spec, asked);
    const key = { region: asked.region, type: asked.type, identifier: asked.identifier! };
    const busy = this.#state.busyWith(key);
    if (busy !== undefined)
      return fail(
        'ConcurrentOperationException',
        `Request ${busy} is in progress for ${asked.type} ${asked.identifier}.`,
      );
    if (asked.operation === 'DELETE') return done(undefined);
    const there = this.#state.findResource(key);
    if (there === undefined)
      return fail('ResourceNotFoundException', `${asked.type} ${asked.identifier} was not found.`);
    const updated = this.#updated(spec, there, asked.patch!);
    return updated.ok ? done(undefined) : updated;
  }

  #checkCreate(spec: VariantSpec, asked: Asked): Outcome<void> {
    const findings = desiredFindings(spec, asked.desired!, this.#matches);
    return findings.length === 0
      ? done(undefined)
      : fail('InvalidRequestException', `Model validation failed (${findings.join('; ')})`);
  }

  /** Accepts the change, and carries it out at once when it takes no time. */
  accept(asked: Asked, verdict: Verdict): CloudRequest {
    const nowMs = Date.now();
    const { operation, region, type, clientToken, identifier, desired, patch, by } = asked;
    const entry: AcceptedEntry = {
      kind: 'accepted',
      token: randomUUID(),
      digest: digestOf(asked),
      operation,
      region,
      type,
      acceptedMs: nowMs,
      dueMs: nowMs + verdict.delayMs,
      ...(clientToken === undefined ? {} : { clientToken }),
      ...(identifier === undefined ? {} : { identifier }),
      ...(desired === undefined ? {} : { desired }),
      ...(patch === undefined ? {} : { patch }),
      ...(by === undefined ? {} : { by }),
      ...plannedFailure(verdict),
    };
    this.#append(entry);
    if (verdict.delayMs === 0) this.#carryOut(entry.token);
    else this.#schedule(entry);
    return this.#state.findRequest(entry.token)!;
  }

  /** Ends a request that has not been carried out; it never will be. */
  cancel(request: CloudRequest): void {
    const { token } = request.accepted;
    clearTimeout(this.#timers.get(token));
    this.#timers.delete(token);
    this.#append({ kind: 'ended', token, status: 'CANCEL_COMPLETE', message: 'cancelled', atMs: Date.now() });
  }

  #schedule({ token, dueMs }: AcceptedEntry): void {
    const wait = Math.min(Math.max(0, dueMs - Date.now()), waitMsMax);
    this.#timers.set(
      token,
      setTimeout(() => {
        this.#timers.delete(token);
        this.#carryOut(token);
        // Who asks about the request waits for the disk; a failure of it ends the server there.
        this.#log.flush();
      }, wait),
    );
  }

  #carryOut(token: string): void {
    const request = this.#state.findRequest(token);
    invariant(request !== undefined && request.ended === undefined, `request ${token} is carried out once`);
    this.#end(token, this.#act(request));
  }

  /** Brings about the effect; why the request ends without success, if it does. */
  #act({ accepted, effect: earlier }: CloudRequest): Why | undefined {
    const { failure } = accepted;
    if (failure !== undefined && !failure.effect) return failure;
    // An earlier process may have got as far as the effect.
    if (earlier !== undefined) return failure;
    const effect = this.#effectOf(accepted);
    if (!effect.ok) return effect.refused;
    this.#append(effect.entry);
    return failure;
  }

  #end(token: string, failure: Why | undefined): void {
    const entry: EndedEntry = {
      kind: 'ended',
      token,
      status: failure === undefined ? 'SUCCESS' : 'FAILED',
      atMs: Date.now(),
      ...(failure === undefined ? {} : { code: failure.code, message: failure.message }),
    };
    this.#append(entry);
  }

  #effectOf(accepted: AcceptedEntry): Effect {
    const { token, operation, region, type } = accepted;
    const spec = this.#catalogue.load(type);
    // Accepted by a process with another catalogue.
    if (spec === undefined) return refused('InternalFailure', `the catalogue has no ${type} any more`);
    const base = { kind: 'effect', token, operation, region, type, atMs: Date.now() } as const;
    if (operation === 'CREATE') {
      const properties = assignProperties(spec, { type, region }, accepted.desired!);
      const identifier = identifierOf(spec, properties);
      if (identifier === undefined)
        return refused('InvalidRequest', `the identifier of ${type} needs ${spec.primaryIdentifier!.join(', ')}`);
      if (this.#state.findResource({ region, type, identifier }) !== undefined)
        return refused('AlreadyExists', `Resource of type '${type}' with identifier '${identifier}' already exists.`);
      return { ok: true, entry: { ...base, identifier, properties } };
    }
    const identifier = accepted.identifier!;
    const there = this.#state.findResource({ region, type, identifier });
    if (there === undefined)
      return refused('NotFound', `Resource of type '${type}' with identifier '${identifier}' was not found.`);
    if (operation === 'DELETE') return { ok: true, entry: { ...base, identifier } };
    const updated = this.#updated(spec, there, accepted.patch!);
    return updated.ok
      ? { ok: true, entry: { ...base, identifier, properties: updated.value } }
      : refused('InvalidRequest', updated.failure.message);
  }

  #updated(spec: VariantSpec, there: Resource, patch: readonly JsonObject[]): Outcome<JsonObject> {
    const patched = applyPatch(there.properties, patch);
    if (!patched.ok) return patched;
    const { createOnly, readOnly } = forbiddenChanges(spec, there.properties, patched.value);
    if (createOnly.length > 0)
      return fail(
        'NotUpdatableException',
        `Invalid patch update: createOnlyProperties [${createOnly.join(', ')}] cannot be updated`,
      );
    if (readOnly.length > 0)
      return fail(
        'InvalidRequestException',
        `Invalid patch update: readOnlyProperties [${readOnly.join(', ')}] cannot be updated`,
      );
    if (identifierOf(spec, patched.value) !== there.identifier)
      return fail('NotUpdatableException', 'Invalid patch update: the primary identifier cannot be updated');
    const findings = desiredFindings(spec, inputsOf(spec, patched.value), this.#matches);
    if (findings.length > 0) return fail('InvalidRequestException', `Model validation failed (${findings.join('; ')})`);
    return patched;
  }

  #append(entry: Entry): void {
    this.#log.append(entry);
    this.#state.apply(entry);
  }

  #mustLoad(type: string): VariantSpec {
    const spec = this.#catalogue.load(type);
    invariant(spec !== undefined, `${type} is in the catalogue: it was asked before`);
    return spec;
  }
}

interface Why {
  readonly code: HandlerCode;
  readonly message: string;
}
type Refused = { readonly ok: false; readonly refused: Why };
type Effect = { readonly ok: true; readonly entry: EffectEntry } | Refused;

function refused(code: HandlerCode, message: string): Refused {
  return { ok: false, refused: { code, message } };
}

/** What a rule says with a code of progress events is written down with the request: a later process keeps to it. */
function plannedFailure({ fail: rule }: Verdict): Pick<AcceptedEntry, 'failure'> {
  if (rule === undefined || !isHandlerCode(rule.code)) return {};
  return { failure: { code: rule.code, message: rule.message, effect: rule.when === 'after' } };
}

/** Of everything that is asked for: not of the client token, with which it is compared, nor of who asks. */
function digestOf({ clientToken: _clientToken, by: _by, ...asked }: Asked): string {
  return createHash('sha256')
    .update(canonical(asked as unknown as Json))
    .digest('hex');
}
