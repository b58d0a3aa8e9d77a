// What is done to the resources of every schema of the AWS catalogue: one function for each kind of action, which learns
// the type from the name of the schema. A request that takes its time is asked for again by its token; one that is made
// again under the same token does nothing more.
//
// The credential says who asks, in which region and where (credential.ts). A component may say another region: its resource
// is made there. Each payload has the region at the same place (`extra.Region`), and what is there is spoken to where it is.

/** Such as a browser has it: declared nowhere for functions. */
const web: any = globalThis;

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: any;
  /** Of an answer that is none: the name of the exception. */
  readonly error: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (text: string): any => new web.TextEncoder().encode(text);
const digest = async (text: string): Promise<string> => hex(await web.crypto.subtle.digest('SHA-256', bytesOf(text)));

async function keyed(key: any, text: string): Promise<any> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const secret = await web.crypto.subtle.importKey('raw', key, algorithm, false, ['sign']);
  return web.crypto.subtle.sign('HMAC', secret, bytesOf(text));
}

/** Signature version 4 of a POST of `body` to the root of `url`. */
async function signed(url: any, headers: any, body: string, scope: { region: string; service: string }): Promise<any> {
  const token = requestStorage.getItem('SessionToken');
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const all: { [name: string]: string } = { ...headers, host: url.host, 'x-amz-date': time };
  if (token) all['x-amz-security-token'] = token;
  const names = Object.keys(all).sort();
  const lines = names.map((name) => `${name}:${all[name]}\n`).join('');
  const canonical = `POST\n/\n\n${lines}\n${names.join(';')}\n${await digest(body)}`;
  const path = [time.slice(0, 8), scope.region, scope.service, 'aws4_request'];
  let key = bytesOf(`AWS4${requestStorage.getItem('SecretAccessKey')}`);
  for (const part of path) key = await keyed(key, part);
  const text = `AWS4-HMAC-SHA256\n${time}\n${path.join('/')}\n${await digest(canonical)}`;
  const by = `Credential=${requestStorage.getItem('AccessKeyId')}/${path.join('/')}`;
  const authorization = `AWS4-HMAC-SHA256 ${by}, SignedHeaders=${names.join(';')}, Signature=${hex(await keyed(key, text))}`;
  const { host: _, ...sent } = all;
  return { ...sent, authorization };
}

/** Services whose resources are in no region. */
const regionless = ['Budgets', 'CE', 'CloudFront', 'GlobalAccelerator', 'IAM', 'Organizations', 'Route53', 'WAF'];
const isRegionless = (type: string): boolean => regionless.includes(type.split('::')[1] ?? '');

/** Where a resource is to be: as its component says, else as the credential does. */
const regionFor = ({ domain }: any): string => domain?.extra?.Region || requestStorage.getItem('Region');
/** Where it is, as was told when it was last looked at. What was made before that was told is where the credential says. */
function regionOf(properties: any): string {
  const payload = properties.resource?.payload;
  return payload ? payload.extra?.Region || requestStorage.getItem('Region') : regionFor(properties);
}

/** One call of the Cloud Control API. */
async function ask(region: string, operation: string, input: { [member: string]: any }): Promise<Answer> {
  if (!requestStorage.getItem('AccessKeyId'))
    return wrong(
      'NoCredential',
      'the component has no credential: set a secret of the kind AWS Credential at /secrets/credential',
    );
  if (!region)
    return wrong('NoRegion', 'neither the credential has a Region nor the component one at /domain/extra/Region');
  const suffix = region.startsWith('cn-') ? '.cn' : '';
  const url = new web.URL(
    requestStorage.getItem('Endpoint') || `https://cloudcontrolapi.${region}.amazonaws.com${suffix}`,
  );
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `CloudApiService.${operation}`,
  };
  const body = JSON.stringify(input);
  let response: FetchResponse;
  let text: string;
  try {
    response = await fetch(url.origin, {
      method: 'POST',
      headers: await signed(url, headers, body, { region, service: 'cloudcontrolapi' }),
      body,
    });
    text = await response.text();
  } catch (e: any) {
    // What may not be reached is no matter of time.
    if (e?.name !== 'TypeError') throw e;
    return wrong('NetworkFailure', `${url.origin} does not answer: ${e.cause?.message || e.message}`);
  }
  let json: any = {};
  try {
    json = JSON.parse(text || '{}');
  } catch {
    if (response.ok) return wrong('ServiceInternalError', `${url.origin} answered with what is not JSON`);
  }
  if (response.ok) return { ok: true, status: response.status, body: json, error: '', message: '' };
  const named = String(json.__type || response.headers.get('x-amzn-errortype') || `HTTP ${response.status}`);
  const seconds = Number(response.headers.get('retry-after'));
  return {
    ...wrong(
      named.replace(/^.*#/, '').replace(/:.*$/, ''),
      String(json.message ?? json.Message ?? response.statusText),
    ),
    status: response.status,
    ...(seconds > 0 ? { retryAfterMs: Math.ceil(seconds * 1000) } : {}),
  };
}

const wrong = (error: string, message: string): Answer => ({ ok: false, status: 0, body: undefined, error, message });

/** What fails for now, by the names of exceptions and the codes of progress events. */
const classes: { readonly [name: string]: string } = {
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  ResourceConflict: 'conflict',
  ResourceConflictException: 'conflict',
  ConcurrentOperationException: 'conflict',
  ConcurrentModificationException: 'conflict',
  NetworkFailure: 'transient',
  NetworkFailureException: 'transient',
  NotStabilized: 'transient',
  NotStabilizedException: 'transient',
  ServiceInternalError: 'transient',
  ServiceInternalErrorException: 'transient',
  ServiceTimeout: 'transient',
  ServiceUnavailable: 'transient',
  InternalFailure: 'transient',
  InternalServerError: 'transient',
  HandlerInternalFailureException: 'transient',
};

const classOf = (name: string, status = 0): string =>
  classes[name] ?? (status === 429 ? 'throttled' : status >= 500 ? 'transient' : 'permanent');

function failed({ error, message, status, retryAfterMs }: Answer): any {
  const later = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { status: 'error', errorClass: classOf(error, status), message: `${error}: ${message}`, ...later };
}

/** A type, and where its resources are looked for. */
interface Place {
  readonly type: string;
  readonly region: string;
}

/** What is reported of a resource: its properties, and where it is. */
const placed = ({ type, region }: Place, properties: any): any =>
  isRegionless(type) ? properties : { ...properties, extra: { Region: region } };

/** The resource as it is now; undefined: there is none. */
async function find(place: Place, identifier: string): Promise<{ payload?: any; failure?: any }> {
  const { type, region } = place;
  const answer = await ask(region, 'GetResource', { TypeName: type, Identifier: identifier });
  if (answer.ok) return { payload: placed(place, JSON.parse(answer.body.ResourceDescription.Properties)) };
  return isMissing(answer.error) ? {} : { failure: failed(answer) };
}

const isMissing = (name: string): boolean => name === 'ResourceNotFoundException' || name === 'NotFound';
const isOpen = (event: any): boolean => event.OperationStatus === 'PENDING' || event.OperationStatus === 'IN_PROGRESS';

/** Asked for once more when it is due; what is slow is asked for less and less often. */
function pending(event: any, polls: number, kept: any): any {
  const dueMs = event.RetryAfter === undefined ? 0 : Number(event.RetryAfter) * 1000 - Date.now();
  const afterMs = Math.max(dueMs, Math.min(1000 + 500 * polls, 10_000));
  return { status: 'pending', checkpoint: { ...kept, token: event.RequestToken, polls: polls + 1 }, afterMs };
}

/**
 * Where a request stands: the one of the checkpoint, else the one that is made now. `undefined`: what the checkpoint names
 * is not known any more.
 */
async function progress(region: string, input: any, make: () => Promise<Answer>): Promise<Answer> {
  const token = input.checkpoint?.token;
  if (token === undefined) return make();
  const answer = await ask(region, 'GetResourceRequestStatus', { RequestToken: token });
  return answer.error === 'RequestTokenNotFoundException' ? make() : answer;
}

/** What a failed request says. */
const failureOf = (event: any): any => ({
  status: 'error',
  errorClass: classOf(event.ErrorCode),
  message: `${event.ErrorCode}: ${event.StatusMessage ?? 'the request failed and says no more'}`,
});

/** What somebody declared of the resource: not where it is to be. */
function declared(domain: any): any {
  const { extra: _, ...properties } = domain;
  return valued(properties);
}

/** Without what has no value. */
function valued(value: any): any {
  if (Array.isArray(value)) return value.map(valued);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, valued(member)]));
}

const isObject = (x: any): boolean => x !== null && typeof x === 'object' && !Array.isArray(x);
const isSame = (a: any, b: any): boolean => patchOf({ v: a }, { v: b }, '').length === 0;
/** Tags and the like come back in any order. */
const isKeyed = (list: any[]): boolean => list.every((e) => isObject(e) && typeof (e.Key ?? e.key) === 'string');

/** What is there with what is wanted laid over it: what AWS has filled in by itself stays. */
function merged(is: any, wanted: any): any {
  if (isObject(is) && isObject(wanted)) {
    const out = { ...is };
    for (const [name, member] of Object.entries(wanted))
      out[name] = Object.hasOwn(is, name) ? merged(is[name], member) : member;
    return out;
  }
  if (Array.isArray(is) && Array.isArray(wanted)) {
    const covers = (a: any, b: any): boolean => isSame(a, merged(a, b));
    const inOrder = wanted.every((e, i) => covers(is[i], e));
    const somewhere = isKeyed(is) && isKeyed(wanted) && wanted.every((e) => is.some((a) => covers(a, e)));
    return is.length === wanted.length && (inOrder || somewhere) ? is : wanted;
  }
  return typeof is !== typeof wanted && !isObject(wanted) && String(is) === String(wanted) ? is : wanted;
}

/** Less what is not declared any more: each path from the first of its members on that nobody wants. */
function without(is: any, wanted: any, paths: readonly string[]): any {
  const out = structuredClone(is);
  for (const path of paths) {
    let [at, want] = [out, wanted];
    for (const part of path.split('/').slice(2)) {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      if (!isObject(at) || !isObject(want)) break;
      if (!Object.hasOwn(want, name)) {
        delete at[name];
        break;
      }
      [at, want] = [at[name], want[name]];
    }
  }
  return out;
}

/** JSON patch, with lists as wholes: applied a second time it changes nothing more. */
function patchOf(from: any, to: any, at: string): { op: string; path: string; value?: any }[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return names.flatMap((name) => {
    const path = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const [a, b] = [from[name], to[name]];
    if (b === undefined) return [{ op: 'remove', path }];
    if (a === undefined) return [{ op: 'add', path, value: b }];
    if (isObject(a) && isObject(b)) return patchOf(a, b, path);
    const isEqual = Array.isArray(a) && Array.isArray(b) ? isSameList(a, b) : a === b;
    return isEqual ? [] : [{ op: 'replace', path, value: b }];
  });
}

const isSameList = (a: any[], b: any[]): boolean => a.length === b.length && a.every((e, i) => isSame(e, b[i]));

/** What its provider reports of it is known from the moment it is there. */
async function made(place: Place, identifier: string, wanted: any, warning?: string): Promise<any> {
  const { payload, failure } = await find(place, identifier);
  const said = warning ?? failure?.message;
  const status = said === undefined ? 'ok' : 'warning';
  return {
    status,
    resourceId: identifier,
    payload: payload ?? placed(place, wanted),
    ...(said === undefined ? {} : { message: said }),
  };
}

// --- the functions -----------------------------------------------------------------------------------------------------

async function create(input: any): Promise<any> {
  // @network *.amazonaws.com *.amazonaws.com.cn $Endpoint
  // @key aws/{/secrets/credential}/{/domain/extra/Region}
  // @idempotent
  const { schema: type, properties, idempotencyKey, attempt = 1 } = input;
  // Begun in one it is brought to its end there, whatever the credential says by then.
  const region = input.checkpoint?.region ?? regionFor(properties);
  const place = { type, region };
  const wanted = declared(properties.domain);
  const desired = JSON.stringify(wanted);
  const key = `${idempotencyKey.slice(0, 40)}-${(await digest(desired)).slice(0, 24)}`;
  const first = input.checkpoint?.request ?? 0;
  // A token stands for one request for ever, also for one that failed: each attempt may use one token more than the one
  // before, and goes on to it only from a request of which it is known that it failed.
  for (let request = first; ; request++) {
    const make = () =>
      ask(region, 'CreateResource', { TypeName: type, DesiredState: desired, ClientToken: `${key}-${request}` });
    const answer = await progress(region, request === first ? input : {}, make);
    if (!answer.ok) return failed(answer);
    const event = answer.body.ProgressEvent;
    if (isOpen(event)) return pending(event, input.checkpoint?.polls ?? 0, { request, region });
    if (event.OperationStatus === 'SUCCESS') return made(place, event.Identifier, wanted);
    const failure = failureOf(event);
    // It may be there all the same, as it was asked for.
    if (event.Identifier && failure.errorClass !== 'permanent') {
      const { payload } = await find(place, event.Identifier);
      if (payload !== undefined && isSame(payload, merged(payload, wanted)))
        return { status: 'warning', resourceId: event.Identifier, payload, message: failure.message };
    }
    if (request + 1 >= attempt) return failure;
  }
}

async function update(input: any): Promise<any> {
  // @network *.amazonaws.com *.amazonaws.com.cn $Endpoint
  // @key aws/{/secrets/credential}/{/domain/extra/Region}
  // @idempotent
  const { schema: type, properties } = input;
  const identifier = properties.si.resourceId;
  const region = regionOf(properties);
  const make = async (): Promise<Answer> => {
    // Against what is there now, so that doing it again finds nothing to do.
    const now = await ask(region, 'GetResource', { TypeName: type, Identifier: identifier });
    if (!now.ok) return now;
    const is = JSON.parse(now.body.ResourceDescription.Properties);
    const wanted = declared(properties.domain);
    const patch = patchOf(is, without(merged(is, wanted), wanted, input.paths ?? []), '');
    if (patch.length === 0) return { ...now, body: { ProgressEvent: { OperationStatus: 'SUCCESS' } } };
    return ask(region, 'UpdateResource', {
      TypeName: type,
      Identifier: identifier,
      PatchDocument: JSON.stringify(patch),
    });
  };
  const answer = await progress(region, input, make);
  if (!answer.ok) return failed(answer);
  const event = answer.body.ProgressEvent;
  if (isOpen(event)) return pending(event, input.checkpoint?.polls ?? 0, {});
  if (event.OperationStatus !== 'SUCCESS') return failureOf(event);
  return made({ type, region }, identifier, properties.resource?.payload ?? {});
}

async function destroy(input: any): Promise<any> {
  // @network *.amazonaws.com *.amazonaws.com.cn $Endpoint
  // @key aws/{/secrets/credential}/{/domain/extra/Region}
  // @idempotent
  const { schema: type, properties } = input;
  const identifier = properties.si.resourceId;
  const region = regionOf(properties);
  const make = () => ask(region, 'DeleteResource', { TypeName: type, Identifier: identifier });
  const answer = await progress(region, input, make);
  if (!answer.ok) return isMissing(answer.error) ? gone : failed(answer);
  const event = answer.body.ProgressEvent;
  if (isOpen(event)) return pending(event, input.checkpoint?.polls ?? 0, {});
  return event.OperationStatus === 'SUCCESS' || isMissing(event.ErrorCode) ? gone : failureOf(event);
}

const gone = { status: 'ok', payload: null };

async function refresh(input: any): Promise<any> {
  // @network *.amazonaws.com *.amazonaws.com.cn $Endpoint
  // @key aws/{/secrets/credential}/{/domain/extra/Region}
  const { schema: type, properties } = input;
  const { payload, failure } = await find({ type, region: regionOf(properties) }, properties.si.resourceId);
  return failure ?? { status: 'ok', payload: payload ?? null };
}

/** A page of what is there; the members of `domain` filter, and some types ask for those that name what they are in. */
async function list(input: any): Promise<any> {
  // @network *.amazonaws.com *.amazonaws.com.cn $Endpoint
  const { schema: type, properties, cursor } = input;
  const region = regionFor(properties);
  const filter = declared(properties.domain ?? {});
  const answer = await ask(region, 'ListResources', {
    TypeName: type,
    MaxResults: 20,
    ...(Object.keys(filter).length === 0 ? {} : { ResourceModel: JSON.stringify(filter) }),
    ...(cursor === undefined ? {} : { NextToken: cursor }),
  });
  if (!answer.ok) return failed(answer);
  const resources: { resourceId: string; payload: any; name?: string }[] = [];
  for (const { Identifier: identifier } of answer.body.ResourceDescriptions) {
    // A list tells what identifies a resource, and seldom more.
    const { payload, failure } = await find({ type, region }, identifier);
    if (failure !== undefined) return failure;
    if (payload === undefined) continue;
    const tags = Array.isArray(payload.Tags) ? payload.Tags : [];
    const name =
      tags.find((tag: any) => tag?.Key === 'Name')?.Value ?? payload[`${type.split('::')[2]}Name`] ?? payload.Name;
    resources.push({ resourceId: identifier, payload, ...(typeof name === 'string' && name !== '' ? { name } : {}) });
  }
  const next = answer.body.NextToken;
  return { status: 'ok', resources, ...(next ? { cursor: next } : {}) };
}

export default defineSchema({
  docs: 'What is done to the resources of every schema of the AWS catalogue. No component is of this schema itself.',
  link: 'https://docs.aws.amazon.com/cloudcontrolapi/',
  domain: {},
  actions: {
    create: { kind: 'create', main: create },
    update: { kind: 'update', main: update },
    destroy: { kind: 'destroy', main: destroy },
    refresh: { kind: 'refresh', main: refresh },
    list: { kind: 'list', main: list },
  },
});
