// One run as the runner sees it: where it stands, what its caller has been told. Keeps the promises of the port about
// order: `started` once, log lines in order and without gaps, then the report, then nothing.
//
// A run that is tried again because its process went away under it makes the same lines again, since it only computes:
// those that were told already are not told twice.

import type { Json } from '../../base/json.ts';
import type { RunFailureCode, RunLogLine } from '../../model/run.ts';
import type { RunListener, RunOutcome, RunReport, RunRequest } from '../../ports/runner.ts';
import type { IsolateProcess } from './process.ts';
import { boundedMessage, childFailures, type Frame, lineBytesMax, ProtocolError, toParent } from './protocol.ts';

export class Job {
  readonly serial: number;
  readonly request: RunRequest;
  readonly #listener: RunListener;
  readonly #settle: { resolve(report: RunReport): void; reject(fault: Error): void };
  /** How often its process went away under it. */
  losses = 0;
  process: IsolateProcess | undefined;
  /** Which call of its process it is, counted from 0: they run in this order. */
  place = 0;
  /** Monotonic, when it was handed to its process. */
  sentMs = 0;
  #sentAtMs = 0;
  /** Monotonic, when it began, as far as this process has seen it. */
  beganMs: number | undefined;
  /** Monotonic, when its process said that its log is full. */
  overflowedMs: number | undefined;
  peakBytes: number | null = null;
  isOver = false;
  /** What it took, as its process says. */
  tookMs = 0;
  #toldStart: number | undefined;
  #linesTold = 0;
  #linesSeen = 0;
  #logBytes = 0;

  constructor(
    serial: number,
    request: RunRequest,
    listener: RunListener,
    settle: { resolve(report: RunReport): void; reject(fault: Error): void },
  ) {
    this.serial = serial;
    this.request = request;
    this.#listener = listener;
    this.#settle = settle;
  }

  sendTo(process: IsolateProcess, place: number): void {
    this.process = process;
    this.place = place;
    this.sentMs = performance.now();
    this.#sentAtMs = Date.now();
    this.beganMs = undefined;
    this.overflowedMs = undefined;
    this.#linesSeen = 0;
    this.#logBytes = 0;
  }

  /** Its process runs it now, and says since when; what it says is held against what can be. */
  began(startedAtMs: number): void {
    if (this.beganMs !== undefined) return;
    const nowMs = performance.now();
    const agoMs = Math.min(Math.max(0, Date.now() - startedAtMs), nowMs - this.sentMs);
    this.beganMs = nowMs - agoMs;
    this.#tellStart(startedAtMs);
  }

  /** Its process runs a later one by now. */
  hasBegun(): void {
    this.#tellStart(this.#sentAtMs);
  }

  /** A line, an overflow or the end of it, as its process says. True when it has ended. */
  hear(frame: Frame): boolean {
    switch (frame.kind) {
      case toParent.line:
        this.#hearLine(frame);
        return false;
      case toParent.overflow:
        this.overflowedMs ??= performance.now();
        return false;
      default:
        this.#hearEnd(frame);
        return true;
    }
  }

  fail(code: RunFailureCode, message: string, exit: string | null = null): void {
    const tookMs = this.beganMs === undefined ? 0 : performance.now() - this.beganMs;
    this.#end({ ok: false, code, message: boundedMessage(message) }, tookMs, exit);
  }

  /** The tier cannot run it. */
  fault(fault: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#settle.reject(fault);
  }

  #hearLine(frame: Frame): void {
    const [seq, atMs, stream, text] = [frame.count(), frame.number(), frame.byte(), frame.text()];
    this.#logBytes += text.length + 1;
    if (seq !== this.#linesSeen + 1 || stream > 1 || !Number.isFinite(atMs) || text.length > lineBytesMax)
      throw new ProtocolError('a log line out of order');
    if (this.#logBytes > this.request.limits.outputBytes) throw new ProtocolError('more log than the run may write');
    this.#linesSeen = seq;
    if (this.isOver || seq <= this.#linesTold) return;
    this.#tellStart(this.#sentAtMs);
    this.#linesTold = seq;
    const line: RunLogLine = {
      seq,
      atMs: Math.max(atMs, this.#toldStart!),
      stream: stream === 0 ? 'output' : 'error',
      text,
    };
    this.#listener.log(line);
  }

  #hearEnd(frame: Frame): void {
    const { kind } = frame;
    const [startedAtMs, tookMs] = [frame.number(), frame.number()];
    if (!Number.isFinite(startedAtMs) || !(tookMs >= 0)) throw new ProtocolError('times that are none');
    this.tookMs = tookMs;
    const outcome = kind === toParent.failure ? failureIn(frame) : this.#valueIn(frame);
    if (this.isOver) return;
    this.#tellStart(startedAtMs);
    this.#end(outcome, tookMs, null);
  }

  #valueIn(frame: Frame): RunOutcome {
    if (frame.kind === toParent.nothing) return { ok: true, value: undefined };
    if (frame.kind !== toParent.value) throw new ProtocolError(`a frame of the kind ${frame.kind}`);
    const value = frame.text();
    if (value.length > this.request.limits.outputBytes) throw new ProtocolError('a result over its bound');
    try {
      return { ok: true, value, parsed: JSON.parse(value) as Json };
    } catch (e) {
      throw new ProtocolError('a result that is not JSON', { cause: e });
    }
  }

  #tellStart(startedAtMs: number): void {
    if (this.#toldStart !== undefined || this.isOver) return;
    this.#toldStart = Math.min(Math.max(startedAtMs, this.#sentAtMs), Date.now());
    this.#listener.started(this.#toldStart);
  }

  #end(outcome: RunOutcome, tookMs: number, exit: string | null): void {
    if (this.isOver) return;
    this.isOver = true;
    const runner = this.process?.name ?? 'isolate';
    this.#settle.resolve({ outcome, tookMs, peakMemoryBytes: this.peakBytes, exit, runner });
  }
}

function failureIn(frame: Frame): RunOutcome {
  const code = childFailures[frame.byte()];
  const [message, line, column] = [boundedMessage(frame.text()), frame.count(), frame.count()];
  if (code === undefined) throw new ProtocolError('a failure of an unknown code');
  return line === 0 ? { ok: false, code, message } : { ok: false, code, message, at: { line, column } };
}
