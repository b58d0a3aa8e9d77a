// The eight operations of the Cloud Control API over the state and the life of requests. Each takes its input as it came
// and gives what is answered; parsing refuses what is not of the operation's shape. Nothing here waits: what is answered
// goes out when the journal is durable.

import { compareText, isObject, type Json, type JsonObject, sameJson } from '../../base/json.ts';
import type { VariantSpec } from '../../model/schema.ts';
import type { Catalogue } from '../../ports/catalogue.ts';
import { identifierProperties, regionOf } from './assign.ts';
import type { Caller } from './caller.ts';
import type { Asked, Changes } from './changes.ts';
import { type ControlRules, isHandlerCode, type RuleOperation, type Verdict } from './control_rules.ts';
import { parsePatch } from './json_patch.ts';
import { readable } from './model.ts';
import { done, type Failure, fail, type Outcome } from './outcome.ts';
import type { CloudRequest, CloudState } from './state.ts';

/** What is answered, and how: after a wait, or not at all. */
export interface Answer {
  readonly outcome: Outcome<Json>;
  /** Of an answer without an effect to wait for. */
  readonly delayMs?: number;
  readonly drop?: boolean;
}

/** Rows of a page when the client does not say, and at most. */
const pageRows = 20;
const pageRowsMax = 100;
/** UTF-16 units of a desired state or a patch. */
const documentCharsMax = 262_144;
const tokenCharsMax = 128;

export class Operations {
  readonly #catalogue: Pick<Catalogue, 'load'>;
  readonly #state: CloudState;
  readonly #changes: Changes;
  readonly #rules: ControlRules;

  constructor(parts: { catalogue: Pick<Catalogue, 'load'>; state: CloudState; changes: Changes; rules: ControlRules }) {
    this.#catalogue = parts.catalogue;
    this.#state = parts.state;
    this.#changes = parts.changes;
    this.#rules = parts.rules;
  }

  call(operation: string, caller: Caller, input: JsonObject): Answer {
    const { region } = caller;
    switch (operation) {
      case 'CreateResource':
        return this.#change('CREATE', caller, input);
      case 'UpdateResource':
        return this.#change('UPDATE', caller, input);
      case 'DeleteResource':
        return this.#change('DELETE', caller, input);
      case 'GetResource':
        return this.#read('READ', input, () => this.#getResource(region, input));
      case 'ListResources':
        return this.#read('LIST', input, () => this.#listResources(region, input));
      case 'GetResourceRequestStatus':
        return this.#read('STATUS', input, () => this.#withRequest(input, (request) => done(progressOf(request))));
      case 'ListResourceRequests':
        return this.#read('STATUS', input, () => this.#listRequests(region, input));
      case 'CancelResourceRequest':
        return { outcome: this.#withRequest(input, (request) => this.#cancel(request)) };
      default:
        return { outcome: fail('UnknownOperationException', `there is no operation ${operation}`) };
    }
  }

  #change(operation: Asked['operation'], caller: Caller, input: JsonObject): Answer {
    const parsed = this.#parseChange(operation, caller, input);
    if (!parsed.ok) return { outcome: parsed };
    const asked = parsed.value;
    // A request that is known is no new one: rules neither count it nor touch it.
    const repeated = this.#changes.findRepeated(asked);
    if (!repeated.ok) return { outcome: repeated };
    if (repeated.value !== undefined) return { outcome: done(progressOf(repeated.value)) };
    const checked = this.#changes.check(asked);
    if (!checked.ok) return { outcome: checked };
    const verdict = this.#rules.judge(operation, asked.type);
    const failure = answeredFailure(verdict);
    if (verdict.drop === 'before') return { outcome: done({}), drop: true };
    if (failure !== undefined && verdict.fail!.when === 'before') return { outcome: { ok: false, failure } };
    const request = this.#changes.accept(asked, verdict);
    if (verdict.drop === 'after') return { outcome: done({}), drop: true };
    if (failure !== undefined) return { outcome: { ok: false, failure } };
    return { outcome: done(progressOf(request)) };
  }

  #parseChange(operation: Asked['operation'], { region, arn }: Caller, input: JsonObject): Outcome<Asked> {
    const typed = this.#type(input);
    if (!typed.ok) return typed;
    const { type } = typed.value;
    const clientToken = optionalText(input, 'ClientToken', tokenCharsMax);
    if (!clientToken.ok) return clientToken;
    const asked = {
      operation,
      region: regionOf(type, region),
      type,
      ...(clientToken.value === undefined ? {} : { clientToken: clientToken.value }),
      ...(arn === undefined ? {} : { by: arn }),
    };
    if (operation === 'CREATE') {
      const desired = documentOf(input, 'DesiredState');
      if (!desired.ok) return desired;
      if (!isObject(desired.value)) return invalid('DesiredState is not a JSON object');
      return done({ ...asked, desired: desired.value });
    }
    const identifier = text(input, 'Identifier');
    if (!identifier.ok) return identifier;
    if (operation === 'DELETE') return done({ ...asked, identifier: identifier.value });
    const document = documentOf(input, 'PatchDocument');
    if (!document.ok) return document;
    const patch = parsePatch(document.value);
    return patch.ok ? done({ ...asked, identifier: identifier.value, patch: patch.value }) : patch;
  }

  #read(operation: RuleOperation, input: JsonObject, body: () => Outcome<Json>): Answer {
    const type = input['TypeName'];
    const verdict = this.#rules.judge(operation, typeof type === 'string' ? type : undefined);
    const failure = answeredFailure(verdict) ?? readFailure(verdict);
    return {
      outcome: failure === undefined ? body() : { ok: false, failure },
      delayMs: verdict.delayMs,
      drop: verdict.drop !== undefined,
    };
  }

  #getResource(region: string, input: JsonObject): Outcome<Json> {
    const typed = this.#type(input);
    if (!typed.ok) return typed;
    const identifier = text(input, 'Identifier');
    if (!identifier.ok) return identifier;
    const { type, spec } = typed.value;
    const found = this.#state.findResource({ region: regionOf(type, region), type, identifier: identifier.value });
    if (found === undefined)
      return fail(
        'ResourceNotFoundException',
        `Resource of type '${type}' with identifier '${identifier.value}' was not found.`,
      );
    const properties = JSON.stringify(readable(spec, found.properties));
    return done({ TypeName: type, ResourceDescription: { Identifier: found.identifier, Properties: properties } });
  }

  /** As of the service, a list tells of each resource what identifies it, and no more. */
  #listResources(region: string, input: JsonObject): Outcome<Json> {
    const typed = this.#type(input);
    if (!typed.ok) return typed;
    const { type, spec } = typed.value;
    const model = input['ResourceModel'] === undefined ? done({}) : documentOf(input, 'ResourceModel');
    if (!model.ok) return model;
    if (!isObject(model.value)) return invalid('ResourceModel is not a JSON object');
    const wanted = Object.entries(model.value);
    const rows = this.#state
      .resourcesOf(regionOf(type, region), type)
      .filter(({ properties }) => wanted.every(([name, value]) => sameJson(properties[name], value)))
      .sort((a, b) => compareText(a.identifier, b.identifier));
    const firstBehind = (key: string) => {
      const at = rows.findIndex(({ identifier }) => identifier > key);
      return at === -1 ? rows.length : at;
    };
    const page = pageOf(rows, (row) => row.identifier, firstBehind, input);
    if (!page.ok) return page;
    const descriptions = page.value.rows.map(({ identifier, properties }) => ({
      Identifier: identifier,
      Properties: JSON.stringify(identifierProperties(spec, properties)),
    }));
    return done({ TypeName: type, ResourceDescriptions: descriptions, ...page.value.next });
  }

  #listRequests(region: string, input: JsonObject): Outcome<Json> {
    const filter = input['ResourceRequestStatusFilter'] ?? {};
    if (!isObject(filter)) return invalid('ResourceRequestStatusFilter is not an object');
    const among = (name: string, value: string): boolean => {
      const list = filter[name];
      return !Array.isArray(list) || list.length === 0 || list.includes(value);
    };
    const all = this.#state.requests();
    const rows = all.filter(
      (request) =>
        [region, 'global'].includes(request.accepted.region) &&
        among('Operations', request.accepted.operation) &&
        among('OperationStatuses', statusOf(request)),
    );
    const firstBehind = (key: string) => {
      const behind = new Set(all.slice(all.findIndex(({ accepted }) => accepted.token === key) + 1));
      const at = rows.findIndex((row) => behind.has(row));
      return at === -1 ? rows.length : at;
    };
    const page = pageOf(rows, ({ accepted }) => accepted.token, firstBehind, input);
    if (!page.ok) return page;
    return done({ ResourceRequestStatusSummaries: page.value.rows.map(eventOf), ...page.value.next });
  }

  #withRequest(input: JsonObject, body: (request: CloudRequest) => Outcome<Json>): Outcome<Json> {
    const token = text(input, 'RequestToken');
    if (!token.ok) return token;
    const request = this.#state.findRequest(token.value);
    return request === undefined
      ? fail('RequestTokenNotFoundException', `There is no request ${token.value}.`)
      : body(request);
  }

  #cancel(request: CloudRequest): Outcome<Json> {
    if (request.ended === undefined) this.#changes.cancel(request);
    else if (request.ended.status !== 'CANCEL_COMPLETE')
      return invalid(`request ${request.accepted.token} has ended with ${request.ended.status}`);
    return done(progressOf(this.#state.findRequest(request.accepted.token)!));
  }

  #type(input: JsonObject): Outcome<{ readonly type: string; readonly spec: VariantSpec }> {
    const type = text(input, 'TypeName');
    if (!type.ok) return type;
    const spec = this.#catalogue.load(type.value);
    if (spec === undefined) return fail('TypeNotFoundException', `The type '${type.value}' cannot be found.`);
    if ((spec.primaryIdentifier ?? []).length === 0)
      return fail('UnsupportedActionException', `Resource type ${type.value} does not support this action.`);
    return done({ type: type.value, spec });
  }
}

/** A rule's exception; a code of progress events is no exception, but for reads, which have no progress. */
function answeredFailure({ fail: rule }: Verdict): Failure | undefined {
  return rule === undefined || isHandlerCode(rule.code) ? undefined : { name: rule.code, message: rule.message };
}

function readFailure({ fail: rule }: Verdict): Failure | undefined {
  return rule === undefined ? undefined : { name: 'HandlerFailureException', message: `${rule.code}: ${rule.message}` };
}

function progressOf(request: CloudRequest): Json {
  return { ProgressEvent: eventOf(request) };
}

/** A request that takes time is pending for the first quarter of it. */
function statusOf({ accepted, ended }: CloudRequest): string {
  if (ended !== undefined) return ended.status;
  const startMs = accepted.acceptedMs + (accepted.dueMs - accepted.acceptedMs) / 4;
  return Date.now() < startMs ? 'PENDING' : 'IN_PROGRESS';
}

function eventOf(request: CloudRequest): Json {
  const { accepted, effect, ended } = request;
  const identifier = effect?.identifier ?? accepted.identifier;
  return {
    TypeName: accepted.type,
    RequestToken: accepted.token,
    Operation: accepted.operation,
    OperationStatus: statusOf(request),
    EventTime: (ended?.atMs ?? accepted.acceptedMs) / 1_000,
    ...(identifier === undefined ? {} : { Identifier: identifier }),
    ...(effect?.properties === undefined ? {} : { ResourceModel: JSON.stringify(effect.properties) }),
    ...(ended?.code === undefined ? {} : { ErrorCode: ended.code }),
    ...(ended?.message === undefined ? {} : { StatusMessage: ended.message }),
  };
}

function text(input: JsonObject, name: string): Outcome<string> {
  const value = input[name];
  return typeof value === 'string' && value !== '' ? done(value) : invalid(`${name} is missing or no text`);
}

function optionalText(input: JsonObject, name: string, charsMax: number): Outcome<string | undefined> {
  const value = input[name];
  if (value === undefined || value === null) return done(undefined);
  if (typeof value !== 'string' || value === '' || value.length > charsMax)
    return invalid(`${name} is no text of 1 to ${charsMax} characters`);
  return done(value);
}

/** A document that travels as text. */
function documentOf(input: JsonObject, name: string): Outcome<Json> {
  const value = text(input, name);
  if (!value.ok) return value;
  if (value.value.length > documentCharsMax) return invalid(`${name} is longer than ${documentCharsMax} characters`);
  try {
    return done(JSON.parse(value.value) as Json);
  } catch {
    return invalid(`${name} is not JSON`);
  }
}

/** A page begins behind the row whose key its token names: rows that come or go meanwhile neither repeat nor hide others. */
function pageOf<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
  startOf: (key: string) => number,
  input: JsonObject,
): Outcome<{ readonly rows: readonly T[]; readonly next: JsonObject }> {
  const { MaxResults: most, NextToken: token } = input;
  const rowsMax = most ?? pageRows;
  if (typeof rowsMax !== 'number' || !Number.isInteger(rowsMax) || rowsMax < 1 || rowsMax > pageRowsMax)
    return invalid(`MaxResults is no whole number from 1 to ${pageRowsMax}`);
  const isFirst = token === undefined || token === null;
  if (!isFirst && typeof token !== 'string') return invalid('NextToken is not one that was given');
  const from = isFirst ? 0 : startOf(Buffer.from(token, 'base64url').toString('utf8'));
  if (from === -1) return invalid('NextToken is not one that was given');
  const page = rows.slice(from, from + rowsMax);
  const last = page.at(-1);
  const isLast = last === undefined || from + rowsMax >= rows.length;
  return done({
    rows: page,
    next: isLast ? {} : { NextToken: Buffer.from(keyOf(last), 'utf8').toString('base64url') },
  });
}

function invalid(message: string): ReturnType<typeof fail> {
  return fail('InvalidRequestException', message);
}
