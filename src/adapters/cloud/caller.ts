// Who calls and where: the credential scope of a signed request, and whose keys they are. Keys that somebody made up are
// taken as they come, because the cloud has no secrets of anybody; a request without a scope is refused all the same, so that
// a client that forgets to sign is noticed here. Keys that the cloud has given out (session_keys) are checked, with the
// signature.

import { done, fail, type Outcome } from './outcome.ts';
import { assumedRoleArn, isTemporary, sessionOf } from './session_keys.ts';
import { type SignatureScope, type SignedRequest, signatureOf } from './signature.ts';

/** The names under which requests to the services are signed. */
const services = ['cloudcontrolapi', 'sts'] as const;
type Service = (typeof services)[number];

/** What a request says of its caller. */
export interface Scope extends SignatureScope {
  readonly keyId: string;
  readonly service: Service;
  readonly signature: string;
}

export interface Caller {
  readonly region: string;
  /** Of keys that the cloud has given out: who calls with them. */
  readonly arn?: string;
}

const credential = /(?:^|[ ,])Credential=([^/ ,]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request(?:[ ,]|$)/;
const member = (name: string, authorization: string): string =>
  new RegExp(`(?:^|[ ,])${name}=([^ ,]+)`).exec(authorization)?.[1] ?? '';

export function parseScope(authorization: string | undefined): Outcome<Scope> {
  if (authorization === undefined) return fail('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const given = /^AWS4-[A-Z0-9-]+ +(.*)$/.exec(authorization)?.[1] ?? '';
  const [, keyId, day, region, named] = credential.exec(given) ?? [];
  if (keyId === undefined || day === undefined || region === undefined)
    return fail(
      'IncompleteSignatureException',
      'Authorization has no Credential=KEY/DATE/REGION/SERVICE/aws4_request.',
    );
  const service = services.find((one) => one === named);
  if (service === undefined)
    return fail(
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${services.join("' or '")}'.`,
    );
  const signedHeaders = member('SignedHeaders', given).split(';');
  return done({ keyId, day, region, service, signedHeaders, signature: member('Signature', given) });
}

/** Refuses keys that look as if the cloud had given them out and that it has not, has no more, or that did not sign this. */
export function callerOf(scope: Scope, request: SignedRequest, nowMs: number): Outcome<Caller> {
  const { keyId, region } = scope;
  const token = request.headers['x-amz-security-token'];
  if (!isTemporary(keyId) && token === undefined) return done({ region });
  const session = typeof token === 'string' ? sessionOf(keyId, token) : undefined;
  if (session === undefined)
    return fail('UnrecognizedClientException', 'The security token included in the request is invalid.');
  if (session.expiresMs <= nowMs)
    return fail('ExpiredTokenException', 'The security token included in the request is expired');
  if (signatureOf(scope, request, session.secretAccessKey) !== scope.signature)
    return fail(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided.',
    );
  return done({ region, arn: assumedRoleArn(session) });
}
