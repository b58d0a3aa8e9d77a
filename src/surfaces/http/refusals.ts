// Refusals and faults as HTTP answers: the status of each code, and a body that old clients read by `message`, `statusCode`
// and `code`, others as problem details (RFC 9457). `reason` is the stable code of docs/errors.md.

import { Type } from 'typebox';
import { type RefusalCode, retryableCodes } from '../../base/codes.ts';
import { limits } from '../../base/limits.ts';
import { type Fault, type Refusal, RefusalError, refusalText } from '../../base/result.ts';
import { maybe, shape } from './model.ts';

export const problemShape = shape('Problem', {
  message: Type.String({ description: 'What happened, for people.' }),
  statusCode: Type.Integer(),
  code: Type.Union([Type.Integer(), Type.Null()], { description: 'Always null; see reason.' }),
  type: Type.String({ description: 'A URI reference that names the kind of problem.' }),
  title: Type.String(),
  detail: Type.String(),
  instance: Type.String({ description: 'The id of the request.' }),
  reason: Type.String({ description: 'A stable code, listed in docs/errors.md.' }),
  retryable: Type.Boolean({ description: 'The same request may succeed later.' }),
  errors: Type.Array(
    Type.Object({ path: Type.String(), expected: Type.String(), got: Type.String(), hint: Type.String() }),
  ),
  data: maybe(Type.Unknown({ description: 'More, by reason: ids, cycles, lists.' })),
});

/** A new code has to be given its status here. */
const statuses: Readonly<Record<RefusalCode, number>> = {
  request_malformed: 422,
  value_not_storable: 422,
  limit_exceeded: 422,
  idempotency_key_reused: 409,
  function_invalid: 422,
  operations_invalid: 422,
  operation_not_supported: 422,
  function_failed: 422,
  secret_unreadable: 422,
  workspace_not_found: 404,
  change_set_not_found: 404,
  version_not_found: 404,
  freeze_window_not_found: 404,
  schedule_not_found: 404,
  plan_policy_not_found: 404,
  webhook_not_found: 404,
  component_not_found: 404,
  schema_not_found: 404,
  run_not_found: 404,
  function_not_found: 404,
  binding_not_found: 404,
  provider_not_found: 404,
  view_not_found: 404,
  secret_not_found: 404,
  member_not_found: 404,
  token_not_found: 404,
  requirement_not_found: 404,
  policy_report_not_found: 404,
  action_not_found: 404,
  resource_not_found: 404,
  element_not_found: 404,
  path_not_found: 404,
  events_gone: 410,
  file_not_readable: 422,
  ambiguous_name: 412,
  token_invalid: 401,
  login_failed: 403,
  access_denied: 403,
  policy_invalid: 422,
  head_is_read_only: 400,
  actions_cycle: 412,
  action_step_illegal: 400,
  change_set_not_open: 400,
  change_set_not_applied: 412,
  references_not_found: 412,
  edit_not_found: 404,
  edit_needed: 412,
  edit_lacks: 412,
  nothing_to_revert: 412,
  not_ready: 428,
  frozen: 403,
  plan_stale: 412,
  approval_required: 403,
  budget_exceeded: 403,
  plan_denied: 403,
  secret_source_denied: 403,
  path_invalid: 422,
  read_only: 422,
  kind_mismatch: 422,
  not_in_enum: 422,
  pattern_mismatch: 422,
  out_of_bounds: 422,
  secret_value_not_allowed: 422,
  property_tree_invalid: 422,
  already_exists: 409,
  name_taken: 409,
  parent_has_value: 412,
  source_not_found: 404,
  value_cycle: 412,
  order_cycle: 412,
  component_marked: 412,
  component_not_marked: 412,
  resource_shared: 412,
  moved_between_schemas: 422,
  moved_without_resource: 412,
  moved_onto_resource: 412,
  component_protected: 412,
  variant_of_another_schema: 412,
  already_newest: 412,
  not_a_lookup: 412,
  locked: 412,
  in_use: 409,
  last_owner: 409,
  already_running: 409,
  run_not_active: 409,
  text_mismatch: 412,
  version_conflict: 412,
};

export interface Problem {
  readonly message: string;
  readonly statusCode: number;
  readonly code: null;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly instance: string;
  readonly reason: string;
  readonly retryable: boolean;
  readonly errors: readonly { path: string; expected: string; got: string; hint: string }[];
  readonly data?: unknown;
}

/** A refusal that an operation answers with another status than the others. */
export class RefusalWithStatus extends RefusalError {
  readonly status: number;
  constructor(refusal: Refusal, status: number) {
    super(refusal);
    this.status = status;
  }
}

function statusOf(code: RefusalCode): number {
  return statuses[code];
}

/** A fault that an operation answers with another status than the others. */
export class FaultWithStatus extends Error {
  readonly fault: Fault;
  readonly status: number;
  constructor(fault: Fault, status: number) {
    super(fault.message, { cause: fault });
    this.fault = fault;
    this.status = status;
  }
}

export function problemOfRefusal(refusal: Refusal, instance: string, status = statusOf(refusal.code)): Problem {
  const { code, path, expected, got, hint, data } = refusal;
  return {
    message: refusalText(refusal),
    statusCode: status,
    code: null,
    type: `urn:headwater:${code}`,
    title: code.replaceAll('_', ' '),
    detail: refusalText(refusal),
    instance,
    reason: code,
    retryable: retryableCodes.includes(code),
    errors: [{ path, expected, got, hint }],
    ...(data === undefined ? {} : { data }),
  };
}

export function problemOfFault(fault: Fault, instance: string, status?: number): Problem {
  const isLater = retryableCodes.includes(fault.code);
  return problem({
    status: status ?? (isLater ? 503 : 500),
    reason: fault.code,
    message: fault.message,
    instance,
    retryable: isLater,
  });
}

/** What the server itself has to say: no such place, too large, too many. */
export function problem(p: {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly instance: string;
  readonly retryable: boolean;
  readonly errors?: Problem['errors'];
}): Problem {
  return {
    message: p.message,
    statusCode: p.status,
    code: null,
    type: `urn:headwater:${p.reason}`,
    title: p.reason.replaceAll('_', ' '),
    detail: p.message,
    instance: p.instance,
    reason: p.reason,
    retryable: p.retryable,
    errors: p.errors ?? [],
  };
}

/** What the framework says of a request that it takes to no route, or whose body it does not read. */
interface Unread {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string;
}

interface UnreadRequest {
  readonly id: string;
  readonly url: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
}

/** It, in the words of this API. */
export function problemOfUnread({ status, code, message }: Unread, request: UnreadRequest): Problem {
  const { reason, ...place } = unread({ status, code, message }, request);
  const { path, expected, got, hint } = { path: 'body', ...place };
  return problem({
    status,
    reason,
    message: `${reason}: ${path}: expected ${expected}, got ${got}. ${hint}`,
    instance: request.id,
    retryable: false,
    errors: [{ path, expected, got, hint }],
  });
}

type Place = Problem['errors'][number];

/** `path` is `body` unless it says another. */
function unread(
  { status, code, message }: Unread,
  { url, headers }: UnreadRequest,
): Omit<Place, 'path'> & { readonly path?: string; readonly reason: string } {
  const sent = (header: string): string => `${headers[header] ?? 'none'}`;
  switch (code) {
    case 'request_malformed':
      return { reason: code, expected: 'JSON', got: message, hint: 'correct it at that place' };
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
    case 'FST_REQ_FILE_TOO_LARGE': {
      const expected = `at most ${limits.httpBodyBytesMax / mib} MiB`;
      return { reason: 'limit_exceeded', expected, got: 'more', hint: 'split what it has over several requests' };
    }
    case 'FST_CP_ERR_INVALID_CONTENT_ENCODING': {
      const expected = 'a content-encoding of gzip, deflate or br, or none';
      const got = sent('content-encoding');
      return { reason: 'media_type_not_supported', expected, got, hint: 'send it as it is, or as gzip' };
    }
    case 'FST_CP_ERR_INVALID_CONTENT': {
      const expected = `what its content-encoding says: ${sent('content-encoding')}`;
      const got = 'what cannot be decoded so';
      return { reason: 'request_malformed', expected, got, hint: 'encode it so, or leave the header out' };
    }
    case 'FST_ERR_MAX_PARAM_LENGTH': {
      const expected = `parts of at most ${limits.httpPathPartCharsMax} characters`;
      return { reason: 'limit_exceeded', path: 'path', expected, got: 'a longer one', hint: 'see /openapi.json' };
    }
    case 'FST_ERR_BAD_URL': {
      const expected = 'a path that can be decoded';
      return { reason: 'request_malformed', path: 'path', expected, got: url, hint: 'see /openapi.json' };
    }
    default:
      break;
  }
  const hint = 'compare the request with /openapi.json';
  if (status === 415) {
    const expected = 'application/json, or multipart/form-data where a file is sent';
    return { reason: 'media_type_not_supported', expected, got: sent('content-type'), hint };
  }
  const reason = status === 413 || status === 414 ? 'limit_exceeded' : 'request_malformed';
  const known = status === 400 || reason === 'limit_exceeded';
  return { reason: known ? reason : 'request_refused', expected: 'what the operation takes', got: message, hint };
}

const mib = 1024 * 1024;
