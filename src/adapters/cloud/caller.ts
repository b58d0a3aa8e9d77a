// Who calls and where: the credential scope of a signed request. Signatures are not checked, because the cloud has no
// secrets; a request without a scope is refused all the same, so that a client that forgets to sign is noticed here.

import { done, fail, type Outcome } from './outcome.ts';

interface Caller {
  readonly region: string;
}

/** The name under which requests to the service are signed. */
const signingName = 'cloudcontrolapi';
const scope =
  /^AWS4-[A-Z0-9-]+ +(?:.*[ ,])?Credential=([^/ ,]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request(?:[ ,]|$)/;

export function parseCaller(authorization: string | undefined): Outcome<Caller> {
  if (authorization === undefined) return fail('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const [, , , region, service] = scope.exec(authorization) ?? [];
  if (region === undefined)
    return fail(
      'IncompleteSignatureException',
      'Authorization has no Credential=KEY/DATE/REGION/SERVICE/aws4_request.',
    );
  if (service !== signingName)
    return fail('InvalidSignatureException', `Credential should be scoped to correct service: '${signingName}'.`);
  return done({ region });
}
