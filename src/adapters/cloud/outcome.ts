// What an operation of the Cloud Control API comes to: an answer, or one of the service's own failures with the HTTP
// status that its clients expect. A failure is a returned value: nothing has happened when there is one, unless the rule
// that asked for it says otherwise.

import type { Json } from '../../base/json.ts';

/** Failures of the protocol and the status each is answered with. */
export const failureStatus = {
  ClientTokenConflictException: 409,
  ConcurrentModificationException: 500,
  ConcurrentOperationException: 409,
  GeneralServiceException: 400,
  HandlerFailureException: 502,
  HandlerInternalFailureException: 502,
  InvalidCredentialsException: 401,
  InvalidRequestException: 400,
  NetworkFailureException: 502,
  NotStabilizedException: 400,
  NotUpdatableException: 400,
  PrivateTypeException: 400,
  AlreadyExistsException: 400,
  RequestTokenNotFoundException: 404,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  ServiceInternalErrorException: 502,
  ServiceLimitExceededException: 400,
  ThrottlingException: 429,
  TypeNotFoundException: 404,
  UnsupportedActionException: 405,
  // Not of this service, but of every service in front of it.
  AccessDeniedException: 403,
  ExpiredTokenException: 403,
  IncompleteSignatureException: 400,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  SerializationException: 400,
  UnknownOperationException: 400,
  UnrecognizedClientException: 403,
  // Of the Security Token Service.
  AccessDenied: 403,
  InvalidAction: 400,
  ValidationError: 400,
} as const;
export type FailureName = keyof typeof failureStatus;

/** Why a request that was accepted has ended without success, in its progress event. */
export const handlerCodes = [
  'AccessDenied',
  'AlreadyExists',
  'GeneralServiceException',
  'InternalFailure',
  'InvalidCredentials',
  'InvalidRequest',
  'NetworkFailure',
  'NotFound',
  'NotStabilized',
  'NotUpdatable',
  'ResourceConflict',
  'ServiceInternalError',
  'ServiceLimitExceeded',
  'ServiceTimeout',
  'Throttling',
  'UnauthorizedTaggingOperation',
] as const;
export type HandlerCode = (typeof handlerCodes)[number];

export interface Failure {
  readonly name: FailureName;
  readonly message: string;
  /** Seconds after which to try again, for `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export function done<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function fail(name: FailureName, message: string): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: { name, message } };
}

/** What is sent back for a failure. */
export function failureBody(failure: Failure): Json {
  return { __type: `com.amazonaws.cloudcontrol#${failure.name}`, Message: failure.message, message: failure.message };
}
