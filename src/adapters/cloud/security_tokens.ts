// The part of the Security Token Service that giving out keys of roles takes, in the query protocol: `AssumeRole` and
// `GetCallerIdentity`. A role has to be there as a resource, and its trust policy is asked about the external id. It is
// not asked who calls: of made-up keys nobody knows whose they are.

import { isObject, type Json } from '../../base/json.ts';
import { account } from './assign.ts';
import type { Caller } from './caller.ts';
import { done, type FailureName, fail, type Outcome } from './outcome.ts';
import { assumedRoleArn, newSession } from './session_keys.ts';
import type { CloudState, Resource } from './state.ts';

/** What an operation answers: names and texts, in order, as the members of its result. */
export interface QueryResult {
  readonly [name: string]: string | QueryResult;
}

const secondsMin = 900;
const secondsMax = 43_200;
/** How long a session lasts when nobody says, and at most when its role does not. */
const secondsUsual = 3_600;
const sessionName = /^[\w+=,.@-]{2,64}$/;

interface Where {
  readonly state: CloudState;
  readonly caller: Caller;
  readonly nowMs: number;
  /** As the cloud was told to, whatever is asked for. */
  readonly sessionSecondsMax: number;
}

export function securityTokenCall(input: URLSearchParams, where: Where): Outcome<QueryResult> {
  const operation = input.get('Action');
  switch (operation) {
    case 'AssumeRole':
      return assumeRole(input, where);
    case 'GetCallerIdentity':
      return done({
        UserId: 'AIDALOCALCLOUD',
        Account: account,
        Arn: where.caller.arn ?? `arn:aws:iam::${account}:user/anybody`,
      });
    default:
      return fail('InvalidAction', `Could not find operation ${operation} for version ${input.get('Version')}`);
  }
}

function assumeRole(input: URLSearchParams, { state, nowMs, sessionSecondsMax }: Where): Outcome<QueryResult> {
  const [arn, name] = [input.get('RoleArn') ?? '', input.get('RoleSessionName') ?? ''];
  if (!sessionName.test(name))
    return invalid(`Value '${name}' at 'roleSessionName' failed to satisfy: 2 to 64 of [\\w+=,.@-]`);
  const role = state.resourcesOf('global', 'AWS::IAM::Role').find(({ properties }) => properties['Arn'] === arn);
  if (role === undefined || !letsIn(role, input.get('ExternalId')))
    return fail('AccessDenied', `User is not authorized to perform: sts:AssumeRole on resource: ${arn}`);
  const seconds = Number(input.get('DurationSeconds') ?? secondsUsual);
  const roleMax = Number(role.properties['MaxSessionDuration'] ?? secondsUsual);
  if (!Number.isInteger(seconds) || seconds < secondsMin || seconds > secondsMax)
    return invalid(`Value '${seconds}' at 'durationSeconds' failed to satisfy: from ${secondsMin} to ${secondsMax}`);
  if (seconds > roleMax)
    return invalid('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  const session = newSession({ role: arn, name, expiresMs: nowMs + Math.min(seconds, sessionSecondsMax) * 1_000 });
  return done({
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.token,
      Expiration: new Date(session.expiresMs).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: `AROALOCALCLOUD:${name}`, Arn: assumedRoleArn(session) },
  });
}

/** By its trust policy: a statement allows it and none denies it. */
function letsIn({ properties }: Resource, externalId: string | null): boolean {
  const policy = documentOf(properties['AssumeRolePolicyDocument'] ?? null);
  const statements = [policy['Statement'] ?? []].flat().filter(isObject);
  const about = statements.filter((s) => [s['Action'] ?? []].flat().some((a) => actions.includes(String(a))));
  // Whatever the condition of a denial is: better nobody is let in than somebody who should not be.
  if (about.some((s) => s['Effect'] === 'Deny')) return false;
  return about.some((s) => s['Effect'] === 'Allow' && isMet(s['Condition'] ?? {}, externalId));
}

const actions = ['sts:AssumeRole', 'sts:*', '*'];

/** Of conditions that the cloud does not know none is met. */
function isMet(condition: Json, externalId: string | null): boolean {
  if (!isObject(condition)) return false;
  return Object.entries(condition).every(([operator, keys]) => {
    if (operator !== 'StringEquals' || !isObject(keys)) return false;
    return Object.entries(keys).every(
      ([key, wanted]) => key === 'sts:ExternalId' && externalId !== null && [wanted].flat().includes(externalId),
    );
  });
}

/** A document given as its text is the document. */
function documentOf(given: Json): { readonly [name: string]: Json } {
  if (typeof given !== 'string') return isObject(given) ? given : {};
  try {
    return documentOf(JSON.parse(given) as Json);
  } catch {
    return {};
  }
}

function invalid(message: string): ReturnType<typeof fail> {
  return fail('ValidationError', message);
}

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';
const escapes: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character]!);

function membersText(result: QueryResult): string {
  return Object.entries(result)
    .map(([name, value]) => `<${name}>${typeof value === 'string' ? escaped(value) : membersText(value)}</${name}>`)
    .join('');
}

export function queryResultText(operation: string, result: QueryResult, requestId: string): string {
  const named = { [`${operation}Result`]: result, ResponseMetadata: { RequestId: requestId } };
  return `<${operation}Response xmlns="${namespace}">${membersText(named)}</${operation}Response>`;
}

/** Failures that both services have are called otherwise here. */
const names: { readonly [N in FailureName]?: string } = {
  UnrecognizedClientException: 'InvalidClientTokenId',
  ExpiredTokenException: 'ExpiredToken',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  IncompleteSignatureException: 'IncompleteSignature',
  ThrottlingException: 'Throttling',
};

export function queryFailureText(name: FailureName, message: string, requestId: string): string {
  const error = { Type: 'Sender', Code: names[name] ?? name, Message: message };
  return `<ErrorResponse xmlns="${namespace}">${membersText({ Error: error, RequestId: requestId })}</ErrorResponse>`;
}
