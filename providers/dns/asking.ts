// How zones and record sets ask a server: what is put before the text of each (`with` in provider.json).

// What zones and record sets share: begin
// (The same text in both files.)

interface RecordRow {
  readonly content: string;
  readonly disabled: boolean;
}
interface RecordSetRow {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly RecordRow[];
}
interface ZoneRow {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly account: string;
  readonly masters: readonly string[];
  readonly dnssec: boolean;
  readonly serial: number;
  readonly rrsets: readonly RecordSetRow[];
}

type ErrorClass = 'permanent' | 'transient' | 'throttled' | 'conflict';
interface Failure {
  readonly status: 'error';
  readonly message: string;
  readonly errorClass: ErrorClass;
  readonly retryAfterMs?: number;
}

/** Ends an action from wherever it stands. */
class Stop {
  readonly failure: Failure;
  constructor(failure: Failure) {
    this.failure = failure;
  }
}

function stop(message: string, errorClass: ErrorClass = 'permanent', retryAfterMs?: number): never {
  const failure = { status: 'error', message, errorClass } as const;
  throw new Stop(retryAfterMs === undefined ? failure : { ...failure, retryAfterMs });
}

/** What the work gives, or what it was stopped with. */
async function outcomeOf<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Stop) return thrown.failure;
    throw thrown;
  }
}

/** A request below the server's own path; what is not there is undefined. */
async function ask<T = unknown>(method: string, path: string, body?: object): Promise<T | undefined> {
  const server = encodeURIComponent(requestStorage.getItem('dnsServer'));
  const url = `${requestStorage.getItem('dnsUrl')}/api/v1/servers/${server}${path}`;
  const headers = { 'X-API-Key': requestStorage.getItem('dnsKey'), 'Content-Type': 'application/json' };
  let answer: FetchResponse;
  let text: string;
  try {
    answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    text = await answer.text();
  } catch (thrown) {
    const { code, message, cause } = thrown as { code?: string; message?: string; cause?: { message?: string } };
    // What this run may not reach does not change by trying again.
    if (code === 'refused_by_sandbox') throw thrown;
    return stop(`the server cannot be reached: ${cause?.message ?? message}`, 'transient');
  }
  if (answer.status === 404) return undefined;
  if (answer.ok) return text === '' ? undefined : JSON.parse(text);
  const said = `${method} ${path} was answered with ${answer.status}: ${messageIn(text)}`;
  if (answer.status === 401 || answer.status === 403) return stop(`${said}; look at the key of the credential`);
  if (answer.status === 429) return stop(said, 'throttled', 1_000 * (Number(answer.headers.get('retry-after')) || 1));
  return stop(said, answer.status >= 500 ? 'transient' : 'permanent');
}

function messageIn(text: string): string {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text;
  }
}

/** A zone as the server has it, by its whole name; undefined: there is none. */
async function findZone(name: string): Promise<ZoneRow | undefined> {
  const [row] = (await ask<ZoneRow[]>('GET', `/zones?zone=${encodeURIComponent(name)}`)) ?? [];
  return row && (await ask<ZoneRow>('GET', `/zones/${encodeURIComponent(row.id)}`));
}

/** Lower case, with the dot at the end: `Example.org` is `example.org.`. */
function wholeName(text: string): string {
  const name = text.trim().toLowerCase();
  return name.endsWith('.') ? name : `${name}.`;
}

/** Records that are answered with. */
function recordsOf(set: RecordSetRow | undefined): string[] {
  return (set?.records ?? []).filter((r) => !r.disabled).map((r) => r.content);
}

/** Those of `found` that mean one of `mine` as it is written there, in that order; then the others. */
function asWritten(mine: readonly string[], found: readonly string[], meaning: (text: string) => string): string[] {
  const left = new Map(found.map((text) => [meaning(text), text]));
  const known = mine.filter((text) => left.delete(meaning(text)));
  return [...known, ...[...left.values()].sort()];
}

// What zones and record sets share: end
