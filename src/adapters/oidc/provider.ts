// An identity provider by OpenID Connect: the authorization code flow with PKCE, by the package openid-client, which checks what
// comes back. What the provider says of itself is asked for with the first login and kept, so that a server starts also
// while its provider is away. Nothing goes to it in the clear but on this machine.

import * as client from 'openid-client';
import type { Identity } from '../../access/identity.ts';
import { Fault, ok, RefusalError, type Result, refuse } from '../../base/result.ts';
import type { IdentityProvider, LoginAttempt } from '../../ports/identity_provider.ts';

export interface OidcOptions {
  /** `https://…`; `http` on this machine alone. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent: a public client, held by PKCE alone. */
  readonly clientSecret?: string;
}

const loopback = ['127.0.0.1', '[::1]', 'localhost'];
const timeoutSeconds = 15;

/** Asks nothing yet. Throws a refusal, `request_malformed`, for an issuer that is none. */
export function openOidc({ issuer, clientId, clientSecret }: OidcOptions): IdentityProvider {
  const server = issuerOf(issuer);
  let asking: Promise<client.Configuration> | undefined;
  const configuration = (): Promise<client.Configuration> => {
    asking ??= discover();
    // One that was away is asked again by the next.
    asking.catch(() => {
      asking = undefined;
    });
    return asking;
  };
  const discover = () =>
    client.discovery(server, clientId, undefined, authenticationOf(clientSecret), {
      timeout: timeoutSeconds,
      // Signatures are checked as well, although what is signed comes over TLS.
      execute: [
        client.enableNonRepudiationChecks,
        ...(server.protocol === 'http:' ? [client.allowInsecureRequests] : []),
      ],
    });
  return {
    begin: async (callback, about) => {
      const config = await configuration().catch((e: unknown) => {
        throw failed(issuer, e);
      });
      const made = {
        state: `${client.randomState()}.${about}`,
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const address = client.buildAuthorizationUrl(config, {
        redirect_uri: callback,
        scope: 'openid email',
        state: made.state,
        nonce: made.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(made.verifier),
        code_challenge_method: 'S256',
      });
      return { ...made, address: address.href };
    },
    finish: async (attempt, answer) => {
      try {
        return ok(await identityOf(await configuration(), attempt, new URL(answer)));
      } catch (e) {
        return refusedOr(issuer, e);
      }
    },
    endAddress: async () => {
      try {
        const config = await configuration();
        if (config.serverMetadata().end_session_endpoint === undefined) return undefined;
        // Without a hint of who it is: no ID token is kept. The provider asks whoever comes.
        return client.buildEndSessionUrl(config, {}).href;
      } catch (e) {
        throw failed(issuer, e);
      }
    },
  };
}

function issuerOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.includes(url.hostname))) return url;
  throw new RefusalError({
    code: 'request_malformed',
    path: 'oidcIssuer',
    expected: 'an address with https, or with http on this machine',
    got: JSON.stringify(text),
    hint: 'give the issuer as its own discovery document does',
  });
}

/** Of both ways to show a secret the one that the provider takes; where it does not say, the standard's. */
function authenticationOf(secret: string | undefined): client.ClientAuth {
  if (secret === undefined) return client.None();
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (as, ...more) => {
    const taken = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (taken.includes('client_secret_basic') ? basic : post)(as, ...more);
  };
}

async function identityOf(
  config: client.Configuration,
  { state, nonce, verifier }: LoginAttempt,
  answer: URL,
): Promise<Identity> {
  const tokens = await client.authorizationCodeGrant(config, answer, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined) throw new Error('invariant broken: an ID token was expected and has no claims');
  const { iss: issuer, sub: subject } = claims;
  // Many providers tell the address only when they are asked for it.
  const isTold = claims['email'] !== undefined || config.serverMetadata().userinfo_endpoint === undefined;
  const told = isTold ? claims : await client.fetchUserInfo(config, tokens.access_token, subject);
  const { email, email_verified: verified } = told as { readonly email?: unknown; readonly email_verified?: unknown };
  return { issuer, subject, email: typeof email === 'string' ? email : null, isEmailVerified: verified === true };
}

/** A refusal where what came back is not good; a fault where the provider is not there or does not know this client. */
function refusedOr(issuer: string, e: unknown): Result<never> {
  if (e instanceof client.AuthorizationResponseError)
    return refusedAs(`${e.error}: ${e.error_description ?? 'no more'}`);
  if (e instanceof client.ResponseBodyError && e.status < 500 && e.error === 'invalid_grant')
    return refusedAs(`${e.error}: ${e.error_description ?? 'no more'}`);
  if (e instanceof client.ClientError && e.code !== undefined && refusedCodes.includes(e.code))
    return refusedAs(whyOf(e));
  throw failed(issuer, e);
}

/** Of the package: what is wrong with what came back, not with the way to the provider. */
const refusedCodes: readonly string[] = [
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
];

function refusedAs(got: string): Result<never> {
  return refuse('login_failed', {
    path: '',
    expected: 'the answer of the identity provider to a login that was begun here',
    got,
    hint: 'begin the login again',
  });
}

function failed(issuer: string, e: unknown): Fault {
  return new Fault('identity_provider_failed', `${issuer}: ${whyOf(e)}`, undefined, { cause: e });
}

/** The package says what was wrong in the cause. */
function whyOf(e: unknown): string {
  if (!(e instanceof Error)) return String(e);
  return e.cause instanceof Error ? `${e.message}: ${e.cause.message}` : e.message;
}
