// A run that is given to runners elsewhere, as the engine sees it: it waits in a queue, one runner has it, it is over. What
// says so first counts; whatever comes later, from whoever had it before, is nobody's.
//
// A run with effects has one holder at most, who got the request from here: whoever else asks is told that it is gone. One that
// only computes may be run by several, one after the other; lines that were told are not told again.

import { type Fault, unreachable } from '../../base/result.ts';
import type { Priority } from '../../dispatch/strand.ts';
import {
  endedBeforeItBegan,
  type RunListener,
  type RunOutcome,
  type RunReport,
  type RunRequest,
} from '../../ports/runner.ts';
import { messageOf } from './connection.ts';
import type { RunEvent, SentRequest } from './protocol.ts';

export interface Holder {
  readonly instance: string;
  readonly name: string;
  /** How long nothing was heard of it while it could have been. */
  silentMs: number;
}

export class RemoteRun {
  readonly request: RunRequest;
  readonly report: Promise<RunReport>;
  readonly #listener: RunListener;
  #resolve!: (report: RunReport) => void;
  #reject!: (fault: Fault) => void;
  /** Of a run with effects. */
  holder: Holder | undefined;
  /** Its place in the queue, once it has one. */
  place: { readonly stream: string; readonly seq: number } | undefined;
  placedAtMs = 0;
  /** How often it was put into the queue. */
  placings = 0;
  /** How long nothing has served its pool while it waited. */
  unservedMs = 0;
  isUnwanted = false;
  isOver = false;
  /** What a runner gets, sealed to the one that has it. */
  sealed: Uint8Array | undefined;
  #attempt = 0;
  /** Of one that only computes: how many attempts at it were heard of. */
  begun = 0;
  #hasStarted = false;
  #lines = 0;

  constructor(request: RunRequest, listener: RunListener) {
    this.request = request;
    this.#listener = listener;
    this.report = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isPure(): boolean {
    return this.request.tier === 'isolate';
  }

  /** Nobody has begun it, as far as can be known. */
  get isWaiting(): boolean {
    return this.holder === undefined && this.#attempt === 0;
  }

  /** Whose turn is not known goes with what somebody waits for. */
  get priority(): Priority {
    return this.request.turn?.priority ?? 'interactive';
  }

  get sent(): SentRequest {
    const { turn: _, ...sent } = this.request;
    return sent;
  }

  /**
   * Tells what a runner says, unless it is not the one that has it. Answers whether the run is over by that. One whose listener
   * throws is: how it would have ended nobody has heard.
   */
  tell(instance: string, event: RunEvent): boolean {
    if (this.isOver || !this.#isFrom(instance, event.attempt)) return false;
    try {
      this.#hear(event);
    } catch (e) {
      this.fail('runner_lost', `what the runner told could not be taken: ${messageOf(e)}`);
    }
    return this.isOver;
  }

  #hear(event: RunEvent): void {
    switch (event.is) {
      case 'started':
        if (!this.#hasStarted) this.#listener.started(event.atMs);
        this.#hasStarted = true;
        return;
      case 'log':
        // A second attempt says the same again.
        if (event.line.seq !== this.#lines + 1) return;
        this.#lines++;
        this.#listener.log(event.line);
        return;
      case 'left':
        this.#listener.left?.(event.texts);
        return;
      case 'authenticated':
        this.#listener.authenticated?.();
        return;
      case 'ended':
        this.end(event.report);
        return;
      case 'fault':
        this.fail('runner_lost', event.message);
        return;
      default:
        unreachable(event);
    }
  }

  #isFrom(instance: string, attempt: number): boolean {
    if (!this.isPure) return this.holder?.instance === instance;
    // What an earlier delivery still says is the past.
    if (attempt < this.#attempt) return false;
    if (attempt > this.#attempt) this.begun++;
    this.#attempt = attempt;
    return true;
  }

  end(report: RunReport): void {
    if (this.isOver) return;
    this.isOver = true;
    this.sealed = undefined;
    this.#resolve(report);
  }

  /** Ended here, by what is known here. */
  fail(code: Extract<RunOutcome, { ok: false }>['code'], message: string): void {
    const runner = this.holder?.name ?? '';
    this.end({ ...endedBeforeItBegan, outcome: { ok: false, code, message }, runner });
  }

  cancelled(): void {
    if (this.isWaiting) this.end(endedBeforeItBegan);
    else this.fail('killed', 'ended on request');
  }

  refuse(fault: Fault): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#reject(fault);
  }
}
