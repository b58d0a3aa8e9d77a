// A run that was given secrets: nothing that comes out of it goes on before it was redacted. Its log as it arrives, its result as
// a value, its failure as text. Without secrets a run goes straight to its runner.
//
// What its authentication functions leave for the others (a session token) is redacted as the contents are. Nobody knows it before
// they have stored it, and they may print it first: so all lines wait until the authentication functions have ended.
//
// A line of the log goes on when no secret can begin in it any more that later lines would end; the two streams are texts of their
// own, so lines may change places between them, never within one. They are numbered as they go on.

import { checkJson, type Json } from '../base/json.ts';
import { leavesOf } from '../dispatch/needle.ts';
import { Redactor } from '../dispatch/redact.ts';
import { marker, type RedactionStream } from '../dispatch/redaction_stream.ts';
import { withSealed } from '../dispatch/sealed.ts';
import { isTainted } from '../dispatch/taint.ts';
import type { RunLogLine } from '../model/run.ts';
import type { RunListener, Runner, RunOutcome, RunReport, RunRequest } from '../ports/runner.ts';

export interface GuardedReport {
  readonly report: RunReport;
  /** The result held a secret, which is not in it any more. */
  readonly tainted: boolean;
}

/** What a run is given that must not come out of it. */
export interface Guarded {
  /** Of all secrets that the request holds. */
  readonly contents: readonly Json[];
  /**
   * Keeps a part of the result that holds a secret, with the texts of secrets that it holds; answers what stands in its place.
   * Absent: nothing of it is kept.
   */
  readonly seal?: (content: string | number, hidden: readonly Json[]) => Promise<string | undefined>;
}

export async function runGuarded(
  runner: Runner,
  request: RunRequest,
  listener: RunListener,
  { contents, seal }: Guarded,
): Promise<GuardedReport> {
  if (contents.length === 0) return { report: await runner.run(request, listener), tainted: false };
  const left: string[] = [];
  const early: RunLogLine[] = [];
  let known: { readonly redactor: Redactor; readonly log: RedactedLog } | undefined;
  const know = (): NonNullable<typeof known> => {
    if (known !== undefined) return known;
    const redactor = new Redactor([...contents, ...left]);
    known = { redactor, log: new RedactedLog(redactor, (line) => listener.log(line)) };
    for (const line of early.splice(0)) known.log.add(line);
    return known;
  };
  // On trial one may leave something until it ends. Without authentication functions nothing more will be known.
  const isTrial = request.kind === 'authentication';
  if (!isTrial && (request.authentication ?? []).length === 0) know();
  const report = await runner.run(request, {
    started: (atMs) => listener.started(atMs),
    left: (texts) => {
      for (const text of texts) left.push(text);
    },
    authenticated: () => {
      if (!isTrial) know();
    },
    log: (line) => {
      if (known === undefined) early.push(line);
      else known.log.add(line);
    },
  });
  const { redactor, log } = know();
  const keep = seal && ((content: string | number) => seal(content, hiddenIn(content, [...contents, ...left])));
  const { outcome, tainted } = await redactedOutcome(redactor, report.outcome, keep);
  log.end(!outcome.ok && outcome.code === 'output_too_large');
  return { report: { ...report, outcome }, tainted };
}

type Keep = (content: string | number) => Promise<string | undefined>;

/** The texts of secrets that a part of a result holds, in whatever encoding: who decodes it has them in hand. */
function hiddenIn(content: string | number, secrets: readonly Json[]): string[] {
  const text = String(content);
  // By halves: of many texts few are in it, and looking for each by itself would cost as much for every part of a result.
  const among = (texts: readonly string[]): string[] => {
    if (texts.length === 0 || !new Redactor(texts).finds(text)) return [];
    if (texts.length === 1) return [...texts];
    const middle = texts.length >> 1;
    return [...among(texts.slice(0, middle)), ...among(texts.slice(middle))];
  };
  return among([...new Set(secrets.flatMap(leavesOf))]);
}

async function redactedOutcome(
  redactor: Redactor,
  outcome: RunOutcome,
  seal: Keep | undefined,
): Promise<{ outcome: RunOutcome; tainted: boolean }> {
  if (!outcome.ok)
    return { outcome: { ...outcome, message: redactedMessage(redactor, outcome.message) }, tainted: false };
  if (outcome.value === undefined) return { outcome, tainted: false };
  const checked = checkJson(JSON.parse(outcome.value), 'result');
  if (!checked.ok) {
    // Where and what would be told of a value that may hold a secret.
    const message = `the result cannot be kept: expected ${checked.refusal.expected}`;
    return { outcome: { ok: false, code: 'result_invalid', message }, tainted: false };
  }
  if (!isTainted(redactor, checked.value)) return { outcome, tainted: false };
  const shown =
    seal === undefined ? redactor.redactJson(checked.value) : await sealedJson(redactor, checked.value, seal);
  return { outcome: { ok: true, value: JSON.stringify(shown) }, tainted: true };
}

/** What holds a secret is sealed first, then replaced: all of it in one pass. */
async function sealedJson(redactor: Redactor, value: Json, seal: Keep): Promise<Json> {
  const contents = new Set<string | number>();
  withSealed(redactor, value, (content) => {
    contents.add(content);
    return '';
  });
  const places = new Map<string | number, string>();
  for (const content of contents) places.set(content, (await seal(content)) ?? marker);
  return withSealed(redactor, value, (content) => places.get(content)!);
}

/** How a runner says that it has cut a message. */
const cutMark = /… \(\d+ characters more\)$/;

/** A message that was cut may end within a secret: then what it ends with is not told. */
function redactedMessage(redactor: Redactor, message: string): string {
  const cut = cutMark.exec(message);
  if (cut === null) return redactor.redact(message);
  const stream = redactor.stream();
  const safe = stream.push(message.slice(0, cut.index));
  return `${safe}${stream.flush() === '' || safe.endsWith(marker) ? '' : marker}${cut[0]}`;
}

type StreamName = RunLogLine['stream'];

class RedactedLog {
  readonly #emit: (line: RunLogLine) => void;
  readonly #streams: Readonly<Record<StreamName, RedactionStream>>;
  /** Lines that were read and not given out, and what is known of the first one's text. */
  readonly #waiting: Readonly<Record<StreamName, { atMs: number[]; text: string }>> = {
    output: { atMs: [], text: '' },
    error: { atMs: [], text: '' },
  };
  #seq = 0;

  constructor(redactor: Redactor, emit: (line: RunLogLine) => void) {
    this.#streams = { output: redactor.stream(), error: redactor.stream() };
    this.#emit = emit;
  }

  add({ stream, atMs, text }: RunLogLine): void {
    // A line with breaks in it becomes several: by its breaks it is known where it ends when it comes out.
    for (const part of text.split('\n')) {
      this.#waiting[stream].atMs.push(atMs);
      this.#giveOut(stream, this.#streams[stream].push(`${part}\n`));
    }
  }

  /** `isCut`: more would have come, so that what was held back may be the beginning of a secret. */
  end(isCut: boolean): void {
    for (const stream of ['output', 'error'] as const) {
      const rest = this.#streams[stream].flush();
      const breaks = rest.replaceAll(/[^\n]+/g, '');
      this.#giveOut(stream, isCut && rest !== breaks ? marker + breaks : rest);
    }
  }

  #giveOut(stream: StreamName, safe: string): void {
    const waiting = this.#waiting[stream];
    const parts = (waiting.text + safe).split('\n');
    waiting.text = parts.pop()!;
    for (const text of parts) this.#emit({ seq: ++this.#seq, atMs: waiting.atMs.shift()!, stream, text });
  }
}
